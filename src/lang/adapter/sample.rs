//! Samples: what the vendor really sent, and what it must become. `validate` runs them all.

use crate::lang::source::Span;
use crate::model::AssessmentEvent;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// One sample of a webhook.
#[derive(Debug, Clone)]
pub struct Sample {
    pub name: String,
    /// The body as the vendor sends it.
    pub webhook: Json,
    /// Answers of the operations that are read back.
    pub answers: BTreeMap<String, Json>,
    /// The events with their fields, in order.
    pub expect: Vec<(AssessmentEvent, BTreeMap<String, Json>)>,
    /// `samples[0]`.
    pub route: String,
    /// Where the name stands, or the sample that has none.
    pub span: Span,
}
