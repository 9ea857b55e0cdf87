//! What leverd measures of itself: every metric with its name, labels and meaning, in one table. `schema/metrics.md` is made of it, and
//! Prometheus shows its sentences.
//!
//! Counters and histograms are counted where things happen and begin at nothing with each process. Gauges are read from the store and
//! from the accounts when somebody asks. No label names a candidate, and none grows with their number.

use super::call::Node;
use super::progress;
use crate::model::{AccountId, EffectId, Outcome};
use crate::store::StoreError;
use jiff::Timestamp;
use std::fmt::Write as _;

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Grows; nothing again when leverd starts.
    Counter,
    /// As it is now.
    Gauge,
    /// How often, and how much in all.
    Histogram,
}

/// One metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    /// Separated by commas; empty where there are none.
    pub labels: &'static str,
    pub meaning: &'static str,
}

const fn counter(name: &'static str, labels: &'static str, meaning: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, meaning }
}

const fn gauge(name: &'static str, labels: &'static str, meaning: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, meaning }
}

/// All of them.
pub const ALL: &[Metric] = &[
    counter("leverd_deliveries_total", "account", "Requests from Lever and vendors that passed the door, duplicates too"),
    counter(
        "leverd_deliveries_unavailable_total",
        "",
        "Requests answered with 503 because they could not be stored; the sender delivers them again",
    ),
    counter("leverd_refused_total", "from, status", "Requests at the door that were refused, by status"),
    counter("leverd_runs_total", "account", "Events that were planned"),
    counter(
        "leverd_effects_total",
        "account, outcome",
        "Ends of attempts at effects: done, skipped, parked (a person must act), again (to be retried), unknown (to be looked up), suspended",
    ),
    counter("leverd_calls_total", "destination, method", "Requests sent to Lever and to vendors"),
    counter("leverd_polls_total", "vendor", "Looks at vendors: at one invitation, or at all of a stretch of time"),
    counter("leverd_notices_total", "kind", "Notices made: what was parked or suspended, a reload that was refused, an alert"),
    counter("leverd_spans_dropped_total", "", "Spans of traces that the collector did not take, or that came too fast"),
    counter(
        "leverd_reloads_total",
        "ok",
        "Changes of the files that were taken (`true`), or refused for an account at least (`false`)",
    ),
    Metric {
        name: "leverd_reload_seconds",
        kind: Kind::Histogram,
        labels: "",
        meaning: "How long it took from reading changed files to the rules being in force, in seconds",
    },
    gauge("leverd_nodes", "", "Nodes that have the store and live; 1 where only one process may have it"),
    gauge(
        "leverd_node_accounts",
        "",
        "Accounts that this node works on: over all nodes, they add up to all that somebody works on",
    ),
    gauge(
        "leverd_beat_age_seconds",
        "",
        "How long ago this node last renewed its lease, or began; beyond 15 it starts nothing more, beyond 45 others take its accounts. 0 where only one process may have the store",
    ),
    gauge("leverd_work", "account, kind, state", "Rows of work: due, waiting for their time, begun, or parked"),
    gauge("leverd_lag_seconds", "account", "For how long the oldest work that is due has been due, in seconds"),
    gauge("leverd_backlog_calls", "account", "About how many calls to Lever the open work leads to"),
    gauge("leverd_budget_left", "account", "Requests that Lever would take from us at once"),
    gauge("leverd_suspended", "account, connection", "1 where the other side refuses our credentials, else 0"),
    gauge("leverd_held_back", "", "Accounts whose rules are faulty and which have none to go on with"),
    gauge(
        "leverd_store_bytes",
        "part",
        "Room that the store takes: its file, and the log of changes that are not in the file yet",
    ),
    gauge("leverd_rules_good", "account", "1 where the rules in force are those in the files, 0 where a reload was refused"),
];

/// Tells the recorder what each metric means.
pub fn describe() {
    for Metric { name, kind, meaning, .. } in ALL {
        match kind {
            Kind::Counter => metrics::describe_counter!(*name, *meaning),
            Kind::Gauge => metrics::describe_gauge!(*name, *meaning),
            Kind::Histogram => metrics::describe_histogram!(*name, *meaning),
        }
    }
}

/// The table as a page in Markdown.
pub fn page() -> String {
    let mut page = "# What leverd measures\n\n`GET /metrics` answers in Prometheus' text format. Counters begin at nothing with each process; \
                    gauges are read when asked.\nNo label names a candidate.\n\n| metric | kind | labels | meaning |\n|---|---|---|---|\n"
        .to_owned();
    for Metric { name, kind, labels, meaning } in ALL {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let _ = writeln!(page, "| `{name}` | {kind} | {labels} | {meaning} |");
    }
    page
}

/// Counts and logs how an attempt ended.
pub(super) fn effect(account: &AccountId, effect: EffectId, outcome: &Outcome) {
    let word = match outcome {
        Outcome::Done { .. } => "done",
        Outcome::Skipped { .. } => "skipped",
        Outcome::Retry { .. } => "again",
        Outcome::Unknown { .. } => "unknown",
        Outcome::Dead { .. } => "parked",
        Outcome::Suspended { .. } => "suspended",
    };
    let code = match outcome {
        Outcome::Done { .. } => None,
        Outcome::Skipped { reason }
        | Outcome::Retry { reason, .. }
        | Outcome::Unknown { reason }
        | Outcome::Dead { reason }
        | Outcome::Suspended { reason } => Some(reason.code.as_str()),
    };
    tracing::info!(%effect, outcome = word, code, "effect ended");
    metrics::counter!("leverd_effects_total", "account" => account.to_string(), "outcome" => word).increment(1);
}

/// Counts an event that was planned.
pub(super) fn run(account: &AccountId) {
    metrics::counter!("leverd_runs_total", "account" => account.to_string()).increment(1);
}

/// Sets every gauge to what is so now. Fails if the store does not answer.
#[expect(clippy::cast_precision_loss, reason = "rows, calls and bytes are counted, not stars")]
pub async fn look(node: &Node, now: Timestamp) -> Result<(), StoreError> {
    // First: it counts most when the database does not answer.
    metrics::gauge!("leverd_beat_age_seconds").set(node.tenure.silence().as_secs_f64());
    let counts = node.store.counts(now).await?;
    let reloads = node.reloads.load();
    let size = node.store.size().await?;
    for (part, bytes) in [("file", size.file), ("log", size.log)] {
        metrics::gauge!("leverd_store_bytes", "part" => part).set(bytes as f64);
    }
    let nodes = if node.store.is_shared() { node.store.nodes(now).await?.len() } else { 1 };
    metrics::gauge!("leverd_nodes").set(nodes as f64);
    metrics::gauge!("leverd_node_accounts").set(node.mine().len() as f64);
    metrics::gauge!("leverd_held_back").set(node.held().len() as f64);
    for account in node.mine().values() {
        let id = account.id.to_string();
        let of = |kind: &str, state: &str| {
            counts.iter().find(|count| count.account == account.id && count.kind == kind && count.state == state)
        };
        let mut lag = 0.0_f64;
        for kind in ["delivery", "event", "effect", "timer"] {
            for state in ["due", "waiting", "begun", "parked"] {
                // Nothing is told as nothing: what was there before must not stay.
                let rows = of(kind, state).map_or(0, |count| count.rows);
                metrics::gauge!("leverd_work", "account" => id.clone(), "kind" => kind, "state" => state).set(rows as f64);
            }
            if let Some(oldest) = of(kind, "due").and_then(|count| count.oldest) {
                lag = lag.max(now.duration_since(oldest).as_secs_f64());
            }
        }
        metrics::gauge!("leverd_lag_seconds", "account" => id.clone()).set(lag);
        let left = account.lever.gate.left();
        let backlog = progress::of(&counts, &account.id, Some(left), now);
        metrics::gauge!("leverd_backlog_calls", "account" => id.clone()).set(backlog.calls as f64);
        metrics::gauge!("leverd_budget_left", "account" => id.clone()).set(left.requests);
        let vendors = account.vendors.iter().map(|(name, vendor)| (name.to_string(), &vendor.connection));
        for (connection, state) in [("lever".to_owned(), &account.lever)].into_iter().chain(vendors) {
            let suspended = if state.suspended().is_some() { 1.0 } else { 0.0 };
            metrics::gauge!("leverd_suspended", "account" => id.clone(), "connection" => connection).set(suspended);
        }
        let good = reloads.get(&account.id).is_none_or(|state| state.ok);
        metrics::gauge!("leverd_rules_good", "account" => id).set(if good { 1.0 } else { 0.0 });
    }
    Ok(())
}
