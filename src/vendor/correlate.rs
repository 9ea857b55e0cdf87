//! Whose a notification is. Keys are tried in order; the first that finds an attempt decides. More than one possible owner is R6,
//! never a guess.

use crate::model::{Assessment, Reason};
use std::collections::{BTreeMap, BTreeSet};

/// One question to the ledger: the rows of this account and vendor whose `ids` hold all of these.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnerKey {
    /// Names of `Assessment::ids` with the value wanted. `email` is in lower case on both sides.
    pub ids: BTreeMap<String, String>,
    /// Only attempts at this test, by id or title.
    pub test: Option<String>,
}

/// What the rows that one key found mean.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// Ask with the next key.
    Nobody,
    /// These attempts: one, or one per opportunity that shares the vendor's invitation.
    Owners(Vec<Assessment>),
    /// R6: a person decides.
    Ambiguous(Reason),
}

/// The owners among the rows that match the key's ids.
///
/// A key that names the vendor's invitation or attempt finds every opportunity that shares it, the latest attempt of each. A key that
/// only names the person (no test) means the person's latest attempt. An address with a test means the live attempt at that test, else
/// the latest; live attempts of two invitations are ambiguous.
pub fn choose(key: &OwnerKey, rows: Vec<Assessment>) -> Choice {
    let mut rows: Vec<Assessment> = rows
        .into_iter()
        .filter(|row| key.ids.iter().all(|(name, id)| row.ids.get(name) == Some(id)))
        .filter(|row| key.test.as_ref().is_none_or(|test| row.test.id == *test || row.test.title == *test))
        .collect();
    rows.sort_by(|a, b| (b.requested_at, b.attempt, b.id).cmp(&(a.requested_at, a.attempt, a.id)));
    let person = key.ids.keys().all(|name| matches!(name.as_str(), "candidate_id" | "email"));
    if person && key.test.is_some() && rows.iter().any(Assessment::live) {
        rows.retain(Assessment::live);
        let invitations: BTreeSet<String> = rows.iter().map(identity).collect();
        if invitations.len() > 1 {
            return Choice::Ambiguous(Reason::new(
                "R6",
                format!(
                    "{} live invitations of this person to the same test: nothing says which one is meant",
                    invitations.len()
                ),
            ));
        }
    }
    let Some(latest) = rows.first() else {
        return Choice::Nobody;
    };
    if person {
        let identity_of_latest = identity(latest);
        rows.retain(|row| identity(row) == identity_of_latest);
    }
    let mut seen = BTreeSet::new();
    rows.retain(|row| seen.insert(row.opportunity.clone()));
    Choice::Owners(rows)
}

/// What makes two rows one invitation at the vendor.
fn identity(row: &Assessment) -> String {
    let known = ["invitation_id", "attempt_id"].iter().find_map(|name| row.ids.get(*name).map(|id| format!("{name} {id}")));
    known.unwrap_or_else(|| row.id.to_string())
}
