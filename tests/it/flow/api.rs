//! The API for programs: each documented operation answers as its schema says, and each wrong request as documented.

use super::bed::{ADA, Bed, POSTING, STAGE, prepare, project, quick};
use leverd::server::api::openapi;
use leverd::sim::{Misbehaviour, NewOpportunity, RouteFault, Sim, SimOptions};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::time::Duration;

const OPERATOR: &str = "operator-0f0f0f0f0f0f0f0f0f0f0f0f";
const VIEWER: &str = "viewer-0f0f0f0f0f0f0f0f0f0f0f0f";
const BO: &str = "Bo Example";

/// A running leverd with two tokens, and two invitations that are parked.
struct Served {
    bed: Bed,
    http: reqwest::Client,
    opportunity: String,
}

impl Served {
    async fn start(server: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SimOptions { webhooks_enabled: true, faults: quick(), ..SimOptions::default() };
        let sim = Sim::start(options).await.unwrap();
        prepare(&sim.control());
        let config = project(&sim, &folder.path().join("project"), "", "{ trigger_stages: [Assessment] }");
        let secrets = config.with_file_name("secrets");
        std::fs::write(secrets.join("operator"), format!("{OPERATOR}\n")).unwrap();
        std::fs::write(secrets.join("viewer"), VIEWER).unwrap();
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, format!("version: 1\n{text}{server}")).unwrap();
        let bed = Bed::on(sim, folder, config).await;
        let control = bed.control();
        let (email, posting) = (Some("bo@example.com".to_owned()), Some(POSTING.to_owned()));
        control
            .create_opportunity(NewOpportunity { name: BO.to_owned(), email, posting, ..NewOpportunity::default() })
            .unwrap();
        control.add_route_fault(RouteFault {
            method: Some("POST".to_owned()),
            path: "/api/v1/assessment_invitations/invite_candidates".to_owned(),
            times: Some(2),
            after: 0,
            then: Misbehaviour::Answer { status: 422, applied: false, retry_after: None },
        });
        for name in [ADA, BO] {
            control.move_stage(name, STAGE).unwrap();
        }
        for _ in 0..600 {
            if bed.world.node.store.parked(None).await.unwrap().len() == 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let opportunity = control.opportunity(ADA).unwrap()["id"].as_str().unwrap().to_owned();
        Self { bed, http: reqwest::Client::builder().no_proxy().build().unwrap(), opportunity }
    }

    async fn with_tokens() -> Self {
        let api = "server: { api: { tokens: { bot: { token: { file: secrets/operator }, role: operator }, \
                   board: { token: { file: secrets/viewer } } } } }\n";
        Self::start(api).await
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http.request(method, format!("http://{}{path}", self.bed.world.address))
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.request("GET", path).bearer_auth(VIEWER).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    async fn parked(&self) -> Vec<String> {
        let listed = self.get("/api/v1/parked").await;
        listed["parked"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    }
}

/// Method, address, token, kind and text of the body; status and a part of what is said.
type Case<'c> = (&'c str, String, Option<&'c str>, Option<(&'c str, String)>, u16, &'c str);

/// What is wrong with a body, by a schema of the description.
fn faults(document: &Value, schema: &Value, body: &Value) -> Vec<String> {
    let mut schema = schema.clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator.iter_errors(body).map(|error| error.to_string()).collect()
}

/// A refusal: problem+json, as the schema says, with its own status.
async fn problem(document: &Value, answer: Response, told: &str) -> (u16, String) {
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    assert_eq!(headers["content-type"], "application/problem+json", "{told}");
    assert_eq!(headers["cache-control"], "no-store", "{told}");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(faults(document, &json!({ "$ref": "#/components/schemas/Problem" }), &body), [""; 0], "{told}");
    assert_eq!(body["status"], status, "{told}");
    (status, body["detail"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_documented_operation_answers_as_its_schema_says() {
    let served = Served::with_tokens().await;
    let document = openapi::document();
    assert_eq!(served.get("/api/v1/openapi.json").await, document);
    let mut parked = served.parked().await;
    assert_eq!(parked.len(), 2);
    let mut asked = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let mut filled = path.replace("{account}", "demo").replace("{opportunity}", &served.opportunity);
            if filled.contains("{id}") {
                filled = filled.replace("{id}", &parked.pop().unwrap());
            }
            let mut request = served.request(&method.to_uppercase(), &filled).bearer_auth(OPERATOR);
            if operation.get("requestBody").is_some() {
                request = request.json(&json!({ "reason": "the position is filled" }));
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 200, "{method} {filled}");
            assert_eq!(answer.headers()["content-type"], "application/json", "{method} {filled}");
            let body: Value = answer.json().await.unwrap();
            let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            assert_eq!(faults(&document, schema, &body), [""; 0], "{method} {filled}: {body:#}");
            asked += 1;
        }
    }
    assert_eq!(asked, 9);
    // What was asked for was done, and is on record.
    served.bed.rest().await;
    assert!(served.parked().await.is_empty());
    assert_eq!(served.bed.control().mails().len(), 1, "one was retried, the other skipped");
    let deeds = served.get("/api/v1/deeds").await;
    let told: Vec<_> = deeds["deeds"].as_array().unwrap().iter().map(|one| (&one["who"], &one["how"], &one["what"])).collect();
    let told = format!("{told:?}");
    assert!(told.contains("bot") && told.contains("token") && told.contains("retry"), "{told}");
    assert!(told.contains("skip: the position is filled"), "{told}");
    // The runs and the reasons are those of this opportunity.
    let runs = served.get(&format!("/api/v1/accounts/demo/opportunities/{}/runs", served.opportunity)).await;
    assert_eq!(runs["runs"].as_array().unwrap().last().unwrap()["kind"], "candidateStageChange", "{runs:#}");
    let why = served.get(&format!("/api/v1/accounts/demo/opportunities/{}/why?limit=1", served.opportunity)).await;
    assert_eq!(why["events"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wrong_request_is_answered_with_a_problem_and_changes_nothing() {
    let served = Served::with_tokens().await;
    let document = openapi::document();
    let parked = served.parked().await;
    let (retry, skip) = (format!("/api/v1/parked/{}/retry", parked[0]), format!("/api/v1/parked/{}/skip", parked[0]));
    let nobody = "0".repeat(32);
    let runs = |account: &str, opportunity: &str| format!("/api/v1/accounts/{account}/opportunities/{opportunity}/runs");
    let json = Some(("application/json", "{\"reason\": \"no\"}".to_owned()));
    let body = |text: &str| Some(("application/json", text.to_owned()));
    let cases: Vec<Case<'_>> = vec![
        ("GET", "/api/v1/status".into(), None, None, 401, "Authorization: Bearer"),
        ("GET", "/api/v1/status".into(), Some("operator-0f0f0f0f0f0f0f0f0f0f0f0e"), None, 401, "none of those"),
        ("GET", "/api/v1/nothing".into(), None, None, 401, "Authorization"),
        ("GET", "/api/v1/nothing".into(), Some(VIEWER), None, 404, "openapi.json"),
        ("GET", "/api/v1/parked?account=other".into(), Some(VIEWER), None, 404, "no account"),
        ("GET", "/api/v1/parked?limit=0".into(), Some(VIEWER), None, 400, "from 1 to 500"),
        ("GET", "/api/v1/parked?limit=many".into(), Some(VIEWER), None, 400, "from 1 to 500"),
        ("GET", "/api/v1/parked?limit=1&limit=2".into(), Some(VIEWER), None, 400, "twice"),
        ("GET", "/api/v1/parked?page=2".into(), Some(VIEWER), None, 400, "`account`, `limit`"),
        ("GET", "/api/v1/status?x=1".into(), Some(VIEWER), None, 400, "takes none"),
        ("GET", runs("other", &served.opportunity), Some(VIEWER), None, 404, "no account"),
        ("GET", runs("demo", "nobody"), Some(VIEWER), None, 404, "leverd why"),
        ("GET", runs("demo", "%ff"), Some(VIEWER), None, 400, "UTF-8"),
        ("POST", "/api/v1/status".into(), Some(OPERATOR), None, 405, "another method"),
        ("GET", retry.clone(), Some(OPERATOR), None, 405, "another method"),
        ("DELETE", skip.clone(), Some(OPERATOR), None, 405, "another method"),
        ("POST", retry.clone(), None, None, 401, "Authorization"),
        ("POST", retry.clone(), Some(VIEWER), None, 403, "role: operator"),
        ("POST", skip.clone(), Some(VIEWER), json.clone(), 403, "role: operator"),
        ("POST", "/api/v1/parked/xyz/retry".into(), Some(OPERATOR), None, 400, "32 hexadecimal"),
        ("POST", format!("/api/v1/parked/{nobody}/retry"), Some(OPERATOR), None, 404, "nothing that is parked"),
        ("POST", format!("/api/v1/parked/{nobody}/skip"), Some(OPERATOR), json, 404, "nothing that is parked"),
        ("POST", skip.clone(), Some(OPERATOR), None, 415, "application/json"),
        ("POST", skip.clone(), Some(OPERATOR), Some(("text/plain", "no".to_owned())), 415, "application/json"),
        ("POST", skip.clone(), Some(OPERATOR), body("{"), 400, "not what is expected"),
        ("POST", skip.clone(), Some(OPERATOR), body("{}"), 400, "`reason`"),
        ("POST", skip.clone(), Some(OPERATOR), body("{\"reason\": 7}"), 400, "not what is expected"),
        ("POST", skip.clone(), Some(OPERATOR), body("{\"reason\": \"  \"}"), 400, "between 1 and 200"),
        ("POST", skip.clone(), Some(OPERATOR), body("{\"reason\": \"no\", \"all\": true}"), 400, "`all`"),
        (
            "POST",
            skip,
            Some(OPERATOR),
            Some(("application/json", format!("{{\"reason\": \"{}\"}}", "n".repeat(20_000)))),
            413,
            "16 KiB",
        ),
    ];
    for (method, path, token, body, status, detail) in cases {
        let told = format!("{method} {path} {body:?}").chars().take(200).collect::<String>();
        let mut request = served.request(method, &path);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some((kind, text)) = body {
            request = request.header("content-type", kind).body(text);
        }
        let answer = request.send().await.unwrap();
        let (allowed, asks) = (answer.headers().get("allow").cloned(), answer.headers().get("www-authenticate").cloned());
        let (got, said) = problem(&document, answer, &told).await;
        assert!(got == status && said.contains(detail), "{told}: {got} {said}");
        assert_eq!(allowed.is_some(), status == 405, "{told}: a wrong method is told the right ones");
        assert_eq!(asks.is_some(), status == 401, "{told}");
    }
    assert_eq!(served.parked().await, parked, "nothing was changed");
    let deeds = served.get("/api/v1/deeds").await;
    assert_eq!(deeds["deeds"], json!([]), "nothing was done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_tokens_there_is_no_api() {
    let served = Served::start("").await;
    let answer = served.request("GET", "/api/v1/status").bearer_auth(OPERATOR).send().await.unwrap();
    let (status, said) = problem(&openapi::document(), answer, "off").await;
    assert!(status == 404 && said.contains("`server.api`"), "{status} {said}");
}
