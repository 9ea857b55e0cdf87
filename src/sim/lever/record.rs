//! The records of the simulated account, as its world keeps them. How the API shows them is `render`'s business.

use std::collections::BTreeSet;

use serde_json::Value;

use super::files::File;
use super::sheet::Sheet;

/// A pipeline stage. `rank` orders lists of opportunities and appears in offsets (lever-api §2.3).
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) rank: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct ArchiveReason {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) hired: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) access_role: String,
    pub(crate) created_at: i64,
    pub(crate) deactivated_at: Option<i64>,
}

/// A person. Name, addresses and links live here and are shared by all opportunities of the person (lever-api §3.1).
#[derive(Debug, Clone)]
pub(crate) struct Contact {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) headline: String,
    pub(crate) location: String,
    pub(crate) emails: Vec<String>,
    pub(crate) phones: Vec<Phone>,
    pub(crate) links: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Phone {
    pub(crate) kind: String,
    pub(crate) value: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Posting {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) state: String,
    pub(crate) owner: String,
    pub(crate) hiring_manager: Option<String>,
    pub(crate) team: String,
    pub(crate) department: String,
    pub(crate) location: String,
    pub(crate) commitment: String,
    /// Only the extra tags; title and categories are tags of the opportunity too, but not listed here (§3.7).
    pub(crate) tags: Vec<String>,
    pub(crate) confidentiality: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

impl Posting {
    /// What an opportunity linked to this posting inherits, in the order recorded on a new opportunity: title,
    /// department, team, location, commitment (§5). Where extra tags stand is not recorded; they come first here.
    pub(crate) fn inherited_tags(&self) -> Vec<String> {
        let mut tags = Vec::new();
        let parts = [&self.text, &self.department, &self.team, &self.location, &self.commitment];
        for tag in self.tags.iter().chain(parts) {
            if !tag.is_empty() && !tags.contains(tag) {
                tags.push(tag.clone());
            }
        }
        tags
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Archived {
    pub(crate) reason: String,
    pub(crate) at: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct StageChange {
    pub(crate) to: String,
    pub(crate) index: usize,
    pub(crate) at: i64,
    /// Absent, not null, when nobody is known (§2.5).
    pub(crate) user: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Application {
    pub(crate) id: String,
    /// `posting` when the candidate applied, `user` when a user added the posting, `referral`.
    pub(crate) kind: String,
    pub(crate) posting: String,
    pub(crate) user: Option<String>,
    pub(crate) created_at: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Opportunity {
    pub(crate) id: String,
    pub(crate) contact: String,
    pub(crate) stage: String,
    pub(crate) confidentiality: String,
    pub(crate) archived: Option<Archived>,
    /// Insertion-ordered, unique, case-sensitive (§5).
    pub(crate) tags: Vec<String>,
    /// Those of `tags` that somebody put there; a posting that loses the same tag does not take them away.
    pub(crate) own_tags: BTreeSet<String>,
    pub(crate) sources: Vec<String>,
    pub(crate) stage_changes: Vec<StageChange>,
    pub(crate) origin: String,
    pub(crate) sourced_by: Option<String>,
    pub(crate) owner: String,
    pub(crate) followers: Vec<String>,
    pub(crate) application: Option<Application>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) last_interaction_at: i64,
    pub(crate) last_advanced_at: i64,
    pub(crate) notes: Vec<Note>,
    pub(crate) files: Vec<File>,
    /// Profile forms.
    pub(crate) forms: Vec<Sheet>,
    /// With those that were removed.
    pub(crate) feedback: Vec<Sheet>,
}

/// A note is a thread: its first comment and the answers to it.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) id: String,
    pub(crate) comments: Vec<Comment>,
    pub(crate) user: Option<String>,
    pub(crate) secret: bool,
    pub(crate) created_at: i64,
    /// Only such notes can be changed or removed through the API (§3.3).
    pub(crate) by_api: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) value: String,
    pub(crate) user: Option<String>,
    pub(crate) score: Option<i64>,
    pub(crate) stage: String,
    pub(crate) created_at: i64,
}

/// An opportunity that is gone; only a sliver of it can still be listed.
#[derive(Debug, Clone)]
pub(crate) struct Deleted {
    pub(crate) id: String,
    pub(crate) at: i64,
    pub(crate) by: String,
}

/// A registered webhook. The signature token is shown once, by the answer that created it (§3.8).
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) url: String,
    pub(crate) origins: Vec<String>,
    /// Absent when somebody made the webhook in the interface and generated none: its deliveries are not signed.
    pub(crate) signature_token: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) by_api: bool,
}

/// Something that happened and may be told to webhooks.
#[derive(Debug, Clone)]
pub(crate) struct Happening {
    pub(crate) event: &'static str,
    pub(crate) data: Value,
    /// The opportunity's origin, for the conditions of a webhook.
    pub(crate) origin: Option<String>,
    pub(crate) confidential: bool,
    pub(crate) at: i64,
}
