//! TestGorilla behind `/vendors/testgorilla`, which stands for `https://app.testgorilla.com/api`. `Authorization: Token KEY`.
//!
//! | request | answer |
//! |---|---|
//! | GET `/assessments/?status&limit&offset` | `{count, next, previous, results: [{id, name, status}]}` |
//! | POST `/assessments/{id}/invite_candidate/` | 201 the candidature; with `?no_email=true` nobody is mailed |
//! | GET `/assessments/candidature/?assessment&status&limit&offset` | `{count, next, previous, results: [candidature]}` |
//!
//! There are no webhooks: everything is polled. A candidate can take each assessment once; how a second invitation is refused is
//! not documented, nor are the words of `status` (switch `words`).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::book::{Book, NewTake, Phase, Take};
use super::desk::Desk;
use super::route::{Route, dispatch, hole};
use super::{AssessmentState, Deed, MailKind, Start};
use crate::sim::clock::iso;
use crate::sim::delivery::{Manners, Parcel, any_success};
use crate::sim::wire::{Ask, Reply};

/// Never used: it sends nothing.
pub(crate) static MANNERS: Manners =
    Manners { user_agent: "TestGorilla", accepts: any_success, again: |_, _, _| None, one_by_one: false };

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Switches {
    /// What `status` says of who was invited, has started, has completed.
    words: [String; 3],
}

#[derive(Debug)]
pub(crate) struct World {
    book: Book,
    switches: Switches,
}

impl World {
    pub(crate) fn new(start: Start) -> Self {
        let words = ["invited", "started", "completed"].map(str::to_owned);
        Self { book: Book::new(start), switches: Switches { words } }
    }

    fn candidature(&self, take: &Take) -> Value {
        let [invited, started, completed] = &self.switches.words;
        let status = match take.phase {
            Phase::Completed | Phase::Scored => completed,
            Phase::Started => started,
            _ => invited,
        };
        json!({
            "id": number(&take.id),
            "assessment": number(&take.test),
            "email": take.email,
            "full_name": take.name,
            "avg_score": take.score,
            "created": iso(take.created_at),
            "invitation_uuid": take.token,
            "is_hired": false,
            "status": status,
            "stage": if take.verdict == Some("rejected") { "rejected" } else { "not_yet_evaluated" },
        })
    }

    /// `limit` and `offset`, with the absolute address of the next page.
    fn page(&self, ask: &Ask, rows: Vec<Value>) -> Reply {
        let number = |name: &str, unless: usize| ask.one(name).and_then(|text| text.parse().ok()).unwrap_or(unless);
        let (limit, offset) = (number("limit", 10).clamp(1, 100), number("offset", 0));
        let next = offset + limit < rows.len();
        let address = format!("{}{}?limit={limit}&offset={}", self.book.base, ask.path, offset + limit);
        Reply::ok(json!({
            "count": rows.len(),
            "next": next.then_some(address),
            "previous": null,
            "results": rows.into_iter().skip(offset).take(limit).collect::<Vec<_>>(),
        }))
    }
}

const ROUTES: &[Route<World>] = &[
    ("GET", "/assessments", assessments),
    ("GET", "/assessments/candidature", candidatures),
    ("POST", "/assessments/{id}/invite_candidate", invite),
];

fn error(status: u16, message: &str) -> Reply {
    Reply::new(status, json!({ "detail": message }))
}

fn number(id: &str) -> Value {
    id.parse::<u64>().map_or(Value::Null, Value::from)
}

fn assessments(world: &mut World, ask: &Ask, _: &[&str]) -> Reply {
    let word = |state| match state {
        AssessmentState::Published => "active",
        AssessmentState::Unpublished => "draft",
        AssessmentState::Archived => "archived",
    };
    let wanted: Vec<&str> = ask.one("status").map(|text| text.split(',').collect()).unwrap_or_default();
    let tests = world.book.tests.iter().filter(|it| wanted.is_empty() || wanted.contains(&word(it.state)));
    let rows = tests.map(|it| json!({ "id": number(&it.id), "name": it.title, "status": word(it.state) })).collect();
    world.page(ask, rows)
}

fn invite(world: &mut World, ask: &Ask, holes: &[&str]) -> Reply {
    let body = ask.object().unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (test, email) = (hole(holes), text("email"));
    if !world.book.published().any(|it| it.id == test) {
        return error(404, "Not found.");
    }
    if !world.book.accepts_email(&email) {
        return Reply::new(400, json!({ "email": ["Enter a valid email address."] }));
    }
    if world.book.latest(test, &email).is_some() {
        return error(400, "The candidate has already been invited to this assessment.");
    }
    let name = format!("{} {}", text("first_name"), text("last_name")).trim().to_owned();
    let id = world.book.number();
    let at = world.book.enter(id, test, NewTake { email, name, ..NewTake::default() });
    if ask.one("no_email") != Some("true") {
        world.book.mail(at, MailKind::Invitation);
    }
    world.book.takes.get(at).map_or_else(|| error(404, "Not found."), |take| Reply::new(201, world.candidature(take)))
}

fn candidatures(world: &mut World, ask: &Ask, _: &[&str]) -> Reply {
    let fits = |it: &&Take| ask.one("assessment").is_none_or(|test| it.test == test);
    let mut rows: Vec<Value> = world.book.takes.iter().filter(fits).map(|it| world.candidature(it)).collect();
    rows.retain(|row| ask.one("status").is_none_or(|wanted| row.get("status").and_then(Value::as_str) == Some(wanted)));
    world.page(ask, rows)
}

impl Desk for World {
    fn deeds(&self) -> &'static [&'static str] {
        &["start", "complete", "grade", "submit", "correct", "reject"]
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
        if ask.authorization.as_deref().and_then(|text| text.strip_prefix("Token ")) != Some(&self.book.key) {
            return error(401, "Invalid token.");
        }
        dispatch(self, ask, ROUTES).unwrap_or_else(|| error(404, "Not found."))
    }

    fn done(&mut self, _: usize, _: &Deed) {}

    fn parcels(&mut self) -> Vec<Parcel> {
        Vec::new()
    }

    fn switches(&self) -> Value {
        json!(self.switches)
    }

    fn set_switches(&mut self, all: &Value) -> Result<(), serde_json::Error> {
        self.switches = Switches::deserialize(all)?;
        Ok(())
    }
}
