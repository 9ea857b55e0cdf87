//! What Lever showed lately, so that events received before a read share it.
//!
//! A snapshot serves every event that was received before the read began, and none received after. After a write of ours it serves no
//! plan: the next one reads what became of it. Where the opportunity stands is not changed by tags, notes, files and forms, so
//! behind them it still serves the move that follows; a move of ours forgets it.

use crate::lever::api::{Opportunity, Posting};
use crate::model::{AccountId, OpportunityId};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A snapshot is forgotten after this long in any case; it holds personal data.
const KEEP: SignedDuration = SignedDuration::from_mins(2);
/// More are not kept.
const MOST: usize = 2_000;

/// What was read of an opportunity.
#[derive(Debug)]
struct Snapshot {
    /// When the read began.
    read: Timestamp,
    row: Arc<Opportunity>,
    /// Whether we wrote to it since.
    written: bool,
}

#[derive(Debug, Default)]
struct Kept {
    opportunities: HashMap<(AccountId, OpportunityId), Snapshot>,
    postings: HashMap<(AccountId, String), (Timestamp, Arc<Posting>)>,
    /// When we last wrote to an opportunity: what was read across that shows nobody knows which state.
    written: HashMap<(AccountId, OpportunityId), Timestamp>,
}

/// The snapshots of one node.
#[derive(Debug, Default)]
pub(crate) struct Snapshots(Mutex<Kept>);

impl Snapshots {
    /// The opportunity, if it was read after `received` and we wrote nothing to it since.
    pub(crate) fn opportunity(&self, account: &AccountId, id: &OpportunityId, received: Timestamp) -> Option<Arc<Opportunity>> {
        self.look(account, id, |kept| kept.read > received && !kept.written)
    }

    /// The same for a move, which asks only where the opportunity stands: if it was read after `since` and we did not move it since.
    pub(crate) fn standing(&self, account: &AccountId, id: &OpportunityId, since: Timestamp) -> Option<Arc<Opportunity>> {
        self.look(account, id, |kept| kept.read > since)
    }

    fn look(&self, account: &AccountId, id: &OpportunityId, fits: impl Fn(&Snapshot) -> bool) -> Option<Arc<Opportunity>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.opportunities.get(&(account.clone(), id.clone())).filter(|kept| fits(kept)).map(|kept| Arc::clone(&kept.row))
    }

    /// The posting, likewise.
    pub(crate) fn posting(&self, account: &AccountId, id: &str, received: Timestamp) -> Option<Arc<Posting>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.postings.get(&(account.clone(), id.to_owned())).filter(|(read, _)| *read > received).map(|(_, it)| Arc::clone(it))
    }

    /// Keeps an opportunity whose read began at `read`.
    pub(crate) fn keep(&self, account: &AccountId, read: Timestamp, opportunity: Arc<Opportunity>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.written.get(&(account.clone(), opportunity.id.clone())).is_some_and(|written| *written >= read) {
            return;
        }
        if kept.opportunities.len() >= MOST {
            kept.opportunities.retain(|_, kept| kept.read + KEEP > read);
        }
        if kept.opportunities.len() < MOST {
            let snapshot = Snapshot { read, row: opportunity, written: false };
            kept.opportunities.insert((account.clone(), snapshot.row.id.clone()), snapshot);
        }
    }

    /// Keeps a posting.
    pub(crate) fn keep_posting(&self, account: &AccountId, read: Timestamp, posting: Arc<Posting>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.postings.len() >= MOST {
            kept.postings.retain(|_, (at, _)| *at + KEEP > read);
        }
        kept.postings.insert((account.clone(), posting.id.clone()), (read, posting));
    }

    /// We wrote something to the opportunity that is no move: what was read before, or is still being read, serves no plan.
    pub(crate) fn wrote(&self, account: &AccountId, id: &OpportunityId, now: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (account.clone(), id.clone());
        if let Some(snapshot) = kept.opportunities.get_mut(&key) {
            snapshot.written = true;
        }
        kept.written.insert(key, now);
    }

    /// Forgets an opportunity, and what is still being read of it: we moved it, or its data was purged.
    pub(crate) fn forget(&self, account: &AccountId, id: &OpportunityId, now: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.written.insert((account.clone(), id.clone()), now);
        kept.opportunities.remove(&(account.clone(), id.clone()));
    }

    /// Forgets what is older than two minutes.
    pub(crate) fn sweep(&self, now: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.opportunities.retain(|_, kept| kept.read + KEEP > now);
        kept.postings.retain(|_, (at, _)| *at + KEEP > now);
        kept.written.retain(|_, at| *at + KEEP > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_being_read_while_we_wrote_is_not_kept() {
        let (snapshots, account, id) = (Snapshots::default(), AccountId::new("acme"), OpportunityId::new("o1"));
        let at = |seconds: i64| Timestamp::from_second(1_000 + seconds).unwrap();
        let read = || Arc::new(Opportunity::of(&serde_json::json!({ "id": "o1" })).unwrap());
        snapshots.forget(&account, &id, at(2));
        snapshots.keep(&account, at(1), read());
        assert!(snapshots.opportunity(&account, &id, at(0)).is_none());
        snapshots.keep(&account, at(3), read());
        assert!(snapshots.opportunity(&account, &id, at(0)).is_some());
    }

    #[test]
    fn after_a_note_it_is_known_where_the_opportunity_stands_and_after_a_move_it_is_not() {
        let (snapshots, account, id) = (Snapshots::default(), AccountId::new("acme"), OpportunityId::new("o1"));
        let at = |seconds: i64| Timestamp::from_second(1_000 + seconds).unwrap();
        let read = Arc::new(Opportunity::of(&serde_json::json!({ "id": "o1" })).unwrap());
        snapshots.keep(&account, at(1), read);
        snapshots.wrote(&account, &id, at(2));
        assert!(snapshots.opportunity(&account, &id, at(0)).is_none());
        assert!(snapshots.standing(&account, &id, at(0)).is_some());
        assert!(snapshots.standing(&account, &id, at(1)).is_none(), "it is too old");
        snapshots.forget(&account, &id, at(3));
        assert!(snapshots.standing(&account, &id, at(0)).is_none());
    }
}
