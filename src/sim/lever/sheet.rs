//! Templates, and the sheets that are filled in from them: profile forms and feedback (lever-api §3.5, §3.6).

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::Body;
use super::error::LeverError;
use super::field::{Field, NewField, Purpose};
use super::world::World;
use crate::sim::ids::Ids;

/// A template to make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewTemplate {
    pub text: String,
    pub instructions: String,
    /// Whether profile forms made of it are secret. Feedback knows nothing of it.
    pub secret: bool,
    pub fields: Vec<NewField>,
}

/// A form template or a feedback template.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) instructions: String,
    pub(crate) secret: bool,
    pub(crate) fields: Vec<Field>,
    /// Absent for the templates that every account has.
    pub(crate) created_at: Option<i64>,
    pub(crate) updated_at: Option<i64>,
    /// Only such templates can be removed through the API.
    pub(crate) by_api: bool,
}

/// A profile form or a feedback form of an opportunity: the template's fields as they were, with values.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub(crate) id: String,
    pub(crate) template: String,
    pub(crate) text: String,
    pub(crate) instructions: String,
    pub(crate) fields: Vec<(Field, Value)>,
    pub(crate) user: Option<String>,
    /// The stage in which the opportunity was.
    pub(crate) stage: String,
    pub(crate) secret: bool,
    pub(crate) created_at: i64,
    pub(crate) completed_at: i64,
    pub(crate) updated_at: Option<i64>,
    pub(crate) deleted_at: Option<i64>,
}

impl Template {
    /// Gives a template; else what is wrong with it. A field that the template before it had (same type, same text) keeps
    /// its id.
    pub(crate) fn new(
        new: NewTemplate,
        purpose: Purpose,
        ids: &mut Ids,
        now: i64,
        before: Option<&Self>,
    ) -> Result<Self, String> {
        if new.text.is_empty() {
            return Err("Missing required parameter: text".to_owned());
        }
        if new.fields.is_empty() {
            return Err("a template needs a field at least".to_owned());
        }
        let kept = before.map(|template| template.fields.as_slice()).unwrap_or_default();
        let mut fields = Vec::with_capacity(new.fields.len());
        for field in new.fields {
            let mut field = Field::new(field, purpose, ids)?;
            if let Some(same) = kept.iter().find(|same| same.kind == field.kind && same.text == field.text) {
                field.id.clone_from(&same.id);
            }
            fields.push(field);
        }
        let scores = fields.iter().filter(|field| field.kind == "score-system").count();
        if purpose == Purpose::Feedback && scores != 1 {
            return Err("a feedback template needs exactly one field of type score-system".to_owned());
        }
        Ok(Self {
            id: before.map_or_else(|| ids.uuid(), |template| template.id.clone()),
            text: new.text,
            instructions: new.instructions,
            secret: new.secret,
            fields,
            created_at: before.map_or(Some(now), |template| template.created_at),
            updated_at: Some(now),
            by_api: before.is_some_and(|template| template.by_api),
        })
    }

    /// An unfilled sheet of it.
    pub(crate) fn sheet(&self, world: &mut World, opportunity: &str, user: Option<String>, at: i64) -> Sheet {
        Sheet {
            id: world.ids.uuid(),
            template: self.id.clone(),
            text: self.text.clone(),
            instructions: self.instructions.clone(),
            fields: self.fields.iter().map(|field| (field.clone(), Value::Null)).collect(),
            user,
            stage: world.opportunities.get(opportunity).map(|it| it.stage.clone()).unwrap_or_default(),
            secret: self.secret,
            created_at: at,
            completed_at: at,
            updated_at: None,
            deleted_at: None,
        }
    }

    /// Groups are not simulated: a template has none.
    pub(crate) fn shown(&self, purpose: Purpose) -> Value {
        let mut shown = json!({
            "id": self.id,
            "text": self.text,
            "group": null,
            "instructions": self.instructions,
            "fields": self.fields.iter().map(|field| Value::Object(field.shown())).collect::<Vec<_>>(),
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        });
        if let Some(shown) = shown.as_object_mut() {
            match purpose {
                Purpose::Form => shown.insert("secretByDefault".into(), self.secret.into()),
                Purpose::Feedback => shown.insert("stage".into(), Value::Null),
            };
        }
        shown
    }
}

impl Sheet {
    /// The fields with their values.
    pub(crate) fn shown_fields(&self) -> Vec<Value> {
        self.fields
            .iter()
            .map(|(field, value)| {
                let mut shown = field.shown();
                shown.insert("value".into(), value.clone());
                Value::Object(shown)
            })
            .collect()
    }
}

/// The template that a write sends.
pub(super) fn template_of(body: &Body) -> Result<NewTemplate, LeverError> {
    let wrong = || LeverError::bad_request("fields must be an array of objects with type and text");
    let mut fields = Vec::new();
    for field in body.get("fields").and_then(Value::as_array).ok_or_else(wrong)? {
        let field = Body::from_value(field).ok_or_else(wrong)?;
        let options = field.get("options").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = |option: &Value| option.get("text").and_then(Value::as_str).map(str::to_owned);
        let options = options.iter().map(text).collect::<Option<_>>();
        fields.push(NewField {
            kind: field.required_text("type")?,
            text: field.required_text("text")?,
            description: field.text("description")?.unwrap_or_default(),
            required: field.flag("required"),
            options: options.ok_or_else(|| LeverError::bad_request("options must be an array of objects with text"))?,
            prompt: field.text("prompt")?,
        });
    }
    Ok(NewTemplate {
        text: body.required_text("text")?,
        instructions: body.text("instructions")?.unwrap_or_default(),
        secret: body.flag("secretByDefault"),
        fields,
    })
}
