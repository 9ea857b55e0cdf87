//! Webhooks: bytes as they came, to intake.

use super::Shared;
use crate::model::{AccountId, ConnectionName, LeverEvent, VendorName};
use crate::runtime::intake::{self, Answer};
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::time::Duration;

/// The largest body.
const LARGEST: usize = 1024 * 1024;
/// A body that takes longer is given up: slow senders must not hold a connection.
const SLOWEST: Duration = Duration::from_secs(20);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, self.text).into_response()
    }
}

pub(super) async fn lever(State(shared): State<Shared>, Path((account, event)): Path<(String, String)>, body: Body) -> Answer {
    let account = AccountId::new(account);
    let (event, body) = match read(&shared, Some(&account), &event, body).await {
        Ok(read) => read,
        Err(answer) => return answer,
    };
    intake::lever(&shared.node, &account, event, &body).await
}

pub(super) async fn lever_shared(State(shared): State<Shared>, Path(event): Path<String>, body: Body) -> Answer {
    match read(&shared, None, &event, body).await {
        Ok((event, body)) => intake::lever_shared(&shared.node, event, &body).await,
        Err(answer) => answer,
    }
}

pub(super) async fn vendor(
    State(shared): State<Shared>,
    Path((vendor, connection, token)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let account = AccountId::new(connection.as_str());
    let body = match whole(&shared, Some(&account), &vendor, body).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let headers: Vec<_> =
        headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))).collect();
    let (vendor, connection) = (VendorName::new(vendor), ConnectionName::new(connection));
    intake::vendor(&shared.node, &vendor, &connection, &token, &body, &headers).await
}

async fn read(shared: &Shared, account: Option<&AccountId>, event: &str, body: Body) -> Result<(LeverEvent, Vec<u8>), Answer> {
    let body = whole(shared, account, "lever", body).await?;
    if let Ok(event) = event.parse() {
        Ok((event, body))
    } else {
        let known: Vec<_> = LeverEvent::ALL.iter().map(|event| event.as_str()).collect();
        Err(Answer { status: 404, text: format!("no Lever event is called so; the path ends in one of {}", known.join(", ")) })
    }
}

async fn whole(shared: &Shared, account: Option<&AccountId>, from: &str, body: Body) -> Result<Vec<u8>, Answer> {
    let refused = match tokio::time::timeout(SLOWEST, to_bytes(body, LARGEST)).await {
        Ok(Ok(bytes)) => return Ok(bytes.to_vec()),
        Ok(Err(error)) if too_large(&error) => Answer { status: 413, text: "the body is larger than 1 MiB".to_owned() },
        Ok(Err(_)) => Answer { status: 400, text: "the body broke off".to_owned() },
        Err(_) => Answer { status: 408, text: "the body took too long".to_owned() },
    };
    // Only accounts that exist are counted in the store: names in paths are anybody's to invent.
    let known = account.filter(|account| shared.node.account(account).is_some());
    let from = if from == "lever" { "lever" } else { "vendor" };
    intake::refused(&shared.node, known, from, &refused.text, refused.status, shared.node.clock.now()).await;
    Err(refused)
}

fn too_large(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("length limit exceeded") {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A handler that failed: told without what it said, which may hold data.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a request failed inside leverd; please report it");
    (StatusCode::INTERNAL_SERVER_ERROR, "leverd failed inside").into_response()
}
