//! leverd's reference contract, as `schema/contract.md` tells it: for vendors whose interface is not public.
//!
//! A vendor that is played in it gives a `Profile` and has one line in the registry.

mod invitation;
mod webhook;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::book::Book;
use super::desk::Desk;
use super::route::{Route, dispatch, hole};
use super::{Deed, MailKind, Start};
use crate::sim::control::ControlError;
use crate::sim::delivery::{Manners, Parcel, any_success};
use crate::sim::vendors::pdf::pdf;
use crate::sim::wire::{Ask, Reply};

/// Seven tries after the first, whatever the answer was.
pub(crate) static MANNERS: Manners = Manners {
    user_agent: "Assessment-Contract/1",
    accepts: any_success,
    again: |faults, tries, _| (tries < 8).then_some(faults.vendor_retry_delay_ms),
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

/// What the contract leaves to the vendor.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Switches {
    /// How many invitations can still be sent; null: any number.
    credit: Option<u64>,
    /// How often a report is not ready when somebody asks for it.
    report_busy: u32,
}

#[derive(Debug)]
pub(crate) struct World {
    book: Book,
    profile: &'static Profile,
    switches: Switches,
    /// The customer's webhook addresses. There is one for all events; a second one is for tests.
    webhooks: Vec<String>,
    pending: Vec<Parcel>,
}

impl World {
    pub(crate) fn new(start: Start, profile: &'static Profile) -> Self {
        let (book, switches) = (Book::new(start), Switches::default());
        Self { book, profile, switches, webhooks: Vec::new(), pending: Vec::new() }
    }

    /// Mails those who are due for a reminder and tells it; after a long time only once.
    fn remind(&mut self) {
        let Some((every, until)) = self.profile.reminders else { return };
        let now = self.book.clock.now_ms();
        for at in 0..self.book.takes.len() {
            let Some(take) = self.book.takes.get_mut(at).filter(|it| it.phase.waiting()) else { continue };
            let due = ((now - take.created_at) / HOUR).min(until) / every;
            if due > take.reminders {
                take.reminders = due;
                self.book.mail(at, MailKind::Reminder);
                webhook::tell(self, at, "reminded");
            }
        }
    }
}

const ROUTES: &[Route<World>] = &[
    ("GET", "/tests", tests),
    ("POST", "/invitations", invitation::order),
    ("GET", "/invitations/{id}", invitation::get),
    ("GET", "/invitations/{id}/report", report),
    ("POST", "/invitations/{id}/remind", invitation::remind),
    ("POST", "/invitations/{id}/cancel", invitation::cancel),
];

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::new(status, json!({ "error": code, "message": message }))
}

fn not_found() -> Reply {
    error(404, "not_found", "there is nothing at this address")
}

/// `{tests, page, pages}` with every test, also those that cannot be sent; pages count from 1.
fn tests(world: &mut World, ask: &Ask, _: &[&str]) -> Reply {
    let (size, all) = (world.book.page_size, &world.book.tests);
    let number = ask.one("page").and_then(|text| text.parse().ok()).unwrap_or(1_usize).max(1);
    let shown = all.iter().skip((number - 1) * size).take(size);
    let tests: Vec<Value> = shown.map(|it| json!({ "id": it.id, "title": it.title, "state": it.state.name() })).collect();
    Reply::ok(json!({ "tests": tests, "page": number, "pages": all.len().div_ceil(size).max(1) }))
}

/// The report as a file.
fn report(world: &mut World, _: &Ask, holes: &[&str]) -> Reply {
    let Some((_, take)) = world.book.take(hole(holes)) else { return not_found() };
    let line = format!("{}: {} %", world.book.title_of(take), take.score.unwrap_or_default());
    if take.completed_at.is_none() || world.switches.report_busy > 0 {
        world.switches.report_busy = world.switches.report_busy.saturating_sub(1);
        return error(409, "not_ready", "the report is not ready");
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
        format!("t-{}", self.book.ids.object_id())
    }

    fn answer(&mut self, ask: &Ask) -> Reply {
        if ask.authorization.as_deref().and_then(|text| text.strip_prefix("Bearer ")) != Some(&self.book.key) {
            return error(401, "unauthorized", "the key is not known");
        }
        dispatch(self, ask, ROUTES).unwrap_or_else(not_found)
    }

    fn done(&mut self, at: usize, deed: &Deed) {
        let words: &[&str] = match deed {
            Deed::Open => &["opened"],
            Deed::Start => &["started"],
            Deed::Complete => &["submitted"],
            Deed::Submit { .. } => &["submitted", "scored"],
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
            // The contract has no word for it.
            Deed::Flag { .. } => &[],
        };
        for word in words {
            webhook::tell(self, at, word);
        }
    }

    fn parcels(&mut self) -> Vec<Parcel> {
        std::mem::take(&mut self.pending)
    }

    fn subscribe(&mut self, url: &str, _: &[String]) -> Result<String, ControlError> {
        self.webhooks.push(url.to_owned());
        Ok(self.webhooks.len().to_string())
    }

    fn time_passed(&mut self) {
        self.remind();
    }

    fn switches(&self) -> Value {
        json!(self.switches)
    }

    fn set_switches(&mut self, all: &Value) -> Result<(), serde_json::Error> {
        self.switches = Switches::deserialize(all)?;
        Ok(())
    }
}
