//! A vendor of the test's own on loopback: what it is asked is kept, and a function answers.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `GET /results/i1?state=done`.
    pub(crate) line: String,
    pub(crate) authorization: String,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// What is answered.
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Value,
}

impl From<Value> for Told {
    fn from(body: Value) -> Self {
        Self { status: 200, headers: Vec::new(), body }
    }
}

impl From<u16> for Told {
    fn from(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: json!({}) }
    }
}

type Answer = dyn Fn(&Asked) -> Told + Send + Sync;

#[derive(Clone)]
struct Shared {
    asked: Arc<Mutex<Vec<Asked>>>,
    answer: Arc<Answer>,
}

pub(crate) struct Acme {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Acme {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Acme {
    /// Starts with one test in the catalogue, `Java` under `t1`; everything else is the function's to answer.
    pub(crate) async fn start(answer: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let shared = Shared { asked: Arc::clone(&asked), answer: Arc::new(answer) };
        let router = Router::new().fallback(answered).with_state(shared);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, asked, task }
    }

    /// The requests so far that begin so.
    pub(crate) fn asked(&self, line: &str) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.line.starts_with(line)).cloned().collect()
    }

    /// Waits until there are so many requests that begin so.
    pub(crate) async fn until(&self, line: &str, count: usize) {
        let started = Instant::now();
        while self.asked(line).len() < count {
            assert!(started.elapsed() < Duration::from_secs(20), "`{line}` was asked {} times", self.asked(line).len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn answered(State(shared): State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let authorization = headers.get("authorization").and_then(|text| text.to_str().ok()).unwrap_or_default().to_owned();
    let body = String::from_utf8_lossy(&body).into_owned();
    let asked = Asked { line: format!("{method} {uri}"), authorization, body };
    let told = if uri.path() == "/tests" {
        Told::from(json!({ "tests": [{ "id": "t1", "name": "Java" }] }))
    } else {
        (shared.answer)(&asked)
    };
    shared.asked.lock().unwrap().push(asked);
    let status = StatusCode::from_u16(told.status).unwrap();
    let mut response = (status, axum::Json(told.body)).into_response();
    for (name, text) in told.headers {
        response.headers_mut().insert(name, text.parse().unwrap());
    }
    response
}
