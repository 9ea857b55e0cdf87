//! CodeSignal behind `/vendors/codesignal`: GraphQL at `/graphql`, bearer.
//!
//! | query or mutation | answer below `data` |
//! |---|---|
//! | `companyTests(first, offset)` | a list of `{id, title}` |
//! | `createCompanyTestSession(sessionFields)` | `{id, status, invitationUrl, expirationDate, maxScore}` |
//! | `companyTestSession(id)` | the session with its `result` |
//! | `resendCompanyTestSession(id)`, `deleteCompanyTestSession(id)` | the session |
//!
//! Which one is meant is read from the query's text, all fields are answered whatever was selected: this is no GraphQL engine.
//!
//! Oddities kept: `preferExisting` gives the unfinished session back, without it there are two; the signature covers the
//! endpoint's address, the event and its time, not the body; adding an endpoint sends an empty body that must be answered with
//! 200; only 200 counts, up to 25 tries, and the next event waits. The growing pauses between tries are one switch of the faults,
//! `vendor_retry_delay_ms`; that an endpoint is switched off after 25 failures is not played.

mod event;
mod session;

use serde_json::{Value, json};

use super::book::Book;
use super::desk::Desk;
use super::{Deed, Start};
use crate::sim::control::ControlError;
use crate::sim::delivery::{Manners, Parcel};
use crate::sim::wire::{Ask, Reply};

/// Only 200 counts; 25 tries; in order.
pub(crate) static MANNERS: Manners = Manners {
    user_agent: "CodeSignal",
    accepts: |status| status == 200,
    again: |faults, tries, _| (tries < 25).then_some(faults.vendor_retry_delay_ms),
    one_by_one: true,
};

#[derive(Debug)]
pub(crate) struct World {
    book: Book,
    endpoints: Vec<String>,
    pending: Vec<Parcel>,
}

impl World {
    pub(crate) fn new(start: Start) -> Self {
        Self { book: Book::new(start), endpoints: Vec::new(), pending: Vec::new() }
    }
}

/// An error of GraphQL: HTTP 200 all the same.
fn error(message: &str) -> Reply {
    Reply::ok(json!({ "errors": [{ "message": message }], "data": null }))
}

/// `data.NAME`
fn data(name: &str, value: Value) -> Reply {
    let mut data = serde_json::Map::new();
    data.insert(name.to_owned(), value);
    Reply::ok(json!({ "data": data }))
}

impl Desk for World {
    fn deeds(&self) -> &'static [&'static str] {
        &["start", "complete", "grade", "submit", "flag", "expire", "decline", "cancel"]
    }

    fn book(&self) -> &Book {
        &self.book
    }

    fn book_mut(&mut self) -> &mut Book {
        &mut self.book
    }

    fn test_id(&mut self) -> String {
        self.book.ids.object_id().chars().take(17).collect()
    }

    fn answer(&mut self, ask: &Ask) -> Reply {
        if ask.authorization.as_deref().and_then(|text| text.strip_prefix("Bearer ")) != Some(&self.book.key) {
            return Reply::new(401, json!({ "errors": [{ "message": "Unauthorized" }] }));
        }
        let body = ask.object().unwrap_or_default();
        let query = body.get("query").and_then(Value::as_str).unwrap_or_default();
        let variables = body.get("variables").cloned().unwrap_or_default();
        if ask.method != "POST" || ask.path != "/graphql" || query.is_empty() {
            return Reply::new(400, json!({ "errors": [{ "message": "Must provide query string." }] }));
        }
        session::answer(self, query, &variables)
    }

    fn done(&mut self, at: usize, deed: &Deed) {
        let name = match deed {
            Deed::Start => "companyTestSessionStarted",
            Deed::Submit { .. } => "companyTestSessionFinished",
            Deed::Complete => "preScreenResultVerificationPending",
            Deed::Grade { .. } => "preScreenResultVerified",
            Deed::Flag { .. } => "preScreenResultNotVerified",
            Deed::Expire => "preScreenExpired",
            Deed::Decline => "preScreenCandidateDeclined",
            // A deleted session is told by nobody.
            _ => return,
        };
        event::tell(self, at, name);
    }

    fn parcels(&mut self) -> Vec<Parcel> {
        std::mem::take(&mut self.pending)
    }

    fn subscribe(&mut self, url: &str, _: &[String]) -> Result<String, ControlError> {
        self.endpoints.push(url.to_owned());
        event::try_out(self, url);
        Ok(self.endpoints.len().to_string())
    }
}
