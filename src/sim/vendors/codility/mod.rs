//! Codility behind `/vendors/codility`, which stands for `https://codility.com/api`. Bearer.
//!
//! | request | answer |
//! |---|---|
//! | GET `/tests/` | `{results: [{id, name, url, public_test_link, invite_url, sessions_url}]}` |
//! | POST `/tests/{id}/invite/` | `{candidates: [{id, test_link}]}` |
//! | GET `/tests/{id}/sessions/?candidate=` | `{results: [session]}` |
//!
//! Callbacks go to the addresses of the invitation, unsigned: `result`, and later perhaps `similarity`. Not documented, and so
//! assumptions: the fields of a session besides those of the callbacks, narrowing sessions by candidate, who mails (here the
//! vendor, as in its Lever integration; switch `mails`), and how callbacks are tried again (here twice).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::book::{Book, NewTake, Phase, Take};
use super::desk::Desk;
use super::route::{Route, dispatch, hole};
use super::{Deed, MailKind, Start};
use crate::sim::clock::iso;
use crate::sim::delivery::{Content, Manners, Parcel, any_success};
use crate::sim::log::Service;
use crate::sim::wire::{Ask, Reply};

pub(crate) static MANNERS: Manners = Manners {
    user_agent: "Codility",
    accepts: any_success,
    again: |faults, tries, _| (tries < 3).then_some(faults.vendor_retry_delay_ms),
    one_by_one: false,
};

/// The points of every test: three tasks.
const MAX: f64 = 300.0;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Switches {
    /// Whether the vendor mails the candidate, or leaves that to the caller.
    mails: bool,
}

#[derive(Debug)]
pub(crate) struct World {
    book: Book,
    switches: Switches,
    pending: Vec<Parcel>,
}

impl World {
    pub(crate) fn new(start: Start) -> Self {
        Self { book: Book::new(start), switches: Switches { mails: true }, pending: Vec::new() }
    }
}

const ROUTES: &[Route<World>] =
    &[("GET", "/tests", tests), ("POST", "/tests/{id}/invite", invite), ("GET", "/tests/{id}/sessions", sessions)];

fn error(status: u16, message: &str) -> Reply {
    Reply::new(status, json!({ "detail": message }))
}

fn number(id: &str) -> Value {
    id.parse::<u64>().map_or(Value::Null, Value::from)
}

fn tests(world: &mut World, _: &Ask, _: &[&str]) -> Reply {
    let base = &world.book.base;
    let shown = world.book.published().map(|it| {
        let url = format!("{base}/tests/{}/", it.id);
        json!({
            "id": number(&it.id),
            "name": it.title,
            "url": url,
            "public_test_link": format!("{base}/public/{}", it.id),
            "invite_url": format!("{url}invite/"),
            "sessions_url": format!("{url}sessions/"),
        })
    });
    Reply::ok(json!({ "results": shown.collect::<Vec<_>>() }))
}

/// Each invitation is a session of its own: the same candidate twice gives two.
fn invite(world: &mut World, ask: &Ask, holes: &[&str]) -> Reply {
    let test = hole(holes);
    let body = Value::Object(ask.object().unwrap_or_default());
    if !world.book.published().any(|it| it.id == test) {
        return error(404, "Not found.");
    }
    let callbacks = body.get("event_callbacks").cloned().unwrap_or_default();
    let mut shown = Vec::new();
    for candidate in body.get("candidates").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| candidate.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if !world.book.accepts_email(&text("email")) {
            return error(400, "Enter a valid email address.");
        }
        let new = NewTake {
            email: text("email"),
            name: format!("{} {}", text("first_name"), text("last_name")).trim().to_owned(),
            reference: Some(text("id")).filter(|id| !id.is_empty()),
            extra: callbacks.clone(),
            ..NewTake::default()
        };
        let id = world.book.ids.object_id();
        let at = world.book.enter(id, test, new);
        if world.switches.mails {
            world.book.mail(at, MailKind::Invitation);
        }
        if let Some(take) = world.book.takes.get(at) {
            shown.push(json!({ "id": take.reference, "test_link": world.book.link(take) }));
        }
    }
    if shown.is_empty() {
        return error(400, "This list may not be empty.");
    }
    Reply::ok(json!({ "candidates": shown }))
}

fn evaluation(take: &Take) -> Value {
    match take.score {
        Some(score) => json!({ "result": score * MAX / 100.0, "max_result": MAX, "plagiarism": take.flagged }),
        None => Value::Null,
    }
}

fn sessions(world: &mut World, ask: &Ask, holes: &[&str]) -> Reply {
    let candidate = ask.one("candidate");
    let takes = world.book.takes.iter().rev().filter(|it| it.test == hole(holes));
    let takes = takes.filter(|it| candidate.is_none_or(|wanted| it.reference.as_deref() == Some(wanted)));
    let shown = takes.map(|it| {
        json!({
            "id": it.id,
            "candidate": { "id": it.reference, "email": it.email },
            "state": match it.phase { Phase::Scored | Phase::Completed => "closed", Phase::Started => "active", _ => "created" },
            "start_date": it.started_at.map(iso),
            "close_date": it.completed_at.map(iso),
            "evaluation": evaluation(it),
            "similarity": it.flagged.then(|| json!({ "text": it.reason })),
            "report_link": it.completed_at.map(|_| format!("{}/reports/{}", world.book.base, it.token)),
        })
    });
    Reply::ok(json!({ "results": shown.collect::<Vec<_>>() }))
}

impl Desk for World {
    fn deeds(&self) -> &'static [&'static str] {
        &["start", "submit", "correct", "flag"]
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
        if ask.authorization.as_deref().and_then(|text| text.strip_prefix("Bearer ")) != Some(&self.book.key) {
            return error(401, "Invalid token.");
        }
        dispatch(self, ask, ROUTES).unwrap_or_else(|| error(404, "Not found."))
    }

    fn done(&mut self, at: usize, deed: &Deed) {
        let Some(take) = self.book.takes.get(at) else { return };
        let (event, session) = match deed {
            Deed::Submit { .. } | Deed::Correct { .. } => ("result", json!({ "evaluation": evaluation(take) })),
            Deed::Flag { reason } => ("similarity", json!({ "similarity": { "text": reason } })),
            _ => return,
        };
        let callbacks = take.extra.as_array().into_iter().flatten();
        let urls = callbacks.filter(|it| it.get("event").and_then(Value::as_str) == Some(event));
        for url in urls.filter_map(|it| it.get("url")).filter_map(Value::as_str) {
            self.pending.push(Parcel {
                service: Service::Vendor(self.book.vendor),
                event: event.to_owned(),
                url: url.to_owned(),
                content: Content::Plain(json!({ "event": event, "session": session })),
            });
        }
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
