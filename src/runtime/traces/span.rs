//! One span, as OTLP writes it in JSON.

use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// The id of a trace: 32 hexadecimal digits, as our own ids have.
pub(super) type TraceId = String;
/// The id of a span: 16 of them.
pub(super) type SpanId = String;

/// What stands for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Internal = 1,
    /// A request that leverd sends.
    Client = 3,
}

/// A span that has ended.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) trace: TraceId,
    pub(super) id: SpanId,
    pub(super) parent: Option<SpanId>,
    /// What caused it, in another trace.
    pub(super) cause: Option<(TraceId, SpanId)>,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) start: SystemTime,
    pub(super) end: SystemTime,
    pub(super) attributes: Vec<(&'static str, String)>,
    pub(super) failed: bool,
}

impl Span {
    pub(super) fn json(&self) -> Value {
        let attributes: Vec<Value> =
            self.attributes.iter().map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } })).collect();
        let mut span = json!({
            "traceId": self.trace,
            "spanId": self.id,
            "name": self.name,
            "kind": self.kind as u8,
            "startTimeUnixNano": nanoseconds(self.start),
            "endTimeUnixNano": nanoseconds(self.end),
            "attributes": attributes,
            // 0 says nothing, 2 is an error.
            "status": { "code": if self.failed { 2 } else { 0 } },
        });
        if let Value::Object(span) = &mut span {
            if let Some(parent) = &self.parent {
                span.insert("parentSpanId".to_owned(), json!(parent));
            }
            if let Some((trace, id)) = &self.cause {
                span.insert("links".to_owned(), json!([{ "traceId": trace, "spanId": id }]));
            }
        }
        span
    }
}

/// Numbers of that size travel as text.
fn nanoseconds(at: SystemTime) -> String {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}

/// The first span of an event's trace, known from the event alone, so that whatever comes later is below it.
pub(super) fn root_of(trace: &str) -> SpanId {
    trace.get(trace.len().saturating_sub(16)..).unwrap_or_default().to_owned()
}
