//! The door: webhooks in, health and metrics out, the API for programs, and the console for people.
//!
//! A request is limited, read whole, handed to [`crate::runtime::intake`] and answered with what that says; no route knows a rule or
//! a vendor. Connections are served by a loop of our own, because a header that never ends must not hold one for ever.

pub mod api;
mod ask;
mod console;
pub mod errand;
mod health;
mod hooks;
mod listen;
mod oauth;
mod page;
pub mod side;

pub use listen::{Door, serve};

use crate::runtime::Node;
use axum::Router;
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What every handler may use.
#[derive(Clone)]
pub struct Shared {
    pub node: Arc<Node>,
    /// `None` where metrics were not installed.
    pub metrics: Option<PrometheusHandle>,
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// What ends answers that go on for ever.
#[derive(Debug, Clone)]
pub(crate) struct Stop(pub(crate) CancellationToken);

/// Every route.
pub fn router(shared: Shared) -> Router {
    Router::new()
        .route("/hooks/lever/{account}/{event}", post(hooks::lever).get(hooks::here))
        .route("/hooks/lever/{event}", post(hooks::lever_shared))
        // Partners of some applicant tracking systems tell completion by PATCH or PUT.
        .route("/hooks/{vendor}/{connection}/{token}", post(hooks::vendor).patch(hooks::vendor).put(hooks::vendor))
        .route("/ask/{account}/{token}", get(ask::show).post(ask::answer))
        .route("/oauth/lever/start", get(oauth::start))
        .route("/oauth/lever/callback", get(oauth::callback))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/health", get(health::detail))
        .route("/metrics", get(health::metrics))
        .merge(api::router(shared.clone()))
        .merge(console::router(shared.clone()))
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(hooks::panicked))
        .with_state(shared)
}
