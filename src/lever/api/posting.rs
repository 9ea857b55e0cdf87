//! Postings (`lever-api §3.7`). leverd only reads them.

use super::json::{text, texts};
use super::read::{one, page};
use super::{Page, Unread, segment, to};
use crate::model::{Exchange, Method, PostingEntry, Request};
use serde_json::Value as Json;

/// One posting as Lever answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    pub id: String,
    pub title: String,
    pub state: Option<String>,
    /// Only the tags added by hand; title and categories become tags of the opportunities besides.
    pub tags: Vec<String>,
    pub team: Option<String>,
    pub department: Option<String>,
    pub location: Option<String>,
    pub locations: Vec<String>,
    pub commitment: Option<String>,
    pub level: Option<String>,
    /// The owner's user id.
    pub owner: Option<String>,
    pub url: Option<String>,
}

impl Posting {
    /// What a record says; `None` without an id. A posting without a title is called by its id.
    pub fn of(json: &Json) -> Option<Self> {
        let id = text(json, "id")?;
        let nothing = Json::Null;
        let categories = json.get("categories").unwrap_or(&nothing);
        let owner = json.get("owner").filter(|owner| owner.is_object());
        let urls = json.get("urls").unwrap_or(&nothing);
        Some(Self {
            title: text(json, "text").unwrap_or_else(|| id.clone()),
            state: text(json, "state"),
            tags: texts(json, "tags"),
            team: text(categories, "team"),
            department: text(categories, "department"),
            location: text(categories, "location"),
            locations: texts(categories, "allLocations"),
            commitment: text(categories, "commitment"),
            level: text(categories, "level"),
            owner: owner.map_or_else(|| text(json, "owner"), |owner| text(owner, "id")),
            url: text(urls, "show").or_else(|| text(urls, "list")),
            id,
        })
    }

    /// The posting as a catalogue names it.
    pub fn entry(&self) -> PostingEntry {
        PostingEntry { id: self.id.clone(), title: self.title.clone(), state: self.state.clone().unwrap_or_default() }
    }

    /// Every tag that an opportunity has because of this posting: its tags, title and categories (`lever-api §5`).
    pub fn inherited(&self) -> impl Iterator<Item = &str> {
        let categories = [&self.team, &self.department, &self.location, &self.commitment, &self.level];
        let named = categories.into_iter().flatten().chain(&self.locations).chain(&self.tags);
        named.map(String::as_str).chain(std::iter::once(self.title.as_str()))
    }
}

/// Reads one posting.
pub fn get_posting(id: &str) -> Request {
    to(Method::Get, format!("/postings/{}", segment(id)))
}

/// Lists postings of all states, 100 a page.
pub fn list_postings() -> Request {
    to(Method::Get, "/postings".to_owned()).query("limit", "100")
}

/// The posting in an answer.
pub fn posting(exchange: &Exchange) -> Result<Posting, Unread> {
    one(exchange, "a posting", Posting::of)
}

/// One page of postings.
pub fn postings(exchange: &Exchange) -> Result<Page<Posting>, Unread> {
    page(exchange, "postings", Posting::of)
}
