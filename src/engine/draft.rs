//! The draft that verbs write on while one item of one rule is planned.
//!
//! Each verb's effects, ledger rows, events and notices stay together as one [`Entry`]: when an effect loses its slot to an earlier
//! rule, what belongs to it goes too.

use super::family;
use super::rows::{self, Row};
use super::scope::Scope;
use crate::lang::action::{Action, Draft, Stop};
use crate::lang::rule::{Operand, Pack, Spec};
use crate::lang::ruleset::RuleSet;
use crate::lang::template::{Clean, Template};
use crate::model::{
    Act, Assessment, Choice, Effect, EffectId, Event, EventId, Group, Kind, Notice, NoticeId, NoticeKind, OpportunityId,
    PAYLOAD_VERSION, Pattern, Said, Slot, TestEntry, Value,
};
use jiff::Timestamp;

/// What one action of one item put down.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) route: String,
    pub(super) optional: bool,
    /// Which item of the rule: moves wait within one item only.
    pub(super) item: usize,
    pub(super) effects: Vec<Effect>,
    pub(super) rows: Vec<Assessment>,
    pub(super) emit: Vec<Event>,
    pub(super) notices: Vec<Notice>,
    pub(super) said: Vec<Said>,
}

/// One action being planned.
pub(super) struct Pen<'s, 'a> {
    pub(super) scope: &'s Scope<'a>,
    pub(super) action: &'s dyn Action,
    /// What tells the item from the rule's other items.
    pub(super) identity: &'s str,
    /// Whether an archived opportunity may be invited and moved.
    pub(super) even_archived: bool,
    pub(super) entry: Entry,
    /// Why the action must be left out although it said nothing itself.
    pub(super) stop: Option<Stop>,
}

impl Pen<'_, '_> {
    fn derive<T>(&self, make: impl Fn(Timestamp, &[&str]) -> T, what: &[&str]) -> T {
        let event = self.scope.event.id.to_string();
        let mut parts = vec![
            event.as_str(),
            self.scope.set.name().as_str(),
            self.scope.rule.name.as_str(),
            self.action.verb(),
            self.identity,
        ];
        parts.extend_from_slice(what);
        make(self.scope.event.id.0.stored(), &parts)
    }
}

impl Draft for Pen<'_, '_> {
    fn now(&self) -> Timestamp {
        self.scope.facts.now
    }

    fn event(&self) -> &Event {
        self.scope.event
    }

    fn ruleset(&self) -> &RuleSet {
        self.scope.set
    }

    fn pack(&self) -> &Pack {
        &self.scope.set.pack
    }

    fn opportunity(&self) -> OpportunityId {
        self.scope.event.opportunity.clone().unwrap_or_else(|| OpportunityId::new(""))
    }

    fn value(&mut self, operand: &Operand) -> Result<Option<Value>, Stop> {
        if let Operand::Text(template) = operand {
            return self.text(template).map(|text| Some(Value::Text(text)));
        }
        self.scope.operand(operand, None).map(|value| value.map(std::borrow::Cow::into_owned))
    }

    fn fact(&mut self, name: &str) -> Result<Option<Value>, Stop> {
        self.scope.fact(name).map(|value| value.map(std::borrow::Cow::into_owned))
    }

    fn text(&mut self, template: &Template) -> Result<String, Stop> {
        let clean = match self.action.verb() {
            "add_note" => Clean::Note,
            "set_tag" | "add_tag" | "remove_tag" | "rename_tag" => Clean::Tag,
            _ => Clean::Plain,
        };
        self.scope.text(template, clean)
    }

    fn members(&mut self, family: &str) -> Result<Vec<Pattern>, Stop> {
        family::members(self.scope, family)
    }

    fn ledger(&mut self) -> Result<Vec<Assessment>, Stop> {
        self.scope.know(Group::Ledger)?;
        let current = self.scope.attempt;
        let row = |row: &Assessment| current.filter(|current| current.id == row.id).unwrap_or(row).clone();
        Ok(self.scope.facts.ledger.iter().map(row).collect())
    }

    fn assessment(&mut self) -> Result<Option<Assessment>, Stop> {
        if self.scope.event.assessment.is_some() {
            self.scope.know(Group::Ledger)?;
        }
        Ok(self.scope.attempt.cloned())
    }

    fn row(&mut self, variable: &str) -> Option<Assessment> {
        match self.scope.vars.iter().rev().find(|(name, _)| *name == variable) {
            Some((_, Some(Row::Attempt(attempt)))) => Some((*attempt).clone()),
            _ => None,
        }
    }

    fn choices(&mut self, spec: &Spec) -> Result<Vec<Choice>, Stop> {
        let found = rows::rows(self.scope, spec)?;
        self.entry.said.extend(found.missed);
        Ok(found.rows.iter().map(Row::choice).collect())
    }

    fn item(&self) -> String {
        self.identity.to_owned()
    }

    fn test(&mut self, value: &Value) -> Result<Option<TestEntry>, Stop> {
        let Some(vendor) = self.scope.set.pack.vendor_name() else { return Ok(None) };
        self.scope.know(Group::Tests(vendor.clone()))?;
        let Some(tests) = self.scope.facts.tests.get(vendor) else { return Ok(None) };
        Ok(match value {
            Value::Named(named) if named.kind == Kind::Assessment => tests.by_id(&named.id),
            Value::Text(text) => tests.by_id(text).or_else(|| tests.by_title(text, false)),
            _ => None,
        }
        .cloned())
    }

    fn effect(&mut self, slot: Option<Slot>, key: &str, mut act: Act) {
        match &mut act {
            Act::Stage(to) => to.even_archived = self.even_archived,
            Act::Archive { even_archived, .. } => *even_archived = self.even_archived,
            Act::Family(tags) => match family::spare(self.scope, &tags.family, &tags.members) {
                Ok(spare) => tags.spare = spare,
                Err(stop) => self.stop = Some(stop),
            },
            _ => {}
        }
        let place = slot.as_ref().and_then(|slot| serde_json::to_string(slot).ok()).unwrap_or_default();
        let event = self.scope.event;
        self.entry.effects.push(Effect {
            id: self.derive(EffectId::derive, &[act.verb(), &place, key]),
            event: event.id,
            opportunity: self.opportunity(),
            pack: self.scope.set.name().clone(),
            rule: self.scope.rule.name.clone(),
            routes: vec![self.entry.route.clone()],
            slot,
            act,
            after: Vec::new(),
            event_at: event.at,
            class: event.class,
            depth: event.depth,
            version: PAYLOAD_VERSION,
        });
    }

    fn put(&mut self, row: Assessment) {
        self.entry.rows.push(row);
    }

    fn emit(&mut self, mut event: Event) {
        let (kind, about) = (event.kind.to_string(), event.assessment.map(|id| id.to_string()).unwrap_or_default());
        event.id = self.derive(EventId::derive, &["emit", &kind, &about]);
        event.account = self.scope.event.account.clone();
        event.opportunity = event.opportunity.or_else(|| self.scope.event.opportunity.clone());
        event.received = self.scope.facts.now;
        event.depth = self.scope.event.depth.saturating_add(1);
        event.for_rule = None;
        self.entry.emit.push(event);
    }

    fn alert(&mut self, text: String) {
        let id = self.derive(NoticeId::derive, &["alert", &text]);
        self.entry.notices.push(Notice {
            opportunity: self.scope.event.opportunity.clone(),
            event: Some(self.scope.event.id),
            assessment: self.scope.event.assessment,
            ..Notice::new(id, NoticeKind::Alert, text, self.scope.facts.now)
        });
    }

    fn say(&mut self, said: Said) {
        self.entry.said.push(said);
    }
}
