//! *Candidates*: who is meant, and the whole story of one opportunity.

use super::Shared;
use super::gate::{self, Fields};
use super::html::{Page, Tone, badge, exactly, pairs, when};
use super::parts::{self, candidate_address, run_address};
use crate::lang::html::escaped;
use crate::model::{AccountId, Assessment, Later, OpportunityId, Said, Source};
use crate::runtime::access::Visitor;
use crate::runtime::view::candidate::{self, Candidate, Found};
use crate::runtime::why::Told;
use crate::runtime::words;
use crate::store::{Arrived, EventState};
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use std::fmt::Write as _;

/// So many people are shown.
const SHOWN: usize = 50;

pub(super) async fn search(
    State(shared): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Fields::of(query.unwrap_or_default().as_bytes());
    let text = query.get("q").trim();
    let mut body = format!(
        "<form method=\"get\" action=\"/console/candidates\" class=\"filter\" role=\"search\"><label class=\"wide\">Name, e-mail, or id (or address) of the \
         opportunity<input type=\"search\" name=\"q\" value=\"{}\" autofocus></label><button>Find</button></form>",
        escaped(text)
    );
    if !text.is_empty() {
        match candidate::search(&shared.node, text, SHOWN).await {
            Ok(found) => body.push_str(&people(&found, shared.node.clock.now())),
            Err(error) => return gate::broken(&visitor, &error),
        }
    }
    Page { at: "candidates", title: "Candidates", visitor: Some(&visitor), live: false, body }.answer(StatusCode::OK)
}

fn people(found: &Found, now: Timestamp) -> String {
    let mut out = String::new();
    for why in &found.unasked {
        let _ = write!(out, "<p class=\"aside\">Lever could not be asked: {}</p>", escaped(why));
    }
    if found.people.is_empty() {
        out.push_str(
            "<p class=\"empty\">Nobody was found. A name is found only if a rule or an invitation used it; the id is the last part of the \
             candidate's address in Lever, and always works.</p>",
        );
        return out;
    }
    out.push_str("<ul class=\"list\">");
    for person in &found.people {
        let name = person.name.as_deref().unwrap_or(person.opportunity.as_str());
        let _ = write!(
            out,
            "<li><p><a href=\"{}\"><b>{}</b></a> {} <span class=\"soft\">{} · {}</span></p></li>",
            candidate_address(&person.account, &person.opportunity),
            escaped(name),
            person.email.as_deref().map(escaped).unwrap_or_default(),
            escaped(person.account.as_str()),
            when(person.last, now),
        );
    }
    out.push_str("</ul>");
    out
}

pub(super) async fn one(
    State(shared): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Path((account, opportunity)): Path<(String, String)>,
) -> Response {
    let (account, opportunity) = (AccountId::new(account), OpportunityId::new(opportunity));
    match candidate::of(&shared.node, &account, &opportunity).await {
        Ok(found) => {
            let title = found.name.clone().unwrap_or_else(|| "An opportunity".to_owned());
            let body = told(&found, shared.node.clock.now());
            Page { at: "candidates", title: &title, visitor: Some(&visitor), live: true, body }.answer(StatusCode::OK)
        }
        Err(error) => gate::broken(&visitor, &error),
    }
}

fn told(found: &Candidate, now: Timestamp) -> String {
    let mut head = vec![
        ("Account".to_owned(), escaped(found.account.as_str())),
        ("Opportunity".to_owned(), format!("<code>{}</code>", escaped(found.opportunity.as_str()))),
    ];
    if let Some(email) = &found.email {
        head.push(("E-mail".to_owned(), escaped(email)));
    }
    let mut body = pairs(head);
    if !found.ledger.is_empty() {
        body.push_str("<section><h2>Assessments</h2><div class=\"cards\">");
        found.ledger.iter().for_each(|attempt| body.push_str(&assessment(attempt, now)));
        body.push_str("</div></section>");
    }
    if !found.timers.is_empty() {
        body.push_str("<section><h2>Still to come</h2><ul class=\"list\">");
        found.timers.iter().for_each(|timer| body.push_str(&to_come(timer, now)));
        body.push_str("</ul></section>");
    }
    body.push_str("<section><h2>What happened</h2>");
    if found.events.is_empty() && found.arrived.is_empty() {
        body.push_str(
            "<p class=\"empty\">No event of this opportunity has arrived, so no rule was asked. <code>leverd why</code> with the id asks \
             Lever what it knows.</p></section>",
        );
        return body;
    }
    // Newest first; a delivery stands below the event that came of it.
    let mut all: Vec<(Timestamp, u8, String)> = found.events.iter().map(|one| (time_of(one), 1, event(one, now))).collect();
    all.extend(found.arrived.iter().map(|one| (one.received, 0, delivery(one, now))));
    all.sort_by_key(|(at, order, _)| std::cmp::Reverse((*at, *order)));
    body.push_str("<ol class=\"timeline\">");
    for (_, _, item) in &all {
        body.push_str(item);
    }
    body.push_str("</ol></section>");
    body
}

/// When an event came to its turn: its own time may be long before.
fn time_of(told: &Told) -> Timestamp {
    told.run.as_ref().map_or(told.event.event.received, |run| run.planned_at)
}

fn delivery(arrived: &Arrived, now: Timestamp) -> String {
    let what = match &arrived.source {
        Source::Lever { event } => format!("Delivery from Lever: {event}"),
        Source::Vendor { vendor, .. } => format!("Delivery from {vendor}"),
        Source::Ask { vendor, poll, .. } => format!("{vendor} was asked: {poll}"),
        Source::Timer(timer) => format!("Timer of rule {}", timer.rule),
        Source::Poll(_) => "Lever was asked what changed".to_owned(),
        Source::Backfill(event) => format!("Backfill of {}", event.kind),
        Source::Answer(event) => format!("Answer to {}", event.kind.written()),
    };
    let hint = if arrived.hint { badge(Tone::Wait, "a hint only") } else { String::new() };
    format!(
        "<li class=\"came\"><p class=\"head\">{} <span>{} {hint}</span></p></li>",
        when(arrived.received, now),
        escaped(&what)
    )
}

fn event(told: &Told, now: Timestamp) -> String {
    let one = &told.event.event;
    let fired = |said: &Said| matches!(said, Said::Fired { .. });
    let mut out = format!("<li class=\"event\"><p class=\"head\">{} ", when(time_of(told), now));
    match &told.run {
        Some(run) => {
            let _ = write!(
                out,
                "<a href=\"{}\"><b>{}</b></a></p>",
                run_address(&run.account, one.id),
                escaped(&one.kind.to_string())
            );
            let steps: String = run.steps.iter().filter(|step| fired(&step.said)).map(parts::step).collect();
            if !steps.is_empty() {
                let _ = write!(out, "<ul class=\"steps\">{steps}</ul>");
            }
            out.push_str(&parts::effects(&run.effects, now));
        }
        None => {
            let _ = write!(
                out,
                "<b>{}</b></p><p class=\"soft\">{}</p>",
                escaped(&one.kind.to_string()),
                parts::ticked(&words::waiting(&told.event.state))
            );
        }
    }
    let asked = matches!(told.event.state, EventState::Planned | EventState::Unmatched);
    // Where nothing fired, that is the question.
    let nothing = told.run.as_ref().is_some_and(|run| !run.steps.iter().any(|step| fired(&step.said)));
    let kept = told.run.iter().flat_map(|run| &run.steps).filter(|step| !fired(&step.said));
    let not: String = kept.chain(&told.others).map(parts::step).collect();
    if asked && !not.is_empty() {
        let _ = write!(
            out,
            "<details{}><summary>Why not?</summary><ul class=\"steps\">{not}</ul>{}</details>",
            if nothing { " open" } else { "" },
            parts::fixes(&told.fixes)
        );
    }
    out.push_str("</li>");
    out
}

fn to_come(timer: &Later, now: Timestamp) -> String {
    format!(
        "<li><p>{} rule <b>{}</b> looks again, counted from {} of {}</p></li>",
        when(timer.due, now),
        escaped(timer.rule.as_str()),
        escaped(&timer.anchor.kind.to_string()),
        exactly(timer.anchor_time),
    )
}

fn assessment(attempt: &Assessment, now: Timestamp) -> String {
    let phase = attempt.phase.to_string();
    let mut rows =
        vec![("at".to_owned(), escaped(attempt.vendor.as_str())), ("requested".to_owned(), when(attempt.requested_at, now))];
    let times = [
        ("invited", attempt.invited_at),
        ("started", attempt.started_at),
        ("submitted", attempt.submitted_at),
        ("expires", attempt.expires_at),
    ];
    rows.extend(times.into_iter().filter_map(|(name, at)| Some((name.to_owned(), when(at?, now)))));
    let facets = [
        ("verdict", attempt.verdict.to_string()),
        ("decision", attempt.decision.to_string()),
        ("report", attempt.report.to_string()),
        ("integrity", attempt.integrity.to_string()),
    ];
    let told = facets.into_iter().filter(|(_, value)| value != "none");
    rows.extend(told.map(|(name, value)| (name.to_owned(), value.replace('_', " "))));
    if attempt.reminders > 0 {
        rows.push(("reminders".to_owned(), attempt.reminders.to_string()));
    }
    rows.extend(attempt.result.iter().map(|(name, value)| (name.clone(), escaped(&value.to_string()))));
    rows.extend(attempt.ids.iter().map(|(name, id)| (name.clone(), format!("<code>{}</code>", escaped(id)))));
    let number = if attempt.attempt > 1 { format!(" <small>attempt {}</small>", attempt.attempt) } else { String::new() };
    format!(
        "<article class=\"card\"><header><h3>{}{number}</h3>{}</header>{}</article>",
        escaped(&attempt.test.title),
        badge(Tone::Quiet, phase),
        pairs(rows)
    )
}
