//! Logging in at a provider of identities: OpenID Connect's authorization code flow, with PKCE.
//!
//! A browser is sent to the provider with a `state` that is random, good once, for a quarter of an hour and only together with a cookie
//! of the same browser, so that nobody is logged in as somebody else. The cookie holds the whole visit and our signature over it: whoever
//! begins a thousand visits uses up nothing of ours, and nobody else's. What the provider says about a person comes to us from its token
//! endpoint, over TLS and for our secret, not through the browser: so its signature need not be checked (OpenID Connect Core 1.0,
//! §3.1.3.7, 6). Who may come in, and who may act, stands in leverd.yaml and is looked up at each request.

use super::session::Key;
use super::{BadAccess, digest, random};
use crate::http::{Auth, Endpoint};
use crate::lang::config::{Oidc, Role, Secrets};
use crate::model::{Body, Destination, Exchange, Method, Request, Response, Secret, VendorName};
use crate::runtime::call::Node;
use crate::runtime::vault::Vault;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;
use url::form_urlencoded::byte_serialize;

/// How long a visit to the provider may take.
pub(super) const VISIT: SignedDuration = SignedDuration::from_mins(15);
/// How long it holds what the provider says of itself: anybody can begin a visit, and the provider is not asked for each.
const SAID: SignedDuration = SignedDuration::from_mins(5);
/// Finished visits that are remembered; of more, those that end first are forgotten. A provider takes no code twice (RFC 6749, §4.1.2),
/// so that even a forgotten one lets nobody in again.
const FINISHED: usize = 10_000;
/// A longer address of a page is not gone back to: a browser keeps no cookie of more than 4 KiB.
const LONGEST: usize = 1_000;
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

/// One browser's visit to the provider, as its cookie holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Visit {
    state: String,
    nonce: String,
    verifier: String,
    /// The page of ours that was wanted.
    to: String,
    until: Timestamp,
    /// Of the provider that was visited.
    mark: String,
}

/// What is kept of the provider and of visits to it.
#[derive(Default)]
pub(super) struct Visits {
    /// What an issuer said of itself, and until when that holds.
    said: Mutex<Option<(Url, Timestamp, Arc<Discovered>)>>,
    /// Finished visits that are not over yet: the end of each, and its `state`.
    finished: Mutex<BTreeSet<(Timestamp, String)>>,
}

/// What signs the cookies of visits.
#[derive(Clone, Copy)]
pub(super) struct Signing<'a> {
    pub(super) key: &'a Key,
    pub(super) vault: &'a Vault,
}

impl Signing<'_> {
    /// What is signed for a visit is never a session.
    fn prefixed(text: &str) -> String {
        format!("visit {text}")
    }

    /// The cookie of a visit; none where nothing can be signed.
    fn write(self, visit: &Visit) -> Option<String> {
        let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(visit).ok()?);
        let signature = self.key.sign(self.vault, &Self::prefixed(&text));
        (!signature.is_empty()).then(|| format!("{text}.{signature}"))
    }

    /// The visit of a cookie that we signed.
    fn read(self, cookie: &str) -> Option<Visit> {
        let (text, signature) = cookie.split_once('.')?;
        let ours = self.key.signed(self.vault, &Self::prefixed(text), signature);
        ours.then(|| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()).flatten()
    }
}

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
    // Letters beyond ASCII stay as they are: some of them are the capitals of ASCII letters, such as the sign for kelvin.
    let name = name.to_ascii_lowercase();
    all.iter().map(|one| one.to_ascii_lowercase()).any(|one| match one.strip_prefix('*') {
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

    /// What the provider says of itself: as it said a short while ago, or asked again.
    async fn discover(&self, node: &Node, visits: &Visits) -> Result<Arc<Discovered>, String> {
        let now = node.clock.now();
        if let Some(said) = visits.said(&self.issuer, now) {
            return Ok(said);
        }
        let found = Arc::new(self.ask_itself(node).await?);
        visits.remember(&self.issuer, now, &found);
        Ok(found)
    }

    async fn ask_itself(&self, node: &Node) -> Result<Discovered, String> {
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

    /// Begins a visit, from which the browser is to come back to the page `to` of ours.
    pub(super) async fn begin(
        &self,
        node: &Node,
        visits: &Visits,
        signing: Signing<'_>,
        ours: &Url,
        to: &str,
    ) -> Result<Sent, String> {
        let found = self.discover(node, visits).await?;
        let none = || "the system gives no random numbers".to_owned();
        let [state, nonce, verifier] = [random(), random(), random()];
        if state.is_empty() || nonce.is_empty() || verifier.is_empty() {
            return Err(none());
        }
        let mut url = found.authorization_endpoint.clone();
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
        let to = if to.len() > LONGEST { String::new() } else { to.to_owned() };
        let visit = Visit { state, nonce, verifier, to, until: node.clock.now() + VISIT, mark: self.mark() };
        Ok(Sent { url, keep: signing.write(&visit).ok_or_else(none)? })
    }

    /// Ends a visit: who it was.
    pub(super) async fn finish(
        &self,
        node: &Node,
        visits: &Visits,
        signing: Signing<'_>,
        ours: &Url,
        back: Returned<'_>,
    ) -> Result<Known, String> {
        let now = node.clock.now();
        let ours_of = |visit: &Visit| {
            visit.until > now
                && visit.mark == self.mark()
                && Secret::new(visit.state.as_str()).matches(back.state.as_bytes())
                && visits.finish(visit, now)
        };
        let visit = signing.read(back.kept).filter(ours_of).ok_or_else(|| {
            "This login was begun in another browser, was finished before, or is too old. Begin again.".to_owned()
        })?;
        if !back.error.is_empty() || back.code.is_empty() {
            // Its own words are not repeated: they come through the browser.
            return Err(format!("{} did not let you in. Begin again, or ask whoever runs it.", self.host()));
        }
        let found = self.discover(node, visits).await?;
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
        // As it stands, to the last slash: below a base it would lose that one.
        let token = &found.token_endpoint;
        let endpoint = self.endpoint(token.clone(), auth);
        let answer = self.ask(node, endpoint, Method::Post, token.as_str(), Body::Form(form)).await?;
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
        // Some providers write it as a text.
        let unverified = |verified: &Value| *verified != true && *verified != "true";
        if self.claim == "email" && claims.get("email_verified").is_some_and(unverified) {
            return Err(format!("{} has not verified your e-mail address yet.", self.host()));
        }
        match claim(&self.claim).map(str::trim).filter(|name| !name.is_empty()) {
            Some(name) => Ok(name.to_owned()),
            None => Err(format!("{} does not tell `{}`, by which leverd knows people", self.host(), self.claim)),
        }
    }
}

impl Visits {
    fn said(&self, issuer: &Url, now: Timestamp) -> Option<Arc<Discovered>> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.as_ref().filter(|(of, until, _)| of == issuer && *until > now).map(|(.., said)| said.clone())
    }

    fn remember(&self, issuer: &Url, now: Timestamp, said: &Arc<Discovered>) {
        let kept = Some((issuer.clone(), now + SAID, said.clone()));
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    /// Has a visit be over: whether it was not before.
    fn finish(&self, visit: &Visit, now: Timestamp) -> bool {
        let mut finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        finished.retain(|(until, _)| *until > now);
        let first = finished.insert((visit.until, visit.state.clone()));
        while finished.len() > FINISHED {
            finished.pop_first();
        }
        first
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
    fn a_letter_that_only_looks_like_another_is_another() {
        let kate = Provider {
            operators: vec!["kate@example.com".to_owned()],
            viewers: vec!["*@kelvin.example".to_owned()],
            ..provider()
        };
        assert_eq!(kate.role("Kate@Example.com"), Some(Role::Operator));
        assert_eq!(kate.role("\u{212a}ate@example.com"), None);
        assert_eq!(kate.role("eve@\u{212a}elvin.example"), None);
    }

    #[test]
    fn a_visit_is_read_only_as_we_signed_it_is_no_session_and_ends_once() {
        let (key, vault) = (Key::new(), Vault::default());
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let text = |text: &str| text.to_owned();
        let visit = Visit {
            state: text("s"),
            nonce: text("n"),
            verifier: text("v"),
            to: text("/console"),
            until: now + VISIT,
            mark: text("m"),
        };
        let signing = Signing { key: &key, vault: &vault };
        let cookie = signing.write(&visit).unwrap();
        assert_eq!(signing.read(&cookie).as_ref(), Some(&visit));
        assert_eq!(Signing { key: &Key::new(), vault: &vault }.read(&cookie), None, "signed by another");
        let (text, signature) = cookie.split_once('.').unwrap();
        assert!(!key.signed(&vault, text, signature), "it would do for a session");
        let other = serde_json::to_vec(&Visit { state: "t".to_owned(), ..visit.clone() }).unwrap();
        assert_eq!(signing.read(&format!("{}.{signature}", URL_SAFE_NO_PAD.encode(other))), None);

        let visits = Visits::default();
        assert!(visits.finish(&visit, now) && !visits.finish(&visit, now));
        // However many others end their visits, no more than so many are remembered.
        for n in 0..=FINISHED {
            visits.finish(&Visit { state: n.to_string(), until: now + VISIT + OFF, ..visit.clone() }, now);
        }
        assert_eq!(visits.finished.lock().unwrap().len(), FINISHED);
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
        assert!(with("email_verified", true.into()).is_ok() && with("email_verified", "true".into()).is_ok());
        for (key, wrong) in [
            ("iss", "https://login.evil.org".into()),
            ("aud", "another".into()),
            ("aud", serde_json::json!(["leverd", "another"])),
            ("azp", "another".into()),
            ("exp", 1_799_999_900.into()),
            ("nonce", "m".into()),
            ("nonce", Value::Null),
            ("email_verified", false.into()),
            ("email_verified", "false".into()),
            ("email_verified", "no".into()),
            ("email_verified", 0.into()),
            ("email_verified", Value::Null),
            ("email", Value::Null),
        ] {
            assert!(with(key, wrong.clone()).is_err(), "{key}: {wrong}");
        }
        assert!(provider().name("no token", "n", now).is_err());
    }
}
