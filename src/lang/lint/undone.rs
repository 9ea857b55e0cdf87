//! Effects of one rule that undo each other.

use super::Lint;
use super::view::{Deed, View, plain};
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::yaml::Kind;

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
        "remove_tag" => (text("tag", deed.value), false),
        "set_tag" => (family()?, true),
        "clear_tag" => (family()?, false),
        "add_link" => (text("link", deed.value.get("key")?), true),
        "remove_link" => (text("link", deed.value), false),
        _ => return None,
    })
}

fn check(view: &View<'_>, found: &mut Diagnostics) {
    for rule in view.rules {
        let deeds = view.deeds(rule);
        let mut done: Vec<(String, bool, &Deed<'_>)> = Vec::new();
        for deed in &deeds {
            let Some((thing, there)) = leaves(deed) else { continue };
            if let Some((_, _, first)) = done.iter().find(|(known, was, _)| *known == thing && *was != there) {
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
