//! `ask`: a question to a person. A note with a link to a page of ours where one of the rows is chosen, once.
//!
//! The verb makes the note itself rather than handing a URL to other texts: whoever has the link may answer, so it is made when the
//! note is sent and stands in no plan, no dry run, no trace and no store.

use super::registry::{Needs, Verb};
use super::{Action, Draft, Stop, Touch};
use crate::lang::compile::check::{Check, is_name};
use crate::lang::diagnostic::Diagnostic;
use crate::lang::rule::{Operand, Spec};
use crate::lang::scope::Scope;
use crate::lang::shape::{KeyShape, Names, Shape, Ty};
use crate::lang::template::Template;
use crate::lang::yaml::Node;
use crate::model::{Act, Ask, Said, Slot, Type, Value};
use jiff::SignedDuration;
use std::sync::Arc;

/// A link is not good for longer: that it was used is known for as long as deliveries are kept, which is 15 days at least.
const LONGEST: SignedDuration = SignedDuration::from_hours(14 * 24);
/// The most choices that a page offers.
const MOST: usize = 100;

pub(super) static VERB: Verb = Verb {
    name: "ask",
    doc: "Asks people: a note on the opportunity with a link to a page where one of the rows is chosen, once. The answer is the trigger \
          `{ answered: KEY }`.",
    shape: Ty::Map(&SHAPE),
    needs: Needs::Opportunity,
    good: "ask: { key: which, title: \"Which test next?\", choose: { in: catalogue }, expires: 7d }",
    bad: ("missing-key", "ask: { key: which, choose: { in: catalogue }, expires: 7d }"),
    parse,
};

static SHAPE: Shape = Shape {
    what: "`ask`",
    keys: &[
        KeyShape::must("key", Ty::Text, "its name: rules listen to `{ answered: KEY }`"),
        KeyShape::must("title", Ty::Text, "the question"),
        KeyShape::must("choose", Ty::Ref("spec"), "the rows to choose from"),
        KeyShape::must(
            "expires",
            Ty::Of(Names::Length),
            "how long it can be answered, 14 days at most: `7d`, or a setting as `$name`",
        ),
        KeyShape::may("secret", Ty::Bool, "whether only people with access to secret notes see the note"),
    ],
};

#[derive(Debug)]
struct AskThem {
    key: String,
    title: Arc<Template>,
    choose: Spec,
    expires: Operand,
    secret: bool,
}

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, route: &str) -> Option<Arc<dyn Action>> {
    let entries = SHAPE.entries(node, check.found);
    let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
    let key = get("key").and_then(|node| key(check, node));
    let title = get("title").and_then(|node| check.full_text(scope, node, "a question"));
    let choose = get("choose").and_then(|choose| {
        if let Some((other, _)) = choose.entry("else") {
            check.error(
                "no-else",
                other.span,
                "without a row nothing is asked, so `choose` has no `else`",
                "look the rows up with `find` first, and say under `require` what to do without any",
            );
            return None;
        }
        check.choice(scope, choose, &format!("{route}.choose"))
    });
    let expires = get("expires").and_then(|node| {
        let operand = check.needed(scope, node, &Type::Duration, &format!("{route}.expires"))?;
        match &operand {
            Operand::Literal(Value::Duration { duration }) if *duration > LONGEST || duration.is_zero() => {
                let message = "a question is open for some time, and for 14 days at most";
                check.error("wrong-type", node.span, message, "write a length such as `7d`");
                None
            }
            _ => Some(operand),
        }
    });
    let secret = get("secret").map_or(Some(false), |node| node.as_bool(check.found));
    let ((key, span), (choose, shape)) = (key?, choose?);
    check.asks(&key, span, shape)?;
    Some(Arc::new(AskThem { key, title: title?, choose, expires: expires?, secret: secret? }))
}

fn key(check: &mut Check<'_, '_>, node: &Node) -> Option<(String, crate::lang::source::Span)> {
    let text = node.as_text(check.found)?;
    if is_name(text) {
        return Some((text.to_owned(), node.span));
    }
    check.found.push(
        Diagnostic::error("not-a-name", node.span, format!("`{text}` is no name for a question"))
            .help("write lower-case letters, digits and `_`, beginning with a letter: rules listen to it by this name"),
    );
    None
}

impl Action for AskThem {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let title = draft.text(&self.title)?;
        let Some(Value::Duration { duration }) = draft.value(&self.expires)? else {
            draft.say(Said::Skipped { reason: "no time is set until which it can be answered".to_owned() });
            return Ok(());
        };
        let choices = draft.choices(&self.choose)?;
        if choices.is_empty() {
            // Why there is no row has been said.
            return Ok(());
        }
        if choices.len() > MOST {
            let reason = format!("{} rows to choose from; a page offers {MOST} at most", choices.len());
            draft.say(Said::Skipped { reason });
            return Ok(());
        }
        let (now, duration) = (draft.now(), duration.clamp(SignedDuration::from_mins(1), LONGEST));
        let expires = now.checked_add(duration).unwrap_or(now);
        let key = self.key.clone();
        let act = Ask { key: key.clone(), title, choices, expires, secret: self.secret, created_at: now };
        draft.effect(Some(Slot::Ask(format!("{key}{}", draft.item()))), &self.identity(), Act::Ask(act));
        Ok(())
    }

    fn identity(&self) -> String {
        self.key.clone()
    }

    fn touch(&self) -> Touch<'_> {
        Touch::Ask { key: &self.key }
    }
}
