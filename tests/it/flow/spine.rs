//! One candidate from the trigger stage to the decision, and what each step costs.

use super::bed::{ADA, Bed, EMAIL, OTHER, POSTING, STAGE, Setting, TEST, quick};
use leverd::sim::{Faults, NewOpportunity, PostingChange};
use std::time::Duration;

/// The rule may be called with another text: `TITLE - Invited` and so on.
fn status(state: &str) -> String {
    format!("{TEST} - {state}")
}

#[tokio::test]
async fn b05_b06_b09_b11_b12_b17_a_stage_change_becomes_one_invitation_and_a_tag() {
    let bed = Bed::start().await;
    assert_eq!(bed.tags(ADA), [TEST]);
    bed.enter().await;
    assert_eq!(bed.mails(), [format!("{EMAIL}: {TEST}")]);
    assert_eq!(bed.tags(ADA), [status("Invited")]);
    // Lever is read once, because its signature does not cover what a delivery says, and that reading serves the plan and the
    // outcome's plan too; one call adds the tag and, from its answer, one takes the bare title away: Lever has no call for both.
    // The vendor is asked for its tests once, and once to invite.
    assert_eq!(
        bed.calls(),
        [
            "GET /v1/opportunities/{id}",
            "GET /api/v1/assessments",
            "POST /api/v1/assessment_invitations/invite_candidates",
            "POST /v1/opportunities/{id}/addTags",
            "POST /v1/opportunities/{id}/removeTags",
        ]
    );
    assert!(bed.parked().await.is_empty());
}

#[tokio::test]
async fn b12_b13_b15_b25_b28_b29_results_come_back_as_tags_and_a_note() {
    let bed = Bed::start().await;
    let control = bed.control();
    bed.enter().await;
    bed.calls();

    // Opened: the shipped rules do nothing about it.
    control.open_assessment(EMAIL, TEST).unwrap();
    bed.rest().await;
    assert_eq!(bed.tags(ADA), [status("Invited")]);
    assert_eq!(bed.calls(), ["GET /api/v1/assessment_results/{id}/exhibit"]);

    // The vendor tells of a start twice, with different events. Its webhooks are not signed, so each is read back. Lever: the new
    // tag, and from the answer the old one's removal; nothing has to be read.
    control.start_assessment(EMAIL, TEST).unwrap();
    bed.rest().await;
    assert_eq!(bed.tags(ADA), [status("Started")]);
    let lever: Vec<_> = bed.calls().into_iter().filter(|call| call.contains("/v1/opportunities")).collect();
    assert_eq!(lever, ["POST /v1/opportunities/{id}/addTags", "POST /v1/opportunities/{id}/removeTags"]);

    // Submitted and scored, one note with the score that the API gives and the link to the report: one call more.
    control.submit_assessment(EMAIL, TEST, 87.5).unwrap();
    bed.rest().await;
    assert_eq!(bed.tags(ADA), [status("Submitted")]);
    let notes = bed.notes(ADA);
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].starts_with(&format!("{TEST}: 88 % — http")), "{notes:?}");
    let mut lever: Vec<_> = bed.calls().into_iter().filter(|call| call.contains("/v1/opportunities")).collect();
    lever.sort();
    assert_eq!(
        lever,
        ["POST /v1/opportunities/{id}/addTags", "POST /v1/opportunities/{id}/notes", "POST /v1/opportunities/{id}/removeTags"]
    );

    control.approve_candidate(EMAIL).unwrap();
    bed.rest().await;
    assert_eq!(bed.tags(ADA), [status("Approved")]);
    let lever: Vec<_> = bed.calls().into_iter().filter(|call| call.contains("/v1/opportunities")).collect();
    assert_eq!(lever, ["POST /v1/opportunities/{id}/addTags", "POST /v1/opportunities/{id}/removeTags"]);

    // The decision is changed.
    control.reject_candidate(EMAIL).unwrap();
    bed.rest().await;
    assert_eq!(bed.tags(ADA), [status("Rejected")]);
    assert_eq!(bed.mails().len(), 1);
    assert_eq!(bed.notes(ADA).len(), 1);
    assert!(bed.parked().await.is_empty(), "{:?}", bed.parked().await);
}

#[tokio::test]
async fn b05_other_stages_and_other_events_cost_lever_nothing() {
    let bed = Bed::start().await;
    bed.control().move_stage(ADA, "Recruiter screen").unwrap();
    bed.candidate("Cy Example", Some("cy@example.com"), &[]);
    bed.rest().await;
    assert!(bed.calls().is_empty());
    assert!(bed.mails().is_empty());
}

#[tokio::test]
async fn b10_b14_d09_every_assessment_tag_is_one_invitation() {
    let bed = Bed::start().await;
    bed.control().add_tags(ADA, &[OTHER.to_owned()]).unwrap();
    bed.enter().await;
    let mut mails = bed.mails();
    mails.sort();
    assert_eq!(mails, [format!("{EMAIL}: {TEST}"), format!("{EMAIL}: {OTHER}")]);
    let mut tags = bed.tags(ADA);
    tags.sort();
    assert_eq!(tags, [status("Invited"), format!("{OTHER} - Invited")]);
}

#[tokio::test]
async fn b14_without_an_address_a_note_says_so() {
    let bed = Bed::start().await;
    bed.control().set_email(ADA, None).unwrap();
    bed.enter().await;
    assert!(bed.mails().is_empty());
    assert_eq!(bed.notes(ADA), [format!("Qualified: {TEST} was not sent, the candidate has no e-mail address")]);
    assert_eq!(bed.tags(ADA), [TEST]);
}

#[tokio::test]
async fn b14_an_address_that_the_vendor_refuses_becomes_a_note() {
    let bed = Bed::start().await;
    bed.control().refuse_email(EMAIL);
    bed.enter().await;
    assert!(bed.mails().is_empty());
    let notes = bed.notes(ADA);
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].starts_with(&format!("Qualified could not invite to {TEST}: ")), "{notes:?}");
    assert!(!notes[0].contains(EMAIL), "{notes:?}");
    assert_eq!(bed.tags(ADA), [TEST]);
}

#[tokio::test]
async fn b32_an_unpublished_test_is_not_sent_and_the_reason_is_kept() {
    let bed = Bed::start().await;
    bed.candidate("Bob Example", Some("bob@example.com"), &["Legacy COBOL"]);
    bed.control().move_stage("Bob Example", STAGE).unwrap();
    bed.rest().await;
    // A tag may come a moment after the move, so it is looked for twice more.
    bed.advance(Duration::from_secs(11)).await;
    bed.advance(Duration::from_secs(50)).await;
    assert!(bed.mails().is_empty());
    let said = bed.said("Bob Example").await;
    assert!(said.iter().filter(|said| said.contains("not fired: nothing fits")).count() == 3, "{said:?}");
    assert!(!said.last().unwrap().contains("looks again"), "{said:?}");
    assert_eq!(bed.tags("Bob Example"), ["Legacy COBOL"]);
}

#[tokio::test]
async fn b17_who_is_in_the_stage_already_is_left_alone() {
    let bed = Bed::start().await;
    // Somebody stands in the stage since before; a tag that would ask for a test, an edit and somebody else's move fire nothing.
    let control = bed.control();
    control
        .create_opportunity(NewOpportunity {
            name: "Dora Example".into(),
            email: Some("dora@example.com".into()),
            stage: Some(STAGE.into()),
            ..NewOpportunity::default()
        })
        .unwrap();
    control.add_tags("Dora Example", &[TEST.to_owned()]).unwrap();
    control.add_note("Dora Example", "a note").unwrap();
    bed.enter().await;
    assert_eq!(bed.mails(), [format!("{EMAIL}: {TEST}")]);
}

#[tokio::test]
async fn d02_b12_the_posting_gives_the_tag_again_and_nothing_is_sent_twice() {
    let bed = Bed::with(Setting { faults: Faults { posting_save_restores_tags: true, ..quick() }, ..Setting::default() }).await;
    bed.enter().await;
    let posting = PostingChange { location: Some("Graz".into()), ..PostingChange::default() };
    bed.control().update_posting(POSTING, posting).unwrap();
    assert!(bed.tags(ADA).contains(&TEST.to_owned()));
    bed.control().move_stage(ADA, "Recruiter screen").unwrap();
    bed.rest().await;
    bed.enter().await;
    // The ledger decides, never the tag.
    assert_eq!(bed.mails().len(), 1);
    assert!(bed.tags(ADA).contains(&status("Invited")));
}

#[tokio::test]
async fn d04_tags_edited_by_hand_are_no_fault() {
    let bed = Bed::start().await;
    let control = bed.control();
    bed.enter().await;
    // The status is removed, a note-like tag added: the next status comes all the same, the other tag stays.
    control.remove_tags(ADA, &[status("Invited")]).unwrap();
    control.add_tags(ADA, &["talk to Grace".to_owned()]).unwrap();
    control.start_assessment(EMAIL, TEST).unwrap();
    bed.rest().await;
    assert_eq!(bed.tags(ADA), ["talk to Grace".to_owned(), status("Started")]);
    // Somebody sets an older status beside it: the next one takes both away.
    control.add_tags(ADA, &[status("Invited")]).unwrap();
    control.submit_assessment(EMAIL, TEST, 10.0).unwrap();
    bed.rest().await;
    assert_eq!(bed.tags(ADA), ["talk to Grace".to_owned(), status("Submitted")]);
    assert!(bed.parked().await.is_empty());
}
