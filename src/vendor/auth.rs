//! Tokens: asked for, read, and when to ask again. Adapters that need none are never asked.

use super::answer;
use super::request::{self, Scope, Supplies};
use super::sign;
use crate::lang::adapter::{Adapter, Auth, TokenCall};
use crate::model::{Code, Exchange, Outcome, Reason, Request, Secret, Value};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// A token with its end. Kept in memory per connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub secret: Secret,
    /// `None`: until it is refused.
    pub expires_at: Option<Timestamp>,
    /// How much each use prolongs it.
    pub sliding: Option<SignedDuration>,
    /// What the secret that was spent is replaced by: its name, and its successor. It must be kept before the token is used.
    pub rotated: Option<(String, Secret)>,
}

impl Token {
    /// Whether it may still be used at `now`; a minute before its end it may not.
    pub fn usable(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now.saturating_add(SignedDuration::from_secs(60)).is_ok_and(|soon| soon < end))
    }

    /// The token after a use at `now`.
    pub fn used(mut self, now: Timestamp) -> Self {
        if let Some(more) = self.sliding {
            self.expires_at = now.checked_add(more).ok();
        }
        self
    }
}

fn call(adapter: &Adapter) -> Option<&TokenCall> {
    match &adapter.auth {
        Auth::Token(call) => Some(call),
        _ => None,
    }
}

/// Whether requests of this adapter carry a token that must be asked for first. On [`Outcome::Suspended`] with a token that was not
/// fresh, get a new one and repeat the request once.
pub fn needs_token(adapter: &Adapter) -> bool {
    call(adapter).is_some()
}

/// Whether asking for a token spends a secret, so that whoever asks must keep its successor.
pub fn spends(adapter: &Adapter) -> bool {
    call(adapter).is_some_and(|call| call.rotates.is_some())
}

/// The request that asks for a token; `None` for adapters that need none.
pub fn request(adapter: &Adapter, supplies: Supplies<'_>) -> Option<Result<Request, Reason>> {
    let call = call(adapter)?;
    let more = BTreeMap::new();
    let scope = Scope::new(supplies, &more);
    let made = request::make(adapter, &call.request, &scope, false, None).and_then(|mut request| {
        if let Some((user, password)) = &call.basic {
            request.headers.push(sign::basic(&scope.secret(user)?, &scope.secret(password)?));
        }
        Ok(request)
    });
    Some(made)
}

/// The token that an answer holds.
pub fn read(adapter: &Adapter, exchange: &Exchange, now: Timestamp) -> Result<Token, Outcome> {
    let Some(call) = call(adapter) else {
        return Err(Outcome::Dead { reason: Reason::new(Code::R8, "this adapter needs no token") });
    };
    let retry = |text: String| Outcome::Retry { after: None, reason: Reason::new(Code::R1, text) };
    let response = match exchange {
        Exchange::Answered(response) => response,
        Exchange::NotSent(cause) | Exchange::Lost(cause) => {
            return Err(retry(format!("no token from {}: {cause}", adapter.title)));
        }
    };
    let status = response.status;
    match status {
        200..=299 => {}
        429 | 408 | 500..=599 => {
            return Err(Outcome::Retry {
                after: answer::wait(response, now),
                reason: Reason::new(Code::R1, format!("no token from {} (HTTP {status})", adapter.title)),
            });
        }
        _ => {
            return Err(Outcome::Suspended {
                reason: Reason::new(Code::R2, format!("{} refuses us a token (HTTP {status})", adapter.title)),
            });
        }
    }
    let json = response.json().unwrap_or_default();
    let Some(Value::Text(token)) = call.token.get(&json, "").ok().flatten() else {
        return Err(Outcome::Suspended {
            reason: Reason::new(Code::R5, format!("the answer of {} holds no token", adapter.title)),
        });
    };
    let said = call.expires_in.as_ref().and_then(|path| path.get(&json, "").ok().flatten()).and_then(|value| value.number());
    #[expect(clippy::cast_possible_truncation, reason = "a saturating cast of seconds, clamped to a year")]
    let said = said.map(|seconds| SignedDuration::from_secs((seconds as i64).clamp(0, 31_536_000)));
    let life = said.or(call.ttl);
    Ok(Token {
        secret: Secret::new(token),
        expires_at: life.and_then(|life| now.checked_add(life).ok()),
        sliding: life.filter(|_| call.sliding),
        rotated: call.rotates.as_ref().and_then(|rotation| match rotation.successor.get(&json, "").ok().flatten() {
            Some(Value::Text(successor)) => Some((rotation.secret.clone(), Secret::new(successor))),
            _ => None,
        }),
    })
}
