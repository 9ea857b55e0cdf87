//! What carries a request instead of the network: the simulation of faults, in which leverd and the world share one thread and one
//! clock. A wire knows nothing of budgets or redirects; what it brings is read as if it had come from a socket.

use axum::http::Response;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

/// Why there is no answer. The text is the cause, as the network would have told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// Nothing left: no address, no connection.
    NotSent(String),
    /// It left, and no status came.
    Lost(String),
}

/// What comes of a request.
pub type Carried<'a> = Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, Broken>> + Send + 'a>>;

/// The way to the simulated world.
pub trait Wire: Debug + Send + Sync {
    /// Carries one request, which has its headers and its whole body. The caller waits no longer than its limits say.
    fn carry(&self, request: reqwest::Request) -> Carried<'_>;
}
