//! News for open pages: server-sent events that say no more than that something happened. A page asks for itself again then, so there is
//! one way only in which a page is made.

use super::{Shared, Stop};
use axum::Extension;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

/// So many pages may be told of news at once.
static AT_ONCE: Semaphore = Semaphore::const_new(256);
/// How often it is looked whether there is news, which also gives bursts time to end.
const LOOK: Duration = Duration::from_secs(1);
/// After so many looks without news a line says that we are still there.
const SILENT: u32 = 20;
/// A stream ends after this many looks; the browser comes back by itself, with the session of then.
const LONGEST: u32 = 600;

/// Lines as they come.
struct Lines(mpsc::Receiver<Bytes>);

impl HttpBody for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|line| line.map(|line| Ok(Frame::data(line))))
    }
}

pub(super) async fn stream(State(shared): State<Shared>, stop: Option<Extension<Stop>>) -> Response {
    let Ok(permit) = AT_ONCE.try_acquire() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many pages are open").into_response();
    };
    let (lines, received) = mpsc::channel(4);
    let stop = stop.map(|Extension(Stop(stop))| stop).unwrap_or_default();
    tokio::spawn(async move {
        let _permit = permit;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tell(shared, lines) => {}
        }
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::new(Lines(received))).into_response()
}

/// Tells of every change until nobody listens.
async fn tell(shared: Shared, lines: mpsc::Sender<Bytes>) {
    // What changes a page is committed to the store, or is a reload.
    let loaded = || shared.node.reloads.load().values().map(|state| state.at).max();
    let state = || (shared.node.store.commits().0, loaded());
    let (mut seen, mut silent) = (state(), 0);
    if lines.send(Bytes::from_static(b"retry: 3000\n\n")).await.is_err() {
        return;
    }
    for _ in 0..LONGEST {
        tokio::time::sleep(LOOK).await;
        let now = state();
        let line = if now == seen {
            silent += 1;
            if silent < SILENT {
                if lines.is_closed() {
                    return;
                }
                continue;
            }
            Bytes::from_static(b": still here\n\n")
        } else {
            Bytes::from_static(b"event: changed\ndata:\n\n")
        };
        (seen, silent) = (now, 0);
        if lines.send(line).await.is_err() {
            return;
        }
    }
}
