//! What a notification means, now that everything it names was read: typed events, or a refusal before any rule runs.

use super::border::conform;
use super::webhook::{Notification, mappings};
use crate::lang::adapter::{Adapter, Emit, Mapping, Source};
use crate::model::{AssessmentEvent, Code, Reason, Value};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Emission {
    pub event: AssessmentEvent,
    /// `result.NAME`, as events and the ledger hold them. Every declared field that is not optional is there.
    pub fields: BTreeMap<String, Value>,
    pub at: Timestamp,
}

/// The events that a notification becomes, in file order. `answers` are the `learned` captures of each read by operation; an optional
/// read that was refused is not in it. `received` is the time of events that tell none.
pub fn emit(
    adapter: &Adapter,
    notification: &Notification,
    answers: &BTreeMap<String, BTreeMap<String, Value>>,
    received: Timestamp,
) -> Result<Vec<Emission>, Reason> {
    let Some(webhook) = &adapter.webhook else { return Ok(Vec::new()) };
    emit_from(adapter, mappings(webhook, &notification.event), notification, answers, received)
}

/// The same with mappings from wherever.
pub(super) fn emit_from<'a>(
    adapter: &Adapter,
    mappings: impl Iterator<Item = &'a Mapping>,
    notification: &Notification,
    answers: &BTreeMap<String, BTreeMap<String, Value>>,
    received: Timestamp,
) -> Result<Vec<Emission>, Reason> {
    let look = |source: &Source| match source {
        Source::Event => Some(Value::text(&notification.event)),
        Source::Body(name) => notification.captures.get(name).cloned(),
        Source::Read { operation, name } => answers.get(operation)?.get(name).cloned(),
        Source::Literal(value) => Some(value.clone()),
        Source::Header(_) | Source::Signature(_) => None,
    };
    let mut emissions = Vec::new();
    for mapping in mappings {
        if mapping.when.as_ref().is_none_or(|when| when.holds(&mut |source: &Source| look(source))) {
            for emit in &mapping.emit {
                emissions.push(one(adapter, emit, &look, received)?);
            }
        }
    }
    Ok(emissions)
}

fn one(
    adapter: &Adapter,
    emit: &Emit,
    look: &impl Fn(&Source) -> Option<Value>,
    received: Timestamp,
) -> Result<Emission, Reason> {
    let refused = |what: String| Reason::new(Code::R5, format!("{} `{}`: {what}", adapter.title, emit.event));
    let mut fields = BTreeMap::new();
    for (name, field) in adapter.event(emit.event).into_iter().flatten() {
        match emit.fields.get(name).and_then(look) {
            Some(value) => {
                let value = conform(value, &field.ty).map_err(|why| refused(format!("`{name}`: {why}")))?;
                fields.insert(format!("result.{name}"), value);
            }
            None if field.optional => {}
            None => return Err(refused(format!("`{name}` is missing"))),
        }
    }
    let at = match emit.at.as_ref().and_then(look) {
        Some(value) => match conform(value, &crate::model::Type::Date).map_err(|why| refused(format!("`at`: {why}")))? {
            Value::Date { date } => date,
            _ => received,
        },
        None => received,
    };
    Ok(Emission { event: emit.event, fields, at })
}
