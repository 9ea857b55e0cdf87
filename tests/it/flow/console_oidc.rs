//! The console: people log in at a provider of identities, which a stand-in on loopback is.

use super::bed::Bed;
use super::console::{Browser, bed};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use url::Url;

/// What the provider does; a test changes it.
#[derive(Clone)]
struct Says {
    issuer: String,
    email: String,
    /// What its token says otherwise than it should.
    wrong: Value,
    methods: Vec<&'static str>,
    /// How often it said what it is.
    told: usize,
    /// The challenge and nonce of the one who logs in.
    asked: HashMap<String, String>,
}

#[derive(Clone)]
struct Provider(Arc<Mutex<Says>>);

impl Provider {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}/realms/hr", listener.local_addr().unwrap());
        let (email, wrong, asked) = ("olga@example.com".to_owned(), json!({}), HashMap::new());
        let provider = Self(Arc::new(Mutex::new(Says { issuer, email, wrong, methods: Vec::new(), told: 0, asked })));
        let router = Router::new()
            .route("/realms/hr/.well-known/openid-configuration", get(discovered))
            .route("/realms/hr/token/", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    fn says(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.0.lock().unwrap());
    }

    async fn bed(&self) -> Bed {
        let issuer = self.0.lock().unwrap().issuer.clone();
        bed(&format!(
            "{{ oidc: {{ issuer: '{issuer}', client_id: leverd, client_secret: {{ file: secrets/hash }}, operators: \
             [Olga@example.com], viewers: ['*@example.com'] }} }}"
        ))
        .await
    }

    /// Somebody logs in at the provider: the way back, as it sends the browser.
    fn lets_in(&self, away: &Url) -> String {
        let asked: HashMap<String, String> = away.query_pairs().into_owned().collect();
        assert!(away.path() == "/realms/hr/authorize" && asked["response_type"] == "code" && asked["client_id"] == "leverd");
        assert!(asked["scope"].contains("openid") && asked["code_challenge_method"] == "S256");
        assert!(asked["redirect_uri"].ends_with("/console/oidc"), "{asked:?}");
        let back = format!("/console/oidc?code=the-code&state={}", asked["state"]);
        self.says(|says| says.asked = asked);
        back
    }
}

async fn discovered(State(provider): State<Provider>) -> Json<Value> {
    let mut says = provider.0.lock().unwrap();
    says.told += 1;
    let mut told = json!({
        "issuer": says.issuer,
        "authorization_endpoint": format!("{}/authorize", says.issuer),
        // With the last slash, as some publish it: without it there is nothing.
        "token_endpoint": format!("{}/token/", says.issuer),
    });
    if !says.methods.is_empty() {
        told["token_endpoint_auth_methods_supported"] = json!(says.methods);
    }
    Json(told)
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let says = provider.0.lock().unwrap();
    let secret = std::mem::take(&mut form.get("client_secret").cloned());
    let basic = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Basic ").map(str::to_owned));
    let basic = basic.and_then(|text| String::from_utf8(STANDARD.decode(text).ok()?).ok());
    let by_post = says.methods == ["client_secret_post"];
    let knows_us =
        if by_post { secret.is_some() && basic.is_none() } else { basic.is_some_and(|text| text.starts_with("leverd:")) };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form.get("code_verifier").map(String::as_str).unwrap_or_default()));
    let fits = form["code"] == "the-code" && form["redirect_uri"] == says.asked["redirect_uri"];
    if !(knows_us && fits && challenge == says.asked["code_challenge"]) {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" })));
    }
    let mut claims = json!({
        "iss": says.issuer, "aud": "leverd", "exp": jiff::Timestamp::now().as_second() + 3_600, "nonce": says.asked["nonce"],
        "email": says.email, "email_verified": true,
    });
    claims.as_object_mut().unwrap().extend(says.wrong.as_object().cloned().unwrap());
    let token = format!("e30.{}.c2lnbmVk", URL_SAFE_NO_PAD.encode(claims.to_string()));
    (StatusCode::OK, Json(json!({ "access_token": "unused", "token_type": "Bearer", "id_token": token })))
}

/// A browser that is on its way: where it was sent.
async fn away(browser: &mut Browser) -> Url {
    let seen = browser.get("/console/oidc/start?to=%2Fconsole%2Fparked").await;
    assert_eq!(seen.status, 303, "{}", seen.read());
    seen.to().parse().unwrap()
}

async fn logs_in(bed: &Bed, provider: &Provider) -> (Browser, super::console::Seen) {
    let mut browser = Browser::of(bed);
    let away = away(&mut browser).await;
    let back = provider.lets_in(&away);
    let seen = browser.get(&back).await;
    (browser, seen)
}

#[tokio::test]
async fn people_log_in_at_the_provider_and_may_do_what_leverd_yaml_says() {
    let provider = Provider::start().await;
    let bed = provider.bed().await;
    let page = Browser::of(&bed).get("/console/login?to=%2Fconsole%2Fparked").await;
    assert!(page.read().contains("Log in at 127.0.0.1") && page.html.contains("/console/oidc/start?to=%2Fconsole%2Fparked"));

    let (mut olga, seen) = logs_in(&bed, &provider).await;
    assert_eq!((seen.status, seen.to()), (303, "/console/parked"), "{}", seen.read());
    let page = olga.get("/console/record").await;
    assert!(page.html.contains("operator") && page.read().contains("olga@example.com oidc came in"), "{}", page.read());

    // What it says of itself holds for five minutes.
    assert_eq!(provider.0.lock().unwrap().told, 1);
    bed.world.node.advance(jiff::SignedDuration::from_mins(6));

    // Secrets by POST for a provider that wants it so; whoever has an address of the domain looks.
    provider.says(|says| (says.email, says.methods) = ("vera@example.com".to_owned(), vec!["client_secret_post"]));
    let (mut vera, seen) = logs_in(&bed, &provider).await;
    assert_eq!(seen.status, 303, "{}", seen.read());
    assert!(vera.get("/console/parked").await.html.contains("viewer"));
}

#[tokio::test]
async fn nobody_else_gets_in_and_everybody_is_told_why() {
    let provider = Provider::start().await;
    let bed = provider.bed().await;
    for (wrong, told) in [
        (json!({ "email": "eve@evil.example" }), "eve@evil.example may not use this console"),
        (json!({ "email_verified": false }), "has not verified your e-mail address"),
        (json!({ "email_verified": "false" }), "has not verified your e-mail address"),
        (json!({ "nonce": "another" }), "is not meant for this login"),
        (json!({ "aud": "another" }), "is not meant for this login"),
        (json!({ "iss": "http://127.0.0.1:1/realms/hr" }), "is not meant for this login"),
        (json!({ "exp": 1_700_000_000 }), "is not meant for this login"),
        (json!({ "email": null }), "does not tell `email`"),
    ] {
        provider.says(|says| says.wrong = wrong.clone());
        let (mut browser, seen) = logs_in(&bed, &provider).await;
        assert!(seen.status == 403 && seen.read().contains(told), "{wrong}: {}", seen.read());
        assert_eq!(browser.get("/console/parked").await.status, 303, "still at the login");
    }
    provider.says(|says| says.wrong = json!({}));

    // A way back is good once, in the browser that went away, and not for ever.
    let mut browser = Browser::of(&bed);
    let back = provider.lets_in(&away(&mut browser).await);
    let other = Browser::of(&bed).get(&back).await;
    assert!(other.status == 403 && other.read().contains("begun in another browser"), "{}", other.read());
    let cookie = browser.cookie();
    let seen = browser.get(&back).await;
    assert_eq!((seen.status, seen.to()), (303, "/console/parked"), "{}", seen.read());
    let mut again = Browser::with(&bed, &cookie);
    let seen = again.get(&back).await;
    assert!(seen.status == 403 && seen.read().contains("was finished before"), "{}", seen.read());
    // Nor with what the browser kept of another visit.
    away(&mut again).await;
    let seen = again.get(&back).await;
    assert!(seen.status == 403 && seen.read().contains("Begin again"), "{}", seen.read());
    let back = provider.lets_in(&away(&mut browser).await);
    bed.world.node.advance(jiff::SignedDuration::from_mins(16));
    assert_eq!(browser.get(&back).await.status, 403);

    // However many others begin a visit, one's own goes on.
    let mut browser = Browser::of(&bed);
    let back = provider.lets_in(&away(&mut browser).await);
    let mut crowd = Browser::of(&bed);
    for _ in 0..1_001 {
        assert_eq!(crowd.get("/console/oidc/start").await.status, 303);
    }
    assert_eq!(browser.get(&back).await.status, 303);

    // Who declines comes back with an error; the provider's words are not repeated.
    let state = away(&mut browser).await.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let seen = browser.get(&format!("/console/oidc?error=access_denied&error_description=%3Cb%3E&state={state}")).await;
    assert!(seen.status == 403 && seen.read().contains("did not let you in") && !seen.html.contains("<b>"), "{}", seen.read());

    // A provider that calls itself otherwise.
    bed.world.node.advance(jiff::SignedDuration::from_mins(6));
    provider.says(|says| says.issuer = says.issuer.replace("/realms/hr", "/realms/sales"));
    let seen = browser.get("/console/oidc/start").await;
    assert!(seen.status == 502 && seen.read().contains("write that as `issuer`"), "{}", seen.read());
}
