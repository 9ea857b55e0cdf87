//! The conductor: from a request at the door to a settled effect.
//!
//! [`intake`] stores a delivery before it is acknowledged · `derive` and `hear` confirm it and make events of it · `planner` gathers
//! facts and asks the engine · `executor` and `vendor_calls` carry effects out · [`poller`] begins looks at what changed in Lever and
//! `look` carries them out · `poll` asks vendors · [`service`] starts, reloads and stops it all · `work` claims
//! and hands out. Each commit of the five is one call of the store; between them anything may be killed.
//!
//! It knows nothing of terminals or of pages.

mod abroad;
pub mod access;
pub mod account;
pub mod ask;
pub mod assume;
pub mod backfill;
mod backoff;
pub mod builtin;
pub mod call;
mod callback;
pub mod clock;
mod derive;
pub mod doctor;
mod executor;
pub mod files;
mod gates;
mod gather;
mod grant;
mod hear;
pub mod intake;
mod kin;
mod line;
pub mod login;
mod look;
pub mod measured;
pub mod missed;
pub mod needs;
pub mod notices;
mod planner;
mod poll;
pub mod poller;
pub mod preview;
pub mod progress;
pub mod project;
pub mod provision;
pub mod reach;
pub mod replay;
mod report;
pub mod restore;
pub mod service;
mod slots;
mod snapshots;
mod spans;
pub mod status;
mod tenure;
mod tests_cache;
pub mod tokens;
pub mod traces;
pub mod vault;
mod vendor_calls;
pub mod view;
pub mod watch;
pub mod webhooks;
pub mod why;
pub mod words;
mod work;

pub use account::Account;
pub use call::Node;
