//! The token endpoint: a code or a refresh token becomes an access token and the next refresh token.

use serde_json::{Map, Value, json};

use super::scopes::OFFLINE;
use super::{Grant, World};
use crate::sim::faults::Faults;
use crate::sim::lever::Access;
use crate::sim::wire::Reply;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// How long a code is good. Auth0's default; Lever says nothing.
const CODE_LIFE: i64 = 10 * MINUTE;
const ACCESS_LIFE: i64 = 60 * MINUTE;
/// A refresh token ends a year after the consent, or when it was not used for 90 days.
const YEAR: i64 = 365 * DAY;
const IDLE: i64 = 90 * DAY;

pub(super) fn answer(world: &mut World, access: &mut Access, faults: &Faults, fields: &Map<String, Value>) -> Reply {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let client_id = text("client_id");
    let app = world.apps.get(client_id).filter(|app| app.secret == text("client_secret"));
    if app.is_none() {
        return refused(401, "access_denied", "Unauthorized");
    }
    match text("grant_type") {
        "authorization_code" => for_code(world, access, client_id, text("code"), text("redirect_uri")),
        "refresh_token" => for_refresh_token(world, access, faults, client_id, text("refresh_token")),
        other => refused(400, "unsupported_grant_type", &format!("unsupported grant type: {other}")),
    }
}

/// A code is good once, for the app and the callback that it was made for.
fn for_code(world: &mut World, access: &mut Access, client_id: &str, code: &str, redirect_uri: &str) -> Reply {
    let now = world.clock.now_ms();
    let good = world.codes.get(code).filter(|kept| kept.client_id == client_id && now - kept.at <= CODE_LIFE);
    let Some(kept) = good else {
        return refused(403, "invalid_grant", "Invalid authorization code");
    };
    if kept.callback != redirect_uri {
        let expected = &kept.callback;
        let what = format!("The redirect URI is wrong. You sent {redirect_uri}, and we expected {expected}");
        return refused(403, "unauthorized_client", &what);
    }
    let scopes = world.codes.remove(code).map(|kept| kept.scopes).unwrap_or_default();
    let id = world.ids.uuid();
    access.add_grant(&id, &scopes);
    let client_id = client_id.to_owned();
    let mut grant = Grant { id, client_id, scopes, since: now, refreshed_at: now, refresh_tokens: Vec::new() };
    let reply = pair(world, access, &mut grant, now);
    world.grants.push(grant);
    reply
}

/// The current refresh token is good once; the ones before it only with the switch.
fn for_refresh_token(world: &mut World, access: &mut Access, faults: &Faults, client_id: &str, token: &str) -> Reply {
    let now = world.clock.now_ms();
    let found = world.grants.iter().position(|grant| {
        let good = if faults.old_refresh_token_valid {
            grant.refresh_tokens.iter().any(|kept| kept == token)
        } else {
            grant.refresh_tokens.last().is_some_and(|kept| kept == token)
        };
        good && grant.client_id == client_id && now - grant.since <= YEAR && now - grant.refreshed_at <= IDLE
    });
    let Some(at) = found else {
        return refused(403, "invalid_grant", "Unknown or invalid refresh token.");
    };
    let mut grant = world.grants.remove(at);
    grant.refreshed_at = now;
    let reply = pair(world, access, &mut grant, now);
    world.grants.push(grant);
    reply
}

/// The next access token of a grant and, when it may act while nobody looks, the next refresh token.
fn pair(world: &mut World, access: &mut Access, grant: &mut Grant, now: i64) -> Reply {
    let token = access.issue(&grant.id, &world.ids.token(), now + ACCESS_LIFE);
    let mut body = json!({
        "access_token": token,
        "token_type": "Bearer",
        "scope": grant.scopes.join(" "),
        "expires_in": ACCESS_LIFE / 1_000,
    });
    if grant.scopes.iter().any(|scope| scope == OFFLINE) {
        let refresh = world.ids.token();
        if let Some(body) = body.as_object_mut() {
            body.insert("refresh_token".into(), refresh.as_str().into());
        }
        grant.refresh_tokens.push(refresh);
    }
    Reply::ok(body)
}

fn refused(status: u16, error: &str, description: &str) -> Reply {
    Reply::new(status, json!({ "error": error, "error_description": description }))
}
