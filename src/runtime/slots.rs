//! How many pieces of work of one kind are under way at once.
//!
//! Each account's Lever takes ten requests a second, so for one account more would only wait in line; each further account brings a
//! budget of its own and room for it. What would wait for long gives its slot back (`call`), so that slots are for what gets on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// For one account.
const FIRST: usize = 32;
/// For each further account.
const EACH: usize = 4;
/// However many accounts there are.
const MOST: usize = 512;

/// The slots of one loop.
pub(super) struct Slots {
    semaphore: Arc<Semaphore>,
    size: AtomicUsize,
}

impl Slots {
    pub(super) fn new() -> Self {
        Self { semaphore: Arc::new(Semaphore::new(FIRST)), size: AtomicUsize::new(FIRST) }
    }

    /// Waits for a free slot and says how many are free; `None` when cancelled. Accounts that were added bring more; what a reload takes
    /// away leaves them, unused.
    pub(super) async fn free(&self, accounts: usize, cancel: &CancellationToken) -> Option<usize> {
        let want = wanted(accounts);
        let size = self.size.fetch_max(want, Ordering::Relaxed);
        self.semaphore.add_permits(want.saturating_sub(size));
        tokio::select! { biased;
            () = cancel.cancelled() => None,
            permit = self.semaphore.acquire() => {
                drop(permit.ok()?);
                Some(self.semaphore.available_permits().max(1))
            }
        }
    }

    /// One of the free slots, until it is dropped.
    pub(super) fn take(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.semaphore).try_acquire_owned().ok()
    }
}

fn wanted(accounts: usize) -> usize {
    (FIRST + EACH * accounts.saturating_sub(1)).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn accounts_bring_slots_and_cancelling_ends_the_wait() {
        let (slots, cancel) = (Slots::new(), CancellationToken::new());
        assert_eq!(slots.free(0, &cancel).await, Some(32));
        assert_eq!(slots.free(1, &cancel).await, Some(32));
        assert_eq!(slots.free(11, &cancel).await, Some(72));
        assert_eq!(slots.free(2, &cancel).await, Some(72));
        assert_eq!(slots.free(1_000, &cancel).await, Some(512));
        let taken: Vec<_> = (0..512).map_while(|_| slots.take()).collect();
        assert_eq!(taken.len(), 512);
        assert!(slots.take().is_none());
        cancel.cancel();
        assert_eq!(slots.free(1, &cancel).await, None);
    }
}
