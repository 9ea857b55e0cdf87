//! A request at the door: verified, stored, then acknowledged. Nothing is acted on here.

use super::account::Account;
use super::call::Node;
use super::callback;
use crate::lever::webhook::{self, Opened, Refusal, Signing};
use crate::model::{AccountId, ConnectionName, Delivery, DeliveryId, Hint, LeverEvent, Source, VendorName, hex};
use crate::store::{Received, StoreError};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::sync::Arc;

/// What a webhook's sender is answered. The text is for people who look at their vendor's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl Answer {
    fn new(status: u16, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    fn unavailable() -> Self {
        Self::new(503, "the delivery could not be stored; send it again later")
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.status, refusal.reason)
    }
}

/// A delivery on an account's own path, `/hooks/lever/{account}/{event}`.
pub async fn lever(node: &Node, account: &AccountId, event: LeverEvent, body: &[u8]) -> Answer {
    let now = node.clock.now();
    let Some(account) = node.account(account) else {
        return Answer::new(404, "no account of this name; the path is /hooks/lever/{account}/{event}");
    };
    let opened = open(&account, event, body, now);
    settle(node, &account, opened, now).await
}

/// A delivery on the path that all accounts share, `/hooks/lever/{event}`: whose signing token fits is the tenant.
pub async fn lever_shared(node: &Node, event: LeverEvent, body: &[u8]) -> Answer {
    let now = node.clock.now();
    let accounts = node.all_accounts();
    let mut refused = None;
    for account in accounts.values().filter(|account| !account.signing().is_empty()) {
        let tokens = account.signing();
        match webhook::open(event, body, Signing::Tokens(&tokens), now) {
            Err(refusal) if refusal.status == 401 => {
                refused.get_or_insert((Arc::clone(account), refusal));
            }
            opened => return settle(node, account, opened, now).await,
        }
    }
    match refused {
        // Nobody's signature: counted with the first account, since the sender named none.
        Some((account, refusal)) => settle(node, &account, Err(refusal), now).await,
        None => Answer::new(401, "no account has a signing token that fits"),
    }
}

/// A vendor's delivery, `/hooks/{vendor}/{connection}/{token}`, from that address as far as it is known.
pub async fn vendor(
    node: &Node,
    vendor: &VendorName,
    connection: &ConnectionName,
    token: &str,
    body: &[u8],
    headers: &[(String, String)],
    from: Option<IpAddr>,
) -> Answer {
    let now = node.clock.now();
    let account = node.account(&AccountId::new(connection.as_str()));
    let found = account.as_ref().and_then(|account| account.vendors.get(vendor).map(|vendor| (account, vendor)));
    let Some((account, known)) = found else {
        return Answer::new(404, "no connection of this name");
    };
    let opened = match callback::open(node, account, known, vendor, token, body, headers, from, now) {
        Ok(opened) => opened,
        Err(refusal) => return refuse(node, account, vendor.as_str(), refusal, now).await,
    };
    let opened = match opened {
        callback::Opened::Handshake { status, text } => return Answer::new(status, text),
        callback::Opened::Delivery(opened) => opened,
    };
    let digest = digest(body);
    let delivery = Delivery {
        id: DeliveryId::derive(now, &[account.id.as_str(), vendor.as_str(), &opened.dedupe, &digest]),
        account: account.id.clone(),
        source: Source::Vendor { vendor: vendor.clone(), connection: connection.clone(), token: opened.token },
        dedupe: opened.dedupe,
        digest,
        body: body.to_vec(),
        received: now,
        hint: (!opened.signed).then_some(Hint::Unsigned),
    };
    store(node, delivery, opened.reply).await
}

fn open(account: &Account, event: LeverEvent, body: &[u8], now: Timestamp) -> Result<Opened, Refusal> {
    let tokens = account.signing();
    let signing = if tokens.is_empty() && account.unsigned { Signing::Unsigned } else { Signing::Tokens(&tokens) };
    webhook::open(event, body, signing, now)
}

async fn settle(node: &Node, account: &Account, opened: Result<Opened, Refusal>, now: Timestamp) -> Answer {
    let incoming = match opened {
        Ok(Opened::Event(incoming)) => incoming,
        Ok(Opened::Ping) => {
            tracing::info!(account = %account.id, "Lever verified the connection");
            return Answer::new(200, "connection verified");
        }
        Err(refusal) => return refuse(node, account, "lever", refusal, now).await,
    };
    let delivery = Delivery {
        id: DeliveryId::derive(now, &[account.id.as_str(), "lever", &incoming.dedupe, &incoming.digest]),
        account: account.id.clone(),
        source: Source::Lever { event: incoming.event },
        dedupe: incoming.dedupe,
        digest: incoming.digest,
        body: incoming.body,
        received: now,
        hint: incoming.hint,
    };
    store(node, delivery, 200).await
}

async fn store(node: &Node, delivery: Delivery, status: u16) -> Answer {
    metrics::counter!("leverd_deliveries_total", "account" => delivery.account.to_string()).increment(1);
    match node.store.deliver(delivery).await {
        Ok(Received::Stored | Received::OtherBody(_)) => Answer::new(status, ""),
        Ok(Received::Duplicate) => Answer::new(status, "known already"),
        Ok(Received::Dropped) => Answer::new(status, "this token came with too many bodies"),
        Err(error) => unavailable(&error),
    }
}

fn unavailable(error: &StoreError) -> Answer {
    tracing::error!(%error, "a delivery was not accepted");
    metrics::counter!("leverd_deliveries_unavailable_total").increment(1);
    Answer::unavailable()
}

async fn refuse(node: &Node, account: &Account, from: &str, refusal: Refusal, now: Timestamp) -> Answer {
    refused(node, Some(&account.id), from, &refusal.reason, refusal.status, now).await;
    refusal.into()
}

/// Counts a refusal: in the store, so that `why` can tell of it, and as a metric.
pub async fn refused(node: &Node, account: Option<&AccountId>, from: &str, reason: &str, status: u16, now: Timestamp) {
    metrics::counter!("leverd_refused_total", "status" => status.to_string(), "from" => from.to_owned()).increment(1);
    tracing::warn!(account = account.map(AccountId::as_str), from, status, reason, "a delivery was refused");
    if let Some(account) = account
        && let Err(error) = node.store.count_refusal(account, &format!("{from}: {status} {reason}"), now).await
    {
        tracing::error!(%error, "a refusal could not be counted");
    }
}

fn digest(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}
