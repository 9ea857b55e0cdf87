//! leverd's own small contract, as `schema/contract.md` tells it: for vendors whose interface is not public.
//!
//! A vendor that is played in it gives a `Profile` and has one line in the registry.

mod invitation;
mod webhook;

use serde_json::{Value, json};

use super::book::Book;
use super::desk::Desk;
use super::route::{Route, dispatch};
use super::{Deed, MailKind, Start};
use crate::sim::control::ControlError;
use crate::sim::delivery::{Manners, Parcel, any_success};
use crate::sim::vendors::pdf::pdf;
use crate::sim::wire::{Ask, Reply};

use webhook::Webhook;

/// Five tries in all, whatever the answer was.
pub(crate) static MANNERS: Manners = Manners {
    user_agent: "Assessment-Contract/1",
    accepts: any_success,
    again: |faults, tries, _| (tries < 5).then_some(faults.vendor_retry_delay_ms),
    one_by_one: false,
};

const HOUR: i64 = 3_600_000;

/// What one vendor of the contract does differently from others.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) deeds: &'static [&'static str],
    /// Mails to candidates who have not started: every so many hours, and until so many hours after the invitation.
    pub(crate) reminders: Option<(i64, i64)>,
    /// Whether candidates have a page for recruiters.
    pub(crate) applicant_page: bool,
}

#[derive(Debug)]
pub(crate) struct World {
    book: Book,
    profile: &'static Profile,
    webhooks: Vec<Webhook>,
    pending: Vec<Parcel>,
    /// Invitations that can still be sent; `None`: any number.
    credit: Option<u64>,
}

impl World {
    pub(crate) fn new(start: Start, profile: &'static Profile) -> Self {
        Self { book: Book::new(start), profile, webhooks: Vec::new(), pending: Vec::new(), credit: None }
    }

    /// `{items, next}`; pages count from 1.
    fn page(&self, ask: &Ask, rows: Vec<Value>) -> Reply {
        let (size, number) =
            (self.book.page_size, ask.one("page").and_then(|text| text.parse().ok()).unwrap_or(1_usize).max(1));
        let more = rows.len() > number * size;
        let items: Vec<Value> = rows.into_iter().skip((number - 1) * size).take(size).collect();
        let others = ask.query.iter().filter(|(name, _)| name != "page");
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(others).append_pair("page", &(number + 1).to_string());
        let next = more.then(|| format!("{}?{}", ask.path, query.finish()));
        Reply::ok(json!({ "items": items, "next": next }))
    }

    /// Mails those who are due for a reminder, one for each that was missed at most.
    fn remind(&mut self) {
        let Some((every, until)) = self.profile.reminders else { return };
        let now = self.book.clock.now_ms();
        for at in 0..self.book.takes.len() {
            let Some(take) = self.book.takes.get_mut(at).filter(|it| it.phase.waiting()) else { continue };
            let due = ((now - take.created_at) / HOUR).min(until) / every;
            if due > take.reminders {
                take.reminders = due;
                self.book.mail(at, MailKind::Reminder);
            }
        }
    }
}

const ROUTES: &[Route<World>] = &[
    ("GET", "/assessments", assessments),
    ("POST", "/invitations", invitation::create),
    ("GET", "/invitations", invitation::list),
    ("GET", "/invitations/{id}", invitation::get),
    ("POST", "/invitations/{id}/resend", invitation::resend),
    ("DELETE", "/invitations/{id}", invitation::cancel),
    ("GET", "/webhooks", webhook::list),
    ("POST", "/webhooks", webhook::create),
    ("DELETE", "/webhooks/{id}", webhook::delete),
];

/// Open without a key: addresses that nobody guesses.
const OPEN: &[Route<World>] = &[("GET", "/reports/{token}", report)];

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::new(status, json!({ "error": { "code": code, "message": message } }))
}

fn assessments(world: &mut World, ask: &Ask, _: &[&str]) -> Reply {
    let rows = world.book.published().map(|it| json!({ "id": it.id, "title": it.title, "minutes": 60 })).collect();
    world.page(ask, rows)
}

/// The page of a report, or with `.pdf` its file.
fn report(world: &mut World, _: &Ask, holes: &[&str]) -> Reply {
    let name = super::route::hole(holes);
    let token = name.strip_suffix(".pdf").unwrap_or(name);
    let Some(take) = world.book.takes.iter().find(|it| it.token == token && it.completed_at.is_some()) else {
        return error(404, "not_found", "there is no such report");
    };
    let line = format!("{}: {} %", world.book.title_of(take), take.score.unwrap_or_default());
    if name.len() == token.len() {
        return Reply::file("text/html; charset=utf-8", format!("<!doctype html><p>{line}").into_bytes());
    }
    Reply::file("application/pdf", pdf(&line))
}

impl Desk for World {
    fn deeds(&self) -> &'static [&'static str] {
        self.profile.deeds
    }

    fn book(&self) -> &Book {
        &self.book
    }

    fn book_mut(&mut self) -> &mut Book {
        &mut self.book
    }

    fn test_id(&mut self) -> String {
        format!("as_{}", self.book.ids.object_id())
    }

    fn answer(&mut self, ask: &Ask) -> Reply {
        if let Some(reply) = dispatch(self, ask, OPEN) {
            return reply;
        }
        if ask.authorization.as_deref().and_then(|text| text.strip_prefix("Bearer ")) != Some(&self.book.key) {
            return error(401, "unauthorized", "the key is not known");
        }
        dispatch(self, ask, ROUTES).unwrap_or_else(|| error(404, "not_found", "there is no such address"))
    }

    fn done(&mut self, at: usize, deed: &Deed) {
        let words: &[&str] = match deed {
            Deed::Open => &["opened"],
            Deed::Start => &["started"],
            Deed::Complete => &["completed"],
            Deed::Submit { .. } => &["completed", "scored"],
            Deed::Grade { .. } | Deed::Correct { .. } => &["scored"],
            Deed::Expire => &["expired"],
            Deed::Cancel => &["cancelled"],
            Deed::Decline => &["declined"],
            Deed::Terminate { .. } => &["terminated"],
            Deed::Approve => &["approved"],
            Deed::Reject => &["rejected"],
            Deed::Qualify => &["qualified"],
            Deed::Unqualify { .. } => &["unqualified"],
            Deed::Review { .. } => &["reviewed"],
            Deed::Flag { .. } => &["flagged"],
        };
        for word in words {
            webhook::tell(self, at, word);
        }
    }

    fn parcels(&mut self) -> Vec<Parcel> {
        std::mem::take(&mut self.pending)
    }

    fn subscribe(&mut self, url: &str, _: &[String]) -> Result<String, ControlError> {
        Ok(webhook::register(self, url).0)
    }

    fn time_passed(&mut self) {
        self.remind();
    }

    /// `credit`: how many invitations can still be sent; null: any number.
    fn switches(&self) -> Value {
        json!({ "credit": self.credit })
    }

    fn set_switches(&mut self, all: &Value) -> Result<(), serde_json::Error> {
        self.credit = serde_json::from_value(all.get("credit").cloned().unwrap_or_default())?;
        Ok(())
    }
}
