//! Webhook deliveries of all services: what is in one, the queue, and the history that the control handle shows.
//!
//! `courier` sends; this module decides what leaves, in which order, and keeps the record. It reads the switches and knows
//! neither Lever's records nor a vendor's.

mod courier;
mod manners;

use std::collections::BTreeMap;

use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::faults::Faults;
use super::ids::Ids;
use super::lever::sign;
use super::log::Service;

pub(crate) use courier::{Post, run};
pub(crate) use manners::{LEVER, Manners, any_success};

/// A message to one address.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) service: Service,
    pub(crate) event: String,
    pub(crate) url: String,
    pub(crate) content: Content,
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// Lever's envelope (lever-api §4.1). Without a key it is not signed.
    Signed {
        id: Option<String>,
        triggered_at: i64,
        token: String,
        key: Option<String>,
        data: Value,
    },
    /// A vendor's body as it is.
    Plain(Value),
    Sealed(Sealed),
}

/// A vendor's request with headers that prove who sends it.
#[derive(Debug, Clone)]
pub(crate) struct Sealed {
    pub(crate) method: Method,
    /// Of the message, the same for each try; empty where the vendor has none.
    pub(crate) id: String,
    /// Null is an empty body.
    pub(crate) body: Value,
    pub(crate) secret: String,
    /// The headers, for the address, the body and the time in milliseconds. Each try is sealed anew.
    pub(crate) seal: Seal,
}

pub(crate) type Headers = Vec<(&'static str, String)>;
pub(crate) type Seal = fn(sealed: &Sealed, url: &str, body: &str, now: i64) -> Headers;

impl Parcel {
    fn body(&self) -> Value {
        match &self.content {
            Content::Plain(body) | Content::Sealed(Sealed { body, .. }) => body.clone(),
            Content::Signed { id, triggered_at, token, key, data } => {
                let mut body = json!({
                    "event": self.event,
                    "triggeredAt": triggered_at,
                    "token": token,
                    "data": data,
                });
                let signature = key.as_ref().map(|key| sign(key, token, *triggered_at));
                for (name, value) in [("id", id), ("signature", &signature)] {
                    if let (Some(value), Some(body)) = (value, body.as_object_mut()) {
                        body.insert(name.into(), value.as_str().into());
                    }
                }
                body
            }
        }
    }

    fn method(&self) -> Method {
        match &self.content {
            Content::Sealed(sealed) => sealed.method.clone(),
            _ => Method::POST,
        }
    }

    /// Headers of its own for the body that is sent now.
    fn headers(&self, body: &str, now: i64) -> Headers {
        match &self.content {
            Content::Sealed(sealed) => (sealed.seal)(sealed, &self.url, body, now),
            _ => Vec::new(),
        }
    }

    /// Gives the parcel a new token, and with it a new signature. Its `triggeredAt` stays: that is when it happened.
    fn renew(&mut self, fresh: &mut Ids) {
        if let Content::Signed { token, .. } = &mut self.content {
            *token = fresh.token();
        }
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Kept until released.
    Held,
    /// To be tried, being tried, or waiting for its next try.
    Open,
    /// Answered with success.
    Delivered,
    /// Given up.
    Failed,
}

/// One delivery and its tries.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delivery {
    /// Counts from 1.
    pub id: u64,
    pub service: Service,
    pub event: String,
    pub url: String,
    /// The body of the latest try, or of the one to come.
    pub body: Value,
    pub state: DeliveryState,
    pub attempts: Vec<Attempt>,
}

/// One try. Exactly one of `status` and `error` is there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attempt {
    /// Milliseconds since the epoch, by the simulator's clock.
    pub at: i64,
    pub status: Option<u16>,
    /// `connect`, `timeout` or `broken`.
    pub error: Option<&'static str>,
}

/// All deliveries so far, and those not yet handed to the courier.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    entries: BTreeMap<u64, (Parcel, Delivery)>,
    held: Vec<u64>,
    /// The delivery that the next one shall overtake.
    overtaken: Option<u64>,
}

impl Deliveries {
    /// Takes parcels in and gives the ids of those that leave now, in order.
    pub(crate) fn take_in(&mut self, parcels: Vec<Parcel>, faults: &Faults) -> Vec<u64> {
        let mut leaving = Vec::new();
        for parcel in parcels {
            for _ in 0..=faults.duplicate_deliveries {
                let id = self.enter(parcel.clone());
                if faults.hold_deliveries {
                    self.held.push(id);
                } else if faults.swap_deliveries {
                    match self.overtaken.take() {
                        Some(earlier) => leaving.extend([id, earlier]),
                        None => self.overtaken = Some(id),
                    }
                } else {
                    leaving.push(id);
                }
            }
        }
        self.set_open(&leaving);
        leaving
    }

    /// Lets everything go that is held or waits to be overtaken; newest first when swapped.
    pub(crate) fn release(&mut self, faults: &Faults) -> Vec<u64> {
        let mut leaving: Vec<u64> = self.overtaken.take().into_iter().chain(std::mem::take(&mut self.held)).collect();
        if faults.swap_deliveries {
            leaving.reverse();
        }
        self.set_open(&leaving);
        leaving
    }

    /// Enters an old delivery once more, as the Rerun button does. `None` without one of that id.
    pub(crate) fn rerun(&mut self, id: u64, faults: &Faults, ids: &mut Ids) -> Option<u64> {
        let mut parcel = self.entries.get(&id)?.0.clone();
        if faults.new_token_on_rerun {
            parcel.renew(ids);
        }
        let id = self.enter(parcel);
        self.set_open(&[id]);
        Some(id)
    }

    fn enter(&mut self, parcel: Parcel) -> u64 {
        let id = self.entries.last_key_value().map_or(1, |(last, _)| last + 1);
        let delivery = Delivery {
            id,
            service: parcel.service,
            event: parcel.event.clone(),
            url: parcel.url.clone(),
            body: parcel.body(),
            state: DeliveryState::Held,
            attempts: Vec::new(),
        };
        self.entries.insert(id, (parcel, delivery));
        id
    }

    fn set_open(&mut self, ids: &[u64]) {
        for id in ids {
            if let Some((_, delivery)) = self.entries.get_mut(id) {
                delivery.state = DeliveryState::Open;
            }
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Delivery> {
        self.entries.values().map(|(_, delivery)| delivery)
    }

    pub(crate) fn get(&self, id: u64) -> Option<&Delivery> {
        self.entries.get(&id).map(|(_, delivery)| delivery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcels(count: u64) -> Vec<Parcel> {
        let one = |number| Parcel {
            service: Service::Vendor("qualified"),
            event: "e".into(),
            url: "http://127.0.0.1/".into(),
            content: Content::Plain(json!({ "n": number })),
        };
        (1..=count).map(one).collect()
    }

    #[test]
    fn swapped_pairs_leave_newest_first() {
        let faults = Faults { swap_deliveries: true, ..Faults::default() };
        let mut deliveries = Deliveries::default();
        assert_eq!(deliveries.take_in(parcels(3), &faults), [2, 1]);
        assert_eq!(deliveries.release(&faults), [3]);
    }

    #[test]
    fn held_ones_wait_and_copies_are_deliveries_of_their_own() {
        let faults = Faults { hold_deliveries: true, duplicate_deliveries: 1, ..Faults::default() };
        let mut deliveries = Deliveries::default();
        assert!(deliveries.take_in(parcels(1), &faults).is_empty());
        assert!(deliveries.all().all(|it| it.state == DeliveryState::Held));
        assert_eq!(deliveries.release(&faults), [1, 2]);
        assert_eq!(deliveries.get(1).map(|it| &it.body), deliveries.get(2).map(|it| &it.body));
    }
}
