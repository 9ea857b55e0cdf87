//! Reads `auth`.

use super::auth::{Algorithm, Auth, Encoding, Placement, Rotation, TokenCall};
use super::ctx::{Reader, get};
use super::operation::{Payload, RequestShape};
use super::shape::Shape;
use super::text::{Piece, Text};
use super::{extract, grammar, names};
use crate::lang::source::Span;
use crate::lang::yaml::{Key, Node};
use crate::model::Method;
use std::collections::BTreeSet;

/// What a signature may cover.
const SIGNED: [&str; 9] = [
    "request.method",
    "request.url",
    "request.path",
    "request.query",
    "request.values",
    "request.body",
    "now",
    "now.epoch_s",
    "now.epoch_ms",
];

impl Reader<'_> {
    /// The authentication; `None` if it is faulty.
    pub(super) fn auth(&mut self, node: &Node) -> Option<Auth> {
        let entries = grammar::AUTH.entries(node, self.found);
        let [(kind, value)] = entries.as_slice() else {
            if !entries.is_empty() {
                self.fault(
                    "one-of",
                    node.span,
                    "`auth` is exactly one kind",
                    "keep one; several headers go into one `header:`",
                );
            }
            return None;
        };
        let known = names::of_secrets(&self.secrets);
        let auth = match kind.text.as_str() {
            "header" => self.credentials(value, &known).map(Auth::Header),
            "body" => self.credentials(value, &known).map(Auth::Body),
            "bearer" => self.credential("bearer", value, &known).map(Auth::Bearer),
            "basic" => {
                let entries = grammar::BASIC.entries(value, self.found);
                let user = get(&entries, "user").and_then(|node| self.text(node, &known));
                let password = match get(&entries, "password") {
                    Some(node) => self.credential("password", node, &known),
                    None => Some(Text::default()),
                };
                if let (Some(user), Some(node)) = (&user, get(&entries, "user"))
                    && password.as_ref().is_some_and(|password| password.0.is_empty())
                {
                    self.refuse_literal("user", user, node, true);
                }
                user.zip(password).map(|(user, password)| Auth::Basic { user, password })
            }
            "client_credentials" => self.client(value, &known),
            "refresh_token" => self.refresh_token(value, &known),
            "token" => self.token(value, &known),
            _ => self.sign(value, &known),
        };
        auth.filter(|_| !kind.text.is_empty())
    }

    fn credential(&mut self, name: &str, node: &Node, known: &BTreeSet<String>) -> Option<Text> {
        let text = self.text(node, known)?;
        self.refuse_literal(name, &text, node, true);
        Some(text)
    }

    fn credentials(&mut self, node: &Node, known: &BTreeSet<String>) -> Option<Vec<(String, Text)>> {
        let entries: &[(Key, Node)] = node.entries(self.found)?;
        let all: Vec<_> = entries
            .iter()
            .map(|(key, value)| {
                let text = self.text(value, known)?;
                self.refuse_literal(&key.text, &text, value, entries.len() == 1);
                Some((key.text.clone(), text))
            })
            .collect();
        all.into_iter().collect()
    }

    fn client(&mut self, node: &Node, known: &BTreeSet<String>) -> Option<Auth> {
        let entries = grammar::CLIENT.entries(node, self.found);
        let scope = get(&entries, "scope").map(|node| self.text(node, known));
        let mut form = vec![("grant_type".to_owned(), Shape::Literal("client_credentials".into()))];
        let scope = flipped(scope);
        form.extend(scope.clone().flatten().map(|scope| ("scope".to_owned(), Shape::Text(scope))));
        let call = self.endpoint(node, &entries, form, known, None)?;
        scope.map(|_| Auth::Token(Box::new(call)))
    }

    fn refresh_token(&mut self, node: &Node, known: &BTreeSet<String>) -> Option<Auth> {
        let entries = grammar::REFRESH.entries(node, self.found);
        let at = get(&entries, "token")?;
        let token = self.text(at, known)?;
        let secret = match token.0.as_slice() {
            [Piece::Name(name)] => name.strip_prefix("secret.").map(str::to_owned),
            _ => None,
        };
        let Some(secret) = secret else {
            self.refuse_literal("token", &token, at, true);
            self.fault("vendor-text", at.span, "a refresh token is one secret, whole", "write `\"{{secret.refresh_token}}\"`");
            return None;
        };
        let form = vec![
            ("grant_type".to_owned(), Shape::Literal("refresh_token".into())),
            ("refresh_token".to_owned(), Shape::Text(token)),
        ];
        let place = |_| Span::new(node.span.source, 0..0);
        let rotation = Rotation { secret, successor: extract::from("$.refresh_token", &place, self.found)? };
        let call = self.endpoint(node, &entries, form, known, Some(rotation))?;
        Some(Auth::Token(Box::new(call)))
    }

    /// A token endpoint of OAuth 2: the form, and where id and secret of the client go.
    fn endpoint(
        &mut self,
        node: &Node,
        entries: &[&(Key, Node)],
        mut form: Vec<(String, Shape)>,
        known: &BTreeSet<String>,
        rotates: Option<Rotation>,
    ) -> Option<TokenCall> {
        let url = get(entries, "url").and_then(|node| {
            let text = self.text(node, &BTreeSet::new())?;
            self.place(node, &text).then_some(text)
        });
        let id = get(entries, "id").and_then(|node| self.text(node, known));
        let secret = get(entries, "secret").and_then(|node| self.credential("secret", node, known));
        let basic = get(entries, "client").map(|node| self.one_of(node, &[("body", false), ("basic", true)]));
        let (path, id, secret) = (url?, id?, secret?);
        let basic = basic.unwrap_or(Some(false))?;
        if !basic {
            form.push(("client_id".to_owned(), Shape::Text(id.clone())));
            form.push(("client_secret".to_owned(), Shape::Text(secret.clone())));
        }
        let request =
            RequestShape { method: Method::Post, path, query: Vec::new(), headers: Vec::new(), payload: Payload::Form(form) };
        let place = |_| Span::new(node.span.source, 0..0);
        Some(TokenCall {
            request,
            basic: basic.then_some((id, secret)),
            token: extract::from("$.access_token", &place, self.found)?,
            expires_in: extract::from("$.expires_in", &place, self.found),
            ttl: None,
            sliding: false,
            header: bearer(),
            rotates,
        })
    }

    fn token(&mut self, node: &Node, known: &BTreeSet<String>) -> Option<Auth> {
        let entries = grammar::TOKEN.entries(node, self.found);
        let mut names = known.clone();
        names.extend(["now", "now.epoch_s", "now.epoch_ms"].map(str::to_owned));
        let request = get(&entries, "request").and_then(|node| self.request(node, &names).map(|(request, _)| request));
        let takes = get(&entries, "take").map(|node| grammar::TOKEN_TAKE.entries(node, self.found)).unwrap_or_default();
        let token = get(&takes, "token").and_then(|node| extract::one(node, self.found));
        let expires_in = get(&takes, "expires_in").map(|node| extract::one(node, self.found));
        let ttl = get(&entries, "ttl").map(|node| node.as_duration(self.found));
        let sliding = get(&entries, "sliding").map_or(Some(false), |node| node.as_bool(self.found));
        let mut names = known.clone();
        names.insert("token".to_owned());
        let header = match get(&entries, "header") {
            Some(node) => self.named_texts(node, &names),
            None => Some(bearer()),
        };
        Some(Auth::Token(Box::new(TokenCall {
            request: request?,
            basic: None,
            token: token?,
            expires_in: flipped(expires_in)?,
            ttl: flipped(ttl)?,
            sliding: sliding?,
            header: header?,
            rotates: None,
        })))
    }

    fn sign(&mut self, node: &Node, known: &BTreeSet<String>) -> Option<Auth> {
        let entries = grammar::SIGN.entries(node, self.found);
        let mut names = known.clone();
        names.extend(SIGNED.map(str::to_owned));
        let message = get(&entries, "message").and_then(|node| self.text(node, &names));
        let key = get(&entries, "key").and_then(|node| self.credential("key", node, known));
        let (algorithm, encoding) = self.hashing(&entries);
        let to = match (get(&entries, "header"), get(&entries, "query")) {
            (Some(node), None) => node.as_text(self.found).map(|name| Placement::Header(name.to_owned())),
            (None, Some(node)) => node.as_text(self.found).map(|name| Placement::Query(name.to_owned())),
            _ => {
                self.fault("one-of", node.span, "a signature goes into `header` or `query`", "give exactly one of them");
                None
            }
        };
        Some(Auth::Sign { message: message?, key: key?, algorithm: algorithm?, encoding: encoding?, to: to? })
    }

    /// `algorithm` and `encoding`.
    pub(super) fn hashing(&mut self, entries: &[&(Key, Node)]) -> (Option<Algorithm>, Option<Encoding>) {
        (
            get(entries, "algorithm").map_or(Some(Algorithm::HmacSha256), |node| self.one_of(node, &Algorithm::ALL)),
            get(entries, "encoding").map_or(Some(Encoding::Hex), |node| self.one_of(node, &Encoding::ALL)),
        )
    }
}

fn bearer() -> Vec<(String, Text)> {
    let text = Text(vec![Piece::Text("Bearer ".to_owned()), Piece::Name("token".to_owned())]);
    vec![("Authorization".to_owned(), text)]
}

/// `Some(None)` where nothing was written, `None` where something faulty was.
#[expect(clippy::option_option, reason = "not written, faulty and read are three things")]
pub(super) fn flipped<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(None) => None,
        Some(found) => Some(found),
    }
}
