//! GET, POST, PUT /webhooks; DELETE /webhooks/:id (lever-api §3.8).

use serde_json::{Value, json};

use super::body::Body;
use super::error::LeverError;
use super::events::{ORIGINS, event_named};
use super::record::Webhook;
use super::{Answer, Desk, render};
use crate::sim::wire::Reply;

/// No pages, no `hasNext`, no signature tokens. Whether it shows what was made by hand is not known.
#[expect(clippy::unnecessary_wraps, reason = "every handler has this type")]
pub(super) fn list(desk: &mut Desk) -> Answer {
    let shown = |it: &&Webhook| it.by_api || !desk.faults.webhook_list_hides_manual;
    let rows: Vec<Value> = desk.world.webhooks.iter().filter(shown).map(|it| render::webhook(it, false)).collect();
    Ok(Reply::ok(json!({ "data": rows })))
}

/// The same event and address can be registered twice. The answer is the only place where the signature token appears.
pub(super) fn create(desk: &mut Desk) -> Answer {
    let body = Body::read(desk.ask)?;
    let (url, event) = (body.required_text("url")?, body.required_text("event")?);
    check_url(desk, &url)?;
    let event = event_named(&event).ok_or_else(|| LeverError::bad_request(format!("{event} is not a webhook event")))?;
    let origins = origins(&body)?.unwrap_or_else(|| ORIGINS.map(str::to_owned).into());
    let webhook = desk.world.register_webhook(event, &url, origins, true, desk.faults.one_signature_token);
    let wants_verification =
        body.get("configuration").and_then(|configuration| configuration.get("verifyConnection")).and_then(Value::as_bool);
    if wants_verification == Some(true) {
        desk.world.to_verify.push(webhook.id.clone());
    }
    Ok(Reply::new(201, json!({ "data": render::webhook(&webhook, true) })))
}

/// Changes several at once; only those made through the API.
pub(super) fn update(desk: &mut Desk) -> Answer {
    let body = Body::read(desk.ask)?;
    let wrong = || LeverError::bad_request("data must be an array of webhooks");
    let items = body.get("data").and_then(Value::as_array).ok_or_else(wrong)?.clone();
    let mut changed = Vec::new();
    for item in &items {
        let item = Body::from_value(item).ok_or_else(wrong)?;
        let webhook = changed_webhook(desk, &item)?;
        changed.push(webhook);
    }
    for webhook in &changed {
        if let Some(kept) = desk.world.webhooks.iter_mut().find(|it| it.id == webhook.id) {
            *kept = webhook.clone();
        }
    }
    let rows: Vec<Value> = changed.iter().map(|it| render::webhook(it, false)).collect();
    Ok(Reply::ok(json!({ "data": rows })))
}

/// Only those made through the API: the others belong to the interface.
pub(super) fn delete(desk: &mut Desk, id: &str) -> Answer {
    let at = desk.world.webhooks.iter().position(|it| it.id == id && it.by_api);
    desk.world.webhooks.remove(at.ok_or_else(|| LeverError::not_found("webhooks", id))?);
    Ok(Reply::no_content())
}

fn changed_webhook(desk: &Desk, item: &Body) -> Result<Webhook, LeverError> {
    let id = item.required_text("id")?;
    let kept = desk.world.webhooks.iter().find(|it| it.id == id && it.by_api);
    let mut webhook = kept.ok_or_else(|| LeverError::not_found("webhooks", &id))?.clone();
    if let Some(url) = item.text("url")? {
        check_url(desk, &url)?;
        webhook.url = url;
    }
    if let Some(event) = item.text("event")? {
        event_named(&event)
            .ok_or_else(|| LeverError::bad_request(format!("{event} is not a webhook event")))?
            .clone_into(&mut webhook.event);
    }
    if let Some(origins) = origins(item)? {
        webhook.origins = origins;
    }
    webhook.updated_at = desk.world.clock.now_ms();
    Ok(webhook)
}

fn check_url(desk: &Desk, url: &str) -> Result<(), LeverError> {
    if url.starts_with("https://") || (desk.world.allow_http && url.starts_with("http://")) {
        return Ok(());
    }
    Err(LeverError::bad_request("url must be an HTTPS address"))
}

fn origins(body: &Body) -> Result<Option<Vec<String>>, LeverError> {
    let conditions = body.get("configuration").and_then(|it| it.get("conditions")).and_then(Body::from_value);
    let Some(conditions) = conditions else {
        return Ok(None);
    };
    if conditions.get("origins").is_none() {
        return Ok(None);
    }
    let origins = conditions.texts("origins")?;
    match origins.iter().find(|origin| !ORIGINS.contains(&origin.as_str())) {
        Some(origin) => Err(LeverError::bad_request(format!("{origin} is not an origin"))),
        None => Ok(Some(origins)),
    }
}
