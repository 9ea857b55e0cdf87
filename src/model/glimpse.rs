//! What polling last saw of an opportunity: enough to tell what changed, and nothing of the person.

use super::OpportunityId;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// An opportunity as it was when it was last looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glimpse {
    pub opportunity: OpportunityId,
    /// When the look began.
    pub seen: Timestamp,
    /// The time of its last stage change.
    pub staged: Option<Timestamp>,
    /// The ids of its applications.
    pub applications: BTreeSet<String>,
    pub archived: Option<GlimpsedArchive>,
    pub tags: BTreeSet<TagMark>,
}

/// Since when and why it was archived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlimpsedArchive {
    pub at: Option<Timestamp>,
    pub reason: Option<String>,
}

/// A tag without its text: eight bytes of its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagMark(pub [u8; 8]);

impl TagMark {
    /// The mark of a tag.
    pub fn of(tag: &str) -> Self {
        let mut mark = [0; 8];
        mark.copy_from_slice(Sha256::digest(tag).split_at(8).0);
        Self(mark)
    }
}

impl Glimpse {
    /// Whether both show the same, whenever they were taken.
    pub fn same(&self, other: &Self) -> bool {
        *self == Self { seen: self.seen, ..other.clone() }
    }
}
