//! Everything that a demo needs, really there: the simulator, a project on disk, a running node behind its own door.
//!
//! The node speaks to the simulator through the same client as to Lever, and is started, pulled and reloaded as a user would. The
//! flow tests use the same world.

use crate::cli::out::Out;
use crate::cli::pull::Pull;
use crate::http::{Client, Limits};
use crate::lang::diagnostic::Diagnostics;
use crate::lang::load::load;
use crate::lang::source::Sources;
use crate::model::{AccountId, PackName, Secret};
use crate::runtime::clock::Clock;
use crate::runtime::{Node, builtin};
use crate::runtime::{service, webhooks};
use crate::server::{self, Door, Shared};
use crate::sim::{self, Sim, SimOptions};
use crate::store::{Options, Store};
use anyhow::{Context, bail};
use jiff::SignedDuration;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The one account of the demo.
pub const ACCOUNT: &str = "demo";
/// The secret part of the vendor's webhook path.
const PATH_TOKEN: &str = "demo-path-token-of-no-value";

/// One integration of the demo's account: a shipped pack with its settings, and the stand-in of its vendor, which has its name.
#[derive(Debug, Clone)]
pub struct Integration {
    pub name: &'static str,
    /// As YAML flow text.
    pub settings: String,
    /// Whether the pack's files stand in the project, to be edited; otherwise the shipped ones are used.
    pub editable: bool,
}

impl Integration {
    /// The shipped pack of this name with these settings.
    pub fn new(name: &'static str, settings: impl Into<String>) -> Self {
        Self { name, settings: settings.into(), editable: false }
    }
}

/// How the world starts.
#[derive(Debug)]
pub struct WorldOptions {
    pub sim: SimOptions,
    /// Where the project is written; it must be empty or not there.
    pub folder: PathBuf,
    pub integrations: Vec<Integration>,
    /// The user in whose name leverd writes: files need one.
    pub perform_as: Option<&'static str>,
}

/// A simulator and a node that talk to each other on loopback.
pub struct World {
    pub sim: Sim,
    pub node: Arc<Node>,
    pub address: SocketAddr,
    pub config: PathBuf,
    cancel: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

/// Writes a project whose Lever and vendors are the simulator.
pub fn write_project(sim: &Sim, options: &WorldOptions) -> anyhow::Result<PathBuf> {
    let folder = &options.folder;
    let secret = |name: &str, text: &str| std::fs::write(folder.join("secrets").join(name), text);
    std::fs::create_dir_all(folder.join("secrets"))?;
    secret("lever", &options.sim.lever_api_key)?;
    secret("path_token", PATH_TOKEN)?;
    let (mut vendors, mut packs) = (String::new(), String::new());
    for Integration { name, settings, editable } in &options.integrations {
        let base = sim.vendor_base_url(name).with_context(|| format!("the simulator has no vendor `{name}`"))?;
        let mut secrets = Vec::new();
        for kind in secrets_of(name)? {
            let file = format!("{name}_{kind}");
            match (kind.as_str(), *name) {
                ("webhook", _) => secret(&file, &sim::vendor_webhook_secret(name))?,
                (_, "qualified") => secret(&file, &options.sim.qualified_api_key)?,
                _ => secret(&file, &sim::vendor_api_key(name))?,
            }
            secrets.push(format!("{kind}: {{ file: secrets/{file} }}"));
        }
        write!(
            vendors,
            "      {name}:\n        base_url: {base}\n        secrets: {{ {} }}\n        path_token: {{ file: secrets/path_token }}\n",
            secrets.join(", "),
        )?;
        let source = if *editable {
            write_pack(name, &folder.join("rules").join(name))?;
            format!("path: ./rules/{name}")
        } else {
            format!("pack: {name}")
        };
        write!(packs, "      - {source}\n        mode: live\n        settings: {settings}\n")?;
    }
    let perform_as = options.perform_as.map(|user| format!("      perform_as: {user}\n")).unwrap_or_default();
    let config = folder.join("leverd.yaml");
    let text = format!(
        "# Written by `leverd demo`: Lever and the vendors are the simulator.\n\
         accounts:\n  {ACCOUNT}:\n    lever:\n      base_url: {lever}\n      api_key: {{ file: secrets/lever }}\n{perform_as}    \
         vendors:\n{vendors}    packs:\n{packs}store: {{ sqlite: leverd.db }}\n",
        lever = sim.lever_base_url(),
    );
    std::fs::write(&config, text)?;
    Ok(config)
}

/// The files of a shipped pack, for whoever wants to change them.
fn write_pack(name: &str, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (file, bytes) in builtin::files(&PackName::new(name)).map_err(anyhow::Error::msg)? {
        let file = Path::new(&file).file_name().context("a shipped file has no name")?.to_owned();
        std::fs::write(folder.join(file), bytes)?;
    }
    Ok(())
}

/// The names of the secrets that a shipped pack's vendor needs: `api_key`, `webhook`.
fn secrets_of(pack: &str) -> anyhow::Result<Vec<String>> {
    let files = builtin::files(&PackName::new(pack)).map_err(anyhow::Error::msg)?;
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let pack = load(&PackName::new(pack), &files, &mut sources, &mut found).context("a shipped pack is faulty")?;
    let adapter = pack.vendor.context("the pack has no vendor")?;
    Ok(adapter.secrets.keys().cloned().collect())
}

impl World {
    /// Starts everything. `prepare` fills the simulated world before the catalogue is pulled.
    pub async fn start(mut options: WorldOptions, prepare: impl FnOnce(&Sim) -> anyhow::Result<()>) -> anyhow::Result<Self> {
        let sim_options = std::mem::take(&mut options.sim);
        let keys = (sim_options.lever_api_key.clone(), sim_options.qualified_api_key.clone());
        let sim = Sim::start(sim_options).await?;
        (options.sim.lever_api_key, options.sim.qualified_api_key) = keys;
        prepare(&sim)?;
        let config = write_project(&sim, &options)?;
        Self::join(sim, config, Clock::system()).await
    }

    /// Starts a node on a project that is there, beside a simulator that runs.
    pub async fn join(sim: Sim, config: PathBuf, clock: Clock) -> anyhow::Result<Self> {
        let folder = config.parent().unwrap_or(Path::new(".")).to_owned();
        if !folder.join(format!("catalogue/{ACCOUNT}.yaml")).exists() {
            Pull::everything(&config).carry_out(&mut Out::nowhere()).await?;
        }
        let store = Store::open(Options::path(folder.join("leverd.db"))).await?;
        let node = Arc::new(Node::new(store, clock, Client::new(Limits::default())));
        let reading = service::start(&node, &config).await?;
        let door = Door::open(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = door.address()?;
        node.public_url.store(Arc::new(url::Url::parse(&format!("http://{address}")).ok()));
        let cancel = CancellationToken::new();
        let shared = Shared { node: Arc::clone(&node), metrics: crate::cli::serve::recorder() };
        let running = vec![
            tokio::spawn(server::serve(door, shared, cancel.clone())),
            tokio::spawn(server::side::serve(folder.join("leverd.db"), Arc::clone(&node), cancel.clone())),
            tokio::spawn(service::run(Arc::clone(&node), config.clone(), reading, cancel.clone())),
        ];
        let world = Self { sim, node, address, config, cancel, running };
        world.connect().await?;
        Ok(world)
    }

    /// Registers our webhooks: at Lever by its API, which tells the signing token once; at the vendors by hand.
    async fn connect(&self) -> anyhow::Result<()> {
        let account = self.node.account(&AccountId::new(ACCOUNT)).context("the demo's account is missing")?;
        let made = webhooks::ensure(&self.node, &account, true).await?;
        if made.failed {
            bail!("the webhooks could not be made: {}", made.lines.join("; "));
        }
        let ours = |secret: &Secret| secret.matches(PATH_TOKEN.as_bytes());
        let written_here = account.vendors.iter().filter(|(_, vendor)| vendor.path_token.as_ref().is_some_and(ours));
        for (vendor, _) in written_here {
            let url = format!("http://{}/hooks/{vendor}/{ACCOUNT}/{PATH_TOKEN}", self.address);
            // A vendor without subscriptions is told with each invitation where its events go.
            drop(self.sim.control().vendor(vendor.as_str()).subscribe(&url, &[]));
        }
        Ok(())
    }

    /// Moves everybody's clock on, and waits for rest.
    pub async fn later(&self, by: SignedDuration) -> anyhow::Result<()> {
        self.sim.control().advance_clock(Duration::try_from(by)?);
        self.node.clock.advance(by);
        self.node.look_again();
        self.quiet().await
    }

    /// Waits until nothing is under way and nothing is due soon: deliveries made, events planned, effects settled.
    pub async fn quiet(&self) -> anyhow::Result<()> {
        let account = Arc::new([AccountId::new(ACCOUNT)].into());
        let mut calm = 0;
        for _ in 0..1_200 {
            self.sim.control().quiet().await;
            let now = self.node.clock.now();
            let soon = now + SignedDuration::from_secs(2);
            let busy = self.node.store.counts(now).await?.iter().any(|count| matches!(count.state, "due" | "begun"));
            let due = self.node.store.next_due(&account, now).await?.is_some_and(|due| due < soon);
            calm = if busy || due { 0 } else { calm + 1 };
            if calm >= 3 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        bail!("the demo did not come to rest within half a minute")
    }

    /// Stops the node and the simulator, in order.
    pub async fn stop(self) -> Sim {
        self.cancel.cancel();
        for task in self.running {
            drop(task.await);
        }
        if let Some(node) = Arc::into_inner(self.node) {
            node.store.close().await;
        }
        self.sim
    }
}
