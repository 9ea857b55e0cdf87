//! Which programs may use the API, as `leverd.yaml` says.

use super::grammar::{API, ROLES, TOKEN};
use super::read::Reader;
use super::{Role, SecretRef};
use crate::lang::yaml::Node;

/// The API of a server: off where there is no token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Api {
    /// In file order; each name once.
    pub tokens: Vec<ApiToken>,
}

/// A program that gets in by a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Stands in the record of what was done.
    pub name: String,
    pub token: SecretRef,
    pub role: Role,
}

impl Reader {
    pub(super) fn api(&mut self, node: &Node) -> Api {
        let mut api = Api::default();
        for (_, value) in API.entries(node, &mut self.found) {
            let entries = value.entries(&mut self.found).unwrap_or_default();
            api.tokens = entries.iter().filter_map(|(key, node)| self.token(&key.text, node)).collect();
        }
        api
    }

    fn token(&mut self, name: &str, node: &Node) -> Option<ApiToken> {
        let (mut token, mut role) = (None, Role::Viewer);
        for (key, value) in TOKEN.entries(node, &mut self.found) {
            if key.text == "token" {
                token = self.secret(value, "leverd_api_token");
            } else if self.one_of(value, &ROLES) == Some("operator") {
                role = Role::Operator;
            }
        }
        Some(ApiToken { name: name.to_owned(), token: token?, role })
    }
}
