//! `leverd replay`: what happened before meets the rules of today. Shows what they would add; hands it over only when told.

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
use crate::engine::Program;
use crate::lang::diagnostic::Diagnostics;
use crate::lang::project::{Bound, Project};
use crate::lang::ruleset::Mode;
use crate::lang::source::Sources;
use crate::lever::api::{self, Opportunity};
use crate::model::{Event, Later, LaterKind, OpportunityId, PackName, Plan, RuleName, Said};
use crate::runtime::replay;
use crate::store::{EffectState, EventRow, EventState, Span, Store};
use anyhow::{Context, bail};
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// No more events are looked through at once.
const MOST: usize = 10_000;

/// Put events that happened before to the rules of today
///
/// Shows what would be added and asks; with `--plan` it only shows. Facts are those of now. An effect that an event has led to already, of
/// a rule of the same name, is never done again, whatever became of it: a replay only adds. Asking twice changes nothing more.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The account
    account: String,
    /// Ids of runs or events, or their first digits
    #[arg(required_unless_present_any = ["opportunity", "since"])]
    ids: Vec<String>,
    /// Events of this opportunity
    #[arg(long, value_name = "ID")]
    opportunity: Option<String>,
    /// Events that happened at this time or later, such as 2026-11-20T09:30:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// And before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Only events of this kind, such as candidateStageChange or assessment.scored
    #[arg(long, value_name = "EVENT")]
    trigger: Option<String>,
    /// For the rule of this name alone
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
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

/// What the rules of today make of one event.
#[derive(Serialize)]
struct Foreseen {
    event: Event,
    /// In the author's words: what would be added.
    would: Vec<String>,
    /// What it has led to already.
    already: Vec<String>,
    /// Why nothing is added, or cannot be.
    why: Vec<String>,
    /// As it would be handed over; none where there is nothing to hand over.
    #[serde(skip)]
    again: Option<Event>,
}

impl Replay {
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
        wait(self.carry_out(out, &project, bound, &Folder::of(self.place.config())))
    }

    async fn carry_out(&self, out: &mut Out, project: &Project, bound: &Bound, folder: &Folder) -> anyhow::Result<Exit> {
        let rule = self.rule.as_deref().map(|name| named(bound, name)).transpose()?;
        let rule = rule.as_ref().map(|(set, rule)| (set.name(), &rule.name));
        let Some(store) = store(project, folder).await? else { bail!("leverd never ran here: nothing has happened yet") };
        let rows = self.meant(&store).await?;
        let lever = Reads::lever(&bound.account, folder).await?;
        let mut foresight = Foresight::new(bound, &lever, Some(&store));
        let rules = Program::new(bound.rulesets.clone()).hash().to_owned();
        let mut seen: BTreeMap<OpportunityId, Result<Opportunity, String>> = BTreeMap::new();
        let mut foreseen = Vec::new();
        let progress = Progress::new(rows.len());
        for (at, row) in rows.into_iter().enumerate() {
            progress.show(at, "looking at")?;
            let Some(opportunity) = row.event.opportunity.clone() else { continue };
            if !seen.contains_key(&opportunity) {
                let read = lever.one(&api::get_opportunity(&opportunity), api::opportunity).await;
                seen.insert(
                    opportunity.clone(),
                    read.map_err(|error| format!("Lever does not show the opportunity: {error:#}")),
                );
            }
            let again = replay::again(&row.event, &rules, rule);
            foreseen.push(match seen.get(&opportunity) {
                Some(Ok(opportunity)) => self.foresee(&mut foresight, &store, bound, opportunity, row, again, rule).await?,
                Some(Err(why)) => Foreseen::nothing(row.event, why.clone()),
                None => continue,
            });
        }
        progress.end()?;
        store.close().await;
        self.tell(out, &foreseen)?;
        let wanted: Vec<Event> = foreseen.into_iter().filter_map(|one| one.again).collect();
        if self.plan || wanted.is_empty() {
            return Ok(Exit::Fine);
        }
        if !self.yes && !agreed(out, &format!("replay {}?", count(wanted.len(), "event")))? {
            out.line("nothing was done")?;
            return Ok(Exit::Fine);
        }
        let fresh = self.place.hand_over(&bound.account.name, wanted).await?;
        if self.format == Format::Human {
            let what = count(fresh, "event");
            out.line(format_args!("{what} handed over; `leverd runs` and `leverd why` show what becomes of them"))?;
        }
        Ok(Exit::Fine)
    }

    /// The events that are meant, oldest first.
    async fn meant(&self, store: &Store) -> anyhow::Result<Vec<EventRow>> {
        let ids: Vec<String> = self.ids.iter().map(|id| id.to_ascii_lowercase()).collect();
        if let Some(id) = ids.iter().find(|id| id.len() < 4 || !id.chars().all(|c| c.is_ascii_hexdigit())) {
            bail!("`{id}` is no id: give the first digits, four or more, of a run that `leverd runs` shows");
        }
        // People paste the address of the page.
        let opportunity = self.opportunity.as_deref().map(|id| id.trim_end_matches('/').rsplit('/').next().unwrap_or(id));
        let span = Span { opportunity: opportunity.map(OpportunityId::from), since: self.since, until: self.until };
        let most = if ids.is_empty() { MOST + 1 } else { usize::MAX };
        let mut rows = store.occurrences(&self.account.as_str().into(), span, most).await?;
        // Before anything is sorted out: what was not read must not be taken for what is not there.
        if ids.is_empty() && rows.len() > MOST {
            bail!("more than {MOST} events lie within that: give `--until` or `--opportunity` too, and go on from there");
        }
        rows.retain(|row| replay::is_occurrence(&row.event));
        if let Some(kind) = &self.trigger {
            let kinds: Vec<String> = rows.iter().map(|row| row.event.kind.to_string()).collect();
            if !kinds.contains(kind) && !rows.is_empty() {
                let mut kinds = kinds;
                kinds.sort();
                kinds.dedup();
                bail!("nothing of `{kind}` has happened there; what has: {}", kinds.join(", "));
            }
            rows.retain(|row| row.event.kind.to_string() == *kind);
        }
        for id in &ids {
            if !rows.iter().any(|row| row.event.id.to_string().starts_with(id)) {
                bail!("no event of `{}` has an id that starts with `{id}`", self.account);
            }
        }
        rows.retain(|row| ids.is_empty() || ids.iter().any(|id| row.event.id.to_string().starts_with(id)));
        Ok(rows)
    }

    #[expect(clippy::too_many_arguments, reason = "what one event is foreseen by; a struct of them would be used once")]
    async fn foresee(
        &self,
        foresight: &mut Foresight<'_>,
        store: &Store,
        bound: &Bound,
        opportunity: &Opportunity,
        row: EventRow,
        again: Event,
        rule: Option<(&PackName, &RuleName)>,
    ) -> anyhow::Result<Foreseen> {
        match row.state {
            EventState::Parked { .. } => {
                return Ok(Foreseen::nothing(
                    row.event,
                    "it waits for a person: `leverd retry` has it planned with the rules of today",
                ));
            }
            EventState::Pending { .. } => return Ok(Foreseen::nothing(row.event, "it is still to be planned")),
            EventState::Planned | EventState::Unmatched | EventState::Closed { .. } => {}
        }
        // As the planner gives it: under the id of what happened.
        let event = Event { id: row.event.id, received: row.event.received, fields: row.event.fields.clone(), ..again.clone() };
        let plan = foresight.plan(&event, opportunity, now()).await?;
        let (mut would, mut already) = (Vec::new(), Vec::new());
        for effect in &plan.effects {
            let shadow = bound.rulesets.iter().any(|set| *set.name() == effect.pack && set.mode == Mode::Shadow);
            let text = format!("{}{}", if shadow { "in shadow: " } else { "" }, describe::act(&effect.act));
            match store.effect(&bound.account.name, effect.id, now()).await? {
                Some(known) => already.push(format!("{text} ({})", state(known.state))),
                None => would.push(text),
            }
        }
        let armed = store.run(&bound.account.name, row.event.id, now()).await?.map(|run| run.later).unwrap_or_default();
        would.extend(others(&plan, &armed));
        let before = store.run(&bound.account.name, again.id, now()).await?.is_some();
        let why = match (before, rule) {
            (true, _) => vec!["it was replayed with these rules before".to_owned()],
            _ if would.is_empty() => silent(&plan),
            _ => Vec::new(),
        };
        let again = (!before && !would.is_empty()).then_some(again);
        Ok(Foreseen { event: row.event, would: if before { Vec::new() } else { would }, already, why, again })
    }

    fn tell(&self, out: &mut Out, foreseen: &[Foreseen]) -> anyhow::Result<()> {
        if self.format == Format::Json {
            out.json(&foreseen)?;
            return Ok(());
        }
        for one in foreseen {
            out.line(format_args!("{}  event {}", describe::event(&one.event), one.event.id))?;
            for would in &one.would {
                out.line(format_args!("  would {would}"))?;
            }
            for already in &one.already {
                out.line(format_args!("  has led to {already}; that stays as it is"))?;
            }
            if one.would.is_empty() {
                let why = one.why.first().map_or("the rules want nothing more of it", String::as_str);
                out.line(format_args!("  nothing to add: {why}"))?;
            }
        }
        let some = foreseen.iter().filter(|one| one.again.is_some()).count();
        let tail = if self.plan { "; nothing was done" } else { "" };
        out.line(format_args!("\n{some} of {} would lead to something more{tail}", count(foreseen.len(), "event")))?;
        Ok(())
    }
}

impl Foreseen {
    fn nothing(event: Event, why: impl Into<String>) -> Self {
        Self { event, would: Vec::new(), already: Vec::new(), why: vec![why.into()], again: None }
    }
}

/// What a plan would do besides its effects, without the timers that the event armed when it happened. That a rule which finds nothing
/// now would look again in a minute (`settle`) is nothing by itself.
fn others(plan: &Plan, armed: &[Later]) -> Vec<String> {
    let new = |later: &&Later| later.kind == LaterKind::Timer && armed.iter().all(|known| known.id != later.id);
    let later = plan.later.iter().filter(new).map(describe::later);
    let notices = plan.notices.iter().map(|notice| format!("alert: {}", notice.text));
    let park = plan.park.iter().map(|park| format!("wait for a person: {park}"));
    later.chain(notices).chain(park).collect()
}

fn silent(plan: &Plan) -> Vec<String> {
    let silent = plan.steps.iter().filter(|step| !matches!(step.said, Said::Fired { .. } | Said::Later { .. }));
    silent.map(describe::step).collect()
}

const fn state(state: EffectState) -> &'static str {
    match state {
        EffectState::Ready | EffectState::Waiting => "waiting",
        EffectState::Begun => "being sent",
        EffectState::Parked => "parked",
        EffectState::Done => "done",
        EffectState::Skipped => "skipped",
    }
}
