//! The catalogue that `leverd pull` saves: a YAML file beside the rules, readable and easy to compare in git (grammar:
//! `schema/catalogue.md`).
//!
//! Reading tells every fault; writing goes through `serde_yaml`; what is written reads back the same.

use super::diagnostic::{Diagnostic, Diagnostics};
use super::route::routed;
use super::shape::{KeyShape, Shape, Ty};
use super::source::{SourceId, Sources, Span};
use super::yaml::{self, Key, Kind, Node, Style, parse_int, parse_number};
use crate::model::{AccountCatalogue, AccountId, FormField, FormTemplate, Pinned, PostingEntry, TestEntry, UserEntry, Value};
use jiff::Timestamp;
use schemars::Schema;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

static ROOT: Shape = Shape {
    what: "a catalogue",
    keys: &[
        KeyShape::must("account", Ty::Text, "the account's name in leverd.yaml"),
        KeyShape::must("pulled_at", Ty::Time, "when Lever and the vendors were asked"),
        KeyShape::must("stages", Ty::List(&Ty::Map(&PINNED)), "the stages, in pipeline order"),
        KeyShape::may("tags", Ty::List(&Ty::Text), "the tags in use"),
        KeyShape::may("postings", Ty::List(&Ty::Map(&POSTING)), "the postings that are not closed"),
        KeyShape::may("users", Ty::List(&Ty::Map(&USER)), "the active users"),
        KeyShape::may("archive_reasons", Ty::List(&Ty::Map(&PINNED)), "why an opportunity may be archived"),
        KeyShape::may("form_templates", Ty::List(&Ty::Map(&TEMPLATE)), "templates of profile forms"),
        KeyShape::may("feedback_templates", Ty::List(&Ty::Map(&TEMPLATE)), "templates of feedback forms"),
        KeyShape::may("tests", Ty::Named(&Ty::List(&Ty::Map(&TEST))), "the tests that may be sent, by the vendor's name"),
        KeyShape::may(
            "formerly",
            Ty::Named(&Ty::List(&Ty::Text)),
            "by id, the names that things had when they were pulled before",
        ),
    ],
};

static TEMPLATE: Shape = Shape {
    what: "a template",
    keys: &[
        KeyShape::must("id", Ty::Text, "Lever's id"),
        KeyShape::must("name", Ty::Text, "the name when pulled"),
        KeyShape::may("fields", Ty::List(&Ty::Map(&FIELD)), "what is asked, in the template's order"),
    ],
};

static FIELD: Shape = Shape {
    what: "a field",
    keys: &[
        KeyShape::must("id", Ty::Text, "Lever's id"),
        KeyShape::must("text", Ty::Text, "the question, by which rules know the field"),
        KeyShape::must("type", Ty::Text, "its type as Lever calls it: `text`, `dropdown`, `yes-no` …"),
        KeyShape::may("required", Ty::Bool, "whether it must be given"),
        KeyShape::may("options", Ty::List(&Ty::Text), "what may be chosen"),
    ],
};

static PINNED: Shape = Shape {
    what: "an entry of the catalogue",
    keys: &[
        KeyShape::must("id", Ty::Text, "stays when the name changes"),
        KeyShape::must("name", Ty::Text, "the name when pulled"),
    ],
};

static POSTING: Shape = Shape {
    what: "a posting",
    keys: &[
        KeyShape::must("id", Ty::Text, "Lever's id"),
        KeyShape::must("title", Ty::Text, "the title when pulled"),
        KeyShape::must("state", Ty::Text, "published, internal, draft …"),
    ],
};

static USER: Shape = Shape {
    what: "a user",
    keys: &[
        KeyShape::must("id", Ty::Text, "Lever's id"),
        KeyShape::must("name", Ty::Text, "the name when pulled"),
        KeyShape::may("role", Ty::Text, "Lever's access role"),
    ],
};

static TEST: Shape = Shape {
    what: "a test",
    keys: &[
        KeyShape::must("id", Ty::Text, "the vendor's id"),
        KeyShape::must("title", Ty::Text, "the title when pulled"),
        KeyShape::may("fields", Ty::Named(&Ty::Any), "further fields that the adapter takes from the vendor"),
    ],
};

/// The keys of a catalogue.
pub(crate) fn root() -> &'static Shape {
    &ROOT
}

/// A pulled catalogue and the account it was pulled from.
#[derive(Debug, Clone, PartialEq)]
pub struct PulledCatalogue {
    pub account: AccountId,
    /// Where the account's name stands.
    pub account_span: Span,
    pub catalogue: AccountCatalogue,
}

/// Reads one catalogue. Nothing comes back if a fault is an error.
pub fn read(sources: &Sources, id: SourceId, diagnostics: &mut Diagnostics) -> Option<PulledCatalogue> {
    let mut found = Diagnostics::new();
    let root = yaml::load(sources, id, &mut found)?;
    let pulled = Reader { found: &mut found }.catalogue(&root);
    let broken = found.has_errors();
    diagnostics.extend(routed(&root, found));
    if broken { None } else { pulled }
}

/// The catalogue as the text of its file.
pub fn write(account: &AccountId, catalogue: &AccountCatalogue) -> Result<String, serde_yaml::Error> {
    #[derive(Serialize)]
    struct File<'a> {
        account: &'a AccountId,
        #[serde(flatten)]
        catalogue: &'a AccountCatalogue,
    }
    let text = serde_yaml::to_string(&File { account, catalogue })?;
    Ok(format!("# Saved by `leverd pull`. Pull again instead of editing: rules are checked against these names.\n{text}"))
}

/// The JSON Schema of catalogue files, from the tables that the reader goes by.
pub fn catalogue_schema() -> Schema {
    ROOT.schema("leverd catalogue", "What an account and its vendors offer by name, saved by `leverd pull`.")
}

struct Reader<'a> {
    found: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn catalogue(&mut self, root: &Node) -> Option<PulledCatalogue> {
        let mut catalogue = AccountCatalogue::default();
        let (mut account, mut account_span) = (None, root.span);
        for (key, value) in ROOT.entries(root, self.found) {
            match key.text.as_str() {
                "account" => {
                    account = self.text(value);
                    account_span = value.span;
                }
                "pulled_at" => catalogue.pulled_at = self.time(value).unwrap_or_default(),
                "stages" => catalogue.stages = self.pins(value),
                "tags" => {
                    let items = value.items(self.found).unwrap_or_default();
                    catalogue.tags = items.iter().filter_map(|item| self.text(item)).collect();
                }
                "postings" => {
                    catalogue.postings = self.rows(value, &POSTING, |row| {
                        Some(PostingEntry { id: row.text("id")?, title: row.text("title")?, state: row.text("state")? })
                    });
                }
                "users" => {
                    catalogue.users = self.rows(value, &USER, |row| {
                        Some(UserEntry { id: row.text("id")?, name: row.text("name")?, role: row.optional("role") })
                    });
                }
                "archive_reasons" => catalogue.archive_reasons = self.pins(value),
                "form_templates" => catalogue.form_templates = self.templates(value),
                "feedback_templates" => catalogue.feedback_templates = self.templates(value),
                "formerly" => catalogue.formerly = self.formerly(value),
                _ => {
                    let vendors = value.entries(self.found).unwrap_or_default();
                    catalogue.tests = vendors.iter().map(|(vendor, tests)| (vendor.text.clone(), self.tests(tests))).collect();
                }
            }
        }
        Some(PulledCatalogue { account: AccountId::new(account?), account_span, catalogue })
    }

    fn pins(&mut self, node: &Node) -> Vec<Pinned> {
        self.rows(node, &PINNED, |row| Some(Pinned { id: row.text("id")?, name: row.text("name")? }))
    }

    fn templates(&mut self, node: &Node) -> Vec<FormTemplate> {
        let mut templates = self.rows(node, &TEMPLATE, |row| {
            Some(FormTemplate { id: row.text("id")?, name: row.text("name")?, fields: Vec::new() })
        });
        for item in node.items(&mut Diagnostics::new()).unwrap_or_default() {
            let Some(fields) = item.get("fields").filter(|fields| !fields.is_null()) else { continue };
            let fields = self.rows(fields, &FIELD, |row| {
                Some(FormField {
                    id: row.text("id")?,
                    text: row.text("text")?,
                    ty: row.text("type")?.into(),
                    required: row.flag("required"),
                    options: row.texts("options"),
                })
            });
            let id = item.get("id").and_then(Node::scalar);
            if let Some(template) = templates.iter_mut().find(|template| Some(template.id.as_str()) == id) {
                template.fields = fields;
            }
        }
        templates
    }

    fn formerly(&mut self, node: &Node) -> BTreeMap<String, Vec<String>> {
        let entries = node.entries(self.found).unwrap_or_default();
        let names = |names: &Node, found: &mut Diagnostics| {
            let items = names.items(found).unwrap_or_default();
            items.iter().filter_map(|item| item.as_text(found).map(str::to_owned)).collect()
        };
        entries.iter().map(|(id, former)| (id.text.clone(), names(former, self.found))).collect()
    }

    fn tests(&mut self, node: &Node) -> Vec<TestEntry> {
        self.rows(node, &TEST, |row| {
            let fields = row.node.get("fields").filter(|node| !node.is_null());
            let fields = fields.and_then(|node| node.entries(row.found)).unwrap_or_default();
            let fields: BTreeMap<String, Value> =
                fields.iter().filter_map(|(key, value)| Some((key.text.clone(), row.value(key, value)?))).collect();
            Some(TestEntry { id: row.text("id")?, title: row.text("title")?, fields })
        })
    }

    /// The rows of a list; each id once.
    fn rows<T>(&mut self, node: &Node, shape: &Shape, read: impl Fn(&mut Row<'_>) -> Option<T>) -> Vec<T> {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        let mut rows = Vec::new();
        for item in node.items(self.found).unwrap_or_default() {
            shape.entries(item, self.found);
            rows.extend(read(&mut Row { node: item, found: self.found }));
            let Some((id, span)) = item.get("id").and_then(|id| Some((id.scalar()?, id.span))) else {
                continue;
            };
            if let Some(first) = seen.insert(id, span) {
                self.found.push(
                    Diagnostic::error("id-twice", span, format!("the id `{id}` stands twice in this list"))
                        .label("again here")
                        .also(first, "first here")
                        .help("remove one of them, or run `leverd pull` again"),
                );
            }
        }
        rows
    }

    fn text(&mut self, node: &Node) -> Option<String> {
        node.as_text(self.found).map(str::to_owned)
    }

    fn time(&mut self, node: &Node) -> Option<Timestamp> {
        let text = node.as_text(self.found)?;
        let time = text.parse().ok();
        if time.is_none() {
            let message = format!("`{text}` is no point in time");
            self.found.push(Diagnostic::error("bad-time", node.span, message).help("write it as `2026-11-20T09:30:00Z`"));
        }
        time
    }
}

/// One entry of a list, whose keys were checked already.
struct Row<'a> {
    node: &'a Node,
    found: &'a mut Diagnostics,
}

impl Row<'_> {
    fn text(&mut self, key: &str) -> Option<String> {
        self.node.get(key)?.as_text(self.found).map(str::to_owned)
    }

    fn optional(&mut self, key: &str) -> Option<String> {
        self.node.get(key).filter(|node| !node.is_null())?;
        self.text(key)
    }

    fn flag(&mut self, key: &str) -> bool {
        self.node.get(key).and_then(|node| node.as_bool(self.found)).unwrap_or(false)
    }

    fn texts(&mut self, key: &str) -> Vec<String> {
        let items = self.node.get(key).and_then(|node| node.items(self.found)).unwrap_or_default();
        items.iter().filter_map(|item| item.as_text(self.found).map(str::to_owned)).collect()
    }

    fn value(&mut self, key: &Key, node: &Node) -> Option<Value> {
        let value = json(node).and_then(|json| serde_json::from_value(json).ok());
        if value.is_none() && !node.is_faulty() {
            let message = format!("the field `{}` holds no value that rules can read", key.text);
            self.found.push(
                Diagnostic::error("bad-field", node.span, message)
                    .help("write a text, a number, `true`, `false` or a list of these"),
            );
        }
        value
    }
}

/// A node as JSON, plain scalars by their looks: here values have no declared type, and [`write`] quotes texts that look otherwise.
fn json(node: &Node) -> Option<serde_json::Value> {
    Some(match &node.kind {
        Kind::Faulty => return None,
        Kind::Seq(items) => items.iter().map(json).collect::<Option<Vec<_>>>()?.into(),
        Kind::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| Some((key.text.clone(), json(value)?)));
            entries.collect::<Option<serde_json::Map<_, _>>>()?.into()
        }
        Kind::Scalar { .. } if node.is_null() => return None,
        Kind::Scalar { text, style: Style::Plain } => match text.as_str() {
            "true" => true.into(),
            "false" => false.into(),
            text => match (parse_int(text), parse_number(text)) {
                (Some(int), _) => int.into(),
                (None, Some(number)) => number.into(),
                (None, None) => text.into(),
            },
        },
        Kind::Scalar { text, .. } => text.as_str().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::render::render_human;

    fn reread(catalogue: &AccountCatalogue) -> AccountCatalogue {
        let text = write(&"acme".into(), catalogue).unwrap();
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let id = sources.add("acme.yaml", text.as_bytes(), &mut found).unwrap();
        let read = read(&sources, id, &mut found);
        assert!(found.is_empty(), "{}\n{text}", render_human(&sources, &found, false));
        read.unwrap().catalogue
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let nasty = [
            "plain",
            "no",
            "null",
            "~",
            "007",
            "1.10",
            "12:30",
            "a: b",
            "- x",
            "#x",
            "x # y",
            "'q'",
            "\"d\"",
            "{{x}}",
            "&a",
            "*a",
            "!t",
            "%d",
            "@x",
            "`x",
            " lead",
            "trail ",
            "",
            "two\nlines",
            "two\nlines\n",
            "tab\there",
            "é☃",
            "1e5",
            ".inf",
            "0x1f",
            "true",
            "|",
            ">",
            "?",
            "-",
            "back\\slash",
            "line\r\nend",
            "\u{85}",
            "on",
            "2026-11-20",
        ];
        let pin = |(n, name): (usize, &&str)| Pinned { id: format!("id-{n}"), name: (*name).to_owned() };
        let fields = nasty.iter().enumerate().map(|(n, text)| (format!("f{n}"), Value::text(*text)));
        let fields = fields.chain([
            ("int".to_owned(), Value::Int(-7)),
            ("whole".to_owned(), Value::Number(100.0)),
            ("number".to_owned(), Value::Number(66.5)),
            ("big".to_owned(), Value::Number(1e300)),
            ("bool".to_owned(), Value::Bool(true)),
            ("list".to_owned(), Value::texts(["a", "1"])),
            ("at".to_owned(), Value::date("2026-11-20T09:30:00Z".parse().unwrap())),
        ]);
        let catalogue = AccountCatalogue {
            pulled_at: "2026-11-20T09:30:00Z".parse().unwrap(),
            stages: nasty.iter().enumerate().map(pin).collect(),
            tags: nasty.iter().map(|tag| (*tag).to_owned()).collect(),
            postings: vec![PostingEntry { id: "1".into(), title: "Engineer: \"Backend\"".into(), state: "published".into() }],
            users: vec![
                UserEntry { id: "u1".into(), name: "Ada".into(), role: Some("super admin".into()) },
                UserEntry { id: "u2".into(), name: "Bob".into(), role: None },
            ],
            archive_reasons: vec![Pinned { id: "r".into(), name: "No".into() }],
            form_templates: vec![FormTemplate {
                id: "t".into(),
                name: "Result: whole".into(),
                fields: vec![
                    FormField {
                        id: "f1".into(),
                        text: "yes".into(),
                        ty: crate::model::FieldType::YesNo,
                        required: true,
                        options: Vec::new(),
                    },
                    FormField {
                        id: "f2".into(),
                        text: "Score".into(),
                        ty: crate::model::FieldType::Dropdown,
                        required: false,
                        options: nasty.iter().map(|option| (*option).to_owned()).collect(),
                    },
                ],
            }],
            feedback_templates: vec![FormTemplate { id: "t".into(), name: "None".into(), fields: Vec::new() }],
            formerly: BTreeMap::from([("id-0".to_owned(), vec!["on".to_owned(), "Was".to_owned()])]),
            tests: BTreeMap::from([(
                "qualified".to_owned(),
                vec![TestEntry { id: "5f".into(), title: "Java".into(), fields: fields.collect() }],
            )]),
        };
        assert_eq!(reread(&catalogue), catalogue);
        assert_eq!(reread(&AccountCatalogue::default()), AccountCatalogue::default());
    }
}
