//! Types of settings, and the columns of tables.

use super::check::{Check, is_name};
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Span;
use crate::lang::yaml::{Key, Kind as NodeKind, Node};
use crate::model::{Field, Kind, Type};
use std::collections::BTreeMap;

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

/// The type whose rows have columns.
const TABLE: &str = "table";
/// Stands before the type of a column whose cells may be left out.
const OPTIONAL: &str = "optional ";

/// Whether values of this type are rows with columns.
pub(crate) fn is_table(ty: &Type) -> bool {
    matches!(ty, Type::List(item) if matches!(**item, Type::Record(_)))
}

impl Check<'_, '_> {
    /// The type of a setting, with its columns if it is a table.
    pub(crate) fn setting_type(&mut self, key: &Key, node: &Node, columns: Option<&Node>) -> Option<Type> {
        let table = node.scalar() == Some(TABLE);
        match columns {
            Some(columns) if table => self.columns(columns).map(|fields| Type::Record(fields).list()),
            None if table => {
                let message = format!("the table `{}` lacks its `columns`", key.text);
                self.error("missing-key", node.span, message, "add `columns: { NAME: TYPE, NAME: optional TYPE }`");
                None
            }
            Some(columns) => {
                self.error(
                    "unknown-key",
                    columns.span,
                    "only a table has columns",
                    "leave `columns` out, or write `type: table`",
                );
                None
            }
            None => self.ty(node),
        }
    }

    fn columns(&mut self, node: &Node) -> Option<BTreeMap<String, Field>> {
        let entries = node.entries(self.found)?;
        if entries.is_empty() {
            self.error("wrong-type", node.span, "a table without columns has nothing to say", "add one such as `stage: stage`");
            return None;
        }
        let mut columns = BTreeMap::new();
        let mut good = true;
        for (key, value) in entries {
            if !is_name(&key.text) {
                let message = format!("`{}` is no name for a column", key.text);
                self.error(
                    "not-a-name",
                    key.span,
                    message,
                    "write lower-case letters, digits and `_`, beginning with a letter",
                );
                good = false;
            }
            match self.column(value) {
                Some(field) => drop(columns.insert(key.text.clone(), field)),
                None => good = false,
            }
        }
        good.then_some(columns)
    }

    /// `TYPE` or `optional TYPE`.
    fn column(&mut self, node: &Node) -> Option<Field> {
        let Some(named) = node.scalar().and_then(|text| text.strip_prefix(OPTIONAL)) else {
            return self.ty(node).map(Field::required);
        };
        let start = OPTIONAL.len();
        self.named_type(named.trim(), node.inner_span(start..start + named.len())).map(Field::optional)
    }

    /// A type as written.
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
                self.named_type(text, node.span)
            }
        }
    }

    fn named_type(&mut self, text: &str, span: Span) -> Option<Type> {
        if text == TABLE {
            let help = "a table is the type of a whole setting: give the setting `type: table` and `columns`";
            self.error("wrong-type", span, "a table cannot stand here", help);
            return None;
        }
        let found = TYPES.iter().find(|(name, _)| *name == text).map(|(_, ty)| ty.clone());
        if found.is_none() {
            let names = type_names();
            let known = names.join(", ");
            let fault = Diagnostic::error("unknown-type", span, format!("there is no type `{text}`"));
            let better = match text {
                "string" | "str" => Some("text"),
                "integer" => Some("int"),
                "float" | "decimal" => Some("number"),
                "boolean" => Some("bool"),
                "test" => Some("assessment"),
                _ => None,
            };
            let fault = match better {
                Some(better) => fault.suggest(span, better),
                None => fault.suggest_near(span, text, names.into_iter().chain([TABLE])),
            };
            self.found
                .push(fault.or_help(format!("types are {known}, `{{ one_of: [...] }}`, `[TYPE]` for a list, and `table`")));
        }
        found
    }
}
