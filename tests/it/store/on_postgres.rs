//! The suite on PostgreSQL.

#![allow(clippy::duplicate_mod, reason = "the same tests for each database")]

use super::*;
use crate::postgres::{Base, server};

#[path = "again.rs"]
mod again;
#[path = "effects.rs"]
mod effects;
#[path = "forget.rs"]
mod forget;
#[path = "intake.rs"]
mod intake;
#[path = "lanes.rs"]
mod lanes;
#[path = "leases.rs"]
mod leases;
#[path = "ledger.rs"]
mod ledger;
#[path = "queries.rs"]
mod queries;
#[path = "session.rs"]
mod session;
#[path = "sound.rs"]
mod sound;

/// The store under test.
async fn store() -> Store {
    server().database().await.open().await.unwrap()
}

/// A place where a store is opened again and again.
async fn home() -> Base {
    server().database().await
}
