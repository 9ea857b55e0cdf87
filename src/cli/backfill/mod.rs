//! `leverd backfill`: a rule meets the candidates who were there before it. Shows what they would get; sends only when told.

mod occasions;

use super::connect::Reads;
use super::describe;
use super::dry_run::store;
use super::exit::Exit;
use super::files::Folder;
use super::foresee::Foresight;
use super::hand::{Progress, agreed, named};
use super::out::{Format, Out, count, for_reading};
use super::stored::{Place, now, wait};
use super::validate::project;
use crate::lang::diagnostic::Diagnostics;
use crate::lang::project::{Bound, Project};
use crate::lang::rule::Rule;
use crate::lang::ruleset::{Mode, RuleSet};
use crate::lang::source::Sources;
use crate::lever::api;
use crate::lever::facts::Names;
use crate::model::{Event, Kind, OpportunityId, Plan, Said};
use crate::runtime::assume::no_stage;
use anyhow::{Context, bail};
use clap::Args;
use occasions::Occasions;

/// So many events of one opportunity are looked through for what happened before.
const PAST: usize = 1_000;

/// Have a rule see the candidates who were there before it
///
/// Without `--yes` it shows what each of them would get and asks; with `--plan` it only shows. Whoever has an attempt in the ledger is
/// not invited again, and running it twice changes nothing more. A rule that counts time has its timers armed from when things
/// happened; what is overdue happens at once.
#[derive(Debug, Args)]
pub(super) struct Backfill {
    /// The account
    account: String,
    /// The rule's name
    #[arg(long, value_name = "NAME")]
    rule: String,
    /// Only candidates in this stage, by name or id
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
    /// Only candidates of this posting, by title or id
    #[arg(long, value_name = "POSTING")]
    posting: Option<String>,
    /// Only show what they would get
    #[arg(long)]
    plan: bool,
    /// Do it without asking
    #[arg(long, conflicts_with = "plan")]
    yes: bool,
    /// How to write it
    #[arg(long, default_value = "human", value_parser = for_reading())]
    format: Format,
    #[command(flatten)]
    place: Place,
}

/// What one occasion would lead to.
#[derive(serde::Serialize)]
struct Foreseen {
    opportunity: OpportunityId,
    event: Event,
    /// In the author's words.
    would: Vec<String>,
    /// Why it would lead to nothing.
    why: Vec<String>,
    /// It was backfilled before.
    before: bool,
}

impl Backfill {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let loaded = project(self.place.config(), &mut sources, &mut found)?;
        let Some(project) = loaded.filter(|_| !found.has_errors()) else {
            out.diagnostics(self.format, &sources, &found)?;
            return Ok(Exit::Faults);
        };
        let bound = project.accounts.iter().find(|bound| bound.account.name.as_str() == self.account);
        let bound = bound.with_context(|| {
            let names: Vec<String> = project.accounts.iter().map(|bound| format!("`{}`", bound.account.name)).collect();
            format!("leverd.yaml has no account `{}`; it has {}", self.account, names.join(", "))
        })?;
        let (set, rule) = named(bound, &self.rule)?;
        if let Some(kind) = occasions::impossible(&rule) {
            bail!("the rule listens to `{kind}`, and what happened of it before is not known; it cannot be backfilled");
        }
        let folder = Folder::of(self.place.config());
        wait(self.carry_out(out, &project, bound, &set, &rule, &folder))
    }

    async fn carry_out(
        &self,
        out: &mut Out,
        project: &Project,
        bound: &Bound,
        set: &RuleSet,
        rule: &Rule,
        folder: &Folder,
    ) -> anyhow::Result<Exit> {
        let lever = Reads::lever(&bound.account, folder).await?;
        let listed = lever.all(api::list_opportunities(&self.filter(bound)?), api::opportunities).await?;
        let store = store(project, folder).await?;
        let mut foresight = Foresight::new(bound, &lever, store.as_ref());
        let account = &bound.account.name;
        let occasions = Occasions { account, pack: set.name(), rule, names: Names::of(&bound.catalogue), now: now() };
        let mut foreseen: Vec<Foreseen> = Vec::new();
        let progress = Progress::new(listed.len());
        for (at, opportunity) in listed.iter().enumerate() {
            progress.show(at, "looking at")?;
            let stored = match &store {
                Some(store) => store.events(Some(account), &opportunity.id, PAST).await?,
                None => Vec::new(),
            };
            let stored: Vec<Event> = stored.into_iter().map(|row| row.event).collect();
            for event in occasions.of(opportunity, &stored) {
                let before = stored.iter().any(|known| known.id == event.id);
                let plan = foresight.plan(&event, opportunity, now()).await?;
                let (would, why) = told(&plan, set.mode);
                foreseen.push(Foreseen { opportunity: opportunity.id.clone(), event, would, why, before });
            }
        }
        progress.end()?;
        if let Some(store) = store {
            store.close().await;
        }
        self.tell(out, set, rule, listed.len(), &foreseen)?;
        let wanted: Vec<Event> =
            foreseen.into_iter().filter(|one| !one.before && !one.would.is_empty()).map(|one| one.event).collect();
        if self.plan || wanted.is_empty() {
            return Ok(Exit::Fine);
        }
        if !self.yes && !agreed(out, &format!("do it for {}?", count(wanted.len(), "occasion")))? {
            out.line("nothing was done")?;
            return Ok(Exit::Fine);
        }
        let fresh = self.place.hand_over(account, wanted).await?;
        if self.format == Format::Human {
            out.line(format_args!(
                "{} handed over; `leverd runs` and `leverd why` show what becomes of them",
                count(fresh, "event")
            ))?;
        }
        Ok(Exit::Fine)
    }

    /// Active opportunities, of the stage or the posting that was asked for.
    fn filter(&self, bound: &Bound) -> anyhow::Result<api::Filter> {
        let mut filter = api::Filter { archived: Some(false), ..api::Filter::default() };
        if let Some(name) = &self.stage {
            let stage = bound.catalogue.find(Kind::Stage, None, name).with_context(|| no_stage(&bound.catalogue, name))?;
            filter.stages = vec![stage.id.into()];
        }
        if let Some(name) = &self.posting {
            let posting = bound.catalogue.find(Kind::Posting, None, name).with_context(|| {
                format!("the account's catalogue has no posting `{name}`; `leverd pull {}` asks again", bound.account.name)
            })?;
            filter.posting = Some(posting.id);
        }
        Ok(filter)
    }

    fn tell(&self, out: &mut Out, set: &RuleSet, rule: &Rule, candidates: usize, foreseen: &[Foreseen]) -> anyhow::Result<()> {
        if self.format == Format::Json {
            out.json(&serde_json::json!({ "pack": set.name(), "rule": rule.name, "occasions": foreseen }))?;
            return Ok(());
        }
        out.line(format_args!(
            "rule `{}` of `{}` and {} who {} there\n",
            rule.name,
            set.name(),
            count(candidates, "candidate"),
            if candidates == 1 { "is" } else { "are" }
        ))?;
        for one in foreseen {
            out.line(format_args!("opportunity {}", one.opportunity))?;
            if one.before {
                out.line("  was backfilled before: nothing more")?;
                continue;
            }
            for would in &one.would {
                out.line(format_args!("  {would}"))?;
            }
            if one.would.is_empty() {
                let why = one.why.first().map_or("the rule has nothing to do with it", String::as_str);
                out.line(format_args!("  nothing: {why}"))?;
            }
        }
        let some = foreseen.iter().filter(|one| !one.before && !one.would.is_empty()).count();
        let tail = match (set.mode, self.plan) {
            (_, true) => "; nothing was done",
            (Mode::Shadow, false) => "; the pack is in shadow, so it is recorded and not sent",
            _ => "",
        };
        out.line(format_args!("\n{} of {} would lead to something{tail}", some, count(foreseen.len(), "occasion")))?;
        Ok(())
    }
}

/// What a plan would do, and why it would not.
fn told(plan: &Plan, mode: Mode) -> (Vec<String>, Vec<String>) {
    let mut would: Vec<String> = plan.effects.iter().map(|effect| describe::act(&effect.act)).collect();
    would.extend(plan.later.iter().map(describe::later));
    would.extend(plan.notices.iter().map(|notice| format!("alert: {}", notice.text)));
    would.extend(plan.emit.iter().map(|event| format!("{}", event.kind)));
    if let Some(park) = &plan.park {
        would.push(format!("wait for a person: {park}"));
    }
    if mode == Mode::Shadow {
        for line in &mut would {
            *line = format!("in shadow: {line}");
        }
    }
    let silent = plan.steps.iter().filter(|step| !matches!(step.said, Said::Fired { .. } | Said::Later { .. }));
    (would, silent.map(describe::step).collect())
}
