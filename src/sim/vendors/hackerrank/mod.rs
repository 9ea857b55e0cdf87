//! HackerRank for Work behind `/vendors/hackerrank`, which stands for `https://www.hackerrank.com/x/api/v3`. Bearer.
//!
//! | request | answer |
//! |---|---|
//! | GET `/tests?limit&offset` | `{data, next, …, total}` with an absolute `next`, drafts among them |
//! | POST `/tests/{id}/candidates` | the candidate |
//! | GET `/tests/{id}/candidates`, `/tests/{id}/candidates/{cid}` | a page of candidates, one candidate |
//! | GET `/tests/{id}/candidates/{cid}/pdf?format=url` | `{url}`; the file opens without a token |
//! | DELETE `/tests/{id}/candidates/{cid}/invite` | 204 |
//!
//! Oddities kept: a second invitation is refused in the body, in a status that is not documented (switch `duplicate_status`);
//! the result is POSTed to the `test_result_url` of the invitation with the bearer that the invitation gave; `invite_metadata`
//! comes back as a JSON string; statuses between −1 (invited) and 7 (completed) mean nothing to others.

mod candidate;

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::book::Book;
use super::desk::Desk;
use super::route::{Route, dispatch};
use super::{AssessmentState, Deed, Start};
use crate::sim::delivery::{Content, Headers, Manners, Parcel, Sealed, any_success};
use crate::sim::log::Service;
use crate::sim::wire::{Ask, Reply};

/// How results are tried again is not documented; here: twice.
pub(crate) static MANNERS: Manners = Manners {
    user_agent: "HackerRank",
    accepts: any_success,
    again: |faults, tries, _| (tries < 3).then_some(faults.vendor_retry_delay_ms),
    one_by_one: false,
};

/// What is not known about HackerRank.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Switches {
    /// The HTTP status of a second invitation, whose body tells the error.
    duplicate_status: u16,
}

#[derive(Debug)]
pub(crate) struct World {
    book: Book,
    switches: Switches,
    pending: Vec<Parcel>,
}

impl World {
    pub(crate) fn new(start: Start) -> Self {
        Self { book: Book::new(start), switches: Switches { duplicate_status: 200 }, pending: Vec::new() }
    }

    /// `limit` and `offset`, with the absolute address of the next page.
    fn page(&self, ask: &Ask, rows: Vec<Value>) -> Reply {
        let number = |name: &str, unless: usize| ask.one(name).and_then(|text| text.parse().ok()).unwrap_or(unless);
        let (limit, offset) = (number("limit", self.book.page_size).clamp(1, 100), number("offset", 0));
        let total = rows.len();
        let data: Vec<Value> = rows.into_iter().skip(offset).take(limit).collect();
        let more = offset + limit < total;
        let at = |offset: usize| format!("{}{}?limit={limit}&offset={offset}", self.book.base, ask.path);
        Reply::ok(json!({
            "data": data,
            "page_total": data.len(),
            "offset": offset,
            "previous": "",
            "next": if more { at(offset + limit) } else { String::new() },
            "first": at(0),
            "last": "",
            "total": total,
        }))
    }
}

const ROUTES: &[Route<World>] = &[
    ("GET", "/tests", tests),
    ("POST", "/tests/{id}/candidates", candidate::invite),
    ("GET", "/tests/{id}/candidates", candidate::list),
    ("GET", "/tests/{id}/candidates/{cid}", candidate::get),
    ("GET", "/tests/{id}/candidates/{cid}/pdf", candidate::pdf_address),
    ("DELETE", "/tests/{id}/candidates/{cid}/invite", candidate::cancel),
];

fn tests(world: &mut World, ask: &Ask, _: &[&str]) -> Reply {
    let shown = world.book.tests.iter().map(|it| {
        let state = if it.state == AssessmentState::Archived { "archived" } else { "active" };
        let draft = it.state == AssessmentState::Unpublished;
        json!({ "id": it.id, "name": it.title, "draft": draft, "duration": 60, "state": state })
    });
    let rows = shown.collect();
    world.page(ask, rows)
}

/// Errors are told in the body.
fn error(status: u16, message: &str) -> Reply {
    Reply::new(status, json!({ "status": false, "errors": [message], "message": message }))
}

/// The bearer that the invitation gave.
fn bearer(sealed: &Sealed, _: &str, _: &str, _: i64) -> Headers {
    vec![("authorization", format!("Bearer {}", sealed.secret))]
}

impl Desk for World {
    fn deeds(&self) -> &'static [&'static str] {
        &["start", "submit", "correct", "qualify", "reject", "flag", "expire", "cancel"]
    }

    fn book(&self) -> &Book {
        &self.book
    }

    fn book_mut(&mut self) -> &mut Book {
        &mut self.book
    }

    fn test_id(&mut self) -> String {
        self.book.number()
    }

    fn answer(&mut self, ask: &Ask) -> Reply {
        if let Some(token) = ask.path.strip_prefix("/reports/").filter(|_| ask.method == "GET") {
            return candidate::file(self, token);
        }
        if ask.authorization.as_deref().and_then(|text| text.strip_prefix("Bearer ")) != Some(&self.book.key) {
            return error(401, "Invalid access token");
        }
        dispatch(self, ask, ROUTES).unwrap_or_else(|| error(404, "Not found"))
    }

    /// The result is told at the end; later changes only if the invitation accepts them.
    fn done(&mut self, at: usize, deed: &Deed) {
        let Some(take) = self.book.takes.get(at) else { return };
        let updates = take.extra.get("accept_result_updates").and_then(Value::as_bool) == Some(true);
        let told = match deed {
            Deed::Submit { .. } => true,
            Deed::Correct { .. } | Deed::Qualify | Deed::Reject | Deed::Flag { .. } => updates,
            _ => false,
        };
        let (true, Some(url)) = (told, take.callback.clone()) else { return };
        let token = take.extra.get("token").and_then(Value::as_str).unwrap_or_default().to_owned();
        let body = candidate::shown(self, take);
        let content = Content::Sealed(Sealed { method: Method::POST, id: String::new(), body, secret: token, seal: bearer });
        self.pending.push(Parcel { service: Service::Vendor(self.book.vendor), event: "result".to_owned(), url, content });
    }

    fn parcels(&mut self) -> Vec<Parcel> {
        std::mem::take(&mut self.pending)
    }

    fn switches(&self) -> Value {
        json!(self.switches)
    }

    fn set_switches(&mut self, all: &Value) -> Result<(), serde_json::Error> {
        self.switches = Switches::deserialize(all)?;
        Ok(())
    }
}
