//! What can go wrong with the store, in the words of the person who runs it. No message carries stored data.

use std::path::PathBuf;

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Nothing was acknowledged and nothing was kept: disk full, file locked, read-only, writer gone. Trying again later is right.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// One row cannot be read; the text names it. Other rows are not affected.
    #[error("the store holds a row that cannot be read: {0}")]
    Corrupt(String),
    /// The file was written by a newer leverd.
    #[error("the store has schema version {found}, and this leverd knows versions up to {known}: use the newer leverd")]
    Newer { found: u32, known: u32 },
    /// Another process has the store open.
    #[error("the store `{}` is in use by another leverd process: stop that one first, or give this one another file", path.display())]
    Locked { path: PathBuf },
    /// A copy that cannot be made or put in place; the text says why, and what to do.
    #[error("{0}")]
    Copy(String),
    /// There is no store in the database, and it was to be read only.
    #[error("there is no leverd store in `{database}` yet: `leverd serve` makes it")]
    Unmade { database: String },
    /// This node's time was over, and another one goes on with its accounts: what it has in hand is not its own any more.
    #[error("this node was silent for longer than its lease, so other nodes go on with its accounts")]
    Fenced,
    /// There is nothing with this id in a state in which this can be done.
    #[error("{0}")]
    NotFound(String),
}

/// The answer of everything in the store.
pub type Result<T> = std::result::Result<T, StoreError>;
