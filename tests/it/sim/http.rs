//! A client for the simulated services and a receiver for their webhooks.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use leverd::sim::{Sim, SimOptions};
use serde_json::Value;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) headers: reqwest::header::HeaderMap,
}

/// A simulator without rate limit and with webhooks switched on, and a client for it.
pub(crate) struct World {
    pub(crate) sim: Sim,
    pub(crate) client: reqwest::Client,
    pub(crate) user: String,
}

pub(crate) fn quick() -> SimOptions {
    let mut options = SimOptions { webhooks_enabled: true, seed: Some(7), ..SimOptions::default() };
    options.faults.bucket = leverd::sim::BucketMode::Off;
    options.faults.retry_delays_ms = vec![0];
    options.faults.vendor_retry_delay_ms = 0;
    options
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(quick()).await
    }

    pub(crate) async fn with(options: SimOptions) -> Self {
        let sim = Sim::start(options).await.unwrap();
        let policy = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().no_proxy().redirect(policy).build().unwrap();
        let user = sim.control().user_id("Assessment Integration").unwrap();
        Self { sim, client, user }
    }

    /// A Lever call with the API key; `path` without `/v1`.
    pub(crate) async fn lever(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.try_lever(method, path, body).await.unwrap()
    }

    pub(crate) async fn try_lever(&self, method: &str, path: &str, body: Option<Value>) -> reqwest::Result<Answer> {
        let url = format!("{}{path}", self.sim.lever_base_url());
        let request = self.client.request(method.parse().unwrap(), url).basic_auth("sim-lever-key", Some(""));
        send(request, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.lever("GET", path, None).await
    }

    /// Uploads one file to a Lever path.
    pub(crate) async fn upload(&self, path: &str, name: &str, kind: &str, bytes: impl Into<Vec<u8>>) -> Answer {
        let part = reqwest::multipart::Part::bytes(bytes.into()).file_name(name.to_owned()).mime_str(kind).unwrap();
        let form = reqwest::multipart::Form::new().text("note", "a part that nobody reads").part("file", part);
        let url = format!("{}{path}", self.sim.lever_base_url());
        send(self.client.post(url).basic_auth("sim-lever-key", Some("")).multipart(form), None).await.unwrap()
    }

    /// A vendor call; `path` without `/api/v1`.
    pub(crate) async fn vendor(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}{path}", self.sim.qualified_base_url());
        let request = self.client.request(method.parse().unwrap(), url).header("authorization", "sim-qualified-key");
        send(request, body).await.unwrap()
    }
}

pub(crate) async fn send(request: reqwest::RequestBuilder, body: Option<Value>) -> reqwest::Result<Answer> {
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let answer = request.send().await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Answer { status, body, headers })
}

/// Keeps what it is sent and answers with the statuses it was given, then with 200.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Value>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let receiver = Self { url, seen: Arc::default(), answers: Arc::default() };
        let app = Router::new().route("/hook", post(Self::take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        receiver
    }

    #[expect(clippy::unused_async, reason = "axum wants handlers to be async")]
    async fn take(State(this): State<Self>, body: String) -> StatusCode {
        this.seen.lock().unwrap().push(serde_json::from_str(&body).unwrap_or_default());
        let mut answers = this.answers.lock().unwrap();
        let status = if answers.is_empty() { 200 } else { answers.remove(0) };
        StatusCode::from_u16(status).unwrap()
    }

    pub(crate) fn will_answer(&self, statuses: &[u16]) {
        *self.answers.lock().unwrap() = statuses.to_vec();
    }

    pub(crate) fn seen(&self) -> Vec<Value> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn events(&self) -> Vec<String> {
        self.seen().iter().map(|body| body["event"].as_str().unwrap().to_owned()).collect()
    }
}
