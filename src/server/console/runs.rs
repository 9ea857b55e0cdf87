//! *Runs*: what was planned, and one run on the text of its rules.

use super::Shared;
use super::gate::{self, Fields};
use super::html::{Page, Tone, badge, count, exactly, pairs, when};
use super::parts::{self, lane, run_address};
use crate::lang::html::escaped;
use crate::model::{AccountId, Said};
use crate::runtime::access::Visitor;
use crate::runtime::view::run::{self, Fate, FileView, Line, RuleView, RunView, Sign};
use crate::runtime::view::runs::{self, Came, Sought};
use crate::runtime::words;
use crate::store::RunRow;
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use std::fmt::Write as _;

/// So many runs are on a page.
const SHOWN: usize = 50;
/// What may be asked of a run's end.
const CAME: [(&str, &str, Came); 5] = [
    ("", "anything", Came::Anything),
    ("fired", "a rule fired", Came::Fired),
    ("nothing", "no rule fired", Came::Nothing),
    ("open", "not settled yet", Came::Open),
    ("parked", "parked", Came::Parked),
];

pub(super) async fn list(
    State(shared): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Fields::of(query.unwrap_or_default().as_bytes());
    let sought = Sought {
        account: Some(query.get("account")).filter(|account| !account.is_empty()).map(AccountId::from),
        rule: query.get("rule").trim().to_owned(),
        event: query.get("event").trim().to_owned(),
        text: query.get("text").trim().to_owned(),
        came: CAME.iter().find(|(name, ..)| *name == query.get("came")).map_or(Came::Anything, |(_, _, came)| *came),
        before: query.get("before").parse().ok(),
    };
    let found = match runs::of(&shared.node, &sought, SHOWN).await {
        Ok(found) => found,
        Err(error) => return gate::broken(&visitor, &error),
    };
    let now = shared.node.clock.now();
    let mut body = form(&shared, &query);
    if found.rows.is_empty() {
        let what = if found.looked == 0 { "No event was planned here yet." } else { "No run fits." };
        let _ = write!(body, "<p class=\"empty\">{what}</p>");
    } else {
        body.push_str("<ul class=\"list\">");
        for row in &found.rows {
            body.push_str(&item(row, now));
        }
        body.push_str("</ul>");
    }
    let _ = write!(body, "<p class=\"soft\">{} looked at.", count(found.looked, "run"));
    if let Some(next) = found.next {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for name in ["account", "rule", "event", "text", "came"] {
            pairs.append_pair(name, query.get(name));
        }
        pairs.append_pair("before", &next.to_string());
        let _ = write!(body, " <a href=\"/console/runs?{}\">Older ones</a>", escaped(&pairs.finish()));
    }
    body.push_str("</p>");
    Page { at: "runs", title: "Runs", visitor: Some(&visitor), live: sought.before.is_none(), body }.answer(StatusCode::OK)
}

fn form(shared: &Shared, query: &Fields) -> String {
    let accounts = shared.node.all_accounts();
    let mut out = "<form method=\"get\" action=\"/console/runs\" class=\"filter\" role=\"search\">".to_owned();
    if accounts.len() > 1 {
        out.push_str("<label>Account<select name=\"account\"><option value=\"\">all</option>");
        for id in accounts.keys() {
            let chosen = if query.get("account") == id.as_str() { " selected" } else { "" };
            let _ = write!(out, "<option{chosen}>{}</option>", escaped(id.as_str()));
        }
        out.push_str("</select></label>");
    }
    for (name, label) in [("text", "Anything"), ("rule", "Rule"), ("event", "Event")] {
        let _ =
            write!(out, "<label>{label}<input type=\"search\" name=\"{name}\" value=\"{}\"></label>", escaped(query.get(name)));
    }
    out.push_str("<label>What came of it<select name=\"came\">");
    for (name, text, _) in CAME {
        let chosen = if query.get("came") == name { " selected" } else { "" };
        let _ = write!(out, "<option value=\"{name}\"{chosen}>{text}</option>");
    }
    out.push_str("</select></label><button>Find</button></form>");
    out
}

fn item(row: &RunRow, now: Timestamp) -> String {
    let fired: Vec<String> = row
        .steps
        .iter()
        .filter(|step| matches!(step.said, Said::Fired { .. }))
        .filter_map(|step| step.rule.as_ref().map(|rule| escaped(rule.as_str())))
        .collect();
    let did = if fired.is_empty() {
        let first = row.steps.first().map(|step| {
            let rule = step.rule.as_ref().map(|rule| format!("{rule}: ")).unwrap_or_default();
            parts::ticked(&format!("{rule}{}", words::said(&step.said).trim_start_matches("not fired: ")))
        });
        format!("{} <span class=\"soft\">{}</span>", badge(Tone::Quiet, "no rule fired"), first.unwrap_or_default())
    } else {
        format!("{} {}", badge(Tone::Good, "fired"), fired.join(", "))
    };
    let mut effects = String::new();
    for effect in &row.effects {
        let act = parts::ticked(&words::act(&effect.effect.act));
        let _ = write!(effects, "<li>{} {act}</li>", parts::state(effect.state));
    }
    let name = row.facts.values.get("candidate.name").map(|name| escaped(&name.to_string())).unwrap_or_default();
    let effects = if effects.is_empty() { effects } else { format!("<ul class=\"effects\">{effects}</ul>") };
    format!(
        "<li><p class=\"head\"><a href=\"{}\"><b>{}</b></a> {} {name} <span class=\"soft\">{}</span></p><p>{did}</p>{effects}</li>",
        run_address(&row.account, row.event.id),
        escaped(&row.event.kind.to_string()),
        when(row.planned_at, now),
        lane(&row.event),
    )
}

pub(super) async fn one(
    State(shared): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Path((account, event)): Path<(String, String)>,
) -> Response {
    let account = AccountId::new(account);
    let found = match event.parse() {
        Ok(event) => run::of(&shared.node, &account, event).await,
        Err(_) => Ok(None),
    };
    match found {
        Ok(Some(view)) => {
            let title = format!("Run of {}", view.row.event.kind);
            let body = shown(&view, shared.node.clock.now());
            Page { at: "runs", title: &title, visitor: Some(&visitor), live: true, body }.answer(StatusCode::OK)
        }
        Ok(None) => {
            let text = "No event of this account with this id was planned, or its run was removed for age.";
            gate::refuse(Some(&visitor), StatusCode::NOT_FOUND, "There is no such run", text)
        }
        Err(error) => gate::broken(&visitor, &error),
    }
}

fn shown(view: &RunView, now: Timestamp) -> String {
    let row = &view.row;
    let hash: String = row.ruleset.chars().take(12).collect();
    let mut body = pairs([
        ("Account".to_owned(), lane(&row.event)),
        ("Happened".to_owned(), exactly(row.event.at)),
        ("Planned".to_owned(), format!("{} ({})", exactly(row.planned_at), when(row.planned_at, now))),
        ("Rules".to_owned(), format!("<code>{hash}</code>")),
        ("Run".to_owned(), format!("<code>{}</code>", row.event.id)),
    ]);
    let account: String = url::form_urlencoded::byte_serialize(row.account.as_str().as_bytes()).collect();
    let _ = write!(
        body,
        "<p><a class=\"button second\" href=\"/console/try?account={account}&amp;run={}\">Try other rules on this</a></p>",
        row.event.id
    );
    // Fields of `event.` are between us and ourselves.
    let fields: Vec<_> = row.event.fields.iter().filter(|(name, _)| !name.starts_with("event.")).collect();
    let values = fields.into_iter().chain(&row.facts.values).map(|(name, value)| (name.clone(), escaped(&value.to_string())));
    let values: Vec<_> = values.collect();
    if !values.is_empty() {
        let _ = write!(
            body,
            "<details class=\"block\"><summary>What was known ({})</summary>{}</details>",
            count(values.len(), "value"),
            pairs(values)
        );
    }
    body.push_str(&on_text(view));
    let effects = parts::effects(&row.effects, now);
    if !effects.is_empty() {
        let _ = write!(body, "<section><h2>Effects</h2>{effects}</section>");
    }
    body
}

/// A run on the text of its rules.
pub(super) fn on_text(view: &RunView) -> String {
    let mut body = String::new();
    for loose in &view.loose {
        let _ = write!(body, "<p class=\"aside\">{}</p>", parts::ticked(loose));
    }
    for file in &view.files {
        body.push_str(&laid_out(file));
    }
    let fixes = parts::fixes(&view.fixes);
    if !fixes.is_empty() {
        let _ = write!(body, "<section><h2>Why not?</h2>{fixes}</section>");
    }
    body
}

/// A rule file with what is said of its lines. Rules that do not listen are folded away.
fn laid_out(file: &FileView) -> String {
    let mut out = format!("<section><h2>{} <small>{}</small></h2>", escaped(&file.name), escaped(file.pack.as_str()));
    let silent = file.rules.iter().filter(|rule| rule.fate == Fate::Silent).count();
    for rule in file.rules.iter().filter(|rule| rule.fate != Fate::Silent) {
        out.push_str(&ruled(rule));
    }
    if silent > 0 {
        let _ = write!(
            out,
            "<details class=\"block\"><summary>{} that {} not listen to this event</summary>",
            count(silent, "rule"),
            if silent == 1 { "does" } else { "do" }
        );
        for rule in file.rules.iter().filter(|rule| rule.fate == Fate::Silent) {
            out.push_str(&ruled(rule));
        }
        out.push_str("</details>");
    }
    out.push_str("</section>");
    out
}

fn ruled(rule: &RuleView) -> String {
    let (tone, fate) = match rule.fate {
        Fate::Fired => (Tone::Good, "fired"),
        Fate::Held => (Tone::Wait, "did not fire"),
        Fate::Silent => (Tone::Quiet, "does not listen"),
    };
    let name = escaped(rule.name.as_str());
    let mut out = format!(
        "<article class=\"rule\"><header><h3>{name}</h3>{}</header><ol class=\"source\" aria-label=\"{name}\">",
        badge(tone, fate)
    );
    for line in &rule.lines {
        out.push_str(&lined(line));
    }
    out.push_str("</ol></article>");
    out
}

fn lined(line: &Line) -> String {
    let worst = line.notes.iter().map(|note| note.sign).find(|sign| *sign == Sign::False);
    let class = match (worst, line.notes.first()) {
        (Some(_), _) => " class=\"no\"",
        (None, Some(note)) if matches!(note.sign, Sign::True | Sign::Done) => " class=\"yes\"",
        _ => "",
    };
    let mut out = format!("<li value=\"{}\"{class}><code>{}</code>", line.number, escaped(&line.text));
    for note in &line.notes {
        let (class, sign, read) = match note.sign {
            Sign::True => ("yes", "✓", "true: "),
            Sign::False => ("no", "✗", "false: "),
            Sign::Unknown => ("", "?", "not known: "),
            Sign::Done => ("yes", "→", ""),
            Sign::Waits => ("wait", "…", ""),
            Sign::Parked => ("no", "!", ""),
            Sign::Said => ("", "·", ""),
        };
        let _ = write!(
            out,
            "<span class=\"note {class}\"><span aria-hidden=\"true\">{sign}</span><span class=\"unseen\">{read}</span> {}</span>",
            parts::ticked(&note.text)
        );
    }
    out.push_str("</li>");
    out
}
