//! What a request asks for: parameters of the address and of the query, each checked.

use super::Shared;
use super::problem::Problem;
use crate::model::{AccountId, Id, OpportunityId};
use axum::extract::FromRequestParts;
use axum::extract::rejection::PathRejection;
use axum::http::request::Parts;
use std::collections::BTreeMap;

/// The most rows of one answer, and how many there are unless told.
pub(super) const MOST: usize = 500;
pub(super) const USUAL: usize = 100;

/// The parts of the path.
pub(super) struct Path<T>(pub(super) T);

impl<S, T> FromRequestParts<S> for Path<T>
where
    S: Send + Sync,
    T: serde::de::DeserializeOwned + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read: Result<axum::extract::Path<T>, PathRejection> = axum::extract::Path::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(read)| Self(read)).map_err(|_| Problem::bad("a part of the address is no UTF-8 text"))
    }
}

/// The query: each parameter once, none that the operation does not know.
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    pub(super) fn of(query: Option<String>, known: &[&str]) -> Result<Self, Problem> {
        let mut read = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned() {
            if !known.contains(&name.as_str()) {
                let all = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                let has = if known.is_empty() { "none".to_owned() } else { all };
                return Err(Problem::bad(format!("there is no parameter `{name}`; this operation takes {has}")));
            }
            if read.insert(name.clone(), value).is_some() {
                return Err(Problem::bad(format!("`{name}` is given twice")));
            }
        }
        Ok(Self(read))
    }

    /// How many rows are wanted.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        let Some(text) = self.0.get("limit") else { return Ok(USUAL) };
        let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
        limit.ok_or_else(|| Problem::bad(format!("`limit` is a number from 1 to {MOST}")))
    }

    /// The account that is meant, if one is.
    pub(super) fn account(&self, shared: &Shared) -> Result<Option<AccountId>, Problem> {
        self.0.get("account").map(|name| account(shared, name)).transpose()
    }
}

/// An account of this leverd, one that is held back too.
pub(super) fn account(shared: &Shared, name: &str) -> Result<AccountId, Problem> {
    let id = AccountId::new(name);
    let known = shared.node.account(&id).is_some() || shared.node.held().contains_key(&id);
    if known { Ok(id) } else { Err(Problem::unknown("there is no account of this name; /api/v1/accounts lists them")) }
}

/// An opportunity of which something is known.
pub(super) async fn opportunity(shared: &Shared, account: &AccountId, id: &str) -> Result<OpportunityId, Problem> {
    let id = OpportunityId::new(id);
    if shared.node.store.known(account, &id).await? {
        return Ok(id);
    }
    Err(Problem::unknown("nothing was heard of this opportunity in this account; `leverd why` asks Lever about it"))
}

/// The id of a piece of work.
pub(super) fn id(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::bad("an id is 32 hexadecimal digits, as /api/v1/parked shows it"))
}
