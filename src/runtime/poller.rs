//! When Lever is asked what changed: begins a look, as a delivery, whenever one is due in an account that polls.
//!
//! How far looks came and the delivery are one commit: killed at any point, a look is repeated, never skipped. A look begins where
//! the look before the last one began, so that whatever changed is listed twice: paging skips rows that move meanwhile, and Lever's
//! clock is not ours. What a look does is in [`super::look`].

use super::account::Account;
use super::call::Node;
use super::clock::TOLERATED;
use crate::model::{AccountId, Delivery, DeliveryId, Listed, Poll, Source};
use crate::store::{Result, Store};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What the store calls how far looks came.
pub const CURSOR: &str = "lever";
/// Lever's clock may be that far from ours.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// The longest sleep.
const LONGEST: SignedDuration = SignedDuration::from_mins(1);
/// A look that is under way is asked after again after this.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(10);

/// How far looks came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// When polling was switched on.
    pub began: Timestamp,
    /// When the look before the last one began.
    pub before: Timestamp,
    /// When the last look began.
    pub last: Timestamp,
}

impl Cursor {
    /// How far looks came in an account; `None` where it never polled, or has not since polling was switched off.
    pub async fn of(store: &Store, account: &AccountId) -> Result<Option<Self>> {
        let kept = store.cursor(account, CURSOR).await?;
        Ok(kept.and_then(|kept| serde_json::from_str(&kept).ok()))
    }

    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// When the next look is due. A last look in the future tells of a clock that was set back.
    fn due(&self, every: SignedDuration, now: Timestamp) -> Timestamp {
        if self.last > now { now } else { self.last + every }
    }

    /// The look that begins now, and how far looks came then.
    fn next(cursor: Option<Self>, now: Timestamp) -> (Self, Poll) {
        let poll = |list, began, since| Poll { list, began, look: now, since, page: None, number: 0, restarts: 0 };
        match cursor {
            None => (Self { began: now, before: now, last: now }, poll(Listed::Baseline, now, now)),
            Some(Self { began, before, last }) => {
                let since = before.min(now) - SKEW;
                (Self { began, before: last.min(now), last: now }, poll(Listed::Changed, began, since))
            }
        }
    }
}

/// The delivery of one page.
pub(super) fn delivery(account: &AccountId, poll: Poll, now: Timestamp) -> Delivery {
    let dedupe = format!("{}/{}", poll.look.as_millisecond(), poll.number);
    Delivery {
        id: DeliveryId::derive(now, &[account.as_str(), "poll", &dedupe]),
        account: account.clone(),
        source: Source::Poll(Box::new(poll)),
        dedupe,
        digest: String::new(),
        body: Vec::new(),
        received: now,
        hint: None,
    }
}

/// Begins looks until cancelled. Not while the clock is in doubt: it says since when.
pub(super) async fn run(node: Arc<Node>, cancel: CancellationToken) {
    let mut off = BTreeSet::new();
    while !cancel.is_cancelled() {
        let mut next = node.clock.now() + LONGEST;
        if node.clock.jump().abs() <= TOLERATED {
            for account in node.mine().values() {
                match account.poll {
                    Some(every) => {
                        off.remove(&account.id);
                        match begin(&node, account, every).await {
                            Ok(due) => next = next.min(due),
                            Err(error) => tracing::error!(%error, account = %account.id, "a look at Lever could not begin"),
                        }
                    }
                    None if off.insert(account.id.clone()) => forget(&node, &account.id).await,
                    None => {}
                }
            }
        }
        let sleep = Duration::try_from(next.duration_since(node.clock.now())).unwrap_or_default();
        tokio::select! { biased;
            () = cancel.cancelled() => {}
            () = node.wake.notified() => {}
            () = tokio::time::sleep(sleep.max(Duration::from_millis(50))) => {}
        }
    }
}

/// Begins a look if one is due; when to ask again.
async fn begin(node: &Node, account: &Account, every: SignedDuration) -> Result<Timestamp> {
    let now = node.clock.now();
    let cursor = Cursor::of(&node.store, &account.id).await?;
    if let Some(due) = cursor.map(|cursor| cursor.due(every, now)).filter(|due| *due > now) {
        return Ok(due);
    }
    // One look at a time: what a second one could find, the next one finds.
    if node.store.polling(&account.id).await? {
        return Ok(now + UNDER_WAY);
    }
    let (cursor, poll) = Cursor::next(cursor, now);
    node.store.deliver_look(CURSOR, &cursor.text(), delivery(&account.id, poll, now)).await?;
    Ok(now + every)
}

/// Polling is off: should it be switched on again, it begins anew, and what happened meanwhile fires nothing.
async fn forget(node: &Node, account: &AccountId) {
    let forgotten = async {
        match Cursor::of(&node.store, account).await? {
            Some(_) => node.store.set_cursor(account, CURSOR, "").await,
            None => Ok(()),
        }
    };
    if let Err(error) = forgotten.await {
        tracing::error!(%error, %account, "how far polling came could not be forgotten");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b26_each_change_is_listed_by_two_looks_whatever_the_clock_does() {
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(60 * 24 * 365 + minutes);
        let (mut cursor, first) = Cursor::next(None, at(0));
        assert_eq!((first.list, first.began), (Listed::Baseline, at(0)));
        let mut looks = Vec::new();
        for now in [15, 30, 45] {
            assert_eq!(cursor.due(SignedDuration::from_mins(15), at(now)), at(now));
            let (next, poll) = Cursor::next(Some(cursor), at(now));
            looks.push(poll.since.duration_since(at(0)).as_mins());
            cursor = next;
        }
        assert_eq!(looks, [-5, -5, 10]);
        // A week in which nothing ran, and a clock that was set back: what came meanwhile is still listed.
        let (late, poll) = Cursor::next(Some(cursor), at(10_080));
        assert_eq!(poll.since, at(30) - SKEW);
        assert_eq!(late.due(SignedDuration::from_mins(15), at(50)), at(50));
        let (_, poll) = Cursor::next(Some(late), at(50));
        assert_eq!(poll.since, at(45) - SKEW);
    }
}
