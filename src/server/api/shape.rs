//! What answers hold. Each type is a schema of `schema/openapi.json`, and its comments are what that says.

#![expect(clippy::struct_field_names, reason = "fields are called as programs read them")]

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A point in time, `2026-11-20T09:30:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct At(pub(super) Timestamp);

impl JsonSchema for At {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "At".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// How leverd stands as a whole.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Status {
    /// Of leverd.
    pub(super) version: String,
    pub(super) at: At,
    pub(super) accounts: usize,
    /// Accounts that have no rules to go on with.
    pub(super) held_back: usize,
    /// Accounts whose newest rules were refused; the last good ones are in force.
    pub(super) refused_rules: usize,
    /// Pieces of work that wait for a person.
    pub(super) parked: u64,
    /// Pieces of work that are due or under way.
    pub(super) open: u64,
    pub(super) store: Room,
}

/// How much room the store takes, in bytes.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Room {
    pub(super) file: u64,
    /// The log of changes that are not in the file yet.
    pub(super) log: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Accounts {
    pub(super) accounts: Vec<Account>,
}

/// One connected Lever account.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Account {
    pub(super) account: String,
    /// How Lever knows leverd: `API key`, `OAuth since …`, `held back`.
    pub(super) lever: String,
    pub(super) held_back: bool,
    /// Why the account, or its newest rules, are not in force.
    pub(super) fault: Option<String>,
    pub(super) suspended: Vec<Suspended>,
    pub(super) packs: Vec<Pack>,
    pub(super) heard: Vec<Heard>,
    pub(super) parked: u64,
    /// Work that is due or under way.
    pub(super) open: u64,
    /// Work for later: timers, back-offs.
    pub(super) later: u64,
    /// About so many calls to Lever are left in the open work.
    pub(super) calls: u64,
    /// When the open work should be done.
    pub(super) ends: Option<At>,
}

/// A connection that refuses the credentials.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Suspended {
    pub(super) connection: String,
    pub(super) since: At,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Pack {
    pub(super) pack: String,
    /// `off`, `shadow`, `live`.
    pub(super) mode: String,
    pub(super) rules: usize,
    /// Rules that are off because an optional setting is not given.
    pub(super) off: usize,
    /// Nothing from before fires.
    pub(super) since: At,
}

/// What arrived.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Heard {
    /// `lever candidateStageChange`, `vendor:qualified/acme`.
    pub(super) what: String,
    pub(super) count: u64,
    pub(super) last: At,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ParkedList {
    /// How many there are in all.
    pub(super) total: usize,
    /// The oldest first.
    pub(super) parked: Vec<Parked>,
}

/// A piece of work that waits for a person.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Parked {
    pub(super) id: String,
    pub(super) kind: Work,
    pub(super) account: String,
    pub(super) opportunity: Option<String>,
    /// `invite of rule …`, `delivery from …`.
    pub(super) what: String,
    pub(super) rule: Option<String>,
    pub(super) reason: Option<Reason>,
    pub(super) since: Option<At>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Work {
    Delivery,
    Event,
    Effect,
    Timer,
}

/// Why something waits, or ended as it did.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Reason {
    /// `R1` to `R12`, or a word: `leverd`'s page of the rule language lists them.
    pub(super) code: String,
    pub(super) text: String,
}

/// What was done.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Did {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) did: Deed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Deed {
    Retry,
    Skip,
}

/// Why parked work shall not be done.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Skip {
    /// For those who look later.
    #[schemars(length(min = 1, max = 200))]
    pub(super) reason: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Runs {
    /// The newest first.
    pub(super) runs: Vec<Run>,
}

/// An event that was planned.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Run {
    pub(super) event: String,
    /// `candidateStageChange`, `assessment.scored`.
    pub(super) kind: String,
    /// When it happened.
    pub(super) at: At,
    pub(super) planned_at: At,
    /// The hash of the rules that planned it.
    pub(super) ruleset: String,
    /// The rules that fired.
    pub(super) fired: Vec<String>,
    pub(super) effects: Vec<Effect>,
}

/// Something that rules want done.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Effect {
    pub(super) id: String,
    pub(super) rule: String,
    /// `invite`, `set_tag`, `add_note`.
    pub(super) verb: String,
    pub(super) state: State,
    pub(super) reason: Option<Reason>,
    pub(super) settled_at: Option<At>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// May be sent.
    Ready,
    /// Being sent, or nobody knows whether it was.
    Begun,
    /// For its time, for a budget, or for what stands before it.
    Waiting,
    /// For a person.
    Parked,
    Done,
    Skipped,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Why {
    /// The newest first.
    pub(super) events: Vec<Looked>,
}

/// An event, and for each rule that listens to it why it did or did not fire.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Looked {
    pub(super) event: String,
    pub(super) kind: String,
    pub(super) at: At,
    /// Whether it was planned.
    pub(super) planned: bool,
    pub(super) said: Vec<Said>,
    pub(super) fixes: Vec<Fix>,
}

/// What a rule says. It may quote values of the candidate's.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Said {
    pub(super) pack: Option<String>,
    pub(super) rule: Option<String>,
    pub(super) text: String,
}

/// The nearest thing that would have had a rule fire.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Fix {
    pub(super) rule: String,
    /// File and line of the condition.
    pub(super) place: Option<String>,
    pub(super) text: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Deeds {
    /// The newest first.
    pub(super) deeds: Vec<Done>,
}

/// What somebody did, by the console or by this API.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Done {
    pub(super) at: At,
    pub(super) who: String,
    /// `password`, `proxy`, `link`, `token`.
    pub(super) how: String,
    pub(super) what: String,
    pub(super) account: Option<String>,
    pub(super) about: String,
}

impl From<&crate::model::Reason> for Reason {
    fn from(reason: &crate::model::Reason) -> Self {
        Self { code: reason.code.to_string(), text: reason.text.clone() }
    }
}
