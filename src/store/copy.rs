//! Copies of the store: a backup of one that is in use, and a store made of a backup.
//!
//! A backup is one snapshot in one file. The world goes on after it was taken, so a store made of one is not simply used: whatever was
//! unfinished may have been done since. It is parked for a person, as what nobody knows the outcome of; see [`restore`].

use super::error::Result;
use super::sqlite;
use crate::model::AccountId;
use jiff::Timestamp;
use std::path::{Path, PathBuf};

/// What a store holds, counted.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Holding {
    pub bytes: u64,
    /// The version of its schema.
    pub version: u32,
    pub accounts: u64,
    pub events: u64,
    pub runs: u64,
    /// Work that is not done, parked work and timers too.
    pub open: u64,
    /// When the latest thing happened that it tells of.
    pub last: Option<Timestamp>,
}

/// What became of a backup that was made the store.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Restored {
    pub holding: Holding,
    pub at: Timestamp,
    /// How much of each account is parked now: deliveries, events, effects, timers.
    pub parked: Vec<(AccountId, &'static str, u64)>,
    /// Looks at Lever and at vendors that were under way: they begin anew from now on.
    pub looks: u64,
    /// Where the store that was there before is now.
    pub before: Option<PathBuf>,
}

/// Copies the store to a new file that only its owner reads, while leverd may go on writing; checks the copy, and says what is in it.
/// A file that is there already stays as it is, and is a fault. Takes as long as writing the copy; run it where that may block.
pub fn backup(store: &Path, to: &Path) -> Result<Holding> {
    sqlite::backup(store, to)
}

/// Checks that a file is a store that this leverd can use, every page of it, and says what is in it.
pub fn look(file: &Path) -> Result<Holding> {
    sqlite::look(file)
}

/// Makes a backup the store. Refused while a process has the store, and where one is there already unless it is to be `replaced`; that
/// one stays beside the new one under another name.
///
/// Everything unfinished is parked with R10, effects as if an attempt at each had begun when the backup ends, so that a retry looks first
/// whether it happened. `renew` says for the name and the value of a cursor what it is from now on; `None` leaves it. Until
/// [`super::Store::end_caution`] an event of the time that the backup does not know is parked when it arrives, and so is each new
/// invitation: leverd may have acted on the one and sent the other already.
pub fn restore(
    file: &Path,
    store: &Path,
    at: Timestamp,
    replace: bool,
    renew: &dyn Fn(&str, &str) -> Option<String>,
) -> Result<Restored> {
    sqlite::restore(file, store, at, replace, renew)
}
