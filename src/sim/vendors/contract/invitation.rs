//! Invitations of the contract: order, read, mail again, withdraw.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{World, error, webhook};
use crate::sim::clock::iso;
use crate::sim::vendors::MailKind;
use crate::sim::vendors::book::{Book, NewTake, Phase, Take};
use crate::sim::vendors::route::hole;
use crate::sim::wire::{Ask, Reply};

/// An invitation as every answer and every webhook shows it.
pub(super) fn shown(world: &World, take: &Take) -> Value {
    let book = &world.book;
    let status = match take.verdict {
        Some(verdict) => verdict,
        None if take.review.is_some() => "reviewed",
        None => take.phase.name(),
    };
    let page = |kind: &str| format!("{}/{kind}/{}", book.base, take.token);
    json!({
        "id": take.id,
        "reference": take.reference,
        "assessment": { "id": take.test, "title": book.title_of(take) },
        "candidate": { "email": take.email, "name": take.name },
        "status": status,
        "url": book.link(take),
        "profile_url": world.profile.applicant_page.then(|| page("applicants")),
        "created_at": iso(take.created_at),
        "expires_at": take.expires_at.map(iso),
        "started_at": take.started_at.map(iso),
        "completed_at": take.completed_at.map(iso),
        "updated_at": iso(take.changed_at),
        "flag": take.reason.as_ref().filter(|_| take.flagged),
        "result": take.completed_at.map(|_| json!({
            "percent": take.score,
            "passed": book.passed(take),
            "reason": take.reason.as_ref().filter(|_| take.verdict == Some("unqualified")),
            "report_url": page("reports"),
            "report_pdf": format!("{}.pdf", page("reports")),
            "scored_at": take.scored_at.map(iso),
        })),
    })
}

fn answer(world: &World, status: u16, at: usize) -> Reply {
    match world.book.takes.get(at) {
        Some(take) => Reply::new(status, shown(world, take)),
        None => not_found(),
    }
}

fn not_found() -> Reply {
    error(404, "not_found", "there is no such invitation")
}

fn text(body: &Map<String, Value>, name: &str) -> Option<String> {
    body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// `expires_at`; a text that is no time is refused.
fn end(body: &Map<String, Value>) -> Result<Option<i64>, Reply> {
    let Some(text) = text(body, "expires_at") else { return Ok(None) };
    let stamp: Result<Timestamp, _> = text.parse();
    stamp.map(|stamp| Some(stamp.as_millisecond())).map_err(|_| error(422, "bad_request", "expires_at is no time"))
}

pub(super) fn create(world: &mut World, ask: &Ask, _: &[&str]) -> Reply {
    let key = ask.header("idempotency-key").map(str::to_owned);
    if let Some(at) = key.as_ref().and_then(|key| same_order(&world.book, key)) {
        return answer(world, 200, at);
    }
    let Some(body) = ask.object() else { return error(422, "bad_request", "the body is no JSON object") };
    let candidate = body.get("candidate").and_then(Value::as_object).cloned().unwrap_or_default();
    let (test, email) = (text(&body, "assessment").unwrap_or_default(), text(&candidate, "email").unwrap_or_default());
    if !world.book.published().any(|it| it.id == test) {
        return error(422, "unknown_assessment", "there is no such assessment, or it cannot be sent");
    }
    if !world.book.accepts_email(&email) {
        return error(422, "bad_email", "the e-mail address is not accepted");
    }
    let live = |at: &usize| world.book.takes.get(*at).is_some_and(|it| it.phase <= Phase::Started);
    if let Some(at) = world.book.latest(&test, &email).filter(live) {
        return already(world, at);
    }
    let expires_at = match end(&body) {
        Ok(end) => end,
        Err(reply) => return reply,
    };
    match &mut world.credit {
        Some(0) => return error(402, "no_credit", "the plan allows no further invitation"),
        Some(left) => *left -= 1,
        None => {}
    }
    let names = ["first_name", "last_name"].map(|name| text(&candidate, name).unwrap_or_default());
    let new = NewTake {
        name: text(&candidate, "name").unwrap_or_else(|| names.join(" ").trim().to_owned()),
        email,
        reference: text(&body, "reference"),
        idempotency_key: key,
        callback: text(&body, "callback_url"),
        expires_at,
    };
    let id = format!("inv_{}", world.book.ids.object_id());
    let at = world.book.enter(id, &test, new);
    if body.get("send_email").and_then(Value::as_bool) != Some(false) {
        world.book.mail(at, MailKind::Invitation);
    }
    answer(world, 201, at)
}

fn same_order(book: &Book, key: &str) -> Option<usize> {
    book.takes.iter().position(|it| it.idempotency_key.as_deref() == Some(key))
}

fn already(world: &World, at: usize) -> Reply {
    let invitation = world.book.takes.get(at).map(|take| shown(world, take));
    let error = json!({ "code": "already_invited", "message": "the candidate has an invitation to this assessment" });
    Reply::new(409, json!({ "error": error, "invitation": invitation }))
}

pub(super) fn get(world: &mut World, _: &Ask, holes: &[&str]) -> Reply {
    match world.book.take(hole(holes)) {
        Some((at, _)) => answer(world, 200, at),
        None => not_found(),
    }
}

/// Newest first; `reference` and `updated_since` narrow the list.
pub(super) fn list(world: &mut World, ask: &Ask, _: &[&str]) -> Reply {
    let since = ask.one("updated_since").and_then(|text| text.parse::<Timestamp>().ok()).map(Timestamp::as_millisecond);
    let reference = ask.one("reference");
    let fits = |it: &&Take| {
        reference.is_none_or(|wanted| it.reference.as_deref() == Some(wanted))
            && since.is_none_or(|since| it.changed_at >= since)
    };
    let rows = world.book.takes.iter().rev().filter(fits).map(|it| shown(world, it)).collect();
    world.page(ask, rows)
}

/// The candidate is mailed again, with a new end; what was cancelled or expired lives again.
pub(super) fn resend(world: &mut World, ask: &Ask, holes: &[&str]) -> Reply {
    let Some(body) = ask.object() else { return error(422, "bad_request", "the body is no JSON object") };
    let expires_at = match end(&body) {
        Ok(end) => end,
        Err(reply) => return reply,
    };
    let (now, Some((at, _))) = (world.book.clock.now_ms(), world.book.take(hole(holes))) else { return not_found() };
    let Some(take) = world.book.takes.get_mut(at) else { return not_found() };
    if !(take.phase.waiting() || matches!(take.phase, Phase::Cancelled | Phase::Expired)) {
        return error(409, "not_now", "the candidate has started or answered");
    }
    take.phase = Phase::Invited;
    take.changed_at = now;
    take.expires_at = expires_at.or(take.expires_at.filter(|end| *end > now));
    world.book.mail(at, MailKind::Invitation);
    answer(world, 200, at)
}

/// The caller knows it from the answer; the webhook tells everybody else.
pub(super) fn cancel(world: &mut World, _: &Ask, holes: &[&str]) -> Reply {
    let Some((at, _)) = world.book.take(hole(holes)) else { return not_found() };
    if world.book.carry_out(at, &super::Deed::Cancel).is_err() {
        return error(409, "not_now", "the candidate has started or answered");
    }
    webhook::tell(world, at, "cancelled");
    Reply::no_content()
}
