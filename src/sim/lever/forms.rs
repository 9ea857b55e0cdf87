//! Profile forms of an opportunity (lever-api §3.5): read and fill in. A filled form can be neither changed nor removed.

use serde_json::{Value, json};

use super::body::Body;
use super::error::LeverError;
use super::form_templates::answer;
use super::opportunities::find;
use super::page::{in_order, page};
use super::sheet::Sheet;
use super::{Answer, Desk};

pub(super) fn list(desk: &mut Desk, opportunity: &str) -> Answer {
    let rows: Vec<Value> = find(desk, opportunity)?.forms.iter().map(shown).collect();
    page(desk.ask, in_order(rows))
}

pub(super) fn get(desk: &mut Desk, opportunity: &str, id: &str) -> Answer {
    let form = find(desk, opportunity)?.forms.iter().find(|form| form.id == id);
    let shown = shown(form.ok_or_else(|| LeverError::not_found("forms", id))?);
    Ok(answer(desk, 200, shown))
}

/// Every field of the template must be there, with a value of its type or null, and none besides. A second form of the same
/// template is a second form.
pub(super) fn create(desk: &mut Desk, opportunity: &str) -> Answer {
    find(desk, opportunity)?;
    let body = Body::read(desk.ask)?;
    let wanted = body.required_text("baseTemplateId")?;
    let template = desk.world.form_templates.iter().find(|it| it.id == wanted).cloned();
    let template = template.ok_or_else(|| LeverError::bad_request(format!("form template {wanted} was not found")))?;
    let wrong = || LeverError::bad_request("fields must be an array of objects");
    let mut sent = body.get("fields").and_then(Value::as_array).ok_or_else(wrong)?.clone();
    let now = desk.world.clock.now_ms();
    let mut form = template.sheet(desk.world, opportunity, desk.user.clone(), now);
    form.secret = body.get("secret").and_then(Value::as_bool).unwrap_or(template.secret);
    for (field, value) in &mut form.fields {
        // By id where one is sent, else by type and text as in Lever's example.
        let is = |sent: &Value| match sent.get("id").and_then(Value::as_str) {
            Some(id) => id == field.id,
            None => sent.get("text") == Some(&json!(field.text)) && sent.get("type") == Some(&json!(field.kind)),
        };
        let Some(at) = sent.iter().position(is) else {
            return Err(LeverError::bad_request(format!("the field {} of the template is missing", field.text)));
        };
        let given = sent.remove(at);
        for (name, of_template) in [("text", &field.text), ("type", &field.kind.to_owned())] {
            if given.get(name).is_some_and(|given| given != of_template) {
                return Err(LeverError::bad_request(format!("{name} of the field {} differs from the template's", field.text)));
            }
        }
        *value = given.get("value").cloned().unwrap_or_default();
        field.takes(value).map_err(LeverError::bad_request)?;
    }
    if !sent.is_empty() {
        return Err(LeverError::bad_request("fields has a field that the template does not have"));
    }
    let shown = shown(&form);
    desk.world.touch(opportunity, now + 1, |it| it.forms.push(form));
    Ok(answer(desk, 201, shown))
}

pub(crate) fn shown(it: &Sheet) -> Value {
    json!({
        "id": it.id,
        "type": "form",
        "text": it.text,
        "instructions": it.instructions,
        "baseTemplateId": it.template,
        "fields": it.shown_fields(),
        "user": it.user,
        "stage": it.stage,
        "secret": it.secret,
        "createdAt": it.created_at,
        "completedAt": it.completed_at,
        "deletedAt": it.deleted_at,
    })
}
