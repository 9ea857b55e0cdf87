//! Webhooks of the contract: registered addresses, events, signatures.

use reqwest::Method;
use serde_json::{Value, json};

use super::{World, error, invitation};
use crate::sim::clock::iso;
use crate::sim::delivery::{Content, Headers, Parcel, Sealed};
use crate::sim::log::Service;
use crate::sim::vendors::route::hole;
use crate::sim::vendors::seal::hmac_sha256;
use crate::sim::wire::{Ask, Reply};

#[derive(Debug)]
pub(super) struct Webhook {
    id: String,
    url: String,
}

/// Registers an address once, whoever asks how often; gives its id and whether it is new.
pub(super) fn register(world: &mut World, url: &str) -> (String, bool) {
    if let Some(known) = world.webhooks.iter().find(|it| it.url == url) {
        return (known.id.clone(), false);
    }
    let id = format!("wh_{}", world.book.ids.object_id());
    world.webhooks.push(Webhook { id: id.clone(), url: url.to_owned() });
    (id, true)
}

/// Queues an event about a take: for its own address, else for all that are registered.
pub(super) fn tell(world: &mut World, at: usize, word: &str) {
    let Some(take) = world.book.takes.get(at).cloned() else { return };
    let event = format!("invitation.{word}");
    let body = json!({
        "id": format!("evt_{}", world.book.ids.object_id()),
        "type": event,
        "at": iso(take.changed_at),
        "invitation": invitation::shown(world, &take),
    });
    let urls: Vec<String> = match take.callback {
        Some(url) => vec![url],
        None => world.webhooks.iter().map(|it| it.url.clone()).collect(),
    };
    let parcel = |url| Parcel {
        service: Service::Vendor(world.book.vendor),
        event: event.clone(),
        url,
        content: Content::Sealed(Sealed {
            method: Method::POST,
            body: body.clone(),
            secret: world.book.webhook_secret.clone(),
            seal: signature,
        }),
    };
    world.pending.extend(urls.into_iter().map(parcel));
}

/// `X-Signature: t=SECONDS,v1=HEX` over `SECONDS.BODY`.
fn signature(secret: &str, _url: &str, body: &str, now: i64) -> Headers {
    let seconds = now / 1_000;
    vec![("x-signature", format!("t={seconds},v1={}", hmac_sha256(secret, &format!("{seconds}.{body}"))))]
}

fn shown(world: &World, it: &Webhook) -> Value {
    json!({ "id": it.id, "url": it.url, "secret": world.book.webhook_secret })
}

pub(super) fn list(world: &mut World, ask: &Ask, _: &[&str]) -> Reply {
    let rows = world.webhooks.iter().map(|it| json!({ "id": it.id, "url": it.url })).collect();
    world.page(ask, rows)
}

pub(super) fn create(world: &mut World, ask: &Ask, _: &[&str]) -> Reply {
    let body = ask.object().unwrap_or_default();
    let Some(url) = body.get("url").and_then(Value::as_str) else { return error(422, "bad_request", "url is missing") };
    let (id, new) = register(world, url);
    match world.webhooks.iter().find(|it| it.id == id) {
        Some(webhook) => Reply::new(if new { 201 } else { 200 }, shown(world, webhook)),
        None => error(404, "not_found", "there is no such webhook"),
    }
}

pub(super) fn delete(world: &mut World, _: &Ask, holes: &[&str]) -> Reply {
    let before = world.webhooks.len();
    world.webhooks.retain(|it| it.id != hole(holes));
    if world.webhooks.len() == before {
        return error(404, "not_found", "there is no such webhook");
    }
    Reply::no_content()
}
