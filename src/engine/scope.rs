//! What a rule sees while it is walked: the event, the facts, its variables, its settings. [`Scope::look`] turns a place into a
//! value.
//!
//! A look ends in one of three ways: a value, an absence, or a group of facts that must be read first. Which names were read is
//! noted, because a run keeps only these.

use super::band;
use super::rows::Row;
use super::ways::Ways;
use crate::lang::action::Stop;
use crate::lang::rule::{Operand, Per, Place, Rule};
use crate::lang::ruleset::RuleSet;
use crate::lang::template::{Clean, Lookup, Template};
use crate::lang::vocabulary;
use crate::model::{Assessment, Event, EventKind, Facts, Group, Kind, LeverEvent, Look, Pinned, Value};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// A value, an absence, or what has to be known first.
pub(super) type Looked<'v> = Result<Option<Cow<'v, Value>>, Stop>;

/// What was read and what is missing, noted while planning.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Names of facts that were read.
    pub(super) read: RefCell<BTreeSet<String>>,
    /// Groups that must be read first.
    pub(super) needs: RefCell<BTreeSet<Group>>,
    /// Names that an old run did not record.
    unrecorded: RefCell<BTreeSet<String>>,
    /// Which way texts and bands went, if somebody wants to know.
    pub(super) ways: Option<RefCell<Ways>>,
    /// How many rows were compared with what a `where` or a pattern asks for: what planning costs, counted.
    pub(super) looked: Cell<usize>,
}

impl Notes {
    /// Notes which way texts and bands go as well.
    pub(super) fn watching() -> Self {
        Self { ways: Some(RefCell::default()), ..Self::default() }
    }

    /// Notes that this group must be known.
    pub(super) fn need(&self, group: Group) -> Stop {
        self.needs.borrow_mut().insert(group.clone());
        Stop::Needs(group)
    }

    /// What could not be told: names, or whole groups.
    pub(super) fn missing(&self) -> Vec<String> {
        let names = self.unrecorded.borrow();
        if !names.is_empty() {
            return names.iter().cloned().collect();
        }
        let group = |group: &Group| match group {
            Group::Opportunity => "the opportunity".to_owned(),
            Group::Posting => "the posting".to_owned(),
            Group::Ledger => "our ledger".to_owned(),
            Group::Tests(vendor) => format!("the tests of {vendor}"),
        };
        self.needs.borrow().iter().map(group).collect()
    }

    /// Counts a row that was looked at.
    pub(super) fn look(&self) {
        self.looked.set(self.looked.get() + 1);
    }

    fn note(&self, name: &str) {
        let mut read = self.read.borrow_mut();
        if !read.contains(name) {
            read.insert(name.to_owned());
        }
    }
}

/// Everything a place can lead to.
pub(super) struct Scope<'a> {
    pub(super) set: &'a RuleSet,
    pub(super) rule: &'a Rule,
    pub(super) event: &'a Event,
    pub(super) facts: &'a Facts,
    /// The attempt that the event is about, as it is after this event.
    pub(super) attempt: Option<&'a Assessment>,
    /// Whether the event corrects an earlier score.
    pub(super) changed: bool,
    /// Variables of `for_each` and `find`, innermost last; `None` is a look-up that found nothing.
    pub(super) vars: Vec<(&'a str, Option<Row<'a>>)>,
    pub(super) notes: &'a Notes,
    /// When explaining an old run: the names it kept. Another name is not absent but was not recorded.
    pub(super) recorded: Option<&'a BTreeSet<String>>,
}

impl<'a> Scope<'a> {
    /// Asks for a group unless it is known.
    pub(super) fn know(&self, group: Group) -> Result<(), Stop> {
        if self.facts.known.contains(&group) { Ok(()) } else { Err(self.notes.need(group)) }
    }

    /// The value of a place. `row` is the row at hand, inside `where`.
    pub(super) fn look<'v>(&'v self, place: &Place, row: Option<&'v Row<'_>>) -> Looked<'v> {
        let (value, member) = match place {
            Place::Row { member } => {
                let Some(row) = row else { return Ok(None) };
                return Ok(row.member(member.as_deref()).map(Cow::Owned));
            }
            Place::Var { name, member } => {
                let row = self.vars.iter().rev().find(|(var, _)| var == name).and_then(|(_, row)| row.as_ref());
                return Ok(row.and_then(|row| row.member(member.as_deref())).map(Cow::Owned));
            }
            Place::Setting { name, member } => (self.setting(name)?.map(Cow::Borrowed), member),
            Place::Band(name) => return Ok(band::label(self, name)?.map(|label| Cow::Owned(Value::Text(label)))),
            Place::Fact { name, member } => (self.fact(name)?, member),
        };
        Ok(match (value, member) {
            (Some(value), Some(member)) => value.member(member).map(Cow::Owned),
            (value, None) => value,
            (None, _) => None,
        })
    }

    /// The value of an operand. A list leaves out what is absent; a list of which nothing is left is absent only if it held one.
    pub(super) fn operand<'v>(&'v self, operand: &'v Operand, row: Option<&'v Row<'_>>) -> Looked<'v> {
        Ok(match operand {
            Operand::Literal(value) => Some(Cow::Borrowed(value)),
            Operand::Named { kind, text } => {
                Some(self.set.meant(*kind, text).map_or_else(|| Cow::Owned(Value::text(text)), Cow::Borrowed))
            }
            Operand::Place(place) => self.look(place, row)?,
            Operand::Text(template) => Some(Cow::Owned(Value::Text(self.text(template, Clean::Plain)?))),
            Operand::List(items) => {
                let mut values = Vec::new();
                for item in items {
                    if let Some(value) = self.operand(item, row)? {
                        values.push(value.into_owned());
                    }
                }
                if values.is_empty() && !items.is_empty() { None } else { Some(Cow::Owned(Value::List(values))) }
            }
        })
    }

    /// A rendered template.
    pub(super) fn text(&self, template: &Template, clean: Clean) -> Result<String, Stop> {
        // What the text needs is asked for first, so that rendering never meets the unknown.
        let mut unknown = None;
        for path in template.paths() {
            if let Err(stop @ Stop::Needs(_)) = self.named(path) {
                unknown = Some(stop);
            }
        }
        for name in template.bands() {
            if let Err(stop @ Stop::Needs(_)) = band::label(self, name) {
                unknown = Some(stop);
            }
        }
        if let Some(stop) = unknown {
            return Err(stop);
        }
        if let Some(ways) = &self.notes.ways {
            let taken = template.ways(self);
            ways.borrow_mut().blocks.extend(taken);
        }
        template.render_for(self, clean).map_err(|error| Stop::Unrenderable(error.to_string()))
    }

    /// A dotted name as templates write it: a variable, a setting, a band or a name of the vocabulary, and members of it.
    fn named(&self, path: &str) -> Result<Option<Value>, Stop> {
        let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
        let member = |value: Option<Value>, rest: Option<&str>| match rest {
            Some(rest) => rest.split('.').try_fold(value?, |value, name| value.member(name)),
            None => value,
        };
        if let Some((_, row)) = self.vars.iter().rev().find(|(var, _)| *var == head) {
            return Ok(row.as_ref().and_then(|row| row.member(rest)));
        }
        if self.set.pack.settings.contains_key(head) {
            return Ok(member(self.setting(head)?.cloned(), rest));
        }
        if rest.is_none() && self.set.pack.bands.contains_key(head) {
            return Ok(band::label(self, head)?.map(Value::Text));
        }
        // The longest front part that the vocabulary knows: `opportunity.stage` of `opportunity.stage.name`.
        let mut front = path;
        loop {
            if let Some(value) = self.fact(front)? {
                let rest = path.get(front.len() + 1..).filter(|rest| !rest.is_empty());
                return Ok(member(Some(value.into_owned()), rest));
            }
            match front.rsplit_once('.') {
                Some((shorter, _)) if shorter.contains('.') || self.event.fields.contains_key(shorter) => front = shorter,
                _ => return Ok(None),
            }
        }
    }

    /// A fact by its name in the vocabulary.
    pub(super) fn fact<'v>(&'v self, name: &str) -> Looked<'v> {
        match name {
            "event.at" => return Ok(Some(Cow::Owned(Value::date(self.event.at)))),
            "event.id" => return Ok(Some(Cow::Owned(Value::text(self.event.id.to_string())))),
            "event.changed" => return Ok(Some(Cow::Owned(Value::Bool(self.changed)))),
            _ => {}
        }
        if let Some(field) = name.strip_prefix("assessment.") {
            return match self.attempt {
                Some(attempt) => Ok(attempt_field(attempt, field).map(Cow::Owned)),
                None if self.event.assessment.is_none() => Ok(None),
                None => self.know(Group::Ledger).map(|()| None),
            };
        }
        let Some(group) = vocabulary::group(name) else { return Ok(self.said(name).map(Cow::Borrowed)) };
        // What is gone from Lever cannot be read: a setting by posting or stage is the account's there.
        if self.event.opportunity.is_none() || gone(&self.event.kind) {
            return Ok(None);
        }
        if self.recorded.is_some_and(|recorded| !recorded.contains(name)) {
            self.notes.unrecorded.borrow_mut().insert(name.to_owned());
            return Err(self.notes.need(group));
        }
        self.know(group)?;
        self.notes.note(name);
        Ok(self.facts.values.get(name).map(Cow::Borrowed))
    }

    /// What the event itself says; under a timer, the latest result too.
    fn said(&self, name: &str) -> Option<&Value> {
        let timer = matches!(&self.event.for_rule, Some(for_rule) if matches!(for_rule.look, Look::Timer { .. }));
        self.event.fields.get(name).or_else(|| {
            let field = name.strip_prefix("result.").filter(|_| timer)?;
            self.attempt?.result.get(field)
        })
    }

    /// A setting. Nothing is read for a setting without overrides.
    pub(super) fn setting(&self, name: &str) -> Result<Option<&'a Value>, Stop> {
        let set = self.set;
        let Some(setting) = set.settings.get(name) else { return Ok(None) };
        setting.get(|per| match per {
            Per::Posting => self.posting(),
            Per::Assessment => Ok(self.attempt.map(|attempt| attempt.test.id.clone())),
            Per::Stage => self.stage(),
        })
    }

    /// The posting that settings are looked up for: of the attempt for vendor events, else of the opportunity.
    fn posting(&self) -> Result<Option<String>, Stop> {
        if let Some(Pinned { id, .. }) = self.attempt.and_then(|attempt| attempt.posting.as_ref()) {
            return Ok(Some(id.clone()));
        }
        Ok(self.fact("opportunity.posting")?.and_then(|value| id(&value)))
    }

    /// The stage that settings are looked up for: where the attempt was requested for vendor events, the stage moved to for stage
    /// changes, else where the opportunity is.
    fn stage(&self) -> Result<Option<String>, Stop> {
        if let Some(attempt) = self.attempt {
            return Ok(attempt.stage.as_ref().map(|stage| stage.id.clone()));
        }
        if self.event.kind == EventKind::STAGE_CHANGE
            && let Some(stage) = self.event.fields.get("to_stage")
        {
            return Ok(id(stage));
        }
        Ok(self.fact("opportunity.stage")?.and_then(|value| id(&value)))
    }
}

/// Whether events of this kind say that the opportunity is no longer in Lever.
fn gone(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Lever(LeverEvent::CandidateDeleted) | EventKind::OpportunityGone)
}

/// The id of a named thing; a text is its own.
pub(super) fn id(value: &Value) -> Option<String> {
    match value {
        Value::Named(named) => Some(named.id.clone()),
        Value::Text(text) => Some(text.trim().to_owned()),
        _ => None,
    }
}

/// What `assessment.…` and rows of the ledger say.
pub(super) fn attempt_field(attempt: &Assessment, field: &str) -> Option<Value> {
    let pinned = |kind, pin: &Option<Pinned>| pin.as_ref().map(|pin| Value::named(kind, &pin.id, &pin.name));
    match field {
        "test" => Some(attempt.test.value()),
        "title" => Some(Value::text(&attempt.test.title)),
        "phase" => Some(Value::text(attempt.phase.as_str())),
        "verdict" => Some(Value::text(attempt.verdict.as_str())),
        "decision" => Some(Value::text(attempt.decision.as_str())),
        "report" => Some(Value::text(attempt.report.as_str())),
        "integrity" => Some(Value::text(attempt.integrity.as_str())),
        "attempt" => Some(Value::Int(attempt.attempt.into())),
        "key" => attempt.key.as_ref().map(Value::text),
        "stage" => pinned(Kind::Stage, &attempt.stage),
        "posting" => pinned(Kind::Posting, &attempt.posting),
        "requested_at" => Some(Value::date(attempt.requested_at)),
        "invited_at" => attempt.invited_at.map(Value::date),
        "started_at" => attempt.started_at.map(Value::date),
        "submitted_at" => attempt.submitted_at.map(Value::date),
        "expires_at" => attempt.expires_at.map(Value::date),
        "url" => attempt.candidate_url.as_ref().map(Value::text),
        "reminders" => Some(Value::Int(attempt.reminders.into())),
        "vendor" => Some(Value::text(attempt.vendor.as_str())),
        _ => None,
    }
}

impl Lookup for Scope<'_> {
    fn value(&self, path: &str) -> Option<Value> {
        self.named(path).ok().flatten()
    }

    fn band(&self, name: &str) -> Option<String> {
        band::label(self, name).ok().flatten()
    }
}
