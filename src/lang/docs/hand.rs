//! What people leave to leverd, and what they do themselves: read off the rules.

use super::text::{named, path, spaced};
use super::{Words, entries, joined};
use crate::lang::yaml::{Kind, Node};
use std::collections::BTreeSet;

impl Words<'_> {
    /// The rules that set a member of a family.
    pub(super) fn writers(&self, family: &str, member: &str, rules: &[&Node]) -> Vec<String> {
        let sets = |rule: &Node| {
            let mut found = false;
            actions(rule, &mut |verb, value| {
                found |= verb == "set_tag"
                    && value
                        .get(family)
                        .and_then(Node::scalar)
                        .is_some_and(|text| self.spelt(text).iter().any(|text| may_be(text, member)));
            });
            found
        };
        rules.iter().filter(|rule| sets(rule)).filter_map(|rule| Some(rule.get("name")?.scalar()?.trim().to_owned())).collect()
    }

    /// A text with the labels of the bands that it prints written out.
    fn spelt(&self, text: &str) -> Vec<String> {
        let mut all = vec![text.to_owned()];
        for (name, band) in &self.pack.bands {
            let tags = [format!("{{{{{name}}}}}"), format!("{{{{ {name} }}}}"), format!("{{{{band {name}}}}}")];
            let Some(tag) = tags.iter().find(|tag| text.contains(tag.as_str())) else { continue };
            all = all
                .iter()
                .flat_map(|text| band.steps.iter().map(move |step| text.replace(tag.as_str(), &step.label)))
                .collect();
        }
        all
    }

    /// Sentences about what to do and not to do.
    pub(super) fn by_hand(&self, rules: &[&Node]) -> Vec<String> {
        let mut out = Vec::new();
        let mut verbs: BTreeSet<String> = BTreeSet::new();
        let (mut stages, mut added, mut keyed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for rule in rules {
            actions(rule, &mut |verb, value| {
                verbs.insert(verb.to_owned());
                match verb {
                    "move_stage" => drop(stages.insert(self.value(value.get("to").unwrap_or(value)))),
                    "add_tag" => drop(added.insert(self.value(value))),
                    "rename_tag" => drop(value.get("to").map(|to| added.insert(self.value(to)))),
                    "add_note" if value.get("key").is_some() => drop(keyed.insert("notes")),
                    "add_link" => drop(keyed.insert("links")),
                    "add_file" => drop(keyed.insert("files")),
                    "fill_form" => drop(keyed.insert("filled forms")),
                    "fill_feedback" => drop(keyed.insert("feedback")),
                    _ => {}
                }
            });
        }
        let has = |verb: &str| verbs.contains(verb);
        for family in self.pack.families.values() {
            let (mut theirs, mut ours) = (Vec::new(), Vec::new());
            for member in &family.members {
                let source = member.source();
                let written = !self.writers(&family.name, &source, rules).is_empty();
                if written { &mut ours } else { &mut theirs }.push(named(&source));
            }
            let name = spaced(&family.name);
            if !ours.is_empty() {
                out.push(format!(
                    "Do not add or take off {} (“{name}”) by hand: leverd keeps exactly one of them, and puts it right when something happens.",
                    joined(&ours, "or")
                ));
            }
            if !theirs.is_empty() && !ours.is_empty() {
                out.push(format!(
                    "{} is yours to set: no rule does. It gives way to the others of “{name}”.",
                    joined(&theirs, "or")
                ));
            }
        }
        if !added.is_empty() {
            let added: Vec<String> = added.into_iter().collect();
            out.push(format!(
                "Leave {} to leverd: it adds {} itself.",
                joined(&added, "and"),
                if added.len() == 1 { "it" } else { "them" }
            ));
        }
        if Self::by_title(rules) {
            out.push(format!(
                "A tag asks for a test only if it is exactly the test’s title at {}. Choose it from the tags that there are; a new spelling sends nothing.",
                self.vendor
            ));
        }
        if has("invite") {
            out.push(format!(
                "Do not send the same test at {} yourself: leverd does not know of it, and would send it once more.",
                self.vendor
            ));
        }
        if !stages.is_empty() {
            let stages: Vec<String> = stages.into_iter().collect();
            out.push(format!(
                "leverd moves candidates to {}, forward only: whoever is further already stays there, so moving somebody on early is safe.",
                joined(&stages, "or")
            ));
        }
        if !keyed.is_empty() {
            let keyed: Vec<String> = keyed.into_iter().map(str::to_owned).collect();
            out.push(format!(
                "Do not edit {} that leverd made: a newer result takes their place. Write beside them instead.",
                joined(&keyed, "and")
            ));
        }
        if has("archive") {
            out.push("leverd archives candidates by these rules: take one out of the archive and it stays out until a rule fires anew.".to_owned());
        }
        out
    }

    /// Whether some rule chooses tests by tags that are their titles.
    fn by_title(rules: &[&Node]) -> bool {
        rules.iter().any(|rule| {
            let mut found = false;
            specs(rule, &mut |spec| {
                let list = spec.get("where").and_then(|cond| cond.get("title")).and_then(|title| title.get("in"));
                let tags = list.and_then(Node::scalar).and_then(path);
                found |= spec.get("in").and_then(Node::scalar) == Some("catalogue")
                    && tags.is_some_and(|path| matches!(path, "opportunity.tags" | "opportunity.own_tags"));
            });
            found
        })
    }
}

/// Every action below a node, wherever it stands.
fn actions(node: &Node, each: &mut impl FnMut(&str, &Node)) {
    match &node.kind {
        Kind::Map(all) => {
            for (key, value) in all {
                if matches!(key.text.as_str(), "do" | "else") {
                    for item in value.items_or_self() {
                        for (verb, value) in entries(item) {
                            each(&verb.text, value);
                        }
                    }
                }
                actions(value, each);
            }
        }
        Kind::Seq(items) => items.iter().for_each(|item| actions(item, each)),
        Kind::Scalar { .. } | Kind::Faulty => {}
    }
}

/// Every map below a node.
fn specs(node: &Node, each: &mut impl FnMut(&Node)) {
    match &node.kind {
        Kind::Map(all) => {
            each(node);
            for (_, value) in all {
                specs(value, each);
            }
        }
        Kind::Seq(items) => items.iter().for_each(|item| specs(item, each)),
        Kind::Scalar { .. } | Kind::Faulty => {}
    }
}

/// Whether a text may turn out as a member of a family: equal, or equal but for what is filled in.
fn may_be(text: &str, member: &str) -> bool {
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join("").replace('~', "");
    let (text, member) = (squeezed(text), squeezed(member));
    if text == member {
        return true;
    }
    // What is filled in by both is the same; what only the text fills in may be anything.
    let mut at = 0;
    let mut rest = text.as_str();
    let mut loose = false;
    loop {
        let (literal, after) = match rest.find("{{") {
            Some(start) => {
                let end = rest.get(start..).and_then(|tag| tag.find("}}")).map_or(rest.len(), |end| start + end + 2);
                let tag = rest.get(start..end).unwrap_or_default();
                if member.get(at..).is_some_and(|left| left.contains(tag)) {
                    (rest.get(..end).unwrap_or_default(), rest.get(end..))
                } else {
                    (rest.get(..start).unwrap_or_default(), rest.get(end..))
                }
            }
            None => (rest, None),
        };
        let left = member.get(at..).unwrap_or_default();
        let Some(after) = after else { return if loose { left.ends_with(literal) } else { left == literal } };
        let found = if loose { left.find(literal) } else { left.starts_with(literal).then_some(0) };
        let Some(found) = found else { return false };
        at += found + literal.len();
        loose = !literal.ends_with("}}");
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::may_be;

    #[test]
    fn texts_are_held_against_members() {
        assert!(may_be("{{assessment.title}} - Invited", "{{ assessment.title }} - Invited"));
        assert!(may_be("Tests - {{verdict}}", "Tests - Pass"));
        assert!(may_be("{{assessment.title}} - {{verdict}}", "{{assessment.title}} - Pass"));
        assert!(may_be("{{assessment.title}} - {{round result.percent}} %", "{{assessment.title}} - {n:number} %"));
        assert!(!may_be("{{assessment.title}} - Invited", "{{assessment.title}}"));
        assert!(!may_be("{{assessment.title}} - Invited", "{{assessment.title}} - Started"));
        assert!(!may_be("Tests - {{verdict}}", "Other - Pass"));
    }
}
