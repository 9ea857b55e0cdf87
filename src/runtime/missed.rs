//! What Lever shows and never told: the moves of an opportunity that no event here is about. Compares; asks nobody.

use crate::lever::api::StageChange;
use crate::model::{Event, EventKind, LeverEvent, StageId};
use crate::store::Heard;
use jiff::{SignedDuration, Timestamp};

/// A webhook may still be on its way, and Lever tries again for some minutes.
const UNDER_WAY: SignedDuration = SignedDuration::from_mins(10);

/// A move that nothing here is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    pub to: StageId,
    pub at: Timestamp,
    /// It happened so lately that it may yet come.
    pub recent: bool,
}

/// How the silence about a move may be explained by what else came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Of all moves in Lever none was ever told.
    Never,
    /// The last that was told came before this one.
    Since(Timestamp),
    /// Others were told after it: this one got lost.
    OnlyThis,
}

/// The moves since `from` that none of the events is about, oldest first. The first entry of Lever's history is where the opportunity
/// was created, which is no move (`lever-api §3.1`).
pub fn missed(changes: &[StageChange], events: &[&Event], from: Timestamp, now: Timestamp) -> Vec<Missed> {
    let told = |at: Timestamp| {
        events.iter().any(|event| event.kind == EventKind::Lever(LeverEvent::CandidateStageChange) && event.at == at)
    };
    let moves = changes.iter().skip(1).filter(|change| change.at >= from && !told(change.at));
    moves
        .map(|change| Missed { to: change.to.clone(), at: change.at, recent: now.duration_since(change.at) < UNDER_WAY })
        .collect()
}

/// What the other deliveries say about a move at that time.
pub fn silence(heard: &[Heard], at: Timestamp) -> Silence {
    let webhook = LeverEvent::CandidateStageChange.as_str();
    match heard.iter().filter(|row| row.event == webhook).map(|row| row.last).max() {
        None => Silence::Never,
        Some(last) if last < at => Silence::Since(last),
        Some(_) => Silence::OnlyThis,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EventId;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn change(second: i64) -> StageChange {
        StageChange { to: "s".into(), at: at(second), user: None }
    }

    fn told(second: i64) -> Event {
        let kind = EventKind::Lever(LeverEvent::CandidateStageChange);
        Event::new(EventId::derive(at(second), &["x"]), "a".into(), kind, None, at(second))
    }

    #[test]
    fn moves_that_no_event_is_about_are_missed_and_the_first_entry_is_no_move() {
        let changes = [change(1), change(100), change(200), change(5_000)];
        let event = told(100);
        let found = missed(&changes, &[&event], at(50), at(5_100));
        let found: Vec<_> = found.iter().map(|missed| (missed.at, missed.recent)).collect();
        assert_eq!(found, [(at(200), false), (at(5_000), true)]);
        assert_eq!(missed(&changes, &[&event], at(300), at(5_100)).len(), 1, "what was before is nobody's concern");
    }

    #[test]
    fn what_else_came_tells_whether_one_got_lost_or_all_do() {
        let heard =
            |last: i64| Heard { source: "lever".into(), event: "candidateStageChange".into(), count: 1, last: at(last) };
        assert_eq!(silence(&[], at(10)), Silence::Never);
        assert_eq!(silence(&[heard(5)], at(10)), Silence::Since(at(5)));
        assert_eq!(silence(&[heard(11)], at(10)), Silence::OnlyThis);
    }
}
