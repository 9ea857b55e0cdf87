//! Are the stages, postings, users … that the rules name still in Lever, and called so?

use super::{Finding, ask};
use crate::lang::bind::resolve;
use crate::lang::ruleset::{Mode, RuleSet, SettingValue};
use crate::lever::api;
use crate::model::{Kind, Named, Value};
use crate::runtime::account::Account;
use crate::runtime::call::Node;
use std::collections::{BTreeMap, BTreeSet};

pub(super) async fn examine(node: &Node, account: &Account, findings: &mut Vec<Finding>) {
    let active = account.active();
    let mut used: BTreeMap<(&'static str, String), (Kind, String)> = BTreeMap::new();
    for set in active.program.sets().iter().filter(|set| set.mode != Mode::Off) {
        for named in names(set) {
            used.insert((word(named.kind), named.id), (named.kind, named.name));
        }
    }
    let kinds: BTreeSet<(&'static str, Kind)> = used.iter().map(|((word, _), (kind, _))| (*word, *kind)).collect();
    for (kind_word, kind) in kinds {
        let now = match now(node, account, kind).await {
            Some(Ok(now)) => now,
            Some(Err(why)) => {
                let text = format!("whether every {kind_word} that the rules name is still there cannot be told: {why}");
                findings.push(Finding::look("names", text, "see the permissions above"));
                continue;
            }
            None => continue,
        };
        let mut fine = 0_usize;
        for ((_, id), (_, name)) in used.iter().filter(|((word, _), _)| *word == kind_word) {
            match now.get(id) {
                Some(called) if called == name => fine += 1,
                Some(called) => {
                    let text = format!("the {kind_word} “{name}” is called “{called}” in Lever now");
                    let next = format!(
                        "rules go by its id and go on; `leverd pull {}` takes the new name, then change it in the rules",
                        account.id
                    );
                    findings.push(Finding::look("names", text, next));
                }
                None => {
                    let text = format!("the {kind_word} “{name}” is no longer in Lever");
                    let next = format!("`leverd pull {}`, then `leverd validate` shows where it is named", account.id);
                    findings.push(Finding::wrong("names", text, next));
                }
            }
        }
        if fine > 0 {
            findings.push(Finding::fine("names", format!("{fine} of kind {kind_word} that the rules name are in Lever")));
        }
    }
}

/// Everything that a set names: in its settings and in its files.
fn names(set: &RuleSet) -> Vec<Named> {
    let mut found = Vec::new();
    let settings = set.settings.values().flat_map(SettingValue::all).flat_map(|value| value.items().to_vec());
    for value in settings {
        if let Value::Named(named) = value {
            found.push(named);
        }
    }
    for mention in &set.pack.mentions {
        found.extend(resolve(set, mention.kind, &Value::text(&mention.text)));
    }
    found
}

/// What Lever has of a kind now, by id; `None` for what is not Lever's.
async fn now(node: &Node, account: &Account, kind: Kind) -> Option<Result<BTreeMap<String, String>, String>> {
    Some(match kind {
        Kind::Stage => {
            let all = ask::all(node, account, api::list_stages(), api::stages).await;
            all.map(|all| all.into_iter().map(|one| (one.id, one.name)).collect())
        }
        Kind::User => {
            let all = ask::all(node, account, api::list_users(), api::users).await;
            all.map(|all| all.into_iter().map(|one| (one.id, one.name)).collect())
        }
        Kind::ArchiveReason => {
            let all = ask::all(node, account, api::list_archive_reasons(), api::archive_reasons).await;
            all.map(|all| all.into_iter().map(|one| (one.id, one.name)).collect())
        }
        Kind::Posting => {
            let all = ask::all(node, account, api::list_postings(), api::postings).await;
            all.map(|all| all.iter().map(api::Posting::entry).map(|one| (one.id, one.title)).collect())
        }
        Kind::FormTemplate => {
            let all = ask::all(node, account, api::list_form_templates(), api::templates).await;
            all.map(|all| all.into_iter().map(|one| (one.id, one.name)).collect())
        }
        Kind::FeedbackTemplate => {
            let all = ask::all(node, account, api::list_feedback_templates(), api::templates).await;
            all.map(|all| all.into_iter().map(|one| (one.id, one.name)).collect())
        }
        Kind::Assessment => return None,
    })
}

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Stage => "stage",
        Kind::User => "user",
        Kind::ArchiveReason => "archive reason",
        Kind::Posting => "posting",
        Kind::FormTemplate => "form template",
        Kind::FeedbackTemplate => "feedback template",
        Kind::Assessment => "test",
    }
}
