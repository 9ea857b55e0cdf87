//! How a vendor knows us, as data.

use super::extract::Extract;
use super::operation::RequestShape;
use super::text::Text;
use jiff::SignedDuration;

/// The kinds of authentication.
#[derive(Debug, Default)]
pub enum Auth {
    /// None: a secret in the base URL's host, or an open API.
    #[default]
    None,
    /// Any number of headers.
    Header(Vec<(String, Text)>),
    Basic {
        user: Text,
        password: Text,
    },
    /// `Authorization: Bearer …` of one text.
    Bearer(Text),
    /// Keys of the JSON or form body.
    Body(Vec<(String, Text)>),
    /// OAuth 2 client credentials, or any other exchange of secrets for a token.
    Token(Box<TokenCall>),
    /// A signature over parts of the request.
    Sign {
        message: Text,
        key: Text,
        algorithm: Algorithm,
        encoding: Encoding,
        to: Placement,
    },
}

/// How a token is got and used.
#[derive(Debug)]
pub struct TokenCall {
    pub request: RequestShape,
    /// The client's id and secret for HTTP Basic, if the token endpoint wants them there.
    pub basic: Option<(Text, Text)>,
    pub token: Extract,
    /// Seconds.
    pub expires_in: Option<Extract>,
    /// How long a token lives when the answer does not say.
    pub ttl: Option<SignedDuration>,
    /// Whether each use prolongs its life.
    pub sliding: bool,
    /// Headers that carry it; they read `token`.
    pub header: Vec<(String, Text)>,
    /// The secret that the request spends, if the answer may bring another one in its place.
    pub rotates: Option<Rotation>,
}

/// A refresh token that is replaced as it is used.
#[derive(Debug)]
pub struct Rotation {
    /// The name of the secret.
    pub secret: String,
    /// Where its successor stands in the answer.
    pub successor: Extract,
}

/// Where a signature goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    Header(String),
    Query(String),
}

/// Keyed hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Some vendors sign with nothing better.
    HmacSha1,
    HmacSha256,
    HmacSha512,
}

impl Algorithm {
    /// Every algorithm with its spelling.
    pub const ALL: [(&'static str, Self); 3] =
        [("hmac-sha1", Self::HmacSha1), ("hmac-sha256", Self::HmacSha256), ("hmac-sha512", Self::HmacSha512)];
}

/// How a hash is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Hex,
    Base64,
}

impl Encoding {
    /// Every encoding with its spelling.
    pub const ALL: [(&'static str, Self); 2] = [("hex", Self::Hex), ("base64", Self::Base64)];
}
