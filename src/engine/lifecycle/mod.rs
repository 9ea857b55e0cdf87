//! The life of an attempt: what one assessment event does to our ledger's row.
//!
//! One ordered phase and four facets. An event of a lower rank than the phase is stale, the same event twice changes nothing, and a
//! phase that was skipped is implied: so deliveries may come in any order and any number. It knows rows and events only; who
//! listens to what, and what is written where, is the planner's business.

use crate::model::{Assessment, AssessmentEvent as E, Decision, Event, Integrity, Phase, ReportState, Value, Verdict};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What an event says: `result.percent`, `expires_at`, `url`, `ids.…`.
pub type Fields = BTreeMap<String, Value>;

/// The field of an event that says that it corrected a score: of one that is looked at again, when the ledger knows the new score.
pub const CHANGED: &str = "event.changed";

/// What became of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Judged {
    /// It happened: the row as it is now. `changed`: it corrects an earlier score.
    Apply { row: Box<Assessment>, changed: bool },
    /// These must have happened before and were not told. They come first, in this order, and then the event again.
    Implied(Vec<E>),
    /// Too late, too early or not possible: kept, but no rule fires.
    Stale(String),
    /// Known already.
    Same(String),
}

/// Judges an event against the attempt it is about. `at` is when it happened.
pub fn judge(row: Option<&Assessment>, event: E, fields: &Fields, at: Timestamp) -> Judged {
    let Some(row) = row else { return Judged::Stale(format!("`{event}`: no attempt of ours; made outside leverd or deleted")) };
    let stale = || Judged::Stale(format!("`{event}` is stale: the attempt is `{}` already", row.phase));
    let same = || Judged::Same(format!("`{event}` is known already"));
    let apply = |changed| Judged::Apply { row: Box::new(apply(row, event, fields, at)), changed };
    let by_facets = || if facets(row, event, fields) == *row { same() } else { apply(false) };
    // T25: no score counts while the vendor is still verifying the attempt.
    if event == E::Scored && facets(row, event, fields).integrity == Integrity::Pending {
        return Judged::Stale(format!("`{event}` waits: the vendor is still verifying the attempt"));
    }
    let Some(phase) = row.phase.rank().or(late(row.phase, event)) else {
        return closed(row, event, fields, at);
    };
    match event {
        // T01: the row itself is the request.
        E::Requested => same(),
        // T02, T05.
        E::Invited => match row.phase {
            Phase::Requested => apply(false),
            Phase::Invited => same(),
            _ => stale(),
        },
        // T04.
        E::InviteFailed => {
            if row.phase == Phase::Requested {
                apply(false)
            } else {
                stale()
            }
        }
        // T06, T07.
        E::Reminded | E::Reinvited => match row.phase {
            Phase::Requested => Judged::Implied(vec![E::Invited]),
            Phase::Invited | Phase::Opened => apply(false),
            _ => stale(),
        },
        // T16.
        E::Reopened => match phase {
            4.. => apply(false),
            3 => same(),
            _ => stale(),
        },
        // T17.
        E::Superseded => {
            if phase >= 4 {
                apply(false)
            } else {
                stale()
            }
        }
        // T18.
        E::Expired => {
            if phase <= 2 {
                apply(false)
            } else {
                stale()
            }
        }
        // T20, T21.
        E::Declined | E::OptedOut => match phase {
            0 => Judged::Implied(vec![E::Invited]),
            1 | 2 => apply(false),
            _ => stale(),
        },
        // T22.
        E::Cancelled => {
            if phase <= 3 {
                apply(false)
            } else {
                stale()
            }
        }
        // T23.
        E::Terminated => match phase {
            3 => apply(false),
            0..3 => Judged::Implied(skipped(row, 3)),
            _ => stale(),
        },
        // T24.
        E::ReportReady => by_facets(),
        // T26.
        E::Flagged => {
            if phase >= 3 {
                by_facets()
            } else {
                stale()
            }
        }
        // T15, when the vendor says it itself.
        E::DecisionChanged => {
            if phase == 7 {
                apply(false)
            } else {
                stale()
            }
        }
        // T08 to T15: the ordered phases.
        E::Opened
        | E::Started
        | E::Submitted
        | E::Scored
        | E::Passed
        | E::Failed
        | E::NeedsReview
        | E::Reviewed
        | E::Approved
        | E::Rejected
        | E::Qualified
        | E::Unqualified => {
            let missing = skipped(row, before(event));
            if !missing.is_empty() {
                return Judged::Implied(missing);
            }
            if phase < rank(event) {
                return apply(false);
            }
            match event {
                // T12.
                E::Scored => {
                    if score_changed(row, fields) {
                        apply(true)
                    } else {
                        same()
                    }
                }
                E::Passed | E::Failed | E::NeedsReview => by_facets(),
                // T15.
                E::Approved | E::Rejected | E::Qualified | E::Unqualified => {
                    if decision(event) == Some(row.decision) {
                        same()
                    } else {
                        apply(false)
                    }
                }
                _ if phase == rank(event) && row.phase.rank().is_some() => same(),
                _ if row.phase.rank().is_none() => apply(false),
                _ => stale(),
            }
        }
    }
}

/// Whether an event corrected a score, given the ledger as it was when it was planned.
pub fn corrected(event: &Event, ledger: &[Assessment]) -> bool {
    let row = event.assessment.and_then(|id| ledger.iter().find(|row| row.id == id));
    let step = event.kind.assessment().filter(|_| !event.applied && event.for_rule.is_none());
    step.is_some_and(|step| matches!(judge(row, step, &event.fields, event.at), Judged::Apply { changed: true, .. }))
}

/// Events on an attempt that is closed.
fn closed(row: &Assessment, event: E, fields: &Fields, at: Timestamp) -> Judged {
    let apply = || Judged::Apply { row: Box::new(apply(row, event, fields, at)), changed: false };
    let stale = || Judged::Stale(format!("`{event}` is stale: the attempt is `{}`", row.phase));
    match (row.phase, event) {
        // T19: the vendor takes the same attempt up again. A person may let a failed invitation be tried again. T17.
        (Phase::Expired | Phase::Cancelled, E::Invited | E::Reinvited)
        | (Phase::InviteFailed, E::Invited)
        | (Phase::Terminated | Phase::Expired, E::Superseded) => apply(),
        // T23: an attempt that was broken off may still carry a score.
        (Phase::Terminated, E::Scored) => {
            let known = row.verdict != Verdict::None || !row.result.is_empty();
            match (known, score_changed(row, fields)) {
                (true, false) => Judged::Same(format!("`{event}` is known already")),
                (changed, _) => Judged::Apply { row: Box::new(self::apply(row, event, fields, at)), changed },
            }
        }
        // T24 holds in any phase; integrity and verdict are facets too.
        (_, E::ReportReady) | (Phase::Terminated, E::Flagged | E::Passed | E::Failed | E::NeedsReview) => {
            if facets(row, event, fields) == *row { Judged::Same(format!("`{event}` is known already")) } else { apply() }
        }
        (Phase::Expired, E::Expired)
        | (Phase::Declined, E::Declined)
        | (Phase::OptedOut, E::OptedOut)
        | (Phase::Cancelled, E::Cancelled)
        | (Phase::Terminated, E::Terminated)
        | (Phase::InviteFailed, E::InviteFailed)
        | (Phase::Superseded, E::Superseded) => Judged::Same(format!("`{event}` is known already")),
        _ => stale(),
    }
}

/// T30: an attempt that ran out is taken up again by a candidate who does the test after all: it counts as invited.
fn late(phase: Phase, event: E) -> Option<u8> {
    let doing = matches!(event, E::Started | E::Submitted | E::Scored | E::Passed | E::Failed | E::NeedsReview);
    (doing && matches!(phase, Phase::Expired | Phase::OptedOut)).then_some(1)
}

/// The rank of the phase that an event leads to.
const fn rank(event: E) -> u8 {
    match event {
        E::Opened => 2,
        E::Started => 3,
        E::Submitted => 4,
        E::Scored | E::Passed | E::Failed | E::NeedsReview => 5,
        E::Reviewed => 6,
        E::Approved | E::Rejected | E::Qualified | E::Unqualified => 7,
        _ => 1,
    }
}

/// The rank that must have been reached for an event to come next. A decision may come straight from `started` (T14), and what was
/// passed or failed has been submitted.
const fn before(event: E) -> u8 {
    match event {
        E::Opened => 1,
        E::Started => 2,
        E::Submitted | E::Approved | E::Rejected | E::Qualified | E::Unqualified => 3,
        E::Scored | E::Passed | E::Failed | E::NeedsReview | E::Reviewed => 4,
        _ => 0,
    }
}

/// T09, T10: the phases between the row's and `until`, as the events that lead to them.
fn skipped(row: &Assessment, until: u8) -> Vec<E> {
    let reached = row.phase.rank().unwrap_or(match (row.submitted_at, row.started_at) {
        (Some(_), _) => 4,
        (None, Some(_)) => 3,
        (None, None) => 2,
    });
    let steps = [(1, E::Invited), (2, E::Opened), (3, E::Started), (4, E::Submitted)];
    steps.into_iter().filter(|(rank, _)| *rank > reached && *rank <= until).map(|(_, event)| event).collect()
}

fn decision(event: E) -> Option<Decision> {
    Some(match event {
        E::Approved => Decision::Approved,
        E::Rejected => Decision::Rejected,
        E::Qualified => Decision::Qualified,
        E::Unqualified => Decision::Unqualified,
        _ => return None,
    })
}

/// The row after an event, whatever was skipped before it. [`judge`] says whether the event may be applied at all.
pub fn apply(row: &Assessment, event: E, fields: &Fields, at: Timestamp) -> Assessment {
    let mut row = facets(row, event, fields);
    row.phase = phase(row.phase, event);
    match event {
        E::Invited => row.invited_at = row.invited_at.or(Some(at)),
        E::Started => row.started_at = row.started_at.or(Some(at)),
        E::Submitted => row.submitted_at = row.submitted_at.or(Some(at)),
        E::Reminded => row.reminders = row.reminders.saturating_add(1),
        E::Reopened => {
            row.submitted_at = None;
            (row.verdict, row.decision, row.report) = (Verdict::None, Decision::None, ReportState::None);
        }
        _ => {}
    }
    row
}

fn phase(now: Phase, event: E) -> Phase {
    let forward = |to: Phase| match (now.rank(), to.rank()) {
        (Some(now_rank), Some(to_rank)) if now_rank > to_rank => now,
        // T23: what is broken off stays so, whatever score comes.
        (None, _) if now == Phase::Terminated => now,
        _ => to,
    };
    match event {
        E::Requested | E::Reminded | E::ReportReady | E::Flagged | E::DecisionChanged => now,
        E::Invited => Phase::Invited,
        // T06 leaves the phase, T19 does not.
        E::Reinvited => {
            if matches!(
                now,
                Phase::Opened | Phase::Started | Phase::Submitted | Phase::Scored | Phase::Reviewed | Phase::Decided
            ) {
                now
            } else {
                Phase::Invited
            }
        }
        E::InviteFailed => Phase::InviteFailed,
        E::Opened => forward(Phase::Opened),
        E::Started => forward(Phase::Started),
        E::Submitted => forward(Phase::Submitted),
        E::Scored | E::Passed | E::Failed | E::NeedsReview => forward(Phase::Scored),
        E::Reviewed => forward(Phase::Reviewed),
        E::Approved | E::Rejected | E::Qualified | E::Unqualified => forward(Phase::Decided),
        E::Expired => Phase::Expired,
        E::Declined => Phase::Declined,
        E::OptedOut => Phase::OptedOut,
        E::Cancelled => Phase::Cancelled,
        E::Terminated => Phase::Terminated,
        E::Reopened => Phase::Started,
        E::Superseded => Phase::Superseded,
    }
}

/// The row with what the event says beside the phase: results, verdict, decision, report, integrity, ids.
fn facets(row: &Assessment, event: E, fields: &Fields) -> Assessment {
    let mut row = row.clone();
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("expires_at", Value::Date { date }) => row.expires_at = Some(*date),
            ("url", Value::Text(url)) => row.candidate_url = Some(url.clone()),
            ("result.passed", Value::Bool(passed)) => row.verdict = if *passed { Verdict::Passed } else { Verdict::Failed },
            // T25.
            ("result.integrity", Value::Text(text)) => row.integrity = text.parse().unwrap_or(row.integrity),
            _ => {}
        }
        if let Some(field) = name.strip_prefix("result.") {
            row.result.insert(field.to_owned(), value.clone());
        } else if let (Some(id), Value::Text(text)) = (name.strip_prefix("ids."), value) {
            row.ids.insert(id.to_owned(), text.clone());
        }
    }
    match event {
        E::Passed => row.verdict = Verdict::Passed,
        E::Failed => row.verdict = Verdict::Failed,
        E::NeedsReview => row.verdict = Verdict::NeedsReview,
        E::ReportReady => row.report = ReportState::Ready,
        E::Flagged => row.integrity = Integrity::Flagged,
        _ => row.decision = decision(event).unwrap_or(row.decision),
    }
    row
}

/// T12: whether a score differs from the one known. Links do not count: vendors sign them anew at each reading.
fn score_changed(row: &Assessment, fields: &Fields) -> bool {
    let link =
        |value: &Value| matches!(value, Value::Text(text) if text.starts_with("https://") || text.starts_with("http://"));
    let results = fields.iter().filter_map(|(name, value)| Some((name.strip_prefix("result.")?, value)));
    results.into_iter().any(|(name, value)| !link(value) && row.result.get(name) != Some(value))
}

/// Events that say a part of what this one said, for rules that listen to that part: the verdict that a score brought, and that a
/// decision was turned round (T15).
pub fn follows(event: E, before: Option<&Assessment>, after: &Assessment) -> Vec<E> {
    let verdict = |row: &Assessment| (row.verdict, row.decision);
    let old = before.map_or((Verdict::None, Decision::None), verdict);
    let mut follows = Vec::new();
    if event == E::Scored && old.0 != after.verdict {
        follows.extend(match after.verdict {
            Verdict::Passed => Some(E::Passed),
            Verdict::Failed => Some(E::Failed),
            Verdict::NeedsReview => Some(E::NeedsReview),
            Verdict::None => None,
        });
    }
    if decision(event).is_some() && old.1 != Decision::None && old.1 != after.decision {
        follows.push(E::DecisionChanged);
    }
    follows
}

#[cfg(test)]
mod tests;
