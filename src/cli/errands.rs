//! Errands of commands: run by the leverd that holds the store, or, where none runs, by this process for as long as it takes.

use super::files::Folder;
use super::stored::{Named, config};
use crate::http::{Client, Limits};
use crate::runtime::Node;
use crate::runtime::clock::Clock;
use crate::runtime::service;
use crate::server::errand::{self, Errand};
use crate::store::Store;
use anyhow::{Context, anyhow};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// The store that a configuration names.
fn store(path: &Path) -> anyhow::Result<Named> {
    let folder = Folder::of(path);
    Named::of(&config(path)?, &folder.path(""), &folder)
}

/// What the running leverd says to an errand; `None` if none runs.
pub(super) async fn running(config: &Path, errand: &Errand) -> anyhow::Result<Option<Value>> {
    let answer = errand::ask(&store(config)?.door, errand).await.context("the running leverd broke off")?;
    answer.map(|answer| answer.map_err(anyhow::Error::msg)).transpose()
}

/// What becomes of an errand, whoever runs it.
pub(super) async fn run(config: &Path, errand: Errand) -> anyhow::Result<Value> {
    if let Some(answer) = running(config, &errand).await? {
        return Ok(answer);
    }
    let store = Store::open(store(config)?.options).await?;
    let node = Arc::new(Node::new(store, Clock::system(), Client::new(Limits::default())));
    service::start(&node, config).await.map_err(|error| anyhow!("{error}"))?;
    let answer = errand::carry_out(errand, &node).await;
    if let Some(node) = Arc::into_inner(node) {
        node.store.close().await;
    }
    answer.map_err(anyhow::Error::msg)
}

/// The accounts that are meant: those named, or all of the configuration.
pub(super) fn accounts(path: &Path, named: &[String]) -> anyhow::Result<Vec<crate::model::AccountId>> {
    let config = config(path)?;
    if let Some(unknown) = named.iter().find(|name| config.account(name).is_none()) {
        let known: Vec<String> = config.accounts.iter().map(|account| format!("`{}`", account.name)).collect();
        anyhow::bail!("leverd.yaml has no account `{unknown}`; it has {}", known.join(", "));
    }
    let wanted = |name: &str| named.is_empty() || named.iter().any(|one| one == name);
    Ok(config.accounts.into_iter().map(|account| account.name).filter(|name| wanted(name.as_str())).collect())
}
