//! The assessment vendors: one folder each, and one line in `VENDORS`.
//!
//! A stand-in is a function from a request and its records to an answer, plus what it tells by webhooks. Each answers below
//! its own prefix, logs as its own service and is played through one vocabulary (`Deed`). Most keep a `Book` and only add
//! endpoints, shapes and oddities (`Desk`). Facts that are not known about a vendor are switches of its stand-in.

mod book;
mod career_place;
mod codesignal;
mod codility;
mod contract;
mod deed;
mod desk;
mod generic;
mod hackerrank;
mod hired_assessments;
mod imocha;
mod mail;
mod pdf;
mod qualified;
mod route;
mod seal;
mod testgorilla;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use deed::Deed;
pub use mail::{Mail, MailKind};

use super::clock::Clock;
use super::control::ControlError;
use super::delivery::{Manners, Parcel};
use super::faults::Faults;
use super::ids::Ids;
use super::log::Service;
use super::wire::{Ask, Reply};

/// Whether a test can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssessmentState {
    #[default]
    Published,
    Unpublished,
    Archived,
}

impl AssessmentState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Unpublished => "unpublished",
            Self::Archived => "archived",
        }
    }
}

/// One simulated vendor.
pub(crate) trait StandIn: fmt::Debug + Send {
    /// Answers a request; the path has lost the vendor's prefix.
    fn answer(&mut self, ask: &Ask) -> Reply;
    /// Adds a test to the catalogue; gives its id.
    fn publish(&mut self, title: &str, state: AssessmentState, passing_score: Option<f64>) -> String;
    /// `test` by id or title.
    fn set_state(&mut self, test: &str, state: AssessmentState) -> Result<(), ControlError>;
    /// Does a deed to the candidate's latest take of a test; refuses deeds that the vendor has not.
    fn act(&mut self, email: &str, test: &str, deed: &Deed) -> Result<(), ControlError>;
    /// The webhooks not yet sent.
    fn parcels(&mut self, faults: &Faults) -> Vec<Parcel>;
    /// Has webhooks sent to an address, as the vendor's settings page does; no event means all. Gives the id.
    fn subscribe(&mut self, url: &str, events: &[String]) -> Result<String, ControlError>;
    /// From now on this address is refused for good.
    fn refuse_email(&mut self, email: &str);
    fn mails(&self) -> &[Mail];
    /// The records, for the world document.
    fn shown(&self) -> Value;
    /// The clock was moved.
    fn time_passed(&mut self) {}
    /// Changes switches; those not named stay.
    fn switch(&mut self, changes: &Value) -> Result<(), ControlError>;
}

/// What a stand-in is given when it starts.
pub(crate) struct Start {
    pub(crate) name: &'static str,
    pub(crate) key: String,
    pub(crate) webhook_secret: String,
    /// `http://127.0.0.1:port`
    pub(crate) host: String,
    /// The host with the vendor's prefix.
    pub(crate) base: String,
    /// Rows on a page of a list.
    pub(crate) page_size: usize,
    pub(crate) ids: Ids,
    pub(crate) clock: Clock,
}

/// One line of the registry.
pub(crate) struct Listing {
    /// In addresses, commands and `leverd.yaml`.
    pub(crate) name: &'static str,
    /// For people.
    pub(crate) title: &'static str,
    /// Where its base URL begins.
    pub(crate) prefix: &'static str,
    /// How it delivers its webhooks.
    pub(crate) manners: &'static Manners,
    make: fn(Start) -> Box<dyn StandIn>,
}

/// Every vendor that is simulated. The first is the one that commands mean which name none.
pub(crate) static VENDORS: [Listing; 9] = [
    Listing {
        name: "qualified",
        title: "Qualified.io",
        prefix: "/api/v1",
        manners: &qualified::MANNERS,
        make: |start| Box::new(qualified::World::new(start)),
    },
    Listing {
        name: "imocha",
        title: "iMocha",
        prefix: "/vendors/imocha",
        manners: &imocha::MANNERS,
        make: |start| Box::new(imocha::World::new(start)),
    },
    Listing {
        name: "hired-assessments",
        title: "Hired Assessments",
        prefix: "/vendors/hired-assessments",
        manners: &contract::MANNERS,
        make: |start| Box::new(contract::World::new(start, &hired_assessments::PROFILE)),
    },
    Listing {
        name: "career-place",
        title: "career.place",
        prefix: "/vendors/career-place",
        manners: &contract::MANNERS,
        make: |start| Box::new(contract::World::new(start, &career_place::PROFILE)),
    },
    Listing {
        name: "generic",
        title: "a partner of Greenhouse's contract",
        prefix: "/vendors/generic",
        manners: &generic::MANNERS,
        make: |start| Box::new(generic::World::new(start)),
    },
    Listing {
        name: "hackerrank",
        title: "HackerRank",
        prefix: "/vendors/hackerrank",
        manners: &hackerrank::MANNERS,
        make: |start| Box::new(hackerrank::World::new(start)),
    },
    Listing {
        name: "codility",
        title: "Codility",
        prefix: "/vendors/codility",
        manners: &codility::MANNERS,
        make: |start| Box::new(codility::World::new(start)),
    },
    Listing {
        name: "codesignal",
        title: "CodeSignal",
        prefix: "/vendors/codesignal",
        manners: &codesignal::MANNERS,
        make: |start| Box::new(codesignal::World::new(start)),
    },
    Listing {
        name: "testgorilla",
        title: "TestGorilla",
        prefix: "/vendors/testgorilla",
        manners: &testgorilla::MANNERS,
        make: |start| Box::new(testgorilla::World::new(start)),
    },
];

/// The listing with this name.
pub(crate) fn listing(name: &str) -> Option<&'static Listing> {
    VENDORS.iter().find(|it| it.name == name)
}

/// The vendor that a path belongs to, and the path without its prefix.
pub(crate) fn of_path(path: &str) -> Option<(&'static Listing, &str)> {
    VENDORS.iter().find_map(|it| Some((it, path.strip_prefix(it.prefix).filter(|rest| rest.starts_with('/'))?)))
}

/// All stand-ins of one simulator, in the order of the registry.
#[derive(Debug)]
pub(crate) struct Vendors(Vec<(&'static str, Box<dyn StandIn>)>);

impl Vendors {
    /// `key_of` gives the credential of a vendor by its name; `host` is `http://127.0.0.1:port`.
    pub(crate) fn new(clock: &Clock, seed: u64, host: &str, page_size: usize, key_of: impl Fn(&str) -> String) -> Self {
        let numbered = VENDORS.iter().zip(1_u64..);
        let all = numbered.map(|(listing, number)| {
            let start = Start {
                name: listing.name,
                key: key_of(listing.name),
                webhook_secret: webhook_secret(listing.name),
                host: host.to_owned(),
                base: format!("{host}{}", listing.prefix),
                page_size,
                ids: Ids::new(seed.wrapping_add(number)),
                clock: clock.clone(),
            };
            (listing.name, (listing.make)(start))
        });
        Self(all.collect())
    }

    pub(crate) fn get(&self, name: &str) -> Result<&dyn StandIn, ControlError> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, it)| &**it).ok_or_else(|| unknown(name))
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Result<&mut Box<dyn StandIn>, ControlError> {
        self.0.iter_mut().find(|(known, _)| *known == name).map(|(_, it)| it).ok_or_else(|| unknown(name))
    }

    /// The answer of the vendor that `service` names.
    pub(crate) fn answer(&mut self, service: Service, ask: &Ask) -> Reply {
        match self.0.iter_mut().find(|(name, _)| service == Service::Vendor(name)) {
            Some((_, it)) => it.answer(ask),
            None => Reply::no_content(),
        }
    }

    pub(crate) fn parcels(&mut self, faults: &Faults) -> Vec<Parcel> {
        self.0.iter_mut().flat_map(|(_, it)| it.parcels(faults)).collect()
    }

    pub(crate) fn time_passed(&mut self) {
        self.0.iter_mut().for_each(|(_, it)| it.time_passed());
    }

    /// Every mail, oldest first.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        let mut all: Vec<Mail> = self.0.iter().flat_map(|(_, it)| it.mails()).cloned().collect();
        all.sort_by_key(|mail| mail.at);
        all
    }

    /// The records of all, by name.
    pub(crate) fn shown(&self) -> Map<String, Value> {
        self.0.iter().map(|(name, it)| ((*name).to_owned(), it.shown())).collect()
    }
}

/// What a vendor's webhooks are signed with, where they are. It is a secret of Standard Webhooks, whatever the vendor does
/// with it: for others it is a text like any other.
pub(crate) fn webhook_secret(name: &str) -> String {
    format!("whsec_{}", STANDARD.encode(format!("sim-{name}-webhook-secret")))
}

fn unknown(name: &str) -> ControlError {
    ControlError::Unknown { kind: "vendor", name: name.to_owned() }
}
