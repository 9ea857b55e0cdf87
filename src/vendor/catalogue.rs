//! The tests that a vendor offers, of the items that `catalogue` lists.

use super::listing::Item;
use super::request;
use crate::model::{Code, Reason, TestEntry, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The tests, in the vendor's order, each id once. A test that cannot be read spoils the list: rules would miss it in silence.
pub fn tests(items: Vec<Item>) -> Result<Vec<TestEntry>, Reason> {
    let (mut tests, mut ids) = (Vec::new(), BTreeSet::new());
    for item in items {
        let test = test(item?)?;
        if ids.insert(test.id.clone()) {
            tests.push(test);
        }
    }
    Ok(tests)
}

/// One test: `id` and `title` are required, everything else is a field of it.
fn test(mut captures: BTreeMap<String, Value>) -> Result<TestEntry, Reason> {
    let mut take = |name: &str| captures.remove(name).as_ref().and_then(request::plain);
    let (id, title) = (take("id"), take("title"));
    match (id, title) {
        (Some(id), Some(title)) => Ok(TestEntry { id, title, fields: captures }),
        (None, _) => Err(Reason::new(Code::R5, "a test of the catalogue has no `id`")),
        (_, None) => Err(Reason::new(Code::R5, "a test of the catalogue has no `title`")),
    }
}
