//! The author's verbs: an open set, one file each. Each file says everything about its verb: shape, documentation, a good and a bad
//! example (both run as tests and printed by `explain`), what may be wrong with it, and which effects it desugars to.
//!
//! A verb knows nothing of events, stores or HTTP. While planning it speaks to a [`Draft`], which the engine implements.

mod add_file;
mod add_link;
mod add_note;
mod add_tag;
mod alert;
mod archive;
mod ask;
mod call;
mod clear_tag;
mod fill;
mod fill_feedback;
mod fill_form;
mod invite;
mod mark;
mod move_stage;
pub mod registry;
mod remove_link;
mod remove_tag;
mod rename_tag;
mod set_tag;
mod with;

use super::rule::{Operand, Pack, PatternText, Spec};
use super::ruleset::RuleSet;
use super::template::Template;
use crate::model::{
    Act, Again, Assessment, AssessmentEvent, Choice, Event, Group, Key, OpportunityId, Pattern, PhaseGroup, Said, Slot,
    TestEntry, Value,
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// A compiled action.
pub trait Action: Debug + Send + Sync {
    /// The verb as the author wrote it.
    fn verb(&self) -> &'static str;

    /// Puts onto the draft what shall be true.
    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop>;

    /// The source text that identifies a keyless action within its rule (a note's template): part of the effect id.
    fn identity(&self) -> String;

    /// What rules and Lever's own automations may react to once it is done.
    fn touch(&self) -> Touch<'_> {
        Touch::Nothing
    }
}

/// What an action changes that something may react to, as the author wrote it.
#[derive(Debug, Clone, Copy)]
pub enum Touch<'a> {
    /// Notes, links, files, forms, alerts: nothing listens to them.
    Nothing,
    Move {
        to: &'a Operand,
        from: Option<&'a Operand>,
    },
    Archive,
    SetTag {
        family: &'a str,
        text: &'a Template,
    },
    ClearTag {
        family: &'a str,
    },
    AddTag {
        text: &'a Template,
    },
    RemoveTag {
        pattern: &'a PatternText,
    },
    RenameTag {
        from: &'a PatternText,
        to: &'a Template,
    },
    Invite {
        again: &'a BTreeMap<PhaseGroup, Again>,
    },
    /// An attempt is closed in the ledger.
    Mark(AssessmentEvent),
    Call {
        operation: &'a str,
    },
    Ask {
        key: &'a str,
    },
}

/// Why planning of one item stops early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Something must be read first; the whole event is planned again with it.
    Needs(Group),
    /// Nothing of this event may be done before a person has looked.
    Park(String),
    /// A template rendered into something out of its domain (R8): this action is left out, with a Step.
    Unrenderable(String),
}

/// What an action may ask and say while it plans one item of one rule.
pub trait Draft {
    /// The time of planning.
    fn now(&self) -> Timestamp;
    /// The event being planned.
    fn event(&self) -> &Event;
    /// The rule set in force, bound to the account.
    fn ruleset(&self) -> &RuleSet;
    /// The pack of the rule.
    fn pack(&self) -> &Pack;
    /// The lane's opportunity. Rules without one never get here.
    fn opportunity(&self) -> OpportunityId;

    /// The value of an operand; `None` is absent.
    fn value(&mut self, operand: &Operand) -> Result<Option<Value>, Stop>;
    /// A fact by its name in the vocabulary.
    fn fact(&mut self, name: &str) -> Result<Option<Value>, Stop>;
    /// A rendered template.
    fn text(&mut self, template: &Template) -> Result<String, Stop>;
    /// A family's members rendered for the instance at hand (the event's assessment, if the family has one per assessment).
    fn members(&mut self, family: &str) -> Result<Vec<Pattern>, Stop>;

    /// Our attempts for this opportunity (all vendors) and live ones of the same contact.
    fn ledger(&mut self) -> Result<Vec<Assessment>, Stop>;
    /// The attempt that the event is about.
    fn assessment(&mut self) -> Result<Option<Assessment>, Stop>;
    /// The attempt that a variable stands for: a row of the ledger.
    fn row(&mut self, variable: &str) -> Option<Assessment>;
    /// The rows of a source, as choices for a person; why there are none is said.
    fn choices(&mut self, spec: &Spec) -> Result<Vec<Choice>, Stop>;
    /// What tells the item at hand from the rule's others.
    fn item(&self) -> String;
    /// The vendor's test that a value names, with all its catalogue fields.
    fn test(&mut self, value: &Value) -> Result<Option<TestEntry>, Stop>;

    /// What shall be true. `key` completes the effect's identity: the slot's key, or [`Action::identity`].
    fn effect(&mut self, slot: Option<Slot>, key: &str, act: Act);
    /// A ledger row as it shall be after this plan.
    fn put(&mut self, row: Assessment);
    /// An event that follows from this plan alone; the draft gives it id, account, lane and depth.
    fn emit(&mut self, event: Event);
    /// A notice for people.
    fn alert(&mut self, text: String);
    /// Why something was left out, or what is worth knowing.
    fn say(&mut self, said: Said);
}

/// The key of an action as it comes out, with what it belongs to: the pack, and the test that the event is about.
fn keyed(draft: &mut dyn Draft, key: &Template) -> Result<Key, Stop> {
    let key = draft.text(key)?.trim().to_owned();
    if key.is_empty() {
        return Err(Stop::Unrenderable("the key came out empty".to_owned()));
    }
    let test = draft.assessment()?.map(|row| row.test.id);
    Ok(Key { pack: draft.pack().name.clone(), test, key })
}
