//! The simulated Lever account: its records and how to find them. What changes them is in `change` and `inherit`.

use std::collections::{BTreeMap, BTreeSet};

use super::access::Access;
use super::events::EVENTS;
use super::feedback_templates;
use super::record::{ArchiveReason, Contact, Deleted, Happening, Opportunity, Posting, Stage, User, Webhook};
use super::sheet::Template;
use crate::sim::clock::Clock;
use crate::sim::ids::Ids;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) account: String,
    /// `http://127.0.0.1:port/v1`
    pub(crate) base_url: String,
    pub(crate) access: Access,
    pub(crate) stages: Vec<Stage>,
    pub(crate) archive_reasons: Vec<ArchiveReason>,
    pub(crate) users: Vec<User>,
    pub(crate) form_templates: Vec<Template>,
    pub(crate) feedback_templates: Vec<Template>,
    pub(crate) postings: Vec<Posting>,
    pub(crate) contacts: BTreeMap<String, Contact>,
    pub(crate) opportunities: BTreeMap<String, Opportunity>,
    pub(crate) deleted: Vec<Deleted>,
    pub(crate) webhooks: Vec<Webhook>,
    /// The token that older accounts have for all their webhooks.
    pub(crate) signature_token: String,
    /// Event groups that a Super Admin has switched on.
    pub(crate) enabled_events: BTreeSet<&'static str>,
    /// Whether `http://` addresses can be registered; Lever itself wants HTTPS.
    pub(crate) allow_http: bool,
    /// Webhooks registered with `verifyConnection`, whose sample delivery is still to be sent.
    pub(crate) to_verify: Vec<String>,
    /// What happened since the last look, not yet told to anybody.
    pub(crate) happened: Vec<Happening>,
    pub(crate) ids: Ids,
    pub(crate) clock: Clock,
}

/// The five stages that every account has, with ids that are no UUIDs, and three more (lever-api §2.4, §5). The ranks are
/// those recorded, where they were.
const STAGES: [(&str, &str, u32); 8] = [
    ("lead-new", "New lead", 1),
    ("lead-reached-out", "Reached out", 3),
    ("lead-responded", "Responded", 5),
    ("applicant-new", "New applicant", 101),
    ("", "Recruiter screen", 201),
    ("", "Assessment", 203),
    ("", "On-site interview", 205),
    ("offer", "Offer", 301),
];

const REASONS: [(&str, bool); 4] =
    [("Hired", true), ("Underqualified", false), ("Withdrew", false), ("Position closed", false)];

/// Name, address, role. The first one is who acts in the interface when nobody else is named.
const USERS: [(&str, &str, &str); 3] = [
    ("Rena Recruiter", "rena@example.com", "super admin"),
    ("Assessment Integration", "integration@example.com", "admin"),
    ("Ian Interviewer", "ian@example.com", "interviewer"),
];

impl World {
    /// An account with stages, archive reasons and users, and neither postings nor candidates.
    pub(crate) fn new(base_url: &str, clock: Clock, mut ids: Ids) -> Self {
        let now = clock.now_ms();
        let stages = STAGES.map(|(id, text, rank)| Stage {
            id: if id.is_empty() { ids.uuid() } else { id.to_owned() },
            text: text.to_owned(),
            rank,
        });
        let archive_reasons = REASONS.map(|(text, hired)| ArchiveReason { id: ids.uuid(), text: text.to_owned(), hired });
        let users = USERS.map(|(name, email, role)| User {
            id: ids.uuid(),
            name: name.to_owned(),
            email: email.to_owned(),
            access_role: role.to_owned(),
            created_at: now,
            deactivated_at: None,
        });
        Self {
            account: ids.uuid(),
            base_url: base_url.to_owned(),
            access: Access::new(ids.uuid()),
            stages: stages.into(),
            archive_reasons: archive_reasons.into(),
            users: users.into(),
            form_templates: Vec::new(),
            feedback_templates: vec![feedback_templates::built_in()],
            postings: Vec::new(),
            contacts: BTreeMap::new(),
            opportunities: BTreeMap::new(),
            deleted: Vec::new(),
            webhooks: Vec::new(),
            signature_token: ids.token(),
            enabled_events: BTreeSet::new(),
            allow_http: true,
            to_verify: Vec::new(),
            happened: Vec::new(),
            ids,
            clock,
        }
    }

    pub(crate) fn enable_all_events(&mut self) {
        self.enabled_events = EVENTS.into_iter().collect();
    }

    /// Adds a webhook with a signature token of its own or, with `one_token`, with the account's.
    pub(crate) fn register_webhook(
        &mut self,
        event: &str,
        url: &str,
        origins: Vec<String>,
        by_api: bool,
        one_token: bool,
    ) -> Webhook {
        let now = self.clock.now_ms();
        let own = self.ids.token();
        let webhook = Webhook {
            id: self.ids.uuid(),
            event: event.to_owned(),
            url: url.to_owned(),
            origins,
            signature_token: Some(if one_token { self.signature_token.clone() } else { own }),
            created_at: now,
            updated_at: now,
            by_api,
        };
        self.webhooks.push(webhook.clone());
        webhook
    }

    pub(crate) fn stage(&self, id: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.id == id)
    }

    /// The place of a stage in the pipeline, from 0.
    pub(crate) fn stage_index(&self, id: &str) -> usize {
        self.stages.iter().position(|stage| stage.id == id).unwrap_or_default()
    }

    pub(crate) fn posting(&self, id: &str) -> Option<&Posting> {
        self.postings.iter().find(|posting| posting.id == id)
    }

    pub(crate) fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub(crate) fn archive_reason(&self, id: &str) -> Option<&ArchiveReason> {
        self.archive_reasons.iter().find(|reason| reason.id == id)
    }

    /// The user who acts in the interface: the first one.
    pub(crate) fn recruiter(&self) -> String {
        self.users.first().map(|user| user.id.clone()).unwrap_or_default()
    }

    pub(crate) fn contact_of(&self, opportunity: &Opportunity) -> Option<&Contact> {
        self.contacts.get(&opportunity.contact)
    }

    /// The contact that has one of these addresses. Lever compares them canonicalised.
    pub(crate) fn contact_with_email(&self, emails: &[String]) -> Option<&Contact> {
        let wanted: Vec<String> = emails.iter().map(|email| canonical(email)).collect();
        self.contacts.values().find(|contact| contact.emails.iter().any(|email| wanted.contains(&canonical(email))))
    }
}

/// An address as Lever compares it; how far it goes is not documented, case and blanks are the least.
pub(crate) fn canonical(email: &str) -> String {
    email.trim().to_lowercase()
}
