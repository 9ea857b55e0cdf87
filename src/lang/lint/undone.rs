//! Effects of one rule that undo each other.

use super::Lint;
use super::view::{Deed, View, plain};
use crate::lang::compile::{member_fits, normal};
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::rule::PatternText;
use crate::lang::yaml::{Kind, Node};

pub(super) static LINT: Lint = Lint {
    entry: (
        "undone",
        "One rule does a thing and takes it back. What is written and removed in one go leaves nothing, and which of the two remains \
         is decided by the order alone.",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    do: [{ add_tag: Seen }, { remove_tag: Seen }]\n",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    do: [{ add_tag: Seen }, { remove_tag: New }]\n",
    ),
    check,
};

/// What a deed puts there or takes away: the thing, and whether it is there afterwards.
fn leaves(deed: &Deed<'_>) -> Option<(String, bool)> {
    let text = |what: &str, node| {
        let mut text = format!("{what} ");
        plain(node, &[], &mut text);
        text
    };
    let family = || match &deed.value.kind {
        Kind::Map(entries) => entries.first().map(|(key, _)| format!("family \"{}\"", key.text)),
        _ => Some(text("family", deed.value)),
    };
    Some(match deed.verb {
        "add_tag" => (text("tag", deed.value), true),
        "rename_tag" => (text("tag", deed.value.get("to")?), true),
        "remove_tag" => (text("tag", deed.value), false),
        "set_tag" => (family()?, true),
        "clear_tag" => (family()?, false),
        "add_link" => (text("link", deed.value.get("key")?), true),
        "remove_link" => (text("link", deed.value), false),
        _ => return None,
    })
}

/// Whether the pattern of one deed reads the tag that the other put before, both as written. The other way round is no fault: the
/// new tag takes the place of all that the pattern reads.
fn reads(remove: &Deed<'_>, add: &Deed<'_>) -> bool {
    let tag = match add.verb {
        "add_tag" => Some(add.value),
        "rename_tag" => add.value.get("to"),
        _ => None,
    };
    let (Some(tag), "remove_tag", Some(pattern)) = (tag.and_then(Node::scalar), remove.verb, remove.value.scalar()) else {
        return false;
    };
    let place = |_: std::ops::Range<usize>| remove.span;
    let pattern = PatternText::parse_text(pattern, &place, &mut Diagnostics::new());
    pattern.is_some_and(|pattern| pattern.holes().next().is_some() && member_fits(&pattern, &normal(tag)))
}

fn check(view: &View<'_>, found: &mut Diagnostics) {
    for rule in view.rules {
        let deeds = view.deeds(rule);
        let mut done: Vec<(String, bool, &Deed<'_>)> = Vec::new();
        for deed in &deeds {
            let Some((thing, there)) = leaves(deed) else { continue };
            let takes_back =
                |(known, was, first): &&(String, bool, &Deed<'_>)| *was != there && (*known == thing || reads(deed, first));
            if let Some((_, _, first)) = done.iter().find(takes_back) {
                let message = format!("`{}` takes back what `{}` of the same rule does", deed.verb, first.verb);
                found.push(
                    Diagnostic::warning("undone", deed.span, message)
                        .also(first.span, "done here")
                        .route(format!("{}.do", rule.route))
                        .help("leave out one of them; what shall follow later is a rule of its own, with a trigger such as `{ after: 7d, of: … }`"),
                );
            }
            done.push((thing, there, deed));
        }
    }
}
