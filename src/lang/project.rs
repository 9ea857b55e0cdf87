//! Everything that leverd.yaml names, loaded and bound: the one walk that `validate`, `serve`, reload and `dry-run` share.
//!
//! Pure: whoever calls hands in a [`Files`] that reads. A fault in leverd.yaml leaves nothing; a fault in a pack, or in one account's
//! settings or catalogue, leaves that account without rule sets and no other.

pub mod explain;

use super::bind::{Given, Giver, bind};
use super::catalogue::{self, PulledCatalogue};
use super::config::{self, Account, Config, PackSource, PackUse};
use super::diagnostic::{Diagnostic, Diagnostics};
use super::flow;
use super::load::{self, File, Role};
use super::rule::{Anchor, Pack, Trigger};
use super::ruleset::RuleSet;
use super::source::Sources;
use crate::model::{AccountCatalogue, AccountId, Bug, EventKind, PackName, UserId, planted};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads what leverd.yaml names. Paths are as written there.
pub trait Files {
    /// The files of a pack, named as messages shall show them; or why they cannot be read.
    fn pack(&self, source: &PackSource) -> Result<Vec<File>, String>;
    /// One file, named as messages shall show it; `None` if it does not exist.
    fn file(&self, path: &str) -> Result<Option<File>, String>;
    /// Since when a pack is active in an account: nothing before that fires.
    fn baseline(&self, account: &AccountId, pack: &PackName) -> Timestamp;
}

/// A loaded project.
#[derive(Debug)]
pub struct Project {
    pub config: Config,
    /// As in the configuration.
    pub accounts: Vec<Bound>,
    /// Every pack that compiled.
    pub packs: BTreeMap<PackSource, Arc<Pack>>,
}

/// One account with its rules.
#[derive(Debug)]
pub struct Bound {
    pub account: Account,
    pub catalogue: Arc<AccountCatalogue>,
    /// The user that `perform_as` names.
    pub perform_as: Option<UserId>,
    /// In the order of the configuration; empty where `broken`.
    pub rulesets: Vec<Arc<RuleSet>>,
    /// Whether a fault keeps this account from its new rules.
    pub broken: bool,
}

/// The name of a pack: that of the built-in one, or the last part of its folder's path.
pub fn pack_name(source: &PackSource) -> PackName {
    match source {
        PackSource::BuiltIn(name) => name.clone(),
        PackSource::Folder(path) => {
            let mut parts = path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".");
            PackName::new(parts.next_back().unwrap_or("rules"))
        }
    }
}

/// A pack's place for messages.
fn shown(source: &PackSource) -> &str {
    match source {
        PackSource::BuiltIn(name) => name.as_str(),
        PackSource::Folder(path) => path,
    }
}

/// Loads leverd.yaml (its name for messages, its bytes) and all it names. Faults are told in `diagnostics`; there is a project unless
/// leverd.yaml itself is faulty.
pub fn load(
    name: &str,
    bytes: &[u8],
    files: &dyn Files,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Project> {
    let id = sources.add(name, bytes, diagnostics)?;
    let config = config::read(sources, id, diagnostics)?;
    let mut loader = Loader { files, sources, packs: BTreeMap::new() };
    let mut accounts = Vec::new();
    for account in &config.accounts {
        accounts.push(loader.account(&config, account, diagnostics));
    }
    let packs = loader.packs.into_iter().filter_map(|(source, pack)| Some((source, pack?))).collect();
    Some(Project { config, accounts, packs })
}

struct Loader<'a> {
    files: &'a dyn Files,
    sources: &'a mut Sources,
    /// Packs by source; `None` where one has faults. Each is compiled, and its faults told, once.
    packs: BTreeMap<PackSource, Option<Arc<Pack>>>,
}

impl Loader<'_> {
    fn account(&mut self, config: &Config, account: &Account, diagnostics: &mut Diagnostics) -> Bound {
        let mut found = Diagnostics::new();
        let catalogue = self.catalogue(config, account, &mut found);
        let mut rulesets: Vec<Arc<RuleSet>> = Vec::new();
        let mut broken = false;
        for pack_use in &account.packs {
            let Some(pack) = self.pack(pack_use, &mut found) else {
                broken = true;
                continue;
            };
            connection(account, pack_use, &pack, &mut found);
            questions(config, pack_use, &pack, &mut found);
            acting(account, &pack, &mut found);
            if let Some(other) = rulesets.iter().find(|other| other.pack.name == pack.name) {
                let message = format!("two packs of this account are called `{}`", other.pack.name);
                found.push(
                    Diagnostic::error("pack-twice", pack_use.span, message)
                        .help("a pack is called as its folder; rename one of the folders"),
                );
            }
            // Without its names nothing can be bound; what is missing is told already.
            let Some(catalogue) = &catalogue else { continue };
            let given = Given {
                account: &account.name,
                giver: Giver::Account,
                mode: pack_use.mode,
                baseline: self.files.baseline(&account.name, &pack.name),
                settings: &pack_use.settings,
                settings_span: pack_use.settings_span,
                catalogue,
            };
            rulesets.extend(bind(&pack, given, &mut found).map(Arc::new));
        }
        polled(account, &rulesets, &mut found);
        if let Some(catalogue) = &catalogue {
            let automations = flow::known(&account.name, &account.automations, catalogue, &mut found);
            flow::check(&rulesets, &automations, &mut found);
        }
        let perform_as = perform_as(account, catalogue.as_deref(), &mut found);
        broken |= found.has_errors() && !planted(Bug::FaultyRules);
        diagnostics.extend(found);
        if broken {
            rulesets.clear();
        }
        Bound { account: account.clone(), catalogue: catalogue.unwrap_or_default(), perform_as, rulesets, broken }
    }

    fn catalogue(&mut self, config: &Config, account: &Account, found: &mut Diagnostics) -> Option<Arc<AccountCatalogue>> {
        let path = config.catalogue_file(&account.name);
        let (name, bytes) = match self.files.file(&path) {
            Ok(Some(file)) => file,
            // An account without packs needs no names.
            Ok(None) if account.packs.is_empty() => return Some(Arc::default()),
            Ok(None) => {
                let message = format!("the catalogue of `{}` is not there: {path}", account.name);
                found.push(
                    Diagnostic::error("no-catalogue", account.span, message)
                        .help(format!("`leverd pull {}` saves it: rules are checked against the names in it", account.name)),
                );
                return None;
            }
            Err(why) => {
                let message = format!("the catalogue of `{}` cannot be read: {why}", account.name);
                found.push(
                    Diagnostic::error("unreadable", account.span, message)
                        .help("look at the file's permissions, and whether its place holds a file at all"),
                );
                return None;
            }
        };
        let id = self.sources.add(name, &bytes, found)?;
        let PulledCatalogue { account: of, account_span, catalogue } = catalogue::read(self.sources, id, found)?;
        if of != account.name {
            let message = format!("this is the catalogue of `{of}`, not of `{}`", account.name);
            found.push(
                Diagnostic::error("other-catalogue", account_span, message)
                    .also(account.span, "the account")
                    .help(format!("`leverd pull {}` saves the right one", account.name)),
            );
            return None;
        }
        Some(Arc::new(catalogue))
    }

    fn pack(&mut self, pack_use: &PackUse, found: &mut Diagnostics) -> Option<Arc<Pack>> {
        if let Some(known) = self.packs.get(&pack_use.source) {
            return known.clone();
        }
        let pack = match self.files.pack(&pack_use.source) {
            Ok(files) if !files.iter().any(|(name, _)| load::role(name) == Role::Rules) => {
                let message = format!("this pack has no rules: {}", shown(&pack_use.source));
                found.push(Diagnostic::error("no-rules", pack_use.span, message).help("put a `rules.yaml` into its folder"));
                None
            }
            Ok(files) => load::load(&pack_name(&pack_use.source), &files, self.sources, found).map(Arc::new),
            Err(why) => {
                let fault = Diagnostic::error("no-pack", pack_use.span, why);
                found.push(match &pack_use.source {
                    PackSource::Folder(_) => fault.help("a `path` starts from the folder of leverd.yaml"),
                    PackSource::BuiltIn(_) => fault,
                });
                None
            }
        };
        self.packs.insert(pack_use.source.clone(), pack.clone());
        pack
    }
}

/// A pack that asks people needs a page that they reach, and a key that its links are signed with.
fn questions(config: &Config, pack_use: &PackUse, pack: &Pack, found: &mut Diagnostics) {
    let Some(key) = pack.asks.first() else { return };
    let mut lacks = |what: &str, help: &str| {
        let message = format!("this pack asks people (`{key}`), and leverd.yaml has no `{what}`");
        found.push(Diagnostic::error("no-page", pack_use.span, message).help(help));
    };
    if config.server.public_url.is_none() {
        lacks("server.public_url", "add the URL under which people reach this server: the links of questions begin with it");
    }
    if config.server.encryption_keys.is_empty() {
        lacks(
            "server.encryption_keys",
            "add `encryption_keys: [{ env: LEVERD_ENCRYPTION_KEY }]` under `server`: the links of questions are signed with it; `openssl rand -hex 32` makes one",
        );
    }
}

/// Some writes of Lever are done by a user or not at all.
fn acting(account: &Account, pack: &Pack, found: &mut Diagnostics) {
    let (None, Some((verb, span))) = (&account.lever.perform_as, pack.acting.first()) else { return };
    let message = format!("Lever takes `{verb}` only from a user, and the account `{}` names none", account.name);
    found.push(
        Diagnostic::error("no-perform-as", account.span, message)
            .also(*span, "needed here")
            .help("add `perform_as: NAME` to its `lever`: the user who shall have done what leverd does"),
    );
}

/// The pack's vendor needs a connection with the secrets that the adapter asks for.
fn connection(account: &Account, pack_use: &PackUse, pack: &Pack, found: &mut Diagnostics) {
    let Some(adapter) = &pack.vendor else { return };
    let Some(connection) = account.vendor(&adapter.name) else {
        let mut names = adapter.secrets.keys().map(|name| format!("{name}: {{ env: NAME }}"));
        let secrets = names.by_ref().collect::<Vec<_>>().join(", ");
        let message = format!("`{}` has no connection to `{}`, which this pack needs", account.name, adapter.name);
        found.push(
            Diagnostic::error("no-connection", pack_use.span, message)
                .help(format!("add `vendors: {{ {}: {{ secrets: {{ {secrets} }} }} }}` to the account", adapter.name)),
        );
        return;
    };
    let missing = |name: &str| connection.secret(name).is_none() && !adapter.optional_secrets.contains(name);
    for (name, doc) in adapter.secrets.iter().filter(|(name, _)| missing(name)) {
        let message = format!("the connection to `{}` lacks the secret `{name}` ({doc})", adapter.name);
        found.push(
            Diagnostic::error("no-secret", connection.span, message)
                .help(format!("add `secrets: {{ {name}: {{ env: NAME }} }}`")),
        );
    }
    for (key, _) in connection.secrets.iter().filter(|(key, _)| !adapter.secrets.contains_key(&key.text)) {
        let message = format!("the adapter of `{}` asks for no secret `{}`", adapter.name, key.text);
        found.push(Diagnostic::error("unknown-secret", key.span, message).suggest_near(
            key.span,
            &key.text,
            adapter.secrets.keys().map(String::as_str),
        ));
    }
    if adapter.webhook.is_some() && connection.path_token.is_none() {
        let message = format!("webhooks of `{}` cannot be received: this connection has no `path_token`", adapter.name);
        found.push(
            Diagnostic::warning("no-path-token", connection.span, message).help(
                "add `path_token: { env: NAME }` with a long random text: it is the secret last part of the webhook's URL",
            ),
        );
    }
}

/// Rules that only polling makes fire, in an account that does not poll.
fn polled(account: &Account, rulesets: &[Arc<RuleSet>], found: &mut Diagnostics) {
    if account.lever.poll.is_some() {
        return;
    }
    let uses = account.packs.iter().filter(|pack_use| pack_use.mode != super::ruleset::Mode::Off);
    for pack_use in uses {
        let name = pack_name(&pack_use.source);
        let Some(set) = rulesets.iter().find(|set| *set.name() == name) else { continue };
        for rule in &set.pack.rules {
            let only_polled = |trigger: &Trigger| {
                matches!(trigger, Trigger::TagAdded(_) | Trigger::Event(EventKind::OpportunityCreated))
                    || matches!(trigger, Trigger::Timer { of: Anchor::Event(EventKind::OpportunityCreated), .. })
            };
            if !rule.triggers.iter().any(only_polled) {
                continue;
            }
            let message = format!(
                "the rule `{}` waits for what Lever has no webhook for, and `{}` does not poll",
                rule.name, account.name
            );
            found.push(
                Diagnostic::warning("needs-polling", pack_use.span, message)
                    .also(account.lever.span, "this connection")
                    .help("add `poll: { every: 15m }` to `lever`"),
            );
        }
    }
}

/// The user whose id or name is given. Without a catalogue an id is taken as it is.
fn perform_as(account: &Account, catalogue: Option<&AccountCatalogue>, found: &mut Diagnostics) -> Option<UserId> {
    let wanted = account.lever.perform_as.as_ref()?;
    let users = catalogue.map(|catalogue| catalogue.users.as_slice()).unwrap_or_default();
    if users.is_empty() {
        return Some(UserId::new(&wanted.text));
    }
    let mut fitting = users.iter().filter(|user| user.id == wanted.text || user.name == wanted.text);
    match (fitting.next(), fitting.next()) {
        (Some(user), None) => Some(UserId::new(&user.id)),
        (Some(_), Some(_)) => {
            let message = format!("several users are called `{}`", wanted.text);
            found.push(Diagnostic::error("unknown-user", wanted.span, message).help("write the user's id instead"));
            None
        }
        (None, _) => {
            let message = format!("`{}` is no active user of `{}`", wanted.text, account.name);
            found.push(
                Diagnostic::error("unknown-user", wanted.span, message)
                    .suggest_near(wanted.span, &wanted.text, users.iter().map(|user| user.name.as_str()))
                    .help("write the name or id of a Lever user; `leverd pull` asks for them again"),
            );
            None
        }
    }
}
