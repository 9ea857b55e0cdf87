//! Does the public address lead here? Asked from here, by the very path that Lever's webhooks take: only this process knows the word
//! that has to come back.

use super::account::Account;
use super::call::Node;
use super::webhooks;
use crate::http::{Auth, Endpoint};
use crate::model::{Body, Destination, Exchange, Method, Request, hex};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The words that are under way.
#[derive(Debug, Default)]
pub struct Reach(Mutex<BTreeSet<String>>);

impl Reach {
    /// Whether this process sent the word.
    pub fn knows(&self, word: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(word)
    }
}

/// Tries each address that Lever sends webhooks of the account to; a line for each that does not lead here.
pub async fn test(node: &Node, account: &Account) -> Result<usize, Vec<String>> {
    let wanted = webhooks::wanted(node, account);
    let mut wrong = Vec::new();
    for one in &wanted {
        if let Err(why) = once(node, &one.url).await {
            wrong.push(format!("{}: {why}", one.url));
        }
    }
    if wrong.is_empty() { Ok(wanted.len()) } else { Err(wrong) }
}

async fn once(node: &Node, url: &str) -> Result<(), String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| "the system gives no random numbers".to_owned())?;
    let word = hex(&bytes);
    let base = url::Url::parse(url).map_err(|_| "it is no URL; set `server.public_url` in leverd.yaml".to_owned())?;
    // Our own address may be a private one.
    let endpoint = Endpoint { allow_private: true, ..Endpoint::new(base, Auth::None) };
    let request = Request {
        to: Destination::Lever,
        method: Method::Get,
        path: String::new(),
        query: vec![("here".to_owned(), word.clone())],
        headers: Vec::new(),
        body: Body::None,
        masks: Vec::new(),
        max_answer: None,
    };
    node.reach.0.lock().unwrap_or_else(PoisonError::into_inner).insert(word.clone());
    let exchange = node.http.send(&request, &endpoint).await;
    node.reach.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&word);
    match exchange {
        Exchange::Answered(answer) if answer.status == 200 && answer.body == b"here" => Ok(()),
        Exchange::Answered(answer) => Err(format!(
            "something else answers there, with status {}: does the proxy in front pass `/hooks/` on to this leverd?",
            answer.status
        )),
        Exchange::NotSent(why) | Exchange::Lost(why) => Err(format!("nothing answers there: {why}")),
    }
}
