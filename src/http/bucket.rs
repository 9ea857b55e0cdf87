//! What one credential may still send, so that its destination's own bucket cannot overflow.
//!
//! Lever counts what *arrives*, 10 a second with bursts to 20; we know only what we *start*, and sooner or later that it has arrived.
//! So we keep two numbers: `under_way`, requests that were started and of which nothing was heard, and `debt`, those that are settled:
//! one more for each request that has arrived, or can arrive no more, and `per_second` less each second. A request may start while
//! `debt + under_way + 1 <= burst`.
//!
//! Why that holds whatever the network does: Lever's level at a time `t` is the largest, over all `s` before `t`, of what arrived since
//! `s` less `10·(t - s)`. What arrived since `s` was either settled since `s`, because settling never comes before arriving, or it is
//! under way yet. So Lever's level is never above our `debt + under_way`, which only a start raises, and never over the burst.
//!
//! A process that died leaves requests behind that may arrive for [`Rate::late`] yet; at most [`Rate::under_way`] of them, because a
//! process never has more under way. The next one counts them from its start and goes on at the full rate with [`SPARE`] under way. To
//! count them all as settled instead would let them arrive on top of a burst; to wait for them, stop all work at every start.
//!
//! Should it die within that time too, the third counts both. A fourth counts no more than that and goes on all the same: whoever dies
//! again and again must not stand still for it. So the proof holds for two deaths within [`Rate::late`]; beyond, Lever may say 429 if all
//! that was left behind arrives late, which costs a pause and nothing else. It leans on nothing and is told the time.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// So many may be under way whatever earlier processes left behind.
const SPARE: u32 = 4;
/// How fast a rate lowered by 429 comes back, in requests per second and second.
const RECOVERY: f64 = 0.1;

/// How many requests a credential may make.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    pub burst: u32,
    pub per_second: f64,
    /// So many are under way at once, at most: what a process that dies can leave behind.
    pub under_way: u32,
    /// A request may arrive for so long after it was started, whether we waited for its answer or not.
    pub late: Duration,
}

impl Rate {
    /// Lever's 10/s with bursts to 20 (`lever-api §2.1`), less half a percent, because two clocks do not run alike. With twelve under
    /// way the whole rate is used while answers take 1.2 s; the four of the first minute after a crash do until they take 0.4 s.
    pub const LEVER: Self = Self { burst: 20, per_second: 9.95, under_way: 12, late: Duration::from_secs(60) };

    /// What a vendor allows. Nothing is known of how vendors count; one that is asked slowly anyway is not held up by what got lost.
    pub const fn vendor(burst: u32, per_second: f64) -> Self {
        Self { burst, per_second, under_way: burst, late: Duration::ZERO }
    }

    /// How many requests the next process reckons with if one ends that reckoned with `abroad` of earlier ones, until those can arrive
    /// no more.
    pub fn to_assume(&self, abroad: u32) -> u32 {
        self.at_most(abroad.saturating_add(self.at_once(abroad)))
    }

    /// How many may be under way while `abroad` of earlier processes may arrive yet.
    fn at_once(&self, abroad: u32) -> u32 {
        if abroad == 0 { self.under_way } else { SPARE }
    }

    /// Something is always left.
    fn at_most(&self, abroad: u32) -> u32 {
        abroad.min(self.burst.saturating_sub(SPARE))
    }
}

/// Whether a request may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// Now; it is counted.
    Now,
    /// Not before this.
    At(Instant),
    /// When something that is under way has ended.
    AfterAnother,
}

/// How a request that was started has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was never sent.
    Unused,
    /// It has arrived, or cannot arrive any more.
    Settled,
    /// Nobody knows: it may arrive yet.
    Lost,
}

#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) rate: Rate,
    /// The present rate: lowered by 429, recovering to `rate.per_second`.
    pub(super) now_per_second: f64,
    debt: f64,
    /// Started by this process and not settled.
    under_way: u32,
    /// When those of them that got lost can arrive no more.
    lost: VecDeque<Instant>,
    /// Started by earlier processes, and when they can arrive no more.
    abroad: Option<(u32, Instant)>,
    drained_at: Instant,
    /// Nothing starts before this.
    pub(super) paused_until: Instant,
}

impl Bucket {
    /// A bucket of which nothing was spent.
    pub(super) fn full(rate: Rate, now: Instant) -> Self {
        let (now_per_second, lost) = (rate.per_second, VecDeque::new());
        Self { rate, now_per_second, debt: 0.0, under_way: 0, lost, abroad: None, drained_at: now, paused_until: now }
    }

    /// A bucket that earlier processes used. `abroad` of their requests may arrive yet; what else they sent is settled, and how much of
    /// it nobody knows.
    pub(super) fn used(rate: Rate, abroad: u32, now: Instant) -> Self {
        let abroad = rate.at_most(abroad);
        let debt = f64::from(rate.burst - abroad);
        Self { debt, abroad: Some((abroad, now + rate.late)), ..Self::full(rate, now) }
    }

    /// Another process spent it until now, and `abroad` of its requests may arrive yet: as [`Self::used`], beside what this one has under
    /// way.
    pub(super) fn inherit(&mut self, abroad: u32, now: Instant) {
        self.drain(now);
        let before = self.abroad.map_or(0, |(count, _)| count);
        let abroad = self.rate.at_most(abroad.saturating_add(before));
        self.abroad = Some((abroad, now + self.rate.late));
        self.debt = self.debt.max(f64::from(self.rate.burst.saturating_sub(abroad + self.under_way)));
    }

    /// Starts one request, or says when it may start.
    pub(super) fn start(&mut self, now: Instant) -> Start {
        self.drain(now);
        if now < self.paused_until {
            return Start::At(self.paused_until);
        }
        if self.under_way >= self.rate.at_once(self.abroad.map_or(0, |(count, _)| count)) {
            return self.after_another();
        }
        let over = self.level() + 1.0 - f64::from(self.rate.burst);
        if over <= 0.0 {
            self.under_way += 1;
            return Start::Now;
        }
        if over > self.debt {
            // Waiting makes no room, only the end of something does.
            return self.after_another();
        }
        Start::At(now + Duration::from_secs_f64(over / self.now_per_second) + Duration::from_micros(1))
    }

    /// When something that may be under way can arrive no more; else what ends says so.
    fn after_another(&self) -> Start {
        let ends = [self.abroad.map(|(_, until)| until), self.lost.front().copied()];
        ends.into_iter().flatten().min().map_or(Start::AfterAnother, Start::At)
    }

    /// Counts one all the same.
    pub(super) fn force(&mut self) {
        self.under_way += 1;
    }

    /// One that was started has ended.
    pub(super) fn end(&mut self, now: Instant, ended: Ended, started: Instant) {
        self.drain(now);
        match ended {
            Ended::Unused => self.under_way = self.under_way.saturating_sub(1),
            Ended::Settled => self.settle(1),
            Ended::Lost => {
                let until = started + self.rate.late;
                self.lost.insert(self.lost.partition_point(|other| *other <= until), until);
                self.drain(now);
            }
        }
    }

    /// The destination says that it is too much: nothing for `pause`, and slower for a while.
    pub(super) fn slow(&mut self, now: Instant, pause: Duration) {
        self.drain(now);
        self.debt += (f64::from(self.rate.burst) - self.level()).max(0.0);
        self.now_per_second = (self.now_per_second * 0.7).max(self.rate.per_second * 0.1);
        self.paused_until = self.paused_until.max(now + pause);
        self.drained_at = self.paused_until;
    }

    /// How much of the burst is left, now.
    pub(super) fn left(&mut self, now: Instant) -> f64 {
        self.drain(now);
        (f64::from(self.rate.burst) - self.level()).max(0.0)
    }

    /// What the destination has counted against us at most.
    fn level(&self) -> f64 {
        self.debt + f64::from(self.under_way) + f64::from(self.abroad.map_or(0, |(count, _)| count))
    }

    fn settle(&mut self, count: u32) {
        self.under_way = self.under_way.saturating_sub(count);
        self.debt += f64::from(count);
    }

    fn drain(&mut self, now: Instant) {
        if let Some((count, until)) = self.abroad.filter(|(_, until)| *until <= now) {
            // Those of ours that ended earlier come first, so that time never runs backwards.
            self.drain_lost(until);
            self.drain_to(until);
            self.debt += f64::from(count);
            self.abroad = None;
        }
        self.drain_lost(now);
        self.drain_to(now);
    }

    fn drain_lost(&mut self, now: Instant) {
        while let Some(until) = self.lost.front().copied().filter(|until| *until <= now) {
            self.lost.pop_front();
            self.drain_to(until);
            self.settle(1);
        }
    }

    fn drain_to(&mut self, now: Instant) {
        // `drained_at` lies in the future while paused.
        let Some(passed) = now.checked_duration_since(self.drained_at) else { return };
        let seconds = passed.as_secs_f64();
        self.debt = (self.debt - seconds * self.now_per_second).max(0.0);
        self.now_per_second = (self.now_per_second + seconds * RECOVERY).min(self.rate.per_second);
        self.drained_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const MS: Duration = Duration::from_millis(1);

    /// Lever's own bucket (`lever-api §2.1`): what arrived, less 10 a second, never above 20.
    #[derive(Default)]
    struct Lever {
        level: f64,
        at: Duration,
        arrived: u32,
    }

    impl Lever {
        fn take(&mut self, at: Duration) -> Result<(), String> {
            self.level = (self.level - 10.0 * at.abs_diff(self.at).as_secs_f64()).max(0.0) + 1.0;
            (self.at, self.arrived) = (at, self.arrived + 1);
            if self.level > 20.0 + 1e-6 { Err(format!("429 at {at:?}: {}", self.level)) } else { Ok(()) }
        }
    }

    /// What the network does to one request.
    #[derive(Debug, Clone, Copy)]
    enum Fate {
        /// Milliseconds there, and back.
        Answered(u64, u64),
        /// We give up after this long; it arrives so long after that, if ever.
        Lost(u64, Option<u64>),
        /// Leave is given back unsent after so long.
        Unused(u64),
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    enum Next {
        Arrives,
        Ends(u64, u8, Duration),
        Dies,
        Tries,
    }

    fn ended(what: u8) -> Ended {
        [Ended::Settled, Ended::Lost, Ended::Unused][usize::from(what)]
    }

    /// A backlog that never ends, for `until`: whenever a request may start it does and meets the next fate, around and around. Each of
    /// `deaths` kills the process; the next one starts at once, knowing what the store says. What started less than `doomed` milliseconds
    /// before a death, or before one of `holds`, arrives as late as can be: the worst there is.
    fn run(fates: &[Fate], [deaths, holds]: [&[u64]; 2], doomed: u64, until: Duration) -> Result<Lever, String> {
        let (zero, rate) = (Instant::now(), Rate::LEVER);
        let (mut lever, mut process, mut stored, mut seq) = (Lever::default(), 0_u64, rate.under_way, 0_u64);
        let (mut bucket, mut born) = (Bucket::full(rate, zero), Duration::ZERO);
        let mut todo: BTreeSet<(Duration, Next, u64, u64)> = BTreeSet::from([(Duration::ZERO, Next::Tries, 0, 0)]);
        todo.extend(deaths.iter().enumerate().map(|(n, at)| (MS * u32::try_from(*at).unwrap(), Next::Dies, 0, n as u64)));
        let mut waits = false;
        while let Some((now, next, of, _)) = todo.pop_first().filter(|(now, ..)| *now <= until) {
            match next {
                Next::Arrives => lever.take(now)?,
                Next::Ends(_, what, started) if of == process => {
                    bucket.end(zero + now, ended(what), zero + started);
                    if waits {
                        todo.insert((now, Next::Tries, process, seq));
                    }
                }
                Next::Dies => {
                    let abroad = if now >= born + rate.late { rate.under_way } else { stored };
                    (process, born, waits) = (process + 1, now, false);
                    stored = rate.to_assume(abroad);
                    bucket = Bucket::used(rate, abroad, zero + now);
                    todo.insert((now, Next::Tries, process, seq));
                }
                Next::Tries if of == process => {
                    waits = false;
                    match bucket.start(zero + now) {
                        Start::Now => {
                            let ms = u64::try_from(now.as_millis()).unwrap();
                            let is_doomed = deaths.iter().chain(holds).any(|at| (1..=doomed).contains(&at.saturating_sub(ms)));
                            let fate = fates[usize::try_from(seq).unwrap() % fates.len()];
                            let (there, ends, what) = match if is_doomed { Fate::Lost(30_000, Some(30_000)) } else { fate } {
                                Fate::Answered(there, back) => (Some(there), there + back, 0),
                                Fate::Lost(gave_up, after) => (after.map(|after| gave_up + after), gave_up, 1),
                                Fate::Unused(after) => (None, after, 2),
                            };
                            let at = |ms: u64| now + MS * u32::try_from(ms).unwrap();
                            seq += 1;
                            if let Some(there) = there {
                                todo.insert((at(there), Next::Arrives, process, seq));
                            }
                            todo.insert((at(ends), Next::Ends(seq, what, now), process, seq));
                            todo.insert((now, Next::Tries, process, seq));
                        }
                        // Whole milliseconds, as tokio's timers have.
                        Start::At(when) => {
                            let ms = (when - zero).as_nanos().div_ceil(1_000_000);
                            waits = true;
                            todo.insert((MS * u32::try_from(ms).unwrap(), Next::Tries, process, seq));
                        }
                        Start::AfterAnother => waits = true,
                    }
                }
                Next::Ends(..) | Next::Tries => {}
            }
        }
        Ok(lever)
    }

    fn odd() -> impl Strategy<Value = Fate> {
        prop_oneof![
            1 => (0..30_000_u64, 0..100_u64).prop_map(|(there, back)| Fate::Answered(there, back)),
            1 => (0..30_000_u64, prop::option::of(0..30_000_u64)).prop_map(|(after, late)| Fate::Lost(after, late)),
            1 => Just(Fate::Lost(30_000, Some(30_000))),
            1 => (0..500_u64).prop_map(Fate::Unused),
        ]
    }

    /// Quick answers, so that the budget is spent to its brim; and a few odd ones among them, or many.
    fn fates() -> impl Strategy<Value = Vec<Fate>> {
        let quick = || (0..60_u64, 0..60_u64).prop_map(|(there, back)| Fate::Answered(there, back));
        let mixed = (1..30_u32).prop_flat_map(move |odds| {
            prop::collection::vec(prop_oneof![300 - 10 * odds => quick(), odds.pow(2) => odd()], 1..400)
        });
        prop_oneof![prop::collection::vec(quick(), 1..100), mixed]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn levers_bucket_never_overflows_whatever_is_delayed_lost_or_killed_twice_a_minute(
            fates in fates(),
            mut deaths in prop::collection::vec(0..200_000_u64, 0..8),
            holds in prop::collection::vec(0..20_000_u64, 0..4),
            doomed in prop_oneof![Just(0), 1..3_000_u64],
        ) {
            deaths.sort_unstable();
            let mut some: Vec<u64> = Vec::new();
            for death in deaths {
                if some.len() < 2 || death - some[some.len() - 2] >= 60_000 {
                    some.push(death);
                }
            }
            prop_assert_eq!(run(&fates, [&some, &holds], doomed, Duration::from_secs(260)).map(drop), Ok(()));
        }

        #[test]
        fn whoever_dies_again_and_again_goes_on_and_within_levers_limit_while_nothing_arrives_late(
            answers in prop::collection::vec((0..60_u64, 0..60_u64), 1..100),
            every in 400..3_000_u64,
        ) {
            let fates: Vec<Fate> = answers.into_iter().map(|(there, back)| Fate::Answered(there, back)).collect();
            let deaths: Vec<u64> = (1..=30).map(|n| n * every).collect();
            let lever = run(&fates, [&deaths, &[]], 0, Duration::from_millis(30 * every)).unwrap();
            prop_assert!(lever.arrived >= 20 + 30, "{}", lever.arrived);
        }

        #[test]
        fn a_backlog_uses_97_percent_of_the_budget_while_answers_come_within_a_second_or_0_3_after_a_crash(
            answers in prop::collection::vec((0..500_u64, 0..500_u64), 1..200),
            death in prop::option::of(0..300_000_u64),
        ) {
            let tenths = if death.is_some() { 3 } else { 10 };
            let quick = |ms| ms * tenths / 10;
            let fates: Vec<Fate> = answers.into_iter().map(|(there, back)| Fate::Answered(quick(there), quick(back))).collect();
            let lever = run(&fates, [death.as_slice(), &[]], 0, Duration::from_secs(300)).unwrap();
            prop_assert!(f64::from(lever.arrived) >= 0.97 * (20.0 + 10.0 * 299.0), "{}", lever.arrived);
        }
    }

    #[test]
    fn a_429_pauses_and_slows_and_is_forgiven() {
        let zero = Instant::now();
        let (mut bucket, second) = (Bucket::full(Rate::LEVER, zero), Duration::from_secs(1));
        bucket.slow(zero, second);
        assert_eq!(bucket.start(zero), Start::At(zero + second));
        let Start::At(first) = bucket.start(zero + second) else { panic!("the pause left something") };
        assert!(first - zero > second + Duration::from_millis(130), "slower: {:?}", first - zero);
        let forgiven = zero + 60 * second;
        assert!((bucket.left(forgiven) - 20.0).abs() < 1e-9 && (bucket.now_per_second - 9.95).abs() < 1e-9);
    }

    #[test]
    fn after_any_number_of_crashes_the_work_goes_on_at_once() {
        let (zero, mut abroad) = (Instant::now(), 0);
        for reckoned in [12, 16, 16, 16] {
            abroad = Rate::LEVER.to_assume(abroad);
            assert_eq!(abroad, reckoned);
            let mut bucket = Bucket::used(Rate::LEVER, abroad, zero);
            let at = |seconds| zero + Duration::from_secs(seconds);
            assert_eq!(bucket.start(zero + Duration::from_millis(101)), Start::Now);
            let more = (0..20).filter(|_| bucket.start(at(9)) == Start::Now).count();
            assert_eq!(u32::try_from(more).unwrap() + 1, SPARE);
        }
        // A row that cannot be read, or of another version.
        assert_eq!(Bucket::used(Rate::LEVER, u32::MAX, zero).start(zero + Duration::from_millis(101)), Start::Now);
    }
}
