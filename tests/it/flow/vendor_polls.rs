//! Vendors that tell nothing are asked.

use super::acme::{Acme, Asked, Told};
use super::bed::{ADA, Bed, EMAIL, POSTING};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) const VENDOR: &str = r#"
vendor: acme
title: Acme Tests
base_url: https://api.acme.example.com
secrets: { api_key: API key }
auth: { bearer: "{{secret.api_key}}" }
events: { started: {}, scored: { percent: number }, expired: {} }
operations:
  catalogue: { request: { get: /tests }, each: "$.tests[*]", take: { id: $.id, title: $.name } }
  invite:
    request: { post: /invitations, json: { email: "{{candidate.email}}", test: "{{test.id}}" } }
    take: { invitation_id: $.id }
  result:
    request: { get: "/results/{{ids.invitation_id}}" }
    take: { state: $.state, percent: $.percent }
"#;

pub(crate) const RULES: &str = r#"
tags: { status: ["{{assessment.title}} - Invited", "{{assessment.title}} - Started", "{{assessment.title}} - {n} %"] }
rules:
  - name: invite
    trigger: candidateStageChange
    when: { to_stage: Assessment }
    for_each: { test: { in: catalogue } }
    do: [{ invite: { test: $test, again: { closed: invite } } }]
  - name: invited
    trigger: assessment.invited
    do: [{ set_tag: { status: "{{assessment.title}} - Invited" } }]
  - name: started
    trigger: assessment.started
    do: [{ set_tag: { status: "{{assessment.title}} - Started" } }]
  - name: scored
    trigger: assessment.scored
    do: [{ set_tag: { status: "{{assessment.title}} - {{result.percent}} %" } }, { add_note: "{{result.percent}} %" }]
"#;

const MINUTE: Duration = Duration::from_secs(60);

/// The answer to every question about a result, until it is set anew.
fn answering(state: &Arc<Mutex<serde_json::Value>>) -> impl Fn(&Asked) -> Told + Send + Sync + 'static {
    let state = Arc::clone(state);
    move |asked| match asked.line.as_str() {
        "POST /invitations" => json!({ "id": "i1" }).into(),
        line if line.starts_with("GET /results/") => state.lock().unwrap().clone().into(),
        _ => 404.into(),
    }
}

fn tags(bed: &Bed) -> Vec<String> {
    let mut tags = bed.tags(ADA);
    tags.retain(|tag| tag.starts_with("Java") && tag != POSTING);
    tags
}

/// How often a poll's answers were wanted, as health and `why` tell it.
async fn heard(bed: &Bed) -> Vec<(String, u64)> {
    let heard = bed.world.node.store.heard(&bed.account()).await.unwrap();
    heard.into_iter().filter(|row| row.source.starts_with("poll:")).map(|row| (row.source, row.count)).collect()
}

// PL1 PL3 PL4
#[tokio::test]
async fn an_attempt_is_asked_about_slower_and_slower_until_it_is_scored() {
    let state = Arc::new(Mutex::new(json!({ "state": "waiting" })));
    let acme = Acme::start(answering(&state)).await;
    let polls = "poll:\n  status:\n    every: 10m\n    slowest: 30m\n    map:\n      \
                 - { read: [result], when: { result.state: { in: [busy, done] } }, emit: { started: {} } }\n      \
                 - { read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }\n";
    let vendor = format!("{VENDOR}{polls}").replace(", expired: {}", "");
    let bed = Bed::with_vendor(&vendor, RULES, &acme.url, &[("api_key", "acme-key")]).await;
    // Nobody is invited: nobody is asked about.
    bed.advance(MINUTE * 60).await;
    assert!(acme.asked("GET /results").is_empty());

    bed.enter().await;
    assert_eq!(tags(&bed), ["Java - Invited"]);
    bed.advance(MINUTE * 9).await;
    assert!(acme.asked("GET /results").is_empty());
    bed.advance(MINUTE * 2).await;
    acme.until("GET /results/i1", 1).await;
    // After 20 minutes more, then every 30.
    bed.advance(MINUTE * 15).await;
    assert_eq!(acme.asked("GET /results").len(), 1);
    bed.advance(MINUTE * 5).await;
    acme.until("GET /results/i1", 2).await;
    bed.advance(MINUTE * 30).await;
    acme.until("GET /results/i1", 3).await;

    // What the candidate does makes it quick again; the same state heard twice is one event.
    *state.lock().unwrap() = json!({ "state": "busy" });
    bed.advance(MINUTE * 30).await;
    acme.until("GET /results/i1", 4).await;
    bed.rest().await;
    assert_eq!(tags(&bed), ["Java - Started"]);
    bed.advance(MINUTE * 11).await;
    acme.until("GET /results/i1", 5).await;
    bed.rest().await;
    let started = bed.said(ADA).await;

    *state.lock().unwrap() = json!({ "state": "done", "percent": 81 });
    bed.advance(MINUTE * 21).await;
    acme.until("GET /results/i1", 6).await;
    bed.rest().await;
    assert_eq!(tags(&bed), ["Java - 81 %"]);
    assert_eq!(bed.notes(ADA), ["81 %"]);
    assert!(!started.iter().any(|said| said.contains("known already")), "{started:?}");

    // Scored: nothing more is asked.
    bed.advance(MINUTE * 600).await;
    assert_eq!(acme.asked("GET /results").len(), 6);
    assert_eq!(heard(&bed).await, [("poll:acme/status".to_owned(), 6)]);
    assert!(bed.get("/health").await.contains("poll:acme/status"));
    assert!(bed.parked().await.is_empty(), "{:?}", bed.parked().await);
}

// PL3
#[tokio::test]
async fn asking_ends_with_the_age_of_the_attempt() {
    let state = Arc::new(Mutex::new(json!({ "state": "waiting" })));
    let acme = Acme::start(answering(&state)).await;
    let polls = "poll:\n  status:\n    every: 10m\n    slowest: 10m\n    stop_after: 35m\n    map:\n      \
                 - { read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }\n";
    let vendor = format!("{VENDOR}{polls}").replace("started: {}, ", "").replace(", expired: {}", "");
    let rules = RULES.replace("  - name: started\n    trigger: assessment.started\n    do: [{ set_tag: { status: \"{{assessment.title}} - Started\" } }]\n", "");
    let bed = Bed::with_vendor(&vendor, &rules, &acme.url, &[("api_key", "acme-key")]).await;
    bed.enter().await;
    for asked in 1..=3 {
        bed.advance(MINUTE * 10 + Duration::from_secs(5)).await;
        acme.until("GET /results/i1", asked).await;
    }
    for _ in 0..3 {
        bed.advance(MINUTE * 10).await;
    }
    assert_eq!(acme.asked("GET /results").len(), 3);
}

// PL2 B27
#[tokio::test]
async fn a_list_is_asked_for_in_windows_that_overlap_and_never_leave_a_gap() {
    let down = Arc::new(Mutex::new(false));
    let items = Arc::new(Mutex::new(json!([])));
    let answer = {
        let (down, items) = (Arc::clone(&down), Arc::clone(&items));
        move |asked: &Asked| -> Told {
            match asked.line.as_str() {
                "POST /invitations" => json!({ "id": 41 }).into(),
                line if line.starts_with("POST /attempts") && *down.lock().unwrap() => 503.into(),
                line if line.starts_with("POST /attempts?state=completed") => {
                    json!({ "attempts": *items.lock().unwrap() }).into()
                }
                line if line.starts_with("POST /attempts") => json!({ "attempts": [] }).into(),
                "GET /results/41" => json!({ "state": "done", "percent": 70 }).into(),
                _ => 404.into(),
            }
        }
    };
    let acme = Acme::start(answer).await;
    let vendor = VENDOR
        .replace("started: {}, ", "")
        .replace("take: { invitation_id: $.id }", "take: { invitation_id: $.id | text }")
        + "  attempts:\n    request: { post: /attempts, query: { state: $for.state }, json: { from: $window.from, to: $window.to } }\n    \
           each: $.attempts[*]\n    take: { invitation_id: $.id | text, status: $.status }\n\
           poll:\n  happened:\n    every: 15m\n    list: attempts\n    for: { state: [completed, expired] }\n    \
           window: { overlap: 10m, first: 1h }\n    owner: [{ invitation_id: attempts.invitation_id }]\n    map:\n      \
           - when: { attempts.status: Expired }\n        emit: { expired: {} }\n      \
           - read: [result]\n        when: { attempts.status: Completed, result.state: done }\n        \
           emit: { scored: { percent: result.percent } }\n";
    let rules = RULES.replace("  - name: started\n    trigger: assessment.started\n    do: [{ set_tag: { status: \"{{assessment.title}} - Started\" } }]\n", "");
    let bed = Bed::with_vendor(&vendor, &rules, &acme.url, &[("api_key", "acme-key")]).await;
    bed.advance(MINUTE * 60).await;
    // PL4: nobody is invited.
    assert!(acme.asked("POST /attempts").is_empty());
    bed.enter().await;
    assert_eq!(bed.mails(), Vec::<String>::new(), "not this vendor's");
    assert_eq!(acme.asked("POST /invitations")[0].json()["email"], EMAIL);
    assert_eq!(acme.asked("POST /invitations")[0].authorization, "Bearer acme-key");
    bed.advance(MINUTE * 2).await;
    acme.until("POST /attempts", 2).await;
    bed.rest().await;

    // The vendor is down for two windows; the first one is asked for until it is answered, the next begins where that one ended.
    *down.lock().unwrap() = true;
    bed.advance(MINUTE * 15).await;
    acme.until("POST /attempts", 3).await;
    // However long it is down: nobody has to do anything for the poll to go on.
    for asked in 4..6 {
        bed.advance(MINUTE * 60 * 26).await;
        acme.until("POST /attempts", asked).await;
    }
    *items.lock().unwrap() =
        json!([{ "id": 41, "status": "Completed" }, { "id": 99, "status": "Completed" }, { "id": [], "status": 7 }]);
    *down.lock().unwrap() = false;
    // The breaker that its refusals may have opened closes in real time.
    let mut looks = 0;
    while looks < 3 || bed.notes(ADA).is_empty() && looks < 60 {
        bed.advance(MINUTE * 15).await;
        if looks >= 3 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        looks += 1;
    }
    assert_eq!(bed.notes(ADA), ["70 %"]);
    let asked: Vec<_> = acme.asked("POST /attempts?state=completed").iter().map(Asked::json).collect();
    let time = |window: &serde_json::Value, name: &str| window[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    for pair in asked.windows(2).filter(|pair| pair[0]["to"] != pair[1]["to"]) {
        assert!(time(&pair[1], "from") <= time(&pair[0], "to"), "a gap: {pair:?}");
    }
    // Somebody else's invitation is nobody's; an item that cannot be read is told of, and spoils nothing.
    let notices = bed.world.node.store.notices(Some(&bed.account()), 10).await.unwrap();
    let texts: Vec<_> = notices.into_iter().map(|(_, notice)| notice.text).collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].starts_with("poll `happened` of Acme Tests: one item was left out: `invitation_id`"), "{texts:?}");
    assert!(bed.parked().await.is_empty(), "{:?}", bed.parked().await);
    // Scored: nothing is asked for any more.
    let before = acme.asked("POST /attempts").len();
    bed.advance(MINUTE * 60).await;
    assert_eq!(acme.asked("POST /attempts").len(), before);
}
