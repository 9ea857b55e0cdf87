//! `leverd runs`: the latest planned events and what became of each.

use super::describe;
use super::exit::Exit;
use super::out::{Format, Out, for_reading};
use super::stored::{Place, now, wait};
use crate::model::{AccountId, OpportunityId, Said};
use anyhow::bail;
use clap::Args;

/// Show the latest runs: which event, which rules fired, what became of the effects
#[derive(Debug, Args)]
pub(super) struct Runs {
    /// A run's id, or its first digits: shows that one whole
    id: Option<String>,
    /// Only this account
    #[arg(long)]
    account: Option<String>,
    /// Only this opportunity
    #[arg(long)]
    opportunity: Option<String>,
    /// At most so many, newest first
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Every step, also of rules that did not fire
    #[arg(long)]
    steps: bool,
    /// How to write it
    #[arg(long, default_value = "human", value_parser = for_reading())]
    format: Format,
    #[command(flatten)]
    place: Place,
}

/// Where a run of the given id is looked for.
const LOOK_BACK: usize = 10_000;

impl Runs {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let account = self.account.as_deref().map(AccountId::from);
        let opportunity = self.opportunity.as_deref().map(OpportunityId::from);
        let limit = if self.id.is_some() { LOOK_BACK } else { self.limit };
        let mut runs = wait(async {
            let store = self.place.look().await?;
            Ok(store.runs(account.as_ref(), opportunity.as_ref(), limit, now()).await?)
        })?;
        if let Some(id) = &self.id {
            runs.retain(|run| run.event.id.to_string().starts_with(&id.to_ascii_lowercase()));
            if runs.is_empty() {
                bail!("no run has an id that starts with `{id}`");
            }
        }
        if self.format == Format::Json {
            out.json(&runs)?;
            return Ok(Exit::Fine);
        }
        if runs.is_empty() {
            out.line("no runs: no event was planned here yet")?;
        }
        for run in &runs {
            if self.id.is_some() || self.steps {
                describe::run(out, run)?;
                continue;
            }
            out.line(format_args!("{}  run {}", describe::event(&run.event), run.event.id))?;
            let steps = run.steps.iter();
            for step in steps.filter(|step| !matches!(step.said, Said::False { .. } | Said::Noted { .. })) {
                out.line(format_args!("  {}", describe::step(step)))?;
            }
            for effect in &run.effects {
                out.line(format_args!("    {}", describe::effect(effect)))?;
            }
        }
        Ok(Exit::Fine)
    }
}
