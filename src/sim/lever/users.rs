//! GET /users and /users/:id (lever-api §3.7). Lists show active users unless asked otherwise.

use serde_json::json;

use super::error::LeverError;
use super::page::{in_order, page};
use super::world::canonical;
use super::{Answer, Desk, render};
use crate::sim::wire::Reply;

pub(super) fn list(desk: &mut Desk) -> Answer {
    let ask = desk.ask;
    let all = ask.one("includeDeactivated") == Some("true");
    let emails: Vec<String> = ask.all("email").into_iter().map(canonical).collect();
    let roles = [ask.all("accessRole"), ask.all("accessRole[]")].concat();
    let rows = desk
        .world
        .users
        .iter()
        .filter(|user| all || user.deactivated_at.is_none())
        .filter(|user| emails.is_empty() || emails.contains(&canonical(&user.email)))
        .filter(|user| roles.is_empty() || roles.contains(&user.access_role.as_str()));
    page(ask, in_order(rows.map(render::user)))
}

pub(super) fn get(desk: &mut Desk, id: &str) -> Answer {
    let user = desk.world.user(id).ok_or_else(|| LeverError::not_found("users", id))?;
    Ok(Reply::ok(json!({ "data": render::user(user) })))
}
