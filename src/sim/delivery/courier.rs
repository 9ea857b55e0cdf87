//! Carries deliveries to their addresses: tries, pauses, tries again, gives up, as the manners of their service say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use tokio::sync::{Notify, mpsc, watch};

use super::{Attempt, Deliveries, Delivery, DeliveryState};
use crate::http::{Broken, Wire};
use crate::sim::server::Shared;

/// The courier's counter: deliveries are handed in here, and who waits for quiet waits here.
#[derive(Debug)]
pub(crate) struct Post {
    queue: mpsc::UnboundedSender<u64>,
    /// How many deliveries are open.
    open: watch::Sender<usize>,
    hurry: Notify,
    client: reqwest::Client,
    /// Instead of the network.
    wire: Option<Arc<dyn Wire>>,
}

impl Post {
    /// A post and the queue that `run` has to work off.
    pub(crate) fn new(wire: Option<Arc<dyn Wire>>) -> Result<(Self, mpsc::UnboundedReceiver<u64>), reqwest::Error> {
        // Another part of the process may have installed a provider; either will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = match &wire {
            None => reqwest::Client::builder().redirect(Policy::none()).no_proxy().pool_max_idle_per_host(0).build()?,
            // It only builds requests.
            Some(_) => reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?,
        };
        let (queue, waiting) = mpsc::unbounded_channel();
        Ok((Self { queue, open: watch::Sender::new(0), hurry: Notify::new(), client, wire }, waiting))
    }

    pub(crate) fn send(&self, leaving: Vec<u64>) {
        self.open.send_modify(|open| *open += leaving.len());
        for id in leaving {
            if self.queue.send(id).is_err() {
                // The simulator has stopped: nobody will carry it.
                self.close();
            }
        }
    }

    /// Ends the pauses of all deliveries that wait for their next try.
    pub(crate) fn hurry(&self) {
        self.hurry.notify_waiters();
    }

    /// Returns when no delivery is open. Held ones do not count.
    pub(crate) async fn quiet(&self) {
        // The sender lives in `self`; waiting cannot fail.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    fn close(&self) {
        self.open.send_modify(|open| *open = open.saturating_sub(1));
    }
}

enum Next {
    Done,
    After(Duration),
}

/// Works off the queue until the simulator stops. First tries are made one after the other, so that a receiver sees events
/// in the order in which they happened unless a switch says otherwise; later tries run beside.
pub(crate) async fn run(shared: Shared, mut queue: mpsc::UnboundedReceiver<u64>) {
    let mut lanes = BTreeMap::new();
    loop {
        let id = tokio::select! { biased;
            () = shared.stopped() => return,
            id = queue.recv() => match id { Some(id) => id, None => return },
        };
        if let Some(url) = lane_of(&shared, id) {
            let lane = lanes.entry(url).or_insert_with(|| {
                let (lane, waiting) = mpsc::unbounded_channel();
                tokio::spawn(one_by_one(shared.clone(), waiting));
                lane
            });
            if lane.send(id).is_err() {
                shared.post().close();
            }
            continue;
        }
        let (delay, concurrent) = {
            let state = shared.state();
            (state.faults.delivery_delay_ms, state.faults.concurrent_deliveries)
        };
        if concurrent {
            let shared = shared.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(delay)).await;
                let next = attempt(&shared, id, 1).await;
                follow_up(shared, id, next).await;
            });
            continue;
        }
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        match attempt(&shared, id, 1).await {
            Next::Done => shared.post().close(),
            next @ Next::After(_) => {
                tokio::spawn(follow_up(shared.clone(), id, next));
            }
        }
    }
}

/// The address of a delivery whose service sends nothing further there before it is done.
fn lane_of(shared: &Shared, id: u64) -> Option<String> {
    let state = shared.state();
    let (parcel, _) = state.deliveries.entries.get(&id)?;
    parcel.service.manners().one_by_one.then(|| parcel.url.clone())
}

/// The deliveries to one address of such a service, each with all its tries before the next.
async fn one_by_one(shared: Shared, mut waiting: mpsc::UnboundedReceiver<u64>) {
    while let Some(id) = waiting.recv().await {
        let delay = shared.state().faults.delivery_delay_ms;
        tokio::time::sleep(Duration::from_millis(delay)).await;
        let next = attempt(&shared, id, 1).await;
        follow_up(shared.clone(), id, next).await;
    }
}

async fn follow_up(shared: Shared, id: u64, mut next: Next) {
    let mut number = 1;
    while let Next::After(pause) = next {
        tokio::select! { biased;
            () = shared.stopped() => break,
            () = shared.post().hurry.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
        number += 1;
        next = attempt(&shared, id, number).await;
    }
    shared.post().close();
}

async fn attempt(shared: &Shared, id: u64, number: u32) -> Next {
    let (manners, method, url, headers, body, timeout) = {
        let mut state = shared.state();
        let state = &mut *state;
        let Some((parcel, delivery)) = state.deliveries.entries.get_mut(&id) else {
            return Next::Done;
        };
        if number > 1 && state.faults.new_token_per_retry {
            parcel.renew(&mut state.lever.ids);
            delivery.body = parcel.body();
        }
        let body = if delivery.body.is_null() { String::new() } else { delivery.body.to_string() };
        let headers = parcel.headers(&body, shared.clock().now_ms());
        (parcel.service.manners(), parcel.method(), parcel.url.clone(), headers, body, state.faults.delivery_timeout_ms)
    };
    let mut sent = shared
        .post()
        .client
        .request(method, url)
        .header("content-type", "application/json")
        .header("user-agent", manners.user_agent)
        .timeout(Duration::from_millis(timeout))
        .body(body);
    let patience = Duration::from_millis(timeout);
    for (name, value) in headers {
        sent = sent.header(name, value);
    }
    let (status, error) = match &shared.post().wire {
        Some(wire) => over_wire(wire.as_ref(), sent, patience).await,
        None => match sent.send().await {
            Ok(answer) => (Some(answer.status().as_u16()), None),
            Err(error) if error.is_timeout() => (None, Some("timeout")),
            Err(error) if error.is_connect() => (None, Some("connect")),
            Err(_) => (None, Some("broken")),
        },
    };
    let at = shared.clock().now_ms();
    let mut state = shared.state();
    let state = &mut *state;
    let again = (manners.again)(&state.faults, number, status);
    let Some(delivery) = entry(&mut state.deliveries, id) else {
        return Next::Done;
    };
    delivery.attempts.push(Attempt { at, status, error });
    if status.is_some_and(manners.accepts) {
        delivery.state = DeliveryState::Delivered;
        return Next::Done;
    }
    let Some(pause) = again else {
        delivery.state = DeliveryState::Failed;
        return Next::Done;
    };
    Next::After(Duration::from_millis(pause))
}

async fn over_wire(wire: &dyn Wire, sent: reqwest::RequestBuilder, patience: Duration) -> (Option<u16>, Option<&'static str>) {
    let Ok(request) = sent.build() else { return (None, Some("broken")) };
    match tokio::time::timeout(patience, wire.carry(request)).await {
        Ok(Ok(answer)) => (Some(answer.status().as_u16()), None),
        Ok(Err(Broken::NotSent(_))) => (None, Some("connect")),
        Ok(Err(Broken::Lost(_))) => (None, Some("broken")),
        Err(_) => (None, Some("timeout")),
    }
}

fn entry(deliveries: &mut Deliveries, id: u64) -> Option<&mut Delivery> {
    deliveries.entries.get_mut(&id).map(|(_, delivery)| delivery)
}
