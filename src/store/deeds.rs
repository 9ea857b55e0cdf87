//! The record of what people did: written before it is done, so that nothing is done that is not recorded.

use super::error::Result;
use super::handle::Store;
use super::writer::Point;
use crate::model::{AccountId, Id};
use jiff::Timestamp;

/// One thing that somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// `None`: it is about no account.
    pub account: Option<AccountId>,
    pub id: Id,
    pub at: Timestamp,
    /// The name of who did it.
    pub who: String,
    /// How they came in: `password`, `proxy`, `oidc`, `link`, `token`, `terminal`.
    pub how: String,
    /// `logged in`, `retry`, `skip: not needed`.
    pub what: String,
    /// What it was done to: `effect 0193…`.
    pub about: String,
}

impl Deed {
    /// What somebody does now. `nth` tells apart what is the same within a millisecond.
    pub fn new(who: &str, how: &str, account: Option<&AccountId>, what: &str, about: &str, at: Timestamp, nth: u64) -> Self {
        Self {
            account: account.cloned(),
            id: Id::derive(at, &[who, how, what, about, &nth.to_string()]),
            at,
            who: who.to_owned(),
            how: how.to_owned(),
            what: what.to_owned(),
            about: about.to_owned(),
        }
    }

    /// What the record says of a `retry`, or of a `skip` for this reason.
    pub fn of_wish(skip: Option<&str>) -> String {
        skip.map_or_else(|| "retry".to_owned(), |reason| format!("skip: {reason}"))
    }
}

impl Store {
    /// Records deeds in one commit.
    pub async fn record(&self, deeds: Vec<Deed>) -> Result<()> {
        self.write(Point::Other, move |store| deeds.iter().try_for_each(|deed| store.record(deed))).await
    }

    /// The latest deeds, newest first.
    pub async fn deeds(&self, limit: usize) -> Result<Vec<Deed>> {
        self.read(move |store| store.deeds(limit)).await
    }
}
