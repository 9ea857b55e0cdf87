//! What stands before the rules: settings and tag families. Types are read by `types`, bands by `band`.

use super::check::{Check, node_path};
use super::literal::literal;
use super::shapes::{PER, SETTING};
use super::types::is_table;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::rule::{Family, PatternPiece, PatternText, Per, Setting};
use crate::lang::scope::{FamilyShape, Known, Scope};
use crate::lang::yaml::{Key, Kind as NodeKind, Node};
use crate::model::{Type, Value};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

impl Check<'_, '_> {
    /// One setting.
    pub(crate) fn setting(&mut self, key: &Key, node: &Node) -> Option<Setting> {
        let entries = SETTING.entries(node, self.found);
        let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
        let ty = self.setting_type(key, get("type")?, get("columns"))?;
        let optional = get("optional").and_then(|node| node.as_bool(self.found)).unwrap_or(false);
        let default = get("default").map(|node| self.default(node, &ty));
        if let (true, Some(default)) = (optional, get("default")) {
            let message = format!("`{}` has a default, so it is never unset", key.text);
            self.found
                .push(Diagnostic::warning("never-absent", default.span, message).help("leave out `optional` or `default`"));
        }
        let mut per = BTreeSet::new();
        for node in get("per").map(Node::items_or_self).unwrap_or_default() {
            let Some(text) = node.as_text(self.found) else { continue };
            if let Some(known) = Per::ALL.into_iter().find(|per| per.as_str() == text) {
                per.insert(known);
            } else {
                let options: Vec<String> = PER.iter().map(|&per| per.to_owned()).collect();
                self.found.push(super::literal::unknown_option(node, text, &options));
            }
        }
        if let (true, Some(written)) = (is_table(&ty), get("per")) {
            self.error(
                "wrong-type",
                written.span,
                "a table is not overridden: what it says of one stage or posting is a row",
                "leave `per` out, and give the table a column such as `posting: posting`",
            );
        }
        let doc = get("doc").and_then(|node| node.as_text(self.found)).map(str::to_owned);
        Some(Setting {
            ty,
            default: default.flatten(),
            optional,
            per,
            doc,
            route: format!("settings.{}", key.text),
            span: key.span,
        })
    }

    fn default(&mut self, node: &Node, ty: &Type) -> Option<Value> {
        if let Some(path) = node_path(node) {
            let message = format!("a default is a plain value; `${path}` cannot stand here");
            self.error("wrong-type", node.span, message, "write the value itself");
            return None;
        }
        if let (Type::List(_), NodeKind::Scalar { text, .. }) = (ty, &node.kind)
            && !node.is_null()
        {
            let fault = Diagnostic::error(
                "wrong-type",
                node.span,
                format!("`{text}` is one value, and {} is wanted", super::literal::a(ty)),
            );
            self.found.push(fault.help(format!("put it into brackets: `[{text}]`")));
            return None;
        }
        literal(node, ty, self.found)
    }

    /// One tag family.
    pub(crate) fn family(&mut self, key: &Key, node: &Node) -> Option<(Family, FamilyShape)> {
        let items = node.items(self.found)?;
        if items.is_empty() {
            self.error("wrong-type", node.span, format!("the tag family `{}` has no members", key.text), "list its tags");
            return None;
        }
        let scope = Scope::of(self.declared, Rc::new(family_names()));
        let mut members: Vec<PatternText> = Vec::new();
        let mut seen: HashMap<String, &Node> = HashMap::new();
        let mut good = true;
        for item in items {
            let Some(pattern) = self.pattern(&scope, item) else {
                good = false;
                continue;
            };
            let source = normal(&pattern.source());
            if source.trim().is_empty() {
                self.error("wrong-type", item.span, "a tag cannot be empty", "write its text");
                good = false;
            } else if let Some(first) = seen.insert(source, item) {
                self.found.push(
                    Diagnostic::error("duplicate-name", item.span, "this member stands twice in its family")
                        .also(first.span, "first here")
                        .help("remove one of them"),
                );
                good = false;
            }
            members.push(pattern);
        }
        let per_assessment = members.iter().flat_map(PatternText::paths).any(|path| path.starts_with("assessment."));
        let shape = FamilyShape { members: members.iter().map(|member| normal(&member.source())).collect(), per_assessment };
        let route = format!("tags.{}", key.text);
        good.then(|| (Family { name: key.text.clone(), members, per_assessment, route }, shape))
    }
}

/// What members of a family may read: what stays the same for as long as there is the attempt.
pub(super) fn family_names() -> Known {
    const NAMES: [&str; 4] = ["assessment.title", "assessment.test", "assessment.attempt", "assessment.key"];
    let entries = crate::lang::vocabulary::assessment().into_iter().filter(|entry| NAMES.contains(&entry.name));
    Known { kinds: Vec::new(), facts: entries.map(|entry| (entry.name.to_owned(), entry.field)).collect() }
}

/// A template's text with nothing but names between the braces, so that two spellings of one text are equal.
pub(crate) fn normal(source: &str) -> String {
    let mut out = String::new();
    let mut rest = source.trim();
    while let Some((before, inside)) = rest.split_once("{{") {
        let Some((inside, after)) = inside.split_once("}}") else { break };
        out.push_str(before);
        out.push_str("{{");
        out.push_str(inside.trim());
        out.push_str("}}");
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Whether the text with these pieces between holes can be read by the pattern of a member.
pub(crate) fn member_fits(member: &PatternText, text: &str) -> bool {
    let pieces: Vec<Option<String>> = member
        .0
        .iter()
        .map(|piece| match piece {
            PatternPiece::Text(template) => Some(normal_untrimmed(template.source())),
            PatternPiece::Hole(_) => None,
        })
        .collect();
    fits(&pieces, text)
}

fn normal_untrimmed(source: &str) -> String {
    let lead = source.len() - source.trim_start().len();
    let tail = source.trim_end().len().max(lead);
    format!("{}{}{}", source.get(..lead).unwrap_or_default(), normal(source), source.get(tail..).unwrap_or_default())
}

fn fits(pieces: &[Option<String>], text: &str) -> bool {
    match pieces {
        [] => text.is_empty(),
        [Some(literal), rest @ ..] => text.strip_prefix(literal.as_str()).is_some_and(|text| fits(rest, text)),
        [None, rest @ ..] => {
            let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
            ends.into_iter().any(|end| text.get(end..).is_some_and(|text| fits(rest, text)))
        }
    }
}
