//! GET /stages, in pipeline order, and /stages/:id (lever-api §3.7).

use serde_json::json;

use super::error::LeverError;
use super::page::{in_order, page};
use super::{Answer, Desk, render};
use crate::sim::wire::Reply;

pub(super) fn list(desk: &mut Desk) -> Answer {
    page(desk.ask, in_order(desk.world.stages.iter().map(render::stage)))
}

pub(super) fn get(desk: &mut Desk, id: &str) -> Answer {
    let stage = desk.world.stage(id).ok_or_else(|| LeverError::not_found("stages", id))?;
    Ok(Reply::ok(json!({ "data": render::stage(stage) })))
}
