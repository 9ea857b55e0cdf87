//! `leverd.yaml`: the accounts, their connections and packs, and where leverd keeps and tells things (grammar:
//! `schema/config.md`).
//!
//! Text in, a [`Config`] out, with every fault told. Secrets stay references and settings stay nodes: the one is resolved where
//! leverd runs ([`Secrets`]), the other typed by the pack that declares them. Paths are as written; they are relative to the
//! folder of `leverd.yaml`, which this layer does not know.

mod api;
mod console;
pub mod explain;
mod grammar;
mod oidc;
mod read;
mod read_automation;
mod read_lever;
mod read_store;
mod secret;

pub use super::bind::SettingInput;
pub use api::{Api, ApiToken};
pub use console::{Console, ConsoleUser, Net, Proxy, Role};
pub use oidc::Oidc;
pub use read::read;
pub use secret::{MissingSecret, SecretPlace, SecretRef, Secrets};

use super::ruleset::Mode;
use super::shape::Shape;
use super::source::Span;
use super::yaml::Key;
use crate::model::{AccountId, PackName, VendorName};
use jiff::SignedDuration;
use schemars::Schema;
use std::net::{Ipv4Addr, SocketAddr};
use url::Url;

/// The version of the grammar that this leverd reads.
pub const VERSION: i64 = 1;

/// A whole `leverd.yaml`.
#[derive(Debug, Clone)]
pub struct Config {
    /// In file order; at least one.
    pub accounts: Vec<Account>,
    /// Folder of the pulled catalogues; one file `ACCOUNT.yaml` each.
    pub catalogue: String,
    pub store: Store,
    pub server: Server,
    pub notices: Option<Notices>,
    pub retention: Retention,
    pub log: Log,
    pub traces: Option<Traces>,
}

/// One connected Lever account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Lower-case letters, digits, `-` and `_`: it stands in URLs and file names.
    pub name: AccountId,
    /// Where the name stands.
    pub span: Span,
    pub lever: LeverConnection,
    /// In file order; each vendor once.
    pub vendors: Vec<VendorConnection>,
    /// In file order, which is the order of firing among packs.
    pub packs: Vec<PackUse>,
    /// What Lever is said to do by itself.
    pub automations: Vec<Automation>,
}

/// Something that Lever does by itself, as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Automation {
    pub when: Spot,
    pub then: Spot,
    /// Where it stands.
    pub span: Span,
}

/// Where an automation starts or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// By name or id.
    Stage(Text),
    Tag(Text),
}

/// How to speak to Lever for one account.
#[derive(Debug, Clone)]
pub struct LeverConnection {
    pub host: LeverHost,
    pub credentials: Credentials,
    pub perform_as: Option<Text>,
    /// Lever's signature tokens; any of them may have signed.
    pub signing_tokens: Vec<SecretRef>,
    /// Whether a webhook without signature is taken, as a hint.
    pub unsigned: bool,
    /// How often Lever is asked what changed, if at all.
    pub poll: Option<SignedDuration>,
    pub span: Span,
}

/// What Lever knows an account's requests by.
#[derive(Debug, Clone)]
pub enum Credentials {
    ApiKey(SecretRef),
    OAuth(OAuthApp),
}

/// The OAuth app that a Super Admin lets into the account.
#[derive(Debug, Clone)]
pub struct OAuthApp {
    pub client_id: String,
    pub client_secret: SecretRef,
    /// Without a slash at its end: `/authorize` and `/oauth/token` are below it.
    pub auth_url: String,
    /// What Lever calls the API that is asked for. Its last slash matters.
    pub audience: String,
    /// Where `oauth` stands.
    pub span: Span,
}

/// Which Lever (`lever-api §1.1`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeverHost {
    Production,
    Sandbox,
    Eu,
    Other(Url),
}

impl LeverHost {
    /// The base URL of the API, without a slash at its end.
    pub fn url(&self) -> &str {
        match self {
            Self::Production => "https://api.lever.co/v1",
            Self::Sandbox => "https://api.sandbox.lever.co/v1",
            Self::Eu => "https://api.eu.lever.co/v1",
            Self::Other(url) => url.as_str().trim_end_matches('/'),
        }
    }

    /// The authorization server, without a slash at its end; a URL's own has to be told.
    pub const fn auth_url(&self) -> Option<&'static str> {
        match self {
            // One server for both data centres: it redirects to the right one.
            Self::Production | Self::Eu => Some("https://auth.lever.co"),
            Self::Sandbox => Some("https://sandbox-lever.auth0.com"),
            Self::Other(_) => None,
        }
    }

    /// What a token is asked for: the API's URL with a slash at its end, without which Lever's consent page offers nothing.
    pub fn audience(&self) -> String {
        match self {
            Self::Eu => Self::Production.audience(),
            other => format!("{}/", other.url()),
        }
    }
}

/// How to speak to one vendor for one account.
#[derive(Debug, Clone)]
pub struct VendorConnection {
    pub vendor: VendorName,
    pub span: Span,
    /// Another URL than the adapter's.
    pub base_url: Option<Url>,
    /// By the names that the adapter declares, in file order.
    pub secrets: Vec<(Key, SecretRef)>,
    /// The secret last part of `/hooks/{vendor}/{account}/{token}`.
    pub path_token: Option<SecretRef>,
}

impl VendorConnection {
    /// The reference to the secret of this name.
    pub fn secret(&self, name: &str) -> Option<&SecretRef> {
        self.secrets.iter().find(|(key, _)| key.text == name).map(|(_, secret)| secret)
    }
}

/// One pack in one account.
#[derive(Debug, Clone)]
pub struct PackUse {
    pub source: PackSource,
    /// Where the name or the path stands.
    pub span: Span,
    pub mode: Mode,
    /// In file order; each name once.
    pub settings: Vec<SettingInput>,
    /// Where the settings stand, or the pack where there are none: for settings that lack.
    pub settings_span: Span,
}

/// Where a pack comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackSource {
    /// Shipped in the binary.
    BuiltIn(PackName),
    /// A folder, as written.
    Folder(String),
}

/// A text and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub text: String,
    pub span: Span,
}

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// One SQLite file, path as written.
    Sqlite(String),
    /// A PostgreSQL database.
    Postgres {
        /// Without a password.
        url: String,
        password: Option<SecretRef>,
    },
}

/// Where leverd listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub listen: SocketAddr,
    /// Without a slash at its end.
    pub public_url: Option<Url>,
    /// The first one encrypts the tokens in the store, all of them decrypt.
    pub encryption_keys: Vec<SecretRef>,
    pub console: Console,
    pub api: Api,
}

/// Where notices are POSTed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notices {
    Url(Url),
    /// The URL itself is a secret, as chat systems' are.
    Secret(SecretRef),
}

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    pub deliveries: SignedDuration,
    pub runs: SignedDuration,
}

/// Where traces go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traces {
    /// Without `/v1/traces`.
    pub otlp: Url,
    pub headers: Vec<(String, SecretRef)>,
}

/// What is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: &'static str,
    pub json: bool,
}

/// The port that leverd listens on unless told otherwise.
pub const PORT: u16 = 8321;

impl Default for Store {
    fn default() -> Self {
        Self::Sqlite("leverd.db".to_owned())
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)),
            public_url: None,
            encryption_keys: Vec::new(),
            console: Console::default(),
            api: Api::default(),
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { deliveries: SignedDuration::from_hours(30 * 24), runs: SignedDuration::from_hours(400 * 24) }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info", json: false }
    }
}

impl Config {
    /// The account of this name.
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name.as_str() == name)
    }

    /// The file with the pulled catalogue of an account, relative to the folder of `leverd.yaml`.
    pub fn catalogue_file(&self, account: &AccountId) -> String {
        format!("{}/{account}.yaml", self.catalogue.trim_end_matches('/'))
    }

    /// Every reference to a secret, so that a start can say at once which are missing.
    pub fn secrets(&self) -> Vec<&SecretRef> {
        let mut all: Vec<&SecretRef> = self.server.encryption_keys.iter().collect();
        all.extend(self.server.console.users.iter().map(|user| &user.password_hash));
        all.extend(self.server.console.oidc.iter().map(|oidc| &oidc.client_secret));
        all.extend(self.traces.iter().flat_map(|traces| &traces.headers).map(|(_, secret)| secret));
        all.extend(self.server.api.tokens.iter().map(|token| &token.token));
        for account in &self.accounts {
            all.push(account.lever.credentials.secret());
            all.extend(&account.lever.signing_tokens);
            for vendor in &account.vendors {
                all.extend(vendor.secrets.iter().map(|(_, secret)| secret));
                all.extend(&vendor.path_token);
            }
        }
        if let Some(Notices::Secret(secret)) = &self.notices {
            all.push(secret);
        }
        if let Store::Postgres { password, .. } = &self.store {
            all.extend(password);
        }
        all
    }
}

impl Credentials {
    /// The one secret of them.
    pub const fn secret(&self) -> &SecretRef {
        match self {
            Self::ApiKey(key) => key,
            Self::OAuth(app) => &app.client_secret,
        }
    }
}

impl Account {
    /// The connection to a vendor.
    pub fn vendor(&self, name: &VendorName) -> Option<&VendorConnection> {
        self.vendors.iter().find(|connection| connection.vendor == *name)
    }
}

/// The keys of `leverd.yaml`.
pub(crate) fn root() -> &'static Shape {
    &grammar::ROOT
}

/// The JSON Schema of `leverd.yaml`, from the tables that the reader goes by.
pub fn config_schema() -> Schema {
    grammar::ROOT.schema("leverd.yaml", "Accounts, connections, packs and where leverd keeps and tells things.")
}
