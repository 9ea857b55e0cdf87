//! The lease protocol of several nodes over one store, as a model, checked in every state that it can reach.
//!
//! | file | duty |
//! |---|---|
//! | `state.rs` | what the model knows: rows of the store, processes, requests on their way |
//! | `steps.rs` | what may happen next, and what must never be |
//! | `words.rs` | what steps are called |
//! | `search.rs` | the search |
//!
//! The model leaves out what leases have no part in. An operation of the store is one step; between any two a process may stand still
//! for as long as it likes, die, or not hear that its commit was durable. Nodes' clocks lose a tick against the database's in one
//! lease at most. A request arrives within [`state::CALL`] after it was sent, or never, whether anybody waits for its answer or not.
//! What may go wrong beyond standing still, and losing the lease by that, is counted, or the search would take minutes.
//!
//! It looks at four things:
//!
//! - S1: no effect is ever done twice;
//! - S2: no account is worked on by two nodes whose deadlines both allow them to send;
//! - S3: whatever happened, any node that lives brings every effect to its end, though all others stand still for ever;
//! - S4: what a node gives back is another's only when everything under way of it there has ended.
//!
//! The search is our own: `stateright` drags a web server into the tests, and cannot ask S3, which is about every state reached and not
//! about every way.

mod search;
mod state;
mod steps;
mod words;

use search::search;
use words::ANY;

/// What is checked: so many of each, and so much that goes wrong.
#[derive(Debug, Clone, Copy)]
struct Case {
    nodes: usize,
    accounts: usize,
    effects: usize,
    /// A node may freeze between its last look at the deadline and the first byte: the residual of the protocol.
    freezes: bool,
    faults: u8,
    bug: Option<Bug>,
}

/// What the protocol might lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    /// *Begun* is committed whoever holds the effect, and though the node is taken.
    BeginsUnfenced,
    /// *Begun* is committed though the node is taken; whoever holds the effect is looked at.
    BeginsThoughTaken,
    /// *Begun* is committed whoever holds the effect; that the node is taken is looked at.
    BeginsUnheld,
    /// A claim is not checked against the lease.
    ClaimsUnleased,
    /// The deadline counts from the beat's answer.
    DeadlineFromTheAnswer,
    /// Whoever takes an account does not wait before what was begun is looked up.
    SettlesAtOnce,
    /// It waits for less than a call.
    SettlesEarly,
    /// A node that lost its lease joins anew while something is still under way.
    RejoinsAtOnce,
    /// What a dead node had claimed stays claimed.
    ClaimsKept,
    /// An account is given back while something of it is under way.
    YieldsEarly,
    /// What the new owner has itself begun is taken for an orphan.
    SettlesItsOwn,
    /// An account is given back with what is begun, and nobody is told.
    LeavesBegun,
    /// The late end of an attempt moves an effect that is being looked up by its new owner.
    EndsMoveAll,
    /// What is decided about an effect without an attempt is stored though another holds it.
    DecidesFromAfar,
    /// When an unknown effect may be looked up is told by a clock that is ahead of the one that put it off.
    ClocksApart,
}

const PLAIN: Case = Case { nodes: 2, accounts: 1, effects: 1, freezes: false, faults: 1, bug: None };

/// The cases of every run. `LEVERD_MODEL=whole` in the environment, and an optimised build, check what takes minutes as well: three nodes,
/// two effects, and one effect with as many faults as there may be steps.
fn cases() -> Vec<Case> {
    let mut cases = vec![PLAIN, Case { accounts: 2, faults: 0, ..PLAIN }];
    if std::env::var("LEVERD_MODEL").is_ok_and(|which| which == "whole") {
        let more = [
            Case { nodes: 3, faults: 0, ..PLAIN },
            Case { effects: 2, faults: 0, ..PLAIN },
            Case { accounts: 2, faults: 1, ..PLAIN },
            Case { faults: ANY, ..PLAIN },
        ];
        cases.extend(more);
    }
    cases
}

#[test]
fn no_state_of_the_lease_protocol_breaks_a_promise() {
    for case in cases() {
        let seen = search(&case);
        println!("{case:?}: {} states, {} steps", seen.states, seen.steps);
        assert!(seen.fault.is_none(), "{case:?}: {:#?}", seen.fault);
        // A model in which nothing can happen would be fine as well.
        assert!(seen.states > 100_000, "{case:?} has {} states", seen.states);
    }
}

#[test]
fn a_node_that_freezes_between_its_last_look_and_the_first_byte_is_the_residual() {
    let seen = search(&Case { freezes: true, faults: 0, ..PLAIN });
    let fault = seen.fault.expect("a frozen node's request comes too late");
    assert!(fault.what.starts_with("S1"), "{fault:#?}");
    let frozen = fault.trace.iter().position(|step| step.ends_with("and freezes")).unwrap();
    assert!(fault.trace[frozen..].iter().filter(|step| step.contains(" does effect")).count() == 2, "{fault:#?}");
}

/// Each bug, how much has to go wrong besides, and the promises that it may break first.
const PLANTED: &[(Bug, u8, &[&str])] = &[
    (Bug::BeginsUnfenced, 0, &["S1"]),
    (Bug::ClaimsUnleased, 1, &["S2", "S4"]),
    (Bug::DeadlineFromTheAnswer, 0, &["S2"]),
    (Bug::SettlesAtOnce, 0, &["S1"]),
    (Bug::SettlesEarly, 1, &["S1"]),
    (Bug::RejoinsAtOnce, 0, &["S1", "S4"]),
    (Bug::ClaimsKept, 0, &["S3"]),
    (Bug::YieldsEarly, 1, &["S2", "S4"]),
    (Bug::SettlesItsOwn, 0, &["S1"]),
    (Bug::LeavesBegun, 1, &["S3"]),
    (Bug::EndsMoveAll, 0, &["S1"]),
    (Bug::DecidesFromAfar, 1, &["S1"]),
    (Bug::ClocksApart, 0, &["S1"]),
];

#[test]
fn what_the_protocol_might_lack_breaks_a_promise() {
    for (bug, faults, promises) in PLANTED {
        let seen = search(&Case { bug: Some(*bug), faults: *faults, ..PLAIN });
        let fault = seen.fault.unwrap_or_else(|| panic!("{bug:?} breaks nothing"));
        println!("{bug:?}, {} states: {}\n    {}", seen.states, fault.what, fault.trace.join("\n    "));
        assert!(promises.iter().any(|promise| fault.what.starts_with(promise)), "{bug:?}: {fault:#?}");
    }
}

/// Either would do; together they also hold where the other is changed one day.
#[test]
fn begun_is_fenced_twice() {
    for bug in [Bug::BeginsThoughTaken, Bug::BeginsUnheld] {
        let seen = search(&Case { bug: Some(bug), faults: 0, ..PLAIN });
        assert!(seen.fault.is_none(), "{bug:?}: {:#?}", seen.fault);
    }
}
