//! Values: literals read by their field's type, `$path` with its type, texts with `{{…}}`, patterns.

use super::check::{Check, node_path};
use super::literal::{a, literal};
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::rule::{Operand, PatternText, Place};
use crate::lang::scope::{Found, Scope};
use crate::lang::template::Template;
use crate::lang::yaml::{Kind as NodeKind, Node, Style};
use crate::model::{Type, Value};
use std::sync::Arc;

/// A compiled value with its type, and whether it may be absent.
#[derive(Debug, Clone)]
pub(crate) struct Typed {
    pub(crate) operand: Operand,
    pub(crate) ty: Type,
    pub(crate) maybe_absent: bool,
}

impl Typed {
    fn there(operand: Operand, ty: &Type) -> Self {
        Self { operand, ty: ty.clone(), maybe_absent: false }
    }
}

impl Check<'_, '_> {
    /// The name behind a `$path`; a diagnostic if there is none.
    pub(crate) fn path(&mut self, scope: &Scope<'_>, path: &str, node: &Node) -> Option<Found> {
        let found = scope.resolve(path);
        match &found {
            None => {
                let start = node.scalar().and_then(|text| text.find('$')).unwrap_or(0) + 1;
                self.unknown(scope, path, node.inner_span(start..start + path.len()));
            }
            Some(Found { place: Place::Setting { name, .. }, maybe_absent: true, .. }) => self.need(name),
            Some(_) => {}
        }
        found
    }

    /// A value to compare one of this type with: literal or `$path`.
    pub(crate) fn operand(&mut self, scope: &Scope<'_>, node: &Node, wanted: &Type, route: &str) -> Option<Typed> {
        self.operand_that(Type::comparable, scope, node, wanted, route)
    }

    /// A value that fits the type wanted.
    fn operand_that(
        &mut self,
        fits: fn(&Type, &Type) -> bool,
        scope: &Scope<'_>,
        node: &Node,
        wanted: &Type,
        route: &str,
    ) -> Option<Typed> {
        if let Some(path) = node_path(node) {
            let found = self.path(scope, path, node)?;
            if !fits(wanted, &found.ty) {
                self.wrong_path(node, path, &found.ty, wanted);
                return None;
            }
            return Some(Typed { operand: Operand::Place(found.place), ty: found.ty, maybe_absent: found.maybe_absent });
        }
        if let (Type::List(item), NodeKind::Seq(items)) = (wanted, &node.kind) {
            let all: Vec<Option<Typed>> = items
                .iter()
                .enumerate()
                .map(|(at, node)| self.operand_that(fits, scope, node, item, &format!("{route}[{at}]")))
                .collect();
            let all = all.into_iter().collect::<Option<Vec<Typed>>>()?;
            let maybe_absent = false;
            let literals: Option<Vec<Value>> = all
                .iter()
                .map(|typed| if let Operand::Literal(value) = &typed.operand { Some(value.clone()) } else { None })
                .collect();
            let operand = match literals {
                Some(values) => Operand::Literal(Value::List(values)),
                None => Operand::List(all.into_iter().map(|typed| typed.operand).collect()),
            };
            return Some(Typed { operand, ty: wanted.clone(), maybe_absent });
        }
        if let Some(text) = node.scalar()
            && text.contains("{{")
        {
            self.template_in_value(node, text);
            return None;
        }
        let value = literal(node, wanted, self.found)?;
        if let (Type::Named(kind), Value::Text(text)) = (wanted, &value) {
            self.mention(*kind, text, node.span, route);
            return Some(Typed::there(Operand::Named { kind: *kind, text: text.trim().to_owned() }, wanted));
        }
        Some(Typed::there(Operand::Literal(value), wanted))
    }

    /// A value that an action cannot do without.
    pub(crate) fn needed(&mut self, scope: &Scope<'_>, node: &Node, wanted: &Type, route: &str) -> Option<Operand> {
        let typed = self.operand_that(Type::takes, scope, node, wanted, route)?;
        self.must_be_there(&typed, node)?;
        Some(typed.operand)
    }

    fn must_be_there(&mut self, typed: &Typed, node: &Node) -> Option<()> {
        // An optional setting that is unset switches the rule off; that is no fault.
        let setting = matches!(typed.operand, Operand::Place(Place::Setting { .. }));
        if typed.maybe_absent && !setting {
            let path = node_path(node).unwrap_or_default();
            let help = format!("ask for it first: `when: {{ {path}: {{ exists: true }} }}`, or the same under `require`");
            self.error("maybe-absent", node.span, format!("`${path}` may be absent"), help);
            return None;
        }
        Some(())
    }

    /// The variable after `$`, which must be a row of the ledger.
    pub(crate) fn ledger_row(&mut self, scope: &Scope<'_>, node: &Node) -> Option<String> {
        const HELP: &str = "name a variable such as `row` of `for_each: { row: { in: ledger } }`";
        let Some(path) = node_path(node) else {
            let text = node.as_text(self.found)?;
            let fault = Diagnostic::error("wrong-type", node.span, format!("`{text}` names no row of the ledger"));
            self.found.push(match scope.vars.iter().find(|(name, shape)| name == text && shape.attempt) {
                Some(_) => fault.suggest_as("name the variable with `$`", node.span, format!("${text}")),
                None => fault.help(HELP),
            });
            return None;
        };
        let found = self.path(scope, path, node)?;
        match scope.vars.iter().rev().find(|(name, _)| name == path) {
            Some((name, shape)) if shape.attempt => {
                if found.maybe_absent {
                    let typed = Typed { operand: Operand::Place(found.place), ty: found.ty, maybe_absent: true };
                    self.must_be_there(&typed, node)?;
                }
                Some(name.clone())
            }
            _ => {
                self.error("wrong-type", node.span, format!("`${path}` is no row of the ledger"), HELP);
                None
            }
        }
    }

    /// A value, or a text with `{{…}}` where the type is a text.
    pub(crate) fn value_or_text(&mut self, scope: &Scope<'_>, node: &Node, wanted: &Type, route: &str) -> Option<Operand> {
        let textual = matches!(wanted, Type::Text | Type::Url | Type::Tag);
        if textual && node.scalar().is_some_and(|text| text.contains("{{")) {
            return self.text(scope, node).map(Operand::Text);
        }
        self.needed(scope, node, wanted, route)
    }

    /// A text with `{{…}}`.
    pub(crate) fn text(&mut self, scope: &Scope<'_>, node: &Node) -> Option<Arc<Template>> {
        self.not_a_path(scope, node)?;
        let template = Template::parse(node, self.found)?;
        let good = self.checked(scope, |scope, found| template.check(scope, found));
        self.blocks.extend(template.blocks());
        good.then(|| Arc::new(template))
    }

    /// A text with `{{…}}` that must not be empty.
    pub(crate) fn full_text(&mut self, scope: &Scope<'_>, node: &Node, what: &str) -> Option<Arc<Template>> {
        let text = self.text(scope, node)?;
        if text.source().trim().is_empty() {
            self.error("wrong-type", node.span, format!("{what} cannot be empty"), "write what shall stand there");
            return None;
        }
        Some(text)
    }

    /// A text with `{{…}}` and typed holes.
    pub(crate) fn pattern(&mut self, scope: &Scope<'_>, node: &Node) -> Option<PatternText> {
        self.not_a_path(scope, node)?;
        let pattern = PatternText::parse(node, self.found)?;
        self.blocks.extend(pattern.templates().flat_map(Template::blocks));
        self.checked(scope, |scope, found| pattern.check(scope, found)).then_some(pattern)
    }

    /// Runs a check of templates and adds to "unknown name" where the name is known.
    fn checked(&mut self, scope: &Scope<'_>, check: impl FnOnce(&Scope<'_>, &mut Diagnostics) -> bool) -> bool {
        let mut found = Diagnostics::new();
        let good = check(scope, &mut found);
        for fault in found {
            let name = (fault.code == "unknown-name").then(|| fault.message.split('`').nth(1).unwrap_or_default().to_owned());
            let Some(name) = name else {
                self.found.push(fault);
                continue;
            };
            if self.declared.is_lost(&name) {
                continue;
            }
            self.found.push(match scope.elsewhere(&name) {
                Some(elsewhere) if scope.resolve(&name).is_none() => {
                    Diagnostic { suggestion: None, help: vec![elsewhere], ..fault }
                }
                _ => fault,
            });
        }
        good
    }

    /// `$path` where a text is wanted.
    fn not_a_path(&mut self, scope: &Scope<'_>, node: &Node) -> Option<()> {
        let Some(path) = node_path(node) else { return Some(()) };
        let fault = Diagnostic::error(
            "path-in-text",
            node.span,
            format!("this is a text, and `${path}` in it would be printed as it stands"),
        );
        let replacement = format!("\"{{{{{path}}}}}\"");
        self.found.push(if scope.resolve(path).is_some() {
            fault.suggest_as("values in texts stand in double braces", node.span, replacement)
        } else {
            fault.help("values in texts stand in double braces: `{{NAME}}`")
        });
        None
    }

    fn template_in_value(&mut self, node: &Node, text: &str) {
        let fault = Diagnostic::error("template-in-value", node.span, "a value has a type, and `{{…}}` makes texts only");
        let inner = text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).map(str::trim);
        self.found.push(match inner.filter(|inner| super::check::path_of(&format!("${inner}")).is_some()) {
            Some(inner) => fault.suggest_as("name the value with `$`", node.span, format!("${inner}")),
            None => fault.help("name one value with `$`, such as `$posting.title`; to compare with a composed text use `like`"),
        });
    }

    fn wrong_path(&mut self, node: &Node, path: &str, ty: &Type, wanted: &Type) {
        let fault =
            Diagnostic::error("wrong-type", node.span, format!("`${path}` is {}, and {} is wanted here", a(ty), a(wanted)));
        let help = match (ty, wanted) {
            (Type::List(_), _) => "a list has many values; use `in`, `any_in` or `for_each`".to_owned(),
            (Type::Record(_), _) | (Type::Named(_), Type::Text) => {
                format!(
                    "name one of its fields: {}",
                    ty.members().iter().map(|m| format!("`${path}.{m}`")).collect::<Vec<_>>().join(", ")
                )
            }
            (_, Type::List(item)) if item.comparable(ty) => {
                "it is one value: put it into brackets, or compare without `in`".to_owned()
            }
            (Type::Text, Type::Url) => {
                "settings and a vendor's fields can be declared as `url`; a URL made of parts is a text: `\"https://…/{{NAME}}\"`".to_owned()
            }
            _ => format!("name something that is {}", a(wanted)),
        };
        self.found.push(fault.help(help));
    }
}

/// Whether a scalar was written without quotes.
pub(crate) fn is_plain(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::Scalar { style: Style::Plain, .. })
}
