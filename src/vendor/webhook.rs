//! What a delivery says: one notification per item, with captures, owner keys and the reads it needs. Decoding is repeatable: it works
//! on the stored body alone.

use super::correlate::OwnerKey;
use super::request::plain;
use super::verify::Incoming;
use crate::lang::adapter::{Adapter, Extract, Handshake, Mapping, Origin, OwnerShape, Source, Webhook};
use crate::model::{Code, Reason, Value, hex};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// One thing that a delivery says.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    /// The event's name, as the vendor calls it; empty where the vendor has one kind only.
    pub event: String,
    /// What was taken of the body, by name (without `body.`).
    pub captures: BTreeMap<String, Value>,
    /// Questions to the ledger, in order. With `path: invitation` the token in the URL names the attempt before any of these.
    pub owner: Vec<OwnerKey>,
    /// What makes two notifications the same one.
    pub dedupe: String,
    /// Ids that the body says, over those of the row: inputs of the reads, and worth keeping in the ledger.
    pub ids: BTreeMap<String, String>,
    /// What is read back before it means anything. The reads' inputs are [`super::ledger_inputs`], overlaid by
    /// [`Notification::inputs`].
    pub reads: Vec<Read>,
    /// Whether any mapping is for it. If not, and it is not in `ignore`, the vendor sends something new.
    pub mapped: bool,
    /// Whether the adapter knows and ignores it.
    pub ignored: bool,
}

/// An operation that is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    pub operation: String,
    /// A refusal for good only leaves its captures absent.
    pub optional: bool,
}

impl Notification {
    /// What reads get from the body: `ids.NAME`.
    pub fn inputs(&self) -> BTreeMap<String, Value> {
        self.ids.iter().map(|(name, id)| (format!("ids.{name}"), Value::text(id))).collect()
    }
}

/// The answer to a delivery that only asks whether we listen: `None` if this is none; the inner value is the body to answer with.
pub fn handshake(adapter: &Adapter, body: &[u8]) -> Option<Option<Json>> {
    match adapter.webhook.as_ref()?.handshake.as_ref()? {
        Handshake::Empty => body.iter().all(u8::is_ascii_whitespace).then_some(None),
        Handshake::When { when, reply } => {
            let json: Json = serde_json::from_slice(body).ok()?;
            let holds = when.holds(&mut |path: &Extract| path.get(&json, "").ok().flatten());
            holds.then(|| reply.as_ref().and_then(|reply| reply.nodes(&json).first().map(|found| (*found).clone())))
        }
    }
}

/// What makes two deliveries the same one: the adapter's keys, else the body's hash.
pub fn dedupe(adapter: &Adapter, incoming: &Incoming<'_>) -> String {
    let hash = || hex(&Sha256::digest(incoming.body));
    let Some(webhook) = adapter.webhook.as_ref().filter(|webhook| webhook.each.is_none() && !webhook.dedupe.is_empty()) else {
        return hash();
    };
    let json: Json = serde_json::from_slice(incoming.body).unwrap_or_default();
    keyed(webhook, &json, |name| incoming.header(name).map(Value::text)).unwrap_or_else(hash)
}

/// The declared key, if every part of it is there.
fn keyed(webhook: &Webhook, item: &Json, header: impl Fn(&str) -> Option<Value>) -> Option<String> {
    let parts: Option<Vec<String>> = webhook
        .dedupe
        .iter()
        .map(|source| {
            let value = match source {
                Source::Event => event(webhook, item).map(Value::Text),
                Source::Header(name) => header(name),
                Source::Body(name) => capture(webhook, item, name),
                Source::Signature(_) | Source::Read { .. } | Source::Literal(_) => None,
            };
            value.as_ref().and_then(plain)
        })
        .collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join(":"))
}

/// The event's name in an item.
pub(super) fn event(webhook: &Webhook, item: &Json) -> Option<String> {
    match &webhook.event {
        None => Some(String::new()),
        Some(path) => path.get(item, "").ok().flatten().as_ref().and_then(plain),
    }
}

/// One capture of an item; absent where it is absent or not what its pipes want.
pub(super) fn capture(webhook: &Webhook, item: &Json, name: &str) -> Option<Value> {
    match &webhook.take.get(name)?.from {
        Origin::Json(path) => path.get(item, "").ok().flatten(),
        Origin::Header(_) => None,
    }
}

/// Everything that a stored body says. A body that does not decode is R5; an empty one says one thing, that there is something to read.
pub fn notifications(adapter: &Adapter, body: &[u8]) -> Result<Vec<Notification>, Reason> {
    let refused = |why: String| Reason::new(Code::R5, format!("a delivery of {}: {why}", adapter.title));
    let webhook = adapter.webhook.as_ref().ok_or_else(|| refused("the adapter declares no webhook".to_owned()))?;
    let json: Json = if body.iter().all(u8::is_ascii_whitespace) {
        Json::Null
    } else {
        serde_json::from_slice(body).map_err(|_| refused("the body is not JSON".to_owned()))?
    };
    let items = webhook.each.as_ref().map_or_else(|| vec![&json], |each| each.nodes(&json));
    items.into_iter().map(|item| notification(webhook, item).map_err(refused)).collect()
}

fn notification(webhook: &Webhook, item: &Json) -> Result<Notification, String> {
    let event = event(webhook, item).ok_or("it has no event name")?;
    let ignored = webhook.ignore.contains(&event);
    let mut captures = BTreeMap::new();
    for (name, take) in &webhook.take {
        let Origin::Json(path) = &take.from else { continue };
        match path.get(item, "") {
            Ok(Some(value)) => {
                let value = match &take.field {
                    Some(field) => super::border::conform(value, &field.ty).map_err(|why| format!("`{name}`: {why}"))?,
                    None => value,
                };
                captures.insert(name.clone(), value);
            }
            Ok(None) => {}
            // What is ignored may look as it likes.
            Err(_) if ignored => {}
            Err(why) => return Err(format!("`{name}`: {why}")),
        }
    }
    let mapped = mappings(webhook, &event).next().is_some();
    let look = |source: &Source| match source {
        Source::Event => Some(Some(Value::text(&event))),
        Source::Body(name) => Some(captures.get(name).cloned()),
        _ => None,
    };
    let mappings: Vec<&Mapping> = mappings(webhook, &event).collect();
    let mappings = possible(&mappings, look);
    let (ids, reads) = (ids(&mappings, &captures), reads(&mappings));
    let dedupe = keyed(webhook, item, |_| None).unwrap_or_else(|| hex(&Sha256::digest(item.to_string().as_bytes())));
    let owner = owners(&webhook.owner, &captures);
    Ok(Notification { event, captures, owner, dedupe, ids, reads, mapped, ignored })
}

/// The mappings that what came does not rule out by itself: the others need no reads. `look` gives nothing for what is not known yet.
pub(super) fn possible<'a>(mappings: &[&'a Mapping], look: impl Fn(&Source) -> Option<Option<Value>>) -> Vec<&'a Mapping> {
    let possible = |mapping: &&&Mapping| {
        mapping.when.as_ref().is_none_or(|when| when.known(&mut |source: &Source| look(source)) != Some(false))
    };
    mappings.iter().filter(possible).copied().collect()
}

/// The ids that the reads get of what came.
pub(super) fn ids(mappings: &[&Mapping], captures: &BTreeMap<String, Value>) -> BTreeMap<String, String> {
    let ids = mappings.iter().flat_map(|mapping| &mapping.ids);
    ids.filter_map(|(name, capture)| Some((name.clone(), captures.get(capture).and_then(plain)?))).collect()
}

/// What the mappings read, each operation once; one that must not be refused anywhere must not be refused.
pub(super) fn reads(mappings: &[&Mapping]) -> Vec<Read> {
    let mut reads: Vec<Read> = Vec::new();
    for (operation, optional) in mappings
        .iter()
        .flat_map(|mapping| mapping.read.iter().map(|name| (name, false)).chain(mapping.try_.iter().map(|name| (name, true))))
    {
        match reads.iter_mut().find(|read| read.operation == *operation) {
            Some(read) => read.optional &= optional,
            None => reads.push(Read { operation: operation.clone(), optional }),
        }
    }
    reads
}

/// The mappings for an event name, in file order.
pub(super) fn mappings<'a>(webhook: &'a Webhook, event: &str) -> impl Iterator<Item = &'a Mapping> {
    let ignored = webhook.ignore.contains(event);
    let event = event.to_owned();
    webhook.map.iter().filter(move |mapping| !ignored && (mapping.on.is_empty() || mapping.on.contains(&event)))
}

/// The owner keys whose captures are all there.
pub(super) fn owners(shapes: &[OwnerShape], captures: &BTreeMap<String, Value>) -> Vec<OwnerKey> {
    let text = |name: &str| captures.get(name).and_then(plain).filter(|text| !text.is_empty());
    let mut keys = Vec::new();
    for shape in shapes {
        let ids: Option<BTreeMap<String, String>> = shape
            .keys
            .iter()
            .map(|(key, capture)| {
                let value = text(capture)?;
                Some((key.clone(), if key == "email" { value.to_lowercase() } else { value }))
            })
            .collect();
        let test = shape.test.as_ref().map(|capture| text(capture));
        match (ids, test) {
            (Some(ids), None) => keys.push(OwnerKey { ids, test: None }),
            (Some(ids), Some(Some(test))) => keys.push(OwnerKey { ids, test: Some(test) }),
            _ => {}
        }
    }
    keys
}
