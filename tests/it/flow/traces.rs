//! Traces as a collector receives them: one for each event, everything below it, nobody's name.

use super::bed::{ADA, EMAIL, STAGE, TEST};
use super::process::Deployed;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// What came in one request: its header, its body.
type Came = (Option<String>, Value);

/// A collector that keeps what it is sent.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Came>>>);

impl Collector {
    async fn start(&self) -> u16 {
        let take = async |State(kept): State<Self>, headers: HeaderMap, Json(body): Json<Value>| {
            let key = headers.get("x-team").map(|value| value.to_str().unwrap().to_owned());
            kept.0.lock().unwrap().push((key, body));
        };
        let router = Router::new().route("/v1/traces", post(take)).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        port
    }

    fn spans(&self) -> Vec<Value> {
        let kept = self.0.lock().unwrap();
        let scopes = kept.iter().map(|(_, body)| &body["resourceSpans"][0]["scopeSpans"][0]["spans"]);
        scopes.flat_map(|spans| spans.as_array().unwrap().clone()).collect()
    }
}

fn attribute<'s>(span: &'s Value, key: &str) -> &'s str {
    let all = span["attributes"].as_array().unwrap();
    all.iter().find(|one| one["key"] == key).map_or("", |one| one["value"]["stringValue"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_a_trace_with_its_effects_and_calls_and_what_caused_it_is_linked() {
    let mut deployed = Deployed::prepare().await;
    let collector = Collector::default();
    let port = collector.start().await;
    std::fs::write(deployed.config.with_file_name("secrets").join("team"), "blue").unwrap();
    let config = std::fs::read_to_string(&deployed.config).unwrap();
    // What is logged is nothing to traces.
    let traces = format!(
        "log: {{ level: error }}\ntraces: {{ otlp: \"http://127.0.0.1:{port}\", headers: {{ x-team: {{ file: secrets/team }} }} }}\n"
    );
    std::fs::write(&deployed.config, config + &traces).unwrap();
    deployed.start(&[]).await;
    let control = deployed.control();
    control.move_stage(ADA, STAGE).unwrap();
    let tag = format!("{TEST} - Invited");
    deployed.until("the invitation", |control| control.tags(ADA).unwrap().contains(&tag)).await;
    deployed.rest().await;
    let has_tagged = |spans: &[Value]| spans.iter().filter(|span| span["name"] == "POST Lever").count() >= 2;
    for _ in 0..1_200 {
        if has_tagged(&collector.spans()) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    deployed.kill();

    let spans = collector.spans();
    let of = |name: &str| spans.iter().filter(|span| span["name"] == name).collect::<Vec<_>>();
    let opportunity = control.opportunity(ADA).unwrap()["id"].as_str().unwrap().to_owned();
    // The trace is called like the event, and its first span says so.
    let [came] = of("candidateStageChange")[..] else { panic!("{spans:#?}") };
    assert_eq!(came["traceId"], attribute(came, "leverd.event"));
    assert_eq!(attribute(came, "leverd.opportunity"), opportunity);
    let delivered = of("delivery").into_iter().find(|span| span["spanId"] == came["links"][0]["spanId"]).unwrap();
    assert_eq!(attribute(delivered, "leverd.delivery"), attribute(came, "leverd.delivery"));
    let below = |span: &Value, parent: &Value| span["traceId"] == parent["traceId"] && span["parentSpanId"] == parent["spanId"];
    let effect = of("effect").into_iter().find(|span| below(span, came)).unwrap();
    assert_eq!(attribute(effect, "leverd.outcome"), "done");
    let invited = of("POST qualified").into_iter().find(|span| below(span, effect)).unwrap();
    assert_eq!((attribute(invited, "http.response.status_code"), &invited["kind"]), ("200", &3.into()));
    // What came of the invitation is another event, caused by the first one's effect; its tags went to Lever.
    let [next] = of("assessment.invited")[..] else { panic!("{spans:#?}") };
    assert_eq!(next["links"][0]["traceId"], came["traceId"]);
    assert_eq!(next["links"][0]["spanId"], effect["spanId"]);
    assert!(of("POST Lever").into_iter().all(|span| span["traceId"] == next["traceId"]), "{spans:#?}");

    let mut ids: Vec<&str> = spans.iter().map(|span| span["spanId"].as_str().unwrap()).collect();
    for span in &spans {
        let number = |key: &str| span[key].as_str().unwrap().parse::<u128>().unwrap();
        assert!(number("startTimeUnixNano") <= number("endTimeUnixNano") && number("startTimeUnixNano") > 0);
        assert_eq!((span["traceId"].as_str().unwrap().len(), span["spanId"].as_str().unwrap().len()), (32, 16));
    }
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all, "no two spans have one id");
    let kept = collector.0.lock().unwrap();
    assert!(kept.iter().all(|(key, _)| key.as_deref() == Some("blue")));
    let text = serde_json::to_string(&kept.iter().map(|(_, body)| body).collect::<Vec<_>>()).unwrap();
    for secret in [EMAIL, ADA, "Example", "sim-lever-key", "sim-qualified-key"] {
        assert!(!text.contains(secret), "`{secret}` is told to the collector");
    }
}
