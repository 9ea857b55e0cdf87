//! From what shall be true to the request that makes it so, and from the answer to an outcome.
//!
//! Tag changes travel together: [`super::tags`]. Invitations and calls are the vendor's dialect. Everything else that Lever takes is
//! here: [`step`] says what to send or to read first, [`outcome`] what an answer means.

use super::api::{self, ApiError, Form, Note, Opportunity, UploadedFile};
use super::facts::OpportunitySnapshot;
use crate::model::{
    Act, Applied, Attachment, Body, Code, Exchange, Method, Move, OpportunityId, Outcome, Placed, Reason, Request, Response,
    UserId, Value, digest,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::fmt;

/// What is known when an effect is about to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub opportunity: &'a OpportunityId,
    /// The configured Lever user, sent wherever Lever documents it.
    pub perform_as: Option<&'a UserId>,
    /// From an answer fresh enough to act on. Moves read it first when it is missing.
    pub snapshot: Option<&'a OpportunitySnapshot>,
    /// What we put under the act's key.
    pub placed: Option<&'a Placed>,
    /// The content of an attachment, once it was read.
    pub content: Option<&'a Content>,
}

/// A file's content, on its way from a vendor to Lever.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// A candidate's report is nothing to print.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.media_type, self.bytes.len())
    }
}

/// The next thing to do for an effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Read this, make a snapshot of the answer and ask again.
    Read(Request),
    /// Get the content of this report, and ask again with it.
    Fetch,
    /// Commit “begun”, then send this.
    Send(Request),
    /// What shall be there is; only what it replaced has to be removed: [`removal`].
    Sweep,
    /// It is so already; nothing is sent.
    Done(Reason),
    /// Not to be done (any more).
    Skip(Reason),
    /// Not for this function: tags go by [`super::tags::TagRun`], invitations and calls to the vendor.
    Elsewhere,
}

/// What to do next for `act`.
pub fn step(act: &Act, context: Context<'_>) -> Step {
    let (id, user) = (context.opportunity, context.perform_as);
    if let (Act::File(_), None) = (act, context.content) {
        return Step::Fetch;
    }
    if let Some(placed) = context.placed.filter(|placed| content_digest(act, context).as_ref() == Some(&placed.digest)) {
        return if placed.old.is_empty() {
            Step::Done(Reason::new(Code::AlreadySo, "the same stands under this key already"))
        } else {
            Step::Sweep
        };
    }
    match act {
        Act::Note { text, secret, notify, created_at, .. } => {
            Step::Send(api::create_note(id, text, *secret, *notify, *created_at, user))
        }
        Act::Link { url, .. } => {
            let there = context.snapshot.and_then(|snapshot| snapshot.links.as_ref()).is_some_and(|links| links.contains(url));
            if there && context.placed.is_none() {
                Step::Done(Reason::new(Code::AlreadySo, "the link is there"))
            } else {
                Step::Send(api::add_links(id, std::slice::from_ref(url), user))
            }
        }
        Act::Unlink { .. } => match context.placed {
            Some(placed) => {
                let urls: Vec<String> = placed.old.iter().chain([&placed.id]).cloned().collect();
                Step::Send(api::remove_links(id, &urls, user))
            }
            None => Step::Done(Reason::new(Code::AlreadySo, "no link of ours stands under this key")),
        },
        Act::File(file) => match context.content {
            None => Step::Fetch,
            Some(content) => Step::Send(api::upload_file(id, &file.name, &content.media_type, content.bytes.clone(), user)),
        },
        // Lever can neither change nor delete a filled form: other values are a further form.
        Act::Form(filled) => Step::Send(api::create_form(id, filled, user)),
        Act::Feedback(filled) => {
            let user = filled.user.as_ref().or(user);
            Step::Send(match context.placed {
                Some(placed) => api::update_feedback(id, &placed.id, filled, user),
                None => api::create_feedback(id, filled, user),
            })
        }
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
        // A question is sent as the note that it becomes.
        | Act::Ask(_)
        | Act::Family(_)
        | Act::AddTag { .. }
        | Act::RemoveTag { .. } => Step::Elsewhere,
    }
}

/// The digest of what `act` puts under its key; of a file once its content is known.
pub fn content_digest(act: &Act, context: Context<'_>) -> Option<String> {
    match act {
        Act::File(Attachment { name, .. }) => {
            context.content.map(|content| digest([name.as_bytes(), content.bytes.as_slice()]))
        }
        act => act.digest(),
    }
}

/// What takes away `old`, which stood under the key of `act` before; `None` where Lever has no such call (forms), or nothing is
/// replaced by a new one (feedback is changed in place).
pub fn removal(act: &Act, context: Context<'_>, old: &str) -> Option<Request> {
    let (id, user) = (context.opportunity, context.perform_as);
    match act {
        Act::Note { .. } => Some(api::delete_note(id, old)),
        Act::Link { .. } => Some(api::remove_links(id, &[old.to_owned()], user)),
        Act::File(_) => Some(api::delete_file(id, old, user)),
        _ => None,
    }
}

/// What stands under the key after `act` was carried out and Lever called it `made`.
pub fn placed(act: &Act, context: Context<'_>, made: Option<&str>) -> Option<Placed> {
    let digest = content_digest(act, context).unwrap_or_default();
    match act {
        Act::Link { url, .. } => Some(Placed::after(context.placed, url.clone(), digest)),
        Act::Note { .. } | Act::File(_) => Some(Placed::after(context.placed, made?.to_owned(), digest)),
        // What it replaces stays.
        Act::Form(_) => Some(Placed::after(None, made?.to_owned(), digest)),
        Act::Feedback(_) => {
            let id = context.placed.map(|placed| placed.id.as_str()).or(made)?;
            Some(Placed::after(None, id.to_owned(), digest))
        }
        _ => None,
    }
}

/// Whether an act must know what Lever calls the thing it made, so that it can be replaced.
pub const fn needs_id(act: &Act) -> bool {
    matches!(act, Act::Note { key: Some(_), .. })
        || matches!(act, Act::File(Attachment { key: Some(_), .. }))
        || matches!(act, Act::Form(filled) | Act::Feedback(filled) if filled.key.is_some())
}

/// What keeps a move from being made: forward only, from the stages allowed, and only while active.
fn guard_stage(to: &Move, snapshot: &OpportunitySnapshot) -> Option<Step> {
    if let Some(held) = anonymized(snapshot) {
        return Some(held);
    }
    if snapshot.stage.as_ref() == Some(&to.to) {
        return Some(Step::Done(Reason::new(Code::AlreadySo, format!("it is in `{}` already", to.to_name))));
    }
    if snapshot.archived.is_some() && !to.even_archived {
        return Some(Step::Skip(Reason::new(Code::Archived, format!("it is archived and is not moved to `{}`", to.to_name))));
    }
    let allowed = to.from.as_ref().unwrap_or(&to.earlier);
    match &snapshot.stage {
        Some(stage) if allowed.contains(stage) => None,
        _ if to.from.is_some() => Some(Step::Skip(Reason::new(
            Code::MovedOn,
            format!("it is in none of the stages from which it may be moved to `{}`", to.to_name),
        ))),
        _ => Some(Step::Skip(Reason::new(Code::Backward, format!("it is already past `{}`", to.to_name)))),
    }
}

/// What keeps an opportunity from being archived.
fn guard_archive(reason: &str, even_archived: bool, snapshot: &OpportunitySnapshot) -> Option<Step> {
    if let Some(held) = anonymized(snapshot) {
        return Some(held);
    }
    let archived = snapshot.archived.as_ref()?;
    if archived.reason.as_deref() == Some(reason) {
        return Some(Step::Done(Reason::new(Code::AlreadySo, "it is archived for this reason already")));
    }
    (!even_archived).then(|| Step::Skip(Reason::new(Code::Archived, "it is archived already, for another reason")))
}

fn anonymized(snapshot: &OpportunitySnapshot) -> Option<Step> {
    snapshot.anonymized.then(|| Step::Skip(Reason::new(Code::Gone, "Lever has anonymised the opportunity")))
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

/// How long to wait until a time in the request is none to come by Lever's clock, as its answer tells it; `None` where it has none. By a
/// minute our own time is what Lever has just told, and what is sent then says so ([`Act::not_after`]).
fn from_the_future(request: &Request, response: &Response) -> Option<SignedDuration> {
    let Body::Json(body) = &request.body else { return None };
    let stamp = ["createdAt", "completedAt"].iter().filter_map(|name| body.get(name)?.as_i64()).max()?;
    let told = httpdate::parse_http_date(response.header("date")?).ok()?;
    let ahead = Timestamp::from_millisecond(stamp).ok()?.duration_since(Timestamp::try_from(told).ok()?);
    // The header has whole seconds.
    ahead.is_positive().then(|| (ahead + SignedDuration::from_secs(1)).min(SignedDuration::from_mins(1)))
}

/// What becomes of an effect whose `request` ended in `exchange`.
pub fn outcome(request: &Request, exchange: &Exchange) -> Outcome {
    let response = match exchange {
        Exchange::NotSent(cause) => {
            return Outcome::Retry {
                after: None,
                reason: Reason::new(Code::R1, format!("Lever could not be reached: {cause}")),
            };
        }
        Exchange::Lost(cause) => {
            return Outcome::Unknown { reason: Reason::new(Code::R1, format!("Lever did not answer: {cause}")) };
        }
        Exchange::Answered(response) => response,
    };
    let error = ApiError::of(response);
    let reason = |code: Code, what: &str| Reason::new(code, format!("{what} ({}){}", response.status, error.suffix()));
    let early = from_the_future(request, response);
    match response.status {
        200..=299 => Outcome::Done { learned: learned(request, response) },
        401 => Outcome::Suspended { reason: reason(Code::R2, "Lever does not accept the credentials of this account") },
        403 if error.confidential() => {
            Outcome::Dead { reason: reason(Code::R2, "the opportunity is confidential and the credentials may not change it") }
        }
        403 => Outcome::Suspended {
            reason: reason(Code::R2, &format!("the credentials lack the Lever permission {}", permission(request))),
        },
        // A person deleted the feedback that was to be changed: there is none under the key any more, so it is given anew.
        404 if request.method == Method::Put && part(request) == Some("feedback") => Outcome::Retry {
            after: None,
            reason: reason(Code::R3, "the feedback under this key was deleted; it is given again"),
        },
        404 | 410 => Outcome::Dead { reason: reason(Code::R3, "Lever does not know this opportunity any more") },
        408 | 500.. => Outcome::Unknown { reason: reason(Code::R1, "Lever failed while it carried this out") },
        425 | 429 => Outcome::Retry { after: api::retry_after(response), reason: reason(Code::R1, "Lever asks to wait") },
        300..=399 => Outcome::Dead { reason: reason(Code::R4, "Lever redirects to where its credentials must not go") },
        400 if early.is_some() => Outcome::Retry {
            after: early,
            reason: reason(Code::R1, "this machine's clock is ahead of Lever's, which takes no times to come"),
        },
        400 if matches!(part(request), Some("forms" | "feedback")) => Outcome::Dead {
            reason: reason(
                Code::R7,
                "Lever refuses this form; if its template was changed, run `leverd pull` and validate again",
            ),
        },
        413 => Outcome::Dead { reason: reason(Code::R9, "Lever says that this is too large") },
        _ => Outcome::Dead { reason: reason(Code::R4, "Lever refuses this") },
    }
}

/// Which part of an opportunity a request is about: `notes`, `files` …
fn part(request: &Request) -> Option<&str> {
    request.path.strip_prefix("/opportunities/")?.split('/').nth(1)
}

/// What the answer to a write tells: only what the answer cannot have blanked.
fn learned(request: &Request, response: &Response) -> BTreeMap<String, Value> {
    let mut learned = BTreeMap::new();
    let made = match tail(request) {
        "/notes" => Note::created(response).map(|id| ("note.id", id)),
        "/files" => UploadedFile::created(response).map(|id| ("file.id", id)),
        "/forms" => Form::created(response).map(|id| ("form.id", id)),
        "/feedback" => Form::created(response).map(|id| ("feedback.id", id)),
        _ => None,
    };
    learned.extend(made.map(|(name, id)| (name.to_owned(), Value::text(id))));
    if let (Some(opportunity), "/stage") = (written(response), tail(request)) {
        // The time of our own move: a delivery near it is its echo.
        learned.extend(opportunity.stage_changes.last().map(|change| ("moved_at".to_owned(), Value::date(change.at))));
    }
    learned
}

/// Lever's id of what an act made, of what its answer told.
pub fn made(learned: &BTreeMap<String, Value>) -> Option<&str> {
    ["note.id", "file.id", "form.id", "feedback.id"].iter().find_map(|name| learned.get(*name)?.as_text())
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
        (Get, "opportunities", _, Some("files")) => "“Find all opportunity files”",
        (Post, "opportunities", _, Some("files")) => "“Upload an opportunity file”",
        (Delete, "opportunities", _, Some("files")) => "“Delete an opportunity file”",
        (Get, "opportunities", _, Some("forms")) => "“Find all opportunity forms”",
        (Post, "opportunities", _, Some("forms")) => "“Create an opportunity form”",
        (Get, "opportunities", _, Some("feedback")) => "“Find all opportunity feedback forms”",
        (Post, "opportunities", _, Some("feedback")) => "“Create an opportunity feedback form”",
        (Put, "opportunities", _, Some("feedback")) => "“Update an opportunity feedback form”",
        (Get, "form_templates", ..) => "“Find all form templates”",
        (Post, "form_templates", ..) => "“Create a form template”",
        (Get, "feedback_templates", ..) => "“Find all feedback templates”",
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
