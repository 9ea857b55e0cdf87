//! Reads `store`: a file, or a database.

use super::Store;
use super::grammar::STORE;
use super::read::Reader;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::yaml::Node;
use url::Url;

const FORMS: &str = "write `store: { sqlite: leverd.db }`, or `store: postgres://user@host/database`";
const BY_REFERENCE: &str =
    "take it out: `store: { postgres: postgres://user@host/database, password: { env: DATABASE_PASSWORD } }`";

impl Reader {
    pub(super) fn store(&mut self, node: &Node) -> Option<Store> {
        if node.scalar().is_some() {
            return self.database(node).map(|url| Store::Postgres { url, password: None });
        }
        let before = self.found.len();
        STORE.entries(node, &mut self.found);
        let password = node.get("password");
        match (node.get("sqlite"), node.get("postgres")) {
            (Some(file), None) => {
                if let Some(password) = password {
                    let diagnostic = Diagnostic::error("bad-store", password.span, "a file has no password");
                    self.found
                        .push(diagnostic.help("who may read it is a matter of its folder; `password` goes with `postgres`"));
                }
                self.path(file).map(Store::Sqlite)
            }
            (None, Some(url)) => {
                let url = self.database(url);
                let password = match password {
                    Some(password) => Some(self.secret(password, "database_password")?),
                    None => None,
                };
                Some(Store::Postgres { url: url?, password })
            }
            (Some(_), Some(url)) => {
                let diagnostic = Diagnostic::error("bad-store", url.span, "`store` names a file and a database");
                self.found.push(diagnostic.help("everything is kept in one place: take one of the two out"));
                None
            }
            (None, None) => {
                if self.found.len() == before {
                    self.found.push(Diagnostic::error("bad-store", node.span, "`store` says not where").help(FORMS));
                }
                None
            }
        }
    }

    /// The URL of a database. A password in it is blanked.
    fn database(&mut self, node: &Node) -> Option<String> {
        let text = node.as_text(&mut self.found)?.trim();
        let Some(url) = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql")) else {
            // It may be a URL that cannot be read for a character of its password.
            if text.contains('@') {
                self.literals.push(node.span);
                let diagnostic = Diagnostic::error("bad-store", node.span, "this is no URL of a PostgreSQL database");
                self.found.push(diagnostic.label("blanked in this message").help(FORMS));
            } else {
                let message = format!("`{text}` is no URL of a PostgreSQL database");
                self.found.push(Diagnostic::error("bad-store", node.span, message).help(FORMS));
            }
            return None;
        };
        if url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password") {
            self.literals.push(node.span);
            let diagnostic = Diagnostic::error("literal-secret", node.span, "the password of the database stands in the file");
            self.found.push(
                diagnostic
                    .label("blanked in this message")
                    .help(BY_REFERENCE)
                    .help("if this file was ever committed or sent, replace the password: it is no longer a secret"),
            );
            return None;
        }
        Some(text.to_owned())
    }
}
