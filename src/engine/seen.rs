//! What a name of the vocabulary was when an event was planned: from the event and the facts that were stored with it.

use super::scope::attempt_field;
use crate::lang::vocabulary;
use crate::model::{Event, Facts, Value};

/// The value; `Some(None)` where it is known to have been absent, `None` where the plan did not read it.
pub fn seen(event: &Event, facts: &Facts, name: &str) -> Option<Option<Value>> {
    match name {
        "event.at" => return Some(Some(Value::date(event.at))),
        "event.id" => return Some(Some(Value::text(event.id.to_string()))),
        "event.changed" => return None,
        _ => {}
    }
    if let Some(field) = name.strip_prefix("assessment.") {
        let attempt = facts.ledger.iter().find(|row| Some(row.id) == event.assessment)?;
        return Some(attempt_field(attempt, field));
    }
    match vocabulary::group(name) {
        // Only what was read is kept, so that what lacks may not have been asked for.
        Some(_) => facts.values.get(name).cloned().map(Some),
        None => Some(event.fields.get(name).cloned()),
    }
}
