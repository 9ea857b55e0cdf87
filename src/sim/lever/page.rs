//! Lists: `limit`, opaque offsets, `{data, hasNext, next?}` (lever-api §2.3).

use serde_json::{Value, json};
use url::form_urlencoded;

use super::error::LeverError;
use crate::sim::wire::{Ask, Reply};

const LARGEST: usize = 100;

/// One row of a list: what is shown, and its place in the order.
///
/// The place is `(rank, minus milliseconds, id)`: newest first inside a rank. Offsets hold it as Lever's own do,
/// `[rank, milliseconds, id]`. A page starts after the place named by the offset
/// whether or not that row still exists, so a row that moves meanwhile is skipped or repeated, as in Lever.
pub(crate) struct Row {
    pub(crate) place: (i64, i64, String),
    pub(crate) shown: Value,
}

/// Rows without an order of their own, in the order given.
pub(crate) fn in_order(rows: impl IntoIterator<Item = Value>) -> Vec<Row> {
    let numbered = (0_i64..).zip(rows);
    numbered
        .map(|(number, shown)| {
            let id = shown.get("id").or(shown.get("text")).and_then(Value::as_str).unwrap_or_default().to_owned();
            Row { place: (number, 0, id), shown }
        })
        .collect()
}

/// One page of rows that are sorted by place.
pub(crate) fn page(ask: &Ask, rows: Vec<Row>) -> Result<Reply, LeverError> {
    let limit = limit(ask)?;
    let after = match ask.one("offset") {
        Some(token) => Some(decode(token).ok_or_else(|| LeverError::bad_request("Invalid offset token"))?),
        None => None,
    };
    let mut rest = rows.into_iter().filter(|row| after.as_ref().is_none_or(|after| row.place > *after));
    let shown: Vec<Row> = rest.by_ref().take(limit).collect();
    let has_next = rest.next().is_some();
    let next = shown.last().filter(|_| has_next).map(|row| encode(&row.place));
    let data: Vec<Value> = shown.into_iter().map(|row| row.shown).collect();
    let mut body = json!({ "data": data, "hasNext": has_next });
    // On the last page the key is absent, not null.
    if let (Some(next), Some(body)) = (next, body.as_object_mut()) {
        body.insert("next".into(), next.into());
    }
    Ok(Reply::ok(body))
}

fn limit(ask: &Ask) -> Result<usize, LeverError> {
    match ask.one("limit").map(str::parse::<usize>) {
        None => Ok(LARGEST),
        Some(Ok(limit)) if (1..=LARGEST).contains(&limit) => Ok(limit),
        Some(_) => Err(LeverError::bad_request("limit must be a number between 1 and 100")),
    }
}

/// A percent-encoded JSON array: it holds `%` and has to be encoded once more in a query.
fn encode((rank, minus_ms, id): &(i64, i64, String)) -> String {
    form_urlencoded::byte_serialize(json!([rank, -minus_ms, id]).to_string().as_bytes()).collect()
}

/// A caller that forgot to encode the token again sends the bare array, which is no token.
fn decode(token: &str) -> Option<(i64, i64, String)> {
    if !token.contains('%') {
        return None;
    }
    let (decoded, _) = form_urlencoded::parse(token.as_bytes()).next()?;
    let (rank, ms, id): (i64, i64, String) = serde_json::from_str(&decoded).ok()?;
    Some((rank, -ms, id))
}
