//! Parts that several pages show: an event, a step, an effect with what came back.

use super::html::{Tone, badge, pairs, when};
use crate::lang::html::escaped;
use crate::model::{AccountId, Event, EventId, OpportunityId, Outcome, Said, Step};
use crate::runtime::why::Fix;
use crate::runtime::words;
use crate::store::{EffectRow, EffectState};
use jiff::Timestamp;
use std::fmt::Write as _;

/// A part of an address, whatever stands in it.
pub(super) fn segment(text: &str) -> String {
    // What a path may not hold is written as in a form, where a space is `+`: a path wants `%20`.
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

pub(super) fn run_address(account: &AccountId, event: EventId) -> String {
    format!("/console/runs/{}/{event}", segment(account.as_str()))
}

pub(super) fn candidate_address(account: &AccountId, opportunity: &OpportunityId) -> String {
    format!("/console/candidates/{}/{}", segment(account.as_str()), segment(opportunity.as_str()))
}

/// The account and the opportunity of an event, as a link.
pub(super) fn lane(event: &Event) -> String {
    let account = escaped(event.account.as_str());
    event.opportunity.as_ref().map_or(account.clone(), |opportunity| {
        let address = candidate_address(&event.account, opportunity);
        format!("{account} · <a href=\"{address}\"><code>{}</code></a>", escaped(opportunity.as_str()))
    })
}

pub(super) fn state(state: EffectState) -> String {
    let tone = match state {
        EffectState::Done => Tone::Good,
        EffectState::Parked => Tone::Bad,
        EffectState::Skipped => Tone::Quiet,
        EffectState::Ready | EffectState::Begun | EffectState::Waiting => Tone::Wait,
    };
    badge(tone, words::state(state))
}

/// Effects with their attempts and what was answered.
pub(super) fn effects(rows: &[EffectRow], now: Timestamp) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut out = "<ul class=\"effects\">".to_owned();
    for row in rows {
        out.push_str(&effect(row, now));
    }
    out.push_str("</ul>");
    out
}

fn effect(row: &EffectRow, now: Timestamp) -> String {
    let because = row.reason.as_ref().map(|reason| format!(" <span class=\"soft\">{}</span>", escaped(&reason.text)));
    let due = row.due.filter(|_| row.state == EffectState::Waiting).map(|due| format!(" again {}", when(due, now)));
    let blocked = row.blocked_by.len();
    let blocked =
        if blocked == 0 { String::new() } else { format!(" <span class=\"soft\">waits for {blocked} before it</span>") };
    let mut out = format!(
        "<li>{} {}{}{}{blocked}",
        state(row.state),
        ticked(&words::act(&row.effect.act)),
        because.unwrap_or_default(),
        due.unwrap_or_default(),
    );
    let sends = pairs(words::detail(&row.effect.act).into_iter().map(|(name, value)| (name, escaped(&value))));
    let mut told = String::new();
    for attempt in &row.attempts {
        let exchange = attempt.exchange.as_deref().unwrap_or("no answer recorded");
        let came = attempt.outcome.as_ref().map(outcome).unwrap_or_default();
        let _ = write!(told, "<li>{} <code>{}</code> {}</li>", when(attempt.begun_at, now), escaped(exchange), escaped(&came));
    }
    let told =
        if told.is_empty() { "<p class=\"soft\">Nothing was sent yet.</p>".to_owned() } else { format!("<ol>{told}</ol>") };
    let _ = write!(
        out,
        "<details><summary>What is sent, and what was answered</summary>{sends}<h3>Attempts</h3>{told}<p class=\"soft\">effect \
         <code>{}</code></p></details></li>",
        row.effect.id
    );
    out
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done { .. } => "done".to_owned(),
        Outcome::Skipped { reason } => format!("skipped: {}", reason.text),
        Outcome::Retry { reason, .. } => format!("tried again: {}", reason.text),
        Outcome::Unknown { reason } => format!("nobody knows whether it was applied: {}", reason.text),
        Outcome::Dead { reason } => format!("for good: {}", reason.text),
        Outcome::Suspended { reason } => format!("credentials refused: {}", reason.text),
    }
}

/// One step: the rule and what it says.
pub(super) fn step(step: &Step) -> String {
    let rule = step.rule.as_ref().map(|rule| format!("<b>{}</b> ", escaped(rule.as_str()))).unwrap_or_default();
    let sign = match step.said {
        Said::Fired { .. } => "<span class=\"sign yes\" aria-hidden=\"true\">✓</span>",
        Said::False { .. } | Said::NoRows { .. } => "<span class=\"sign no\" aria-hidden=\"true\">✗</span>",
        _ => "<span class=\"sign\" aria-hidden=\"true\">·</span>",
    };
    format!("<li>{sign} {rule}{}</li>", ticked(&words::said(&step.said)))
}

/// What would have had rules fire.
pub(super) fn fixes(fixes: &[Fix]) -> String {
    let mut out = String::new();
    for fix in fixes {
        let place = fix.place.as_ref().map(|place| format!(" <code>{}</code>", escaped(place))).unwrap_or_default();
        let _ = write!(out, "<li><b>{}</b>: {}{place}</li>", escaped(fix.rule.as_str()), ticked(&fix.text));
    }
    if out.is_empty() { out } else { format!("<h3>What would have had them fire</h3><ul class=\"steps\">{out}</ul>") }
}

/// Text in which names stand in backticks.
pub(super) fn ticked(text: &str) -> String {
    let pieces: Vec<&str> = text.split('`').collect();
    // A backtick without its fellow is itself.
    if pieces.len().is_multiple_of(2) {
        return escaped(text);
    }
    let mut out = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        let (before, after) = if at % 2 == 1 { ("<code>", "</code>") } else { ("", "") };
        let _ = write!(out, "{before}{}{after}", escaped(piece));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_backticks_are_code_and_nothing_is_markup() {
        assert_eq!(ticked("`<a>` is `b`"), "<code>&lt;a&gt;</code> is <code>b</code>");
        assert_eq!(ticked("a ` b <i>"), "a ` b &lt;i&gt;");
        assert_eq!(segment("a b/c?"), "a%20b%2Fc%3F");
    }
}
