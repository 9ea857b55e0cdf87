//! `call`: any other operation that `vendor.yaml` declares: remind, extend, cancel, report an outcome, erase.
//!
//! What its success means for the attempt stands in `vendor.yaml` (`emits`), since it is the same for every rule. Rules hear of it by
//! `{ done: OPERATION }` and `{ failed: OPERATION }`.

use super::registry::{Needs, Verb};
use super::with::{given, with};
use super::{Action, Draft, Stop, Touch};
use crate::lang::compile::check::Check;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::rule::Operand;
use crate::lang::scope::Scope;
use crate::lang::shape::{KeyShape, Names, Shape, Ty};
use crate::lang::yaml::Node;
use crate::model::{Act, Call, Said, Slot};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) static VERB: Verb = Verb {
    name: "call",
    doc: "Carries out an operation that vendor.yaml declares, about the attempt that the event is about, or about a row of the ledger \
          (`for`).",
    shape: Ty::Map(&SHAPE),
    needs: Needs::Lane,
    good: "call: { operation: remind, with: { message: \"Your test expires soon\" } }",
    bad: ("no-operation", "call: { operation: remnid }"),
    parse,
};

static SHAPE: Shape = Shape {
    what: "`call`",
    keys: &[
        KeyShape::must("operation", Ty::Of(Names::Call), "the operation, as vendor.yaml names it"),
        KeyShape::may(
            "for",
            Ty::Of(Names::Row),
            "a variable of `for_each` or `find` over the ledger; the event's attempt unless given",
        ),
        KeyShape::may("with", Ty::By(Names::Input, &Ty::Any), "what the operation takes besides, by the names of vendor.yaml"),
    ],
};

#[derive(Debug)]
struct CallIt {
    operation: String,
    /// The variable that the attempt stands in.
    row: Option<String>,
    with: BTreeMap<String, Operand>,
}

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, route: &str) -> Option<Arc<dyn Action>> {
    let entries = SHAPE.entries(node, check.found);
    let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
    let named = get("operation")?;
    let operation = check.operation(named)?;
    let row = get("for").map(|node| check.ledger_row(scope, node));
    let with = with(check, scope, &operation, (node, get("with")), &format!("{route}.with"));
    let about = check.declared.adapter.as_deref().and_then(|adapter| adapter.operations.get(&operation));
    if about.is_some_and(crate::lang::adapter::Operation::about_attempt) && row.is_none() && !scope.has_assessment() {
        check.found.push(
            Diagnostic::error("no-assessment", named.span, format!("`{operation}` is about an attempt, and none is known here")).help(
                "name one with `for: $row`, a row of `for_each: { row: { in: ledger } }`, or use a trigger such as `assessment.invited`",
            ),
        );
        return None;
    }
    let row = row.map_or(Some(None), |row| row.map(Some))?;
    Some(Arc::new(CallIt { operation, row, with: with? }))
}

impl Action for CallIt {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let attempt = match &self.row {
            Some(variable) => draft.row(variable),
            None => draft.assessment()?,
        };
        let adapter = draft.pack().vendor.clone();
        let Some(operation) = adapter.as_deref().and_then(|adapter| adapter.operations.get(&self.operation)) else {
            return Ok(());
        };
        if attempt.is_none() && (operation.about_attempt() || self.row.is_some()) {
            draft.say(Said::Skipped { reason: "the attempt is not in the ledger".to_owned() });
            return Ok(());
        }
        let Some(vendor) = draft.pack().vendor_name().cloned() else { return Ok(()) };
        let inputs = given(draft, &operation.inputs, &self.with)?;
        let assessment = attempt.map(|row| row.id);
        let key = assessment.map(|id| id.to_string()).unwrap_or_default();
        let slot = Slot::Call { operation: self.operation.clone(), key };
        let act = Call { vendor, operation: self.operation.clone(), assessment, inputs };
        draft.effect(Some(slot), &self.identity(), Act::Call(act));
        Ok(())
    }

    fn identity(&self) -> String {
        match &self.row {
            Some(row) => format!("{} for {row}", self.operation),
            None => self.operation.clone(),
        }
    }

    fn touch(&self) -> Touch<'_> {
        Touch::Call { operation: &self.operation }
    }
}
