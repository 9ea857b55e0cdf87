//! GET /postings, /postings/:id; POST /postings/:id (lever-api §3.7).

use serde_json::{Value, json};

use super::body::Body;
use super::error::LeverError;
use super::page::{Row, page};
use super::record::Posting;
use super::{Answer, Desk, render, select};
use crate::sim::wire::Reply;

pub(super) fn list(desk: &mut Desk) -> Answer {
    let ask = desk.ask;
    let fits = |name: &str, value: &str| {
        let wanted = ask.all(name);
        wanted.is_empty() || wanted.contains(&value)
    };
    let tagged = |posting: &Posting| {
        let wanted = ask.all("tag");
        wanted.is_empty() || posting.tags.iter().any(|tag| wanted.contains(&tag.as_str()))
    };
    let confidential = |posting: &Posting| match ask.one("confidentiality") {
        Some("all") => true,
        wanted => posting.confidentiality == wanted.unwrap_or("non-confidential"),
    };
    let since: i64 = ask.one("updated_at_start").and_then(|ms| ms.parse().ok()).unwrap_or(i64::MIN);
    let until: i64 = ask.one("updated_at_end").and_then(|ms| ms.parse().ok()).unwrap_or(i64::MAX);
    let mut rows = Vec::new();
    for (number, posting) in (0_i64..).zip(&desk.world.postings) {
        if fits("state", &posting.state)
            && fits("team", &posting.team)
            && fits("department", &posting.department)
            && fits("location", &posting.location)
            && fits("commitment", &posting.commitment)
            && tagged(posting)
            && confidential(posting)
            && (since..=until).contains(&posting.updated_at)
        {
            let shown = select::posting(desk, render::posting(posting))?;
            rows.push(Row { place: (number, 0, posting.id.clone()), shown });
        }
    }
    page(ask, rows)
}

pub(super) fn get(desk: &mut Desk, id: &str) -> Answer {
    let posting = desk.world.posting(id).ok_or_else(|| LeverError::not_found("postings", id))?;
    let shown = select::posting(desk, render::posting(posting))?;
    Ok(Reply::ok(json!({ "data": shown })))
}

/// Title and extra tags can be changed. Whatever the posting's state was, it is a draft afterwards, and the answer knows
/// no locations: both recorded.
pub(super) fn update(desk: &mut Desk, id: &str) -> Answer {
    let body = Body::read(desk.ask)?;
    desk.world.posting(id).ok_or_else(|| LeverError::not_found("postings", id))?;
    let text = body.text("text")?;
    let tags = body.get("tags").map(|_| body.texts("tags")).transpose()?;
    desk.world.save_posting(id, desk.faults.posting_save_restores_tags, |posting| {
        posting.text = text.unwrap_or_else(|| posting.text.clone());
        posting.tags = tags.unwrap_or_else(|| posting.tags.clone());
        "draft".clone_into(&mut posting.state);
    });
    let mut shown = desk.world.posting(id).map(render::posting).unwrap_or_default();
    if let Some(categories) = shown.get_mut("categories").and_then(Value::as_object_mut) {
        categories.insert("allLocations".into(), json!([]));
    }
    Ok(Reply::ok(json!({ "data": shown })))
}
