//! REASON: `plan(program, event, facts) -> Plan | Needs`, pure, total and synchronous.
//!
//! The engine walks compiled rules over one event and the facts known, and says what shall be true and why. It leans on `model` and
//! `lang`; it knows no clock (the time is in the facts), no store, no HTTP and no vendor. `validate`, `test`, `dry-run`, `demo` and
//! `serve` all use this one interpreter; they differ in where facts come from and where effects go.
//!
//! The walk of one event: [`program`] selects rules by hash look-ups · [`lifecycle`] judges an assessment event against our ledger ·
//! `walk` takes each rule through guards, `when`, rows, `require` and `do` · [`draft`] collects what the verbs put down · [`plan`]
//! joins it all.

mod band;
pub mod called;
pub mod compare;
mod condition;
mod draft;
pub mod explain;
mod family;
pub mod lifecycle;
pub mod marks;
mod outcome;
mod overlay;
mod plan;
mod program;
mod rows;
mod say;
pub mod schedule;
mod scope;
mod seen;
mod walk;
mod ways;

pub use outcome::{Answer, outcome, put};
pub use overlay::overlay;
pub use plan::{plan, plan_watched};
pub use program::Program;
pub use seen::seen;
pub use ways::Ways;

#[cfg(test)]
mod tests;
