//! What was there before a rule enters like everything else: as a delivery, by the first commit.

use crate::model::{Delivery, DeliveryId, Event, Source};
use crate::store::{Received, Result, Store};
use jiff::Timestamp;

/// Stores events that a person wants one rule to see; how many of them were not stored before. The same event again changes nothing.
pub async fn take(store: &Store, events: Vec<Event>, now: Timestamp) -> Result<usize> {
    let mut fresh = 0;
    for event in events {
        let dedupe = event.id.to_string();
        let delivery = Delivery {
            id: DeliveryId::derive(now, &[event.account.as_str(), "backfill", &dedupe]),
            account: event.account.clone(),
            source: Source::Backfill(Box::new(event)),
            dedupe,
            digest: String::new(),
            body: Vec::new(),
            received: now,
            hint: None,
        };
        fresh += usize::from(store.deliver(delivery).await? == Received::Stored);
    }
    Ok(fresh)
}
