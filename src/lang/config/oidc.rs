//! A provider of identities at which people log in to the console, as `leverd.yaml` names it.

use super::SecretRef;
use super::grammar::OIDC;
use super::read::Reader;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::yaml::Node;
use url::Url;

/// An OpenID Connect provider, and who of its people may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oidc {
    /// As the provider names itself; `/.well-known/openid-configuration` is found below it.
    pub issuer: Url,
    pub client_id: String,
    pub client_secret: SecretRef,
    /// The claim that says who somebody is.
    pub claim: String,
    /// Names, or `*@` and a domain: who may look.
    pub viewers: Vec<String>,
    /// Who may act, too.
    pub operators: Vec<String>,
}

impl Reader {
    pub(super) fn oidc(&mut self, node: &Node) -> Option<Oidc> {
        let (mut issuer, mut client_id, mut client_secret) = (None, None, None);
        let (mut claim, mut viewers, mut operators) = ("email".to_owned(), Vec::new(), Vec::new());
        for (key, value) in OIDC.entries(node, &mut self.found) {
            match key.text.as_str() {
                "issuer" => issuer = self.url(value),
                "client_id" => client_id = value.as_text(&mut self.found).map(str::to_owned),
                "client_secret" => client_secret = self.secret(value, "oidc_client_secret"),
                "claim" => claim = value.as_text(&mut self.found).map_or(claim, str::to_owned),
                "viewers" => viewers = self.people(value),
                _ => operators = self.people(value),
            }
        }
        if viewers.is_empty() && operators.is_empty() && !node.is_faulty() {
            self.found.push(
                Diagnostic::error("nobody-comes-in", node.span, "`oidc` lets nobody in")
                    .label("neither `viewers` nor `operators` names anybody")
                    .help(
                        "name who may look, `viewers: [\"*@example.com\"]`, and who may act, `operators: [olga@example.com]`",
                    ),
            );
            return None;
        }
        Some(Oidc { issuer: issuer?, client_id: client_id?, client_secret: client_secret?, claim, viewers, operators })
    }

    fn people(&mut self, node: &Node) -> Vec<String> {
        let items = node.items(&mut self.found).unwrap_or_default();
        items.iter().filter_map(|item| item.as_text(&mut self.found).map(str::to_owned)).collect()
    }
}
