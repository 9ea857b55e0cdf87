//! The example of a vendor that nobody had written: its pack is YAML alone, and its stand-in stands here, so that nothing in leverd
//! knows of it. The invitation takes two calls; its webhooks are signed over body and time.

use super::*;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What the vendor knows: orders by the key that makes them once only, and what it was asked, in order.
#[derive(Clone, Default)]
struct Vendor {
    orders: Arc<Mutex<BTreeMap<String, String>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

#[expect(clippy::unused_async, reason = "axum wants handlers to be async")]
impl Vendor {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}/v1", listener.local_addr().unwrap());
        let routes = Router::new()
            .route("/packages", get(Self::packages))
            .route("/people", post(Self::person))
            .route("/orders", post(Self::order).get(Self::find));
        let app = Router::new().nest("/v1", routes).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        base
    }

    fn note(&self, what: &str) {
        self.asked.lock().unwrap().push(what.to_owned());
    }

    async fn packages() -> Json<Value> {
        let packages = json!([
            { "slug": "backend", "name": TEST, "archived": false, "duration_minutes": 45 },
            { "slug": "old", "name": "Old", "archived": true },
        ]);
        Json(json!({ "items": packages, "next_cursor": null, "has_more": false }))
    }

    async fn person(State(this): State<Self>, headers: HeaderMap, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
        assert!(headers["authorization"].to_str().unwrap().starts_with("Basic "));
        this.note(&format!("person {}", body["email"].as_str().unwrap()));
        (StatusCode::CREATED, Json(json!({ "id": "per_1" })))
    }

    async fn order(State(this): State<Self>, headers: HeaderMap, body: String) -> (StatusCode, Json<Value>) {
        let key = headers["idempotency-key"].to_str().unwrap().to_owned();
        let fields: BTreeMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        this.note(&format!("order {} for {}", fields["package"], fields["person"]));
        let mut orders = this.orders.lock().unwrap();
        let id = format!("ord_{}", orders.len() + 1);
        let id = orders.entry(key).or_insert(id).clone();
        (StatusCode::CREATED, Json(shown(&id)))
    }

    async fn find(State(this): State<Self>, Query(query): Query<BTreeMap<String, String>>) -> Json<Value> {
        this.note("find");
        let found = this.orders.lock().unwrap().get(&query["idempotency_key"]).map(|id| shown(id));
        Json(json!({ "items": found.into_iter().collect::<Vec<_>>() }))
    }
}

fn shown(id: &str) -> Value {
    json!({ "id": id, "expires": 4_102_444_800_i64, "links": { "start": format!("/start/{id}") } })
}

/// A delivery of the vendor; `secret` as it signs.
async fn tell(shop: &Shop, secret: &str, body: &Value) -> u16 {
    let (body, seconds) = (body.to_string(), jiff::Timestamp::now().as_second());
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let tag = mac.chain_update(format!("{seconds}.{body}")).finalize().into_bytes();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(shop.hook()).header("x-signature", format!("t={seconds},v1={}", leverd::model::hex(&tag)));
    let status = request.body(body).send().await.unwrap().status().as_u16();
    shop.rest().await;
    status
}

fn events(events: &Value) -> Value {
    json!({ "events": events })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_is_yaml_alone_invites_in_two_steps_and_is_believed_by_its_signature() {
    let vendor = Vendor::default();
    let base = vendor.start().await;
    let shop = Shop::of_folder("two-step", "examples/adapters/two-step", &base).await;
    shop.enter(ADA).await;
    assert_eq!(*vendor.asked.lock().unwrap(), [format!("person {EMAIL}"), "order backend for per_1".to_owned()]);
    assert_eq!(shop.tags(ADA), [TEST, "Backend: ordered"]);

    let secret = vendor_webhook_secret("two-step");
    let report = format!("{base}/r/1");
    // What happened before the pack became active fires nothing, and this vendor's times have no fractions.
    let at = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(1)).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    let done = json!([
        { "type": "order.started", "at": at, "order": { "id": "ord_1" } },
        { "type": "order.completed", "at": at, "order": { "id": "ord_1", "score": 30, "max_score": 40, "result": "clear", "report": report } },
    ]);
    assert_eq!(tell(&shop, "another secret", &events(&done)).await, 401);
    assert_eq!(shop.tags(ADA), [TEST, "Backend: ordered"]);
    assert_eq!(tell(&shop, &secret, &events(&done)).await, 200);
    let parked = shop.world.node.store.parked(None).await.unwrap();
    assert!(parked.is_empty(), "{parked:?}");
    assert_eq!(shop.tags(ADA), [TEST, "Backend: clear"]);
    assert_eq!(shop.notes(ADA), [format!("Backend: 75 % — {report}")]);
    // Its own words are enough: nothing was read back.
    assert_eq!(vendor.asked.lock().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vendor_hears_its_challenge() {
    let vendor = Vendor::default();
    let shop = Shop::of_folder("two-step", "examples/adapters/two-step", &vendor.start().await).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = json!({ "type": "challenge", "challenge": "abc" }).to_string();
    assert_eq!(client.post(shop.hook()).body(body).send().await.unwrap().text().await.unwrap(), "abc");
}
