//! What an account and a vendor offer by name: saved by `pull`, pinned by id.

use super::{FormTemplate, Kind, Named, Value};
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
    pub form_templates: Vec<FormTemplate>,
    pub feedback_templates: Vec<FormTemplate>,
    /// Tests by vendor name.
    pub tests: BTreeMap<String, Vec<TestEntry>>,
    /// By id, the names that things had when they were pulled before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub formerly: BTreeMap<String, Vec<String>>,
}

impl AccountCatalogue {
    /// The kinds of things that Lever has; tests are the vendors'.
    pub const KINDS: [Kind; 6] =
        [Kind::Stage, Kind::Posting, Kind::User, Kind::ArchiveReason, Kind::FormTemplate, Kind::FeedbackTemplate];

    /// The thing of this kind that `text` names, by name or by id. Assessments are looked up among the tests of `vendor`.
    pub fn find(&self, kind: Kind, vendor: Option<&str>, text: &str) -> Option<Named> {
        let mut found = self.all(kind, vendor).into_iter().filter(|named| named.name == text || named.id == text);
        found.next()
    }

    /// The thing of this kind that was called `text` when it was pulled before, if it is the only one.
    pub fn renamed(&self, kind: Kind, vendor: Option<&str>, text: &str) -> Option<Named> {
        let was =
            |named: &Named| self.formerly.get(&named.id).is_some_and(|names| names.iter().any(|name| name.trim() == text));
        let mut found = self.all(kind, vendor).into_iter().filter(was);
        found.next().filter(|_| found.next().is_none())
    }

    /// The template of this kind with this id.
    pub fn template(&self, kind: Kind, id: &str) -> Option<&FormTemplate> {
        let templates = match kind {
            Kind::FormTemplate => &self.form_templates,
            Kind::FeedbackTemplate => &self.feedback_templates,
            _ => return None,
        };
        templates.iter().find(|template| template.id == id)
    }

    /// Takes over from an earlier catalogue of the account what things were called then.
    pub fn remember(&mut self, earlier: &Self) {
        let named = |catalogue: &Self| -> Vec<Named> {
            let tests = catalogue.tests.keys().flat_map(|vendor| catalogue.all(Kind::Assessment, Some(vendor)));
            Self::KINDS.iter().flat_map(|kind| catalogue.all(*kind, None)).chain(tests).collect()
        };
        let before: BTreeMap<(Kind, String), String> =
            named(earlier).into_iter().map(|named| ((named.kind, named.id), named.name)).collect();
        self.formerly.clear();
        for now in named(self) {
            let mut names = earlier.formerly.get(&now.id).cloned().unwrap_or_default();
            names.extend(before.get(&(now.kind, now.id.clone())).filter(|name| **name != now.name).cloned());
            // What it is called again is no former name.
            names.retain(|name| *name != now.name);
            names.dedup();
            if !names.is_empty() {
                self.formerly.insert(now.id, names);
            }
        }
    }

    /// Everything of this kind.
    pub fn all(&self, kind: Kind, vendor: Option<&str>) -> Vec<Named> {
        let named = |id: &str, name: &str| Named { kind, id: id.to_owned(), name: name.to_owned() };
        let pins = |pins: &[Pinned]| pins.iter().map(|pin| named(&pin.id, &pin.name)).collect();
        let forms = |forms: &[FormTemplate]| forms.iter().map(|form| named(&form.id, &form.name)).collect();
        match kind {
            Kind::Stage => pins(&self.stages),
            Kind::ArchiveReason => pins(&self.archive_reasons),
            Kind::FormTemplate => forms(&self.form_templates),
            Kind::FeedbackTemplate => forms(&self.feedback_templates),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn pulled(stages: &[(&str, &str)]) -> AccountCatalogue {
        let stages = stages.iter().map(|(id, name)| Pinned { id: (*id).into(), name: (*name).into() }).collect();
        AccountCatalogue { stages, ..AccountCatalogue::default() }
    }

    #[test]
    fn a_former_name_is_kept_until_it_is_the_name_again() {
        let first = pulled(&[("s1", "Assessment"), ("s2", "Interview")]);
        let mut second = pulled(&[("s1", "Test"), ("s2", "Interview")]);
        second.remember(&first);
        let mut third = pulled(&[("s1", "Exam"), ("s2", "Interview")]);
        third.remember(&second);
        assert_eq!(third.formerly, BTreeMap::from([("s1".to_owned(), vec!["Assessment".to_owned(), "Test".to_owned()])]));
        assert_eq!(third.renamed(Kind::Stage, None, "Test").map(|named| named.id), Some("s1".into()));
        assert_eq!(third.renamed(Kind::Stage, None, "Interview"), None);
        let mut fourth = pulled(&[("s1", "Assessment")]);
        fourth.remember(&third);
        assert_eq!(fourth.formerly.get("s1"), Some(&vec!["Test".to_owned(), "Exam".to_owned()]));
    }
}
