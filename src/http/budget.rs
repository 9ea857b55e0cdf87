//! The budget of one credential: planned, not hit (design §7).
//!
//! A token bucket, so that in any `t` seconds at most `burst + per_second · t` requests start. Who waits is served by class with
//! ageing: a waiter's place is the time it came plus a handicap of its class, so a person's action passes a backlog of polls and no
//! poll waits for ever. Within a class it is first come, first served, which no ready-made limiter promises (`libraries §5`).
//! Runs on tokio's clock, which tests pause.

use crate::model::Class;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How much later a waiter of the next class counts as having come.
const HANDICAP: Duration = Duration::from_secs(15);
/// How long we pause after a 429 that does not say.
const PAUSE: Duration = Duration::from_secs(1);
/// How fast a rate lowered by 429 comes back, in requests per second and second.
const RECOVERY: f64 = 0.1;

/// How many requests a credential may make.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    pub burst: u32,
    pub per_second: f64,
}

impl Rate {
    /// Lever's 10/s with bursts to 20 (`lever-api §2.1`), less 2 %: requests that start evenly may arrive bunched.
    pub const LEVER: Self = Self { burst: 18, per_second: 9.8 };
}

/// The gate that every request of one credential passes.
#[derive(Debug, Clone)]
pub struct RateGate(Arc<Mutex<Bucket>>);

#[derive(Debug)]
struct Bucket {
    rate: Rate,
    /// The present rate: lowered by 429, recovering to `rate.per_second`.
    now_per_second: f64,
    tokens: f64,
    filled_at: Instant,
    /// Nothing passes before this.
    paused_until: Instant,
    waiting: BTreeMap<(Instant, u64), Arc<Notify>>,
    seq: u64,
}

impl RateGate {
    /// A gate with its burst to spend.
    pub fn new(rate: Rate) -> Self {
        Self::with(rate, f64::from(rate.burst))
    }

    /// A gate with nothing to spend yet: after a take-over nobody knows what the last holder spent.
    pub fn empty(rate: Rate) -> Self {
        Self::with(rate, 0.0)
    }

    fn with(rate: Rate, tokens: f64) -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(Bucket {
            rate,
            now_per_second: rate.per_second,
            tokens,
            filled_at: now,
            paused_until: now,
            waiting: BTreeMap::new(),
            seq: 0,
        })))
    }

    /// Waits for leave to start one request. Dropping the future gives the place up and costs nothing.
    pub async fn acquire(&self, class: Class) {
        let now = Instant::now();
        let woken = Arc::new(Notify::new());
        let place = {
            let mut bucket = self.lock();
            bucket.seq += 1;
            let place = (now + HANDICAP * class as u32, bucket.seq);
            bucket.waiting.insert(place, Arc::clone(&woken));
            Place { gate: self, place }
        };
        loop {
            let until = {
                let mut bucket = self.lock();
                if bucket.first() == Some(place.place) {
                    match bucket.take(Instant::now()) {
                        None => return, // dropping the place wakes the next one
                        Some(until) => Some(until),
                    }
                } else {
                    None
                }
            };
            match until {
                Some(until) => {
                    tokio::select! {
                        () = sleep_until(until) => {}
                        () = woken.notified() => {}
                    }
                }
                None => woken.notified().await,
            }
        }
    }

    /// Takes leave at once if nobody waits and there is some.
    pub fn try_acquire(&self) -> bool {
        let mut bucket = self.lock();
        bucket.waiting.is_empty() && bucket.take(Instant::now()).is_none()
    }

    /// Lever answered 429: spend nothing for `after` (a second, if it does not say) and go slower for a while.
    pub fn slow(&self, after: Option<Duration>) {
        let mut bucket = self.lock();
        let now = Instant::now();
        bucket.fill(now);
        bucket.tokens = 0.0;
        bucket.now_per_second = (bucket.now_per_second * 0.7).max(bucket.rate.per_second * 0.1);
        bucket.paused_until = bucket.paused_until.max(now + after.unwrap_or(PAUSE));
        bucket.filled_at = bucket.paused_until;
        bucket.wake();
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    fn lock(&self) -> MutexGuard<'_, Bucket> {
        // Nothing in here panics half-way; a poisoned bucket is as good as any.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    fn first(&self) -> Option<(Instant, u64)> {
        self.waiting.keys().next().copied()
    }

    fn wake(&self) {
        if let Some(first) = self.waiting.values().next() {
            first.notify_one();
        }
    }

    fn fill(&mut self, now: Instant) {
        // `filled_at` lies in the future while paused.
        let Some(passed) = now.checked_duration_since(self.filled_at) else { return };
        let seconds = passed.as_secs_f64();
        self.tokens = (self.tokens + seconds * self.now_per_second).min(f64::from(self.rate.burst));
        self.now_per_second = (self.now_per_second + seconds * RECOVERY).min(self.rate.per_second);
        self.filled_at = now;
    }

    /// Takes one token, or says when there may be one.
    fn take(&mut self, now: Instant) -> Option<Instant> {
        self.fill(now);
        if now < self.paused_until {
            return Some(self.paused_until);
        }
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return None;
        }
        Some(now + Duration::from_secs_f64((1.0 - self.tokens) / self.now_per_second) + Duration::from_micros(1))
    }
}

/// A place in the queue, given up when dropped.
struct Place<'a> {
    gate: &'a RateGate,
    place: (Instant, u64),
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut bucket = self.gate.lock();
        bucket.waiting.remove(&self.place);
        bucket.wake();
    }
}
