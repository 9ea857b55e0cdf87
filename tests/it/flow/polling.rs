//! Without webhooks: what changed in Lever is found by looking every quarter of an hour.

use super::bed::{ADA, Bed, EMAIL, OTHER, POSTING, STAGE, Setting, TEST};
use leverd::model::EventKind;
use leverd::sim::{Control, Misbehaviour, NewOpportunity};
use std::time::Duration;

const BOB: &str = "Bob Example";
const LIST: &str = "/v1/opportunities";

/// An account whose webhooks are off, with rules added to the shipped ones.
async fn polled(rules: &str, before: fn(&Control)) -> Bed {
    Bed::with(Setting { rules, webhooks: false, poll: Some("15m"), before, ..Setting::default() }).await
}

fn nothing(_: &Control) {}

/// Bob, who has waited in the stage with the tag of a test since before leverd knew of the account.
fn bob_waits(control: &Control) {
    let bob = NewOpportunity {
        name: BOB.into(),
        email: Some("bob@example.com".into()),
        tags: vec![OTHER.into()],
        ..NewOpportunity::default()
    };
    control.create_opportunity(bob).unwrap();
    control.move_stage(BOB, STAGE).unwrap();
}

/// How many events of a kind are stored of a candidate.
async fn events(bed: &Bed, name: &str, kind: &EventKind) -> usize {
    let rows = bed.world.node.store.events(Some(&bed.account()), &bed.id(name), 100).await.unwrap();
    rows.iter().filter(|row| row.event.kind == *kind).count()
}

// B26 B27 B17: the quarter-hourly look of the BambooHR text.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b26_b27_b17_an_invitation_that_became_due_is_sent_by_the_next_look_and_once() {
    let bed = polled("", bob_waits).await;
    bed.control().move_stage(ADA, STAGE).unwrap();
    bed.rest().await;
    assert!(bed.mails().is_empty());
    bed.control().clear_requests();

    bed.look().await;
    assert_eq!(bed.mails(), [format!("{EMAIL}: {TEST}")], "who waited before is not invited");
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Invited")]);
    // The fewest: one list of what changed and one of what was deleted; the row of the list is what the plan reads. After the
    // invitation the tag is one add, and one remove that only the answer to the add can tell.
    let lever: Vec<String> = bed.calls().into_iter().filter(|call| call.contains(" /v1/")).collect();
    assert_eq!(
        lever,
        [
            "GET /v1/opportunities",
            "GET /v1/opportunities/deleted",
            "POST /v1/opportunities/{id}/addTags",
            "POST /v1/opportunities/{id}/removeTags",
        ]
    );

    bed.look().await;
    bed.look().await;
    assert_eq!(bed.mails().len(), 1);
    assert_eq!(events(&bed, ADA, &EventKind::STAGE_CHANGE).await, 1);
}

// B28: start and completion come by the vendor's webhook, not by the next look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b28_b25_start_and_completion_are_told_at_once() {
    let bed = polled("", nothing).await;
    bed.control().move_stage(ADA, STAGE).unwrap();
    bed.look().await;
    bed.control().start_assessment(EMAIL, TEST).unwrap();
    bed.rest().await;
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Started")]);
    bed.control().submit_assessment(EMAIL, TEST, 88.0).unwrap();
    bed.rest().await;
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Submitted")]);
    bed.look().await;
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Submitted")], "the look changes nothing");
}

const COUNT: &str = r#"
  - name: count the moves
    trigger: candidateStageChange
    accept: [moved_on]
    do:
      - add_note: "to {{to_stage}}"
  - name: count the applications
    trigger: applicationCreated
    do:
      - add_note: applied
  - name: count the ends
    trigger: [candidateArchiveChange, candidateHired]
    do:
      - add_note: "at its end"
"#;

// D05 D15: one event, however often and by whichever way it is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d05_what_both_a_webhook_and_a_look_tell_is_one_event() {
    let bed = Bed::with(Setting { rules: COUNT, poll: Some("15m"), ..Setting::default() }).await;
    bed.control()
        .create_opportunity(NewOpportunity {
            name: BOB.into(),
            email: Some("bob@example.com".into()),
            posting: Some(POSTING.into()),
            ..NewOpportunity::default()
        })
        .unwrap();
    bed.control().move_stage(BOB, "Recruiter screen").unwrap();
    bed.rest().await;
    let told = ["applied", "to Recruiter screen"];
    let sorted = |mut notes: Vec<String>| {
        notes.sort();
        notes
    };
    assert_eq!(sorted(bed.notes(BOB)), told);
    bed.look().await;
    bed.look().await;
    assert_eq!(sorted(bed.notes(BOB)), told);

    // Nobody told that he was hired: the world has no webhook for it. It is found, and each event of it once.
    bed.control().archive(BOB, Some("Hired")).unwrap();
    bed.look().await;
    bed.look().await;
    assert_eq!(bed.notes(BOB).iter().filter(|note| *note == "at its end").count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d05_a_quick_pass_through_two_stages_is_two_changes() {
    let bed = polled(COUNT, nothing).await;
    bed.control().move_stage(ADA, "Recruiter screen").unwrap();
    bed.control().advance_clock(Duration::from_secs(2));
    bed.control().move_stage(ADA, "On-site interview").unwrap();
    bed.look().await;
    assert_eq!(bed.notes(ADA), ["to Recruiter screen", "to On-site interview"]);
}

const TAGS: &str = r#"
  - name: send what the tag names
    trigger: { tag_added: "Send {wanted:assessment}" }
    do:
      - invite: { test: $wanted }
      - add_tag: "Send {{wanted.title}} (sent)"
  - name: count the tags that say so
    trigger: { tag_added: "Send {what}" }
    do:
      - add_note: "{{tag}}: {{what}}"
  - name: greet
    trigger: opportunityCreated
    do:
      - add_note: "found by looking"
"#;

// B84 B85 B86 D14: future ones only; the tag decides, whenever it comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b26_d14_a_tag_is_found_by_looking_and_our_own_tags_are_none() {
    let bed = polled(TAGS, bob_waits).await;
    bed.control().add_tags(BOB, &[format!("Send {OTHER}")]).unwrap();
    bed.look().await;
    assert_eq!(bed.mails(), [format!("bob@example.com: {OTHER}")]);
    // The holes have names, and the tag that leverd added is no change.
    assert_eq!(bed.notes(BOB), [format!("Send {OTHER}: {OTHER}")]);
    bed.look().await;
    bed.look().await;
    assert_eq!(bed.notes(BOB).len(), 1);

    // Taken away, seen so, and added again: another occurrence. The ledger keeps the candidate from a second mail.
    bed.control().remove_tags(BOB, &[format!("Send {OTHER}")]).unwrap();
    bed.look().await;
    bed.control().add_tags(BOB, &[format!("Send {OTHER}")]).unwrap();
    bed.look().await;
    assert_eq!((bed.notes(BOB).len(), bed.mails().len()), (2, 1));

    // A candidate who is new comes with tags that are.
    bed.candidate("Cy Example", Some("cy@example.com"), &["Send roses"]);
    bed.look().await;
    let mut notes = bed.notes("Cy Example");
    notes.sort();
    assert_eq!(notes, ["Send roses: roses", "found by looking"]);
}

// B27: caught up without loss when Lever was away, and without duplicates.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b27_what_happened_while_lever_was_away_is_caught_up_once() {
    let bed = polled(COUNT, nothing).await;
    bed.fault("GET", LIST, 2, Misbehaviour::Answer { status: 503, applied: false, retry_after: None });
    bed.control().move_stage(ADA, "Recruiter screen").unwrap();
    let hour = Duration::from_secs(3600);
    bed.control().advance_clock(hour);
    bed.world.node.advance(hour.try_into().unwrap());
    while bed.count("GET /v1/opportunities") < 1 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..4 {
        bed.look().await;
    }
    assert_eq!(bed.notes(ADA), ["to Recruiter screen"]);
    assert!(bed.parked().await.is_empty(), "{:?}", bed.parked().await);
}

/// A hundred and twenty candidates: two pages.
fn crowd(control: &Control) {
    for n in 0..120 {
        let name = format!("Candidate {n}");
        control.create_opportunity(NewOpportunity { name, ..NewOpportunity::default() }).unwrap();
    }
}

// B26: all pages, also when Lever forgets the token of one in the middle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b26_all_pages_are_looked_at_and_a_forgotten_page_begins_the_look_again() {
    let bed = polled(COUNT, crowd).await;
    for n in 0..120 {
        bed.control().add_tags(&format!("Candidate {n}"), &["seen".to_owned()]).unwrap();
    }
    // Ranked last, so on the second page.
    bed.control().move_stage("Candidate 7", "Offer").unwrap();
    bed.control().add_route_fault(leverd::sim::RouteFault {
        method: Some("GET".into()),
        path: LIST.into(),
        times: Some(1),
        after: 1,
        then: Misbehaviour::Answer { status: 400, applied: false, retry_after: None },
    });
    bed.look().await;
    assert_eq!(bed.notes("Candidate 7"), ["to Offer"]);
    assert_eq!(bed.count("GET /v1/opportunities"), 4, "a page, a refusal, and both pages again");
    bed.look().await;
    assert_eq!(bed.notes("Candidate 7"), ["to Offer"]);
}

const GONE: &str = r#"
  - name: tell that they are gone
    trigger: opportunityGone
    do:
      - alert: "somebody is gone"
"#;

// B17 D05: what Lever no longer knows is told once, and then nothing is kept of the person.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_candidate_is_noticed_by_looking_and_forgotten() {
    let bed = polled(GONE, nothing).await;
    bed.control().move_stage(ADA, STAGE).unwrap();
    bed.look().await;
    let id = bed.id(ADA);
    bed.control().delete_opportunity(ADA).unwrap();
    bed.look().await;
    bed.look().await;
    let alerts = bed.notices().await.into_iter().filter(|kind| *kind == leverd::model::NoticeKind::Alert).count();
    assert_eq!(alerts, 1);
    let ledger = bed.world.node.store.ledger(&bed.account(), &id, None).await.unwrap();
    assert!(ledger.iter().all(|row| row.candidate_url.is_none()), "{ledger:?}");
    let seen = bed.world.node.store.glimpses(&bed.account(), vec![id]).await.unwrap();
    assert!(seen.is_empty(), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opportunity_that_lever_does_not_know_when_it_is_planned_is_gone() {
    let bed = Bed::with(Setting { rules: GONE, ..Setting::default() }).await;
    bed.enter().await;
    let id = bed.id(ADA);
    // Lever says nothing of the deletion; the next thing the vendor tells finds out.
    bed.control().switch_webhooks(&["candidateDeleted".to_owned()], false).unwrap();
    bed.control().delete_opportunity(ADA).unwrap();
    bed.control().start_assessment(EMAIL, TEST).unwrap();
    bed.rest().await;
    let said = bed.said_of(&id).await;
    assert_eq!(bed.notices().await, [leverd::model::NoticeKind::Alert], "{said:?}");
    assert!(bed.parked().await.is_empty(), "nobody can do anything about it: {:?}", bed.parked().await);
}

// D05: an outage uses up none of the looks for what Lever does not show yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d05_what_lever_does_not_show_yet_is_looked_for_after_an_outage_too() {
    let bed = Bed::with(Setting { webhooks: false, ..Setting::default() }).await;
    let account = bed.world.node.account(&bed.account()).unwrap();
    let stage = account.active().catalogue.stages.iter().find(|stage| stage.name == STAGE).unwrap().id.clone();
    let at = bed.world.node.clock.now().as_millisecond() + 60_000;
    let data = serde_json::json!({ "opportunityId": bed.id(ADA).as_str(), "toStageId": stage });
    let body = bed.signed("candidateStageChange", "token-1", at, data).await;
    bed.fault("GET", "/v1/opportunities/{id}", 3, Misbehaviour::Answer { status: 503, applied: false, retry_after: None });
    assert_eq!(bed.post("/hooks/lever/demo/candidateStageChange", body.to_string()).await.0, 200);
    for _ in 0..4 {
        bed.advance(Duration::from_secs(5)).await;
    }
    assert!(bed.count("GET /v1/opportunities/{id}") >= 4 && bed.mails().is_empty());
    // The move is shown only now.
    bed.control().move_stage(ADA, STAGE).unwrap();
    bed.advance(Duration::from_secs(75)).await;
    assert_eq!(bed.mails().len(), 1, "{:?}", bed.said(ADA).await);
}
