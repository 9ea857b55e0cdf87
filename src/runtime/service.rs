//! Starting, reloading and stopping: a project on disk becomes accounts with rules in force, and stays so when the files change.
//!
//! A broken set never replaces a good one, and everyone can see that it did not: the log, a metric, a notice, the health page. The
//! unit of swap is one account: a fault in one account's settings or catalogue keeps that account on its last good set and no other.

use super::abroad;
use super::access::BadAccess;
use super::account::{Account, Active, Connection, VendorConnection};
use super::call::{Held, Node};
use super::project::{Here, Loaded, Reading, base};
use super::tokens::OAuth;
use super::vault::{BadKey, Vault};
use super::watch::{Patience, watch};
use super::{webhooks, work};
use crate::engine::Program;
use crate::http::{AllowedHost, Auth, Endpoint, Rate, RateGate};
use crate::lang::config::{Credentials, MissingSecret, OAuthApp, PackSource};
use crate::lang::project::Bound;
use crate::lang::render::render_human;
use crate::lang::rule::Pack;
use crate::lang::ruleset::{Mode, RuleSet};
use crate::lever::oauth::App;
use crate::model::{AccountId, ConnectionName, Notice, NoticeId, NoticeKind, PackName, Secret, VendorName};
use crate::store::{Store, StoreError, Work};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How the last load of an account's rules went, for health and people.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ReloadState {
    pub at: Timestamp,
    pub ok: bool,
    /// The hash of the rules in force.
    pub hash: String,
    /// What was said, whole, where it was not ok.
    pub message: Option<String>,
}

/// Why leverd did not start.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// The rendered diagnostics.
    #[error("{0}")]
    Faults(String),
    #[error("{what} of account `{account}`: {why}")]
    Secret { account: AccountId, what: String, why: MissingSecret },
    #[error("{0}")]
    Unreadable(String),
    #[error(transparent)]
    Key(#[from] BadKey),
    #[error(transparent)]
    Access(#[from] BadAccess),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Loads the project and puts its accounts in force. Called once. A faulty account is held back and the others start; if all of them
/// are, or leverd.yaml itself, there is nothing to start; but an account with an OAuth app can be logged in to while it is held back,
/// since its names can be pulled only then.
pub async fn start(node: &Node, config: &Path) -> Result<Reading, NotStarted> {
    let reading = Reading::of(config).map_err(NotStarted::Unreadable)?;
    start_with(node, &reading, config).await?;
    Ok(reading)
}

/// The same with a project that was read before.
pub async fn start_with(node: &Node, reading: &Reading, config: &Path) -> Result<(), NotStarted> {
    let loaded = reading.load();
    let text = render_human(&loaded.sources, &loaded.diagnostics, false);
    let starts = |bound: &Bound| !bound.broken || matches!(bound.account.lever.credentials, Credentials::OAuth(_));
    if !loaded.project.as_ref().is_some_and(|project| project.accounts.iter().any(starts)) {
        return Err(NotStarted::Faults(text));
    }
    let broken = loaded.broken();
    let put = put_in_force(node, reading, loaded, &Here { base: base(config).to_owned() }).await?;
    for id in &broken {
        hold(node, id, None, &text).await;
    }
    // A fault that only shows when secrets are read.
    if let (Some(first), true) = (put.held.into_iter().next(), node.all_accounts().is_empty()) {
        return Err(first);
    }
    if node.store.is_shared() {
        // Each account when it is taken.
        return Ok(());
    }
    let recovered = node.store.recover(node.clock.now()).await?;
    if !recovered.unknown.is_empty() {
        tracing::info!(
            effects = recovered.unknown.len(),
            "effects were under way when leverd stopped; each is looked up before it is sent again"
        );
    }
    Ok(())
}

/// Works until cancelled, reloading when the files change. Returns when everything under way has ended.
pub async fn run(node: Arc<Node>, config: PathBuf, reading: Reading, cancel: CancellationToken) {
    tokio::join!(
        work::run(Arc::clone(&node), cancel.clone()),
        reload(Arc::clone(&node), config, reading, cancel.clone()),
        super::notices::tell(Arc::clone(&node), cancel.clone()),
    );
}

/// Works until cancelled without watching any files: the simulation of faults reloads by [`swap`].
pub async fn work(node: Arc<Node>, cancel: CancellationToken) {
    work::run(node, cancel).await;
}

/// Puts a project that was read anew in force, as a change of its files does; what is broken stays as it was.
pub async fn swap(node: &Node, reading: &Reading, config: &Path) {
    load_anew(node, reading, config).await;
}

/// Watches the files and loads them anew when they change.
async fn reload(node: Arc<Node>, config: PathBuf, mut reading: Reading, cancel: CancellationToken) {
    while !cancel.is_cancelled() {
        let watched = reading.watched(&config);
        let (tx, mut changed) = mpsc::channel(1);
        let watching = cancel.child_token();
        let last = watched.read().ok();
        let watcher = tokio::spawn(watch(watched.clone(), last, Patience::default(), tx, watching.clone()));
        // The configuration may have changed between its reading and the watch: the first reading is a new one.
        let mut seen = None;
        loop {
            let again = {
                let seen = seen.take().and_then(|seen| reading.with(&config, &watched, seen));
                let config = config.clone();
                let read = move || seen.map_or_else(|| Reading::of(&config), Ok);
                tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err(error.to_string()))
            };
            match again {
                Ok(again) if again == reading => {}
                Ok(again) => {
                    let moved = again.watched(&config).roots != reading.watched(&config).roots;
                    reading = again;
                    load_anew(&node, &reading, &config).await;
                    if moved {
                        break;
                    }
                }
                Err(why) => refuse(&node, &why).await,
            }
            tokio::select! {
                () = cancel.cancelled() => break,
                event = changed.recv() => match event {
                    Some(Ok(files)) => seen = Some(files),
                    Some(Err(error)) => refuse(&node, &error.to_string()).await,
                    None => break,
                },
            }
        }
        watching.cancel();
        // It may be waiting for us to take the next change.
        drop(changed);
        drop(watcher.await);
    }
}

/// Loads a changed project. What is broken stays as it was.
async fn load_anew(node: &Node, reading: &Reading, config: &Path) {
    let started = tokio::time::Instant::now();
    let loaded = {
        let reading = reading.clone();
        blocking(node.clock.is_simulated(), move || reading.load()).await
    };
    let Some(loaded) = loaded else {
        return refuse(node, "checking the rules failed inside leverd; please report it").await;
    };
    let text = render_human(&loaded.sources, &loaded.diagnostics, false);
    let faulty = loaded.diagnostics.has_errors();
    if loaded.project.is_none() {
        return refuse(node, &text).await;
    }
    let broken = loaded.broken();
    match put_in_force(node, reading, loaded, &Here { base: base(config).to_owned() }).await {
        Ok(Put { changed, held, refused }) => {
            // Before it is told: whoever hears of it finds it counted.
            count_reload(broken.is_empty() && held.is_empty() && !refused);
            for account in &broken {
                if node.account(account).is_some() {
                    tell_broken(node, Some(account), &text).await;
                } else {
                    hold(node, account, None, &text).await;
                }
            }
            if !faulty && !text.is_empty() {
                tracing::warn!("rules loaded with warnings:\n{text}");
            }
            metrics::histogram!("leverd_reload_seconds").record(started.elapsed().as_secs_f64());
            for (account, hash) in changed {
                tracing::info!(%account, ruleset = %hash, "new rules are in force");
            }
        }
        Err(error) => refuse(node, &error.to_string()).await,
    }
}

/// Nothing of what was changed is taken.
async fn refuse(node: &Node, why: &str) {
    count_reload(false);
    tell_broken(node, None, why).await;
}

/// Counts a change of the files, once however many accounts it concerns.
fn count_reload(ok: bool) {
    metrics::counter!("leverd_reloads_total", "ok" => if ok { "true" } else { "false" }).increment(1);
}

/// Says loudly that new rules were not taken.
async fn tell_broken(node: &Node, account: Option<&AccountId>, text: &str) {
    tracing::error!("the changed rules are broken and were NOT taken; the last good ones stay in force:\n{text}");
    let now = node.clock.now();
    let accounts = node.all_accounts();
    for id in accounts.keys().filter(|id| account.is_none_or(|account| account == *id)) {
        let before = node.reloads.load().get(id).map(|state| state.hash.clone()).unwrap_or_default();
        node.note_reload(id, ReloadState { at: now, ok: false, hash: before, message: Some(text.to_owned()) });
        let told = format!("the changed rules are broken and were not taken; the last good ones stay in force\n{text}");
        let notice = NoticeId::derive(now, &[id.as_str(), "reload", text]);
        node.tell(id, Notice::new(notice, NoticeKind::Reload, told, now)).await;
    }
}

/// Holds an account back that has no rules to go on with, and says so loudly.
async fn hold(node: &Node, id: &AccountId, account: Option<Arc<Account>>, why: &str) {
    node.held.rcu(|held| {
        let mut held = BTreeMap::clone(held);
        let entry = held.entry(id.clone()).or_insert_with(|| Held { account: None, why: String::new() });
        why.clone_into(&mut entry.why);
        if account.is_some() {
            entry.account.clone_from(&account);
        }
        held
    });
    if why.is_empty() {
        return;
    }
    tracing::error!(account = %id, "the account is held back; its deliveries are kept and wait:\n{why}");
    let now = node.clock.now();
    node.note_reload(id, ReloadState { at: now, ok: false, hash: String::new(), message: Some(why.to_owned()) });
    let text = format!(
        "account `{id}` is held back until its faults are mended: deliveries are kept and wait, nothing is done\n{why}"
    );
    let notice = NoticeId::derive(now, &[id.as_str(), "held", why]);
    node.tell(id, Notice::new(notice, NoticeKind::Reload, text, now)).await;
}

/// What putting a project in force came to.
struct Put {
    /// Whose rules are others now, with their hash.
    changed: Vec<(AccountId, String)>,
    /// Why accounts are held back although their rules are fine.
    held: Vec<NotStarted>,
    /// An account that lacks a secret now keeps its last good rules.
    refused: bool,
}

/// Swaps in every account of the project that is not broken. One that is broken keeps its last good rules, or is held back.
async fn put_in_force(node: &Node, reading: &Reading, loaded: Loaded, here: &Here) -> Result<Put, NotStarted> {
    let mut put = Put { changed: Vec::new(), held: Vec::new(), refused: false };
    let Some(project) = loaded.project else { return Ok(put) };
    node.access.put(&project.config.server, here)?;
    let vault = Vault::of(&project.config.server.encryption_keys, here)?;
    node.vault.store(Arc::new(vault));
    let before = node.all_accounts();
    let mut still_held = std::collections::BTreeSet::new();
    let mut accounts = BTreeMap::new();
    let (mut good, mut kept) = (BTreeMap::new(), None);
    for bound in project.accounts {
        let id = bound.account.name.clone();
        let (old, broken) = (before.get(&id), bound.broken);
        if let (Some(last_good), true) = (old, broken) {
            accounts.insert(id, Arc::clone(last_good));
            continue;
        }
        let account = match build(node, bound, &project.packs, here, old.map(Arc::as_ref)).await {
            // Its rules are faulty, which is told by who loaded them: what comes for it is verified and kept.
            Ok(account) if broken => {
                still_held.insert(id.clone());
                hold(node, &id, Some(Arc::new(account)), "").await;
                continue;
            }
            Ok(account) => account,
            // A secret that one account lacks is that account's fault alone.
            Err(NotStarted::Secret { .. }) if broken => {
                still_held.insert(id);
                continue;
            }
            Err(error @ NotStarted::Secret { .. }) => {
                if let Some(last_good) = old {
                    put.refused = true;
                    tell_broken(node, Some(&id), &error.to_string()).await;
                    accounts.insert(id, Arc::clone(last_good));
                } else {
                    still_held.insert(id.clone());
                    hold(node, &id, None, &error.to_string()).await;
                    put.held.push(error);
                }
                continue;
            }
            Err(error) => return Err(error),
        };
        let hash = account.active().program.hash().to_owned();
        if old.is_none_or(|old| old.active().program.hash() != hash) {
            let manifest = match &kept {
                Some(manifest) => manifest,
                None => kept.insert(keep_files(node, reading).await?),
            };
            node.store.keep_ruleset(&hash, manifest.clone(), Vec::new()).await?;
            put.changed.push((id.clone(), hash.clone()));
        }
        if let Some(old) = old {
            account.inherit(old);
        }
        good.insert(id.clone(), ReloadState { at: node.clock.now(), ok: true, hash, message: None });
        accounts.insert(id, Arc::new(account));
    }
    // Where nothing is configured, the address that was opened stands.
    if let Some(url) = &project.config.server.public_url {
        node.public_url.store(Arc::new(Some(url.clone())));
    }
    node.retention.store(Arc::new(project.config.retention));
    node.note_reloads(&good);
    node.gates.sort_out(accounts.values().map(Arc::as_ref));
    node.accounts.store(Arc::new(accounts));
    node.renamed();
    node.tests.forget();
    // Not before the accounts are in force: a delivery in between is taken by one or the other.
    node.held.rcu(|held| {
        let mut held = BTreeMap::clone(held);
        held.retain(|id, _| still_held.contains(id));
        held
    });
    node.wake.notify_waiters();
    Ok(put)
}

/// Keeps what was loaded, file by file by content, once for all accounts; the answer is what each program's hash leads to.
async fn keep_files(node: &Node, reading: &Reading) -> Result<Vec<u8>, StoreError> {
    use sha2::{Digest, Sha256};
    let digest = |bytes: &[u8]| crate::model::hex(&Sha256::digest(bytes));
    let (mut manifest, mut files) = (BTreeMap::new(), Vec::new());
    for (path, bytes) in &reading.files {
        let digest = digest(bytes);
        files.push((digest.clone(), bytes.clone()));
        manifest.insert(path.clone(), digest);
    }
    let manifest = serde_json::json!({ "config": reading.config, "files": manifest }).to_string().into_bytes();
    let named = digest(&manifest);
    files.push((named.clone(), manifest));
    node.store.keep_source_files(files).await?;
    Ok(serde_json::json!({ "manifest": named }).to_string().into_bytes())
}

/// The program that had this hash, loaded again from what the store kept: for effects that were planned before a restart.
pub async fn fetch(node: &Node, account: &Account, hash: &str) -> Option<Arc<Program>> {
    if let Some(known) = account.earlier(hash) {
        return Some(known);
    }
    let program = Arc::new(load_kept(&node.store, &account.id, hash, node.clock.is_simulated()).await?);
    account.remember(Arc::clone(&program));
    Some(program)
}

/// The rules of an account that had this hash, loaded from what the store kept.
pub async fn kept(store: &Store, account: &AccountId, hash: &str) -> Option<Program> {
    load_kept(store, account, hash, false).await
}

/// Runs what takes long where it holds nobody up; in simulated time at once, because a thread has a time of its own. `None`: it
/// failed inside.
async fn blocking<T: Send + 'static>(simulated: bool, run: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    if simulated { Some(run()) } else { tokio::task::spawn_blocking(run).await.ok() }
}

/// The files that rules of this hash were loaded from, as the store kept them.
pub async fn kept_files(store: &Store, hash: &str) -> Option<Reading> {
    let mut kept: serde_json::Value = serde_json::from_slice(&store.ruleset(hash).await.ok()??).ok()?;
    // Before there were many accounts, each kept the list of the files by itself.
    if let Some(manifest) = kept.get("manifest").and_then(serde_json::Value::as_str) {
        kept = serde_json::from_slice(&store.source_file(manifest).await.ok()??).ok()?;
    }
    let mut reading = Reading { config: kept.get("config")?.as_str()?.to_owned(), ..Reading::default() };
    for (path, digest) in kept.get("files")?.as_object()? {
        reading.files.insert(path.clone(), store.source_file(digest.as_str()?).await.ok()??);
    }
    Some(reading)
}

async fn load_kept(store: &Store, account: &AccountId, hash: &str, simulated: bool) -> Option<Program> {
    let reading = kept_files(store, hash).await?;
    let loaded = blocking(simulated, move || reading.load()).await?;
    let bound = loaded.project?.accounts.into_iter().find(|bound| bound.account.name == *account)?;
    let program = Program::new(bound.rulesets);
    // A newer leverd may compile the same files otherwise: then the rules in force are the better answer.
    (program.hash() == hash).then_some(program)
}

/// An account with its connections. Breakers of unchanged destinations move over; budgets belong to credentials.
async fn build(
    node: &Node,
    bound: Bound,
    packs: &BTreeMap<PackSource, Arc<Pack>>,
    secrets: &Here,
    old: Option<&Account>,
) -> Result<Account, NotStarted> {
    let Bound { account: configured, catalogue, perform_as, mut rulesets, .. } = bound;
    let id = configured.name.clone();
    let missing = |what: &str| {
        let (account, what) = (id.clone(), what.to_owned());
        move |why| NotStarted::Secret { account, what, why }
    };
    let now = node.clock.now();
    activate(node, &id, &mut rulesets, old, now).await?;
    let mut signing: Vec<Secret> = Vec::new();
    for token in &configured.lever.signing_tokens {
        signing.push(token.resolve(secrets).map_err(missing("a signing token"))?);
    }
    signing.extend(webhooks::signing_tokens(node, &id).await?);
    let url = url::Url::parse(configured.lever.host.url()).map_err(|error| NotStarted::Unreadable(error.to_string()))?;
    let secret = configured.lever.credentials.secret().resolve(secrets);
    let (auth, oauth, key) = match &configured.lever.credentials {
        Credentials::ApiKey(reference) => {
            let user = secret.map_err(missing("the Lever API key"))?;
            (Auth::Basic { user, password: None }, None, Some((reference.clone(), secrets.clone())))
        }
        Credentials::OAuth(app) => {
            let secret = secret.map_err(missing("the client secret of Lever's OAuth app"))?;
            (Auth::None, Some(oauth(app, secret, old)?), None)
        }
    };
    let abroad = match old {
        Some(_) => Some(0),
        None => abroad::found(node, &id, Rate::LEVER).await?,
    };
    // Lever counts a login by its account.
    let counted = match &auth {
        Auth::Basic { user, .. } => user.expose(),
        _ => id.as_str(),
    };
    let gate = node.gates.of(&[url.as_str(), counted], abroad::gate(Rate::LEVER, abroad));
    let lever = connection(Endpoint::lever(url, auth), gate, old.map(|old| &old.lever));

    let adapters: BTreeMap<VendorName, _> = rulesets
        .iter()
        .filter_map(|set| set.pack.vendor.as_ref().map(|adapter| (adapter.name.clone(), Arc::clone(adapter))))
        .collect();
    let mut vendors = BTreeMap::new();
    for vendor in &configured.vendors {
        let Some(adapter) = adapters.get(&vendor.vendor) else { continue };
        let base = vendor.base_url.as_ref().map_or_else(|| adapter.base_url.clone(), ToString::to_string);
        let url = url::Url::parse(&base).map_err(|error| NotStarted::Unreadable(format!("{}: {error}", adapter.title)))?;
        // Headers, bodies and signatures carry a vendor's credentials; the adapter puts them there.
        let mut endpoint = Endpoint::new(url, Auth::None);
        endpoint.hosts = adapter.hosts.iter().map(|host| AllowedHost { host: host.clone(), credentials: false }).collect();
        let rate = adapter.rate.as_ref().map_or(Rate::vendor(10, 10.0), |rate| Rate::vendor(rate.burst, rate.per_second));
        let mut held = BTreeMap::new();
        for (name, secret) in &vendor.secrets {
            held.insert(name.text.clone(), secret.resolve(secrets).map_err(missing(&format!("the secret `{}`", name.text)))?);
        }
        let path_token = match &vendor.path_token {
            Some(token) => Some(token.resolve(secrets).map_err(missing("the path token"))?),
            None => None,
        };
        let per = format!("{rate:?}");
        let mut counted = vec![base.as_str(), &per];
        counted.extend(held.iter().flat_map(|(name, secret)| [name.as_str(), secret.expose()]));
        let gate = node.gates.of(&counted, abroad::gate(rate, abroad.map(|_| 0)));
        let before = old.and_then(|old| old.vendors.get(&vendor.vendor)).map(|old| &old.connection);
        let name = ConnectionName::new(id.as_str());
        vendors
            .insert(vendor.vendor.clone(), VendorConnection::new(name, connection(endpoint, gate, before), held, path_token));
    }
    let used = configured.packs.iter().filter(|used| used.mode != Mode::Off);
    let packs = used.filter_map(|used| packs.get(&used.source)).cloned().collect();
    let active = Active { program: Arc::new(Program::new(rulesets)), catalogue, packs, adapters };
    let mut account = Account::new(id, lever, perform_as, (signing, configured.lever.unsigned), vendors, active);
    account.poll = configured.lever.poll;
    Ok(account.connected_by(oauth).keyed_by(key).given_tokens(!configured.lever.signing_tokens.is_empty()))
}

/// The way to access tokens: the old one with its token, if it is the same app.
fn oauth(app: &OAuthApp, client_secret: Secret, old: Option<&Account>) -> Result<Arc<OAuth>, NotStarted> {
    let known = App { client_id: app.client_id.clone(), auth_url: app.auth_url.clone(), audience: app.audience.clone() };
    if let Some(old) = old.and_then(|old| old.oauth.as_ref())
        && old.app == known
        && old.client_secret == client_secret
    {
        return Ok(Arc::clone(old));
    }
    let url = url::Url::parse(&app.auth_url).map_err(|error| NotStarted::Unreadable(error.to_string()))?;
    Ok(Arc::new(OAuth::new(known, client_secret, Endpoint::new(url, Auth::None))))
}

/// Gives every rule set its baseline: that of the set in force, or the store's, which keeps the first one.
async fn activate(
    node: &Node,
    account: &AccountId,
    rulesets: &mut [Arc<RuleSet>],
    old: Option<&Account>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let old = old.map(Account::active);
    let mut known: BTreeMap<PackName, Timestamp> =
        old.iter().flat_map(|old| old.program.sets()).map(|set| (set.name().clone(), set.baseline)).collect();
    let fresh: Vec<PackName> =
        rulesets.iter().map(|set| set.name()).filter(|pack| !known.contains_key(*pack)).cloned().collect();
    if !fresh.is_empty() {
        let since = node.store.activate(account, fresh.clone(), now).await?;
        known.extend(fresh.into_iter().zip(since));
    }
    for set in rulesets {
        if let (Some(since), Some(set)) = (known.get(set.name()).copied(), Arc::get_mut(set)) {
            set.baseline = since;
        }
    }
    Ok(())
}

/// A connection; its breaker is the old one's if it is the same destination.
fn connection(endpoint: Endpoint, (gate, credential): (RateGate, String), old: Option<&Connection>) -> Connection {
    let mut connection = Connection::new(endpoint, gate);
    connection.credential = credential;
    if let Some(old) = old.filter(|old| old.endpoint.base_url == connection.endpoint.base_url) {
        // The same credentials are refused as before.
        let refused = old.suspended().filter(|_| old.addressed().auth == connection.endpoint.auth);
        connection.breaker = Arc::clone(&old.breaker);
        connection.suspend(refused);
    }
    connection
}

/// Puts parked work back, for `retry` of a running node.
pub async fn retry(node: &Node, account: &AccountId, work: Work) -> Result<(), StoreError> {
    node.store.retry(account, work, node.clock.now()).await?;
    node.wake.notify_waiters();
    Ok(())
}
