//! What would follow from an effect if the outside answered so: the facts afterwards, and the events that come back. Rule tests and
//! `dry-run --follow` go on with it; what really happens is the executor's to say.

use super::{called, lifecycle, overlay};
use crate::lang::adapter::Adapter;
use crate::model::{
    Act, Assessment, AssessmentEvent, Code, Effect, EffectId, Event, EventId, EventKind, Facts, Invite, InviteMode, Reason,
    Value,
};
use std::collections::BTreeMap;

/// What the vendor answers to an invitation or a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    Accepts,
    /// None yet: the attempt stays requested.
    Silent,
    /// Refused, with this text.
    Refuses(&'a str),
}

/// Does an effect to the facts, the ledger's rows among them, and gives the events that come of it, each with the move of ours that it
/// is the echo of. `adapter` is that of the effect's vendor, if it has one.
pub fn outcome(
    facts: &mut Facts,
    event: &Event,
    effect: &Effect,
    answer: Answer<'_>,
    adapter: Option<&Adapter>,
) -> Vec<(Event, Option<EffectId>)> {
    let before = facts.values.get("opportunity.stage").cloned();
    *facts = overlay(facts, std::slice::from_ref(effect));
    let now = facts.now;
    let came = |kind: EventKind, fields: BTreeMap<String, Value>, attempt: Option<&Assessment>| {
        let id = EventId::derive(event.id.0.stored(), &[&effect.id.to_string(), &kind.to_string()]);
        let mut next = Event::new(id, event.account.clone(), kind, event.opportunity.clone(), now);
        next.fields = fields;
        next.assessment = attempt.map(|row| row.id);
        next.applied = true;
        next.cause = Some(effect.id);
        next.depth = event.depth.saturating_add(1);
        next
    };
    match &effect.act {
        Act::Invite(invite) => {
            let Some((step, fields)) = answered(answer, invite) else { return Vec::new() };
            let Some(row) = facts.ledger.iter().find(|row| row.id == invite.assessment) else { return Vec::new() };
            let row = lifecycle::apply(row, step, &fields, now);
            let event = came(EventKind::Assessment(step), fields, Some(&row));
            put(facts, row);
            vec![(event, None)]
        }
        // Lever tells us of our own move as of anybody's.
        Act::Stage(_) if facts.values.get("opportunity.stage") != before.as_ref() => {
            let mut fields = BTreeMap::new();
            fields.extend(before.map(|stage| ("from_stage".to_owned(), stage)));
            fields.extend(facts.values.get("opportunity.stage").map(|stage| ("to_stage".to_owned(), stage.clone())));
            let mut moved = came(EventKind::STAGE_CHANGE, fields, None);
            (moved.cause, moved.applied) = (None, false);
            vec![(moved, Some(effect.id))]
        }
        Act::Call(call) => {
            let row = facts.ledger.iter().find(|row| Some(row.id) == call.assessment).cloned();
            let called = match (answer, adapter) {
                (Answer::Accepts, Some(adapter)) => called::done(adapter, &call.operation, row.as_ref(), &BTreeMap::new(), now),
                (Answer::Refuses(why), _) => called::failed(&call.operation, &Reason::new(Code::R4, why)),
                _ => called::Called::default(),
            };
            let about = called.row.as_ref().or(row.as_ref());
            let events = called.events.into_iter().map(|(kind, fields)| (came(kind, fields, about), None)).collect();
            if let Some(row) = called.row {
                put(facts, row);
            }
            events
        }
        _ => Vec::new(),
    }
}

/// Puts a row of the ledger among the facts.
pub fn put(facts: &mut Facts, row: Assessment) {
    match facts.ledger.iter_mut().find(|known| known.id == row.id) {
        Some(known) => *known = row,
        None => facts.ledger.push(row),
    }
}

/// What an invitation comes to, if the vendor answers.
fn answered(answer: Answer<'_>, invite: &Invite) -> Option<(AssessmentEvent, BTreeMap<String, Value>)> {
    match (answer, invite.mode) {
        (Answer::Accepts, InviteMode::New) => Some((AssessmentEvent::Invited, BTreeMap::new())),
        (Answer::Accepts, InviteMode::Refresh) => Some((AssessmentEvent::Reinvited, BTreeMap::new())),
        (Answer::Silent, _) => None,
        (Answer::Refuses(why), _) => {
            let fields = [("failure.message", why), ("failure.code", Code::R4.as_str())];
            let fields = fields.map(|(name, text)| (name.to_owned(), Value::text(text)));
            Some((AssessmentEvent::InviteFailed, fields.into()))
        }
    }
}
