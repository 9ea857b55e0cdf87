//! Reads `poll` and `subscribe`: what is asked without being told, and how our webhook is registered.

use super::ctx::{Reader, get};
use super::grammar;
use super::operation::Operation;
use super::poll::{Ask, List, Poll, Window};
use super::read_auth::flipped;
use super::read_webhook::{Captures, Declared};
use super::shape;
use super::subscribe::Subscribe;
use super::webhook::{Mapping, Webhook};
use crate::lang::yaml::{Key, Kind, Node};
use crate::model::{Phase, Value};
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Unless the file says otherwise.
const SLOWEST: SignedDuration = SignedDuration::from_hours(6);
const STOP_AFTER: SignedDuration = SignedDuration::from_hours(90 * 24);
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
const FIRST: SignedDuration = SignedDuration::from_hours(24);
/// Asked more often, a vendor's budget is gone before anything happened.
const SHORTEST: SignedDuration = SignedDuration::from_secs(30);

/// Phases that end asking, by name.
const UNTIL: [(&str, Phase); 5] = [
    ("started", Phase::Started),
    ("submitted", Phase::Submitted),
    ("scored", Phase::Scored),
    ("reviewed", Phase::Reviewed),
    ("decided", Phase::Decided),
];

/// Names that requests of a window may read.
const WINDOW: [&str; 6] =
    ["window.from", "window.from.epoch_s", "window.from.epoch_ms", "window.to", "window.to.epoch_s", "window.to.epoch_ms"];

/// What operations that are asked for as lists may read besides, by operation; found before operations are read.
pub(super) fn listed(polls: Option<&Node>, subscribe: Option<&Node>) -> BTreeMap<String, BTreeSet<String>> {
    let mut listed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, poll) in entries(polls) {
        let Some(name) = poll.get("list").and_then(Node::scalar) else { continue };
        let names = listed.entry(name.to_owned()).or_default();
        names.extend(entries(poll.get("for")).map(|(key, _)| format!("for.{}", key.text)));
        if poll.get("window").is_some() {
            names.extend(WINDOW.map(str::to_owned));
        }
    }
    let list = subscribe.and_then(|node| node.get("list")).and_then(Node::scalar);
    if let Some(name) = list {
        listed.entry(name.to_owned()).or_default();
    }
    listed
}

fn entries(node: Option<&Node>) -> impl Iterator<Item = &(Key, Node)> {
    match node.map(|node| &node.kind) {
        Some(Kind::Map(entries)) => entries.as_slice().iter(),
        _ => [].iter(),
    }
}

impl Reader<'_> {
    /// Every poll, by name; faulty ones are left out.
    pub(super) fn polls(&mut self, node: &Node, declared: &Declared<'_>, webhook: Option<&Webhook>) -> BTreeMap<String, Poll> {
        let mut polls = BTreeMap::new();
        for (key, node) in node.entries(self.found).unwrap_or_default() {
            if !super::text::is_name(&key.text) || key.text.contains('.') {
                self.fault(
                    "bad-name",
                    key.span,
                    format!("`{}` cannot be the name of a poll", key.text),
                    "letters, digits and `_`",
                );
                continue;
            }
            polls.extend(self.poll(key, node, declared, webhook).map(|poll| (key.text.clone(), poll)));
        }
        polls
    }

    fn poll(&mut self, at: &Key, node: &Node, declared: &Declared<'_>, webhook: Option<&Webhook>) -> Option<Poll> {
        let entries = grammar::POLL.entries(node, self.found);
        let every = get(&entries, "every").and_then(|node| self.pause(node));
        let list = get(&entries, "list").map(|node| self.list_operation(node, declared));
        let is_list = list.is_some();
        let misplaced: &[&str] = if is_list { &["slowest"] } else { &["for", "window", "owner"] };
        for name in misplaced {
            if let Some((key, _)) = entries.iter().find(|(key, _)| key.text == *name) {
                let (belongs, help) = if is_list {
                    ("a poll about single attempts", "a list is asked for every time: remove it")
                } else {
                    ("a poll with `list`", "add `list: OPERATION`, or remove it")
                };
                self.fault("misplaced-key", key.span, format!("`{name}` belongs to {belongs}"), help);
            }
        }
        let slowest = get(&entries, "slowest").map_or(Some(SLOWEST), |node| self.pause(node));
        let stop_after = get(&entries, "stop_after").map_or(Some(STOP_AFTER), |node| node.as_duration(self.found));
        let until = get(&entries, "until").map_or(Some(Phase::Scored), |node| self.one_of(node, &UNTIL));
        let list = flipped(list)?;
        let none = BTreeMap::new();
        let captures = match list {
            Some(operation) => {
                Captures { group: operation.name.clone(), takes: operation.steps.first().map_or(&none, |step| &step.take) }
            }
            None => Captures { group: String::new(), takes: &none },
        };
        let mut map = Vec::new();
        let maps = get(&entries, "map");
        for item in maps.and_then(|node| node.items(self.found)).unwrap_or_default() {
            map.extend(self.poll_mapping(item, &captures, declared));
        }
        let inherited = webhook.is_some_and(|webhook| webhook.map.iter().any(Mapping::only_asks));
        if maps.is_none() && !inherited {
            self.fault(
                "missing-key",
                at.span,
                format!("nothing says what the answers to the poll `{}` mean", at.text),
                "add `map:`; without it the webhook's mappings count, as far as they read back and say nothing of the body",
            );
        }
        if !is_list && maps.is_some() {
            for (mapping, item) in map.iter().zip(maps.map(Node::items_or_self).unwrap_or_default()) {
                if mapping.read.is_empty() {
                    self.fault(
                        "missing-key",
                        item.span,
                        "this mapping asks nothing",
                        "add `read: [OPERATION]`, which is asked about each attempt",
                    );
                }
            }
        }
        let ask = match list {
            Some(operation) => {
                let name = operation.name.clone();
                let each = get(&entries, "for").map(|node| self.for_each(node));
                let window = get(&entries, "window").map(|node| self.window(node));
                let Some(owner) = get(&entries, "owner").map(|node| self.owners(node, &captures)) else {
                    self.fault(
                        "missing-key",
                        at.span,
                        format!("nothing says whose the items of `{name}` are"),
                        format!("add `owner: [{{ invitation_id: {name}.CAPTURE }}]`"),
                    );
                    return None;
                };
                Ask::List(Box::new(List { operation: name, each: flipped(each)?, window: flipped(window)?, owner }))
            }
            None => Ask::Attempts { slowest: slowest? },
        };
        Some(Poll { every: every?, ask, stop_after: stop_after?, until: until?, map })
    }

    fn pause(&mut self, node: &Node) -> Option<SignedDuration> {
        let pause = node.as_duration(self.found)?;
        if pause < SHORTEST {
            self.fault("out-of-range", node.span, "this is too often", "write at least `30s`; vendors count every request");
            return None;
        }
        Some(pause)
    }

    /// An operation that lists.
    fn list_operation<'a>(&mut self, node: &Node, declared: &Declared<'a>) -> Option<&'a Operation> {
        let name = self.operation_names(node).pop()?;
        let operation = declared.operations.get(&name)?;
        if operation.each.is_none() {
            self.fault(
                "missing-key",
                node.span,
                format!("the operation `{name}` does not say where its items are"),
                format!("add `each: $.items[*]` to `operations.{name}`"),
            );
            return None;
        }
        Some(operation)
    }

    fn for_each(&mut self, node: &Node) -> Option<(String, Vec<Value>)> {
        let entries = node.entries(self.found)?;
        let [(key, values)] = entries else {
            self.fault("one-of", node.span, "`for` goes through the values of one name", "write `for: { state: [a, b] }`");
            return None;
        };
        let mut all = Vec::new();
        for item in values.items(self.found)? {
            all.push(match shape::json(item) {
                serde_json::Value::Number(number) if number.is_i64() => Value::Int(number.as_i64()?),
                _ => Value::text(item.as_text(self.found)?),
            });
        }
        Some((key.text.clone(), all))
    }

    fn window(&mut self, node: &Node) -> Option<Window> {
        let entries = grammar::WINDOW.entries(node, self.found);
        let overlap = get(&entries, "overlap").map_or(Some(OVERLAP), |node| node.as_duration(self.found));
        let first = get(&entries, "first").map_or(Some(FIRST), |node| node.as_duration(self.found));
        let (overlap, first) = (overlap?, first?);
        if overlap > HOUR * 24 * 31 {
            self.fault("out-of-range", node.span, "this overlap is longer than a month", "write such as `10m`");
            return None;
        }
        Some(Window { overlap, first })
    }

    /// How our webhook is registered.
    pub(super) fn subscribe(&mut self, node: &Node, declared: &Declared<'_>) -> Option<Subscribe> {
        let entries = grammar::SUBSCRIBE.entries(node, self.found);
        let list_node = get(&entries, "list")?;
        let list = self.list_operation(list_node, declared);
        let create_node = get(&entries, "create")?;
        let create = self.operation_names(create_node).pop();
        if let Some(list) = list
            && !list.captures().any(|(name, _)| name == "url")
        {
            self.fault(
                "missing-key",
                list_node.span,
                format!("`{}` does not say which URLs are registered", list.name),
                format!("add `take: {{ url: $.url }}` to `operations.{}`", list.name),
            );
            return None;
        }
        let asked = create.as_ref().and_then(|name| declared.operations.get(name));
        if asked.is_some_and(|operation| !operation.reads.contains("callback_url")) {
            self.fault(
                "missing-key",
                create_node.span,
                format!("`{}` registers no URL of ours", create.as_deref().unwrap_or_default()),
                "its request must hold `{{callback_url}}`",
            );
            return None;
        }
        Some(Subscribe { list: list?.name.clone(), create: create? })
    }
}
