//! Reports, their PDFs, and the poll for what no callback tells.

use serde_json::{Value, json};

use super::{World, number, refused, status};
use crate::sim::clock::iso;
use crate::sim::vendors::book::{Phase, Take};
use crate::sim::vendors::pdf::pdf;
use crate::sim::vendors::route::hole;
use crate::sim::wire::{Ask, Reply};

/// The candidate's points, whole ones.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a score lies between 0 and 100")]
pub(super) fn points(world: &World, take: &Take) -> u32 {
    (take.score.unwrap_or(0.0) * f64::from(world.switches.total_points) / 100.0).round().max(0.0) as u32
}

pub(super) fn category(take: &Take) -> &'static str {
    match take.score.unwrap_or(0.0) {
        score if score < 40.0 => "Beginner",
        score if score < 70.0 => "Intermediate",
        _ => "Experienced",
    }
}

/// Where the PDF is: it opens without a key.
pub(super) fn address(world: &World, take: &Take) -> String {
    format!("{}/PDFReport?id={}", world.book.base, take.token)
}

/// camelCase, but for `Status` and `PerformanceCategory`.
pub(super) fn report(world: &mut World, _: &Ask, holes: &[&str]) -> Reply {
    let unnamed = world.switches.pdf_unnamed;
    let Some(take) = world.book.takes.iter_mut().find(|it| it.id == hole(holes)) else {
        return refused("Invitation not found.");
    };
    let over = take.phase > Phase::Started;
    let named = over && take.report_reads >= unnamed;
    take.report_reads += u32::from(over);
    let take = take.clone();
    let (candidate, total) = if over { (points(world, &take), world.switches.total_points) } else { (0, 0) };
    let percent = if over { take.score.unwrap_or(0.0) } else { 0.0 };
    Reply::ok(json!({
        "testInvitationId": number(&take.id),
        "testId": number(&take.test),
        "testName": world.book.title_of(&take),
        "candidateEmail": take.email,
        "attemptedOn": take.started_at.map(iso),
        "Status": status(&take),
        "score": candidate,
        "candidatePoints": candidate,
        "totalTestPoints": total,
        "scorePercentage": percent,
        "pdfReportUrl": named.then(|| address(world, &take)),
        "PerformanceCategory": over.then(|| category(&take)),
        "sections": [],
    }))
}

/// The PDF itself. The first ones who ask are told to come back.
pub(super) fn file(world: &mut World, ask: &Ask) -> Reply {
    let token = ask.one("id").unwrap_or_default().to_owned();
    let found = world.book.takes.iter().find(|it| it.token == token && it.phase > Phase::Started).cloned();
    let Some(take) = found else {
        return Reply::new(404, json!({ "statusCode": 404, "message": "Report not found" }));
    };
    if world.switches.pdf_busy > 0 {
        world.switches.pdf_busy -= 1;
        return Reply::new(202, json!({ "message": "The report is being generated" }));
    }
    let title = world.book.title_of(&take);
    Reply::file("application/pdf", pdf(&format!("{title}: {} of {}", points(world, &take), world.switches.total_points)))
}

/// `state` is completed, cancelled or expired; the body names a window in UTC.
pub(super) fn attempts(world: &mut World, ask: &Ask, _: &[&str]) -> Reply {
    let body = ask.object().unwrap_or_default();
    let time = |name: &str| -> Option<i64> {
        let text = body.get(name)?.as_str()?;
        let stamp: jiff::Timestamp = text.parse().or_else(|_| format!("{text}Z").parse()).ok()?;
        Some(stamp.as_millisecond())
    };
    let (Some(from), Some(to)) = (time("StartDateTime"), time("EndDateTime")) else {
        return refused("'StartDateTime' and 'EndDateTime' must be given.");
    };
    let shown = match ask.one("state") {
        Some("completed") => "Completed",
        Some("cancelled") => "Cancelled",
        Some("expired") => "Expired",
        _ => return refused("'state' must be completed, cancelled or expired."),
    };
    let fits = |it: &&Take| match shown {
        "Completed" => matches!(it.phase, Phase::Completed | Phase::Scored),
        "Cancelled" => it.phase == Phase::Cancelled,
        _ => it.phase == Phase::Expired,
    };
    let rows: Vec<Value> = world
        .book
        .takes
        .iter()
        .filter(|it| (from..=to).contains(&it.changed_at))
        .filter(fits)
        .map(|it| {
            json!({
                "testInvitationId": number(&it.id),
                "testId": number(&it.test),
                "name": it.name,
                "email": it.email,
                "invitationtype": "api",
                "testStatus": shown,
            })
        })
        .collect();
    Reply::ok(json!({ "result": { "testAttempts": rows }, "errors": null }))
}
