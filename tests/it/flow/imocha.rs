//! iMocha: a tag and a stage start the test, results become form and file, and then the candidate moves on; moving back and forth.

use super::bed::{ADA, Bed, EMAIL, STAGE};
use leverd::sim::{Control, NewField, NewOpportunity, NewTemplate};
use serde_json::{Value, json};
use std::time::Duration;

const VENDOR: &str = "imocha";
const TEST: &str = "Java";
const FORM: &str = "iMocha Assessment";
const COMPLETE: &str = "Assessment Complete";
const SETTINGS: &str = "{ trigger_stage: Assessment, complete_stage: Assessment Complete }";

fn prepare(control: &Control) {
    control.create_stage(COMPLETE, Some(STAGE)).unwrap();
    let field = |text: &str, kind: &str| NewField { kind: kind.into(), text: text.into(), ..NewField::default() };
    let fields = vec![field("Score", "text"), field("Percent", "text"), field("Category", "text"), field("Report", "textarea")];
    control.create_form_template(NewTemplate { text: FORM.into(), fields, ..NewTemplate::default() }).unwrap();
    control.vendor(VENDOR).publish(TEST).unwrap();
    control.vendor(VENDOR).switch(&json!({ "pdf_busy": 0 })).unwrap();
    let ada =
        NewOpportunity { name: ADA.into(), email: Some(EMAIL.into()), tags: vec![TEST.into()], ..NewOpportunity::default() };
    control.create_opportunity(ada).unwrap();
}

async fn bed() -> Bed {
    Bed::of(VENDOR, SETTINGS, prepare).await
}

/// Away from the trigger stage and back into it.
async fn again(bed: &Bed) {
    bed.control().move_stage(ADA, "Recruiter screen").unwrap();
    bed.rest().await;
    bed.enter().await;
}

/// What was sent to the vendor to invite, since the log was cleared.
fn invited(bed: &Bed) -> usize {
    bed.control().calls().iter().filter(|call| call.ends_with("/invite")).count()
}

// B53 B55 B56 B57 B58 B59 B60 B78 B79 B105
#[tokio::test]
async fn from_the_tag_to_the_stage_of_the_complete() {
    let bed = bed().await;
    bed.enter().await;
    assert_eq!(bed.mails(), [format!("{EMAIL}: {TEST}")]);
    // Lever is read once, because the delivery's signature does not cover what it says; the tag is on the candidate already. The vendor
    // tells its tests and takes the invitation.
    assert_eq!(bed.calls().len(), 3);
    bed.control().vendor(VENDOR).start(EMAIL, TEST).unwrap();
    bed.rest().await;
    // The callback is not signed: it is read back. Nothing is told to Lever.
    assert_eq!(bed.calls(), ["GET /vendors/imocha/v3/reports/{id}"].map(|call| call.replace("{id}", &report(&bed))));
    assert_eq!(bed.stage(ADA), STAGE);

    bed.control().vendor(VENDOR).submit(EMAIL, TEST, 80.0).unwrap();
    bed.rest().await;
    let forms = bed.control().forms(ADA).unwrap();
    let values: Vec<&Value> = forms[0]["fields"].as_array().unwrap().iter().map(|field| &field["value"]).collect();
    assert_eq!(forms.len(), 1);
    assert_eq!(values[..3], [&json!("80 / 100"), &json!("80 %"), &json!("Experienced")]);
    assert!(values[3].as_str().is_some_and(|url| url.contains("/PDFReport?id=")), "{values:?}");
    let files: Vec<String> = bed.control().files(ADA).unwrap().into_iter().map(|file| file.name).collect();
    assert_eq!(files, [format!("{TEST} - {ADA}.pdf")]);
    assert!(bed.control().file_bytes(ADA, &files[0]).unwrap().starts_with(b"%PDF-"));
    assert_eq!(bed.stage(ADA), COMPLETE);
    // One read for the plan (the name in the file's, the stage she leaves), which is fresh enough for the move; one call for each of the
    // form, the file and the move, and the move is last.
    let mut lever: Vec<String> = bed.calls().into_iter().filter(|call| call.contains(" /v1/")).collect();
    assert_eq!(lever.last().map(String::as_str), Some("PUT /v1/opportunities/{id}/stage"), "{lever:?}");
    lever.sort();
    assert_eq!(
        lever,
        [
            "GET /v1/opportunities/{id}",
            "POST /v1/opportunities/{id}/files",
            "POST /v1/opportunities/{id}/forms",
            "PUT /v1/opportunities/{id}/stage",
        ]
    );
    assert!(bed.parked().await.is_empty());
}

/// The vendor's id of the one invitation, as its mail tells it.
fn report(bed: &Bed) -> String {
    bed.control().mails()[0].invitation.clone()
}

// B54
#[tokio::test]
async fn without_a_tag_of_the_vendor_the_move_is_ignored() {
    let bed = bed().await;
    bed.candidate("Bob Example", Some("bob@example.com"), &["referral"]);
    bed.control().move_stage("Bob Example", STAGE).unwrap();
    bed.rest().await;
    bed.advance(Duration::from_secs(90)).await;
    assert!(bed.mails().is_empty());
    assert_eq!(invited(&bed), 0);
}

// B61 B62 B63 B64 B65 D07
#[tokio::test]
async fn back_and_forth_refreshes_before_the_start_and_does_nothing_after_it() {
    let bed = bed().await;
    let vendor = bed.control().vendor(VENDOR);
    bed.enter().await;
    again(&bed).await;
    // The same invitation, mailed twice; its settings are the vendor's of now, which asking again takes over.
    let mails = bed.control().mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].invitation, mails[1].invitation);
    assert_eq!(invited(&bed), 2);

    vendor.start(EMAIL, TEST).unwrap();
    bed.rest().await;
    again(&bed).await;
    vendor.submit(EMAIL, TEST, 50.0).unwrap();
    bed.rest().await;
    assert_eq!(bed.stage(ADA), COMPLETE);
    again(&bed).await;
    assert_eq!((bed.control().mails().len(), invited(&bed)), (2, 2));
    assert_eq!(bed.control().forms(ADA).unwrap().len(), 1);
}

// B66 T19
#[tokio::test]
async fn what_expired_or_was_cancelled_is_open_again_on_the_next_entry() {
    for expired in [true, false] {
        let bed = bed().await;
        let vendor = bed.control().vendor(VENDOR);
        bed.enter().await;
        if expired { vendor.expire(EMAIL, TEST) } else { vendor.cancel(EMAIL, TEST) }.unwrap();
        // No callback tells it: the lists are asked for every quarter of an hour.
        bed.advance(Duration::from_secs(16 * 60)).await;
        again(&bed).await;
        let mails = bed.control().mails();
        assert_eq!(mails.len(), 2, "{mails:?}");
        assert_eq!(mails[0].invitation, mails[1].invitation);
        // It is whole again: the result comes as ever.
        vendor.submit(EMAIL, TEST, 70.0).unwrap();
        bed.rest().await;
        assert_eq!(bed.stage(ADA), COMPLETE);
        assert!(bed.parked().await.is_empty());
    }
}

// D03
#[tokio::test]
async fn ping_pong_with_an_automation_of_the_customer_ends_and_is_told() {
    let bed = bed().await;
    bed.enter().await;
    // Something moves her back into the stage, again and again. Each time leverd asks iMocha to refresh, until it is too often.
    for _ in 0..14 {
        again(&bed).await;
    }
    assert!(bed.mails().len() <= 12, "{}", bed.mails().len());
    let notices = bed.notices().await;
    assert!(notices.contains(&leverd::model::NoticeKind::LoopGuard), "{notices:?}");
    let parked = bed.parked().await;
    assert!(parked.iter().any(|row| row.contains("more than 10 times")), "{parked:?}");
}
