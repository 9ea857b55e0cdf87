//! Guessing passwords is slow: after some wrong ones, who tries again has to wait, longer each time.

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// So many wrong passwords are nobody's fault.
const FREE: u32 = 5;
/// The longest wait.
const LONGEST: i64 = 300;
/// So many names and addresses are remembered.
const REMEMBERED: usize = 4_096;

/// Wrong tries, by name and address.
#[derive(Debug, Default)]
pub(super) struct Slow(Mutex<BTreeMap<(String, IpAddr), (u32, Timestamp)>>);

impl Slow {
    /// Whether another try may be made; else the seconds to wait.
    pub(super) fn may(&self, name: &str, from: IpAddr, now: Timestamp) -> Result<(), i64> {
        let tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match tries.get(&(name.to_owned(), from)) {
            Some((_, until)) if *until > now => Err(until.duration_since(now).as_secs().max(1)),
            _ => Ok(()),
        }
    }

    /// Counts a wrong try.
    pub(super) fn failed(&self, name: &str, from: IpAddr, now: Timestamp) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= REMEMBERED {
            tries.retain(|_, (_, until)| *until > now);
        }
        if tries.len() >= REMEMBERED {
            tries.clear();
        }
        let (times, until) = tries.entry((name.to_owned(), from)).or_insert((0, now));
        *times += 1;
        if *times >= FREE {
            let wait = 1_i64.checked_shl((*times - FREE).min(16)).unwrap_or(LONGEST).min(LONGEST);
            *until = now + SignedDuration::from_secs(wait);
        }
    }

    /// A right one forgives the wrong ones.
    pub(super) fn forget(&self, name: &str, from: IpAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(name.to_owned(), from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_wrong_try_waits_and_the_next_longer() {
        let (slow, from) = (Slow::default(), IpAddr::from([127, 0, 0, 1]));
        let mut now = Timestamp::from_second(1_800_000_000).unwrap();
        for _ in 0..5 {
            assert_eq!(slow.may("ada", from, now), Ok(()));
            slow.failed("ada", from, now);
        }
        assert_eq!(slow.may("ada", from, now), Err(1));
        assert_eq!(slow.may("eve", from, now), Ok(()), "another name is another matter");
        now += SignedDuration::from_secs(1);
        slow.failed("ada", from, now);
        assert_eq!(slow.may("ada", from, now), Err(2));
        slow.forget("ada", from);
        assert_eq!(slow.may("ada", from, now), Ok(()));
    }
}
