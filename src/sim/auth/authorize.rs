//! The consent page: what is checked before it, and what comes of it.

use url::Url;

use super::scopes::{OFFLINE, known};
use super::{Code, World};
use crate::lang::html::escaped;
use crate::sim::wire::Reply;

/// A request for consent that may be shown.
struct Wanted {
    client_id: String,
    callback: Url,
    redirect_uri: String,
    /// What the page lists and a consent grants.
    scopes: Vec<String>,
    state: Option<String>,
}

/// The page for a request; a request that cannot be shown is told as one, or sent back to the app.
pub(super) fn page(world: &World, query: &[(String, String)]) -> Reply {
    let wanted = match read(world, query) {
        Ok(wanted) => wanted,
        Err(reply) => return reply,
    };
    let scopes: Vec<String> = wanted.scopes.iter().map(|scope| format!("<li>{}</li>", escaped(scope))).collect();
    let scopes = scopes.concat();
    let name = escaped(&wanted.client_id);
    html(
        200,
        &format!(
            "<h1>Authorize {name}</h1><p>{name} asks for access to your Lever account:</p><ul>{scopes}</ul>\
             <form method=\"post\"><button name=\"decision\" value=\"accept\">Accept</button> \
             <button name=\"decision\" value=\"deny\">Decline</button></form>"
        ),
    )
}

/// What a Super Admin's decision answers: back to the callback, with a code or with `access_denied`.
pub(crate) fn decide(world: &mut World, query: &[(String, String)], accepted: bool) -> Reply {
    let wanted = match read(world, query) {
        Ok(wanted) => wanted,
        Err(reply) => return reply,
    };
    if !accepted {
        let denied = [("error", "access_denied"), ("error_description", "User did not authorize the request")];
        return back(&wanted.callback, &denied, wanted.state.as_deref());
    }
    let code = world.ids.token();
    let at = world.clock.now_ms();
    let kept = Code { client_id: wanted.client_id, callback: wanted.redirect_uri, scopes: wanted.scopes, at };
    world.codes.insert(code.clone(), kept);
    back(&wanted.callback, &[("code", &code)], wanted.state.as_deref())
}

fn read(world: &World, query: &[(String, String)]) -> Result<Wanted, Reply> {
    let one = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let client_id = one("client_id").unwrap_or_default();
    let Some(app) = world.apps.get(client_id) else {
        return Err(oops(403, &format!("Unknown client: {client_id}")));
    };
    let redirect_uri = one("redirect_uri").unwrap_or_default();
    let registered = app.callbacks.iter().any(|callback| callback == redirect_uri);
    // All that Lever's page says about a callback that is not the registered one, byte by byte, is this word.
    let callback = Url::parse(redirect_uri).ok().filter(|_| registered).ok_or_else(|| oops(403, "undefined"))?;
    let state = one("state").map(str::to_owned);
    if one("response_type") != Some("code") {
        let wrong = [("error", "unsupported_response_type"), ("error_description", "response_type must be code")];
        return Err(back(&callback, &wrong, state.as_deref()));
    }
    let audience = one("audience") == Some(&world.audience);
    let asked = one("scope").unwrap_or_default().split(' ').filter(|scope| known(scope));
    let scopes = asked.filter(|scope| {
        // Without the right audience the page offers nothing else; the slash at its end counts.
        *scope == OFFLINE || (audience && (app.scopes.is_empty() || app.scopes.iter().any(|allowed| allowed == scope)))
    });
    let scopes = scopes.map(str::to_owned).collect();
    Ok(Wanted { client_id: client_id.to_owned(), callback, redirect_uri: redirect_uri.to_owned(), scopes, state })
}

/// Sends the browser to the callback.
fn back(callback: &Url, pairs: &[(&str, &str)], state: Option<&str>) -> Reply {
    let mut url = callback.clone();
    url.query_pairs_mut().extend_pairs(pairs).extend_pairs(state.map(|state| ("state", state)));
    Reply::bare(302).with_header("location", url)
}

/// A page that says what is wrong, to a person.
pub(super) fn oops(status: u16, what: &str) -> Reply {
    html(status, &format!("<h1>Oops, something went wrong</h1><p>{}</p>", escaped(what)))
}

fn html(status: u16, body: &str) -> Reply {
    let page = format!("<!doctype html><meta charset=\"utf-8\"><title>Lever (simulated)</title>{body}");
    Reply { status, ..Reply::file("text/html; charset=utf-8", page.into_bytes()) }
}
