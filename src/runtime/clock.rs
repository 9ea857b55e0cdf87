//! The one clock. Layers above are told the time; nobody else reads it.
//!
//! A clock can be moved, for demos and flow tests that live through weeks in seconds. It notices when the wall clock jumps against
//! the monotonic one by more than five minutes: timers then hold until Lever's `Date` agrees.

use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// How far the wall clock may part from the monotonic one, or from Lever's, before timers hold.
pub const TOLERATED: SignedDuration = SignedDuration::from_mins(5);

/// Wall time, possibly moved.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    moved_ms: AtomicI64,
    /// How far the wall clock was from the monotonic one when that was last accepted.
    skew_ms: AtomicI64,
    started: Instant,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        let clock = Self(Arc::new(Inner { moved_ms: AtomicI64::new(0), skew_ms: AtomicI64::new(0), started: Instant::now() }));
        clock.agree();
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

    /// The time, to the millisecond.
    pub fn now(&self) -> Timestamp {
        let ms = Timestamp::now().as_millisecond().saturating_add(self.0.moved_ms.load(Ordering::Relaxed));
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

    /// Accepts the wall clock as it is.
    pub fn agree(&self) {
        self.0.skew_ms.store(self.skew(), Ordering::Relaxed);
    }

    fn skew(&self) -> i64 {
        let monotonic = i64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp::now().as_millisecond().saturating_sub(monotonic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_clock_is_no_jump() {
        let clock = Clock::system();
        let before = clock.now();
        clock.advance(SignedDuration::from_hours(400));
        assert!(clock.now().duration_since(before) >= SignedDuration::from_hours(400));
        assert!(clock.jump().abs() < TOLERATED);
    }
}
