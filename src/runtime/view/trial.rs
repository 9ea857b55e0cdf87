//! A rule that is being written, tried on an event: its faults, or the plan on its own text, and what would be sent. Nothing is.
//!
//! The files are those in force, one of them as it is edited. What the run recorded counts; what it did not record is as Lever has it
//! now. Reading Lever passes the budget like every call; there is no executor here that could write.

use super::run::{RunView, laid_out};
use crate::engine::{self, Program};
use crate::lang::config::PackSource;
use crate::lang::diagnostic::Severity;
use crate::lang::load::{File, Role, role};
use crate::lang::project::{self, Bound, Files, Project};
use crate::lang::render::render_human;
use crate::lang::source::Sources;
use crate::lever::decode;
use crate::lever::facts::OpportunitySnapshot;
use crate::model::{AccountId, Class, Event, EventId, Facts, Group, LeverEvent, Needs, OpportunityId, PackName, Plan, Planned};
use crate::runtime::account::Account;
use crate::runtime::assume;
use crate::runtime::call::{Node, Unready};
use crate::runtime::gather;
use crate::runtime::preview::{Preview, text};
use crate::runtime::project::Reading;
use crate::runtime::service;
use crate::runtime::why::Rules;
use crate::store::{EffectRow, EffectState, RunRow};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Asking for more rounds than this is a fault of ours.
const ROUNDS: usize = 5;

/// A file that may be edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editable {
    /// As messages show it.
    pub name: String,
    pub text: String,
}

/// The rule files of an account that are in force.
pub async fn files(node: &Node, account: &Account) -> Vec<Editable> {
    let rules = Rules::of(&node.store, &account.id, account.active().program.hash()).await.unwrap_or_default();
    let all = rules.files.into_values().flatten().filter(|(name, _)| role(name) == Role::Rules);
    all.map(|(name, bytes)| Editable { name, text: String::from_utf8_lossy(&bytes).into_owned() }).collect()
}

/// What it is tried on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// What was planned once.
    Run(EventId),
    /// An opportunity, as if something had just happened to it.
    Opportunity { id: OpportunityId, event: LeverEvent, stage: Option<String> },
    /// A delivery of Lever, as text.
    Delivery(String),
    /// Nothing: only faults are of interest.
    Nothing,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Tried {
    /// Faults and warnings, as `validate` tells them.
    pub told: String,
    pub faulty: bool,
    /// The plan on the text of the rules.
    pub run: Option<RunView>,
    /// What would be sent: the effects, the requests, and what else there is to know.
    pub would: Vec<(Vec<String>, Vec<String>, Option<String>)>,
    /// Why there is no plan.
    pub not: Option<String>,
}

/// The files of a project, one of them as it is edited.
struct Edited<'r> {
    reading: &'r Reading,
    file: &'r Editable,
}

impl Files for Edited<'_> {
    fn pack(&self, source: &PackSource) -> Result<Vec<File>, String> {
        let mut files = self.reading.pack(source)?;
        for (_, bytes) in files.iter_mut().filter(|(name, _)| *name == self.file.name) {
            *bytes = self.file.text.clone().into_bytes();
        }
        Ok(files)
    }

    fn file(&self, path: &str) -> Result<Option<File>, String> {
        self.reading.file(path)
    }

    /// It is tried on what happened before, too.
    fn baseline(&self, _: &AccountId, _: &PackName) -> Timestamp {
        Timestamp::MIN
    }
}

/// The edited files, loaded.
struct Loaded {
    bound: Option<Bound>,
    rules: Rules,
    told: String,
    faulty: bool,
}

fn load(reading: &Reading, file: &Editable, account: &AccountId) -> Loaded {
    let edited = Edited { reading, file };
    let (mut sources, mut found) = (Sources::new(), crate::lang::diagnostic::Diagnostics::new());
    let bytes = reading.files.get(&reading.config).map(Vec::as_slice).unwrap_or_default();
    let project: Option<Project> = project::load(&reading.config, bytes, &edited, &mut sources, &mut found);
    let bound = project.and_then(|project| project.accounts.into_iter().find(|bound| bound.account.name == *account));
    // Of other files' faults nothing is said, unless they are what keeps this account from its rules.
    let kept = bound.as_ref().is_none_or(|bound| bound.broken);
    let mut mine = crate::lang::diagnostic::Diagnostics::new();
    let here = |diagnostic: &crate::lang::diagnostic::Diagnostic| {
        let at = sources.get(diagnostic.primary.source).map(|source| source.name().to_owned());
        at.is_some_and(|name| name == file.name) || kept && diagnostic.severity == Severity::Error
    };
    mine.extend(found.into_iter().filter(here));
    let (told, faulty) = (render_human(&sources, &mine, false), mine.has_errors());
    let mut rules = Rules::default();
    for used in bound.iter().flat_map(|bound| &bound.account.packs) {
        if let Ok(files) = edited.pack(&used.source) {
            rules.places.insert(project::pack_name(&used.source), crate::lang::places::Places::of(&files));
            rules.files.insert(project::pack_name(&used.source), files);
        }
    }
    rules.program = bound.as_ref().filter(|bound| !bound.broken).map(|bound| Program::new(bound.rulesets.clone()));
    Loaded { bound, rules, told, faulty }
}

/// Tries an edited file.
pub async fn of(node: &Node, account: &Account, file: Editable, on: On) -> Tried {
    let Some(reading) = service::kept_files(&node.store, account.active().program.hash()).await else {
        let not = "The store does not answer, or does not hold the rules in force; reload the page.".to_owned();
        return Tried { not: Some(not), ..Tried::default() };
    };
    let id = account.id.clone();
    let loaded = tokio::task::spawn_blocking(move || load(&reading, &file, &id)).await;
    let Ok(loaded) = loaded else {
        let not = "Checking the rules failed inside leverd; please report it.".to_owned();
        return Tried { not: Some(not), ..Tried::default() };
    };
    let mut tried = Tried { told: loaded.told.clone(), faulty: loaded.faulty, ..Tried::default() };
    if loaded.faulty || on == On::Nothing {
        return tried;
    }
    match plan(node, account, loaded, on).await {
        Ok((run, would)) => (tried.run, tried.would) = (Some(run), would),
        Err(not) => tried.not = Some(not),
    }
    tried
}

type Would = Vec<(Vec<String>, Vec<String>, Option<String>)>;

async fn plan(node: &Node, account: &Account, loaded: Loaded, on: On) -> Result<(RunView, Would), String> {
    let now = node.clock.now();
    let Loaded { bound, rules, .. } = loaded;
    let (Some(bound), Some(program)) = (bound, &rules.program) else {
        return Err(format!("account `{}` is not in the rules in force", account.id));
    };
    let (event, recorded) = event(node, account, on, now).await?;
    let mut facts = Facts { values: recorded.values.clone(), own_move: recorded.own_move, ..Facts::at(recorded.now) };
    let since = event.received.max(now - jiff::SignedDuration::from_mins(1));
    let mut plan = None;
    for _ in 0..ROUNDS {
        match engine::plan(program, &event, &facts) {
            Planned::Plan(made) => {
                plan = Some(*made);
                break;
            }
            Planned::Needs(needs) => gather_all(node, account, &event, since, &needs, &mut facts, &recorded).await?,
        }
    }
    let Some(plan) = plan else {
        return Err("The rules asked for too many rounds of facts: this is a fault of leverd.".to_owned());
    };
    let would = would(node, account, &bound, &event, &plan).await?;
    let ready = |effect: &crate::model::Effect| EffectRow {
        effect: effect.clone(),
        state: EffectState::Ready,
        planned_at: now,
        due: None,
        reason: None,
        blocked_by: Vec::new(),
        attempts: Vec::new(),
        settled_at: None,
    };
    let row = RunRow {
        account: account.id.clone(),
        event,
        planned_at: now,
        ruleset: program.hash().to_owned(),
        facts: facts.keep(&plan.read),
        steps: plan.steps.clone(),
        later: plan.later.clone(),
        effects: plan.effects.iter().map(ready).collect(),
    };
    let mut view = laid_out(row, Some(rules));
    view.loose.extend(plan.park.iter().map(|why| format!("The event would wait for a person: {why}")));
    Ok((view, would))
}

/// What a run recorded counts; the rest is as it is now.
async fn gather_all(
    node: &Node,
    account: &Account,
    event: &Event,
    since: Timestamp,
    needs: &Needs,
    facts: &mut Facts,
    recorded: &Facts,
) -> Result<(), String> {
    gather::gather(node, account, event, since, needs, facts).await.map_err(|unready| why(&unready))?;
    facts.values.extend(recorded.values.clone());
    // What our ledger said then, also if it said nothing.
    if recorded.known.contains(&Group::Ledger) {
        facts.ledger.clone_from(&recorded.ledger);
    }
    facts.tests.extend(recorded.tests.clone());
    Ok(())
}

fn why(unready: &Unready) -> String {
    match unready {
        Unready::Defer { reason, .. } | Unready::Gone(reason) | Unready::Park(reason) => reason.text.clone(),
        Unready::Store(error) => error.to_string(),
    }
}

/// The event to try it on, with what is known of it.
async fn event(node: &Node, account: &Account, on: On, now: Timestamp) -> Result<(Event, Facts), String> {
    match on {
        On::Nothing => Err(String::new()),
        On::Run(id) => {
            let run = node.store.run(&account.id, id, now).await.map_err(|error| error.to_string())?;
            let run = run.ok_or("There is no such run of this account, or it was removed for age.")?;
            Ok((run.event, run.facts))
        }
        On::Opportunity { id, event, stage } => {
            let opportunity = gather::read_opportunity(node, account, &id, now, Class::Person).await;
            let opportunity = opportunity.map_err(|unready| why(&unready))?;
            let active = account.active();
            let event = assume::assumed(&account.id, &active.catalogue, event, stage.as_deref(), &opportunity, now)?;
            Ok((event, Facts::at(now)))
        }
        On::Delivery(text) => {
            let payload = decode::payload(text.as_bytes()).map_err(|reason| reason.text)?;
            let id = payload.opportunity.clone().ok_or("The delivery names no opportunity.")?;
            let opportunity = gather::read_opportunity(node, account, &id, now, Class::Person).await;
            let opportunity = opportunity.map_err(|unready| why(&unready))?;
            let active = account.active();
            let event = assume::confirmed(&account.id, &payload, &opportunity, active.names(), now)
                .map_err(|why| format!("leverd would not act on this delivery: {why}"))?;
            Ok((event, Facts::at(now)))
        }
    }
}

/// The requests that would be sent.
async fn would(node: &Node, account: &Account, bound: &Bound, event: &Event, plan: &Plan) -> Result<Would, String> {
    let Some(id) = event.opportunity.as_ref().filter(|_| !plan.effects.is_empty()) else { return Ok(Vec::new()) };
    let now = node.clock.now();
    let minute = now - jiff::SignedDuration::from_mins(1);
    let read = gather::read_opportunity(node, account, id, minute, Class::Person).await.map_err(|unready| why(&unready))?;
    let snapshot = OpportunitySnapshot::of(&read);
    let active = account.active();
    let base = |name| account.vendors.get(name).map(|vendor| vendor.connection.endpoint.base_url.to_string());
    let adapters: BTreeMap<_, _> = active
        .adapters
        .iter()
        .filter_map(|(name, adapter)| Some((name.clone(), (adapter.clone(), base(name)?.trim_end_matches('/').to_owned()))))
        .collect();
    let preview =
        Preview { catalogue: &bound.catalogue, perform_as: bound.perform_as.as_ref(), adapters, snapshot: &snapshot, now };
    let all = preview.of(plan).into_iter();
    Ok(all.map(|one| (one.effects, one.requests.iter().map(text).collect(), one.note)).collect())
}
