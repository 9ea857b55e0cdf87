//! What an account offers by name (`lever-api §3.7`): stages, tags, users, archive reasons; and whether a contact exists.

use super::json::text;
use super::read::page;
use super::{Page, Unread, segment, to};
use crate::model::{ContactId, Exchange, Method, Pinned, Request, StageEntry, UserEntry};
use serde_json::Value as Json;

/// One archive reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveReason {
    pub id: String,
    pub name: String,
    pub active: bool,
    /// Exactly one reason of an account is `hired`.
    pub hired: bool,
}

impl ArchiveReason {
    /// The reason as a catalogue names it.
    pub fn pinned(&self) -> Pinned {
        Pinned { id: self.id.clone(), name: self.name.clone() }
    }
}

fn all(path: &str) -> Request {
    to(Method::Get, path.to_owned()).query("limit", "100")
}

/// Lists the stages.
pub fn list_stages() -> Request {
    all("/stages")
}

/// Lists the tags in use.
pub fn list_tags() -> Request {
    all("/tags")
}

/// Lists the active users.
pub fn list_users() -> Request {
    all("/users")
}

/// Lists the archive reasons, inactive ones too.
pub fn list_archive_reasons() -> Request {
    all("/archive_reasons")
}

/// Reads one contact.
pub fn get_contact(id: &ContactId) -> Request {
    to(Method::Get, format!("/contacts/{}", segment(id.as_str())))
}

/// One page of stages, in pipeline order.
pub fn stages(exchange: &Exchange) -> Result<Page<StageEntry>, Unread> {
    page(exchange, "stages", pinned)
}

/// One page of tags.
pub fn tags(exchange: &Exchange) -> Result<Page<String>, Unread> {
    page(exchange, "tags", |json| text(json, "text"))
}

/// One page of users.
pub fn users(exchange: &Exchange) -> Result<Page<UserEntry>, Unread> {
    page(exchange, "users", |json| {
        let id = text(json, "id")?;
        let name = text(json, "name").or_else(|| text(json, "username")).unwrap_or_else(|| id.clone());
        Some(UserEntry { id, name, role: text(json, "accessRole") })
    })
}

/// One page of archive reasons.
pub fn archive_reasons(exchange: &Exchange) -> Result<Page<ArchiveReason>, Unread> {
    page(exchange, "archive reasons", |json| {
        let Pinned { id, name } = pinned(json)?;
        let is = |key: &str, word: &str| text(json, key).is_some_and(|text| text == word);
        Some(ArchiveReason { id, name, active: !is("status", "inactive"), hired: is("type", "hired") })
    })
}

fn pinned(json: &Json) -> Option<Pinned> {
    let id = text(json, "id")?;
    Some(Pinned { name: text(json, "text").unwrap_or_else(|| id.clone()), id })
}
