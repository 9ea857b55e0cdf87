//! What listens to the spans of [`crate::runtime::spans`], and to the lines that are written in them.

use super::span::{Kind, Span, SpanId, TraceId, root_of};
use crate::model::hex;
use std::fmt::Debug;
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// Makes spans for the collector.
#[derive(Debug)]
pub struct TraceLayer {
    to: mpsc::Sender<Span>,
}

/// What is kept of a span while it is open.
struct Open {
    trace: TraceId,
    id: SpanId,
    start: SystemTime,
    attributes: Vec<(&'static str, String)>,
    failed: bool,
    /// Whether anything was said in it: what nothing happened in is not worth telling.
    said: bool,
}

/// The fields of a span or a line.
#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }
}

/// What a span may be called by: the rest is nobody's business outside.
const ATTRIBUTES: [&str; 13] = [
    "account",
    "opportunity",
    "delivery",
    "event",
    "effect",
    "kind",
    "method",
    "to",
    "status",
    "end",
    "outcome",
    "code",
    "effects",
];

/// Those of the fields that go out, under names that no other program's have.
fn shown(fields: &Fields) -> Vec<(&'static str, String)> {
    let known = fields.0.iter().filter(|(name, value)| ATTRIBUTES.contains(name) && !value.is_empty());
    known.map(|(name, value)| (named(name), value.clone())).collect()
}

fn named(field: &str) -> &'static str {
    match field {
        "account" => "leverd.account",
        "opportunity" => "leverd.opportunity",
        "delivery" => "leverd.delivery",
        "event" => "leverd.event",
        "effect" => "leverd.effect",
        "effects" => "leverd.effects",
        "kind" => "leverd.kind",
        "outcome" => "leverd.outcome",
        "code" => "leverd.code",
        "to" => "peer.service",
        "method" => "http.request.method",
        "status" => "http.response.status_code",
        _ => "error.message",
    }
}

fn random() -> SpanId {
    let mut bytes = [0_u8; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => hex(&bytes),
        // A collector refuses it, and only it.
        Err(_) => "0".repeat(16),
    }
}

impl TraceLayer {
    pub(super) const fn to(to: mpsc::Sender<Span>) -> Self {
        Self { to }
    }

    fn send(&self, span: Span) {
        if self.to.try_send(span).is_err() {
            super::dropped(1);
        }
    }

    /// An event came: the first span of its trace.
    fn came(&self, fields: &Fields, cause: Option<&Open>) {
        let Some(trace) = fields.get("event") else { return };
        let mut attributes = shown(fields);
        let of_cause = cause.iter().flat_map(|cause| &cause.attributes);
        attributes.extend(of_cause.filter(|(name, _)| matches!(*name, "leverd.account" | "leverd.delivery")).cloned());
        let now = SystemTime::now();
        self.send(Span {
            trace: trace.to_owned(),
            id: root_of(trace),
            parent: None,
            cause: cause.map(|cause| (cause.trace.clone(), cause.id.clone())),
            name: fields.get("kind").unwrap_or("event").to_owned(),
            kind: Kind::Internal,
            start: now,
            end: now,
            attributes,
            failed: false,
        });
    }

    /// A request that was sent and answered, below whatever sent it.
    fn called(&self, fields: &Fields, below: &Open) {
        let took = fields.get("ms").and_then(|ms| ms.parse().ok()).map_or(Duration::ZERO, Duration::from_millis);
        let end = SystemTime::now();
        let (method, to) = (fields.get("method").unwrap_or_default(), fields.get("to").unwrap_or_default());
        let answered = fields.get("status").and_then(|status| status.parse::<u16>().ok()).unwrap_or_default();
        self.send(Span {
            trace: below.trace.clone(),
            id: random(),
            parent: Some(below.id.clone()),
            cause: None,
            name: format!("{method} {to}"),
            kind: Kind::Client,
            start: end.checked_sub(took).unwrap_or(end),
            end,
            attributes: shown(fields),
            failed: !(200..400).contains(&answered),
        });
    }
}

impl<S> Layer<S> for TraceLayer
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        // Several effects that travel together belong to the trace of the first one's event.
        let trace = fields.get("event").or_else(|| fields.get("delivery"));
        let trace = trace.and_then(|ids| ids.split(',').next()).map(str::to_owned);
        if let (Some(trace), Some(span)) = (trace, context.span(id)) {
            let attributes = shown(&fields);
            let open = Open { trace, id: random(), start: SystemTime::now(), attributes, failed: false, said: false };
            span.extensions_mut().insert(open);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let within = context.event_span(event);
        let mut extensions = within.as_ref().map(|span| span.extensions_mut());
        let mut open = extensions.as_mut().and_then(|extensions| extensions.get_mut::<Open>());
        if let Some(open) = &mut open {
            open.said = true;
        }
        match (fields.get("message"), open) {
            (Some("event"), open) => self.came(&fields, open.as_deref()),
            (Some("call"), Some(open)) => self.called(&fields, open),
            (Some("effect ended" | "planned"), Some(open)) => {
                open.failed |= fields.get("outcome") == Some("parked");
                let more = shown(&fields).into_iter().filter(|(name, _)| *name != "leverd.effect");
                open.attributes.extend(more);
            }
            (_, Some(open)) if *event.metadata().level() == Level::ERROR => open.failed = true,
            _ => {}
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(open) = span.extensions_mut().remove::<Open>().filter(|open| open.said) else { return };
        let name = span.name();
        self.send(Span {
            // A delivery is a trace of its own: which events it becomes is not known when it comes.
            parent: (name != "delivery").then(|| root_of(&open.trace)),
            trace: open.trace,
            id: open.id,
            cause: None,
            name: name.to_owned(),
            kind: Kind::Internal,
            start: open.start,
            end: SystemTime::now(),
            attributes: open.attributes,
            failed: open.failed,
        });
    }
}
