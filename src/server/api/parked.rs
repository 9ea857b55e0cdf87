//! Parked work: listed, retried, skipped.

use super::Shared;
use super::ask::{self, Path, Query};
use super::problem::Problem;
use super::shape::{At, Deed, Did, Parked, ParkedList, Skip, Work as Kind};
use crate::runtime::access::Visitor;
use crate::runtime::view::deed::{self, Wish};
use crate::store::{ParkedRow, Work};
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Extension, Json};

/// A reason is no longer than this, and its body hardly more.
const LONGEST: usize = 200;
const LARGEST: usize = 16 * 1024;

pub(super) async fn list(State(shared): State<Shared>, RawQuery(query): RawQuery) -> Result<Json<ParkedList>, Problem> {
    let query = Query::of(query, &["account", "limit"])?;
    let (limit, account) = (query.limit()?, query.account(&shared)?);
    let rows = shared.node.store.parked(account.as_ref()).await?;
    Ok(Json(ParkedList { total: rows.len(), parked: rows.into_iter().take(limit).map(told).collect() }))
}

fn told(row: ParkedRow) -> Parked {
    let (kind, id) = of(row.work);
    Parked {
        id,
        kind,
        account: row.account.to_string(),
        opportunity: row.opportunity.map(|opportunity| opportunity.to_string()),
        what: row.what,
        rule: row.rule.map(|rule| rule.to_string()),
        reason: row.reason.as_ref().map(Into::into),
        since: row.at.map(At),
    }
}

fn of(work: Work) -> (Kind, String) {
    match work {
        Work::Delivery(id) => (Kind::Delivery, id.to_string()),
        Work::Event(id) => (Kind::Event, id.to_string()),
        Work::Effect(id) => (Kind::Effect, id.to_string()),
        Work::Timer(id) => (Kind::Timer, id.to_string()),
    }
}

pub(super) async fn retry(
    State(shared): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Did>, Problem> {
    Query::of(query, &[])?;
    done(&shared, &visitor, &id, &Wish::Retry, Deed::Retry).await
}

pub(super) async fn skip(
    State(shared): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Json<Did>, Problem> {
    Query::of(query, &[])?;
    acts(&visitor)?;
    let Skip { reason } = body(request).await?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST {
        return Err(Problem::bad(format!("`reason` has between 1 and {LONGEST} characters")));
    }
    done(&shared, &visitor, &id, &Wish::Skip { reason: reason.to_owned() }, Deed::Skip).await
}

/// The JSON of a request, read with its limits.
async fn body<T: serde::de::DeserializeOwned>(request: Request) -> Result<T, Problem> {
    if !is_json(request.headers()) {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the body as `Content-Type: application/json`"));
    }
    let bytes = axum::body::to_bytes(request.into_body(), LARGEST).await;
    let bytes =
        bytes.map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 16 KiB, or broke off"))?;
    // What serde says of it names keys and places, no values.
    serde_json::from_slice(&bytes).map_err(|error| Problem::bad(format!("the body is not what is expected: {error}")))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn acts(visitor: &Visitor) -> Result<(), Problem> {
    if visitor.acts() {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "this token may read only; `role: operator` in leverd.yaml lets it act"))
}

/// Does it to the one piece of parked work with this id, and records who did.
async fn done(shared: &Shared, visitor: &Visitor, id: &str, wish: &Wish, did: Deed) -> Result<Json<Did>, Problem> {
    acts(visitor)?;
    let id = ask::id(id)?.to_string();
    let gone = || Problem::unknown("nothing that is parked has this id; /api/v1/parked lists what is");
    let rows = shared.node.store.parked(None).await?;
    let found = rows.into_iter().find(|row| of(row.work).1 == id).ok_or_else(gone)?;
    let one = [(found.account.clone(), found.work)];
    if deed::wish(&shared.node, visitor, &one, wish).await? == 0 {
        return Err(gone());
    }
    Ok(Json(Did { id, account: found.account.to_string(), did }))
}
