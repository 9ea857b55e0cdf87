//! Our webhook at a vendor: registered where the vendor's API does that, given with each invitation, or told to a person.
//!
//! Registering is harmless to repeat: what is registered is listed first, and listed again when nobody knows whether it worked.

use super::account::Account;
use super::call::{Node, Unready};
use super::callback::connection_url;
use super::line::{self, Entered, Line};
use crate::lang::adapter::{Adapter, PathScope, Subscribe};
use crate::model::{Class, Code, Outcome, Reason, Value, VendorName};
use crate::vendor::{Talk, Turn};
use std::collections::BTreeMap;

/// How a vendor comes to know where to send. URLs hold the connection's secret token: they are for the eyes of whoever connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// The vendor sends nothing; it is asked.
    Never,
    /// Each invitation carries its own URL.
    AtInvite,
    /// It is registered already.
    There { url: String },
    /// It was registered now.
    Made { url: String },
    /// It is not registered; nothing was done about it.
    Lacking { url: String },
    /// A person enters it at the vendor, as the adapter's `setup` says.
    ByHand { url: String, setup: Option<String> },
}

/// Looks how the vendor knows our webhook, and registers it if `create` says so.
pub async fn vendor(node: &Node, account: &Account, vendor: &VendorName, create: bool) -> Result<Registration, Reason> {
    let Some(adapter) = account.active().adapters.get(vendor).cloned() else {
        return Err(Reason::new(Code::R2, format!("no pack of account `{}` uses `{vendor}`", account.id)));
    };
    let Some(webhook) = &adapter.webhook else { return Ok(Registration::Never) };
    if webhook.path == PathScope::Invitation || told_at_invite(&adapter) {
        return Ok(Registration::AtInvite);
    }
    let url = address(node, account, vendor)?;
    let Some(subscribe) = &adapter.subscribe else {
        return Ok(Registration::ByHand { url, setup: adapter.setup.clone() });
    };
    if registered(node, account, vendor, subscribe, &url).await? {
        return Ok(Registration::There { url });
    }
    if !create {
        return Ok(Registration::Lacking { url });
    }
    match register(node, account, vendor, subscribe, &url).await {
        Ok(()) => Ok(Registration::Made { url }),
        Err(_) if registered(node, account, vendor, subscribe, &url).await? => Ok(Registration::Made { url }),
        Err(reason) => Err(reason),
    }
}

/// Whether the invitation carries our URL.
fn told_at_invite(adapter: &Adapter) -> bool {
    adapter.operations.get("invite").is_some_and(|invite| invite.reads.contains("callback_url"))
}

/// The connection's URL, or what lacks for it.
fn address(node: &Node, account: &Account, vendor: &VendorName) -> Result<String, Reason> {
    let lacks = |what: &str| Reason::new(Code::R11, format!("{what}, so that `{vendor}` cannot be told where to send"));
    if node.public_url.load().is_none() {
        return Err(lacks("leverd.yaml has no `server.public_url`"));
    }
    connection_url(node, account, vendor)
        .ok_or_else(|| lacks(&format!("account `{}` gives `{vendor}` no `path_token`, the secret part of the URL", account.id)))
}

async fn registered(
    node: &Node,
    account: &Account,
    vendor: &VendorName,
    subscribe: &Subscribe,
    url: &str,
) -> Result<bool, Reason> {
    let inputs = inputs(url);
    let items = line::list(node, account, vendor, &subscribe.list, &inputs, Class::Person, &Entered::default())
        .await
        .map_err(reason)?;
    let same = |known: &str| known.trim_end_matches('/') == url.trim_end_matches('/');
    let urls = items.into_iter().flatten().filter_map(|mut item| item.remove("url"));
    Ok(urls.into_iter().any(|known| known.as_text().is_some_and(same)))
}

async fn register(node: &Node, account: &Account, vendor: &VendorName, subscribe: &Subscribe, url: &str) -> Result<(), Reason> {
    let line = Line::to(node, account, vendor).await.map_err(reason)?;
    let inputs = inputs(url);
    let mut talk = Talk::new(&line.adapter, &subscribe.create, line.supplies(&inputs, false, false))?;
    loop {
        let request = talk.request()?;
        let exchange = line.send(node, account, &request, Class::Person, &Entered::default()).await.map_err(reason)?;
        match talk.answer(&exchange) {
            Turn::Next => {}
            Turn::Over(Outcome::Done { .. }) => return Ok(()),
            Turn::Over(
                Outcome::Skipped { reason }
                | Outcome::Retry { reason, .. }
                | Outcome::Unknown { reason }
                | Outcome::Dead { reason }
                | Outcome::Suspended { reason },
            ) => return Err(reason),
        }
    }
}

fn inputs(url: &str) -> BTreeMap<String, Value> {
    BTreeMap::from([("callback_url".to_owned(), Value::text(url))])
}

fn reason(unready: Unready) -> Reason {
    match unready {
        Unready::Defer { reason, .. } | Unready::Gone(reason) | Unready::Park(reason) => reason,
        Unready::Store(error) => Reason::new(Code::R11, error.to_string()),
    }
}
