//! Logging in: a link for a Super Admin, a visit to Lever's consent page, and back with a code that becomes tokens.
//!
//! The link carries a ticket, so that nobody else can tie a Lever account of theirs to an account here. Each visit gets a `state` of its
//! own: random, bound to the account, good once and for a quarter of an hour. Of both only the hash is stored. A ticket is good until
//! somebody got through with it, so a person who declined, or whom the network failed, may use the link again.

use super::account::Account;
use super::call::Node;
use super::needs;
use super::tokens::{self, connection};
use crate::lever::oauth::{self, Callback, NoTokens};
use crate::lever::permission;
use crate::model::{AccountId, Secret, hex};
use crate::store::{Login, LoginKind, Presented};
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use url::Url;

/// How long one visit to the consent page may take.
const VISIT: SignedDuration = SignedDuration::from_mins(15);
/// Where Lever sends people back to, below our public URL.
const CALLBACK: &str = "/oauth/lever/callback";

/// What a person is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub status: u16,
    pub title: String,
    /// Paragraphs.
    pub text: Vec<String>,
}

impl Page {
    fn new(status: u16, title: &str, text: impl Into<String>) -> Self {
        Self { status, title: title.to_owned(), text: vec![text.into()] }
    }

    fn failed(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a login could not go on");
        Self::new(
            503,
            "leverd cannot do this now",
            "Something inside leverd failed; nothing was changed. Try the link again later.",
        )
    }
}

/// A link by which a Super Admin of the account's Lever lets leverd in, good for so long.
pub async fn link(node: &Node, account: &Account, valid: SignedDuration) -> Result<String, String> {
    if account.oauth.is_none() {
        return Err(format!("account `{}` is connected by an API key: there is nothing to log in to", account.id));
    }
    let base = public(node).ok_or("leverd.yaml has no `server.public_url`, to which Lever would send people back")?;
    let ticket = random().map_err(|error| error.to_string())?;
    let now = node.clock.now();
    let expires_at = now.checked_add(valid).map_err(|error| error.to_string())?;
    let login = Login { hash: hash(&ticket), kind: LoginKind::Ticket, ticket: None, expires_at };
    node.store.open_login(&account.id, login, now).await.map_err(|error| error.to_string())?;
    Ok(format!("{base}/oauth/lever/start?account={}&ticket={ticket}", account.id))
}

/// Begins a visit: where to send the browser.
pub async fn begin(node: &Node, account: &AccountId, ticket: &str) -> Result<Url, Page> {
    let unknown = || {
        Page::new(
            404,
            "This link is not known",
            "It may have been cut off. Ask for a new one: `leverd connect ACCOUNT` makes it.",
        )
    };
    let known = node.known(account).ok_or_else(unknown)?;
    let (Some(oauth), Some(base)) = (&known.oauth, public(node)) else { return Err(unknown()) };
    let now = node.clock.now();
    match node.store.present_login(account, LoginKind::Ticket, &hash(ticket), now, false).await {
        Ok(Presented::Good(_)) => {}
        Ok(Presented::Unknown) => return Err(unknown()),
        Ok(Presented::Spent) => {
            let text = "Somebody connected the account with it. If access was revoked since, ask for a new link: `leverd connect ACCOUNT` makes it.";
            return Err(Page::new(410, "This link was used already", text));
        }
        Ok(Presented::Expired) => {
            let text = "Ask for a new one: `leverd connect ACCOUNT` makes it.";
            return Err(Page::new(410, "This link is too old", text));
        }
        Err(error) => return Err(Page::failed(&error)),
    }
    let state = format!("{account}.{}", random().map_err(|error| Page::failed(&error))?);
    let login = Login { hash: hash(&state), kind: LoginKind::State, ticket: Some(hash(ticket)), expires_at: now + VISIT };
    node.store.open_login(account, login, now).await.map_err(|error| Page::failed(&error))?;
    let callback = format!("{base}{CALLBACK}");
    oauth.app.authorize(&callback, &needs::scopes(&known), &state).ok_or_else(unknown)
}

/// Ends a visit with what Lever sent along.
pub async fn end(node: Arc<Node>, query: Vec<(String, String)>) -> Page {
    let (state, code) = match oauth::callback(&query) {
        Callback::Malformed => {
            return Page::new(
                400,
                "This is not a login",
                "The address lacks what Lever sends along. Begin with the link again.",
            );
        }
        Callback::Denied { state, reason } => (state, Err(reason)),
        Callback::Code { state, code } => (state, Ok(code)),
    };
    let foreign = || {
        let text =
            "leverd did not begin this login. Nothing was changed. Begin with the link that `leverd connect ACCOUNT` makes.";
        Page::new(403, "This login is not ours", text)
    };
    let Some((account, _)) = state.expose().split_once('.') else { return foreign() };
    let Some(account) = node.known(&AccountId::new(account)) else { return foreign() };
    let now = node.clock.now();
    let login = match node.store.present_login(&account.id, LoginKind::State, &hash(state.expose()), now, true).await {
        Ok(Presented::Good(login)) => login,
        Ok(Presented::Unknown) => return foreign(),
        Ok(Presented::Spent) => {
            let text = "Each login ends once. If the account is not connected, begin with the link again.";
            return Page::new(409, "This login has ended already", text);
        }
        Ok(Presented::Expired) => {
            return Page::new(410, "This login took too long", "Nothing was changed. Begin with the link again.");
        }
        Err(error) => return Page::failed(&error),
    };
    let code = match code {
        Ok(code) => code,
        Err(reason) => {
            let text = format!("Lever says: {reason}. Nothing was changed; the link can be used again.");
            return Page::new(403, "leverd was not let in", text);
        }
    };
    // In a task of its own: tokens that were given must be stored, also if the browser goes away.
    match tokio::spawn(async move { exchange(&node, &account, &code, login).await }).await {
        Ok(page) => page,
        Err(error) => Page::failed(&error),
    }
}

async fn exchange(node: &Node, account: &Account, code: &Secret, login: Login) -> Page {
    let (Some(oauth), Some(base)) = (&account.oauth, public(node)) else {
        return Page::failed(&"the account was configured otherwise meanwhile");
    };
    let request = oauth.app.exchange(&oauth.client_secret, code, &format!("{base}{CALLBACK}"));
    let exchange = node.http.send(&request, &oauth.endpoint).await;
    let now = node.clock.now();
    let tokens = match oauth::tokens(&exchange, None, now) {
        Ok(tokens) => tokens,
        Err(NoTokens::Later { reason, .. }) => {
            tracing::warn!(account = %account.id, why = reason.text, "a login broke off");
            let text = format!("{}. Nothing was changed; use the link again in a minute.", reason.text);
            return Page::new(502, "The login broke off", text);
        }
        Err(refused) => {
            tracing::warn!(account = %account.id, why = refused.reason().text, "a login was refused");
            let text = format!("{}. Nothing was changed.", refused.reason().text);
            return Page::new(502, "Lever refused the login", text);
        }
    };
    let sealed = match tokens::sealed(&node.vault.load(), &account.id, &tokens) {
        Ok(sealed) => sealed,
        Err(locked) => return Page::failed(&locked),
    };
    if let Err(error) = node.store.grant_login(&account.id, &connection(), sealed, now).await {
        return Page::failed(&error);
    }
    if let Some(ticket) = &login.ticket
        && let Err(error) = node.store.present_login(&account.id, LoginKind::Ticket, ticket, now, true).await
    {
        tracing::error!(%error, "the link of a login could not be closed");
    }
    // The new tokens are in the store: whoever asks next takes them from there.
    oauth.ask_again().await;
    let _ = tokens::renew(node, account, oauth, oauth.access().map(|(_, version)| version)).await;
    node.look_again();
    tracing::info!(account = %account.id, "connected to Lever");
    let mut text = vec!["You can close this page. leverd goes on by itself.".to_owned()];
    let lacking: Vec<String> = needs::scopes(account)
        .into_iter()
        .filter(|scope| !tokens.scope.is_empty() && !permission::granted(scope, &tokens.scope))
        .collect();
    if !lacking.is_empty() {
        text.push(format!(
            "Lever did not grant all that the rules need. Lacking: {}. `leverd doctor` tells what for.",
            lacking.join(", ")
        ));
    }
    Page { status: 200, title: format!("Lever is connected to “{}”", account.id), text }
}

/// Our public URL, without a slash at its end.
fn public(node: &Node) -> Option<String> {
    let url = node.public_url.load();
    url.as_ref().as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned())
}

fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

fn hash(carried: &str) -> String {
    hex(&Sha256::digest(carried))
}
