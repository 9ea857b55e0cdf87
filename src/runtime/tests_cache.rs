//! The vendors' lists of tests, kept for half a minute: a bulk move reads them once.

use crate::model::{AccountId, TestList, VendorName};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A list is used for this long after its reading began.
const KEEP: SignedDuration = SignedDuration::from_secs(30);

type Lists = HashMap<(AccountId, VendorName), (Timestamp, TestList)>;

/// The lists of one node.
#[derive(Debug, Default)]
pub(crate) struct TestsCache(Mutex<Lists>);

impl TestsCache {
    /// The list, if it was read lately.
    pub(crate) fn get(&self, account: &AccountId, vendor: &VendorName, now: Timestamp) -> Option<TestList> {
        let lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, tests) = lists.get(&(account.clone(), vendor.clone()))?;
        (*read + KEEP > now && *read <= now).then(|| tests.clone())
    }

    /// Keeps a list whose reading began at `read`.
    pub(crate) fn keep(&self, account: &AccountId, vendor: &VendorName, read: Timestamp, tests: TestList) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((account.clone(), vendor.clone()), (read, tests));
    }
}
