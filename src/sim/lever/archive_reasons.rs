//! GET /archive_reasons and /archive_reasons/:id (lever-api §3.7). Exactly one reason has the type `hired`.

use serde_json::json;

use super::error::LeverError;
use super::page::{in_order, page};
use super::{Answer, Desk, render};
use crate::sim::wire::Reply;

pub(super) fn list(desk: &mut Desk) -> Answer {
    let wanted = match desk.ask.one("type") {
        None => None,
        Some("hired") => Some(true),
        Some("non-hired") => Some(false),
        Some(_) => return Err(LeverError::bad_request("type must be hired or non-hired")),
    };
    let rows = desk.world.archive_reasons.iter().filter(|it| wanted.is_none_or(|wanted| wanted == it.hired));
    page(desk.ask, in_order(rows.map(render::archive_reason)))
}

pub(super) fn get(desk: &mut Desk, id: &str) -> Answer {
    let reason = desk.world.archive_reason(id).ok_or_else(|| LeverError::not_found("archive reasons", id))?;
    Ok(Reply::ok(json!({ "data": render::archive_reason(reason) })))
}
