//! Every name that a rule may read, per trigger: its type, whether it may be absent, and which read makes it known.
//!
//! The checker, the engine, the documentation and the editors' completion all read this one table. A name's group tells `gather`
//! what to fetch; names of the event itself and of the ledger cost nothing.

use super::adapter::{Adapter, Operation};
use crate::model::{
    AssessmentEvent, Decision, EventKind, Field, Group, Integrity, Kind, LeverEvent, Phase, ReportState, Type, Verdict,
};
use std::collections::BTreeMap;

/// One name of the vocabulary.
#[derive(Debug, Clone)]
pub struct Entry {
    pub name: &'static str,
    pub field: Field,
    pub doc: &'static str,
}

fn required(name: &'static str, ty: Type, doc: &'static str) -> Entry {
    Entry { name, field: Field::required(ty), doc }
}

fn optional(name: &'static str, ty: Type, doc: &'static str) -> Entry {
    Entry { name, field: Field::optional(ty), doc }
}

/// Names every event has.
pub fn event() -> Vec<Entry> {
    vec![
        required("event.at", Type::Date, "when it happened, as the source says"),
        required("event.id", Type::Text, "leverd's id of the event"),
    ]
}

/// `opportunity.*` and `candidate.*`: known wherever the trigger has an opportunity that still exists.
pub fn opportunity() -> Vec<Entry> {
    let tags = || Type::Tag.list();
    vec![
        required("opportunity.id", Type::Text, "Lever's id"),
        required("opportunity.stage", Type::STAGE, "the stage it is in now"),
        required("opportunity.tags", tags(), "all its tags, inherited ones included"),
        required(
            "opportunity.own_tags",
            tags(),
            "its tags less those that come from the posting (its tags, title, categories)",
        ),
        required("opportunity.archived", Type::Bool, "whether it is archived (hired included)"),
        optional("opportunity.archive_reason", Type::Named(Kind::ArchiveReason), "why it is archived"),
        optional("opportunity.origin", Type::Text, "applied, sourced, referred, university, agency or internal"),
        required("opportunity.sources", Type::Text.list(), "its sources"),
        optional("opportunity.owner", Type::Named(Kind::User), "the owner"),
        required("opportunity.created_at", Type::Date, "when it was created"),
        required("opportunity.confidential", Type::Bool, "whether it is confidential"),
        required("opportunity.links", Type::Url.list(), "links of the contact"),
        optional("opportunity.url", Type::Url, "its page in Lever"),
        optional("opportunity.posting", Type::POSTING, "the posting of its application"),
        optional("opportunity.contact", Type::Text, "Lever's id of the person"),
        optional("candidate.name", Type::Text, "full name"),
        optional("candidate.first_name", Type::Text, "the first word of the name"),
        optional("candidate.last_name", Type::Text, "the rest of the name"),
        optional("candidate.email", Type::Text, "the first e-mail address"),
        required("candidate.emails", Type::Text.list(), "all e-mail addresses"),
        optional("candidate.phone", Type::Text, "the first phone number"),
        optional("candidate.location", Type::Text, "where the person lives"),
        optional("candidate.headline", Type::Text, "current position"),
    ]
}

/// `posting.*`: optional, since an opportunity may have no posting.
pub fn posting() -> Vec<Entry> {
    vec![
        optional("posting.id", Type::Text, "Lever's id"),
        optional("posting.title", Type::Text, "the title"),
        required("posting.tags", Type::Tag.list(), "extra tags of the posting; none without a posting"),
        optional("posting.team", Type::Text, "team"),
        optional("posting.department", Type::Text, "department"),
        optional("posting.location", Type::Text, "location"),
        optional("posting.commitment", Type::Text, "commitment, e.g. `Full-time`"),
        optional("posting.state", Type::Text, "published, internal, closed, draft, pending or rejected"),
        optional("posting.owner", Type::Text, "Lever's id of the owner"),
        optional("posting.url", Type::Url, "its public page"),
    ]
}

fn spellings<T: ToString>(all: &[T]) -> Type {
    Type::OneOf(all.iter().map(ToString::to_string).collect())
}

/// `assessment.*`: our ledger's row, known under assessment triggers and timers on them.
pub fn assessment() -> Vec<Entry> {
    vec![
        required("assessment.test", Type::ASSESSMENT, "the test"),
        required("assessment.title", Type::Text, "the test's title"),
        required("assessment.phase", spellings(Phase::ALL), "where the attempt stands now"),
        required("assessment.verdict", spellings(Verdict::ALL), "what the score says"),
        required("assessment.decision", spellings(Decision::ALL), "what a person at the vendor decided"),
        required("assessment.report", spellings(ReportState::ALL), "whether there is a report"),
        required("assessment.integrity", spellings(Integrity::ALL), "what the vendor says of cheating"),
        required("assessment.attempt", Type::Int, "1 for the first attempt"),
        optional("assessment.key", Type::Text, "the `key` of the invitation"),
        optional("assessment.stage", Type::STAGE, "the stage in which the attempt was requested"),
        optional("assessment.posting", Type::POSTING, "the posting at that time"),
        required("assessment.requested_at", Type::Date, "when it was requested"),
        optional("assessment.invited_at", Type::Date, "when the vendor took the invitation"),
        optional("assessment.started_at", Type::Date, "when the candidate started"),
        optional("assessment.submitted_at", Type::Date, "when the candidate submitted"),
        optional("assessment.expires_at", Type::Date, "when the invitation expires"),
        optional("assessment.url", Type::Url, "the link that the candidate opens"),
        required("assessment.reminders", Type::Int, "how often the candidate was reminded"),
    ]
}

/// What a Lever event itself says (`lever-api §4.2`).
pub fn lever(event: LeverEvent) -> Vec<Entry> {
    match event {
        LeverEvent::CandidateStageChange => vec![
            required("to_stage", Type::STAGE, "the stage moved to"),
            optional("from_stage", Type::STAGE, "the stage moved from"),
        ],
        LeverEvent::ApplicationCreated => vec![optional("application.id", Type::Text, "Lever's id of the application")],
        LeverEvent::CandidateArchiveChange => vec![
            optional("from_archived", Type::Named(Kind::ArchiveReason), "the archive reason before"),
            optional("to_archived", Type::Named(Kind::ArchiveReason), "the archive reason now; absent when unarchived"),
        ],
        LeverEvent::CandidateDeleted => vec![optional("deleted_by", Type::Text, "Lever's id of the user who deleted it")],
        LeverEvent::InterviewCreated | LeverEvent::InterviewUpdated | LeverEvent::InterviewDeleted => {
            vec![required("interview.id", Type::Text, "Lever's id of the interview")]
        }
        LeverEvent::ContactCreated | LeverEvent::ContactUpdated => {
            vec![required("contact.id", Type::Text, "Lever's id of the person")]
        }
        LeverEvent::CandidateHired => Vec::new(),
    }
}

/// What a failed call says.
fn failure() -> [Entry; 2] {
    [
        required("failure.message", Type::Text, "what the vendor said, or why it was not tried"),
        required("failure.code", Type::Text, "the kind of failure, e.g. `R4`"),
    ]
}

/// Whether leverd tells of such an event itself: from its own calls, from `mark`, from timers.
pub fn own(event: AssessmentEvent) -> bool {
    use AssessmentEvent as E;
    matches!(
        event,
        E::Requested | E::Invited | E::InviteFailed | E::Reinvited | E::Expired | E::OptedOut | E::Cancelled | E::Superseded
    )
}

/// Whether an event of this kind is always about one attempt.
pub fn about_attempt(kind: &EventKind, adapter: Option<&Adapter>) -> bool {
    match kind {
        EventKind::Assessment(_) => true,
        EventKind::Done(name) | EventKind::Failed(name) => {
            adapter.and_then(|adapter| adapter.operations.get(name)).is_some_and(Operation::about_attempt)
        }
        _ => false,
    }
}

/// Everything a rule may read when `kind` fires. `result.*` comes from the adapter, per event.
pub fn names(kind: &EventKind, adapter: Option<&Adapter>) -> BTreeMap<String, Field> {
    let mut entries = event();
    let mut names = BTreeMap::new();
    match kind {
        EventKind::Lever(lever_event) => {
            entries.extend(lever(*lever_event));
            let (gone, person) = (
                *lever_event == LeverEvent::CandidateDeleted,
                matches!(lever_event, LeverEvent::ContactCreated | LeverEvent::ContactUpdated),
            );
            if !gone && !person {
                entries.extend(opportunity());
                entries.extend(posting());
            }
        }
        EventKind::OpportunityGone => {}
        EventKind::TagAdded => {
            entries.push(required("tag", Type::Tag, "the tag that was added"));
            entries.extend(opportunity());
            entries.extend(posting());
        }
        EventKind::OpportunityCreated | EventKind::Answered(_) => {
            entries.extend(opportunity());
            entries.extend(posting());
        }
        EventKind::Done(name) | EventKind::Failed(name) => {
            entries.extend(opportunity());
            entries.extend(posting());
            let operation = adapter.and_then(|adapter| adapter.operations.get(name));
            if operation.is_some_and(Operation::about_attempt) {
                entries.extend(assessment());
            }
            if matches!(kind, EventKind::Failed(_)) {
                entries.extend(failure());
            } else {
                // What an answer gives may always be missing in it: it was done all the same.
                let captures = operation.into_iter().flat_map(Operation::captures);
                names.extend(captures.map(|(name, take)| {
                    let ty = take.field.as_ref().map_or(Type::Text, |field| field.ty.clone());
                    (format!("result.{name}"), Field::optional(ty))
                }));
            }
        }
        EventKind::Assessment(step) => {
            entries.extend(opportunity());
            entries.extend(posting());
            entries.extend(assessment());
            if *step == AssessmentEvent::InviteFailed {
                entries.extend(failure());
            }
            if *step == AssessmentEvent::Scored {
                entries.push(required("event.changed", Type::Bool, "whether this corrects an earlier score"));
            }
            for (field, of) in adapter.and_then(|adapter| adapter.event(*step)).into_iter().flatten() {
                // What leverd tells itself carries none of the vendor's fields.
                let optional = of.optional || own(*step) || adapter.is_some_and(|adapter| adapter.makes(*step));
                names.insert(format!("result.{field}"), Field { optional, ..of.clone() });
            }
        }
    }
    names.extend(entries.into_iter().map(|entry| (entry.name.to_owned(), entry.field)));
    names
}

/// What a name is, in words.
pub fn doc(name: &str) -> Option<&'static str> {
    let groups = [event(), opportunity(), posting(), assessment()].into_iter().flatten();
    let of_lever = LeverEvent::ALL.iter().flat_map(|event| lever(*event));
    let own = [
        required("tag", Type::Tag, "the tag that was added"),
        required("event.changed", Type::Bool, "whether this corrects an earlier score"),
    ];
    groups.chain(of_lever).chain(own).chain(failure()).find(|entry| entry.name == name).map(|entry| entry.doc)
}

/// The read that makes a name known. `None`: the event or the ledger row says it.
pub fn group(name: &str) -> Option<Group> {
    match name.split_once('.') {
        // Own tags are those that the posting does not give, so both must be known.
        Some(("opportunity", "own_tags") | ("posting", _)) => Some(Group::Posting),
        Some(("opportunity" | "candidate", _)) => Some(Group::Opportunity),
        Some(("assessment", _)) => Some(Group::Ledger),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deleted_opportunity_has_no_tags_to_read() {
        let names = names(&EventKind::Lever(LeverEvent::CandidateDeleted), None);
        assert!(names.contains_key("deleted_by") && !names.contains_key("opportunity.tags"));
    }
}
