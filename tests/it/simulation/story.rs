//! The story of a seed: what happened, in order, with the time. The same seed tells the same story, line for line.

use std::sync::Mutex;
use tokio::time::Instant;

#[derive(Debug)]
pub(super) struct Story {
    began: Instant,
    lines: Mutex<Vec<String>>,
}

impl Story {
    pub(super) fn begin() -> Self {
        Self { began: Instant::now(), lines: Mutex::default() }
    }

    pub(super) fn tell(&self, what: impl Into<String>) {
        let at = self.began.elapsed().as_millis();
        let (seconds, ms) = (at / 1_000, at % 1_000);
        let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        self.lines.lock().unwrap().push(format!("{hours:>3}:{minutes:02}:{seconds:02}.{ms:03}  {}", what.into()));
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}
