//! A look at what changed in Lever, for what it has no webhook for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One page of a look at what changed in Lever. A look goes page by page, each a delivery of its own: none is lost by a crash, and
/// none holds up other work for long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    pub list: Listed,
    /// When polling was switched on: nothing from before fires.
    pub began: Timestamp,
    /// When this look began.
    pub look: Timestamp,
    /// Changes since then are listed.
    pub since: Timestamp,
    /// Lever's token of the page; `None` for the first.
    pub page: Option<String>,
    /// Which page of this look it is, from 0, however often the look had to start again.
    pub number: u32,
    /// How often the look had to start again because Lever no longer knew a page's token.
    pub restarts: u8,
}

/// What a look lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listed {
    /// Every active opportunity, to know how it was when polling began.
    Baseline,
    /// Opportunities that changed.
    Changed,
    /// Opportunities that were deleted.
    Deleted,
}
