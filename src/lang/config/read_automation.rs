//! What Lever is said to do by itself. Whether its stages exist is known only with the account's catalogue, and told there.

use super::grammar::{AUTOMATION, SPOT};
use super::read::Reader;
use super::{Automation, Spot, Text};
use crate::lang::diagnostic::Diagnostic;
use crate::lang::yaml::Node;

pub(super) fn automations(reader: &mut Reader, node: &Node) -> Vec<Automation> {
    let items = node.items(&mut reader.found).unwrap_or_default();
    items.iter().filter_map(|item| automation(reader, item)).collect()
}

fn automation(reader: &mut Reader, node: &Node) -> Option<Automation> {
    let (mut when, mut then) = (None, None);
    for (key, value) in AUTOMATION.entries(node, &mut reader.found) {
        let spot = spot(reader, value);
        if key.text == "when" { when = spot } else { then = spot }
    }
    Some(Automation { when: when?, then: then?, span: node.span })
}

fn spot(reader: &mut Reader, node: &Node) -> Option<Spot> {
    let mut all = Vec::new();
    let entries = SPOT.entries(node, &mut reader.found);
    for (key, value) in &entries {
        let Some(text) = value.as_text(&mut reader.found) else { continue };
        let text = Text { text: text.trim().to_owned(), span: value.span };
        all.push(if key.text == "stage" { Spot::Stage(text) } else { Spot::Tag(text) });
    }
    match (all.len(), entries.as_slice()) {
        (1, _) => all.pop(),
        (_, [_, (second, _), ..]) => {
            let fault = Diagnostic::error("stage-or-tag", second.span, "this is about a stage or about a tag, not both");
            reader.found.push(fault.help("write two automations, or keep one of the keys"));
            None
        }
        (_, []) if matches!(node.kind, crate::lang::yaml::Kind::Map(_)) => {
            let fault = Diagnostic::error("stage-or-tag", node.span, "this says neither a stage nor a tag");
            reader.found.push(fault.help("write `{ stage: NAME }` or `{ tag: TEXT }`"));
            None
        }
        _ => None,
    }
}
