//! GET and PUT /contacts/:id (lever-api §3.7).

use serde_json::json;

use super::body::Body;
use super::error::LeverError;
use super::opportunities::phones;
use super::{Answer, Desk, render};
use crate::sim::wire::Reply;

pub(super) fn get(desk: &mut Desk, id: &str) -> Answer {
    let contact = desk.world.contacts.get(id).ok_or_else(|| LeverError::not_found("contacts", id))?;
    Ok(Reply::ok(json!({ "data": render::contact(contact) })))
}

/// What is not sent stays. The answer has neither `isAnonymized` nor `dataProtection` (recorded).
pub(super) fn update(desk: &mut Desk, id: &str) -> Answer {
    let body = Body::read(desk.ask)?;
    let (name, headline, emails) = (body.text("name")?, body.text("headline")?, body.texts("emails")?);
    let phones = phones(&body)?;
    let contact = desk.world.contacts.get_mut(id).ok_or_else(|| LeverError::not_found("contacts", id))?;
    if let Some(name) = name {
        contact.name = name;
    }
    if let Some(headline) = headline {
        contact.headline = headline;
    }
    if body.has("emails") {
        contact.emails = emails;
    }
    if body.has("phones") {
        contact.phones = phones;
    }
    let mut shown = render::contact(contact);
    if let Some(shown) = shown.as_object_mut() {
        shown.remove("isAnonymized");
        shown.remove("dataProtection");
    }
    desk.world.contact_changed(id);
    Ok(Reply::ok(json!({ "data": shown })))
}
