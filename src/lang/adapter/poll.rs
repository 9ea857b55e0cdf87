//! Asking instead of being told: what is asked how often, about whom, and what the answers mean.

use super::webhook::{Mapping, OwnerShape};
use crate::model::{Phase, Value};
use jiff::SignedDuration;

/// One thing that is asked again and again, while there are attempts that it may tell of.
#[derive(Debug)]
pub struct Poll {
    /// How often; about single attempts, the first pause.
    pub every: SignedDuration,
    pub ask: Ask,
    /// Attempts requested longer ago are not asked about.
    pub stop_after: SignedDuration,
    /// Attempts that came so far are not asked about any more.
    pub until: Phase,
    /// Empty: the webhook's mappings that read back and say nothing of the body.
    pub map: Vec<Mapping>,
}

/// What a poll asks.
#[derive(Debug)]
pub enum Ask {
    /// About each attempt on its own; the pauses double up to `slowest`.
    Attempts { slowest: SignedDuration },
    /// An operation that lists what happened.
    List(Box<List>),
}

/// A list that is asked for, and whose its items are.
#[derive(Debug)]
pub struct List {
    /// Its captures are read as `OPERATION.NAME`.
    pub operation: String,
    /// Asked once for each value, which requests read as `for.NAME`.
    pub each: Option<(String, Vec<Value>)>,
    /// Asked for what happened since the last time, which requests read as `window.from` and `window.to`.
    pub window: Option<Window>,
    pub owner: Vec<OwnerShape>,
}

/// How far back a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Each window begins so much before the end of the last one: vendors show late what happened.
    pub overlap: SignedDuration,
    /// How far the first one reaches back.
    pub first: SignedDuration,
}

impl Poll {
    /// The list that is asked for, if it is one.
    pub fn list(&self) -> Option<&List> {
        match &self.ask {
            Ask::List(list) => Some(list),
            Ask::Attempts { .. } => None,
        }
    }

    /// Whether an attempt in this phase is asked about.
    pub fn asks_about(&self, phase: Phase) -> bool {
        let (rank, until) = (phase.rank(), self.until.rank());
        phase != Phase::Requested && rank.is_some() && rank < until
    }
}
