//! `include` and `expand` of reads (lever-api §2.3).

use serde_json::{Map, Value};

use super::error::LeverError;
use super::world::World;
use super::{Desk, render};

/// What can be expanded on an opportunity. `posting` is not among them; it comes with the application.
const ON_OPPORTUNITY: [&str; 6] = ["applications", "stage", "owner", "followers", "sourcedBy", "contact"];
const ON_POSTING: [&str; 4] = ["user", "owner", "hiringManager", "followers"];

pub(super) fn opportunity(desk: &Desk, shown: Value) -> Result<Value, LeverError> {
    select(desk, shown, &ON_OPPORTUNITY)
}

pub(super) fn posting(desk: &Desk, shown: Value) -> Result<Value, LeverError> {
    select(desk, shown, &ON_POSTING)
}

/// The fields that `include` names, or all. Nothing can be expanded.
pub(super) fn plain(desk: &Desk, mut shown: Value) -> Value {
    let include = desk.ask.all("include");
    if let (false, Some(fields)) = (include.is_empty(), shown.as_object_mut()) {
        fields.retain(|name, _| include.contains(&name.as_str()));
    }
    shown
}

/// Expands first: what is expanded is shown whether or not it is included. Keys are repeated, never comma-separated.
fn select(desk: &Desk, mut shown: Value, expandable: &[&str]) -> Result<Value, LeverError> {
    let expand = desk.ask.all("expand");
    if let Some(name) = expand.iter().find(|name| !expandable.contains(name)) {
        return Err(LeverError::bad_request(format!("{name} is not expandable")));
    }
    let Some(fields) = shown.as_object_mut() else {
        return Ok(shown);
    };
    let owner = fields.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    for name in &expand {
        if let Some(value) = fields.get_mut(*name) {
            *value = expanded(desk.world, &owner, name, value);
        }
    }
    let include = desk.ask.all("include");
    if include.is_empty() {
        return Ok(shown);
    }
    let wanted: Map<String, Value> = std::mem::take(fields)
        .into_iter()
        .filter(|(name, _)| include.contains(&name.as_str()) || expand.contains(&name.as_str()))
        .collect();
    Ok(Value::Object(wanted))
}

fn expanded(world: &World, owner: &str, name: &str, value: &Value) -> Value {
    match value {
        Value::Array(ids) => ids.iter().map(|id| expanded(world, owner, name, id)).collect(),
        Value::String(id) => record(world, owner, name, id).unwrap_or_else(|| value.clone()),
        _ => value.clone(),
    }
}

fn record(world: &World, owner: &str, name: &str, id: &str) -> Option<Value> {
    match name {
        "applications" => {
            let opportunity = world.opportunities.get(owner)?;
            Some(render::application(world, opportunity, opportunity.application.as_ref()?))
        }
        "stage" => world.stage(id).map(render::stage),
        "contact" => world.contacts.get(id).map(render::contact),
        _ => world.user(id).map(render::user),
    }
}
