//! The table of the lifecycle, one test for each row.

use super::*;
use crate::model::{AccountId, AssessmentId, EventId, Id, OpportunityId, TestEntry, VendorName};

fn at() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

fn row(phase: Phase) -> Assessment {
    Assessment {
        id: AssessmentId(Id::derive(at(), &["row"])),
        account: AccountId::new("acme"),
        opportunity: OpportunityId::new("o"),
        contact: None,
        vendor: VendorName::new("v"),
        test: TestEntry { id: "t".into(), title: "T".into(), fields: BTreeMap::new() },
        key: None,
        invite_key: "k".into(),
        attempt: 1,
        phase,
        verdict: Verdict::None,
        decision: Decision::None,
        report: ReportState::None,
        integrity: Integrity::None,
        stage: None,
        posting: None,
        requested_by: EventId(Id::derive(at(), &["event"])),
        requested_at: at(),
        invited_at: None,
        started_at: None,
        submitted_at: None,
        reminders: 0,
        expires_at: None,
        ids: BTreeMap::new(),
        candidate_url: None,
        result: BTreeMap::new(),
    }
}

fn fields(fields: &[(&str, Value)]) -> Fields {
    fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// What an event makes of an attempt: the new phase, `stale`, `same`, or what it implies.
fn step(phase: Phase, event: E) -> String {
    said(judge(Some(&row(phase)), event, &Fields::new(), at()))
}

fn said(judged: Judged) -> String {
    match judged {
        Judged::Apply { row, changed } => format!("{}{}", row.phase, if changed { " changed" } else { "" }),
        Judged::Implied(events) => format!("first {}", events.iter().map(|event| event.as_str()).collect::<Vec<_>>().join(" ")),
        Judged::Stale(_) => "stale".into(),
        Judged::Same(_) => "same".into(),
    }
}

fn table(rows: &[(Phase, E, &str)]) {
    for (phase, event, expected) in rows {
        assert_eq!(step(*phase, *event), *expected, "{phase} + {event}");
    }
}

fn applied(row: &Assessment, event: E, said: &[(&str, Value)]) -> Assessment {
    match judge(Some(row), event, &fields(said), at()) {
        Judged::Apply { row, .. } => *row,
        other => panic!("{event}: {other:?}"),
    }
}

// T01
#[test]
fn t01_a_request_is_a_row_and_nothing_is_known_without_one() {
    assert_eq!(step(Phase::Requested, E::Requested), "same");
    assert_eq!(said(judge(None, E::Started, &Fields::new(), at())), "stale");
}

// T02
#[test]
fn t02_an_accepted_invitation_keeps_what_the_vendor_told() {
    let told = [("ids.invitation_id", "i1".into()), ("url", "https://example.com/i".into()), ("expires_at", Value::date(at()))];
    let row = applied(&row(Phase::Requested), E::Invited, &told);
    assert_eq!((row.phase, row.invited_at, row.expires_at), (Phase::Invited, Some(at()), Some(at())));
    assert_eq!((row.ids["invitation_id"].as_str(), row.candidate_url.as_deref()), ("i1", Some("https://example.com/i")));
}

// T03
#[test]
fn t03_a_try_that_was_not_applied_leaves_the_request() {
    // No event comes of it; the row stays as it is and live.
    assert!(row(Phase::Requested).live());
}

// T04
#[test]
fn t04_a_permanent_failure_ends_a_request_and_only_a_request() {
    table(&[(Phase::Requested, E::InviteFailed, "invite_failed"), (Phase::Invited, E::InviteFailed, "stale")]);
    table(&[(Phase::InviteFailed, E::Invited, "invited"), (Phase::InviteFailed, E::InviteFailed, "same")]);
}

// T05
#[test]
fn t05_already_invited_is_invited() {
    table(&[(Phase::Requested, E::Invited, "invited"), (Phase::Invited, E::Invited, "same")]);
}

// T06
#[test]
fn t06_a_refresh_leaves_the_phase() {
    table(&[
        (Phase::Invited, E::Reinvited, "invited"),
        (Phase::Opened, E::Reinvited, "opened"),
        (Phase::Started, E::Reinvited, "stale"),
    ]);
}

// T07
#[test]
fn t19_a_closed_attempt_that_was_asked_for_again_is_invited_once_the_vendor_took_it() {
    // The plan reopens the row as a request; the outcome of the refresh makes it an invitation.
    let row = apply(&row(Phase::Requested), E::Reinvited, &Fields::new(), at());
    assert_eq!(row.phase, Phase::Invited);
}

#[test]
fn t07_a_reminder_leaves_the_phase() {
    table(&[
        (Phase::Invited, E::Reminded, "invited"),
        (Phase::Opened, E::Reminded, "opened"),
        (Phase::Submitted, E::Reminded, "stale"),
    ]);
}

// T08
#[test]
fn t08_opened() {
    table(&[
        (Phase::Invited, E::Opened, "opened"),
        (Phase::Opened, E::Opened, "same"),
        (Phase::Requested, E::Opened, "first invited"),
    ]);
}

// T09
#[test]
fn t09_started_implies_opened() {
    table(&[(Phase::Opened, E::Started, "started"), (Phase::Invited, E::Started, "first opened")]);
}

// T10
#[test]
fn t10_skipped_phases_come_first_in_order() {
    table(&[
        (Phase::Started, E::Submitted, "submitted"),
        (Phase::Invited, E::Submitted, "first opened started"),
        (Phase::Requested, E::Submitted, "first invited opened started"),
    ]);
}

// T11
#[test]
fn t11_a_score_brings_its_verdict() {
    assert_eq!(step(Phase::Started, E::Scored), "first submitted");
    let scored =
        applied(&row(Phase::Submitted), E::Scored, &[("result.percent", Value::Int(80)), ("result.passed", Value::Bool(true))]);
    assert_eq!((scored.phase, scored.verdict), (Phase::Scored, Verdict::Passed));
    assert_eq!(scored.result["percent"], Value::Int(80));
    assert_eq!(follows(E::Scored, Some(&row(Phase::Submitted)), &scored), [E::Passed]);
}

// T12
#[test]
fn t12_a_corrected_score_is_news_and_the_same_score_is_not() {
    let first = [("result.percent", Value::Int(80)), ("result.passed", Value::Bool(true))];
    let mut scored = applied(&row(Phase::Submitted), E::Scored, &first);
    for phase in [Phase::Scored, Phase::Reviewed, Phase::Decided] {
        scored.phase = phase;
        assert_eq!(said(judge(Some(&scored), E::Scored, &fields(&first), at())), "same");
        let other = fields(&[("result.percent", Value::Int(40)), ("result.passed", Value::Bool(false))]);
        assert_eq!(said(judge(Some(&scored), E::Scored, &other, at())), format!("{phase} changed"));
        let corrected = apply(&scored, E::Scored, &other, at());
        assert_eq!(corrected.verdict, Verdict::Failed);
        assert_eq!(follows(E::Scored, Some(&scored), &corrected), [E::Failed]);
        let signed =
            fields(&[("result.percent", Value::Int(80)), ("result.report_url", "https://example.com/?signed=2".into())]);
        assert_eq!(said(judge(Some(&scored), E::Scored, &signed, at())), "same", "a link signed anew is no other score");
    }
}

// T13
#[test]
fn t13_a_review() {
    table(&[
        (Phase::Submitted, E::Reviewed, "reviewed"),
        (Phase::Scored, E::Reviewed, "reviewed"),
        (Phase::Decided, E::Reviewed, "stale"),
    ]);
}

// T14
#[test]
fn t14_a_decision_may_come_from_started() {
    for (event, decision) in [
        (E::Approved, Decision::Approved),
        (E::Rejected, Decision::Rejected),
        (E::Qualified, Decision::Qualified),
        (E::Unqualified, Decision::Unqualified),
    ] {
        for phase in [Phase::Started, Phase::Submitted, Phase::Scored, Phase::Reviewed] {
            let row = applied(&row(phase), event, &[]);
            assert_eq!((row.phase, row.decision), (Phase::Decided, decision));
        }
    }
}

// T15
#[test]
fn t15_the_opposite_decision_is_told_as_changed() {
    let approved = applied(&row(Phase::Scored), E::Approved, &[]);
    assert_eq!(said(judge(Some(&approved), E::Approved, &Fields::new(), at())), "same");
    let rejected = applied(&approved, E::Rejected, &[]);
    assert_eq!((rejected.phase, rejected.decision), (Phase::Decided, Decision::Rejected));
    assert_eq!(follows(E::Rejected, Some(&approved), &rejected), [E::DecisionChanged]);
    assert!(follows(E::Approved, Some(&row(Phase::Scored)), &approved).is_empty());
}

// T16
#[test]
fn t16_reopened_goes_back_to_started_and_may_be_scored_again() {
    let decided = applied(&row(Phase::Scored), E::Approved, &[]);
    let open = applied(&decided, E::Reopened, &[]);
    assert_eq!((open.phase, open.decision, open.submitted_at), (Phase::Started, Decision::None, None));
    assert_eq!(said(judge(Some(&open), E::Submitted, &Fields::new(), at())), "submitted");
    table(&[(Phase::Submitted, E::Reopened, "started"), (Phase::Invited, E::Reopened, "stale")]);
}

// T17
#[test]
fn t17_a_retake_supersedes() {
    for phase in [Phase::Submitted, Phase::Scored, Phase::Decided, Phase::Terminated, Phase::Expired] {
        assert_eq!(step(phase, E::Superseded), "superseded");
    }
    table(&[(Phase::Invited, E::Superseded, "stale"), (Phase::Cancelled, E::Superseded, "stale")]);
}

// T18
#[test]
fn t18_only_what_was_not_started_expires() {
    table(&[
        (Phase::Requested, E::Expired, "expired"),
        (Phase::Invited, E::Expired, "expired"),
        (Phase::Opened, E::Expired, "expired"),
        (Phase::Started, E::Expired, "stale"),
        (Phase::Expired, E::Expired, "same"),
    ]);
}

// T19
#[test]
fn t19_the_vendor_may_take_up_what_expired_or_was_cancelled() {
    table(&[
        (Phase::Expired, E::Invited, "invited"),
        (Phase::Cancelled, E::Reinvited, "invited"),
        (Phase::Declined, E::Invited, "stale"),
    ]);
}

// T20
#[test]
fn t20_declined() {
    table(&[
        (Phase::Invited, E::Declined, "declined"),
        (Phase::Opened, E::Declined, "declined"),
        (Phase::Started, E::Declined, "stale"),
    ]);
}

// T21
#[test]
fn t21_opted_out() {
    table(&[
        (Phase::Invited, E::OptedOut, "opted_out"),
        (Phase::Opened, E::OptedOut, "opted_out"),
        (Phase::Started, E::OptedOut, "stale"),
    ]);
}

// T22
#[test]
fn t22_cancelled_until_started() {
    for phase in [Phase::Requested, Phase::Invited, Phase::Opened, Phase::Started] {
        assert_eq!(step(phase, E::Cancelled), "cancelled");
    }
    table(&[(Phase::Submitted, E::Cancelled, "stale")]);
}

// T23
#[test]
fn t23_what_was_broken_off_may_still_carry_a_score() {
    table(&[(Phase::Started, E::Terminated, "terminated"), (Phase::Submitted, E::Terminated, "stale")]);
    let score = [("result.percent", Value::Int(10)), ("result.passed", Value::Bool(false))];
    let scored = applied(&row(Phase::Terminated), E::Scored, &score);
    assert_eq!((scored.phase, scored.verdict), (Phase::Terminated, Verdict::Failed));
    assert_eq!(said(judge(Some(&scored), E::Scored, &fields(&score), at())), "same");
}

// T24
#[test]
fn t24_a_report_is_told_once_in_any_phase() {
    let report = [("result.report_url", "https://example.com/1".into())];
    for phase in [Phase::Started, Phase::Decided, Phase::Expired, Phase::Terminated] {
        let ready = applied(&row(phase), E::ReportReady, &report);
        assert_eq!((ready.phase, ready.report), (phase, ReportState::Ready));
        assert_eq!(said(judge(Some(&ready), E::ReportReady, &fields(&report), at())), "same");
        let other = fields(&[("result.report_url", "https://example.com/2".into())]);
        assert_eq!(said(judge(Some(&ready), E::ReportReady, &other, at())), phase.to_string());
    }
}

// T25
#[test]
fn t25_a_pending_verification_is_a_facet() {
    let row = applied(&row(Phase::Started), E::Submitted, &[("result.integrity", "pending".into())]);
    assert_eq!((row.phase, row.integrity), (Phase::Submitted, Integrity::Pending));
}

// T26
#[test]
fn t26_flagged_leaves_the_phase() {
    for phase in [Phase::Submitted, Phase::Scored] {
        let flagged = applied(&row(phase), E::Flagged, &[]);
        assert_eq!((flagged.phase, flagged.integrity), (phase, Integrity::Flagged));
        assert_eq!(said(judge(Some(&flagged), E::Flagged, &Fields::new(), at())), "same");
    }
}

// T27
#[test]
fn t27_leaving_the_stage_changes_nothing_unless_a_rule_marks() {
    // `mark: cancelled` of a rule under candidateArchiveChange is T22.
    assert_eq!(step(Phase::Started, E::Cancelled), "cancelled");
}

// T28
#[test]
fn t28_an_event_of_a_lower_rank_is_stale() {
    table(&[
        (Phase::Submitted, E::Started, "stale"),
        (Phase::Scored, E::Submitted, "stale"),
        (Phase::Started, E::Invited, "stale"),
        (Phase::Started, E::Opened, "stale"),
    ]);
}

// T29
#[test]
fn t29_the_same_event_twice_changes_nothing() {
    for (event, from) in [(E::Opened, Phase::Invited), (E::Started, Phase::Opened), (E::Submitted, Phase::Started)] {
        let once = applied(&row(from), event, &[]);
        assert_eq!(said(judge(Some(&once), event, &Fields::new(), at())), "same");
    }
}

// T30
#[test]
fn t30_a_late_start_is_taken_from_expired_and_opted_out_only() {
    table(&[
        (Phase::Expired, E::Started, "started"),
        (Phase::OptedOut, E::Started, "started"),
        (Phase::Expired, E::Submitted, "first started"),
        (Phase::Declined, E::Started, "stale"),
        (Phase::Cancelled, E::Submitted, "stale"),
        (Phase::Terminated, E::Submitted, "stale"),
        (Phase::Superseded, E::Started, "stale"),
    ]);
}

// T25
#[test]
fn t25_a_score_waits_until_the_vendor_has_verified_the_attempt() {
    let pending = [("result.integrity", Value::text("pending"))];
    let submitted = applied(&row(Phase::Started), E::Submitted, &pending);
    assert_eq!((submitted.phase, submitted.integrity), (Phase::Submitted, Integrity::Pending));
    let score = fields(&[("result.percent", Value::Int(80))]);
    assert_eq!(said(judge(Some(&submitted), E::Scored, &score, at())), "stale");
    // A score that says itself that it is not verified counts as little.
    let unverified = fields(&[("result.percent", Value::Int(80)), ("result.integrity", Value::text("pending"))]);
    assert_eq!(said(judge(Some(&row(Phase::Submitted)), E::Scored, &unverified, at())), "stale");
    let verified =
        applied(&submitted, E::Scored, &[("result.percent", Value::Int(80)), ("result.integrity", Value::text("ok"))]);
    assert_eq!((verified.phase, verified.integrity), (Phase::Scored, Integrity::Ok));
    let flagged = applied(&submitted, E::Flagged, &[]);
    assert_eq!((flagged.phase, flagged.integrity), (Phase::Submitted, Integrity::Flagged));
}

// T12 D11
#[test]
fn d11_that_an_event_corrected_a_score_is_seen_in_the_ledger_as_it_was() {
    let before = applied(&row(Phase::Submitted), E::Scored, &[("result.percent", Value::Int(80))]);
    let id = EventId(Id::derive(at(), &["correction"]));
    let mut event = Event::new(id, before.account.clone(), crate::model::EventKind::Assessment(E::Scored), None, at());
    event.assessment = Some(before.id);
    event.fields = fields(&[("result.percent", Value::Int(55))]);
    assert!(corrected(&event, std::slice::from_ref(&before)));
    let after = applied(&before, E::Scored, &[("result.percent", Value::Int(55))]);
    assert!(!corrected(&event, &[after]));
    assert!(!corrected(&event, &[row(Phase::Submitted)]), "the first score corrects none");
}
