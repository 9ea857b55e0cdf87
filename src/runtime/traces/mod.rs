//! Traces for OpenTelemetry, sent by OTLP over HTTP as JSON: what the log tells by ids, as spans.
//!
//! An event is a trace, and its id the trace's: whoever has the one finds the other, over restarts and in the store as well. The first
//! span says that the event came; planning it, its effects and their calls are below. What caused it is a link. Ids, verbs and statuses
//! only: never a name, an address or what somebody wrote. Written by hand, because what is sent is a page of JSON, goes out by our one
//! way out, and its ids are ours.

mod layer;
mod span;

pub use layer::TraceLayer;

use super::access::BadAccess;
use crate::http::{Auth, Client, Endpoint};
use crate::lang::config::{Secrets, Traces};
use crate::model::{Destination, Exchange, Method, Request, VendorName};
use serde_json::json;
use span::Span;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Spans that wait to be sent; more are dropped, and counted.
const WAITING: usize = 4_096;
/// So many travel together.
const TOGETHER: usize = 256;
/// And so long the first of them waits for others.
const PAUSE: Duration = Duration::from_secs(2);
/// After leverd was told to stop.
const LAST: Duration = Duration::from_secs(3);

/// What collects spans, and what sends them.
pub struct Sender {
    waiting: mpsc::Receiver<Span>,
    endpoint: Endpoint,
}

/// Opens the way to the collector that a configuration names.
pub fn open(traces: &Traces, secrets: &dyn Secrets) -> Result<(TraceLayer, Sender), BadAccess> {
    let mut headers = Vec::new();
    for (name, secret) in &traces.headers {
        let found = secret.resolve(secrets).map_err(|why| BadAccess::NoHeader { name: name.clone(), why })?;
        headers.push((name.clone(), found));
    }
    let mut endpoint = Endpoint::new(traces.otlp.clone(), Auth::Headers(headers));
    // A collector is mostly a neighbour, and leverd.yaml names it.
    endpoint.allow_private = true;
    let (to, waiting) = mpsc::channel(WAITING);
    Ok((TraceLayer::to(to), Sender { waiting, endpoint }))
}

impl Sender {
    /// Sends what is collected until cancelled, and then what is left. A collector that is not there costs spans and nothing else.
    pub async fn run(mut self, http: Client, cancel: CancellationToken) {
        let mut well = true;
        loop {
            let mut spans = Vec::new();
            let first = tokio::select! { biased;
                () = cancel.cancelled() => None,
                first = self.waiting.recv() => first,
            };
            let stopping = first.is_none();
            spans.extend(first);
            if stopping {
                while let Ok(span) = self.waiting.try_recv() {
                    spans.push(span);
                }
            } else {
                self.gather(&mut spans, &cancel).await;
            }
            for some in spans.chunks(TOGETHER) {
                let sent = tokio::time::timeout(LAST.max(PAUSE), self.send(&http, some)).await.unwrap_or(false);
                if !sent {
                    dropped(some.len());
                }
                if well && !sent {
                    tracing::warn!("the collector does not take traces: those of this time are lost, and nothing else is");
                }
                well = sent;
                if stopping && !sent {
                    return;
                }
            }
            if stopping {
                return;
            }
        }
    }

    async fn gather(&mut self, spans: &mut Vec<Span>, cancel: &CancellationToken) {
        let end = tokio::time::Instant::now() + PAUSE;
        while spans.len() < TOGETHER {
            tokio::select! { biased;
                () = cancel.cancelled() => return,
                () = tokio::time::sleep_until(end) => return,
                next = self.waiting.recv() => match next {
                    Some(span) => spans.push(span),
                    None => return,
                },
            }
        }
    }

    async fn send(&self, http: &Client, spans: &[Span]) -> bool {
        let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
        let body = json!({ "resourceSpans": [{
            "resource": { "attributes": [text("service.name", "leverd"), text("service.version", env!("CARGO_PKG_VERSION"))] },
            "scopeSpans": [{
                "scope": { "name": "leverd", "version": env!("CARGO_PKG_VERSION") },
                "spans": spans.iter().map(Span::json).collect::<Vec<_>>(),
            }],
        }] });
        let request = Request::new(Destination::Vendor(VendorName::new("traces")), Method::Post, "/v1/traces").json(body);
        matches!(http.send(&request, &self.endpoint).await, Exchange::Answered(answer) if answer.ok())
    }
}

fn dropped(spans: usize) {
    metrics::counter!("leverd_spans_dropped_total").increment(spans as u64);
}
