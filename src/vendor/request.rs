//! Requests from shapes: every name looked up, every value written as the place wants it. An absent name leaves its key out; in a path
//! or a header it is a refusal, before anything is sent.

use super::sign;
use crate::lang::adapter::{Adapter, Auth, Payload, RequestShape, Shape, Text};
use crate::model::{
    Assessment, Body, Code, Destination, HeaderText, Reason, Request, Secret, TestEntry, Value, percent_encoded,
};
use jiff::Timestamp;
use serde_json::Value as Json;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Everything that requests of one operation may carry.
#[derive(Debug, Clone, Copy)]
pub struct Supplies<'a> {
    /// The connection's base URL, or the adapter's.
    pub base_url: &'a str,
    pub secrets: &'a BTreeMap<String, Secret>,
    /// By the names of the grammar: `candidate.email`, `test.id`, `ids.attempt_id`, `with.NAME`, `callback_url` …
    pub inputs: &'a BTreeMap<String, Value>,
    /// Whether an earlier attempt may have been applied: true for every attempt after an unknown outcome.
    pub retry: bool,
    /// Whether a live invitation is refreshed.
    pub refresh: bool,
    /// The token, for adapters that get one (see [`super::auth`]).
    pub token: Option<&'a Secret>,
    pub now: Timestamp,
}

/// The inputs that our ledger's row gives: `ids.*`, `test.*` and the row's own `assessment.*`.
pub fn ledger_inputs(row: &Assessment) -> BTreeMap<String, Value> {
    let mut inputs = test_inputs(&row.test);
    inputs.extend(row.ids.iter().map(|(name, id)| (format!("ids.{name}"), Value::text(id))));
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            inputs.insert(format!("assessment.{name}"), value);
        }
    };
    set("id", Some(Value::text(row.id.to_string())));
    set("title", Some(Value::text(&row.test.title)));
    set("test", Some(row.test.value()));
    set("phase", Some(Value::text(row.phase.as_str())));
    set("attempt", Some(Value::Int(i64::from(row.attempt))));
    set("key", row.key.as_ref().map(Value::text));
    set("requested_at", Some(Value::date(row.requested_at)));
    set("invited_at", row.invited_at.map(Value::date));
    set("started_at", row.started_at.map(Value::date));
    set("submitted_at", row.submitted_at.map(Value::date));
    set("expires_at", row.expires_at.map(Value::date));
    set("url", row.candidate_url.as_ref().map(Value::text));
    inputs.insert("opportunity.id".to_owned(), Value::text(row.opportunity.as_str()));
    inputs
}

/// The inputs that a test gives: `test.id`, `test.title`, `test.fields.*`.
pub(super) fn test_inputs(test: &TestEntry) -> BTreeMap<String, Value> {
    let mut inputs =
        BTreeMap::from([("test.id".to_owned(), Value::text(&test.id)), ("test.title".to_owned(), Value::text(&test.title))]);
    inputs.extend(test.fields.iter().map(|(name, value)| (format!("test.fields.{name}"), value.clone())));
    inputs
}

/// What a name means while a request is made.
enum Known {
    Plain(Value),
    Secret(Secret),
}

/// The names at hand for one request.
pub(super) struct Scope<'a> {
    pub(super) supplies: Supplies<'a>,
    /// Captures of earlier steps, `page`, `request.*`: whatever the supplies do not hold.
    pub(super) more: &'a BTreeMap<String, Value>,
    masks: RefCell<Vec<Secret>>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(supplies: Supplies<'a>, more: &'a BTreeMap<String, Value>) -> Self {
        Self { supplies, more, masks: RefCell::new(Vec::new()) }
    }

    fn known(&self, name: &str) -> Option<Known> {
        if let Some(secret) = name.strip_prefix("secret.") {
            return self.supplies.secrets.get(secret).cloned().map(Known::Secret);
        }
        match name {
            "token" => return self.supplies.token.cloned().map(Known::Secret),
            "retry" => return Some(Known::Plain(Value::Bool(self.supplies.retry))),
            "refresh" => return Some(Known::Plain(Value::Bool(self.supplies.refresh))),
            "now" => return Some(Known::Plain(Value::date(self.supplies.now))),
            "now.epoch_s" => return Some(Known::Plain(Value::Int(self.supplies.now.as_second()))),
            "now.epoch_ms" => return Some(Known::Plain(Value::Int(self.supplies.now.as_millisecond()))),
            _ => {}
        }
        let found = |name: &str| self.more.get(name).or_else(|| self.supplies.inputs.get(name)).cloned();
        found(name).or_else(|| name.rsplit_once('.').and_then(|(whole, member)| found(whole)?.member(member))).map(Known::Plain)
    }

    /// A name as plain text; secrets are remembered as masks.
    fn text_of(&self, name: &str) -> Option<String> {
        match self.known(name)? {
            Known::Plain(value) => plain(&value),
            Known::Secret(secret) => {
                let text = secret.expose().to_owned();
                self.masks.borrow_mut().push(secret);
                Some(text)
            }
        }
    }

    /// A text; an absent name is a refusal.
    pub(super) fn text(&self, text: &Text) -> Result<String, Reason> {
        text.render(|name| self.text_of(name)).map_err(|name| absent(&name))
    }

    /// A text that may hold secrets.
    pub(super) fn secret(&self, text: &Text) -> Result<Secret, Reason> {
        self.text(text).map(Secret::new)
    }

    fn header(&self, text: &Text) -> Result<HeaderText, Reason> {
        let secret = text.names().any(|name| name == "token" || name.starts_with("secret."));
        let rendered = self.text(text)?;
        if rendered.contains(['\r', '\n', '\0']) {
            return Err(Reason::new(Code::R8, "a header of the request would hold a line break"));
        }
        Ok(if secret { HeaderText::Secret(Secret::new(rendered)) } else { HeaderText::Plain(rendered) })
    }

    /// A shape as JSON; `None` is absent. An absent name within a text is a refusal.
    pub(super) fn json(&self, shape: &Shape) -> Result<Option<Json>, Reason> {
        Ok(match shape {
            Shape::Literal(literal) => Some(literal.clone()),
            Shape::Name(name) => match self.known(name) {
                None => None,
                Some(Known::Plain(value)) => Some(json(&value)),
                Some(Known::Secret(_)) => self.text_of(name).map(Json::String),
            },
            Shape::Text(text) => Some(Json::String(self.text(text)?)),
            Shape::Choice(name, then, other) => {
                let holds = matches!(self.known(name), Some(Known::Plain(Value::Bool(true))));
                self.json(if holds { then } else { other })?
            }
            Shape::List(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.json(item)).collect();
                Some(Json::Array(items?.into_iter().flatten().collect()))
            }
            Shape::Map(fields) => {
                let mut map = serde_json::Map::new();
                for (key, value) in fields {
                    if let Some(value) = self.json(value)? {
                        map.insert(self.text(key)?, value);
                    }
                }
                Some(Json::Object(map))
            }
        })
    }

    /// Named shapes as fields of a query or a form: lists of single values repeat the key, anything deeper is JSON inside its field.
    fn fields(&self, shapes: &[(String, Shape)], repeat: bool) -> Result<Vec<(String, String)>, Reason> {
        let mut fields = Vec::new();
        for (name, shape) in shapes {
            match self.json(shape)? {
                None | Some(Json::Null) => {}
                Some(Json::Array(items)) if repeat && !items.iter().any(|item| item.is_array() || item.is_object()) => {
                    fields.extend(items.iter().map(|item| (name.clone(), single(item))));
                }
                Some(value) => fields.push((name.clone(), single(&value))),
            }
        }
        Ok(fields)
    }
}

fn single(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn absent(name: &str) -> Reason {
    match name.strip_prefix("secret.") {
        Some(secret) => Reason::new(Code::R11, format!("the connection gives no secret `{secret}`")),
        None => Reason::new(Code::R8, format!("the request needs `{name}`, which is absent")),
    }
}

/// A value as vendors read it: dates as RFC 3339, named things by name, lengths of time in seconds.
pub(super) fn json(value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => Json::from(*value),
        Value::Number(value) => serde_json::Number::from_f64(*value).map_or(Json::Null, Json::Number),
        Value::Text(text) => Json::String(text.clone()),
        Value::Date { date } => Json::String(date.to_string()),
        Value::Duration { duration } => Json::from(duration.as_secs()),
        Value::Named(named) => Json::String(named.name.clone()),
        Value::List(items) => Json::Array(items.iter().map(json).collect()),
        Value::Record { record } => Json::Object(record.iter().map(|(name, field)| (name.clone(), json(field))).collect()),
    }
}

/// A single value as text; lists and records have none.
pub(super) fn plain(value: &Value) -> Option<String> {
    match json(value) {
        Json::Array(_) | Json::Object(_) | Json::Null => None,
        value => Some(single(&value)),
    }
}

/// Makes one request, with the adapter's authentication unless this is the request for a token. `at` is an absolute URL that an answer
/// gave: it stands for path and query of the shape.
pub(super) fn make(
    adapter: &Adapter,
    shape: &RequestShape,
    scope: &Scope<'_>,
    auth: bool,
    at: Option<&str>,
) -> Result<Request, Reason> {
    let to = Destination::Vendor(adapter.name.clone());
    let mut request = if let Some(url) = at {
        allowed(adapter, scope.supplies.base_url, url)?;
        Request::new(to, shape.method, url)
    } else {
        let mut request = Request::new(to, shape.method, path(adapter, &shape.path, scope)?);
        request.query = scope.fields(&shape.query, true)?;
        request
    };
    for (name, text) in &shape.headers {
        request.headers.push((name.clone(), scope.header(text)?));
    }
    request.body = match &shape.payload {
        Payload::None => Body::None,
        Payload::Json(shape) => Body::Json(scope.json(shape)?.ok_or_else(|| absent("body"))?),
        Payload::Form(fields) => Body::Form(scope.fields(fields, false)?),
        Payload::Graphql { query, variables } => {
            Body::Json(serde_json::json!({ "query": query, "variables": scope.json(variables)?.unwrap_or_default() }))
        }
        Payload::Text { media_type, text } => Body::Text { media_type: media_type.clone(), text: scope.text(text)? },
    };
    if auth {
        authenticate(&adapter.auth, &mut request, scope)?;
    }
    request.masks = scope.masks.take();
    Ok(request)
}

fn path(adapter: &Adapter, text: &Text, scope: &Scope<'_>) -> Result<String, Reason> {
    let mut first = true;
    let path = text
        .render(|name| {
            let whole = first && matches!(text.0.first(), Some(crate::lang::adapter::Piece::Name(_)));
            first = false;
            let value = scope.text_of(name).filter(|value| !value.is_empty())?;
            // A segment `..` would climb out of the path that the author wrote.
            if whole {
                Some(value)
            } else if matches!(value.as_str(), "." | "..") {
                None
            } else {
                Some(percent_encoded(&value))
            }
        })
        .map_err(|name| absent(&name))?;
    if path.starts_with('/') {
        return Ok(path);
    }
    allowed(adapter, scope.supplies.base_url, &path).map(|()| path)
}

/// Whether an absolute URL may be asked: its host is the base URL's or declared, and it is as secret as the base URL.
pub(super) fn allowed(adapter: &Adapter, base_url: &str, url: &str) -> Result<(), Reason> {
    let refused = |why: String| Err(Reason::new(Code::R8, why));
    let Ok(parsed) = url::Url::parse(url) else {
        return refused(format!("{} gave a URL that is none", adapter.title));
    };
    let base = url::Url::parse(base_url).ok();
    let same = base.as_ref().is_some_and(|base| base.origin() == parsed.origin());
    let host = parsed.host_str().unwrap_or_default();
    if same || (parsed.scheme() == "https" && adapter.allows(base_url, host)) {
        return Ok(());
    }
    refused(format!("{} gave a URL of `{host}`, which its `hosts` do not name", adapter.title))
}

pub(super) fn authenticate(auth: &Auth, request: &mut Request, scope: &Scope<'_>) -> Result<(), Reason> {
    match auth {
        Auth::None => {}
        Auth::Header(headers) => {
            for (name, text) in headers {
                let secret = scope.secret(text)?;
                request.headers.push((name.clone(), HeaderText::Secret(secret)));
            }
        }
        Auth::Bearer(text) => {
            let text = Secret::new(format!("Bearer {}", scope.text(text)?));
            request.headers.push(("Authorization".to_owned(), HeaderText::Secret(text)));
        }
        Auth::Basic { user, password } => request.headers.push(sign::basic(&scope.secret(user)?, &scope.secret(password)?)),
        Auth::Body(keys) => {
            let mut more = Vec::new();
            for (name, text) in keys {
                more.push((name.clone(), scope.text(text)?));
            }
            match &mut request.body {
                Body::Form(fields) => fields.extend(more),
                Body::Json(Json::Object(fields)) => {
                    fields.extend(more.into_iter().map(|(name, text)| (name, Json::String(text))));
                }
                body => {
                    let fields = more.into_iter().map(|(name, text)| (name, Json::String(text)));
                    *body = Body::Json(Json::Object(fields.collect()));
                }
            }
        }
        Auth::Token(call) => {
            if scope.supplies.token.is_none() {
                return Err(Reason::new(Code::R12, "no token was given for this request"));
            }
            for (name, text) in &call.header {
                let header = scope.header(text)?;
                request.headers.push((name.clone(), header));
            }
        }
        Auth::Sign { message, key, algorithm, encoding, to } => {
            sign::sign(request, scope, message, key, *algorithm, *encoding, to)?;
        }
    }
    Ok(())
}
