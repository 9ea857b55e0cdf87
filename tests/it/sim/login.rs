//! Lever's login: the consent page, tokens and what ends them.

use std::time::Duration;

use leverd::sim::{Misbehaviour, NewApp, RouteFault};
use reqwest::header::LOCATION;
use serde_json::{Value, json};
use url::Url;

use super::http::{Answer, World, send};

const CALLBACK: &str = "http://127.0.0.1:9/oauth/lever/callback";
const SCOPES: &str = "offline_access opportunities:read:admin notes:write:admin";

async fn world() -> World {
    let world = World::start().await;
    let app = NewApp {
        client_id: "app".into(),
        client_secret: "app-secret".into(),
        callbacks: vec![CALLBACK.into()],
        ..NewApp::default()
    };
    world.sim.control().register_app(app).unwrap();
    world
}

/// The address of the consent page, with some parameters replaced; an empty one is left out.
fn page(world: &World, changed: &[(&str, &str)]) -> String {
    let audience = format!("{}/", world.sim.lever_base_url());
    let all = [
        ("client_id", "app"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("state", "s 1"),
        ("audience", audience.as_str()),
        ("scope", SCOPES),
    ];
    let value = |(name, value)| (name, changed.iter().find(|(key, _)| *key == name).map_or(value, |(_, other)| *other));
    let pairs = all.into_iter().map(value).filter(|(_, value)| !value.is_empty());
    Url::parse_with_params(&format!("{}/authorize", world.sim.auth_url()), pairs).unwrap().into()
}

/// What the browser is sent to, as its query.
fn query(location: &str) -> Vec<(String, String)> {
    assert!(location.starts_with(CALLBACK), "{location}");
    Url::parse(location).unwrap().query_pairs().into_owned().collect()
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// The code of a consent.
fn code(world: &World, scope: &str) -> String {
    let location = world.sim.control().consent(&page(world, &[("scope", scope)]), true).unwrap();
    query(&location).remove(0).1
}

async fn token(world: &World, fields: &[(&str, &str)]) -> Answer {
    let url = format!("{}/oauth/token", world.sim.auth_url());
    let all = [("client_id", "app"), ("client_secret", "app-secret"), ("redirect_uri", CALLBACK)];
    let all = all.into_iter().filter(|(name, _)| fields.iter().all(|(key, _)| key != name));
    let form: Vec<(&str, &str)> = fields.iter().copied().chain(all).collect();
    send(world.client.post(url).form(&form), None).await.unwrap()
}

async fn log_in(world: &World, scope: &str) -> Value {
    let code = code(world, scope);
    let answer = token(world, &[("grant_type", "authorization_code"), ("code", &code)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

async fn refresh(world: &World, refresh_token: &Value) -> Answer {
    token(world, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token.as_str().unwrap())]).await
}

async fn stages_as(world: &World, path: &str, tokens: &Value) -> Answer {
    let url = format!("{}{path}", world.sim.lever_base_url());
    send(world.client.get(url).bearer_auth(tokens["access_token"].as_str().unwrap()), None).await.unwrap()
}

#[tokio::test]
async fn the_page_lists_scopes_and_leads_back_with_a_code_or_a_no() {
    let world = world().await;
    let get = async |changed: &[(&str, &str)]| {
        let answer = send(world.client.get(page(&world, changed)), None).await.unwrap();
        (answer.status, answer.body.as_str().unwrap().to_owned())
    };
    let (status, shown) = get(&[]).await;
    assert_eq!(status, 200);
    assert!(SCOPES.split(' ').all(|scope| shown.contains(&format!("<li>{scope}</li>"))), "{shown}");
    let base = world.sim.lever_base_url();
    for audience in ["", base.as_str()] {
        let (_, shown) = get(&[("audience", audience)]).await;
        assert!(shown.contains("<li>offline_access</li>") && !shown.contains("notes"), "{shown}");
    }
    for callback in ["http://127.0.0.1:9/oauth/lever/callback/", "http://127.0.0.1:9/OAuth/lever/callback", "nowhere"] {
        let (status, shown) = get(&[("redirect_uri", callback)]).await;
        assert!(status == 403 && shown.contains("undefined"), "{shown}");
    }
    let (status, shown) = get(&[("client_id", "<other>")]).await;
    assert!(status == 403 && shown.contains("Unknown client: &lt;other&gt;"), "{shown}");

    let press = async |decision: &str, changed: &[(&str, &str)]| {
        let request = world.client.post(page(&world, changed)).form(&[("decision", decision)]);
        let answer = send(request, None).await.unwrap();
        assert_eq!(answer.status, 302, "{}", answer.body);
        query(answer.headers[LOCATION].to_str().unwrap())
    };
    let accepted = press("accept", &[]).await;
    assert_eq!((accepted.len(), accepted[0].0.as_str(), &accepted[1]), (2, "code", &pair("state", "s 1")));
    let denied = press("deny", &[]).await;
    assert_eq!(denied[0], pair("error", "access_denied"));
    assert_eq!((denied[1].0.as_str(), &denied[2]), ("error_description", &pair("state", "s 1")));
    assert_eq!(press("accept", &[("state", "")]).await.len(), 1, "no state is invented");
    assert_eq!(press("accept", &[("response_type", "token")]).await[0], pair("error", "unsupported_response_type"));
}

#[tokio::test]
async fn an_access_token_is_good_for_its_scopes_and_for_an_hour() {
    let world = world().await;
    let tokens = log_in(&world, SCOPES).await;
    assert_eq!(
        (&tokens["token_type"], &tokens["expires_in"], &tokens["scope"]),
        (&json!("Bearer"), &json!(3600), &json!(SCOPES))
    );
    assert_eq!(stages_as(&world, "/opportunities", &tokens).await.status, 200);
    assert_eq!(stages_as(&world, "/stages", &tokens).await.status, 403, "outside of its scopes");
    world.sim.control().advance_clock(Duration::from_secs(3_601));
    assert_eq!(stages_as(&world, "/opportunities", &tokens).await.status, 401);
    // It is no API key, and another environment does not know who signed it.
    let url = format!("{}/opportunities", world.sim.lever_base_url());
    let fresh = refresh(&world, &tokens["refresh_token"]).await.body;
    let basic = world.client.get(&url).basic_auth(fresh["access_token"].as_str().unwrap(), Some(""));
    assert_eq!(send(basic, None).await.unwrap().status, 401);
    let other = World::with(leverd::sim::SimOptions { seed: Some(99), ..super::http::quick() }).await;
    let foreign = stages_as(&other, "/opportunities", &fresh).await;
    assert_eq!(foreign.status, 403);
    assert!(foreign.body["message"].as_str().unwrap().starts_with("Unable to find a signing key that matches"));
    // Without the scope for it there is nothing to refresh with.
    assert_eq!(log_in(&world, "opportunities:read:admin").await.get("refresh_token"), None);
}

#[tokio::test]
async fn a_code_is_good_once_for_its_callback_and_for_ten_minutes() {
    let world = world().await;
    let exchange = async |code: &str, callback: &str| {
        let fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", callback)];
        let answer = token(&world, &fields).await;
        (answer.status, answer.body["error"].as_str().unwrap_or_default().to_owned())
    };
    let first = code(&world, SCOPES);
    assert_eq!(exchange(&first, "http://127.0.0.1:9/").await, (403, "unauthorized_client".to_owned()));
    assert_eq!(exchange(&first, CALLBACK).await, (200, String::new()));
    assert_eq!(exchange(&first, CALLBACK).await, (403, "invalid_grant".to_owned()));
    let late = code(&world, SCOPES);
    world.sim.control().advance_clock(Duration::from_secs(601));
    assert_eq!(exchange(&late, CALLBACK).await, (403, "invalid_grant".to_owned()));
    // An API key in the place of the secret, and a grant type that there is not.
    let fields = [("grant_type", "authorization_code"), ("code", "x"), ("client_secret", "sim-lever-key")];
    let refused = token(&world, &fields).await;
    assert_eq!((refused.status, &refused.body["error"]), (401, &json!("access_denied")));
    assert_eq!(token(&world, &[("grant_type", "password")]).await.body["error"], "unsupported_grant_type");
}

#[tokio::test]
async fn a_refresh_token_is_spent_by_its_use_unless_the_switch_keeps_it() {
    let world = world().await;
    let control = world.sim.control();
    let first = log_in(&world, SCOPES).await;
    // JSON is taken too.
    let body = json!({ "grant_type": "refresh_token", "client_id": "app", "client_secret": "app-secret",
        "refresh_token": first["refresh_token"] });
    let url = format!("{}/oauth/token", world.sim.auth_url());
    let second = send(world.client.post(url), Some(body)).await.unwrap();
    assert_eq!(second.status, 200, "{}", second.body);
    let second = second.body;
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(stages_as(&world, "/opportunities", &first).await.status, 200, "the access token before lives on");
    let spent = refresh(&world, &first["refresh_token"]).await;
    assert_eq!((spent.status, &spent.body["error"]), (403, &json!("invalid_grant")));

    // The answer gets lost: the token is spent and nobody has the next one.
    let path = "/auth/oauth/token".to_owned();
    let lost = |times| RouteFault { method: None, path: path.clone(), times, after: 0, then: Misbehaviour::DropAfter };
    control.add_route_fault(lost(Some(1)));
    let url = format!("{}/oauth/token", world.sim.auth_url());
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "app"),
        ("client_secret", "app-secret"),
        ("refresh_token", second["refresh_token"].as_str().unwrap()),
    ];
    assert!(send(world.client.post(url).form(&form), None).await.is_err());
    assert_eq!(refresh(&world, &second["refresh_token"]).await.status, 403);
    control.set_faults(|faults| faults.old_refresh_token_valid = true);
    assert_eq!(refresh(&world, &second["refresh_token"]).await.status, 200);
    assert_eq!(refresh(&world, &first["refresh_token"]).await.status, 200);
}

#[tokio::test]
async fn refresh_tokens_end_when_idle_after_a_year_and_when_consent_is_taken_back() {
    let world = world().await;
    let control = world.sim.control();
    let days = |days: u64| control.advance_clock(Duration::from_secs(days * 86_400));
    let idle = log_in(&world, SCOPES).await;
    days(91);
    assert_eq!(refresh(&world, &idle["refresh_token"]).await.status, 403);
    let mut tokens = log_in(&world, SCOPES).await;
    for _ in 0..4 {
        days(89);
        tokens = refresh(&world, &tokens["refresh_token"]).await.body;
    }
    days(10);
    assert_eq!(refresh(&world, &tokens["refresh_token"]).await.status, 403, "a year has passed");

    let tokens = log_in(&world, SCOPES).await;
    control.revoke_access();
    let refused = stages_as(&world, "/opportunities", &tokens).await;
    assert_eq!((refused.status, &refused.body["code"]), (401, &json!("UnauthorizedError")));
    assert_eq!(refresh(&world, &tokens["refresh_token"]).await.body["error"], "invalid_grant");
    assert_eq!(world.get("/stages").await.status, 200, "API keys are another matter");
}

#[tokio::test]
async fn no_secret_of_a_login_is_in_the_log() {
    let world = world().await;
    let code = code(&world, SCOPES);
    let tokens = token(&world, &[("grant_type", "authorization_code"), ("code", &code)]).await.body;
    let next = refresh(&world, &tokens["refresh_token"]).await.body;
    let log = serde_json::to_string(&world.sim.control().requests()).unwrap();
    assert!(log.contains("\"grant_type\":\"refresh_token\""), "{log}");
    let secrets = [&tokens["access_token"], &tokens["refresh_token"], &next["access_token"], &next["refresh_token"]];
    for secret in secrets.map(|it| it.as_str().unwrap()).into_iter().chain(["app-secret", &code]) {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn apps_are_checked_and_played_by_commands() {
    let world = world().await;
    let run = async |command: Value| {
        let url = format!("{}/commands", world.sim.control_url());
        send(world.client.post(url), Some(command)).await.unwrap()
    };
    let app = |scopes: Value| json!({ "do": "register_app", "client_id": "b", "client_secret": "s", "scopes": scopes });
    assert_eq!(run(app(json!(["contacts:read:admin"]))).await.body["error"], "Lever has no scope `contacts:read:admin`");
    assert_eq!(run(app(json!(["offline_access", "notes:read:admin"]))).await.status, 200);
    run(json!({ "do": "add_callback", "client_id": "b", "callback": CALLBACK })).await;
    let consent = json!({ "do": "consent", "url": page(&world, &[("client_id", "b")]), "accept": true });
    let location = run(consent).await.body["result"]["location"].as_str().unwrap().to_owned();
    let code = query(&location).remove(0).1;
    let fields = [("grant_type", "authorization_code"), ("code", code.as_str()), ("client_id", "b"), ("client_secret", "s")];
    assert_eq!(token(&world, &fields).await.body["scope"], "offline_access", "what the app may not ask for is not granted");
    assert_eq!(run(json!({ "do": "revoke_access" })).await.status, 200);
    let nowhere = json!({ "do": "consent", "url": page(&world, &[("redirect_uri", "http://x.example/")]), "accept": true });
    assert_eq!(run(nowhere).await.status, 400);
}
