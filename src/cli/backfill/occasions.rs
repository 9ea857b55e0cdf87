//! What a rule would have seen, had it been there: events made of how an opportunity is now, or taken from our own past.

use crate::lang::rule::{Anchor, Rule, Trigger};
use crate::lever::api::Opportunity;
use crate::lever::facts::Names;
use crate::model::{AccountId, Class, Event, EventId, EventKind, ForRule, Kind, LeverEvent, Look, PackName, RuleName, Value};
use jiff::Timestamp;

/// The rule that shall see them, and when it is asked for.
pub(super) struct Occasions<'a> {
    pub(super) account: &'a AccountId,
    pub(super) pack: &'a PackName,
    pub(super) rule: &'a Rule,
    pub(super) names: Names<'a>,
    pub(super) now: Timestamp,
}

/// Why a trigger has no past to be taken from.
pub(super) fn impossible(rule: &Rule) -> Option<String> {
    let kind = |kind: &EventKind| match kind {
        EventKind::Lever(LeverEvent::CandidateStageChange | LeverEvent::ApplicationCreated)
        | EventKind::OpportunityCreated
        | EventKind::TagAdded
        | EventKind::Assessment(_) => None,
        other => Some(other.to_string()),
    };
    rule.triggers.iter().find_map(|trigger| match trigger {
        Trigger::Event(event) | Trigger::Timer { of: Anchor::Event(event), .. } => kind(event),
        Trigger::TagAdded(_) | Trigger::Timer { of: Anchor::ExpiresAt, .. } => None,
    })
}

impl Occasions<'_> {
    /// The events of one opportunity, given its stored ones: each for this rule alone, and the same whenever it is asked for.
    pub(super) fn of(&self, opportunity: &Opportunity, stored: &[Event]) -> Vec<Event> {
        let mut found: Vec<Event> = Vec::new();
        for trigger in &self.rule.triggers {
            let events = match trigger {
                Trigger::Event(EventKind::Assessment(_))
                | Trigger::Timer { of: Anchor::Event(EventKind::Assessment(_)) | Anchor::ExpiresAt, .. } => {
                    self.past(trigger, stored)
                }
                // What waits for the event sees it happen now; what counts time counts from when it happened.
                Trigger::Event(kind) => self.present(kind, opportunity, Some(self.now)),
                Trigger::TagAdded(_) => self.present(&EventKind::TagAdded, opportunity, Some(self.now)),
                Trigger::Timer { of: Anchor::Event(kind), .. } => self.present(kind, opportunity, None),
            };
            for event in events {
                if !found.iter().any(|known| known.id == event.id) {
                    found.push(event);
                }
            }
        }
        found
    }

    fn for_rule(&self, mut event: Event, identity: &str) -> Event {
        let rule: &RuleName = &self.rule.name;
        let opportunity = event.opportunity.as_ref().map_or("", |id| id.as_str());
        let parts = ["backfill", self.account.as_str(), self.pack.as_str(), rule.as_str(), opportunity, identity];
        event.id = EventId::derive(Timestamp::UNIX_EPOCH, &parts);
        event.class = Class::Backfill;
        event.for_rule = Some(ForRule { pack: self.pack.clone(), rule: rule.clone(), look: Look::Backfill });
        event
    }

    /// What the opportunity shows, as if it had just happened, or at its own time.
    fn present(&self, kind: &EventKind, opportunity: &Opportunity, at: Option<Timestamp>) -> Vec<Event> {
        let event = |happened: Option<Timestamp>, what: &str| {
            let at = at.or(happened).unwrap_or(self.now);
            // The id is made below.
            let blank = EventId::derive(Timestamp::UNIX_EPOCH, &[]);
            let event = Event::new(blank, self.account.clone(), kind.clone(), Some(opportunity.id.clone()), at);
            let when = happened.map(|happened| happened.as_millisecond().to_string()).unwrap_or_default();
            self.for_rule(event, &format!("{kind}/{what}/{when}"))
        };
        match kind {
            EventKind::Lever(LeverEvent::CandidateStageChange) => {
                let Some(stage) = &opportunity.stage else { return Vec::new() };
                let changes = &opportunity.stage_changes;
                let entered = changes.iter().rposition(|change| change.to == *stage);
                let when = entered.and_then(|at| changes.get(at)).map(|change| change.at).or(opportunity.created_at);
                let from = entered.and_then(|at| at.checked_sub(1)).and_then(|at| changes.get(at));
                let mut moved = event(when, stage.as_str()).with("to_stage", self.names.value(Kind::Stage, stage.as_str()));
                if let Some(from) = from {
                    moved = moved.with("from_stage", self.names.value(Kind::Stage, from.to.as_str()));
                }
                vec![moved]
            }
            EventKind::Lever(LeverEvent::ApplicationCreated) => opportunity
                .applications
                .iter()
                .map(|application| {
                    let applied = event(application.created_at.or(opportunity.created_at), &application.id);
                    applied.with("application.id", Value::text(&application.id))
                })
                .collect(),
            EventKind::OpportunityCreated => vec![event(opportunity.created_at, "")],
            EventKind::TagAdded => opportunity.tags.iter().map(|tag| event(None, tag).with("tag", Value::text(tag))).collect(),
            _ => Vec::new(),
        }
    }

    /// What we stored of the kind that the trigger wants, at the time it happened.
    fn past(&self, trigger: &Trigger, stored: &[Event]) -> Vec<Event> {
        let wanted = |event: &&Event| {
            event.for_rule.is_none()
                && match trigger {
                    Trigger::Event(kind) | Trigger::Timer { of: Anchor::Event(kind), .. } => event.kind == *kind,
                    Trigger::Timer { of: Anchor::ExpiresAt, .. } => {
                        event.kind == EventKind::Assessment(crate::model::AssessmentEvent::Invited)
                    }
                    Trigger::TagAdded(_) => false,
                }
        };
        let again = |event: &Event| {
            let identity = event.id.to_string();
            // The ledger knows of it already.
            self.for_rule(Event { applied: true, cause: None, depth: 0, ..event.clone() }, &identity)
        };
        stored.iter().filter(wanted).map(again).collect()
    }
}
