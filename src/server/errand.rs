//! What commands ask of the process that holds the store, because it alone has the tokens, the budgets and the accounts in force.
//!
//! They come through the side door, one line of JSON each; where no leverd runs, a command carries them out itself.

use super::side;
use crate::model::AccountId;
use crate::runtime::{Node, doctor, login, status, tokens, webhooks};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// An errand may ask Lever and vendors many times.
pub(super) const PATIENCE: Duration = Duration::from_secs(180);

/// One errand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "errand", rename_all = "snake_case")]
pub enum Errand {
    /// A link by which a Super Admin connects the account.
    Link { account: AccountId, seconds: i64 },
    /// When a person last logged in, if ever.
    Connected { account: AccountId },
    /// Webhooks at Lever and the vendors.
    Webhooks { account: AccountId, carry_out: bool },
    /// What is right and what is not.
    Doctor { account: AccountId },
    /// A link that lets its opener into the console.
    Console,
    /// The state of everything.
    Status,
    /// A person looked at what a restored store could not know. Whether there was anything to end.
    Settled,
    /// The access token in use: for commands that read from Lever themselves.
    Token { account: AccountId },
}

/// Carries an errand out.
pub async fn carry_out(errand: Errand, node: &Arc<Node>) -> Result<Value, String> {
    let known =
        |account: &AccountId| node.known(account).ok_or_else(|| format!("the running leverd has no account `{account}`"));
    let find = |account: &AccountId| {
        if let Some(held) = node.held().get(account) {
            return Err(format!("account `{account}` is held back:\n{}", held.why));
        }
        node.account(account).ok_or_else(|| format!("the running leverd has no account `{account}`"))
    };
    let text = |error: &dyn std::fmt::Display| error.to_string();
    match errand {
        Errand::Link { account, seconds } => {
            login::link(node, &*known(&account)?, SignedDuration::from_secs(seconds)).await.map(Value::from)
        }
        Errand::Connected { account } => {
            let grant = node.store.grant(&account, &tokens::connection()).await.map_err(|error| text(&error))?;
            let working = grant.filter(|grant| grant.refused_at.is_none());
            Ok(json!(working.map(|grant| grant.granted_at)))
        }
        Errand::Webhooks { account, carry_out } => {
            let account = find(&account)?;
            let made = webhooks::ensure(node, &account, carry_out).await.map_err(|error| text(&error))?;
            let vendors = webhooks::vendors(node, &account, carry_out).await;
            Ok(json!({ "lever": made, "vendors": vendors }))
        }
        Errand::Doctor { account } => Ok(json!(doctor::examine(node, &*find(&account)?).await)),
        Errand::Console => node.access.link(node.clock.now()).map(Value::from),
        Errand::Settled => node.store.end_caution().await.map(Value::from).map_err(|error| text(&error)),
        Errand::Status => status::of(node).await.map(|status| json!(status)).map_err(|error| text(&error)),
        Errand::Token { account } => {
            let account = known(&account)?;
            tokens::access(node, &account).await.map(|token| Value::from(token.expose()))
        }
    }
}

/// Has the process that holds the store run an errand; `None` if there is none.
pub async fn ask(store: &Path, errand: &Errand) -> io::Result<Option<Result<Value, String>>> {
    side::line(store, &serde_json::to_string(errand).map_err(io::Error::other)?).await
}
