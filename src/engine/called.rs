//! What became of a call: the ledger's row after it, and the events that rules hear.
//!
//! What a success means for the attempt stands in `vendor.yaml` (`emits`) and is judged by the lifecycle like anything that a vendor
//! tells; so a cancelled attempt stays cancelled when the vendor's own word of it comes later.

use super::lifecycle::{self, Fields, Judged};
use crate::lang::adapter::{Adapter, Operation};
use crate::model::{Assessment, EventKind, Reason, Value};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What a call leads to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Called {
    /// The row as it is now, if that changed.
    pub row: Option<Assessment>,
    /// What rules hear, in order, with what each says.
    pub events: Vec<(EventKind, Fields)>,
}

/// A call that was carried out. `learned` is what its answers gave.
///
/// The ledger keeps `url`, `expires_at` and what the invitation gave under the same name; the rest is told to rules as `result.*` and
/// forgotten.
pub fn done(
    adapter: &Adapter,
    operation: &str,
    row: Option<&Assessment>,
    learned: &BTreeMap<String, Value>,
    at: Timestamp,
) -> Called {
    let mut events = vec![(EventKind::Done(operation.to_owned()), results(learned))];
    let Some(before) = row else { return Called { row: None, events } };
    let mut now = before.clone();
    let invited =
        |name: &str| adapter.operations.get("invite").is_some_and(|invite| invite.captures().any(|(known, _)| known == name));
    for (name, value) in learned {
        match (name.as_str(), value) {
            ("url", Value::Text(url)) => now.candidate_url = Some(url.clone()),
            ("expires_at", Value::Date { date }) => now.expires_at = Some(*date),
            ("url" | "expires_at", _) => {}
            (name, value) if invited(name) => drop(now.ids.insert(name.to_owned(), value.to_string())),
            _ => {}
        }
    }
    let emits = adapter.operations.get(operation).and_then(|operation: &Operation| operation.emits);
    if let Some(step) = emits {
        match lifecycle::judge(Some(&now), step, &Fields::new(), at) {
            Judged::Apply { row, .. } => {
                now = *row;
                events.push((EventKind::Assessment(step), Fields::new()));
            }
            // It is over already, or was told before the answer came.
            Judged::Stale(_) | Judged::Same(_) | Judged::Implied(_) => {}
        }
    }
    Called { row: (now != *before).then_some(now), events }
}

/// A call that cannot be carried out.
pub fn failed(operation: &str, reason: &Reason) -> Called {
    let fields = [("failure.message", reason.text.as_str()), ("failure.code", reason.code.as_str())];
    let fields = fields.map(|(name, text)| (name.to_owned(), Value::text(text))).into();
    Called { row: None, events: vec![(EventKind::Failed(operation.to_owned()), fields)] }
}

/// `result.NAME` of each capture that is a single value.
fn results(learned: &BTreeMap<String, Value>) -> Fields {
    let single = learned.iter().filter(|(_, value)| !matches!(value, Value::List(_) | Value::Record { .. }));
    single.map(|(name, value)| (format!("result.{name}"), value.clone())).collect()
}
