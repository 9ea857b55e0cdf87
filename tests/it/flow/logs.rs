//! Nothing secret and nothing personal in any log line, at the most talkative level there is.

use super::bed::{ADA, EMAIL, PHONE};
use super::process::Deployed;
use base64::Engine as _;
use leverd::sim::{Misbehaviour, RouteFault};

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
