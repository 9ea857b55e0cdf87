//! Hired Assessments: a test for whoever reaches a trigger stage, one status tag, thresholds, a link to the report that comes later.

use super::bed::{ADA, Bed, EMAIL, STAGE};
use leverd::sim::{Control, NewOpportunity, NewPosting};

const VENDOR: &str = "hired-assessments";
const SETTINGS: &str = "{ trigger_stages: [Recruiter screen, Assessment], pass: 70, fail: 30, \
                        default_test: { default: Backend, per_stage: { Recruiter screen: Screening } } }";

fn prepare(control: &Control) {
    for title in ["Backend", "Frontend", "Screening"] {
        control.vendor(VENDOR).publish(title).unwrap();
    }
    control.create_posting(NewPosting { title: "Engineer".into(), ..NewPosting::default() });
    let ada = NewOpportunity {
        name: ADA.into(),
        email: Some(EMAIL.into()),
        posting: Some("Engineer".into()),
        ..NewOpportunity::default()
    };
    control.create_opportunity(ada).unwrap();
}

async fn bed() -> Bed {
    Bed::of(VENDOR, SETTINGS, prepare).await
}

/// The tags that the integration sets.
fn status(bed: &Bed) -> Vec<String> {
    let mut tags = bed.control().tags(ADA).unwrap();
    tags.retain(|tag| tag.starts_with("Hired Assessments - "));
    tags
}

// RP1
// B35 B37 B41 B46 B47 B48 B49 B50 B81 B105 D11
#[tokio::test]
async fn from_the_trigger_stage_to_a_corrected_verdict() {
    let bed = bed().await;
    let vendor = bed.control().vendor(VENDOR);
    bed.enter().await;
    assert_eq!(bed.mails(), [format!("{EMAIL}: Backend")]);
    assert_eq!(status(&bed), ["Hired Assessments - Sent"]);
    // Lever: the opportunity, because a delivery's signature does not cover what it says; its posting, because a tag of the candidate
    // beats one of the posting and only the posting tells which is whose; the tag. The vendor: its tests, the invitation.
    assert_eq!(
        bed.calls(),
        [
            "GET /v1/opportunities/{id}",
            "GET /vendors/hired-assessments/tests",
            "GET /v1/postings/{id}",
            "POST /vendors/hired-assessments/invitations",
            "POST /v1/opportunities/{id}/addTags",
        ]
    );

    // Completed. The webhook is signed, so nothing is read back; Lever has no call that replaces a tag.
    vendor.start(EMAIL, "Backend").unwrap();
    vendor.complete(EMAIL, "Backend").unwrap();
    bed.rest().await;
    assert_eq!(status(&bed), ["Hired Assessments - Needs Review"]);
    assert_eq!(bed.links(ADA), Vec::<String>::new());
    let replace = ["POST /v1/opportunities/{id}/addTags", "POST /v1/opportunities/{id}/removeTags"];
    assert_eq!(bed.calls(), replace);

    // The result comes later, with its report: the verdict's tag and the link, nothing read.
    vendor.grade(EMAIL, "Backend", 70.0).unwrap();
    bed.rest().await;
    assert_eq!(status(&bed), ["Hired Assessments - Pass"]);
    assert_eq!(bed.links(ADA).len(), 1);
    let mut calls = bed.calls();
    calls.sort();
    assert_eq!(calls, ["POST /v1/opportunities/{id}/addLinks", replace[0], replace[1]]);

    // The score is corrected: another verdict in place of the first. The report is the same, so its link is not touched.
    vendor.correct(EMAIL, "Backend", 30.0).unwrap();
    bed.rest().await;
    assert_eq!(status(&bed), ["Hired Assessments - Fail"]);
    assert_eq!(bed.links(ADA).len(), 1);
    assert_eq!(bed.calls(), replace);
    assert_eq!(bed.mails().len(), 1);
    assert!(bed.notes(ADA).is_empty());
    assert!(bed.parked().await.is_empty());
}

// B36 B37 B38 B39 D02
#[tokio::test]
async fn each_trigger_stage_has_its_test_and_a_tag_overrides_it() {
    let bed = bed().await;
    let control = bed.control();
    control.move_stage(ADA, "Recruiter screen").unwrap();
    bed.rest().await;
    control.add_tags(ADA, &["Frontend".to_owned()]).unwrap();
    bed.enter().await;
    assert_eq!(bed.mails(), [format!("{EMAIL}: Screening"), format!("{EMAIL}: Frontend")]);
    // Entering again sends nothing again: what was sent is remembered, though the tag is still there.
    control.move_stage(ADA, "Recruiter screen").unwrap();
    bed.rest().await;
    bed.enter().await;
    assert_eq!(bed.mails().len(), 2);
    assert_eq!(status(&bed), ["Hired Assessments - Sent"]);
}

// B43 B28
#[tokio::test]
async fn between_the_thresholds_it_stays_with_the_review() {
    let bed = bed().await;
    let vendor = bed.control().vendor(VENDOR);
    bed.enter().await;
    vendor.complete(EMAIL, "Backend").unwrap();
    bed.rest().await;
    bed.calls();
    vendor.grade(EMAIL, "Backend", 50.0).unwrap();
    bed.rest().await;
    assert_eq!(status(&bed), ["Hired Assessments - Needs Review"]);
    // The link is new. The tag is what it was, which nobody knows without asking Lever, since people edit tags: one call, and it is the
    // one that would set it.
    let mut calls = bed.calls();
    calls.sort();
    assert_eq!(calls, ["POST /v1/opportunities/{id}/addLinks", "POST /v1/opportunities/{id}/addTags"]);
}

// B14 T04
#[tokio::test]
async fn an_address_that_the_vendor_refuses_becomes_a_note() {
    let bed = bed().await;
    bed.control().vendor(VENDOR).refuse_email(EMAIL).unwrap();
    bed.control().move_stage(ADA, STAGE).unwrap();
    bed.rest().await;
    assert!(bed.mails().is_empty());
    let notes = bed.notes(ADA);
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].starts_with("Hired Assessments could not send Backend: "), "{notes:?}");
    assert!(!notes[0].contains(EMAIL), "{notes:?}");
}
