//! The suite on SQLite.

#![allow(clippy::duplicate_mod, reason = "the same tests for each database")]

use super::*;
use leverd::store::StoreError;
use std::path::PathBuf;
use std::time::Duration;

#[path = "again.rs"]
mod again;
#[path = "copy.rs"]
mod copy;
#[path = "effects.rs"]
mod effects;
#[path = "file.rs"]
mod file;
#[path = "forget.rs"]
mod forget;
#[path = "intake.rs"]
mod intake;
#[path = "kept.rs"]
mod kept;
#[path = "lanes.rs"]
mod lanes;
#[path = "ledger.rs"]
mod ledger;
#[path = "power.rs"]
mod power;
#[path = "queries.rs"]
mod queries;
#[path = "sound.rs"]
mod sound;
#[path = "turns.rs"]
mod turns;

/// The store under test.
async fn store() -> Store {
    Store::open(Options::temporary()).await.unwrap()
}

/// A place where a store is opened again and again.
struct Home {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

#[expect(clippy::unused_async, reason = "the suite awaits it, as it does a database")]
async fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    Home { path: folder.path().join("leverd.db"), _folder: folder }
}

impl Home {
    async fn open(&self) -> Result<Store, StoreError> {
        Store::open(Options { busy_timeout: Duration::from_millis(1), ..Options::path(&self.path) }).await
    }

    async fn look(&self) -> Result<Store, StoreError> {
        Store::open(Options::path(&self.path).read_only()).await
    }

    /// Another program's words.
    #[expect(clippy::unused_async, reason = "the suite awaits it, as it does a database")]
    async fn sql(&self, sql: &str) {
        rusqlite::Connection::open(&self.path).unwrap().execute(sql, []).unwrap();
    }
}
