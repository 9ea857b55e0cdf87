//! Sources of rows: `for_each` and `find`.

use super::check::{Check, node_path};
use super::shapes::{ONLY, SPEC};
use crate::lang::diagnostic::Diagnostic;
use crate::lang::rule::{Only, Source, Spec};
use crate::lang::scope::{Scope, Shape, of_row};
use crate::lang::yaml::Node;
use crate::model::{Field, Type};

/// What a `find` or a `for_each` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    ForEach,
    Find,
}

/// A compiled source and the shape of what it gives.
pub(super) struct Rows {
    pub(super) spec: Spec,
    pub(super) shape: Shape,
    /// Fields of the row that its conditions make certain.
    certain: Vec<String>,
}

impl Check<'_, '_> {
    /// The variables of `for_each` or `find`, in order; each is known to what follows.
    pub(crate) fn variables(
        &mut self,
        scope: &mut Scope<'_>,
        node: &Node,
        role: Role,
        route: &str,
        subject: &super::rule::Subject,
    ) -> Vec<(String, Spec)> {
        let mut variables = Vec::new();
        for (key, value) in node.entries(self.found).unwrap_or_default() {
            let declared = self.declared;
            let taken = if scope.vars.iter().any(|(name, _)| *name == key.text) {
                Some(("another variable", None))
            } else if let Some(setting) = declared.settings.get(&key.text) {
                Some(("a setting", Some(setting.span)))
            } else if declared.bands.contains_key(&key.text) {
                Some(("a band", None))
            } else {
                None
            };
            let free = self.name_is_free(key, "a variable", taken);
            let route = format!("{route}.{}", key.text);
            let rows = if role == Role::ForEach {
                self.rows(scope, value, &route, subject)
            } else {
                self.aside(|check| check.rows(scope, value, &route, subject))
            };
            let Some(Rows { spec, mut shape, certain }) = rows else {
                // Known with a type that is never compared, so that one fault does not become ten.
                continue;
            };
            // An `else` ends the item, so that what follows has a row.
            shape.optional = role == Role::Find && spec.default.is_none() && spec.otherwise.is_empty();
            if free {
                if shape.optional {
                    // Its row has them, if there is a row.
                    shape.make_certain(&certain);
                } else {
                    scope.present.extend(certain.into_iter().map(|field| format!("{}.{field}", key.text)));
                }
                scope.vars.push((key.text.clone(), shape));
                variables.push((key.text.clone(), spec));
            }
        }
        variables
    }

    pub(super) fn rows(
        &mut self,
        scope: &mut Scope<'_>,
        node: &Node,
        route: &str,
        subject: &super::rule::Subject,
    ) -> Option<Rows> {
        if let Some(path) = node_path(node) {
            let fault = Diagnostic::error("wrong-type", node.span, "a source of rows is a map");
            self.found.push(fault.suggest_as("write it with `in`", node.span, format!("{{ in: ${path} }}")));
            return None;
        }
        let entries = SPEC.entries(node, self.found);
        let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
        let (source, mut shape) = self.source(scope, node, get("in"), get("first_of"), get("default"), route, subject)?;
        let mut good = true;
        let like = match get("like") {
            None => None,
            Some(like) => {
                let pattern = self.pattern(scope, like)?;
                if !matches!(shape.ty, Type::Text | Type::Tag | Type::Url | Type::OneOf(_) | Type::Named(_)) {
                    let message = format!("`like` reads texts, and a row here is {}", super::literal::a(&shape.ty));
                    self.error("wrong-type", like.span, message, "compare its fields under `where`");
                    return None;
                }
                if pattern.holes().next().is_some() {
                    let fields = pattern.holes().map(|hole| (hole.name.clone(), Field::required(hole.ty.clone())));
                    shape = Shape {
                        ty: Type::Record(fields.collect()),
                        fields: std::collections::BTreeMap::new(),
                        optional: false,
                        attempt: false,
                    };
                }
                Some(pattern)
            }
        };
        let mut certain: Vec<String> = Vec::new();
        let where_ = match get("where") {
            None => None,
            Some(condition) => {
                let mark = scope.present.len();
                let outer = scope.row.replace(shape.clone());
                let cond = self.cond(scope, condition, &format!("{route}.where"));
                scope.row = outer;
                certain.extend(shape.members().into_iter().filter(|field| scope.present.contains(&of_row(field))));
                scope.present.truncate(mark);
                good &= cond.is_some();
                cond
            }
        };
        let take = match get("take") {
            None => None,
            Some(take) => {
                certain.clear();
                let name = take.as_text(self.found)?;
                let Some(field) = shape.member(name) else {
                    let names = shape.members();
                    let known = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                    let fault = Diagnostic::error("unknown-name", take.span, format!("a row here has no `{name}`"))
                        .suggest_near(take.span, name, names.iter().map(String::as_str));
                    self.found.push(if names.is_empty() {
                        fault.help("a row here has no fields: leave `take` out")
                    } else {
                        fault.help(format!("it has {known}"))
                    });
                    return None;
                };
                shape = self.declared.shape(field.ty);
                Some(name.to_owned())
            }
        };
        let only = match get("only") {
            None => None,
            Some(only) => Some(self.only(only, &source)?),
        };
        let default = match get("default") {
            None => None,
            Some(default) => Some(self.needed(scope, default, &shape.ty, &format!("{route}.default"))?),
        };
        let otherwise = match get("else") {
            None => Vec::new(),
            Some(actions) => self.aside(|check| check.actions(scope, actions, &format!("{route}.else"), subject)),
        };
        let spec = Spec { source, like, where_, take, only, default, otherwise, route: route.to_owned() };
        good.then_some(Rows { spec, shape, certain })
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one map")]
    fn source(
        &mut self,
        scope: &mut Scope<'_>,
        node: &Node,
        within: Option<&Node>,
        first_of: Option<&Node>,
        default: Option<&Node>,
        route: &str,
        subject: &super::rule::Subject,
    ) -> Option<(Source, Shape)> {
        match (within, first_of) {
            (Some(within), None) => self.within(scope, within, default.is_some()),
            (None, Some(list)) => {
                let items = list.items(self.found)?;
                let rows: Vec<Option<Rows>> = items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| self.aside(|check| check.rows(scope, item, &format!("{route}.first_of[{at}]"), subject)))
                    .collect();
                let rows = rows.into_iter().collect::<Option<Vec<Rows>>>()?;
                let Some(shape) = rows.first().map(|first| first.shape.clone()) else {
                    self.error("wrong-type", list.span, "`first_of` is empty", "list the sources in their order");
                    return None;
                };
                for (row, item) in rows.iter().zip(items).skip(1) {
                    if row.shape.ty != shape.ty {
                        let message = format!(
                            "this source gives {}, the first one {}",
                            super::literal::a(&row.shape.ty),
                            super::literal::a(&shape.ty)
                        );
                        self.error(
                            "wrong-type",
                            item.span,
                            message,
                            "all sources of `first_of` give the same type: `take` picks a field",
                        );
                        return None;
                    }
                }
                Some((Source::FirstOf(rows.into_iter().map(|row| row.spec).collect()), shape))
            }
            (Some(_), Some(list)) => {
                self.error(
                    "two-sources",
                    list.span,
                    "`in` and `first_of` cannot stand together",
                    "put the `in` into the list of `first_of`",
                );
                None
            }
            (None, None) => {
                if !node.is_faulty() && node.entries(self.found).is_some() {
                    self.error(
                        "missing-key",
                        node.span,
                        "a source of rows lacks `in`",
                        "add `in: catalogue`, `in: ledger` or `in: $list`",
                    );
                }
                None
            }
        }
    }

    fn within(&mut self, scope: &Scope<'_>, node: &Node, has_default: bool) -> Option<(Source, Shape)> {
        if let Some(path) = node_path(node) {
            // With a default there is a row without the setting.
            let found =
                if has_default { self.aside(|check| check.path(scope, path, node)) } else { self.path(scope, path, node) }?;
            let item = if let Type::List(item) = found.ty { *item } else { found.ty };
            return Some((Source::Place(found.place), self.declared.shape(item)));
        }
        let text = node.as_text(self.found)?;
        let source = match text {
            "catalogue" => (Source::Catalogue, self.declared.shape(Type::ASSESSMENT)),
            "ledger" => (Source::Ledger, crate::lang::scope::Declared::ledger_row()),
            _ => {
                let fault = Diagnostic::error("unknown-source", node.span, format!("there is no source `{text}`"));
                self.found.push(if scope.resolve(text).is_some() {
                    fault.suggest_as("name the list with `$`", node.span, format!("${text}"))
                } else {
                    fault
                        .suggest_near(node.span, text, ["catalogue", "ledger"])
                        .help("sources are `catalogue`, `ledger` and lists such as `$opportunity.tags`")
                });
                return None;
            }
        };
        if self.declared.adapter.is_none() && !self.declared.faulty_adapter {
            let message = format!("`{text}` is the vendor's, and this pack has no vendor");
            self.error("no-vendor", node.span, message, "put the `vendor.yaml` of the vendor beside this file");
            return None;
        }
        Some(source)
    }

    fn only(&mut self, node: &Node, source: &Source) -> Option<Only> {
        let text = node.as_text(self.found)?;
        let only = match text {
            "first" => Only::First,
            "latest" => Only::Latest,
            "one" => Only::One,
            _ => {
                let options: Vec<String> = ONLY.iter().map(|&only| only.to_owned()).collect();
                self.found.push(super::literal::unknown_option(node, text, &options));
                return None;
            }
        };
        if only == Only::Latest && matches!(source, Source::Catalogue | Source::Place(_)) {
            self.error("wrong-type", node.span, "only attempts of the ledger have a latest one", "write `first` or `one`");
            return None;
        }
        Some(only)
    }
}
