//! Questions and their answers: what `answer` is, is known from the rows that the question offers.
//!
//! A rule may listen to the answer of a question that a later rule asks, so the questions are found before the rules are checked.

use super::check::Check;
use super::rule::{Subject, Taken};
use super::shapes::ANSWERED;
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::rule::{Spec, Trigger};
use crate::lang::scope::{Declared, Scope, Shape};
use crate::lang::source::Span;
use crate::lang::yaml::{Kind, Node};
use crate::model::EventKind;

/// Finds every question of these rules; their faults are told later.
pub(super) fn find(declared: &mut Declared, rules: &[(String, &Node)]) {
    let asking: Vec<_> = rules.iter().filter(|(_, rule)| asks(rule)).collect();
    // What is asked after an answer has its rows known only once that answer is.
    for _ in 0..=asking.len() {
        let (mut found, mut mentions) = (Diagnostics::new(), Vec::new());
        let mut check = Check::new(declared, &mut found, &mut mentions);
        let mut taken = Taken::default();
        for (route, rule) in &asking {
            check.rule(rule, route, &mut taken);
        }
        let asked = check.asked;
        let before = declared.asks.len();
        declared.asks.extend(asked.into_iter().map(|(key, (_, shape))| (key, shape)));
        if declared.asks.len() == before {
            return;
        }
        declared.forget();
    }
}

/// Whether some action under this node asks.
fn asks(node: &Node) -> bool {
    match &node.kind {
        Kind::Map(entries) => entries.iter().any(|(key, value)| key.text == "ask" || asks(value)),
        Kind::Seq(items) => items.iter().any(asks),
        Kind::Scalar { .. } | Kind::Faulty => false,
    }
}

impl Check<'_, '_> {
    /// The rows to choose from.
    pub(crate) fn choice(&mut self, scope: &mut Scope<'_>, node: &Node, route: &str) -> Option<(Spec, Shape)> {
        let subject = Subject::of(&scope.known.kinds, self.declared.adapter.as_deref());
        let rows = self.aside(|check| check.rows(scope, node, route, &subject))?;
        // What was chosen is a value: nothing is done about the row of the ledger that it was.
        Some((rows.spec, Shape { attempt: false, optional: false, ..rows.shape }))
    }

    /// Notes a question. One that is asked in several places offers the same kind of rows in all of them.
    pub(crate) fn asks(&mut self, key: &str, span: Span, shape: Shape) -> Option<()> {
        if let Some((first, known)) = self.asked.get(key)
            && known.ty != shape.ty
        {
            let message = format!("`{key}` is asked elsewhere with {}, here with {}", rows(known), rows(&shape));
            let fault = Diagnostic::error("other-rows", span, message).also(*first, "there");
            self.found.push(fault.help("give each question a key of its own: rules that listen must know what was chosen"));
            return None;
        }
        self.asked.entry(key.to_owned()).or_insert((span, shape));
        Some(())
    }

    /// `{ answered: KEY }`.
    pub(super) fn answered(&mut self, node: &Node, key: &Node) -> Option<(Trigger, EventKind)> {
        ANSWERED.entries(node, self.found);
        let name = key.as_text(self.found)?;
        if !self.declared.asks.contains_key(name) {
            let known: Vec<&str> = self.declared.asks.keys().map(String::as_str).collect();
            let fault = Diagnostic::error("unknown-question", key.span, format!("no rule asks `{name}`"));
            let fault = fault.suggest_near(key.span, name, known.iter().copied());
            let listed = known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            self.found.push(match known.as_slice() {
                [] => fault.help(format!("ask it in some rule: `do: [ {{ ask: {{ key: {name}, … }} }} ]`")),
                _ => fault.help(format!("the questions of this pack are {listed}")),
            });
            return None;
        }
        let kind = EventKind::Answered(name.to_owned());
        Some((Trigger::Event(kind.clone()), kind))
    }

    /// What `answer` is under these triggers, if all of them are answers of one kind.
    pub(super) fn answer(&self, triggers: &[Trigger]) -> Option<Shape> {
        let mut shapes = triggers.iter().map(|trigger| match trigger {
            Trigger::Event(EventKind::Answered(key)) => self.declared.asks.get(key),
            _ => None,
        });
        let first = shapes.next()??;
        shapes.all(|other| other.is_some_and(|other| other.ty == first.ty)).then(|| first.clone())
    }
}

fn rows(shape: &Shape) -> String {
    super::literal::a(&shape.ty.clone().list())
}
