//! Ranges of numbers, and what is wrong with several of them in an order in which the first that fits counts.

use std::cmp::Ordering;

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct End {
    pub(crate) at: f64,
    /// Whether the end itself belongs to the range.
    pub(crate) included: bool,
}

/// From one end to another; without an end it goes on for ever.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Range {
    pub(crate) low: Option<End>,
    pub(crate) high: Option<End>,
}

/// What is wrong with a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// Nothing lies in it.
    Empty { at: usize },
    /// Whatever it fits, a step before it fits as well.
    Unreachable { later: usize },
    /// Some values fit both, and others each of them alone: which is meant is anybody's guess.
    Overlap { earlier: usize, later: usize, both: Range },
}

impl Range {
    /// Takes away what lies below `end`, or above it.
    pub(crate) fn narrow(&mut self, end: End, from_below: bool) {
        if from_below {
            self.low = Some(self.low.map_or(end, |low| if lows(Some(low), Some(end)).is_ge() { low } else { end }));
        } else {
            self.high = Some(self.high.map_or(end, |high| if highs(Some(high), Some(end)).is_le() { high } else { end }));
        }
    }

    fn is_empty(&self) -> bool {
        let (Some(low), Some(high)) = (self.low, self.high) else { return false };
        low.at > high.at || (low.at.total_cmp(&high.at).is_eq() && !(low.included && high.included))
    }

    /// The values in both.
    fn and(&self, other: &Self) -> Self {
        let mut both = *self;
        if let Some(low) = other.low {
            both.narrow(low, true);
        }
        if let Some(high) = other.high {
            both.narrow(high, false);
        }
        both
    }

    /// Whether every value of this is in `other`.
    fn within(&self, other: &Self) -> bool {
        lows(self.low, other.low).is_ge() && highs(self.high, other.high).is_le()
    }

    /// Whether there is an end at all.
    pub(crate) const fn is_bounded(&self) -> bool {
        self.low.is_some() || self.high.is_some()
    }
}

/// Which of two lower ends lies further up; none is the lowest.
fn lows(a: Option<End>, b: Option<End>) -> Ordering {
    match (a, b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (Some(a), Some(b)) => a.at.total_cmp(&b.at).then(b.included.cmp(&a.included)),
    }
}

/// Which of two upper ends lies further up; none is the highest.
fn highs(a: Option<End>, b: Option<End>) -> Ordering {
    match (a, b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => a.at.total_cmp(&b.at).then(a.included.cmp(&b.included)),
    }
}

/// The faults of ranges tried in this order. A step that lies within a later one is an exception to it, as in `gte 90`, then
/// `gte 70`; a step for everything that is left may be left with nothing.
pub(crate) fn faults(steps: &[Range]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (later, step) in steps.iter().enumerate() {
        let before: Vec<(usize, &Range)> =
            steps.iter().enumerate().take(later).filter(|(_, earlier)| !earlier.is_empty()).collect();
        if step.is_empty() {
            faults.push(Fault::Empty { at: later });
            continue;
        }
        if step.is_bounded() && covered(step, &before) {
            faults.push(Fault::Unreachable { later });
            continue;
        }
        for (earlier, other) in before {
            let both = other.and(step);
            if !both.is_empty() && !other.within(step) {
                faults.push(Fault::Overlap { earlier, later, both });
            }
        }
    }
    faults
}

/// Whether the ranges together leave nothing of `step`.
fn covered(step: &Range, ranges: &[(usize, &Range)]) -> bool {
    let mut left = *step;
    loop {
        // The range that takes most from below goes on where the last one ended.
        let next = ranges.iter().filter(|(_, range)| lows(range.low, left.low).is_le() && !range.and(&left).is_empty());
        let Some((_, most)) = next.max_by(|(_, a), (_, b)| highs(a.high, b.high)) else { return false };
        let Some(high) = most.high else { return true };
        left.low = Some(End { at: high.at, included: !high.included });
        if left.is_empty() {
            return true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(at: f64, included: bool) -> Range {
        Range { low: Some(End { at, included }), high: None }
    }

    fn to(at: f64, included: bool) -> Range {
        Range { low: None, high: Some(End { at, included }) }
    }

    fn between(low: f64, high: f64) -> Range {
        from(low, true).and(&to(high, true))
    }

    // B43
    #[test]
    fn b43_a_value_must_not_fit_two_steps_that_say_different_things() {
        let overlap = |steps: &[Range]| matches!(faults(steps).as_slice(), [Fault::Overlap { earlier: 0, later: 1, .. }]);
        assert!(overlap(&[from(70.0, true), to(70.0, true), Range::default()]));
        assert!(overlap(&[from(70.0, true), to(75.0, true)]));
        assert!(overlap(&[between(60.0, 80.0), between(70.0, 90.0)]));
        for good in [
            vec![from(70.0, true), to(70.0, false), Range::default()],
            vec![from(70.0, false), to(70.0, true)],
            vec![from(70.0, true), to(40.0, true), Range::default()],
            vec![from(90.0, true), from(70.0, true), Range::default()],
            vec![between(10.0, 20.0), between(30.0, 40.0), Range::default()],
        ] {
            assert_eq!(faults(&good), [], "{good:?}");
        }
    }

    #[test]
    fn a_step_behind_those_that_take_all_of_it_is_never_reached() {
        let unreachable = |steps: &[Range]| faults(steps) == [Fault::Unreachable { later: steps.len() - 1 }];
        assert!(unreachable(&[from(70.0, true), from(90.0, true)]));
        assert!(unreachable(&[from(70.0, true), from(70.0, true)]));
        assert!(unreachable(&[between(0.0, 50.0), from(50.0, false), between(40.0, 60.0)]));
        assert_eq!(faults(&[from(80.0, true).and(&to(70.0, true))]), [Fault::Empty { at: 0 }]);
        assert!(!unreachable(&[between(0.0, 50.0), from(51.0, true), between(40.0, 60.0)]));
    }
}
