//! Webhook subscriptions: list, create, delete. Several for one address are allowed.

use serde_json::Value;

use super::record::Subscription;
use super::world::World;
use super::{Answer, Fields, VendorError, casing, page, render};
use crate::sim::wire::{Ask, Reply};

pub(super) fn list(world: &mut World, ask: &Ask) -> Answer {
    let rows = world.subscriptions.iter().map(render::subscription).collect();
    page(world, ask, "WebhookSubscription", rows)
}

pub(super) fn create(world: &mut World, ask: &Ask) -> Answer {
    let fields = Fields::read(ask)?;
    let url = fields.text("url").ok_or_else(|| VendorError::invalid("url is missing"))?;
    let triggers = fields.get("event_triggers").and_then(Value::as_object).cloned().unwrap_or_default();
    let on = triggers.iter().filter(|(_, on)| on.as_bool() == Some(true));
    let subscription = Subscription {
        id: world.ids.object_id(),
        name: fields.text("name").unwrap_or_default(),
        url,
        all: fields.flag("trigger_on_all") == Some(true),
        events: on.map(|(event, _)| casing::snake(event)).collect(),
    };
    let shown = render::subscription(&subscription);
    world.subscriptions.push(subscription);
    Ok(Reply::ok(render::single(world, "WebhookSubscription", shown)))
}

pub(super) fn delete(world: &mut World, _ask: &Ask, id: &str) -> Answer {
    let at = world.subscriptions.iter().position(|it| it.id == id);
    world.subscriptions.remove(at.ok_or_else(|| VendorError::not_found("WebhookSubscription"))?);
    Ok(Reply::no_content())
}
