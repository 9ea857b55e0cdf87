//! The budget of one credential: planned, not hit.
//!
//! A token bucket, so that in any `t` seconds at most `burst + per_second · t` requests start. Who waits is served by class with
//! ageing: a waiter's place is the time it came plus a handicap of its class, so a person's action passes a backlog of polls and no
//! poll waits for ever. Within a class it is first come, first served, which no ready-made limiter promises.
//! The bucket
//! itself is told the time; only the waiting is tokio's.

use crate::model::{Bug, Class, planted};
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
        Self(Arc::new(Mutex::new(Bucket::new(rate, tokens, Instant::now()))))
    }

    /// Waits for leave to start one request. Dropping the future gives the place up and costs nothing.
    pub async fn acquire(&self, class: Class) {
        if planted(Bug::NoBudget) {
            return;
        }
        let (place, woken) = self.lock().join(Instant::now(), class);
        let place = Place { gate: self, place };
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
                    tokio::select! { biased;
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
        bucket.slow(Instant::now(), after.unwrap_or(PAUSE));
        bucket.wake();
    }

    /// How much may be spent now, and how fast it comes back.
    pub fn left(&self) -> Left {
        let mut bucket = self.lock();
        let now = Instant::now();
        bucket.fill(now);
        Left {
            requests: bucket.tokens,
            of: bucket.rate.burst,
            per_second: bucket.now_per_second,
            paused: bucket.paused_until > now,
        }
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

/// The bucket and its queue: told the time, so that a test can run it on a clock of its own.
impl Bucket {
    fn new(rate: Rate, tokens: f64, now: Instant) -> Self {
        let (waiting, now_per_second) = (BTreeMap::new(), rate.per_second);
        Self { rate, now_per_second, tokens, filled_at: now, paused_until: now, waiting, seq: 0 }
    }

    /// Takes a place in the queue.
    fn join(&mut self, now: Instant, class: Class) -> ((Instant, u64), Arc<Notify>) {
        self.seq += 1;
        let (place, woken) = ((now + HANDICAP * class as u32, self.seq), Arc::new(Notify::new()));
        self.waiting.insert(place, Arc::clone(&woken));
        (place, woken)
    }

    fn slow(&mut self, now: Instant, pause: Duration) {
        self.fill(now);
        self.tokens = 0.0;
        self.now_per_second = (self.now_per_second * 0.7).max(self.rate.per_second * 0.1);
        self.paused_until = self.paused_until.max(now + pause);
        self.filled_at = self.paused_until;
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CLASSES: [Class; 4] = [Class::Person, Class::Vendor, Class::Stage, Class::Poll];

    /// One request that wants to start: when it comes, in which class, and whether it is answered 429.
    type Coming = (Duration, Class, bool);

    /// Runs a bucket on a virtual clock with whole milliseconds, as tokio's timers have: when which request (by its index) started.
    fn run(rate: Rate, tokens: f64, comings: &[Coming]) -> Vec<(Duration, usize)> {
        let zero = Instant::now();
        let mut bucket = Bucket::new(rate, tokens, zero);
        let mut todo: Vec<(Duration, usize)> = comings.iter().enumerate().map(|(n, coming)| (coming.0, n)).collect();
        todo.sort_unstable();
        let (mut todo, mut now, mut places, mut starts) =
            (todo.into_iter().peekable(), Duration::ZERO, BTreeMap::new(), Vec::new());
        loop {
            while let Some((_, n)) = todo.next_if(|(at, _)| *at <= now) {
                places.insert(bucket.join(zero + now, comings[n].1).0, n);
            }
            let coming = todo.peek().map(|(at, _)| *at);
            let Some(first) = bucket.first() else {
                match coming {
                    Some(at) => now = at,
                    None => return starts,
                }
                continue;
            };
            if let Some(until) = bucket.take(zero + now) {
                let until = Duration::from_millis(u64::try_from((until - zero).as_nanos().div_ceil(1_000_000)).unwrap());
                assert!(until > now, "the clock stands still at {now:?}");
                now = coming.map_or(until, |at| at.min(until));
                continue;
            }
            bucket.waiting.remove(&first);
            starts.push((now, places[&first]));
            if comings[places[&first]].2 {
                bucket.slow(zero + now, PAUSE);
            }
        }
    }

    /// What Lever promises: at most 20 + 10·t requests in any t seconds (`lever-api §2.1`).
    fn within_levers_limit(starts: &[(Duration, usize)]) -> Result<(), String> {
        for (n, (first, _)) in starts.iter().enumerate() {
            for (more, (last, _)) in starts[n..].iter().enumerate() {
                let count = u32::try_from(more + 1).unwrap();
                if f64::from(count) > 20.0 + 10.0 * (last.as_secs_f64() - first.as_secs_f64()) {
                    return Err(format!("{count} requests between {first:?} and {last:?}"));
                }
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn no_window_exceeds_levers_limit(
            comings in prop::collection::vec((0..20_000_u64, 0..4_usize, prop::bool::weighted(0.02)), 1..300),
            full in any::<bool>(),
        ) {
            let comings: Vec<Coming> =
                comings.into_iter().map(|(ms, class, refused)| (Duration::from_millis(ms), CLASSES[class], refused)).collect();
            let starts = run(Rate::LEVER, if full { 18.0 } else { 0.0 }, &comings);
            prop_assert_eq!(starts.len(), comings.len());
            prop_assert_eq!(within_levers_limit(&starts), Ok(()));
        }
    }

    #[test]
    fn a_backlog_of_500_drains_at_97_percent_of_the_budget() {
        let starts = run(Rate::LEVER, 18.0, &[(Duration::ZERO, Class::Stage, false); 500]);
        let (ideal, last) = ((500.0 - 20.0) / 10.0, starts[499].0.as_secs_f64());
        assert!(last <= ideal / 0.97, "{last}");
        assert_eq!(within_levers_limit(&starts), Ok(()));
    }

    /// In which order waiters that come at these seconds are served while nothing is left.
    fn order(waiters: &[(u64, Class)]) -> Vec<usize> {
        let comings: Vec<Coming> =
            waiters.iter().map(|(second, class)| (Duration::from_secs(*second), *class, false)).collect();
        run(Rate { burst: 1, per_second: 0.01 }, 0.0, &comings).into_iter().map(|(_, n)| n).collect()
    }

    #[test]
    fn classes_go_first_age_counts_and_a_class_is_a_queue() {
        assert_eq!(order(&[(0, Class::Poll), (1, Class::Stage), (2, Class::Stage), (3, Class::Person)]), [3, 1, 2, 0]);
        assert_eq!(order(&[(0, Class::Poll), (61, Class::Person)]), [0, 1]);
    }

    #[test]
    fn a_429_pauses_and_slows_and_is_forgiven() {
        let calls = |from: u64, count: usize, refused| vec![(Duration::from_secs(from), Class::Stage, refused); count];
        let starts = run(Rate::LEVER, 18.0, &[calls(0, 1, true), calls(0, 2, false), calls(60, 18, false)].concat());
        let gap = starts[2].0.as_secs_f64() - starts[1].0.as_secs_f64();
        assert!(starts[1].0 >= PAUSE && gap > 1.2 / 9.8, "{starts:?}");
        assert!(starts[3..].iter().all(|(at, _)| *at == Duration::from_secs(60)), "the burst is back: {starts:?}");
    }

    #[tokio::test]
    async fn waiters_are_woken_in_their_order_and_one_that_gives_up_holds_nobody_up() {
        let gate = RateGate::empty(Rate { burst: 1, per_second: 100.0 });
        let served = Mutex::new(Vec::new());
        let call = async |name: &'static str, class| {
            gate.acquire(class).await;
            served.lock().unwrap().push(name);
        };
        {
            let left = gate.acquire(Class::Person);
            tokio::pin!(left);
            tokio::select! { biased; () = &mut left => panic!("there was nothing to take"), () = std::future::ready(()) => {} }
            assert_eq!(gate.waiting(), 1);
        }
        assert_eq!(gate.waiting(), 0);
        tokio::join!(call("poll", Class::Poll), call("stage", Class::Stage), call("person", Class::Person));
        assert_eq!(*served.lock().unwrap(), ["person", "stage", "poll"]);
    }
}
