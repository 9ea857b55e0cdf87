//! Opportunities (`lever-api §3.1`): reading one and many, and the six writes leverd makes to them.

use super::json::{list, text, texts, when};
use super::read::{one, page};
use super::{Page, Unread, acting, segment, to};
use crate::model::{Exchange, Method, OpportunityId, Request, StageId, UserId};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// One entry of the history of stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageChange {
    pub to: StageId,
    pub at: Timestamp,
    /// Absent on most recorded entries.
    pub user: Option<UserId>,
}

/// When and why it was archived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    pub at: Option<Timestamp>,
    /// The archive reason's id.
    pub reason: Option<String>,
}

impl Archived {
    /// What an `archived` object says; null and anything else say that it is not archived.
    pub(crate) fn of(json: &Json) -> Option<Self> {
        json.is_object().then(|| Self { at: when(json, "archivedAt"), reason: text(json, "reason") })
    }
}

/// The application of an opportunity: at most one, and only its id unless it was expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    pub id: String,
    /// The posting's id, known only when expanded.
    pub posting: Option<String>,
    /// Known only when expanded.
    pub created_at: Option<Timestamp>,
    /// Whether the record was expanded, so that an absent posting means none.
    pub expanded: bool,
}

/// One opportunity as Lever answers it.
///
/// Answers to writes leave `name`, `headline`, `location`, `emails`, `phones` and `links` blank (`lever-api §3.1`, the write-response
/// trap): never take them from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opportunity {
    pub id: OpportunityId,
    pub name: Option<String>,
    pub headline: Option<String>,
    pub location: Option<String>,
    pub contact: Option<String>,
    /// Absent only in answers that `include` restricted.
    pub stage: Option<StageId>,
    pub archived: Option<Archived>,
    pub tags: Vec<String>,
    pub links: Vec<String>,
    pub emails: Vec<String>,
    pub phones: Vec<String>,
    pub sources: Vec<String>,
    pub origin: Option<String>,
    pub owner: Option<Owner>,
    /// Oldest first.
    pub stage_changes: Vec<StageChange>,
    pub applications: Vec<Application>,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    pub confidential: bool,
    pub url: Option<String>,
    pub anonymized: bool,
}

/// The owner: an id, and a name when expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub id: String,
    pub name: Option<String>,
}

/// The id of something that is an id or, expanded, an object with one.
fn id_of(json: &Json, key: &str) -> Option<String> {
    match json.get(key)? {
        Json::Object(_) => text(json.get(key)?, "id"),
        _ => text(json, key),
    }
}

impl Opportunity {
    /// What a record says; `None` without an id.
    pub fn of(json: &Json) -> Option<Self> {
        let mut stage_changes: Vec<StageChange> = list(json, "stageChanges")
            .iter()
            .filter_map(|change| {
                Some(StageChange {
                    to: text(change, "toStageId")?.into(),
                    at: when(change, "updatedAt")?,
                    user: text(change, "userId").map(UserId::from),
                })
            })
            .collect();
        stage_changes.sort_by_key(|change| change.at);
        // Expanded, the contact is the better source: it is never blanked, and its location is an object (§3.7).
        let contact = json.get("contact").filter(|contact| contact.is_object());
        let person = |key: &str| text(json, key).or_else(|| contact.and_then(|contact| text(contact, key)));
        let place = || contact.and_then(|contact| contact.get("location")).and_then(|location| text(location, "name"));
        let either = |take: &dyn Fn(&Json) -> Vec<String>| match take(json) {
            own if own.is_empty() => contact.map(take).unwrap_or_default(),
            own => own,
        };
        Some(Self {
            id: text(json, "id")?.into(),
            name: person("name"),
            headline: person("headline"),
            location: text(json, "location").or_else(place),
            contact: id_of(json, "contact"),
            stage: id_of(json, "stage").map(StageId::from),
            archived: json.get("archived").and_then(Archived::of),
            tags: texts(json, "tags"),
            links: texts(json, "links"),
            emails: either(&|json| texts(json, "emails")),
            phones: either(&|json| list(json, "phones").iter().filter_map(|phone| text(phone, "value")).collect()),
            sources: texts(json, "sources"),
            origin: text(json, "origin"),
            owner: id_of(json, "owner").map(|id| Owner { id, name: json.get("owner").and_then(|owner| text(owner, "name")) }),
            stage_changes,
            applications: list(json, "applications").iter().filter_map(application).collect(),
            created_at: when(json, "createdAt"),
            updated_at: when(json, "updatedAt"),
            confidential: text(json, "confidentiality").is_some_and(|word| word == "confidential"),
            url: json.get("urls").and_then(|urls| text(urls, "show")),
            anonymized: json.get("isAnonymized").and_then(Json::as_bool).unwrap_or(false),
        })
    }

    /// The posting's id, if an expanded application names one.
    pub fn posting(&self) -> Option<&str> {
        self.applications.iter().find_map(|application| application.posting.as_deref())
    }
}

fn application(json: &Json) -> Option<Application> {
    match json {
        Json::String(id) => Some(Application { id: id.clone(), posting: None, created_at: None, expanded: false }),
        _ => Some(Application {
            id: text(json, "id")?,
            posting: id_of(json, "posting"),
            created_at: when(json, "createdAt"),
            expanded: true,
        }),
    }
}

/// Which opportunities to list. Times are inclusive. `archived: None` lists both (`lever-api §3.1`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    pub stages: Vec<StageId>,
    pub tags: Vec<String>,
    pub contact: Option<String>,
    pub posting: Option<String>,
    pub email: Option<String>,
    pub archived: Option<bool>,
    pub updated_from: Option<Timestamp>,
    pub updated_to: Option<Timestamp>,
    pub created_from: Option<Timestamp>,
    pub advanced_from: Option<Timestamp>,
    pub archived_from: Option<Timestamp>,
    /// Whether confidential opportunities are wanted too; Lever's default is without.
    pub confidential: bool,
}

const EXPAND: [&str; 2] = ["applications", "contact"];

fn expanded(request: Request) -> Request {
    EXPAND.iter().fold(request, |request, what| request.query("expand", *what))
}

/// Reads one opportunity with its application (which names the posting; the posting itself cannot be expanded, §2.3) and contact.
pub fn get_opportunity(id: &OpportunityId) -> Request {
    expanded(to(Method::Get, format!("/opportunities/{}", segment(id.as_str()))))
}

/// Lists opportunities, 100 a page, with applications and contacts.
pub fn list_opportunities(filter: &Filter) -> Request {
    let mut request = expanded(to(Method::Get, "/opportunities".to_owned())).query("limit", "100");
    for stage in &filter.stages {
        request = request.query("stage_id", stage.as_str());
    }
    for tag in &filter.tags {
        request = request.query("tag", tag);
    }
    let texts = [("contact_id", &filter.contact), ("posting_id", &filter.posting), ("email", &filter.email)];
    for (name, text) in texts {
        if let Some(text) = text {
            request = request.query(name, text);
        }
    }
    let times = [
        ("updated_at_start", filter.updated_from),
        ("updated_at_end", filter.updated_to),
        ("created_at_start", filter.created_from),
        ("advanced_at_start", filter.advanced_from),
        ("archived_at_start", filter.archived_from),
    ];
    for (name, time) in times {
        if let Some(time) = time {
            request = request.query(name, time.as_millisecond().to_string());
        }
    }
    if let Some(archived) = filter.archived {
        request = request.query("archived", archived.to_string());
    }
    if filter.confidential {
        request = request.query("confidentiality", "all");
    }
    request
}

/// The opportunity in an answer.
pub fn opportunity(exchange: &Exchange) -> Result<Opportunity, Unread> {
    one(exchange, "an opportunity", Opportunity::of)
}

/// One page of opportunities.
pub fn opportunities(exchange: &Exchange) -> Result<Page<Opportunity>, Unread> {
    page(exchange, "opportunities", Opportunity::of)
}

fn write(method: Method, id: &OpportunityId, what: &str, body: Json, perform_as: Option<&UserId>) -> Request {
    acting(to(method, format!("/opportunities/{}/{what}", segment(id.as_str()))).json(body), perform_as)
}

/// Adds tags: a set, so repeating is harmless. The answer holds the resulting tags.
pub fn add_tags(id: &OpportunityId, tags: &[String], perform_as: Option<&UserId>) -> Request {
    write(Method::Post, id, "addTags", json!({ "tags": tags }), perform_as)
}

/// Removes tags. The answer holds the resulting tags.
pub fn remove_tags(id: &OpportunityId, tags: &[String], perform_as: Option<&UserId>) -> Request {
    write(Method::Post, id, "removeTags", json!({ "tags": tags }), perform_as)
}

/// Adds links, which live on the contact and so show on all its opportunities.
pub fn add_links(id: &OpportunityId, links: &[String], perform_as: Option<&UserId>) -> Request {
    write(Method::Post, id, "addLinks", json!({ "links": links }), perform_as)
}

/// Removes links by their exact URL.
pub fn remove_links(id: &OpportunityId, links: &[String], perform_as: Option<&UserId>) -> Request {
    write(Method::Post, id, "removeLinks", json!({ "links": links }), perform_as)
}

/// Moves to a stage. Lever moves archived opportunities too and leaves them archived: guard before.
pub fn put_stage(id: &OpportunityId, stage: &StageId, perform_as: Option<&UserId>) -> Request {
    write(Method::Put, id, "stage", json!({ "stage": stage.as_str() }), perform_as)
}

/// Archives with a reason (an id). Interviews stay as they are.
pub fn archive(id: &OpportunityId, reason: &str, perform_as: Option<&UserId>) -> Request {
    write(Method::Put, id, "archived", json!({ "reason": reason, "cleanInterviews": false }), perform_as)
}
