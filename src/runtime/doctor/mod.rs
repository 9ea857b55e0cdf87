//! Is this account connected as its rules need it? Asked of Lever and the vendors, without changing anything there.
//!
//! One file for each part of the answer. Only what the rules of the account need is asked for: a permission that nothing needs is no
//! finding.

mod access;
pub(super) mod ask;
pub mod database;
mod names;
mod vendors;
mod webhooks;

use super::account::Account;
use super::call::Node;
use serde::{Deserialize, Serialize};

/// How it stands with one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Fine,
    /// Worth a look: it may be right.
    Look,
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub level: Level,
    /// What it is about: `lever`, `permissions`, `webhooks` …
    pub about: String,
    pub text: String,
    /// What to do about it.
    pub next: Option<String>,
}

impl Finding {
    fn fine(about: &str, text: impl Into<String>) -> Self {
        Self { level: Level::Fine, about: about.to_owned(), text: text.into(), next: None }
    }

    fn look(about: &str, text: impl Into<String>, next: impl Into<String>) -> Self {
        Self { level: Level::Look, about: about.to_owned(), text: text.into(), next: Some(next.into()) }
    }

    fn wrong(about: &str, text: impl Into<String>, next: impl Into<String>) -> Self {
        Self { level: Level::Wrong, about: about.to_owned(), text: text.into(), next: Some(next.into()) }
    }
}

/// Everything there is to say about an account.
pub async fn examine(node: &Node, account: &Account) -> Vec<Finding> {
    let mut findings = Vec::new();
    if access::examine(node, account, &mut findings).await {
        names::examine(node, account, &mut findings).await;
        webhooks::examine(node, account, &mut findings).await;
    }
    vendors::examine(node, account, &mut findings).await;
    findings
}
