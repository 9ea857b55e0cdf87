//! The records that every vendor keeps in some form: tests, invitations with what became of them, mails.
//!
//! A stand-in renders them in its vendor's shapes. What a deed changes is the same everywhere and is held here; what is told
//! about it is the stand-in's.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{AssessmentState, Deed, Mail, MailKind, Start};
use crate::sim::clock::{Clock, iso};
use crate::sim::control::ControlError;
use crate::sim::ids::Ids;

/// A test in the catalogue.
#[derive(Debug, Clone)]
pub(crate) struct Test {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) state: AssessmentState,
    /// From 0 to 100; results say whether it was reached.
    pub(crate) passing_score: Option<f64>,
}

/// How far a take is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Invited,
    Opened,
    Started,
    /// Handed in, without a score yet.
    Completed,
    Scored,
    Expired,
    Cancelled,
    Declined,
    Terminated,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Opened => "opened",
            Self::Started => "started",
            Self::Completed => "completed",
            Self::Scored => "scored",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Declined => "declined",
            Self::Terminated => "terminated",
        }
    }

    /// Sent and not yet started.
    pub(crate) fn waiting(self) -> bool {
        self <= Self::Opened
    }
}

/// One invitation of one candidate to one test, and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Take {
    pub(crate) id: String,
    /// The secret part of the candidate's link.
    pub(crate) token: String,
    pub(crate) test: String,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) phase: Phase,
    /// From 0 to 100.
    pub(crate) score: Option<f64>,
    /// Why it was terminated, judged or flagged.
    pub(crate) reason: Option<String>,
    /// `qualified`, `unqualified`, `approved` or `rejected`.
    pub(crate) verdict: Option<&'static str>,
    pub(crate) flagged: bool,
    pub(crate) review: Option<String>,
    /// The caller's own id of it.
    pub(crate) reference: Option<String>,
    /// Where this take's events go, for vendors that are told so at the invitation.
    pub(crate) callback: Option<String>,
    /// What else the invitation said that comes back or counts later.
    pub(crate) extra: Value,
    pub(crate) expires_at: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) changed_at: i64,
    pub(crate) started_at: Option<i64>,
    pub(crate) completed_at: Option<i64>,
    pub(crate) scored_at: Option<i64>,
    /// How often the report was asked for: it is not ready at first.
    pub(crate) report_reads: u32,
    pub(crate) reminders: i64,
}

impl Take {
    /// Changes the record as the deed says. A deed that the take is past, or too early for, is refused.
    fn carry_out(&mut self, deed: &Deed, now: i64) -> Result<(), ControlError> {
        let is = self.phase;
        let fits = match deed {
            Deed::Open => is == Phase::Invited,
            Deed::Start | Deed::Decline | Deed::Cancel | Deed::Expire => is.waiting(),
            Deed::Complete | Deed::Submit { .. } => is <= Phase::Started,
            Deed::Grade { .. } => is == Phase::Completed,
            Deed::Correct { .. } => is == Phase::Scored,
            Deed::Terminate { .. } => is <= Phase::Completed,
            Deed::Approve | Deed::Reject | Deed::Qualify | Deed::Unqualify { .. } | Deed::Review { .. } | Deed::Flag { .. } => {
                is >= Phase::Started
            }
        };
        if !fits {
            let text = format!("`{}` does not fit: {}'s take is {}", deed.name(), self.email, is.name());
            return Err(ControlError::Wrong(text));
        }
        self.changed_at = now;
        match deed {
            Deed::Open => self.phase = Phase::Opened,
            Deed::Start => self.start(now),
            Deed::Complete => self.complete(now),
            Deed::Submit { score } => {
                self.complete(now);
                self.grade(*score, now);
            }
            Deed::Grade { score } | Deed::Correct { score } => self.grade(*score, now),
            Deed::Expire => self.phase = Phase::Expired,
            Deed::Cancel => self.phase = Phase::Cancelled,
            Deed::Decline => self.phase = Phase::Declined,
            Deed::Terminate { reason } => {
                self.phase = Phase::Terminated;
                self.reason = Some(reason.clone());
            }
            Deed::Approve => self.verdict = Some("approved"),
            Deed::Reject => self.verdict = Some("rejected"),
            Deed::Qualify => self.verdict = Some("qualified"),
            Deed::Unqualify { reason } => {
                self.verdict = Some("unqualified");
                self.reason = Some(reason.clone());
            }
            Deed::Review { text } => self.review = Some(text.clone()),
            Deed::Flag { reason } => {
                self.flagged = true;
                self.reason = Some(reason.clone());
            }
        }
        Ok(())
    }

    fn start(&mut self, now: i64) {
        self.phase = Phase::Started;
        self.started_at = Some(now);
    }

    fn complete(&mut self, now: i64) {
        self.phase = Phase::Completed;
        self.started_at.get_or_insert(now);
        self.completed_at = Some(now);
    }

    fn grade(&mut self, score: f64, now: i64) {
        self.phase = Phase::Scored;
        self.score = Some(score);
        self.scored_at = Some(now);
    }
}

/// What an invitation is made of.
#[derive(Debug, Default)]
pub(crate) struct NewTake {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) reference: Option<String>,
    pub(crate) callback: Option<String>,
    pub(crate) extra: Value,
    pub(crate) expires_at: Option<i64>,
}

/// All records of one vendor.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) vendor: &'static str,
    /// The only credential.
    pub(crate) key: String,
    /// With what webhooks are signed, where they are.
    pub(crate) webhook_secret: String,
    /// `http://127.0.0.1:port/vendors/NAME`
    pub(crate) base: String,
    pub(crate) page_size: usize,
    pub(crate) tests: Vec<Test>,
    pub(crate) takes: Vec<Take>,
    pub(crate) mails: Vec<Mail>,
    pub(crate) refused_emails: BTreeSet<String>,
    pub(crate) ids: Ids,
    pub(crate) clock: Clock,
    numbers: u64,
}

impl Book {
    pub(crate) fn new(start: Start) -> Self {
        Self {
            vendor: start.name,
            key: start.key,
            webhook_secret: start.webhook_secret,
            base: start.base,
            page_size: start.page_size,
            tests: Vec::new(),
            takes: Vec::new(),
            mails: Vec::new(),
            refused_emails: BTreeSet::new(),
            ids: start.ids,
            clock: start.clock,
            numbers: 0,
        }
    }

    /// A seven-digit number that no other record has: some vendors count.
    pub(crate) fn number(&mut self) -> String {
        self.numbers += 1;
        (3_178_621 + self.numbers).to_string()
    }

    /// Adds a test under the id given.
    pub(crate) fn add_test(&mut self, id: String, title: &str, state: AssessmentState, passing_score: Option<f64>) -> String {
        self.tests.push(Test { id: id.clone(), title: title.to_owned(), state, passing_score });
        id
    }

    pub(crate) fn test(&self, id: &str) -> Option<&Test> {
        self.tests.iter().find(|it| it.id == id)
    }

    /// Those that can be sent, in the order in which they were made.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Test> {
        self.tests.iter().filter(|it| it.state == AssessmentState::Published)
    }

    /// By id or title.
    pub(crate) fn test_named(&self, name: &str) -> Result<usize, ControlError> {
        let mut found = self.tests.iter().enumerate().filter(|(_, it)| it.id == name || it.title == name).map(|(at, _)| at);
        match (found.next(), found.next()) {
            (Some(at), None) => Ok(at),
            (Some(_), Some(_)) => Err(ControlError::Ambiguous { kind: "test", name: name.to_owned() }),
            (None, _) => Err(ControlError::Unknown { kind: "test", name: name.to_owned() }),
        }
    }

    pub(crate) fn title_of(&self, take: &Take) -> String {
        self.test(&take.test).map(|it| it.title.clone()).unwrap_or_default()
    }

    /// Whether the score reaches what the test asks for; `None` without either.
    pub(crate) fn passed(&self, take: &Take) -> Option<bool> {
        let needed = self.test(&take.test).and_then(|it| it.passing_score)?;
        take.score.map(|score| score >= needed)
    }

    /// Enters an invitation and gives its place. Nobody is mailed.
    pub(crate) fn enter(&mut self, id: String, test: &str, new: NewTake) -> usize {
        let now = self.clock.now_ms();
        self.takes.push(Take {
            id,
            token: self.ids.object_id(),
            test: test.to_owned(),
            email: new.email,
            name: new.name,
            phase: Phase::Invited,
            score: None,
            reason: None,
            verdict: None,
            flagged: false,
            review: None,
            reference: new.reference,
            callback: new.callback,
            extra: new.extra,
            expires_at: new.expires_at,
            created_at: now,
            changed_at: now,
            started_at: None,
            completed_at: None,
            scored_at: None,
            report_reads: 0,
            reminders: 0,
        });
        self.takes.len() - 1
    }

    pub(crate) fn take(&self, id: &str) -> Option<(usize, &Take)> {
        self.takes.iter().enumerate().find(|(_, it)| it.id == id)
    }

    /// The latest take of this test by this address.
    pub(crate) fn latest(&self, test: &str, email: &str) -> Option<usize> {
        self.takes.iter().rposition(|it| it.test == test && it.email.eq_ignore_ascii_case(email))
    }

    /// Plausible, and not refused by a switch.
    pub(crate) fn accepts_email(&self, email: &str) -> bool {
        let plausible = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
        plausible && !self.refused_emails.contains(&email.to_lowercase())
    }

    /// The candidate's link.
    pub(crate) fn link(&self, take: &Take) -> String {
        format!("{}/start/{}", self.base, take.token)
    }

    /// Notes that the vendor mailed the candidate.
    pub(crate) fn mail(&mut self, at: usize, kind: MailKind) {
        let now = self.clock.now_ms();
        let Some(take) = self.takes.get(at) else { return };
        let mail = Mail {
            at: now,
            vendor: self.vendor,
            kind,
            to: take.email.clone(),
            assessment: self.title_of(take),
            invitation: take.id.clone(),
            link: self.link(take),
        };
        self.mails.push(mail);
    }

    /// Carries out a deed on the latest take of a test, by title or id; gives the take's place.
    pub(crate) fn act(&mut self, email: &str, test: &str, deed: &Deed) -> Result<usize, ControlError> {
        let test = self.test_named(test)?;
        let id = self.tests.get(test).map(|it| it.id.clone()).unwrap_or_default();
        let unknown = || ControlError::Unknown { kind: "invited candidate", name: email.to_owned() };
        let at = self.latest(&id, email).ok_or_else(unknown)?;
        self.carry_out(at, deed)?;
        Ok(at)
    }

    /// The same for a take whose place is known.
    pub(crate) fn carry_out(&mut self, at: usize, deed: &Deed) -> Result<(), ControlError> {
        let now = self.clock.now_ms();
        match self.takes.get_mut(at) {
            Some(take) => take.carry_out(deed, now),
            None => Ok(()),
        }
    }

    /// The places of invitations that ended unused meanwhile.
    pub(crate) fn overdue(&self) -> Vec<usize> {
        let now = self.clock.now_ms();
        let over = |it: &Take| it.phase.waiting() && it.expires_at.is_some_and(|end| end <= now);
        self.takes.iter().enumerate().filter(|(_, it)| over(it)).map(|(at, _)| at).collect()
    }

    /// The records, for the world document of the control handle. Links and keys are left out.
    pub(crate) fn shown(&self) -> Value {
        let takes = self.takes.iter().map(|it| {
            json!({
                "id": it.id,
                "test": self.title_of(it),
                "email": it.email,
                "state": it.phase.name(),
                "score": it.score,
                "verdict": it.verdict,
                "reason": it.reason,
                "flagged": it.flagged,
                "invitedAt": iso(it.created_at),
                "expiresAt": it.expires_at.map(iso),
            })
        });
        let tests = self.tests.iter().map(|it| json!({ "id": it.id, "title": it.title, "state": it.state }));
        json!({ "tests": tests.collect::<Vec<_>>(), "takes": takes.collect::<Vec<_>>(), "mails": self.mails })
    }
}
