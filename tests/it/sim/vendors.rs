//! The other vendors' stand-ins keep what is documented of each: who mails when, what a second invitation does, what is told to whom.

use std::time::Duration;

use leverd::sim::{Command, MailKind, vendor_api_key};
use serde_json::{Value, json};

use super::http::{Answer, Receiver, World, send};

/// A request to a vendor with its credential.
async fn ask(world: &World, vendor: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
    let url = format!("{}{path}", world.sim.vendor_base_url(vendor).unwrap());
    let key = vendor_api_key(vendor);
    let request = world.client.request(method.parse().unwrap(), url);
    let request = match vendor {
        "imocha" => request.header("x-api-key", key),
        "generic" => request.basic_auth(key, Some("")),
        "testgorilla" => request.header("authorization", format!("Token {key}")),
        _ => request.bearer_auth(key),
    };
    send(request, body).await.unwrap()
}

fn id_of(answer: &Answer, name: &str) -> String {
    answer.body[name].to_string().trim_matches('"').to_owned()
}

#[tokio::test]
async fn imocha_gives_one_invitation_for_one_candidate_and_mails_only_when_asked() {
    let world = World::start().await;
    let imocha = world.sim.control().vendor("imocha");
    let java = imocha.publish("Java").unwrap();
    let invite = async |mail: &str| {
        let body = json!({ "email": "ada@example.com", "name": "Ada", "sendEmail": mail });
        ask(&world, "imocha", "POST", &format!("/v3/tests/{java}/invite"), Some(body)).await
    };
    let first = invite("no").await;
    assert_eq!((first.status, &first.body["status"]), (201, &json!("Pending")));
    assert_eq!(imocha.mails().unwrap(), []);
    let id = id_of(&first, "testInvitationId");
    assert_eq!(id_of(&invite("yes").await, "testInvitationId"), id);
    assert_eq!(imocha.mails().unwrap().len(), 1);

    imocha.cancel("ada@example.com", "Java").unwrap();
    assert_eq!(invite("yes").await.body["status"], "Pending", "a cancelled one lives again");
    imocha.expire("ada@example.com", "Java").unwrap();
    assert_eq!(invite("yes").await.body["status"], "Pending", "and an expired one");
    imocha.start("ada@example.com", "Java").unwrap();
    let started = invite("yes").await;
    assert_eq!((id_of(&started, "testInvitationId"), &started.body["status"]), (id.clone(), &json!("In Progress")));
    assert_eq!(imocha.mails().unwrap().len(), 3, "who works is not mailed");
    let cancel = format!("/v3/invitations/{id}/cancel");
    assert_eq!(ask(&world, "imocha", "POST", &cancel, None).await.status, 400, "only while pending");
    let reattempt = format!("/v3/invitations/{id}/reattempt");
    assert_eq!(ask(&world, "imocha", "POST", &reattempt, None).await.status, 400);
    imocha.submit("ada@example.com", "Java", 60.0).unwrap();
    let again = ask(&world, "imocha", "POST", &reattempt, Some(json!({ "sendEmail": "yes" }))).await;
    assert_ne!(id_of(&again, "testInvitationId"), id, "after the end it is a new one");
}

#[tokio::test]
async fn imocha_calls_back_at_start_and_end_and_says_zero_while_in_progress() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let imocha = world.sim.control().vendor("imocha");
    let java = imocha.publish("Java").unwrap();
    let body = json!({ "email": "ada@example.com", "name": "Ada", "callbackUrl": receiver.url });
    let first = ask(&world, "imocha", "POST", &format!("/v3/tests/{java}/invite"), Some(body)).await;
    let report = format!("/v3/reports/{}?reportType=1", id_of(&first, "testInvitationId"));
    imocha.start("ada@example.com", "Java").unwrap();
    world.sim.control().quiet().await;
    assert_eq!(ask(&world, "imocha", "GET", &report, None).await.body["candidatePoints"], 0);
    imocha.submit("ada@example.com", "Java", 60.0).unwrap();
    world.sim.control().quiet().await;
    let seen = receiver.seen();
    let told: Vec<_> = seen.iter().map(|it| (&it["Status"], &it["CandidateScore"], &it["TotalScore"])).collect();
    assert_eq!(told, [(&json!("In Progress"), &json!(0), &json!(0)), (&json!("Complete"), &json!(60), &json!(100))]);

    let pdf = ask(&world, "imocha", "GET", &report, None).await.body["pdfReportUrl"].as_str().unwrap().to_owned();
    let get = async || world.client.get(&pdf).send().await.unwrap();
    assert_eq!(get().await.status(), 202, "it is still being made");
    let file = get().await;
    assert_eq!(file.headers()["content-type"], "application/pdf");
    assert!(file.bytes().await.unwrap().starts_with(b"%PDF-"));
}

#[tokio::test]
async fn imocha_tells_of_cancelled_and_expired_invitations_only_who_asks() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let control = world.sim.control();
    let imocha = control.vendor("imocha");
    let java = imocha.publish("Java").unwrap();
    let end = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24)).to_string();
    let body = json!({ "email": "ada@example.com", "name": "Ada", "callbackUrl": receiver.url, "endDateTime": end });
    ask(&world, "imocha", "POST", &format!("/v3/tests/{java}/invite"), Some(body)).await;
    control.advance_clock(Duration::from_secs(25 * 3_600));
    control.quiet().await;
    assert_eq!(receiver.seen(), Vec::<Value>::new());
    let window = json!({ "StartDateTime": "2020-01-01T00:00:00Z", "EndDateTime": "2100-01-01T00:00:00Z" });
    let states = async |state: &str| {
        let path = format!("/v3/candidates/testattempts?state={state}");
        let answer = ask(&world, "imocha", "POST", &path, Some(window.clone())).await;
        answer.body["result"]["testAttempts"].as_array().unwrap().len()
    };
    assert_eq!((states("expired").await, states("cancelled").await, states("completed").await), (1, 0, 0));
}

#[tokio::test]
async fn a_callback_that_imocha_cannot_place_is_tried_five_times_more_at_once() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    receiver.will_answer(&[500; 6]);
    let control = world.sim.control();
    let java = control.vendor("imocha").publish("Java").unwrap();
    let body = json!({ "email": "ada@example.com", "name": "Ada", "callbackUrl": receiver.url });
    let first = ask(&world, "imocha", "POST", &format!("/v3/tests/{java}/invite"), Some(body)).await;
    control.vendor("imocha").start("ada@example.com", "Java").unwrap();
    control.quiet().await;
    assert_eq!(receiver.seen().len(), 6);
    let id: u64 = id_of(&first, "testInvitationId").parse().unwrap();
    let again = ask(&world, "imocha", "POST", "/v3/callbacks/process", Some(json!({ "testinvitationIds": [id, 1] }))).await;
    assert_eq!(again.body["result"]["testinvitationIds"], json!({ "successful": [id], "failed": [1] }));
    control.quiet().await;
    assert_eq!(receiver.seen().len(), 7);
}

#[tokio::test]
async fn the_contract_knows_an_order_by_its_reference_and_tells_completion_and_result_apart() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let control = world.sim.control();
    let hired = control.vendor("hired-assessments");
    hired.subscribe(&receiver.url, &[]).unwrap();
    let test = hired.publish("Backend").unwrap();
    let order = async |resend: bool| {
        let candidate = json!({ "email": "ada@example.com", "name": "Ada" });
        let body = json!({ "reference": "r1", "test_id": test, "candidate": candidate, "resend": resend });
        ask(&world, "hired-assessments", "POST", "/invitations", Some(body)).await
    };
    assert_eq!((order(true).await.status, order(false).await.status), (201, 200));
    assert_eq!(hired.mails().unwrap().len(), 1, "not twice for a caller who is not sure");
    order(true).await;
    assert_eq!(hired.mails().unwrap().len(), 2);
    hired.complete("ada@example.com", "Backend").unwrap();
    hired.grade("ada@example.com", "Backend", 80.0).unwrap();
    hired.correct("ada@example.com", "Backend", 85.0).unwrap();
    control.quiet().await;
    let seen = receiver.seen();
    let told: Vec<_> = seen.iter().map(|it| (it["type"].as_str().unwrap(), &it["invitation"]["percent"])).collect();
    assert_eq!(
        told,
        [("invitation.submitted", &Value::Null), ("invitation.scored", &json!(80.0)), ("invitation.scored", &json!(85.0))]
    );
}

/// Two weeks and a half, and then silence: whoever opts out does not say so.
#[tokio::test]
async fn career_place_reminds_for_seventeen_days_and_a_half() {
    let world = World::start().await;
    let control = world.sim.control();
    let place = control.vendor("career-place");
    let job = place.publish("Cook").unwrap();
    let body = json!({ "reference": "r1", "test_id": job, "candidate": { "email": "ada@example.com", "name": "Ada" } });
    let invitation = ask(&world, "career-place", "POST", "/invitations", Some(body)).await;
    for _ in 0..30 {
        control.advance_clock(Duration::from_secs(24 * 3_600));
    }
    let reminders = place.mails().unwrap().iter().filter(|mail| mail.kind == MailKind::Reminder).count();
    assert_eq!(reminders, 5);
    let path = format!("/invitations/{}", id_of(&invitation, "id"));
    assert_eq!(ask(&world, "career-place", "GET", &path, None).await.body["status"], "invited");
    place.start("ada@example.com", "Cook").unwrap();
    place.complete("ada@example.com", "Cook").unwrap();
    place.unqualify("ada@example.com", "Cook", "no licence").unwrap();
    let judged = ask(&world, "career-place", "GET", &path, None).await.body;
    assert_eq!((&judged["status"], &judged["reason"]), (&json!("unqualified"), &json!("no licence")));
}

#[tokio::test]
async fn codesignal_takes_200_only_and_lets_the_next_event_wait() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    // The empty request; then the first event is not taken twice.
    receiver.will_answer(&[200, 202, 204, 200]);
    let control = world.sim.control();
    let vendor = control.vendor("codesignal");
    vendor.subscribe(&receiver.url, &[]).unwrap();
    let test = vendor.publish("Intern").unwrap();
    let fields = json!({ "testId": test, "candidateEmail": "ada@example.com", "preferExisting": true });
    let create = json!({ "query": "mutation($f: X!) { createCompanyTestSession(sessionFields: $f) { id } }", "variables": { "f": fields } });
    let first = ask(&world, "codesignal", "POST", "/graphql", Some(create.clone())).await;
    let second = ask(&world, "codesignal", "POST", "/graphql", Some(create)).await;
    let place = "/data/createCompanyTestSession/id";
    assert_eq!(first.body.pointer(place), second.body.pointer(place));
    vendor.start("ada@example.com", "Intern").unwrap();
    control.quiet().await;
    let (created, started) = ("companyTestSessionCreated", "companyTestSessionStarted");
    let events: Vec<_> = receiver.seen().iter().filter_map(|it| it["event"].as_str().map(str::to_owned)).collect();
    assert_eq!(events, [created, created, created, started]);
}

#[tokio::test]
async fn hackerrank_tells_a_second_invitation_inside_an_answer_of_200() {
    let world = World::start().await;
    let vendor = world.sim.control().vendor("hackerrank");
    let test = vendor.publish("Backend").unwrap();
    let path = format!("/tests/{test}/candidates");
    let invite = async || ask(&world, "hackerrank", "POST", &path, Some(json!({ "email": "ada@example.com" }))).await;
    assert!(invite().await.body["id"].is_string());
    let second = invite().await;
    assert_eq!(second.status, 200);
    assert!(second.body["errors"][0].as_str().unwrap().contains("already been invited"));
    vendor.switch(&json!({ "duplicate_status": 400 })).unwrap();
    assert_eq!(invite().await.status, 400);
    assert_eq!(vendor.mails().unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_vendor_does_not_know_is_refused_in_words() {
    let world = World::start().await;
    let control = world.sim.control();
    let told = |result: Result<(), leverd::sim::ControlError>| result.unwrap_err().to_string();
    control.vendor("imocha").publish("Java").unwrap();
    assert_eq!(
        told(control.vendor("imocha").approve("ada@example.com", "Java")),
        "imocha knows no `approve`; it knows start, submit, correct, expire, cancel, terminate"
    );
    assert_eq!(
        told(control.vendor("imocha").start("ada@example.com", "Java")),
        "no invited candidate is called `ada@example.com` in the simulated world"
    );
    assert_eq!(told(control.vendor("nobody").start("a@b.c", "x")), "no vendor is called `nobody` in the simulated world");
    assert_eq!(
        told(control.vendor("imocha").switch(&json!({ "pdf": 1 }))),
        "imocha has no switch `pdf`; it has pdf_busy, pdf_unnamed, total_points"
    );
}

#[tokio::test]
async fn every_deed_is_a_command_too() {
    let world = World::start().await;
    let control = world.sim.control();
    let run = async |value: Value| control.run(Command::from_value(value)?).await;
    let test = run(json!({ "do": "create_assessment", "vendor": "testgorilla", "title": "Sales" })).await.unwrap();
    let path = format!(
        "/assessments/{}/invite_candidate/",
        id_of(&Answer { status: 200, body: test, headers: reqwest::header::HeaderMap::new() }, "id")
    );
    let invited = ask(&world, "testgorilla", "POST", &path, Some(json!({ "email": "ada@example.com" }))).await;
    assert_eq!(invited.status, 201);
    let deed = json!({ "do": "at_vendor", "vendor": "testgorilla", "email": "ada@example.com", "test": "Sales", "act": "submit", "score": 81.5 });
    run(deed.clone()).await.unwrap();
    let list = ask(&world, "testgorilla", "GET", "/assessments/candidature/", None).await.body;
    assert_eq!(list["results"][0]["avg_score"], 81.5);
    assert_eq!(run(deed).await.unwrap_err().to_string(), "`submit` does not fit: ada@example.com's take is scored");
    let wrong = json!({ "do": "at_vendor", "vendor": "testgorilla", "email": "a", "test": "b", "act": "submit", "scoer": 1 });
    assert!(run(wrong).await.unwrap_err().to_string().contains("scoer"));
}
