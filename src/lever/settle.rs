//! What became of a write whose answer was lost.
//!
//! Per kind of effect: tags and links are sets and are simply repeated; a note is found again by its text and the time we gave it;
//! a stage move by its entry in the history, even if a person has moved the candidate on since; an archiving by its time and reason.
//! No marker is ever visible to a recruiter. Pure: [`lookup`] says what to read, [`settled`] decides.

use super::api::{self, Note, Unread};
use crate::model::{Act, Exchange, OpportunityId, Reason, Request};
use jiff::{SignedDuration, Timestamp};

/// What Lever's clock may differ from ours by.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// The decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    /// It happened. For a note, its id; for a stage move, when.
    Done { note: Option<String>, moved: Option<Timestamp> },
    /// It did not happen, or repeating is harmless: begin again with [`super::effect::step`], guards and all.
    Repeat,
    /// Read this too (the next page), then ask again with its answer.
    More(Request),
    /// The read failed; read again, not before `after`.
    LookAgain { after: Option<SignedDuration>, reason: Reason },
    /// A person must look.
    Park(Reason),
}

/// How long after the lost answer the first look makes sense: Lever may still be carrying the write out.
pub const fn grace(act: &Act) -> SignedDuration {
    match act {
        Act::Note { .. } => SignedDuration::from_secs(60),
        Act::Stage(_) | Act::Archive { .. } => SignedDuration::from_secs(10),
        _ => SignedDuration::ZERO,
    }
}

/// What to read to find out; `None` when repeating needs no reading, or when it is not Lever's to know.
pub fn lookup(act: &Act, opportunity: &OpportunityId) -> Option<Request> {
    match act {
        Act::Note { .. } => Some(api::list_notes(opportunity)),
        Act::Stage(_) | Act::Archive { .. } => Some(api::get_opportunity(opportunity)),
        _ => None,
    }
}

/// Decides from the answer to [`lookup`], or without one where it is `None`.
pub fn settled(act: &Act, opportunity: &OpportunityId, answer: Option<&Exchange>, begun_at: Timestamp) -> Settled {
    let since = begun_at.checked_sub(SKEW).unwrap_or(begun_at);
    match (act, answer) {
        (Act::Family(_) | Act::AddTag { .. } | Act::RemoveTag { .. } | Act::Link { .. } | Act::Unlink { .. }, _) => {
            Settled::Repeat
        }
        (Act::Note { text, created_at, .. }, Some(answer)) => match api::notes(answer) {
            Ok(page) => match find_note(&page.items, text, *created_at, since) {
                Some(note) => Settled::Done { note: Some(note.id.clone()), moved: None },
                None => page
                    .next
                    .map_or(Settled::Repeat, |next| Settled::More(api::next_page(&api::list_notes(opportunity), &next))),
            },
            Err(unread) => unsettled(unread),
        },
        (Act::Stage(to), Some(answer)) => match api::opportunity(answer) {
            Ok(now) => match now.stage_changes.iter().find(|change| change.to == to.to && change.at >= since) {
                Some(change) => Settled::Done { note: None, moved: Some(change.at) },
                None => Settled::Repeat,
            },
            Err(unread) => unsettled(unread),
        },
        (Act::Archive { reason, .. }, Some(answer)) => match api::opportunity(answer) {
            Ok(now) => match now.archived {
                Some(archived) if archived.reason.as_ref() == Some(reason) && archived.at.is_some_and(|at| at >= since) => {
                    Settled::Done { note: None, moved: None }
                }
                _ => Settled::Repeat,
            },
            Err(unread) => unsettled(unread),
        },
        (Act::Note { .. } | Act::Stage(_) | Act::Archive { .. }, None) => {
            Settled::LookAgain { after: None, reason: Reason::new("R1", "not read yet") }
        }
        (Act::Invite(_) | Act::Call(_) | Act::File { .. } | Act::Form { .. } | Act::Feedback { .. }, _) => {
            Settled::Park(Reason::new("R10", "nobody knows whether this was carried out; look, then retry or skip it"))
        }
    }
}

/// The note with this text that has our time, else one with this text that appeared since we began.
fn find_note<'a>(notes: &'a [Note], text: &str, created_at: Timestamp, since: Timestamp) -> Option<&'a Note> {
    let same = |found: &str| found.trim() == text.trim();
    let at = |note: &Note, fits: &dyn Fn(Timestamp) -> bool| {
        let mut comments = note.fields.iter().filter(|field| same(&field.text));
        !note.deleted && comments.any(|field| [field.created_at, note.created_at].into_iter().flatten().any(fits))
    };
    // Lever keeps milliseconds.
    let exact = notes.iter().find(|note| at(note, &|time| time.as_millisecond() == created_at.as_millisecond()));
    exact.or_else(|| notes.iter().find(|note| at(note, &|time| time >= since)))
}

/// The answer to a look that brought nothing: the write stays unknown until Lever answers.
fn unsettled(unread: Unread) -> Settled {
    match unread {
        Unread::Gone(reason) => Settled::Park(reason),
        Unread::Retry { after, reason } => Settled::LookAgain { after, reason },
        Unread::Suspended(reason) => Settled::LookAgain { after: None, reason },
        Unread::Dead(reason) => {
            Settled::Park(Reason::new("R10", format!("nobody knows whether this was carried out: {}", reason.text)))
        }
    }
}
