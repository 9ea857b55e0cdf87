//! *Parked*: what waits for a person, why, and what would be sent. Retrying and skipping are confirmed first.

use super::Shared;
use super::gate::{self, Fields};
use super::html::{Page, Tone, badge, count, hidden, pairs, token, when};
use super::parts::{candidate_address, run_address, ticked};
use crate::lang::html::escaped;
use crate::model::AccountId;
use crate::runtime::access::Visitor;
use crate::runtime::view::deed::{self, Wish};
use crate::runtime::view::parked::{self, Parked};
use crate::store::Work;
use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// So many are shown at once.
const SHOWN: usize = 200;

pub(super) async fn show(
    State(shared): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Fields::of(query.unwrap_or_default().as_bytes());
    let account = Some(query.get("account")).filter(|account| !account.is_empty()).map(AccountId::from);
    let (rows, all) = match parked::of(&shared.node, account.as_ref(), SHOWN).await {
        Ok(found) => found,
        Err(error) => return gate::broken(&visitor, &error),
    };
    let mut body = String::new();
    for (name, did) in [("retried", "due now"), ("skipped", "skipped")] {
        if let Ok(done) = query.get(name).parse::<usize>() {
            let _ = write!(body, "<p class=\"done\" role=\"status\">{} {did}.</p>", count(done, "thing"));
        }
    }
    let of = account
        .as_ref()
        .map(|account| format!(" of <b>{}</b> · <a href=\"/console/parked\">all accounts</a>", escaped(account.as_str())));
    let of = of.unwrap_or_default();
    if rows.is_empty() {
        let _ = write!(body, "<p class=\"empty\">Nothing{of} waits for a person.</p>");
    } else {
        let more = if all > rows.len() { format!(", the oldest {} here", rows.len()) } else { String::new() };
        let _ = write!(
            body,
            "<p class=\"lead\">{}{of} wait{} for a person{more}. Mend the cause, then retry; or skip what shall not be done.</p>",
            count(all, "thing"),
            if all == 1 { "s" } else { "" },
        );
        body.push_str(&list(&rows, &visitor, shared.node.clock.now()));
    }
    Page { at: "parked", title: "Parked", visitor: Some(&visitor), live: true, body }.answer(StatusCode::OK)
}

fn list(rows: &[Parked], visitor: &Visitor, now: Timestamp) -> String {
    let acts = visitor.acts();
    let mut out = "<form method=\"post\" action=\"/console/parked\">".to_owned();
    if acts {
        out.push_str(&token(visitor));
        out.push_str(BUTTONS);
    }
    out.push_str("<ul class=\"list\">");
    for row in rows {
        let id = key(row);
        let name = format!("{}: {}", row.row.account, row.act.as_deref().unwrap_or(&row.row.what));
        let choose = if acts {
            format!("<input type=\"checkbox\" name=\"work\" value=\"{}\" aria-label=\"{}\">", escaped(&id), escaped(&name))
        } else {
            String::new()
        };
        let _ = write!(out, "<li class=\"pick\"><div>{choose}</div><div>{}</div></li>", told(row, now));
    }
    out.push_str("</ul></form>");
    out
}

const BUTTONS: &str = "<div class=\"tools\"><label class=\"all\"><input type=\"checkbox\" data-all=\"work\"> All of them</label>\
                       <button name=\"do\" value=\"retry\">Retry…</button> \
                       <button name=\"do\" value=\"skip\" class=\"second\">Skip…</button></div>";

/// `acme effect:0193…`: what a form carries.
fn key(row: &Parked) -> String {
    format!("{} {}", row.row.account, parked::written(row.row.work))
}

fn told(row: &Parked, now: Timestamp) -> String {
    let one = &row.row;
    let what = row.act.as_deref().unwrap_or(&one.what);
    let reason = one.reason.as_ref().map_or("no reason was recorded", |reason| reason.text.as_str());
    let code = one.reason.as_ref().map(|reason| badge(Tone::Quiet, reason.code)).unwrap_or_default();
    let since = one.at.map(|at| when(at, now)).unwrap_or_default();
    let mut out = format!("<h2>{}</h2><p class=\"why\">{} {code} {since}</p>", ticked(what), ticked(reason));
    let mut rows = vec![("account".to_owned(), escaped(one.account.as_str()))];
    if let Some(rule) = &row.rule {
        rows.push(("rule".to_owned(), escaped(rule)));
    }
    if let Some(opportunity) = &one.opportunity {
        let address = candidate_address(&one.account, opportunity);
        let link = format!("<a href=\"{address}\"><code>{}</code></a>", escaped(opportunity.as_str()));
        rows.push(("opportunity".to_owned(), link));
    }
    if let Some(run) = row.run {
        rows.push(("run".to_owned(), format!("<a href=\"{}\"><code>{run}</code></a>", run_address(&one.account, run))));
    }
    if let Some(answered) = &row.answered {
        rows.push(("last answer".to_owned(), escaped(answered)));
    }
    rows.push(("id".to_owned(), format!("<code>{}</code>", escaped(&one.work.to_string()))));
    out.push_str(&pairs(rows));
    if !row.sends.is_empty() {
        let sends = pairs(row.sends.iter().map(|(name, value)| (name.clone(), escaped(value))));
        let _ = write!(out, "<details><summary>What would be sent</summary>{sends}</details>");
    }
    out
}

pub(super) async fn act(State(shared): State<Shared>, Extension(visitor): Extension<Visitor>, body: Body) -> Response {
    let fields = match gate::deed(&visitor, body).await {
        Ok(fields) => fields,
        Err(refused) => return refused,
    };
    let works: Vec<(AccountId, Work)> = fields
        .all("work")
        .filter_map(|text| {
            let (account, work) = text.split_once(' ')?;
            Some((AccountId::from(account), parked::read(work)?))
        })
        .collect();
    let skips = fields.get("do") == "skip";
    if works.is_empty() {
        let text = "Nothing was chosen: tick what you mean, then press the button again.";
        return gate::refuse(Some(&visitor), StatusCode::BAD_REQUEST, "Nothing chosen", text);
    }
    if fields.get("confirm") != "yes" {
        return confirm(&shared, &visitor, &works, skips).await;
    }
    let reason = Some(fields.get("reason").trim()).filter(|reason| !reason.is_empty()).unwrap_or("skipped by a person");
    let wish = if skips { Wish::Skip { reason: reason.to_owned() } } else { Wish::Retry };
    match deed::wish(&shared.node, &visitor, &works, &wish).await {
        Ok(done) => {
            let did = if skips { "skipped" } else { "retried" };
            Redirect::to(&format!("/console/parked?{did}={done}")).into_response()
        }
        Err(error) => gate::broken(&visitor, &error),
    }
}

async fn confirm(shared: &Shared, visitor: &Visitor, works: &[(AccountId, Work)], skips: bool) -> Response {
    let chosen: BTreeSet<&(AccountId, Work)> = works.iter().collect();
    let rows = match parked::of(&shared.node, None, usize::MAX).await {
        Ok((rows, _)) => rows,
        Err(error) => return gate::broken(visitor, &error),
    };
    let rows: Vec<&Parked> = rows.iter().filter(|row| chosen.contains(&(row.row.account.clone(), row.row.work))).collect();
    if rows.is_empty() {
        return Redirect::to("/console/parked").into_response();
    }
    let things = count(rows.len(), "thing");
    let (title, lead, button, verb) = if skips {
        ("Skip this?", format!("{things} will not be done. What waits for it goes on."), "Skip", "skip")
    } else {
        ("Try this again?", format!("{things} will be done now. This is what is sent:"), "Retry", "retry")
    };
    let mut body = format!("<p class=\"lead\">{lead}</p><ul class=\"list\">");
    let mut carried = String::new();
    for row in rows {
        let sends = pairs(row.sends.iter().map(|(name, value)| (name.clone(), escaped(value))));
        let what = row.act.as_deref().unwrap_or(&row.row.what);
        let reason = row.row.reason.as_ref().map_or("", |reason| reason.text.as_str());
        let _ = write!(
            body,
            "<li><h2>{} <small>{}</small></h2><p class=\"why\">{}</p>{sends}</li>",
            ticked(what),
            escaped(row.row.account.as_str()),
            ticked(reason)
        );
        carried.push_str(&hidden("work", &key(row)));
    }
    let reason = if skips {
        "<label>Why, for those who look later<input name=\"reason\" value=\"skipped by a person\" maxlength=\"200\"></label>"
    } else {
        ""
    };
    let _ = write!(
        body,
        "</ul><form method=\"post\" action=\"/console/parked\" class=\"stack\">{}{}{}{carried}{reason}<div class=\"tools\"><button>{button} {}</button> \
         <a class=\"button second\" href=\"/console/parked\">Leave it</a></div></form>",
        token(visitor),
        hidden("do", verb),
        hidden("confirm", "yes"),
        escaped(&things),
    );
    Page { at: "parked", title, visitor: Some(visitor), live: false, body }.answer(StatusCode::OK)
}
