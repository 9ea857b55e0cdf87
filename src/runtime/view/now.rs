//! How everything stands at this moment, account by account.

use crate::model::{AccountId, Notice};
use crate::runtime::account::{Account, Connection};
use crate::runtime::call::Node;
use crate::runtime::clock;
use crate::runtime::service::ReloadState;
use crate::runtime::status::{self, AccountStatus};
use crate::store::{NodeRow, Result};
use jiff::{SignedDuration, Timestamp};
use std::sync::PoisonError;

/// So many notices are shown.
const NOTICES: usize = 20;

/// Everything.
#[derive(Debug)]
pub struct Now {
    pub at: Timestamp,
    /// How far the clock is from Lever's, if that is too far to trust.
    pub clock: Option<SignedDuration>,
    pub accounts: Vec<AccountNow>,
    pub notices: Vec<(AccountId, Notice)>,
    /// Who has the store, where several may; and which of them shows this.
    pub nodes: Vec<NodeRow>,
    pub this: u64,
}

/// One account.
#[derive(Debug)]
pub struct AccountNow {
    pub status: AccountStatus,
    /// The hash of the rules in force; `None` while the account is held back.
    pub hash: Option<String>,
    /// How the last load of its rules went.
    pub reload: Option<ReloadState>,
    /// Who sent what last, and when: `Lever`, `candidateStageChange`.
    pub last: Vec<(String, String, Timestamp)>,
    /// Lever first, then the vendors.
    pub connections: Vec<ConnectionNow>,
}

impl AccountNow {
    /// Whether somebody has to look at it.
    pub fn is_well(&self) -> bool {
        let connected = self.connections.iter().all(|one| one.suspended.is_none() && !one.down);
        self.status.fault.is_none() && self.status.parked == 0 && connected && self.hash.is_some()
    }
}

/// One destination.
#[derive(Debug)]
pub struct ConnectionNow {
    pub name: String,
    /// Since when it refuses our credentials.
    pub suspended: Option<Timestamp>,
    /// It does not answer; work for it waits.
    pub down: bool,
    /// How many requests may be started at once, and of how many.
    pub left: u32,
    pub of: u32,
    pub per_second: f64,
    pub paused: bool,
}

/// The latest of each sender. What leverd itself asked for is no delivery.
fn last(heard: &[(String, u64, Timestamp)]) -> Vec<(String, String, Timestamp)> {
    let mut last: Vec<(String, String, Timestamp)> = Vec::new();
    for (what, _, at) in heard {
        let (source, event) = what.split_once(' ').unwrap_or((what, ""));
        let sender = match source.strip_prefix("vendor:") {
            Some(vendor) => vendor.split('/').next().unwrap_or(vendor),
            None if source == "lever" => "Lever",
            None => continue,
        };
        match last.iter_mut().find(|(known, _, _)| known == sender) {
            Some(known) if known.2 < *at => (known.1, known.2) = (event.to_owned(), *at),
            Some(_) => {}
            None => last.push((sender.to_owned(), event.to_owned(), *at)),
        }
    }
    last
}

/// Reads it all.
pub async fn of(node: &Node) -> Result<Now> {
    let at = node.clock.now();
    let reloads = node.reloads.load_full();
    let held = node.held();
    let mut accounts = Vec::new();
    for status in status::of(node).await? {
        let id = status.account.clone();
        let account = node.account(&id);
        let connections = account.as_deref().map(connections).unwrap_or_default();
        accounts.push(AccountNow {
            hash: account.as_ref().map(|account| account.active().program.hash().to_owned()),
            reload: reloads.get(&id).cloned().filter(|_| !held.contains_key(&id)),
            last: last(&status.heard),
            connections,
            status,
        });
    }
    // Who needs somebody comes first.
    accounts.sort_by_key(|account| (account.is_well(), account.status.account.clone()));
    let jump = node.clock.jump();
    let clock = (jump.abs() > clock::TOLERATED).then_some(jump);
    let nodes = if node.store.is_shared() { node.store.nodes(at).await? } else { Vec::new() };
    let (notices, this) = (node.store.notices(None, NOTICES).await?, node.store.epoch());
    Ok(Now { at, clock, accounts, notices, nodes, this })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a budget is a small number and never below nothing"
)]
fn connection(name: &str, connection: &Connection) -> ConnectionNow {
    let left = connection.gate.left();
    ConnectionNow {
        name: name.to_owned(),
        suspended: connection.suspended(),
        down: connection.breaker.lock().unwrap_or_else(PoisonError::into_inner).is_open(),
        left: left.requests.max(0.0) as u32,
        of: left.of,
        per_second: left.per_second,
        paused: left.paused,
    }
}

fn connections(account: &Account) -> Vec<ConnectionNow> {
    let mut all = vec![connection("Lever", &account.lever)];
    all.extend(account.vendors.iter().map(|(name, vendor)| connection(name.as_str(), &vendor.connection)));
    all
}
