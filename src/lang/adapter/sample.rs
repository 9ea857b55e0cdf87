//! Samples: what the vendor really sent or answered, and what it must become. `validate` runs them all.

use crate::lang::source::Span;
use crate::model::AssessmentEvent;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What a sample begins with.
#[derive(Debug, Clone)]
pub enum Sampled {
    /// A body as the vendor sends it.
    Webhook(Json),
    /// The poll of this name; what it asks is answered by the sample's `answers`.
    Poll(String),
}

/// One sample of a webhook or a poll.
#[derive(Debug, Clone)]
pub struct Sample {
    pub name: String,
    pub of: Sampled,
    /// Answers of the operations that are asked.
    pub answers: BTreeMap<String, Json>,
    /// The events with their fields, in order.
    pub expect: Vec<(AssessmentEvent, BTreeMap<String, Json>)>,
    /// `samples[0]`.
    pub route: String,
    /// Where the name stands, or the sample that has none.
    pub span: Span,
}
