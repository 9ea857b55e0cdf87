//! A rule that waits for a state of a tag family which no rule brings about.
//!
//! People may put tags by hand: so it is told only of families that the rules keep themselves, and never of a member that others go on
//! from (`Java`, where `Java - Invited` is another), which is how people ask for something.

use super::Lint;
use super::view::View;
use crate::lang::action::Touch;
use crate::lang::compile::normal;
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::flow::weigh;
use crate::lang::rule::{Cond, Matcher, Operand, Place, Rule};
use crate::lang::template::Template;
use crate::lang::yaml::{Kind, Node};
use crate::model::Value;

pub(super) static LINT: Lint = Lint {
    entry: (
        "never-entered",
        "A rule asks for a tag of a family whose other tags the rules set, and none of them ever sets this one: the rule waits for ever, \
         unless people put the tag by hand. If they do, say so in the rule: `allow: { never-entered: REASON }`.",
        "tags: { status: [Waiting, Ready, Done] }\nrules:\n  - name: a\n    trigger: applicationCreated\n    do: [{ set_tag: { status: Waiting } }]\n  - name: b\n    trigger: candidateStageChange\n    when: { opportunity.tags: { contains: Ready } }\n    do: [{ set_tag: { status: Done } }]\n",
        "tags: { status: [Waiting, Ready, Done] }\nrules:\n  - name: a\n    trigger: applicationCreated\n    do: [{ set_tag: { status: Ready } }]\n  - name: b\n    trigger: candidateStageChange\n    when: { opportunity.tags: { contains: Ready } }\n    do: [{ set_tag: { status: Done } }]\n",
    ),
    check,
};

fn check(view: &View<'_>, found: &mut Diagnostics) {
    let put: Vec<&Template> = view.rules.iter().flat_map(|rule| texts_put(rule)).collect();
    let is_put = |tag: &str| put.iter().any(|text| weigh::may_be(text, tag));
    let mut families: Vec<(&str, Vec<String>)> = Vec::new();
    for (key, members) in view.tags {
        let members = members_of(members);
        if members.iter().any(|member| is_put(member)) {
            families.push((&key.text, members));
        }
    }
    if families.is_empty() {
        return;
    }
    for rule in view.rules {
        let mut asked = Vec::new();
        for cond in rule.when.iter().chain(rule.require.iter().map(|require| &require.cond)) {
            tests(cond, &mut asked);
        }
        for (tags, route) in asked {
            let waits = |tag: &String| {
                families.iter().find(|(_, members)| members.contains(tag)).filter(|(_, members)| {
                    !is_put(tag) && !members.iter().any(|other| other != tag && other.starts_with(tag.as_str()))
                })
            };
            // One that may be there is enough.
            let (Some(first), true) = (tags.first(), tags.iter().all(|tag| waits(tag).is_some())) else { continue };
            let (Some((family, _)), Some(span)) = (waits(first), view.place(rule, route)) else { continue };
            let message = format!("the rule waits for the tag `{first}`, and no rule sets it");
            found.push(
                Diagnostic::warning("never-entered", span, message)
                    .route(route)
                    .label(format!("`{family}` never becomes this"))
                    .help(format!(
                        "set it somewhere with `set_tag: {{ {family}: {} }}`; if people put it, say so: `allow: {{ never-entered: … }}`",
                        crate::lang::yaml::written(first)
                    )),
            );
        }
    }
}

/// The members of a family as written.
pub(super) fn members_of(node: &Node) -> Vec<String> {
    match &node.kind {
        Kind::Seq(items) => items.iter().filter_map(Node::scalar).map(normal).collect(),
        _ => Vec::new(),
    }
}

/// Every text that a rule puts as a tag, asides included.
pub(super) fn texts_put(rule: &Rule) -> Vec<&Template> {
    let rows = rule.for_each.iter().chain(&rule.find).flat_map(|(_, spec)| &spec.otherwise);
    let asides = rule.require.iter().flat_map(|require| &require.otherwise).chain(rows);
    let text = |touch| match touch {
        Touch::SetTag { text, .. } | Touch::AddTag { text } | Touch::RenameTag { to: text, .. } => Some(text),
        _ => None,
    };
    rule.actions.iter().chain(asides).filter_map(|action| text(action.action.touch())).collect()
}

/// The tags that must be there, one of each list, and where that stands.
fn tests<'a>(cond: &'a Cond, out: &mut Vec<(Vec<String>, &'a str)>) {
    match cond {
        Cond::All(conds) => conds.iter().for_each(|cond| tests(cond, out)),
        Cond::Test { place: Place::Fact { name, member: None }, matcher, route } if name == "opportunity.tags" => {
            let tags = wanted(matcher);
            out.extend((!tags.is_empty()).then_some((tags, route.as_str())));
        }
        // Another part of an `any` may hold.
        Cond::Any(_) | Cond::Not(_) | Cond::Test { .. } => {}
    }
}

fn wanted(matcher: &Matcher) -> Vec<String> {
    match matcher {
        Matcher::Contains(operand) | Matcher::AnyIn(operand) => texts(operand).unwrap_or_default(),
        Matcher::All(all) => all.iter().map(wanted).find(|tags| !tags.is_empty()).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn texts(operand: &Operand) -> Option<Vec<String>> {
    match operand {
        Operand::Literal(value) => value.items().iter().map(|value: &Value| value.as_text().map(normal)).collect(),
        Operand::Text(template) => Some(vec![normal(template.source())]),
        Operand::List(all) => Some(all.iter().map(texts).collect::<Option<Vec<_>>>()?.into_iter().flatten().collect()),
        Operand::Named { .. } | Operand::Place(_) => None,
    }
}
