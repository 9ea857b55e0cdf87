//! Connections for commands that ask Lever or a vendor themselves: within the budget, secrets resolved when needed. Reads are
//! repeated where that may help; what changes something is sent once, and whoever sends it looks up what became of it.

use super::errands;
use super::files::Folder;
use crate::http::{AllowedHost, Auth, Client, Endpoint, Limits, Rate, RateGate};
use crate::lang::adapter::Adapter;
use crate::lang::config::{Account, Credentials, SecretRef};
use crate::lever::api::{self, Page, Unread};
use crate::lever::effect::permission;
use crate::model::{AccountId, Class, Exchange, Outcome, Request, Response, Secret, TestEntry};
use crate::server::errand::Errand;
use crate::vendor::{self, Listing, Supplies};
use anyhow::{Context, bail};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

/// How often a read is tried again after "too many requests" or a fault of the other side.
const TRIES: u32 = 4;
/// Before the first repetition, doubled each time, unless the answer says how long.
const PAUSE: Duration = Duration::from_secs(1);

/// One destination.
pub(super) struct Reads {
    client: Client,
    endpoint: Endpoint,
    gate: RateGate,
    account: AccountId,
}

impl Reads {
    /// Lever, as an account is connected to it.
    pub(super) async fn lever(account: &Account, folder: &Folder) -> anyhow::Result<Self> {
        let base = Url::parse(account.lever.host.url())?;
        let auth = match &account.lever.credentials {
            Credentials::ApiKey(key) => Auth::Basic { user: secret(key, folder)?, password: None },
            Credentials::OAuth(_) => {
                let token = errands::run(folder.config(), Errand::Token { account: account.name.clone() }).await?;
                Auth::Bearer(Secret::new(token.as_str().unwrap_or_default()))
            }
        };
        let endpoint = Endpoint::lever(base, auth);
        Ok(Self {
            client: Client::new(Limits::default()),
            endpoint,
            gate: RateGate::new(Rate::LEVER),
            account: account.name.clone(),
        })
    }

    /// Sends a request that changes nothing; a repeated one is harmless.
    pub(super) async fn send(&self, request: &Request) -> anyhow::Result<Exchange> {
        if !request.method.reads() {
            bail!("this command sends nothing that changes anything: {}", request.line());
        }
        Ok(self.ask(request).await)
    }

    /// Sends a request that may change something, and again only where Lever says that it came too soon: then nothing was changed.
    pub(super) async fn once(&self, request: &Request) -> Exchange {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            let exchange = self.pass(request).await;
            match &exchange {
                Exchange::Answered(response) if response.status == 429 => self.gate.slow(retry_after(response)),
                _ => return exchange,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.pass(request).await
    }

    async fn pass(&self, request: &Request) -> Exchange {
        let mut leave = self.gate.acquire(&self.account, Class::Person).await;
        leave.sending();
        let exchange = self.client.send(request, &self.endpoint).await;
        leave.heard(&exchange);
        exchange
    }

    async fn ask(&self, request: &Request) -> Exchange {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            let exchange = self.pass(request).await;
            match &exchange {
                Exchange::Answered(response) if response.status != 429 && response.status < 500 => return exchange,
                Exchange::Answered(response) if response.status == 429 => self.gate.slow(retry_after(response)),
                Exchange::Answered(_) | Exchange::Lost(_) => {}
                // A wrong host or a missing network does not mend itself in seconds.
                Exchange::NotSent(_) => return exchange,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.pass(request).await
    }

    /// One thing of Lever.
    pub(super) async fn one<T>(&self, request: &Request, read: impl Fn(&Exchange) -> Result<T, Unread>) -> anyhow::Result<T> {
        let exchange = self.send(request).await?;
        read(&exchange).map_err(|unread| failed(request, &unread.reason().text))
    }

    /// Every page of a list of Lever; inside, why Lever does not show it to these credentials.
    pub(super) async fn perhaps<T>(
        &self,
        request: Request,
        read: impl Fn(&Exchange) -> Result<Page<T>, Unread>,
    ) -> anyhow::Result<Result<Vec<T>, String>> {
        let refused = |status: u16, request: &Request| match status {
            403 => Some(format!("the credentials lack the Lever permission {}", permission(request))),
            404 => Some("this account does not have them".to_owned()),
            _ => None,
        };
        let (mut all, mut next) = (Vec::new(), request);
        loop {
            let exchange = self.send(&next).await?;
            let status = if let Exchange::Answered(response) = &exchange { response.status } else { 0 };
            match (read(&exchange), refused(status, &next)) {
                (Ok(page), _) => {
                    all.extend(page.items);
                    match page.next {
                        Some(token) => next = api::next_page(&next, &token),
                        None => return Ok(Ok(all)),
                    }
                }
                (Err(_), Some(why)) => return Ok(Err(why)),
                (Err(unread), None) => return Err(failed(&next, &unread.reason().text)),
            }
        }
    }

    /// Every page of a list of Lever.
    pub(super) async fn all<T>(
        &self,
        request: Request,
        read: impl Fn(&Exchange) -> Result<Page<T>, Unread>,
    ) -> anyhow::Result<Vec<T>> {
        let (mut all, mut next) = (Vec::new(), request);
        loop {
            let page = self.one(&next, &read).await?;
            all.extend(page.items);
            match page.next {
                Some(token) => next = api::next_page(&next, &token),
                None => return Ok(all),
            }
        }
    }
}

/// The tests that a vendor offers to an account.
pub(super) async fn tests(account: &Account, adapter: &Adapter, folder: &Folder) -> anyhow::Result<Vec<TestEntry>> {
    let Some(connection) = account.vendor(&adapter.name) else {
        bail!("`{}` has no connection to `{}` in leverd.yaml", account.name, adapter.name);
    };
    let mut secrets = BTreeMap::new();
    for (key, reference) in &connection.secrets {
        secrets.insert(key.text.clone(), secret(reference, folder)?);
    }
    let base = connection.base_url.as_ref().map_or(adapter.base_url.as_str(), |url| url.as_str().trim_end_matches('/'));
    let hosts = adapter.hosts.iter().map(|host| AllowedHost { host: host.clone(), credentials: true }).collect();
    let endpoint = Endpoint { hosts, ..Endpoint::new(Url::parse(base)?, Auth::None) };
    let gate = RateGate::new(rate(adapter));
    let reads = Reads { client: Client::new(Limits::default()), endpoint, gate, account: account.name.clone() };

    let (now, inputs) = (Timestamp::now(), BTreeMap::new());
    let mut supplies =
        Supplies { base_url: base, secrets: &secrets, inputs: &inputs, retry: false, refresh: false, token: None, now };
    if vendor::auth::spends(adapter) {
        anyhow::bail!(
            "{} replaces its refresh token whenever it is used, so only the running leverd may use it, which keeps the successor",
            adapter.title
        );
    }
    let token = match vendor::auth::request(adapter, supplies) {
        None => None,
        Some(request) => {
            let request = request.map_err(|reason| anyhow::anyhow!(reason.text))?;
            let exchange = reads.ask(&request).await;
            Some(vendor::auth::read(adapter, &exchange, now).map_err(|outcome| failed(&request, &reason(&outcome)))?)
        }
    };
    supplies.token = token.as_ref().map(|token| &token.secret);

    let mut listing = Listing::new(adapter, "catalogue", supplies).map_err(|reason| anyhow::anyhow!(reason.text))?;
    loop {
        let request = listing.request().map_err(|reason| anyhow::anyhow!(reason.text))?;
        let exchange = reads.ask(&request).await;
        match listing.answer(&exchange) {
            vendor::Page::Next => {}
            vendor::Page::All(items) => return vendor::catalogue::tests(items).map_err(|reason| anyhow::anyhow!(reason.text)),
            vendor::Page::Failed(outcome) => return Err(failed(&request, &reason(&outcome))),
        }
    }
}

/// A secret, or which one is missing.
fn secret(reference: &SecretRef, folder: &Folder) -> anyhow::Result<Secret> {
    reference.resolve(folder).context("a secret is missing")
}

fn rate(adapter: &Adapter) -> Rate {
    adapter.rate.as_ref().map_or(Rate::vendor(5, 5.0), |rate| Rate::vendor(rate.burst, rate.per_second))
}

fn retry_after(response: &Response) -> Option<Duration> {
    response.header("retry-after")?.trim().parse().ok().map(|seconds: u64| Duration::from_secs(seconds.min(60)))
}

fn failed(request: &Request, why: &str) -> anyhow::Error {
    anyhow::anyhow!("{}: {why}", request.line())
}

fn reason(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done { .. } => "it answered something unexpected".to_owned(),
        Outcome::Skipped { reason }
        | Outcome::Retry { reason, .. }
        | Outcome::Unknown { reason }
        | Outcome::Dead { reason }
        | Outcome::Suspended { reason } => reason.text.clone(),
    }
}
