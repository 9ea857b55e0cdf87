//! Files of an opportunity (`lever-api §3.4`): up to 30 MB, and only in some user's name.

use super::json::{bare, milliseconds, text, when};
use super::read::page;
use super::{Page, Unread, acting, segment, to};
use crate::model::{Body, Exchange, Method, OpportunityId, Request, Response, UserId};
use jiff::Timestamp;
use serde_json::Value as Json;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedFile {
    pub id: String,
    pub name: Option<String>,
    /// In bytes; Lever writes it as a number or as a text.
    pub size: Option<i64>,
    pub uploaded_at: Option<Timestamp>,
}

impl UploadedFile {
    /// What a record says; `None` without an id.
    pub fn of(json: &Json) -> Option<Self> {
        Some(Self {
            id: text(json, "id")?,
            name: text(json, "name"),
            size: json.get("size").and_then(milliseconds),
            uploaded_at: when(json, "uploadedAt"),
        })
    }

    /// The id of the file that a POST made.
    pub fn created(response: &Response) -> Option<String> {
        text(&bare(response.json()?), "id")
    }
}

fn path(id: &OpportunityId) -> String {
    format!("/opportunities/{}/files", segment(id.as_str()))
}

/// Uploads a file. Nothing makes a repeated upload harmless: it is a second file.
pub fn upload_file(id: &OpportunityId, name: &str, media_type: &str, bytes: Vec<u8>, perform_as: Option<&UserId>) -> Request {
    let mut request = acting(to(Method::Post, path(id)), perform_as);
    request.body = Body::File { part: "file".to_owned(), name: name.to_owned(), media_type: media_type.to_owned(), bytes };
    request
}

/// Lists the files of an opportunity.
pub fn list_files(id: &OpportunityId) -> Request {
    to(Method::Get, path(id)).query("limit", "100")
}

/// Deletes a file.
pub fn delete_file(id: &OpportunityId, file: &str, perform_as: Option<&UserId>) -> Request {
    acting(to(Method::Delete, format!("{}/{}", path(id), segment(file))), perform_as)
}

/// One page of files.
pub fn files(exchange: &Exchange) -> Result<Page<UploadedFile>, Unread> {
    page(exchange, "files", UploadedFile::of)
}
