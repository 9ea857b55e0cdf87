//! The vendor's world and what can happen in it: invitations, takes, decisions. Each change is told to subscriptions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::events;
use super::record::{Assessment, Candidate, Invitation, Subscription, Take, TakeState};
use crate::sim::clock::Clock;
use crate::sim::ids::Ids;
use crate::sim::vendors::{AssessmentState, Mail, MailKind, Start};

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) keys: BTreeSet<String>,
    pub(crate) team: String,
    pub(crate) member: String,
    pub(crate) assessments: Vec<Assessment>,
    pub(crate) candidates: BTreeMap<String, Candidate>,
    pub(crate) invitations: Vec<Invitation>,
    pub(crate) takes: Vec<Take>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) mails: Vec<Mail>,
    /// Addresses that the vendor refuses for good.
    pub(crate) refused_emails: BTreeSet<String>,
    /// `http://127.0.0.1:port`, for links in mails.
    pub(crate) host: String,
    /// Rows on a page of a list.
    pub(crate) page_size: usize,
    /// `(event, body)`, not yet told to subscriptions.
    pub(crate) happened: Vec<(&'static str, Value)>,
    pub(crate) ids: Ids,
    pub(crate) clock: Clock,
}

/// What an invitation asks for beside candidate and assessment.
#[derive(Debug, Default)]
pub(crate) struct InviteOptions {
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) alternate_id: Option<String>,
    pub(crate) labels: Vec<String>,
    pub(crate) expires_at: Option<String>,
    pub(crate) reminder_at: Option<String>,
    pub(crate) custom_message: Option<String>,
    pub(crate) no_mail: bool,
    pub(crate) skip_email_resend: bool,
    /// `reopen` or `retake`; otherwise a submitted take stays as it is.
    pub(crate) retry: Option<String>,
}

impl World {
    pub(crate) fn new(start: Start) -> Self {
        let mut ids = start.ids;
        Self {
            name: start.name,
            keys: BTreeSet::from([start.key]),
            team: ids.object_id(),
            member: ids.object_id(),
            assessments: Vec::new(),
            candidates: BTreeMap::new(),
            invitations: Vec::new(),
            takes: Vec::new(),
            subscriptions: Vec::new(),
            mails: Vec::new(),
            refused_emails: BTreeSet::new(),
            host: start.host,
            page_size: start.page_size,
            happened: Vec::new(),
            ids,
            clock: start.clock,
        }
    }

    pub(crate) fn add_assessment(&mut self, title: &str, state: AssessmentState, passing_score: Option<f64>) -> String {
        let id = self.ids.object_id();
        let created_at = self.clock.now_ms();
        self.assessments.push(Assessment { id: id.clone(), title: title.to_owned(), state, passing_score, created_at });
        id
    }

    pub(crate) fn assessment(&self, id: &str) -> Option<&Assessment> {
        self.assessments.iter().find(|it| it.id == id)
    }

    pub(crate) fn take(&self, id: &str) -> Option<&Take> {
        self.takes.iter().find(|it| it.id == id)
    }

    pub(crate) fn candidate_with(&self, email: &str) -> Option<&Candidate> {
        self.candidates.values().find(|it| it.email.eq_ignore_ascii_case(email))
    }

    /// Sends or repeats an invitation; gives its place in `invitations`. A mail leaves when there was no invitation, or
    /// when the caller did not ask to skip a second one. An invitation that was cancelled counts as none.
    pub(crate) fn invite(&mut self, email: &str, assessment: &str, options: &InviteOptions) -> usize {
        let now = self.clock.now_ms();
        let candidate = self.candidate_for(email, options, now);
        let known = self.invitations.iter().position(|it| it.candidate == candidate && it.assessment == assessment);
        let at = if let Some(at) = known { at } else { self.add_invitation(&candidate, assessment, options, now) };
        if known.is_some() {
            self.repeat(at, options, now);
        }
        let mails = !options.no_mail && (known.is_none() || !options.skip_email_resend);
        if mails {
            self.mail(at, email, now);
        }
        at
    }

    fn candidate_for(&mut self, email: &str, options: &InviteOptions, now: i64) -> String {
        let known = self.candidate_with(email).map(|it| it.id.clone());
        let id = known.unwrap_or_else(|| {
            let id = self.ids.object_id();
            let candidate = Candidate {
                id: id.clone(),
                person: self.ids.object_id(),
                email: email.to_owned(),
                first_name: String::new(),
                last_name: String::new(),
                alternate_id: None,
                state: "idle",
                prev_state: None,
                labels: Vec::new(),
                created_at: now,
                invited_at: None,
                decided_at: None,
                state_at: now,
            };
            self.candidates.insert(id.clone(), candidate);
            id
        });
        if let Some(candidate) = self.candidates.get_mut(&id) {
            if let Some(name) = &options.first_name {
                candidate.first_name.clone_from(name);
            }
            if let Some(name) = &options.last_name {
                candidate.last_name.clone_from(name);
            }
            if options.alternate_id.is_some() {
                candidate.alternate_id.clone_from(&options.alternate_id);
            }
            for label in &options.labels {
                if !candidate.labels.contains(label) {
                    candidate.labels.push(label.clone());
                }
            }
        }
        id
    }

    fn add_invitation(&mut self, candidate: &str, assessment: &str, options: &InviteOptions, now: i64) -> usize {
        let take = Take {
            id: self.ids.object_id(),
            assessment: assessment.to_owned(),
            candidate: candidate.to_owned(),
            state: TakeState::Invited,
            score: None,
            closed_reason: None,
            created_at: now,
            updated_at: now,
            invited_at: Some(now),
            opened_at: None,
            started_at: None,
            submitted_at: None,
            terminated_at: None,
            retake_number: 0,
            share_token: self.ids.object_id(),
            solution: self.ids.object_id(),
            challenge: self.ids.object_id(),
        };
        self.invitations.push(Invitation {
            id: self.ids.object_id(),
            token: self.ids.object_id(),
            candidate: candidate.to_owned(),
            assessment: assessment.to_owned(),
            result: take.id.clone(),
            mailed_by_vendor: !options.no_mail,
            expires_at: options.expires_at.clone(),
            reminder_at: options.reminder_at.clone(),
            custom_message: options.custom_message.clone(),
            created_at: now,
            send_attempts: 0,
            last_sent: None,
            open_count: 0,
        });
        let id = take.id.clone();
        self.takes.push(take);
        self.tell_take("assessment_result_state_changed", &id);
        self.set_candidate_state(candidate, "invited", now);
        self.invitations.len() - 1
    }

    /// The terms of a repeated invitation replace the earlier ones; the take changes only when a retry is asked for.
    fn repeat(&mut self, at: usize, options: &InviteOptions, now: i64) {
        let Some(invitation) = self.invitations.get_mut(at) else {
            return;
        };
        if options.expires_at.is_some() {
            invitation.expires_at.clone_from(&options.expires_at);
        }
        let id = invitation.result.clone();
        let Some(retry) = &options.retry else { return };
        let Some(take) = self.takes.iter_mut().find(|it| it.id == id && it.state >= TakeState::Submitted) else {
            return;
        };
        take.state = TakeState::Invited;
        take.updated_at = now;
        if retry == "retake" {
            take.retake_number += 1;
            take.score = None;
        }
        self.tell_take("assessment_result_state_changed", &id);
    }

    fn mail(&mut self, at: usize, email: &str, now: i64) {
        let link = self.invitations.get(at).map(|it| format!("{}{}", self.host, super::render::invite_path(it)));
        let Some(invitation) = self.invitations.get_mut(at) else {
            return;
        };
        invitation.send_attempts += 1;
        invitation.last_sent = Some(now);
        let title = self.assessments.iter().find(|it| it.id == invitation.assessment).map(|it| it.title.clone());
        self.mails.push(Mail {
            at: now,
            vendor: self.name,
            kind: MailKind::Invitation,
            to: email.to_owned(),
            assessment: title.unwrap_or_default(),
            invitation: invitation.id.clone(),
            link: link.unwrap_or_default(),
        });
    }

    /// Withdraws an invitation. A take that was started is terminated.
    pub(crate) fn cancel(&mut self, id: &str) -> bool {
        let Some(at) = self.invitations.iter().position(|it| it.id == id) else {
            return false;
        };
        let invitation = self.invitations.remove(at);
        if let Some(candidate) = self.candidates.get_mut(&invitation.candidate) {
            candidate.labels.push("Invitation Cancelled".to_owned());
        }
        let started = self.take(&invitation.result).is_some_and(|take| take.state == TakeState::Started);
        if started {
            self.terminate(&invitation.result, "invitation_canceled");
        }
        true
    }

    /// The candidate opens the link.
    pub(crate) fn open(&mut self, id: &str) {
        let now = self.clock.now_ms();
        for invitation in self.invitations.iter_mut().filter(|it| it.result == id) {
            invitation.open_count += 1;
        }
        let Some(take) = self.takes.iter_mut().find(|it| it.id == id && it.state == TakeState::Invited) else {
            return;
        };
        take.state = TakeState::Opened;
        take.opened_at = Some(now);
        take.updated_at = now;
        self.tell_take("assessment_result_state_changed", id);
    }

    /// The candidate starts to work.
    pub(crate) fn start(&mut self, id: &str) {
        let now = self.clock.now_ms();
        let Some(take) = self.takes.iter_mut().find(|it| it.id == id && it.state < TakeState::Started) else {
            return;
        };
        take.state = TakeState::Started;
        take.started_at = Some(now);
        take.updated_at = now;
        let candidate = take.candidate.clone();
        self.set_candidate_state(&candidate, "started", now);
        self.tell_take("assessment_result_started", id);
        self.tell_take("assessment_result_state_changed", id);
    }

    /// The candidate hands in, with a score from 0 to 100.
    pub(crate) fn submit(&mut self, id: &str, score: f64) {
        let now = self.clock.now_ms();
        let Some(take) = self.takes.iter_mut().find(|it| it.id == id && it.state < TakeState::Submitted) else {
            return;
        };
        take.state = TakeState::Submitted;
        take.submitted_at = Some(now);
        take.updated_at = now;
        take.score = Some(score);
        take.closed_reason = Some("candidate_submitted".to_owned());
        let candidate = take.candidate.clone();
        self.set_candidate_state(&candidate, "submitted", now);
        self.tell_take("assessment_result_submitted", id);
        self.tell_take("assessment_result_state_changed", id);
    }

    pub(crate) fn terminate(&mut self, id: &str, reason: &str) {
        let now = self.clock.now_ms();
        let Some(take) = self.takes.iter_mut().find(|it| it.id == id) else {
            return;
        };
        take.state = TakeState::Terminated;
        take.terminated_at = Some(now);
        take.updated_at = now;
        take.closed_reason = Some(reason.to_owned());
        self.tell_take("assessment_result_state_changed", id);
    }

    /// A reviewer's decision on the candidate: `approved` or `rejected`. It names no assessment.
    pub(crate) fn decide(&mut self, candidate: &str, decision: &'static str) {
        let now = self.clock.now_ms();
        if let Some(candidate) = self.candidates.get_mut(candidate) {
            candidate.decided_at = Some(now);
        }
        self.set_candidate_state(candidate, decision, now);
    }

    fn set_candidate_state(&mut self, id: &str, state: &'static str, now: i64) {
        let Some(candidate) = self.candidates.get_mut(id) else {
            return;
        };
        if candidate.state == state {
            return;
        }
        // The recorded first invitation says that there was no state before.
        candidate.prev_state = Some(candidate.state).filter(|state| *state != "idle");
        candidate.state = state;
        candidate.state_at = now;
        if state == "invited" {
            candidate.invited_at = Some(now);
        }
        if let Some(candidate) = self.candidates.get(id) {
            let body = events::candidate(self, candidate);
            self.happened.push(("team_candidate_state_changed", body));
        }
    }

    fn tell_take(&mut self, event: &'static str, id: &str) {
        if let Some(body) = self.take(id).map(|take| events::take(self, take)) {
            self.happened.push((event, body));
        }
    }
}
