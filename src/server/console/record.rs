//! *Record*: who did what.

use super::Shared;
use super::gate;
use super::html::{Page, exactly};
use crate::lang::html::escaped;
use crate::runtime::access::Visitor;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::fmt::Write as _;

/// So many are shown.
const SHOWN: usize = 200;

pub(super) async fn show(State(shared): State<Shared>, Extension(visitor): Extension<Visitor>) -> Response {
    let deeds = match shared.node.store.deeds(SHOWN).await {
        Ok(deeds) => deeds,
        Err(error) => return gate::broken(&visitor, &error),
    };
    let mut body = "<p class=\"lead\">What people did here, the latest first.</p>".to_owned();
    if deeds.is_empty() {
        body.push_str("<p class=\"empty\">Nobody did anything yet.</p>");
    } else {
        body.push_str(
            "<table class=\"rows\"><thead><tr><th scope=\"col\">When</th><th scope=\"col\">Who</th><th scope=\"col\">What</th>\
             <th scope=\"col\">To what</th></tr></thead><tbody>",
        );
        for deed in deeds {
            let account = deed.account.map(|account| format!("{account}: ")).unwrap_or_default();
            let _ = write!(
                body,
                "<tr><td data-name=\"When\">{}</td><td data-name=\"Who\">{} <small>{}</small></td><td data-name=\"What\">{}</td>\
                 <td data-name=\"To what\">{}</td></tr>",
                exactly(deed.at),
                escaped(&deed.who),
                escaped(&deed.how),
                escaped(&deed.what),
                escaped(&format!("{account}{}", deed.about)),
            );
        }
        body.push_str("</tbody></table>");
    }
    Page { at: "record", title: "Record", visitor: Some(&visitor), live: true, body }.answer(StatusCode::OK)
}
