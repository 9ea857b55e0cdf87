//! Filled forms of an opportunity: profile forms and feedback (`lever-api §3.5`, `§3.6`).
//!
//! A profile form can be filled and read, never changed or deleted; Lever wants every field of its template. Feedback can be changed
//! and deleted, in the name of the user who gave it.

use super::json::{bare, list, text, when};
use super::read::page;
use super::{Page, Unread, acting, segment, to};
use crate::model::{Exchange, FilledField, FilledForm, Method, OpportunityId, Request, Response, UserId, Value};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// A filled form as Lever shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    pub id: String,
    pub template: Option<String>,
    pub user: Option<String>,
    pub fields: Vec<FormAnswer>,
    pub created_at: Option<Timestamp>,
    pub deleted: bool,
}

/// One field of it.
#[derive(Debug, Clone, PartialEq)]
pub struct FormAnswer {
    pub id: Option<String>,
    pub text: Option<String>,
    pub value: Json,
}

impl Form {
    /// What a record says; `None` without an id.
    pub fn of(json: &Json) -> Option<Self> {
        let field = |field: &Json| FormAnswer {
            id: text(field, "id"),
            text: text(field, "text"),
            value: field.get("value").cloned().unwrap_or(Json::Null),
        };
        Some(Self {
            id: text(json, "id")?,
            template: text(json, "baseTemplateId"),
            user: text(json, "user"),
            fields: list(json, "fields").iter().map(field).collect(),
            created_at: when(json, "createdAt"),
            deleted: json.get("deletedAt").is_some_and(|at| !at.is_null()),
        })
    }

    /// The id of the form that a POST made.
    pub fn created(response: &Response) -> Option<String> {
        text(&bare(response.json()?), "id")
    }

    /// Whether it is of this template and says the same in every field.
    pub fn says(&self, filled: &FilledForm) -> bool {
        let same = |field: &FilledField| {
            let by_id = self.fields.iter().find(|answer| answer.id.as_deref() == Some(field.id.as_str()));
            let by_text = || self.fields.iter().find(|answer| answer.text.as_deref() == Some(field.text.as_str()));
            let there = by_id.or_else(by_text).map_or(&Json::Null, |answer| &answer.value);
            plain(there) == plain(&value(field.value.as_ref()))
        };
        !self.deleted && self.template.as_deref() == Some(filled.template.id.as_str()) && filled.fields.iter().all(same)
    }
}

/// A value by its text: Lever answers numbers as texts here and there, and an empty field as null, `""` or `[]`.
fn plain(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::String(text) => text.trim().to_owned(),
        Json::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join("\n"),
        Json::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        other => other.to_string(),
    }
}

/// A field's value as Lever takes it.
fn value(value: Option<&Value>) -> Json {
    match value {
        None => Json::Null,
        Some(Value::Date { date }) => json!(date.as_millisecond()),
        Some(Value::Number(number)) if number.fract() == 0.0 && number.abs() < 9e15 => {
            #[expect(clippy::cast_possible_truncation, reason = "the fraction is zero and the range is checked")]
            let whole = *number as i64;
            json!(whole)
        }
        Some(Value::Number(number)) => json!(number),
        Some(Value::Int(number)) => json!(number),
        Some(Value::Bool(yes)) => json!(yes),
        Some(Value::List(items)) => items.iter().map(|item| self::value(Some(item))).collect(),
        Some(other) => json!(other.to_string()),
    }
}

fn path(id: &OpportunityId, collection: &str) -> String {
    format!("/opportunities/{}/{collection}", segment(id.as_str()))
}

/// Fills a profile form. A repeated POST is a second form.
pub fn create_form(id: &OpportunityId, filled: &FilledForm, perform_as: Option<&UserId>) -> Request {
    let field = |field: &FilledField| json!({ "id": field.id, "type": field.ty, "text": field.text, "value": value(field.value.as_ref()) });
    let fields: Vec<Json> = filled.fields.iter().map(field).collect();
    let body = json!({ "baseTemplateId": filled.template.id, "fields": fields });
    acting(to(Method::Post, path(id, "forms")).json(body), perform_as)
}

/// Lists the profile forms of an opportunity.
pub fn list_forms(id: &OpportunityId) -> Request {
    to(Method::Get, path(id, "forms")).query("limit", "100")
}

/// Lists the feedback on an opportunity.
pub fn list_feedback(id: &OpportunityId) -> Request {
    to(Method::Get, path(id, "feedback")).query("limit", "100")
}

/// One page of profile forms, or of feedback.
pub fn forms(exchange: &Exchange) -> Result<Page<Form>, Unread> {
    page(exchange, "forms", Form::of)
}

fn field_values(filled: &FilledForm) -> Vec<Json> {
    let given = filled.fields.iter();
    given.map(|field| json!({ "id": field.id, "value": value(field.value.as_ref()) })).collect()
}

/// Gives feedback, completed at once: without `completedAt` it would stay somebody's draft.
pub fn create_feedback(id: &OpportunityId, filled: &FilledForm, user: Option<&UserId>) -> Request {
    let at = filled.created_at.as_millisecond();
    let body = json!({
        "baseTemplateId": filled.template.id, "fieldValues": field_values(filled), "createdAt": at, "completedAt": at,
    });
    acting(to(Method::Post, path(id, "feedback")).json(body), user)
}

/// Changes feedback that the API gave. Its answer has another shape and is not read.
pub fn update_feedback(id: &OpportunityId, feedback: &str, filled: &FilledForm, user: Option<&UserId>) -> Request {
    let body = json!({ "fieldValues": field_values(filled), "completedAt": filled.created_at.as_millisecond() });
    acting(to(Method::Put, format!("{}/{}", path(id, "feedback"), segment(feedback))).json(body), user)
}
