//! Candidates of a test: invited, read, withdrawn.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{World, error};
use crate::sim::clock::iso;
use crate::sim::vendors::MailKind;
use crate::sim::vendors::book::{NewTake, Phase, Take};
use crate::sim::vendors::pdf::pdf;
use crate::sim::wire::{Ask, Reply};

/// A TestCandidate.
pub(super) fn shown(world: &World, take: &Take) -> Value {
    let over = take.phase == Phase::Scored;
    let report = format!("{}/reports/{}", world.book.base, take.token);
    let state = match take.verdict {
        Some("qualified") => 2,
        Some("rejected") => 22,
        _ => 0,
    };
    json!({
        "id": take.id,
        "email": take.email,
        "full_name": take.name,
        "score": take.score,
        "percentage_score": take.score,
        "status": match take.phase { Phase::Invited | Phase::Opened => -1, _ if over => 7, _ => 1 },
        "ats_state": state,
        "integrity_status": if take.flagged { "High" } else { "Low" },
        "plagiarism_status": take.flagged,
        "report_url": over.then(|| format!("{report}?authkey=1")),
        "authenticated_report_url": over.then(|| report.clone()),
        "pdf_url": over.then(|| format!("{report}.pdf")),
        "attempt_starttime": take.started_at.map(iso),
        "attempt_endtime": take.completed_at.map(iso),
        "invite_email_done": true,
        "invite_valid": !matches!(take.phase, Phase::Expired | Phase::Cancelled),
        "invited_on": iso(take.created_at),
        "invite_valid_to": take.expires_at.map(iso),
        "invite_link": world.book.link(take),
        "test_link": world.book.link(take),
        "invite_metadata": take.extra.get("metadata").map(Value::to_string),
        "test_result_url": take.callback,
        "accept_result_updates": take.extra.get("accept_result_updates"),
        "comments": {},
        "feedback": take.review,
    })
}

pub(super) fn invite(world: &mut World, ask: &Ask, holes: &[&str]) -> Reply {
    let test = holes.first().copied().unwrap_or_default();
    let body = Value::Object(ask.object().unwrap_or_default());
    let text = |place: &str| body.pointer(place).and_then(Value::as_str).map(str::to_owned);
    let flag = |name: &str| body.get(name).and_then(Value::as_bool);
    let email = text("/email").unwrap_or_default();
    if !world.book.published().any(|it| it.id == test) {
        return error(404, "Test not found");
    }
    if !world.book.accepts_email(&email) {
        return error(422, "Email is invalid");
    }
    let callback = text("/test_result_url");
    if callback.is_some() && text("/webhook_authentication/data/token").is_none() {
        return error(422, "webhook_authentication is required with test_result_url");
    }
    let earlier = world.book.latest(test, &email).and_then(|at| world.book.takes.get(at));
    match earlier.map(|take| take.phase) {
        Some(Phase::Expired | Phase::Cancelled) | None => {}
        Some(phase) if phase.waiting() && flag("force") != Some(true) => {
            let message = "The candidate has already been invited to take the same test.";
            return error(world.switches.duplicate_status, message);
        }
        Some(phase) if !phase.waiting() && flag("force_reattempt") != Some(true) => {
            return error(world.switches.duplicate_status, "The candidate has already taken the test.");
        }
        Some(_) => {}
    }
    let end = text("/invite_valid_to").and_then(|text| text.parse::<Timestamp>().ok()).map(Timestamp::as_millisecond);
    let new = NewTake {
        email,
        name: text("/full_name").unwrap_or_default(),
        callback,
        expires_at: end,
        extra: json!({
            "metadata": body.get("invite_metadata"),
            "token": text("/webhook_authentication/data/token"),
            "accept_result_updates": flag("accept_result_updates").unwrap_or(false),
        }),
        ..NewTake::default()
    };
    let id = world.book.number();
    let at = world.book.enter(id, test, new);
    if flag("send_email") != Some(false) {
        world.book.mail(at, MailKind::Invitation);
    }
    match world.book.takes.get(at) {
        Some(take) => Reply::ok(shown(world, take)),
        None => not_found(),
    }
}

fn not_found() -> Reply {
    error(404, "Candidate not found")
}

/// The candidate that both holes of the path name.
fn named<'a>(world: &'a World, holes: &[&str]) -> Option<(usize, &'a Take)> {
    let [test, id] = holes else { return None };
    world.book.take(id).filter(|(_, take)| take.test == *test)
}

pub(super) fn list(world: &mut World, ask: &Ask, holes: &[&str]) -> Reply {
    let of_test = world.book.takes.iter().filter(|it| holes.first() == Some(&it.test.as_str()));
    let rows = of_test.map(|it| shown(world, it)).collect();
    world.page(ask, rows)
}

pub(super) fn get(world: &mut World, _: &Ask, holes: &[&str]) -> Reply {
    named(world, holes).map_or_else(not_found, |(_, take)| Reply::ok(shown(world, take)))
}

pub(super) fn pdf_address(world: &mut World, _: &Ask, holes: &[&str]) -> Reply {
    let found = named(world, holes).filter(|(_, take)| take.phase == Phase::Scored);
    found.map_or_else(not_found, |(_, take)| {
        Reply::ok(json!({ "url": format!("{}/reports/{}.pdf", world.book.base, take.token) }))
    })
}

/// A report's page, or with `.pdf` its file.
pub(super) fn file(world: &World, name: &str) -> Reply {
    let token = name.strip_suffix(".pdf").unwrap_or(name);
    let Some(take) = world.book.takes.iter().find(|it| it.token == token && it.phase == Phase::Scored) else {
        return not_found();
    };
    let line = format!("{}: {} %", world.book.title_of(take), take.score.unwrap_or_default());
    if token.len() == name.len() {
        return Reply::file("text/html; charset=utf-8", format!("<!doctype html><p>{line}").into_bytes());
    }
    Reply::file("application/pdf", pdf(&line))
}

pub(super) fn cancel(world: &mut World, _: &Ask, holes: &[&str]) -> Reply {
    let Some(at) = named(world, holes).map(|(at, _)| at) else { return not_found() };
    match world.book.carry_out(at, &super::Deed::Cancel) {
        Ok(()) => Reply::no_content(),
        Err(_) => error(400, "The candidate has already started the test"),
    }
}
