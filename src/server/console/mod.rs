//! The console: pages for people, made here, with every link and form working without a script.
//!
//! One file is one page. What a page shows is a value that the runtime gives (`runtime::view`); nothing here reads a rule or asks a
//! vendor. [`gate`] lets people in and puts the security headers on every answer; [`html`] is the frame. The script only spares
//! reloading: it shows a page anew when something happened.

mod assets;
mod candidates;
mod connect;
mod gate;
mod html;
mod live;
mod login;
mod now;
mod oidc;
mod parked;
mod parts;
mod record;
mod rules;
mod runs;
mod trial;

use super::{Peer, Shared, Stop};
use axum::Router;
use axum::routing::{get, post};

/// The routes under `/console`.
pub(super) fn router(shared: Shared) -> Router<Shared> {
    Router::new()
        .route("/console", get(now::show))
        .route("/console/login", get(login::show).post(login::log_in))
        .route("/console/enter", get(login::enter))
        .route("/console/oidc", get(oidc::back))
        .route("/console/oidc/start", get(oidc::start))
        .route("/console/logout", post(login::log_out))
        .route("/console/candidates", get(candidates::search))
        .route("/console/candidates/{account}/{opportunity}", get(candidates::one))
        .route("/console/runs", get(runs::list))
        .route("/console/runs/{account}/{event}", get(runs::one))
        .route("/console/rules", get(rules::show))
        .route("/console/live", get(live::stream))
        .route("/console/parked", get(parked::show).post(parked::act))
        .route("/console/try", get(trial::show).post(trial::act))
        .route("/console/connect", get(connect::show).post(connect::act))
        .route("/console/record", get(record::show))
        .route("/console/static/{name}", get(assets::serve))
        .route("/console/{*rest}", get(gate::lost))
        .layer(axum::middleware::from_fn_with_state(shared, gate::keep))
}
