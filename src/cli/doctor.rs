//! `leverd doctor`: is each account connected as its rules need it?

use super::errands::{accounts, run};
use super::exit::Exit;
use super::out::{Format, Out, count, for_reading};
use super::stored::wait;
use crate::model::AccountId;
use crate::runtime::doctor::{Finding, Level};
use crate::server::errand::Errand;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Check credentials, permissions, webhooks and names against Lever and the vendors
///
/// Reads only, and asks only for what the rules in force need. Exits with 1 if something is wrong.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Accounts of leverd.yaml; all of them if left out
    accounts: Vec<String>,
    /// How to write it
    #[arg(long, default_value = "human", value_parser = for_reading())]
    format: Format,
    /// The leverd.yaml
    #[arg(long, value_name = "FILE", default_value = "leverd.yaml")]
    config: PathBuf,
}

impl Doctor {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let mut all: Vec<(AccountId, Vec<Finding>)> = Vec::new();
        for account in accounts(&self.config, &self.accounts)? {
            let answer = wait(run(&self.config, Errand::Doctor { account: account.clone() }));
            let findings = match answer {
                Ok(answer) => serde_json::from_value(answer)?,
                // One account's fault does not hide the others.
                Err(error) => vec![Finding {
                    level: Level::Wrong,
                    about: "leverd".to_owned(),
                    text: format!("{error:#}"),
                    next: Some("`leverd validate` shows faults with their places".to_owned()),
                }],
            };
            all.push((account, findings));
        }
        if self.format == Format::Json {
            let shown: Vec<_> =
                all.iter().map(|(account, findings)| json!({ "account": account, "findings": findings })).collect();
            out.json(&shown)?;
        } else {
            all.iter().try_for_each(|(account, findings)| tell(out, account, findings))?;
        }
        let wrong = all.iter().flat_map(|(_, findings)| findings).any(|finding| finding.level == Level::Wrong);
        Ok(if wrong { Exit::Faults } else { Exit::Fine })
    }
}

fn tell(out: &mut Out, account: &AccountId, findings: &[Finding]) -> anyhow::Result<()> {
    out.line(format_args!("account {account}"))?;
    for finding in findings {
        let sign = match finding.level {
            Level::Fine => '✓',
            Level::Look => '!',
            Level::Wrong => '✗',
        };
        out.line(format_args!("  {sign} {}: {}", finding.about, finding.text))?;
        if let Some(next) = &finding.next {
            out.line(format_args!("      next: {next}"))?;
        }
    }
    let of = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
    out.line(format_args!("  {} wrong, {} to look at\n", count(of(Level::Wrong), "thing"), of(Level::Look)))?;
    Ok(())
}
