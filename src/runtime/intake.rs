//! A request at the door: verified, stored, then acknowledged. Nothing is acted on here.

use super::account::Account;
use super::call::Node;
use super::{callback, webhooks};
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

/// An account that takes deliveries: in force, or held back until its faults are mended.
fn receiving(node: &Node, id: &AccountId) -> Result<Arc<Account>, Answer> {
    if let Some(account) = node.account(id) {
        return Ok(account);
    }
    match node.held().get(id).map(|held| held.account.clone()) {
        Some(Some(account)) => Ok(account),
        // Who signs cannot be told: the sender shall come again.
        Some(None) => Err(Answer::new(503, "this account is held back until its configuration is mended; send it again later")),
        None => Err(Answer::new(404, "no account of this name; the path is /hooks/lever/{account}/{event}")),
    }
}

/// A delivery on an account's own path, `/hooks/lever/{account}/{event}`.
pub async fn lever(node: &Node, account: &AccountId, event: LeverEvent, body: &[u8]) -> Answer {
    let now = node.clock.now();
    let account = match receiving(node, account) {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    let mut opened = open(&account, event, body, now);
    if matches!(&opened, Err(refusal) if refusal.status == 401) && webhooks::look_for_others(node).await {
        opened = open(&account, event, body, now);
    }
    settle(node, &account, event, opened, now).await
}

/// A delivery on the path that all accounts share, `/hooks/lever/{event}`: whose signing token fits is the tenant. The tokens of all
/// accounts are tried whichever fits, so that the time says nothing.
pub async fn lever_shared(node: &Node, event: LeverEvent, body: &[u8]) -> Answer {
    let now = node.clock.now();
    let (mut found, mut refused) = whose(node, event, body, now);
    if found.is_empty() && webhooks::look_for_others(node).await {
        (found, refused) = whose(node, event, body, now);
    }
    let refusal = match (found.pop(), found.is_empty()) {
        (Some((_, Err(refusal))), _) if refusal.status == 400 => refusal,
        (Some((account, opened)), true) => return settle(node, &account, event, opened, now).await,
        (Some(_), false) => {
            let reason = "several accounts have this signing token; use the path with the account's name".to_owned();
            Refusal { status: 401, reason }
        }
        (None, _) => refused.unwrap_or(Refusal { status: 401, reason: "no account has a signing token that fits".to_owned() }),
    };
    // The sender named no account, so it is counted with none.
    self::refused(node, None, "lever", &refusal.reason, refusal.status, now).await;
    refusal.into()
}

/// Accounts whose tokens fit, with what was opened.
type Fitting = Vec<(Arc<Account>, Result<Opened, Refusal>)>;

/// The accounts whose tokens fit, and why the others' do not.
fn whose(node: &Node, event: LeverEvent, body: &[u8], now: Timestamp) -> (Fitting, Option<Refusal>) {
    let (accounts, held) = (node.all_accounts(), node.held());
    let held = held.values().filter_map(|held| held.account.clone());
    let (mut found, mut refused) = (Vec::new(), None);
    for account in accounts.values().cloned().chain(held) {
        let tokens = account.signing();
        match webhook::open(event, body, Signing::Tokens(&tokens), now) {
            Err(refusal) if refusal.status == 401 => refused = Some(refusal),
            opened => found.push((account, opened)),
        }
    }
    (found, refused)
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
    let id = AccountId::new(connection.as_str());
    if node.held().contains_key(&id) {
        return Answer::new(503, "this account is held back until its configuration is mended; send it again later");
    }
    let account = node.account(&id);
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
        source: Source::Vendor { vendor: vendor.clone(), connection: connection.clone(), invitation: opened.invitation },
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

async fn settle(node: &Node, account: &Account, event: LeverEvent, opened: Result<Opened, Refusal>, now: Timestamp) -> Answer {
    let incoming = match opened {
        Ok(Opened::Event(incoming)) => incoming,
        Ok(Opened::Ping) => {
            tracing::info!(account = %account.id, %event, "Lever verified the connection");
            if let Err(error) = node.store.note_ping(&account.id, event, now).await {
                tracing::error!(%error, "a verified connection could not be noted");
            }
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

/// In KiB: bodies that wait for the store at once. What comes beyond is not accepted, and its sender comes again: a store that is slow must
/// not fill the memory with what nobody has kept yet.
pub(super) const ROOM: usize = 64 * 1024;

async fn store(node: &Node, delivery: Delivery, status: u16) -> Answer {
    let Ok(_waits) = node.room.try_acquire_many(room(&delivery.body)) else {
        return unavailable(&StoreError::Unavailable("more waits for it than there is room for".to_owned()));
    };
    metrics::counter!("leverd_deliveries_total", "account" => delivery.account.to_string()).increment(1);
    let (account, id) = (delivery.account.clone(), delivery.id);
    match node.store.deliver(delivery).await {
        Ok(Received::Stored) => {
            tracing::info!(%account, delivery = %id, "delivery stored");
            Answer::new(status, "")
        }
        Ok(Received::OtherBody(id)) => {
            tracing::info!(%account, delivery = %id, "delivery stored: a known token with another body");
            Answer::new(status, "")
        }
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
    // Counting what is refused must not hold up what is accepted.
    if let Some(account) = account
        && let Ok(_waits) = node.room.try_acquire()
        && let Err(error) = node.store.count_refusal(account, &format!("{from}: {status} {reason}"), now).await
    {
        tracing::error!(%error, "a refusal could not be counted");
    }
}

fn room(body: &[u8]) -> u32 {
    u32::try_from(body.len() / 1024 + 1).unwrap_or(u32::MAX)
}

fn digest(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}
