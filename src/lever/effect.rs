//! From what shall be true to the request that makes it so, and from the answer to an outcome.
//!
//! Tag changes travel together: [`super::tags`]. Invitations and calls are the vendor's dialect. Everything else that Lever takes is
//! here: [`step`] says what to send or to read first, [`outcome`] what an answer means.

use super::api::{self, ApiError, Note, Opportunity};
use super::facts::OpportunitySnapshot;
use crate::model::{Act, Applied, Exchange, Move, OpportunityId, Outcome, Reason, Request, Response, UserId, Value};
use std::collections::BTreeMap;

/// What is known when an effect is about to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub opportunity: &'a OpportunityId,
    /// The configured Lever user, sent wherever Lever documents it.
    pub perform_as: Option<&'a UserId>,
    /// From an answer fresh enough to act on. Moves read it first when it is missing.
    pub snapshot: Option<&'a OpportunitySnapshot>,
    /// The URL that we put under this link key, exactly as sent.
    pub put_link: Option<&'a str>,
}

/// The next thing to do for an effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Read this, make a snapshot of the answer and ask again.
    Read(Request),
    /// Commit “begun”, then send this.
    Send(Request),
    /// It is so already; nothing is sent.
    Done(Reason),
    /// Not to be done (any more).
    Skip(Reason),
    /// Not for this function: tags go by [`super::tags::TagRun`], invitations, calls, files and forms elsewhere.
    Elsewhere,
}

/// What to do next for `act`.
pub fn step(act: &Act, context: Context<'_>) -> Step {
    let (id, user) = (context.opportunity, context.perform_as);
    match act {
        Act::Note { text, secret, notify, created_at, .. } => {
            Step::Send(api::create_note(id, text, *secret, *notify, *created_at, user))
        }
        Act::Link { url, .. } => {
            let there = context.snapshot.and_then(|snapshot| snapshot.links.as_ref()).is_some_and(|links| links.contains(url));
            if there && context.put_link.is_none_or(|put| put == url) {
                Step::Done(Reason::new("already so", "the link is there"))
            } else {
                Step::Send(api::add_links(id, std::slice::from_ref(url), user))
            }
        }
        Act::Unlink { .. } => match context.put_link {
            Some(url) => Step::Send(api::remove_links(id, &[url.to_owned()], user)),
            None => Step::Done(Reason::new("already so", "no link of ours stands under this key")),
        },
        Act::Stage(to) => match context.snapshot.map(|snapshot| guard_stage(to, snapshot)) {
            None => Step::Read(api::get_opportunity(id)),
            Some(Some(held)) => held,
            Some(None) => Step::Send(api::put_stage(id, &to.to, user)),
        },
        Act::Archive { reason, even_archived, .. } => {
            match context.snapshot.map(|snapshot| guard_archive(reason, *even_archived, snapshot)) {
                None => Step::Read(api::get_opportunity(id)),
                Some(Some(held)) => held,
                Some(None) => Step::Send(api::archive(id, reason, user)),
            }
        }
        Act::Invite(_)
        | Act::Call(_)
        | Act::Family(_)
        | Act::AddTag { .. }
        | Act::RemoveTag { .. }
        | Act::File { .. }
        | Act::Form { .. }
        | Act::Feedback { .. } => Step::Elsewhere,
    }
}

/// The old link to take away after `act` put a new one under the same key.
pub fn replaced_link(act: &Act, context: Context<'_>) -> Option<Request> {
    match (act, context.put_link) {
        (Act::Link { url, .. }, Some(old)) if old != url => {
            Some(api::remove_links(context.opportunity, &[old.to_owned()], context.perform_as))
        }
        _ => None,
    }
}

/// What keeps a move from being made: forward only, from the stages allowed, and only while active.
fn guard_stage(to: &Move, snapshot: &OpportunitySnapshot) -> Option<Step> {
    if let Some(held) = anonymized(snapshot) {
        return Some(held);
    }
    if snapshot.stage.as_ref() == Some(&to.to) {
        return Some(Step::Done(Reason::new("already so", format!("it is in `{}` already", to.to_name))));
    }
    if snapshot.archived.is_some() && !to.even_archived {
        return Some(Step::Skip(Reason::new("archived", format!("it is archived and is not moved to `{}`", to.to_name))));
    }
    let allowed = to.from.as_ref().unwrap_or(&to.earlier);
    match &snapshot.stage {
        Some(stage) if allowed.contains(stage) => None,
        _ if to.from.is_some() => Some(Step::Skip(Reason::new(
            "moved on",
            format!("it is in none of the stages from which it may be moved to `{}`", to.to_name),
        ))),
        _ => Some(Step::Skip(Reason::new("backward", format!("it is already past `{}`", to.to_name)))),
    }
}

/// What keeps an opportunity from being archived.
fn guard_archive(reason: &str, even_archived: bool, snapshot: &OpportunitySnapshot) -> Option<Step> {
    if let Some(held) = anonymized(snapshot) {
        return Some(held);
    }
    let archived = snapshot.archived.as_ref()?;
    if archived.reason.as_deref() == Some(reason) {
        return Some(Step::Done(Reason::new("already so", "it is archived for this reason already")));
    }
    (!even_archived).then(|| Step::Skip(Reason::new("archived", "it is archived already, for another reason")))
}

fn anonymized(snapshot: &OpportunitySnapshot) -> Option<Step> {
    snapshot.anonymized.then(|| Step::Skip(Reason::new("gone", "Lever has anonymised the opportunity")))
}

/// Whether a write happened.
pub fn applied(exchange: &Exchange) -> Applied {
    match exchange {
        Exchange::NotSent(_) => Applied::No,
        Exchange::Lost(_) => Applied::Unknown,
        Exchange::Answered(response) => match response.status {
            200..=299 => Applied::Yes,
            408 | 500.. => Applied::Unknown,
            _ => Applied::No,
        },
    }
}

/// What becomes of an effect whose `request` ended in `exchange`.
pub fn outcome(request: &Request, exchange: &Exchange) -> Outcome {
    let response = match exchange {
        Exchange::NotSent(cause) => {
            return Outcome::Retry { after: None, reason: Reason::new("R1", format!("Lever could not be reached: {cause}")) };
        }
        Exchange::Lost(cause) => {
            return Outcome::Unknown { reason: Reason::new("R1", format!("Lever did not answer: {cause}")) };
        }
        Exchange::Answered(response) => response,
    };
    let error = ApiError::of(response);
    let reason = |code: &str, what: &str| Reason::new(code, format!("{what} ({}){}", response.status, error.suffix()));
    match response.status {
        200..=299 => Outcome::Done { learned: learned(request, response) },
        401 => Outcome::Suspended { reason: reason("R2", "Lever does not accept the credentials of this account") },
        403 if error.confidential() => {
            Outcome::Dead { reason: reason("R2", "the opportunity is confidential and the credentials may not change it") }
        }
        403 => Outcome::Suspended {
            reason: reason("R2", &format!("the credentials lack the Lever permission {}", permission(request))),
        },
        404 | 410 => Outcome::Dead { reason: reason("R3", "Lever does not know this opportunity any more") },
        408 | 500.. => Outcome::Unknown { reason: reason("R1", "Lever failed while it carried this out") },
        425 | 429 => Outcome::Retry { after: api::retry_after(response), reason: reason("R1", "Lever asks to wait") },
        300..=399 => Outcome::Dead { reason: reason("R4", "Lever redirects to where its credentials must not go") },
        _ => Outcome::Dead { reason: reason("R4", "Lever refuses this") },
    }
}

/// What the answer to a write tells: only what the answer cannot have blanked.
fn learned(request: &Request, response: &Response) -> BTreeMap<String, Value> {
    let mut learned = BTreeMap::new();
    if request.path.ends_with("/notes") {
        learned.extend(Note::created(response).map(|id| ("note.id".to_owned(), Value::text(id))));
    }
    if let (Some(opportunity), "/stage") = (written(response), tail(request)) {
        // The time of our own move: a delivery near it is its echo.
        learned.extend(opportunity.stage_changes.last().map(|change| ("moved_at".to_owned(), Value::date(change.at))));
    }
    learned
}

/// The opportunity in the answer to a write, if it can be read. Take only what [`OpportunitySnapshot::after`] takes.
pub fn written(response: &Response) -> Option<Opportunity> {
    Opportunity::of(&api::bare(response.json()?))
}

fn tail(request: &Request) -> &str {
    request.path.rfind('/').and_then(|at| request.path.get(at..)).unwrap_or_default()
}

/// The permission that a request needs, as Lever's settings call it (`lever-api §1.4`).
pub fn permission(request: &Request) -> &'static str {
    use crate::model::Method::{Delete, Get, Post, Put};
    let path = request.path.trim_start_matches('/');
    let mut segments = path.split('/');
    let (collection, id, part) = (segments.next().unwrap_or_default(), segments.next(), segments.next());
    match (request.method, collection, id, part) {
        (Get, "opportunities", None, _) => "“Find all opportunities”",
        (Get, "opportunities", _, None) => "“Find an opportunity”",
        (Get, "opportunities", _, Some("notes")) => "“Find all opportunity notes”",
        (Post, "opportunities", _, Some("notes")) => "“Create an opportunity note”",
        (Delete, "opportunities", _, Some("notes")) => "“Delete an opportunity note”",
        (Put, "opportunities", _, Some("stage")) => "“Update opportunity stage”",
        (Post, "opportunities", _, Some("addTags")) => "“Add opportunity tag(s)”",
        (Post, "opportunities", _, Some("removeTags")) => "“Remove opportunities tag”",
        (Post, "opportunities", _, Some("addLinks" | "removeLinks")) => "to add and remove links of opportunities",
        (Put, "opportunities", _, Some("archived")) => "to archive opportunities",
        (Get, "postings", None, _) => "“Find all postings”",
        (Get, "postings", ..) => "“Find a posting”",
        (Get, "stages", ..) => "“Find all stages”",
        (Get, "tags", ..) => "“Find all tags”",
        (Get, "users", ..) => "“Find all users”",
        (Get, "archive_reasons", ..) => "“Find all archive reasons”",
        (_, "webhooks", ..) => "to manage webhooks",
        (_, "contacts", ..) => "to read contacts",
        _ => "for this call",
    }
}
