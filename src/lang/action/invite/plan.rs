//! What an invitation puts on the draft: the ledger row that exists before the call, and the call.

use super::InviteTo;
use crate::lang::action::with::given;
use crate::lang::action::{Action, Draft, Stop};
use crate::model::{
    Act, Again, Assessment, AssessmentEvent, AssessmentId, ContactId, Decision, Event, EventId, EventKind, Integrity, Invite,
    InviteMode, Named, Phase, Pinned, ReportState, Said, Slot, TestEntry, Value, VendorName, Verdict,
};
use std::collections::BTreeMap;

/// The name under which requests read the address.
const EMAIL: &str = "candidate.email";
/// All addresses of the person.
const EMAILS: &str = "candidate.emails";

pub(super) fn plan(invite: &InviteTo, draft: &mut dyn Draft) -> Result<(), Stop> {
    let Some(vendor) = draft.pack().vendor_name().cloned() else { return skip(draft, "the pack has no vendor".to_owned()) };
    let Some(value) = draft.value(&invite.test)? else { return skip(draft, "no test is set".to_owned()) };
    let Some(test) = draft.test(&value)? else {
        return skip(draft, format!("`{value}` is not among the tests that `{vendor}` offers now"));
    };
    let key = match &invite.key {
        Some(key) => Some(draft.text(key)?.trim().to_owned()),
        None => None,
    };
    let contact = match draft.fact("opportunity.contact")? {
        Some(Value::Text(contact)) => Some(ContactId::from(contact)),
        _ => None,
    };
    let invite_key = invite_key(invite, draft, contact.as_ref(), &vendor, &test, key.as_deref());
    let ledger = draft.ledger()?;
    let last = ledger.iter().filter(|row| row.invite_key == invite_key).max_by_key(|row| (row.live(), row.attempt));

    let mut row = new_row(draft, &vendor, &test, &invite_key, key, contact)?;
    let mode = match last {
        None => InviteMode::New,
        Some(last) => {
            let choice = invite.again.get(&last.phase.group()).copied().unwrap_or(Again::Skip);
            // Attempts of the same person's other opportunities are theirs: this plan cannot change them.
            let theirs = last.opportunity != row.opportunity;
            match choice {
                Again::Skip => {
                    return skip(
                        draft,
                        format!("`{}` was sent before: attempt {} is {}", test.title, last.attempt, last.phase),
                    );
                }
                _ if theirs && last.live() => {
                    return skip(draft, format!("`{}` is under way for another opportunity of this person", test.title));
                }
                Again::Refresh if !theirs => {
                    row = last.clone();
                    // A closed attempt that is refreshed is open again (behaviours T19).
                    if !row.live() {
                        row.phase = Phase::Requested;
                    }
                    InviteMode::Refresh
                }
                Again::Refresh | Again::Invite => {
                    if last.live() {
                        supersede(draft, last.clone());
                    }
                    row.attempt = last.attempt.saturating_add(1);
                    row.id = id(draft, &row);
                    InviteMode::New
                }
            }
        }
    };

    let inputs = match inputs(invite, draft, mode)? {
        Ok(inputs) => inputs,
        Err(lacking) => {
            fail(draft, row, &lacking);
            return Ok(());
        }
    };
    let act = Invite { vendor, test, assessment: row.id, mode, inputs };
    if mode == InviteMode::New && draft.pack().listens.contains(&EventKind::Assessment(AssessmentEvent::Requested)) {
        tell(draft, AssessmentEvent::Requested, &row, &[]);
    }
    draft.put(row);
    draft.effect(Some(Slot::Invite(invite_key)), &invite.identity(), Act::Invite(act));
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "ends the plan in one word")]
fn skip(draft: &mut dyn Draft, reason: String) -> Result<(), Stop> {
    draft.say(Said::Skipped { reason });
    Ok(())
}

/// Identity of the invitation: no rule name in it, and every part with its length, so that none runs into the next.
fn invite_key(
    invite: &InviteTo,
    draft: &dyn Draft,
    contact: Option<&ContactId>,
    vendor: &VendorName,
    test: &TestEntry,
    key: Option<&str>,
) -> String {
    let who = match contact {
        Some(contact) if invite.per_contact => format!("contact:{contact}"),
        _ => format!("opportunity:{}", draft.opportunity()),
    };
    let key = key.unwrap_or_default();
    format!("{who}/{vendor}/{}:{}/{}:{key}", test.id.len(), test.id, key.len())
}

fn id(draft: &dyn Draft, row: &Assessment) -> AssessmentId {
    let stored = draft.event().id.0.stored();
    AssessmentId::derive(stored, &[row.account.as_str(), &row.invite_key, &row.attempt.to_string()])
}

/// The first attempt's row.
fn new_row(
    draft: &mut dyn Draft,
    vendor: &VendorName,
    test: &TestEntry,
    invite_key: &str,
    key: Option<String>,
    contact: Option<ContactId>,
) -> Result<Assessment, Stop> {
    let stage = pinned(draft.fact("opportunity.stage")?);
    let posting = pinned(draft.fact("opportunity.posting")?);
    let mut row = Assessment {
        id: AssessmentId::derive(draft.now(), &[]),
        account: draft.event().account.clone(),
        opportunity: draft.opportunity(),
        contact,
        vendor: vendor.clone(),
        test: test.clone(),
        key,
        invite_key: invite_key.to_owned(),
        attempt: 1,
        phase: Phase::Requested,
        verdict: Verdict::None,
        decision: Decision::None,
        report: ReportState::None,
        integrity: Integrity::None,
        stage,
        posting,
        requested_by: draft.event().id,
        requested_at: draft.now(),
        invited_at: None,
        started_at: None,
        submitted_at: None,
        expires_at: None,
        reminders: 0,
        ids: BTreeMap::new(),
        candidate_url: None,
        result: BTreeMap::new(),
    };
    row.id = id(draft, &row);
    Ok(row)
}

fn pinned(value: Option<Value>) -> Option<Pinned> {
    match value {
        Some(Value::Named(Named { id, name, .. })) => Some(Pinned { id, name }),
        _ => None,
    }
}

/// A live attempt makes room for the next one.
fn supersede(draft: &mut dyn Draft, mut row: Assessment) {
    row.phase = Phase::Superseded;
    tell(draft, AssessmentEvent::Superseded, &row, &[]);
    draft.put(row);
}

/// Every value that the vendor's request reads, or what lacks.
fn inputs(invite: &InviteTo, draft: &mut dyn Draft, mode: InviteMode) -> Result<Result<BTreeMap<String, Value>, String>, Stop> {
    let operations = draft.pack().vendor.as_deref().map(|adapter| &adapter.operations);
    // Refreshing may be an operation of its own.
    let refresh = operations.and_then(|all| all.get("refresh")).filter(|_| mode == InviteMode::Refresh);
    let operation = refresh.or_else(|| operations?.get("invite"));
    let mut names: Vec<String> = operation.map(|operation| operation.inputs.clone()).unwrap_or_default();
    // The vendor may know the person by another address than the one that is invited.
    let by_email = draft.pack().vendor.as_deref().is_some_and(crate::lang::adapter::Adapter::knows_by_email);
    if by_email && names.iter().any(|name| name == EMAIL) {
        names.push(EMAILS.to_owned());
    }
    let mut inputs = given(draft, &names, &invite.with)?;
    if let Some(to) = &invite.to {
        inputs.remove(EMAIL);
        if let Some(to) = draft.value(to)? {
            inputs.insert(EMAIL.to_owned(), to);
        }
    }
    // An address is what every vendor mails to; anything else may be left out of a request.
    let lacks = names.iter().any(|name| name == EMAIL) && !inputs.contains_key(EMAIL);
    Ok(if lacks { Err("the candidate has no e-mail address".to_owned()) } else { Ok(inputs) })
}

/// An invitation that cannot be tried ends at once: rules may listen to it.
fn fail(draft: &mut dyn Draft, mut row: Assessment, why: &str) {
    row.phase = Phase::InviteFailed;
    tell(draft, AssessmentEvent::InviteFailed, &row, &[("failure.message", why), ("failure.code", "no_address")]);
    draft.say(Said::Skipped { reason: why.to_owned() });
    draft.put(row);
}

/// An event of the attempt that follows from this plan alone. The draft gives it its id, account and depth.
fn tell(draft: &mut dyn Draft, event: AssessmentEvent, row: &Assessment, fields: &[(&str, &str)]) {
    let id = EventId::derive(draft.now(), &[]);
    let kind = EventKind::Assessment(event);
    let mut event = Event::new(id, row.account.clone(), kind, Some(row.opportunity.clone()), draft.now());
    event.assessment = Some(row.id);
    event.applied = true;
    for (name, value) in fields {
        event = event.with(name, *value);
    }
    draft.emit(event);
}
