//! One durable change in the outside world: a closed set, shaped as Lever and vendors take it.
//!
//! An effect states what shall be true, never a difference. The executor takes the difference when it sends.

use super::{
    AssessmentId, Class, EffectId, EventId, FilledForm, Key, OpportunityId, PackName, Pattern, RuleName, StageId, TestEntry,
    Value, VendorName, digest, placed,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The version of an effect's payload in the store. A node leaves a row of a higher version to a newer node.
pub const PAYLOAD_VERSION: u16 = 1;

/// What holds one value in the outside world. A newer effect on the same slot supersedes a pending older one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// One instance of a tag family: pack, family and, if its members name the assessment, which one.
    Family {
        pack: PackName,
        family: String,
        instance: Option<String>,
    },
    /// One literal tag.
    Tag(String),
    Stage,
    Archived,
    Link(Key),
    Note(Key),
    File(Key),
    Form(Key),
    Feedback(Key),
    /// One invitation, by its invite key.
    Invite(String),
    /// One question, by its key and what tells its item from others.
    Ask(String),
    /// One call, by operation and key.
    Call {
        operation: String,
        key: String,
    },
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Family { family, instance: Some(instance), .. } => write!(f, "tag family `{family}` of {instance}"),
            Self::Family { family, .. } => write!(f, "tag family `{family}`"),
            Self::Tag(tag) => write!(f, "tag `{tag}`"),
            Self::Stage => f.write_str("stage"),
            Self::Archived => f.write_str("archived"),
            Self::Link(key) => write!(f, "link `{}`", key.key),
            Self::Note(key) => write!(f, "note `{}`", key.key),
            Self::File(key) => write!(f, "file `{}`", key.key),
            Self::Form(key) => write!(f, "form `{}`", key.key),
            Self::Feedback(key) => write!(f, "feedback `{}`", key.key),
            Self::Invite(_) => f.write_str("invitation"),
            Self::Ask(_) => f.write_str("question"),
            Self::Call { operation, .. } => write!(f, "call `{operation}`"),
        }
    }
}

/// Whether an invitation is a new attempt or refreshes a live one (settings and mail again, no new attempt).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InviteMode {
    New,
    Refresh,
}

/// Ask a vendor to invite a candidate to one test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invite {
    pub vendor: VendorName,
    pub test: TestEntry,
    /// The ledger row, which exists before the call is made.
    pub assessment: AssessmentId,
    pub mode: InviteMode,
    /// Every value that the vendor's request template names (`candidate.email` …), read when planning. Personal data: purged with
    /// the effect.
    pub inputs: BTreeMap<String, Value>,
}

/// Call any other declared operation of a vendor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub vendor: VendorName,
    pub operation: String,
    pub assessment: Option<AssessmentId>,
    pub inputs: BTreeMap<String, Value>,
}

/// A question to a person: a note with a link to a page of ours, where one of the choices is taken, once.
///
/// The link is a secret, so it is made when the note is sent and stands neither in the plan nor in the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// What rules listen to: `{ answered: KEY }`.
    pub key: String,
    pub title: String,
    pub choices: Vec<Choice>,
    pub expires: Timestamp,
    pub secret: bool,
    /// When it was planned: the note carries it, so that an unknown outcome can be found again.
    pub created_at: Timestamp,
}

/// One row that may be chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What the page shows.
    pub label: String,
    pub value: Value,
    /// What rules may read of the row besides the value's own fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Value>,
}

impl Choice {
    /// What the event of an answer says: `answer`, and `answer.NAME` of each further field.
    pub fn said(&self) -> BTreeMap<String, Value> {
        let further = self.fields.iter().map(|(name, value)| (format!("answer.{name}"), value.clone()));
        further.chain([("answer".to_owned(), self.value.clone())]).collect()
    }
}

/// Exactly one member of a family of tags, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagFamily {
    pub family: String,
    /// The tag that shall be there; `None` clears the family.
    pub member: Option<String>,
    /// What the family's other tags look like, rendered.
    pub members: Vec<Pattern>,
    /// Members of neighbouring families that these patterns would match and must leave alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spare: Vec<Pattern>,
}

/// Put the opportunity into a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    pub to: StageId,
    pub to_name: String,
    /// The stages from which the move may be made; `None` means any earlier stage of the pipeline.
    pub from: Option<Vec<StageId>>,
    /// The stages before `to` in the pipeline when this was planned; a move is forward from these only.
    pub earlier: Vec<StageId>,
    /// Whether an archived opportunity may be moved.
    pub even_archived: bool,
}

/// A report of a vendor as a file of the opportunity. Its bytes are read when it is sent, and never stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    pub vendor: VendorName,
    /// As `vendor.yaml` declares it under `reports`.
    pub report: String,
    /// The file's name in Lever.
    pub name: String,
    pub key: Option<String>,
    pub assessment: AssessmentId,
    /// What the report's operation names of Lever's, read when planning.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Value>,
}

/// What shall be true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    Invite(Invite),
    Call(Call),
    Ask(Ask),
    Family(TagFamily),
    AddTag {
        tag: String,
    },
    RemoveTag {
        pattern: Pattern,
    },
    /// A note. `created_at` is sent explicitly so that an unknown outcome can be found again; it is the time of planning.
    Note {
        text: String,
        secret: bool,
        notify: bool,
        key: Option<String>,
        created_at: Timestamp,
    },
    Link {
        url: String,
        key: String,
    },
    /// Take away the link that we put under this key, by its exact URL.
    Unlink {
        key: String,
    },
    Stage(Move),
    Archive {
        reason: String,
        reason_name: String,
        even_archived: bool,
    },
    File(Attachment),
    Form(FilledForm),
    Feedback(FilledForm),
}

impl Act {
    /// A time that it gives Lever is no later than `now`: it may have been planned by a clock that was ahead.
    pub fn not_after(&mut self, now: Timestamp) {
        match self {
            Self::Note { created_at, .. } => *created_at = (*created_at).min(now),
            Self::Form(form) | Self::Feedback(form) => form.created_at = form.created_at.min(now),
            _ => {}
        }
    }

    /// Whether this is a move, which waits for the records above it.
    pub const fn moves(&self) -> bool {
        matches!(self, Self::Stage(_) | Self::Archive { .. })
    }

    /// Whether this changes tags, and so can travel with other tag changes of its lane in one call.
    pub const fn tags(&self) -> bool {
        matches!(self, Self::Family(_) | Self::AddTag { .. } | Self::RemoveTag { .. })
    }

    /// The digest of what it puts under a key: equal to what stands there, and nothing has to be sent. `None` for acts that put
    /// nothing, and for a file, whose content is known when it is sent.
    pub fn digest(&self) -> Option<String> {
        let form = |form: &FilledForm| {
            let fields =
                form.fields.iter().flat_map(|field| [field.id.clone().into_bytes(), placed::bytes(field.value.as_ref())]);
            let user = form.user.as_ref().map(|user| user.as_str().as_bytes().to_vec()).unwrap_or_default();
            let parts: Vec<Vec<u8>> = [form.template.id.clone().into_bytes(), user].into_iter().chain(fields).collect();
            digest(parts.iter().map(Vec::as_slice))
        };
        match self {
            Self::Note { text, secret, .. } => Some(digest([text.as_bytes(), if *secret { b"secret" } else { b"" }])),
            Self::Link { url, .. } => Some(digest([url.as_bytes()])),
            Self::Form(filled) | Self::Feedback(filled) => Some(form(filled)),
            _ => None,
        }
    }

    /// The verb as the author wrote it.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Invite(_) => "invite",
            Self::Call(_) => "call",
            Self::Ask(_) => "ask",
            Self::Family(TagFamily { member: Some(_), .. }) => "set_tag",
            Self::Family(_) => "clear_tag",
            Self::AddTag { .. } => "add_tag",
            Self::RemoveTag { .. } => "remove_tag",
            Self::Note { .. } => "add_note",
            Self::Link { .. } => "add_link",
            Self::Unlink { .. } => "remove_link",
            Self::Stage(_) => "move_stage",
            Self::Archive { .. } => "archive",
            Self::File(_) => "add_file",
            Self::Form(_) => "fill_form",
            Self::Feedback(_) => "fill_feedback",
        }
    }
}

/// One durable change, planned by one rule for one event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    pub id: EffectId,
    pub event: EventId,
    pub opportunity: OpportunityId,
    pub pack: PackName,
    pub rule: RuleName,
    /// Where in the files this was said; more than one route when equal effects were merged. For people, never an identity.
    pub routes: Vec<String>,
    pub slot: Option<Slot>,
    pub act: Act,
    /// Effects of the same item that must be done first (a move behind its records).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<EffectId>,
    /// When the event happened: an invitation older than 72 hours waits for a person.
    pub event_at: Timestamp,
    pub class: Class,
    /// Depth of the chain of own outcomes that led here.
    pub depth: u8,
    pub version: u16,
}
