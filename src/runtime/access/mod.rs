//! Who may use the console: who knows a password, whom a reverse proxy or a provider of identities names, or who owns the store and asked
//! for a link.
//!
//! A session is a text that the browser keeps and that we signed: nothing of it is stored, it ends by itself, and it ends at once for
//! a user whose password is another one, or who is gone. Where there are encryption keys the signature is made with them, so that a
//! session survives a restart and holds on every node; else with a key that this process made up.

mod oidc;
mod password;
mod session;
mod slow;
mod token;

pub use oidc::{Returned, Sent};
pub use password::{BadHash, hash, is_hash};

use super::call::Node;
use crate::lang::config::{MissingSecret, Net, Role, Secrets, Server};
use crate::model::{Secret, hex};
use arc_swap::{ArcSwap, ArcSwapOption};
use jiff::{SignedDuration, Timestamp};
use oidc::{Provider, Signing, Visits};
use session::{Key, Session};
use sha2::{Digest, Sha256};
use slow::Slow;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use token::Tokens;
use url::Url;

/// A session ends after a working day.
const SESSION: SignedDuration = SignedDuration::from_hours(12);
/// A link is opened soon after it was asked for.
pub const LINK: SignedDuration = SignedDuration::from_mins(10);

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    pub name: String,
    pub role: Role,
    pub how: How,
    /// What a form must carry, so that no other page can send it.
    pub form: String,
}

impl Visitor {
    /// Whether they may change something.
    pub fn acts(&self) -> bool {
        self.role == Role::Operator
    }
}

/// How somebody got in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Password,
    Proxy,
    Link,
    Token,
    Oidc,
}

impl How {
    /// For the record.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Proxy => "proxy",
            Self::Link => "link",
            Self::Token => "token",
            Self::Oidc => "oidc",
        }
    }
}

/// Why the console of a configuration cannot be put in force.
#[derive(Debug, thiserror::Error)]
pub enum BadAccess {
    #[error("`server.console.users.{user}.password_hash`: {why}")]
    Missing { user: String, why: MissingSecret },
    #[error("`server.console.users.{user}.password_hash` is no hash that leverd knows; `leverd console --hash` makes one")]
    Malformed { user: String },
    #[error("`server.console.oidc.client_secret`: {0}")]
    NoOidcSecret(MissingSecret),
    #[error("`traces.headers.{name}`: {why}")]
    NoHeader { name: String, why: MissingSecret },
    #[error("`server.api.tokens.{name}.token`: {why}")]
    NoToken { name: String, why: MissingSecret },
    #[error(
        "`server.api.tokens.{name}.token` has fewer than {shortest} characters and could be guessed: `openssl rand -hex 32` makes one"
    )]
    ShortToken { name: String, shortest: usize },
}

/// Why somebody did not get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotIn {
    /// Name or password, and nobody is told which.
    Wrong,
    /// Too many wrong tries; seconds to wait.
    Wait(i64),
}

#[derive(Debug, Clone)]
struct User {
    role: Role,
    hash: Secret,
}

#[derive(Debug, Default)]
struct Rules {
    enabled: Option<bool>,
    users: BTreeMap<String, User>,
    proxy: Option<crate::lang::config::Proxy>,
    tokens: Tokens,
    oidc: Option<Arc<Provider>>,
}

/// The console's door.
pub struct Access {
    rules: ArcSwap<Rules>,
    /// Where this process listens.
    address: ArcSwapOption<SocketAddr>,
    key: Key,
    /// Links that nobody has opened, by hash.
    links: Mutex<BTreeMap<String, Timestamp>>,
    /// Sessions that were ended before their time.
    ended: Mutex<BTreeMap<String, Timestamp>>,
    slow: Slow,
    visits: Visits,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            rules: ArcSwap::default(),
            address: ArcSwapOption::empty(),
            key: Key::new(),
            links: Mutex::default(),
            ended: Mutex::default(),
            slow: Slow::default(),
            visits: Visits::default(),
        }
    }
}

/// Something unguessable, as hexadecimal digits.
fn random() -> String {
    let mut bytes = [0_u8; 24];
    match getrandom::fill(&mut bytes) {
        Ok(()) => hex(&bytes),
        // Nothing that fits is made up without randomness: what comes of it lets nobody in.
        Err(_) => String::new(),
    }
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

impl Access {
    /// Puts a configuration in force.
    pub fn put(&self, server: &Server, secrets: &dyn Secrets) -> Result<(), BadAccess> {
        let console = &server.console;
        let mut users = BTreeMap::new();
        for user in &console.users {
            let name = user.name.clone();
            let found = user.password_hash.resolve(secrets);
            let hash = found.map_err(|why| BadAccess::Missing { user: name.clone(), why })?;
            if !is_hash(&hash) {
                return Err(BadAccess::Malformed { user: name });
            }
            users.insert(name, User { role: user.role, hash });
        }
        let tokens = Tokens::of(&server.api, secrets)?;
        let oidc = oidc::provider(console.oidc.as_ref(), secrets)?;
        self.rules.store(Arc::new(Rules { enabled: console.enabled, users, proxy: console.proxy.clone(), tokens, oidc }));
        Ok(())
    }

    /// Tells where this process listens.
    pub fn listens(&self, address: SocketAddr) {
        self.address.store(Some(Arc::new(address)));
    }

    /// Where this process listens, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address.load().as_deref().copied()
    }

    /// Whether there is a console: as configured; else where somebody can log in, or only this machine gets here.
    pub fn is_on(&self) -> bool {
        let rules = self.rules.load();
        let alone = self.address().is_some_and(|address| address.ip().is_loopback());
        rules.enabled.unwrap_or(!rules.users.is_empty() || rules.proxy.is_some() || rules.oidc.is_some() || alone)
    }

    /// Whether any program may get in by a token.
    pub fn has_tokens(&self) -> bool {
        !self.rules.load().tokens.is_empty()
    }

    /// Whose token this is.
    pub fn bearer(&self, presented: &[u8]) -> Option<Visitor> {
        self.rules.load().tokens.whose(presented)
    }

    /// Whether anybody can log in with a password.
    pub fn has_users(&self) -> bool {
        !self.rules.load().users.is_empty()
    }

    /// The name of the session's cookie: browsers do not tell ports apart.
    pub fn cookie(&self) -> String {
        format!("leverd-console-{}", self.address().map_or(0, |address| address.port()))
    }

    /// A link that lets in whoever opens it first. Only who owns the store can ask for it.
    pub fn link(&self, now: Timestamp) -> Result<String, String> {
        if !self.is_on() {
            return Err(
                "the console is off: leverd.yaml has no `server.console` with users or a proxy, and leverd listens on more \
                        than this machine"
                    .to_owned(),
            );
        }
        let Some(address) = self.address() else { return Err("this leverd does not listen".to_owned()) };
        let ticket = random();
        if ticket.is_empty() {
            return Err("the system gives no random numbers".to_owned());
        }
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|_, until| *until > now);
        links.insert(digest(&ticket), now + LINK);
        // Whoever listens everywhere is reached here, too.
        let host = if address.ip().is_unspecified() { format!("127.0.0.1:{}", address.port()) } else { address.to_string() };
        Ok(format!("http://{host}/console/enter?ticket={ticket}"))
    }

    /// Opens a link: the session, if the link was good. It is good once.
    pub fn enter(&self, node: &Node, ticket: &str) -> Option<String> {
        let now = node.clock.now();
        let until = self.links.lock().unwrap_or_else(PoisonError::into_inner).remove(&digest(ticket))?;
        (until > now).then(|| self.begin(node, "the owner of the store", How::Link, ""))
    }

    /// Lets somebody in by name and password; the session.
    pub async fn log_in(&self, node: &Node, name: &str, password: Secret, from: IpAddr) -> Result<String, NotIn> {
        let now = node.clock.now();
        self.slow.may(name, from, now).map_err(NotIn::Wait)?;
        let user = self.rules.load().users.get(name).cloned();
        let known = user.as_ref().map(|user| user.hash.clone());
        if password::fits(password, known).await
            && let Some(user) = user
        {
            self.slow.forget(name, from);
            return Ok(self.begin(node, name, How::Password, &mark(&user.hash)));
        }
        self.slow.failed(name, from, now);
        // Without the name: people type passwords into the wrong field.
        tracing::warn!(%from, "somebody gave a wrong name or password to the console");
        Err(NotIn::Wrong)
    }

    /// The host of the provider at which people log in, if there is one.
    pub fn provider(&self) -> Option<String> {
        self.rules.load().oidc.as_ref().map(|provider| provider.host().to_owned())
    }

    /// Our own address, as the provider and people know it.
    fn ours(&self, node: &Node) -> Result<Url, String> {
        let public = node.public_url.load();
        let here = || self.address().filter(|address| address.ip().is_loopback());
        public
            .as_ref()
            .clone()
            .or_else(|| Url::parse(&format!("http://{}", here()?)).ok())
            .ok_or_else(|| "leverd.yaml has no `server.public_url`, to which the provider would send people back".to_owned())
    }

    /// Sends a browser to the provider, from where it comes back to that page of ours.
    pub async fn begin_oidc(&self, node: &Node, to: &str) -> Result<Sent, String> {
        let provider = self.rules.load().oidc.clone().ok_or("nobody logs in by a provider here")?;
        let vault = node.vault.load_full();
        provider.begin(node, &self.visits, Signing { key: &self.key, vault: &vault }, &self.ours(node)?, to).await
    }

    /// A browser is back from the provider: the session, and the page that was wanted.
    pub async fn finish_oidc(&self, node: &Node, back: Returned<'_>) -> Result<(String, String), String> {
        let provider = self.rules.load().oidc.clone().ok_or("nobody logs in by a provider here")?;
        let vault = node.vault.load_full();
        let signing = Signing { key: &self.key, vault: &vault };
        let known = provider.finish(node, &self.visits, signing, &self.ours(node)?, back).await?;
        if provider.role(&known.name).is_none() {
            tracing::warn!("the provider let somebody in whom leverd.yaml does not name");
            return Err(format!(
                "{} may not use this console: ask whoever runs leverd to be named in leverd.yaml.",
                known.name
            ));
        }
        Ok((self.begin(node, &known.name, How::Oidc, &provider.mark()), known.to))
    }

    /// Ends a session before its time.
    pub fn log_out(&self, node: &Node, cookie: &str) {
        let now = node.clock.now();
        if let Some(session) = self.key.read(&node.vault.load(), cookie) {
            let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
            ended.retain(|_, until| *until > now);
            ended.insert(session.id, session.until);
        }
    }

    /// Who is at the other end: by a header of a proxy that is believed, or by their session. `header` reads one of the request's.
    pub fn visitor<'h>(
        &self,
        node: &Node,
        peer: IpAddr,
        header: impl Fn(&str) -> Option<&'h str>,
        cookie: Option<&str>,
    ) -> Option<Visitor> {
        let rules = self.rules.load();
        if let Some(proxy) = &rules.proxy
            && proxy.from.iter().any(|net: &Net| net.holds(peer))
            && let Some(name) = header(&proxy.header).map(str::trim).filter(|name| !name.is_empty())
        {
            let role = if proxy.operators.iter().any(|one| one == name) { Role::Operator } else { Role::Viewer };
            let form = self.key.sign(&node.vault.load(), &format!("form of {name} behind the proxy"));
            return Some(Visitor { name: name.to_owned(), role, how: How::Proxy, form });
        }
        let session = self.key.read(&node.vault.load(), cookie?)?;
        if session.until <= node.clock.now()
            || self.ended.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&session.id)
        {
            return None;
        }
        let role = match session.how {
            How::Link => Role::Operator,
            How::Proxy | How::Token => return None,
            How::Oidc => {
                let provider = rules.oidc.as_ref()?;
                (provider.mark() == session.mark).then(|| provider.role(&session.name))??
            }
            How::Password => {
                let user = rules.users.get(&session.name)?;
                (mark(&user.hash) == session.mark).then_some(user.role)?
            }
        };
        let form = self.key.sign(&node.vault.load(), &format!("form of session {}", session.id));
        Some(Visitor { name: session.name, role, how: session.how, form })
    }

    fn begin(&self, node: &Node, name: &str, how: How, mark: &str) -> String {
        let until = node.clock.now() + SESSION;
        let session = Session { name: name.to_owned(), how, id: random(), mark: mark.to_owned(), until };
        self.key.write(&node.vault.load(), &session)
    }
}

/// What changes with the password.
fn mark(hash: &Secret) -> String {
    digest(hash.expose()).chars().take(16).collect()
}
