//! Types: whether every name is known, fits where it stands, and is there when it is printed.

use super::Scope;
use super::ast::{Arg, Call, Expr, Name, Part, PathUse};
use super::helper::{DATE_FORMAT, Helper, format_date};
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::source::Span;
use crate::model::{Field, Type};
use jiff::Timestamp;
use std::collections::BTreeSet;

pub(super) fn check(parts: &[Part], scope: &dyn Scope, diagnostics: &mut Diagnostics) -> bool {
    let mut checker = Checker { scope, items: Vec::new(), present: BTreeSet::new(), faults: Vec::new() };
    checker.parts(parts);
    let good = checker.faults.is_empty();
    diagnostics.extend(checker.faults);
    good
}

struct Checker<'a> {
    scope: &'a dyn Scope,
    /// The type of the items of each loop around; nothing where that was a fault.
    items: Vec<Option<Type>>,
    /// Names known to be there, with the number of loops around where they are looked up.
    present: BTreeSet<(usize, String)>,
    faults: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Print(expr) => self.print(expr),
                Part::If { negated, path, then, otherwise } => {
                    let there = self.condition(path, *negated);
                    let (first, second) = if *negated { (otherwise, then) } else { (then, otherwise) };
                    let added = there.filter(|name| self.present.insert(name.clone()));
                    self.parts(first);
                    if let Some(name) = added {
                        self.present.remove(&name);
                    }
                    self.parts(second);
                }
                Part::Each { path, body, otherwise } => {
                    let item = self.list(path);
                    self.items.push(item);
                    self.parts(body);
                    self.items.pop();
                    // What was known of this loop's items says nothing about another loop's.
                    let depth = self.items.len();
                    self.present.retain(|(level, _)| *level <= depth);
                    self.parts(otherwise);
                }
            }
        }
        self.faults.sort_by_key(|fault| fault.primary);
    }

    fn fault(&mut self, code: &'static str, span: Span, message: String, help: String) {
        self.faults.push(Diagnostic::error(code, span, message).help(help));
    }

    fn print(&mut self, expr: &Expr) {
        let (field, span, written) = match expr {
            Expr::Path(path) => (self.path(path), path.span, path.name.as_str().to_owned()),
            Expr::Call(call) => (self.call(call), call.span, call.helper.name().to_owned()),
        };
        let Some(field) = field else { return };
        if field.optional {
            self.maybe_absent(expr, span, &written);
        } else if !field.ty.prints() {
            let help = match &field.ty {
                Type::List(item) if item.prints() => {
                    format!("write `{{{{join {written}}}}}` or `{{{{#each {written}}}}}{{{{this}}}} {{{{/each}}}}`")
                }
                Type::List(_) => format!("write `{{{{#each {written}}}}} ... {{{{/each}}}}`"),
                ty => format!("print one of its fields: {}", backticked(ty.members().iter())),
            };
            self.fault("wrong-type", span, format!("`{written}` is {} and cannot be printed", a(&field.ty)), help);
        }
    }

    fn maybe_absent(&mut self, expr: &Expr, span: Span, written: &str) {
        let (message, help) = match expr {
            Expr::Path(_) => (
                format!("`{written}` may be absent"),
                format!("write `{{{{#if {written}}}}}...{{{{/if}}}}` around it, or `{{{{default {written} \"...\"}}}}`"),
            ),
            Expr::Call(call) => {
                let inner = call.args.first().map(Arg::span);
                let name = match call.args.first() {
                    Some(Arg::Path(path)) => path.name.as_str(),
                    Some(Arg::Band(name, _)) => name,
                    _ => written,
                };
                self.fault(
                    "maybe-absent",
                    inner.unwrap_or(span),
                    format!("`{name}` may be absent"),
                    match call.args.first() {
                        Some(Arg::Path(_)) => format!("write `{{{{#if {name}}}}}...{{{{/if}}}}` around it"),
                        _ => format!("write `{{{{default ({written} ...) \"...\"}}}}`"),
                    },
                );
                return;
            }
        };
        self.fault("maybe-absent", span, message, help);
    }

    /// The name that is there when the condition holds, if that says anything.
    fn condition(&mut self, path: &PathUse, negated: bool) -> Option<(usize, String)> {
        let written = path.name.as_str();
        if matches!(path.name, Name::First | Name::Last) {
            return None;
        }
        let field = self.path(path)?;
        let level = self.items.len() - path.up;
        if field.optional {
            return Some((level, written.to_owned()));
        }
        if !matches!(field.ty, Type::Bool | Type::List(_)) {
            let block = if negated { "unless" } else { "if" };
            let message =
                format!("`{written}` is {} that is always there: `{{{{#{block}}}}}` has nothing to ask", a(&field.ty));
            let help = "`{{#if}}` asks whether an optional value is there, a bool is true or a list has items; compare values in `when`";
            self.fault("wrong-type", path.span, message, help.to_owned());
        }
        None
    }

    fn list(&mut self, path: &PathUse) -> Option<Type> {
        let field = self.path(path)?;
        let written = path.name.as_str();
        match field.ty {
            Type::List(item) => {
                if field.optional {
                    let help = format!("write `{{{{#if {written}}}}}` around the `{{{{#each}}}}`");
                    self.fault("maybe-absent", path.span, format!("`{written}` may be absent"), help);
                }
                Some(*item)
            }
            ty => {
                let message = format!("`{written}` is {}, not a list", a(&ty));
                self.fault("wrong-type", path.span, message, "`{{#each}}` walks a list".to_owned());
                None
            }
        }
    }

    fn call(&mut self, call: &Call) -> Option<Field> {
        let mut fields = Vec::new();
        for arg in &call.args {
            fields.push(match arg {
                Arg::Path(path) => self.path(path)?,
                Arg::Call(inner) => self.call(inner)?,
                Arg::Text(..) => Field::required(Type::Text),
                Arg::Number(text, _) => Field::required(if text.contains('.') { Type::Number } else { Type::Int }),
                Arg::Band(name, span) => self.band(name, *span)?,
            });
        }
        let before = self.faults.len();
        let name = call.helper.name();
        let wrong = |this: &mut Self, at: usize, wanted: &str| {
            let span = call.args.get(at).map_or(call.span, Arg::span);
            let ty = fields.get(at).map_or(Type::Text, |field| field.ty.clone());
            let message = format!("`{name}` needs {wanted} here, and this is {}", a(&ty));
            this.fault("wrong-type", span, message, format!("write {}", call.helper.usage()));
        };
        let first = fields.first()?;
        match call.helper {
            Helper::Default => {
                if !first.ty.prints() {
                    wrong(self, 0, "something that can be printed");
                } else if !first.optional {
                    let span = call.args.first().map_or(call.span, Arg::span);
                    let help = "leave `default` out".to_owned();
                    self.fault("never-absent", span, "this is always there, so its default is never used".to_owned(), help);
                }
                match fields.get(1) {
                    Some(second) if second.optional => {
                        let span = call.args.get(1).map_or(call.span, Arg::span);
                        let help = "give a text: `{{default NAME \"...\"}}`".to_owned();
                        self.fault("maybe-absent", span, "the default may itself be absent".to_owned(), help);
                    }
                    Some(second) if !second.ty.prints() => wrong(self, 1, "something that can be printed"),
                    _ => {}
                }
            }
            Helper::Round => {
                if !matches!(first.ty, Type::Int | Type::Number) {
                    wrong(self, 0, "a number");
                }
                match call.args.get(1) {
                    None => {}
                    Some(Arg::Number(text, _)) if text.parse::<u8>().is_ok_and(|decimals| decimals <= 6) => {}
                    Some(_) => wrong(self, 1, "how many decimals (0 to 6)"),
                }
            }
            Helper::Date => self.date(call, first, &wrong),
            Helper::Join => {
                if !matches!(&first.ty, Type::List(item) if item.prints()) {
                    wrong(self, 0, "a list of printable values");
                }
                if !matches!(call.args.get(1), None | Some(Arg::Text(..))) {
                    wrong(self, 1, "a text in quotes");
                }
            }
            Helper::Band => {
                if !matches!(call.args.first(), Some(Arg::Band(..))) {
                    wrong(self, 0, "the name of a band");
                }
            }
            Helper::Upper | Helper::Lower => {
                if !first.ty.prints() {
                    wrong(self, 0, "something that can be printed");
                }
            }
        }
        let optional = first.optional && call.helper != Helper::Default;
        (self.faults.len() == before).then_some(Field { ty: Type::Text, optional })
    }

    fn date(&mut self, call: &Call, first: &Field, wrong: &dyn Fn(&mut Self, usize, &str)) {
        if first.ty != Type::Date {
            wrong(self, 0, "a date");
        }
        let mut texts = [None, None];
        for (at, slot) in texts.iter_mut().enumerate() {
            match call.args.get(at + 1) {
                None => {}
                Some(Arg::Text(text, span)) => *slot = Some((text.as_str(), *span)),
                Some(_) => wrong(self, at + 1, "a text in quotes"),
            }
        }
        let [zone, format] = texts;
        let sample = Timestamp::UNIX_EPOCH;
        if let Some((zone, span)) = zone
            && let Err(message) = format_date(sample, zone, DATE_FORMAT)
        {
            self.fault(
                "wrong-type",
                span,
                message,
                "zones are named such as `Europe/Berlin`, `America/New_York`, `UTC`".to_owned(),
            );
        }
        if let Some((format, span)) = format
            && let Err(message) = format_date(sample, "UTC", format)
        {
            self.fault("wrong-type", span, message, "write it such as `%d.%m.%Y %H:%M`".to_owned());
        }
    }

    fn band(&mut self, name: &str, span: Span) -> Option<Field> {
        if let Some(optional) = self.scope.band(name) {
            return Some(Field { ty: Type::Text, optional });
        }
        let known = self.scope.bands();
        let diagnostic = Diagnostic::error("unknown-name", span, format!("there is no band `{name}`")).suggest_near(
            span,
            name,
            known.iter().map(String::as_str),
        );
        let help = if known.is_empty() {
            "this file has no `bands`".to_owned()
        } else {
            format!("known bands are {}", backticked(known.iter()))
        };
        self.faults.push(diagnostic.help(help));
        None
    }

    /// The type of a name where it stands; what is known to be there is not optional.
    fn path(&mut self, path: &PathUse) -> Option<Field> {
        let level = self.items.len().checked_sub(path.up)?;
        let name = match &path.name {
            Name::Index => return Some(Field::required(Type::Int)),
            Name::First | Name::Last => return Some(Field::required(Type::Bool)),
            Name::This => return Some(Field::required(self.item(level)?)),
            Name::Field(name) => name.as_str(),
        };
        let start = if level == 0 { self.known_front(name) } else { (Some(Field::required(self.item(level)?)), 0) };
        let (Some(mut field), used) = start else {
            self.unknown(name, path.span);
            return None;
        };
        if used > 0 && self.is_present(level, name.get(..used).unwrap_or(name)) {
            field.optional = false;
        } else if level == 0 && field.optional {
            field.optional = self.absent_beyond_tests(name.get(..used).unwrap_or(name));
        }
        let mut at = used;
        let rest = name.get(used..).unwrap_or_default();
        for segment in rest.split('.').filter(|segment| !segment.is_empty()) {
            let Some(member) = field.ty.member(segment) else {
                self.no_member(name, at, &field.ty, segment, level, path.span);
                return None;
            };
            at = (at + segment.len() + usize::from(at > 0)).min(name.len());
            let there = self.is_present(level, name.get(..at).unwrap_or(name));
            field = Field { ty: member.ty, optional: (field.optional || member.optional) && !there };
        }
        // A test of the whole name says that everything on the way is there.
        if self.is_present(level, name) {
            field.optional = false;
        }
        Some(field)
    }

    /// Whether a name that may be absent may be so although what stands before one of its dots was tested: a row of a look-up that is
    /// there has all its cells but the optional ones.
    fn absent_beyond_tests(&self, name: &str) -> bool {
        let fronts = name.rmatch_indices('.').filter_map(|(at, _)| Some((name.get(..at)?, name.get(at + 1..)?)));
        for (front, rest) in fronts.filter(|(front, _)| self.is_present(0, front)) {
            let Some(mut field) = self.scope.lookup(front) else { continue };
            field.optional = false;
            let whole = rest.split('.').try_fold(field, |field, segment| {
                let member = field.ty.member(segment)?;
                Some(Field { optional: field.optional || member.optional, ..member })
            });
            if let Some(whole) = whole {
                return whole.optional;
            }
        }
        true
    }

    fn item(&self, level: usize) -> Option<Type> {
        self.items.get(level.checked_sub(1)?)?.clone()
    }

    fn is_present(&self, level: usize, name: &str) -> bool {
        self.present.contains(&(level, name.to_owned()))
    }

    /// The longest front part of a name that the scope knows, and its length.
    fn known_front(&self, name: &str) -> (Option<Field>, usize) {
        let cuts = std::iter::once(name.len()).chain(name.rmatch_indices('.').map(|(at, _)| at));
        for cut in cuts {
            if let Some(field) = name.get(..cut).and_then(|front| self.scope.lookup(front)) {
                return (Some(field), cut);
            }
        }
        (None, 0)
    }

    fn unknown(&mut self, name: &str, span: Span) {
        let names = self.scope.names();
        let message = format!("nothing called `{name}` is known {}", self.scope.situation());
        let mut diagnostic =
            Diagnostic::error("unknown-name", span, message).suggest_near(span, name, names.iter().map(String::as_str));
        if diagnostic.suggestion.is_none() {
            let front = name.split('.').next().unwrap_or(name);
            let group: Vec<&String> = names.iter().filter(|known| known.split('.').next() == Some(front)).collect();
            diagnostic = match group.as_slice() {
                [] => {
                    let mut heads: Vec<&str> = names.iter().filter_map(|name| name.split('.').next()).collect();
                    heads.dedup();
                    heads.truncate(12);
                    diagnostic.help(format!("known here are {}", backticked(heads.iter())))
                }
                some => diagnostic.help(format!("known are {}", backticked(some.iter().take(12)))),
            };
        }
        self.faults.push(diagnostic);
    }

    fn no_member(&mut self, name: &str, at: usize, ty: &Type, segment: &str, level: usize, span: Span) {
        let front = name.get(..at).unwrap_or_default();
        let whole = if front.is_empty() { "this item".to_owned() } else { format!("`{front}`") };
        let message = format!("{whole} is {} and has no `{segment}`", a(ty));
        let members: Vec<String> = ty
            .members()
            .into_iter()
            .map(|member| if front.is_empty() { member } else { format!("{front}.{member}") })
            .collect();
        let mut diagnostic =
            Diagnostic::error("unknown-name", span, message).suggest_near(span, name, members.iter().map(String::as_str));
        if level > 0 && self.known_front(name).0.is_some() {
            diagnostic = diagnostic.help(format!("names from outside of the loop need `../`: `{}{name}`", "../".repeat(level)));
        } else if !members.is_empty() {
            diagnostic = diagnostic.help(format!("it has {}", backticked(members.iter())));
        }
        self.faults.push(diagnostic);
    }
}

fn backticked<T: AsRef<str>>(names: impl Iterator<Item = T>) -> String {
    names.map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// A type with its article.
fn a(ty: &Type) -> String {
    let name = ty.to_string();
    match ty {
        Type::OneOf(_) => name,
        Type::Text => "text".to_owned(),
        Type::Int => "a whole number".to_owned(),
        _ if name.starts_with(['a', 'e', 'i', 'o']) => format!("an {name}"),
        _ => format!("a {name}"),
    }
}
