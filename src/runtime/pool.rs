//! One budget over all nodes for a credential that several accounts use: a vendor counts requests, not our machines.
//!
//! An account's own credential needs nothing of this: one node works on the account. What several accounts use may be used by several
//! nodes, so each request is drawn from the store first, beside the gate of this process, which keeps the order. It leans on the
//! store's commits.

use super::account::Connection;
use super::call::{Node, Unready};
use crate::http::Leave;
use crate::store::lease::{Draw, Drawn};
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use std::time::Duration;

/// The store did not answer.
const AGAIN: Duration = Duration::from_secs(1);

/// What was drawn, until it is dropped.
struct Held {
    store: Store,
    draw: Draw,
    /// The database has the time; a store that has none goes by this.
    at: Timestamp,
}

impl Drop for Held {
    fn drop(&mut self) {
        let (store, draw, at) = (self.store.clone(), self.draw.clone(), self.at);
        // Whoever ends may be cancelled. Without a runtime the process ends, and what it drew ends with it.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            loop {
                let wait = match store.end_draw(draw.clone(), at).await {
                    Ok(false) => Duration::from_millis(20),
                    Err(StoreError::Unavailable(_)) => AGAIN,
                    Ok(true) | Err(_) => return,
                };
                tokio::time::sleep(wait).await;
            }
        });
    }
}

/// Draws one request of a connection's credential, where other nodes may use it too.
pub(super) async fn drawn(node: &Node, connection: &Connection, mut leave: Leave) -> Result<Leave, Unready> {
    if !node.tenure.draws() || !node.gates.is_pooled(&connection.credential) {
        return Ok(leave);
    }
    let rate = connection.gate.rate();
    let draw = Draw::new(&connection.credential, rate.burst, rate.per_second);
    loop {
        let (store, draw, at) = (node.store.clone(), draw.clone(), node.clock.now());
        // In a task of its own: what was drawn for somebody who is gone ends.
        let asked = tokio::spawn(async move {
            let drawn = store.draw(draw.clone(), at).await;
            // It may have been drawn although nobody was told.
            let held = matches!(drawn, Ok(Drawn::Now) | Err(StoreError::Unavailable(_))).then(|| Held { store, draw, at });
            drawn.map(|drawn| (drawn, held))
        });
        let asked = asked.await.unwrap_or_else(|_| Err(StoreError::Unavailable("asking for the budget failed".to_owned())));
        match asked? {
            (Drawn::Now, held) => {
                leave.keep(Box::new(held));
                break;
            }
            (Drawn::Not(wait), _) => tokio::time::sleep(Duration::try_from(wait).unwrap_or(AGAIN)).await,
        }
    }
    Ok(leave)
}
