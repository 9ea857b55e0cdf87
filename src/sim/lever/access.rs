//! Who is asking: credentials, what they may do, and how fast.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::bucket::Bucket;
use super::error::LeverError;

/// What one API key or one OAuth consent may do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Credential {
    /// Scopes such as `opportunities:write:admin`; `None` may do everything. Write implies read (lever-api §1.4).
    scopes: Option<BTreeSet<String>>,
    bucket: Bucket,
}

/// An access token of a consent.
#[derive(Debug)]
struct Token {
    grant: String,
    expires_at: i64,
}

/// All credentials of an account.
#[derive(Debug)]
pub(crate) struct Access {
    keys: BTreeMap<String, Credential>,
    /// Consents by id. The rate limit is taken to be one per consent, not one per token (§2.1).
    grants: BTreeMap<String, Credential>,
    tokens: BTreeMap<String, Token>,
    /// Which environment signs the access tokens: production does not know the keys of the sandbox (§1.3).
    signing_key: String,
}

impl Access {
    pub(crate) fn new(signing_key: String) -> Self {
        Self { keys: BTreeMap::new(), grants: BTreeMap::new(), tokens: BTreeMap::new(), signing_key }
    }

    /// Adds or replaces an API key. It is taken as Bearer too, so that tests need no login.
    pub(crate) fn grant(&mut self, key: &str, scopes: Option<Vec<String>>) {
        let scopes = scopes.map(|scopes| scopes.into_iter().collect());
        self.keys.insert(key.to_owned(), Credential { scopes, bucket: Bucket::default() });
    }

    pub(crate) fn revoke(&mut self, key: &str) {
        self.keys.remove(key);
    }

    /// Adds a consent with an id of its own.
    pub(crate) fn add_grant(&mut self, id: &str, scopes: &[String]) {
        let scopes = Some(scopes.iter().cloned().collect());
        self.grants.insert(id.to_owned(), Credential { scopes, bucket: Bucket::default() });
    }

    /// Ends a consent with all its access tokens.
    pub(crate) fn revoke_grant(&mut self, id: &str) {
        self.grants.remove(id);
        self.tokens.retain(|_, token| token.grant != id);
    }

    /// Makes an access token of a consent; earlier ones stay good until they expire. It names the key that signs it.
    pub(crate) fn issue(&mut self, grant: &str, random: &str, expires_at: i64) -> String {
        let token = format!("{}.{random}", self.signing_key);
        self.tokens.insert(token.clone(), Token { grant: grant.to_owned(), expires_at });
        token
    }

    /// The credential behind an `Authorization` header: `Basic base64(key:)` or `Bearer token`.
    pub(crate) fn identify(&mut self, header: Option<&str>, now: i64) -> Result<&mut Credential, LeverError> {
        match header.and_then(presented).ok_or_else(LeverError::unauthorized)? {
            Presented::Key(key) => self.keys.get_mut(&key).ok_or_else(LeverError::unauthorized),
            Presented::Token(token) => self.bearer(&token, now),
        }
    }

    fn bearer(&mut self, token: &str, now: i64) -> Result<&mut Credential, LeverError> {
        if let Some(kept) = self.tokens.get(token).filter(|kept| kept.expires_at > now) {
            return self.grants.get_mut(&kept.grant).ok_or_else(LeverError::unauthorized);
        }
        if let Some(key) = self.keys.get_mut(token) {
            return Ok(key);
        }
        match token.split_once('.') {
            Some((signed_by, _)) if signed_by != self.signing_key => Err(LeverError::foreign_token(signed_by)),
            _ => Err(LeverError::unauthorized()),
        }
    }
}

impl Credential {
    /// Takes one request out of the credential's bucket.
    pub(crate) fn spend(&mut self, now: Duration) -> bool {
        self.bucket.take(now)
    }

    pub(crate) fn may(&self, scope: &str) -> bool {
        let Some(scopes) = &self.scopes else {
            return true;
        };
        let write = scope.replace(":read:", ":write:");
        scopes.contains(scope) || scopes.contains(&write)
    }
}

/// What a request shows.
enum Presented {
    Key(String),
    Token(String),
}

fn presented(header: &str) -> Option<Presented> {
    let (scheme, rest) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Presented::Token(rest.trim().to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    // The user name is the key, the password is empty.
    text.strip_suffix(':').map(|key| Presented::Key(key.to_owned()))
}
