//! `add_note`: a note on the opportunity; under a `key` it replaces what stood there.

use super::registry::{Needs, Verb};
use super::{Action, Draft, Stop, keyed};
use crate::lang::compile::check::Check;
use crate::lang::scope::Scope;
use crate::lang::shape::{KeyShape, Shape, Ty};
use crate::lang::template::Template;
use crate::lang::yaml::{Kind, Node};
use crate::model::{Act, Said, Slot};
use std::sync::Arc;

pub(super) static VERB: Verb = Verb {
    name: "add_note",
    doc: "Adds a note. With a `key` it replaces the note that stood under the same key.",
    shape: Ty::Either(&[Ty::Text, Ty::Map(&SHAPE)]),
    needs: Needs::Opportunity,
    good: "add_note: { key: result, text: \"{{assessment.title}}: {{round result.percent}} %\" }",
    bad: ("maybe-absent", "add_note: \"See {{result.report_url}}\""),
    parse,
};

static SHAPE: Shape = Shape {
    what: "`add_note`",
    keys: &[
        KeyShape::must("text", Ty::Text, "the note"),
        KeyShape::may("key", Ty::Text, "a note under the same key is replaced"),
        KeyShape::may("secret", Ty::Bool, "whether only people with access to secret notes see it"),
        KeyShape::may("notify", Ty::Bool, "whether Lever tells the followers"),
    ],
};

#[derive(Debug)]
struct AddNote {
    text: Arc<Template>,
    key: Option<Arc<Template>>,
    secret: bool,
    notify: bool,
}

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, _: &str) -> Option<Arc<dyn Action>> {
    if !matches!(node.kind, Kind::Map(_)) {
        let text = check.full_text(scope, node, "a note")?;
        return Some(Arc::new(AddNote { text, key: None, secret: false, notify: false }));
    }
    let entries = SHAPE.entries(node, check.found);
    let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
    let text = get("text").and_then(|node| check.full_text(scope, node, "a note"));
    let key = get("key").map(|node| check.full_text(scope, node, "a key"));
    let secret = get("secret").map_or(Some(false), |node| node.as_bool(check.found));
    let notify = get("notify").map_or(Some(false), |node| node.as_bool(check.found));
    let key = match key {
        Some(key) => Some(key?),
        None => None,
    };
    Some(Arc::new(AddNote { text: text?, key, secret: secret?, notify: notify? }))
}

impl Action for AddNote {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let text = draft.text(&self.text)?;
        if text.trim().is_empty() {
            draft.say(Said::Skipped { reason: "the note came out empty".to_owned() });
            return Ok(());
        }
        let key = match &self.key {
            Some(key) => Some(keyed(draft, key)?),
            None => None,
        };
        let created_at = draft.now();
        let name = key.as_ref().map(|key| key.key.clone());
        let act = Act::Note { text, secret: self.secret, notify: self.notify, key: name, created_at };
        draft.effect(key.map(Slot::Note), &self.identity(), act);
        Ok(())
    }

    fn identity(&self) -> String {
        match &self.key {
            Some(key) => format!("key {}", key.source()),
            None => self.text.source().to_owned(),
        }
    }
}
