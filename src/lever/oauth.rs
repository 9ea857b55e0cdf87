//! “Log in to Lever”: the messages of OAuth's authorization code flow (`lever-api §1.3`).
//!
//! A Super Admin opens [`App::authorize`] in a browser, accepts, and comes back with a code that [`App::exchange`] turns into tokens;
//! [`App::refresh`] turns the refresh token into the next pair. A refresh token is spent by its use, so what its answer holds must be
//! stored before anything else, and an answer that got lost is asked for again with the same one.

use super::api::scrub;
use crate::model::{Body, Code, Destination, Exchange, Method, Reason, Request, Response, Secret};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use url::Url;

/// An access token lives an hour; an answer that does not say so means that.
const LIFE: SignedDuration = SignedDuration::from_hours(1);

/// An OAuth app as Lever knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    pub client_id: String,
    /// `/authorize` and `/oauth/token` are below it.
    pub auth_url: String,
    /// The API's URL; without the slash at its end the consent page offers nothing.
    pub audience: String,
}

/// What the token endpoint gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    pub access: Secret,
    /// A new one with every answer; the one before is worthless from then on.
    pub refresh: Secret,
    /// What was granted, separated by spaces; empty if the answer does not say.
    pub scope: String,
    pub expires_at: Timestamp,
}

/// Why there are no tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoTokens {
    /// The code or refresh token is not good (any more): a person must log in again.
    LogInAgain(Reason),
    /// The app itself is refused: its id, its secret, its registered callback.
    App(Reason),
    /// Nobody knows, or not now: the same request again later.
    Later { after: Option<SignedDuration>, reason: Reason },
}

impl NoTokens {
    /// The reason, whatever kind it is.
    pub const fn reason(&self) -> &Reason {
        match self {
            Self::LogInAgain(reason) | Self::App(reason) | Self::Later { reason, .. } => reason,
        }
    }
}

impl App {
    /// The consent page. `redirect_uri` is compared byte by byte with what was registered for the app.
    pub fn authorize(&self, redirect_uri: &str, scopes: &[String], state: &str) -> Option<Url> {
        let mut url = Url::parse(&format!("{}/authorize", self.auth_url)).ok()?;
        let pairs = [
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", redirect_uri),
            ("response_type", "code"),
            ("state", state),
            ("audience", &self.audience),
            ("scope", &scopes.join(" ")),
        ];
        // A space is `%20`: not every server reads `+` as one.
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().replace('+', "%20");
        url.set_query(Some(&query));
        Some(url)
    }

    /// Turns the code of a callback into tokens. A code is good once.
    pub fn exchange(&self, secret: &Secret, code: &Secret, redirect_uri: &str) -> Request {
        let more = [("code", code.expose()), ("redirect_uri", redirect_uri)];
        self.ask("authorization_code", secret, code, &more)
    }

    /// Turns a refresh token into the next pair of tokens.
    pub fn refresh(&self, secret: &Secret, refresh: &Secret) -> Request {
        self.ask("refresh_token", secret, refresh, &[("refresh_token", refresh.expose())])
    }

    fn ask(&self, grant_type: &str, secret: &Secret, carried: &Secret, more: &[(&str, &str)]) -> Request {
        let mut request = Request::new(Destination::Lever, Method::Post, "/oauth/token");
        let first = [("grant_type", grant_type), ("client_id", &self.client_id), ("client_secret", secret.expose())];
        let pairs = first.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        request.body = Body::Form(pairs.collect());
        request.masks = vec![secret.clone(), carried.clone()];
        request
    }
}

/// What the token endpoint answered. `before` is the refresh token that was sent, for a server that keeps it.
pub fn tokens(exchange: &Exchange, before: Option<&Secret>, now: Timestamp) -> Result<Tokens, NoTokens> {
    let later = |text: String| NoTokens::Later { after: None, reason: Reason::new(Code::R1, text) };
    let answer = match exchange {
        Exchange::NotSent(cause) => return Err(later(format!("Lever's login could not be reached: {cause}"))),
        Exchange::Lost(cause) => return Err(later(format!("Lever's login did not answer: {cause}"))),
        Exchange::Answered(answer) => answer,
    };
    if !answer.ok() {
        return Err(refused(answer));
    }
    let json = answer.json().unwrap_or(Json::Null);
    let secret = |key: &str| json.get(key).and_then(Json::as_str).filter(|text| !text.is_empty()).map(Secret::new);
    let (Some(access), Some(refresh)) = (secret("access_token"), secret("refresh_token").or_else(|| before.cloned())) else {
        // The tokens may have been made all the same: ask again.
        return Err(later("Lever's login answered without the tokens".to_owned()));
    };
    let life = json.get("expires_in").and_then(Json::as_i64).filter(|seconds| (1..=31_536_000).contains(seconds));
    let expires_at = now.checked_add(life.map_or(LIFE, SignedDuration::from_secs)).unwrap_or(now);
    let scope = json.get("scope").and_then(Json::as_str).unwrap_or_default().to_owned();
    Ok(Tokens { access, refresh, scope, expires_at })
}

/// The word of the error decides: the server answers `invalid_grant` with 400 and with 403.
fn refused(answer: &Response) -> NoTokens {
    let json = answer.json().unwrap_or(Json::Null);
    let text = |key: &str| json.get(key).and_then(Json::as_str).map(scrub).filter(|text| !text.is_empty());
    let (error, description) = (text("error").unwrap_or_default(), text("error_description"));
    let said = description.or_else(|| Some(error.clone()).filter(|error| !error.is_empty()));
    let said = said.map(|said| format!(": {said}")).unwrap_or_default();
    let reason = |code: Code, what: &str| Reason::new(code, format!("{what} ({}){said}", answer.status));
    match (answer.status, error.as_str()) {
        (408 | 425 | 429 | 500.., _) => NoTokens::Later {
            after: super::api::retry_after(answer),
            reason: reason(Code::R1, "Lever's login is not available"),
        },
        (_, "invalid_grant") => NoTokens::LogInAgain(reason(Code::R2, "Lever takes the login back")),
        _ => NoTokens::App(reason(Code::R2, "Lever refuses the OAuth app: look at its client id, client secret and callback")),
    }
}

/// What came back to the callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callback {
    Code {
        state: Secret,
        code: Secret,
    },
    /// The person, or Lever, said no. The text is fit for people.
    Denied {
        state: Secret,
        reason: String,
    },
    /// It lacks what every callback has.
    Malformed,
}

/// Reads the query of a callback, decoded.
pub fn callback(query: &[(String, String)]) -> Callback {
    let get =
        |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|text| !text.is_empty());
    match (get("state"), get("code"), get("error")) {
        (Some(state), _, Some(error)) => {
            let reason = get("error_description").unwrap_or(error);
            Callback::Denied { state: Secret::new(state), reason: scrub(reason) }
        }
        (Some(state), Some(code), None) => Callback::Code { state: Secret::new(state), code: Secret::new(code) },
        _ => Callback::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app() -> App {
        App { client_id: "abc".into(), auth_url: "https://auth.lever.co".into(), audience: "https://api.lever.co/v1/".into() }
    }

    fn answered(status: u16, body: &str) -> Exchange {
        Exchange::Answered(Response { status, headers: Vec::new(), body: body.as_bytes().to_vec() })
    }

    // B03
    #[test]
    fn b03_the_consent_page_is_asked_for_as_lever_wants_it() {
        let scopes = ["offline_access".to_owned(), "opportunities:write:admin".to_owned()];
        let url = app().authorize("https://leverd.example.com/oauth/lever/callback", &scopes, "acme.s").unwrap();
        assert_eq!(
            url.as_str(),
            "https://auth.lever.co/authorize?client_id=abc&redirect_uri=https%3A%2F%2Fleverd.example.com%2Foauth%2Flever%2Fcallback\
             &response_type=code&state=acme.s&audience=https%3A%2F%2Fapi.lever.co%2Fv1%2F\
             &scope=offline_access%20opportunities%3Awrite%3Aadmin"
        );
    }

    #[test]
    fn tokens_are_read_and_a_lost_answer_is_no_refusal() {
        let now = Timestamp::UNIX_EPOCH;
        let answer = answered(200, r#"{"access_token":"a","refresh_token":"r2","scope":"x","expires_in":3600}"#);
        let read = tokens(&answer, Some(&Secret::new("r1")), now).unwrap();
        assert!(read.access == Secret::new("a") && read.refresh == Secret::new("r2"));
        assert_eq!(read.expires_at.as_second(), 3600);
        let kept = tokens(&answered(200, r#"{"access_token":"a"}"#), Some(&Secret::new("r1")), now).unwrap();
        assert!(kept.refresh == Secret::new("r1"));
        for exchange in
            [Exchange::Lost("reset".into()), Exchange::NotSent("dns".into()), answered(503, ""), answered(200, "<html>")]
        {
            assert!(matches!(tokens(&exchange, None, now), Err(NoTokens::Later { .. })), "{exchange:?}");
        }
    }

    // B22
    #[test]
    fn b22_an_invalid_grant_is_a_login_taken_back_whatever_its_status() {
        for status in [400, 403] {
            let answer =
                answered(status, r#"{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}"#);
            let no = tokens(&answer, None, Timestamp::UNIX_EPOCH).unwrap_err();
            assert!(matches!(&no, NoTokens::LogInAgain(reason) if reason.text.contains("Unknown or invalid refresh token")));
        }
        let app = tokens(&answered(401, r#"{"error":"access_denied"}"#), None, Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(matches!(app, NoTokens::App(_)));
    }

    #[test]
    fn a_callback_is_a_code_a_refusal_or_nothing() {
        let query = |text: &str| {
            url::form_urlencoded::parse(text.as_bytes()).map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
        };
        let read = |text: &str| callback(&Vec::from_iter::<Vec<(String, String)>>(query(text)));
        assert!(matches!(read("code=c&state=s"), Callback::Code { code, .. } if code == Secret::new("c")));
        let denied = read("state=s&error=access_denied&error_description=The+user+said+no");
        assert!(matches!(denied, Callback::Denied { reason, .. } if reason == "The user said no"));
        assert_eq!(read("code=c"), Callback::Malformed);
        assert_eq!(read("state=&code=c"), Callback::Malformed);
    }
}
