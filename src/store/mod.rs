//! The store: inbox, outbox, runs, ledger, timers, tokens. Nothing is acknowledged before it is durable.
//!
//! [`Store`] is the handle: cheap to clone, async. Behind it one writer thread groups every kind of commit ([`writer`]) over a
//! [`backend::Backend`], and a few readers answer queries ([`backend::Reader`]). What they do is written once, in SQL ([`sql`]); [`sqlite`] and [`postgres`] are the
//! connections under it, and one suite holds for both (`tests/it/store.rs`).
//!
//! The path of an event is five commits: [`Store::deliver`], [`Store::derive`], [`Store::plan`], [`Store::begin`],
//! [`Store::finish`]. Between any two the process may be killed; each of them may be repeated harmlessly. All work that is left to do
//! stands in one narrow table, whose rows are deleted when it is done; payload tables are only appended to.
//!
//! In the simulation of faults there is no thread: `fates` says how each commit ends, and when the process dies.
//!
//! The store knows the nouns of the model. It knows no rules, no HTTP and no clock: times are handed in.

pub mod backend;
pub mod claim;
pub mod commit;
mod console;
pub mod copy;
mod deeds;
mod error;
mod fates;
pub mod grants;
mod handle;
pub(crate) mod kill;
pub mod lease;
mod options;
mod postgres;
mod reads;
pub mod rows;
mod sql;
mod sqlite;
mod writer;
mod writes;

pub use claim::{Claim, ClaimedDelivery, ClaimedEffect, ClaimedEvent, ClaimedLane, Recovered, Work};
pub use commit::{Begun, Derived, Finish, Looked, PlanMade, Received, Run};
pub use copy::{Holding, Restored};
pub use deeds::Deed;
pub use error::{Result, StoreError};
pub use fates::{Fate, Fates};
pub use grants::{Grant, Login, LoginKind, Presented, Renewed};
pub use handle::Store;
pub use lease::{Beat, Beaten, NodeRow, Process, Tenancy, Terms};
pub use options::{Database, Options, Place};
pub use rows::{
    Arrived, Count, EffectRow, EffectState, EventRow, EventState, Heard, OwnMove, ParkedRow, Person, Recorded, Refused,
    Retention, RunRow, SigningToken, Size, Span, TimerRow,
};
