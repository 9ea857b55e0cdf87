//! The simulated assessment vendor behind `/api/v1`: the parts of Qualified's interface that an integration uses.
//!
//! Shapes are those of recorded samples. Error bodies are assumptions: the documents show none.

mod act;
mod assessments;
mod candidates;
mod casing;
mod events;
mod invitations;
mod record;
mod render;
mod results;
mod subscriptions;
mod world;

use serde_json::{Value, json};

pub(crate) use act::MANNERS;
pub(crate) use world::World;

use crate::sim::delivery::Parcel;
use crate::sim::faults::Faults;
use crate::sim::wire::{Ask, Reply, match_path};

type Answer = Result<Reply, VendorError>;

/// A refusal, with the status as its only documented part.
#[derive(Debug)]
struct VendorError(u16, String);

impl VendorError {
    fn not_found(kind: &str) -> Self {
        Self(404, format!("{kind} not found"))
    }

    /// What no repetition will mend.
    fn invalid(message: impl Into<String>) -> Self {
        Self(422, message.into())
    }
}

enum Handler {
    Plain(fn(&mut World, &Ask) -> Answer),
    One(fn(&mut World, &Ask, &str) -> Answer),
}
use Handler::{One, Plain};

const ROUTES: &[(&str, &str, Handler)] = &[
    ("GET", "/assessments", Plain(assessments::list)),
    ("GET", "/assessment_invitations", Plain(invitations::list)),
    ("POST", "/assessment_invitations/invite_candidates", Plain(invitations::invite)),
    ("DELETE", "/assessment_invitations/{id}", One(invitations::cancel)),
    ("GET", "/assessment_results", Plain(results::list)),
    ("GET", "/assessment_results/{id}", One(results::get)),
    ("GET", "/assessment_results/{id}/exhibit", One(results::exhibit)),
    ("GET", "/assessment_results/{id}/share", One(results::share)),
    ("GET", "/team_candidates/{id}", One(candidates::get)),
    ("PUT", "/team_candidates/{id}/approve", One(candidates::approve)),
    ("PUT", "/team_candidates/{id}/reject", One(candidates::reject)),
    ("GET", "/webhook_subscriptions", Plain(subscriptions::list)),
    ("POST", "/webhook_subscriptions", Plain(subscriptions::create)),
    ("DELETE", "/webhook_subscriptions/{id}", One(subscriptions::delete)),
];

/// Answers one request. The key stands bare in `Authorization`, without a scheme word.
fn answer(world: &mut World, ask: &Ask) -> Reply {
    dispatch(world, ask).unwrap_or_else(|VendorError(status, message)| Reply::new(status, json!({ "error": message })))
}

fn dispatch(world: &mut World, ask: &Ask) -> Answer {
    let segments = ask.segments();
    if let ("GET", ["pdf", "reports", token, "assessment_result"]) = (ask.method.as_str(), segments.as_slice()) {
        return Ok(results::pdf(world, token));
    }
    if !ask.authorization.as_ref().is_some_and(|key| world.keys.contains(key)) {
        return Err(VendorError(401, "not authorized".to_owned()));
    }
    let found = ROUTES
        .iter()
        .filter(|(method, _, _)| *method == ask.method)
        .find_map(|(_, path, handler)| Some((handler, match_path(path, &segments)?)));
    match found {
        Some((Plain(handle), _)) => handle(world, ask),
        Some((One(handle), ids)) => handle(world, ask, ids.first().copied().unwrap_or_default()),
        None => Err(VendorError::not_found("route")),
    }
}

/// Turns what happened into deliveries to the subscriptions.
fn tell(world: &mut World, faults: &Faults) -> Vec<Parcel> {
    let happened = std::mem::take(&mut world.happened);
    happened.iter().flat_map(|(event, data)| events::parcels(world, event, data, faults)).collect()
}

/// `{type, data, currentPage, totalPages, totalCount, meta}`; pages count from 1.
#[expect(clippy::unnecessary_wraps, reason = "it is the answer of the list handlers")]
fn page(world: &World, ask: &Ask, kind: &str, rows: Vec<Value>) -> Answer {
    let size = ask.one("limit").and_then(|text| text.parse().ok()).unwrap_or(world.page_size).clamp(1, 100);
    let number: usize = ask.one("page").and_then(|text| text.parse().ok()).unwrap_or(1).max(1);
    let total = rows.len();
    let data: Vec<Value> = rows.into_iter().skip((number - 1) * size).take(size).collect();
    Ok(Reply::ok(json!({
        "type": kind,
        "data": data,
        "currentPage": number,
        "totalPages": total.div_ceil(size),
        "totalCount": total,
        "meta": render::meta(world),
    })))
}

/// The `data` of a request. Names may be in snake_case or camelCase.
struct Fields(serde_json::Map<String, Value>);

impl Fields {
    fn read(ask: &Ask) -> Result<Self, VendorError> {
        match ask.object().and_then(|mut body| body.remove("data")) {
            Some(Value::Object(data)) => Ok(Self(data)),
            _ => Err(VendorError(400, "data is missing".to_owned())),
        }
    }

    /// By its snake_case name; null counts as absent.
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).or_else(|| self.0.get(&casing::camel(name))).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(Value::as_bool)
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let items = self.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }
}
