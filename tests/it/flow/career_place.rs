//! career.place: whoever applies to a connected posting is invited to its funnel; tags and notes tell the way; the qualified move on.

use super::bed::{ADA, Bed, EMAIL};
use leverd::sim::{Control, NewOpportunity, NewPosting};
use std::time::Duration;

const VENDOR: &str = "career-place";
const SETTINGS: &str = "{ funnels: [{ posting: Picker, job: Warehouse }], qualified_stage: Recruiter screen }";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn prepare(control: &Control) {
    control.vendor(VENDOR).publish("Warehouse").unwrap();
    for posting in ["Picker", "Cook"] {
        control.create_posting(NewPosting { title: posting.into(), ..NewPosting::default() });
    }
    apply(control, "Early Example", "early@example.com", "Picker");
}

/// Somebody applies.
fn apply(control: &Control, name: &str, email: &str, posting: &str) {
    let new = NewOpportunity {
        name: name.into(),
        email: Some(email.into()),
        posting: Some(posting.into()),
        ..NewOpportunity::default()
    };
    control.create_opportunity(new).unwrap();
}

async fn bed() -> Bed {
    Bed::of(VENDOR, SETTINGS, prepare).await
}

/// The tags that the integration sets.
fn status(bed: &Bed, name: &str) -> Vec<String> {
    let mut tags = bed.control().tags(name).unwrap();
    tags.retain(|tag| tag.starts_with("CP-"));
    tags
}

// B82 B83 B84 B86 B87 B88 B89 B92 B93 B96 B97 B98 B99 B103 B105
#[tokio::test]
async fn from_the_application_to_the_stage_of_the_qualified() {
    let bed = bed().await;
    let (control, vendor) = (bed.control(), bed.control().vendor(VENDOR));
    apply(&control, ADA, EMAIL, "Picker");
    bed.rest().await;
    // Who had applied before is not invited.
    assert_eq!(bed.mails(), [format!("{EMAIL}: Warehouse")]);
    assert_eq!(status(&bed, ADA), ["CP-Sent"]);
    assert_eq!(bed.notes(ADA).len(), 1);
    assert!(bed.notes(ADA)[0].starts_with("career.place: invitation to Warehouse sent 20"), "{:?}", bed.notes(ADA));
    // Lever is read once: the delivery's signature does not cover what it says. Tag and note are two things, so two calls.
    let calls = bed.calls();
    assert_eq!(calls.first().map(String::as_str), Some("GET /v1/opportunities/{id}"));
    let mut calls = calls;
    calls.sort();
    assert_eq!(
        calls,
        [
            "GET /v1/opportunities/{id}",
            "GET /vendors/career-place/tests",
            "POST /v1/opportunities/{id}/addTags",
            "POST /v1/opportunities/{id}/notes",
            "POST /vendors/career-place/invitations",
        ]
    );

    // She begins: the tag is replaced, which takes two calls, and a note links her card. The webhook is signed: nothing is read.
    vendor.start(EMAIL, "Warehouse").unwrap();
    bed.rest().await;
    assert_eq!(status(&bed, ADA), ["CP-InProg"]);
    let note = bed.notes(ADA).last().cloned().unwrap();
    assert!(note.starts_with("career.place: started 20") && note.contains(" UTC. Applicant card: http"), "{note}");
    let mut calls = bed.calls();
    calls.sort();
    let replace = ["POST /v1/opportunities/{id}/addTags", "POST /v1/opportunities/{id}/removeTags"];
    assert_eq!(calls, [replace[0], "POST /v1/opportunities/{id}/notes", replace[1]].map(str::to_owned));

    // She hands in and the job team looks at it: a note tells when. The tag is what it was, which nobody knows without asking Lever,
    // since people edit tags: one call each, and it is the one that would set it.
    vendor.complete(EMAIL, "Warehouse").unwrap();
    bed.rest().await;
    vendor.review(EMAIL, "Warehouse", "looks good").unwrap();
    bed.rest().await;
    assert_eq!(status(&bed, ADA), ["CP-InProg"]);
    let mut calls = bed.calls();
    calls.sort();
    assert_eq!(calls, [replace[0], replace[0], "POST /v1/opportunities/{id}/notes"]);

    // Qualified: tag, note and, after both, the move. Where she stands is read once, for the plan and, seconds later, for the move.
    vendor.qualify(EMAIL, "Warehouse").unwrap();
    bed.rest().await;
    assert_eq!(status(&bed, ADA), ["CP-Qual"]);
    assert_eq!(bed.stage(ADA), "Recruiter screen");
    let calls = bed.calls();
    assert_eq!(calls.last().map(String::as_str), Some("PUT /v1/opportunities/{id}/stage"), "{calls:?}");
    let mut calls = calls;
    calls.sort();
    assert_eq!(
        calls,
        [
            "GET /v1/opportunities/{id}",
            "POST /v1/opportunities/{id}/addTags",
            "POST /v1/opportunities/{id}/notes",
            "POST /v1/opportunities/{id}/removeTags",
            "PUT /v1/opportunities/{id}/stage",
        ]
    );
    assert_eq!(bed.mails().len(), 1);
    assert!(bed.parked().await.is_empty());
}

// B85
#[tokio::test]
async fn an_application_to_another_posting_is_read_once_and_left() {
    let bed = bed().await;
    apply(&bed.control(), "Cy Example", "cy@example.com", "Cook");
    bed.rest().await;
    assert!(bed.mails().is_empty());
    assert!(status(&bed, "Cy Example").is_empty());
    assert_eq!(bed.calls(), ["GET /v1/opportunities/{id}"]);
}

// B94 B95 T14
#[tokio::test]
async fn who_is_not_qualified_stays_and_the_note_says_why() {
    let bed = bed().await;
    let (control, vendor) = (bed.control(), bed.control().vendor(VENDOR));
    apply(&control, ADA, EMAIL, "Picker");
    bed.rest().await;
    let stage = bed.stage(ADA);
    vendor.start(EMAIL, "Warehouse").unwrap();
    bed.rest().await;
    vendor.unqualify(EMAIL, "Warehouse", "No driving licence").unwrap();
    bed.rest().await;
    assert_eq!(status(&bed, ADA), ["CP-Unqual"]);
    let note = bed.notes(ADA).last().cloned().unwrap();
    assert!(note.starts_with("career.place: not qualified 20") && note.ends_with(". No driving licence"), "{note}");
    assert_eq!(bed.stage(ADA), stage);
}

// B90 B91 T21 D10 T30
#[tokio::test]
async fn silence_for_two_and_a_half_weeks_is_opting_out_and_a_late_start_counts() {
    let bed = bed().await;
    let (control, vendor) = (bed.control(), bed.control().vendor(VENDOR));
    apply(&control, ADA, EMAIL, "Picker");
    bed.rest().await;
    bed.calls();
    bed.advance(DAY * 17).await;
    assert_eq!(status(&bed, ADA), ["CP-Sent"]);
    // The vendor reminds; that costs Lever nothing.
    assert!(control.mails().len() > 1, "{:?}", control.mails());
    bed.advance(DAY / 2 + Duration::from_secs(60)).await;
    assert_eq!(status(&bed, ADA), ["CP-OptOut"]);
    assert!(bed.notes(ADA).last().unwrap().ends_with("counts as opted out"), "{:?}", bed.notes(ADA));
    vendor.start(EMAIL, "Warehouse").unwrap();
    bed.rest().await;
    assert_eq!(status(&bed, ADA), ["CP-InProg"]);
    bed.advance(DAY * 30).await;
    assert_eq!(status(&bed, ADA), ["CP-InProg"]);
    assert!(bed.parked().await.is_empty(), "{:?}", bed.parked().await);
}
