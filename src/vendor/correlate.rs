//! Whose a notification is. Keys are tried in order; the first that finds an attempt decides. More than one possible owner is R6,
//! never a guess.

use crate::model::{Assessment, Code, Reason};
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
/// only names the person (no test) means the person's latest attempt. An address with a test means the newest live attempt at that test,
/// else the latest; live attempts of two invitations are ambiguous if it is not sure that they are of one person, and an address alone
/// is if the person has live attempts at several tests.
pub fn choose(key: &OwnerKey, rows: Vec<Assessment>) -> Choice {
    let mut rows: Vec<Assessment> = rows
        .into_iter()
        .filter(|row| key.ids.iter().all(|(name, id)| row.correlations().any(|known| known == (name.as_str(), id.as_str()))))
        .filter(|row| key.test.as_ref().is_none_or(|test| row.test.id == *test || row.test.title == *test))
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.requested_at, row.attempt, row.id)));
    let person = key.ids.keys().all(|name| matches!(name.as_str(), "candidate_id" | "email"));
    if person && key.test.is_some() && rows.iter().any(Assessment::live) {
        rows.retain(Assessment::live);
        let invitations: BTreeSet<String> = rows.iter().map(identity).collect();
        let contacts: BTreeSet<_> = rows.iter().map(|row| row.contact.as_ref()).collect();
        let one_person = contacts.len() == 1 && !contacts.contains(&None);
        if invitations.len() > 1 && !one_person {
            return Choice::Ambiguous(Reason::new(
                Code::R6,
                format!(
                    "{} live invitations with this address to the same test: nothing says which one is meant",
                    invitations.len()
                ),
            ));
        }
    }
    let tests: BTreeSet<_> = rows.iter().filter(|row| row.live()).map(|row| row.test.id.as_str()).collect();
    if key.test.is_none() && key.ids.keys().eq(["email"]) && tests.len() > 1 {
        let text = format!("this address has live invitations to {} tests, and nothing says which one is meant", tests.len());
        return Choice::Ambiguous(Reason::new(Code::R6, text));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AssessmentId, Decision, EventId, Integrity, Phase, ReportState, TestEntry, Verdict};
    use jiff::Timestamp;

    fn row(opportunity: &str, test: &str, phase: Phase, at: i64, ids: &[(&str, &str)]) -> Assessment {
        let at = Timestamp::from_second(at).expect("a time");
        Assessment {
            id: AssessmentId::derive(at, &[opportunity, test]),
            account: "acme".into(),
            opportunity: opportunity.into(),
            contact: None,
            vendor: "acme".into(),
            test: TestEntry { id: test.to_owned(), title: test.to_uppercase(), fields: BTreeMap::new() },
            key: None,
            invite_key: String::new(),
            attempt: 1,
            phase,
            verdict: Verdict::None,
            decision: Decision::None,
            report: ReportState::None,
            integrity: Integrity::None,
            stage: None,
            posting: None,
            requested_by: EventId::derive(at, &[]),
            requested_at: at,
            invited_at: None,
            started_at: None,
            submitted_at: None,
            reminders: 0,
            expires_at: None,
            ids: ids.iter().map(|(name, id)| ((*name).to_owned(), (*id).to_owned())).collect(),
            candidate_url: None,
            result: BTreeMap::new(),
        }
    }

    fn owners(key: (&str, &str), test: Option<&str>, rows: Vec<Assessment>) -> Vec<String> {
        let ids = BTreeMap::from([(key.0.to_owned(), key.1.to_owned())]);
        match choose(&OwnerKey { ids, test: test.map(str::to_owned) }, rows) {
            Choice::Nobody => vec!["nobody".to_owned()],
            Choice::Owners(rows) => rows.iter().map(|row| format!("{} {}", row.opportunity, row.test.id)).collect(),
            Choice::Ambiguous(reason) => vec![reason.code.to_string()],
        }
    }

    #[test]
    fn a_shared_invitation_belongs_to_each_opportunity_once() {
        let ids = [("invitation_id", "i1")];
        let rows = vec![
            row("a", "t", Phase::Expired, 1, &ids),
            row("a", "t", Phase::Invited, 2, &ids),
            row("b", "t", Phase::Invited, 3, &ids),
        ];
        assert_eq!(owners(("invitation_id", "i1"), None, rows.clone()), ["b t", "a t"]);
        assert_eq!(owners(("invitation_id", "i2"), None, rows), ["nobody"]);
    }

    #[test]
    fn a_person_without_a_test_means_the_latest_attempt() {
        let ids = |invitation| [("candidate_id", "c"), ("invitation_id", invitation)];
        let rows = vec![row("a", "t", Phase::Scored, 1, &ids("i1")), row("a", "u", Phase::Scored, 2, &ids("i2"))];
        assert_eq!(owners(("candidate_id", "c"), None, rows), ["a u"]);
    }

    /// B30: whichever of the person's addresses the vendor knows them by.
    #[test]
    fn b30_any_address_of_the_person_finds_the_attempt() {
        let ids = [("email", "ada@example.com"), ("email 2", "ada@work.example.com"), ("invitation_id", "i1")];
        let rows = || vec![row("a", "t", Phase::Invited, 1, &ids)];
        assert_eq!(owners(("email", "ada@work.example.com"), Some("t"), rows()), ["a t"]);
        assert_eq!(owners(("email", "ada@home.example.com"), Some("t"), rows()), ["nobody"]);
    }

    // D06
    #[test]
    fn two_opportunities_of_one_contact_mean_the_newest_live_attempt_at_that_test() {
        let row = |opportunity: &str, at: i64, contact: &str, invitation: &str| Assessment {
            contact: Some(contact.into()),
            ..row(opportunity, "t", Phase::Invited, at, &[("email", "ada@example.com"), ("invitation_id", invitation)])
        };
        let rows = vec![row("a", 1, "ada", "i1"), row("b", 2, "ada", "i2")];
        assert_eq!(owners(("email", "ada@example.com"), Some("t"), rows.clone()), ["b t"]);
        assert_eq!(owners(("invitation_id", "i1"), None, rows), ["a t"], "what the vendor calls it comes first");
        // The same address, and perhaps two people.
        let rows = vec![row("a", 1, "ada", "i1"), row("b", 2, "eve", "i2")];
        assert_eq!(owners(("email", "ada@example.com"), Some("t"), rows), ["R6"]);
    }

    // D06
    #[test]
    fn an_address_alone_with_live_attempts_at_two_tests_is_nobodys_guess() {
        let ids = |invitation| [("email", "ada@example.com"), ("invitation_id", invitation)];
        let rows = vec![row("a", "t", Phase::Invited, 1, &ids("i1")), row("a", "u", Phase::Started, 2, &ids("i2"))];
        assert_eq!(owners(("email", "ada@example.com"), None, rows), ["R6"]);
    }

    #[test]
    fn an_address_means_the_live_attempt_at_that_test_and_two_are_nobodys_guess() {
        let ids = |invitation| [("email", "ada@example.com"), ("invitation_id", invitation)];
        let live = row("a", "t", Phase::Invited, 1, &ids("i1"));
        let closed = row("b", "t", Phase::Expired, 2, &ids("i2"));
        let other = row("c", "t", Phase::Started, 3, &ids("i3"));
        let email = ("email", "ada@example.com");
        assert_eq!(owners(email, Some("t"), vec![live.clone(), closed.clone()]), ["a t"]);
        assert_eq!(owners(email, Some("T"), vec![closed]), ["b t"]);
        assert_eq!(owners(email, Some("t"), vec![live, other]), ["R6"]);
    }
}
