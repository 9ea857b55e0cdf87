//! Every request that reached the simulated services, in the order in which they were answered.
//!
//! Tests count calls here. The `Authorization` header is never kept; the control routes are not logged.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::delivery::{LEVER, Manners};
use super::vendors;

/// Which simulated service a request or a delivery belongs to; `lever`, `login` or a vendor's name in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Lever,
    /// Lever's login for OAuth apps.
    Login,
    /// By its name in the registry of vendors.
    Vendor(&'static str),
}

impl Service {
    pub fn name(self) -> &'static str {
        match self {
            Self::Lever => "lever",
            Self::Login => "login",
            Self::Vendor(name) => name,
        }
    }

    /// As people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Lever => "Lever",
            Self::Login => "Lever's login",
            Self::Vendor(name) => vendors::listing(name).map_or(name, |it| it.title),
        }
    }

    /// How it delivers its webhooks.
    pub(crate) fn manners(self) -> &'static Manners {
        match self {
            // The login sends nothing.
            Self::Lever | Self::Login => &LEVER,
            Self::Vendor(name) => vendors::listing(name).map_or(&LEVER, |it| it.manners),
        }
    }
}

impl Serialize for Service {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// One request and how it was answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// Counts from 1 over all services.
    pub number: u64,
    /// Milliseconds since the epoch, by the simulator's clock.
    pub at: i64,
    pub service: Service,
    pub method: String,
    /// With the prefix: `/v1/opportunities/…`, `/api/v1/assessments`.
    pub path: String,
    /// The raw query string, empty without one.
    pub query: String,
    /// What the caller was told; absent when the connection was dropped without an answer.
    pub status: Option<u16>,
    /// The name of the scripted fault that shaped the answer.
    pub fault: Option<&'static str>,
    /// What was sent: JSON, or a string when it is none; absent when empty.
    pub body: Option<Value>,
    /// What the service answered or, after a dropped connection, would have answered.
    pub answer: Option<Value>,
}

impl Request {
    /// `PUT /v1/opportunities/x/stage`: how assertions name a call.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    entries: Vec<Request>,
    count: u64,
}

impl RequestLog {
    /// Numbers the entry and keeps it.
    pub(crate) fn push(&mut self, mut entry: Request) {
        self.count += 1;
        entry.number = self.count;
        self.entries.push(entry);
    }

    pub(crate) fn entries(&self) -> &[Request] {
        &self.entries
    }

    /// Forgets the entries; the numbering goes on.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}
