//! GET /opportunities/:o/applications and …/:a (lever-api §3.2). An opportunity has one application at most.

use serde_json::{Value, json};

use super::error::LeverError;
use super::opportunities::find;
use super::page::{in_order, page};
use super::{Answer, Desk, render};
use crate::sim::wire::Reply;

fn of(desk: &Desk, opportunity: &str) -> Result<Option<Value>, LeverError> {
    let opportunity = find(desk, opportunity)?;
    Ok(opportunity.application.as_ref().map(|it| render::application(desk.world, opportunity, it)))
}

pub(super) fn list(desk: &mut Desk, opportunity: &str) -> Answer {
    page(desk.ask, in_order(of(desk, opportunity)?))
}

pub(super) fn get(desk: &mut Desk, opportunity: &str, id: &str) -> Answer {
    let shown = of(desk, opportunity)?.filter(|shown| shown.get("id").and_then(Value::as_str) == Some(id));
    let shown = shown.ok_or_else(|| LeverError::not_found("applications", id))?;
    Ok(Reply::ok(json!({ "data": shown })))
}
