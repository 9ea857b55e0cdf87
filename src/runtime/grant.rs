//! Tokens of vendors: asked for, and, where asking spends a refresh token, its successor stored before anything is done with it.
//!
//! What is stored is sealed. A successor that the vendor refuses gives way to the secret of the configuration, which a person may have
//! replaced meanwhile.

use super::account::Account;
use super::call::{Node, Unready};
use super::line::{Line, unready};
use super::vault::Locked;
use crate::lang::adapter::{Auth, Rotation};
use crate::model::{AccountId, Class, Code, ConnectionName, Destination, Outcome, Reason, Secret, VendorName};
use crate::store::{Renewed, Store, StoreError};
use crate::vendor::auth::{self, Token};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// A store that does not take a successor is tried again after this.
const AGAIN: Duration = Duration::from_secs(2);

/// A new token for a line.
pub(super) async fn ask(node: &Node, account: &Account, line: &Line, class: Class) -> Result<Token, Unready> {
    let rotation = match &line.adapter.auth {
        Auth::Token(call) => call.rotates.as_ref(),
        _ => None,
    };
    let Some(rotation) = rotation else {
        return settled(node, account, line, once(node, account, line, line.secrets(), class).await?).await;
    };
    if !node.vault.load().has_key() {
        return Err(locked(line.vendor(), &Locked::NoKey));
    }
    if let Some(successor) = kept(node, account, line.vendor()).await? {
        let secrets = line.with_secret(&rotation.secret, successor);
        match once(node, account, line, &secrets, class).await? {
            Err(Outcome::Suspended { .. }) => {}
            told => return rotated(node, account, line, rotation, told).await,
        }
    }
    let told = once(node, account, line, line.secrets(), class).await?;
    rotated(node, account, line, rotation, told).await
}

/// Asks once.
async fn once(
    node: &Node,
    account: &Account,
    line: &Line,
    secrets: &BTreeMap<String, Secret>,
    class: Class,
) -> Result<Result<Token, Outcome>, Unready> {
    let inputs = BTreeMap::new();
    let request = match auth::request(&line.adapter, line.bare(secrets, &inputs)) {
        Some(request) => request.map_err(Unready::Park)?,
        None => return Err(Unready::Park(Reason::new(Code::R8, "the adapter declares no way to get a token"))),
    };
    // That the endpoint refuses is told once it is clear that nothing else helps.
    let leave = node.admit_further(account, &request.to, class).await?;
    let exchange = node.exchange_with_token(account, &request, leave).await;
    Ok(auth::read(&line.adapter, &exchange, node.clock.now()))
}

/// The token, or why there is none; a refusal suspends the connection.
async fn settled(node: &Node, account: &Account, line: &Line, told: Result<Token, Outcome>) -> Result<Token, Unready> {
    match told {
        Ok(token) => Ok(token),
        Err(outcome) => {
            if matches!(outcome, Outcome::Suspended { .. }) {
                node.suspend(account, &Destination::Vendor(line.vendor().clone()), node.clock.now()).await;
            }
            Err(unready(node, outcome))
        }
    }
}

/// The same, and the successor of the refresh token kept.
async fn rotated(
    node: &Node,
    account: &Account,
    line: &Line,
    rotation: &Rotation,
    told: Result<Token, Outcome>,
) -> Result<Token, Unready> {
    let token = settled(node, account, line, told).await?;
    let Some((_, successor)) = token.rotated.as_ref().filter(|(name, _)| *name == rotation.secret) else { return Ok(token) };
    let vendor = line.vendor();
    let seal = |what: &str, secret: &Secret| {
        node.vault.load().seal(&account.id, &place(vendor, what), secret).map_err(|why| locked(vendor, &why))
    };
    let renewed = Renewed {
        access: seal("access", &token.secret)?,
        refresh: seal("refresh", successor)?,
        scope: String::new(),
        expires_at: token.expires_at.unwrap_or(Timestamp::MAX),
    };
    let keeper = Keeper { store: node.store.clone(), account: account.id.clone(), connection: connection(vendor) };
    let now = node.clock.now();
    // In a task of its own: it ends even if nobody waits for it any more.
    let kept = tokio::spawn(async move { keeper.keep(renewed, now).await }).await;
    let lost = |_| {
        let text = "keeping the refresh token failed inside leverd; please report it";
        Unready::Defer { until: None, reason: Reason::new(Code::Bug, text) }
    };
    kept.map_err(lost)??;
    Ok(token)
}

/// What keeping a successor needs, on its own.
struct Keeper {
    store: Store,
    account: AccountId,
    connection: ConnectionName,
}

impl Keeper {
    /// Stores until it is stored: the token before it is spent, and there is no second copy.
    async fn keep(&self, renewed: Renewed, now: Timestamp) -> Result<(), StoreError> {
        loop {
            match self.store.grant_login(&self.account, &self.connection, renewed.clone(), now).await {
                Err(StoreError::Unavailable(why)) => {
                    tracing::error!(why, account = %self.account, "a refresh token could not be stored; trying again");
                    tokio::time::sleep(AGAIN).await;
                }
                settled => return settled.map(|_| ()),
            }
        }
    }
}

/// The refresh token that the last answer brought.
async fn kept(node: &Node, account: &Account, vendor: &VendorName) -> Result<Option<Secret>, Unready> {
    let Some(grant) = node.store.grant(&account.id, &connection(vendor)).await? else { return Ok(None) };
    let opened = node.vault.load().open(&account.id, &place(vendor, "refresh"), &grant.refresh);
    opened.map(Some).map_err(|why| locked(vendor, &why))
}

fn connection(vendor: &VendorName) -> ConnectionName {
    ConnectionName::new(format!("vendor {vendor}"))
}

fn place(vendor: &VendorName, what: &str) -> String {
    format!("vendor {vendor} {what}")
}

fn locked(vendor: &VendorName, why: &Locked) -> Unready {
    Unready::Defer {
        until: None,
        reason: Reason::new(Code::R11, format!("the refresh token of `{vendor}` cannot be kept: {why}")),
    }
}
