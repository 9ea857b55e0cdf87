//! *Try*: a rule edited in the page, its faults and its plan at once, and nothing sent.

use super::Shared;
use super::gate::{self, Fields};
use super::html::{Page, Tone, badge, token};
use super::parts::ticked;
use super::rules::choice;
use super::runs;
use crate::lang::html::escaped;
use crate::model::{AccountId, LeverEvent, OpportunityId};
use crate::runtime::access::Visitor;
use crate::runtime::account::Account;
use crate::runtime::view::trial::{self, Editable, On, Tried};
use crate::runtime::words;
use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::fmt::Write as _;
use std::sync::Arc;

/// So many runs can be picked.
const RUNS: usize = 40;

/// The account that is meant, and the file.
async fn meant(shared: &Shared, fields: &Fields) -> Option<(Arc<Account>, Vec<Editable>, Editable)> {
    let accounts = shared.node.all_accounts();
    let named = accounts.get(&AccountId::from(fields.get("account")));
    let account = Arc::clone(named.or_else(|| accounts.values().next())?);
    let files = trial::files(&shared.node, &account).await;
    let file = files.iter().find(|file| file.name == fields.get("file")).or_else(|| files.first())?.clone();
    Some((account, files, file))
}

pub(super) async fn show(
    State(shared): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let fields = Fields::of(query.unwrap_or_default().as_bytes());
    page(&shared, &visitor, &fields, false).await
}

pub(super) async fn act(State(shared): State<Shared>, Extension(visitor): Extension<Visitor>, body: Body) -> Response {
    match gate::form(&visitor, body).await {
        Ok(fields) => page(&shared, &visitor, &fields, true).await,
        Err(refused) => refused,
    }
}

async fn page(shared: &Shared, visitor: &Visitor, fields: &Fields, tries: bool) -> Response {
    let Some((account, files, mut file)) = meant(shared, fields).await else {
        let body = "<p class=\"empty\">No account has rules in force that could be edited here.</p>".to_owned();
        return Page { at: "try", title: "Try", visitor: Some(visitor), live: false, body }.answer(StatusCode::OK);
    };
    let original = file.text.clone();
    if tries {
        // A browser sends line breaks of its own.
        file.text = fields.get("text").replace("\r\n", "\n");
    }
    let mut body = "<p class=\"lead\">Edit a rule and see what it would do. Nothing is sent, and no file is changed: copy what you like into \
                    your rules.</p>"
        .to_owned();
    let accounts = shared.node.all_accounts();
    if accounts.len() > 1 {
        body.push_str(&choice("/console/try", accounts.keys(), &account.id));
    }
    body.push_str(&picked(&account, &files, &file, fields));
    let form = match form(shared, visitor, &account, &file, fields).await {
        Ok(form) => form,
        Err(error) => return gate::broken(visitor, &error),
    };
    let result = if tries {
        let on = on(fields);
        let asked = on != On::Nothing;
        told(&trial::of(&shared.node, &account, file.clone(), on).await, asked, original != file.text)
    } else {
        "<p class=\"empty\">What comes of it stands here.</p>".to_owned()
    };
    let _ = write!(
        body,
        "<div class=\"bench\">{form}<section id=\"result\" aria-live=\"polite\" aria-label=\"What comes of it\">{result}</section></div>"
    );
    Page { at: "try", title: "Try", visitor: Some(visitor), live: false, body }.answer(StatusCode::OK)
}

/// Which file is edited, where there are several.
fn picked(account: &Account, files: &[Editable], file: &Editable, fields: &Fields) -> String {
    if files.len() < 2 {
        return String::new();
    }
    let mut out = format!(
        "<form method=\"get\" action=\"/console/try\" class=\"filter\">{}{}<label class=\"wide\">File<select name=\"file\">",
        super::html::hidden("account", account.id.as_str()),
        super::html::hidden("run", fields.get("run")),
    );
    for one in files {
        let selected = if one.name == file.name { " selected" } else { "" };
        let _ = write!(out, "<option{selected}>{}</option>", escaped(&one.name));
    }
    out.push_str("</select></label><button class=\"second\">Edit this one</button></form>");
    out
}

async fn form(
    shared: &Shared,
    visitor: &Visitor,
    account: &Account,
    file: &Editable,
    fields: &Fields,
) -> crate::store::Result<String> {
    let now = shared.node.clock.now();
    let runs = shared.node.store.runs_before(Some(&account.id), jiff::Timestamp::MAX, RUNS, now).await?;
    let mut options = "<option value=\"\">none</option>".to_owned();
    let picked = fields.get("run");
    let mut there = picked.is_empty();
    for run in &runs {
        let id = run.event.id.to_string();
        let selected = if id == picked { " selected" } else { "" };
        there |= id == picked;
        let name = run.facts.values.get("candidate.name").map(ToString::to_string);
        let whose = name.or_else(|| run.event.opportunity.as_ref().map(ToString::to_string)).unwrap_or_default();
        let _ = write!(
            options,
            "<option value=\"{id}\"{selected}>{}</option>",
            escaped(&format!("{} · {} · {whose}", words::time(run.planned_at), run.event.kind))
        );
    }
    if !there {
        let _ = write!(options, "<option value=\"{0}\" selected>run {0}</option>", escaped(picked));
    }
    let mut stages = "<option value=\"\">where it is</option>".to_owned();
    for stage in &account.active().catalogue.stages {
        let selected = if stage.name == fields.get("stage") { " selected" } else { "" };
        let _ = write!(stages, "<option{selected}>{}</option>", escaped(&stage.name));
    }
    let mut events = String::new();
    for event in LeverEvent::ALL {
        let selected = if event.as_str() == fields.get("event") { " selected" } else { "" };
        let _ = write!(events, "<option{selected}>{}</option>", event.as_str());
    }
    let rows = file.text.lines().count().clamp(12, 32);
    Ok(format!(
        "<form method=\"post\" action=\"/console/try\" class=\"stack\" data-try=\"result\">{}{}{}\
         <label>{}<textarea class=\"code\" name=\"text\" rows=\"{rows}\" spellcheck=\"false\" autocapitalize=\"none\" wrap=\"off\">\n{}</textarea></label>\
         <fieldset><legend>Try it on</legend>\
         <label>What was planned before<select name=\"run\">{options}</select></label>\
         <details{}><summary>or on an opportunity as it is now</summary><div class=\"stack\">\
         <label>Id or address of the opportunity<input name=\"opportunity\" value=\"{}\"></label>\
         <label>as if this had just happened<select name=\"event\">{events}</select></label>\
         <label>into stage<select name=\"stage\">{stages}</select></label></div></details>\
         <details{}><summary>or on a delivery of Lever</summary><div class=\"stack\">\
         <label>Its body, JSON<textarea class=\"code\" name=\"payload\" rows=\"6\" spellcheck=\"false\">\n{}</textarea></label></div></details>\
         </fieldset><button>Try</button></form>",
        token(visitor),
        super::html::hidden("account", account.id.as_str()),
        super::html::hidden("file", &file.name),
        escaped(&file.name),
        escaped(&file.text),
        if fields.get("opportunity").is_empty() { "" } else { " open" },
        escaped(fields.get("opportunity")),
        if fields.get("payload").is_empty() { "" } else { " open" },
        escaped(fields.get("payload")),
    ))
}

/// What it is tried on: what is pasted, else the opportunity, else the run.
fn on(fields: &Fields) -> On {
    let (payload, opportunity) = (fields.get("payload").trim(), fields.get("opportunity").trim());
    if !payload.is_empty() {
        return On::Delivery(payload.to_owned());
    }
    if !opportunity.is_empty() {
        let id = opportunity.trim_end_matches('/').rsplit('/').next().unwrap_or(opportunity);
        let stage = Some(fields.get("stage")).filter(|stage| !stage.is_empty()).map(str::to_owned);
        let event = fields.get("event").parse().unwrap_or(LeverEvent::CandidateStageChange);
        return On::Opportunity { id: OpportunityId::from(id), event, stage };
    }
    fields.get("run").parse().map_or(On::Nothing, On::Run)
}

fn told(tried: &Tried, asked: bool, edited: bool) -> String {
    let mut out = String::new();
    let state = match (tried.faulty, edited) {
        (true, _) => badge(Tone::Bad, "has faults"),
        (false, true) => badge(Tone::Good, "no faults"),
        (false, false) => badge(Tone::Quiet, "as it is in force"),
    };
    let _ = write!(out, "<p>{state}</p>");
    if !tried.told.trim().is_empty() {
        let _ = write!(out, "<pre class=\"faults\">{}</pre>", escaped(tried.told.trim_end()));
    }
    if let Some(not) = &tried.not {
        let _ = write!(out, "<p class=\"alarm\">{}</p>", ticked(not));
    }
    if !asked && !tried.faulty {
        out.push_str("<p class=\"soft\">Pick a run or an opportunity to see the plan.</p>");
    }
    let Some(view) = &tried.run else { return out };
    if tried.would.is_empty() {
        out.push_str("<p>Nothing would be sent.</p>");
    } else {
        out.push_str("<h2>What would be sent</h2><ul class=\"list would\">");
        for (effects, requests, note) in &tried.would {
            let effects: Vec<String> = effects.iter().map(|effect| ticked(effect)).collect();
            let _ = write!(out, "<li><p><b>{}</b></p>", effects.join("<br>"));
            for request in requests {
                let _ = write!(out, "<pre>{}</pre>", escaped(request));
            }
            if let Some(note) = note {
                let _ = write!(out, "<p class=\"soft\">{}</p>", ticked(note));
            }
            out.push_str("</li>");
        }
        out.push_str("</ul>");
    }
    out.push_str(&runs::on_text(view));
    out
}
