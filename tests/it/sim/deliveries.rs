//! Webhook deliveries: registration, signature, conditions, retries, order.

use leverd::sim::{DeliveryState, NewOpportunity, NewWebhook, SimOptions, sign};
use serde_json::{Value, json};

use super::http::{Receiver, World, quick};

/// Registers a webhook; gives its id and signature token.
async fn register(world: &World, event: &str, url: &str, configuration: Value) -> (String, String) {
    let body = json!({ "event": event, "url": url, "configuration": configuration });
    let answer = world.lever("POST", "/webhooks", Some(body)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let data = &answer.body["data"];
    let token = data["configuration"]["signatureToken"].as_str().unwrap();
    assert_eq!(token.len(), 48);
    (data["id"].as_str().unwrap().to_owned(), token.to_owned())
}

fn ada() -> NewOpportunity {
    NewOpportunity { name: "Ada".into(), email: Some("ada@example.com".into()), ..NewOpportunity::default() }
}

fn signed(delivery: &Value, key: &str) -> bool {
    let (token, at) = (delivery["token"].as_str().unwrap(), delivery["triggeredAt"].as_i64().unwrap());
    delivery["signature"] == sign(key, token, at)
}

#[test]
fn signatures_are_those_of_the_vectors() {
    assert_eq!(
        sign(
            "73311ged32110cc40e00c672c2e03e1a42fa28a4fabde089",
            "be58f711f349c7780e4579cd7c63341ac6f881e4dccc3154",
            1_431_454_330_072
        ),
        "d8138ffefd31f34fd9ef6ab358881a2ac5d138287c38186688985ea7755ec241"
    );
    assert_eq!(
        sign("leverd-test-signature-token", "8a457fd5a0759c87d35460b096dbc388d1d31058849f08ce", 1_431_458_021_951),
        "129fa841879683886ae06c9390036bd328cd08e5fd3343204d8ecb10ac0a55f2"
    );
}

#[tokio::test]
async fn nothing_is_sent_until_the_event_group_is_switched_on() {
    let world = World::with(SimOptions { webhooks_enabled: false, ..quick() }).await;
    let control = world.sim.control();
    let receiver = Receiver::start().await;
    let (id, key) = register(&world, "candidateStageChange", &receiver.url, json!(null)).await;
    control.create_opportunity(ada()).unwrap();
    control.move_stage("Ada", "Assessment").unwrap();
    // The verify button works all the same: empty data, no id, signed.
    control.verify_webhook(&id).unwrap();
    control.quiet().await;
    let seen = receiver.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!((&seen[0]["data"], seen[0].get("id")), (&json!({}), None));
    assert!(signed(&seen[0], &key));

    control.switch_webhooks(&["candidateStageChange".into()], true).unwrap();
    control.move_stage("Ada", "Offer").unwrap();
    control.quiet().await;
    let delivery = receiver.seen().pop().unwrap();
    assert!(signed(&delivery, &key));
    let opportunity = control.opportunity_id("Ada").unwrap();
    assert_eq!(delivery["data"]["opportunityId"], json!(opportunity));
    assert_eq!(delivery["data"]["fromStageId"], json!(control.stage_id("Assessment").unwrap()));
    assert_eq!(delivery["data"]["toStageId"], "offer");
    let keys: Vec<_> = delivery.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["data", "event", "signature", "token", "triggeredAt"]);
}

#[tokio::test]
async fn registrations_are_checked_listed_and_removed() {
    let world = World::with(SimOptions { allow_http_webhooks: false, ..quick() }).await;
    let try_url = async |url: &str, event: &str| {
        world.lever("POST", "/webhooks", Some(json!({ "event": event, "url": url }))).await.status
    };
    assert_eq!(try_url("http://example.com/", "candidateHired").await, 400);
    assert_eq!(try_url("https://example.com/", "noSuchEvent").await, 400);
    assert_eq!(try_url("https://example.com/", "candidateHired").await, 201);
    assert_eq!(try_url("https://example.com/", "candidateHired").await, 201);
    let listed = world.get("/webhooks").await.body;
    assert_eq!((listed["data"].as_array().unwrap().len(), listed.get("hasNext")), (2, None));
    assert!(!listed.to_string().contains("signatureToken"));
    let id = listed["data"][0]["id"].as_str().unwrap();
    assert_eq!(world.lever("DELETE", &format!("/webhooks/{id}"), None).await.status, 204);
    assert_eq!(world.lever("DELETE", &format!("/webhooks/{id}"), None).await.status, 404);
}

#[tokio::test]
async fn every_event_that_the_world_can_produce_is_told() {
    let world = World::start().await;
    let control = world.sim.control();
    let receiver = Receiver::start().await;
    let all = [
        "applicationCreated",
        "candidateHired",
        "candidateStageChange",
        "candidateArchiveChange",
        "candidateDeleted",
        "interviewCreated",
        "contactCreated",
        "contactUpdated",
    ];
    for event in all {
        register(&world, event, &receiver.url, json!(null)).await;
    }
    control.create_posting(leverd::sim::NewPosting { title: "Job".into(), ..leverd::sim::NewPosting::default() });
    control.create_opportunity(NewOpportunity { posting: Some("Job".into()), ..ada() }).unwrap();
    control.move_stage("Ada", "Assessment").unwrap();
    control.set_email("Ada", Some("ada.l@example.com")).unwrap();
    control.archive("Ada", Some("Hired")).unwrap();
    control.emit("interviewCreated", json!({ "interviewId": "x" }), None).unwrap();
    control.delete_opportunity("Ada").unwrap();
    control.quiet().await;
    assert_eq!(
        receiver.events(),
        [
            "contactCreated",
            "applicationCreated",
            "candidateStageChange",
            "contactUpdated",
            "candidateArchiveChange",
            "candidateHired",
            "interviewCreated",
            "candidateDeleted",
        ]
    );
}

#[tokio::test]
async fn conditions_on_the_origin_are_kept() {
    let world = World::start().await;
    let control = world.sim.control();
    let receiver = Receiver::start().await;
    register(&world, "candidateStageChange", &receiver.url, json!({ "conditions": { "origins": ["referred"] } })).await;
    control.create_opportunity(ada()).unwrap();
    control
        .create_opportunity(NewOpportunity { name: "Ben".into(), origin: Some("referred".into()), ..NewOpportunity::default() })
        .unwrap();
    control.move_stage("Ada", "Offer").unwrap();
    control.move_stage("Ben", "Offer").unwrap();
    control.quiet().await;
    let seen = receiver.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["data"]["opportunityId"], json!(control.opportunity_id("Ben").unwrap()));
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_and_then_given_up() {
    let world = World::start().await;
    let control = world.sim.control();
    let receiver = Receiver::start().await;
    register(&world, "candidateStageChange", &receiver.url, json!(null)).await;
    control.create_opportunity(ada()).unwrap();
    receiver.will_answer(&[500, 302, 204]);
    control.move_stage("Ada", "Assessment").unwrap();
    control.quiet().await;
    let seen = receiver.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|body| body == &seen[0]), "the same bytes again");
    let delivery = control.deliveries().pop().unwrap();
    assert_eq!(delivery.state, DeliveryState::Delivered);
    let statuses: Vec<_> = delivery.attempts.iter().map(|attempt| attempt.status).collect();
    assert_eq!(statuses, [Some(500), Some(302), Some(204)]);

    control.set_faults(|faults| {
        faults.attempts = 5;
        faults.new_token_per_retry = true;
        faults.webhook_id = true;
    });
    receiver.will_answer(&[500; 9]);
    control.move_stage("Ada", "Offer").unwrap();
    control.quiet().await;
    let tries = receiver.seen().split_off(3);
    assert_eq!(tries.len(), 5);
    let tokens: std::collections::BTreeSet<_> = tries.iter().map(|body| body["token"].to_string()).collect();
    assert_eq!(tokens.len(), 5);
    assert!(tries.iter().all(|body| body["id"] == tries[0]["id"] && body["triggeredAt"] == tries[0]["triggeredAt"]));
    let failed = control.deliveries().pop().unwrap();
    assert_eq!(failed.state, DeliveryState::Failed);

    // Rerun sends what failed once more.
    receiver.will_answer(&[]);
    let again = control.rerun(failed.id).unwrap();
    control.quiet().await;
    assert_eq!(control.delivery(again).unwrap().state, DeliveryState::Delivered);
}

#[tokio::test]
async fn order_copies_and_holding_follow_the_switches() {
    let world = World::start().await;
    let control = world.sim.control();
    let receiver = Receiver::start().await;
    register(&world, "candidateStageChange", &receiver.url, json!(null)).await;
    control.create_opportunity(ada()).unwrap();
    let targets =
        |receiver: &Receiver| -> Vec<Value> { receiver.seen().iter().map(|body| body["data"]["toStageId"].clone()).collect() };
    control.set_faults(|faults| faults.swap_deliveries = true);
    control.move_stage("Ada", "Reached out").unwrap();
    control.move_stage("Ada", "Responded").unwrap();
    control.quiet().await;
    assert_eq!(targets(&receiver), ["lead-responded", "lead-reached-out"]);
    control.set_faults(|faults| {
        faults.swap_deliveries = false;
        faults.hold_deliveries = true;
        faults.duplicate_deliveries = 1;
    });
    control.move_stage("Ada", "Offer").unwrap();
    control.quiet().await;
    assert_eq!(receiver.seen().len(), 2);
    control.release_deliveries();
    control.quiet().await;
    assert_eq!(targets(&receiver).split_off(2), ["offer", "offer"]);
}

#[tokio::test]
async fn own_changes_are_told_unless_the_switch_says_otherwise() {
    let world = World::start().await;
    let control = world.sim.control();
    let receiver = Receiver::start().await;
    register(&world, "candidateStageChange", &receiver.url, json!(null)).await;
    control.set_faults(|faults| faults.creation_fires_stage_change = true);
    let id = control.create_opportunity(ada()).unwrap();
    let put = async |stage: &str| {
        world.lever("PUT", &format!("/opportunities/{id}/stage"), Some(json!({ "stage": stage }))).await;
        control.quiet().await;
        receiver.seen().len()
    };
    assert_eq!(put("offer").await, 2, "the creation and the move");
    assert_eq!(put("offer").await, 2, "to the same stage: silent");
    control.set_faults(|faults| faults.same_stage_put_fires = true);
    assert_eq!(put("offer").await, 3);
    control.set_faults(|faults| faults.api_changes_fire = false);
    assert_eq!(put("lead-new").await, 3);
    control.move_stage("Ada", "Offer").unwrap();
    control.quiet().await;
    assert_eq!(receiver.seen().len(), 4, "people's changes are told in any case");
}

#[tokio::test]
async fn webhooks_are_changed_in_bulk_and_those_made_by_hand_are_the_interfaces() {
    let world = World::start().await;
    let control = world.sim.control();
    let receiver = Receiver::start().await;
    let (first, key) = register(&world, "candidateStageChange", "http://127.0.0.1:9/old", json!(null)).await;
    let (second, _) = register(&world, "candidateHired", &receiver.url, json!(null)).await;
    let new = NewWebhook { event: "candidateHired".into(), url: receiver.url.clone(), ..NewWebhook::default() };
    let (by_hand, token) = control.register_webhook(new).unwrap();
    let put = async |items: Value| world.lever("PUT", "/webhooks", Some(json!({ "data": items }))).await;
    // All or nothing.
    let mixed = put(json!([{ "id": first, "url": receiver.url }, { "id": by_hand, "url": receiver.url }])).await;
    assert_eq!(mixed.status, 404);
    assert_eq!(world.get("/webhooks").await.body["data"][0]["url"], "http://127.0.0.1:9/old");
    let origins = json!({ "conditions": { "origins": ["sourced"] } });
    let changed = put(
        json!([{ "id": first, "url": receiver.url, "configuration": origins }, { "id": second, "event": "candidateDeleted" }]),
    )
    .await;
    assert_eq!((changed.status, &changed.body["data"][0]["configuration"]), (200, &origins), "and no token");
    assert_eq!(world.lever("DELETE", &format!("/webhooks/{by_hand}"), None).await.status, 404);

    control.create_opportunity(ada()).unwrap();
    control.move_stage("Ada", "Offer").unwrap();
    control.archive("Ada", Some("Hired")).unwrap();
    control.delete_opportunity("Ada").unwrap();
    control.quiet().await;
    assert_eq!(receiver.events(), ["candidateStageChange", "candidateHired", "candidateDeleted"]);
    let seen = receiver.seen();
    assert!(signed(&seen[0], &key), "the token stays when the address changes");
    assert!(signed(&seen[1], &token.unwrap()));

    control.set_faults(|faults| faults.webhook_list_hides_manual = true);
    assert_eq!(world.get("/webhooks").await.body["data"].as_array().unwrap().len(), 2);
    control.delete_webhook(&by_hand).unwrap();
    assert!(control.delete_webhook(&by_hand).is_err());
}

#[tokio::test]
async fn registering_with_verify_connection_sends_a_sample_at_once() {
    let world = World::with(SimOptions { webhooks_enabled: false, ..quick() }).await;
    let control = world.sim.control();
    let receiver = Receiver::start().await;
    let configuration = json!({ "verifyConnection": true });
    let (id, key) = register(&world, "candidateStageChange", &receiver.url, configuration).await;
    control.quiet().await;
    control.set_faults(|faults| faults.verify_says_hired = true);
    control.verify_webhook(&id).unwrap();
    control.quiet().await;
    assert_eq!(receiver.events(), ["candidateStageChange", "candidateHired"]);
    assert!(receiver.seen().iter().all(|sample| sample["data"] == json!({}) && signed(sample, &key)));
}

#[tokio::test]
async fn signature_tokens_are_one_each_one_for_all_none_or_new() {
    let world = World::start().await;
    let control = world.sim.control();
    let receiver = Receiver::start().await;
    let by_hand = |unsigned| {
        let (event, url) = ("candidateStageChange".into(), receiver.url.clone());
        control.register_webhook(NewWebhook { event, url, unsigned, ..NewWebhook::default() }).unwrap()
    };
    let (_, none) = by_hand(true);
    assert_eq!(none, None);
    control.create_opportunity(ada()).unwrap();
    control.move_stage("Ada", "Assessment").unwrap();
    control.quiet().await;
    assert_eq!(receiver.seen()[0].get("signature"), None);

    let (_, own) = by_hand(false);
    control.set_faults(|faults| faults.one_signature_token = true);
    let (old, shared) = by_hand(false);
    let (_, through_api) = register(&world, "candidateHired", &receiver.url, json!(null)).await;
    assert_eq!((shared.as_ref(), shared == own), (Some(&through_api), false));
    let fresh = control.regenerate_signature_token(&old).unwrap();
    control.archive("Ada", Some("Hired")).unwrap();
    control.move_stage("Ada", "Offer").unwrap();
    control.quiet().await;
    let seen = receiver.seen();
    assert!(signed(&seen[1], &fresh), "also the other one that shared the token");
    let others: Vec<bool> = seen[2..].iter().map(|body| signed(body, &fresh)).collect();
    assert_eq!((others, signed(&seen[3], &own.unwrap())), (vec![false, false, true], true));
}

#[tokio::test]
async fn what_is_confidential_is_refused_without_the_grant_and_may_be_silent() {
    let world = World::start().await;
    let control = world.sim.control();
    let receiver = Receiver::start().await;
    register(&world, "candidateStageChange", &receiver.url, json!(null)).await;
    let id = control.create_opportunity(NewOpportunity { confidential: true, ..ada() }).unwrap();
    for (key, more) in [("plain", vec![]), ("granted", vec!["confidential:access:admin".to_owned()])] {
        control.add_credential(key, Some([vec!["opportunities:read:admin".to_owned()], more].concat()));
    }
    let status = async |key: &str, path: &str| {
        let url = format!("{}{path}", world.sim.lever_base_url());
        super::http::send(world.client.get(url).basic_auth(key, Some("")), None).await.unwrap().status
    };
    for path in [format!("/opportunities/{id}"), "/opportunities?confidentiality=all".to_owned()] {
        assert_eq!((status("plain", &path).await, status("granted", &path).await), (403, 200), "{path}");
    }
    assert_eq!(status("plain", "/opportunities").await, 200);
    control.move_stage("Ada", "Assessment").unwrap();
    control.set_faults(|faults| faults.confidential_fires = false);
    control.move_stage("Ada", "Offer").unwrap();
    control.quiet().await;
    assert_eq!(receiver.seen().len(), 1);
}
