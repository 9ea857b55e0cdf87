//! What changed about an opportunity since it was last looked at.
//!
//! Lists of who is where say nothing of events (they skip and repeat whoever moves meanwhile); what an opportunity says of its own
//! past does: its `stageChanges`, `applications` and `archived`, and its tags compared with those seen before. What webhooks tell as
//! well gets the same [`Occurrence`], so that both are one event.

use super::api::{Archived, Opportunity};
use super::decode::Occurrence;
use super::facts::Names;
use crate::model::{EventKind, Glimpse, GlimpsedArchive, Kind, LeverEvent, OpportunityId, TagMark, Value};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// An opportunity enters its first stage when it is created, or as good as then.
const CREATION: SignedDuration = SignedDuration::from_secs(5);

/// One thing that changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub kind: EventKind,
    pub at: Timestamp,
    pub occurrence: Occurrence,
    /// Named as rules name them: `to_stage`, `tag` …
    pub fields: BTreeMap<String, Value>,
}

impl Change {
    fn new(kind: EventKind, at: Timestamp, occurrence: Occurrence) -> Self {
        Self { kind, at, occurrence, fields: BTreeMap::new() }
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }
}

/// What is remembered of an opportunity that was read at `seen`.
pub fn glimpse(opportunity: &Opportunity, seen: Timestamp) -> Glimpse {
    Glimpse {
        opportunity: opportunity.id.clone(),
        seen,
        staged: opportunity.stage_changes.last().map(|change| change.at),
        applications: opportunity.applications.iter().map(|application| application.id.clone()).collect(),
        archived: opportunity.archived.as_ref().map(glimpsed),
        tags: opportunity.tags.iter().map(|tag| TagMark::of(tag)).collect(),
    }
}

/// As it was when polling `began`, from a read a little later. Of tags, Lever keeps no past.
pub fn baseline(opportunity: &Opportunity, seen: Timestamp, began: Timestamp) -> Glimpse {
    let before = |at: &Timestamp| *at <= began;
    let mut glimpse = glimpse(opportunity, seen);
    glimpse.staged = opportunity.stage_changes.iter().map(|change| change.at).filter(before).max();
    let created =
        |id: &String| opportunity.applications.iter().find(|known| known.id == *id).and_then(|known| known.created_at);
    glimpse.applications.retain(|id| created(id).is_none_or(|at| before(&at)));
    glimpse.archived = glimpse.archived.filter(|archived| archived.at.is_none_or(|at| before(&at)));
    glimpse
}

fn glimpsed(archived: &Archived) -> GlimpsedArchive {
    GlimpsedArchive { at: archived.at, reason: archived.reason.clone() }
}

/// What changed since `before`, oldest first; without it, since polling `began`.
///
/// Tags of an opportunity that is older than polling and was not seen before are taken for old.
pub fn changes(now: &Opportunity, before: Option<&Glimpse>, began: Timestamp, names: Names<'_>) -> Vec<Change> {
    let mut found = Vec::new();
    if now.anonymized {
        return vec![gone(&now.id, now.updated_at.unwrap_or(began))];
    }
    let since = before.and_then(|before| before.staged).map_or(began, |staged| staged.max(began));
    let new = now.created_at.filter(|created| *created > began && before.is_none());
    if let Some(created) = new {
        let occurrence = Occurrence::once(EventKind::OpportunityCreated, now.id.as_str(), "", Some(created));
        found.push(Change::new(EventKind::OpportunityCreated, created, occurrence));
    }
    applications(now, before, began, &mut found);
    stages(now, since, names, &mut found);
    archive(now, before, began, names, &mut found);
    let known = match (before, new) {
        (Some(before), _) => Some((&before.tags, before.seen)),
        (None, Some(_)) => None,
        // Not seen before and not new: nothing is known of its tags.
        (None, None) => return sorted(found),
    };
    let at = now.updated_at.unwrap_or(began);
    for tag in &now.tags {
        if known.is_some_and(|(tags, _)| tags.contains(&TagMark::of(tag))) {
            continue;
        }
        // The same tag added again after it was taken away is another occurrence: it is told by what was seen before.
        let seen = known.map_or(began, |(_, seen)| seen);
        let what = format!("{tag}/{}", seen.as_millisecond());
        let occurrence = Occurrence::once(EventKind::TagAdded, now.id.as_str(), &what, Some(seen));
        found.push(Change::new(EventKind::TagAdded, at, occurrence).with("tag", Value::text(tag)));
    }
    sorted(found)
}

fn sorted(mut found: Vec<Change>) -> Vec<Change> {
    found.sort_by_key(|change| change.at);
    found
}

/// That an opportunity is no longer there, however that came out.
pub fn gone(opportunity: &OpportunityId, at: Timestamp) -> Change {
    let occurrence = Occurrence::once(EventKind::OpportunityGone, opportunity.as_str(), "", None);
    Change::new(EventKind::OpportunityGone, at, occurrence)
}

/// That an opportunity was deleted, as Lever's webhook tells it.
pub fn deleted(opportunity: &OpportunityId, at: Timestamp) -> Change {
    Change::new(EventKind::Lever(LeverEvent::CandidateDeleted), at, Occurrence::deleted(opportunity.as_str()))
}

fn applications(now: &Opportunity, before: Option<&Glimpse>, began: Timestamp, found: &mut Vec<Change>) {
    for application in &now.applications {
        let created = application.created_at.or(now.created_at).unwrap_or(began);
        let known = before.is_some_and(|before| before.applications.contains(&application.id));
        if !known && created > began {
            let occurrence = Occurrence::applied(now, &application.id);
            let change = Change::new(EventKind::Lever(LeverEvent::ApplicationCreated), created, occurrence);
            found.push(change.with("application.id", Value::text(&application.id)));
        }
    }
}

fn stages(now: &Opportunity, since: Timestamp, names: Names<'_>, found: &mut Vec<Change>) {
    let mut earlier = None;
    for change in &now.stage_changes {
        let from = earlier.replace(&change.to);
        let creation = from.is_none() && now.created_at.is_none_or(|created| change.at.duration_since(created) <= CREATION);
        if creation || change.at <= since {
            continue;
        }
        let occurrence = Occurrence::timed(LeverEvent::CandidateStageChange, now.id.as_str(), change.to.as_str(), change.at);
        let mut moved = Change::new(EventKind::STAGE_CHANGE, change.at, occurrence)
            .with("to_stage", names.value(Kind::Stage, change.to.as_str()));
        if let Some(from) = from {
            moved = moved.with("from_stage", names.value(Kind::Stage, from.as_str()));
        }
        found.push(moved);
    }
}

fn archive(now: &Opportunity, before: Option<&Glimpse>, began: Timestamp, names: Names<'_>, found: &mut Vec<Change>) {
    let id = now.id.as_str();
    let was = before.and_then(|before| before.archived.as_ref());
    let reason = |archived: Option<&String>| archived.map(|reason| names.value(Kind::ArchiveReason, reason));
    let fields = |change: Change| {
        let sides = [
            ("to_archived", now.archived.as_ref().and_then(|archived| archived.reason.as_ref())),
            ("from_archived", was.and_then(|archived| archived.reason.as_ref())),
        ];
        sides.into_iter().fold(change, |change, (name, side)| match reason(side) {
            Some(reason) => change.with(name, reason),
            None => change,
        })
    };
    let changed = EventKind::Lever(LeverEvent::CandidateArchiveChange);
    match (&now.archived, was) {
        (Some(archived), was) if was != Some(&glimpsed(archived)) => {
            let at = archived.at.or(now.updated_at).unwrap_or(began);
            if was.is_none() && at <= began {
                return;
            }
            let told = |event, what| Occurrence::timed(event, id, what, at);
            found.push(fields(Change::new(changed, at, told(LeverEvent::CandidateArchiveChange, "archived"))));
            if names.hired.is_some() && archived.reason.as_deref() == names.hired {
                let hired = EventKind::Lever(LeverEvent::CandidateHired);
                found.push(Change::new(hired, at, told(LeverEvent::CandidateHired, "hired")));
            }
        }
        (None, Some(ended)) => {
            let at = now.updated_at.unwrap_or(began);
            let told = ended.at.unwrap_or(at);
            let occurrence = Occurrence::timed(LeverEvent::CandidateArchiveChange, id, "active", told);
            found.push(fields(Change::new(changed, at, occurrence)));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn opportunity(more: serde_json::Value) -> Opportunity {
        let mut json = json!({ "id": "o1", "createdAt": at(-900).as_millisecond(), "updatedAt": at(90).as_millisecond() });
        json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Opportunity::of(&json).unwrap()
    }

    fn told(now: &Opportunity, before: Option<&Glimpse>) -> Vec<String> {
        let names = Names { hired: Some("h"), ..Names::default() };
        let name = |value: &Value| format!(" {value}");
        changes(now, before, at(0), names)
            .iter()
            .map(|change| format!("{}{}", change.kind, change.fields.values().map(name).collect::<String>()))
            .collect()
    }

    fn moved(to: &str, seconds: i64) -> serde_json::Value {
        json!({ "toStageId": to, "updatedAt": at(seconds).as_millisecond() })
    }

    /// B17 B86: what was so before polling began fires nothing.
    #[test]
    fn b17_b86_what_was_before_polling_is_no_change_and_what_came_after_is_one() {
        let application = |seconds: i64| json!({ "id": "a1", "createdAt": at(seconds).as_millisecond() });
        let old = json!({ "stageChanges": [moved("new", -900), moved("screen", -5)], "applications": [application(-900)],
            "archived": { "reason": "r", "archivedAt": at(-1).as_millisecond() }, "tags": ["Java"] });
        assert_eq!(told(&opportunity(old.clone()), None), [""; 0]);
        let mut new = old;
        new["stageChanges"].as_array_mut().unwrap().extend([moved("test", 10), moved("offer", 20)]);
        new["archived"] = json!({ "reason": "h", "archivedAt": at(30).as_millisecond() });
        new["tags"] = json!(["Java", "Hot"]);
        let new = opportunity(new);
        // Its tags were not seen before: which of them is new cannot be told.
        assert_eq!(
            told(&new, None),
            [
                "candidateStageChange screen test",
                "candidateStageChange test offer",
                "candidateArchiveChange h",
                "candidateHired"
            ]
        );
        let before = baseline(&new, at(40), at(0));
        assert_eq!(told(&new, Some(&before)).len(), 4, "a baseline read late is as of when polling began");
        assert_eq!(told(&new, Some(&glimpse(&new, at(40)))), [""; 0], "what was seen is no change");
    }

    #[test]
    fn b26_a_new_opportunity_is_created_applied_and_tagged_but_not_moved() {
        let now =
            opportunity(json!({ "createdAt": at(5).as_millisecond(), "stageChanges": [moved("new", 5), moved("test", 60)],
            "applications": [{ "id": "a1" }], "tags": ["Java"] }));
        assert_eq!(
            told(&now, None),
            ["opportunityCreated", "applicationCreated a1", "candidateStageChange new test", "tag_added Java"]
        );
    }

    #[test]
    fn a_tag_taken_away_and_added_again_is_another_occurrence() {
        let (with, without) = (opportunity(json!({ "tags": ["Java"] })), opportunity(json!({})));
        let id = |now: &Opportunity, before: &Glimpse| {
            changes(now, Some(before), at(0), Names::default()).first().map(|change| change.occurrence.identity.clone())
        };
        let first = id(&with, &glimpse(&without, at(10)));
        assert_eq!(id(&without, &glimpse(&with, at(20))), None);
        let second = id(&with, &glimpse(&without, at(30)));
        assert!(first.is_some() && second.is_some() && first != second, "{first:?} {second:?}");
    }

    #[test]
    fn an_archive_taken_back_is_told_by_the_time_it_was_made() {
        let archived = opportunity(json!({ "archived": { "reason": "r", "archivedAt": at(7).as_millisecond() } }));
        let found = changes(&opportunity(json!({})), Some(&glimpse(&archived, at(8))), at(0), Names::default());
        let identities: Vec<_> = found.iter().map(|change| change.occurrence.identity.clone()).collect();
        assert_eq!(identities, [format!("candidateArchiveChange/o1/active/{}", at(7).as_millisecond())]);
    }
}
