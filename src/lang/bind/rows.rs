//! Rows of tables as an account gives them, and the indexes that comparisons in `where` go by.

use super::Binder;
use crate::lang::compile::literal;
use crate::lang::rule::{Pack, Place, Source, Spec};
use crate::lang::ruleset::SettingValue;
use crate::lang::yaml::Node;
use crate::model::{Field, Index, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

impl Binder<'_, '_> {
    /// One row: each cell read by the type of its column, its names made things with ids.
    pub(super) fn row(&mut self, node: &Node, fields: &BTreeMap<String, Field>) -> Option<Value> {
        let mut local = std::mem::take(self.found);
        let record = literal::row(node, fields, &mut local, |cell, ty, found| {
            std::mem::swap(self.found, found);
            let value = self.value(cell, ty);
            std::mem::swap(self.found, found);
            value
        });
        *self.found = local;
        record.map(|record| Value::Record { record })
    }
}

/// An index for each field of a list or table by which some `where` chooses rows. Lists with overrides are small and have none.
pub(super) fn indexes(
    pack: &Pack,
    settings: &BTreeMap<String, SettingValue>,
) -> HashMap<String, BTreeMap<Option<String>, Index>> {
    let mut wanted: BTreeSet<(&String, &Option<String>)> = BTreeSet::new();
    for rule in &pack.rules {
        for (_, spec) in rule.for_each.iter().chain(&rule.find) {
            compared(spec, &mut wanted);
        }
    }
    let mut indexes: HashMap<String, BTreeMap<Option<String>, Index>> = HashMap::new();
    for (name, field) in wanted {
        let Some(SettingValue { account: Some(Value::List(rows)), per }) = settings.get(name) else { continue };
        if !per.is_empty() {
            continue;
        }
        // A column of a table, or a part of a named thing.
        let part = |row: &Value| field.as_ref().map_or_else(|| Some(row.clone()), |field| row.member(field));
        let parts: Vec<Option<Value>> = rows.iter().map(part).collect();
        let index = Index::over(parts.iter().map(Option::as_ref));
        if let Some(index) = index {
            indexes.entry(name.clone()).or_default().insert(field.clone(), index);
        }
    }
    indexes
}

fn compared<'p>(spec: &'p Spec, wanted: &mut BTreeSet<(&'p String, &'p Option<String>)>) {
    match &spec.source {
        Source::Place(Place::Setting { name, member: None }) => {
            let tests = spec.where_.iter().flat_map(|cond| cond.equalities());
            wanted.extend(tests.map(|(field, _)| (name, field)));
        }
        Source::FirstOf(specs) => specs.iter().for_each(|spec| compared(spec, wanted)),
        Source::Catalogue | Source::Ledger | Source::Place(_) => {}
    }
}
