//! What people do by the console. Each deed is recorded before it is done; where it cannot be recorded it is not done.

use crate::model::{AccountId, Code, Reason};
use crate::runtime::access::Visitor;
use crate::runtime::call::Node;
use crate::runtime::service;
use crate::store::{Deed, StoreError, Work};
use std::collections::BTreeSet;

/// What a person wants of parked work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    Retry,
    Skip { reason: String },
}

/// Records that somebody does something.
pub async fn record(
    node: &Node,
    who: &Visitor,
    account: Option<&AccountId>,
    what: &str,
    about: &str,
) -> Result<(), StoreError> {
    let how = who.how.as_str();
    let deed = Deed::new(&who.name, how, account, what, about, node.clock.now(), node.store.commits().1);
    // What a person writes as a reason may be about a candidate: the log has the verb alone.
    let verb = what.split(':').next().unwrap_or(what);
    tracing::info!(who = %deed.who, how, what = verb, about, "console");
    node.store.record(vec![deed]).await
}

/// Retries or skips parked work; how much of it was still parked. What is not parked any more is left alone.
pub async fn wish(node: &Node, who: &Visitor, works: &[(AccountId, Work)], wish: &Wish) -> Result<usize, StoreError> {
    let parked: BTreeSet<(AccountId, Work)> =
        node.store.parked(None).await?.into_iter().map(|row| (row.account, row.work)).collect();
    let mut done = 0;
    for (account, work) in works.iter().filter(|one| parked.contains(*one)) {
        match wish {
            Wish::Retry => {
                record(node, who, Some(account), &Deed::of_wish(None), &work.to_string()).await?;
                service::retry(node, account, *work).await?;
            }
            Wish::Skip { reason } => {
                record(node, who, Some(account), &Deed::of_wish(Some(reason)), &work.to_string()).await?;
                let reason = Reason::new(Code::Skipped, reason.as_str());
                node.store.skip(account, *work, reason, node.clock.now()).await?;
            }
        }
        done += 1;
    }
    Ok(done)
}
