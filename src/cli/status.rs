//! `leverd status`: everything that is configured and how it stands, on one screen.

use super::describe;
use super::errands::run;
use super::exit::Exit;
use super::out::{Format, Out, count, for_reading};
use super::stored::wait;
use crate::runtime::status::AccountStatus;
use crate::server::errand::Errand;
use clap::Args;
use std::path::PathBuf;

/// Show accounts, packs with their modes, webhook addresses, what arrived last and what waits
#[derive(Debug, Args)]
pub(super) struct Status {
    /// How to write it
    #[arg(long, default_value = "human", value_parser = for_reading())]
    format: Format,
    /// The leverd.yaml
    #[arg(long, value_name = "FILE", default_value = "leverd.yaml")]
    config: PathBuf,
}

impl Status {
    /// Exits with 1 when an account is held back, suspended, or has rules that were not taken.
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let answer = wait(run(&self.config, Errand::Status))?;
        if self.format == Format::Json {
            out.json(&answer)?;
        }
        let all: Vec<AccountStatus> = serde_json::from_value(answer)?;
        if self.format == Format::Human {
            all.iter().try_for_each(|account| tell(out, account))?;
        }
        let well = all.iter().all(|account| account.fault.is_none() && account.suspended.is_empty());
        Ok(if well { Exit::Fine } else { Exit::Faults })
    }
}

fn tell(out: &mut Out, account: &AccountStatus) -> anyhow::Result<()> {
    out.line(format_args!("account {}", account.account))?;
    out.line(format_args!("  Lever      {}", account.lever))?;
    if let Some(node) = &account.node {
        out.line(format_args!("  node       {node}"))?;
    }
    for (connection, since) in &account.suspended {
        out.line(format_args!("  suspended  {connection} refuses the credentials since {}", describe::time(*since)))?;
    }
    for pack in &account.packs {
        let off = if pack.off == 0 { String::new() } else { format!(", {} off", pack.off) };
        let rules = count(pack.rules, "rule");
        out.line(format_args!("  pack       {} {}: {rules}{off}, since {}", pack.pack, pack.mode, describe::time(pack.since)))?;
    }
    for url in &account.urls {
        out.line(format_args!("  webhook    {url}"))?;
    }
    for (what, times, last) in &account.heard {
        out.line(format_args!("  arrived    {what}: {times}, last {}", describe::time(*last)))?;
    }
    let waits =
        if account.parked == 0 { "nothing waits for a person" } else { "`leverd parked` shows what waits for a person" };
    let backlog = &account.backlog;
    out.line(format_args!("  work       {} open, {} parked; {waits}", backlog.open, account.parked))?;
    if let Some(ends) = backlog.ends {
        let calls = count(usize::try_from(backlog.calls).unwrap_or(usize::MAX), "call");
        out.line(format_args!("  progress   about {calls} to Lever left, done by {}", describe::time(ends)))?;
    }
    if let Some(next) = backlog.next {
        out.line(format_args!("  later      {}, the next at {}", backlog.later, describe::time(next)))?;
    }
    if let Some(fault) = &account.fault {
        out.line(format_args!("  FAULT      {}", fault.trim_end().replace('\n', "\n             ")))?;
    }
    out.line("")?;
    Ok(())
}
