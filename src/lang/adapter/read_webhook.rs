//! Reads `webhook`: checks, captures, owners, and what notifications mean.

use super::cond::{self, Cond};
use super::ctx::{Reader, get};
use super::extract;
use super::operation::Operation;
use super::read_auth::flipped;
use super::read_operation::json_cond;
use super::webhook::{Emit, Handshake, Mapping, OwnerShape, PathScope, Source, Verify, Webhook};
use super::{grammar, shape};
use crate::lang::compile::literal::a;
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::source::Span;
use crate::lang::yaml::{Key, Kind, Node, Style};
use crate::model::{AssessmentEvent, Field, Type, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What the mappings are checked against.
pub(super) struct Declared<'a> {
    pub(super) events: &'a BTreeMap<AssessmentEvent, BTreeMap<String, Field>>,
    pub(super) operations: &'a BTreeMap<String, Operation>,
}

/// Where captures of what came stand: `body.NAME` of a webhook, `OPERATION.NAME` of a list that was asked for.
pub(super) struct Captures<'a> {
    /// Empty: there are none.
    pub(super) group: String,
    pub(super) takes: &'a BTreeMap<String, super::Take>,
}

impl Captures<'_> {
    /// Their names.
    fn names(&self) -> BTreeSet<String> {
        self.takes.keys().map(|name| format!("{}.{name}", self.group)).collect()
    }
}

/// What one mapping may name, and whether its values are proved.
struct Reach<'a> {
    captures: &'a Captures<'a>,
    /// Whether what came has a name.
    event: bool,
    declared: &'a Declared<'a>,
    reads: Vec<String>,
    signed: bool,
}

impl Reader<'_> {
    /// The webhook; `None` if it is faulty.
    pub(super) fn webhook(&mut self, node: &Node, declared: &Declared<'_>) -> Option<Webhook> {
        let entries = grammar::WEBHOOK.entries(node, self.found);
        let take = get(&entries, "take").map(|node| self.takes(node)).unwrap_or_default();
        let path = match get(&entries, "path") {
            Some(node) => self.one_of(node, &[("connection", PathScope::Connection), ("invitation", PathScope::Invitation)])?,
            None => PathScope::Connection,
        };
        let verify_node = get(&entries, "verify");
        let verify: Vec<Verify> = match verify_node {
            Some(node) => {
                let items = node.items(self.found).unwrap_or_default();
                items.iter().filter_map(|item| self.verify(item, &take)).collect()
            }
            None => Vec::new(),
        };
        let handshake = get(&entries, "handshake").map(|node| self.handshake(node));
        let reply = get(&entries, "reply").map_or(Some(200), |node| self.count(node, 200, 299));
        let each = get(&entries, "each").map(|node| extract::many(node, self.found));
        let event = get(&entries, "event").map(|node| extract::one(node, self.found));
        let dedupe = get(&entries, "dedupe").map(|node| self.dedupe(node, &take)).unwrap_or_default();
        let captures = Captures { group: "body".to_owned(), takes: &take };
        let owner = get(&entries, "owner").map(|node| self.owners(node, &captures)).unwrap_or_default();
        let ignore = get(&entries, "ignore").map(|node| self.names(node)).unwrap_or_default();
        let signed = verify.iter().any(Verify::covers_body);
        let mut map = Vec::new();
        for item in get(&entries, "map").and_then(|node| node.items(self.found)).unwrap_or_default() {
            map.extend(self.mapping(item, &captures, declared, signed, &ignore));
        }
        if owner.is_empty() && path == PathScope::Connection && get(&entries, "owner").is_none_or(|node| !node.is_faulty()) {
            let span = get(&entries, "owner").map_or(node.span, |node| node.span);
            self.fault(
                "no-owner",
                span,
                "nothing says whose a notification is",
                "name an id, such as `- { attempt_id: body.attempt_id }`",
            );
        }
        Some(Webhook {
            path,
            verify,
            handshake: flipped(handshake)?,
            reply: reply?,
            each: flipped(each)?,
            event: flipped(event)?,
            take,
            dedupe,
            owner,
            ignore: ignore.into_iter().collect(),
            map,
        })
    }

    fn names(&mut self, node: &Node) -> Vec<String> {
        node.items_or_self().iter().filter_map(|item| item.as_text(self.found).map(str::to_owned)).collect()
    }

    /// A name of a value, one of `known`.
    pub(super) fn source(&mut self, node: &Node, known: &BTreeSet<String>) -> Option<Source> {
        let name = node.as_text(self.found)?;
        let mention = super::text::Mention { name: name.to_owned(), span: node.span };
        if self.check(&[mention], known) { Source::parse(name) } else { None }
    }

    fn dedupe(&mut self, node: &Node, take: &BTreeMap<String, super::Take>) -> Vec<Source> {
        let mut known: BTreeSet<String> = ["event", "header."].map(str::to_owned).into();
        known.extend(take.keys().map(|name| format!("body.{name}")));
        node.items_or_self().iter().filter_map(|item| self.source(item, &known)).collect()
    }

    /// The ways to find the attempt.
    pub(super) fn owners(&mut self, node: &Node, captures: &Captures<'_>) -> Vec<OwnerShape> {
        let mut owners = Vec::new();
        for item in node.items(self.found).unwrap_or_default() {
            let (mut keys, mut test, mut good) = (Vec::new(), None, true);
            for (key, value) in item.entries(self.found).unwrap_or_default() {
                let capture = self.capture(value, captures);
                good &= capture.is_some();
                match (key.text.as_str(), capture) {
                    ("test", capture) => test = capture,
                    (name, Some(capture)) => {
                        if name != "email" && !self.ids.contains(name) {
                            self.found.push(
                                Diagnostic::error("unknown-id", key.span, format!("our ledger never learns an id `{name}`"))
                                    .suggest_near(key.span, name, self.ids.iter().map(String::as_str).chain(["email", "test"]))
                                    .help("an id is what `take` of `invite` names; `email` is always known"),
                            );
                        }
                        keys.push((name.to_owned(), capture));
                    }
                    _ => {}
                }
            }
            if good && keys.is_empty() && !item.is_faulty() {
                self.fault("no-owner", item.span, "a test alone names no candidate", "add an id or `email: body.email`");
            } else if good && !keys.is_empty() {
                owners.push(OwnerShape { keys, test });
            }
        }
        owners
    }

    fn capture(&mut self, node: &Node, captures: &Captures<'_>) -> Option<String> {
        match self.source(node, &captures.names())? {
            Source::Body(name) | Source::Read { name, .. } => Some(name),
            _ => None,
        }
    }

    fn handshake(&mut self, node: &Node) -> Option<Handshake> {
        if let Kind::Scalar { .. } = &node.kind {
            return self.one_of(node, &[("empty", ())]).map(|()| Handshake::Empty);
        }
        let entries = grammar::HANDSHAKE.entries(node, self.found);
        let when = get(&entries, "when").and_then(|node| json_cond(node, self.found));
        let reply = get(&entries, "reply").map(|node| extract::one(node, self.found));
        Some(Handshake::When { when: Box::new(when?), reply: flipped(reply)? })
    }

    fn mapping(
        &mut self,
        node: &Node,
        captures: &Captures<'_>,
        declared: &Declared<'_>,
        signed: bool,
        ignore: &[String],
    ) -> Option<Mapping> {
        let entries = grammar::MAPPING.entries(node, self.found);
        let on = get(&entries, "on").map(|node| self.names(node)).unwrap_or_default();
        if let Some(at) = get(&entries, "on") {
            for item in
                at.items_or_self().iter().filter(|item| item.scalar().is_some_and(|name| ignore.iter().any(|one| one == name)))
            {
                self.fault(
                    "ignored-event",
                    item.span,
                    format!("`{}` is also ignored", item.scalar().unwrap_or_default()),
                    "remove it from `ignore`, or this mapping",
                );
            }
        }
        self.meaning(&entries, on, captures, declared, signed)
    }

    /// A mapping of a poll: what the vendor's API answers us is true.
    pub(super) fn poll_mapping(&mut self, node: &Node, captures: &Captures<'_>, declared: &Declared<'_>) -> Option<Mapping> {
        let entries = grammar::ANSWER.entries(node, self.found);
        self.meaning(&entries, Vec::new(), captures, declared, true)
    }

    fn meaning(
        &mut self,
        entries: &[&(Key, Node)],
        on: Vec<String>,
        captures: &Captures<'_>,
        declared: &Declared<'_>,
        signed: bool,
    ) -> Option<Mapping> {
        let read = get(entries, "read").map(|node| self.operation_names(node)).unwrap_or_default();
        let try_ = get(entries, "try").map(|node| self.operation_names(node)).unwrap_or_default();
        let ids = get(entries, "ids").map(|node| self.ids(node, captures)).unwrap_or_default();
        let reads: Vec<String> = read.iter().chain(&try_).cloned().collect();
        self.only_reads(entries, declared);
        let reach = Reach { captures, event: captures.group == "body", declared, reads, signed };
        let when = get(entries, "when").map(|node| {
            let mut place = |key: &Key, found: &mut Diagnostics| place(&key.text, key.span, &reach, found);
            cond::cond(node, &mut place, self.found)
        });
        let emit_node = get(entries, "emit")?;
        if !signed {
            let confirmed = |cond: &Cond<Source>| {
                cond.places().iter().any(|place| matches!(place, Source::Read { operation, .. } if read.contains(operation)))
            };
            let faulty = matches!(when, Some(None));
            if read.is_empty() {
                self.fault(
                    "unconfirmed-event",
                    emit_node.span,
                    "nothing proves what this webhook says, and nothing is read back",
                    "add `read: [OPERATION]` and compare with what was read in `when`, or let `verify` check a signature over the body",
                );
            } else if !faulty && !when.as_ref().and_then(Option::as_ref).is_some_and(confirmed) {
                let operation = read.first().map_or("result", String::as_str);
                self.fault(
                    "unconfirmed-event",
                    emit_node.span,
                    "what was read back is never asked whether this is true",
                    format!("add a `when` such as `{{ {operation}.state: {{ in: [started] }} }}`"),
                );
            }
        }
        let mut emit = Vec::new();
        for (key, value) in emit_node.entries(self.found).unwrap_or_default() {
            emit.extend(self.emit(key, value, &reach));
        }
        Some(Mapping { on, ids, read, try_, when: flipped(when)?, emit })
    }

    fn ids(&mut self, node: &Node, captures: &Captures<'_>) -> Vec<(String, String)> {
        let entries = node.entries(self.found).unwrap_or_default();
        entries.iter().filter_map(|(key, value)| Some((key.text.clone(), self.capture(value, captures)?))).collect()
    }

    /// Reading back must change nothing.
    fn only_reads(&mut self, entries: &[&(Key, Node)], declared: &Declared<'_>) {
        for item in ["read", "try"].iter().filter_map(|name| get(entries, name)).flat_map(Node::items_or_self) {
            let operation = item.scalar().and_then(|name| declared.operations.get(name));
            // GraphQL reads with POST.
            let writes = operation.is_some_and(|operation| {
                operation.steps.iter().any(|step| match &step.request.payload {
                    super::Payload::Graphql { query, .. } => query.trim_start().starts_with("mutation"),
                    _ => !step.request.method.reads() && step.request.method != crate::model::Method::Post,
                })
            });
            if writes || item.scalar() == Some("invite") {
                self.fault(
                    "read-that-writes",
                    item.span,
                    format!("`{}` changes something at the vendor", item.scalar().unwrap_or_default()),
                    "read back with an operation that only reads",
                );
            }
        }
    }

    fn emit(&mut self, key: &Key, node: &Node, reach: &Reach<'_>) -> Option<Emit> {
        let event = self.event(&key.text, key.span)?;
        let Some(fields) = reach.declared.events.get(&event) else {
            self.fault(
                "undeclared-event",
                key.span,
                format!("the event `{event}` is not declared"),
                format!("declare it: `events: {{ {event}: {{}} }}`"),
            );
            return None;
        };
        let (mut given, mut at) = (BTreeMap::new(), None);
        let entries: &[(Key, Node)] = if node.is_null() { &[] } else { node.entries(self.found)? };
        for (name, value) in entries {
            if name.text == "at" {
                at = self.value(value, &Field::optional(Type::Date), "at", reach);
                continue;
            }
            let Some(field) = fields.get(&name.text) else {
                self.found.push(
                    Diagnostic::error("unknown-field", name.span, format!("the event `{event}` has no field `{}`", name.text))
                        .suggest_near(name.span, &name.text, fields.keys().map(String::as_str).chain(["at"]))
                        .help(format!("declare it under `events.{event}`")),
                );
                continue;
            };
            if let Some(source) = self.value(value, field, &name.text, reach) {
                given.insert(name.text.clone(), source);
            }
        }
        for (name, _) in
            fields.iter().filter(|(name, field)| !field.optional && !entries.iter().any(|(key, _)| key.text == **name))
        {
            self.found.push(
                Diagnostic::error("missing-field", key.span, format!("the event `{event}` lacks its field `{name}`"))
                    .help(format!("add `{name}: OPERATION.CAPTURE`, or declare it as `optional` under `events.{event}`")),
            );
        }
        Some(Emit { event, fields: given, at })
    }

    /// Where a field's value comes from, of the right type as far as that can be told.
    fn value(&mut self, node: &Node, field: &Field, name: &str, reach: &Reach<'_>) -> Option<Source> {
        if let Kind::Scalar { text, style: Style::Plain } = &node.kind
            && let Some(literal) = shape::plain(node, text)
        {
            let value = match literal {
                serde_json::Value::Bool(value) => Value::Bool(value),
                serde_json::Value::Number(number) => {
                    number.as_i64().map(Value::Int).or_else(|| number.as_f64().map(Value::Number))?
                }
                _ => {
                    self.fault(
                        "wrong-type",
                        node.span,
                        format!("`{name}` has no value"),
                        "remove the field; optional fields may be left out",
                    );
                    return None;
                }
            };
            return Some(Source::Literal(value));
        }
        let text = node.as_text(self.found)?;
        let source = place(text, node.span, reach, self.found)?;
        if !reach.signed && name != "at" && matches!(source, Source::Body(_) | Source::Event) {
            self.fault(
                "unconfirmed-event",
                node.span,
                format!("`{name}` is taken from a webhook that nothing proves"),
                "take it from what was read back",
            );
        }
        if let Some(ty) = captured(&source, reach).filter(|ty| !fits(ty, &field.ty)) {
            self.fault(
                "wrong-type",
                node.span,
                format!("`{name}` is {}, and `{text}` is {}", a(&field.ty), a(&ty)),
                "add a pipe to its `take`, or change the type",
            );
        }
        Some(source)
    }
}

/// The type that a capture has, where its pipes tell.
fn captured(source: &Source, reach: &Reach<'_>) -> Option<Type> {
    let take = match source {
        Source::Body(name) => reach.captures.takes.get(name),
        Source::Read { operation, name } => reach
            .declared
            .operations
            .get(operation)
            .and_then(|operation| operation.captures().find(|(known, _)| known == name))
            .map(|(_, take)| take),
        _ => None,
    };
    take.and_then(|take| take.field.as_ref()).map(|field| field.ty.clone())
}

/// Whether a value of `found` may pass the border as `wanted`.
fn fits(found: &Type, wanted: &Type) -> bool {
    match (found, wanted) {
        (Type::Text, Type::Text | Type::Tag | Type::Url | Type::OneOf(_) | Type::Date)
        | (Type::Url, Type::Text)
        | (Type::Number | Type::Int, Type::Number | Type::Int) => true,
        (Type::List(found), Type::List(wanted)) => fits(found, wanted),
        (found, wanted) => found == wanted,
    }
}

/// A name in a mapping.
fn place(name: &str, span: Span, reach: &Reach<'_>, found: &mut Diagnostics) -> Option<Source> {
    let mut known = reach.captures.names();
    if reach.event {
        known.insert("event".to_owned());
    }
    for operation in reach.reads.iter().filter_map(|name| reach.declared.operations.get(name)) {
        known.extend(operation.captures().map(|(capture, _)| format!("{}.{capture}", operation.name)));
    }
    if known.contains(name) {
        return Source::parse(name);
    }
    let group = name.split_once('.').map(|(group, _)| group);
    let diagnostic = Diagnostic::error("unknown-capture", span, format!("nothing here is called `{name}`"));
    let diagnostic = diagnostic.suggest_near(span, name, known.iter().map(String::as_str));
    let unread = group
        .is_some_and(|group| reach.declared.operations.contains_key(group) && !reach.reads.iter().any(|read| read == group));
    found.push(if unread {
        diagnostic.help(format!("`{}` is not read here: add it to `read`", group.unwrap_or_default()))
    } else if known.len() < 16 {
        diagnostic.help(format!("known are {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")))
    } else {
        diagnostic.help("`body.NAME` is a capture of the webhook, `OPERATION.NAME` one of what was read back")
    });
    None
}
