//! `leverd doctor`: is each account connected as its rules need it?

use super::errands::{accounts, run};
use super::exit::Exit;
use super::files::Folder;
use super::out::{Format, Out, count, for_reading};
use super::stored::{Named, config, wait};
use crate::model::AccountId;
use crate::runtime::doctor::{Finding, Level, database};
use crate::server::errand::Errand;
use crate::store;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Check credentials, permissions, webhooks and names against Lever and the vendors, and the database
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
        let database = self.database()?;
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
            let of_store = database.iter().map(|findings| json!({ "store": "postgres", "findings": findings }));
            let of_accounts = all.iter().map(|(account, findings)| json!({ "account": account, "findings": findings }));
            out.json(&of_store.chain(of_accounts).collect::<Vec<_>>())?;
        } else {
            if let Some(findings) = &database {
                tell(out, "store", findings)?;
            }
            all.iter().try_for_each(|(account, findings)| tell(out, &format!("account {account}"), findings))?;
        }
        let found = all.iter().map(|(_, findings)| findings).chain(&database);
        let wrong = found.flatten().any(|finding| finding.level == Level::Wrong);
        Ok(if wrong { Exit::Faults } else { Exit::Fine })
    }

    /// What there is to say about the database, where the store is one.
    fn database(&self) -> anyhow::Result<Option<Vec<Finding>>> {
        let folder = Folder::of(&self.config);
        let store = Named::of(&config(&self.config)?, &folder.path(""), &folder)?;
        let store::Place::Postgres(database) = store.options.place else { return Ok(None) };
        Ok(Some(database::examine(&store::checkup(&database))))
    }
}

fn tell(out: &mut Out, about: &str, findings: &[Finding]) -> anyhow::Result<()> {
    out.line(about)?;
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
