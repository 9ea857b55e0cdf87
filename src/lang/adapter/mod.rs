//! `vendor.yaml` compiled: how to speak to one vendor, as data. `vendor/` interprets it; no vendor's name appears in Rust.
//!
//! [`parse`] makes an [`Adapter`] of a located YAML tree and says everything that is wrong with it in one go. What it returns without
//! errors cannot fail later for a reason that stands in the file. The grammar is on one page in `schema/vendor.md`.

mod address;
mod auth;
mod cond;
mod ctx;
mod event;
pub mod explain;
mod extract;
mod grammar;
mod literal;
mod names;
mod operation;
mod parse;
mod poll;
mod read_auth;
mod read_operation;

mod read_poll;
mod read_report;
mod read_verify;
mod read_webhook;
mod report;
mod sample;
mod schema;
mod shape;
mod subscribe;
mod text;
mod webhook;

pub use address::Network;
pub use auth::{Algorithm, Auth, Encoding, Placement, Rotation, TokenCall};
pub use cond::{Cond, Matcher, Test};
pub use extract::{Extract, Origin, Take};
pub use operation::{OnUnknown, Operation, Pages, Payload, RequestShape, Step};
pub use parse::{blank, parse, read};
pub use poll::{Ask, List, Poll, Window};
pub use report::{FileType, Report, page};
pub use sample::{Sample, Sampled};
pub(crate) use schema::root;
pub use schema::vendor_schema;
pub use shape::Shape;
pub use subscribe::Subscribe;
pub use text::{Piece, Text};
pub use webhook::{Emit, Handshake, Mapping, OwnerShape, PathScope, Source, Time, Verify, Webhook};

use crate::model::{AssessmentEvent, Field, VendorName};
use std::collections::{BTreeMap, BTreeSet};

/// A vendor's adapter.
#[derive(Debug)]
pub struct Adapter {
    pub name: VendorName,
    /// The vendor's name for people.
    pub title: String,
    /// Where requests go, unless a connection says otherwise. No slash at the end.
    pub base_url: String,
    /// Hosts that absolute URLs of answers may name, besides that of the base URL.
    pub hosts: Vec<String>,
    /// What a connection must give, with a word of explanation.
    pub secrets: BTreeMap<String, String>,
    /// Those that a connection may leave out: `optional …` (the former signing secret while a new one replaces it).
    pub optional_secrets: BTreeSet<String>,
    pub auth: Auth,
    pub rate: Option<Rate>,
    /// In order; the first that fits decides.
    pub errors: Vec<ErrorRule>,
    /// Per emitted event, each `result.*` field with its type: the typed border. Rules may listen to these events only, besides those
    /// that leverd makes itself (`invited`, `invite_failed`, `expired` by timer, `opted_out`, `cancelled` by `mark` …).
    pub events: BTreeMap<AssessmentEvent, BTreeMap<String, Field>>,
    pub operations: BTreeMap<String, Operation>,
    /// Files that there are on an attempt, by the names that rules use.
    pub reports: BTreeMap<String, Report>,
    pub webhook: Option<Webhook>,
    /// By name.
    pub polls: BTreeMap<String, Poll>,
    /// How our webhook is registered; without it, a person does that.
    pub subscribe: Option<Subscribe>,
    /// What a person has to do at the vendor, in words.
    pub setup: Option<String>,
    pub samples: Vec<Sample>,
}

/// The names that whoever sends a request gives it, with what they are.
pub(crate) fn given() -> impl Iterator<Item = (&'static str, &'static str)> {
    names::GIVEN.into_iter()
}

impl Adapter {
    /// Whether its webhook tells people by their e-mail addresses.
    pub fn knows_by_email(&self) -> bool {
        let owners = self.webhook.iter().flat_map(|webhook| &webhook.owner);
        owners.flat_map(|owner| &owner.keys).any(|(key, _)| key == "email")
    }
}

/// The vendor's budget, per credential.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    pub per_second: f64,
    pub burst: u32,
}

/// What an answer of this kind means, where its status alone would say something else.
#[derive(Debug)]
pub struct ErrorRule {
    /// Empty: any status.
    pub status: Vec<u16>,
    /// On the JSON of the body.
    pub where_: Option<Cond<Extract>>,
    pub class: ErrorClass,
    /// Where the vendor says in words what was wrong.
    pub message: Option<Extract>,
}

/// The classes of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// Our credentials are refused: the connection waits for a person.
    Credential,
    /// Not applied; try again.
    Retry,
    /// There is an invitation already: as good as done.
    AlreadyInvited,
    /// The candidate's address is refused.
    BadAddress,
    /// What the call is about exists no more.
    Gone,
    /// Refused for good.
    Refused,
    /// The vendor's account is used up: the connection waits for a person.
    OutOfCredit,
    /// Not yet; ask again later.
    NotReady,
}

impl ErrorClass {
    /// Every class with its spelling.
    pub const ALL: [(&'static str, Self); 8] = [
        ("credential", Self::Credential),
        ("retry", Self::Retry),
        ("already_invited", Self::AlreadyInvited),
        ("bad_address", Self::BadAddress),
        ("gone", Self::Gone),
        ("refused", Self::Refused),
        ("out_of_credit", Self::OutOfCredit),
        ("not_ready", Self::NotReady),
    ];
}

impl Adapter {
    /// The `result.*` fields that an event carries; `None` if this vendor never emits it.
    pub fn event(&self, event: AssessmentEvent) -> Option<&BTreeMap<String, Field>> {
        self.events.get(&event)
    }

    /// Whether some operation's success is this event.
    pub fn makes(&self, event: AssessmentEvent) -> bool {
        self.operations.values().any(|operation| operation.emits == Some(event))
    }

    /// Whether `host` is one that requests to this vendor may go to, with this base URL.
    pub fn allows(&self, base_url: &str, host: &str) -> bool {
        let base = url::Url::parse(base_url).ok();
        base.as_ref().and_then(url::Url::host_str) == Some(host) || self.hosts.iter().any(|known| known == host)
    }
}
