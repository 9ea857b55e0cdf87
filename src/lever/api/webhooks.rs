//! Registering webhooks (`lever-api §3.8`). The signature token is shown once, in the answer to POST.

use super::json::text;
use super::read::{one, page};
use super::{Page, Unread, segment, to};
use crate::model::{Exchange, LeverEvent, Method, Request, Secret};
use serde_json::{Value as Json, json};

/// One registered webhook.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    pub id: String,
    /// As Lever spells it: accounts have events that leverd does not know.
    pub event: String,
    pub url: String,
    /// Only in the answer to POST: store it at once.
    pub token: Option<Secret>,
    /// Only candidates of these origins.
    pub origins: Option<Vec<String>>,
}

impl Webhook {
    /// What a record says; `None` without id, event or url.
    pub fn of(json: &Json) -> Option<Self> {
        Some(Self {
            id: text(json, "id")?,
            event: text(json, "event")?,
            url: text(json, "url")?,
            token: json.get("configuration").and_then(|configuration| text(configuration, "signatureToken")).map(Secret::new),
            origins: json
                .pointer("/configuration/conditions/origins")
                .and_then(Json::as_array)
                .map(|origins| origins.iter().filter_map(Json::as_str).map(str::to_owned).collect()),
        })
    }
}

/// Lists webhooks. Whose it shows is unknown: those of this key, or all. List before creating: Lever registers the same event and
/// URL twice and then delivers twice.
pub fn list_webhooks() -> Request {
    to(Method::Get, "/webhooks".to_owned())
}

/// Registers a webhook for candidates of every origin. A Super Admin must still switch its event group on in Lever's settings.
pub fn create_webhook(event: LeverEvent, url: &str) -> Request {
    to(Method::Post, "/webhooks".to_owned()).json(json!({ "event": event.as_str(), "url": url }))
}

/// Registers a webhook for candidates of some origins only.
pub fn create_webhook_for(event: LeverEvent, url: &str, origins: &[String]) -> Request {
    let configuration = json!({ "conditions": { "origins": origins } });
    to(Method::Post, "/webhooks".to_owned())
        .json(json!({ "event": event.as_str(), "url": url, "configuration": configuration }))
}

/// Narrows or widens a webhook that the API made.
pub fn change_webhook(id: &str, origins: &[String]) -> Request {
    let changed = json!({ "id": id, "configuration": { "conditions": { "origins": origins } } });
    to(Method::Put, "/webhooks".to_owned()).json(json!({ "data": [changed] }))
}

/// Deletes a webhook that the API made.
pub fn delete_webhook(id: &str) -> Request {
    to(Method::Delete, format!("/webhooks/{}", segment(id)))
}

/// The webhook in the answer to POST.
pub fn webhook(exchange: &Exchange) -> Result<Webhook, Unread> {
    one(exchange, "a webhook", Webhook::of)
}

/// The registered webhooks: one page, whole.
pub fn webhooks(exchange: &Exchange) -> Result<Page<Webhook>, Unread> {
    page(exchange, "webhooks", Webhook::of)
}
