//! `with`: what a rule gives an operation of the vendor beside what leverd knows.

use super::{Draft, Stop};
use crate::lang::compile::check::Check;
use crate::lang::compile::literal::a;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::rule::Operand;
use crate::lang::scope::Scope;
use crate::lang::yaml::Node;
use crate::model::Value;
use std::collections::BTreeMap;

/// What `with` gives an operation: known names with the types that the adapter declares, and all that it needs. `whole` is the action,
/// `node` what stands under `with`.
pub(super) fn with(
    check: &mut Check<'_, '_>,
    scope: &Scope<'_>,
    operation: &str,
    (whole, node): (&Node, Option<&Node>),
    route: &str,
) -> Option<BTreeMap<String, Operand>> {
    let adapter = check.declared.adapter.clone();
    let Some(adapter) = adapter else { return Some(BTreeMap::new()) };
    let Some(declared) = adapter.operations.get(operation).map(|operation| &operation.with) else {
        return Some(BTreeMap::new());
    };
    let (mut given, mut good) = (BTreeMap::new(), true);
    if let Some(node) = node {
        let names: Vec<&str> = declared.keys().map(String::as_str).collect();
        for (key, value) in node.known_entries("`with`: vendor.yaml declares what it takes", &names, check.found)? {
            let Some(field) = declared.get(&key.text) else {
                good = false;
                continue;
            };
            match check.value_or_text(scope, value, &field.ty, &format!("{route}.{}", key.text)) {
                Some(operand) => {
                    given.insert(key.text.clone(), operand);
                }
                None => good = false,
            }
        }
    }
    for (name, field) in declared {
        let named = node.is_some_and(|node| node.get(name).is_some());
        if !field.optional && !named {
            let span = node.map_or(whole.span, |node| node.span);
            check.found.push(
                Diagnostic::error("missing-key", span, format!("`{operation}` of `{}` needs `{name}`", adapter.name))
                    .help(format!("add `with: {{ {name}: … }}`, which is {}", a(&field.ty))),
            );
            good = false;
        }
    }
    good.then_some(given)
}

/// Every value of `inputs` that is there, under the names that requests read.
pub(super) fn given(
    draft: &mut dyn Draft,
    names: &[String],
    with: &BTreeMap<String, Operand>,
) -> Result<BTreeMap<String, Value>, Stop> {
    let mut inputs = BTreeMap::new();
    for name in names {
        if let Some(value) = draft.fact(name)? {
            inputs.insert(name.clone(), value);
        }
    }
    for (name, operand) in with {
        if let Some(value) = draft.value(operand)? {
            inputs.insert(format!("with.{name}"), value);
        }
    }
    Ok(inputs)
}
