//! What happens in the simulated world without the product: recruiters, candidates, Super Admins, failures, time.
//!
//! `Control` is the handle for tests and commands of this process; `Command` is the same as data, for scripts and for
//! `POST /_sim/commands`. Records are named by id or, where that is unique, by what people call them: a stage's or
//! posting's title, a candidate's or user's name or address.

mod admin;
mod command;
mod http;
mod login;
pub mod manual;
mod names;
mod observe;
mod papers;
mod recruiter;
mod run;
mod vendor;

pub use admin::NewWebhook;
pub use command::Command;
pub use papers::StoredFile;
pub use recruiter::{NewOpportunity, NewPosting, PostingChange};
pub use vendor::{AtVendor, VendorControl};

pub(crate) use http::over_http;

use std::time::Duration;

use super::clock::Clock;
use super::faults::{Faults, RouteFault};
use super::server::{Shared, State};

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    #[error("no {kind} is called `{name}` in the simulated world")]
    Unknown { kind: &'static str, name: String },
    #[error("more than one {kind} is called `{name}`; name it by id")]
    Ambiguous { kind: &'static str, name: String },
    #[error("{0}")]
    Wrong(String),
}

/// The handle. Clones act on the same simulator.
#[derive(Debug, Clone)]
pub struct Control {
    shared: Shared,
}

impl Control {
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    /// Changes the world as somebody in the interface would, and sends the webhooks that this causes.
    fn act<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.shared.state();
        let result = change(&mut state);
        self.shared.tell(&mut state, false);
        result
    }

    pub fn clock(&self) -> Clock {
        self.shared.clock().clone()
    }

    /// Moves the simulator's time forward: the rate bucket refills, invitations expire, vendors remind.
    pub fn advance_clock(&self, by: Duration) {
        self.shared.clock().advance(by);
        self.act(|state| state.vendors.time_passed());
    }

    pub fn faults(&self) -> Faults {
        self.shared.state().faults.clone()
    }

    /// Changes switches: `control.set_faults(|faults| faults.webhook_id = true)`.
    pub fn set_faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.shared.state().faults);
    }

    /// Adds a fault of single routes.
    pub fn add_route_fault(&self, fault: RouteFault) {
        self.shared.state().faults.routes.push(fault);
    }

    /// Takes back all faults of routes; the other switches stay.
    pub fn clear_route_faults(&self) {
        self.shared.state().faults.routes.clear();
    }

    /// Sends the deliveries that are held or wait to be overtaken.
    pub fn release_deliveries(&self) {
        let mut state = self.shared.state();
        let state = &mut *state;
        let leaving = state.deliveries.release(&state.faults);
        self.shared.post().send(leaving);
    }

    /// Sends a delivery once more, as the Rerun button does; gives the new delivery's id.
    pub fn rerun(&self, delivery: u64) -> Result<u64, ControlError> {
        let mut state = self.shared.state();
        let state = &mut *state;
        let again = state.deliveries.rerun(delivery, &state.faults, &mut state.lever.ids);
        let id = again.ok_or(ControlError::Unknown { kind: "delivery", name: delivery.to_string() })?;
        self.shared.post().send(vec![id]);
        Ok(id)
    }

    /// Ends the pauses of all deliveries that wait for their next try.
    pub fn retry_now(&self) {
        self.shared.post().hurry();
    }

    /// Returns when every delivery was delivered or given up. Held ones do not count.
    pub async fn quiet(&self) {
        self.shared.post().quiet().await;
    }
}
