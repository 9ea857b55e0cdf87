//! The file as a whole: what it declares, then its parts, each checked against that.

use super::ctx::{Reader, get};
use super::read_auth::flipped;
use super::read_operation::json_cond;
use super::read_webhook::Declared;
use super::{Adapter, Auth, ErrorClass, ErrorRule, Operation, Poll, Rate, Sample, Sampled, extract, grammar, read_poll, shape};
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::route::routed;
use crate::lang::source::{SourceId, Sources};
use crate::lang::yaml::{self, Key, Node};
use crate::model::VendorName;
use std::collections::{BTreeMap, BTreeSet};

/// Reads a `vendor.yaml`: [`parse`] after the YAML reader. A secret that stands in the text is blanked in `sources`, so that no message
/// shows it.
pub fn read(sources: &mut Sources, id: SourceId, diagnostics: &mut Diagnostics) -> Option<Adapter> {
    let mut found = Diagnostics::new();
    let adapter = yaml::load(sources, id, &mut found).and_then(|root| parse(&root, &mut found));
    blank(sources, &found);
    let broken = found.has_errors();
    diagnostics.extend(found);
    adapter.filter(|_| !broken)
}

/// Blanks the secrets that stand in a text, after [`parse`] and before any message shows it.
pub fn blank(sources: &mut Sources, found: &Diagnostics) {
    for literal in found.iter().filter(|found| found.code == "literal-secret") {
        sources.blank(literal.primary);
    }
}

/// Makes an adapter of a located tree. Every fault leaves a diagnostic; with an error there is no adapter.
pub fn parse(root: &Node, diagnostics: &mut Diagnostics) -> Option<Adapter> {
    let mut found = Diagnostics::new();
    let adapter = whole(root, &mut found);
    let broken = found.has_errors();
    diagnostics.extend(routed(root, found));
    adapter.filter(|_| !broken)
}

/// The keys of a map, whatever its values are.
fn keys(node: Option<&Node>) -> impl Iterator<Item = &(Key, Node)> {
    match node.map(|node| &node.kind) {
        Some(yaml::Kind::Map(entries)) => entries.as_slice().iter(),
        _ => [].iter(),
    }
}

fn whole(root: &Node, found: &mut Diagnostics) -> Option<Adapter> {
    let entries = grammar::ROOT.entries(root, found);
    if entries.is_empty() {
        return None;
    }
    let operations = get(&entries, "operations");
    let (mut ids, mut fields) = (BTreeSet::new(), BTreeSet::new());
    for (key, operation) in keys(operations) {
        let steps = operation.get("steps").map(Node::items_or_self).unwrap_or_default();
        let takes = std::iter::once(operation).chain(steps).filter_map(|node| node.get("take"));
        let names = takes.flat_map(|take| keys(Some(take)).map(|(key, _)| key.text.clone()).collect::<Vec<_>>());
        if key.text == "catalogue" {
            fields.extend(names.filter(|name| name != "id" && name != "title"));
        } else {
            ids.extend(names);
        }
    }
    let learned = ids.clone();
    let mappings = get(&entries, "webhook").and_then(|node| node.get("map")).map(Node::items_or_self).unwrap_or_default();
    let asked = keys(get(&entries, "poll")).filter_map(|(_, poll)| poll.get("map")).flat_map(Node::items_or_self);
    ids.extend(mappings.iter().chain(asked).flat_map(|mapping| keys(mapping.get("ids"))).map(|(key, _)| key.text.clone()));
    let mut reader = Reader {
        found,
        secrets: keys(get(&entries, "secrets")).map(|(key, _)| key.text.clone()).collect(),
        ids,
        fields,
        operations: keys(operations).map(|(key, _)| key.text.clone()).collect(),
        listed: read_poll::listed(get(&entries, "poll"), get(&entries, "subscribe")),
        hosts: Vec::new(),
    };
    let name = get(&entries, "vendor").and_then(|node| reader.vendor(node));
    let base_url = get(&entries, "base_url").and_then(|node| reader.base_url(node));
    let hosts = get(&entries, "hosts").map(|node| reader.host_names(node)).unwrap_or_default();
    reader.hosts.extend(hosts.iter().cloned());
    let mut secrets = get(&entries, "secrets").map(|node| reader.secrets(node)).unwrap_or_default();
    let mut optional = BTreeSet::new();
    for (name, doc) in &mut secrets {
        if let Some(rest) = doc.strip_prefix("optional ") {
            *doc = rest.trim().to_owned();
            optional.insert(name.clone());
        }
    }
    let auth = get(&entries, "auth").map_or(Some(Auth::None), |node| reader.auth(node));
    let rate = get(&entries, "rate").map(|node| reader.rate(node));
    let errors = get(&entries, "errors").map(|node| reader.errors(node)).unwrap_or_default();
    let events = get(&entries, "events").map(|node| reader.events(node)).unwrap_or_default();
    let mut all = BTreeMap::new();
    for (key, node) in keys(operations) {
        if let Some(operation) = reader.operation(key, node) {
            all.insert(key.text.clone(), operation);
        }
    }
    let reports = get(&entries, "reports").map(|node| reader.reports(node, &all)).unwrap_or_default();
    // What the webhook's captures are compared with is what answers taught us.
    reader.ids = learned;
    let declared = Declared { events: &events, operations: &all };
    let webhook = get(&entries, "webhook").map(|node| reader.webhook(node, &declared));
    let told = webhook.as_ref().and_then(Option::as_ref);
    let polls = get(&entries, "poll").map(|node| reader.polls(node, &declared, told)).unwrap_or_default();
    reader.silent(get(&entries, "events"), told, &polls, &all);
    let subscribe = get(&entries, "subscribe").map(|node| reader.subscribe(node, &declared));
    let setup = get(&entries, "setup").map(|node| node.as_text(reader.found).map(|text| text.trim().to_owned()));
    let samples = get(&entries, "samples").map(|node| reader.samples(node, get(&entries, "poll"))).unwrap_or_default();
    let name = name?;
    let title = match get(&entries, "title") {
        Some(node) => node.as_text(found)?.to_owned(),
        None => name.as_str().to_owned(),
    };
    Some(Adapter {
        name,
        title,
        base_url: base_url?,
        hosts,
        optional_secrets: optional,
        secrets,
        auth: auth?,
        rate: flipped(rate)?,
        errors,
        events,
        operations: all,
        reports,
        webhook: flipped(webhook)?,
        polls,
        subscribe: flipped(subscribe)?,
        setup: flipped(setup)?,
        samples,
    })
}

impl Reader<'_> {
    fn vendor(&mut self, node: &Node) -> Option<VendorName> {
        let text = node.as_text(self.found)?;
        let good = text.len() <= 63
            && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'));
        if !good || text == "lever" {
            self.fault(
                "bad-name",
                node.span,
                format!("`{text}` cannot be the name of a vendor"),
                "lower-case letters, digits, `-` and `_`; it stands in webhook URLs",
            );
            return None;
        }
        Some(VendorName::new(text))
    }

    fn base_url(&mut self, node: &Node) -> Option<String> {
        let text = node.as_text(self.found)?;
        let Some(url) =
            url::Url::parse(text).ok().filter(|url| url.has_host() && url.username().is_empty() && url.password().is_none())
        else {
            self.fault(
                "bad-url",
                node.span,
                format!("`{text}` is no URL of an API"),
                "write it as `https://host/path`, without credentials",
            );
            return None;
        };
        if url.query().is_some() || url.fragment().is_some() {
            self.fault("bad-url", node.span, "a base URL has no query", "put it into the `query` of the requests");
            return None;
        }
        self.hosts.push(url.host_str().unwrap_or_default().to_owned());
        self.scheme(node, &url).then(|| text.trim_end_matches('/').to_owned())
    }

    /// Secrets travel in the headers.
    fn scheme(&mut self, node: &Node, url: &url::Url) -> bool {
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let good = url.scheme() == "https" || (url.scheme() == "http" && local);
        if !good {
            self.fault(
                "bad-url",
                node.span,
                "only `https://` may carry credentials",
                "write `https://…`; `http://` is for this machine alone",
            );
        }
        good
    }

    /// Whether an absolute URL is one of a declared host.
    pub(super) fn host(&mut self, node: &Node, url: &url::Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        if !self.hosts.iter().any(|known| known == host) {
            let base = self.hosts.first().map_or_else(String::new, |base| format!("; the base URL's is `{base}`"));
            self.fault(
                "unknown-host",
                node.span,
                format!("requests may not go to `{host}`"),
                format!("name it: `hosts: [{host}]`{base}"),
            );
            return false;
        }
        self.scheme(node, url)
    }

    fn host_names(&mut self, node: &Node) -> Vec<String> {
        let mut hosts = Vec::new();
        for item in node.items(self.found).unwrap_or_default() {
            let Some(text) = item.as_text(self.found) else { continue };
            let parsed = url::Host::parse(text);
            let name = parsed
                .as_ref()
                .is_ok_and(|host| matches!(host, url::Host::Domain(name) if name.contains('.')) && host.to_string() == text);
            if name {
                hosts.push(text.to_owned());
            } else {
                self.fault(
                    "unknown-host",
                    item.span,
                    format!("`{text}` is no host name"),
                    "write it such as `files.example.com`, without scheme, port or path",
                );
            }
        }
        hosts
    }

    fn secrets(&mut self, node: &Node) -> BTreeMap<String, String> {
        let mut secrets = BTreeMap::new();
        for (key, value) in node.entries(self.found).unwrap_or_default() {
            if !super::text::is_name(&key.text) || key.text.contains('.') {
                self.fault(
                    "bad-name",
                    key.span,
                    format!("`{}` cannot be the name of a secret", key.text),
                    "letters, digits and `_`",
                );
            }
            let Some(text) = value.as_text(self.found) else { continue };
            let plain = super::Text(vec![super::Piece::Text(text.to_owned())]);
            // A word of explanation has blanks; a value has none.
            if !text.contains(' ') && text.len() >= 16 {
                self.refuse_literal(&key.text, &plain, value, true);
            }
            secrets.insert(key.text.clone(), text.to_owned());
        }
        secrets
    }

    fn rate(&mut self, node: &Node) -> Option<Rate> {
        let entries = grammar::RATE.entries(node, self.found);
        let burst = get(&entries, "burst").map_or(Some(1), |node| self.count(node, 1, 10_000));
        let spans = [("per_second", 1.0), ("per_minute", 60.0), ("per_hour", 3600.0), ("per_day", 86_400.0)];
        let given: Vec<_> = spans.iter().filter_map(|(name, seconds)| Some((get(&entries, name)?, *seconds))).collect();
        let &[(per, seconds)] = given.as_slice() else {
            self.fault(
                "one-of",
                node.span,
                "a rate is `per_second`, `per_minute`, `per_hour` or `per_day`",
                "give exactly one of them",
            );
            return None;
        };
        let number = per.as_number(self.found)?;
        if number <= 0.0 {
            self.fault("out-of-range", per.span, "a rate is more than zero", "leave `rate` out if there is no limit");
            return None;
        }
        Some(Rate { per_second: number / seconds, burst: burst? })
    }

    fn errors(&mut self, node: &Node) -> Vec<ErrorRule> {
        let mut rules = Vec::new();
        for item in node.items(self.found).unwrap_or_default() {
            let entries = grammar::ERROR.entries(item, self.found);
            let status: Vec<u16> = get(&entries, "status")
                .map(|node| node.items_or_self().iter().filter_map(|item| self.count(item, 100, 599)).collect())
                .unwrap_or_default();
            let where_ = get(&entries, "where").map(|node| json_cond(node, self.found));
            let class = get(&entries, "class").and_then(|node| self.one_of(node, &ErrorClass::ALL));
            let message = get(&entries, "message").map(|node| extract::one(node, self.found));
            if get(&entries, "status").is_none() && where_.is_none() && !item.is_faulty() {
                self.fault("empty-error", item.span, "this error fits every answer", "add `status: [..]` or `where:`");
            }
            if let (Some(where_), Some(class), Some(message)) = (flipped(where_), class, flipped(message)) {
                rules.push(ErrorRule { status, where_, class, message });
            }
        }
        rules
    }

    /// A declared event that nothing emits misleads rules into waiting for it.
    fn silent(
        &mut self,
        events: Option<&Node>,
        webhook: Option<&super::Webhook>,
        polls: &BTreeMap<String, Poll>,
        operations: &BTreeMap<String, Operation>,
    ) {
        if webhook.is_none() && polls.is_empty() {
            return;
        }
        let mappings = webhook.iter().flat_map(|webhook| &webhook.map).chain(polls.values().flat_map(|poll| &poll.map));
        let emitted: BTreeSet<_> = mappings
            .flat_map(|mapping| &mapping.emit)
            .map(|emit| emit.event)
            .chain(operations.values().filter_map(|operation| operation.emits))
            .collect();
        for (key, _) in keys(events) {
            if key.text.parse().is_ok_and(|event| !emitted.contains(&event)) && !self.found.has_errors() {
                self.found.push(
                    Diagnostic::warning("silent-event", key.span, format!("nothing emits `{}`", key.text))
                        .help("add a mapping for it, or remove it"),
                );
            }
        }
    }

    fn poll_name(&mut self, node: &Node, polls: Option<&Node>) -> Option<String> {
        let name = node.as_text(self.found)?;
        if keys(polls).any(|(key, _)| key.text == name) {
            return Some(name.to_owned());
        }
        self.found.push(
            Diagnostic::error("unknown-name", node.span, format!("there is no poll `{name}`"))
                .suggest_near(node.span, name, keys(polls).map(|(key, _)| key.text.as_str()))
                .help("declare it under `poll:`"),
        );
        None
    }

    fn samples(&mut self, node: &Node, polls: Option<&Node>) -> Vec<Sample> {
        let mut samples = Vec::new();
        for (at, item) in node.items(self.found).unwrap_or_default().iter().enumerate() {
            let entries = grammar::SAMPLE.entries(item, self.found);
            let route = format!("samples[{at}]");
            let name = get(&entries, "name").and_then(|node| node.as_text(self.found)).unwrap_or(&route).to_owned();
            if let Some(node) = get(&entries, "answers") {
                for (key, _) in node.entries(self.found).unwrap_or_default() {
                    if !self.operations.contains(&key.text) {
                        self.found.push(
                            Diagnostic::error("unknown-operation", key.span, format!("there is no operation `{}`", key.text))
                                .suggest_near(key.span, &key.text, self.operations.iter().map(String::as_str)),
                        );
                    }
                }
            }
            let answers = keys(get(&entries, "answers")).map(|(key, node)| (key.text.clone(), shape::json(node))).collect();
            let mut expect = Vec::new();
            for one in get(&entries, "expect").and_then(|node| node.items(self.found)).unwrap_or_default() {
                if let Some(name) = one.scalar() {
                    expect.extend(self.event(name, one.span).map(|event| (event, BTreeMap::new())));
                } else {
                    for (key, value) in one.entries(self.found).unwrap_or_default() {
                        let fields = keys(Some(value)).map(|(key, node)| (key.text.clone(), shape::json(node))).collect();
                        expect.extend(self.event(&key.text, key.span).map(|event| (event, fields)));
                    }
                }
            }
            let of = match (get(&entries, "webhook"), get(&entries, "poll")) {
                (Some(webhook), None) => Some(Sampled::Webhook(shape::json(webhook))),
                (None, Some(poll)) => self.poll_name(poll, polls).map(Sampled::Poll),
                _ => {
                    self.fault("one-of", item.span, "a sample is of `webhook` or of `poll`", "give exactly one of them");
                    None
                }
            };
            if let Some(of) = of {
                let span = get(&entries, "name").map_or(item.span.at_start(), |node| node.span);
                samples.push(Sample { name, of, answers, expect, route, span });
            }
        }
        samples
    }
}
