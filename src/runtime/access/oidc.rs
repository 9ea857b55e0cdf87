//! Logging in at a provider of identities: OpenID Connect's authorization code flow, with PKCE.
//!
//! A browser is sent to the provider with a `state` that is random, kept by its hash, good once, for a quarter of an hour and only
//! together with a cookie of the same browser, so that nobody is logged in as somebody else. What the provider says about a person comes
//! to us from its token endpoint, over TLS and for our secret, not through the browser: so its signature need not be checked (OpenID
//! Connect Core 1.0, §3.1.3.7, 6). Who may come in, and who may act, stands in leverd.yaml and is looked up at each request.

use super::{BadAccess, digest, random};
use crate::http::{Auth, Endpoint};
use crate::lang::config::{Oidc, Role, Secrets};
use crate::model::{Body, Destination, Exchange, Method, Request, Response, Secret, VendorName};
use crate::runtime::call::Node;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;
use url::form_urlencoded::byte_serialize;

/// How long a visit to the provider may take.
pub(super) const VISIT: SignedDuration = SignedDuration::from_mins(15);
/// Visits under way; of more, the oldest are given up.
const VISITS: usize = 1_000;
/// How far the provider's clock may be off.
const OFF: SignedDuration = SignedDuration::from_mins(1);
/// Where the provider sends people back to, below our address.
const BACK: &str = "/console/oidc";

/// The provider in force.
#[derive(Debug)]
pub(super) struct Provider {
    issuer: Url,
    client_id: String,
    secret: Secret,
    claim: String,
    viewers: Vec<String>,
    operators: Vec<String>,
}

/// What the provider says of itself (OpenID Connect Discovery 1.0, §3).
#[derive(Debug, Deserialize)]
struct Discovered {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// One browser's visit to the provider.
#[derive(Clone)]
struct Visit {
    /// Hash of what the browser keeps.
    browser: String,
    nonce: String,
    verifier: String,
    /// The page of ours that was wanted.
    to: String,
    until: Timestamp,
}

/// Visits by the hash of their `state`.
#[derive(Default)]
pub(super) struct Visits(Mutex<BTreeMap<String, Visit>>);

/// Where to send a browser, and what it is to keep until it is back.
pub struct Sent {
    pub url: Url,
    pub keep: String,
}

/// Somebody whom the provider knows and who may come in.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) name: String,
    pub(super) to: String,
}

/// What the provider appended to our address.
#[derive(Clone, Copy)]
pub struct Returned<'a> {
    pub state: &'a str,
    pub code: &'a str,
    pub error: &'a str,
    /// What the browser kept.
    pub kept: &'a str,
}

fn below(url: &Url, path: &str) -> String {
    format!("{}{path}", url.as_str().trim_end_matches('/'))
}

/// Whether a name is meant by `olga@example.com` or `*@example.com`.
fn meant(all: &[String], name: &str) -> bool {
    let name = name.to_lowercase();
    all.iter().map(|one| one.to_lowercase()).any(|one| match one.strip_prefix('*') {
        Some(end) if end.starts_with('@') => {
            name.strip_suffix(end).is_some_and(|start| !start.is_empty() && !start.contains('@'))
        }
        _ => one == name,
    })
}

impl Provider {
    pub(super) fn of(oidc: &Oidc, secrets: &dyn Secrets) -> Result<Self, BadAccess> {
        Ok(Self {
            issuer: oidc.issuer.clone(),
            client_id: oidc.client_id.clone(),
            secret: oidc.client_secret.resolve(secrets).map_err(BadAccess::NoOidcSecret)?,
            claim: oidc.claim.clone(),
            viewers: oidc.viewers.clone(),
            operators: oidc.operators.clone(),
        })
    }

    /// What people know it by.
    pub(super) fn host(&self) -> &str {
        self.issuer.host_str().unwrap_or("the provider")
    }

    /// What a session of another provider, or of another client of it, does not have.
    pub(super) fn mark(&self) -> String {
        digest(&format!("{} {}", self.issuer, self.client_id)).chars().take(16).collect()
    }

    pub(super) fn role(&self, name: &str) -> Option<Role> {
        if meant(&self.operators, name) { Some(Role::Operator) } else { meant(&self.viewers, name).then_some(Role::Viewer) }
    }

    fn endpoint(&self, url: Url, auth: Auth) -> Endpoint {
        // leverd.yaml names the provider's own host; a private address is no surprise there.
        let allow_private = url.host() == self.issuer.host();
        Endpoint { allow_private, ..Endpoint::new(url, auth) }
    }

    async fn ask(&self, node: &Node, endpoint: Endpoint, method: Method, path: &str, body: Body) -> Result<Response, String> {
        let mut request = Request::new(Destination::Vendor(VendorName::new("login")), method, path);
        request.body = body;
        match node.http.send(&request, &endpoint).await {
            Exchange::Answered(answer) => Ok(answer),
            Exchange::NotSent(why) | Exchange::Lost(why) => Err(format!("{} does not answer: {why}", self.host())),
        }
    }

    async fn discover(&self, node: &Node) -> Result<Discovered, String> {
        let endpoint = self.endpoint(self.issuer.clone(), Auth::None);
        let answer = self.ask(node, endpoint, Method::Get, "/.well-known/openid-configuration", Body::None).await?;
        if !answer.ok() {
            return Err(format!(
                "{} answers {} where it should say what it is: is `issuer` right?",
                self.host(),
                answer.status
            ));
        }
        let found: Discovered = serde_json::from_slice(&answer.body)
            .map_err(|_| format!("{} does not say where people log in: is `issuer` right?", self.host()))?;
        // A provider that calls itself otherwise is another one (§4.3).
        if found.issuer.trim_end_matches('/') != self.issuer.as_str().trim_end_matches('/') {
            return Err(format!("{} calls itself `{}`: write that as `issuer`", self.host(), found.issuer));
        }
        let safe = |url: &Url| url.scheme() == "https" || url.host() == self.issuer.host() && self.issuer.scheme() == "http";
        if !safe(&found.authorization_endpoint) || !safe(&found.token_endpoint) {
            return Err(format!("{} would have secrets sent unencrypted", self.host()));
        }
        Ok(found)
    }

    /// Begins a visit.
    pub(super) async fn begin(&self, node: &Node, visits: &Visits, ours: &Url, to: &str) -> Result<Sent, String> {
        let found = self.discover(node).await?;
        let [state, nonce, verifier, keep] = [random(), random(), random(), random()];
        if state.is_empty() || nonce.is_empty() || verifier.is_empty() || keep.is_empty() {
            return Err("the system gives no random numbers".to_owned());
        }
        let mut url = found.authorization_endpoint;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &below(ours, BACK)),
            ("scope", "openid email profile"),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let now = node.clock.now();
        let visit = Visit { browser: digest(&keep), nonce, verifier, to: to.to_owned(), until: now + VISIT };
        visits.add(digest(&state), visit, now);
        Ok(Sent { url, keep })
    }

    /// Ends a visit: who it was.
    pub(super) async fn finish(&self, node: &Node, visits: &Visits, ours: &Url, back: Returned<'_>) -> Result<Known, String> {
        let again = || "This login was begun in another browser, was finished before, or is too old. Begin again.".to_owned();
        let visit = visits.take(&digest(back.state)).ok_or_else(again)?;
        if visit.until <= node.clock.now() || digest(back.kept) != visit.browser {
            return Err(again());
        }
        if !back.error.is_empty() || back.code.is_empty() {
            // Its own words are not repeated: they come through the browser.
            return Err(format!("{} did not let you in. Begin again, or ask whoever runs it.", self.host()));
        }
        let found = self.discover(node).await?;
        let mut form: Vec<(String, String)> = [
            ("grant_type", "authorization_code"),
            ("code", back.code),
            ("redirect_uri", &below(ours, BACK)),
            ("code_verifier", &visit.verifier),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let methods = &found.token_endpoint_auth_methods_supported;
        let auth = if methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic") {
            // Both are written as in a form first (RFC 6749, §2.3.1).
            let written = |text: &str| Secret::new(byte_serialize(text.as_bytes()).collect::<String>());
            Auth::Basic { user: written(&self.client_id), password: Some(written(self.secret.expose())) }
        } else {
            form.push(("client_id".to_owned(), self.client_id.clone()));
            form.push(("client_secret".to_owned(), self.secret.expose().to_owned()));
            Auth::None
        };
        let answer = self.ask(node, self.endpoint(found.token_endpoint, auth), Method::Post, "", Body::Form(form)).await?;
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let Some(token) = told.get("id_token").and_then(Value::as_str).filter(|_| answer.ok()) else {
            return Err(format!(
                "{} does not say who you are (it answers {}): are `client_id` and `client_secret` right, and is {} registered there?",
                self.host(),
                answer.status,
                below(ours, BACK)
            ));
        };
        let name = self.name(token, &visit.nonce, node.clock.now())?;
        Ok(Known { name, to: visit.to })
    }

    /// Who an ID token is about, if it is meant for us and for this visit.
    fn name(&self, token: &str, nonce: &str, now: Timestamp) -> Result<String, String> {
        let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok());
        let claims: Value = payload.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let audience = |one: &Value| one.as_str() == Some(self.client_id.as_str());
        let claim = |name: &str| claims.get(name).and_then(Value::as_str);
        let (for_us, alone) = match claims.get("aud") {
            Some(Value::Array(all)) => (all.iter().any(audience), all.len() == 1),
            one => (one.is_some_and(audience), true),
        };
        let party = claims.get("azp").map_or(alone, audience);
        let issued = claim("iss").is_some_and(|iss| iss.trim_end_matches('/') == self.issuer.as_str().trim_end_matches('/'));
        let until = claims.get("exp").and_then(Value::as_i64).and_then(|seconds| Timestamp::from_second(seconds).ok());
        let fresh = until.is_some_and(|until| until + OFF > now);
        if !(for_us && party && issued && fresh && claim("nonce") == Some(nonce)) {
            return Err(format!("What {} says is not meant for this login. Begin again.", self.host()));
        }
        if self.claim == "email" && claims.get("email_verified") == Some(&Value::Bool(false)) {
            return Err(format!("{} has not verified your e-mail address yet.", self.host()));
        }
        match claim(&self.claim).map(str::trim).filter(|name| !name.is_empty()) {
            Some(name) => Ok(name.to_owned()),
            None => Err(format!("{} does not tell `{}`, by which leverd knows people", self.host(), self.claim)),
        }
    }
}

impl Visits {
    fn add(&self, state: String, visit: Visit, now: Timestamp) {
        let mut visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        visits.retain(|_, visit| visit.until > now);
        while visits.len() >= VISITS {
            let Some(oldest) = visits.iter().min_by_key(|(_, visit)| visit.until).map(|(state, _)| state.clone()) else {
                break;
            };
            visits.remove(&oldest);
        }
        visits.insert(state, visit);
    }

    fn take(&self, state: &str) -> Option<Visit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(state)
    }
}

/// The provider in force, if one is configured.
pub(super) fn provider(oidc: Option<&Oidc>, secrets: &dyn Secrets) -> Result<Option<Arc<Provider>>, BadAccess> {
    oidc.map(|oidc| Provider::of(oidc, secrets).map(Arc::new)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider() -> Provider {
        Provider {
            issuer: Url::parse("https://login.example.com/").unwrap(),
            client_id: "leverd".to_owned(),
            secret: Secret::new("s"),
            claim: "email".to_owned(),
            viewers: vec!["*@example.com".to_owned()],
            operators: vec!["Olga@Example.com".to_owned()],
        }
    }

    #[test]
    fn who_is_named_acts_whose_domain_is_named_looks_and_nobody_else_comes_in() {
        let role = |name: &str| provider().role(name);
        assert_eq!([role("olga@example.com"), role("vera@example.com")], [Some(Role::Operator), Some(Role::Viewer)]);
        for other in ["eve@example.com.evil.org", "eve@evilexample.com", "@example.com", "eve@evil.org@example.com", "eve", ""]
        {
            assert_eq!(role(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_token_counts_only_if_it_is_for_us_for_this_visit_from_this_provider_and_fresh() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let good = serde_json::json!({
            "iss": "https://login.example.com", "aud": "leverd", "exp": 1_800_000_300, "nonce": "n", "email": "olga@example.com",
        });
        let name = |claims: &Value| provider().name(&format!("e30.{}.", URL_SAFE_NO_PAD.encode(claims.to_string())), "n", now);
        assert_eq!(name(&good).as_deref(), Ok("olga@example.com"));
        let with = |key: &str, value: Value| {
            let mut claims = good.clone();
            claims[key] = value;
            name(&claims)
        };
        assert!(with("aud", serde_json::json!(["leverd"])).is_ok());
        for (key, wrong) in [
            ("iss", "https://login.evil.org".into()),
            ("aud", "another".into()),
            ("aud", serde_json::json!(["leverd", "another"])),
            ("azp", "another".into()),
            ("exp", 1_799_999_900.into()),
            ("nonce", "m".into()),
            ("nonce", Value::Null),
            ("email_verified", false.into()),
            ("email", Value::Null),
        ] {
            assert!(with(key, wrong.clone()).is_err(), "{key}: {wrong}");
        }
        assert!(provider().name("no token", "n", now).is_err());
    }
}
