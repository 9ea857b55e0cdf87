//! The health of one destination: when it is down, effects wait and lose no attempts.
//!
//! A state machine that is told the time; the runtime asks [`Breaker::ask`] before it begins an effect and tells [`Breaker::note`]
//! every exchange.

use super::guard::REFUSED;
use crate::model::Exchange;
use std::time::Duration;
use tokio::time::Instant;

/// When to open, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long the first opening lasts; each failed probe doubles it.
    pub first: Duration,
    /// The longest opening.
    pub longest: Duration,
    /// A probe without news for this long is given up: it is longer than any call.
    pub probe: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self { failures: 5, first: Duration::from_secs(5), longest: Duration::from_secs(300), probe: Duration::from_secs(60) }
    }
}

/// Whether something may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// The destination is well.
    Pass,
    /// It was not: this one call finds out. Its exchange must be noted.
    Probe,
    /// Not before this long.
    Wait(Duration),
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant, lasts: Duration },
    Probing { since: Instant, lasts: Duration },
}

/// The breaker of one destination.
#[derive(Debug, Clone)]
pub struct Breaker {
    policy: Policy,
    state: State,
}

/// Whether an exchange says that the destination is ill: no connection, no answer, 408 or 5xx. Our own refusals say nothing.
pub fn failing(exchange: &Exchange) -> bool {
    match exchange {
        Exchange::NotSent(cause) => !cause.contains(REFUSED),
        Exchange::Lost(_) => true,
        Exchange::Answered(response) => response.status >= 500 || response.status == 408,
    }
}

impl Breaker {
    /// A closed breaker.
    pub const fn new(policy: Policy) -> Self {
        Self { policy, state: State::Closed { failures: 0 } }
    }

    /// Whether the destination was ill when it was last heard of.
    pub const fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed { .. })
    }

    /// Whether a call may be made at `now`. A [`Gate::Probe`] is given once per opening.
    pub fn ask(&mut self, now: Instant) -> Gate {
        match self.state {
            State::Closed { .. } => Gate::Pass,
            State::Open { until, lasts } if now >= until => {
                self.state = State::Probing { since: now, lasts };
                Gate::Probe
            }
            State::Open { until, .. } => Gate::Wait(until.duration_since(now)),
            State::Probing { since, lasts } => {
                let given_up = since + self.policy.probe;
                if now >= given_up {
                    self.state = State::Probing { since: now, lasts };
                    Gate::Probe
                } else {
                    Gate::Wait(given_up.duration_since(now).min(Duration::from_secs(1)))
                }
            }
        }
    }

    /// Takes note of an exchange. Answers whether the breaker opened or closed by it: worth a log line.
    pub fn note(&mut self, exchange: &Exchange, now: Instant) -> bool {
        if !failing(exchange) {
            let was_open = self.open();
            // A guard's refusal is neither illness nor health.
            if !matches!(exchange, Exchange::NotSent(_)) {
                self.state = State::Closed { failures: 0 };
                return was_open;
            }
            return false;
        }
        match self.state {
            State::Closed { failures } if failures + 1 < self.policy.failures => {
                self.state = State::Closed { failures: failures + 1 };
                false
            }
            State::Closed { .. } => {
                self.state = State::Open { until: now + self.policy.first, lasts: self.policy.first };
                true
            }
            State::Probing { lasts, .. } => {
                let lasts = (lasts * 2).min(self.policy.longest);
                self.state = State::Open { until: now + lasts, lasts };
                false
            }
            // A call that was under way when it opened.
            State::Open { .. } => false,
        }
    }

    /// Whether it is open or probing.
    pub const fn open(&self) -> bool {
        !matches!(self.state, State::Closed { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Response;

    fn status(status: u16) -> Exchange {
        Exchange::Answered(Response { status, headers: Vec::new(), body: Vec::new() })
    }

    #[test]
    fn it_opens_probes_once_doubles_and_closes() {
        let mut breaker = Breaker::new(Policy { failures: 2, ..Policy::default() });
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        assert!(!breaker.note(&status(503), at(0)));
        assert!(!breaker.note(&status(404), at(0)), "a refusal is an answer");
        assert!(!breaker.note(&Exchange::Lost("reset".into()), at(0)));
        assert_eq!(breaker.ask(at(0)), Gate::Pass);
        assert!(breaker.note(&Exchange::NotSent("connect".into()), at(0)), "the second failure in a row opens it");
        assert_eq!(breaker.ask(at(1)), Gate::Wait(Duration::from_secs(4)));
        assert_eq!(breaker.ask(at(5)), Gate::Probe);
        assert!(matches!(breaker.ask(at(5)), Gate::Wait(_)), "one probe only");
        breaker.note(&status(500), at(6));
        assert_eq!(breaker.ask(at(6)), Gate::Wait(Duration::from_secs(10)));
        assert_eq!(breaker.ask(at(16)), Gate::Probe);
        assert!(breaker.note(&status(200), at(17)));
        assert_eq!(breaker.ask(at(17)), Gate::Pass);
    }

    #[test]
    fn a_probe_that_was_killed_is_not_waited_for() {
        let mut breaker = Breaker::new(Policy { failures: 1, ..Policy::default() });
        let start = Instant::now();
        breaker.note(&status(500), start);
        assert_eq!(breaker.ask(start + Duration::from_secs(5)), Gate::Probe);
        assert_eq!(breaker.ask(start + Duration::from_secs(65)), Gate::Probe);
    }

    #[test]
    fn our_own_refusal_says_nothing() {
        let mut breaker = Breaker::new(Policy { failures: 1, ..Policy::default() });
        breaker.note(&Exchange::NotSent(format!("{REFUSED} a private address")), Instant::now());
        assert!(!breaker.open());
    }
}
