//! Whether to believe a delivery. Works on the bytes as received; compares in constant time.

use super::request::plain;
use super::sign;
use crate::lang::adapter::{Adapter, Source, Text, Time, Verify, Webhook};
use crate::model::{HeaderText, Secret, Value};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

/// A delivery as received. `Debug` tells whom it comes from and how large it is: the path holds a token, and headers do.
#[derive(Clone, Copy)]
pub struct Incoming<'a> {
    /// Names in lower case.
    pub headers: &'a [(String, String)],
    pub body: &'a [u8],
    /// Our own public URL of this endpoint, exactly as the vendor was given it.
    pub url: &'a str,
    pub received: Timestamp,
    /// Where it comes from, as far as that is known.
    pub from: Option<IpAddr>,
}

impl Incoming<'_> {
    /// The first header of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, text)| text.as_str())
    }
}

impl fmt::Debug for Incoming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incoming({} bytes at {} from {:?})", self.body.len(), self.received, self.from)
    }
}

/// A delivery that was believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Believed {
    /// Whether a signature proves the body. Otherwise it is a hint: its values are read back.
    pub signed: bool,
}

/// Why a delivery is refused. Nothing of the delivery is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotVerified {
    #[error("the header `{0}` is missing")]
    MissingHeader(String),
    #[error("the signature is wrong")]
    WrongSignature,
    #[error("the header `{0}` has another value than agreed")]
    WrongHeader(String),
    #[error("the time in the delivery is too far from now")]
    OutOfTime,
    #[error("the connection gives no secret to check with")]
    NoSecret,
    #[error("the delivery lacks `{0}`, which the signature covers")]
    Lacks(String),
    #[error("it comes from an address that the vendor does not send from")]
    WrongAddress,
    #[error("user or password of HTTP Basic is wrong")]
    WrongPassword,
    #[error("the adapter declares no webhook")]
    NoWebhook,
}

/// Checks a delivery. The secret token in the URL is the caller's to check, before this.
pub fn verify(adapter: &Adapter, incoming: &Incoming<'_>, secrets: &BTreeMap<String, Secret>) -> Result<Believed, NotVerified> {
    let webhook = adapter.webhook.as_ref().ok_or(NotVerified::NoWebhook)?;
    let check = Check { webhook, incoming, secrets, body: serde_json::from_slice(incoming.body).unwrap_or_default() };
    webhook.verify.iter().try_for_each(|verify| check.one(verify))?;
    Ok(Believed { signed: webhook.signed() })
}

struct Check<'a> {
    webhook: &'a Webhook,
    incoming: &'a Incoming<'a>,
    secrets: &'a BTreeMap<String, Secret>,
    body: Json,
}

impl Check<'_> {
    fn one(&self, verify: &Verify) -> Result<(), NotVerified> {
        match verify {
            Verify::Header(headers) => headers.iter().try_for_each(|(name, text)| {
                let presented = self.header(name)?;
                let wanted = self.secret(text)?;
                if wanted.matches(presented.as_bytes()) { Ok(()) } else { Err(NotVerified::WrongHeader(name.clone())) }
            }),
            Verify::Hmac { message, key, algorithm, encoding, header, field, prefix, time } => {
                let text = self.header(header)?;
                let fields = fields(text);
                let signature = match field {
                    Some(field) => fields.get(field.as_str()).copied().ok_or(NotVerified::WrongSignature)?,
                    None => text,
                };
                let presented = signature.trim().strip_prefix(prefix.as_str()).ok_or(NotVerified::WrongSignature)?;
                let presented = sign::decode(*encoding, presented).ok_or(NotVerified::WrongSignature)?;
                let message = self.message(message, &fields)?;
                self.any_key(key, |key| sign::same(&sign::mac(*algorithm, key, &message), &presented))?;
                self.near(time.as_ref(), &fields)
            }
            Verify::Standard { secret, tolerance } => self.standard(secret, *tolerance),
            Verify::Jwt { key, issuer } => self.jwt(key, issuer.as_deref()),
            Verify::Basic { user, password } => {
                let presented = self.header("authorization")?;
                let (_, wanted) = sign::basic(&self.secret(user)?, &self.secret(password)?);
                let fits = matches!(&wanted, HeaderText::Secret(wanted) if wanted.matches(presented.trim().as_bytes()));
                if fits { Ok(()) } else { Err(NotVerified::WrongPassword) }
            }
            Verify::Address(networks) => {
                let known = self.incoming.from.is_some_and(|from| networks.iter().any(|network| network.holds(from)));
                if known { Ok(()) } else { Err(NotVerified::WrongAddress) }
            }
        }
    }

    fn header(&self, name: &str) -> Result<&str, NotVerified> {
        self.incoming.header(name).ok_or_else(|| NotVerified::MissingHeader(name.to_owned()))
    }

    fn secret(&self, text: &Text) -> Result<Secret, NotVerified> {
        let look = |name: &str| self.secrets.get(name.strip_prefix("secret.")?).map(|secret| secret.expose().to_owned());
        text.render(look).map(Secret::new).map_err(|_| NotVerified::NoSecret)
    }

    /// Whether one of the keys that are given fits: while a secret is rotated there are two.
    fn any_key(&self, keys: &[Text], fits: impl Fn(&[u8]) -> bool) -> Result<(), NotVerified> {
        let given: Vec<Secret> = keys.iter().filter_map(|key| self.secret(key).ok()).collect();
        match given.iter().any(|key| fits(key.expose().as_bytes())) {
            true => Ok(()),
            false if given.is_empty() => Err(NotVerified::NoSecret),
            false => Err(NotVerified::WrongSignature),
        }
    }

    /// The bytes that were signed. The body goes in as received, so this is no text.
    fn message(&self, message: &Text, fields: &BTreeMap<&str, &str>) -> Result<Vec<u8>, NotVerified> {
        let mut bytes = Vec::new();
        for piece in &message.0 {
            match piece {
                crate::lang::adapter::Piece::Text(text) => bytes.extend_from_slice(text.as_bytes()),
                crate::lang::adapter::Piece::Name(name) if name == "body" => bytes.extend_from_slice(self.incoming.body),
                crate::lang::adapter::Piece::Name(name) if name == "url" => {
                    bytes.extend_from_slice(self.incoming.url.as_bytes());
                }
                crate::lang::adapter::Piece::Name(name) => {
                    let source = Source::parse(name).and_then(|source| self.value(&source, fields));
                    let text = source.as_ref().and_then(plain).ok_or_else(|| NotVerified::Lacks(name.clone()))?;
                    bytes.extend_from_slice(text.as_bytes());
                }
            }
        }
        Ok(bytes)
    }

    fn value(&self, source: &Source, fields: &BTreeMap<&str, &str>) -> Option<Value> {
        match source {
            Source::Event => super::webhook::event(self.webhook, &self.body).map(Value::Text),
            Source::Header(name) => self.incoming.header(name).map(Value::text),
            Source::Signature(name) => fields.get(name.as_str()).map(|text| Value::text(*text)),
            Source::Body(name) => super::webhook::capture(self.webhook, &self.body, name),
            Source::Read { .. } | Source::Literal(_) => None,
        }
    }

    fn near(&self, time: Option<&Time>, fields: &BTreeMap<&str, &str>) -> Result<(), NotVerified> {
        let Some(time) = time else { return Ok(()) };
        let value = self.value(&time.of, fields).ok_or(NotVerified::OutOfTime)?;
        self.within(instant(&value), time.tolerance)
    }

    fn within(&self, at: Option<Timestamp>, tolerance: SignedDuration) -> Result<(), NotVerified> {
        let near = at.is_some_and(|at| self.incoming.received.duration_since(at).abs() <= tolerance);
        if near { Ok(()) } else { Err(NotVerified::OutOfTime) }
    }

    /// Standard Webhooks: signatures over `id.timestamp.body`. `v1,` is HMAC-SHA256 with the key in base64 after `whsec_`, `v1a,` is Ed25519
    /// with the public key in base64 after `whpk_`. Any of the signatures may fit any of the keys of its kind.
    fn standard(&self, keys: &[Text], tolerance: SignedDuration) -> Result<(), NotVerified> {
        let header = |name: &str| {
            self.header(&format!("webhook-{name}"))
                .or_else(|missing| self.incoming.header(&format!("svix-{name}")).ok_or(missing))
        };
        let (id, time, signatures) = (header("id")?, header("timestamp")?, header("signature")?);
        let mut message = format!("{id}.{time}.").into_bytes();
        message.extend_from_slice(self.incoming.body);
        let presented = |version: &str| -> Vec<Vec<u8>> {
            signatures.split_whitespace().filter_map(|one| one.strip_prefix(version)).filter_map(sign::base64).collect()
        };
        let (shared, public) = (presented("v1,"), presented("v1a,"));
        self.any_key(keys, |key| {
            let text = std::str::from_utf8(key).unwrap_or_default();
            if let Some(key) = text.strip_prefix("whpk_") {
                let key = sign::base64(key).unwrap_or_default();
                return public.iter().any(|presented| sign::ed25519(&key, &message, presented));
            }
            let key = sign::base64(text.strip_prefix("whsec_").unwrap_or(text)).unwrap_or_default();
            let mac = sign::mac(crate::lang::adapter::Algorithm::HmacSha256, &key, &message);
            !key.is_empty() && shared.iter().any(|presented| sign::same(&mac, presented))
        })?;
        self.within(instant(&Value::text(time)), tolerance)
    }

    /// A JWT as bearer: HS256, not expired, from the issuer.
    fn jwt(&self, keys: &[Text], issuer: Option<&str>) -> Result<(), NotVerified> {
        let presented = self.header("authorization")?;
        let token = presented.strip_prefix("Bearer ").unwrap_or(presented).trim();
        let wrong = NotVerified::WrongSignature;
        let (signed, signature) = token.rsplit_once('.').ok_or_else(|| wrong.clone())?;
        let (head, claims) = signed.split_once('.').ok_or_else(|| wrong.clone())?;
        let part = |text: &str| sign::base64(text).and_then(|bytes| serde_json::from_slice::<Json>(&bytes).ok());
        let (head, claims) = part(head).zip(part(claims)).ok_or_else(|| wrong.clone())?;
        let signature = sign::base64(signature).ok_or_else(|| wrong.clone())?;
        // Only this algorithm: a token must not choose how it is checked.
        if head.get("alg").and_then(Json::as_str) != Some("HS256") {
            return Err(wrong);
        }
        self.any_key(keys, |key| {
            sign::same(&sign::mac(crate::lang::adapter::Algorithm::HmacSha256, key, signed.as_bytes()), &signature)
        })?;
        if issuer.is_some_and(|issuer| claims.get("iss").and_then(Json::as_str) != Some(issuer)) {
            return Err(wrong);
        }
        match claims.get("exp").and_then(Json::as_i64) {
            Some(end) if end < self.incoming.received.as_second() => Err(NotVerified::OutOfTime),
            _ => Ok(()),
        }
    }
}

/// The fields of a header `k=v,k=v`.
fn fields(text: &str) -> BTreeMap<&str, &str> {
    text.split([',', ';']).filter_map(|part| part.trim().split_once('=')).collect()
}

/// A time in seconds or milliseconds since the epoch, or as RFC 3339.
fn instant(value: &Value) -> Option<Timestamp> {
    if let Value::Date { date } = value {
        return Some(*date);
    }
    let text = plain(value)?;
    match text.trim().parse::<i64>() {
        // Seconds stay below this until the year 5138; milliseconds are above it since 1973.
        Ok(number) if number.abs() < 100_000_000_000 => Timestamp::from_second(number).ok(),
        Ok(number) => Timestamp::from_millisecond(number).ok(),
        Err(_) => text.trim().parse().ok(),
    }
}
