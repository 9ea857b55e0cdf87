//! `leverd sim`: the simulated Lever and the simulated vendors by themselves, to try things and to test against.

use super::exit::Exit;
use super::out::Out;
use crate::lang::diagnostic::Diagnostics;
use crate::lang::render::render_human;
use crate::lang::source::Sources;
use crate::sim::{NewApp, Service, Sim, SimOptions, script, vendor_api_key, vendor_webhook_secret};
use anyhow::{Context, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;

/// The OAuth app that is registered from the start.
const CLIENT: (&str, &str) = ("sim-app", "sim-app-secret");

/// Run a simulated Lever and simulated vendors, to try things and to test against
///
/// Everything is on this machine and in memory: nothing is kept when it stops. Commands posted to `/_sim/commands` play
/// recruiters, candidates, failures and time; schema/sim.md describes them.
#[derive(Debug, Args)]
pub(super) struct SimCommand {
    /// Tell only of this vendor; may be given several times
    #[arg(long = "vendor", value_name = "NAME", value_parser = PossibleValuesParser::new(Sim::vendors()))]
    vendors: Vec<String>,
    /// Where to listen; port 0 is a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8400")]
    listen: SocketAddr,
    /// Play the commands of this YAML file first
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// The same number gives the same ids in every run
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Let the login of Lever send people back to this address of your OAuth app; may be given several times
    #[arg(long = "callback", value_name = "URL", default_value = "http://127.0.0.1:8321/oauth/lever/callback")]
    callbacks: Vec<String>,
}

impl SimCommand {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        super::serve::logs("warn", false, None);
        let Some(steps) = self.script.as_deref().map_or(Ok(Some(Vec::new())), |path| script_of(path, out))? else {
            return Ok(Exit::Faults);
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(self.simulate(steps, out))
    }

    async fn simulate(&self, steps: Vec<(String, script::Step)>, out: &mut Out) -> anyhow::Result<Exit> {
        let cannot = || format!("cannot listen on {}", self.listen);
        if !self.listen.ip().is_loopback() {
            bail!("the simulator asks nobody who they are: it listens on loopback only, such as 127.0.0.1:8400");
        }
        let listener = TcpListener::bind(self.listen).await.with_context(cannot)?;
        let options = SimOptions { listener: Some(listener), seed: self.seed, webhooks_enabled: true, ..SimOptions::default() };
        let lever_key = options.lever_api_key.clone();
        let sim = Sim::start(options).await?;
        let (client_id, client_secret) = (CLIENT.0.to_owned(), CLIENT.1.to_owned());
        let app = NewApp { client_id, client_secret, callbacks: self.callbacks.clone(), ..NewApp::default() };
        sim.control().register_app(app)?;
        let commands = steps.len();
        for (place, step) in steps {
            sim.control().run(step.command).await.context(place)?;
        }
        self.tell(&sim, &lever_key, commands, out)?;
        out.flush()?;
        super::serve::told_to_stop().await;
        sim.stop();
        Ok(Exit::Fine)
    }

    fn tell(&self, sim: &Sim, lever_key: &str, commands: usize, out: &mut Out) -> anyhow::Result<()> {
        out.line(format_args!("A simulated Lever account and vendors run on {}; ctrl-c ends them.\n", sim.address()))?;
        out.line(format_args!("  {:<20} {}", "Lever's API", sim.lever_base_url()))?;
        out.line(format_args!("  {:<20} {lever_key}", "API key"))?;
        out.line(format_args!("  {:<20} {}", "Lever's login", sim.auth_url()))?;
        out.line(format_args!("  {:<20} {}, client secret {}", "client id", CLIENT.0, CLIENT.1))?;
        let vendors =
            Sim::vendors().into_iter().filter(|name| self.vendors.is_empty() || self.vendors.iter().any(|it| it == name));
        let vendors: Vec<&str> = vendors.collect();
        for name in &vendors {
            let base_url = sim.vendor_base_url(name).unwrap_or_default();
            out.line(format_args!("  {:<20} {base_url}", Service::Vendor(name).title()))?;
            out.line(format_args!(
                "  {:<20} {}, webhook secret {}",
                "API key",
                vendor_api_key(name),
                vendor_webhook_secret(name)
            ))?;
        }
        out.line(format_args!("\nIn leverd.yaml, below an account:\n"))?;
        out.line(format_args!("    lever:\n      base_url: {}", sim.lever_base_url()))?;
        out.line("      api_key: { env: LEVER_API_KEY }")?;
        out.line("    vendors:")?;
        for name in &vendors {
            out.line(format_args!("      {name}:\n        base_url: {}", sim.vendor_base_url(name).unwrap_or_default()))?;
        }
        let control = sim.control_url();
        out.line("\nThen play:\n")?;
        out.line(format_args!("  curl -s {control}/commands          # what there is to do"))?;
        out.line(format_args!(
            "  curl -s -d '{{\"do\":\"create_opportunity\",\"name\":\"Ada\",\"email\":\"ada@example.com\"}}' {control}/commands"
        ))?;
        out.line(format_args!(
            "  curl -s -d '{{\"do\":\"move_stage\",\"opportunity\":\"Ada\",\"stage\":\"Assessment\"}}' {control}/commands"
        ))?;
        out.line(format_args!("  curl -s {control}/world             # everything as it is now"))?;
        if commands > 0 {
            out.line(format_args!("\n{} of the script played.", super::out::count(commands, "command")))?;
        }
        Ok(())
    }
}

/// The steps of a script with their places, or its faults on `out`.
fn script_of(path: &Path, out: &mut Out) -> anyhow::Result<Option<Vec<(String, script::Step)>>> {
    let bytes = fs::read(path).with_context(|| format!("{}", path.display()))?;
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add(path.display().to_string(), &bytes, &mut found);
    let steps = id.and_then(|id| script::read(&sources, id, &mut found));
    if !found.is_empty() {
        out.text(&render_human(&sources, &found, out.colour))?;
    }
    Ok(steps.map(|steps| steps.into_iter().map(|step| (sources.describe(step.span), step)).collect()))
}
