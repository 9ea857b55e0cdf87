//! Results of takes: list, read, exhibit, share.

use serde_json::{Value, json};

use super::record::Take;
use super::world::World;
use super::{Answer, VendorError, casing, page, render};
use crate::sim::vendors::pdf::pdf as pdf_of;
use crate::sim::wire::{Ask, Reply};

/// `assessment_id`, `team_candidate_id` and `where` narrow the list; `where` is JSON such as
/// `{"state":{"in":["started","submitted"]}}`. Which fields it may name is not documented; here: those shown.
pub(super) fn list(world: &mut World, ask: &Ask) -> Answer {
    let conditions: Value = match ask.one("where") {
        Some(text) => serde_json::from_str(text).map_err(|_| VendorError(400, "where is no JSON".to_owned()))?,
        None => json!({}),
    };
    let fits = |name: &str, shown: &Value, key: &str| {
        ask.one(name).is_none_or(|wanted| shown.get(key).and_then(Value::as_str) == Some(wanted))
    };
    let mut rows: Vec<Value> = world.takes.iter().map(|it| render::take(world, it)).collect();
    rows.retain(|shown| {
        fits("assessment_id", shown, "assessmentId")
            && fits("team_candidate_id", shown, "teamCandidateId")
            && conditions.as_object().is_none_or(|all| all.iter().all(|(field, condition)| holds(shown, field, condition)))
    });
    page(world, ask, "AssessmentResult", rows)
}

fn holds(shown: &Value, field: &str, condition: &Value) -> bool {
    let Some(value) = shown.get(field).or_else(|| shown.get(casing::camel(field))) else {
        return false;
    };
    let Some(operators) = condition.as_object() else {
        return value == condition;
    };
    operators.iter().all(|(operator, wanted)| match operator.as_str() {
        "==" => value == wanted,
        "!=" => value != wanted,
        "in" => wanted.as_array().is_some_and(|wanted| wanted.contains(value)),
        "nin" => wanted.as_array().is_some_and(|wanted| !wanted.contains(value)),
        "contains" => value.as_str().zip(wanted.as_str()).is_some_and(|(value, wanted)| value.contains(wanted)),
        ">=" | "<=" | ">" | "<" => ordered(operator, value, wanted),
        _ => false,
    })
}

/// Numbers by size, texts (times are texts) by letters; anything else fits nothing.
fn ordered(operator: &str, value: &Value, wanted: &Value) -> bool {
    let order = match (value, wanted) {
        (Value::String(value), Value::String(wanted)) => Some(value.cmp(wanted)),
        _ => value.as_f64().zip(wanted.as_f64()).and_then(|(value, wanted)| value.partial_cmp(&wanted)),
    };
    order.is_some_and(|order| match operator {
        ">=" => order.is_ge(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_lt(),
    })
}

fn find<'a>(world: &'a World, id: &str) -> Result<&'a Take, VendorError> {
    world.take(id).ok_or_else(|| VendorError::not_found("AssessmentResult"))
}

pub(super) fn get(world: &mut World, _ask: &Ask, id: &str) -> Answer {
    let shown = render::take(world, find(world, id)?);
    Ok(Reply::ok(render::single(world, "AssessmentResult", shown)))
}

/// The report as a file, for whoever knows its address.
pub(super) fn pdf(world: &World, token: &str) -> Reply {
    let found = world.takes.iter().find(|it| it.share_token == token);
    let Some(take) = found else { return Reply::new(404, json!({ "error": "not found" })) };
    let title = world.assessment(&take.assessment).map(|it| it.title.clone()).unwrap_or_default();
    Reply::file("application/pdf", pdf_of(&format!("{title}: {} %", take.score.unwrap_or_default())))
}

/// Has neither `type` nor `meta`, as recorded.
pub(super) fn exhibit(world: &mut World, _ask: &Ask, id: &str) -> Answer {
    Ok(Reply::ok(json!({ "id": id, "data": render::exhibit(world, find(world, id)?) })))
}

pub(super) fn share(world: &mut World, _ask: &Ask, id: &str) -> Answer {
    Ok(Reply::ok(render::share(world, find(world, id)?)))
}
