//! The door: whatever bytes come, from however slow a sender, leverd answers everybody else, and nothing that is not signed or asked
//! for leads to anything.

use crate::dice::Dice;
use crate::flow::bed::{ADA, Bed, EMAIL, TEST};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PATH: &str = "/hooks/lever/demo/candidateStageChange";
/// As many mangled requests as there are tried.
const ROUNDS: usize = 1_200;
/// Nobody has to wait so long for an answer or for the end of a connection, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends bytes on a connection of their own, and reads until the other side closes or has answered.
async fn raw(bed: &Bed, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(bed.world.address).await.unwrap();
    // It may be closed before all of it is taken.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the connection stayed open: {}", String::from_utf8_lossy(bytes));
    answer
}

fn request(line: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let more = headers.iter().fold(String::new(), |more, header| more + header + "\r\n");
    format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{more}\r\n{body}", body.len())
        .into_bytes()
}

/// Cuts, repeats, swaps and inserts what HTTP, JSON and URLs are made of.
fn mangle(dice: &mut Dice, mut bytes: Vec<u8>) -> Vec<u8> {
    const BITS: [&[u8]; 22] = [
        b"\r\n",
        b"\n",
        b"\0",
        b"%00",
        b"%2e%2e%2f",
        b"../",
        b"//",
        b"?",
        b"&",
        b"{",
        b"}",
        b"[",
        b"\"",
        b"\\u0000",
        b"\xff\xfe",
        b"content-length: 7\r\n",
        b"content-length: 99999999999999999999\r\n",
        b"transfer-encoding: chunked\r\n",
        b"1e999",
        b"expect: 100-continue\r\n",
        b"cookie: leverd=x; leverd=y\r\n",
        b"ffffffff\r\n",
    ];
    let at = |dice: &mut Dice, end: usize| usize::try_from(dice.below(end as u64 + 1)).unwrap();
    for _ in 0..=dice.below(5) {
        let start = at(dice, bytes.len());
        let end = (start + at(dice, 20)).min(bytes.len());
        match dice.below(5) {
            0 => drop(bytes.drain(start..end)),
            1 => {
                let piece = bytes[start..end].repeat(1 + at(dice, 40));
                bytes.splice(start..start, piece).for_each(drop);
            }
            2 | 3 => drop(bytes.splice(start..start, dice.pick(&BITS).iter().copied())),
            _ => {
                if let Some(byte) = bytes.get_mut(start) {
                    *byte = u8::try_from(dice.below(256)).unwrap();
                }
            }
        }
    }
    bytes
}

#[tokio::test]
async fn mangled_requests_to_every_door_break_nothing_and_lead_to_nothing() {
    let bed = Bed::start().await;
    let at = bed.control().clock().now_ms();
    let data = json!({ "opportunityId": bed.id(ADA), "toStageId": "x", "fromStageId": "y" });
    let signed = bed.signed("candidateStageChange", "t1", at, data).await.to_string();
    let form = ["content-type: application/x-www-form-urlencoded"];
    let seeds = [
        request(&format!("POST {PATH}"), &["content-type: application/json"], &signed),
        request("POST /hooks/lever/candidateStageChange", &[], &signed),
        request("POST /hooks/qualified/demo/some-token", &["x-forwarded-for: 203.0.113.9"], r#"{"event":"assessment.scored"}"#),
        request("PUT /hooks/qualified/demo/some-token", &[], ""),
        request("GET /ask/demo/aaaa.bbbb", &[], ""),
        request("POST /ask/demo/aaaa.bbbb", &form, "choice=1"),
        request("GET /oauth/lever/start?account=demo&ticket=t", &[], ""),
        request("GET /oauth/lever/callback?state=demo.s&code=c", &[], ""),
        request("GET /health/ready", &[], ""),
        request("GET /health", &[], ""),
        request("GET /metrics", &[], ""),
        request("GET /console", &["cookie: leverd=abc"], ""),
        request("POST /console/login", &form, "name=a&password=b"),
        request("GET /console/candidates?q=ada", &["cookie: leverd=abc"], ""),
        request("POST /console/parked", &form, "do=retry&token=x"),
        request("GET /console/try", &[], ""),
    ];
    let mut dice = Dice::new(0x1EAF);
    let mut answered = 0;
    for round in 0..ROUNDS {
        // Each of them unharmed first: the mangled ones start where something is.
        let seed = seeds.get(round).cloned();
        let bytes = seed.unwrap_or_else(|| {
            let seed = dice.pick(&seeds).clone();
            mangle(&mut dice, seed)
        });
        let answer = raw(&bed, &bytes).await;
        let status = String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
        assert!(status.is_none_or(|status| status < 500 || status == 503), "{status:?} to {}", String::from_utf8_lossy(&bytes));
        answered += usize::from(status.is_some());
    }
    assert!(answered > ROUNDS / 2, "{answered} answers");
    bed.rest().await;
    assert!(bed.mails().is_empty() && bed.notes(ADA).is_empty());
    // And all is as before.
    bed.enter().await;
    assert_eq!(bed.mails(), [format!("{EMAIL}: {TEST}")]);
    assert!(bed.parked().await.is_empty(), "{:?}", bed.parked().await);
}

#[tokio::test]
async fn bodies_nested_beyond_measure_are_refused_and_cost_nothing() {
    let bed = Bed::start().await;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        assert_eq!(bed.post(PATH, deep.clone()).await.0, 400);
        assert_eq!(bed.post("/hooks/lever/candidateStageChange", deep).await.0, 400);
    }
    // Signed, and deep in the part that the signature does not cover.
    let at = bed.control().clock().now_ms();
    let good = bed.signed("candidateStageChange", "t1", at, json!({ "opportunityId": "MARK" })).await.to_string();
    let deep = good.replace("\"MARK\"", &format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000)));
    assert_eq!(bed.post(PATH, deep).await.0, 400);
    bed.rest().await;
    assert!(bed.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_senders_hold_nobody_up_and_are_cut_off() {
    let bed = Bed::start().await;
    let mut slow = Vec::new();
    for n in 0..200 {
        let mut stream = TcpStream::connect(bed.world.address).await.unwrap();
        // Some never end their headers, some never send the body they promised, some never say a word.
        let begun = [
            format!("POST {PATH} HTTP/1.1\r\nhost: x\r\nx-slow: "),
            format!("POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{{"),
            String::new(),
        ];
        stream.write_all(begun[n % 3].as_bytes()).await.unwrap();
        slow.push(stream);
    }
    // Everybody else is served meanwhile.
    bed.enter().await;
    assert_eq!(bed.mails(), [format!("{EMAIL}: {TEST}")]);
    for (n, mut stream) in slow.into_iter().enumerate() {
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "connection {n} is still open");
        let status = String::from_utf8_lossy(&answer).split(' ').nth(1).map(str::to_owned);
        assert!(status.as_deref().is_none_or(|status| status == "408"), "{status:?}");
    }
}
