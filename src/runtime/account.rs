//! One connected account while leverd runs: its connections, and the rules in force.

use super::project::Here;
use super::tokens::OAuth;
use crate::engine::Program;
use crate::http::{Auth, Breaker, Endpoint, Policy, RateGate};
use crate::lang::adapter::Adapter;
use crate::lang::config::SecretRef;
use crate::lang::rule::Pack;
use crate::lever::facts::Names;
use crate::model::{AccountCatalogue, AccountId, ConnectionName, Destination, Secret, UserId, VendorName};
use crate::vendor::auth::Token;
use arc_swap::{ArcSwap, ArcSwapOption};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// An account as configured, with its live parts. Swapped whole on reload; the live parts move over.
#[derive(Debug)]
pub struct Account {
    pub id: AccountId,
    pub lever: Connection,
    /// For an account that was connected by logging in.
    pub oauth: Option<Arc<OAuth>>,
    /// For an account with an API key: where it is, since a refused one may be replaced there.
    key: Option<(SecretRef, Here)>,
    pub perform_as: Option<UserId>,
    /// Tokens that may sign Lever's deliveries: those of the configuration, and those of webhooks that we created.
    signing: ArcSwap<Vec<Secret>>,
    /// Whether some of them are given by the configuration: their webhooks were made by hand.
    given: bool,
    /// Whether deliveries without signature are taken, as hints.
    pub unsigned: bool,
    /// How often Lever is asked what changed, if at all.
    pub poll: Option<SignedDuration>,
    pub vendors: BTreeMap<VendorName, VendorConnection>,
    active: ArcSwap<Active>,
    /// Programs that planned effects which may still be on their way, by hash.
    earlier: Mutex<BTreeMap<String, Arc<Program>>>,
}

/// The rules in force and the catalogue they were bound to.
#[derive(Debug)]
pub struct Active {
    pub program: Arc<Program>,
    pub catalogue: Arc<AccountCatalogue>,
    /// The packs that are not off, also while a fault of the account keeps their rules from being bound.
    pub packs: Vec<Arc<Pack>>,
    /// The adapters of the packs in force.
    pub adapters: BTreeMap<VendorName, Arc<Adapter>>,
}

impl Active {
    /// Names of stages and the like, for facts.
    pub fn names(&self) -> Names<'_> {
        Names::of(&self.catalogue)
    }
}

/// Where requests of one destination go, and what holds them up.
#[derive(Debug)]
pub struct Connection {
    pub endpoint: Endpoint,
    /// Credentials that replaced those of the endpoint.
    auth: ArcSwapOption<Auth>,
    pub gate: RateGate,
    /// Whose budget the gate is: a hash.
    pub(super) credential: String,
    pub breaker: Arc<Mutex<Breaker>>,
    /// Since when the destination refuses our credentials.
    suspended: Mutex<Option<Timestamp>>,
}

impl Connection {
    /// A connection through which nothing has gone yet.
    pub fn new(endpoint: Endpoint, gate: RateGate) -> Self {
        let breaker = Arc::new(Mutex::new(Breaker::new(Policy::default())));
        Self { endpoint, auth: ArcSwapOption::empty(), gate, credential: String::new(), breaker, suspended: Mutex::new(None) }
    }

    /// The destination with the credentials of now.
    pub fn addressed(&self) -> Endpoint {
        let mut endpoint = self.endpoint.clone();
        if let Some(auth) = self.auth.load_full() {
            endpoint.auth = Auth::clone(&auth);
        }
        endpoint
    }

    /// Since when the credentials are refused.
    pub fn suspended(&self) -> Option<Timestamp> {
        *self.suspended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether requests are sent now: the credentials are taken, and the destination answers.
    pub fn sends(&self) -> bool {
        self.suspended().is_none() && !self.breaker.lock().unwrap_or_else(PoisonError::into_inner).is_open()
    }

    /// Marks the connection as suspended or as working; tells whether that is news.
    pub(super) fn suspend(&self, since: Option<Timestamp>) -> bool {
        let mut suspended = self.suspended.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *suspended, since);
        before.is_some() != since.is_some()
    }
}

/// A vendor's connection in an account.
#[derive(Debug)]
pub struct VendorConnection {
    pub name: ConnectionName,
    pub connection: Connection,
    pub secrets: BTreeMap<String, Secret>,
    /// The unguessable part of the webhook's path.
    pub path_token: Option<Secret>,
    /// For vendors that give tokens: the one in use.
    pub(super) token: tokio::sync::Mutex<Option<Token>>,
}

impl VendorConnection {
    /// A connection without a token yet.
    pub fn new(
        name: ConnectionName,
        connection: Connection,
        secrets: BTreeMap<String, Secret>,
        path_token: Option<Secret>,
    ) -> Self {
        Self { name, connection, secrets, path_token, token: tokio::sync::Mutex::new(None) }
    }
}

impl Account {
    /// An account with its rules.
    pub fn new(
        id: AccountId,
        lever: Connection,
        perform_as: Option<UserId>,
        signing: (Vec<Secret>, bool),
        vendors: BTreeMap<VendorName, VendorConnection>,
        active: Active,
    ) -> Self {
        let earlier = Mutex::new(BTreeMap::from([(active.program.hash().to_owned(), Arc::clone(&active.program))]));
        let (signing, unsigned) = (ArcSwap::from_pointee(signing.0), signing.1);
        let given = false;
        let active = ArcSwap::from_pointee(active);
        Self { id, lever, oauth: None, key: None, perform_as, given, signing, unsigned, poll: None, vendors, active, earlier }
    }

    /// The account with a way to access tokens.
    pub fn connected_by(mut self, oauth: Option<Arc<OAuth>>) -> Self {
        self.oauth = oauth;
        self
    }

    /// The account with the place of its API key.
    pub(super) fn keyed_by(mut self, key: Option<(SecretRef, Here)>) -> Self {
        self.key = key;
        self
    }

    /// The account with webhooks that a person made.
    pub(super) fn given_tokens(mut self, given: bool) -> Self {
        self.given = given;
        self
    }

    /// Whether the configuration gives signing tokens.
    pub fn has_given_tokens(&self) -> bool {
        self.given
    }

    /// Reads the API key again, because Lever refuses the one that was read before.
    pub(super) fn read_key_again(&self) {
        let Some((reference, here)) = &self.key else { return };
        let Ok(user) = reference.resolve(here) else { return };
        let auth = Auth::Basic { user, password: None };
        if auth != self.lever.addressed().auth {
            tracing::info!(account = %self.id, "Lever's API key is another one now");
            self.lever.auth.store(Some(Arc::new(auth)));
        }
    }

    /// Lever with the credentials of now; `None` while nobody has logged in.
    pub fn lever_now(&self) -> Option<Endpoint> {
        let mut endpoint = self.lever.addressed();
        if let Some(oauth) = &self.oauth {
            let (access, _) = oauth.access()?;
            endpoint.auth = Auth::Bearer(access);
        }
        Some(endpoint)
    }

    /// The tokens that may sign.
    pub fn signing(&self) -> Arc<Vec<Secret>> {
        self.signing.load_full()
    }

    /// Accepts one more token, at once.
    pub fn accept(&self, token: Secret) {
        self.signing.rcu(|tokens| {
            let mut tokens = Vec::clone(tokens);
            if !tokens.contains(&token) {
                tokens.push(token.clone());
            }
            tokens
        });
    }

    /// The program of this hash, if it was in force since the start or was fetched.
    pub fn earlier(&self, hash: &str) -> Option<Arc<Program>> {
        self.earlier.lock().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }

    /// Remembers a program by its hash.
    pub fn remember(&self, program: Arc<Program>) {
        self.earlier.lock().unwrap_or_else(PoisonError::into_inner).insert(program.hash().to_owned(), program);
    }

    /// Takes over what was remembered before a reload.
    pub(super) fn inherit(&self, before: &Self) {
        let known = before.earlier.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.earlier.lock().unwrap_or_else(PoisonError::into_inner).extend(known);
    }

    /// The rules in force now.
    pub fn active(&self) -> Arc<Active> {
        self.active.load_full()
    }

    /// All its connections.
    pub(super) fn connections(&self) -> impl Iterator<Item = &Connection> {
        std::iter::once(&self.lever).chain(self.vendors.values().map(|vendor| &vendor.connection))
    }

    /// The connection of a destination, if the account has one.
    pub fn connection(&self, destination: &Destination) -> Option<&Connection> {
        match destination {
            Destination::Lever => Some(&self.lever),
            Destination::Vendor(vendor) => self.vendors.get(vendor).map(|vendor| &vendor.connection),
        }
    }
}
