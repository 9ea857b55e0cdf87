//! Is it alive, is it ready, how are its accounts: for load balancers, for Prometheus, for people.

use super::Shared;
use crate::runtime::measured;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json_, json};

/// The process answers.
pub(super) async fn live() -> &'static str {
    "alive"
}

/// It may be sent traffic: the store answers.
pub(super) async fn ready(State(shared): State<Shared>) -> Response {
    match shared.node.store.counts(shared.node.clock.now()).await {
        Ok(_) => (StatusCode::OK, "ready").into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

/// Every account: rules in force, how the last reload went, suspended connections, when vendors were last polled, work that stands. No
/// personal data.
pub(super) async fn detail(State(shared): State<Shared>) -> Response {
    let node = &shared.node;
    let now = node.clock.now();
    let counts = match node.store.counts(now).await {
        Ok(counts) => counts,
        Err(error) => return (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    };
    let reloads = node.reloads.load();
    let mut polls = std::collections::BTreeMap::new();
    for account in node.all_accounts().keys() {
        let mut heard = node.store.heard(account).await.unwrap_or_default();
        heard.retain(|heard| heard.source.starts_with("poll:"));
        polls.insert(account.clone(), heard);
    }
    let accounts: Vec<Json_> = node
        .all_accounts()
        .values()
        .map(|account| {
            let suspended: Vec<_> = account
                .vendors
                .iter()
                .map(|(name, vendor)| (name.to_string(), vendor.connection.suspended()))
                .chain([("lever".to_owned(), account.lever.suspended())])
                .filter_map(|(name, since)| Some(json!({ "connection": name, "since": since? })))
                .collect();
            json!({
                "account": account.id,
                "ruleset": account.active().program.hash(),
                "reload": reloads.get(&account.id),
                "suspended": suspended,
                "polls": polls.get(&account.id),
                "work": counts.iter().filter(|count| count.account == account.id).collect::<Vec<_>>(),
            })
        })
        .chain(node.held().iter().map(|(id, held)| json!({ "account": id, "held": held.why, "reload": reloads.get(id) })))
        .collect();
    let status = if node.clock.jump().abs() > crate::runtime::clock::TOLERATED {
        "the clock is in doubt"
    } else if !node.held().is_empty() {
        "an account is held back"
    } else if reloads.values().any(|state| !state.ok) {
        "a broken reload"
    } else {
        "fine"
    };
    let nodes = if node.store.is_shared() { node.store.nodes(now).await.unwrap_or_default() } else { Vec::new() };
    Json(json!({ "status": status, "at": now, "accounts": accounts, "nodes": nodes })).into_response()
}

/// Prometheus' text format.
pub(super) async fn metrics(State(shared): State<Shared>) -> Response {
    match shared.metrics {
        // What cannot be read now keeps its last value: a scrape that fails would hide the counters as well.
        Some(handle) => {
            if let Err(error) = measured::look(&shared.node, shared.node.clock.now()).await {
                tracing::warn!(%error, "the gauges could not be read");
            }
            handle.render().into_response()
        }
        None => (StatusCode::NOT_FOUND, "metrics are not installed").into_response(),
    }
}
