//! Webhook intake: verified, deduplicated, stored with a full commit and answered, against a bare handler that reads the body and
//! answers 200. Same run, same load: 256 connections, each with one request in flight.

use super::measure::{folder, median};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use leverd::engine::Program;
use leverd::http::{Auth, Client, Endpoint, Limits, Rate, RateGate};
use leverd::model::{AccountCatalogue, AccountId, Secret};
use leverd::runtime::Node;
use leverd::runtime::account::{Account, Active, Connection};
use leverd::runtime::clock::Clock;
use leverd::server::{self, Door, Shared};
use leverd::store::{Options, Store};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const IN_FLIGHT: usize = 256;
/// Of each connection in each round.
const REQUESTS: usize = 40;
const ROUNDS: usize = 7;
const KEY: &str = "a-signing-token-of-the-benchmark";
const PATH: &str = "/hooks/lever/acme/candidateStageChange";

pub(crate) fn run() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(compare());
}

async fn compare() {
    println!("intake: {IN_FLIGHT} requests in flight over loopback HTTP, SQLite with full commits");
    let folder = folder();
    let store = Store::open(Options::path(folder.path().join("leverd.db"))).await.unwrap();
    let node = Arc::new(Node::new(store, Clock::system(), Client::new(Limits::default())));
    node.put(account());
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder().ok();
    let cancel = CancellationToken::new();
    let door = Door::open("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (ours, bare) = (door.address().unwrap(), bare().await);
    let served = tokio::spawn(server::serve(door, Shared { node: Arc::clone(&node), metrics }, cancel.clone()));

    let (mut ratios, mut stored, mut answered) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let requests = requests(round);
        let there = rate(bare, &requests).await;
        let here = rate(ours, &requests).await;
        // The first round warms up.
        if round > 0 {
            ratios.push(here / there);
            stored.push(here);
            answered.push(there);
        }
    }
    let (commits, operations) = node.store.commits();
    println!(
        "  {:.2} x of a bare handler   {:.0} against {:.0} requests per second   {:.0} deliveries per commit",
        median(ratios),
        median(stored),
        median(answered),
        operations as f64 / commits as f64,
    );
    cancel.cancel();
    served.await.unwrap();
}

/// What reads the body and answers.
async fn bare() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().route(PATH, axum::routing::post(|_: axum::body::Bytes| async {}));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

fn account() -> Account {
    let url = url::Url::parse("http://127.0.0.1:9").unwrap();
    let lever = Connection::new(Endpoint::lever(url, Auth::None), RateGate::new(Rate::LEVER));
    let active = Active {
        program: Arc::new(Program::new(Vec::new())),
        catalogue: Arc::new(AccountCatalogue::default()),
        packs: Vec::new(),
        adapters: BTreeMap::new(),
    };
    Account::new(AccountId::new("acme"), lever, None, (vec![Secret::new(KEY)], false), BTreeMap::new(), active)
}

/// For each connection its requests, signed, as bytes.
fn requests(round: usize) -> Vec<Vec<Vec<u8>>> {
    let now = Timestamp::now().as_millisecond();
    let of = |connection: usize| (0..REQUESTS).map(move |n| request(now, &format!("{round}-{connection}-{n}"))).collect();
    (0..IN_FLIGHT).map(of).collect()
}

fn request(now: i64, name: &str) -> Vec<u8> {
    let token = format!("be58f711f349c7780e4579cd7c63341a-{name}");
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(format!("{token}{now}").as_bytes());
    let signature = mac.finalize().into_bytes().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let body = serde_json::json!({
        "id": format!("3b62d1a5-9d4c-4c1b-8a4e-{name}"),
        "event": "candidateStageChange",
        "triggeredAt": now,
        "token": token,
        "signature": signature,
        "data": {
            "opportunityId": format!("31c9716c-d4e3-47e8-a6e6-{name}"),
            "candidateId": format!("31c9716c-d4e3-47e8-a6e6-{name}"),
            "contactId": format!("7f23e772-f2cb-4ebb-b33f-{name}"),
            "fromStageId": "applicant-new",
            "toStageId": "7e4c3f10-0000-4000-8000-000000000002",
        },
    })
    .to_string();
    let length = body.len();
    format!(
        "POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Requests per second with every connection at work. The client does as little as it can: it shares the cores.
async fn rate(address: SocketAddr, requests: &[Vec<Vec<u8>>]) -> f64 {
    let mut streams = Vec::new();
    for _ in requests {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        streams.push(stream);
    }
    let start = std::time::Instant::now();
    let talks: Vec<_> = streams
        .into_iter()
        .zip(requests.iter().cloned())
        .map(|(stream, requests)| tokio::spawn(talk(stream, requests)))
        .collect();
    for talk in talks {
        talk.await.unwrap();
    }
    (requests.len() * REQUESTS) as f64 / start.elapsed().as_secs_f64()
}

/// One connection: a request, its answer, the next request.
async fn talk(mut stream: TcpStream, requests: Vec<Vec<u8>>) {
    let mut answer = [0_u8; 1024];
    for request in requests {
        stream.write_all(&request).await.unwrap();
        let mut read = 0;
        // Answers have no body: the head is all.
        while !answer[..read].ends_with(b"\r\n\r\n") {
            let more = stream.read(&mut answer[read..]).await.unwrap();
            assert!(more > 0, "the server closed the connection");
            read += more;
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..read]));
    }
}
