//! Invitations: one per candidate and test, whatever is asked for again.
//!
//! | the invitation is | inviting again | reattempt |
//! |---|---|---|
//! | Pending | the same, with the new times | the same, with the new times |
//! | Cancelled, Expired | the same, Pending again | the same, Pending again |
//! | In Progress | the same, unchanged | refused |
//! | Complete, Test Left, Terminated | the same, unchanged | a new one |

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{World, number, refused, status};
use crate::sim::vendors::MailKind;
use crate::sim::vendors::book::{NewTake, Phase};
use crate::sim::vendors::route::hole;
use crate::sim::wire::{Ask, Reply};

/// The fields of a request; names differ in case between the vendor's pages.
struct Fields(serde_json::Map<String, Value>);

impl Fields {
    fn read(ask: &Ask) -> Option<Self> {
        ask.object().map(Self)
    }

    fn text(&self, name: &str) -> Option<String> {
        let found = self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        found.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// UTC; without a zone it is UTC too.
    fn time(&self, name: &str) -> Option<i64> {
        let text = self.text(name)?;
        let stamp: Timestamp = text.parse().or_else(|_| format!("{text}Z").parse()).ok()?;
        Some(stamp.as_millisecond())
    }

    fn mails(&self) -> bool {
        self.text("sendEmail").is_some_and(|text| text.eq_ignore_ascii_case("yes"))
    }
}

pub(super) fn invite(world: &mut World, ask: &Ask, holes: &[&str]) -> Reply {
    let test = hole(holes);
    let Some(fields) = Fields::read(ask) else { return refused("The body is no JSON object.") };
    let (Some(email), Some(name)) = (fields.text("email"), fields.text("name")) else {
        return refused(if fields.text("email").is_none() {
            "'Email' must not be empty."
        } else {
            "'Name' must not be empty."
        });
    };
    if !world.book.accepts_email(&email) {
        return refused("'Email' is not a valid email address.");
    }
    if !world.book.published().any(|it| it.id == test) {
        return refused("Test not found.");
    }
    let at = match world.book.latest(test, &email) {
        Some(at) => {
            renew(world, at, &fields);
            at
        }
        None => enter(world, test, email, name, &fields),
    };
    let Some(take) = world.book.takes.get(at) else { return refused("Test not found.") };
    Reply::new(201, json!({ "testInvitationId": number(&take.id), "testUrl": world.book.link(take), "status": status(take) }))
}

fn enter(world: &mut World, test: &str, email: String, name: String, fields: &Fields) -> usize {
    let id = world.book.number();
    let callback = fields.text("callbackUrl");
    let new = NewTake { email, name, callback, expires_at: fields.time("endDateTime"), ..NewTake::default() };
    let at = world.book.enter(id, test, new);
    if fields.mails() {
        world.book.mail(at, MailKind::Invitation);
    }
    at
}

/// What inviting again does to an invitation that is there.
fn renew(world: &mut World, at: usize, fields: &Fields) {
    let now = world.book.clock.now_ms();
    let Some(take) = world.book.takes.get_mut(at) else { return };
    if !(take.phase.waiting() || matches!(take.phase, Phase::Cancelled | Phase::Expired)) {
        return;
    }
    take.phase = Phase::Invited;
    take.changed_at = now;
    take.expires_at = fields.time("endDateTime");
    if let Some(callback) = fields.text("callbackUrl") {
        take.callback = Some(callback);
    }
    if fields.mails() {
        world.book.mail(at, MailKind::Invitation);
    }
}

pub(super) fn reattempt(world: &mut World, ask: &Ask, holes: &[&str]) -> Reply {
    let Some(fields) = Fields::read(ask) else { return refused("The body is no JSON object.") };
    let Some((at, take)) = world.book.take(hole(holes)) else { return refused("Invitation not found.") };
    let at = match take.phase {
        Phase::Started => return refused("The test is in progress."),
        Phase::Completed | Phase::Scored | Phase::Terminated => {
            let (test, email, name) = (take.test.clone(), take.email.clone(), take.name.clone());
            enter(world, &test, email, name, &fields)
        }
        _ => {
            renew(world, at, &fields);
            at
        }
    };
    let Some(take) = world.book.takes.get(at) else { return refused("Invitation not found.") };
    Reply::ok(json!({
        "testInvitationId": number(&take.id),
        "testUrl": world.book.link(take),
        "callbackUrlRegistered": take.callback,
        "redirectUrlRegistered": fields.text("redirectUrl"),
    }))
}

pub(super) fn cancel(world: &mut World, _: &Ask, holes: &[&str]) -> Reply {
    let not_now = || Reply::new(400, json!({ "statusCode": 400, "message": "Only a pending invitation can be cancelled" }));
    let now = world.book.clock.now_ms();
    let Some(take) = world.book.takes.iter_mut().find(|it| it.id == hole(holes)) else { return not_now() };
    if !take.phase.waiting() {
        return not_now();
    }
    take.phase = Phase::Cancelled;
    take.changed_at = now;
    Reply::ok(json!({ "testInvitationId": number(&take.id), "status": "cancelled" }))
}
