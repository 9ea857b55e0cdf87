//! Notes (`lever-api §3.3`).

use super::json::{bare, list, text, when};
use super::read::page;
use super::{Page, Unread, acting, segment, to};
use crate::model::{Exchange, Method, OpportunityId, Request, Response, UserId};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// One comment of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteField {
    pub text: String,
    pub created_at: Option<Timestamp>,
}

/// One note: a thread of comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub id: String,
    pub fields: Vec<NoteField>,
    pub created_at: Option<Timestamp>,
    pub deleted: bool,
}

impl Note {
    /// What a record says; `None` without an id.
    pub fn of(json: &Json) -> Option<Self> {
        let field = |field: &Json| {
            let text = field.get("value").and_then(Json::as_str)?.to_owned();
            Some(NoteField { text, created_at: when(field, "createdAt") })
        };
        Some(Self {
            id: text(json, "noteId").or_else(|| text(json, "id"))?,
            fields: list(json, "fields").iter().filter_map(field).collect(),
            created_at: when(json, "createdAt"),
            deleted: json.get("deletedAt").is_some_and(|at| !at.is_null()),
        })
    }

    /// The id of the note that a POST made: `noteId`, else `id`; recorded answers have both, documented ones only the first.
    pub fn created(response: &Response) -> Option<String> {
        let json = bare(response.json()?);
        text(&json, "noteId").or_else(|| text(&json, "id"))
    }
}

/// Writes a note with an explicit time, so that it can be found again. Lever refuses times in the future.
pub fn create_note(
    id: &OpportunityId,
    text: &str,
    secret: bool,
    notify: bool,
    created_at: Timestamp,
    perform_as: Option<&UserId>,
) -> Request {
    let body = json!({ "value": text, "secret": secret, "notifyFollowers": notify, "createdAt": created_at.as_millisecond() });
    acting(to(Method::Post, format!("/opportunities/{}/notes", segment(id.as_str()))).json(body), perform_as)
}

/// Deletes a note that the API created. `perform_as` is not documented here.
pub fn delete_note(id: &OpportunityId, note: &str) -> Request {
    to(Method::Delete, format!("/opportunities/{}/notes/{}", segment(id.as_str()), segment(note)))
}

/// Lists the notes of an opportunity.
pub fn list_notes(id: &OpportunityId) -> Request {
    to(Method::Get, format!("/opportunities/{}/notes", segment(id.as_str()))).query("limit", "100")
}

/// One page of notes.
pub fn notes(exchange: &Exchange) -> Result<Page<Note>, Unread> {
    page(exchange, "notes", Note::of)
}
