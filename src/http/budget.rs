//! The budget of one credential: planned, not hit.
//!
//! Every request passes its credential's gate: it waits for leave, and the leave is given back with what became of the request, since
//! that is what the arithmetic of `bucket` lives on. Who waits is served by class with ageing: a waiter's place is the time it came plus
//! a handicap of its class, so a person's action passes a backlog of polls and no poll waits for ever. Within a class it is first come,
//! first served, which no ready-made limiter promises.

use super::bucket::{Bucket, Ended, Rate, Start};
use crate::model::{Bug, Class, Exchange, planted};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How much later a waiter of the next class counts as having come.
const HANDICAP: Duration = Duration::from_secs(15);
/// How long we pause after a 429 that does not say.
const PAUSE: Duration = Duration::from_secs(1);
/// What a budget holds at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Left {
    /// May be started at once.
    pub requests: f64,
    /// At most.
    pub of: u32,
    pub per_second: f64,
    /// The destination asked for a pause that has not ended.
    pub paused: bool,
}

/// The gate that every request of one credential passes.
#[derive(Debug, Clone)]
pub struct RateGate(Arc<Mutex<Gated>>);

/// The bucket and those who wait for it.
#[derive(Debug)]
struct Gated {
    bucket: Bucket,
    waiting: BTreeMap<(Instant, u64), Arc<Notify>>,
    seq: u64,
}

/// Leave to send one request. Given up unsent it costs nothing; sent and given up without word of its end, the request counts as one
/// that may arrive yet.
#[derive(Debug)]
#[must_use = "leave that is not used holds up others"]
pub struct Leave {
    gate: RateGate,
    ended: Ended,
    started: Instant,
}

impl Leave {
    /// The request is about to be sent.
    pub fn sending(&mut self) {
        (self.ended, self.started) = (Ended::Lost, Instant::now());
    }

    /// What became of it. Whatever was answered has arrived, and what was not sent never does.
    pub fn heard(mut self, exchange: &Exchange) {
        self.ended = match exchange {
            Exchange::Answered(_) | Exchange::NotSent(_) => Ended::Settled,
            Exchange::Lost(_) => Ended::Lost,
        };
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        let mut gated = self.gate.lock();
        gated.bucket.end(Instant::now(), self.ended, self.started);
        gated.wake();
    }
}

impl RateGate {
    /// A gate with its burst to spend: for a credential that nobody used before.
    pub fn new(rate: Rate) -> Self {
        Self::of(Bucket::full(rate, Instant::now()))
    }

    /// A gate for a credential that earlier processes used, of whose requests so many may arrive yet.
    pub fn used(rate: Rate, abroad: u32) -> Self {
        Self::of(Bucket::used(rate, abroad, Instant::now()))
    }

    fn of(bucket: Bucket) -> Self {
        Self(Arc::new(Mutex::new(Gated { bucket, waiting: BTreeMap::new(), seq: 0 })))
    }

    /// Waits for leave to send one request. Dropping the future gives the place up and costs nothing.
    pub async fn acquire(&self, class: Class) -> Leave {
        let leave = || Leave { gate: self.clone(), ended: Ended::Unused, started: Instant::now() };
        if planted(Bug::NoBudget) {
            self.lock().bucket.force();
            return leave();
        }
        let (place, woken) = self.lock().join(Instant::now(), class);
        let place = Place { gate: self, place };
        loop {
            let start = {
                let mut gated = self.lock();
                if gated.first() == Some(place.place) { gated.bucket.start(Instant::now()) } else { Start::AfterAnother }
            };
            match start {
                Start::Now => return leave(), // dropping the place wakes the next one
                Start::At(until) => {
                    tokio::select! { biased;
                        () = sleep_until(until) => {}
                        () = woken.notified() => {}
                    }
                }
                Start::AfterAnother => woken.notified().await,
            }
        }
    }

    /// Lever answered 429: spend nothing for `after` (a second, if it does not say) and go slower for a while.
    pub fn slow(&self, after: Option<Duration>) {
        let mut gated = self.lock();
        gated.bucket.slow(Instant::now(), after.unwrap_or(PAUSE));
        gated.wake();
    }

    /// What it may spend.
    pub fn rate(&self) -> Rate {
        self.lock().bucket.rate
    }

    /// How much may be spent now, and how fast it comes back.
    pub fn left(&self) -> Left {
        let mut gated = self.lock();
        let now = Instant::now();
        let (requests, bucket) = (gated.bucket.left(now), &gated.bucket);
        Left { requests, of: bucket.rate.burst, per_second: bucket.now_per_second, paused: bucket.paused_until > now }
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    fn lock(&self) -> MutexGuard<'_, Gated> {
        // Nothing in here panics half-way; a poisoned bucket is as good as any.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queue: told the time, so that a test can run it on a clock of its own.
impl Gated {
    /// Takes a place in the queue.
    fn join(&mut self, now: Instant, class: Class) -> ((Instant, u64), Arc<Notify>) {
        self.seq += 1;
        let (place, woken) = ((now + HANDICAP * class as u32, self.seq), Arc::new(Notify::new()));
        self.waiting.insert(place, Arc::clone(&woken));
        (place, woken)
    }

    fn first(&self) -> Option<(Instant, u64)> {
        self.waiting.keys().next().copied()
    }

    fn wake(&self) {
        if let Some(first) = self.waiting.values().next() {
            first.notify_one();
        }
    }
}

/// A place in the queue, given up when dropped.
struct Place<'a> {
    gate: &'a RateGate,
    place: (Instant, u64),
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut gated = self.gate.lock();
        gated.waiting.remove(&self.place);
        gated.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In which order waiters that come at these seconds are served while nothing is left.
    fn order(waiters: &[(u64, Class)]) -> Vec<usize> {
        let zero = Instant::now();
        let RateGate(gated) = RateGate::used(Rate::LEVER, 0);
        let mut gated = gated.lock().unwrap();
        let mut places = BTreeMap::new();
        for (n, (second, class)) in waiters.iter().enumerate() {
            places.insert(gated.join(zero + Duration::from_secs(*second), *class).0, n);
        }
        places.into_values().collect()
    }

    #[test]
    fn classes_go_first_age_counts_and_a_class_is_a_queue() {
        assert_eq!(order(&[(0, Class::Poll), (1, Class::Stage), (2, Class::Stage), (3, Class::Person)]), [3, 1, 2, 0]);
        assert_eq!(order(&[(0, Class::Poll), (61, Class::Person)]), [0, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn waiters_are_woken_in_their_order_and_one_that_gives_up_holds_nobody_up() {
        let gate = RateGate::used(Rate::vendor(1, 100.0), 0);
        let served = Mutex::new(Vec::new());
        let call = async |name: &'static str, class| {
            let mut leave = gate.acquire(class).await;
            leave.sending();
            served.lock().unwrap().push(name);
            leave.heard(&Exchange::NotSent(String::new()));
        };
        {
            let left = gate.acquire(Class::Person);
            tokio::pin!(left);
            tokio::select! { biased; _ = &mut left => panic!("there was nothing to take"), () = std::future::ready(()) => {} }
            assert_eq!(gate.waiting(), 1);
        }
        assert_eq!(gate.waiting(), 0);
        tokio::join!(call("poll", Class::Poll), call("stage", Class::Stage), call("person", Class::Person));
        assert_eq!(*served.lock().unwrap(), ["person", "stage", "poll"]);
    }

    #[tokio::test(start_paused = true)]
    async fn leave_that_is_not_used_costs_nothing_and_what_got_lost_counts_until_it_cannot_arrive() {
        let gate = RateGate::new(Rate { per_second: 1.0, burst: 2, under_way: 2, late: Duration::from_secs(30) });
        drop(gate.acquire(Class::Stage).await);
        assert!((gate.left().requests - 2.0).abs() < 1e-9);
        for _ in 0..2 {
            gate.acquire(Class::Stage).await.sending();
        }
        let began = Instant::now();
        drop(gate.acquire(Class::Stage).await);
        let waited = began.elapsed();
        assert!(waited >= Duration::from_secs(31) && waited < Duration::from_millis(31_010), "{waited:?}");
    }
}
