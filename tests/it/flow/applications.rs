//! Applications: told once however often, and not acted on for those who are archived, hired or confidential.

use super::bed::{Bed, OTHER, POSTING, Setting};
use leverd::model::{EventKind, LeverEvent};
use leverd::sim::NewOpportunity;
use serde_json::json;

const INVITE: &str = r"
  - name: invite applicants
    trigger: applicationCreated
    when: { opportunity.posting: Front-end Engineer, opportunity.confidential: false }
    for_each: { wanted: { in: catalogue, where: { title: Junior Django Developer } } }
    do:
      - invite: { test: $wanted, key: applied }
";

const APPLIED: EventKind = EventKind::Lever(LeverEvent::ApplicationCreated);

/// An application to a posting that Lever has not told anybody of; its delivery.
async fn applicant(bed: &Bed, name: &str, posting: Option<&str>, confidential: bool) -> serde_json::Value {
    bed.control().switch_webhooks(&["applicationCreated".to_owned()], false).unwrap();
    bed.control()
        .create_opportunity(NewOpportunity {
            name: name.into(),
            email: Some(format!("{}@example.com", &name[..2].to_lowercase())),
            posting: posting.map(str::to_owned),
            confidential,
            ..NewOpportunity::default()
        })
        .unwrap();
    bed.rest().await;
    let shown = bed.control().opportunity(name).unwrap();
    let application = shown["applications"][0].as_str().or(shown["applications"][0]["id"].as_str()).unwrap();
    json!({ "applicationId": application, "opportunityId": bed.id(name).as_str() })
}

async fn told(bed: &Bed, token: &str, late: i64, data: &serde_json::Value) {
    let at = bed.world.node.clock.now().as_millisecond() + late;
    let body = bed.signed("applicationCreated", token, at, data.clone()).await;
    assert_eq!(bed.post("/hooks/lever/demo/applicationCreated", body.to_string()).await.0, 200);
    bed.rest().await;
}

// B84 B85 B86 D15 D01: invited once, however often and at whatever time Lever says it happened.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b84_b86_d15_an_application_told_at_two_times_is_one_event() {
    let bed = Bed::with(Setting { rules: INVITE, ..Setting::default() }).await;
    let data = applicant(&bed, "Bob Example", Some(POSTING), false).await;
    told(&bed, "one", 0, &data).await;
    told(&bed, "two", 1_500, &data).await;
    assert_eq!(bed.mails(), [format!("bo@example.com: {OTHER}")]);
    let rows = bed.world.node.store.events(Some(&bed.account()), &bed.id("Bob Example"), 100).await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.event.kind == APPLIED).count(), 1);
}

// D15 B85: archived, hired and confidential applicants, and those of other postings.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d15_b85_who_is_archived_hired_confidential_or_of_another_posting_is_not_invited() {
    let bed = Bed::with(Setting { rules: INVITE, ..Setting::default() }).await;
    bed.control().create_posting(leverd::sim::NewPosting { title: "Gardener".into(), ..Default::default() });
    for (n, (name, posting, confidential, reason)) in [
        ("Cy Example", POSTING, false, Some("Withdrew")),
        ("Di Example", POSTING, false, Some("Hired")),
        ("Ed Example", POSTING, true, None),
        ("Fi Example", "Gardener", false, None),
    ]
    .into_iter()
    .enumerate()
    {
        let data = applicant(&bed, name, Some(posting), confidential).await;
        if let Some(reason) = reason {
            bed.control().archive(name, Some(reason)).unwrap();
        }
        told(&bed, &format!("token {n}"), 0, &data).await;
        let said = bed.said(name).await;
        let why = match reason {
            Some(_) => "needs an active opportunity",
            None if confidential => "opportunity.confidential",
            None => "opportunity.posting",
        };
        // Rules of other postings are passed over by the index and leave nothing.
        assert!(posting == "Gardener" || said.iter().any(|said| said.contains(why)), "{name}: {said:?}");
    }
    assert!(bed.mails().is_empty(), "{:?}", bed.mails());
}
