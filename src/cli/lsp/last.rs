//! What a name was when the rule at hand last looked at an event: from the store beside the project, if there is one.
//!
//! The store is only read, and a running leverd does not notice. It holds candidates' data: what is found goes into the one answer
//! that a person asked for, and nowhere else.

use crate::cli::describe;
use crate::cli::stored::{now, wait};
use crate::engine::seen;
use crate::lang::config::PackSource;
use crate::lang::project::pack_name;
use crate::model::{AccountId, PackName, RuleName};
use crate::store::{Options, RunRow, Store};
use std::path::Path;

/// So many runs are looked through, the latest first.
const LOOK_BACK: usize = 100;
/// A longer value is cut.
const LONGEST: usize = 200;

/// The pack whose rule it is, as leverd.yaml names it.
pub(super) fn named(written: &str) -> PackName {
    pack_name(&PackSource::Folder(written.to_owned()))
}

/// A line for each account in which the rule looked at an event, with the value that the name had then.
pub(super) fn values(store: &Path, accounts: &[AccountId], pack: &PackName, rule: &RuleName, name: &str) -> Vec<String> {
    if !store.is_file() {
        return Vec::new();
    }
    let looked = wait(async {
        let store = Store::open(Options::path(store).read_only()).await?;
        let mut lines = Vec::new();
        for account in accounts {
            let runs = store.runs(Some(account), None, LOOK_BACK, now()).await?;
            lines.extend(runs.iter().find_map(|run| line(run, pack, rule, name)));
        }
        store.close().await;
        Ok(lines)
    });
    // A store that cannot be read has nothing to say here; the commands that look into it tell why.
    looked.unwrap_or_default()
}

fn line(run: &RunRow, pack: &PackName, rule: &RuleName, name: &str) -> Option<String> {
    let of_rule = run.steps.iter().any(|step| step.rule.as_ref() == Some(rule) && step.pack.as_ref() == Some(pack));
    let value = if of_rule { seen(&run.event, &run.facts, name)? } else { return None };
    let value = value.map_or_else(|| "absent".to_owned(), |value| quoted(&value.to_string()));
    Some(format!("In the last run of this rule for `{}`, {}: {value}", run.account, describe::time(run.planned_at)))
}

/// A value as code of one line.
fn quoted(value: &str) -> String {
    let plain: String = value.chars().map(|c| if c == '`' || c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    let more = if value.chars().count() > LONGEST { "…" } else { "" };
    format!("`{plain}{more}`")
}
