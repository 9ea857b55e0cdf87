//! The budget of one credential: planned, not hit.
//!
//! Every request passes its credential's gate: it waits for leave, and the leave is given back with what became of the request, since
//! that is what the arithmetic of `bucket` lives on.
//!
//! Who waits is served by turns. Each flow, an account and a class, is served in its order, and a turn of a lower class takes longer: so
//! a person's action passes whatever backlog stands, and yet no class waits for another to end: invitations and write-backs get on beside
//! each other, no poll waits for ever, and an account's bulk move leaves others that share the credential their share. No ready-made
//! limiter promises all of that.

use super::bucket::{Bucket, Ended, Rate, Start};
use crate::model::{AccountId, Bug, Class, Exchange, planted};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How long a turn of each class takes: where all of them wait, each is served in inverse proportion.
const fn takes(class: Class) -> u64 {
    match class {
        Class::Person => 1,
        Class::Vendor => 2,
        Class::Stage => 3,
        Class::Timer => 4,
        Class::Poll => 6,
        Class::Backfill => 8,
    }
}

/// Flows that have had their turns are forgotten when there are more than this.
const FLOWS: usize = 256;
/// So many of each flow may always wait for a budget, however slow it is: whatever comes back finds its like waiting, and no backlog of
/// invitations keeps a result from being read.
const QUEUE: usize = 4;
/// Whoever waits at most so long waits here.
const NEAR: Duration = Duration::from_secs(5);
/// Nobody is told to come back later than this: who waited longest goes first then, whatever was told to whom.
const FAR: Duration = Duration::from_secs(300);
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
    waiting: BTreeMap<Turn, Waiter>,
    /// When the latest turn that was served began, counted in turns.
    served: u64,
    /// When the last turn of each flow ends.
    taken: HashMap<Flow, u64>,
    seq: u64,
    /// The latest turn of each flow that was told to one who was turned away.
    promised: HashMap<Flow, Instant>,
}

/// Who takes turns: an account and a class.
type Flow = (AccountId, Class);

/// Somebody in the queue.
#[derive(Debug)]
struct Waiter {
    flow: Flow,
    woken: Arc<Notify>,
}

/// A place in the queue, in the order of serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    ends: u64,
    class: Class,
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
        Self(Arc::new(Mutex::new(Gated {
            bucket,
            waiting: BTreeMap::new(),
            served: 0,
            taken: HashMap::new(),
            seq: 0,
            promised: HashMap::new(),
        })))
    }

    /// Waits for leave to send one request. Dropping the future gives the place up and costs nothing.
    pub async fn acquire(&self, account: &AccountId, class: Class) -> Leave {
        let leave = || Leave { gate: self.clone(), ended: Ended::Unused, started: Instant::now() };
        if planted(Bug::NoBudget) {
            self.lock().bucket.force();
            return leave();
        }
        let (turn, woken) = self.lock().join(account, class);
        let place = Place { gate: self, turn };
        loop {
            let start = self.lock().serve(place.turn, Instant::now());
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

    /// Another process spent this credential's budget until now; so many of its requests may arrive yet.
    pub fn inherit(&self, abroad: u32) {
        let mut gated = self.lock();
        gated.bucket.inherit(abroad, Instant::now());
        gated.wake();
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

    /// Whether whatever only begins now had better come back, and after which time, because it would wait here for long: behind others of
    /// its flow, or for the end of a pause. Each who is told so is told a turn of its own.
    pub fn turn_away(&self, account: &AccountId, class: Class) -> Option<Duration> {
        self.lock().turn_away(&(account.clone(), class), Instant::now())
    }

    /// How long the destination's pause lasts yet, if that is for long.
    pub fn pausing(&self) -> Option<Duration> {
        Some(self.lock().bucket.paused_until.saturating_duration_since(Instant::now())).filter(|pause| *pause > NEAR)
    }

    /// Whether as many wait as always may.
    pub fn is_crowded(&self) -> bool {
        self.lock().waiting.len() >= QUEUE
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
    /// Takes the next turn of an account.
    fn join(&mut self, account: &AccountId, class: Class) -> (Turn, Arc<Notify>) {
        self.seq += 1;
        let flow = (account.clone(), class);
        let begins = self.served.max(self.taken.get(&flow).copied().unwrap_or(0));
        let turn = Turn { ends: begins + takes(class), class, seq: self.seq };
        if self.taken.len() >= FLOWS {
            let served = self.served;
            self.taken.retain(|_, taken| *taken > served);
        }
        self.taken.insert(flow.clone(), turn.ends);
        let woken = Arc::new(Notify::new());
        self.waiting.insert(turn, Waiter { flow, woken: Arc::clone(&woken) });
        (turn, woken)
    }

    /// The turn of one who is not to wait here.
    fn turn_away(&mut self, flow: &Flow, now: Instant) -> Option<Duration> {
        let each = Duration::try_from_secs_f64(1.0 / self.bucket.now_per_second).unwrap_or(FAR);
        let begins = self.bucket.paused_until.max(now);
        let turn = begins + each.saturating_mul(u32::try_from(self.waiting.len()).unwrap_or(u32::MAX)).min(FAR);
        if self.waiting.values().filter(|waiter| waiter.flow == *flow).count() < QUEUE || turn < now + NEAR {
            return None;
        }
        self.promised.retain(|_, promised| *promised > now);
        let turn = self.promised.get(flow).map_or(turn, |promised| turn.max(*promised + each)).min(now + FAR);
        self.promised.insert(flow.clone(), turn);
        Some(turn - now)
    }

    /// Starts the request that has this turn, if it is the first and may start.
    fn serve(&mut self, turn: Turn, now: Instant) -> Start {
        if self.first() != Some(turn) {
            return Start::AfterAnother;
        }
        let start = self.bucket.start(now);
        if start == Start::Now {
            self.served = self.served.max(turn.ends - takes(turn.class));
        }
        start
    }

    fn first(&self) -> Option<Turn> {
        self.waiting.keys().next().copied()
    }

    fn wake(&self) {
        if let Some(first) = self.waiting.values().next() {
            first.woken.notify_one();
        }
    }
}

/// A place in the queue, given up when dropped.
struct Place<'a> {
    gate: &'a RateGate,
    turn: Turn,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut gated = self.gate.lock();
        gated.waiting.remove(&self.turn);
        gated.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CLASSES: [Class; 4] = [Class::Person, Class::Vendor, Class::Stage, Class::Poll];

    fn account(n: usize) -> AccountId {
        AccountId::new(format!("account{n}"))
    }

    /// Flows that each always have so many waiting, of an account and a class: in which order they are served.
    fn served(flows: &[(usize, Class, usize)], calls: usize) -> Vec<usize> {
        let RateGate(gated) = RateGate::new(Rate::LEVER);
        let mut gated = gated.lock().unwrap();
        let mut of = BTreeMap::new();
        for (n, (who, class, waiting)) in flows.iter().enumerate() {
            for _ in 0..*waiting {
                of.insert(gated.join(&account(*who), *class).0, n);
            }
        }
        let (mut now, mut order) = (Instant::now(), Vec::new());
        while order.len() < calls {
            let first = gated.first().unwrap();
            if let Start::At(until) = gated.serve(first, now) {
                now = until;
                continue;
            }
            gated.bucket.end(now, Ended::Settled, now);
            gated.waiting.remove(&first);
            let n = of[&first];
            order.push(n);
            of.insert(gated.join(&account(flows[n].0), flows[n].1).0, n);
        }
        order
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn accounts_that_share_a_credential_take_turns_however_much_of_each_waits(
            waiting in prop::collection::vec(1..60_usize, 2..6),
            class in 0..4_usize,
        ) {
            let flows: Vec<_> = waiting.iter().enumerate().map(|(n, waiting)| (n, CLASSES[class], *waiting)).collect();
            let order = served(&flows, 400);
            // Whatever the stretch, none had more than one turn more than another.
            for stretch in [flows.len(), 5 * flows.len(), 200] {
                for some in order.windows(stretch) {
                    let each = (0..flows.len()).map(|flow| some.iter().filter(|served| **served == flow).count());
                    let (least, most) = (each.clone().min().unwrap(), each.max().unwrap());
                    prop_assert!(most - least <= 2, "{some:?}");
                }
            }
        }

        #[test]
        fn invitations_and_write_backs_get_on_beside_each_other_whatever_backlog_stands(
            invitations in 1..90_usize,
            write_backs in 1..90_usize,
            same in any::<bool>(),
        ) {
            let flows = [(0, Class::Vendor, write_backs), (usize::from(!same), Class::Stage, invitations)];
            let order = served(&flows, 600);
            // Three write-backs for two invitations, in every stretch.
            for some in order.windows(50) {
                let invited = some.iter().filter(|flow| **flow == 1).count();
                prop_assert!((19..=21).contains(&invited), "{invited} of {some:?}");
            }
        }

        #[test]
        fn nobody_waits_longer_than_its_share_behind_any_backlog(
            backlogs in prop::collection::vec((0..5_usize, 0..4_usize, 1..60_usize), 0..8),
            class in 0..4_usize,
        ) {
            let flows: Vec<_> = backlogs.iter().map(|(who, class, waiting)| (*who, CLASSES[*class], *waiting)).collect();
            let all = [flows.clone(), vec![(9, CLASSES[class], 1)]].concat();
            let order = served(&all, 400);
            let mine = takes(CLASSES[class]);
            // While one turn of mine lasts, each other flow has at most as many of its own as fit into it, and one on either side.
            let most: u64 = flows.iter().map(|(_, other, _)| mine.div_ceil(takes(*other)) + 2).sum();
            for some in order.windows(usize::try_from(most).unwrap() + 1) {
                prop_assert!(some.contains(&flows.len()), "{some:?}");
            }
        }
    }

    /// In which order waiters of one account are served.
    fn order(waiters: &[Class]) -> Vec<usize> {
        let RateGate(gated) = RateGate::new(Rate::LEVER);
        let mut gated = gated.lock().unwrap();
        let turns: BTreeMap<Turn, usize> =
            waiters.iter().enumerate().map(|(n, class)| (gated.join(&account(0), *class).0, n)).collect();
        turns.into_values().collect()
    }

    #[test]
    fn classes_go_first_and_a_class_is_a_queue() {
        assert_eq!(order(&[Class::Poll, Class::Stage, Class::Stage, Class::Person]), [3, 1, 2, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn waiters_are_woken_in_their_order_and_one_that_gives_up_holds_nobody_up() {
        let gate = RateGate::used(Rate::vendor(1, 100.0), 0);
        let (served, one) = (Mutex::new(Vec::new()), account(0));
        let call = async |name: &'static str, class| {
            let mut leave = gate.acquire(&one, class).await;
            leave.sending();
            served.lock().unwrap().push(name);
            leave.heard(&Exchange::NotSent(String::new()));
        };
        {
            let left = gate.acquire(&one, Class::Person);
            tokio::pin!(left);
            tokio::select! { biased; _ = &mut left => panic!("there was nothing to take"), () = std::future::ready(()) => {} }
            assert_eq!(gate.waiting(), 1);
        }
        assert_eq!(gate.waiting(), 0);
        tokio::join!(call("poll", Class::Poll), call("stage", Class::Stage), call("person", Class::Person));
        assert_eq!(*served.lock().unwrap(), ["person", "stage", "poll"]);
    }

    /// So many wait at a gate of that rate; what the next `n` are told, in seconds.
    fn told(rate: Rate, waiting: usize, n: usize) -> Vec<u64> {
        let RateGate(gated) = RateGate::used(rate, 0);
        let (mut gated, now) = (gated.lock().unwrap(), Instant::now());
        for _ in 0..waiting {
            let _ = gated.join(&account(0), Class::Stage);
        }
        (0..n).map_while(|_| gated.turn_away(&(account(0), Class::Stage), now)).map(|wait| wait.as_secs()).collect()
    }

    #[test]
    fn who_would_wait_for_long_is_told_a_turn_of_its_own_instead() {
        let slow = Rate::vendor(10, 500.0 / 3_600.0);
        assert_eq!(told(slow, 3, 9), [0_u64; 0], "some always wait, so that no turn is lost");
        assert_eq!(told(slow, 4, 4), [28, 36, 43, 50]);
        assert_eq!(told(slow, 4, 60).last(), Some(&300));
        assert_eq!(told(slow, 1_000, 1), [300]);
        assert_eq!(told(Rate::vendor(5, 5.0), 24, 9), [0_u64; 0], "it is their turn soon");
        assert_eq!(told(Rate::vendor(1, f64::MIN_POSITIVE), 4, 1), [300]);
    }

    #[test]
    fn a_backlog_of_one_flow_turns_no_other_away() {
        let RateGate(gated) = RateGate::used(Rate::vendor(10, 500.0 / 3_600.0), 0);
        let (mut gated, now) = (gated.lock().unwrap(), Instant::now());
        for _ in 0..QUEUE {
            let _ = gated.join(&account(0), Class::Stage);
        }
        let mut away = |who, class| gated.turn_away(&(account(who), class), now).is_some();
        assert!(away(0, Class::Stage));
        assert!(!away(0, Class::Vendor) && !away(0, Class::Poll) && !away(1, Class::Stage));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_turns_away_whom_it_would_hold_up() {
        let gate = RateGate::new(Rate::LEVER);
        gate.slow(Some(Duration::from_secs(30)));
        for _ in 0..QUEUE {
            assert_eq!(gate.turn_away(&account(0), Class::Stage), None);
            let _ = gate.lock().join(&account(0), Class::Stage);
        }
        assert_eq!(gate.turn_away(&account(0), Class::Stage).map(|wait| wait.as_secs()), Some(30));
        assert_eq!(gate.pausing(), Some(Duration::from_secs(30)));
        gate.slow(Some(Duration::from_secs(1)));
        tokio::time::advance(Duration::from_secs(26)).await;
        assert_eq!(gate.pausing(), None, "it is over soon");
    }

    #[tokio::test(start_paused = true)]
    async fn leave_that_is_not_used_costs_nothing_and_what_got_lost_counts_until_it_cannot_arrive() {
        let one = account(0);
        let gate = RateGate::new(Rate { per_second: 1.0, burst: 2, under_way: 2, late: Duration::from_secs(30) });
        drop(gate.acquire(&one, Class::Stage).await);
        assert!((gate.left().requests - 2.0).abs() < 1e-9);
        for _ in 0..2 {
            gate.acquire(&one, Class::Stage).await.sending();
        }
        let began = Instant::now();
        drop(gate.acquire(&one, Class::Stage).await);
        let waited = began.elapsed();
        assert!(waited >= Duration::from_secs(31) && waited < Duration::from_millis(31_010), "{waited:?}");
    }
}
