//! What a browser keeps: who it is, until when, and our signature over both.

use super::How;
use crate::model::{Secret, hex};
use crate::runtime::vault::Vault;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::hmac::{self, HMAC_SHA256};
use serde::{Deserialize, Serialize};

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) name: String,
    pub(super) how: How,
    pub(super) id: String,
    /// Of the password that was right then.
    pub(super) mark: String,
    pub(super) until: Timestamp,
}

/// The session as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    name: String,
    link: bool,
    #[serde(default)]
    oidc: bool,
    id: String,
    mark: String,
    until: Timestamp,
}

/// What signs where there is no encryption key: made up by this process.
/// `None`: this machine gives no random numbers, and nothing that such a key would sign is believed.
pub(super) struct Key(Option<hmac::Key>);

impl Key {
    pub(super) fn new() -> Self {
        let mut bytes = [0_u8; 32];
        Self(getrandom::fill(&mut bytes).is_ok().then(|| hmac::Key::new(HMAC_SHA256, &bytes)))
    }

    /// Our signature over a text; empty where nothing can be signed.
    pub(super) fn sign(&self, vault: &Vault, text: &str) -> String {
        let text = format!("console: {text}");
        let own = || self.0.as_ref().map(|key| hex(hmac::sign(key, text.as_bytes()).as_ref()));
        vault.sign(&text).or_else(own).unwrap_or_default()
    }

    /// Whether we signed a text so.
    pub(super) fn signed(&self, vault: &Vault, text: &str, signature: &str) -> bool {
        if vault.has_key() {
            return vault.signed(&format!("console: {text}"), signature);
        }
        self.0.is_some() && Secret::new(self.sign(vault, text)).matches(signature.as_bytes())
    }

    pub(super) fn write(&self, vault: &Vault, session: &Session) -> String {
        let Session { name, how, id, mark, until } = session.clone();
        if id.is_empty() {
            return String::new();
        }
        let written = Written { name, link: how == How::Link, oidc: how == How::Oidc, id, mark, until };
        let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&written).unwrap_or_default());
        let signature = self.sign(vault, &text);
        format!("{text}.{signature}")
    }

    /// The session of a cookie that we signed.
    pub(super) fn read(&self, vault: &Vault, cookie: &str) -> Option<Session> {
        let (text, signature) = cookie.split_once('.')?;
        if !self.signed(vault, text, signature) {
            return None;
        }
        let Written { name, link, oidc, id, mark, until } = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let how = if link {
            How::Link
        } else if oidc {
            How::Oidc
        } else {
            How::Password
        };
        Some(Session { name, how, id, mark, until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_read_only_as_it_was_signed() {
        let (key, vault) = (Key::new(), Vault::default());
        let until = Timestamp::from_second(1_800_000_000).unwrap();
        let session = Session { name: "ada".into(), how: How::Link, id: "7".into(), mark: String::new(), until };
        let cookie = key.write(&vault, &session);
        assert_eq!(key.read(&vault, &cookie), Some(session));
        assert_eq!(Key::new().read(&vault, &cookie), None, "another process made up another key");
        let (text, signature) = cookie.split_once('.').unwrap();
        let other =
            URL_SAFE_NO_PAD.encode(String::from_utf8(URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap().replace("ada", "eve"));
        assert_eq!(key.read(&vault, &format!("{other}.{signature}")), None);
        assert_eq!(Key(None).read(&vault, &format!("{text}.")), None, "without a key nothing is believed");
    }
}
