//! Invitations of the contract: order, read, mail again, withdraw.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Deed, World, error, not_found, webhook};
use crate::sim::clock::iso;
use crate::sim::vendors::MailKind;
use crate::sim::vendors::book::{NewTake, Phase, Take};
use crate::sim::vendors::route::hole;
use crate::sim::wire::{Ask, Reply};

/// An invitation as every answer and every event shows it.
pub(super) fn shown(world: &World, take: &Take) -> Value {
    let book = &world.book;
    let status = match (take.verdict, take.phase) {
        (Some(verdict), _) => verdict,
        (None, _) if take.review.is_some() => "reviewed",
        (None, Phase::Completed) => "submitted",
        (None, phase) => phase.name(),
    };
    let page = |kind: &str| format!("{}/{kind}/{}", book.base, take.token);
    json!({
        "id": take.id,
        "reference": take.reference,
        "test_id": take.test,
        "status": status,
        "url": book.link(take),
        "expires_at": take.expires_at.map(iso),
        "percent": take.score,
        "passed": book.passed(take),
        "reason": take.reason,
        "profile_url": world.profile.applicant_page.then(|| page("applicants")),
        "report_url": take.scored_at.map(|_| page("reports")),
    })
}

fn answer(world: &World, status: u16, at: usize) -> Reply {
    world.book.takes.get(at).map_or_else(not_found, |take| Reply::new(status, shown(world, take)))
}

fn text(body: &Map<String, Value>, name: &str) -> Option<String> {
    body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// `expires_at`; a text that is no time is refused.
fn end(body: &Map<String, Value>) -> Result<Option<i64>, Reply> {
    let Some(text) = text(body, "expires_at") else { return Ok(None) };
    let stamp: Result<Timestamp, _> = text.parse();
    stamp.map(|stamp| Some(stamp.as_millisecond())).map_err(|_| error(400, "bad_request", "expires_at is no time"))
}

/// A reference that was seen before gives the invitation that is there.
pub(super) fn order(world: &mut World, ask: &Ask, _: &[&str]) -> Reply {
    let Some(body) = ask.object() else { return error(400, "bad_request", "the body is no JSON object") };
    let expires_at = match end(&body) {
        Ok(end) => end,
        Err(reply) => return reply,
    };
    let Some(reference) = text(&body, "reference") else { return error(400, "bad_request", "reference is missing") };
    let mails = body.get("resend").and_then(Value::as_bool) != Some(false);
    let known = world.book.takes.iter().position(|it| it.reference.as_ref() == Some(&reference));
    if let Some(at) = known {
        renew(world, at, expires_at, mails);
        return answer(world, 200, at);
    }
    let candidate = body.get("candidate").and_then(Value::as_object).cloned().unwrap_or_default();
    let (test, email) = (text(&body, "test_id").unwrap_or_default(), text(&candidate, "email").unwrap_or_default());
    if !world.book.published().any(|it| it.id == test) {
        return error(400, "unknown_test", "there is no such test, or it cannot be sent");
    }
    if !world.book.accepts_email(&email) {
        return error(400, "bad_address", "the e-mail address is not accepted");
    }
    match &mut world.switches.credit {
        Some(0) => return error(402, "out_of_credit", "the plan allows no further invitation"),
        Some(left) => *left -= 1,
        None => {}
    }
    let name = text(&candidate, "name").unwrap_or_default();
    let new = NewTake { name, email, reference: Some(reference), expires_at, ..NewTake::default() };
    let id = format!("i-{}", world.book.ids.object_id());
    let at = world.book.enter(id, &test, new);
    // A first invitation is always mailed: that the caller is not sure to have sent it changes nothing.
    world.book.mail(at, MailKind::Invitation);
    answer(world, 201, at)
}

/// Brings the settings up to date while nobody has begun; what expired or was cancelled is open again.
fn renew(world: &mut World, at: usize, expires_at: Option<i64>, mails: bool) {
    let now = world.book.clock.now_ms();
    let Some(take) = world.book.takes.get_mut(at) else { return };
    if !(take.phase.waiting() || matches!(take.phase, Phase::Cancelled | Phase::Expired)) {
        return;
    }
    take.phase = Phase::Invited;
    take.changed_at = now;
    take.expires_at = expires_at.or(take.expires_at.filter(|end| *end > now));
    if mails {
        world.book.mail(at, MailKind::Invitation);
    }
}

pub(super) fn get(world: &mut World, _: &Ask, holes: &[&str]) -> Reply {
    match world.book.take(hole(holes)) {
        Some((at, _)) => answer(world, 200, at),
        None => not_found(),
    }
}

/// The mail goes out again, if the candidate has not begun.
pub(super) fn remind(world: &mut World, _: &Ask, holes: &[&str]) -> Reply {
    let Some((at, take)) = world.book.take(hole(holes)) else { return not_found() };
    if !take.phase.waiting() {
        return error(409, "finished", "the candidate has begun, or the invitation is over");
    }
    world.book.mail(at, MailKind::Reminder);
    webhook::tell(world, at, "reminded");
    answer(world, 200, at)
}

/// The caller knows it from the answer; the event tells everybody else.
pub(super) fn cancel(world: &mut World, _: &Ask, holes: &[&str]) -> Reply {
    let Some((at, take)) = world.book.take(hole(holes)) else { return not_found() };
    if take.phase == Phase::Cancelled {
        return answer(world, 200, at);
    }
    if world.book.carry_out(at, &Deed::Cancel).is_err() {
        return error(409, "finished", "the candidate has begun, or the invitation is over");
    }
    webhook::tell(world, at, "cancelled");
    answer(world, 200, at)
}
