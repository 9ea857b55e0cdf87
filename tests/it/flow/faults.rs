//! Lever and the vendor misbehave. Nothing is lost, nothing is done twice, nothing is parked without need.

use super::bed::{ADA, Bed, EMAIL, Setting, TEST};
use super::process::MORE;
use leverd::model::{Code, NoticeKind};
use leverd::sim::Misbehaviour;
use std::time::Duration;

/// Every kind of write in a whole story.
const WRITES: [(&str, &str); 6] = [
    ("POST", "/api/v1/assessment_invitations/invite_candidates"),
    ("POST", "/v1/opportunities/{id}/addTags"),
    ("POST", "/v1/opportunities/{id}/removeTags"),
    ("POST", "/v1/opportunities/{id}/notes"),
    ("POST", "/v1/opportunities/{id}/addLinks"),
    ("PUT", "/v1/opportunities/{id}/stage"),
];

async fn bed() -> Bed {
    Bed::with(Setting { rules: MORE, ..Setting::default() }).await
}

const fn answer(status: u16, applied: bool) -> Misbehaviour {
    Misbehaviour::Answer { status, applied, retry_after: None }
}

/// Rest, and then as much time as a look-up after a lost answer waits, and a few back-offs.
async fn settled(bed: &Bed) {
    bed.rest().await;
    for _ in 0..3 {
        bed.advance(Duration::from_secs(61)).await;
    }
}

/// From the trigger stage to the decision.
async fn story(bed: &Bed) {
    let control = bed.control();
    control.move_stage(ADA, "Assessment").unwrap();
    settled(bed).await;
    control.start_assessment(EMAIL, TEST).unwrap();
    settled(bed).await;
    control.submit_assessment(EMAIL, TEST, 87.5).unwrap();
    settled(bed).await;
    control.approve_candidate(EMAIL).unwrap();
    settled(bed).await;
}

/// The end of the story, whatever happened on the way.
async fn told_whole(bed: &Bed, what: &str) {
    assert_eq!(bed.mails(), [format!("{EMAIL}: {TEST}")], "{what}");
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Approved")], "{what}");
    let notes: Vec<_> = bed.notes(ADA).iter().map(|note| note.split(" — ").next().unwrap().to_owned()).collect();
    assert_eq!(notes, [format!("{TEST}: 88 %"), format!("{TEST} was approved")], "{what}");
    assert_eq!(bed.links(ADA).len(), 1, "{what}");
    assert_eq!(bed.stage(ADA), "On-site interview", "{what}");
    let moves = bed.control().opportunity(ADA).unwrap()["stageChanges"].as_array().unwrap().len();
    assert_eq!(moves, 3, "{what}");
    assert!(bed.parked().await.is_empty(), "{what}: {:?}", bed.parked().await);
}

/// Every kind of write meets this once, and all ends well. How often each was sent comes back.
async fn every_write_meets(then: Misbehaviour) -> Vec<usize> {
    let bed = bed().await;
    for (method, path) in WRITES {
        bed.fault(method, path, 1, then.clone());
    }
    story(&bed).await;
    told_whole(&bed, &format!("{then:?}")).await;
    WRITES.iter().map(|(method, path)| bed.count(&format!("{method} {path}"))).collect()
}

#[tokio::test]
async fn d01_d12_applied_writes_whose_connection_broke_are_not_repeated_where_that_shows() {
    let sent = every_write_meets(Misbehaviour::DropAfter).await;
    // The invitation is repeated with `skip_email_resend`, tags and links are sets; notes and moves are looked up.
    assert_eq!([sent[0], sent[3], sent[4], sent[5]], [2, 2, 2, 1], "{sent:?}");
}

#[tokio::test]
async fn d01_d12_applied_writes_that_were_answered_500_are_not_repeated_where_that_shows() {
    let sent = every_write_meets(answer(500, true)).await;
    assert_eq!([sent[0], sent[3], sent[4], sent[5]], [2, 2, 2, 1], "{sent:?}");
}

#[tokio::test]
async fn writes_that_were_not_applied_are_sent_again() {
    let sent = every_write_meets(Misbehaviour::DropBefore).await;
    assert_eq!([sent[0], sent[3], sent[4], sent[5]], [2, 3, 2, 2], "{sent:?}");
    let sent = every_write_meets(answer(503, false)).await;
    assert_eq!([sent[0], sent[3], sent[4], sent[5]], [2, 3, 2, 2], "{sent:?}");
}

#[tokio::test]
async fn a_429_is_waited_for_as_long_as_it_says() {
    let bed = bed().await;
    for (method, path) in WRITES.into_iter().chain([("GET", "/v1/opportunities/{id}"), ("GET", "/api/v1/assessments")]) {
        bed.fault(method, path, 1, Misbehaviour::Answer { status: 429, applied: false, retry_after: Some(1) });
    }
    story(&bed).await;
    told_whole(&bed, "429").await;
}

#[tokio::test]
async fn answers_that_cannot_be_read_and_late_ones_count_as_applied() {
    let sent = every_write_meets(Misbehaviour::Garble).await;
    assert_eq!([sent[0], sent[3], sent[5]], [2, 2, 1], "{sent:?}");
    let sent = every_write_meets(Misbehaviour::Slow { ms: 700 }).await;
    assert_eq!([sent[0], sent[3], sent[4], sent[5]], [1, 2, 1, 1], "{sent:?}");
}

#[tokio::test]
async fn a_redirected_write_stays_a_write_and_a_redirected_read_is_followed() {
    let bed = bed().await;
    for (method, path) in WRITES.into_iter().skip(1).chain([("GET", "/v1/opportunities/{id}")]) {
        bed.fault(method, path, 1, Misbehaviour::Redirect { location: None });
    }
    story(&bed).await;
    told_whole(&bed, "301").await;
}

#[tokio::test]
async fn lever_is_down_for_a_while_and_nothing_is_parked() {
    let bed = bed().await;
    bed.enter().await;
    let control = bed.control();
    bed.fault("", "/v1/**", 0, Misbehaviour::DropBefore);
    control.start_assessment(EMAIL, TEST).unwrap();
    control.submit_assessment(EMAIL, TEST, 87.5).unwrap();
    // The times of waiting pass at once; each try fails, until the breaker opens.
    for _ in 0..16 {
        bed.advance(Duration::from_secs(30)).await;
    }
    let tried = control.requests().iter().filter(|request| request.fault.is_some()).count();
    assert!((5..=6).contains(&tried), "the breaker opens after five failures: {tried}");
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Invited")]);
    assert!(bed.parked().await.is_empty(), "{:?}", bed.parked().await);

    control.clear_route_faults();
    // The breaker asks again after five seconds of real time.
    tokio::time::sleep(Duration::from_secs(5)).await;
    settled(&bed).await;
    control.approve_candidate(EMAIL).unwrap();
    settled(&bed).await;
    told_whole(&bed, "Lever was down").await;
}

#[tokio::test]
async fn b22_b34_d13_a_revoked_key_suspends_and_a_new_one_resumes() {
    let bed = bed().await;
    bed.enter().await;
    let control = bed.control();
    control.revoke_credential("sim-lever-key");
    control.start_assessment(EMAIL, TEST).unwrap();
    bed.rest().await;
    bed.advance(Duration::from_secs(61)).await;
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Invited")]);
    assert_eq!(bed.notices().await, [NoticeKind::Suspended]);
    let health = bed.get("/health").await;
    assert!(health.contains("\"connection\":\"lever\""), "{health}");
    // One call a minute asks whether the key works again; what comes meanwhile makes none.
    let asked = control.requests().iter().filter(|request| request.status == Some(401)).count();
    control.submit_assessment(EMAIL, TEST, 87.5).unwrap();
    bed.rest().await;
    assert_eq!(control.requests().iter().filter(|request| request.status == Some(401)).count(), asked);
    assert!(bed.parked().await.is_empty());

    control.add_credential("sim-lever-key", None);
    settled(&bed).await;
    control.approve_candidate(EMAIL).unwrap();
    settled(&bed).await;
    told_whole(&bed, "revoked").await;
    assert!(bed.get("/health").await.contains("\"suspended\":[]"));
}

#[tokio::test]
async fn a_missing_permission_is_waited_for() {
    let bed = bed().await;
    bed.fault("POST", "/v1/opportunities/{id}/notes", 2, answer(403, false));
    story(&bed).await;
    told_whole(&bed, "403").await;
}

#[tokio::test]
async fn a_move_waits_for_the_records_above_it_until_they_are_skipped() {
    let bed = bed().await;
    let control = bed.control();
    bed.enter().await;
    control.submit_assessment(EMAIL, TEST, 87.5).unwrap();
    bed.rest().await;
    // Lever refuses the note of `hand over`; the tag is another rule's and is set.
    bed.fault("POST", "/v1/opportunities/{id}/notes", 0, answer(400, false));
    control.approve_candidate(EMAIL).unwrap();
    bed.rest().await;
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Approved")]);
    assert_eq!(bed.stage(ADA), "Assessment");
    let parked = bed.parked().await;
    assert_eq!(parked.len(), 1, "{parked:?}");
    assert!(parked[0].contains("note"), "{parked:?}");

    // The lane goes on.
    control.reject_candidate(EMAIL).unwrap();
    bed.rest().await;
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Rejected")]);

    let store = &bed.world.node.store;
    let row = store.parked(Some(&bed.account())).await.unwrap().remove(0);
    let reason = leverd::model::Reason::new(Code::Skipped, "not needed");
    store.skip(&bed.account(), row.work, reason, bed.world.node.clock.now()).await.unwrap();
    bed.rest().await;
    assert_eq!(bed.stage(ADA), "On-site interview");
    assert_eq!(bed.notes(ADA).len(), 1);
    assert!(bed.parked().await.is_empty());
}

#[tokio::test]
async fn d01_a_move_whose_answer_was_lost_is_not_repeated_when_a_person_moved_on() {
    for then in [Misbehaviour::DropAfter, Misbehaviour::DropBefore] {
        let bed = bed().await;
        let control = bed.control();
        bed.enter().await;
        control.submit_assessment(EMAIL, TEST, 87.5).unwrap();
        bed.rest().await;
        bed.fault("PUT", "/v1/opportunities/{id}/stage", 1, then.clone());
        control.approve_candidate(EMAIL).unwrap();
        bed.rest().await;
        control.move_stage(ADA, "Offer").unwrap();
        settled(&bed).await;
        assert_eq!(bed.stage(ADA), "Offer", "{then:?}");
        assert_eq!(bed.count("PUT /v1/opportunities/{id}/stage"), 1, "{then:?}");
        assert!(bed.parked().await.is_empty(), "{:?}", bed.parked().await);
    }
}

#[tokio::test]
async fn what_fails_for_a_day_waits_for_a_person_and_the_lane_goes_on() {
    let bed = Bed::start().await;
    let control = bed.control();
    bed.fault("POST", "/v1/opportunities/{id}/addTags", 0, answer(500, false));
    bed.enter().await;
    bed.advance(Duration::from_secs(30)).await;
    assert!(bed.parked().await.is_empty(), "{:?}", bed.parked().await);
    // What comes meanwhile waits behind it.
    control.start_assessment(EMAIL, TEST).unwrap();
    bed.rest().await;
    assert_eq!(bed.tags(ADA), [TEST]);
    bed.advance(Duration::from_secs(25 * 60 * 60)).await;
    let parked = bed.parked().await;
    assert_eq!(parked.len(), 1, "{parked:?}");
    assert!(parked[0].contains("for a day"), "{parked:?}");
    control.clear_route_faults();
    // The breaker may have opened; it asks again after five seconds of real time.
    tokio::time::sleep(Duration::from_secs(5)).await;
    bed.advance(Duration::from_secs(61)).await;
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Started")]);
}
