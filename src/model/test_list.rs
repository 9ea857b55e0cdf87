//! The tests that a vendor offers: shared, since facts are copied often and lists of tests are long, and found by id or title at once.

use super::index::Index;
use super::{TestEntry, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// Tests in the vendor's order. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct TestList(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    tests: Vec<TestEntry>,
    /// By id and by title. Made when first asked, once for all copies.
    by_id: OnceLock<Index>,
    by_title: OnceLock<Index>,
}

impl TestList {
    /// The test of this id.
    pub fn by_id(&self, id: &str) -> Option<&TestEntry> {
        let mut found = self.index("id")?.find(&Value::text(id)).into_iter().filter_map(|at| self.get(at));
        found.find(|test| test.id == id)
    }

    /// The first test of this title.
    pub fn by_title(&self, title: &str, ignore_case: bool) -> Option<&TestEntry> {
        let title = Value::text(title);
        let mut found = self.index("title")?.find(&title).into_iter().filter_map(|at| self.get(at));
        found.find(|test| Value::text(&test.title).same(&title, ignore_case))
    }

    /// The index over a field, if it has one.
    pub fn index(&self, field: &str) -> Option<&Index> {
        let (index, of): (_, fn(&TestEntry) -> &str) = match field {
            "id" => (&self.0.by_id, |test| &test.id),
            "title" | "name" => (&self.0.by_title, |test| &test.title),
            _ => return None,
        };
        Some(index.get_or_init(|| {
            let values: Vec<Value> = self.iter().map(|test| Value::text(of(test))).collect();
            Index::over(values.iter().map(Some)).unwrap_or_default()
        }))
    }
}

impl Deref for TestList {
    type Target = [TestEntry];

    fn deref(&self) -> &[TestEntry] {
        &self.0.tests
    }
}

impl From<Vec<TestEntry>> for TestList {
    fn from(tests: Vec<TestEntry>) -> Self {
        Self(Arc::new(Inner { tests, ..Inner::default() }))
    }
}

impl PartialEq for TestList {
    fn eq(&self, other: &Self) -> bool {
        self.0.tests == other.0.tests
    }
}

impl Serialize for TestList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.tests.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TestList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}
