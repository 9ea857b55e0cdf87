//! An event that happened before, put before the rules of today.
//!
//! It enters like a backfill and plans under the id of the event that it repeats, so that whatever that event has led to already is known
//! by its own id and is not done again: a replay can only add what the rules of then did not want.

use super::derive;
use crate::model::{Class, Event, EventId, ForRule, Look, PackName, RuleName};
use jiff::Timestamp;

/// The repetition of a stored event, for one rule or for all. The same event before the same rules (`rules` is their hash) has the same
/// id, so that asking twice does nothing twice.
pub fn again(event: &Event, rules: &str, rule: Option<(&PackName, &RuleName)>) -> Event {
    let (pack, name) = rule.map_or(("", ""), |(pack, rule)| (pack.as_str(), rule.as_str()));
    let parts = ["replay", event.account.as_str(), &event.id.to_string(), rules, pack, name];
    let mut again = derive::under(event, EventId::derive(Timestamp::UNIX_EPOCH, &parts));
    again.class = Class::Backfill;
    again.for_rule = rule.map(|(pack, rule)| ForRule { pack: pack.clone(), rule: rule.clone(), look: Look::Backfill });
    // The ledger knows of it already, and nothing of now has caused it.
    again.applied = true;
    (again.cause, again.depth) = (None, 0);
    again
}

/// Whether a stored event happened by itself: not a look again of ours at another one.
pub fn is_occurrence(event: &Event) -> bool {
    event.for_rule.is_none() && !derive::stands_for_another(event)
}
