//! The one place that opens an outbound socket, and what decides when one may be opened.
//!
//! [`Client::send`] takes a request as the dialects write it and brings back what became of it; it retries nothing. [`RateGate`] is
//! the budget of one credential, [`Breaker`] the health of one destination; the runtime asks both before it sends. It leans on
//! `model` alone and knows nothing of rules, effects or the store. Bodies, headers and queries are never logged. A
//! [`Wire`] stands in for the network in the simulation of faults.

mod breaker;
mod bucket;
mod budget;
mod client;
mod endpoint;
mod guard;
mod wire;

pub use breaker::{Breaker, Gate, Policy, failing};
pub use bucket::Rate;
pub use budget::{Leave, Left, RateGate};
pub use client::{Client, Limits};
pub use endpoint::{AllowedHost, Auth, Endpoint};
pub use wire::{Broken, Carried, Wire};
