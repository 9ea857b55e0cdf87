//! Flows: the whole product against a simulated world, every delivery and call real HTTP. What is asserted is the world at the end:
//! tags, notes, links, stage, mails, and the requests it took.

pub(crate) mod acme;
mod api;
mod applications;
mod ask;
mod backfill;
mod backup;
pub(crate) mod bed;
mod career_place;
mod connections;
pub(crate) mod console;
mod console_connect;
mod console_oidc;
mod console_rules;
mod console_runs;
mod console_try;
mod database;
mod diff;
#[cfg(target_os = "linux")]
mod disk;
mod faults;
mod hired;
mod imocha;
mod intake;
mod lanes;
mod logs;
mod measured;
mod moved;
#[cfg(feature = "kill-points")]
mod nodes;
mod polling;
pub(crate) mod process;
mod reconcile;
mod record;
mod reload;
mod replay;
mod side;
mod sound;
mod spine;
mod timers;
mod traces;
mod vendor_calls;
pub(crate) mod vendor_polls;
mod vendors;
mod why;
mod writes;
