//! `leverd serve`: listens, plans and carries out until it is told to stop.

use super::exit::Exit;
use super::out::{Out, count};
use super::stored::Named;
use crate::http::{Client, Limits};
use crate::lang::config::{Config, Notices, SecretRef};
use crate::lang::render::render_human;
use crate::runtime::Node;
use crate::runtime::clock::Clock;
use crate::runtime::measured;
use crate::runtime::notices::Poster;
use crate::runtime::project::{Here, Reading, base};
use crate::runtime::service::{self, NotStarted};
use crate::runtime::traces::{self, TraceLayer};
use crate::server::{self, Door, Shared};
use crate::store::{Options, Store};
use anyhow::{Context, bail};
use clap::Args;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use metrics_util::MetricKindMask;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Run leverd: receive webhooks, plan, carry out, reload rules when they change
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The leverd.yaml
    #[arg(long, value_name = "FILE", default_value = "leverd.yaml")]
    config: PathBuf,
    /// Listen here instead of where leverd.yaml says
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Read all that a start reads, secrets included, say what is wrong, and end: the store and the port are not tried, nothing is sent or stored
    #[arg(long)]
    check_config: bool,
}

impl Serve {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let Some(config) = configured(&self.config, out)? else { return Ok(Exit::Faults) };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        if self.check_config {
            return runtime.block_on(self.check(&config, out));
        }
        let here = Here { base: base(&self.config).to_owned() };
        let traces = config.traces.as_ref().map(|traces| traces::open(traces, &here)).transpose()?;
        let (layer, sender) = traces.unzip();
        logs(config.log.level, config.log.json, layer);
        runtime.block_on(self.serve(config, sender, out))
    }

    /// A start with a store of its own that is thrown away: the same code finds the same faults.
    async fn check(&self, config: &Config, out: &mut Out) -> anyhow::Result<Exit> {
        let store = Store::open(Options::temporary()).await?;
        let node = Node::new(store, Clock::system(), Client::new(Limits::default()));
        let here = Here { base: base(&self.config).to_owned() };
        let (mut faults, mut held) = (Vec::new(), Vec::new());
        if let Some(Err(error)) = config.notices.as_ref().map(|notices| notice_url(notices, &here)) {
            faults.push(format!("{error:#}"));
        }
        if let Err(error) = Named::of(config, &here.base, &here) {
            faults.push(format!("{error:#}"));
        }
        if let Some(Err(error)) = config.traces.as_ref().map(|traces| traces::open(traces, &here)) {
            faults.push(error.to_string());
        }
        match service::start(&node, &self.config).await {
            Ok(_) => {
                for (id, account) in node.held().iter() {
                    held.push(format!(
                        "account `{id}` would be HELD BACK until its faults are mended:\n{}",
                        account.why.trim_end()
                    ));
                }
            }
            Err(error) => faults.push(error.to_string()),
        }
        let accounts = node.all_accounts().len();
        node.store.close().await;
        for text in faults.iter().chain(&held) {
            out.line(format_args!("{}\n", text.trim_end()))?;
        }
        let address = self.listen.unwrap_or(config.server.listen);
        let accounts = count(accounts, "account");
        if !faults.is_empty() {
            out.line(format_args!("`leverd serve` would NOT start"))?;
        } else if !held.is_empty() {
            out.line(format_args!(
                "by its files and secrets `leverd serve` would start with {accounts} and hold back {}",
                held.len()
            ))?;
        } else {
            out.line(format_args!(
                "by its files and secrets `leverd serve` would start with {accounts} and listen on http://{address}"
            ))?;
        }
        Ok(if faults.is_empty() && held.is_empty() { Exit::Fine } else { Exit::Faults })
    }

    async fn serve(&self, config: Config, traces: Option<traces::Sender>, out: &mut Out) -> anyhow::Result<Exit> {
        let here = Here { base: base(&self.config).to_owned() };
        let Named { options, door: side } = Named::of(&config, &here.base, &here)?;
        let store = Store::open(options).await?;
        let node = Arc::new(Node::new(store, Clock::system(), Client::new(limits())));
        if let Some(notices) = &config.notices {
            node.notices.store(Arc::new(Some(Poster::to(notice_url(notices, &here)?))));
        }
        let reading = match service::start(&node, &self.config).await {
            Ok(reading) => reading,
            Err(NotStarted::Faults(text)) => {
                out.text(&text)?;
                return Ok(Exit::Faults);
            }
            Err(error) => bail!(error),
        };
        let address = self.listen.unwrap_or(config.server.listen);
        let door = Door::open(address).await.with_context(|| format!("cannot listen on {address}"))?;
        let address = door.address()?;
        if node.public_url.load().is_none() {
            node.public_url.store(Arc::new(url::Url::parse(&format!("http://{address}")).ok()));
        }
        out.line(format_args!("leverd listens on http://{address}; stop it with ctrl-c"))?;
        for account in node.all_accounts().values() {
            out.line(format_args!(
                "  account `{}`: /hooks/lever/{}/candidateStageChange and the like",
                account.id, account.id
            ))?;
        }
        for (id, held) in node.held().iter() {
            out.line(format_args!("  account `{id}` is HELD BACK until its faults are mended:\n{}", held.why.trim_end()))?;
        }
        node.access.listens(address);
        if node.access.is_on() {
            out.line(format_args!("  console: http://{address}/console; `leverd console` prints a link that lets you in"))?;
        }
        out.flush()?;
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        tokio::spawn(async move {
            told_to_stop().await;
            tracing::info!("stopping: what is under way ends, nothing new begins");
            stop.cancel();
            told_to_stop().await;
            tracing::warn!("stopped at once: what was under way is looked up at the next start");
            std::process::exit(130);
        });
        let shared = Shared { node: Arc::clone(&node), metrics: recorder() };
        // They end last: what is under way is told of.
        let told = CancellationToken::new();
        let sending = traces.map(|traces| tokio::spawn(traces.run(node.http.clone(), told.clone())));
        tokio::join!(
            server::serve(door, shared, cancel.clone()),
            server::side::serve(side, Arc::clone(&node), cancel.clone()),
            service::run(Arc::clone(&node), self.config.clone(), reading, cancel.clone()),
        );
        told.cancel();
        if let Some(sending) = sending {
            drop(sending.await);
        }
        if let Some(node) = Arc::into_inner(node) {
            node.store.close().await;
        }
        Ok(Exit::Fine)
    }
}

/// How patient calls are. Everything that waits for the longest call follows from it, so that the tests of several nodes can hurry.
fn limits() -> Limits {
    #[cfg(feature = "kill-points")]
    if let Ok(bug) = std::env::var("LEVERD_BUG") {
        crate::model::plant_everywhere(&bug);
    }
    #[cfg(feature = "kill-points")]
    if let Some(ms) = std::env::var("LEVERD_LONGEST_CALL_MS").ok().and_then(|text| text.parse().ok()) {
        // Twice the longest call, as ever.
        crate::model::hurry(i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(2));
        return Limits { whole: Duration::from_millis(ms), ..Limits::default() };
    }
    Limits::default()
}

/// The configuration, or its faults on `out`.
fn configured(path: &Path, out: &mut Out) -> anyhow::Result<Option<Config>> {
    let loaded = Reading::of(path).map_err(|why| anyhow::anyhow!("{why}\n`leverd init` writes a folder to start from"))?.load();
    if loaded.project.is_none() {
        out.text(&render_human(&loaded.sources, &loaded.diagnostics, out.colour))?;
        return Ok(None);
    }
    Ok(loaded.project.map(|project| project.config))
}

fn notice_url(notices: &Notices, here: &Here) -> anyhow::Result<url::Url> {
    match notices {
        Notices::Url(url) => Ok(url.clone()),
        Notices::Secret(secret) => {
            let secret: &SecretRef = secret;
            let url = secret.resolve(here).context("`notices.url`")?;
            // The text itself is a secret: the parse error is not shown.
            url::Url::parse(url.expose()).map_err(|_| anyhow::anyhow!("`notices.url` is no URL"))
        }
    }
}

/// Ends with SIGINT or SIGTERM.
pub(super) async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        return drop(tokio::signal::ctrl_c().await);
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}

/// Sends log lines to standard error; as JSON each has the ids of what it is about under `span`. `LEVERD_LOG` overrides the configured
/// level, which is nothing to traces. Once per process.
pub(super) fn logs(level: &str, json: bool, traces: Option<TraceLayer>) {
    use std::io::IsTerminal as _;
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};
    let filter = EnvFilter::try_from_env("LEVERD_LOG").unwrap_or_else(|_| EnvFilter::new(format!("warn,leverd={level}")));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let lines = if json { lines.json().with_span_list(false).boxed() } else { lines.with_target(false).boxed() };
    let traced = Targets::new().with_target("leverd", LevelFilter::INFO);
    let all =
        tracing_subscriber::registry().with(lines.with_filter(filter)).with(traces.map(|traces| traces.with_filter(traced)));
    // A second subscriber in one process (tests) is refused; the first goes on.
    let _ = all.try_init();
}

/// A gauge that was not set for so long is told no more.
const FORGOTTEN: Duration = Duration::from_secs(600);

/// The recorder of this process' metrics.
pub(super) fn recorder() -> Option<PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    RECORDER
        .get_or_init(|| {
            // An account that is gone is not told of for ever.
            let builder = PrometheusBuilder::new().idle_timeout(MetricKindMask::GAUGE, Some(FORGOTTEN));
            let handle = builder.install_recorder().ok();
            measured::describe();
            handle
        })
        .clone()
}
