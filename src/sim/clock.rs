//! The simulator's time: the wall clock plus an offset that a test can move.
//!
//! Two readings. `now_ms` stamps records and deliveries and never repeats, so that two changes of one opportunity always
//! have different stamps. `elapsed` feeds the rate bucket. Both move with `advance`; no reading ever goes back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// Shared by everything in one simulator; clones show the same time.
#[derive(Debug, Clone)]
pub struct Clock {
    started: Instant,
    /// The wall time at `started`; none: the machine's clock.
    origin: Option<Timestamp>,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    offset: Duration,
    last_ms: i64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), origin: None, inner: Arc::default() }
    }

    /// Shows `origin` now and goes on with the runtime's time, which may be simulated.
    pub(crate) fn simulated(origin: Timestamp) -> Self {
        Self { started: Instant::now(), origin: Some(origin), inner: Arc::default() }
    }

    fn wall_ms(&self) -> i64 {
        match self.origin {
            None => Timestamp::now().as_millisecond(),
            Some(origin) => origin.as_millisecond() + millis(self.started.elapsed()),
        }
    }

    /// Milliseconds since the epoch. Strictly greater than the value before.
    pub fn now_ms(&self) -> i64 {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let wall = self.wall_ms() + millis(inner.offset);
        inner.last_ms = wall.max(inner.last_ms + 1);
        inner.last_ms
    }

    /// Milliseconds since the epoch, as they are: what happens at once has the same.
    pub(crate) fn at_ms(&self) -> i64 {
        self.wall_ms() + millis(self.advanced())
    }

    /// Time since the simulator started, with what was added by `advance`.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed() + self.advanced()
    }

    /// The sum of all `advance` calls.
    pub fn advanced(&self) -> Duration {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).offset
    }

    /// Moves the clock forward. Waiting retries keep their real delays; see `Control::retry_now`.
    pub fn advance(&self, by: Duration) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).offset += by;
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// `2026-07-02T09:30:00.123Z`: how the assessment vendor writes a time. A number outside the calendar gives the epoch.
pub(crate) fn iso(ms: i64) -> String {
    let stamp = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{stamp:.3}")
}

/// The `Date` header for a time in milliseconds.
pub(crate) fn http_date(ms: i64) -> String {
    let since = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_never_repeat_and_follow_an_advance() {
        let clock = Clock::new();
        let first = clock.now_ms();
        let second = clock.now_ms();
        assert!(second > first);
        clock.advance(Duration::from_secs(86_400));
        assert!(clock.now_ms() >= first + 86_400_000);
    }

    #[test]
    fn times_are_written_as_the_vendor_writes_them() {
        assert_eq!(iso(1_683_751_692_660), "2023-05-10T20:48:12.660Z");
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
    }
}
