//! Requests to Lever that a process leaves behind when it dies: they may arrive while the next one runs.
//!
//! Before an account's first request the store says how many there may be, those that were found included; once a process is older than
//! any request can travel, only its own. It leans on `http` for the arithmetic and on the store for one small row.

use super::call::Node;
use crate::http::{Rate, RateGate};
use crate::model::AccountId;
use crate::store::Result;
use tokio_util::sync::CancellationToken;

const CURSOR: &str = "requests abroad";

/// How many requests to Lever may be abroad from earlier processes, now that the account's work begins in this one; `None` where there
/// was none.
pub(super) async fn found(node: &Node, account: &AccountId, rate: Rate) -> Result<Option<u32>> {
    let found = node.store.cursor(account, CURSOR).await?;
    // An account that was held back until now is no news of earlier processes: what they left behind arrived long ago.
    let outlived = node.gates.age() >= rate.late;
    let abroad = found.as_deref().map(|found| if outlived { 0 } else { found.parse().unwrap_or(rate.burst) });
    node.store.set_cursor(account, CURSOR, &rate.to_assume(abroad.unwrap_or(0)).to_string()).await?;
    Ok(abroad)
}

/// A gate for a credential that is new in this process. In an account that is new here nothing was spent, and its first answers come
/// without a pause.
pub(super) fn gate(rate: Rate, abroad: Option<u32>) -> RateGate {
    abroad.map_or_else(|| RateGate::new(rate), |abroad| RateGate::used(rate, abroad))
}

/// Waits until what earlier processes left behind can arrive no more, and says so to the next one.
pub(super) async fn outlive(node: &Node, cancel: &CancellationToken) {
    tokio::select! { biased; () = cancel.cancelled() => return, () = tokio::time::sleep(Rate::LEVER.late) => {} }
    for account in node.all_accounts().keys() {
        if let Err(error) = node.store.set_cursor(account, CURSOR, &Rate::LEVER.to_assume(0).to_string()).await {
            // Then the next process is more careful than it has to be.
            tracing::warn!(%account, %error, "it could not be stored that no earlier request is under way any more");
        }
    }
}
