//! One Lever for all accounts, in this process: it answers after a moment, holds each key to Lever's rate, and notes when a tag arrived.
//!
//! It keeps no opportunities: the id of one says when it entered the stage.

use super::project::{STAGE, TAG};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use leverd::http::Rate;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// How long an answer takes: the real one takes ten times as long.
const MOMENT: Duration = Duration::from_millis(10);

#[derive(Default)]
pub(crate) struct Lever {
    /// When the tag of an opportunity arrived, the first time.
    tagged: Mutex<HashMap<String, Instant>>,
    /// What is left for each key, and since when.
    buckets: Mutex<HashMap<String, (f64, Instant)>>,
    pub(crate) calls: AtomicU64,
    /// More than the rate allows. Must stay zero.
    pub(crate) refused: AtomicU64,
    /// A tag that came again. Must stay zero where nothing is killed.
    pub(crate) again: AtomicU64,
}

impl Lever {
    pub(crate) async fn start() -> (SocketAddr, Arc<Self>) {
        let lever = Arc::new(Self::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new()
            .route("/v1/opportunities/{id}", get(opportunity))
            .route("/v1/opportunities/{id}/addTags", post(add_tags))
            .route("/v1/stages", get(stages))
            .with_state(Arc::clone(&lever));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (address, lever)
    }

    pub(crate) fn tagged(&self, opportunity: &str) -> Option<Instant> {
        self.tagged.lock().unwrap().get(opportunity).copied()
    }

    pub(crate) fn forget(&self) {
        self.tagged.lock().unwrap().clear();
    }

    pub(crate) fn effects(&self) -> usize {
        self.tagged.lock().unwrap().len()
    }

    /// Whether the key has a request left: a bucket as Lever's.
    async fn admits(&self, headers: &HeaderMap) -> bool {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let key = headers.get("authorization").map(|key| key.to_str().unwrap().to_owned()).unwrap_or_default();
        let now = Instant::now();
        let admitted = {
            let rate = Rate::LEVER;
            let mut buckets = self.buckets.lock().unwrap();
            let (left, since) = buckets.entry(key).or_insert((f64::from(rate.burst), now));
            *left = (*left + now.duration_since(*since).as_secs_f64() * rate.per_second).min(f64::from(rate.burst));
            *since = now;
            let admitted = *left >= 1.0;
            *left -= f64::from(u8::from(admitted));
            admitted
        };
        if !admitted {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(MOMENT).await;
        admitted
    }
}

fn shown(id: &str, tags: &[&str]) -> Value {
    let at: i64 = id.split('-').next().and_then(|at| at.parse().ok()).unwrap_or_default();
    json!({ "data": {
        "id": id, "name": "Ada Example", "contact": format!("contact-{id}"), "stage": STAGE, "tags": tags,
        "stageChanges": [{ "toStageId": STAGE, "toStageIndex": 1, "updatedAt": at, "userId": null }],
        "emails": ["ada@example.com"], "phones": [], "links": [], "sources": [], "origin": "sourced", "applications": [],
        "archived": null, "createdAt": at, "updatedAt": at, "confidentiality": "non-confidential",
    }})
}

fn limited() -> Response {
    StatusCode::TOO_MANY_REQUESTS.into_response()
}

async fn opportunity(State(lever): State<Arc<Lever>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if lever.admits(&headers).await { axum::Json(shown(&id, &[])).into_response() } else { limited() }
}

async fn add_tags(State(lever): State<Arc<Lever>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let arrived = Instant::now();
    if !lever.admits(&headers).await {
        return limited();
    }
    let known = lever.tagged.lock().unwrap().insert(id.clone(), arrived);
    if let Some(first) = known {
        lever.again.fetch_add(1, Ordering::Relaxed);
        lever.tagged.lock().unwrap().insert(id.clone(), first);
    }
    axum::Json(shown(&id, &[TAG])).into_response()
}

async fn stages(State(lever): State<Arc<Lever>>, headers: HeaderMap) -> Response {
    let data = json!({ "data": [{ "id": STAGE, "text": "Assessment" }], "hasNext": false });
    if lever.admits(&headers).await { axum::Json(data).into_response() } else { limited() }
}
