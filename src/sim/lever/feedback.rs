//! Feedback forms of an opportunity (lever-api §3.6): read, fill in, change, remove.

use serde_json::{Map, Value, json};

use super::body::Body;
use super::error::LeverError;
use super::opportunities::find;
use super::page::{in_order, page};
use super::sheet::Sheet;
use super::{Answer, Desk};
use crate::sim::wire::Reply;

/// Without those that were removed.
pub(super) fn list(desk: &mut Desk, opportunity: &str) -> Answer {
    let kept = find(desk, opportunity)?.feedback.iter().filter(|it| it.deleted_at.is_none());
    let rows: Vec<Value> = kept.map(shown).collect();
    page(desk.ask, in_order(rows))
}

/// One that was removed can still be read, with `deletedAt` (recorded).
pub(super) fn get(desk: &mut Desk, opportunity: &str, id: &str) -> Answer {
    let found = find(desk, opportunity)?.feedback.iter().find(|it| it.id == id);
    Ok(Reply::ok(json!({ "data": shown(found.ok_or_else(|| LeverError::not_found("feedback", id))?) })))
}

/// Fields that are not sent stay empty. Without `completedAt` it is completed at once (recorded).
pub(super) fn create(desk: &mut Desk, opportunity: &str) -> Answer {
    find(desk, opportunity)?;
    let body = Body::read(desk.ask)?;
    let wanted = body.required_text("baseTemplateId")?;
    if body.get("panel").is_some() != body.get("interview").is_some() {
        return Err(LeverError::bad_request("panel and interview are only accepted together"));
    }
    let template = desk.world.feedback_templates.iter().find(|it| it.id == wanted).cloned();
    let template = template.ok_or_else(|| LeverError::bad_request(format!("feedback template {wanted} was not found")))?;
    let now = desk.world.clock.now_ms();
    let at = body.past("createdAt", now)?.unwrap_or(now);
    let mut feedback = template.sheet(desk.world, opportunity, desk.user.clone(), at);
    feedback.completed_at = body.past("completedAt", now)?.unwrap_or(at);
    fill(&mut feedback, &body)?;
    let shown = shown(&feedback);
    desk.world.touch(opportunity, now + 1, |it| it.feedback.push(feedback));
    Ok(Reply::new(201, json!({ "data": shown })))
}

/// The answer has another shape than all others (recorded).
pub(super) fn update(desk: &mut Desk, opportunity: &str, id: &str) -> Answer {
    let mut feedback = kept(desk, opportunity, id)?.clone();
    let body = Body::read(desk.ask)?;
    let now = desk.world.clock.now_ms();
    fill(&mut feedback, &body)?;
    feedback.completed_at = body.past("completedAt", now)?.unwrap_or(feedback.completed_at);
    feedback.updated_at = Some(now);
    let raw = raw(&feedback, &desk.world.account, opportunity);
    desk.world.touch(opportunity, now + 1, |it| replace(&mut it.feedback, feedback));
    Ok(Reply::ok(json!({ "data": raw })))
}

pub(super) fn delete(desk: &mut Desk, opportunity: &str, id: &str) -> Answer {
    let mut feedback = kept(desk, opportunity, id)?.clone();
    let now = desk.world.clock.now_ms();
    (feedback.deleted_at, feedback.updated_at) = (Some(now), Some(now));
    desk.world.touch(opportunity, now + 1, |it| replace(&mut it.feedback, feedback));
    Ok(Reply::no_content())
}

fn kept<'a>(desk: &'a Desk, opportunity: &str, id: &str) -> Result<&'a Sheet, LeverError> {
    let found = find(desk, opportunity)?.feedback.iter().find(|it| it.id == id && it.deleted_at.is_none());
    found.ok_or_else(|| LeverError::not_found("feedback", id))
}

fn replace(all: &mut [Sheet], new: Sheet) {
    if let Some(kept) = all.iter_mut().find(|it| it.id == new.id) {
        *kept = new;
    }
}

/// Puts in what `fieldValues` says: `[{"id", "value"}]`.
fn fill(feedback: &mut Sheet, body: &Body) -> Result<(), LeverError> {
    let wrong = || LeverError::bad_request("fieldValues must be an array of objects with id and value");
    let Some(sent) = body.get("fieldValues") else {
        return Ok(());
    };
    for item in sent.as_array().ok_or_else(wrong)? {
        let id = item.get("id").and_then(Value::as_str).ok_or_else(wrong)?;
        let found = feedback.fields.iter_mut().find(|(field, _)| field.id == id);
        let (field, value) = found.ok_or_else(|| LeverError::bad_request(format!("the template has no field {id}")))?;
        let given = item.get("value").cloned().unwrap_or_default();
        field.takes(&given).map_err(LeverError::bad_request)?;
        *value = given;
    }
    Ok(())
}

pub(crate) fn shown(it: &Sheet) -> Value {
    json!({
        "id": it.id,
        "type": "interview",
        "text": it.text,
        "instructions": it.instructions,
        "fields": it.shown_fields(),
        "baseTemplateId": it.template,
        "interview": null,
        "panel": null,
        "user": it.user,
        "createdAt": it.created_at,
        "completedAt": it.completed_at,
        "updatedAt": it.updated_at,
        "deletedAt": it.deleted_at,
    })
}

fn raw(it: &Sheet, account: &str, opportunity: &str) -> Value {
    let fields = it.shown_fields().into_iter().map(|mut field| {
        if let Some(field) = field.as_object_mut().filter(|field| field.get("type") == Some(&json!("score-system"))) {
            let more = [("isSummary", true.into()), ("summaryText", "".into()), ("overall", true.into())];
            field.extend(more.map(|(name, value): (&str, Value)| (name.to_owned(), value)).into_iter().collect::<Map<_, _>>());
        }
        field
    });
    json!({
        "accountId": account,
        "userId": it.user,
        "profileId": opportunity,
        "baseTemplateId": it.template,
        "text": it.text,
        "instructions": it.instructions,
        "type": "interview",
        "fields": fields.collect::<Vec<_>>(),
        "createdAt": it.created_at,
        "completedAt": it.completed_at,
        "updatedAt": it.updated_at,
        "id": it.id,
    })
}
