//! Who is asking: credentials, what they may do, and how fast.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::bucket::Bucket;
use super::error::LeverError;

/// What one API key or access token may do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Credential {
    /// Scopes such as `opportunities:write:admin`; `None` may do everything. Write implies read (lever-api §1.4).
    scopes: Option<BTreeSet<String>>,
    bucket: Bucket,
}

#[derive(Debug, Default)]
pub(crate) struct Access {
    credentials: BTreeMap<String, Credential>,
}

impl Access {
    /// Adds or replaces a credential, valid as API key (Basic) and as access token (Bearer).
    pub(crate) fn grant(&mut self, key: &str, scopes: Option<Vec<String>>) {
        let scopes = scopes.map(|scopes| scopes.into_iter().collect());
        self.credentials.insert(key.to_owned(), Credential { scopes, bucket: Bucket::default() });
    }

    pub(crate) fn revoke(&mut self, key: &str) {
        self.credentials.remove(key);
    }

    /// The credential behind an `Authorization` header: `Basic base64(key:)` or `Bearer key`.
    pub(crate) fn identify(&mut self, header: Option<&str>) -> Result<&mut Credential, LeverError> {
        let key = header.and_then(key_of).ok_or_else(LeverError::unauthorized)?;
        self.credentials.get_mut(&key).ok_or_else(LeverError::unauthorized)
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

fn key_of(header: &str) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    // The user name is the key, the password is empty.
    text.strip_suffix(':').map(str::to_owned)
}
