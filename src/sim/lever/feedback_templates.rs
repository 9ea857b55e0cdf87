//! GET and POST /feedback_templates; GET, PUT and DELETE /feedback_templates/:id (lever-api §3.6).

use serde_json::json;

use super::body::Body;
use super::error::LeverError;
use super::field::Purpose;
use super::page::{in_order, page};
use super::sheet::{Template, template_of};
use super::{Answer, Desk, select};
use crate::sim::wire::Reply;

/// The template that every account has; its id is no UUID.
pub(super) fn built_in() -> Template {
    Template {
        id: "no-feedback".to_owned(),
        text: "No feedback".to_owned(),
        instructions: String::new(),
        secret: false,
        fields: Vec::new(),
        created_at: None,
        updated_at: None,
        by_api: false,
    }
}

pub(super) fn list(desk: &mut Desk) -> Answer {
    let rows = desk.world.feedback_templates.iter().map(|it| select::plain(desk, it.shown(Purpose::Feedback)));
    page(desk.ask, in_order(rows.collect::<Vec<_>>()))
}

pub(super) fn get(desk: &mut Desk, id: &str) -> Answer {
    let shown = select::plain(desk, find(desk, id)?.shown(Purpose::Feedback));
    Ok(Reply::ok(json!({ "data": shown })))
}

pub(super) fn create(desk: &mut Desk) -> Answer {
    let new = template_of(&Body::read(desk.ask)?)?;
    let now = desk.world.clock.now_ms();
    let made = Template::new(new, Purpose::Feedback, &mut desk.world.ids, now, None).map_err(LeverError::bad_request)?;
    let made = Template { by_api: true, ..made };
    let shown = made.shown(Purpose::Feedback);
    desk.world.feedback_templates.push(made);
    Ok(Reply::new(201, json!({ "data": shown })))
}

/// The whole template is replaced; fields with the same type and text keep their ids.
pub(super) fn replace(desk: &mut Desk, id: &str) -> Answer {
    let before = find(desk, id)?.clone();
    let new = template_of(&Body::read(desk.ask)?)?;
    let now = desk.world.clock.now_ms();
    let made = Template::new(new, Purpose::Feedback, &mut desk.world.ids, now, Some(&before));
    let made = made.map_err(LeverError::bad_request)?;
    let shown = made.shown(Purpose::Feedback);
    if let Some(kept) = desk.world.feedback_templates.iter_mut().find(|it| it.id == id) {
        *kept = made;
    }
    Ok(Reply::ok(json!({ "data": shown })))
}

pub(super) fn delete(desk: &mut Desk, id: &str) -> Answer {
    if !find(desk, id)?.by_api {
        return Err(LeverError::bad_request("Only feedback templates created through the API can be deleted"));
    }
    desk.world.feedback_templates.retain(|it| it.id != id);
    Ok(Reply::no_content())
}

fn find<'a>(desk: &'a Desk, id: &str) -> Result<&'a Template, LeverError> {
    let found = desk.world.feedback_templates.iter().find(|it| it.id == id);
    found.ok_or_else(|| LeverError::not_found("feedback templates", id))
}
