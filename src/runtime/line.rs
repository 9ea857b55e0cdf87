//! The line of one account to one vendor: base URL, secrets, token. What is read and listed goes through here; what is done there is
//! `vendor_calls`.

use super::account::{Account, VendorConnection};
use super::call::{Called, Node, Unready};
use crate::lang::adapter::Adapter;
use crate::model::{Class, Exchange, Outcome, Reason, Request, Secret, TestEntry, Value, VendorName};
use crate::vendor::{self, Item, Listing, Page, Supplies, Talk, Turn, auth};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The tests that the vendor offers now, all pages.
pub(super) async fn catalogue(
    node: &Node,
    account: &Account,
    vendor: &VendorName,
    class: Class,
) -> Result<Vec<TestEntry>, Unready> {
    let items = list(node, account, vendor, "catalogue", &BTreeMap::new(), class).await?;
    vendor::catalogue::tests(items).map_err(Unready::Park)
}

/// Every item that an operation lists, all pages.
pub(super) async fn list(
    node: &Node,
    account: &Account,
    vendor: &VendorName,
    operation: &str,
    inputs: &BTreeMap<String, Value>,
    class: Class,
) -> Result<Vec<Item>, Unready> {
    let line = Line::to(node, account, vendor).await?;
    let mut listing = Listing::new(&line.adapter, operation, line.supplies(inputs, false, false)).map_err(Unready::Park)?;
    loop {
        let request = listing.request().map_err(Unready::Park)?;
        let exchange = line.send(node, account, &request, class).await?;
        match listing.answer(&exchange) {
            Page::Next => {}
            Page::All(items) => return Ok(items),
            Page::Failed(outcome) => return Err(unready(node, outcome)),
        }
    }
}

/// Carries out one reading operation; its captures.
pub(super) async fn read(
    node: &Node,
    account: &Account,
    vendor: &VendorName,
    operation: &str,
    inputs: &BTreeMap<String, Value>,
    class: Class,
) -> Result<BTreeMap<String, Value>, Unready> {
    let line = Line::to(node, account, vendor).await?;
    let mut talk = Talk::new(&line.adapter, operation, line.supplies(inputs, false, false)).map_err(Unready::Park)?;
    loop {
        let request = talk.request().map_err(Unready::Park)?;
        let exchange = line.send(node, account, &request, class).await?;
        match talk.answer(&exchange) {
            Turn::Next => {}
            Turn::Over(Outcome::Done { learned }) => return Ok(learned),
            Turn::Over(outcome) => return Err(unready(node, outcome)),
        }
    }
}

fn unready(node: &Node, outcome: Outcome) -> Unready {
    match outcome {
        Outcome::Retry { after, reason } => Unready::Defer { until: after.map(|after| node.clock.now() + after), reason },
        Outcome::Unknown { reason } | Outcome::Suspended { reason } => Unready::Defer { until: None, reason },
        Outcome::Dead { reason } | Outcome::Skipped { reason } => Unready::Park(reason),
        Outcome::Done { .. } => Unready::Park(Reason::new("bug", "a read was done without an answer")),
    }
}

/// Everything needed to speak to one vendor for one account.
pub(super) struct Line {
    pub(super) adapter: Arc<Adapter>,
    base_url: String,
    secrets: BTreeMap<String, Secret>,
    token: Option<Secret>,
    now: Timestamp,
}

impl Line {
    /// The line of an account to a vendor, with a token where the vendor wants one.
    pub(super) async fn to(node: &Node, account: &Account, vendor: &VendorName) -> Result<Self, Unready> {
        let missing =
            |what: &str| Unready::Park(Reason::new("R2", format!("account `{}` has no {what} for `{vendor}`", account.id)));
        let adapter = account.active().adapters.get(vendor).cloned().ok_or_else(|| missing("pack with an adapter"))?;
        let connection = account.vendors.get(vendor).ok_or_else(|| missing("connection"))?;
        let mut line = Self {
            base_url: connection.connection.endpoint.base_url.as_str().trim_end_matches('/').to_owned(),
            secrets: connection.secrets.clone(),
            token: None,
            now: node.clock.now(),
            adapter,
        };
        if auth::needs_token(&line.adapter) {
            line.token = Some(line.get_token(node, account, connection).await?);
        }
        Ok(line)
    }

    pub(super) fn vendor(&self) -> &VendorName {
        &self.adapter.name
    }

    /// What requests may carry.
    pub(super) fn supplies<'a>(&'a self, inputs: &'a BTreeMap<String, Value>, retry: bool, refresh: bool) -> Supplies<'a> {
        Supplies {
            base_url: &self.base_url,
            secrets: &self.secrets,
            inputs,
            retry,
            refresh,
            token: self.token.as_ref(),
            now: self.now,
        }
    }

    async fn get_token(&self, node: &Node, account: &Account, connection: &VendorConnection) -> Result<Secret, Unready> {
        let mut kept = connection.token.lock().await;
        if let Some(token) = kept.take().filter(|token| token.usable(self.now)) {
            let secret = token.secret.clone();
            *kept = Some(token.used(self.now));
            return Ok(secret);
        }
        let inputs = BTreeMap::new();
        let request = match auth::request(&self.adapter, self.supplies(&inputs, false, false)) {
            Some(request) => request.map_err(Unready::Park)?,
            None => return Err(Unready::Park(Reason::new("R8", "the adapter declares no way to get a token"))),
        };
        let exchange = self.send(node, account, &request, Class::Person).await?;
        let token = auth::read(&self.adapter, &exchange, node.clock.now()).map_err(|outcome| unready(node, outcome))?;
        let secret = token.secret.clone();
        *kept = Some(token);
        Ok(secret)
    }

    /// Sends one request within the vendor's budget.
    pub(super) async fn send(
        &self,
        node: &Node,
        account: &Account,
        request: &Request,
        class: Class,
    ) -> Result<Exchange, Unready> {
        match node.call(account, request, class).await? {
            Called::Exchanged(exchange) => Ok(exchange),
            Called::Held { until, reason } => Err(Unready::Defer { until: Some(until), reason }),
        }
    }
}
