//! `vendor.yaml` compiled: how to speak to one vendor, as data. `vendor/` interprets it; no vendor's name appears in Rust.

use crate::model::{AssessmentEvent, Field, VendorName};
use std::collections::BTreeMap;

/// A vendor's adapter.
#[derive(Debug)]
pub struct Adapter {
    pub name: VendorName,
    /// The vendor's name for people.
    pub title: String,
    /// Per emitted event, each `result.*` field with its type: the typed border. Rules may listen to these events only, besides those
    /// that leverd makes itself (`invited`, `invite_failed`, `expired` by timer, `opted_out`, `cancelled` by `mark` …).
    pub events: BTreeMap<AssessmentEvent, BTreeMap<String, Field>>,
    pub operations: BTreeMap<String, Operation>,
}

/// One declared operation: `catalogue`, `invite`, `result` …
#[derive(Debug)]
pub struct Operation {
    /// The vocabulary's names that the request templates read (`candidate.email`), so that a plan can ask for them.
    pub inputs: Vec<String>,
    /// The names that the action's `with` may give, with their types.
    pub with: BTreeMap<String, Field>,
}

impl Adapter {
    /// The `result.*` fields that an event carries; `None` if this vendor never emits it.
    pub fn event(&self, event: AssessmentEvent) -> Option<&BTreeMap<String, Field>> {
        self.events.get(&event)
    }
}

/// Reads `vendor.yaml`.
pub fn parse(node: &super::yaml::Node, diagnostics: &mut super::diagnostic::Diagnostics) -> Option<Adapter> {
    let name = node.required("vendor", "vendor.yaml", diagnostics)?.as_text(diagnostics)?;
    Some(Adapter { name: name.into(), title: name.to_owned(), events: BTreeMap::new(), operations: BTreeMap::new() })
}
