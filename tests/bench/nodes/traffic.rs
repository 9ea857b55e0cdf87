//! Deliveries as Lever sends them, each signed for its account, over connections that stay.

use super::project::{STAGE, account, signing};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One delivery that was accepted.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) opportunity: String,
    pub(crate) at: Instant,
}

/// A request and the opportunity that it is about.
fn request(account_number: usize, number: usize) -> (String, Vec<u8>) {
    let now = Timestamp::now().as_millisecond();
    let (name, token) = (account(account_number), format!("token-{now}-{account_number}-{number}"));
    let mut mac = Hmac::<Sha256>::new_from_slice(signing(account_number).as_bytes()).unwrap();
    mac.update(format!("{token}{now}").as_bytes());
    let signature = mac.finalize().into_bytes().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let opportunity = format!("{now}-{account_number}-{number}");
    let body = serde_json::json!({
        "id": format!("delivery-{token}"), "event": "candidateStageChange", "triggeredAt": now, "token": token,
        "signature": signature,
        "data": {
            "opportunityId": opportunity, "candidateId": opportunity, "contactId": format!("contact-{opportunity}"),
            "fromStageId": "stage-new", "toStageId": STAGE,
        },
    })
    .to_string();
    let length = body.len();
    let head = format!(
        "POST /hooks/lever/{name}/candidateStageChange HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    (opportunity, [head.into_bytes(), body.into_bytes()].concat())
}

/// Sends one request and reads the answer, whose head is all.
async fn exchange(stream: &mut TcpStream, request: &[u8]) {
    stream.write_all(request).await.unwrap();
    let mut answer = [0_u8; 1024];
    let mut read = 0;
    while !answer[..read].ends_with(b"\r\n\r\n") {
        let more = stream.read(&mut answer[read..]).await.unwrap();
        assert!(more > 0, "the node closed the connection");
        read += more;
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..read]));
}

/// Sends so many deliveries, account after account and node after node, with so many in flight; `every` is the pause between two
/// beginnings, nothing where all shall begin as soon as they can.
pub(crate) async fn send(
    nodes: &[SocketAddr],
    accounts: usize,
    deliveries: usize,
    in_flight: usize,
    every: Option<Duration>,
) -> Vec<Sent> {
    // Each run of the benchmark tells of other opportunities.
    static BEGAN: AtomicUsize = AtomicUsize::new(0);
    let next = Arc::new(AtomicUsize::new(0));
    let base = BEGAN.fetch_add(deliveries, Ordering::Relaxed);
    let start = Instant::now();
    let talks: Vec<_> = (0..in_flight.min(deliveries))
        .map(|connection| {
            let (next, node) = (Arc::clone(&next), nodes[connection % nodes.len()]);
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(node).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let mut sent = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= deliveries {
                        return sent;
                    }
                    if let Some(every) = every {
                        tokio::time::sleep_until((start + every * u32::try_from(number).unwrap()).into()).await;
                    }
                    let (opportunity, request) = request(number % accounts, base + number);
                    let at = Instant::now();
                    exchange(&mut stream, &request).await;
                    sent.push(Sent { opportunity, at });
                }
            })
        })
        .collect();
    let mut sent = Vec::new();
    for talk in talks {
        sent.extend(talk.await.unwrap());
    }
    sent
}
