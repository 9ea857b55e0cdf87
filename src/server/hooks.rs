//! Webhooks: bytes as they came, to intake.

use super::{Peer, Shared};
use crate::model::{AccountId, ConnectionName, LeverEvent, VendorName};
use crate::runtime::intake::{self, Answer};
use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::net::{IpAddr, SocketAddr};
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

/// Somebody asks whether the address is right: we ourselves, or a person with a browser.
pub(super) async fn here(State(shared): State<Shared>, RawQuery(query): RawQuery) -> Answer {
    let word = query.as_deref().and_then(|query| query.strip_prefix("here=")).unwrap_or_default();
    if shared.node.reach.knows(word) {
        return Answer { status: 200, text: "here".to_owned() };
    }
    Answer { status: 405, text: "the address is right; Lever sends its webhooks here by POST".to_owned() }
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
    peer: Option<Extension<Peer>>,
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
    let from = peer.and_then(|Extension(Peer(peer))| sender(peer, &headers));
    intake::vendor(&shared.node, &vendor, &connection, &token, &body, &headers, from).await
}

/// Where a request comes from: the other end of the connection, or, where that is a proxy of ours on a private address, whom the proxy
/// says it heard it from. What a sender outside writes into the header himself stands before that and is not looked at.
fn sender(peer: SocketAddr, headers: &[(String, String)]) -> Option<IpAddr> {
    let peer = peer.ip().to_canonical();
    let ours = match peer {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    };
    let told = headers.iter().rev().find(|(name, _)| ours && name == "x-forwarded-for");
    match told {
        Some((_, addresses)) => addresses.rsplit(',').next()?.trim().parse().ok(),
        None => Some(peer),
    }
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

#[cfg(test)]
mod tests {
    use super::sender;

    #[test]
    fn a_proxy_of_ours_is_believed_and_nobody_else() {
        let forwarded = |told: &str| vec![("x-forwarded-for".to_owned(), told.to_owned())];
        let from = |peer: &str, headers: &[(String, String)]| {
            sender(peer.parse().expect("an address"), headers).map(|address| address.to_string())
        };
        assert_eq!(from("198.51.100.7:4711", &[]).as_deref(), Some("198.51.100.7"));
        // Written by the sender: not looked at.
        assert_eq!(from("198.51.100.7:4711", &forwarded("203.0.113.9")).as_deref(), Some("198.51.100.7"));
        assert_eq!(from("10.0.0.2:80", &forwarded("203.0.113.9, 198.51.100.7")).as_deref(), Some("198.51.100.7"));
        assert_eq!(from("127.0.0.1:80", &forwarded("somebody")), None);
    }
}
