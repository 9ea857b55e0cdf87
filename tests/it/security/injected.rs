//! What others write: candidates their names, vendors their answers, recruiters their tags. It is data everywhere, and no address in it
//! is asked.

use crate::flow::acme::{Acme, Asked, Told};
use crate::flow::bed::{ADA, Bed, Setting};
use crate::flow::vendor_polls::{RULES, VENDOR};
use leverd::sim::NewOpportunity;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Longer than a catalogue is believed.
const CATALOGUE: Duration = Duration::from_secs(3_600);
/// A name that is a template, a path, a mention, markup and a formula at once.
const NASTY: &str = "{{candidate.email}} {{{opportunity.id}}} $candidate.email {{#each x}} @everyone <b>x</b> =1+1";

#[tokio::test]
async fn a_name_that_is_a_template_stays_a_name() {
    let rules = r#"
  - name: greet
    trigger: candidateStageChange
    when: { to_stage: On-site interview }
    do:
      - add_note: "Welcome {{default candidate.name 'you'}}."
      - add_tag: "met {{default candidate.name 'somebody'}}"
"#;
    let bed = Bed::with(Setting { rules, ..Setting::default() }).await;
    bed.control()
        .create_opportunity(NewOpportunity {
            name: NASTY.into(),
            email: Some("eve@example.com".into()),
            ..NewOpportunity::default()
        })
        .unwrap();
    bed.control().move_stage(NASTY, "On-site interview").unwrap();
    bed.rest().await;
    let notes = bed.notes(NASTY);
    // As it was written, but that nobody is called by it.
    let quiet = NASTY.replace("@everyone", "@\u{2060}everyone");
    assert_eq!(notes, [format!("Welcome {quiet}.")], "{:?}", bed.said(NASTY).await);
    assert!(bed.tags(NASTY).iter().any(|tag| tag.starts_with("met {{candidate.email}}")), "{:?}", bed.tags(NASTY));
    assert!(!notes.join(" ").contains("eve@example.com"));
}

/// A listener that nobody should ask; how often somebody did.
async fn trap() -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, asked) = (listener.local_addr().unwrap().to_string(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&asked);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    (address, asked)
}

#[tokio::test]
async fn an_address_in_a_vendors_answer_leads_nowhere_but_to_the_vendor() {
    let (elsewhere, asked) = trap().await;
    let urls = [
        format!("http://{elsewhere}/tests?page=2"),
        format!("https://{elsewhere}/tests?page=2"),
        format!("//{elsewhere}/tests"),
        format!("http://api.acme.example.com@{elsewhere}/tests"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
    ];
    for url in urls {
        let (next, turned) = (url.clone(), Arc::new(AtomicBool::new(false)));
        let bad = Arc::clone(&turned);
        let answer = move |asked: &Asked| -> Told {
            let next = bad.load(Ordering::SeqCst).then_some(next.as_str());
            match asked.line.as_str() {
                line if line.starts_with("GET /list") => {
                    json!({ "tests": [{ "id": "t1", "name": "Java" }], "next": next }).into()
                }
                "POST /invitations" => json!({ "id": "i1" }).into(),
                _ => 404.into(),
            }
        };
        let acme = Acme::start(answer).await;
        let vendor = VENDOR.replace("{ get: /tests }, each", "{ get: /list }, pages: { by: next, url: $.next }, each");
        assert!(vendor.contains("by: next"));
        let vendor = vendor.replace(", expired: {}", "").replace("events: { started: {}, scored: { percent: number } }\n", "");
        let rules = "rules:\n  - name: invite\n    trigger: candidateStageChange\n    when: { to_stage: Assessment }\n    \
                     for_each: { test: { in: catalogue } }\n    do: [{ invite: { test: $test } }]\n";
        let bed = Bed::with_vendor(&vendor, rules, &acme.url, &[("api_key", "acme-key")]).await;
        turned.store(true, Ordering::SeqCst);
        bed.advance(CATALOGUE).await;
        bed.enter().await;
        assert!(acme.asked("GET /list").len() > 1, "{url}");
        assert_eq!(asked.load(Ordering::SeqCst), 0, "{url}");
        // Half a catalogue is none: nobody is invited by what was not read whole.
        assert!(acme.asked("POST /invitations").is_empty(), "{url}");
    }
}

#[tokio::test]
async fn an_id_that_is_a_path_stays_one_piece_of_a_path() {
    let answer = |asked: &Asked| -> Told {
        match asked.line.as_str() {
            "POST /invitations" => json!({ "id": "../admin?delete=all#x/%2e%2e" }).into(),
            _ => json!({ "state": "done", "percent": 50 }).into(),
        }
    };
    let acme = Acme::start(answer).await;
    let polls = "poll:\n  status:\n    every: 10m\n    slowest: 30m\n    map:\n      \
                 - { read: [result], when: { result.state: busy }, emit: { started: {} } }\n      \
                 - { read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }\n";
    let vendor = format!("{}{polls}", VENDOR.replace(", expired: {}", ""));
    let bed = Bed::with_vendor(&vendor, RULES, &acme.url, &[("api_key", "acme-key")]).await;
    bed.enter().await;
    bed.advance(Duration::from_secs(660)).await;
    let asked: Vec<String> =
        acme.asked("GET ").into_iter().map(|asked| asked.line).filter(|line| !line.contains("/tests")).collect();
    assert!(
        !asked.is_empty() && asked.iter().all(|line| line == "GET /results/..%2Fadmin%3Fdelete%3Dall%23x%2F%252e%252e"),
        "{asked:?}"
    );
    assert!(bed.tags(ADA).contains(&"Java - 50 %".to_owned()), "{:?}", bed.tags(ADA));
}
