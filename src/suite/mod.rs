//! PROVE: rule tests in YAML (`tests.yaml` beside `rules.yaml`; grammar: `schema/tests.md`).
//!
//! A test gives settings, a catalogue and an opportunity, lets things happen one after the other, and says what leverd shall do. The
//! production planner decides; what it plans is done to the test's own little world, so that several events in a row work. Time is
//! given. It leans on `lang` and `engine`; it knows no file, no clock and no HTTP.

pub mod coverage;
mod expect;
mod explain;
mod grammar;
mod read;
pub mod record;
mod report;
mod run;
mod world;

pub use explain::ENTRIES;
pub use grammar::tests_schema;
pub(crate) use grammar::tests_shape;
pub use read::read;
pub use report::{human, junit};
pub use run::{history, run};

use crate::lang::diagnostic::Diagnostics;
use crate::lang::load::{self, File, Role};
use crate::lang::rule::Pack;
use crate::lang::ruleset::RuleSet;
use crate::lang::source::Sources;
use crate::model::{Assessment, Event, Facts, OpportunityId};
use expect::{After, Because, Expected, Outcome, Place};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The tests of one file, read and bound.
#[derive(Debug)]
pub struct Suite {
    /// The file's name as messages show it.
    pub file: String,
    pub tests: Vec<Test>,
}

/// One test: a world at its beginning, and what happens in it.
#[derive(Debug)]
pub struct Test {
    pub name: String,
    /// 1-based.
    pub line: usize,
    /// The pack, bound to what the test gives.
    pub ruleset: Arc<RuleSet>,
    opportunity: OpportunityId,
    facts: Facts,
    ledger: Vec<Assessment>,
    steps: Vec<Happening>,
}

/// One step of a test.
#[derive(Debug)]
struct Happening {
    line: usize,
    /// What a person or an automation changed before: values of facts.
    changes: BTreeMap<String, Option<crate::model::Value>>,
    tags_changed: bool,
    what: What,
    vendor: Outcome,
    /// Verbs that are refused for good: their effects wait for a person.
    refuses: Vec<String>,
    expect: Option<Vec<Expected>>,
    /// Where `expect` stands.
    expect_place: Option<Place>,
    because: Vec<Because>,
    after: Vec<(After, Place)>,
}

#[derive(Debug)]
enum What {
    /// An event without ids and times; the test of an assessment event by title.
    Event(Box<Event>, Option<String>),
    /// A person answers the question of this key with the choice of this label.
    Answer(String, String),
    Wait(SignedDuration),
    /// Only `opportunity` changes: nobody tells leverd.
    Nothing,
}

/// How one test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub name: String,
    pub file: String,
    pub line: usize,
    /// What was not as expected, in readable blocks; none: passed.
    pub faults: Vec<String>,
    /// Line and column of the first expectation that was not met; of the step, where more was done than expected.
    pub place: Option<(usize, usize)>,
    /// How many steps of the test were taken.
    pub steps: usize,
    /// Which rules it had fire, and which not, and where.
    pub reached: coverage::Reached,
}

impl Case {
    /// Whether everything was as expected.
    pub fn passed(&self) -> bool {
        self.faults.is_empty()
    }
}

/// The rule tests among the files of a pack that is compiled.
pub fn tests_of(pack: &Arc<Pack>, files: &[File], sources: &mut Sources, found: &mut Diagnostics) -> Vec<Suite> {
    let mut suites = Vec::new();
    for (name, bytes) in files.iter().filter(|(name, _)| load::role(name) == Role::Tests) {
        let id = sources.add(name, bytes, found);
        suites.extend(id.and_then(|id| read(sources, id, pack, found)));
    }
    suites
}
