//! Reading request bodies: JSON objects with the types that Lever documents.

use serde_json::{Map, Value};

use super::error::LeverError;
use crate::sim::wire::Ask;

/// The body of one write.
pub(super) struct Body(Map<String, Value>);

impl Body {
    pub(super) fn read(ask: &Ask) -> Result<Self, LeverError> {
        if ask.content_type.starts_with("multipart/") {
            return Err(LeverError::bad_request("multipart bodies are not simulated for this endpoint"));
        }
        ask.object().map(Self).ok_or_else(|| LeverError::bad_request("The request body must be a JSON object"))
    }

    pub(super) fn from_value(value: &Value) -> Option<Self> {
        value.as_object().cloned().map(Self)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// An optional text; any other type is refused.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, LeverError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(LeverError::bad_request(format!("{name} must be a string"))),
        }
    }

    pub(super) fn required_text(&self, name: &str) -> Result<String, LeverError> {
        self.text(name)?.ok_or_else(|| LeverError::bad_request(format!("Missing required parameter: {name}")))
    }

    /// An optional list of texts, empty when absent.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, LeverError> {
        let wrong = || LeverError::bad_request(format!("{name} must be an array of strings"));
        let Some(value) = self.get(name) else {
            return Ok(Vec::new());
        };
        let items = value.as_array().ok_or_else(wrong)?;
        items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
    }

    pub(super) fn required_texts(&self, name: &str) -> Result<Vec<String>, LeverError> {
        if self.get(name).is_none() {
            return Err(LeverError::bad_request(format!("Missing required parameter: {name}")));
        }
        self.texts(name)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// An optional time that must not lie in the future.
    pub(super) fn past(&self, name: &str, now: i64) -> Result<Option<i64>, LeverError> {
        match self.get(name).map(Value::as_i64) {
            None => Ok(None),
            Some(Some(at)) if at <= now => Ok(Some(at)),
            Some(_) => Err(LeverError::bad_request(format!("{name} must be a timestamp that is not in the future"))),
        }
    }
}
