//! The connection to Lever: where it is, by what leverd is known there, how its webhooks are recognised, whether it is polled.

use super::grammar::{LEVER, LEVER_HOSTS, OAUTH, POLL, WEBHOOKS};
use super::read::Reader;
use super::{Config, Credentials, LeverConnection, LeverHost, OAuthApp, SecretRef};
use crate::lang::diagnostic::Diagnostic;
use crate::lang::yaml::{Key, Node};
use jiff::SignedDuration;

impl Reader {
    pub(super) fn lever(&mut self, at: &Key, node: &Node) -> Option<LeverConnection> {
        let (mut host, mut perform_as) = (LeverHost::Production, None);
        let (mut api_key, mut oauth) = (None, None);
        let (mut signing_tokens, mut unsigned) = (Vec::new(), false);
        let (mut webhooks, mut told, mut poll) = (None, false, None);
        let before = self.found.len();
        for (key, value) in LEVER.entries(node, &mut self.found) {
            match key.text.as_str() {
                "base_url" => host = self.lever_host(value).unwrap_or(host),
                "api_key" => api_key = self.secret(value, "api_key"),
                "oauth" => oauth = Some((key, value)),
                "perform_as" => perform_as = self.text(value),
                "poll" => poll = self.poll(value),
                _ => {
                    webhooks = Some(key.span);
                    for (key, value) in WEBHOOKS.entries(value, &mut self.found) {
                        if key.text == "unsigned" {
                            unsigned = value.as_bool(&mut self.found).unwrap_or_default();
                        } else {
                            told = true;
                            signing_tokens = self.signing_tokens(value);
                        }
                    }
                }
            }
        }
        // The URL may stand behind `oauth`.
        let oauth = oauth.and_then(|(key, value)| self.oauth(key, value, &host));
        self.one_credential(node);
        // Only of a connection that is right otherwise: a misspelt key is told already. Who writes `[]` knows; an OAuth app makes its
        // webhooks itself.
        if !told && !unsigned && oauth.is_none() && poll.is_none() && self.found.len() == before {
            let message = "no webhook of Lever can be recognised: this connection has no signing token";
            self.found.push(
                Diagnostic::warning("no-signing-token", webhooks.unwrap_or(at.span), message)
                    .help("made by hand in Lever, under Settings > Integrations and API > Webhooks: add `webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }`")
                    .help("made by `leverd connect ACCOUNT --webhooks`, which keeps the tokens in the store: write `webhooks: { signing_tokens: [] }`"),
            );
        }
        let credentials = api_key.map(Credentials::ApiKey).or(oauth.map(Credentials::OAuth))?;
        Some(LeverConnection { host, credentials, perform_as, signing_tokens, unsigned, poll, span: at.span })
    }

    fn one_credential(&mut self, node: &Node) {
        match (node.entry("api_key"), node.entry("oauth")) {
            (Some((key, _)), Some((oauth, _))) => self.found.push(
                Diagnostic::error(
                    "two-credentials",
                    oauth.span,
                    "Lever is asked with an API key or through an OAuth app, not both",
                )
                .also(key.span, "the API key")
                .help("remove `api_key` or `oauth`"),
            ),
            (None, None) => {
                let Some(entries) = node.entries(&mut self.found) else { return };
                if !["api_key", "oauth"].iter().any(|name| LEVER.misspells(entries, name)) {
                    self.found.push(
                        Diagnostic::error("missing-key", node.span, "a Lever connection lacks `api_key` or `oauth`")
                            .help("add `api_key: { env: LEVER_API_KEY }`; a Super Admin makes keys in Lever under Settings > Integrations and API"),
                    );
                }
            }
            _ => {}
        }
    }

    fn oauth(&mut self, at: &Key, node: &Node, host: &LeverHost) -> Option<OAuthApp> {
        let (mut client_id, mut client_secret, mut auth_url) = (None, None, None);
        for (key, value) in OAUTH.entries(node, &mut self.found) {
            match key.text.as_str() {
                "client_id" => client_id = value.as_text(&mut self.found).map(str::to_owned),
                "client_secret" => client_secret = self.secret(value, "client_secret"),
                _ => auth_url = self.url(value).map(|url| (key.span, url)),
            }
        }
        let auth_url = match (host.auth_url(), auth_url) {
            (Some(known), None) => known.to_owned(),
            (Some(known), Some((span, _))) => {
                let message = format!("`auth_url` is known for this Lever: {known}");
                self.found
                    .push(Diagnostic::error("auth-url", span, message).help("remove it; it is for a `base_url` that is a URL"));
                return None;
            }
            (None, Some((_, url))) => url.as_str().trim_end_matches('/').to_owned(),
            (None, None) => {
                let message = "`oauth` lacks `auth_url`: where a Lever of its own URL lets people log in is not known";
                self.found.push(
                    Diagnostic::error("auth-url", at.span, message)
                        .help("add `auth_url: https://…`, the URL below which `/authorize` and `/oauth/token` are"),
                );
                return None;
            }
        };
        let audience = host.audience();
        Some(OAuthApp { client_id: client_id?, client_secret: client_secret?, auth_url, audience, span: at.span })
    }

    /// What an OAuth app needs of the server.
    pub(super) fn grants(&mut self, config: &Config) {
        let apps = config.accounts.iter().filter_map(|account| match &account.lever.credentials {
            Credentials::OAuth(app) => Some(app),
            Credentials::ApiKey(_) => None,
        });
        for app in apps {
            if config.server.encryption_keys.is_empty() {
                self.found.push(
                    Diagnostic::error(
                        "no-encryption-key",
                        app.span,
                        "the tokens that Lever gives this app could not be kept: there is no encryption key",
                    )
                    .help(
                        "add `server: { encryption_keys: [{ env: LEVERD_ENCRYPTION_KEY }] }`; `openssl rand -hex 32` makes one",
                    ),
                );
            }
            if config.server.public_url.is_none() {
                self.found.push(
                    Diagnostic::warning("no-public-url", app.span, "Lever sends people back to `server.public_url`, which is not given")
                        .help("add `server: { public_url: https://… }`, and register that URL with `/oauth/lever/callback` behind it as the app's callback"),
                );
            }
        }
    }

    /// How often Lever is polled. Oftener than every minute would eat the budget of writes, more seldom than daily is no polling.
    fn poll(&mut self, node: &Node) -> Option<SignedDuration> {
        let (_, every) = POLL.entries(node, &mut self.found).into_iter().next()?;
        let length = every.as_duration(&mut self.found)?;
        if (SignedDuration::from_mins(1)..=SignedDuration::from_hours(24)).contains(&length) {
            return Some(length);
        }
        let message = format!("Lever cannot be polled every `{}`", every.scalar().unwrap_or_default());
        self.found.push(
            Diagnostic::error("poll-interval", every.span, message)
                .help("write `1m` to `1d`; `15m` is usual, and webhooks tell what they know at once all the same"),
        );
        None
    }

    fn signing_tokens(&mut self, node: &Node) -> Vec<SecretRef> {
        let items = node.items(&mut self.found).unwrap_or_default();
        items.iter().filter_map(|item| self.secret(item, "signing_tokens")).collect()
    }

    fn lever_host(&mut self, node: &Node) -> Option<LeverHost> {
        let text = node.as_text(&mut self.found)?;
        match text {
            "production" => Some(LeverHost::Production),
            "sandbox" => Some(LeverHost::Sandbox),
            "eu" => Some(LeverHost::Eu),
            text if text.contains("://") => self.url(node).map(LeverHost::Other),
            text => {
                let message = format!("`{text}` is no Lever API");
                self.found.push(
                    Diagnostic::error("bad-url", node.span, message)
                        .suggest_near(node.span, text, LEVER_HOSTS)
                        .help("write `production`, `sandbox`, `eu` or a URL"),
                );
                None
            }
        }
    }
}
