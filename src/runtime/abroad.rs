//! Requests to Lever that a process leaves behind when it dies, or that another node sent: they may arrive while the next one runs.
//!
//! Before an account's first request the store says how many there may be, those that were found included; once a process is older than
//! any request can travel, only its own. It leans on `http` for the arithmetic and on the store for one small row.

use super::call::Node;
use crate::http::{Rate, RateGate};
use crate::model::AccountId;
use crate::store::Result;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const CURSOR: &str = "requests abroad";

/// How many requests to Lever may be abroad from earlier processes, now that the account's work begins in this one; `None` where there
/// was none. Where several nodes have the store, it begins when the account is taken.
pub(super) async fn found(node: &Node, account: &AccountId, rate: Rate) -> Result<Option<u32>> {
    if node.tenure.is_shared() {
        return Ok(Some(0));
    }
    // An account that was held back until now is no news of earlier processes: what they left behind arrived long ago.
    before(node, account, rate, node.gates.age() >= rate.late).await
}

async fn before(node: &Node, account: &AccountId, rate: Rate, outlived: bool) -> Result<Option<u32>> {
    let found = node.store.cursor(account, CURSOR).await?;
    let abroad = found.as_deref().map(|found| if outlived { 0 } else { found.parse().unwrap_or(rate.burst) });
    node.store.set_cursor(account, CURSOR, &rate.to_assume(abroad.unwrap_or(0)).to_string()).await?;
    Ok(abroad)
}

/// The account is this node's from now on: what others sent for it counts.
pub(super) async fn taken(node: &Node, account: &AccountId) -> Result<()> {
    let before = before(node, account, Rate::LEVER, false).await?;
    if let (Some(abroad), Some(account)) = (before, node.account(account)) {
        account.lever.gate.inherit(abroad);
        account.vendors.values().for_each(|vendor| vendor.connection.gate.inherit(0));
    }
    Ok(())
}

/// A gate for a credential that is new in this process. In an account that is new here nothing was spent, and its first answers come
/// without a pause.
pub(super) fn gate(rate: Rate, abroad: Option<u32>) -> RateGate {
    abroad.map_or_else(|| RateGate::new(rate), |abroad| RateGate::used(rate, abroad))
}

/// For how long a request to Lever may be abroad.
pub(super) const fn late() -> Duration {
    Rate::LEVER.late
}

/// Says to whoever comes next that nothing from before this process can arrive any more.
pub(super) async fn outlived(node: &Node, account: &AccountId) {
    let said = node.store.set_cursor(account, CURSOR, &Rate::LEVER.to_assume(0).to_string()).await;
    if let Err(error) = said {
        // Then the next process is more careful than it has to be.
        tracing::warn!(%account, %error, "it could not be stored that no earlier request is under way any more");
    }
}

/// Waits until what earlier processes left behind can arrive no more, and says so to the next one.
pub(super) async fn outlive(node: &Node, cancel: &CancellationToken) {
    if node.tenure.is_shared() {
        return;
    }
    tokio::select! { biased; () = cancel.cancelled() => return, () = tokio::time::sleep(late()) => {} }
    for account in node.all_accounts().keys() {
        outlived(node, account).await;
    }
}
