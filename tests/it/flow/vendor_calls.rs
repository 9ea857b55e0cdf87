//! Tokens, registration, handshakes and lost answers of vendors, against one of the test's own.

use super::acme::{Acme, Asked, Told};
use super::bed::{ADA, Bed, STAGE};
use super::vendor_polls::{RULES, VENDOR};
use leverd::model::{NoticeKind, VendorName};
use leverd::runtime::provision::{self, Registration};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SECRETS: [(&str, &str); 1] = [("api_key", "acme-key")];

/// The vendor without what no test here emits.
fn vendor(auth: &str, more: &str) -> String {
    let webhook = "webhook:\n  event: $.type\n  take: { id: $.id, challenge: $.challenge }\n  reply: 202\n  \
                   handshake: { when: { $.type: challenge }, reply: $.challenge }\n  owner: [{ invitation_id: body.id }]\n  map:\n    \
                   - { on: started, read: [result], when: { result.state: busy }, emit: { started: {} } }\n    \
                   - { on: scored, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }\n";
    let text = VENDOR.replace(", expired: {}", "").replace("auth: { bearer: \"{{secret.api_key}}\" }", auth);
    format!("{text}{more}{webhook}")
}

const BEARER: &str = "auth: { bearer: \"{{secret.api_key}}\" }";

// AU5 AU6
#[tokio::test]
async fn a_token_that_is_refused_is_replaced_and_the_request_made_again() {
    let (given, good) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(String::new())));
    let answer = {
        let (given, good) = (Arc::clone(&given), Arc::clone(&good));
        move |asked: &Asked| -> Told {
            if asked.line == "POST /token" {
                let token = format!("tok-{}", given.fetch_add(1, Ordering::SeqCst) + 1);
                good.lock().unwrap().clone_from(&token);
                return json!({ "access_token": token, "expires_in": 3600 }).into();
            }
            if asked.authorization != format!("Bearer {}", good.lock().unwrap()) {
                return 401.into();
            }
            json!({ "id": "i1", "state": "busy" }).into()
        }
    };
    let acme = Acme::start(answer).await;
    let auth = "auth: { client_credentials: { url: /token, id: app, secret: \"{{secret.api_key}}\" } }";
    let bed = Bed::with_vendor(&vendor(auth, ""), RULES, &acme.url, &SECRETS).await;
    // Pulling the catalogue took one of its own.
    given.store(0, Ordering::SeqCst);
    // One is asked for to list the tests, and used for the invitation too.
    bed.enter().await;
    assert_eq!(bed.tags(ADA).iter().filter(|tag| *tag == "Java - Invited").count(), 1);
    assert_eq!(given.load(Ordering::SeqCst), 1);
    // The vendor forgets it long before its time.
    "another".clone_into(&mut good.lock().unwrap());
    bed.post("/hooks/acme/demo/acme-path-token", r#"{"type":"started","id":"i1"}"#).await;
    bed.rest().await;
    assert!(bed.tags(ADA).contains(&"Java - Started".to_owned()), "{:?}", bed.tags(ADA));
    assert_eq!(given.load(Ordering::SeqCst), 2);
    assert_eq!(acme.asked("GET /results/i1").len(), 2, "refused once, and asked again");
    assert!(bed.notices().await.is_empty(), "nobody has to do anything");
    // Before its end comes another one, without a refusal.
    bed.advance(Duration::from_secs(3_590)).await;
    bed.post("/hooks/acme/demo/acme-path-token", r#"{"type":"scored","id":"i1"}"#).await;
    bed.rest().await;
    assert_eq!(given.load(Ordering::SeqCst), 3);
    assert!(bed.parked().await.is_empty(), "{:?}", bed.parked().await);
}

// AU5 B23
#[tokio::test]
async fn b23_a_vendor_that_gives_no_token_suspends_its_connection_and_says_so_once() {
    let well = Arc::new(AtomicBool::new(true));
    let answer = {
        let well = Arc::clone(&well);
        move |asked: &Asked| -> Told {
            match asked.line.as_str() {
                "POST /token" if well.load(Ordering::SeqCst) => json!({ "access_token": "tok", "expires_in": 600 }).into(),
                "POST /token" => 401.into(),
                _ => json!({ "id": "i1" }).into(),
            }
        }
    };
    let acme = Acme::start(answer).await;
    let auth = "auth: { client_credentials: { url: /token, id: app, secret: \"{{secret.api_key}}\" } }";
    let bed = Bed::with_vendor(&vendor(auth, ""), RULES, &acme.url, &SECRETS).await;
    well.store(false, Ordering::SeqCst);
    bed.enter().await;
    assert!(acme.asked("POST /invitations").is_empty());
    assert_eq!(bed.notices().await, [NoticeKind::Suspended]);
    well.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        bed.advance(Duration::from_secs(61)).await;
    }
    assert_eq!(acme.asked("POST /invitations").len(), 1, "nothing was lost");
}

// WV1 WV9 WI1
#[tokio::test]
async fn the_vendor_is_answered_as_it_wants_and_only_on_its_secret_path() {
    let acme = Acme::start(|_: &Asked| json!({ "id": "i1", "state": "busy" }).into()).await;
    let bed = Bed::with_vendor(&vendor(BEARER, ""), RULES, &acme.url, &SECRETS).await;
    let path = "/hooks/acme/demo/acme-path-token";
    assert_eq!(bed.post(path, r#"{"type":"challenge","challenge":"c-42"}"#).await, (202, "c-42".to_owned()));
    assert_eq!(bed.post("/hooks/acme/demo/another-token", "{}").await.0, 401);
    bed.enter().await;
    assert_eq!(bed.post(path, r#"{"type":"started","id":"i1"}"#).await.0, 202);
    assert_eq!(bed.post(path, r#"{"type":"started","id":"i1"}"#).await.0, 202, "the same again");
    bed.rest().await;
    assert_eq!(acme.asked("GET /results/i1").len(), 1);
}

// PV1 PV3
#[tokio::test]
async fn our_webhook_is_registered_once_even_if_an_answer_is_lost() {
    let known = Arc::new(Mutex::new(Vec::<String>::new()));
    let answer = {
        let known = Arc::clone(&known);
        move |asked: &Asked| -> Told {
            match asked.line.as_str() {
                "GET /webhooks" => {
                    let urls: Vec<Value> = known.lock().unwrap().iter().map(|url| json!({ "url": url })).collect();
                    json!({ "items": urls }).into()
                }
                "POST /webhooks" => {
                    known.lock().unwrap().push(asked.json()["url"].as_str().unwrap().to_owned());
                    // It happened, and says that it did not.
                    500.into()
                }
                _ => json!({ "id": "i1" }).into(),
            }
        }
    };
    let acme = Acme::start(answer).await;
    let more = "  webhooks: { request: { get: /webhooks }, each: \"$.items[*]\", take: { url: $.url } }\n  \
                register: { request: { post: /webhooks, json: { url: \"{{callback_url}}\" } } }\n\
                subscribe: { list: webhooks, create: register }\n";
    let bed = Bed::with_vendor(&vendor(BEARER, more), RULES, &acme.url, &SECRETS).await;
    let account = bed.world.node.account(&bed.account()).unwrap();
    let acme_name = VendorName::new("acme");
    let registration = provision::vendor(&bed.world.node, &account, &acme_name, false).await.unwrap();
    let Registration::Lacking { url } = registration else { panic!("{registration:?}") };
    assert!(url.ends_with("/hooks/acme/demo/acme-path-token"));
    assert!(known.lock().unwrap().is_empty());
    let made = provision::vendor(&bed.world.node, &account, &acme_name, true).await.unwrap();
    assert_eq!(made, Registration::Made { url: url.clone() });
    let again = provision::vendor(&bed.world.node, &account, &acme_name, true).await.unwrap();
    assert_eq!(again, Registration::There { url: url.clone() });
    assert_eq!(*known.lock().unwrap(), [url]);

    let by_hand = vendor(BEARER, "setup: |\n  Open Settings, Webhooks, and paste the URL.\n");
    let bed = Bed::with_vendor(&by_hand, RULES, &acme.url, &SECRETS).await;
    let account = bed.world.node.account(&bed.account()).unwrap();
    let told = provision::vendor(&bed.world.node, &account, &acme_name, true).await.unwrap();
    let Registration::ByHand { setup, .. } = told else { panic!("{told:?}") };
    assert_eq!(setup.as_deref(), Some("Open Settings, Webhooks, and paste the URL."));
}

#[tokio::test]
async fn d13_what_nobody_knows_the_outcome_of_does_not_wait_for_ever_behind_a_vendor_that_is_down() {
    let (asked, found) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let answer = {
        let (asked, found) = (Arc::clone(&asked), Arc::clone(&found));
        move |request: &Asked| -> Told {
            match request.line.as_str() {
                "POST /invitations" => {
                    asked.fetch_add(1, Ordering::SeqCst);
                    500.into()
                }
                _ if found.load(Ordering::SeqCst) => json!({ "id": "i1" }).into(),
                _ => 503.into(),
            }
        }
    };
    let acme = Acme::start(answer).await;
    let text = vendor(BEARER, "  find: { request: { get: /find }, take: { invitation_id: $.id } }\n").replace(
        "    take: { invitation_id: $.id }\n",
        "    take: { invitation_id: $.id }\n    on_unknown: lookup\n    lookup: find\n",
    );
    let bed = Bed::with_vendor(&text, RULES, &acme.url, &SECRETS).await;
    bed.enter().await;
    for _ in 0..10 {
        bed.advance(Duration::from_secs(9_000)).await;
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "a second mail would be worse than none");
    let parked = bed.parked().await;
    assert_eq!(parked.len(), 1, "{parked:?}");
    assert!(parked[0].contains("nobody could tell for a day whether it happened"), "{parked:?}");
    assert_eq!(bed.notices().await, [NoticeKind::Parked]);
}

/// An adapter whose invitation is looked up where its answer got lost.
fn looked_up() -> String {
    vendor(BEARER, "  find: { request: { get: /find }, take: { invitation_id: $.id } }\n").replace(
        "    take: { invitation_id: $.id }\n",
        "    take: { invitation_id: $.id }\n    on_unknown: lookup\n    lookup: find\n",
    )
}

#[tokio::test]
async fn d13_a_look_up_that_is_refused_does_not_show_that_nothing_happened() {
    let acme = Acme::start(|request: &Asked| -> Told {
        match request.line.as_str() {
            "POST /invitations" => 500.into(),
            _ => 400.into(),
        }
    })
    .await;
    let bed = Bed::with_vendor(&looked_up(), RULES, &acme.url, &SECRETS).await;
    bed.enter().await;
    for _ in 0..8 {
        bed.advance(Duration::from_secs(200)).await;
    }
    assert_eq!(acme.asked("POST /invitations").len(), 1, "a second mail would be worse than none");
    let parked = bed.parked().await;
    assert_eq!(parked.len(), 1, "{parked:?}");
    assert!(parked[0].contains("whether it happened could not be looked up"), "{parked:?}");
}

#[tokio::test]
async fn d13_what_was_refused_before_an_answer_got_lost_does_not_count_as_a_look() {
    let times = AtomicU32::new(0);
    let acme = Acme::start(move |request: &Asked| -> Told {
        match request.line.as_str() {
            "POST /invitations" => match times.fetch_add(1, Ordering::SeqCst) {
                0 | 1 => 429.into(),
                2 => 500.into(),
                _ => json!({ "id": "i1" }).into(),
            },
            _ => 404.into(),
        }
    })
    .await;
    let bed = Bed::with_vendor(&looked_up(), RULES, &acme.url, &SECRETS).await;
    bed.enter().await;
    for _ in 0..8 {
        bed.advance(Duration::from_secs(200)).await;
    }
    assert_eq!(acme.asked("POST /invitations").len(), 4);
    assert_eq!(acme.asked("GET /find").len(), 2, "it must miss twice before the invitation is sent again");
}

#[tokio::test]
async fn d13_a_refused_second_step_does_not_make_the_first_one_undone() {
    let text = vendor(BEARER, "  find: { request: { get: /find }, take: { invitation_id: $.id } }\n").replace(
        "    request: { post: /invitations, json: { email: \"{{candidate.email}}\", test: \"{{test.id}}\" } }\n    \
         take: { invitation_id: $.id }\n",
        "    steps:\n      - { name: person, request: { post: /people, json: { email: \"{{candidate.email}}\" } } }\n      \
         - { name: order, request: { post: /invitations }, take: { invitation_id: $.id } }\n    \
         on_unknown: lookup\n    lookup: find\n",
    );
    let acme = Acme::start(|request: &Asked| -> Told {
        match request.line.as_str() {
            "POST /invitations" => 429.into(),
            _ => json!({ "id": "i1" }).into(),
        }
    })
    .await;
    let bed = Bed::with_vendor(&text, RULES, &acme.url, &SECRETS).await;
    bed.enter().await;
    for _ in 0..4 {
        bed.advance(Duration::from_secs(200)).await;
    }
    assert_eq!(acme.asked("POST /people").len(), 1, "a second candidate at the vendor");
    assert_eq!(acme.asked("GET /find").len(), 1, "it is looked up first");
}

#[tokio::test]
async fn whoever_waits_for_a_slow_vendor_holds_up_nobody_who_does_not() {
    let sent = AtomicU32::new(0);
    let acme = Acme::start(move |_| json!({ "id": format!("i{}", sent.fetch_add(1, Ordering::SeqCst)) }).into()).await;
    let vendor = format!("{}rate: {{ per_hour: 60, burst: 3 }}\n", vendor(BEARER, ""));
    let rules = format!(
        "{RULES}  - name: screened\n    trigger: candidateStageChange\n    when: {{ to_stage: Recruiter screen }}\n    \
         do: [{{ add_tag: Screened }}]\n"
    );
    let bed = Bed::with_vendor(&vendor, &rules, &acme.url, &SECRETS).await;
    // One invitation a minute, and more candidates than leverd works for at once.
    let names: Vec<_> = (0..60).map(|n| format!("Candidate {n}")).collect();
    for (n, name) in names.iter().enumerate() {
        bed.candidate(name, Some(&format!("c{n}@example.com")), &[]);
        bed.control().move_stage(name, STAGE).unwrap();
    }
    acme.until("POST /invitations", 1).await;
    bed.control().move_stage(ADA, "Recruiter screen").unwrap();
    let began = Instant::now();
    while !bed.tags(ADA).contains(&"Screened".to_owned()) {
        assert!(began.elapsed() < Duration::from_secs(30), "one slow vendor holds up what Lever is to be told");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Who waits is told what for.
    let mut waiting = 0;
    for name in &names {
        waiting += usize::from(bed.said(name).await.iter().any(|line| line.contains("this waits for its turn")));
    }
    assert!(waiting > 30, "{waiting}");
    assert!(bed.parked().await.is_empty());
}

#[tokio::test]
async fn no_call_of_a_vendor_passes_an_earlier_one_of_the_same_candidate() {
    let down = Arc::new(AtomicBool::new(false));
    let fails = Arc::clone(&down);
    let acme = Acme::start(move |asked| match asked.line.as_str() {
        // The first call has to wait for a token, and the second one could have one.
        "POST /token" if fails.swap(false, Ordering::SeqCst) => 503.into(),
        "POST /token" => json!({ "access_token": "tok", "expires_in": 3600 }).into(),
        _ => json!({ "id": "i1" }).into(),
    })
    .await;
    let auth = "auth: { client_credentials: { url: /token, id: app, secret: \"{{secret.api_key}}\" } }";
    let calls = "  first: { request: { post: /first }, on_unknown: repeat }\n  second: { request: { post: /second }, on_unknown: repeat }\n  \
                 result:";
    let vendor = vendor(auth, "").replacen("  result:", calls, 1);
    let rules = "rules:\n  - name: both\n    trigger: candidateStageChange\n    when: { to_stage: Assessment }\n    do: [{ call: { operation: \
                 first } }, { call: { operation: second } }]\n";
    let bed = Bed::with_vendor(&vendor, rules, &acme.url, &SECRETS).await;
    down.store(true, Ordering::SeqCst);
    bed.enter().await;
    acme.until("POST /second", 1).await;
    acme.until("POST /first", 1).await;
    let order: Vec<_> = acme.asked("POST /").into_iter().map(|asked| asked.line).filter(|line| line != "POST /token").collect();
    assert_eq!(order, ["POST /first", "POST /second"]);
}
