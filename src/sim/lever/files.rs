//! Files of an opportunity (lever-api §3.4). Nothing compares names: the same file uploaded twice is there twice.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::error::LeverError;
use super::multipart;
use super::opportunities::find;
use super::page::{in_order, page};
use super::{Answer, Desk};
use crate::sim::wire::Reply;

/// 30 MB.
const LARGEST: usize = 30 * 1024 * 1024;

/// More than a client writes around one file: such a body is too large without a closer look.
const AROUND: usize = 64 * 1024;

/// A file of an opportunity.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) id: String,
    pub(crate) name: String,
    /// As the upload said; `application/octet-stream` when it said nothing.
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
    pub(crate) user: Option<String>,
    pub(crate) uploaded_at: i64,
}

pub(super) fn list(desk: &mut Desk, opportunity: &str) -> Answer {
    let stamp = |name: &str, default: i64| match desk.ask.one(name) {
        None => Ok(default),
        Some(ms) => ms.parse().map_err(|_| LeverError::bad_request(format!("{name} must be a timestamp"))),
    };
    let uploaded = stamp("uploaded_at_start", i64::MIN)?..=stamp("uploaded_at_end", i64::MAX)?;
    let files = find(desk, opportunity)?.files.iter().filter(|file| uploaded.contains(&file.uploaded_at));
    let rows: Vec<Value> = files.map(|file| shown(&desk.world.base_url, opportunity, file)).collect();
    page(desk.ask, in_order(rows))
}

pub(super) fn get(desk: &mut Desk, opportunity: &str, id: &str) -> Answer {
    let file = find(desk, opportunity)?.files.iter().find(|file| file.id == id);
    let file = file.ok_or_else(|| LeverError::not_found("files", id))?;
    Ok(Reply::ok(json!({ "data": shown(&desk.world.base_url, opportunity, file) })))
}

/// The bytes as they were uploaded.
pub(super) fn download(desk: &mut Desk, opportunity: &str, id: &str) -> Answer {
    let file = find(desk, opportunity)?.files.iter().find(|file| file.id == id);
    let file = file.ok_or_else(|| LeverError::not_found("files", id))?;
    Ok(Reply::file("application/octet-stream", file.bytes.to_vec()))
}

/// One part called `file`, 30 MB at most.
pub(super) fn upload(desk: &mut Desk, opportunity: &str) -> Answer {
    find(desk, opportunity)?;
    let too_large = || LeverError::bad_request("The file is larger than 30 MB");
    if desk.ask.body.len() > LARGEST + AROUND {
        return Err(too_large());
    }
    let parts = multipart::parts(&desk.ask.content_type, &desk.ask.body);
    let parts = parts.ok_or_else(|| LeverError::bad_request("The request body must be multipart/form-data"))?;
    let part = parts.into_iter().find(|part| part.name == "file");
    let part = part.ok_or_else(|| LeverError::bad_request("Missing required parameter: file"))?;
    let name = part.file_name.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| LeverError::bad_request("The part file lacks a file name"))?;
    if part.bytes.len() > LARGEST {
        return Err(too_large());
    }
    let file = File {
        id: desk.world.ids.uuid(),
        name,
        content_type: part.content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
        bytes: part.bytes,
        user: desk.user.clone(),
        uploaded_at: desk.world.clock.now_ms(),
    };
    let shown = shown(&desk.world.base_url, opportunity, &file);
    desk.world.touch(opportunity, file.uploaded_at + 1, |it| it.files.push(file));
    let status = if desk.faults.file_upload_says_ok { 200 } else { 201 };
    Ok(Reply::new(status, json!({ "data": shown })))
}

pub(super) fn delete(desk: &mut Desk, opportunity: &str, id: &str) -> Answer {
    get(desk, opportunity, id)?;
    let now = desk.world.clock.now_ms();
    desk.world.touch(opportunity, now, |it| it.files.retain(|file| file.id != id));
    Ok(Reply::no_content())
}

pub(crate) fn shown(base_url: &str, opportunity: &str, it: &File) -> Value {
    let ext = it.name.rsplit_once('.').map(|(_, ext)| format!(".{}", ext.to_lowercase())).unwrap_or_default();
    json!({
        "id": it.id,
        "downloadUrl": format!("{base_url}/opportunities/{opportunity}/files/{}/download", it.id),
        "ext": ext,
        "name": it.name,
        "uploadedAt": it.uploaded_at,
        "status": "processed",
        "size": it.bytes.len(),
    })
}
