//! The line of one account to one vendor: base URL, secrets, token. What is read and listed goes through here; what is done there is
//! `vendor_calls`.

use super::account::{Account, VendorConnection};
use super::call::{Node, Unready};
use super::grant;
use crate::http::Leave;
use crate::lang::adapter::Adapter;
use crate::model::{Class, Code, Exchange, Outcome, Reason, Request, Secret, TestEntry, Value, VendorName};
use crate::vendor::auth::{self, Token};
use crate::vendor::{self, Item, Listing, Page, Supplies, Talk, Turn};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// The tests that the vendor offers now, all pages.
pub(super) async fn catalogue(
    node: &Node,
    account: &Account,
    vendor: &VendorName,
    class: Class,
) -> Result<Vec<TestEntry>, Unready> {
    let items = list(node, account, vendor, "catalogue", &BTreeMap::new(), class, &Entered::default()).await?;
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
    entered: &Entered,
) -> Result<Vec<Item>, Unready> {
    let line = Line::to(node, account, vendor).await?;
    let mut listing = Listing::new(&line.adapter, operation, line.supplies(inputs, false, false)).map_err(Unready::Park)?;
    loop {
        let request = listing.request().map_err(Unready::Park)?;
        let exchange = line.send(node, account, &request, class, entered).await?;
        if let Some(token) = line.renewed(node, account, &exchange).await? {
            listing.with_token(token);
            continue;
        }
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
    entered: &Entered,
) -> Result<BTreeMap<String, Value>, Unready> {
    let line = Line::to(node, account, vendor).await?;
    let mut talk = Talk::new(&line.adapter, operation, line.supplies(inputs, false, false)).map_err(Unready::Park)?;
    loop {
        let request = talk.request().map_err(Unready::Park)?;
        let exchange = line.send(node, account, &request, class, entered).await?;
        if let Some(token) = line.renewed(node, account, &exchange).await? {
            talk.with_token(token);
            continue;
        }
        match talk.answer(&exchange) {
            Turn::Next => {}
            Turn::Over(Outcome::Done { learned }) => return Ok(learned),
            Turn::Over(outcome) => return Err(unready(node, outcome)),
        }
    }
}

pub(super) fn unready(node: &Node, outcome: Outcome) -> Unready {
    match outcome {
        Outcome::Retry { after, reason } => Unready::Defer { until: after.map(|after| node.clock.now() + after), reason },
        Outcome::Unknown { reason } | Outcome::Suspended { reason } => Unready::Defer { until: None, reason },
        Outcome::Dead { reason } | Outcome::Skipped { reason } => Unready::Park(reason),
        Outcome::Done { .. } => Unready::Park(Reason::new(Code::Bug, "a read was done without an answer")),
    }
}

/// Whether a request of one reading was admitted: what was read by then would be lost if a further one had to come back.
#[derive(Debug, Default)]
pub(super) struct Entered(AtomicBool);

/// Everything needed to speak to one vendor for one account.
pub(super) struct Line {
    pub(super) adapter: Arc<Adapter>,
    base_url: String,
    secrets: BTreeMap<String, Secret>,
    token: Option<Secret>,
    /// The token that took the place of one that was refused; set once.
    fresh: OnceLock<Secret>,
    /// Whether the token was asked for just now: then another one is no better.
    asked: bool,
    now: Timestamp,
}

impl Line {
    /// The line of an account to a vendor, with a token where the vendor wants one.
    pub(super) async fn to(node: &Node, account: &Account, vendor: &VendorName) -> Result<Self, Unready> {
        let missing =
            |what: &str| Unready::Park(Reason::new(Code::R2, format!("account `{}` has no {what} for `{vendor}`", account.id)));
        let adapter = account.active().adapters.get(vendor).cloned().ok_or_else(|| missing("pack with an adapter"))?;
        let connection = account.vendors.get(vendor).ok_or_else(|| missing("connection"))?;
        let mut line = Self {
            base_url: connection.connection.endpoint.base_url.as_str().trim_end_matches('/').to_owned(),
            secrets: connection.secrets.clone(),
            token: None,
            fresh: OnceLock::new(),
            asked: false,
            now: node.clock.now(),
            adapter,
        };
        if auth::needs_token(&line.adapter) {
            let (token, asked) = line.get_token(node, account, connection, None).await?;
            (line.token, line.asked) = (Some(token), asked);
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
            token: self.fresh.get().or(self.token.as_ref()),
            now: self.now,
        }
    }

    /// Sends one request within the vendor's budget.
    pub(super) async fn send(
        &self,
        node: &Node,
        account: &Account,
        request: &Request,
        class: Class,
        entered: &Entered,
    ) -> Result<Exchange, Unready> {
        let leave = if entered.0.load(Ordering::Relaxed) {
            node.admit_further(account, &request.to, class).await?
        } else {
            node.admit(account, &request.to, class).await?
        };
        entered.0.store(true, Ordering::Relaxed);
        Ok(self.exchange(node, account, request, leave).await)
    }

    /// Sends one request that was admitted.
    pub(super) async fn exchange(&self, node: &Node, account: &Account, request: &Request, leave: Leave) -> Exchange {
        if self.renewable() {
            node.exchange_with_token(account, request, leave).await
        } else {
            node.exchange(account, request, leave).await
        }
    }

    /// Whether a token that is refused may be an old one.
    fn renewable(&self) -> bool {
        self.token.is_some() && !self.asked && self.fresh.get().is_none()
    }

    /// Another token, if this answer refuses one that may be an old one: the request, which was not applied, is made again with it.
    pub(super) async fn renewed(
        &self,
        node: &Node,
        account: &Account,
        exchange: &Exchange,
    ) -> Result<Option<&Secret>, Unready> {
        let refused = matches!(exchange, Exchange::Answered(answer) if answer.status == 401);
        let connection = account.vendors.get(self.vendor());
        let (true, true, Some(connection)) = (refused, self.renewable(), connection) else { return Ok(None) };
        let (token, _) = self.get_token(node, account, connection, self.token.as_ref()).await?;
        Ok(Some(self.fresh.get_or_init(|| token)))
    }

    /// The token in use, or a new one; and whether it is new. One at a time asks. `refused` is a token that does not count any more.
    async fn get_token(
        &self,
        node: &Node,
        account: &Account,
        connection: &VendorConnection,
        refused: Option<&Secret>,
    ) -> Result<(Secret, bool), Unready> {
        let mut kept = connection.token.lock().await;
        let good = |token: &Token| token.usable(self.now) && refused != Some(&token.secret);
        if let Some(token) = kept.take().filter(good) {
            let secret = token.secret.clone();
            *kept = Some(token.used(self.now));
            return Ok((secret, false));
        }
        let token = grant::ask(node, account, self, Class::Person).await?;
        let secret = token.secret.clone();
        *kept = Some(token);
        Ok((secret, true))
    }

    /// The same line with another secret under this name.
    pub(super) fn with_secret(&self, name: &str, secret: Secret) -> BTreeMap<String, Secret> {
        let mut secrets = self.secrets.clone();
        secrets.insert(name.to_owned(), secret);
        secrets
    }

    /// What the request for a token may carry.
    pub(super) fn bare<'a>(
        &'a self,
        secrets: &'a BTreeMap<String, Secret>,
        inputs: &'a BTreeMap<String, Value>,
    ) -> Supplies<'a> {
        Supplies { secrets, token: None, ..self.supplies(inputs, false, false) }
    }

    /// The secrets of the connection.
    pub(super) const fn secrets(&self) -> &BTreeMap<String, Secret> {
        &self.secrets
    }
}
