//! At the door: repeated, reordered, forged and broken deliveries.

use super::bed::{ADA, Bed, EMAIL, STAGE, Setting, TEST, quick};
use leverd::sim::{Delivery, Faults};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const PATH: &str = "/hooks/lever/demo/candidateStageChange";
const BOB: &str = "Bob Example";

/// The first stage change that Lever told of.
fn told(bed: &Bed) -> Delivery {
    bed.control().deliveries().into_iter().find(|delivery| delivery.event == "candidateStageChange").unwrap()
}

#[tokio::test]
async fn d01_d05_ten_copies_at_once_invite_once() {
    let bed = Bed::with(Setting {
        faults: Faults { duplicate_deliveries: 9, concurrent_deliveries: true, ..quick() },
        ..Setting::default()
    })
    .await;
    bed.enter().await;
    assert_eq!(bed.mails(), [format!("{EMAIL}: {TEST}")]);
    assert_eq!(bed.count("POST /api/v1/assessment_invitations/invite_candidates"), 1);
    assert_eq!(bed.count("GET /v1/opportunities/{id}"), 1);
    assert_eq!(bed.count("POST /v1/opportunities/{id}/addTags"), 1);
    bed.control().start_assessment(EMAIL, TEST).unwrap();
    bed.control().submit_assessment(EMAIL, TEST, 50.0).unwrap();
    bed.rest().await;
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Submitted")]);
    assert_eq!(bed.notes(ADA).len(), 1, "{:?}", bed.notes(ADA));
    assert!(bed.parked().await.is_empty(), "{:?}", bed.parked().await);
}

#[tokio::test]
async fn d01_d05_ten_copies_that_their_successors_overtake_invite_once() {
    let bed = Bed::start().await;
    let control = bed.control();
    control.set_faults(|faults| {
        (faults.duplicate_deliveries, faults.concurrent_deliveries) = (9, true);
        (faults.hold_deliveries, faults.swap_deliveries) = (true, true);
    });
    for stage in [STAGE, "Recruiter screen", STAGE] {
        control.move_stage(ADA, stage).unwrap();
    }
    control.release_deliveries();
    control.set_faults(|faults| faults.hold_deliveries = false);
    bed.rest().await;
    control.release_deliveries();
    bed.rest().await;
    assert_eq!(bed.mails(), [format!("{EMAIL}: {TEST}")]);
    assert_eq!(bed.count("POST /api/v1/assessment_invitations/invite_candidates"), 1);
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Invited")]);
}

#[tokio::test]
async fn d05_who_has_moved_on_before_we_looked_is_not_invited() {
    let bed = Bed::start().await;
    let control = bed.control();
    control.set_faults(|faults| (faults.hold_deliveries, faults.swap_deliveries) = (true, true));
    control.move_stage(ADA, STAGE).unwrap();
    control.move_stage(ADA, "On-site interview").unwrap();
    control.release_deliveries();
    bed.rest().await;
    assert!(bed.mails().is_empty());
    let said = bed.said(ADA).await;
    assert!(said.iter().any(|said| said.contains("On-site interview")), "{said:?}");
}

#[tokio::test]
async fn d05_a_webhook_registered_twice_is_one_event() {
    let bed = Bed::start().await;
    let account = bed.world.node.account(&bed.account()).unwrap();
    let url = format!("http://{}{PATH}", bed.world.address);
    let (_, token) = bed.control().create_webhook("candidateStageChange", &url).unwrap();
    account.accept(leverd::model::Secret::new(token));
    bed.enter().await;
    // Two registrations, two tokens, two deliveries; one stage change at one time.
    assert_eq!(bed.control().deliveries().iter().filter(|delivery| delivery.event == "candidateStageChange").count(), 2);
    assert_eq!(bed.mails().len(), 1);
    assert_eq!(bed.count("POST /v1/opportunities/{id}/addTags"), 1);
}

#[tokio::test]
async fn d01_rerun_under_a_new_token_invites_nobody_again() {
    let bed = Bed::start().await;
    bed.enter().await;
    bed.calls();
    bed.control().set_faults(|faults| faults.new_token_on_rerun = true);
    bed.control().rerun(told(&bed).id).unwrap();
    bed.rest().await;
    assert_eq!(bed.mails().len(), 1);
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Invited")]);
    // It costs the read that shows that it is the same change.
    assert_eq!(bed.calls(), ["GET /v1/opportunities/{id}"]);
}

#[tokio::test]
async fn the_same_token_and_body_is_answered_200_and_changes_nothing() {
    let bed = Bed::start().await;
    bed.enter().await;
    bed.calls();
    let delivery = told(&bed);
    let (status, _) = bed.post(PATH, delivery.body.to_string()).await;
    assert_eq!(status, 200);
    bed.rest().await;
    assert!(bed.calls().is_empty());
    assert_eq!(bed.mails().len(), 1);
}

#[tokio::test]
async fn another_body_under_a_used_token_is_not_acted_on() {
    let bed = Bed::start().await;
    bed.candidate(BOB, Some("bob@example.com"), &[TEST]);
    bed.enter().await;
    let mut forged = told(&bed).body;
    let bob = bed.id(BOB);
    let data = &mut forged["data"];
    (data["opportunityId"], data["candidateId"]) = (json!(bob), json!(bob));
    // Lever's signature covers neither, so it fits. More than three bodies under one token are not even looked at.
    for n in 0..6 {
        forged["data"]["n"] = json!(n);
        let (status, text) = bed.post(PATH, forged.to_string()).await;
        assert_eq!(status, 200);
        assert_eq!(text.is_empty(), n < 3, "{n}: {text}");
    }
    bed.advance(Duration::from_secs(120)).await;
    bed.advance(Duration::from_secs(1_200)).await;
    assert_eq!(bed.mails(), [format!("{EMAIL}: {TEST}")]);
    assert_eq!(bed.tags(BOB), [TEST]);
    assert!(bed.parked().await.is_empty(), "{:?}", bed.parked().await);
}

#[tokio::test]
async fn another_body_that_lever_confirms_counts() {
    let bed = Bed::start().await;
    bed.candidate(BOB, Some("bob@example.com"), &[TEST]);
    bed.enter().await;
    let mut hint = told(&bed).body;
    bed.control().set_faults(|faults| faults.hold_deliveries = true);
    bed.control().move_stage(BOB, STAGE).unwrap();
    let bob = bed.id(BOB);
    (hint["data"]["opportunityId"], hint["data"]["candidateId"]) = (json!(bob), json!(bob));
    assert_eq!(bed.post(PATH, hint.to_string()).await.0, 200);
    bed.rest().await;
    assert_eq!(bed.mails().len(), 2);
    // Lever's own delivery then tells nothing new.
    bed.control().set_faults(|faults| faults.hold_deliveries = false);
    bed.control().release_deliveries();
    bed.rest().await;
    assert_eq!(bed.mails().len(), 2);
}

#[tokio::test]
async fn refusals_have_the_status_of_the_design_and_are_counted() {
    let bed = Bed::start().await;
    let at = bed.control().clock().now_ms();
    let data = json!({ "opportunityId": bed.id(ADA), "toStageId": "x", "fromStageId": "y" });
    let good = bed.signed("candidateStageChange", "t1", at, data.clone()).await;
    let with = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body.to_string()
    };

    assert_eq!(bed.post(PATH, "{\"event\": \"candidateStage").await.0, 400);
    assert_eq!(bed.post(PATH, "[1]").await.0, 400);
    assert_eq!(bed.post(PATH, with("signature", json!("00".repeat(32)))).await.0, 401);
    assert_eq!(bed.post(PATH, with("token", json!("another"))).await.0, 401);
    assert_eq!(bed.post(PATH, with("triggeredAt", json!(at + 1))).await.0, 401);
    // The event is not covered by the signature: bound to the path instead.
    assert_eq!(bed.post(PATH, with("event", json!("candidateHired"))).await.0, 422);
    // “Verify connection”, whatever event it names.
    assert_eq!(bed.post(PATH, with("data", json!({}))).await.0, 200);
    let mut ping = bed.signed("candidateHired", "t2", at, json!({})).await;
    ping["event"] = json!("candidateHired");
    assert_eq!(bed.post(PATH, ping.to_string()).await.0, 200);
    assert_eq!(bed.post("/hooks/lever/demo/candidateMoved", good.to_string()).await.0, 404);
    assert_eq!(bed.post("/hooks/lever/nobody/candidateStageChange", good.to_string()).await.0, 404);
    assert_eq!(bed.post("/hooks/qualified/demo/not-the-token", "{}").await.0, 401);
    assert_eq!(large(&bed).await, 413);

    bed.rest().await;
    assert!(bed.calls().is_empty());
    let refused = bed.refused().await;
    let counted = |what: &str| refused.iter().filter(|(said, _)| said.starts_with(what)).map(|(_, count)| count).sum::<u64>();
    let counts = ["lever: 400", "lever: 401", "lever: 422", "lever: 413", "qualified: 401"].map(counted);
    assert_eq!(counts, [2, 3, 1, 1, 1], "{refused:?}");
    let metrics = bed.get("/metrics").await;
    for status in [400, 401, 413, 422] {
        let line =
            metrics.lines().find(|line| line.starts_with("leverd_refused_total{") && line.contains(&format!("\"{status}\"")));
        assert!(line.is_some(), "{status}: {metrics}");
    }
}

/// Two megabytes, signed or not; the answer comes before all of it is taken.
async fn large(bed: &Bed) -> u16 {
    let mut stream = tokio::net::TcpStream::connect(bed.world.address).await.unwrap();
    let size = 2 * 1024 * 1024;
    stream.write_all(format!("POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n").as_bytes()).await.unwrap();
    let (mut from, mut to) = stream.split();
    let send = async {
        for _ in 0..size / 4096 {
            if to.write_all(&[b' '; 4096]).await.is_err() {
                return;
            }
        }
    };
    let mut answer = [0; 64];
    let receive = async { from.read(&mut answer).await };
    let ((), read) = tokio::join!(send, receive);
    let text = String::from_utf8_lossy(&answer[..read.unwrap()]).into_owned();
    text.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_there_is_room_for_is_answered_503_and_all_that_was_accepted_is_kept() {
    let bed = Bed::start().await;
    let store = bed.world.config.with_file_name("leverd.db");
    let kept = || {
        let db = rusqlite::Connection::open_with_flags(&store, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        db.query_row("SELECT count(*) FROM delivery WHERE source LIKE '%qualified%'", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let before = kept();
    // Another program writes, and the store has to wait for it.
    let other = rusqlite::Connection::open(&store).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let url = format!("http://{}/hooks/qualified/demo/demo-path-token-of-no-value", bed.world.address);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = |n: usize| json!({ "event": "nothing known", "n": n, "pad": "x".repeat(1_000 * 1024) }).to_string();
    let send = |n: usize| {
        let sent = http.post(&url).header("content-type", "application/json").body(body(n)).send();
        tokio::spawn(async move { sent.await.unwrap().status().as_u16() })
    };
    let sent: Vec<_> = (0..90).map(send).collect();
    // Those for whom there is no room are answered while the others wait.
    while sent.iter().filter(|one| one.is_finished()).count() < 20 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    other.execute_batch("COMMIT").unwrap();
    let mut answers = Vec::new();
    for one in sent {
        answers.push(one.await.unwrap());
    }
    let count = |status: u16| answers.iter().filter(|answered| **answered == status).count();
    let (accepted, shed) = (count(200), count(503));
    assert_eq!(accepted + shed, 90, "{answers:?}");
    // 64 MiB of them wait, and no more.
    assert!((20..=70).contains(&shed) && accepted >= 20, "{accepted} accepted, {shed} not");
    assert_eq!(kept() - before, i64::try_from(accepted).unwrap());
    // Whoever comes again is taken.
    assert_eq!(send(1_000).await.unwrap(), 200);
}
