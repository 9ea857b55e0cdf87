//! `leverd console`: a link into the console for who owns the store, and hashes of passwords.

use super::errands::running;
use super::exit::Exit;
use super::out::Out;
use super::stored::wait;
use crate::model::Secret;
use crate::runtime::access;
use crate::server::errand::Errand;
use anyhow::{Context, anyhow, bail};
use clap::Args;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;

/// Print a link that lets you into the console of the running leverd
///
/// The link is good for ten minutes, and once. Whoever may read the store may ask for it; others log in with a password or come
/// through a proxy (`server.console` in leverd.yaml).
#[derive(Debug, Args)]
pub(super) struct Console {
    /// Make the hash of a password, for `password_hash`: asked for at a terminal, else the first line of standard input
    #[arg(long)]
    hash: bool,
    /// The leverd.yaml
    #[arg(long, value_name = "FILE", default_value = "leverd.yaml")]
    config: PathBuf,
}

impl Console {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        if self.hash {
            let hash = access::hash(&password()?)?;
            out.line(hash)?;
            return Ok(Exit::Fine);
        }
        let none = || anyhow!("no leverd runs on this store: start `leverd serve` first");
        let link = wait(async { running(&self.config, &Errand::Console).await?.ok_or_else(none) })?;
        out.line(link.as_str().unwrap_or_default())?;
        Ok(Exit::Fine)
    }
}

fn password() -> anyhow::Result<Secret> {
    if std::io::stdin().is_terminal() {
        let first = Secret::new(rpassword::prompt_password("Password: ").context("the password could not be read")?);
        let again = rpassword::prompt_password("The same again: ").context("the password could not be read")?;
        if !first.matches(again.as_bytes()) {
            bail!("the two were not the same; nothing was made");
        }
        return Ok(first);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("the password could not be read")?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}
