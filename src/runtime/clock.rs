//! The one clock. Layers above are told the time; nobody else reads it.
//!
//! A clock can be moved, for demos and flow tests that live through weeks in seconds. It notices when the wall clock jumps against
//! the monotonic one by more than five minutes: timers then hold until Lever's `Date` agrees.

use crate::model::{Bug, planted};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use tokio::time::Instant;

/// How far the wall clock may part from the monotonic one, or from Lever's, before timers hold.
pub const TOLERATED: SignedDuration = SignedDuration::from_mins(5);

/// Two clocks that are as near as this are one: an answer takes its time.
const NEAR: SignedDuration = SignedDuration::from_millis(500);
/// What was put off by a clock that was ahead by more than this is looked for.
const FELT: SignedDuration = SignedDuration::from_secs(5);

/// Wall time, possibly moved.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The wall time at `started` in the simulation of faults; none: the machine's.
    origin: Option<Timestamp>,
    /// How far the simulated wall clock has jumped.
    jumped_ms: AtomicI64,
    moved_ms: AtomicI64,
    /// How far the machine's clock is behind that of the database which several nodes share.
    behind_ms: AtomicI64,
    /// Lever's time turned out to be far behind ours.
    set_back: AtomicBool,
    /// How far the wall clock was from the monotonic one when that was last accepted.
    skew_ms: AtomicI64,
    started: Instant,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        let clock = Self::from(None);
        #[cfg(feature = "kill-points")]
        clock.ahead();
        clock
    }

    /// Starts that many seconds ahead: the crash tests do not wait for a look-up's grace.
    #[cfg(feature = "kill-points")]
    fn ahead(&self) {
        let seconds = std::env::var("LEVERD_CLOCK_AHEAD").ok().and_then(|text| text.parse().ok());
        self.advance(SignedDuration::from_secs(seconds.unwrap_or(0)));
    }

    /// A clock that shows `origin` now and goes on with the runtime's time, which may be simulated.
    pub fn simulated(origin: Timestamp) -> Self {
        Self::from(Some(origin))
    }

    fn from(origin: Option<Timestamp>) -> Self {
        let (jumped_ms, moved_ms, skew_ms) = (AtomicI64::new(0), AtomicI64::new(0), AtomicI64::new(0));
        let behind_ms = AtomicI64::new(0);
        let (set_back, started) = (AtomicBool::new(false), Instant::now());
        let clock = Self(Arc::new(Inner { origin, jumped_ms, moved_ms, behind_ms, set_back, skew_ms, started }));
        clock.agree();
        clock
    }

    /// Whether time is simulated: then nothing may run on another thread.
    pub fn is_simulated(&self) -> bool {
        self.0.origin.is_some()
    }

    /// What the machine's clock says, moved or not.
    pub fn wall(&self) -> Timestamp {
        let Some(origin) = self.0.origin else { return machine() };
        let passed = self.monotonic().saturating_add(self.0.jumped_ms.load(Ordering::Relaxed));
        origin.checked_add(SignedDuration::from_millis(passed)).unwrap_or(origin)
    }

    /// Has the simulated wall clock jump, as if somebody had set it.
    pub fn jump_by(&self, by: SignedDuration) {
        self.0.jumped_ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }

    fn monotonic(&self) -> i64 {
        i64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// The time, to the millisecond. While the machine's clock is in doubt it is the time as it was before the jump, gone on
    /// since: nothing may grow half a year old because somebody set a clock.
    pub fn now(&self) -> Timestamp {
        let jump = if planted(Bug::ClockBelieved) { SignedDuration::ZERO } else { self.jump() };
        let doubted = if jump.abs() > TOLERATED { jump } else { SignedDuration::ZERO };
        self.shown().checked_sub(doubted).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// What the machine's clock says, moved where time is moved by hand.
    fn shown(&self) -> Timestamp {
        let corrected = self.0.moved_ms.load(Ordering::Relaxed).saturating_add(self.0.behind_ms.load(Ordering::Relaxed));
        let ms = self.wall().as_millisecond().saturating_add(corrected);
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Moves the clock on: for simulated time only.
    pub fn advance(&self, by: SignedDuration) {
        self.0.moved_ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }

    /// How far the wall clock has parted from the monotonic one since they last agreed. Simulated moves do not count.
    pub fn jump(&self) -> SignedDuration {
        SignedDuration::from_millis(self.skew().saturating_sub(self.0.skew_ms.load(Ordering::Relaxed)))
    }

    /// Makes as if the wall clock had jumped by that much: for tests of what holds then.
    pub fn doubt(&self, by: SignedDuration) {
        self.0.skew_ms.fetch_sub(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }

    /// Takes note of what Lever says the time is. A machine's clock that is far from it is in doubt from then on, and Lever's time
    /// counts; one that agrees with it counts again. True: it has just been settled.
    pub fn hear(&self, told: Timestamp) -> bool {
        let before = self.now();
        let settled = self.weigh(told);
        if before.duration_since(self.now()) > TOLERATED {
            self.set_back();
        }
        settled
    }

    /// Says again that the time was set back.
    pub fn set_back(&self) {
        self.0.set_back.store(true, Ordering::Relaxed);
    }

    /// Whether the time was set back since this was last asked: what was put off before is due too late.
    pub fn was_set_back(&self) -> bool {
        self.0.set_back.swap(false, Ordering::Relaxed)
    }

    fn weigh(&self, told: Timestamp) -> bool {
        let off = self.shown().duration_since(told);
        // A clock that was wrong when it was first compared with others', and was set right since.
        let moved = SignedDuration::from_millis(self.0.moved_ms.load(Ordering::Relaxed));
        if off.abs() > TOLERATED && (self.wall() + moved).duration_since(told).abs() <= TOLERATED {
            self.0.behind_ms.store(0, Ordering::Relaxed);
            self.agree();
            return true;
        }
        if off.abs() > TOLERATED {
            // Known already, and to the millisecond: what is told has whole seconds.
            if self.now().duration_since(told).abs() <= TOLERATED {
                return false;
            }
            let skew = self.skew().saturating_sub(i64::try_from(off.as_millis()).unwrap_or(0));
            self.0.skew_ms.store(skew, Ordering::Relaxed);
            return false;
        }
        let doubted = self.jump().abs() > TOLERATED;
        if doubted {
            self.agree();
        }
        doubted
    }

    /// Goes by a clock that several nodes share: what one of them puts off, another one may take up. Not while ours is in doubt: it does not
    /// count then.
    ///
    /// The answer took so long, and the time is from some moment within: what it does not contradict stays.
    pub(super) fn keep_to(&self, told: Timestamp, took: SignedDuration) {
        if self.jump().abs() > TOLERATED {
            return;
        }
        let behind = told.duration_since(self.wall());
        let known = SignedDuration::from_millis(self.0.behind_ms.load(Ordering::Relaxed));
        let earliest = behind - NEAR;
        let latest = behind + took + NEAR;
        if (earliest..=latest).contains(&known) {
            return;
        }
        self.0.behind_ms.store(i64::try_from(behind.as_millis()).unwrap_or(0), Ordering::Relaxed);
        if known - behind > FELT {
            self.set_back();
        }
    }

    /// Accepts the wall clock as it is.
    pub fn agree(&self) {
        self.0.skew_ms.store(self.skew(), Ordering::Relaxed);
    }

    fn skew(&self) -> i64 {
        self.wall().as_millisecond().saturating_sub(self.monotonic())
    }
}

/// The machine's clock.
#[cfg(not(feature = "kill-points"))]
fn machine() -> Timestamp {
    Timestamp::now()
}

/// The machine's clock; `LEVERD_CLOCK_WRONG` is how many seconds somebody set it wrong, which nobody tells us.
#[cfg(feature = "kill-points")]
fn machine() -> Timestamp {
    static WRONG: std::sync::OnceLock<SignedDuration> = std::sync::OnceLock::new();
    let wrong = WRONG.get_or_init(|| {
        let seconds = std::env::var("LEVERD_CLOCK_WRONG").ok().and_then(|text| text.parse().ok());
        SignedDuration::from_secs(seconds.unwrap_or(0))
    });
    Timestamp::now().saturating_add(*wrong).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_somebody_set_is_not_believed_until_lever_agrees_with_it() {
        let origin = Timestamp::from_second(1_780_000_000).unwrap();
        let clock = Clock::simulated(origin);
        let near = |told: Timestamp| clock.now().duration_since(told).abs() < SignedDuration::from_secs(60);
        let jump = SignedDuration::from_hours(24 * 180);
        clock.jump_by(jump);
        assert!(near(origin) && clock.jump().abs() > TOLERATED);
        assert!(!clock.hear(origin));
        assert!(near(origin));
        // It was suspended for half a year: Lever says so too.
        assert!(clock.hear(origin + jump));
        assert!(near(origin + jump) && clock.jump().abs() < TOLERATED);
        // Started on a wrong clock: Lever's counts.
        let wrong = Clock::simulated(origin + jump);
        assert!(!wrong.was_set_back());
        wrong.hear(origin);
        assert!(wrong.was_set_back() && !wrong.was_set_back());
        assert!(wrong.now().duration_since(origin).abs() < SignedDuration::from_secs(60) && wrong.jump().abs() > TOLERATED);
    }

    #[test]
    fn nodes_go_by_the_clock_that_they_share_and_lever_has_the_last_word() {
        let origin = Timestamp::from_second(1_780_000_000).unwrap();
        let (slow, fast) = (Clock::simulated(origin - SignedDuration::from_mins(3)), Clock::simulated(origin));
        for clock in [&slow, &fast] {
            clock.keep_to(origin + SignedDuration::from_mins(1), SignedDuration::ZERO);
        }
        // An answer that came late says that it was this time some while ago.
        slow.keep_to(origin + SignedDuration::from_secs(40), SignedDuration::from_secs(28));
        assert!(slow.now().duration_since(fast.now()).abs() < SignedDuration::from_secs(1));
        assert!(slow.now().duration_since(origin) >= SignedDuration::from_secs(59));
        // What was moved by hand stays moved, and a clock that somebody set is in doubt as ever.
        slow.advance(SignedDuration::from_hours(1));
        slow.keep_to(origin + SignedDuration::from_mins(1), SignedDuration::ZERO);
        assert!(slow.now().duration_since(fast.now()) >= SignedDuration::from_mins(59));
        fast.jump_by(SignedDuration::from_hours(9));
        fast.keep_to(origin + SignedDuration::from_mins(1), SignedDuration::ZERO);
        assert!(fast.now().duration_since(origin) < SignedDuration::from_mins(2));
        // One that began hours slow and is set right later is believed again.
        let mended = Clock::simulated(origin - SignedDuration::from_hours(9));
        mended.keep_to(origin, SignedDuration::ZERO);
        mended.jump_by(SignedDuration::from_hours(9));
        assert!(mended.jump().abs() > TOLERATED);
        assert!(mended.hear(origin) && mended.jump().abs() < TOLERATED);
        assert!(mended.now().duration_since(origin).abs() < SignedDuration::from_secs(60));
    }

    #[test]
    fn a_moved_clock_is_no_jump() {
        let clock = Clock::system();
        let before = clock.now();
        clock.advance(SignedDuration::from_hours(400));
        assert!(clock.now().duration_since(before) >= SignedDuration::from_hours(400));
        assert!(clock.jump().abs() < TOLERATED);
    }
}
