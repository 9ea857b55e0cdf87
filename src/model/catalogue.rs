//! What an account and a vendor offer by name: saved by `pull`, pinned by id.

use super::{Kind, Named, Value};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An id and the name it had when pulled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    pub id: String,
    pub name: String,
}

/// One stage, in pipeline order.
pub type StageEntry = Pinned;

/// One posting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostingEntry {
    pub id: String,
    pub title: String,
    pub state: String,
}

/// One active user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserEntry {
    pub id: String,
    pub name: String,
    /// Lever's access role, e.g. `super admin`.
    pub role: Option<String>,
}

/// One test that a vendor offers and that may be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestEntry {
    pub id: String,
    pub title: String,
    /// Further fields that the adapter takes from the vendor's catalogue.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Value>,
}

impl TestEntry {
    /// The test as a value.
    pub fn value(&self) -> Value {
        Value::named(Kind::Assessment, &self.id, &self.title)
    }
}

/// The account's catalogue with its age: the answer of `pull`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AccountCatalogue {
    pub pulled_at: Timestamp,
    /// In pipeline order.
    pub stages: Vec<StageEntry>,
    pub tags: Vec<String>,
    pub postings: Vec<PostingEntry>,
    pub users: Vec<UserEntry>,
    pub archive_reasons: Vec<Pinned>,
    pub form_templates: Vec<Pinned>,
    pub feedback_templates: Vec<Pinned>,
    /// Tests by vendor name.
    pub tests: BTreeMap<String, Vec<TestEntry>>,
}

impl AccountCatalogue {
    /// The thing of this kind that `text` names, by name or by id. Assessments are looked up among the tests of `vendor`.
    pub fn find(&self, kind: Kind, vendor: Option<&str>, text: &str) -> Option<Named> {
        let mut found = self.all(kind, vendor).into_iter().filter(|named| named.name == text || named.id == text);
        found.next()
    }

    /// Everything of this kind.
    pub fn all(&self, kind: Kind, vendor: Option<&str>) -> Vec<Named> {
        let named = |id: &str, name: &str| Named { kind, id: id.to_owned(), name: name.to_owned() };
        let pins = |pins: &[Pinned]| pins.iter().map(|pin| named(&pin.id, &pin.name)).collect();
        match kind {
            Kind::Stage => pins(&self.stages),
            Kind::ArchiveReason => pins(&self.archive_reasons),
            Kind::FormTemplate => pins(&self.form_templates),
            Kind::FeedbackTemplate => pins(&self.feedback_templates),
            Kind::Posting => self.postings.iter().map(|posting| named(&posting.id, &posting.title)).collect(),
            Kind::User => self.users.iter().map(|user| named(&user.id, &user.name)).collect(),
            Kind::Assessment => {
                let tests = vendor.and_then(|vendor| self.tests.get(vendor));
                tests.into_iter().flatten().map(|test| named(&test.id, &test.title)).collect()
            }
        }
    }

    /// Where a stage stands in the pipeline.
    pub fn rank(&self, stage: &str) -> Option<usize> {
        self.stages.iter().position(|entry| entry.id == stage)
    }
}
