//! Where the store is and how it is opened.

use crate::model::Secret;
use std::path::PathBuf;
use std::time::Duration;

/// Where the rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file that stays.
    File(PathBuf),
    /// A file that stays as long as the machine runs: commits do not wait for the disk. For the simulation of faults.
    Volatile(PathBuf),
    /// A private folder that goes when the store is dropped: tests, `demo`. Same SQL, no waiting for the disk.
    Temporary,
    /// A schema in a PostgreSQL database.
    Postgres(Database),
}

/// A PostgreSQL database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// `postgres://user@host/database`, without a password.
    pub url: String,
    pub password: Option<Secret>,
}

/// How to open a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub place: Place,
    /// How many reads may run at once.
    pub readers: usize,
    /// How long a commit waits for another program that has the file locked (`sqlite3`, a backup) before it is unavailable.
    pub busy_timeout: Duration,
    /// Only queries, beside a running leverd: takes no lock, migrates nothing, refuses every write.
    pub read_only: bool,
}

impl Options {
    /// The store in this file.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self { place: Place::File(path.into()), readers: 4, busy_timeout: Duration::from_secs(5), read_only: false }
    }

    /// The store in this database.
    pub fn postgres(url: impl Into<String>, password: Option<Secret>) -> Self {
        let place = Place::Postgres(Database { url: url.into(), password });
        Self { place, readers: 4, busy_timeout: Duration::from_secs(5), read_only: false }
    }

    /// A store that goes with the value.
    pub fn temporary() -> Self {
        Self { place: Place::Temporary, readers: 2, busy_timeout: Duration::from_secs(5), read_only: false }
    }

    /// The same, for queries only.
    pub const fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}
