//! When to look again. Deterministic: the spread between rows comes from their ids, not from chance.

use crate::model::{Bug, Id, planted};
use jiff::{SignedDuration, Timestamp};

/// A vendor event whose owner is not known yet is looked at again after these, then parked.
const HELD: [SignedDuration; 5] = [
    SignedDuration::from_secs(1),
    SignedDuration::from_secs(10),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(10),
    SignedDuration::from_hours(1),
];

/// Transient faults are tried for this long by age, then a person is asked.
pub(super) const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// The next try after `rounds` failures: 1 s, 2 s, 4 s … at most ten minutes, spread by up to a quarter, and never before what the
/// destination asked for.
pub(super) fn next(now: Timestamp, rounds: u32, id: Id, asked: Option<SignedDuration>) -> Timestamp {
    let base = SignedDuration::from_secs(1_i64 << rounds.min(10)).min(SignedDuration::from_mins(10));
    let spread = i64::from(if planted(Bug::Chance) { chance() } else { id.bytes()[15] })
        * i64::try_from(base.as_millis()).unwrap_or(0)
        / 4
        / 256;
    let delay = base + SignedDuration::from_millis(spread);
    now + delay.max(asked.unwrap_or_default())
}

/// For the planted bug alone.
fn chance() -> u8 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    now.subsec_micros().to_le_bytes()[0]
}

/// When an unowned delivery is looked at again after `rounds` looks; `None`: no more.
pub(super) fn held(now: Timestamp, rounds: u32) -> Option<Timestamp> {
    HELD.get(usize::try_from(rounds).ok()?).map(|delay| now + *delay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_doubles_up_to_ten_minutes_and_heeds_what_was_asked() {
        let now = Timestamp::UNIX_EPOCH;
        let id = Id::from_bytes([0; 16]);
        let wait = |rounds, asked| next(now, rounds, id, asked).duration_since(now).as_secs();
        assert_eq!((wait(0, None), wait(3, None), wait(30, None)), (1, 8, 600));
        assert_eq!(wait(0, Some(SignedDuration::from_secs(30))), 30);
        assert!(held(now, 4).is_some() && held(now, 5).is_none());
    }
}
