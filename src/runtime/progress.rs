//! How much work of an account stands, and when it should be done: one answer for `leverd status` and for the console.
//!
//! Pure: it is told the counts of the store, what the budget holds, and the time.

use crate::http::Left;
use crate::model::AccountId;
use crate::store::Count;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// About so many calls to Lever each row leads to before all that follows from it has ended, as the shipped rules have it: a delivery is
/// confirmed by a read, and its invitation leads to a tag that is added and one that is removed; so do an event and an effect.
const CALLS: [(&str, f64); 4] = [("delivery", 3.0), ("event", 2.0), ("effect", 2.0), ("timer", 2.0)];

/// Work that stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backlog {
    /// Due, or under way.
    pub open: u64,
    /// About so many calls to Lever are left in it.
    pub calls: u64,
    /// For later: timers, back-offs.
    pub later: u64,
    /// When the first of it is due.
    pub next: Option<Timestamp>,
    /// When what is open should be done, as Lever's budget allows: calls left by calls a second. `None` where nothing is open, or
    /// nothing can be sent.
    pub ends: Option<Timestamp>,
}

/// The work of one account. `left` is what the budget of its credential holds, `None` where nothing can be sent.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, and never below nothing"
)]
pub fn of(counts: &[Count], account: &AccountId, left: Option<Left>, now: Timestamp) -> Backlog {
    let mut backlog = Backlog::default();
    let mut calls = 0.0;
    for count in counts.iter().filter(|count| count.account == *account) {
        match count.state {
            "due" | "begun" => {
                backlog.open += count.rows;
                let each = CALLS.iter().find(|(kind, _)| *kind == count.kind).map_or(1.0, |(_, calls)| *calls);
                calls += each * count.rows as f64;
            }
            "waiting" => {
                backlog.later += count.rows;
                backlog.next = [backlog.next, count.oldest].into_iter().flatten().min();
            }
            _ => {}
        }
    }
    backlog.calls = calls.ceil() as u64;
    if let Some(left) = left.filter(|_| backlog.open > 0) {
        let seconds = ((calls - left.requests) / left.per_second.max(0.1)).max(0.0).ceil();
        backlog.ends = SignedDuration::try_from_secs_f64(seconds).ok().and_then(|takes| now.checked_add(takes).ok());
    }
    backlog
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_the_calls_left_by_the_rate_and_nothing_ends_where_nothing_can_be_sent() {
        let (acme, now) = (AccountId::new("acme"), Timestamp::UNIX_EPOCH);
        let count = |account: &AccountId, kind, state, rows, due| Count {
            account: account.clone(),
            kind,
            state,
            rows,
            oldest: Timestamp::from_second(due).ok(),
        };
        let counts = [
            count(&acme, "delivery", "due", 5_000, 0),
            count(&acme, "effect", "begun", 10, 0),
            count(&acme, "timer", "waiting", 3, 90),
            count(&acme, "effect", "waiting", 1, 60),
            count(&acme, "event", "parked", 7, 0),
            count(&AccountId::new("other"), "delivery", "due", 9, 0),
        ];
        let left = Left { requests: 2.0, of: 20, per_second: 10.0, paused: false };
        let backlog = of(&counts, &acme, Some(left), now);
        let at = |second| Timestamp::from_second(second).ok();
        let expected = Backlog { open: 5_010, calls: 15_020, later: 4, next: at(60), ends: at(1_502) };
        assert_eq!(backlog, expected);
        assert_eq!(of(&counts, &acme, None, now), Backlog { ends: None, ..expected });
        assert_eq!(of(&[], &acme, Some(left), now), Backlog::default());
    }
}
