//! What a stored delivery says, what must be read to confirm it, and what is confirmed.
//!
//! The signature does not cover the data (`lever-api §4.3`), so nothing is believed that the API does not show:
//!
//! | event | read | confirmed by |
//! |---|---|---|
//! | candidateStageChange | opportunity | its entry in `stageChanges` |
//! | candidateArchiveChange | opportunity | its `archived` |
//! | applicationCreated | opportunity | its `applications` |
//! | candidateHired | opportunity | its `archived`, with the hired reason where that is known |
//! | candidateDeleted | opportunity | Lever no longer knows it, or has anonymised it |
//! | interview… | opportunity | only that the opportunity exists: `interview.id` is stated, not confirmed |
//! | contact… | contact | only that the contact exists |
//!
//! A contradiction is never an event. Pure; the caller reads and calls [`confirm`] with what it saw.

use super::api::{self, Archived, Opportunity, StageChange, text, when};
use super::facts::Names;
use crate::model::{
    AccountId, Code, ContactId, EventId, Kind, LeverEvent, OpportunityId, Reason, Request, StageId, UserId, Value,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// How far Lever's `triggeredAt` may be from the time that the API shows for the same change.
const NEAR: SignedDuration = SignedDuration::from_secs(5);
/// How long a delivery may lag behind the change it tells of when no entry is near (a webhook queue that was slow).
const LAG: SignedDuration = SignedDuration::from_mins(10);

/// One delivery's content. Every id is as stated, none is confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeverPayload {
    pub event: LeverEvent,
    pub triggered_at: Timestamp,
    /// `opportunityId`, else the legacy `candidateId`, which is the same id (`lever-api §2.4`).
    pub opportunity: Option<OpportunityId>,
    pub contact: Option<ContactId>,
    pub application: Option<String>,
    pub from_stage: Option<StageId>,
    pub to_stage: Option<StageId>,
    pub from_archived: Option<Archived>,
    pub to_archived: Option<Archived>,
    pub deleted_by: Option<UserId>,
    pub interview: Option<String>,
    pub panel: Option<String>,
}

/// Reads a kept body.
///
/// # Errors
/// R5 when the event is unknown, has no time, or lacks an id without which nothing can be confirmed.
pub fn payload(body: &[u8]) -> Result<LeverPayload, Reason> {
    let wrong = |what: &str| Reason::new(Code::R5, format!("Lever's delivery {what}"));
    let json: Json = serde_json::from_slice(body).map_err(|_| wrong("is not JSON"))?;
    let event = text(&json, "event").and_then(|event| event.parse().ok()).ok_or_else(|| wrong("is of an unknown event"))?;
    let nothing = Json::Null;
    let data = json.get("data").unwrap_or(&nothing);
    let archived = |key: &str| data.get(key).and_then(Archived::of);
    let payload = LeverPayload {
        event,
        triggered_at: when(&json, "triggeredAt").ok_or_else(|| wrong("has no time"))?,
        opportunity: text(data, "opportunityId").or_else(|| text(data, "candidateId")).map(OpportunityId::from),
        contact: text(data, "contactId").map(ContactId::from),
        application: text(data, "applicationId"),
        from_stage: text(data, "fromStageId").map(StageId::from),
        to_stage: text(data, "toStageId").map(StageId::from),
        from_archived: archived("fromArchived"),
        to_archived: archived("toArchived"),
        deleted_by: text(data, "deletedBy").map(UserId::from),
        interview: text(data, "interviewId"),
        panel: text(data, "panelId"),
    };
    let needs = match event {
        LeverEvent::ContactCreated | LeverEvent::ContactUpdated => [("contactId", payload.contact.is_some()), ("", true)],
        LeverEvent::CandidateStageChange => {
            [("opportunityId", payload.opportunity.is_some()), ("toStageId", payload.to_stage.is_some())]
        }
        LeverEvent::ApplicationCreated => {
            [("opportunityId", payload.opportunity.is_some()), ("applicationId", payload.application.is_some())]
        }
        LeverEvent::InterviewCreated | LeverEvent::InterviewUpdated | LeverEvent::InterviewDeleted => {
            [("opportunityId", payload.opportunity.is_some()), ("interviewId", payload.interview.is_some())]
        }
        LeverEvent::CandidateArchiveChange | LeverEvent::CandidateHired | LeverEvent::CandidateDeleted => {
            [("opportunityId", payload.opportunity.is_some()), ("", true)]
        }
    };
    match needs.into_iter().find(|(_, there)| !there) {
        Some((missing, _)) => Err(wrong(&format!("`{event}` has no `{missing}`"))),
        None => Ok(payload),
    }
}

/// The read that confirms the payload.
pub fn reads(payload: &LeverPayload) -> Option<Request> {
    match (&payload.opportunity, &payload.contact) {
        (Some(opportunity), _) => Some(api::get_opportunity(opportunity)),
        (None, Some(contact)) => Some(api::get_contact(contact)),
        (None, None) => None,
    }
}

/// What the read showed.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    Opportunity(&'a Opportunity),
    /// The contact exists.
    Contact,
    /// Lever does not know it (404).
    Gone,
}

/// A payload that the API confirms.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmed {
    /// The event's fields, named as rules name them: `to_stage`, `application.id` …
    pub fields: BTreeMap<String, Value>,
    /// When the API says that it happened, if it says.
    pub changed_at: Option<Timestamp>,
    /// What makes two deliveries, or a delivery and a look of polling, tell of the same occurrence.
    pub occurrence: Occurrence,
    /// Fields that only the delivery states: a delivery that is a hint must not be acted on for these.
    pub stated_only: Vec<&'static str>,
}

/// What is the same however, whenever and how often an occurrence is told: event, object, what became of it, and when as the API
/// shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    pub identity: String,
    /// The front part of the event's id.
    at: Timestamp,
}

impl Occurrence {
    /// Something that happened at a time that the API shows, or that the delivery alone states.
    pub(super) fn timed(event: LeverEvent, object: &str, what: &str, at: Timestamp) -> Self {
        Self { identity: format!("{event}/{object}/{what}/{}", at.as_millisecond()), at }
    }

    /// Something that happens once to its object.
    pub(super) fn once(event: impl std::fmt::Display, object: &str, what: &str, at: Option<Timestamp>) -> Self {
        Self { identity: format!("{event}/{object}/{what}"), at: at.unwrap_or(Timestamp::UNIX_EPOCH) }
    }

    /// An application, by its id.
    pub(super) fn applied(opportunity: &Opportunity, application: &str) -> Self {
        let own = opportunity.applications.iter().find(|known| known.id == application);
        let at = own.and_then(|known| known.created_at).or(opportunity.created_at);
        Self::once(LeverEvent::ApplicationCreated, opportunity.id.as_str(), application, at)
    }

    /// An opportunity's end in Lever.
    pub(super) fn deleted(opportunity: &str) -> Self {
        Self::once(LeverEvent::CandidateDeleted, opportunity, "", None)
    }

    /// The id of the event in an account.
    pub fn id(&self, account: &AccountId) -> EventId {
        EventId::derive(self.at, &[account.as_str(), &self.identity])
    }
}

/// Why a payload is not an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotConfirmed {
    pub reason: Reason,
    /// Lever may not show it yet: worth another look within a minute.
    pub again: bool,
}

/// Compares what a delivery says with what the API shows.
///
/// # Errors
/// When the API contradicts it or does not show it.
pub fn confirm(payload: &LeverPayload, seen: Seen<'_>, names: Names<'_>) -> Result<Confirmed, NotConfirmed> {
    let no = |again: bool, what: &str| {
        Err(NotConfirmed { reason: Reason::new(Code::NotConfirmed, format!("`{}`: Lever's API {what}", payload.event)), again })
    };
    let opportunity = match (payload.event, seen) {
        (LeverEvent::CandidateDeleted, Seen::Gone) => return Ok(deleted(payload)),
        (LeverEvent::CandidateDeleted, Seen::Opportunity(opportunity)) if opportunity.anonymized => {
            return Ok(deleted(payload));
        }
        (LeverEvent::CandidateDeleted, _) => return no(true, "still knows the opportunity"),
        (LeverEvent::ContactCreated | LeverEvent::ContactUpdated, Seen::Contact) => return Ok(contact(payload)),
        (LeverEvent::ContactCreated | LeverEvent::ContactUpdated, Seen::Opportunity(opportunity))
            if opportunity.contact.as_deref() == payload.contact.as_ref().map(ContactId::as_str) =>
        {
            return Ok(contact(payload));
        }
        (_, Seen::Gone) => return no(false, "does not know it"),
        (_, Seen::Contact) => return no(false, "was asked for a contact only"),
        (_, Seen::Opportunity(opportunity)) => opportunity,
    };
    if payload.opportunity.as_ref().is_some_and(|stated| *stated != opportunity.id) {
        return no(false, "answered with another opportunity");
    }
    let at = payload.triggered_at;
    let mut fields = BTreeMap::new();
    let mut stated_only = Vec::new();
    let (changed_at, what) = match payload.event {
        LeverEvent::CandidateStageChange => {
            let Some(to) = &payload.to_stage else { return no(false, "has nothing to compare") };
            let Some((before, change)) = stage_change(&opportunity.stage_changes, to, at) else {
                return no(true, "shows no such stage change at that time");
            };
            fields.insert("to_stage".to_owned(), names.value(Kind::Stage, to.as_str()));
            // The history knows better than the delivery where it came from; only a first entry has nothing before it.
            if let Some(from) = before.map(|before| &before.to).or(payload.from_stage.as_ref()) {
                fields.insert("from_stage".to_owned(), names.value(Kind::Stage, from.as_str()));
                if before.is_none() {
                    stated_only.push("from_stage");
                }
            }
            (Some(change.at), to.as_str())
        }
        LeverEvent::CandidateArchiveChange => {
            let stated = payload.to_archived.as_ref();
            let changed = match (stated, &opportunity.archived) {
                (None, None) => None,
                (Some(stated), Some(now)) if same_archive(stated, now, at) => now.at,
                _ => return no(true, "shows another archive state"),
            };
            let sides = [("to_archived", &opportunity.archived), ("from_archived", &payload.from_archived)];
            for (name, archived) in sides {
                if let Some(reason) = archived.as_ref().and_then(|archived| archived.reason.as_deref()) {
                    fields.insert(name.to_owned(), names.value(Kind::ArchiveReason, reason));
                }
            }
            if fields.contains_key("from_archived") {
                stated_only.push("from_archived");
            }
            (changed, if stated.is_some() { "archived" } else { "active" })
        }
        LeverEvent::CandidateHired => {
            let Some(archived) = &opportunity.archived else { return no(true, "shows it as not archived") };
            if names.hired.is_some_and(|hired| archived.reason.as_deref() != Some(hired)) {
                return no(true, "shows it archived for another reason than hired");
            }
            if archived.at.is_some_and(|archived| !lately(archived, at)) {
                return no(true, "shows no archiving at that time");
            }
            (archived.at, "hired")
        }
        LeverEvent::ApplicationCreated => {
            let Some(id) = &payload.application else { return no(false, "has nothing to compare") };
            if !opportunity.applications.iter().any(|application| application.id == *id) {
                return no(true, "shows no such application");
            }
            fields.insert("application.id".to_owned(), Value::text(id));
            (None, id.as_str())
        }
        LeverEvent::InterviewCreated | LeverEvent::InterviewUpdated | LeverEvent::InterviewDeleted => {
            let Some(id) = &payload.interview else { return no(false, "has nothing to compare") };
            fields.insert("interview.id".to_owned(), Value::text(id));
            stated_only.push("interview.id");
            (None, id.as_str())
        }
        LeverEvent::CandidateDeleted | LeverEvent::ContactCreated | LeverEvent::ContactUpdated => {
            return no(false, "was asked for the wrong thing");
        }
    };
    let occurrence = match &payload.application {
        Some(application) if payload.event == LeverEvent::ApplicationCreated => Occurrence::applied(opportunity, application),
        _ => {
            // Out of the archive the API shows no time: that of the archiving that ended tells the occurrence from others.
            let ended = payload.from_archived.as_ref().filter(|_| what == "active").and_then(|archived| archived.at);
            let when = changed_at.or(ended).unwrap_or(at);
            Occurrence::timed(payload.event, opportunity.id.as_str(), what, when)
        }
    };
    Ok(Confirmed { fields, changed_at, occurrence, stated_only })
}

/// The entry that a delivery about `to` at `at` tells of, and the entry before it.
///
/// An entry for that stage near `at` is it. Failing that, the stage in which the opportunity stood at `at`, if it had got there
/// within the last ten minutes: a slow queue, never an old visit.
fn stage_change<'a>(
    changes: &'a [StageChange],
    to: &StageId,
    at: Timestamp,
) -> Option<(Option<&'a StageChange>, &'a StageChange)> {
    let near = changes.iter().enumerate().filter(|(_, change)| change.to == *to && apart(change.at, at) <= NEAR);
    let standing = || changes.iter().enumerate().rev().find(|(_, change)| change.at <= at);
    let (n, change) = near
        .min_by_key(|(_, change)| apart(change.at, at))
        .or_else(|| standing().filter(|(_, change)| change.to == *to && at.duration_since(change.at) <= LAG))?;
    Some((n.checked_sub(1).and_then(|n| changes.get(n)), change))
}

/// Whether the archive state that was stated is the one that Lever shows: same reason, and same time or a recent one.
fn same_archive(stated: &Archived, now: &Archived, at: Timestamp) -> bool {
    let reason = stated.reason.is_none() || stated.reason == now.reason;
    let time = match (stated.at, now.at) {
        (Some(stated), Some(now)) => apart(stated, now) <= NEAR,
        (None, Some(now)) => lately(now, at),
        (_, None) => true,
    };
    reason && time
}

/// Whether a change at `change` can be what a delivery triggered at `at` tells of.
fn lately(change: Timestamp, at: Timestamp) -> bool {
    let lag = at.duration_since(change);
    lag <= LAG && lag >= -NEAR
}

fn apart(a: Timestamp, b: Timestamp) -> SignedDuration {
    a.duration_since(b).abs()
}

fn deleted(payload: &LeverPayload) -> Confirmed {
    let mut fields = BTreeMap::new();
    let mut stated_only = Vec::new();
    if let Some(user) = &payload.deleted_by {
        fields.insert("deleted_by".to_owned(), Value::text(user.as_str()));
        stated_only.push("deleted_by");
    }
    let opportunity = payload.opportunity.as_ref().map_or("", OpportunityId::as_str);
    Confirmed { fields, changed_at: None, occurrence: Occurrence::deleted(opportunity), stated_only }
}

fn contact(payload: &LeverPayload) -> Confirmed {
    let id = payload.contact.as_ref().map_or("", ContactId::as_str);
    let fields = BTreeMap::from([("contact.id".to_owned(), Value::text(id))]);
    let occurrence = Occurrence::timed(payload.event, id, "", payload.triggered_at);
    Confirmed { fields, changed_at: None, occurrence, stated_only: Vec::new() }
}
