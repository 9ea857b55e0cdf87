//! Reads `verify`: how a delivery is believed.

use super::address::Network;
use super::ctx::{Reader, get};
use super::read_auth::flipped;
use super::text::Text;
use super::webhook::{Time, Verify};
use super::{grammar, names};
use crate::lang::yaml::Node;
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};

const TOLERANCE: SignedDuration = SignedDuration::from_secs(300);

impl Reader<'_> {
    /// One check of `verify`.
    pub(super) fn verify(&mut self, node: &Node, take: &BTreeMap<String, super::Take>) -> Option<Verify> {
        let entries = grammar::VERIFY.entries(node, self.found);
        let [(kind, value)] = entries.as_slice() else {
            if !entries.is_empty() {
                self.fault("one-of", node.span, "a check is exactly one kind", "write each check as an item of its own");
            }
            return None;
        };
        let secrets = names::of_secrets(&self.secrets);
        match kind.text.as_str() {
            "header" => {
                let headers = value.entries(self.found)?;
                let all: Vec<_> = headers
                    .iter()
                    .map(|(key, value)| {
                        let text = self.text(value, &secrets)?;
                        self.refuse_literal(&key.text, &text, value, true);
                        Some((key.text.to_ascii_lowercase(), text))
                    })
                    .collect();
                all.into_iter().collect::<Option<Vec<_>>>().map(Verify::Header)
            }
            "hmac" => self.hmac(value, take, &secrets),
            "standard" => {
                let entries = grammar::STANDARD.entries(value, self.found);
                let secret = self.keys(get(&entries, "secret")?, &secrets);
                let tolerance = get(&entries, "tolerance").map_or(Some(TOLERANCE), |node| node.as_duration(self.found));
                Some(Verify::Standard { secret: secret?, tolerance: tolerance? })
            }
            "basic" => {
                let entries = grammar::BASIC.entries(value, self.found);
                let user = self.text(get(&entries, "user")?, &secrets);
                let password = match get(&entries, "password") {
                    Some(node) => {
                        let password = self.text(node, &secrets);
                        if let Some(text) = &password {
                            self.refuse_literal("password", text, node, true);
                        }
                        password
                    }
                    None => Some(Text::default()),
                };
                user.zip(password).map(|(user, password)| Verify::Basic { user, password })
            }
            "address" => {
                let items = value.items(self.found)?;
                let all: Vec<_> = items.iter().map(|item| self.network(item)).collect();
                all.into_iter().collect::<Option<Vec<_>>>().map(Verify::Address)
            }
            _ => {
                let entries = grammar::JWT.entries(value, self.found);
                let key = self.keys(get(&entries, "key")?, &secrets);
                let issuer = get(&entries, "issuer").map(|node| node.as_text(self.found).map(str::to_owned));
                Some(Verify::Jwt { key: key?, issuer: flipped(issuer)? })
            }
        }
    }

    fn keys(&mut self, node: &Node, known: &BTreeSet<String>) -> Option<Vec<Text>> {
        let texts = self.texts(node, known)?;
        for (text, item) in texts.iter().zip(node.items_or_self()) {
            self.refuse_literal("key", text, item, true);
        }
        Some(texts)
    }

    fn hmac(&mut self, node: &Node, take: &BTreeMap<String, super::Take>, secrets: &BTreeSet<String>) -> Option<Verify> {
        let entries = grammar::HMAC.entries(node, self.found);
        let mut known: BTreeSet<String> = ["body", "url", "event", "header.", "signature."].map(str::to_owned).into();
        known.extend(take.keys().map(|name| format!("body.{name}")));
        let message = get(&entries, "message").and_then(|node| match node.scalar() {
            Some("body") => Some(Text(vec![super::Piece::Name("body".to_owned())])),
            _ => self.text(node, &known),
        });
        if let (Some(text), Some(node)) = (&message, get(&entries, "message"))
            && text.names().next().is_none()
        {
            self.fault(
                "constant-message",
                node.span,
                "this message is the same for every delivery",
                "write `body`, or a text with `{{body}}` or `{{header.NAME}}`",
            );
        }
        let key = get(&entries, "key").and_then(|node| self.keys(node, secrets));
        let (algorithm, encoding) = self.hashing(&entries);
        let header = get(&entries, "header").and_then(|node| node.as_text(self.found)).map(str::to_ascii_lowercase);
        let field = get(&entries, "field").map(|node| node.as_text(self.found).map(str::to_owned));
        let prefix = get(&entries, "prefix").map(|node| node.as_text(self.found).map(str::to_owned));
        let tolerance = get(&entries, "tolerance").map_or(Some(TOLERANCE), |node| node.as_duration(self.found));
        let time = get(&entries, "time")
            .map(|node| self.source(node, &known).zip(tolerance).map(|(of, tolerance)| Time { of, tolerance }));
        if let (None, Some(node)) = (get(&entries, "time"), get(&entries, "tolerance")) {
            self.fault(
                "misplaced-key",
                node.span,
                "`tolerance` needs `time`",
                "say where the time of sending stands, such as `time: header.X-Timestamp`",
            );
        }
        Some(Verify::Hmac {
            message: message?,
            key: key?,
            algorithm: algorithm?,
            encoding: encoding?,
            header: header?,
            field: flipped(field)?,
            prefix: flipped(prefix)?.unwrap_or_default(),
            time: flipped(time)?,
        })
    }

    fn network(&mut self, node: &Node) -> Option<Network> {
        let text = node.as_text(self.found)?;
        let network = text.parse().ok();
        if network.is_none() {
            self.fault(
                "bad-address",
                node.span,
                format!("`{text}` is no address and no network"),
                "write such as `203.0.113.7` or `203.0.113.0/24`; names of hosts are not looked up",
            );
        }
        network
    }
}
