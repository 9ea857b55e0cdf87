//! The endpoints: method, path, permission, the rule for `perform_as`, handler.

use std::time::Duration;

use super::error::LeverError;
use super::world::World;
use super::{
    Answer, Desk, applications, archive, archive_reasons, contacts, feedback, feedback_templates, files, form_templates, forms,
    links, moves, notes, opportunities, postings, sources, stages, tags, users, webhooks, within_limit,
};
use crate::sim::faults::Faults;
use crate::sim::wire::{Ask, match_path};

/// Whether an endpoint takes `perform_as` (lever-api §2.5).
#[derive(Clone, Copy, PartialEq, Eq)]
enum PerformAs {
    Required,
    Optional,
    /// Not a parameter of this endpoint; ignored when sent.
    Unused,
}
use PerformAs::{Optional, Required, Unused};

/// By the number of ids in the path.
#[derive(Clone, Copy)]
enum Handler {
    Plain(fn(&mut Desk) -> Answer),
    One(fn(&mut Desk, &str) -> Answer),
    Two(fn(&mut Desk, &str, &str) -> Answer),
}
use Handler::{One, Plain, Two};

struct Route {
    method: &'static str,
    path: &'static str,
    scope: &'static str,
    perform_as: PerformAs,
    handler: Handler,
}

const fn route(
    method: &'static str,
    path: &'static str,
    scope: &'static str,
    perform_as: PerformAs,
    handler: Handler,
) -> Route {
    Route { method, path, scope, perform_as, handler }
}

const OPPORTUNITIES_READ: &str = "opportunities:read:admin";
const OPPORTUNITIES: &str = "opportunities:write:admin";
/// The grant for confidential opportunities; it is made with the credential or never (§1.2).
pub(super) const CONFIDENTIAL: &str = "confidential:access:admin";
const NOTES_READ: &str = "notes:read:admin";
const NOTES: &str = "notes:write:admin";
const FILES_READ: &str = "files:read:admin";
const FILES: &str = "files:write:admin";
const FORMS_READ: &str = "forms:read:admin";
const FORM_TEMPLATES_READ: &str = "form_templates:read:admin";
const FORM_TEMPLATES: &str = "form_templates:write:admin";
const FEEDBACK_READ: &str = "feedback:read:admin";
const FEEDBACK: &str = "feedback:write:admin";
const FEEDBACK_TEMPLATES_READ: &str = "feedback_templates:read:admin";
const FEEDBACK_TEMPLATES: &str = "feedback_templates:write:admin";

/// Fixed paths stand before those with an id in the same place.
const ROUTES: &[Route] = &[
    route("GET", "/opportunities", OPPORTUNITIES_READ, Unused, Plain(opportunities::list)),
    route("POST", "/opportunities", OPPORTUNITIES, Required, Plain(opportunities::create)),
    route("GET", "/opportunities/deleted", OPPORTUNITIES_READ, Unused, Plain(opportunities::deleted)),
    route("GET", "/opportunities/{id}", OPPORTUNITIES_READ, Unused, One(opportunities::get)),
    route("PUT", "/opportunities/{id}/stage", OPPORTUNITIES, Optional, One(moves::stage)),
    route("PUT", "/opportunities/{id}/archived", OPPORTUNITIES, Optional, One(archive::archived)),
    route("POST", "/opportunities/{id}/addTags", OPPORTUNITIES, Optional, One(tags::add)),
    route("POST", "/opportunities/{id}/removeTags", OPPORTUNITIES, Optional, One(tags::remove)),
    route("POST", "/opportunities/{id}/addLinks", OPPORTUNITIES, Optional, One(links::add)),
    route("POST", "/opportunities/{id}/removeLinks", OPPORTUNITIES, Optional, One(links::remove)),
    route("POST", "/opportunities/{id}/addSources", OPPORTUNITIES, Optional, One(sources::add)),
    route("POST", "/opportunities/{id}/removeSources", OPPORTUNITIES, Optional, One(sources::remove)),
    route("GET", "/opportunities/{id}/applications", "applications:read:admin", Unused, One(applications::list)),
    route("GET", "/opportunities/{id}/applications/{id}", "applications:read:admin", Unused, Two(applications::get)),
    route("GET", "/opportunities/{id}/notes", NOTES_READ, Unused, One(notes::list)),
    route("POST", "/opportunities/{id}/notes", NOTES, Optional, One(notes::create)),
    route("GET", "/opportunities/{id}/notes/{id}", NOTES_READ, Unused, Two(notes::get)),
    route("PUT", "/opportunities/{id}/notes/{id}", NOTES, Unused, Two(notes::replace)),
    route("DELETE", "/opportunities/{id}/notes/{id}", NOTES, Unused, Two(notes::delete)),
    route("GET", "/opportunities/{id}/files", FILES_READ, Unused, One(files::list)),
    route("POST", "/opportunities/{id}/files", FILES, Required, One(files::upload)),
    route("GET", "/opportunities/{id}/files/{id}", FILES_READ, Unused, Two(files::get)),
    route("GET", "/opportunities/{id}/files/{id}/download", FILES_READ, Unused, Two(files::download)),
    route("DELETE", "/opportunities/{id}/files/{id}", FILES, Required, Two(files::delete)),
    route("GET", "/opportunities/{id}/forms", FORMS_READ, Unused, One(forms::list)),
    route("POST", "/opportunities/{id}/forms", "forms:write:admin", Optional, One(forms::create)),
    route("GET", "/opportunities/{id}/forms/{id}", FORMS_READ, Unused, Two(forms::get)),
    route("GET", "/opportunities/{id}/feedback", FEEDBACK_READ, Unused, One(feedback::list)),
    route("POST", "/opportunities/{id}/feedback", FEEDBACK, Required, One(feedback::create)),
    route("GET", "/opportunities/{id}/feedback/{id}", FEEDBACK_READ, Unused, Two(feedback::get)),
    route("PUT", "/opportunities/{id}/feedback/{id}", FEEDBACK, Required, Two(feedback::update)),
    route("DELETE", "/opportunities/{id}/feedback/{id}", FEEDBACK, Required, Two(feedback::delete)),
    route("GET", "/form_templates", FORM_TEMPLATES_READ, Unused, Plain(form_templates::list)),
    route("POST", "/form_templates", FORM_TEMPLATES, Unused, Plain(form_templates::create)),
    route("GET", "/form_templates/{id}", FORM_TEMPLATES_READ, Unused, One(form_templates::get)),
    route("PUT", "/form_templates/{id}", FORM_TEMPLATES, Unused, One(form_templates::replace)),
    route("DELETE", "/form_templates/{id}", FORM_TEMPLATES, Unused, One(form_templates::delete)),
    route("GET", "/feedback_templates", FEEDBACK_TEMPLATES_READ, Unused, Plain(feedback_templates::list)),
    route("POST", "/feedback_templates", FEEDBACK_TEMPLATES, Unused, Plain(feedback_templates::create)),
    route("GET", "/feedback_templates/{id}", FEEDBACK_TEMPLATES_READ, Unused, One(feedback_templates::get)),
    route("PUT", "/feedback_templates/{id}", FEEDBACK_TEMPLATES, Unused, One(feedback_templates::replace)),
    route("DELETE", "/feedback_templates/{id}", FEEDBACK_TEMPLATES, Unused, One(feedback_templates::delete)),
    route("GET", "/sources", "sources:read:admin", Unused, Plain(sources::list)),
    route("GET", "/postings", "postings:read:admin", Unused, Plain(postings::list)),
    route("GET", "/postings/{id}", "postings:read:admin", Unused, One(postings::get)),
    route("POST", "/postings/{id}", "postings:write:admin", Required, One(postings::update)),
    route("GET", "/stages", "stages:read:admin", Unused, Plain(stages::list)),
    route("GET", "/stages/{id}", "stages:read:admin", Unused, One(stages::get)),
    route("GET", "/tags", "tags:read:admin", Unused, Plain(tags::list)),
    route("GET", "/users", "users:read:admin", Unused, Plain(users::list)),
    route("GET", "/users/{id}", "users:read:admin", Unused, One(users::get)),
    route("GET", "/archive_reasons", "archive_reasons:read:admin", Unused, Plain(archive_reasons::list)),
    route("GET", "/archive_reasons/{id}", "archive_reasons:read:admin", Unused, One(archive_reasons::get)),
    route("GET", "/contacts/{id}", "contact:read:admin", Unused, One(contacts::get)),
    route("PUT", "/contacts/{id}", "contact:write:admin", Unused, One(contacts::update)),
    route("GET", "/webhooks", "webhooks:read:admin", Unused, Plain(webhooks::list)),
    route("POST", "/webhooks", "webhooks:write:admin", Unused, Plain(webhooks::create)),
    route("PUT", "/webhooks", "webhooks:write:admin", Unused, Plain(webhooks::update)),
    route("DELETE", "/webhooks/{id}", "webhooks:write:admin", Unused, One(webhooks::delete)),
];

/// Every simulated endpoint as `METHOD /v1/path`, with `{id}` for ids.
pub(crate) fn endpoints() -> Vec<String> {
    ROUTES.iter().map(|route| format!("{} /v1{}", route.method, route.path)).collect()
}

/// Credential, rate limit, path, permission, `perform_as`, handler: in this order.
pub(super) fn dispatch(world: &mut World, faults: &Faults, ask: &Ask, elapsed: Duration) -> Answer {
    let credential = world.access.identify(ask.authorization.as_deref(), world.clock.now_ms())?;
    within_limit(credential, faults, elapsed)?;
    let segments = ask.segments();
    let found = ROUTES
        .iter()
        .filter(|route| route.method == ask.method)
        .find_map(|route| Some((route, match_path(route.path, &segments)?)));
    let Some((route, ids)) = found else {
        return Err(LeverError::no_such_path(&ask.path));
    };
    if !credential.may(route.scope) {
        return Err(LeverError::forbidden(route.scope));
    }
    let sees_confidential = credential.may(CONFIDENTIAL);
    let user = perform_as(world, ask, route.perform_as)?;
    let mut desk = Desk { world, faults, ask, user, sees_confidential };
    match (route.handler, ids.as_slice()) {
        (Plain(handle), _) => handle(&mut desk),
        (One(handle), [id]) => handle(&mut desk, id),
        (Two(handle), [id, second]) => handle(&mut desk, id, second),
        _ => Err(LeverError::no_such_path(&ask.path)),
    }
}

/// A deactivated user is accepted, and every role (recorded, §2.5).
fn perform_as(world: &World, ask: &Ask, rule: PerformAs) -> Result<Option<String>, LeverError> {
    if rule == Unused {
        return Ok(None);
    }
    match ask.one("perform_as") {
        Some(id) if world.user(id).is_some() => Ok(Some(id.to_owned())),
        Some(id) => Err(LeverError::bad_request(format!("perform_as: user {id} was not found"))),
        None if rule == Required => Err(LeverError::bad_request("Missing required parameter: perform_as")),
        None => Ok(None),
    }
}
