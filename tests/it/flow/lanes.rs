//! Time and order: looks of `settle`, timers, early and ownerless callbacks, our own echo, deletion.

use super::bed::{ADA, Bed, EMAIL, OTHER, PHONE, STAGE, Setting, TEST};
use leverd::sim::Misbehaviour;
use serde_json::json;
use std::time::{Duration, Instant};

const BOB: &str = "Bob Example";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn d14_b52_a_tag_that_comes_after_the_move_is_found() {
    let bed = Bed::start().await;
    bed.candidate(BOB, Some("bob@example.com"), &[]);
    bed.control().move_stage(BOB, STAGE).unwrap();
    bed.rest().await;
    bed.advance(Duration::from_secs(5)).await;
    bed.control().add_tags(BOB, &[OTHER.to_owned()]).unwrap();
    assert!(bed.mails().is_empty());
    // Looked for at ten seconds …
    bed.advance(Duration::from_secs(6)).await;
    assert_eq!(bed.mails(), [format!("bob@example.com: {OTHER}")]);
    assert_eq!(bed.tags(BOB), [format!("{OTHER} - Invited")]);

    // … and at a minute, counted from the move, and then no more.
    for (name, wait) in [("Cy Example", 50), ("Di Example", 65)] {
        let email = format!("{}@example.com", &name[..2]);
        bed.candidate(name, Some(&email), &[]);
        bed.control().move_stage(name, STAGE).unwrap();
        bed.rest().await;
        bed.advance(Duration::from_secs(11)).await;
        bed.advance(Duration::from_secs(wait - 11)).await;
        bed.control().add_tags(name, &[OTHER.to_owned()]).unwrap();
        bed.advance(Duration::from_secs(15)).await;
    }
    assert_eq!(bed.mails()[1..], [format!("Cy@example.com: {OTHER}")]);
    bed.advance(DAY).await;
    assert_eq!(bed.mails().len(), 2);
}

const REMIND: &str = r#"
  - name: ask for news
    trigger: { after: 3d, of: assessment.invited }
    when: { assessment.phase: { in: [invited, opened] } }
    do:
      - add_note: "{{assessment.title}}: nothing heard for three days"
"#;

#[tokio::test]
async fn b16_a_timer_fires_once_when_it_is_due_and_only_if_it_is_still_true() {
    let bed = Bed::with(Setting { rules: REMIND, ..Setting::default() }).await;
    bed.candidate(BOB, Some("bob@example.com"), &[OTHER]);
    bed.enter().await;
    bed.control().move_stage(BOB, STAGE).unwrap();
    bed.rest().await;
    bed.advance(DAY * 2).await;
    assert!(bed.notes(ADA).is_empty());
    // Bob starts before it is due.
    bed.control().start_assessment("bob@example.com", OTHER).unwrap();
    bed.rest().await;
    bed.advance(DAY + Duration::from_secs(60)).await;
    assert_eq!(bed.notes(ADA), [format!("{TEST}: nothing heard for three days")]);
    assert!(bed.notes(BOB).is_empty());
    let said = bed.said(BOB).await;
    assert!(said.iter().any(|said| said.contains("`ask for news` not fired: `assessment.phase` is `started`")), "{said:?}");
    bed.advance(DAY * 9).await;
    assert_eq!(bed.notes(ADA).len(), 1);
}

#[tokio::test]
async fn b25_a_callback_that_outruns_the_answer_to_its_invitation_is_held_and_applied() {
    let bed = Bed::start().await;
    let control = bed.control();
    let invite = "/api/v1/assessment_invitations/invite_candidates";
    bed.fault("POST", invite, 1, Misbehaviour::Slow { ms: 800 });
    control.move_stage(ADA, STAGE).unwrap();
    while control.mails().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    control.start_assessment(EMAIL, TEST).unwrap();
    control.quiet().await;
    assert_eq!(bed.tags(ADA), [TEST]);
    bed.rest().await;
    bed.advance(Duration::from_secs(2)).await;
    bed.advance(Duration::from_secs(12)).await;
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Started")]);
    assert_eq!(bed.mails().len(), 1);
    assert!(bed.parked().await.is_empty(), "{:?}", bed.parked().await);
}

#[tokio::test]
async fn d06_nobodys_callback_is_held_for_an_hour_and_parked() {
    let bed = Bed::start().await;
    let token = std::fs::read_to_string(bed.world.config.with_file_name("secrets").join("path_token")).unwrap();
    let body = json!({ "event": "assessment_result_started", "data": { "id": "645c04231d41c84e89fe5679", "state": "started",
        "candidate": { "email": "nobody@example.com" }, "assessment": { "id": "645c04231d41c84e89fe5675" } } });
    assert_eq!(bed.post(&format!("/hooks/qualified/demo/{token}"), body.to_string()).await.0, 200);
    bed.rest().await;
    for wait in [2, 11, 61, 601] {
        bed.advance(Duration::from_secs(wait)).await;
        assert!(bed.parked().await.is_empty(), "{wait}");
    }
    bed.advance(Duration::from_secs(3_700)).await;
    let parked = bed.parked().await;
    assert_eq!(parked.len(), 1, "{parked:?}");
    assert!(!parked[0].contains("nobody@example.com"), "{parked:?}");
    assert!(bed.calls().is_empty());
}

const ARRIVALS: &str = r#"
  - name: hand over
    trigger: assessment.approved
    do:
      - move_stage: On-site interview

  - name: greet
    trigger: candidateStageChange
    when: { to_stage: On-site interview }
    do:
      - add_note: "arrived on site"
"#;

#[tokio::test]
async fn d03_b59_our_own_move_comes_back_as_an_event_and_fires_nothing() {
    // The echo may outrun the answer to the move that caused it.
    for slow in [false, true] {
        let bed = Bed::with(Setting {
            rules: ARRIVALS,
            settings: "{ trigger_stages: [Assessment, On-site interview] }",
            ..Setting::default()
        })
        .await;
        let control = bed.control();
        bed.enter().await;
        control.submit_assessment(EMAIL, TEST, 80.0).unwrap();
        bed.rest().await;
        let notes = bed.notes(ADA).len();
        if slow {
            bed.fault("PUT", "/v1/opportunities/{id}/stage", 1, Misbehaviour::Slow { ms: 500 });
        }
        control.add_tags(ADA, &[OTHER.to_owned()]).unwrap();
        control.approve_candidate(EMAIL).unwrap();
        bed.rest().await;
        assert_eq!(bed.stage(ADA), "On-site interview");
        let echoes = control.deliveries().iter().filter(|delivery| delivery.event == "candidateStageChange").count();
        assert_eq!(echoes, 2);
        assert_eq!(bed.notes(ADA).len(), notes, "{:?}", bed.notes(ADA));
        assert_eq!(bed.mails().len(), 1);
        // A person's move to the same stage is no echo: one each.
        control.move_stage(ADA, STAGE).unwrap();
        bed.rest().await;
        control.move_stage(ADA, "On-site interview").unwrap();
        bed.rest().await;
        assert_eq!(bed.notes(ADA).last().unwrap(), "arrived on site");
        assert_eq!(bed.mails().len(), 2);
    }
}

#[tokio::test]
async fn a_deleted_candidate_leaves_no_personal_data() {
    let bed = Bed::start().await;
    let control = bed.control();
    bed.enter().await;
    control.submit_assessment(EMAIL, TEST, 80.0).unwrap();
    bed.rest().await;
    let id = bed.id(ADA);
    let files = |bed: &Bed| {
        let folder = bed.world.config.parent().unwrap().to_owned();
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut all = Vec::new();
        // Beside them is the side door, which is no file.
        for path in files.filter(|path| path.is_file() && path.file_name().unwrap().to_string_lossy().starts_with("leverd.db"))
        {
            all.extend(std::fs::read(path).unwrap());
        }
        String::from_utf8_lossy(&all).into_owned()
    };
    assert!(files(&bed).contains(EMAIL), "it should be there before");
    control.delete_opportunity(ADA).unwrap();
    bed.rest().await;
    assert!(bed.parked().await.is_empty(), "{:?}", bed.parked().await);
    // A late callback about somebody who is gone brings nothing back.
    control.approve_candidate(EMAIL).unwrap();
    bed.rest().await;
    let left = || ["Ada", EMAIL, ADA, PHONE, "80 %"].into_iter().find(|personal| files(&bed).contains(personal));
    let started = Instant::now();
    while let Some(personal) = left() {
        assert!(started.elapsed() < Duration::from_secs(20), "`{personal}` is still in the store");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(files(&bed).contains(id.as_str()), "ids stay");
}
