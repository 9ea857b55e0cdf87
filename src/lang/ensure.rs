//! The tags that a pack wants Lever to know: those of its families that can be written down now.

use super::rule::Pack;
use super::template::Lookup;
use crate::model::{TestEntry, Value};
use std::collections::BTreeSet;

/// The tags of the families under `ensure`: members without holes; of families that name the assessment, those of each test.
pub fn tags(pack: &Pack, tests: &[TestEntry]) -> Vec<String> {
    let mut tags = BTreeSet::new();
    for family in pack.ensure.tags.iter().filter_map(|name| pack.families.get(name)) {
        let instances: Vec<Option<&TestEntry>> =
            if family.per_assessment { tests.iter().map(Some).collect() } else { vec![None] };
        for test in instances {
            let rendered = family.members.iter().filter_map(|member| member.render(&First(test)).ok());
            tags.extend(rendered.filter_map(|member| member.as_literal().map(str::to_owned)));
        }
    }
    tags.retain(|tag| !tag.trim().is_empty());
    tags.into_iter().collect()
}

/// The values of a first attempt at a test.
struct First<'a>(Option<&'a TestEntry>);

impl Lookup for First<'_> {
    fn value(&self, path: &str) -> Option<Value> {
        let test = self.0?;
        match path {
            "assessment.title" | "assessment.test.name" | "assessment.test.title" => Some(Value::text(&test.title)),
            "assessment.test" => Some(test.value()),
            "assessment.test.id" => Some(Value::text(&test.id)),
            "assessment.attempt" => Some(Value::Int(1)),
            _ => None,
        }
    }
}
