//! Templates of profile forms and of feedback forms (`lever-api §3.5`, `§3.6`).

use super::json::{list, text};
use super::read::{one, page};
use super::{Page, Unread, to};
use crate::model::{Exchange, FormField, FormTemplate, Method, Request};
use serde_json::{Value as Json, json};

/// Lists the templates of profile forms.
pub fn list_form_templates() -> Request {
    to(Method::Get, "/form_templates".to_owned()).query("limit", "100")
}

/// Lists the templates of feedback forms.
pub fn list_feedback_templates() -> Request {
    to(Method::Get, "/feedback_templates".to_owned()).query("limit", "100")
}

/// One page of templates.
pub fn templates(exchange: &Exchange) -> Result<Page<FormTemplate>, Unread> {
    page(exchange, "form templates", template_of)
}

/// The template in an answer.
pub fn template(exchange: &Exchange) -> Result<FormTemplate, Unread> {
    one(exchange, "a form template", template_of)
}

/// Makes a template of profile forms. Lever gives its fields their ids.
pub fn create_form_template(name: &str, instructions: &str, secret: bool, fields: &[FormField]) -> Request {
    let field = |field: &FormField| {
        let mut json = json!({ "type": field.ty, "text": field.text, "required": field.required });
        if let (false, Json::Object(map)) = (field.options.is_empty(), &mut json) {
            let options: Vec<Json> = field.options.iter().map(|option| json!({ "text": option })).collect();
            map.insert("options".to_owned(), options.into());
        }
        json
    };
    let fields: Vec<Json> = fields.iter().map(field).collect();
    let body = json!({ "text": name, "instructions": instructions, "secretByDefault": secret, "fields": fields });
    to(Method::Post, "/form_templates".to_owned()).json(body)
}

fn template_of(json: &Json) -> Option<FormTemplate> {
    let id = text(json, "id")?;
    let fields = list(json, "fields").iter().filter_map(field_of).collect();
    Some(FormTemplate { name: text(json, "text").unwrap_or_else(|| id.clone()), id, fields })
}

/// A field without a question is known by its id.
fn field_of(json: &Json) -> Option<FormField> {
    let id = text(json, "id")?;
    let option = |option: &Json| option.as_str().map(str::to_owned).or_else(|| text(option, "text"));
    Some(FormField {
        text: text(json, "text").unwrap_or_else(|| id.clone()),
        ty: text(json, "type").unwrap_or_default().into(),
        required: json.get("required").and_then(Json::as_bool).unwrap_or(false),
        options: list(json, "options").iter().filter_map(option).collect(),
        id,
    })
}
