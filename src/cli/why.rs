//! `leverd why`: what happened for an opportunity and what did not, with the reason.

use super::describe;
use super::exit::Exit;
use super::out::{Format, Out, for_reading};
use super::stored::{Place, now, wait};
use crate::engine::explain;
use crate::model::{AccountId, Facts, OpportunityId, Step};
use crate::store::{EventRow, EventState, Heard, Refused, RunRow, Store};
use clap::Args;
use serde::Serialize;

/// Say what happened for an opportunity, and for each rule why it did or did not fire
#[derive(Debug, Args)]
pub(super) struct Why {
    /// Lever's id of the opportunity: the last part of its address in Lever
    opportunity: String,
    /// Only this account
    #[arg(long)]
    account: Option<String>,
    /// Only rules whose name holds this text
    #[arg(long, value_name = "TEXT")]
    rule: Option<String>,
    /// At most so many events, newest first
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// How to write it
    #[arg(long, default_value = "human", value_parser = for_reading())]
    format: Format,
    #[command(flatten)]
    place: Place,
}

/// What the store knows.
#[derive(Serialize)]
struct Story {
    /// Newest first.
    events: Vec<Told>,
    /// Where nothing came for the opportunity: what came at all.
    heard: Vec<(AccountId, Vec<Heard>, Vec<Refused>)>,
}

#[derive(Serialize)]
struct Told {
    event: EventRow,
    run: Option<RunRow>,
    /// Rules that listen to it and left no step, looked at again: with the rules of now.
    others: Vec<Step>,
}

impl Why {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        // People paste the address of the page.
        let id = self.opportunity.trim_end_matches('/').rsplit('/').next().unwrap_or(&self.opportunity);
        let opportunity = OpportunityId::from(id);
        let story = wait(async { self.story(&self.place.look().await?, &opportunity).await })?;
        if self.format == Format::Json {
            out.json(&story)?;
        } else {
            self.tell(out, &opportunity, &story)?;
        }
        Ok(if story.events.is_empty() { Exit::Faults } else { Exit::Fine })
    }

    async fn story(&self, store: &Store, opportunity: &OpportunityId) -> anyhow::Result<Story> {
        let account = self.account.as_deref().map(AccountId::from);
        let (programs, mut events) = (self.place.programs(), Vec::new());
        for event in store.events(account.as_ref(), opportunity, self.limit).await? {
            let run = match event.state {
                EventState::Planned => store.run(&event.event.account, event.event.id, now()).await?,
                EventState::Pending { .. } | EventState::Parked { .. } | EventState::Unmatched | EventState::Closed { .. } => {
                    None
                }
            };
            let asked = matches!(event.state, EventState::Planned | EventState::Unmatched);
            let others = programs.get(&event.event.account).filter(|_| asked).map(|program| match &run {
                Some(run) => explain::others(program, &run.event, &run.facts, &run.steps),
                None => explain::others(program, &event.event, &Facts::at(event.event.received), &[]),
            });
            events.push(Told { event, run, others: others.unwrap_or_default() });
        }
        let mut heard = Vec::new();
        if events.is_empty() {
            let accounts = match account {
                Some(account) => vec![account],
                None => store.accounts().await?,
            };
            for account in accounts {
                let (came, refused) = (store.heard(&account).await?, store.refusals(&account).await?);
                heard.push((account, came, refused));
            }
        }
        Ok(Story { events, heard })
    }

    fn tell(&self, out: &mut Out, opportunity: &OpportunityId, story: &Story) -> anyhow::Result<()> {
        if story.events.is_empty() {
            out.line(format_args!("no event of opportunity {opportunity} has arrived, so no rule was asked"))?;
            return silence(out, story);
        }
        for told in &story.events {
            let wanted = |step: &&Step| match (&self.rule, &step.rule) {
                (Some(text), Some(rule)) => rule.as_str().contains(text.as_str()),
                _ => true,
            };
            match (&told.event.state, &told.run) {
                (_, Some(run)) => {
                    let mut run = run.clone();
                    run.steps.retain(|step| wanted(&step));
                    run.later.retain(|later| self.rule.as_ref().is_none_or(|text| later.rule.as_str().contains(text.as_str())));
                    describe::run(out, &run)?;
                }
                (state, None) => {
                    out.line(describe::event(&told.event.event))?;
                    out.line(format_args!("  {}", waiting(state)))?;
                }
            }
            for step in told.others.iter().filter(wanted) {
                out.line(format_args!("  {}", describe::step(step)))?;
            }
        }
        Ok(())
    }
}

/// Why an event has no run.
fn waiting(state: &EventState) -> String {
    let because = |reason: &Option<crate::model::Reason>| {
        reason.as_ref().map(|reason| format!(": {} ({})", reason.text, reason.code)).unwrap_or_default()
    };
    match state {
        EventState::Pending { due, reason } => format!("not planned yet, due {}{}", describe::time(*due), because(reason)),
        EventState::Parked { reason } => format!("parked{}; `leverd parked` shows what to do", because(reason)),
        EventState::Planned => "planned; its run was removed for age".to_owned(),
        EventState::Closed { reason } => format!("closed without a plan: {} ({})", reason.text, reason.code),
        EventState::Unmatched => "no rule listens to this event in this situation".to_owned(),
    }
}

/// What came at all, where nothing came for the opportunity.
fn silence(out: &mut Out, story: &Story) -> anyhow::Result<()> {
    if story.heard.iter().all(|(_, came, _)| came.is_empty()) {
        out.line("nothing was ever delivered here: does Lever's webhook point to this server?")?;
    }
    for (account, came, refused) in &story.heard {
        for heard in came {
            let event = if heard.event.is_empty() { String::new() } else { format!(" {}", heard.event) };
            out.line(format_args!(
                "  {account}: {}{event} came {} times, last {}",
                heard.source,
                heard.count,
                describe::time(heard.last)
            ))?;
        }
        for refused in refused {
            out.line(format_args!(
                "  {account}: refused {} times, last {}: {}",
                refused.count,
                describe::time(refused.last),
                refused.what
            ))?;
        }
    }
    Ok(())
}
