//! Declared operations: what is asked, what is taken from the answer, what a repeat means.

use super::cond::Cond;
use super::extract::{Extract, Take};
use super::shape::Shape;
use super::text::Text;
use crate::model::{AssessmentEvent, Field, Method};
use std::collections::{BTreeMap, BTreeSet};

/// One declared operation: `catalogue`, `invite`, `result` …
#[derive(Debug)]
pub struct Operation {
    pub name: String,
    /// The vocabulary's names that the request templates read (`candidate.email`), so that a plan can ask for them: those of
    /// `opportunity`, `candidate` and `posting`.
    pub inputs: Vec<String>,
    /// Every other name that they read: `test.id`, `ids.attempt_id`, `retry` … What sends the request knows these.
    pub reads: BTreeSet<String>,
    /// The names that the action's `with` may give, with their types.
    pub with: BTreeMap<String, Field>,
    /// In order; an operation that is one request is one step.
    pub steps: Vec<Step>,
    /// What its success means for the attempt that it is about: `cancelled`, `reminded` …
    pub emits: Option<AssessmentEvent>,
    /// What to do when nobody knows whether it was applied.
    pub on_unknown: OnUnknown,
    /// For an operation that lists: where the items are, which count, and how pages follow each other.
    pub each: Option<Extract>,
    pub keep: Option<Cond<Extract>>,
    pub pages: Option<Pages>,
}

/// One request of an operation and what its answer gives.
#[derive(Debug)]
pub struct Step {
    /// Later steps read `NAME.capture`.
    pub name: String,
    pub request: RequestShape,
    /// The answer is a success only if this holds (an error inside HTTP 200).
    pub ok: Option<Cond<Extract>>,
    /// In an operation that lists: per item.
    pub take: BTreeMap<String, Take>,
}

/// A request with holes.
#[derive(Debug)]
pub struct RequestShape {
    pub method: Method,
    /// A path below the base URL, or an absolute URL. Values in it are percent-encoded, unless one stands at its start: then it is
    /// an absolute URL itself.
    pub path: Text,
    pub query: Vec<(String, Shape)>,
    pub headers: Vec<(String, Text)>,
    pub payload: Payload,
}

/// The body of a request.
#[derive(Debug)]
pub enum Payload {
    None,
    Json(Shape),
    /// Values that are lists or maps are written as JSON inside their field.
    Form(Vec<(String, Shape)>),
    Graphql {
        query: String,
        variables: Shape,
    },
    /// A bare text.
    Text {
        media_type: String,
        text: Text,
    },
}

/// What an unknown outcome leads to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum OnUnknown {
    /// Send it again, with `retry` true.
    Repeat,
    /// Ask this operation whether it happened.
    Lookup(String),
    /// A person decides.
    #[default]
    Park,
}

/// How pages follow each other.
#[derive(Debug)]
pub enum Pages {
    /// `page` counts from 1 until the current one is the last.
    Page { current: Extract, total: Extract },
    /// `page` counts from 1 while the answer says there is more.
    PageWhile { more: Extract },
    /// `offset` counts items by `limit` until `total`, or a page is not full.
    Offset { limit: u32, total: Option<Extract> },
    /// The answer names the next page's URL.
    Next { url: Extract },
    /// The answer gives a `cursor`; `more` says whether there is more.
    Cursor { cursor: Extract, more: Option<Extract> },
}

impl Operation {
    /// Whether every request of it only reads, so that it may always be repeated.
    pub fn only_reads(&self) -> bool {
        self.steps.iter().all(|step| step.request.method.reads())
    }

    /// Whether it is about one attempt: it reads what our ledger says of it, or its success changes it.
    pub fn about_attempt(&self) -> bool {
        let ours = |name: &String| ["ids.", "test.", "assessment."].iter().any(|group| name.starts_with(group));
        self.emits.is_some() || self.reads.iter().any(ours) || self.reads.contains("callback_url")
    }

    /// The names that its answers give.
    pub fn captures(&self) -> impl Iterator<Item = (&str, &Take)> {
        self.steps.iter().flat_map(|step| step.take.iter().map(|(name, take)| (name.as_str(), take)))
    }
}
