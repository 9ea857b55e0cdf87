//! iMocha behind `/vendors/imocha`, with `x-api-key`. Requests and callbacks are in PascalCase or camelCase as documented.
//!
//! | request | answer |
//! |---|---|
//! | GET `/v3/tests` | 200 `{tests: [{testId, testName}]}`, without pages |
//! | POST `/v3/tests/{testId}/invite` | 201 `{testInvitationId, testUrl, status}`; 400 `{errors}` |
//! | POST `/v3/invitations/{id}/reattempt` | 200 `{testInvitationId, testUrl, callbackUrlRegistered, redirectUrlRegistered}` |
//! | POST `/v3/invitations/{id}/cancel` | 200 `{testInvitationId, status}`, only while pending; else 400 |
//! | GET `/v3/reports/{id}?reportType=1` | 200 scores, category, address of the PDF |
//! | POST `/v3/candidates/testattempts?state=` | what was completed, cancelled or expired between two times |
//! | POST `/v3/callbacks/process` | sends the callbacks of these invitations again |
//! | GET `/PDFReport?id=` | the report, without a key; 202 while it is made |
//!
//! Oddities kept: the same candidate and test give the same invitation (`invite.rs`); a mail only with `sendEmail: yes`; callbacks
//! unsigned and only on In Progress and at the end; scores are 0 while in progress; expired and cancelled are told by polling
//! only; a callback that was not accepted is tried five times more at once and never again.

mod callback;
mod invite;
mod report;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::book::{Book, Phase, Take};
use super::desk::Desk;
use super::route::{Route, dispatch};
use super::{Deed, Start};
use crate::sim::control::ControlError;
use crate::sim::delivery::{Manners, Parcel, any_success};
use crate::sim::wire::{Ask, Reply};

/// Which statuses are tried again is not documented; here: all but success.
pub(crate) static MANNERS: Manners =
    Manners { user_agent: "iMocha", accepts: any_success, again: |_, tries, _| (tries < 6).then_some(0), one_by_one: false };

/// What is not known about iMocha.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Switches {
    /// How often the PDF is still being made when somebody asks for it.
    pdf_busy: u32,
    /// How often a report of a finished test is read before it names the PDF.
    pdf_unnamed: u32,
    /// The points of every test.
    total_points: u32,
}

#[derive(Debug)]
pub(crate) struct World {
    book: Book,
    switches: Switches,
    pending: Vec<Parcel>,
}

impl World {
    pub(crate) fn new(start: Start) -> Self {
        let switches = Switches { pdf_busy: 1, pdf_unnamed: 0, total_points: 100 };
        Self { book: Book::new(start), switches, pending: Vec::new() }
    }
}

const ROUTES: &[Route<World>] = &[
    ("GET", "/v3/tests", tests),
    ("POST", "/v3/tests/{id}/invite", invite::invite),
    ("POST", "/v3/invitations/{id}/reattempt", invite::reattempt),
    ("POST", "/v3/invitations/{id}/cancel", invite::cancel),
    ("GET", "/v3/reports/{id}", report::report),
    ("POST", "/v3/candidates/testattempts", report::attempts),
    ("POST", "/v3/callbacks/process", callback::process),
];

fn tests(world: &mut World, _: &Ask, _: &[&str]) -> Reply {
    let tests: Vec<Value> =
        world.book.published().map(|it| json!({ "testId": number(&it.id), "testName": it.title })).collect();
    Reply::ok(json!({ "tests": tests }))
}

/// Ids are numbers on the wire.
fn number(id: &str) -> Value {
    id.parse::<u64>().map_or(Value::Null, Value::from)
}

/// A refusal as the page of the invitation shows it.
fn refused(message: &str) -> Reply {
    Reply::new(400, json!({ "errors": [message] }))
}

/// `Status` of a take.
fn status(take: &Take) -> &'static str {
    match take.phase {
        Phase::Invited | Phase::Opened | Phase::Declined => "Pending",
        Phase::Started => "In Progress",
        Phase::Completed | Phase::Scored => "Complete",
        Phase::Expired => "Expired",
        Phase::Cancelled => "Cancelled",
        Phase::Terminated if take.reason.as_deref() == Some("left") => "Test Left",
        Phase::Terminated => "Terminated",
    }
}

impl Desk for World {
    fn deeds(&self) -> &'static [&'static str] {
        &["start", "submit", "correct", "expire", "cancel", "terminate"]
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
        if ask.method == "GET" && ask.path == "/PDFReport" {
            return report::file(self, ask);
        }
        if ask.header("x-api-key") != Some(&self.book.key) {
            return Reply::new(401, json!({ "statusCode": 401, "message": "Access denied due to invalid key" }));
        }
        let missing = || Reply::new(404, json!({ "statusCode": 404, "message": "Resource not found" }));
        dispatch(self, ask, ROUTES).unwrap_or_else(missing)
    }

    fn done(&mut self, at: usize, deed: &Deed) {
        if matches!(deed, Deed::Start | Deed::Submit { .. } | Deed::Terminate { .. }) {
            callback::call(self, at);
        }
    }

    fn parcels(&mut self) -> Vec<Parcel> {
        std::mem::take(&mut self.pending)
    }

    fn subscribe(&mut self, _: &str, _: &[String]) -> Result<String, ControlError> {
        Err(ControlError::Wrong("imocha has no subscriptions: each invitation names its callbackUrl".to_owned()))
    }

    fn switches(&self) -> Value {
        json!(self.switches)
    }

    fn set_switches(&mut self, all: &Value) -> Result<(), serde_json::Error> {
        self.switches = Switches::deserialize(all)?;
        Ok(())
    }
}
