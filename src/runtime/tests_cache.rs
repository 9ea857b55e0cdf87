//! The vendors' lists of tests, kept for half a minute, and longer while others wait for a vendor that allows few requests: a bulk move
//! reads them seldom, and one at a time.

use crate::model::{AccountId, TestList, VendorName};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A list is used for so long after its reading began, in seconds.
const KEEP: f64 = 30.0;
/// Reading a list costs a request: it takes no more than one in so many of them.
const SELDOM: f64 = 20.0;
/// However few requests there are, a list is no older than this, in seconds.
const OLDEST: f64 = 600.0;

/// Whose turn it is to read a list.
type Turns = Arc<tokio::sync::Mutex<()>>;
type Lists = HashMap<(AccountId, VendorName), (Timestamp, TestList)>;

/// The lists of one node.
#[derive(Debug, Default)]
pub(crate) struct TestsCache {
    lists: Mutex<Lists>,
    reading: Mutex<HashMap<(AccountId, VendorName), Turns>>,
}

impl TestsCache {
    /// The list, if it was read lately. `crowded`: others wait for the vendor, which allows so many requests a second.
    pub(crate) fn get(
        &self,
        account: &AccountId,
        vendor: &VendorName,
        crowded: Option<f64>,
        now: Timestamp,
    ) -> Option<TestList> {
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, tests) = lists.get(&(account.clone(), vendor.clone()))?;
        (*read + keep(crowded) > now && *read <= now).then(|| tests.clone())
    }

    /// Held by whoever reads the list: others wait, and use it too.
    pub(crate) fn reading(&self, account: &AccountId, vendor: &VendorName) -> Turns {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(reading.entry((account.clone(), vendor.clone())).or_default())
    }

    /// Connections may be others now.
    pub(crate) fn forget(&self) {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Keeps a list whose reading began at `read`.
    pub(crate) fn keep(&self, account: &AccountId, vendor: &VendorName, read: Timestamp, tests: TestList) {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).insert((account.clone(), vendor.clone()), (read, tests));
    }
}

fn keep(crowded: Option<f64>) -> SignedDuration {
    SignedDuration::try_from_secs_f64(crowded.map_or(KEEP, |per_second| (SELDOM / per_second).clamp(KEEP, OLDEST)))
        .unwrap_or(SignedDuration::from_secs(30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_kept_longer_where_reading_it_costs_more() {
        assert_eq!(keep(None).as_secs(), 30);
        let kept = |per_second| keep(Some(per_second)).as_secs();
        assert_eq!([10.0, 1.0, 0.5, 500.0 / 3_600.0, 1.0 / 3_600.0, 0.0].map(kept), [30, 30, 40, 144, 600, 600]);
    }
}
