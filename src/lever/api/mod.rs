//! Requests to Lever's Data API and what its answers say (`lever-api §3`).
//!
//! Decoding is tolerant, because the sources disagree: `data` once, twice or not at all around the answer, numbers or numeric
//! strings for times, absent keys or nulls. Only what leverd cannot do without is required, usually the id. Unknown fields are
//! ignored. Paths are relative to the base URL, which ends in `/v1`.

mod deleted;
mod file;
mod form;
mod json;
mod note;
mod opportunity;
mod posting;
mod read;
mod reference;
mod template;
mod webhooks;

pub use deleted::{Deletion, deletions, list_deleted};
pub use file::{UploadedFile, delete_file, files, list_files, upload_file};
pub use form::{Form, FormAnswer, create_feedback, create_form, forms, list_feedback, list_forms, update_feedback};
pub use json::time;
pub(crate) use json::{bare, milliseconds, text, when};
pub use note::{Note, NoteField, create_note, delete_note, list_notes, notes};
pub use opportunity::{
    Application, Archived, Filter, Opportunity, StageChange, add_links, add_tags, archive, get_opportunity, list_opportunities,
    opportunities, opportunity, put_stage, remove_links, remove_tags,
};
pub use posting::{Posting, get_posting, list_postings, posting, postings};
pub(crate) use read::retry_after;
pub use read::{ApiError, Page, Unread, answer, next_page, scrub};
pub use reference::{
    ArchiveReason, archive_reasons, get_contact, list_archive_reasons, list_stages, list_tags, list_users, stages, tags, users,
};
pub use template::{create_form_template, list_feedback_templates, list_form_templates, template, templates};
pub use webhooks::{
    Webhook, change_webhook, create_webhook, create_webhook_for, delete_webhook, list_webhooks, webhook, webhooks,
};

use crate::model::{Destination, Method, Request, UserId};
use std::fmt::Write as _;

/// A request to Lever.
fn to(method: Method, path: String) -> Request {
    Request::new(Destination::Lever, method, path)
}

/// The request as done by this user, if one is configured. Only for endpoints that document `perform_as` (`lever-api §2.5`).
fn acting(request: Request, perform_as: Option<&UserId>) -> Request {
    match perform_as {
        Some(user) => request.query("perform_as", user.as_str()),
        None => request,
    }
}

/// One segment of a path, percent-encoded: stage ids and the like come from configuration and are not always UUIDs.
fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') || (byte == b'.' && text != "." && text != "..") {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_segment() {
        assert_eq!(segment("applicant-new"), "applicant-new");
        assert_eq!(segment("../a b?c"), "..%2Fa%20b%3Fc");
        assert_eq!(segment(".."), "%2E%2E");
    }
}
