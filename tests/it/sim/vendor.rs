//! The assessment vendor's rules: key, catalogue, invitations and mails, results, unsigned webhooks.

use leverd::sim::{AssessmentState, DeliveryState, NewOpportunity, SimOptions};
use serde_json::{Value, json};

use super::http::{Answer, Receiver, World, quick, send};

async fn invite(world: &World, assessment: &str, more: Value) -> Answer {
    let mut data = json!({ "candidates": ["ada@example.com"], "assessment_id": assessment, "first_name": "Ada" });
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.vendor("POST", "/assessment_invitations/invite_candidates", Some(json!({ "data": data }))).await
}

#[tokio::test]
async fn the_key_stands_bare_in_the_header() {
    let world = World::start().await;
    let url = format!("{}/assessments", world.sim.qualified_base_url());
    let with = async |value: &str| send(world.client.get(&url).header("authorization", value), None).await.unwrap().status;
    assert_eq!(with("sim-qualified-key").await, 200);
    assert_eq!(with("Bearer sim-qualified-key").await, 401);
    assert_eq!(send(world.client.get(&url), None).await.unwrap().status, 401);
}

#[tokio::test]
async fn the_catalogue_has_pages_and_unpublished_tests() {
    let world = World::with(SimOptions { vendor_page_size: 2, ..quick() }).await;
    let control = world.sim.control();
    control.create_assessment("Python", AssessmentState::Published, None);
    let draft = control.create_assessment("Draft", AssessmentState::Unpublished, None);
    control.create_assessment("Old", AssessmentState::Archived, None);
    let first = world.vendor("GET", "/assessments", None).await.body;
    assert_eq!((&first["currentPage"], &first["totalPages"], &first["totalCount"]), (&json!(1), &json!(2), &json!(3)));
    assert_eq!(first["data"][1]["state"], "unpublished");
    let second = world.vendor("GET", "/assessments?page=2", None).await.body;
    assert_eq!((&second["data"][0]["title"], &second["data"][0]["state"]), (&json!("Old"), &json!("archived")));
    assert_eq!(invite(&world, &draft, json!({})).await.status, 422);
}

#[tokio::test]
async fn a_second_invitation_mails_only_when_asked_to() {
    let world = World::start().await;
    let control = world.sim.control();
    let python = control.create_assessment("Python", AssessmentState::Published, None);
    let first = invite(&world, &python, json!({ "skip_email_resend": true })).await;
    assert_eq!((first.status, control.mails().len()), (200, 1), "there was none, so it is mailed");
    let path = first.body["data"][0]["invitePath"].as_str().unwrap();
    assert!(path.starts_with("/assess/"), "relative: {path}");
    let again = invite(&world, &python, json!({ "skipEmailResend": true })).await;
    assert_eq!(again.body["data"][0]["id"], first.body["data"][0]["id"]);
    assert_eq!(control.mails().len(), 1);
    invite(&world, &python, json!({ "skip_email_resend": false })).await;
    assert_eq!(control.mails().len(), 2);
    let java = control.create_assessment("Java", AssessmentState::Published, None);
    invite(&world, &java, json!({ "sendEmailToCandidate": false })).await;
    assert_eq!(control.mails().len(), 2);
    assert_eq!(control.mails()[0].link, format!("http://{}{path}", world.sim.address()));

    let id = first.body["data"][0]["id"].as_str().unwrap();
    let cancel = format!("/assessment_invitations/{id}");
    assert_eq!(world.vendor("DELETE", &cancel, None).await.status, 204);
    assert_eq!(world.vendor("DELETE", &cancel, None).await.status, 404);
    invite(&world, &python, json!({ "skip_email_resend": true })).await;
    assert_eq!(control.mails().len(), 3, "a cancelled one counts as none");
}

#[tokio::test]
async fn a_bad_address_is_refused_for_good() {
    let world = World::start().await;
    let control = world.sim.control();
    let python = control.create_assessment("Python", AssessmentState::Published, None);
    control.refuse_email("Ada@example.com");
    assert_eq!(invite(&world, &python, json!({})).await.status, 422);
    let none = json!({ "candidates": ["nobody"] });
    assert_eq!(invite(&world, &python, none).await.status, 422);
    assert_eq!(control.mails(), []);
}

#[tokio::test]
async fn a_candidates_way_is_told_in_snake_case_and_read_in_camel_case() {
    let world = World::start().await;
    let control = world.sim.control();
    let receiver = Receiver::start().await;
    let events =
        json!({ "assessment_result_started": true, "assessment_result_submitted": true, "team_candidate_state_changed": true });
    let subscription = json!({ "data": { "name": "My Hook", "url": receiver.url, "eventTriggers": events } });
    let made = world.vendor("POST", "/webhook_subscriptions", Some(subscription)).await.body;
    assert_eq!(made["data"]["eventTriggers"]["assessmentResultStarted"], true);
    let python = control.create_assessment("Python", AssessmentState::Published, Some(60.0));
    let invited = invite(&world, &python, json!({ "last_name": "L" })).await.body["data"][0].clone();
    control.open_assessment("ada@example.com", "Python").unwrap();
    control.start_assessment("ada@example.com", "Python").unwrap();
    control.submit_assessment("ada@example.com", "Python", 87.5).unwrap();
    let candidate = invited["teamCandidateId"].as_str().unwrap();
    let approved = world.vendor("PUT", &format!("/team_candidates/{candidate}/approve"), None).await;
    assert_eq!(
        (&approved.body["data"]["state"], &approved.body["data"]["prevState"]),
        (&json!("approved"), &json!("submitted"))
    );
    control.quiet().await;
    assert_eq!(
        receiver.events(),
        [
            "team_candidate_state_changed",
            "team_candidate_state_changed",
            "assessment_result_started",
            "team_candidate_state_changed",
            "assessment_result_submitted",
            "team_candidate_state_changed",
        ]
    );
    let told = receiver.seen();
    assert_eq!(told[4]["data"]["score"], 87.5);
    assert_eq!(told[4]["data"]["passing_score"], true);
    assert_eq!(told[4]["data"]["assessment"]["title"], "Python");
    assert_eq!(told[5]["data"]["email"], "ada@example.com");
    assert_eq!(told[5].as_object().unwrap().len(), 2, "event and data, no signature");

    let result = format!("/assessment_results/{}", invited["assessmentResultId"].as_str().unwrap());
    assert_eq!(world.vendor("GET", &result, None).await.body["data"]["state"], "submitted");
    let exhibit = world.vendor("GET", &format!("{result}/exhibit"), None).await.body;
    assert_eq!((&exhibit["data"]["score"], &exhibit["data"]["passingScore"]), (&json!(87.5), &json!(true)));
    assert_eq!(exhibit["data"]["teamCandidate"]["name"], "Ada L");
    let share = world.vendor("GET", &format!("{result}/share?hide=solutions"), None).await.body;
    let pdf = world.client.get(share["pdf"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(pdf.headers()["content-type"], "application/pdf", "without a key");
    assert!(pdf.bytes().await.unwrap().starts_with(b"%PDF-"));
    let filter = "where=%7B%22state%22%3A%7B%22in%22%3A%5B%22submitted%22%5D%7D%7D";
    assert_eq!(world.vendor("GET", &format!("/assessment_results?{filter}"), None).await.body["totalCount"], 1);
    let none = "where=%7B%22state%22%3A%7B%22in%22%3A%5B%22started%22%5D%7D%7D";
    assert_eq!(world.vendor("GET", &format!("/assessment_results?{none}"), None).await.body["totalCount"], 0);
}

#[tokio::test]
async fn webhook_bodies_have_the_fields_of_the_samples() {
    let world = World::start().await;
    let control = world.sim.control();
    let receiver = Receiver::start().await;
    control.subscribe(&receiver.url, &[]);
    let python = control.create_assessment("Python", AssessmentState::Published, None);
    invite(&world, &python, json!({})).await;
    control.submit_assessment("ada@example.com", "Python", 50.0).unwrap();
    control.quiet().await;
    let body = receiver.seen().into_iter().find(|body| body["event"] == "assessment_result_submitted").unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        keys(&body["data"]),
        [
            "abandoned",
            "accumulated_seconds",
            "assessment",
            "browser_user_agent",
            "candidate",
            "candidate_remarks",
            "dry_run",
            "id",
            "invited_at",
            "passing_score",
            "redirect_url",
            "review_ratings",
            "score",
            "solutions",
            "started_at",
            "state",
            "submitted_at",
            "team_candidate",
            "workflow_name",
            "workflow_path_id",
            "workflow_trigger",
        ]
    );
    assert_eq!(keys(&body["data"]["team_candidate"]), ["anonymous_name", "id", "prev_state", "state"]);
    let body = receiver.seen().into_iter().find(|body| body["event"] == "team_candidate_state_changed").unwrap();
    assert_eq!(
        keys(&body["data"]),
        [
            "anonymous_name",
            "assessment_results_count",
            "email",
            "first_name",
            "id",
            "labels",
            "last_name",
            "name",
            "prev_state",
            "state",
            "test_team_member",
        ]
    );
}

#[tokio::test]
async fn the_vendor_tries_once_more_and_only_when_the_receiver_is_in_trouble() {
    let world = World::start().await;
    let control = world.sim.control();
    let receiver = Receiver::start().await;
    let python = control.create_assessment("Python", AssessmentState::Published, None);
    invite(&world, &python, json!({})).await;
    control.subscribe(&receiver.url, &["assessment_result_started".into(), "assessment_result_submitted".into()]);
    receiver.will_answer(&[500, 503, 503]);
    control.start_assessment("ada@example.com", "Python").unwrap();
    control.quiet().await;
    assert_eq!(receiver.seen().len(), 1, "500 is final");
    control.set_faults(|faults| faults.vendor_webhook_score_zero = true);
    control.submit_assessment("ada@example.com", "Python", 90.0).unwrap();
    control.quiet().await;
    assert_eq!(receiver.seen().len(), 3, "503 twice, then given up");
    assert_eq!(receiver.seen()[2]["data"]["score"], 0.0);
    assert_eq!(control.deliveries().pop().unwrap().state, DeliveryState::Failed);
}

#[tokio::test]
async fn cancelling_a_started_take_terminates_it() {
    let world = World::start().await;
    let control = world.sim.control();
    control.create_opportunity(NewOpportunity { name: "Ada".into(), ..NewOpportunity::default() }).unwrap();
    let python = control.create_assessment("Python", AssessmentState::Published, None);
    let invited = invite(&world, &python, json!({})).await.body["data"][0].clone();
    control.start_assessment("ada@example.com", "Python").unwrap();
    world.vendor("DELETE", &format!("/assessment_invitations/{}", invited["id"].as_str().unwrap()), None).await;
    let result = format!("/assessment_results/{}", invited["assessmentResultId"].as_str().unwrap());
    let data = world.vendor("GET", &result, None).await.body["data"].clone();
    assert_eq!((&data["state"], &data["closedReason"]), (&json!("terminated"), &json!("invitation_canceled")));
    let candidate =
        world.vendor("GET", &format!("/team_candidates/{}", invited["teamCandidateId"].as_str().unwrap()), None).await;
    assert_eq!(candidate.body["data"]["labels"], json!(["Invitation Cancelled"]));
}
