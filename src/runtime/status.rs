//! What is configured and how it stands, in one value: accounts, packs, addresses, what arrived, what waits.

use super::account::Account;
use super::call::Node;
use super::progress::{self, Backlog};
use super::{tokens, webhooks};
use crate::lang::ruleset::Mode;
use crate::model::AccountId;
use crate::store::{Heard, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountStatus {
    pub account: AccountId,
    /// How Lever knows us: `API key`, `OAuth since …`, `not connected`.
    pub lever: String,
    /// Connections whose credentials are refused, with the time.
    pub suspended: Vec<(String, Timestamp)>,
    pub packs: Vec<PackStatus>,
    /// Where Lever's webhooks go.
    pub urls: Vec<String>,
    /// What arrived: `lever candidateStageChange`, how often, when last.
    pub heard: Vec<(String, u64, Timestamp)>,
    /// How much work waits for a person.
    pub parked: u64,
    /// The work that stands, and when it should be done.
    pub backlog: Backlog,
    /// The node that works on it, where several have the store.
    #[serde(default)]
    pub node: Option<String>,
    /// Why the account, or its newest rules, are not in force.
    pub fault: Option<String>,
}

/// One pack of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackStatus {
    pub pack: String,
    pub mode: String,
    pub rules: usize,
    /// Rules that are off because an optional setting is not given.
    pub off: usize,
    /// Since when it acts: nothing from before fires.
    pub since: Timestamp,
}

/// Every account, those that are held back too.
pub async fn of(node: &Node) -> Result<Vec<AccountStatus>> {
    let now = node.clock.now();
    let counts = node.store.counts(now).await?;
    let reloads = node.reloads.load_full();
    let nodes = Nodes::of_all(node).await?;
    let mut all = Vec::new();
    for account in node.all_accounts().values() {
        let of = |states: &[&str]| {
            let mine = counts.iter().filter(|count| count.account == account.id && states.contains(&count.state));
            mine.map(|count| count.rows).sum()
        };
        let left = account.lever.sends().then(|| account.lever.gate.left());
        let heard = node.store.heard(&account.id).await?;
        let reload = reloads.get(&account.id).filter(|state| !state.ok);
        all.push(AccountStatus {
            account: account.id.clone(),
            lever: lever(node, account).await?,
            suspended: suspended(account),
            packs: packs(account),
            urls: webhooks::wanted(node, account).into_iter().map(|one| one.url).collect(),
            heard: heard.into_iter().filter(|one| one.source != "timer").map(arrived).collect(),
            parked: of(&["parked"]),
            backlog: progress::of(&counts, &account.id, left, now),
            node: nodes.of(&account.id),
            fault: reload.and_then(|state| state.message.clone()),
        });
    }
    for (id, held) in node.held().iter() {
        all.push(AccountStatus {
            account: id.clone(),
            lever: "held back".to_owned(),
            suspended: Vec::new(),
            packs: Vec::new(),
            urls: Vec::new(),
            heard: Vec::new(),
            parked: 0,
            backlog: progress::of(&counts, id, None, now),
            node: nodes.of(id),
            fault: Some(held.why.clone()),
        });
    }
    all.sort_by(|a, b| a.account.cmp(&b.account));
    Ok(all)
}

/// Who works on what, where several nodes have the store.
struct Nodes {
    shared: bool,
    names: BTreeMap<AccountId, String>,
}

impl Nodes {
    async fn of_all(node: &Node) -> Result<Self> {
        if !node.store.is_shared() {
            return Ok(Self { shared: false, names: BTreeMap::new() });
        }
        let nodes = node.store.nodes(node.clock.now()).await?;
        let name = |epoch| nodes.iter().find(|node| node.epoch == epoch).map(|node| node.name.clone());
        let names = node.store.leased().await?.into_iter().filter_map(|(account, epoch)| Some((account, name(epoch)?)));
        Ok(Self { shared: true, names: names.collect() })
    }

    fn of(&self, account: &AccountId) -> Option<String> {
        self.shared.then(|| self.names.get(account).cloned().unwrap_or_else(|| "none just now".to_owned()))
    }
}

async fn lever(node: &Node, account: &Account) -> Result<String> {
    if account.oauth.is_none() {
        return Ok("API key".to_owned());
    }
    Ok(match node.store.grant(&account.id, &tokens::connection()).await? {
        None => "not connected yet".to_owned(),
        Some(grant) if grant.refused_at.is_some() => "access was revoked".to_owned(),
        Some(grant) => format!("OAuth since {}", grant.granted_at),
    })
}

fn suspended(account: &Account) -> Vec<(String, Timestamp)> {
    let vendors = account.vendors.iter().map(|(name, vendor)| (name.to_string(), vendor.connection.suspended()));
    let all = std::iter::once(("Lever".to_owned(), account.lever.suspended())).chain(vendors);
    all.filter_map(|(name, since)| Some((name, since?))).collect()
}

fn packs(account: &Account) -> Vec<PackStatus> {
    let active = account.active();
    let packs = active.program.sets().iter().map(|set| PackStatus {
        pack: set.name().to_string(),
        mode: match set.mode {
            Mode::Off => "off",
            Mode::Shadow => "shadow",
            Mode::Live => "live",
        }
        .to_owned(),
        rules: set.pack.rules.len(),
        off: set.off.len(),
        since: set.baseline,
    });
    packs.collect()
}

fn arrived(heard: Heard) -> (String, u64, Timestamp) {
    let what = if heard.event.is_empty() { heard.source } else { format!("{} {}", heard.source, heard.event) };
    (what, heard.count, heard.last)
}
