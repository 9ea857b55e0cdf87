//! The HTTP server: the only place in the simulator that knows sockets.
//!
//! It reads a request, lets the scripted faults, the service and the log act on it in one step under one lock, and then
//! sends the answer, late, garbled or not at all. Connections are served by hyper directly: closing one without an answer is
//! an error of the service, which no axum handler can return.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State as Extract;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request as HttpRequest, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use url::form_urlencoded;

use super::clock::{Clock, http_date};
use super::control::{self, Control};
use super::delivery::{Deliveries, Post};
use super::faults::{BucketMode, Faults, Misbehaviour};
use super::log::{Request, RequestLog, Service};
use super::vendors::{self, Vendors};
use super::wire::{Ask, Reply};
use super::{auth, lever};

/// Lever accepts files of 30 MB; nothing larger is read.
const LARGEST_BODY: usize = 32 * 1024 * 1024;

/// Everything that changes, under one lock.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) faults: Faults,
    pub(crate) log: RequestLog,
    pub(crate) deliveries: Deliveries,
    pub(crate) lever: lever::World,
    pub(crate) auth: auth::World,
    pub(crate) vendors: Vendors,
}

/// A simulator, shared by its server, its courier and its control handles.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    clock: Clock,
    post: Post,
    stop: CancellationToken,
}

impl Shared {
    pub(crate) fn new(state: State, clock: Clock, post: Post) -> Self {
        Self(Arc::new(Inner { state: Mutex::new(state), clock, post, stop: CancellationToken::new() }))
    }

    /// The lock; a panic elsewhere leaves data that is still good enough to look at.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn post(&self) -> &Post {
        &self.0.post
    }

    pub(crate) fn stop(&self) {
        self.0.stop.cancel();
    }

    pub(crate) async fn stopped(&self) {
        self.0.stop.cancelled().await;
    }

    /// Sends what happened meanwhile to those who listen.
    pub(crate) fn tell(&self, state: &mut State, by_api: bool) {
        let mut parcels = lever::tell(&mut state.lever, &state.faults, by_api);
        parcels.extend(state.vendors.parcels(&state.faults));
        let leaving = state.deliveries.take_in(parcels, &state.faults);
        self.0.post.send(leaving);
    }
}

/// Marks an answer that shall not be sent.
#[derive(Debug, Clone, Copy)]
struct Dropped;

/// The connection ends here without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on purpose")]
struct ConnectionDropped;

/// Accepts connections until the simulator stops; open ones are cut then.
pub(crate) async fn serve(shared: Shared, listener: TcpListener) {
    let app = Router::new().fallback(answer).with_state(shared.clone());
    loop {
        let accepted = tokio::select! {
            () = shared.stopped() => return,
            accepted = listener.accept() => accepted,
        };
        // An accept error concerns one connection; the listener lives on.
        let Ok((stream, _)) = accepted else { continue };
        tokio::spawn(connection(shared.clone(), app.clone(), stream));
    }
}

async fn connection(shared: Shared, app: Router, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: HttpRequest<Incoming>| {
        let app = app.clone();
        async move {
            let Ok(response) = app.oneshot(request.map(Body::new)).await.map_err(|never: Infallible| match never {});
            if response.extensions().get::<Dropped>().is_some() {
                return Err(ConnectionDropped);
            }
            Ok(response)
        }
    });
    let serving = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = shared.stopped() => {}
        // Callers that hang up and connections that we drop both end here; neither is news.
        _ = serving => {}
    }
}

/// The same for a request that came over no socket; `None` where the connection is dropped.
pub(crate) async fn answer_inside(shared: Shared, request: HttpRequest<Body>) -> Option<Response<Vec<u8>>> {
    let (parts, body) = answer(Extract(shared), request).await.into_parts();
    if parts.extensions.get::<Dropped>().is_some() {
        return None;
    }
    let body = axum::body::to_bytes(body, usize::MAX).await.ok()?;
    Some(Response::from_parts(parts, body.to_vec()))
}

async fn answer(Extract(shared): Extract<Shared>, request: HttpRequest<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return plain(413, &json!({ "error": "the body is too large" }));
    };
    let path = parts.uri.path().to_owned();
    let method = parts.method.as_str().to_owned();
    if let Some(rest) = path.strip_prefix("/_sim/") {
        let (status, body) = control::over_http(&Control::new(shared), &method, rest, &body).await;
        return plain(status, &body);
    }
    let (service, short) = match vendors::of_path(&path) {
        Some((listing, short)) => (Service::Vendor(listing.name), Some(short)),
        None => match path.strip_prefix("/auth") {
            Some(short) => (Service::Login, Some(short)),
            None => (Service::Lever, path.strip_prefix("/v1")),
        },
    };
    let Some(short) = short else {
        return plain(404, &json!({ "code": "ResourceNotFound", "message": format!("{path} does not exist") }));
    };
    let query = parts.uri.query().unwrap_or_default();
    let ask = Ask {
        method,
        path: short.to_owned(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        authorization: text_of(&parts.headers, &header::AUTHORIZATION),
        content_type: text_of(&parts.headers, &header::CONTENT_TYPE).unwrap_or_default(),
        headers: texts_of(&parts.headers),
        body,
    };
    let host = text_of(&parts.headers, &header::HOST).unwrap_or_default();
    let (reply, fault, delay) = act(&shared, service, &ask, &path, query, &host);
    if delay > 0 {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    let mut response = respond(&reply, shared.clock().now_ms());
    match fault {
        Some(Misbehaviour::DropAfter | Misbehaviour::DropBefore) => {
            response.extensions_mut().insert(Dropped);
        }
        Some(Misbehaviour::Garble) => *response.body_mut() = Body::from("{\"data\": [unfinished"),
        _ => {}
    }
    response
}

/// One request, from fault to log. Gives the answer, the fault that hit it, and how late it shall be sent.
fn act(
    shared: &Shared,
    service: Service,
    ask: &Ask,
    path: &str,
    query: &str,
    host: &str,
) -> (Reply, Option<Misbehaviour>, u64) {
    let mut state = shared.state();
    let state = &mut *state;
    let fault = state.faults.take_for(&ask.method, path);
    let mut delay = state.faults.response_delay_ms;
    let mut carry_out = || {
        let elapsed = match state.faults.bucket {
            BucketMode::Frozen => shared.clock().advanced(),
            _ => shared.clock().elapsed(),
        };
        let reply = match service {
            Service::Lever => lever::answer(&mut state.lever, &state.faults, ask, elapsed),
            Service::Login => auth::answer(&mut state.auth, &mut state.lever.access, &state.faults, ask),
            Service::Vendor(_) => state.vendors.answer(service, ask),
        };
        shared.tell(state, true);
        reply
    };
    let reply = match &fault {
        None | Some(Misbehaviour::DropAfter | Misbehaviour::Garble) => carry_out(),
        Some(Misbehaviour::DropBefore) => Reply::no_content(),
        Some(Misbehaviour::Slow { ms }) => {
            delay += ms;
            carry_out()
        }
        Some(Misbehaviour::Answer { status, applied, retry_after }) => {
            if *applied {
                carry_out();
            }
            let failure = Reply::new(*status, json!({ "code": "SimulatedFault", "message": "a scripted fault" }));
            match retry_after {
                Some(seconds) => failure.with_header("retry-after", seconds.to_string()),
                None => failure,
            }
        }
        Some(Misbehaviour::Redirect { location }) => {
            let same = || format!("http://{host}{path}{}{query}", if query.is_empty() { "" } else { "?" });
            Reply::bare(301).with_header("location", location.clone().unwrap_or_else(same))
        }
    };
    let dropped = matches!(fault, Some(Misbehaviour::DropAfter | Misbehaviour::DropBefore));
    state.log.push(Request {
        number: 0,
        at: shared.clock().at_ms(),
        service,
        method: ask.method.clone(),
        path: path.to_owned(),
        query: query.to_owned(),
        status: (!dropped).then_some(reply.status),
        fault: fault.as_ref().map(Misbehaviour::name),
        body: logged(service, ask),
        answer: answered(service, &reply),
    });
    (reply, fault, delay)
}

/// An answer as the log keeps it. Of a file only the size; no secrets of a login.
fn answered(service: Service, reply: &Reply) -> Option<Value> {
    let file = || reply.file.as_ref().map(|(kind, bytes)| json!(format!("{kind}, {} bytes", bytes.len())));
    let answer = reply.body.clone().or_else(file)?;
    Some(if service == Service::Login { auth::without_secrets(answer) } else { answer })
}

/// A body as the log keeps it. Of an upload only the size: files are looked at on the opportunity. No secrets of a login.
fn logged(service: Service, ask: &Ask) -> Option<Value> {
    let body = &ask.body;
    if body.is_empty() {
        return None;
    }
    if service == Service::Login {
        return Some(auth::logged(ask));
    }
    if ask.content_type.starts_with("multipart/") {
        return Some(Value::String(format!("an upload of {} bytes", body.len())));
    }
    Some(serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned())))
}

fn texts_of(headers: &HeaderMap) -> Vec<(String, String)> {
    let texts = headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    texts.collect()
}

fn text_of(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// The `Date` header follows the simulator's clock: the product compares it with its own.
fn respond(reply: &Reply, now: i64) -> Response<Body> {
    let body = match (&reply.body, &reply.file) {
        (Some(body), _) => Body::from(body.to_string()),
        (None, Some((_, bytes))) => Body::from(bytes.clone()),
        (None, None) => Body::empty(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if reply.body.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    } else if let Some((content_type, _)) = reply.file {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    let date = (header::DATE, http_date(now));
    let named = reply.headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.clone()));
    for (name, value) in named.chain([date]) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

fn plain(status: u16, body: &Value) -> Response<Body> {
    respond(&Reply::new(status, body.clone()), jiff::Timestamp::now().as_millisecond())
}
