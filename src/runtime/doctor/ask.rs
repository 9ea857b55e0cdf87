//! Asking Lever something harmless.

use crate::lever::api::{self, Page, Unread};
use crate::model::{Class, Exchange, Request};
use crate::runtime::account::Account;
use crate::runtime::call::{Called, Node, Unready};

/// How often Lever may ask us to wait before we take that for its answer. The budget heeds how long.
const PATIENCE: usize = 4;

/// The answer, or why there is none.
pub(super) async fn lever(node: &Node, account: &Account, request: &Request) -> Result<Exchange, String> {
    for _ in 1..PATIENCE {
        match once(node, account, request).await {
            Ok(Exchange::Answered(answer)) if answer.status == 429 => {}
            other => return other,
        }
    }
    once(node, account, request).await
}

async fn once(node: &Node, account: &Account, request: &Request) -> Result<Exchange, String> {
    match node.call(account, request, Class::Person).await {
        Ok(Called::Exchanged(exchange)) => Ok(exchange),
        Ok(Called::Held { reason, .. })
        | Err(Unready::Defer { reason, .. } | Unready::Gone(reason) | Unready::Park(reason)) => Err(reason.text),
        Err(Unready::Store(error)) => Err(error.to_string()),
    }
}

/// Every page of a list, or why it cannot be read.
pub(in crate::runtime) async fn all<T>(
    node: &Node,
    account: &Account,
    request: Request,
    read: impl Fn(&Exchange) -> Result<Page<T>, Unread>,
) -> Result<Vec<T>, String> {
    let (mut all, mut next) = (Vec::new(), request);
    loop {
        let exchange = lever(node, account, &next).await?;
        let page = read(&exchange).map_err(|unread| unread.reason().text.clone())?;
        all.extend(page.items);
        match page.next {
            Some(token) => next = api::next_page(&next, &token),
            None => return Ok(all),
        }
    }
}
