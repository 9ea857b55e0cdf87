//! Lever's answers as facts, under the names that rules use.
//!
//! The opportunity and its candidate come from one read, the posting from another; `opportunity.own_tags` needs both, so it comes
//! with the posting. Empty texts are absent. [`OpportunitySnapshot`] is what guards and the overlay of own writes need.

use super::api::{Archived, Opportunity, Posting, StageChange};
use crate::model::{AccountCatalogue, ContactId, Kind, OpportunityId, PostingId, StageId, Value};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The names that an account's pinned catalogue gives to ids.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names<'a> {
    pub catalogue: Option<&'a AccountCatalogue>,
    /// The id of the archive reason that means hired, where it is known.
    pub hired: Option<&'a str>,
}

impl<'a> Names<'a> {
    /// The names in this catalogue.
    pub const fn of(catalogue: &'a AccountCatalogue) -> Self {
        Self { catalogue: Some(catalogue), hired: None }
    }

    /// The named thing with this id; unknown ids are their own names.
    pub fn value(&self, kind: Kind, id: &str) -> Value {
        Value::named(kind, id, self.name(kind, id).unwrap_or_else(|| id.to_owned()))
    }

    fn name(&self, kind: Kind, id: &str) -> Option<String> {
        let catalogue = self.catalogue?;
        let pinned = |pins: &[crate::model::Pinned]| pins.iter().find(|pin| pin.id == id).map(|pin| pin.name.clone());
        match kind {
            Kind::Stage => pinned(&catalogue.stages),
            Kind::ArchiveReason => pinned(&catalogue.archive_reasons),
            Kind::Posting => catalogue.postings.iter().find(|entry| entry.id == id).map(|entry| entry.title.clone()),
            Kind::User => catalogue.users.iter().find(|entry| entry.id == id).map(|entry| entry.name.clone()),
            Kind::FormTemplate | Kind::FeedbackTemplate => catalogue.template(kind, id).map(|template| template.name.clone()),
            Kind::Assessment => None,
        }
    }
}

/// Puts values under names; `None` and blank texts stay absent.
struct Values(BTreeMap<String, Value>);

impl Values {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
            self.put(name, text);
        }
    }

    fn texts(&mut self, name: &str, texts: &[String]) {
        self.put(name, Value::texts(texts));
    }
}

/// `opportunity.*` and `candidate.*`, less `opportunity.own_tags`.
pub fn opportunity(opportunity: &Opportunity, names: Names<'_>) -> BTreeMap<String, Value> {
    let mut values = Values(BTreeMap::new());
    values.put("opportunity.id", opportunity.id.as_str());
    if let Some(stage) = &opportunity.stage {
        values.put("opportunity.stage", names.value(Kind::Stage, stage.as_str()));
    }
    values.texts("opportunity.tags", &opportunity.tags);
    values.put("opportunity.archived", Value::Bool(opportunity.archived.is_some()));
    if let Some(reason) = opportunity.archived.as_ref().and_then(|archived| archived.reason.as_deref()) {
        values.put("opportunity.archive_reason", names.value(Kind::ArchiveReason, reason));
    }
    values.text("opportunity.origin", opportunity.origin.as_deref());
    values.texts("opportunity.sources", &opportunity.sources);
    if let Some(owner) = &opportunity.owner {
        let named = names.name(Kind::User, &owner.id).or_else(|| owner.name.clone()).unwrap_or_else(|| owner.id.clone());
        values.put("opportunity.owner", Value::named(Kind::User, &owner.id, named));
    }
    // Rules may count on a time; should Lever leave it out, the first stage change is the nearest.
    if let Some(created) = opportunity.created_at.or_else(|| opportunity.stage_changes.first().map(|change| change.at)) {
        values.put("opportunity.created_at", Value::date(created));
    }
    values.put("opportunity.confidential", Value::Bool(opportunity.confidential));
    values.texts("opportunity.links", &opportunity.links);
    values.text("opportunity.url", opportunity.url.as_deref());
    if let Some(posting) = opportunity.posting() {
        values.put("opportunity.posting", names.value(Kind::Posting, posting));
    }
    values.text("opportunity.contact", opportunity.contact.as_deref());

    if let Some(name) = opportunity.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        values.put("candidate.name", name);
        let mut words = name.split_whitespace();
        values.text("candidate.first_name", words.next());
        // One word is a first name; everything after the first word is the last name, so that nothing is lost.
        values.text("candidate.last_name", Some(&words.collect::<Vec<_>>().join(" ")));
    }
    values.text("candidate.email", opportunity.emails.first().map(String::as_str));
    values.texts("candidate.emails", &opportunity.emails);
    values.text("candidate.phone", opportunity.phones.first().map(String::as_str));
    values.text("candidate.location", opportunity.location.as_deref());
    values.text("candidate.headline", opportunity.headline.as_deref());
    values.0
}

/// `posting.*` and `opportunity.own_tags`. `posting` is `None` when the opportunity has none: then all its tags are its own.
pub fn posting(opportunity: &Opportunity, posting: Option<&Posting>, names: Names<'_>) -> BTreeMap<String, Value> {
    let mut values = Values(BTreeMap::new());
    let inherited: BTreeSet<&str> = posting.into_iter().flat_map(Posting::inherited).collect();
    values.put("opportunity.own_tags", Value::texts(opportunity.tags.iter().filter(|tag| !inherited.contains(tag.as_str()))));
    values.texts("posting.tags", posting.map_or(&[], |posting| posting.tags.as_slice()));
    let Some(posting) = posting else { return values.0 };
    if names.name(Kind::Posting, &posting.id).is_none() {
        // Younger than the pinned catalogue: its title is known only now.
        values.put("opportunity.posting", Value::named(Kind::Posting, &posting.id, &posting.title));
    }
    values.put("posting.id", posting.id.as_str());
    values.put("posting.title", posting.title.as_str());
    values.text("posting.team", posting.team.as_deref());
    values.text("posting.department", posting.department.as_deref());
    values.text("posting.location", posting.location.as_deref());
    values.text("posting.commitment", posting.commitment.as_deref());
    values.text("posting.state", posting.state.as_deref());
    values.text("posting.owner", posting.owner.as_deref());
    values.text("posting.url", posting.url.as_deref());
    values.0
}

/// What guards look at, and what own writes may update. Its links may be a person's: purge it with the facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpportunitySnapshot {
    pub id: OpportunityId,
    pub stage: Option<StageId>,
    pub archived: Option<ArchivedSince>,
    /// Oldest first.
    pub stage_changes: Vec<Entered>,
    pub tags: Vec<String>,
    /// Known from reads only: answers to most writes leave links blank.
    pub links: Option<Vec<String>>,
    pub updated_at: Option<Timestamp>,
    pub contact: Option<ContactId>,
    pub posting: Option<PostingId>,
    pub anonymized: bool,
}

/// Since when and why it is archived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedSince {
    pub at: Option<Timestamp>,
    pub reason: Option<String>,
}

/// A stage entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entered {
    pub stage: StageId,
    pub at: Timestamp,
}

impl From<&Archived> for ArchivedSince {
    fn from(archived: &Archived) -> Self {
        Self { at: archived.at, reason: archived.reason.clone() }
    }
}

impl From<&StageChange> for Entered {
    fn from(change: &StageChange) -> Self {
        Self { stage: change.to.clone(), at: change.at }
    }
}

impl OpportunitySnapshot {
    /// What a read showed.
    pub fn of(opportunity: &Opportunity) -> Self {
        Self {
            id: opportunity.id.clone(),
            stage: opportunity.stage.clone(),
            archived: opportunity.archived.as_ref().map(ArchivedSince::from),
            stage_changes: opportunity.stage_changes.iter().map(Entered::from).collect(),
            tags: opportunity.tags.clone(),
            links: Some(opportunity.links.clone()),
            updated_at: opportunity.updated_at,
            contact: opportunity.contact.clone().map(ContactId::from),
            posting: opportunity.posting().map(PostingId::from),
            anonymized: opportunity.anonymized,
        }
    }

    /// The snapshot after a write of ours that answered with `answer`: only stage, archived, stage changes, tags and `updatedAt` are
    /// taken (`lever-api §3.1`, the write-response trap).
    pub fn after(mut self, answer: &Opportunity) -> Self {
        self.stage = answer.stage.clone().or(self.stage);
        self.archived = answer.archived.as_ref().map(ArchivedSince::from);
        self.stage_changes = answer.stage_changes.iter().map(Entered::from).collect();
        self.tags.clone_from(&answer.tags);
        self.updated_at = answer.updated_at.or(self.updated_at);
        self.links = None;
        self
    }
}
