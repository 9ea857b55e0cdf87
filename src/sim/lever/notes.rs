//! Notes of an opportunity (lever-api §3.3). Nothing makes a repeated POST harmless: it is a second note.

use serde_json::{Value, json};

use super::body::Body;
use super::change::NewNote;
use super::error::LeverError;
use super::opportunities::find;
use super::page::{in_order, page};
use super::record::{Comment, Note};
use super::{Answer, Desk, render};
use crate::sim::wire::Reply;

pub(super) fn list(desk: &mut Desk, opportunity: &str) -> Answer {
    let rows: Vec<Value> = find(desk, opportunity)?.notes.iter().map(render::note).collect();
    page(desk.ask, in_order(rows))
}

pub(super) fn get(desk: &mut Desk, opportunity: &str, id: &str) -> Answer {
    let note = find(desk, opportunity)?.notes.iter().find(|note| note.id == id);
    let note = note.ok_or_else(|| LeverError::not_found("notes", id))?;
    Ok(Reply::ok(json!({ "data": render::note(note) })))
}

/// `note_id` in the query adds a comment to that note. Only this answer has `noteId` beside `id`.
pub(super) fn create(desk: &mut Desk, opportunity: &str) -> Answer {
    let body = Body::read(desk.ask)?;
    let thread = desk.ask.one("note_id").map(str::to_owned);
    if let Some(thread) = &thread {
        get(desk, opportunity, thread)?;
    } else {
        find(desk, opportunity)?;
    }
    let now = desk.world.clock.now_ms();
    let new = NewNote {
        value: body.required_text("value")?,
        user: desk.user.clone(),
        score: score(&body)?,
        secret: body.flag("secret"),
        created_at: body.past("createdAt", now)?,
        thread,
        by_api: true,
    };
    let (note, _) = desk.world.add_note(opportunity, new).ok_or_else(|| LeverError::not_found("opportunities", opportunity))?;
    let mut shown = render::note(note);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("noteId".into(), note.id.as_str().into());
    }
    Ok(Reply::new(201, json!({ "data": shown })))
}

/// Replaces all comments of a note that was written through the API.
pub(super) fn replace(desk: &mut Desk, opportunity: &str, id: &str) -> Answer {
    let body = Body::read(desk.ask)?;
    let wrong = || LeverError::bad_request("values must be an array of objects with value");
    let values = body.get("values").and_then(Value::as_array).ok_or_else(wrong)?;
    let values: Vec<Body> = values.iter().map(|value| Body::from_value(value).ok_or_else(wrong)).collect::<Result<_, _>>()?;
    let now = desk.world.clock.now_ms();
    let stage = find(desk, opportunity)?.stage.clone();
    let (score, secret, user) = (score(&body)?, body.flag("secret"), body.text("user")?);
    let mut comments = Vec::new();
    for value in &values {
        comments.push(Comment {
            value: value.required_text("value")?,
            user: user.clone(),
            score,
            stage: stage.clone(),
            created_at: value.past("createdAt", now)?.unwrap_or(now),
        });
    }
    let note = own_note(desk, opportunity, id)?;
    note.comments = comments;
    note.secret = secret;
    note.user = user;
    bump(desk, opportunity, now);
    Ok(Reply::ok(json!({ "data": { "noteId": id } })))
}

pub(super) fn delete(desk: &mut Desk, opportunity: &str, id: &str) -> Answer {
    own_note(desk, opportunity, id)?;
    let now = desk.world.clock.now_ms();
    if let Some(it) = desk.world.opportunities.get_mut(opportunity) {
        it.notes.retain(|note| note.id != id);
    }
    bump(desk, opportunity, now);
    Ok(Reply::no_content())
}

fn bump(desk: &mut Desk, opportunity: &str, now: i64) {
    if let Some(it) = desk.world.opportunities.get_mut(opportunity) {
        it.updated_at = now;
    }
}

/// A note that the API may change: one that it made.
fn own_note<'a>(desk: &'a mut Desk, opportunity: &str, id: &str) -> Result<&'a mut Note, LeverError> {
    find(desk, opportunity)?;
    let notes = desk.world.opportunities.get_mut(opportunity).map(|it| it.notes.as_mut_slice()).unwrap_or_default();
    let note = notes.iter_mut().find(|note| note.id == id).ok_or_else(|| LeverError::not_found("notes", id))?;
    if note.by_api {
        return Ok(note);
    }
    Err(LeverError::bad_request("Only notes created through the API can be changed"))
}

fn score(body: &Body) -> Result<Option<i64>, LeverError> {
    match body.get("score").map(Value::as_i64) {
        None => Ok(None),
        Some(Some(score @ 1..=4)) => Ok(Some(score)),
        Some(_) => Err(LeverError::bad_request("score must be a number between 1 and 4")),
    }
}
