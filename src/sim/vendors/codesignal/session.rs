//! Test sessions: created, read, mailed again, deleted.

use serde_json::{Value, json};

use super::{World, data, error, event};
use crate::sim::clock::iso;
use crate::sim::vendors::book::{NewTake, Phase, Take};
use crate::sim::vendors::{Deed, MailKind};
use crate::sim::wire::Reply;

/// Scores are out of this.
pub(super) const MAX: f64 = 1_000.0;

pub(super) fn answer(world: &mut World, query: &str, variables: &Value) -> Reply {
    let id = variables.get("id").and_then(Value::as_str).unwrap_or_default();
    // The longer names first: one is part of another.
    if query.contains("createCompanyTestSession") {
        let fields = variables.as_object().and_then(|all| all.values().find(|value| value.is_object()));
        create(world, &fields.cloned().unwrap_or_default())
    } else if query.contains("resendCompanyTestSession") {
        resend(world, id)
    } else if query.contains("deleteCompanyTestSession") {
        delete(world, id)
    } else if query.contains("companyTestSession") {
        match world.book.take(id) {
            Some((_, take)) => data("companyTestSession", shown(world, take)),
            None => error("Test session not found"),
        }
    } else if query.contains("companyTests") {
        tests(world, variables)
    } else {
        error("Cannot query this field")
    }
}

fn tests(world: &World, variables: &Value) -> Reply {
    let number = |name: &str, unless: usize| {
        variables.get(name).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok()).unwrap_or(unless)
    };
    let page = world.book.published().skip(number("offset", 0)).take(number("first", 20));
    data("companyTests", page.map(|it| json!({ "id": it.id, "title": it.title })).collect())
}

fn shown(world: &World, take: &Take) -> Value {
    let status = match take.phase {
        Phase::Invited | Phase::Opened => "pending",
        Phase::Started => "active",
        Phase::Completed | Phase::Scored | Phase::Terminated => "over",
        Phase::Expired => "expired",
        Phase::Cancelled => "deleted",
        Phase::Declined => "declined",
    };
    let verification = match take.phase {
        _ if take.flagged => "notVerified",
        Phase::Completed => "pending",
        Phase::Scored => "verified",
        _ => "none",
    };
    json!({
        "id": take.id,
        "status": status,
        "verificationStatus": verification,
        "invitationUrl": world.book.link(take),
        "expirationDate": take.expires_at.map(iso),
        "maxScore": MAX,
        "externalId": take.reference,
        "result": take.score.map(|score| json!({ "score": score * MAX / 100.0, "url": report(world, take) })),
    })
}

/// With its access token: whoever has it may look.
pub(super) fn report(world: &World, take: &Take) -> String {
    format!("{}/test-result/{}?accessToken={}", world.book.base, take.id, take.token)
}

fn create(world: &mut World, fields: &Value) -> Reply {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let flag = |name: &str| fields.get(name).and_then(Value::as_bool) == Some(true);
    let (test, email) = (text("testId"), text("candidateEmail"));
    if !world.book.published().any(|it| it.id == test) {
        return error("Test not found");
    }
    if !world.book.accepts_email(&email) {
        return error("candidateEmail is not a valid email");
    }
    let unfinished = |at: &usize| world.book.takes.get(*at).is_some_and(|it| it.phase <= Phase::Started);
    let existing = world.book.latest(&test, &email).filter(|at| flag("preferExisting") && unfinished(at));
    let at = existing.unwrap_or_else(|| {
        let lives = fields.get("expireDuration").and_then(Value::as_i64);
        let new = NewTake {
            email,
            name: format!("{} {}", text("candidateFirstName"), text("candidateLastName")).trim().to_owned(),
            reference: Some(text("externalId")).filter(|id| !id.is_empty()),
            expires_at: lives.map(|lives| world.book.clock.now_ms() + lives),
            ..NewTake::default()
        };
        let id = world.book.ids.object_id().chars().take(17).collect();
        let at = world.book.enter(id, &test, new);
        event::tell(world, at, "companyTestSessionCreated");
        at
    });
    if !flag("noInvitationEmail") {
        world.book.mail(at, MailKind::Invitation);
    }
    match world.book.takes.get(at) {
        Some(take) => data("createCompanyTestSession", shown(world, take)),
        None => error("Test session not found"),
    }
}

fn resend(world: &mut World, id: &str) -> Reply {
    let Some((at, _)) = world.book.take(id).filter(|(_, take)| take.phase.waiting()) else {
        return error("The session cannot be sent again");
    };
    world.book.mail(at, MailKind::Invitation);
    world
        .book
        .take(id)
        .map_or_else(|| error("Test session not found"), |(_, take)| data("resendCompanyTestSession", shown(world, take)))
}

fn delete(world: &mut World, id: &str) -> Reply {
    let Some((at, _)) = world.book.take(id) else { return error("Test session not found") };
    if world.book.carry_out(at, &Deed::Cancel).is_err() {
        return error("The session cannot be deleted");
    }
    world
        .book
        .take(id)
        .map_or_else(|| error("Test session not found"), |(_, take)| data("deleteCompanyTestSession", shown(world, take)))
}
