//! *Rules*: the packs of an account, what each rule says and how often it fires, and the drawing of stages, rules and tags.

use super::Shared;
use super::gate::{self, Fields};
use super::html::{Page, Tone, badge, count, when};
use super::parts::ticked;
use crate::lang::docs::Told;
use crate::lang::flow::svg;
use crate::lang::html::escaped;
use crate::lang::ruleset::Mode;
use crate::model::AccountId;
use crate::runtime::access::Visitor;
use crate::runtime::view::rules::{self, PackView, RuleView, RulesView};
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use std::fmt::Write as _;

pub(super) async fn show(
    State(shared): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Fields::of(query.unwrap_or_default().as_bytes());
    let accounts = shared.node.all_accounts();
    let meant = AccountId::from(query.get("account"));
    let Some(account) = accounts.get(&meant).or_else(|| accounts.values().next()) else {
        let body = "<p class=\"empty\">No account has rules in force.</p>".to_owned();
        return Page { at: "rules", title: "Rules", visitor: Some(&visitor), live: true, body }.answer(StatusCode::OK);
    };
    let mut body = String::new();
    if accounts.len() > 1 {
        body.push_str(&choice("/console/rules", accounts.keys(), &account.id));
    }
    match rules::of(&shared.node, account).await {
        Ok(view) => body.push_str(&told(&view, shared.node.clock.now())),
        Err(error) => return gate::broken(&visitor, &error),
    }
    Page { at: "rules", title: "Rules", visitor: Some(&visitor), live: false, body }.answer(StatusCode::OK)
}

/// A form that chooses the account of a page.
pub(super) fn choice<'a>(to: &str, accounts: impl Iterator<Item = &'a AccountId>, chosen: &AccountId) -> String {
    let mut out = format!("<form method=\"get\" action=\"{to}\" class=\"filter\"><label>Account<select name=\"account\">");
    for id in accounts {
        let selected = if id == chosen { " selected" } else { "" };
        let _ = write!(out, "<option{selected}>{}</option>", escaped(id.as_str()));
    }
    out.push_str("</select></label><button>Show</button></form>");
    out
}

fn told(view: &RulesView, now: Timestamp) -> String {
    let hash: String = view.hash.chars().take(12).collect();
    let since = view.since.map(|since| format!(", the oldest of them {}", when(since, now))).unwrap_or_default();
    let mut out = format!(
        "<p class=\"lead\">Rules <code title=\"{}\">{hash}</code> are in force in <b>{}</b>. Counts are of the latest {}{since}.</p>",
        escaped(&view.hash),
        escaped(view.account.as_str()),
        count(view.runs, "run"),
    );
    if view.packs.is_empty() {
        out.push_str("<p class=\"empty\">No pack is in use.</p>");
    }
    for pack in &view.packs {
        out.push_str(&packed(pack));
    }
    out
}

fn packed(pack: &PackView) -> String {
    let (tone, mode) = match pack.mode {
        Mode::Live => (Tone::Good, "live"),
        Mode::Shadow => (Tone::Wait, "shadow: sends nothing"),
        Mode::Off => (Tone::Quiet, "off"),
    };
    let name = escaped(pack.name.as_str());
    let mut out = format!(
        "<section aria-labelledby=\"pack-{name}\"><h2 id=\"pack-{name}\">{} <small>{name}</small> {}</h2>",
        escaped(&pack.title),
        badge(tone, mode)
    );
    if !pack.about.is_empty() {
        let _ = write!(out, "<p class=\"soft\">{}</p>", ticked(&pack.about));
    }
    let (reached, all) = pack.reached;
    let (tests, failed) = pack.tests;
    let share = (reached * 100).checked_div(all).unwrap_or(100);
    let proven = match (tests, failed) {
        (0, _) => badge(Tone::Wait, "no rule tests"),
        (_, 0) => badge(Tone::Good, format!("{} pass", count(tests, "test"))),
        (_, failed) => badge(Tone::Bad, format!("{failed} of {} fail", count(tests, "test"))),
    };
    let _ = write!(
        out,
        "<p>{proven} They reach {reached} of {} of its rules, texts and bands, {share} %.</p>",
        count_branches(all)
    );
    if !pack.unreached.is_empty() {
        let items: String = pack.unreached.iter().fold(String::new(), |mut all, what| {
            let _ = write!(all, "<li>{}</li>", ticked(what));
            all
        });
        let _ = write!(
            out,
            "<details><summary>{} of its bands not reached</summary><ul>{items}</ul></details>",
            count_branches(pack.unreached.len())
        );
    }
    out.push_str(
        "<table class=\"rows tight\"><thead><tr><th scope=\"col\">Rule</th><th scope=\"col\" class=\"number\">Considered</th>\
         <th scope=\"col\" class=\"number\">Fired</th><th scope=\"col\" class=\"number\">Failed</th><th scope=\"col\">Tests</th></tr></thead><tbody>",
    );
    pack.rules.iter().for_each(|rule| out.push_str(&row(rule)));
    out.push_str("</tbody></table>");
    if let Some(drawing) = &pack.drawing {
        let _ = write!(
            out,
            "<figure class=\"map\" tabindex=\"0\" aria-label=\"What leads to what\">{}<figcaption>On the left what happens, in the middle the rules, \
             on the right what comes of them.</figcaption></figure>",
            svg::unstyled(drawing)
        );
    }
    out.push_str("</section>");
    out
}

fn count_branches(all: usize) -> String {
    if all == 1 { "1 branch".to_owned() } else { format!("{all} branches") }
}

fn row(rule: &RuleView) -> String {
    let place = rule.place.as_ref().map(|place| format!(" <small><code>{}</code></small>", escaped(place))).unwrap_or_default();
    let off = rule.off.as_ref().map(|setting| format!(" {}", badge(Tone::Quiet, format!("off: {setting} is not set"))));
    let told = rule.told.as_ref().map(said).unwrap_or_default();
    let failed = if rule.counts.failed == 0 {
        "0".to_owned()
    } else {
        format!("<a href=\"/console/parked\">{}</a>", badge(Tone::Bad, rule.counts.failed))
    };
    let tests = if rule.unreached.is_empty() {
        badge(Tone::Good, "all of it")
    } else {
        let items: String = rule.unreached.iter().fold(String::new(), |mut all, what| {
            let _ = write!(all, "<li>{}</li>", ticked(what));
            all
        });
        format!("<details><summary>{} not reached</summary><ul>{items}</ul></details>", count_branches(rule.unreached.len()))
    };
    let sought: String = url::form_urlencoded::byte_serialize(rule.name.as_str().as_bytes()).collect();
    format!(
        "<tr><td data-name=\"Rule\"><div><a href=\"/console/runs?rule={sought}\"><b>{}</b></a>{}{place}<details><summary>In words</summary>{told}</details></div></td>\
         <td data-name=\"Considered\" class=\"number\">{}</td><td data-name=\"Fired\" class=\"number\">{}</td>\
         <td data-name=\"Failed\" class=\"number\">{failed}</td><td data-name=\"Tests\">{tests}</td></tr>",
        escaped(rule.name.as_str()),
        off.unwrap_or_default(),
        rule.counts.considered,
        rule.counts.fired,
    )
}

/// A rule in words.
fn said(told: &Told) -> String {
    let mut out = String::new();
    if let ([], [only]) = (told.requires.as_slice(), told.does.as_slice())
        && told.when.ends_with(", leverd")
    {
        let _ = write!(out, "<p>{} {}.</p>", ticked(&told.when), ticked(only));
    } else {
        let _ = write!(out, "<p>{}:</p><ol>", ticked(&told.when));
        for line in told.requires.iter().chain(&told.does) {
            let _ = write!(out, "<li>{}</li>", ticked(line));
        }
        out.push_str("</ol>");
    }
    for note in &told.notes {
        let _ = write!(out, "<p class=\"soft\">{}</p>", ticked(note));
    }
    out
}
