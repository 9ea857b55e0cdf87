//! Nothing secret and nothing personal in any log line, at the most talkative level there is; and in each the ids of what it is about.

use super::bed::{ADA, EMAIL, PHONE, STAGE, TEST};
use super::process::Deployed;
use base64::Engine as _;
use leverd::sim::{Misbehaviour, RouteFault};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_and_nobody_is_named_in_the_log() {
    let mut deployed = Deployed::prepare().await;
    let control = deployed.control();
    // Faults on the way, because errors are where logs grow talkative.
    let faults = [
        ("GET", "/v1/opportunities/{id}", Misbehaviour::Answer { status: 503, applied: false, retry_after: None }),
        ("POST", "/api/v1/assessment_invitations/invite_candidates", Misbehaviour::Garble),
        ("POST", "/v1/opportunities/{id}/addTags", Misbehaviour::Answer { status: 500, applied: true, retry_after: None }),
        ("GET", "/api/v1/assessment_results/{id}/exhibit", Misbehaviour::DropAfter),
        ("POST", "/v1/opportunities/{id}/addLinks", Misbehaviour::Answer { status: 429, applied: false, retry_after: Some(1) }),
    ];
    for (method, path, then) in faults {
        let (method, path) = (Some(method.to_owned()), path.to_owned());
        control.add_route_fault(RouteFault { method, path, times: Some(1), after: 0, then });
    }
    deployed.start(&[("LEVERD_LOG", "trace")]).await;
    let path_token = std::fs::read_to_string(deployed.config.with_file_name("secrets").join("path_token")).unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let base = control.deliveries().first().map(|delivery| delivery.url.clone());
    let end = deployed.whole_story().await;
    assert_eq!(end.mails.len(), 1);
    let url = base.or_else(|| control.deliveries().first().map(|delivery| delivery.url.clone())).unwrap();
    // Refused, and malformed with somebody in it.
    for body in
        [format!("{{\"email\": \"{EMAIL}\""), format!("{{\"event\":\"candidateStageChange\",\"data\":{{\"name\":\"{ADA}\"}}}}")]
    {
        http.post(&url).body(body).send().await.unwrap();
    }
    control.delete_opportunity(ADA).unwrap();
    deployed.rest().await;

    let log = deployed.logged();
    assert!(log.lines().count() > 50, "it was not talkative:\n{log}");
    let links: Vec<_> = control.mails().into_iter().map(|mail| mail.link.rsplit('/').next().unwrap().to_owned()).collect();
    let report = control.requests().into_iter().filter(|request| request.path.ends_with("/share")).find_map(|request| {
        let url = request.answer?.get("url")?.as_str()?.to_owned();
        url.split('/').find(|part| part.len() >= 20).map(str::to_owned)
    });
    let basic = base64::engine::general_purpose::STANDARD.encode("sim-lever-key:");
    let mut secret = vec!["sim-lever-key".to_owned(), "sim-qualified-key".to_owned(), basic, path_token, report.unwrap()];
    secret.extend(deployed.signing.iter().cloned());
    secret.extend(links);
    secret.extend([EMAIL, ADA, "Example", "ada%40example.com", PHONE, "5550100", "555 0100"].map(str::to_owned));
    for text in secret {
        assert!(text.len() > 3, "{text}");
        let found = log.lines().find(|line| line.to_lowercase().contains(&text.to_lowercase()));
        assert_eq!(found, None, "`{text}` is in the log");
    }
}

/// The lines with this message that belong to this id.
fn of<'l>(lines: &'l [Value], message: &str, key: &str, id: &str) -> Vec<&'l Value> {
    lines.iter().filter(|line| line["fields"]["message"] == message && line["span"][key] == id).collect()
}

fn text<'l>(line: &'l Value, path: &str) -> &'l str {
    line.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("no {path} in {line}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_delivery_is_followed_through_the_json_log_from_the_door_to_levers_answer() {
    let mut deployed = Deployed::prepare().await;
    let config = std::fs::read_to_string(&deployed.config).unwrap();
    std::fs::write(&deployed.config, config + "log: { format: json }\n").unwrap();
    deployed.start(&[]).await;
    let control = deployed.control();
    control.move_stage(ADA, STAGE).unwrap();
    let tag = format!("{TEST} - Invited");
    deployed.until("the invitation", |control| control.tags(ADA).unwrap().contains(&tag)).await;
    deployed.rest().await;
    deployed.kill();

    let log = deployed.logged();
    let lines: Vec<Value> =
        log.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect();
    let opportunity = control.opportunity(ADA).unwrap()["id"].as_str().unwrap().to_owned();
    let stored: Vec<_> = lines.iter().filter(|line| line["fields"]["message"] == "delivery stored").collect();
    assert!(!stored.is_empty(), "{log}");
    assert_eq!(text(stored[0], "/fields/account"), "demo");

    // The delivery became one event, the event one invitation.
    let told = of(&lines, "event", "delivery", text(stored[0], "/fields/delivery"));
    assert!(told.len() == 1 && text(told[0], "/fields/opportunity") == opportunity, "{told:?}");
    let event = text(told[0], "/fields/event");
    assert_eq!(of(&lines, "planned", "event", event).len(), 1, "{log}");
    let sent: Vec<_> =
        of(&lines, "call", "event", event).into_iter().filter(|line| line["fields"]["method"] == "POST").collect();
    assert!(sent.len() == 1 && text(sent[0], "/fields/to") == "qualified", "{sent:?}");
    assert!(
        of(&lines, "effect ended", "effect", text(sent[0], "/span/effect"))
            .iter()
            .any(|line| line["fields"]["outcome"] == "done")
    );

    // What came of it is an event again, and that one led to Lever's answer.
    let invited = of(&lines, "event", "effect", text(sent[0], "/span/effect"));
    assert!(invited.len() == 1 && text(invited[0], "/fields/kind") == "assessment.invited", "{invited:?}");
    let calls = of(&lines, "call", "event", text(invited[0], "/fields/event"));
    let tagged: Vec<_> = calls.into_iter().filter(|line| text(line, "/fields/path").ends_with("/addTags")).collect();
    assert!(tagged.len() == 1 && tagged[0]["fields"]["status"] == 200 && tagged[0]["fields"]["to"] == "Lever", "{tagged:?}");

    // Whatever was written to anybody says for whom and why.
    for line in lines.iter().filter(|line| line["fields"]["message"] == "call" && line["fields"]["method"] != "GET") {
        assert_eq!((text(line, "/span/account"), text(line, "/span/opportunity")), ("demo", opportunity.as_str()));
        assert!(text(line, "/span/event").len() >= 32 && text(line, "/span/effect").len() >= 32, "{line}");
    }
}
