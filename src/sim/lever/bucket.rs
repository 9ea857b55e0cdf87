//! The rate limit: a bucket of 20, refilled at 10 a second, one per credential (lever-api §2.1).

use std::time::Duration;

const BURST: f64 = 20.0;
const PER_SECOND: f64 = 10.0;

#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    level: f64,
    at: Duration,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { level: BURST, at: Duration::ZERO }
    }
}

impl Bucket {
    /// Takes one request out at `now` (time since start, never less than before). False: over the limit.
    pub(crate) fn take(&mut self, now: Duration) -> bool {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.level = (self.level + passed * PER_SECOND).min(BURST);
        if self.level < 1.0 {
            return false;
        }
        self.level -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(bucket: &mut Bucket, at: Duration) -> usize {
        (0..100).take_while(|_| bucket.take(at)).count()
    }

    #[test]
    fn a_burst_of_twenty_then_ten_a_second() {
        let mut bucket = Bucket::default();
        assert_eq!(taken(&mut bucket, Duration::from_secs(5)), 20);
        assert_eq!(taken(&mut bucket, Duration::from_millis(5_050)), 0);
        assert_eq!(taken(&mut bucket, Duration::from_millis(5_500)), 5);
        assert_eq!(taken(&mut bucket, Duration::from_secs(60)), 20);
    }
}
