//! Accepting connections: headers within ten seconds, HTTP/1.1 only, a drain of ten seconds at the end.

use super::{Peer, Shared, Stop, router};
use axum::{Extension, Router};
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A connection that has not sent its headers by then is closed.
const HEADERS: Duration = Duration::from_secs(10);
/// What is under way may take this long when we stop.
const DRAIN: Duration = Duration::from_secs(10);
/// After a failed accept (out of descriptors) others get a chance.
const PAUSE: Duration = Duration::from_millis(50);

/// Where leverd listens.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
}

impl Door {
    /// Opens the address; port 0 takes any free one.
    pub async fn open(address: SocketAddr) -> std::io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await? })
    }

    /// The address that is open.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// The routes for one connection: handlers may ask whose it is.
struct From {
    peer: Peer,
    router: TowerToHyperService<Router>,
}

impl Service<Request<Incoming>> for From {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.router.call(request)
    }
}

/// Serves until cancelled, then answers what is under way.
pub async fn serve(door: Door, shared: Shared, cancel: CancellationToken) {
    if let Ok(address) = door.address() {
        shared.node.access.listens(address);
    }
    let router = router(shared).layer(Extension(Stop(cancel.clone())));
    let graceful = GracefulShutdown::new();
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(64 * 1024);
    loop {
        let (stream, peer) = tokio::select! {
            () = cancel.cancelled() => break,
            accepted = door.listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
        };
        // Answers are small; waiting to fill a packet only delays them.
        drop(stream.set_nodelay(true));
        let service = From { peer: Peer(peer), router: TowerToHyperService::new(router.clone()) };
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // A peer that goes away is no news.
            drop(watched.await);
        });
    }
    drop(door);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}
