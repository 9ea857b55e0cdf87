//! Lever's login for OAuth apps, behind `/auth`: the consent page and the token endpoint (lever-api §1.3).
//!
//! | request | answer |
//! |---|---|
//! | GET `/authorize` | the consent page, or a page that says what is wrong |
//! | POST `/authorize` with `decision=accept` or `deny` | back to the app's callback, with a code or an error |
//! | POST `/oauth/token`, as a form or as JSON | tokens for a code or for a refresh token |
//!
//! It knows apps, codes and grants; the access tokens that it gives out are kept where Lever checks them. Texts of errors are
//! those of Auth0, which Lever's login is, where Lever's documents say nothing.

mod authorize;
mod scopes;
mod tokens;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::clock::Clock;
use super::faults::Faults;
use super::ids::Ids;
use super::lever::Access;
use super::wire::{Ask, Reply};

pub(crate) use authorize::decide;

/// An app to register, as Lever's partner programme does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewApp {
    pub client_id: String,
    pub client_secret: String,
    /// Where the login may send people back to, compared byte by byte.
    pub callbacks: Vec<String>,
    /// Scopes that the app may ask for, 20 at most; empty: all that there are.
    pub scopes: Vec<String>,
}

/// An app that may ask for consent.
#[derive(Debug)]
struct App {
    secret: String,
    callbacks: Vec<String>,
    /// Empty: all.
    scopes: Vec<String>,
}

/// A code on its way to the app.
#[derive(Debug)]
struct Code {
    client_id: String,
    callback: String,
    scopes: Vec<String>,
    at: i64,
}

/// One consent, and the refresh tokens that came of it.
#[derive(Debug)]
struct Grant {
    id: String,
    client_id: String,
    scopes: Vec<String>,
    since: i64,
    refreshed_at: i64,
    /// The last one is the current one.
    refresh_tokens: Vec<String>,
}

/// The login of one environment.
#[derive(Debug)]
pub(crate) struct World {
    apps: BTreeMap<String, App>,
    codes: BTreeMap<String, Code>,
    grants: Vec<Grant>,
    /// What `audience` has to be: Lever's base URL with a slash at its end.
    audience: String,
    ids: Ids,
    clock: Clock,
}

impl World {
    /// A login without apps. `lever_base_url` is that of the API, without a slash at its end.
    pub(crate) fn new(lever_base_url: &str, ids: Ids, clock: Clock) -> Self {
        let audience = format!("{lever_base_url}/");
        Self { apps: BTreeMap::new(), codes: BTreeMap::new(), grants: Vec::new(), audience, ids, clock }
    }

    /// Adds or replaces an app; else says what is wrong with it.
    pub(crate) fn register(&mut self, new: NewApp) -> Result<(), String> {
        if new.client_id.is_empty() || new.client_secret.is_empty() {
            return Err("an app needs a client_id and a client_secret".to_owned());
        }
        if let Some(unknown) = new.scopes.iter().find(|scope| !scopes::known(scope)) {
            return Err(format!("Lever has no scope `{unknown}`"));
        }
        if new.scopes.len() > scopes::MOST {
            return Err(format!("an app has {} scopes at most", scopes::MOST));
        }
        self.apps.insert(new.client_id, App { secret: new.client_secret, callbacks: new.callbacks, scopes: new.scopes });
        Ok(())
    }

    /// Registers one more callback; false without such an app.
    pub(crate) fn add_callback(&mut self, client_id: &str, callback: &str) -> bool {
        let Some(app) = self.apps.get_mut(client_id) else {
            return false;
        };
        app.callbacks.push(callback.to_owned());
        true
    }

    /// A Super Admin takes back every consent: access and refresh tokens are worthless at once.
    pub(crate) fn revoke_all(&mut self, access: &mut Access) {
        for grant in self.grants.drain(..) {
            access.revoke_grant(&grant.id);
        }
    }
}

/// Answers one request.
pub(crate) fn answer(world: &mut World, access: &mut Access, faults: &Faults, ask: &Ask) -> Reply {
    match (ask.method.as_str(), ask.path.as_str()) {
        ("GET", "/authorize") => authorize::page(world, &ask.query),
        ("POST", "/authorize") => match fields(ask).get("decision").and_then(Value::as_str) {
            Some("accept") => decide(world, &ask.query, true),
            Some("deny") => decide(world, &ask.query, false),
            _ => authorize::oops(400, "decision must be accept or deny"),
        },
        ("POST", "/oauth/token") => tokens::answer(world, access, faults, &fields(ask)),
        _ => Reply::new(404, json!({ "error": "not_found" })),
    }
}

/// The body's fields: a form, or JSON.
fn fields(ask: &Ask) -> Map<String, Value> {
    if ask.content_type.starts_with("application/json") {
        return ask.object().unwrap_or_default();
    }
    url::form_urlencoded::parse(&ask.body).map(|(name, value)| (name.into_owned(), value.into())).collect()
}

/// A body or an answer as the log keeps it: codes, secrets and tokens are left out.
pub(crate) fn logged(ask: &Ask) -> Value {
    without_secrets(Value::Object(fields(ask)))
}

/// The object without codes, secrets and tokens.
pub(crate) fn without_secrets(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        for name in ["code", "client_secret", "access_token", "refresh_token"] {
            if let Some(secret) = fields.get_mut(name) {
                *secret = "…".into();
            }
        }
    }
    value
}
