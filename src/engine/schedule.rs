//! What is to be looked at later: the looks of `settle`, and timers that count from an event or an expiry.
//!
//! A timer stores names and times, never a rule: the rule is resolved as it is when the timer is due.

use super::lifecycle;
use super::scope::Scope;
use crate::lang::action::Stop;
use crate::lang::rule::{Anchor, Rule, Trigger};
use crate::model::{
    Assessment, AssessmentEvent, Class, Event, EventId, EventKind, ForRule, Later, LaterKind, Look, TimerId, Value,
};
use jiff::{SignedDuration, Timestamp};

/// The first look of `settle`.
const FIRST_LOOK: SignedDuration = SignedDuration::from_secs(10);

/// The next look of `settle` for this rule and event, if one is left. Looks are counted from when the event was received; those that a
/// backlog has overtaken are left out.
pub(super) fn settle(scope: &Scope<'_>) -> Option<Later> {
    let settle = scope.rule.settle?;
    let (event, now) = (scope.event, scope.facts.now);
    let done = match &event.for_rule {
        None => 0,
        Some(ForRule { look: Look::Settle { round }, .. }) => *round,
        Some(_) => return None,
    };
    let looks = [(1, FIRST_LOOK.min(settle)), (2, settle)];
    let (round, due) = looks
        .into_iter()
        .filter(|(round, _)| *round > done)
        .filter_map(|(round, delay)| Some((round, event.received.checked_add(delay).ok()?)))
        .find(|(_, due)| *due > now)?;
    let anchor = anchored(scope, event.at);
    Some(Later {
        id: id(scope, &event.id, &format!("settle {round}")),
        pack: scope.set.name().clone(),
        rule: scope.rule.name.clone(),
        kind: LaterKind::Settle { round },
        due,
        anchor,
        anchor_time: event.received,
    })
}

/// The event as it is looked at later: that it corrected a score is not to be seen in the ledger any more by then.
fn anchored(scope: &Scope<'_>, at: Timestamp) -> Event {
    let event = Event { for_rule: None, at, ..scope.event.clone() };
    if scope.changed { event.with(lifecycle::CHANGED, Value::Bool(true)) } else { event }
}

/// A timer of a rule, or why there is none.
pub(super) enum Armed {
    Later(Box<Later>),
    /// Not this rule's anchor.
    No,
    /// It cannot be armed, for this reason.
    Skipped(String),
}

/// The timer that a rule arms for an event of its anchor (or looks at again when it is due).
pub(super) fn arm(scope: &Scope<'_>, timer: &Timer<'_>) -> Armed {
    let (event, Timer { anchor, before, delay, nth }) = (scope.event, *timer);
    // Looked at again it is the same timer: it counts from the event that it counted from at first.
    let (at, first) = match &event.for_rule {
        Some(ForRule { look: Look::Timer { anchor, of, .. }, .. }) => (*anchor, of.map_or(event.id, |(_, first)| first)),
        _ => (event.at, event.id),
    };
    let (from, stored, about) = match anchor {
        Anchor::Event(kind) if *kind == event.kind => (at, first.0.stored(), first.to_string()),
        Anchor::Event(_) => return Armed::No,
        Anchor::ExpiresAt => match scope.attempt.and_then(|attempt| Some((attempt, attempt.expires_at?))) {
            // The attempt, not the event, is the anchor: a new expiry moves the timer.
            Some((attempt, expires)) => (expires, attempt.id.0.stored(), attempt.id.to_string()),
            None => return Armed::No,
        },
    };
    let Some(delay) = delay else { return Armed::Skipped("its delay is not set".into()) };
    let delay = if before { -delay.abs() } else { delay };
    let Ok(due) = from.checked_add(delay) else { return Armed::Skipped("its time is beyond all calendars".into()) };
    let side = if before { "before" } else { "after" };
    let (written, nth_written) = (format!("{anchor:?}"), nth.to_string());
    let mut parts = vec![scope.set.name().as_str(), scope.rule.name.as_str(), &about, &written, side];
    if nth > 0 {
        parts.push(&nth_written);
    }
    let id = TimerId::derive(stored, &parts);
    let anchor = Event { id: first, ..anchored(scope, at) };
    Armed::Later(Box::new(Later {
        id,
        pack: scope.set.name().clone(),
        rule: scope.rule.name.clone(),
        kind: LaterKind::Timer,
        due,
        anchor,
        anchor_time: from,
    }))
}

/// A timer trigger of a rule, with its delay as the account's settings give it now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timer<'r> {
    pub(super) anchor: &'r Anchor,
    pub(super) before: bool,
    /// `None`: its setting is not set.
    pub(super) delay: Option<SignedDuration>,
    /// How many of the rule's timers before it count from the same: a rule may want one after a day and one after a week. Not the
    /// delay tells them apart, since a changed delay moves a timer.
    nth: usize,
}

/// Every timer trigger of a rule.
pub(super) fn timers<'r>(scope: &Scope<'_>, rule: &'r Rule) -> Result<Vec<Timer<'r>>, Stop> {
    let mut found: Vec<Timer<'r>> = Vec::new();
    for trigger in &rule.triggers {
        if let Trigger::Timer { before, delay, of } = trigger {
            let delay = match scope.operand(delay, None)?.as_deref() {
                Some(Value::Duration { duration }) => Some(*duration),
                _ => None,
            };
            let nth = found.iter().filter(|timer| timer.anchor == of && timer.before == *before).count();
            found.push(Timer { anchor: of, before: *before, delay, nth });
        }
    }
    Ok(found)
}

/// Whether the expiry of an attempt may be news after this event.
pub(super) fn tells_expiry(event: &Event, attempt: Option<&Assessment>) -> bool {
    let telling = matches!(
        event.kind,
        EventKind::Assessment(
            AssessmentEvent::Invited | AssessmentEvent::Reinvited | AssessmentEvent::Opened | AssessmentEvent::Reopened
        ) | EventKind::Done(_)
    );
    telling && attempt.is_some_and(|attempt| attempt.expires_at.is_some())
}

/// The event that a due timer becomes. A look of `settle` keeps the id of its event, so that what it plans has the ids it would have
/// had at once; a timer of a rule is an event of its own, which happens when it is due.
pub fn due(later: &Later) -> Event {
    let anchor = &later.anchor;
    let look = match later.kind {
        LaterKind::Settle { round } => Look::Settle { round },
        LaterKind::Timer => Look::Timer { due: later.due, anchor: anchor.at, of: Some((later.id, anchor.id)) },
    };
    let for_rule = Some(ForRule { pack: later.pack.clone(), rule: later.rule.clone(), look });
    match later.kind {
        LaterKind::Settle { .. } => Event { for_rule, ..anchor.clone() },
        LaterKind::Timer => Event {
            // Re-armed for another time it is another event.
            id: EventId::derive(anchor.id.0.stored(), &["timer", &later.id.to_string(), &later.due.to_string()]),
            at: later.due,
            received: later.due,
            // Time counted from what was there before the rule stays with it.
            class: if anchor.class == Class::Backfill { Class::Backfill } else { Class::Timer },
            for_rule,
            // What the ledger says is already so.
            applied: true,
            ..anchor.clone()
        },
    }
}

/// The same event again, for one rule, because an effect of it waited long: is the rule still true?
pub fn late(event: &Event, pack: crate::model::PackName, rule: crate::model::RuleName) -> Event {
    Event { for_rule: Some(ForRule { pack, rule, look: Look::Late }), ..event.clone() }
}

fn id(scope: &Scope<'_>, event: &EventId, what: &str) -> TimerId {
    let parts = [scope.set.name().as_str(), scope.rule.name.as_str(), &event.to_string(), what];
    TimerId::derive(event.0.stored(), &parts)
}
