//! What a plan must know, and the snapshot it knows when it plans.
//!
//! Facts are a flat map from the vocabulary's names (`opportunity.tags`, `posting.title`) to values, in groups that one read
//! fetches together. A name whose group was read and that is not in the map is *absent*; a name whose group was not read is
//! *unknown*, and the plan asks for the group.

use super::{Assessment, EffectId, PackName, RuleName, TestList, Value, VendorName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Facts that one read fetches together, in the order of the rounds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// `opportunity.*` and `candidate.*`: one GET of the opportunity with its application and contact.
    Opportunity,
    /// `posting.*`: one GET, after the opportunity is known.
    Posting,
    /// Our own ledger rows of this opportunity, of its contact's other opportunities, and the firing counters.
    Ledger,
    /// The tests a vendor offers.
    Tests(VendorName),
}

/// The groups that a plan still has to know.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Needs(pub BTreeSet<Group>);

/// The snapshot known when planning.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// The time of planning. The planner has no clock of its own.
    pub now: Timestamp,
    /// The groups that were read.
    pub known: BTreeSet<Group>,
    /// Every value that is present.
    pub values: BTreeMap<String, Value>,
    /// Ledger rows of this opportunity, newest attempt last, and live rows of its contact's other opportunities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ledger: Vec<Assessment>,
    /// Tests by vendor.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tests: BTreeMap<VendorName, TestList>,
    /// The unmatched stage move of our own that explains this stage change, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_move: Option<EffectId>,
    /// How often each rule fired on this opportunity within the last hour.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub firings: Vec<(PackName, RuleName, u32)>,
}

impl Facts {
    /// Facts of which nothing is known but the time.
    pub fn at(now: Timestamp) -> Self {
        Self { now, ..Self::default() }
    }

    /// Adds one value. The caller marks its group as known.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.values.insert(name.to_owned(), value.into());
    }

    /// The same facts with only the named values: what a run stores. The ledger rows stay, since they are ours.
    pub fn keep(&self, read: &BTreeSet<String>) -> Self {
        let mut kept = self.clone();
        kept.values.retain(|name, _| read.contains(name));
        kept
    }
}
