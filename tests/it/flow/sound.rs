//! Nothing waits for ever, nothing is kept for ever, and what a person decides holds.

use super::bed::{ADA, Bed, EMAIL, TEST};
use leverd::sim::Misbehaviour;
use leverd::store::Work;
use std::time::Duration;

const INVITE: &str = "/api/v1/assessment_invitations/invite_candidates";
const HOUR: Duration = Duration::from_secs(3_600);

const fn answer(status: u16) -> Misbehaviour {
    Misbehaviour::Answer { status, applied: false, retry_after: None }
}

async fn retry(bed: &Bed) {
    for row in bed.world.node.store.parked(Some(&bed.account())).await.unwrap() {
        if matches!(row.work, Work::Effect(_)) {
            bed.world.node.store.retry(&bed.account(), row.work, bed.world.node.clock.now()).await.unwrap();
        }
    }
    bed.rest().await;
}

#[tokio::test]
async fn d13_an_invitation_that_waited_for_a_person_is_sent_when_the_person_says_so() {
    let bed = Bed::start().await;
    bed.fault("POST", INVITE, 0, answer(429));
    bed.enter().await;
    for _ in 0..2 {
        bed.advance(HOUR * 40).await;
    }
    assert!(bed.mails().is_empty() && !bed.parked().await.is_empty());
    bed.control().clear_route_faults();
    retry(&bed).await;
    assert_eq!(bed.mails(), [format!("{EMAIL}: {TEST}")], "{:?}", bed.parked().await);
    assert!(bed.parked().await.is_empty());
}

#[tokio::test]
async fn a_write_that_never_gets_an_answer_waits_for_a_person_after_a_day() {
    let bed = Bed::start().await;
    bed.fault("POST", INVITE, 0, answer(500));
    bed.enter().await;
    for _ in 0..5 {
        bed.advance(HOUR * 6).await;
    }
    // The breaker, which counts real time, may hold the last try up.
    for _ in 0..30 {
        if !bed.parked().await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        bed.advance(Duration::from_secs(700)).await;
    }
    assert_eq!(bed.parked().await.len(), 1, "it would be tried for ever, and its lane with it");
}

#[tokio::test]
async fn what_is_older_than_the_configuration_keeps_goes_by_itself() {
    let bed = Bed::start().await;
    bed.enter().await;
    bed.control().start_assessment(EMAIL, TEST).unwrap();
    bed.rest().await;
    let runs =
        || async { bed.world.node.store.runs(None, Some(&bed.id(ADA)), 100, bed.world.node.clock.now()).await.unwrap().len() };
    assert!(runs().await > 0);
    bed.advance(HOUR * 24 * 402).await;
    for _ in 0..100 {
        if runs().await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(runs().await, 0);
    assert_eq!(bed.world.node.store.ledger(&bed.account(), &bed.id(ADA), None).await.unwrap().len(), 1, "the ledger stays");
}

#[tokio::test]
async fn a_doubted_clock_is_settled_with_lever_even_when_nothing_happens() {
    let bed = Bed::start().await;
    bed.world.node.clock.doubt(HOUR.try_into().unwrap());
    for _ in 0..200 {
        if bed.world.node.clock.jump().abs() < jiff::SignedDuration::from_mins(5) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("timers would hold for ever");
}

#[tokio::test]
async fn a_permission_that_lacks_is_told_once_and_nothing_is_lost() {
    let bed = Bed::start().await;
    bed.fault("POST", "/v1/opportunities/{id}/addTags", 0, answer(403));
    bed.enter().await;
    for _ in 0..3 {
        bed.advance(Duration::from_secs(61)).await;
    }
    let told = bed.notices().await.into_iter().filter(|kind| *kind == leverd::model::NoticeKind::Suspended).count();
    assert_eq!(told, 1);
    bed.control().clear_route_faults();
    bed.advance(Duration::from_secs(61)).await;
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Invited")]);
}

/// A bit of each row of the ledger is turned over: a phase that nobody knows.
fn damage(bed: &Bed, phase: &str) {
    let db = rusqlite::Connection::open(bed.world.config.with_file_name("leverd.db")).unwrap();
    let sql = "UPDATE assessment SET payload = replace(payload, ?1, ?2)";
    assert_eq!(db.execute(sql, [format!("\"{phase}\""), format!("\"~{}\"", &phase[1..])]).unwrap(), 1);
}

/// Bo comes into the trigger stage, and is invited.
async fn bo_is_invited(bed: &Bed) {
    bed.candidate(BO, Some("bo@example.com"), &[TEST]);
    bed.control().move_stage(BO, "Assessment").unwrap();
    bed.rest().await;
    for _ in 0..2 {
        bed.advance(Duration::from_secs(61)).await;
    }
    assert!(bed.tags(BO).contains(&format!("{TEST} - Invited")), "{:?}", bed.tags(BO));
}

const BO: &str = "Bo Example";

#[tokio::test]
async fn d12_an_attempt_that_cannot_be_read_invites_nobody_again_and_stops_nobody_else() {
    let bed = Bed::start().await;
    bed.enter().await;
    damage(&bed, "invited");
    bed.control().start_assessment(EMAIL, TEST).unwrap();
    bo_is_invited(&bed).await;
    // Ada comes into the stage once more, with the tag that asks for the test: what cannot be read is not taken for what never was.
    bed.control().add_tags(ADA, &[TEST.to_owned()]).unwrap();
    bed.control().move_stage(ADA, "Recruiter screen").unwrap();
    bed.control().move_stage(ADA, "Assessment").unwrap();
    bed.rest().await;
    assert_eq!(bed.mails().iter().filter(|mail| mail.starts_with(EMAIL)).count(), 1, "invited again");
    let parked = bed.parked().await;
    assert!(parked.len() == 1, "{parked:?} {:?}", bed.said(ADA).await);
}

#[tokio::test]
async fn an_invitation_whose_attempt_cannot_be_read_waits_for_a_person_and_stops_nobody_else() {
    let bed = Bed::start().await;
    bed.fault("POST", INVITE, 1, Misbehaviour::Answer { status: 429, applied: false, retry_after: Some(30) });
    bed.enter().await;
    assert!(bed.mails().is_empty());
    damage(&bed, "requested");
    bo_is_invited(&bed).await;
    let parked = bed.parked().await;
    assert!(parked.len() == 1 && parked[0].contains("cannot be read from the store: assessment"), "{parked:?}");
    assert_eq!(bed.notices().await, [leverd::model::NoticeKind::Parked]);
}
