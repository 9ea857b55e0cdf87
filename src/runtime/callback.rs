//! Vendors' way in: our URLs with their secret tokens, and what comes on them.
//!
//! A token names the connection, or one invitation; then it is made of the attempt's id, so that it exists before the call is made.

use super::account::{Account, VendorConnection};
use super::call::Node;
use crate::lang::adapter::{Adapter, PathScope};
use crate::lever::webhook::Refusal;
use crate::model::{Assessment, AssessmentId, Secret, VendorName, hex};
use crate::vendor::{self, Incoming};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use std::net::IpAddr;

/// A vendor's delivery that was believed.
#[derive(Debug)]
pub(super) struct Believed {
    pub(super) dedupe: String,
    pub(super) signed: bool,
    /// The attempt that the path names.
    pub(super) invitation: Option<AssessmentId>,
    pub(super) reply: u16,
}

/// What a request on a vendor's path turned out to be.
#[derive(Debug)]
pub(super) enum Opened {
    /// The vendor asks whether we listen: answered with this, and not kept.
    Handshake {
        status: u16,
        text: String,
    },
    Delivery(Believed),
}

/// Opens a delivery: the token of its path, then what the adapter verifies.
#[expect(clippy::too_many_arguments, reason = "a request's parts, once")]
pub(super) fn open(
    node: &Node,
    account: &Account,
    connection: &VendorConnection,
    vendor: &VendorName,
    token: &str,
    body: &[u8],
    headers: &[(String, String)],
    from: Option<IpAddr>,
    now: Timestamp,
) -> Result<Opened, Refusal> {
    let refuse = |status: u16, reason: &str| Refusal { status, reason: reason.to_owned() };
    let active = account.active();
    let adapter = active.adapters.get(vendor).ok_or_else(|| refuse(404, "no pack of this account uses this vendor"))?;
    let webhook = adapter.webhook.as_ref().ok_or_else(|| refuse(404, "this vendor sends no webhooks"))?;
    let secret = connection.path_token.as_ref().ok_or_else(|| refuse(404, "the connection has no path token"))?;
    let wrong = || refuse(401, "the token in the path is wrong");
    let named = match webhook.path {
        PathScope::Connection => secret.matches(token.as_bytes()).then_some(None).ok_or_else(wrong)?,
        PathScope::Invitation => Some(invitation(secret, token).ok_or_else(wrong)?),
    };
    if let Some(reply) = vendor::handshake(adapter, body) {
        let text = reply.map_or_else(String::new, |reply| match reply {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        });
        return Ok(Opened::Handshake { status: webhook.reply, text });
    }
    // Some vendors only say that there is something to fetch, in a request without a body.
    let told = body.iter().any(|byte| !byte.is_ascii_whitespace());
    if told && !webhook.signed() && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err() {
        return Err(refuse(400, "the body is not JSON"));
    }
    let url = path(node, vendor, account, token);
    let incoming = Incoming { headers, body, url: &url, received: now, from };
    let believed = vendor::verify(adapter, &incoming, &connection.secrets).map_err(|error| refuse(401, &error.to_string()))?;
    // The same words about two invitations are two messages.
    let dedupe = vendor::dedupe(adapter, &incoming);
    let dedupe = named.map_or_else(|| dedupe.clone(), |invitation| format!("{invitation}:{dedupe}"));
    Ok(Opened::Delivery(Believed { dedupe, signed: believed.signed, invitation: named, reply: webhook.reply }))
}

/// The URL of a connection's own deliveries, for vendors whose webhook is registered once.
pub(super) fn connection_url(node: &Node, account: &Account, vendor: &VendorName) -> Option<String> {
    let secret = account.vendors.get(vendor)?.path_token.as_ref()?;
    Some(path(node, vendor, account, secret.expose()))
}

/// Our own URL for a vendor's deliveries.
fn path(node: &Node, vendor: &VendorName, account: &Account, token: &str) -> String {
    let base = node.public_url.load();
    let base = base.as_ref().as_ref().map_or("", |url| url.as_str().trim_end_matches('/'));
    format!("{base}/hooks/{vendor}/{}/{token}", account.id)
}

/// The URL to give a vendor, with the connection's token or one that names the invitation.
pub(super) fn callback_url(
    node: &Node,
    account: &Account,
    vendor: &VendorName,
    adapter: &Adapter,
    row: &Assessment,
) -> Option<String> {
    let secret = account.vendors.get(vendor)?.path_token.as_ref()?;
    let token = match adapter.webhook.as_ref()?.path {
        PathScope::Connection => secret.expose().to_owned(),
        PathScope::Invitation => format!("{}-{}", row.id, seal(secret, row.id)),
    };
    Some(path(node, vendor, account, &token))
}

/// The attempt that an invitation's token names, if the token is ours. It exists before the call is made, so an early delivery finds
/// its owner.
fn invitation(secret: &Secret, token: &str) -> Option<AssessmentId> {
    let (id, presented) = token.split_once('-')?;
    let id: AssessmentId = id.parse().ok()?;
    Secret::new(seal(secret, id)).matches(presented.as_bytes()).then_some(id)
}

fn seal(secret: &Secret, id: AssessmentId) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return String::new() };
    mac.update(id.to_string().as_bytes());
    hex(mac.finalize().into_bytes().split_at(16).0)
}
