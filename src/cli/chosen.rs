//! Which parked work a person means: by id, or everything of a rule, of an account, or at all.

use super::stored::find;
use crate::model::{AccountId, RuleName};
use crate::store::{ParkedRow, Store, Work};
use anyhow::bail;
use clap::Args;

/// What is meant.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct Chosen {
    /// Ids that `leverd parked` shows, or their first digits
    #[arg(conflicts_with_all = ["rule", "account", "all"])]
    ids: Vec<String>,
    /// Everything parked of the rule of this name
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// Everything parked of this account; with `--rule`, of the rule there
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Everything that is parked
    #[arg(long, conflicts_with_all = ["rule", "account"])]
    all: bool,
}

impl Chosen {
    /// The work that is meant. All ids are looked up, so that a wrong one changes nothing.
    pub(super) async fn of(&self, store: &Store) -> anyhow::Result<Vec<(AccountId, Work)>> {
        let mut found = Vec::new();
        for id in &self.ids {
            found.push(find(store, id).await?);
        }
        if !self.ids.is_empty() {
            return Ok(found);
        }
        let account = self.account.as_deref().map(AccountId::from);
        let rule = self.rule.as_deref().map(RuleName::from);
        let parked = store.parked(account.as_ref()).await?;
        let fits = |row: &&ParkedRow| rule.is_none() || row.rule == rule;
        found.extend(parked.iter().filter(fits).map(|row| (row.account.clone(), row.work)));
        if found.is_empty() {
            bail!("nothing parked is meant by that; {}", what_is(&parked));
        }
        Ok(found)
    }
}

/// What is parked, for whoever named something else.
fn what_is(parked: &[ParkedRow]) -> String {
    let mut rules: Vec<String> = parked.iter().filter_map(|row| row.rule.as_ref()).map(|rule| format!("`{rule}`")).collect();
    rules.sort();
    rules.dedup();
    match (parked.len(), rules.as_slice()) {
        (0, _) => "nothing waits for a person there".to_owned(),
        (_, []) => "what is parked there belongs to no rule; `leverd parked` shows it".to_owned(),
        (_, rules) => format!("there is parked work of {}", rules.join(", ")),
    }
}
