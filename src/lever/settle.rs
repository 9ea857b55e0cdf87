//! What became of a write whose answer was lost.
//!
//! Per kind of effect: tags and links are sets and are simply repeated, and so is a change of feedback; a note is found again by its
//! text and the time we gave it, new feedback by its template and that time, or, where that time was still to come, by what it says since we began; a file by its name, a form by what it says, both since
//! we began; a stage move by its entry in the history, even if a person has moved the candidate on since; an archiving by its time
//! and reason.
//! No marker is ever visible to a recruiter. Pure: [`lookup`] says what to read, [`settled`] decides.

use super::api::{self, Form, Note, Page, Unread, UploadedFile};
use crate::model::{Act, Code, Exchange, FilledForm, OpportunityId, Placed, Reason, Request, hurried};
use jiff::{SignedDuration, Timestamp};

/// What Lever's clock may differ from ours by.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// What was lost on its way has arrived, or never will, after this: twice the longest call.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(60);

/// What was lost on its way has arrived, or never will, after this.
pub fn on_its_way() -> SignedDuration {
    hurried().map_or(ON_ITS_WAY, SignedDuration::from_millis)
}

/// And for files, which Lever stamps while it processes them.
const FILE_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// What was begun.
#[derive(Debug, Clone, Copy)]
pub struct Begun<'a> {
    pub act: &'a Act,
    pub opportunity: &'a OpportunityId,
    /// The first try that may have been carried out.
    pub at: Timestamp,
    /// How often it was tried and may have been carried out.
    pub tries: usize,
    /// What stood under its key before.
    pub placed: Option<&'a Placed>,
    /// What is known to be the work of other effects of the opportunity, by Lever's ids.
    pub made: &'a [String],
}

/// The decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    /// It happened. Of what was made, Lever's id; of a stage move, when.
    Done { made: Option<String>, moved: Option<Timestamp> },
    /// It did not happen, or repeating is harmless: begin again with [`super::effect::step`], guards and all.
    Repeat,
    /// Read this too (the next page), then ask again with its answer.
    More(Request),
    /// The read failed; read again, not before `after`.
    LookAgain { after: Option<SignedDuration>, reason: Reason },
    /// A person must look.
    Park(Reason),
}

/// How long after a write whose outcome is unknown the first look, or the repetition, makes sense. `silent`: no answer came, or one that
/// only says that none came in time. Then the write may still be on its way, and might undo what follows it.
pub fn grace(act: &Act, silent: bool) -> SignedDuration {
    match act {
        Act::Note { .. } | Act::File(_) | Act::Form(_) | Act::Feedback(_) => on_its_way(),
        // The vendor's adapter says how these are settled, and when.
        Act::Invite(_) | Act::Call(_) | Act::Ask(_) => SignedDuration::ZERO,
        _ if silent => on_its_way(),
        Act::Stage(_) | Act::Archive { .. } => SignedDuration::from_secs(10),
        _ => SignedDuration::ZERO,
    }
}

/// Whether this exchange leaves open that the write is still on its way.
pub fn silent(exchange: &Exchange) -> bool {
    match exchange {
        Exchange::Answered(response) => matches!(response.status, 408 | 504),
        Exchange::NotSent(_) => false,
        Exchange::Lost(_) => true,
    }
}

/// What to read to find out; `None` when repeating needs no reading, or when it is not Lever's to know.
pub fn lookup(begun: Begun<'_>) -> Option<Request> {
    let opportunity = begun.opportunity;
    match begun.act {
        Act::Note { .. } => Some(api::list_notes(opportunity)),
        Act::File(_) => Some(api::list_files(opportunity)),
        Act::Form(_) => Some(api::list_forms(opportunity)),
        // A change in place is repeated.
        Act::Feedback(_) if begun.placed.is_none() => Some(api::list_feedback(opportunity)),
        Act::Stage(_) | Act::Archive { .. } => Some(api::get_opportunity(opportunity)),
        _ => None,
    }
}

/// Decides from the answer to [`lookup`], or without one where it is `None`.
pub fn settled(begun: Begun<'_>, answer: Option<&Exchange>) -> Settled {
    let since = begun.at.checked_sub(SKEW).unwrap_or(begun.at);
    let Some(answer) = answer else {
        return match begun.act {
            Act::Invite(_) | Act::Call(_) | Act::Ask(_) => Settled::Park(unknown()),
            _ if lookup(begun).is_some() => Settled::LookAgain { after: None, reason: Reason::new(Code::R1, "not read yet") },
            _ => Settled::Repeat,
        };
    };
    match begun.act {
        Act::Note { text, created_at, .. } => found(begun, api::notes(answer), |notes: &[Note]| {
            find_note(begun, notes, text, *created_at, since).map(|note| note.id.clone())
        }),
        Act::File(file) => {
            let since = begun.at.checked_sub(FILE_SKEW).unwrap_or(begun.at);
            found(begun, api::files(answer), |files: &[UploadedFile]| {
                let fits = |one: &&UploadedFile| {
                    one.name.as_deref() == Some(file.name.as_str()) && one.uploaded_at.is_some_and(|at| at >= since)
                };
                files.iter().filter(fits).map(|one| &one.id).find(|id| !known(begun, id)).cloned()
            })
        }
        Act::Form(filled) => match found(begun, api::forms(answer), |forms: &[Form]| find_form(begun, forms, filled, since)) {
            // It cannot be taken back: after a second try that does not show, a person looks.
            Settled::Repeat if begun.tries > 1 => Settled::Park(unknown()),
            settled => settled,
        },
        Act::Feedback(filled) => found(begun, api::forms(answer), |forms: &[Form]| {
            // A time to come was sent as the time of sending ([`Act::not_after`]), which only we know, and only roughly.
            let clamped = filled.created_at > begun.at;
            let ours = |form: &&Form| {
                let at = form.created_at.is_some_and(|at| {
                    at.as_millisecond() == filled.created_at.as_millisecond() || clamped && at >= since && form.says(filled)
                });
                !form.deleted && at && !known(begun, &form.id) && form.template.as_deref() == Some(filled.template.id.as_str())
            };
            forms.iter().find(ours).map(|form| form.id.clone())
        }),
        Act::Stage(to) => match api::opportunity(answer) {
            Ok(now) => match now.stage_changes.iter().find(|change| change.to == to.to && change.at >= since) {
                Some(change) => Settled::Done { made: None, moved: Some(change.at) },
                None => Settled::Repeat,
            },
            Err(unread) => unsettled(unread),
        },
        Act::Archive { reason, .. } => match api::opportunity(answer) {
            Ok(now) => match now.archived {
                Some(archived) if archived.reason.as_ref() == Some(reason) && archived.at.is_some_and(|at| at >= since) => {
                    Settled::Done { made: None, moved: None }
                }
                _ => Settled::Repeat,
            },
            Err(unread) => unsettled(unread),
        },
        Act::Invite(_) | Act::Call(_) | Act::Ask(_) => Settled::Park(unknown()),
        Act::Family(_) | Act::AddTag { .. } | Act::RemoveTag { .. } | Act::Link { .. } | Act::Unlink { .. } => Settled::Repeat,
    }
}

fn unknown() -> Reason {
    Reason::new(Code::R10, "nobody knows whether this was carried out; look, then retry or skip it")
}

/// Whether it is what stood under the key before we began, or the work of another effect.
fn known(begun: Begun<'_>, id: &str) -> bool {
    begun.placed.is_some_and(|placed| placed.id == id || placed.old.iter().any(|old| old == id))
        || begun.made.iter().any(|made| made == id)
}

/// What a page of a list says: it is there, or on the next page, or not at all.
fn found<T>(begun: Begun<'_>, page: Result<Page<T>, Unread>, find: impl Fn(&[T]) -> Option<String>) -> Settled {
    match page {
        Ok(page) => match (find(&page.items), page.next, lookup(begun)) {
            (Some(made), ..) => Settled::Done { made: Some(made), moved: None },
            (None, Some(next), Some(list)) => Settled::More(api::next_page(&list, &next)),
            _ => Settled::Repeat,
        },
        Err(unread) => unsettled(unread),
    }
}

/// A form that says the same, made since we began.
fn find_form(begun: Begun<'_>, forms: &[Form], filled: &FilledForm, since: Timestamp) -> Option<String> {
    let ours = |form: &&Form| form.created_at.is_some_and(|at| at >= since) && !known(begun, &form.id) && form.says(filled);
    forms.iter().find(ours).map(|form| form.id.clone())
}

/// The note with this text that has our time, else one with this text that appeared since we began.
fn find_note<'a>(begun: Begun<'_>, notes: &'a [Note], text: &str, created_at: Timestamp, since: Timestamp) -> Option<&'a Note> {
    let same = |found: &str| found.trim() == text.trim();
    let at = |note: &Note, fits: &dyn Fn(Timestamp) -> bool| {
        let mut comments = note.fields.iter().filter(|field| same(&field.text));
        !note.deleted
            && !known(begun, &note.id)
            && comments.any(|field| [field.created_at, note.created_at].into_iter().flatten().any(fits))
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
            Settled::Park(Reason::new(Code::R10, format!("nobody knows whether this was carried out: {}", reason.text)))
        }
    }
}
