//! What a vendor sends us: how it is believed, whom it is about, what it means.

use super::address::Network;
use super::auth::{Algorithm, Encoding};
use super::cond::Cond;
use super::extract::{Extract, Take};
use super::text::Text;
use crate::model::{AssessmentEvent, Value};
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};

/// A vendor's webhook.
#[derive(Debug)]
pub struct Webhook {
    /// What the secret token in the URL names.
    pub path: PathScope,
    /// All of these must hold; empty: the token in the URL alone.
    pub verify: Vec<Verify>,
    pub handshake: Option<Handshake>,
    /// The status that the vendor takes as success.
    pub reply: u16,
    /// Where the notifications are, if a body holds several.
    pub each: Option<Extract>,
    /// The event's name; without it, every notification has the name ``.
    pub event: Option<Extract>,
    /// Read as `body.NAME`.
    pub take: BTreeMap<String, Take>,
    /// What makes two notifications the same one; empty: the body.
    pub dedupe: Vec<Source>,
    /// In order: how the attempt is found.
    pub owner: Vec<OwnerShape>,
    pub ignore: BTreeSet<String>,
    pub map: Vec<Mapping>,
}

impl Webhook {
    /// Whether the content of a delivery is proved by a signature. Otherwise it is a hint and is read back.
    pub fn signed(&self) -> bool {
        self.verify.iter().any(Verify::covers_body)
    }
}

/// What the secret token in a webhook's URL names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathScope {
    Connection,
    /// One invitation: `callback_url` differs for each.
    Invitation,
}

/// One way to believe a delivery.
#[derive(Debug)]
pub enum Verify {
    /// Headers that must have these values.
    Header(Vec<(String, Text)>),
    Hmac {
        /// Reads `body`, `url`, `event`, `body.NAME`, `header.NAME`, `signature.NAME`.
        message: Text,
        /// Any of them may fit: while a secret is rotated there are two.
        key: Vec<Text>,
        algorithm: Algorithm,
        encoding: Encoding,
        /// In lower case.
        header: String,
        /// The header is `k=v,k=v`; the signature is this field of it.
        field: Option<String>,
        /// What stands before the signature, such as `sha256=`.
        prefix: String,
        time: Option<Time>,
    },
    /// Standard Webhooks (also Svix): `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    Standard { secret: Vec<Text>, tolerance: SignedDuration },
    /// A JWT (HS256) as bearer.
    Jwt { key: Vec<Text>, issuer: Option<String> },
    /// HTTP Basic.
    Basic { user: Text, password: Text },
    /// It comes from one of these.
    Address(Vec<Network>),
}

/// A time that must be near to now.
#[derive(Debug)]
pub struct Time {
    pub of: Source,
    pub tolerance: SignedDuration,
}

impl Verify {
    /// Whether what it proves includes the body.
    pub fn covers_body(&self) -> bool {
        match self {
            Self::Hmac { message, .. } => message.names().any(|name| name == "body"),
            Self::Standard { .. } => true,
            Self::Header(_) | Self::Jwt { .. } | Self::Basic { .. } | Self::Address(_) => false,
        }
    }
}

/// How an endpoint proves that it listens.
#[derive(Debug)]
pub enum Handshake {
    /// An empty body is answered with the status of success.
    Empty,
    /// A body like this is answered with that part of it, if any.
    When { when: Box<Cond<Extract>>, reply: Option<Extract> },
}

/// Where a value of a notification comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// The event's name.
    Event,
    /// A header, in lower case.
    Header(String),
    /// A field of a `k=v,k=v` signature header.
    Signature(String),
    /// A capture of the body.
    Body(String),
    /// A capture of an operation that was read back.
    Read { operation: String, name: String },
    /// As written.
    Literal(Value),
}

impl Source {
    /// The source that a name means: `event`, `header.NAME`, `signature.NAME`, `body.NAME`, `OPERATION.NAME`.
    pub fn parse(name: &str) -> Option<Self> {
        if name == "event" {
            return Some(Self::Event);
        }
        let (group, rest) = name.split_once('.')?;
        Some(match group {
            "header" => Self::Header(rest.to_ascii_lowercase()),
            "signature" => Self::Signature(rest.to_owned()),
            "body" => Self::Body(rest.to_owned()),
            operation => Self::Read { operation: operation.to_owned(), name: rest.to_owned() },
        })
    }
}

/// One way to find the attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerShape {
    /// Name of an id in the ledger (`attempt_id`, `candidate_id`, `email`), capture of the body.
    pub keys: Vec<(String, String)>,
    /// The capture that names the test, by id or title.
    pub test: Option<String>,
}

/// What a notification of these names means.
#[derive(Debug)]
pub struct Mapping {
    /// Event names; empty: every one.
    pub on: Vec<String>,
    /// Ids that the reads get from the body, over those of our ledger: name of the id, capture.
    pub ids: Vec<(String, String)>,
    /// Operations that are read first.
    pub read: Vec<String>,
    /// Operations that are read too, and whose refusal only leaves their captures absent.
    pub try_: Vec<String>,
    pub when: Option<Cond<Source>>,
    pub emit: Vec<Emit>,
}

impl Mapping {
    /// Whether it reads back and says nothing of what came, so that it also holds for an attempt that nobody told us of.
    pub fn only_asks(&self) -> bool {
        let told = |source: &Source| matches!(source, Source::Body(_) | Source::Event | Source::Header(_));
        let places = self.when.iter().flat_map(Cond::places);
        let sources = self.emit.iter().flat_map(|emit| emit.fields.values().chain(&emit.at));
        !self.read.is_empty() && !places.chain(sources).any(told)
    }
}

/// One event that a notification becomes.
#[derive(Debug)]
pub struct Emit {
    pub event: AssessmentEvent,
    /// `result.*` fields.
    pub fields: BTreeMap<String, Source>,
    /// When it happened; when absent, when we received it.
    pub at: Option<Source>,
}
