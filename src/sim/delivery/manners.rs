//! How a service delivers its webhooks: what counts as success, after what it tries again, and how often.

use crate::sim::faults::Faults;

/// The delivery rules of one service.
#[derive(Debug)]
pub(crate) struct Manners {
    pub(crate) user_agent: &'static str,
    /// Whether an answer with this status ends the delivery.
    pub(crate) accepts: fn(u16) -> bool,
    /// The pause in milliseconds before one more try, after so many; `None`: given up. Without a status nobody answered.
    pub(crate) again: fn(faults: &Faults, tries: u32, status: Option<u16>) -> Option<u64>,
    /// The next delivery to an address waits until the one before is delivered or given up.
    pub(crate) one_by_one: bool,
}

pub(crate) fn any_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Lever counts only 2xx as success and tries again after everything else, redirects included (lever-api §4.5).
pub(crate) static LEVER: Manners = Manners {
    user_agent: "Lever-Webhooks",
    accepts: any_success,
    again: |faults, tries, _| (tries < faults.attempts).then(|| faults.retry_delay_ms(tries + 1)),
    one_by_one: false,
};
