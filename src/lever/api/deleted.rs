//! Opportunities that were deleted (`lever-api §3.1`).

use super::json::{text, when};
use super::read::page;
use super::{Page, Unread, to};
use crate::model::{Exchange, Method, OpportunityId, Request};
use jiff::Timestamp;
use serde_json::Value as Json;

/// One deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    pub opportunity: OpportunityId,
    pub at: Option<Timestamp>,
}

impl Deletion {
    fn of(json: &Json) -> Option<Self> {
        Some(Self { opportunity: text(json, "id")?.into(), at: when(json, "deletedAt") })
    }
}

/// Lists what was deleted between two times, both inclusive. Lever takes thirty days at most.
pub fn list_deleted(from: Timestamp, to_time: Timestamp) -> Request {
    to(Method::Get, "/opportunities/deleted".to_owned())
        .query("limit", "100")
        .query("deleted_at_start", from.as_millisecond().to_string())
        .query("deleted_at_end", to_time.as_millisecond().to_string())
}

/// One page of deletions.
pub fn deletions(exchange: &Exchange) -> Result<Page<Deletion>, Unread> {
    page(exchange, "deleted opportunities", Deletion::of)
}
