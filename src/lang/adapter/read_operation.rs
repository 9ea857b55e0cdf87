//! Reads `operations`: requests, steps, captures, pages.

use super::cond::{self, Cond};
use super::ctx::{Reader, get};
use super::event::field;
use super::extract::{self, Extract, Take};
use super::operation::{OnUnknown, Operation, Pages, Payload, RequestShape, Step};
use super::read_auth::flipped;
use super::shape::{self, Shape};
use super::text::{Piece, Text};
use super::{grammar, names};
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::source::Span;
use crate::lang::yaml::{Key, Kind, Node};
use crate::model::{AssessmentEvent, Field, Method, Type};
use std::collections::{BTreeMap, BTreeSet};

const METHODS: [(&str, Method); 5] =
    [("get", Method::Get), ("post", Method::Post), ("put", Method::Put), ("patch", Method::Patch), ("delete", Method::Delete)];
const BODIES: [&str; 4] = ["json", "form", "graphql", "text"];

/// A condition over JSONPaths.
pub(super) fn json_cond(node: &Node, found: &mut Diagnostics) -> Option<Cond<Extract>> {
    let mut place = |key: &Key, found: &mut Diagnostics| {
        let at = key_place(key);
        if key.text.starts_with('$') {
            return extract::from(&key.text, &at, found);
        }
        found.push(
            Diagnostic::error("jsonpath", key.span, format!("`{}` is no JSONPath", key.text))
                .help("left of the colon stands where the value is, such as `$.state`"),
        );
        None
    };
    cond::cond(node, &mut place, found)
}

/// Where a byte range of a key stands.
pub(super) fn key_place(key: &Key) -> impl Fn(std::ops::Range<usize>) -> Span + '_ {
    move |range| {
        // Quoted keys have quotes in their span.
        let lead = key.span.range().len().saturating_sub(key.text.len()) / 2;
        let start = key.span.start as usize + lead;
        Span::new(key.span.source, start + range.start..start + range.end)
    }
}

impl Reader<'_> {
    /// One operation.
    pub(super) fn operation(&mut self, key: &Key, node: &Node) -> Option<Operation> {
        let entries = grammar::OPERATION.entries(node, self.found);
        if entries.is_empty() {
            return None;
        }
        let with = get(&entries, "with").map(|node| self.fields(node)).unwrap_or_default();
        let mut known = names::of_requests(&self.secrets, &self.ids, &self.fields);
        known.extend(with.keys().map(|name| format!("with.{name}")));
        known.extend(self.listed.get(&key.text).into_iter().flatten().cloned());
        if get(&entries, "pages").is_some() {
            known.extend(["page", "offset", "limit", "cursor"].map(str::to_owned));
        }
        let mut mentioned = BTreeSet::new();
        let mut steps = Vec::new();
        let mut good = true;
        match (get(&entries, "request"), get(&entries, "steps")) {
            (Some(request), None) => {
                let step = self.step(key.text.clone(), Some(request), &entries, &known, &mut mentioned);
                good &= step.is_some();
                steps.extend(step);
            }
            (None, Some(list)) => {
                for name in ["ok", "take", "each", "keep", "pages"] {
                    if let Some((key, _)) = entries.iter().find(|(key, _)| key.text == name) {
                        self.fault(
                            "misplaced-key",
                            key.span,
                            format!("`{name}` belongs to a step here"),
                            "move it into the step whose answer it reads",
                        );
                        good = false;
                    }
                }
                for item in list.items(self.found).unwrap_or_default() {
                    let entries = grammar::STEP.entries(item, self.found);
                    let Some(name) = get(&entries, "name").and_then(|node| self.step_name(node, &steps)) else {
                        good = false;
                        continue;
                    };
                    let step = self.step(name.clone(), get(&entries, "request"), &entries, &known, &mut mentioned);
                    if let Some(step) = &step {
                        known.extend(step.take.keys().map(|capture| format!("{name}.{capture}")));
                    }
                    good &= step.is_some();
                    steps.extend(step);
                }
            }
            (Some(_), Some(steps)) => {
                self.fault("one-of", steps.span, "an operation has `request` or `steps`, not both", "keep one of them");
                good = false;
            }
            (None, None) => {
                self.fault(
                    "missing-key",
                    node.span,
                    format!("the operation `{}` lacks `request`", key.text),
                    "add `request: { get: /path }`, or `steps:`",
                );
                good = false;
            }
        }
        let emits = get(&entries, "emits").map(|node| self.emits(&key.text, node));
        let on_unknown = self.on_unknown(&key.text, &entries);
        let each = get(&entries, "each").map(|node| extract::many(node, self.found));
        let keep = get(&entries, "keep").map(|node| json_cond(node, self.found));
        let pages = get(&entries, "pages").map(|node| self.pages(node));
        if key.text == "catalogue" {
            good &= self.catalogue(node, &entries);
        } else if !self.listed.contains_key(&key.text) {
            for name in ["each", "keep", "pages"] {
                if let Some((key, _)) = entries.iter().find(|(key, _)| key.text == name) {
                    self.fault(
                        "misplaced-key",
                        key.span,
                        format!("`{name}` belongs to an operation that lists"),
                        "those are `catalogue`, and what a poll or `subscribe` names as `list`; others take single values",
                    );
                }
            }
        }
        let (inputs, reads): (BTreeSet<String>, BTreeSet<String>) =
            mentioned.into_iter().partition(|name| names::planned(name));
        let operation = Operation {
            name: key.text.clone(),
            inputs: inputs.into_iter().collect(),
            reads,
            with,
            steps,
            emits: flipped(emits)?,
            on_unknown: on_unknown?,
            each: flipped(each)?,
            keep: flipped(keep)?,
            pages: flipped(pages)?,
        };
        good.then_some(operation)
    }

    fn step_name(&mut self, node: &Node, steps: &[Step]) -> Option<String> {
        let name = node.as_text(self.found)?;
        let taken = ["opportunity", "candidate", "posting", "assessment", "test", "ids", "with", "secret", "now"];
        if taken.contains(&name) || steps.iter().any(|step| step.name == name) {
            self.fault(
                "name-taken",
                node.span,
                format!("a step cannot be called `{name}`"),
                "that name is taken; later steps must tell the two apart",
            );
            return None;
        }
        Some(name.to_owned())
    }

    fn step(
        &mut self,
        name: String,
        request: Option<&Node>,
        entries: &[&(Key, Node)],
        known: &BTreeSet<String>,
        mentioned: &mut BTreeSet<String>,
    ) -> Option<Step> {
        let request = request.and_then(|node| self.request(node, known));
        let ok = get(entries, "ok").map(|node| json_cond(node, self.found));
        let take = get(entries, "take").map(|node| self.takes(node)).unwrap_or_default();
        let (request, names) = request?;
        mentioned.extend(names);
        Some(Step { name, request, ok: flipped(ok)?, take })
    }

    /// Captures by name.
    pub(super) fn takes(&mut self, node: &Node) -> BTreeMap<String, Take> {
        let mut takes = BTreeMap::new();
        for (key, value) in node.entries(self.found).unwrap_or_default() {
            if !super::text::is_name(&key.text) || key.text.contains('.') {
                self.fault(
                    "bad-name",
                    key.span,
                    format!("`{}` cannot be the name of a capture", key.text),
                    "letters, digits and `_`",
                );
                continue;
            }
            let Some(mut take) = extract::take(value, self.found) else { continue };
            if key.text == "expires_at" {
                // What the ledger's timers count from must be a date.
                take.field = Some(Field::optional(Type::Date));
            }
            takes.insert(key.text.clone(), take);
        }
        takes
    }

    /// Names with their types.
    pub(super) fn fields(&mut self, node: &Node) -> BTreeMap<String, Field> {
        let mut fields = BTreeMap::new();
        for (key, value) in node.entries(self.found).unwrap_or_default() {
            fields.extend(field(value, self.found).map(|field| (key.text.clone(), field)));
        }
        fields
    }

    /// The event that an operation's success is.
    fn emits(&mut self, operation: &str, node: &Node) -> Option<AssessmentEvent> {
        if matches!(operation, "catalogue" | "invite") {
            let message = format!("`{operation}` is never called by a rule, so its success means nothing to one");
            self.fault("misplaced-key", node.span, message, "leave `emits` out: what an invitation leads to is known");
            return None;
        }
        let all: Vec<(&str, AssessmentEvent)> = AssessmentEvent::ALL.iter().map(|event| (event.as_str(), *event)).collect();
        self.one_of(node, &all)
    }

    fn on_unknown(&mut self, name: &str, entries: &[&(Key, Node)]) -> Option<OnUnknown> {
        let lookup = get(entries, "lookup");
        let kind = match get(entries, "on_unknown") {
            Some(node) => self.one_of(node, &[("repeat", 0), ("lookup", 1), ("park", 2)])?,
            None => 2,
        };
        match (kind, lookup) {
            (1, Some(node)) => self.operation_names(node).pop().map(OnUnknown::Lookup),
            (1, None) => {
                let span = get(entries, "on_unknown").map(|node| node.span)?;
                self.fault(
                    "missing-key",
                    span,
                    format!("`{name}` does not say what to look up with"),
                    "add `lookup: OPERATION`, one that finds the invitation",
                );
                None
            }
            (_, Some(node)) => {
                self.fault(
                    "misplaced-key",
                    node.span,
                    "`lookup` is for `on_unknown: lookup`",
                    "remove it, or write `on_unknown: lookup`",
                );
                None
            }
            (0, None) => Some(OnUnknown::Repeat),
            _ => Some(OnUnknown::Park),
        }
    }

    fn catalogue(&mut self, node: &Node, entries: &[&(Key, Node)]) -> bool {
        let mut good = node.required("each", "the operation `catalogue`", self.found).is_some();
        let Some(take) = node.required("take", "the operation `catalogue`", self.found) else { return false };
        for name in ["id", "title"] {
            good &= take.required(name, "`take` of `catalogue`", self.found).is_some();
        }
        good && get(entries, "request").is_some()
    }

    fn pages(&mut self, node: &Node) -> Option<Pages> {
        let entries = grammar::PAGES.entries(node, self.found);
        let by_node = get(&entries, "by")?;
        let by = self.one_of(by_node, &[("page", 0), ("offset", 1), ("next", 2), ("cursor", 3)])?;
        let path = |this: &mut Self, name: &str| get(&entries, name).and_then(|node| extract::one(node, this.found));
        let needs = |this: &mut Self, what: &str| {
            this.fault(
                "missing-key",
                by_node.span,
                format!("`pages` by `{}` needs {what}", by_node.scalar().unwrap_or_default()),
                format!("add {what}"),
            );
            None
        };
        match by {
            0 => match (get(&entries, "last"), get(&entries, "more")) {
                (Some(last), None) => {
                    let last = grammar::LAST.entries(last, self.found);
                    let current = get(&last, "current").and_then(|node| extract::one(node, self.found));
                    let total = get(&last, "total").and_then(|node| extract::one(node, self.found));
                    Some(Pages::Page { current: current?, total: total? })
                }
                (None, Some(_)) => Some(Pages::PageWhile { more: path(self, "more")? }),
                _ => needs(self, "either `last` or `more`"),
            },
            1 => {
                let Some(limit) = get(&entries, "limit") else { return needs(self, "`limit`") };
                let limit = self.count(limit, 1, 10_000)?;
                Some(Pages::Offset { limit, total: path(self, "total") })
            }
            2 => {
                if get(&entries, "url").is_none() {
                    return needs(self, "`url`");
                }
                Some(Pages::Next { url: path(self, "url")? })
            }
            _ => {
                if get(&entries, "cursor").is_none() {
                    return needs(self, "`cursor`");
                }
                Some(Pages::Cursor { cursor: path(self, "cursor")?, more: path(self, "more") })
            }
        }
    }

    /// A request, and the names that it reads.
    pub(super) fn request(&mut self, node: &Node, known: &BTreeSet<String>) -> Option<(RequestShape, BTreeSet<String>)> {
        let entries = grammar::REQUEST.entries(node, self.found);
        if entries.is_empty() {
            return None;
        }
        let mut mentions = Vec::new();
        let methods: Vec<_> = METHODS.iter().filter_map(|(name, method)| Some((*method, get(&entries, name)?))).collect();
        let target = if let [(method, target)] = methods.as_slice() {
            super::text::text(target, &mut mentions, self.found).map(|path| (*method, *target, path))
        } else {
            self.fault(
                "one-of",
                node.span,
                "a request has exactly one method",
                "write `get: /path`, `post: /path`, `put:`, `patch:` or `delete:`",
            );
            None
        };
        let query = get(&entries, "query").map(|node| self.shapes(node, &mut mentions));
        let headers = get(&entries, "headers").map(|node| {
            let entries = node.entries(self.found)?;
            let all: Vec<_> = entries
                .iter()
                .map(|(key, value)| {
                    let text = super::text::text(value, &mut mentions, self.found)?;
                    self.refuse_literal(&key.text, &text, value, false);
                    Some((key.text.clone(), text))
                })
                .collect();
            all.into_iter().collect::<Option<Vec<_>>>()
        });
        let bodies: Vec<_> = entries.iter().filter(|(key, _)| BODIES.contains(&key.text.as_str())).collect();
        if let [_, second, ..] = bodies.as_slice() {
            self.fault("one-of", second.0.span, "a request has one body", "keep one of `json`, `form`, `graphql`, `text`");
            return None;
        }
        let payload = match bodies.first() {
            None => Some(Payload::None),
            Some((key, value)) => self.payload(&key.text, value, &entries, &mut mentions),
        };
        let good = self.check(&mentions, known);
        let (method, target, path) = target?;
        let placed = self.place(target, &path);
        let shape = RequestShape {
            method,
            path,
            query: flipped(query)?.unwrap_or_default(),
            headers: flipped(headers)?.unwrap_or_default(),
            payload: payload?,
        };
        let names = mentions.into_iter().map(|mention| mention.name).filter(|name| !name.starts_with("secret."));
        (good && placed).then(|| (shape, names.collect()))
    }

    fn payload(
        &mut self,
        kind: &str,
        node: &Node,
        entries: &[&(Key, Node)],
        mentions: &mut Vec<super::text::Mention>,
    ) -> Option<Payload> {
        Some(match kind {
            "json" => {
                self.literals(node);
                Payload::Json(shape::shape(node, mentions, self.found)?)
            }
            "form" => Payload::Form(self.shapes(node, mentions)?),
            "graphql" => {
                let entries = grammar::GRAPHQL.entries(node, self.found);
                let query = get(&entries, "query")?;
                let text = query.as_text(self.found)?;
                if let Some(at) = text.find("{{") {
                    let name = query.inner_span(at..at + 2);
                    // GraphQL itself may write `{{`; it is only suspicious before a name.
                    if text.get(at + 2..).is_some_and(|rest| {
                        rest.trim_start().starts_with("candidate.") || rest.trim_start().starts_with("secret.")
                    }) {
                        self.fault(
                            "graphql-text",
                            name,
                            "a GraphQL document is sent as it is",
                            "pass the value in `variables`",
                        );
                        return None;
                    }
                }
                let variables = match get(&entries, "variables") {
                    Some(node) => shape::shape(node, mentions, self.found)?,
                    None => Shape::Map(Vec::new()),
                };
                Payload::Graphql { query: text.to_owned(), variables }
            }
            _ => Payload::Text {
                text: super::text::text(node, mentions, self.found)?,
                media_type: match get(entries, "media_type") {
                    Some(node) => node.as_text(self.found)?.to_owned(),
                    None => "text/plain".to_owned(),
                },
            },
        })
    }

    /// Named values of a query or a form.
    fn shapes(&mut self, node: &Node, mentions: &mut Vec<super::text::Mention>) -> Option<Vec<(String, Shape)>> {
        self.literals(node);
        let entries = node.entries(self.found)?;
        let all: Vec<_> =
            entries.iter().map(|(key, value)| Some((key.text.clone(), shape::shape(value, mentions, self.found)?))).collect();
        all.into_iter().collect()
    }

    /// Refuses literal credentials anywhere below a map.
    fn literals(&mut self, node: &Node) {
        match &node.kind {
            Kind::Map(entries) => {
                for (key, value) in entries {
                    if let Kind::Scalar { text, style } = &value.kind
                        && !text.contains("{{")
                        && !(*style == crate::lang::yaml::Style::Plain
                            && (text.starts_with('$') || shape::plain(value, text).is_some()))
                    {
                        self.refuse_literal(&key.text, &Text(vec![Piece::Text(text.clone())]), value, false);
                    }
                    self.literals(value);
                }
            }
            Kind::Seq(items) => items.iter().for_each(|item| self.literals(item)),
            Kind::Scalar { .. } | Kind::Faulty => {}
        }
    }

    /// Whether a request's target is one: a path, a URL of a declared host, or a URL that a capture holds.
    pub(super) fn place(&mut self, node: &Node, path: &Text) -> bool {
        if path.names().any(|name| name.starts_with("secret.")) {
            self.fault(
                "secret-in-path",
                node.span,
                "a secret must not stand in a path",
                "paths are logged; send it in a header, the query or the body",
            );
            return false;
        }
        let lead = match path.0.first() {
            Some(Piece::Text(text)) => text.as_str(),
            // The URL that an answer gave; its host is checked when it is asked.
            Some(Piece::Name(_)) if path.0.len() == 1 => return true,
            _ => "",
        };
        if lead.starts_with('/') && !lead.starts_with("//") {
            if lead.contains('?') || lead.contains('#') {
                self.fault(
                    "query-in-path",
                    node.span,
                    "the query does not belong into the path",
                    "write it as `query: { name: value }`",
                );
                return false;
            }
            return true;
        }
        if let Ok(url) = url::Url::parse(lead) {
            return self.host(node, &url);
        }
        self.fault("bad-path", node.span, "a path begins with `/`", "write it below `base_url`, such as `/assessments`");
        false
    }
}
