//! What comes of an event and its plan: timers and looks that are due later, answers to what was asked.

use super::happens;
use super::written::{Pack, Trigger};
use crate::dice::Dice;
use jiff::SignedDuration;
use leverd::engine::schedule;
use leverd::lang::adapter::Adapter;
use leverd::model::{Act, Class, Event, EventId, EventKind, Facts, Look, Plan};

/// The ways in which a rule comes to be walked.
pub(super) const ALL: [&str; 7] = ["an event", "a tag", "an answer", "a call", "a timer", "the first look", "the second look"];

/// Which of these an event is.
pub(super) fn what(event: &Event) -> &'static str {
    match event.for_rule.as_ref().map(|for_rule| &for_rule.look) {
        Some(Look::Timer { .. }) => return "a timer",
        Some(Look::Settle { round: 1 }) => return "the first look",
        Some(Look::Settle { .. }) => return "the second look",
        Some(Look::Late | Look::Backfill) | None => {}
    }
    match event.kind {
        EventKind::TagAdded => "a tag",
        EventKind::Answered(_) => "an answer",
        EventKind::Done(_) | EventKind::Failed(_) => "a call",
        EventKind::Lever(_) | EventKind::Assessment(_) | EventKind::OpportunityCreated | EventKind::OpportunityGone => {
            "an event"
        }
    }
}

/// An event that a rule of the pack listens to or counts from.
pub(super) fn heard(dice: &mut Dice, pack: &Pack) -> String {
    let rule = dice.pick(&pack.rules);
    match dice.pick(&rule.triggers) {
        Trigger::Event(name) | Trigger::Timer { of: Some(name), .. } => name.clone(),
        Trigger::Timer { of: None, .. } => {
            (*dice.pick(&["assessment.invited", "assessment.reinvited", "assessment.opened", "done:extend"])).to_owned()
        }
        Trigger::TagAdded(_) => "tag_added".to_owned(),
    }
}

/// Events that follow, with what is known by then: the ledger is the same, in Lever anything may have happened.
pub(super) fn of(dice: &mut Dice, plan: &Plan, event: &Event, facts: &Facts, adapter: &Adapter) -> Vec<(Event, Facts)> {
    let mut next = Vec::new();
    for later in plan.later.iter().take(3) {
        let late = SignedDuration::from_secs(i64::try_from(dice.below(20)).unwrap());
        next.push((schedule::due(later), later.due + late));
    }
    for effect in &plan.effects {
        if let Act::Ask(ask) = &effect.act {
            let now = facts.now + SignedDuration::from_hours(1);
            let id = EventId::derive(now, &["answer", &ask.key, &effect.id.to_string()]);
            let mut answer =
                Event::new(id, event.account.clone(), EventKind::Answered(ask.key.clone()), event.opportunity.clone(), now);
            answer.class = Class::Person;
            answer.fields = dice.pick(&ask.choices).said();
            next.push((answer, now));
        }
    }
    let known = next.into_iter().map(|(event, now)| {
        let (_, then) = happens::event(dice, &event.kind, adapter);
        (event, Facts { now: now.max(then.now), ledger: facts.ledger.clone(), ..then })
    });
    known.collect()
}
