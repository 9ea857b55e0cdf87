//! Why rules did or did not fire: events looked at again with the rules of then. What `leverd why` and the console tell.

use super::project::Reading;
use super::service;
use crate::engine::{Program, explain};
use crate::lang::config::PackUse;
use crate::lang::load::File;
use crate::lang::places::Places;
use crate::lang::project::{Files as _, pack_name};
use crate::model::{AccountId, Facts, PackName, RuleName, Said, Step};
use crate::store::{EventRow, EventState, RunRow, Store};
use serde::Serialize;
use std::collections::BTreeMap;

/// The rules of an account that had one hash: as they acted, and as they were written.
#[derive(Debug, Default)]
pub struct Rules {
    /// `None`: this leverd compiles the same files to something else, or they do not load any more.
    pub program: Option<Program>,
    /// Where each rule stands.
    pub places: BTreeMap<PackName, Places>,
    /// The files of each pack.
    pub files: BTreeMap<PackName, Vec<File>>,
    /// How the account uses each pack, in file order.
    pub used: Vec<PackUse>,
}

impl Rules {
    /// Loads them again from what the store kept. `None`: it kept nothing under this hash.
    pub async fn of(store: &Store, account: &AccountId, hash: &str) -> Option<Self> {
        let reading = service::kept_files(store, hash).await?;
        let (account, hash) = (account.clone(), hash.to_owned());
        tokio::task::spawn_blocking(move || Self::load(&reading, &account, Some(&hash))).await.ok()
    }

    /// The rules of an account in a project that was read; only with a program of this hash, if one is given.
    pub fn load(reading: &Reading, account: &AccountId, hash: Option<&str>) -> Self {
        let mut rules = Self::default();
        let project = reading.load().project;
        let Some(bound) = project.and_then(|project| project.accounts.into_iter().find(|bound| bound.account.name == *account))
        else {
            return rules;
        };
        for used in &bound.account.packs {
            if let Ok(files) = reading.pack(&used.source) {
                rules.places.insert(pack_name(&used.source), Places::of(&files));
                rules.files.insert(pack_name(&used.source), files);
            }
        }
        rules.used.clone_from(&bound.account.packs);
        let program = Program::new(bound.rulesets);
        rules.program = Some(program).filter(|program| hash.is_none_or(|hash| program.hash() == hash));
        rules
    }
}

/// One event with what became of it.
#[derive(Debug, Serialize)]
pub struct Told {
    pub event: EventRow,
    pub run: Option<RunRow>,
    /// Rules that listen to it and left no step, looked at again.
    pub others: Vec<Step>,
    /// For each rule that did not fire what would have had it fire.
    pub fixes: Vec<Fix>,
}

/// The nearest thing that would have had a rule fire.
#[derive(Debug, Serialize)]
pub struct Fix {
    pub rule: RuleName,
    /// Where the condition stands.
    pub place: Option<String>,
    pub text: String,
}

/// Tells of an event, with the program and the places of then, or else of now.
pub fn told(event: EventRow, run: Option<RunRow>, program: Option<&Program>, places: &BTreeMap<PackName, Places>) -> Told {
    let asked = matches!(event.state, EventState::Planned | EventState::Unmatched);
    let others = program.filter(|_| asked).map(|program| match &run {
        Some(run) => explain::others(program, &run.event, &run.facts, &run.steps),
        None => explain::others(program, &event.event, &Facts::at(event.event.received), &[]),
    });
    let others = others.unwrap_or_default();
    let fixes = fixes(run.iter().flat_map(|run| &run.steps).chain(&others), places);
    Told { event, run, others, fixes }
}

/// For each rule that did not fire the nearest thing that would have had it fire: what its first false condition asks for.
pub fn fixes<'s>(steps: impl Iterator<Item = &'s Step> + Clone, places: &BTreeMap<PackName, Places>) -> Vec<Fix> {
    let mut fixes: Vec<Fix> = Vec::new();
    for step in steps.clone() {
        let (Some(pack), Some(rule)) = (&step.pack, &step.rule) else { continue };
        let of = |other: &&Step| other.pack == step.pack && other.rule == step.rule;
        let fired = steps.clone().filter(of).any(|other| matches!(other.said, Said::Fired { .. }));
        if fired || fixes.iter().any(|fix| fix.rule == *rule) {
            continue;
        }
        let text = match &step.said {
            Said::False { field, wanted, saw: Some(saw) } => {
                format!("`{field}` would have to be {wanted}, or the rule would have to take `{saw}` as well")
            }
            Said::False { field, wanted, saw: None } => {
                format!("there would have to be a `{field}` that is {wanted}, or the rule would have to do without")
            }
            Said::NoRows { nearest: Some(nearest), .. } => {
                format!("the nearest was {nearest}: write the two alike, in Lever or in the rule")
            }
            Said::NoRows { wanted, .. } => format!("there would have to be something that fits {wanted}"),
            _ => continue,
        };
        let place = places.get(pack).and_then(|places| places.at(&step.route)).map(|(file, line)| format!("{file}:{line}"));
        fixes.push(Fix { rule: rule.clone(), place, text });
    }
    fixes
}
