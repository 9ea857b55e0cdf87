//! The access token of an account that was connected by logging in: read from the store, refreshed in time, stored before it is used.
//!
//! A refresh token is spent by its use. So one asks at a time, in this process by a lock and among several by a claim in the store;
//! what comes back is durable before anything is done with it; and a refresh that was begun is not given up when whoever needed the
//! token goes away, because its answer may hold the only token there is. An answer that got lost is asked for again with the same
//! refresh token: only Lever's word that it is no good any more (`invalid_grant`) makes a person log in again.

use super::account::Account;
use super::call::{Node, Unready};
use super::clock::Clock;
use super::vault::{Locked, Vault};
use crate::http::{Client, Endpoint};
use crate::lever::oauth::{self, App, NoTokens, Tokens};
use crate::model::{AccountId, Code, ConnectionName, Reason, Secret};
use crate::store::{Grant, Renewed, Store, StoreError};
use arc_swap::ArcSwapOption;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// A token is refreshed this long before it ends.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// The longest call, and time to store what it brought: a claim that is older belongs to somebody who died.
const CLAIM: SignedDuration = SignedDuration::from_secs(60);
/// Whoever finds the token being refreshed looks again after this, …
const LOOK: Duration = Duration::from_millis(200);
/// … so many times.
const LOOKS: u32 = 50;
/// The login does not answer: everybody waits this long before one asks again.
const AGAIN: SignedDuration = SignedDuration::from_secs(10);
/// What waits for a person is looked at again after this.
const WAITING: SignedDuration = SignedDuration::from_mins(1);

/// The connection to Lever, among the account's.
pub fn connection() -> ConnectionName {
    ConnectionName::new("lever")
}

/// An account's way to access tokens.
#[derive(Debug)]
pub struct OAuth {
    pub app: App,
    pub client_secret: Secret,
    /// The authorization server.
    pub endpoint: Endpoint,
    live: ArcSwapOption<Live>,
    /// Whoever holds it asks. Inside: not before when to ask again, and why.
    one: tokio::sync::Mutex<Option<(Timestamp, Reason)>>,
}

/// The token in use.
#[derive(Debug)]
struct Live {
    version: u64,
    access: Secret,
    expires_at: Timestamp,
}

/// Why there is no token.
#[derive(Debug)]
pub(super) enum NoToken {
    /// Nobody has logged in yet.
    NeverConnected,
    /// The login was taken back: told once, by whoever heard it first.
    TakenBack {
        news: bool,
        reason: Reason,
    },
    /// The same again later.
    Later {
        after: Option<SignedDuration>,
        reason: Reason,
    },
    Store(StoreError),
}

impl From<StoreError> for NoToken {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Locked> for NoToken {
    fn from(locked: Locked) -> Self {
        Self::Later { after: Some(WAITING), reason: Reason::new(Code::R11, format!("the token of Lever: {locked}")) }
    }
}

impl OAuth {
    /// For this app; no token yet.
    pub fn new(app: App, client_secret: Secret, endpoint: Endpoint) -> Self {
        Self { app, client_secret, endpoint, live: ArcSwapOption::empty(), one: tokio::sync::Mutex::new(None) }
    }

    /// The token in use with its version.
    pub(super) fn access(&self) -> Option<(Secret, u64)> {
        self.live.load_full().map(|live| (live.access.clone(), live.version))
    }

    /// Forgets that the login did not answer: somebody got through with it.
    pub(super) async fn ask_again(&self) {
        *self.one.lock().await = None;
    }

    /// Whether the token in use is good for a while.
    fn good(&self, now: Timestamp) -> bool {
        self.live.load().as_ref().is_some_and(|live| live.expires_at > now + MARGIN)
    }
}

/// Seals the tokens of an answer for the store.
pub(super) fn sealed(vault: &Vault, account: &AccountId, tokens: &Tokens) -> Result<Renewed, Locked> {
    Ok(Renewed {
        access: vault.seal(account, "lever access", &tokens.access)?,
        refresh: vault.seal(account, "lever refresh", &tokens.refresh)?,
        scope: tokens.scope.clone(),
        expires_at: tokens.expires_at,
    })
}

/// Sees to it that a token is there that will last; with nothing to do for accounts with an API key.
pub(super) async fn ready(node: &Node, account: &Account) -> Result<(), Unready> {
    match &account.oauth {
        Some(oauth) if !oauth.good(node.clock.now()) => renew(node, account, oauth, None).await,
        _ => Ok(()),
    }
}

/// A token other than the one of version `refused`, which Lever did not take.
pub(super) async fn renew(node: &Node, account: &Account, oauth: &Arc<OAuth>, refused: Option<u64>) -> Result<(), Unready> {
    let keeper = Keeper {
        store: node.store.clone(),
        http: node.http.clone(),
        clock: node.clock.clone(),
        vault: node.vault.load_full(),
        account: account.id.clone(),
        oauth: Arc::clone(oauth),
    };
    // In a task of its own: it ends even if nobody waits for it any more.
    let renewed = tokio::spawn(async move { keeper.renew(refused).await }).await;
    let now = node.clock.now();
    let defer = |after: SignedDuration, reason: Reason| Unready::Defer { until: Some(now + after), reason };
    match renewed {
        Ok(Ok(())) => {
            if account.lever.suspend(None) {
                tracing::info!(account = %account.id, "connected to Lever again");
            }
            Ok(())
        }
        Ok(Err(NoToken::NeverConnected)) => {
            account.lever.suspend(Some(now));
            let text = format!("account `{0}` is not connected to Lever yet: `leverd connect {0}` makes the link", account.id);
            Err(defer(WAITING, Reason::new(Code::R2, text)))
        }
        Ok(Err(NoToken::TakenBack { news, reason })) => {
            account.lever.suspend(Some(now));
            if news {
                node.tell_suspended(account, &taken_back(&account.id, &reason), now).await;
            }
            Err(defer(WAITING, reason))
        }
        Ok(Err(NoToken::Later { after, reason })) => Err(defer(after.unwrap_or(AGAIN), reason)),
        Ok(Err(NoToken::Store(error))) => Err(Unready::Store(error)),
        Err(_) => Err(defer(WAITING, Reason::new(Code::Bug, "refreshing the token failed inside leverd; please report it"))),
    }
}

/// An access token that will last, for commands that read from Lever themselves.
pub async fn access(node: &Node, account: &Account) -> Result<Secret, String> {
    let Some(oauth) = &account.oauth else {
        return Err(format!("account `{}` is connected by an API key", account.id));
    };
    match ready(node, account).await {
        Ok(()) => {}
        Err(Unready::Defer { reason, .. } | Unready::Gone(reason) | Unready::Park(reason)) => return Err(reason.text),
        Err(Unready::Store(error)) => return Err(error.to_string()),
    }
    oauth.access().map(|(access, _)| access).ok_or_else(|| format!("account `{}` is not connected to Lever", account.id))
}

fn taken_back(account: &AccountId, reason: &Reason) -> String {
    format!(
        "{}: the work of account `{account}` waits, nothing is lost. `leverd connect {account}` makes a link by which a Super Admin \
         lets leverd in again, and it goes on by itself.",
        reason.text
    )
}

/// What refreshing needs, on its own.
struct Keeper {
    store: Store,
    http: Client,
    clock: Clock,
    vault: Arc<Vault>,
    account: AccountId,
    oauth: Arc<OAuth>,
}

impl Keeper {
    async fn renew(&self, refused: Option<u64>) -> Result<(), NoToken> {
        let mut one = self.oauth.one.lock().await;
        if let Some((until, reason)) = &*one
            && *until > self.clock.now()
        {
            return Err(NoToken::Later { after: Some(until.duration_since(self.clock.now())), reason: reason.clone() });
        }
        *one = None;
        let renewed = self.find(refused).await;
        if let Err(NoToken::Later { after, reason }) = &renewed {
            *one = Some((self.clock.now() + after.unwrap_or(AGAIN), reason.clone()));
        }
        renewed
    }

    async fn find(&self, refused: Option<u64>) -> Result<(), NoToken> {
        for _ in 0..LOOKS {
            let now = self.clock.now();
            let grant = self.store.grant(&self.account, &connection()).await?.ok_or(NoToken::NeverConnected)?;
            if grant.refused_at.is_some() {
                let reason = Reason::new(Code::R2, "leverd's access to this Lever account was revoked");
                return Err(NoToken::TakenBack { news: false, reason });
            }
            if refused != Some(grant.version) && grant.expires_at > now + MARGIN {
                return self.adopt(&grant);
            }
            if self.store.begin_refresh(&self.account, &connection(), grant.version, now, now + CLAIM).await? {
                return self.refresh(&grant).await;
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(NoToken::Later { after: None, reason: Reason::new(Code::R1, "another node is refreshing the token of Lever") })
    }

    async fn refresh(&self, grant: &Grant) -> Result<(), NoToken> {
        let lever = connection();
        let ended = |refused_at| self.store.end_refresh(&self.account, &lever, grant.version, refused_at);
        let before = match self.vault.open(&self.account, "lever refresh", &grant.refresh) {
            Ok(refresh) => refresh,
            Err(locked) => {
                ended(None).await?;
                return Err(locked.into());
            }
        };
        let request = self.oauth.app.refresh(&self.oauth.client_secret, &before);
        let exchange = self.http.send(&request, &self.oauth.endpoint).await;
        let now = self.clock.now();
        match oauth::tokens(&exchange, Some(&before), now) {
            Ok(tokens) => {
                self.keep(grant.version, sealed(&self.vault, &self.account, &tokens)?).await?;
                let kept = self.store.grant(&self.account, &connection()).await?.ok_or(NoToken::NeverConnected)?;
                self.adopt(&kept)
            }
            Err(NoTokens::LogInAgain(reason)) => {
                ended(Some(now)).await?;
                self.oauth.live.store(None);
                Err(NoToken::TakenBack { news: true, reason })
            }
            Err(NoTokens::App(reason)) => {
                ended(None).await?;
                Err(NoToken::Later { after: Some(WAITING), reason })
            }
            Err(NoTokens::Later { after, reason }) => {
                ended(None).await?;
                Err(NoToken::Later { after, reason })
            }
        }
    }

    /// Stores until it is stored: there is no second copy.
    async fn keep(&self, version: u64, tokens: Renewed) -> Result<(), StoreError> {
        loop {
            match self.store.keep_refreshed(&self.account, &connection(), version, tokens.clone()).await {
                Err(StoreError::Unavailable(why)) => {
                    tracing::error!(why, account = %self.account, "a refreshed token could not be stored; trying again");
                    tokio::time::sleep(Duration::from_secs(2)).await;
                }
                settled => return settled,
            }
        }
    }

    fn adopt(&self, grant: &Grant) -> Result<(), NoToken> {
        let access = self.vault.open(&self.account, "lever access", &grant.access)?;
        self.oauth.live.store(Some(Arc::new(Live { version: grant.version, access, expires_at: grant.expires_at })));
        Ok(())
    }
}
