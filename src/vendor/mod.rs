//! DIALECT: vendor bytes <-> our words, both ways, driven by [`crate::lang::adapter::Adapter`]s. Pure: no clock, socket, file or randomness.
//!
//! - [`Talk`] carries out one operation: it makes each request and reads each answer, until an [`crate::model::Outcome`];
//! - [`Fetch`] gets a report and checks that it is one;
//! - [`auth`] gets tokens where a vendor wants them;
//! - [`Listing`] lists what an operation lists, page by page: the vendor's tests ([`catalogue`]), what happened since ([`poll`]);
//! - [`webhook`] believes a delivery and makes [`Notification`]s of it; [`correlate`] says whose they are; the operations that a
//!   notification names are read back with [`Talk`]; [`emit()`] makes typed events of both.
//!
//! It knows nothing of rules, the store or HTTP clients. Secrets come in as [`crate::model::Secret`] and leave in headers, bodies and `masks` only.

mod answer;
pub mod auth;
mod border;
pub mod catalogue;
pub mod correlate;
mod emit;
mod listing;
pub mod poll;
mod report;
mod request;
mod sample;
mod sign;
mod talk;
mod verify;
mod webhook;

pub use answer::{Learned, learned};
pub use border::conform;
pub use correlate::{Choice, OwnerKey, choose};
pub use emit::{Emission, emit};
pub use listing::{Item, Listing, Page};
pub use report::{Fetch, Got, MOST};
pub use request::{Supplies, ledger_inputs};
pub use sample::run_samples;
pub use talk::{Talk, Turn};
pub use verify::{Believed, Incoming, NotVerified, verify};
pub use webhook::{Notification, Read, dedupe, handshake, notifications};
