//! *Now*: how every account stands.

use super::Shared;
use super::gate;
use super::html::{Page, Tone, badge, count, pairs, span, when};
use super::parts::ticked;
use crate::lang::html::escaped;
use crate::runtime::access::Visitor;
use crate::runtime::status::PackStatus;
use crate::runtime::view::now::{self, AccountNow, ConnectionNow, Now};
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use std::fmt::Write as _;

pub(super) async fn show(State(shared): State<Shared>, Extension(visitor): Extension<Visitor>) -> Response {
    match now::of(&shared.node).await {
        Ok(now) => {
            Page { at: "now", title: "Now", visitor: Some(&visitor), live: true, body: body(&now) }.answer(StatusCode::OK)
        }
        Err(error) => gate::broken(&visitor, &error),
    }
}

fn body(now: &Now) -> String {
    let ill = now.accounts.iter().filter(|account| !account.is_well()).count();
    let all = count(now.accounts.len(), "account");
    let lead = match ill {
        0 => format!("{all}, and nothing needs you."),
        1 if now.accounts.len() == 1 => format!("{all}, and it needs you."),
        1 => format!("{all}; one of them needs you."),
        _ => format!("{all}; {ill} of them need you."),
    };
    let mut body = format!("<p class=\"lead\">{lead}</p>");
    if let Some(jump) = now.clock {
        let _ = write!(
            body,
            "<p class=\"alarm\" role=\"alert\">This machine's clock is {} away from Lever's: timers wait until the two agree.</p>",
            span(jump.abs())
        );
    }
    body.push_str("<div class=\"cards\">");
    for account in &now.accounts {
        body.push_str(&card(account, now.at));
    }
    body.push_str("</div>");
    body.push_str(&nodes(now));
    body.push_str("<section aria-labelledby=\"notices\"><h2 id=\"notices\">Notices</h2>");
    if now.notices.is_empty() {
        body.push_str("<p class=\"empty\">There was nothing to tell.</p>");
    } else {
        body.push_str("<ul class=\"list\">");
        for (account, notice) in &now.notices {
            let (first, rest) = notice.text.split_once('\n').unwrap_or((&notice.text, ""));
            let rest = if rest.trim().is_empty() {
                String::new()
            } else {
                format!("<details><summary>All of it</summary><pre>{}</pre></details>", escaped(rest.trim_end()))
            };
            let _ = write!(
                body,
                "<li><p>{} <b>{}</b> {}</p>{rest}</li>",
                when(notice.at, now.at),
                escaped(account.as_str()),
                ticked(first)
            );
        }
        body.push_str("</ul>");
    }
    body.push_str("</section>");
    body
}

/// Who works, where several nodes have the store: by the database's clock.
fn nodes(now: &Now) -> String {
    if now.nodes.is_empty() {
        return String::new();
    }
    let mut out = "<section aria-labelledby=\"nodes\"><h2 id=\"nodes\">Nodes</h2><table class=\"rows\"><thead><tr><th scope=\"col\">Node</th>\
                   <th scope=\"col\">Accounts</th><th scope=\"col\">Last sign of life</th><th scope=\"col\">Version</th>\
                   <th scope=\"col\">Since</th></tr></thead><tbody>"
        .to_owned();
    for node in &now.nodes {
        let state = if node.until <= node.now {
            format!(" {}", badge(Tone::Bad, "silent; others take its accounts"))
        } else if node.epoch == now.this {
            format!(" {}", badge(Tone::Quiet, "shows this page"))
        } else {
            String::new()
        };
        let _ = write!(
            out,
            "<tr><td data-name=\"Node\"><b>{}</b>{state}</td><td data-name=\"Accounts\">{}</td><td data-name=\"Last sign of life\">{}</td>\
             <td data-name=\"Version\">{}</td><td data-name=\"Since\">{}</td></tr>",
            escaped(&node.name),
            node.accounts,
            when(node.beat, node.now),
            escaped(&node.version),
            when(node.started, node.now)
        );
    }
    out.push_str("</tbody></table></section>");
    out
}

fn card(account: &AccountNow, now: Timestamp) -> String {
    let status = &account.status;
    let name = escaped(status.account.as_str());
    let state = if account.hash.is_none() {
        badge(Tone::Bad, "held back")
    } else if status.fault.is_some() {
        badge(Tone::Bad, "new rules not taken")
    } else if account.connections.iter().any(|one| one.suspended.is_some()) {
        badge(Tone::Bad, "suspended")
    } else if account.connections.iter().any(|one| one.down) {
        badge(Tone::Wait, "does not answer")
    } else if status.parked > 0 {
        badge(Tone::Wait, "waits for you")
    } else {
        badge(Tone::Good, "well")
    };
    let mut out = format!(
        "<article class=\"card\" aria-labelledby=\"account-{name}\"><header><h2 id=\"account-{name}\">{name}</h2>{state}</header>"
    );
    if let Some(fault) = &status.fault {
        let what = if account.hash.is_some() {
            "The changed rules are broken and were not taken. The last good ones stay in force."
        } else {
            "The account is held back until this is mended; what comes for it is kept and waits."
        };
        let _ = write!(
            out,
            "<div class=\"alarm\" role=\"alert\"><p>{what}</p><details open><summary>What is wrong</summary><pre>{}</pre></details></div>",
            escaped(fault.trim_end())
        );
    }
    out.push_str(&facts(account, now));
    let _ = write!(out, "</article>");
    out
}

fn facts(account: &AccountNow, now: Timestamp) -> String {
    let status = &account.status;
    let mut rows = vec![("Lever".to_owned(), escaped(&status.lever))];
    if let Some(node) = &status.node {
        rows.push(("Works on it".to_owned(), escaped(node)));
    }
    for one in &account.connections {
        rows.push((format!("Budget of {}", one.name), budget(one, now)));
    }
    if account.last.is_empty() {
        rows.push(("Last delivery".to_owned(), "nothing has come yet".to_owned()));
    }
    for (sender, event, at) in &account.last {
        rows.push((format!("Last from {sender}"), format!("{} <small>{}</small>", when(*at, now), escaped(event))));
    }
    rows.push(("Work".to_owned(), work(account, now)));
    if status.parked > 0 {
        let address = format!("/console/parked?account={}", escaped(status.account.as_str()));
        let (parked, verb) = (count(status.parked, "thing"), if status.parked == 1 { "waits" } else { "wait" });
        rows.push(("Parked".to_owned(), format!("<a href=\"{address}\">{parked}</a> {verb} for a person")));
    }
    for pack in &status.packs {
        rows.push((format!("Pack {}", pack.pack), packed(pack, now)));
    }
    if let Some(hash) = &account.hash {
        let short: String = hash.chars().take(12).collect();
        let loaded = account.reload.as_ref().map_or_else(String::new, |reload| {
            let state = if reload.ok { badge(Tone::Good, "in force") } else { badge(Tone::Bad, "newer ones refused") };
            format!(" {state} {}", when(reload.at, now))
        });
        rows.push(("Rules".to_owned(), format!("<code title=\"{}\">{short}</code>{loaded}", escaped(hash))));
    }
    pairs(rows)
}

fn budget(one: &ConnectionNow, now: Timestamp) -> String {
    let used = one.of.saturating_sub(one.left);
    let meter = format!(
        "<meter min=\"0\" max=\"{of}\" value=\"{used}\" aria-hidden=\"true\"></meter> {used} of {of} used <small>{:.1} a second</small>",
        one.per_second,
        of = one.of,
    );
    let told = match (one.suspended, one.down, one.paused) {
        (Some(since), _, _) => format!(" {} {}", badge(Tone::Bad, "refuses the credentials"), when(since, now)),
        (None, true, _) => format!(" {}", badge(Tone::Wait, "does not answer")),
        (None, false, true) => format!(" {}", badge(Tone::Wait, "asked for a pause")),
        (None, false, false) => String::new(),
    };
    format!("{meter}{told}")
}

fn work(account: &AccountNow, now: Timestamp) -> String {
    let backlog = &account.status.backlog;
    let open = match (backlog.open, backlog.ends) {
        (0, _) => "nothing is due".to_owned(),
        (open, Some(ends)) => {
            format!("{open} due, about {}, done {} at the latest rate", count(backlog.calls, "call"), when(ends, now))
        }
        (open, None) => format!("{open} due, {}", badge(Tone::Wait, "held up")),
    };
    let later = match backlog.next {
        Some(next) => format!(", {} for later, the next {}", backlog.later, when(next, now)),
        None => String::new(),
    };
    format!("{open}{later}")
}

fn packed(pack: &PackStatus, now: Timestamp) -> String {
    let tone = match pack.mode.as_str() {
        "live" => Tone::Good,
        "shadow" => Tone::Wait,
        _ => Tone::Quiet,
    };
    let off = if pack.off == 0 { String::new() } else { format!(", {} off", pack.off) };
    format!("{} {}{off} <small>since {}</small>", badge(tone, &pack.mode), count(pack.rules, "rule"), when(pack.since, now))
}
