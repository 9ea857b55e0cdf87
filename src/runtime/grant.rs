//! Tokens of vendors: asked for, and, where asking spends a refresh token, its successor stored before anything is done with it.
//!
//! What is stored is sealed. A successor that the vendor refuses gives way to the secret of the configuration, which a person may have
//! replaced meanwhile.

use super::account::Account;
use super::call::{Node, Unready};
use super::line::{Line, unready};
use super::vault::Locked;
use crate::lang::adapter::{Auth, Rotation};
use crate::model::{Class, ConnectionName, Destination, Outcome, Reason, Secret, VendorName};
use crate::store::Renewed;
use crate::vendor::auth::{self, Token};
use jiff::Timestamp;
use std::collections::BTreeMap;

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
        None => return Err(Unready::Park(Reason::new("R8", "the adapter declares no way to get a token"))),
    };
    // That the endpoint refuses is told once it is clear that nothing else helps.
    node.admit(account, &request.to, class).await?;
    let exchange = node.exchange_with_token(account, &request).await;
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
    node.store.grant_login(&account.id, &connection(vendor), renewed, node.clock.now()).await?;
    Ok(token)
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
    Unready::Defer { until: None, reason: Reason::new("R11", format!("the refresh token of `{vendor}` cannot be kept: {why}")) }
}
