//! What stands before the rules: settings, tag families, bands.

use super::check::{Check, node_path};
use super::literal::literal;
use super::shapes::{BAND, PER, SETTING};
use crate::lang::diagnostic::Diagnostic;
use crate::lang::rule::{Band, BandStep, Family, Matcher, PatternPiece, PatternText, Place, Setting};
use crate::lang::scope::{BandShape, FamilyShape, Known, Scope};
use crate::lang::yaml::{Key, Kind as NodeKind, Node};
use crate::model::{Field, Kind, Type, Value};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// The types of settings by their names.
const TYPES: [(&str, Type); 15] = [
    ("text", Type::Text),
    ("int", Type::Int),
    ("number", Type::Number),
    ("bool", Type::Bool),
    ("duration", Type::Duration),
    ("date", Type::Date),
    ("url", Type::Url),
    ("tag", Type::Tag),
    ("stage", Type::STAGE),
    ("posting", Type::POSTING),
    ("user", Type::Named(Kind::User)),
    ("archive_reason", Type::Named(Kind::ArchiveReason)),
    ("form_template", Type::Named(Kind::FormTemplate)),
    ("feedback_template", Type::Named(Kind::FeedbackTemplate)),
    ("assessment", Type::ASSESSMENT),
];

/// The names of the types of settings.
pub(crate) fn type_names() -> Vec<&'static str> {
    TYPES.iter().map(|(name, _)| *name).collect()
}

impl Check<'_, '_> {
    /// One setting.
    pub(crate) fn setting(&mut self, key: &Key, node: &Node) -> Option<Setting> {
        let entries = SETTING.entries(node, self.found);
        let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
        let ty = self.ty(get("type")?)?;
        let optional = get("optional").and_then(|node| node.as_bool(self.found)).unwrap_or(false);
        let default = get("default").map(|node| self.default(node, &ty));
        if let (true, Some(default)) = (optional, get("default")) {
            let message = format!("`{}` has a default, so it is never unset", key.text);
            self.found
                .push(Diagnostic::warning("never-absent", default.span, message).help("leave out `optional` or `default`"));
        }
        let (mut per_posting, mut per_stage) = (false, false);
        for node in get("per").map(Node::items_or_self).unwrap_or_default() {
            match node.as_text(self.found) {
                Some("posting") => per_posting = true,
                Some("stage") => per_stage = true,
                Some(other) => {
                    let options: Vec<String> = PER.iter().map(|&per| per.to_owned()).collect();
                    self.found.push(super::literal::unknown_option(node, other, &options));
                }
                None => {}
            }
        }
        if let Some(columns) = get("columns") {
            self.error("unknown-key", columns.span, "only a table has columns", "leave `columns` out");
        }
        let doc = get("doc").and_then(|node| node.as_text(self.found)).map(str::to_owned);
        Some(Setting {
            ty,
            default: default.flatten(),
            optional,
            per_posting,
            per_stage,
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

    fn ty(&mut self, node: &Node) -> Option<Type> {
        match &node.kind {
            NodeKind::Seq(items) => {
                if let [one] = items.as_slice() {
                    return self.ty(one).map(Type::list);
                }
                self.error(
                    "wrong-type",
                    node.span,
                    "a list type names the one type of its items",
                    "write it such as `[stage]`",
                );
                None
            }
            NodeKind::Map(_) => {
                let entries = node.known_entries("a type", &["one_of"], self.found)?;
                let (_, options) = entries.iter().find(|(key, _)| key.text == "one_of")?;
                let items = options.items(self.found)?;
                let read: Vec<Option<String>> = items.iter().map(|item| item.as_text(self.found).map(str::to_owned)).collect();
                let read = read.into_iter().collect::<Option<Vec<_>>>()?;
                if read.is_empty() {
                    self.error(
                        "wrong-type",
                        options.span,
                        "`one_of` lists the texts that may be chosen",
                        "write it such as `one_of: [low, high]`",
                    );
                    return None;
                }
                Some(Type::OneOf(read))
            }
            _ => {
                let text = node.as_text(self.found)?;
                if text == "table" {
                    let key = Key { text: text.to_owned(), span: node.span };
                    self.not_yet(&key, "setting type");
                    return None;
                }
                let found = TYPES.iter().find(|(name, _)| *name == text).map(|(_, ty)| ty.clone());
                if found.is_none() {
                    let names = type_names();
                    let known = names.join(", ");
                    let fault = Diagnostic::error("unknown-type", node.span, format!("there is no type `{text}`"));
                    let better = match text {
                        "string" | "str" => Some("text"),
                        "integer" => Some("int"),
                        "float" | "decimal" => Some("number"),
                        "boolean" => Some("bool"),
                        "test" => Some("assessment"),
                        _ => None,
                    };
                    let fault = match better {
                        Some(better) => fault.suggest(node.span, better),
                        None => fault.suggest_near(node.span, text, names),
                    };
                    self.found.push(fault.help(format!("types are {known}, `{{ one_of: [...] }}`, and `[TYPE]` for a list")));
                }
                found
            }
        }
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

    /// One band.
    pub(crate) fn band(&mut self, key: &Key, node: &Node) -> Option<(Band, BandShape)> {
        let entries = BAND.entries(node, self.found);
        let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
        let (of, steps) = (get("of")?, get("steps")?);
        let path = node_path(of).or_else(|| of.as_text(self.found))?;
        let facts: BTreeMap<String, Field> =
            self.declared.everywhere().iter().map(|(name, (field, _))| (name.clone(), field.clone())).collect();
        let all = Scope::of(self.declared, Rc::new(Known { kinds: Vec::new(), facts }));
        let Some(found) = all.resolve(path) else {
            self.unknown(&all, path, of.span);
            return None;
        };
        let Place::Fact { .. } = found.place else {
            self.error(
                "wrong-type",
                of.span,
                format!("a band is of something that an event tells; `{path}` is not"),
                "write it such as `of: result.percent`",
            );
            return None;
        };
        let scope = Scope::new(self.declared, &[]);
        let (mut compiled, mut labels): (Vec<BandStep>, Vec<(String, &Key)>) = (Vec::new(), Vec::new());
        let mut good = true;
        for (at, item) in steps.items(self.found)?.iter().enumerate() {
            let route = format!("bands.{}.steps[{at}]", key.text);
            let Some(entries) = item.entries(self.found) else {
                good = false;
                continue;
            };
            let [(label, tests)] = entries else {
                self.error(
                    "wrong-type",
                    item.span,
                    "a step is one label with its range",
                    "write it such as `- Pass: { gte: 70 }`",
                );
                good = false;
                continue;
            };
            if let Some((_, first)) = labels.iter().find(|(known, _)| *known == label.text) {
                self.found.push(
                    Diagnostic::error("duplicate-name", label.span, format!("the label `{}` stands twice", label.text))
                        .also(first.span, "first here")
                        .help("give each step a label of its own"),
                );
                good = false;
            }
            if compiled.last().is_some_and(|last| last.tests.is_empty()) {
                let message = format!("`{}` is never reached: the step before it fits always", label.text);
                self.error("unreachable-step", label.span, message, "put the step without a range last");
                good = false;
            }
            match self.range(&scope, &found.ty, path, tests, &route) {
                Some(tests) => compiled.push(BandStep { label: label.text.clone(), tests }),
                None => good = false,
            }
            labels.push((label.text.clone(), label));
        }
        if labels.is_empty() && good {
            self.error(
                "wrong-type",
                steps.span,
                "a band without steps names nothing",
                "add a step such as `- Pass: { gte: 70 }`",
            );
            return None;
        }
        let total = compiled.last().is_some_and(|last| last.tests.is_empty());
        let labels = labels.into_iter().map(|(label, _)| label).collect();
        let shape = BandShape { of: path.to_owned(), labels, total };
        good.then(|| (Band { of: found.place, steps: compiled, route: format!("bands.{}", key.text) }, shape))
    }

    fn range(&mut self, scope: &Scope<'_>, ty: &Type, path: &str, node: &Node, route: &str) -> Option<Vec<Matcher>> {
        const WORDS: [&str; 4] = ["gte", "gt", "lte", "lt"];
        let entries = node.known_entries("a step of a band", &WORDS, self.found)?;
        if !ty.ordered() {
            let message = format!("`{path}` is {}, which has no ranges", super::literal::a(ty));
            self.error("wrong-type", node.span, message, "a band is of a number, a date or a duration");
            return None;
        }
        let mut tests = Vec::new();
        for (key, value) in entries {
            let operand = self.aside(|check| check.operand(scope, value, ty, &format!("{route}.{}", key.text)))?.operand;
            tests.push(match key.text.as_str() {
                "gte" => Matcher::Gte(operand),
                "gt" => Matcher::Gt(operand),
                "lte" => Matcher::Lte(operand),
                "lt" => Matcher::Lt(operand),
                _ => return None,
            });
        }
        Some(tests)
    }
}

/// What members of a family may read: what stays the same for as long as there is the attempt.
fn family_names() -> Known {
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
