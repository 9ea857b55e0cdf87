//! A vendor that serves Greenhouse's assessment partner contract, behind `/vendors/generic`. HTTP Basic, the key is the user.
//!
//! | request | answer |
//! |---|---|
//! | GET `/list_tests` | `[{partner_test_id, partner_test_name}]`, without pages |
//! | POST `/send_test` | `{partner_interview_id}`; the vendor mails |
//! | GET `/test_status?partner_interview_id=` | `{partner_status, partner_profile_url, partner_score, metadata}` |
//! | POST `/response_error` | `{status: 200}` |
//!
//! Oddities kept: the completed test is told by a PATCH without a body to the `url` of the order, which only says to come and
//! fetch; `complete` is the only status that means anything; an order that is repeated is a second order with a second mail,
//! since the contract has no key for it. How the PATCH is tried again is not documented; here: twice.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use super::book::{Book, NewTake, Phase};
use super::desk::Desk;
use super::route::{Route, dispatch};
use super::{Deed, MailKind, Start};
use crate::sim::clock::iso;
use crate::sim::delivery::{Content, Headers, Manners, Parcel, Sealed, any_success};
use crate::sim::log::Service;
use crate::sim::wire::{Ask, Reply};

pub(crate) static MANNERS: Manners = Manners {
    user_agent: "Assessment-Partner/1",
    accepts: any_success,
    again: |faults, tries, _| (tries < 3).then_some(faults.vendor_retry_delay_ms),
    one_by_one: false,
};

#[derive(Debug)]
pub(crate) struct World {
    book: Book,
    pending: Vec<Parcel>,
    /// What the caller complained about.
    complaints: Vec<Value>,
}

impl World {
    pub(crate) fn new(start: Start) -> Self {
        Self { book: Book::new(start), pending: Vec::new(), complaints: Vec::new() }
    }
}

const ROUTES: &[Route<World>] = &[
    ("GET", "/list_tests", list_tests),
    ("POST", "/send_test", send_test),
    ("GET", "/test_status", test_status),
    ("POST", "/response_error", response_error),
];

/// `Basic`, the key as user and no password.
fn basic(key: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{key}:")))
}

fn refused(status: u16, message: &str) -> Reply {
    Reply::new(status, json!({ "errors": [message] }))
}

fn list_tests(world: &mut World, _: &Ask, _: &[&str]) -> Reply {
    let tests = world.book.published().map(|it| json!({ "partner_test_id": it.id, "partner_test_name": it.title }));
    Reply::ok(Value::Array(tests.collect()))
}

fn send_test(world: &mut World, ask: &Ask, _: &[&str]) -> Reply {
    let body = Value::Object(ask.object().unwrap_or_default());
    let text = |place: &str| body.pointer(place).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (test, email, url) = (text("/partner_test_id"), text("/candidate/email"), text("/url"));
    if !world.book.published().any(|it| it.id == test) {
        return refused(404, "partner_test_id is not known");
    }
    if !world.book.accepts_email(&email) {
        return refused(422, "candidate.email is not accepted");
    }
    let name = format!("{} {}", text("/candidate/first_name"), text("/candidate/last_name")).trim().to_owned();
    let id = world.book.number();
    let new = NewTake { email, name, callback: (!url.is_empty()).then_some(url), ..NewTake::default() };
    let at = world.book.enter(id.clone(), &test, new);
    world.book.mail(at, MailKind::Invitation);
    Reply::ok(json!({ "partner_interview_id": id }))
}

/// Nulls rather than missing keys.
fn test_status(world: &mut World, ask: &Ask, _: &[&str]) -> Reply {
    let Some((_, take)) = world.book.take(ask.one("partner_interview_id").unwrap_or_default()) else {
        return refused(404, "partner_interview_id is not known");
    };
    let complete = take.phase == Phase::Scored;
    let status = if complete { "complete" } else { take.phase.name() };
    Reply::ok(json!({
        "partner_status": status,
        "partner_profile_url": complete.then(|| format!("{}/profiles/{}", world.book.base, take.token)),
        "partner_score": take.score.filter(|_| complete),
        "metadata": { "Started At": take.started_at.map(iso), "Completed At": take.completed_at.map(iso) },
    }))
}

fn response_error(world: &mut World, ask: &Ask, _: &[&str]) -> Reply {
    world.complaints.push(Value::Object(ask.object().unwrap_or_default()));
    Reply::ok(json!({ "status": 200 }))
}

fn credential(sealed: &Sealed, _: &str, _: &str, _: i64) -> Headers {
    vec![("authorization", basic(&sealed.secret))]
}

impl Desk for World {
    fn deeds(&self) -> &'static [&'static str] {
        &["start", "submit", "complete", "grade", "cancel", "expire"]
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
        if ask.authorization.as_deref() != Some(&basic(&self.book.key)) {
            return refused(401, "Invalid credentials");
        }
        dispatch(self, ask, ROUTES).unwrap_or_else(|| refused(404, "There is no such endpoint"))
    }

    fn done(&mut self, at: usize, deed: &Deed) {
        let Some(take) = self.book.takes.get(at) else { return };
        let (true, Some(url)) = (matches!(deed, Deed::Submit { .. } | Deed::Grade { .. }), take.callback.clone()) else {
            return;
        };
        let sealed = Sealed {
            method: Method::PATCH,
            id: String::new(),
            body: Value::Null,
            secret: self.book.key.clone(),
            seal: credential,
        };
        let service = Service::Vendor(self.book.vendor);
        self.pending.push(Parcel { service, event: "completed".to_owned(), url, content: Content::Sealed(sealed) });
    }

    fn parcels(&mut self) -> Vec<Parcel> {
        std::mem::take(&mut self.pending)
    }

    fn shown(&self) -> Value {
        let mut shown = self.book.shown();
        if let Some(shown) = shown.as_object_mut() {
            shown.insert("complaints".to_owned(), json!(self.complaints));
        }
        shown
    }
}
