//! Conditions and matchers: which field, compared how, with what.
//!
//! A field that may be absent matches nothing but `exists: false`. So whatever matched is there for all that follows, and only
//! `not` can be true of something absent by accident: that is a warning.

use super::check::Check;
use super::literal::a;
use super::operand::is_plain;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::rule::{Cond, Matcher, Operand, Place};
use crate::lang::scope::{Found, Scope, of_row};
use crate::lang::yaml::{Key, Kind as NodeKind, Node, unknown_key};
use crate::model::Type;

/// The words of conditions.
const JOINTS: [&str; 3] = ["all", "any", "not"];
/// The words of matchers.
pub(crate) const MATCHERS: [&str; 13] =
    ["in", "contains", "any_in", "all_in", "none_in", "like", "gt", "gte", "lt", "lte", "exists", "not", "ignore_case"];

/// What people try before they know the matchers, and the matcher.
const SYMBOLS: [(&str, &str); 8] = [
    (">=", "gte"),
    (">", "gt"),
    ("<=", "lte"),
    ("<", "lt"),
    ("includes", "contains"),
    ("has", "contains"),
    ("matches", "like"),
    ("is_in", "in"),
];

/// `FIELD = VALUE` and the like as a map.
fn compared(text: &str) -> Option<String> {
    let at = text.find(['=', '<', '>', '!'])?;
    let (field, rest) = text.split_at_checked(at)?;
    let sign = rest.get(..rest.find(|c| !matches!(c, '=' | '<' | '>' | '!'))?)?;
    let (field, value) = (field.trim(), rest.get(sign.len()..)?.trim());
    if !field.split('.').all(super::check::is_name) || value.is_empty() {
        return None;
    }
    let value = match (value.strip_prefix(['\'', '"']), value.starts_with('$')) {
        (Some(inner), _) => crate::lang::yaml::written(inner.trim_end_matches(['\'', '"'])),
        (None, true) => value.to_owned(),
        (None, false) => crate::lang::yaml::written(value),
    };
    Some(match sign {
        "=" | "==" | "===" => format!("{{ {field}: {value} }}"),
        "!=" | "!==" => format!("{{ {field}: {{ not: {value} }} }}"),
        sign => {
            let (_, word) = SYMBOLS.iter().find(|(symbol, _)| *symbol == sign)?;
            format!("{{ {field}: {{ {word}: {value} }} }}")
        }
    })
}

/// The field left of the colon.
struct Left<'k> {
    key: &'k Key,
    found: Found,
}

impl Check<'_, '_> {
    /// A condition: a map of fields, `all`, `any`, `not`. What it makes certain is noted in the scope.
    pub(crate) fn cond(&mut self, scope: &mut Scope<'_>, node: &Node, route: &str) -> Option<Cond> {
        if let Some(map) = node.scalar().and_then(compared) {
            let fault = Diagnostic::error("wrong-type", node.span, "a condition is written as a map");
            self.found.push(fault.suggest_as(format!("write `{map}`"), node.span, map));
            return None;
        }
        let entries = node.entries(self.found)?;
        let entries: Vec<&(Key, Node)> = entries.iter().collect();
        self.cond_of(scope, &entries, route)
    }

    /// The same for some entries of a map.
    pub(crate) fn cond_of(&mut self, scope: &mut Scope<'_>, entries: &[&(Key, Node)], route: &str) -> Option<Cond> {
        // Siblings know of each other, in whatever order they stand.
        for (key, value) in entries {
            if !JOINTS.contains(&key.text.as_str()) && makes_certain(value) {
                let name = if scope.row.is_some() { of_row(&key.text) } else { key.text.clone() };
                scope.present.push(name);
            }
        }
        let mut good = true;
        let mut conds = Vec::new();
        for (key, value) in entries {
            let route = format!("{route}.{}", key.text);
            let cond = match key.text.as_str() {
                "all" => self.conds(scope, value, &route, true).map(Cond::All),
                "any" => self.aside(|check| check.conds(scope, value, &route, false)).map(Cond::Any),
                "not" => self.aside(|check| {
                    let mark = scope.present.len();
                    let inner = check.negated(scope, value, &route);
                    scope.present.truncate(mark);
                    inner
                }),
                _ => self.test(scope, key, value, &route),
            };
            match cond {
                Some(cond) => conds.push(cond),
                None => good = false,
            }
        }
        if !good {
            return None;
        }
        Some(if conds.len() == 1 { conds.swap_remove(0) } else { Cond::All(conds) })
    }

    /// `all` keeps what its parts make certain, `any` does not.
    fn conds(&mut self, scope: &mut Scope<'_>, node: &Node, route: &str, keep: bool) -> Option<Vec<Cond>> {
        let items = node.items(self.found)?;
        let mut conds = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let mark = scope.present.len();
            conds.push(self.cond(scope, item, &format!("{route}[{at}]")));
            if !keep {
                scope.present.truncate(mark);
            }
        }
        conds.into_iter().collect()
    }

    fn negated(&mut self, scope: &mut Scope<'_>, node: &Node, route: &str) -> Option<Cond> {
        let before: Vec<String> = scope.present.clone();
        if let Some(entries) = node.entries(self.found) {
            for (key, value) in entries {
                if JOINTS.contains(&key.text.as_str()) || !makes_certain(value) || asks_for_presence(value) {
                    continue;
                }
                let name = if scope.row.is_some() { of_row(&key.text) } else { key.text.clone() };
                if !before.contains(&name)
                    && let Some(found) = scope.left(&key.text)
                    && found.maybe_absent
                {
                    self.true_when_absent(key);
                }
            }
        }
        self.cond(scope, node, route).map(|cond| Cond::Not(Box::new(cond)))
    }

    fn true_when_absent(&mut self, key: &Key) {
        let name = &key.text;
        self.found.push(
            Diagnostic::warning("not-absent", key.span, format!("`{name}` may be absent, and then this `not` is true"))
                .help(format!("add `{name}: {{ exists: true }}` beside the `not`, or `exists: false` if that is meant")),
        );
    }

    fn test(&mut self, scope: &mut Scope<'_>, key: &Key, value: &Node, route: &str) -> Option<Cond> {
        let Some(found) = scope.left(&key.text) else {
            self.unknown_left(scope, key);
            return None;
        };
        if let Place::Setting { name, .. } = &found.place
            && found.optional
        {
            self.need(name);
        }
        let left = Left { key, found };
        let matcher = self.matcher(scope, &left, value, route)?;
        Some(Cond::Test { place: left.found.place, matcher, route: route.to_owned() })
    }

    fn unknown_left(&mut self, scope: &Scope<'_>, key: &Key) {
        let path = key.text.as_str();
        if let Some(bare) = path.strip_prefix('$') {
            let fault = Diagnostic::error("unknown-name", key.span, "left of the colon stands a name without `$`".to_owned());
            self.found.push(fault.suggest_as("leave the `$` out", key.span, bare));
            return;
        }
        if MATCHERS.contains(&path) {
            let message = format!("`{path}` compares a field, and no field stands before it");
            self.error("unknown-name", key.span, message, format!("write `FIELD: {{ {path}: … }}`"));
            return;
        }
        if scope.row.is_none() {
            self.unknown(scope, path, key.span);
            return;
        }
        let names = scope.left_names();
        let fault = Diagnostic::error("unknown-name", key.span, format!("a row here has no `{path}`"));
        let known = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        self.found.push(if scope.resolve(path).is_some() {
            fault.help(format!(
                "left of the colon in `where` stands a field of the row ({known}); test `{path}` in `when` or `require`"
            ))
        } else {
            fault.suggest_near(key.span, path, names.iter().map(String::as_str)).or_help(format!("it has {known}"))
        });
    }

    fn matcher(&mut self, scope: &mut Scope<'_>, left: &Left<'_>, node: &Node, route: &str) -> Option<Matcher> {
        match &node.kind {
            NodeKind::Map(entries) => self.words(scope, left, node, entries, route),
            NodeKind::Scalar { .. } if node.is_null() => {
                let name = &left.key.text;
                let help = format!("to ask whether it is absent, write `{name}: {{ exists: false }}`");
                self.error("wrong-type", node.span, format!("`{name}` is compared with nothing"), help);
                None
            }
            _ => self.equal(scope, left, node, route).map(Matcher::Is),
        }
    }

    fn equal(&mut self, scope: &Scope<'_>, left: &Left<'_>, node: &Node, route: &str) -> Option<Operand> {
        let (name, ty) = (&left.key.text, &left.found.ty);
        match (ty, &node.kind) {
            (Type::List(_), NodeKind::Scalar { .. }) if !self.is_list(scope, node) => {
                let message = format!("`{name}` is {}, and this is one value", a(ty));
                self.error("wrong-matcher", node.span, message, format!("write `{name}: {{ contains: … }}`"));
                None
            }
            (Type::List(_), _) => self.operand(scope, node, ty, route).map(|typed| typed.operand),
            (_, NodeKind::Seq(_)) => {
                let message = format!("`{name}` is {}, and this is a list", a(ty));
                self.error("wrong-matcher", node.span, message, format!("write `{name}: {{ in: [...] }}`"));
                None
            }
            _ if self.is_list(scope, node) => {
                let message = format!("`{name}` is {}, and this is a list", a(ty));
                let help = format!("write `{name}: {{ in: {} }}`", node.scalar().unwrap_or_default());
                self.error("wrong-matcher", node.span, message, help);
                None
            }
            _ => self.operand(scope, node, ty, route).map(|typed| typed.operand),
        }
    }

    /// Whether a node is a `$path` to a list.
    #[expect(clippy::unused_self, reason = "reads as one of the checks")]
    fn is_list(&self, scope: &Scope<'_>, node: &Node) -> bool {
        let found = super::check::node_path(node).and_then(|path| scope.resolve(path));
        found.is_some_and(|found| matches!(found.ty, Type::List(_)))
    }

    fn words(
        &mut self,
        scope: &mut Scope<'_>,
        left: &Left<'_>,
        node: &Node,
        entries: &[(Key, Node)],
        route: &str,
    ) -> Option<Matcher> {
        let mut all = Vec::new();
        let (mut ignore_case, mut good) = (false, !entries.is_empty());
        if entries.is_empty() {
            self.error(
                "wrong-matcher",
                node.span,
                "an empty map compares with nothing",
                "write a matcher such as `{ exists: true }`",
            );
        }
        let certain = entries.iter().any(|(key, value)| key.text != "not" && word_makes_certain(key, value));
        for (key, value) in entries {
            let route = format!("{route}.{}", key.text);
            if key.text == "ignore_case" {
                match value.as_bool(self.found) {
                    Some(value) => ignore_case = value,
                    None => good = false,
                }
                continue;
            }
            match self.word(scope, left, key, value, &route, certain) {
                Some(matcher) => all.push(matcher),
                None => good = false,
            }
        }
        if !good {
            return None;
        }
        let matcher = if all.len() == 1 { all.swap_remove(0) } else { Matcher::All(all) };
        Some(if ignore_case { Matcher::IgnoreCase(Box::new(matcher)) } else { matcher })
    }

    fn word(
        &mut self,
        scope: &mut Scope<'_>,
        left: &Left<'_>,
        key: &Key,
        value: &Node,
        route: &str,
        certain: bool,
    ) -> Option<Matcher> {
        let (name, ty) = (left.key.text.as_str(), left.found.ty.clone());
        let word = key.text.as_str();
        match word {
            "in" => {
                if let Type::List(_) = ty {
                    self.wrong_word(left, key, "any_in", "holds many values; `in` asks about one");
                    return None;
                }
                if !self.is_list(scope, value) && super::check::node_path(value).is_some() {
                    let found = self.operand(scope, value, &ty, route)?;
                    let message =
                        format!("`in` wants a list, and `{}` is {}", value.scalar().unwrap_or_default(), a(&found.ty));
                    let help = format!("write `{name}: {}`", value.scalar().unwrap_or_default());
                    self.error("wrong-matcher", value.span, message, help);
                    return None;
                }
                self.operand(scope, value, &ty.list(), route).map(|typed| Matcher::In(typed.operand))
            }
            "contains" => {
                let Type::List(item) = &ty else {
                    let better = if matches!(ty, Type::Text | Type::Tag | Type::Url) { "like" } else { "in" };
                    self.wrong_word(left, key, better, "is one value; `contains` asks about a list");
                    return None;
                };
                self.operand(scope, value, item, route).map(|typed| Matcher::Contains(typed.operand))
            }
            "any_in" | "all_in" | "none_in" => {
                let Type::List(_) = &ty else {
                    let better = if word == "none_in" { "not" } else { "in" };
                    self.wrong_word(left, key, better, &format!("is one value; `{word}` asks about a list"));
                    return None;
                };
                let operand = self.operand(scope, value, &ty, route)?.operand;
                Some(match word {
                    "any_in" => Matcher::AnyIn(operand),
                    "all_in" => Matcher::AllIn(operand),
                    _ => Matcher::NoneIn(operand),
                })
            }
            "like" => {
                let one = if let Type::List(item) = &ty { item } else { &ty };
                if !matches!(one, Type::Text | Type::Tag | Type::Url | Type::OneOf(_) | Type::Named(_)) {
                    self.wrong_word(left, key, "gte", "is no text; `like` reads texts");
                    return None;
                }
                self.pattern(scope, value).map(Matcher::Like)
            }
            "gt" | "gte" | "lt" | "lte" => {
                if !ty.ordered() {
                    self.wrong_word(left, key, "in", &format!("is {}, which has no order", a(&ty)));
                    return None;
                }
                let operand = self.operand(scope, value, &ty, route)?.operand;
                Some(match word {
                    "gt" => Matcher::Gt(operand),
                    "gte" => Matcher::Gte(operand),
                    "lt" => Matcher::Lt(operand),
                    _ => Matcher::Lte(operand),
                })
            }
            "exists" => {
                let wanted = value.as_bool(self.found)?;
                if !left.found.optional {
                    let always = if wanted { "always true" } else { "never true" };
                    self.found.push(
                        Diagnostic::warning(
                            "never-absent",
                            left.key.span,
                            format!("`{name}` is always there, so this is {always}"),
                        )
                        .help("leave it out"),
                    );
                }
                Some(Matcher::Exists(wanted))
            }
            "not" => {
                if left.found.maybe_absent && !certain {
                    let known = if scope.row.is_some() { of_row(name) } else { name.to_owned() };
                    if !scope.present.contains(&known) {
                        self.true_when_absent(left.key);
                    }
                }
                self.aside(|check| check.matcher(scope, left, value, route)).map(|inner| Matcher::Not(Box::new(inner)))
            }
            _ => {
                let member = format!("{name}.{word}");
                let fault = unknown_key(key, &format!("the matcher of `{name}`"), &MATCHERS);
                let fault = match SYMBOLS.iter().find(|(symbol, _)| *symbol == word) {
                    Some((_, matcher)) => {
                        Diagnostic { help: Vec::new(), suggestion: None, ..fault }.suggest(key.span, *matcher)
                    }
                    None => fault,
                };
                self.found.push(if scope.left(&member).is_some() {
                    Diagnostic {
                        help: vec![format!("a field's field is written with a dot: `{member}: …`")],
                        suggestion: None,
                        ..fault
                    }
                } else {
                    let help = fault.help.iter().map(|help| help.replace("known keys", "matchers")).collect();
                    Diagnostic { code: "unknown-matcher", message: format!("there is no matcher `{word}`"), help, ..fault }
                });
                None
            }
        }
    }

    fn wrong_word(&mut self, left: &Left<'_>, key: &Key, better: &str, why: &str) {
        let fault = Diagnostic::error("wrong-matcher", key.span, format!("`{}` {why}", left.key.text));
        self.found.push(fault.help(format!("`{better}` may be what is meant")));
    }
}

/// Whether a matcher that is true says that its field is there.
fn makes_certain(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Map(entries) => entries.iter().any(|(key, value)| word_makes_certain(key, value)),
        NodeKind::Scalar { .. } => !node.is_null(),
        NodeKind::Seq(_) => true,
        NodeKind::Faulty => false,
    }
}

fn word_makes_certain(key: &Key, value: &Node) -> bool {
    match key.text.as_str() {
        "not" | "ignore_case" => false,
        "exists" => is_plain(value) && value.scalar() == Some("true"),
        _ => true,
    }
}

/// `{ exists: … }` and nothing else: then absence was thought of.
fn asks_for_presence(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::Map(entries) if entries.iter().any(|(key, _)| key.text == "exists"))
}
