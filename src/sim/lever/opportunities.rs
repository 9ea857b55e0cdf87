//! GET /opportunities, /opportunities/:id, /opportunities/deleted; POST /opportunities (lever-api §3.1).

use serde_json::{Value, json};

use super::body::Body;
use super::change::NewOpportunity;
use super::error::LeverError;
use super::filter::Filter;
use super::page::{Row, in_order, page};
use super::record::{Opportunity, Phone};
use super::render::{self, View};
use super::routes::CONFIDENTIAL;
use super::{Answer, Desk, select};
use crate::sim::wire::Reply;

/// By stage rank, newest first inside a stage: a candidate who moves meanwhile is skipped or seen twice.
pub(super) fn list(desk: &mut Desk) -> Answer {
    let filter = Filter::read(desk.ask)?;
    if !desk.sees_confidential && matches!(desk.ask.one("confidentiality"), Some("all" | "confidential")) {
        return Err(LeverError::forbidden(CONFIDENTIAL));
    }
    let mut chosen: Vec<((i64, i64, String), &Opportunity)> = desk
        .world
        .opportunities
        .values()
        .filter(|it| filter.takes(desk.world, it))
        .map(|it| {
            let rank = desk.world.stage(&it.stage).map_or(0, |stage| i64::from(stage.rank));
            ((rank, -it.created_at, it.id.clone()), it)
        })
        .collect();
    chosen.sort_by(|left, right| left.0.cmp(&right.0));
    let mut rows = Vec::with_capacity(chosen.len());
    for (place, it) in chosen {
        let shown = select::opportunity(desk, render::opportunity(desk.world, it, View::Read))?;
        rows.push(Row { place, shown });
    }
    page(desk.ask, rows)
}

pub(super) fn get(desk: &mut Desk, id: &str) -> Answer {
    let shown = render::opportunity(desk.world, find(desk, id)?, View::Read);
    Ok(Reply::ok(json!({ "data": select::opportunity(desk, shown)? })))
}

pub(super) fn deleted(desk: &mut Desk) -> Answer {
    let rows = desk.world.deleted.iter().map(|it| json!({ "id": it.id, "deletedAt": it.at, "deletedBy": it.by }));
    page(desk.ask, in_order(rows))
}

/// A known address reuses its contact and always makes a new opportunity.
pub(super) fn create(desk: &mut Desk) -> Answer {
    let body = Body::read(desk.ask)?;
    let now = desk.world.clock.now_ms();
    let postings = body.texts("postings")?;
    if postings.len() > 1 {
        return Err(LeverError::bad_request("postings may hold one posting at most"));
    }
    let new = NewOpportunity {
        name: body.text("name")?.unwrap_or_default(),
        headline: body.text("headline")?.unwrap_or_default(),
        location: body.text("location")?.unwrap_or_default(),
        emails: body.texts("emails")?,
        phones: phones(&body)?,
        links: body.texts("links")?,
        tags: body.texts("tags")?,
        sources: body.texts("sources")?,
        stage: body.text("stage")?,
        origin: body.text("origin")?,
        posting: postings.into_iter().next(),
        contact: body.text("contact")?,
        confidentiality: None,
        created_at: body.past("createdAt", now)?,
        user: desk.user.clone(),
    };
    check_references(desk, &new)?;
    let (id, deduped) = desk.world.create(new, desk.faults.creation_fires_stage_change);
    let shown = render::opportunity(desk.world, find(desk, &id)?, View::Written);
    Ok(Reply::new(201, json!({ "deduped": deduped, "data": shown })))
}

fn check_references(desk: &Desk, new: &NewOpportunity) -> Result<(), LeverError> {
    let world = &desk.world;
    if let Some(stage) = new.stage.as_ref().filter(|id| world.stage(id).is_none()) {
        return Err(LeverError::bad_request(format!("stage {stage} was not found")));
    }
    if let Some(posting) = new.posting.as_ref().filter(|id| world.posting(id).is_none()) {
        return Err(LeverError::bad_request(format!("posting {posting} was not found")));
    }
    if let Some(contact) = new.contact.as_ref().filter(|id| !world.contacts.contains_key(*id)) {
        return Err(LeverError::bad_request(format!("contact {contact} was not found")));
    }
    Ok(())
}

pub(super) fn phones(body: &Body) -> Result<Vec<Phone>, LeverError> {
    let wrong = || LeverError::bad_request("phones must be an array of objects with type and value");
    let Some(value) = body.get("phones") else {
        return Ok(Vec::new());
    };
    let text = |phone: &Value, name: &str| phone.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    value
        .as_array()
        .ok_or_else(wrong)?
        .iter()
        .map(|phone| {
            if !phone.is_object() {
                return Err(wrong());
            }
            Ok(Phone { kind: text(phone, "type"), value: text(phone, "value") })
        })
        .collect()
}

/// The opportunity of the path, or 404. A confidential one is refused, not hidden (§1.4).
pub(super) fn find<'a>(desk: &'a Desk, id: &str) -> Result<&'a Opportunity, LeverError> {
    let found = desk.world.opportunities.get(id).ok_or_else(|| LeverError::not_found("opportunities", id))?;
    if found.confidentiality == "confidential" && !desk.sees_confidential {
        return Err(LeverError::forbidden(CONFIDENTIAL));
    }
    Ok(found)
}

/// The answer of a write: the opportunity as it is now.
pub(super) fn changed(desk: &Desk, id: &str, view: View) -> Answer {
    Ok(Reply::ok(json!({ "data": render::opportunity(desk.world, find(desk, id)?, view) })))
}
