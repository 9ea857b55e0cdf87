//! `leverd connect`: a login to Lever for an account with an OAuth app, and webhooks at Lever and the vendors.

use super::errands::{accounts, run, running};
use super::exit::Exit;
use super::out::Out;
use super::stored::wait;
use crate::lang::config::Credentials;
use crate::model::AccountId;
use crate::runtime::webhooks::Webhooks;
use crate::server::errand::Errand;
use anyhow::{Context, bail};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use std::path::PathBuf;
use std::time::Duration;

/// How often the running leverd is asked whether somebody got through.
const LOOK: Duration = Duration::from_secs(1);

/// Connect an account: log in to Lever (OAuth), or make the webhooks that its rules need
///
/// Without `--webhooks` it prints a link for a Super Admin of the Lever account and waits until somebody got through with it. Whoever
/// has the link can connect a Lever account to this one, so send it as you would send a password.
#[derive(Debug, Args)]
pub(super) struct Connect {
    /// The account of leverd.yaml
    account: String,
    /// Make the webhooks at Lever and the vendors; safe to repeat
    #[arg(long)]
    webhooks: bool,
    /// With `--webhooks`: show what would be done, do nothing
    #[arg(long, requires = "webhooks")]
    plan: bool,
    /// Print the link and do not wait: to send it to a customer
    #[arg(long, conflicts_with = "webhooks")]
    no_wait: bool,
    /// How long the link is good
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(i64).range(1..=720))]
    valid: i64,
    /// The leverd.yaml
    #[arg(long, value_name = "FILE", default_value = "leverd.yaml")]
    config: PathBuf,
}

impl Connect {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let account = accounts(&self.config, std::slice::from_ref(&self.account))?.into_iter().next().context("no account")?;
        if self.webhooks { wait(self.make_webhooks(account, out)) } else { wait(self.log_in(account, out)) }
    }

    async fn make_webhooks(&self, account: AccountId, out: &mut Out) -> anyhow::Result<Exit> {
        let answer = run(&self.config, Errand::Webhooks { account, carry_out: !self.plan }).await?;
        let lever: Webhooks = serde_json::from_value(answer.get("lever").cloned().unwrap_or_default())?;
        let vendors: Vec<String> = serde_json::from_value(answer.get("vendors").cloned().unwrap_or_default())?;
        out.line("Lever")?;
        lever.lines.iter().try_for_each(|line| out.line(format_args!("  {line}")))?;
        out.line(format_args!("\n{}", lever.by_hand.trim_end()))?;
        if !vendors.is_empty() {
            out.line("\nVendors")?;
            vendors.iter().try_for_each(|line| out.line(format_args!("  {line}")))?;
        }
        if self.plan {
            out.line("\nnothing was changed; without `--plan` it is done")?;
        }
        let failed = lever.failed || vendors.iter().any(|line| line.starts_with("! ") && !line.contains("by hand"));
        Ok(if failed { Exit::Faults } else { Exit::Fine })
    }

    async fn log_in(&self, account: AccountId, out: &mut Out) -> anyhow::Result<Exit> {
        let config = super::stored::config(&self.config)?;
        let configured = config.account(account.as_str()).context("no account")?;
        if let Credentials::ApiKey(_) = configured.lever.credentials {
            bail!(
                "account `{account}` is connected by an API key: `leverd doctor {account}` tries it, `--webhooks` makes its webhooks"
            );
        }
        // The person comes back to the server, so it must run.
        let none = || anyhow::anyhow!("leverd must run to take the person back in: start `leverd serve` first");
        let asked = Timestamp::now();
        let seconds = SignedDuration::from_hours(self.valid).as_secs();
        let link = running(&self.config, &Errand::Link { account: account.clone(), seconds }).await?.ok_or_else(none)?;
        out.line(format_args!(
            "Have a Super Admin of the Lever account open this link; it is good for {} hours, and once:\n\n  {}\n",
            self.valid,
            link.as_str().unwrap_or_default()
        ))?;
        if self.no_wait {
            return Ok(Exit::Fine);
        }
        out.line("waiting for the login; ctrl-c stops waiting, the link stays good")?;
        out.flush()?;
        loop {
            let since = running(&self.config, &Errand::Connected { account: account.clone() }).await?.ok_or_else(none)?;
            let since: Option<Timestamp> = serde_json::from_value(since)?;
            if since.is_some_and(|since| since >= asked) {
                out.line(format_args!(
                    "account `{account}` is connected to Lever\nnext: `leverd connect {account} --webhooks`"
                ))?;
                return Ok(Exit::Fine);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
