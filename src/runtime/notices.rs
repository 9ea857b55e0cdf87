//! Every notice, once it is durable: a log line, a metric, and a POST to `notices.url` if one is set.

use super::call::Node;
use crate::http::{Auth, Endpoint};
use crate::model::{AccountId, Body, Destination, Exchange, Method, Notice, Request, VendorName};
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// Tells notices until cancelled.
pub(super) async fn tell(node: Arc<Node>, cancel: CancellationToken) {
    let mut coming = node.store.notices_as_they_come();
    loop {
        let received = tokio::select! { biased;
            () = cancel.cancelled() => return,
            received = coming.recv() => received,
        };
        match received {
            Ok((account, notice)) => {
                metrics::counter!("leverd_notices_total", "kind" => format!("{:?}", notice.kind).to_lowercase()).increment(1);
                // The text may name what a rule's author wrote; opportunities are told by id only.
                tracing::warn!(%account, kind = ?notice.kind, opportunity = notice.opportunity.as_ref().map(AsRef::<str>::as_ref), event = notice.event.map(tracing::field::display), effect = notice.effect.map(tracing::field::display), "{}", notice.text);
                if let Some(post) = &*node.notices.load_full() {
                    post.send(&node, &account, &notice).await;
                }
            }
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "notices came faster than they could be told; `leverd parked` has them");
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// Where notices are posted. The URL may itself be a secret, so it is never printed.
#[derive(Debug)]
pub struct Poster {
    endpoint: Endpoint,
}

impl Poster {
    /// Posts to this URL.
    pub fn to(url: url::Url) -> Self {
        Self { endpoint: Endpoint::new(url, Auth::None) }
    }

    /// Posts one notice: account, kind, text, opportunity, the ids that lead to it, and time. Tried once more after a pause; the stored row is what counts.
    async fn send(&self, node: &Node, account: &AccountId, notice: &Notice) {
        let mut request = Request::new(Destination::Vendor(VendorName::new("notices")), Method::Post, "");
        request.body = Body::Json(serde_json::json!({
            "account": account,
            "kind": notice.kind,
            "text": notice.text,
            "opportunity": notice.opportunity,
            "event": notice.event,
            "effect": notice.effect,
            "at": notice.at,
        }));
        for pause in [1, 10] {
            match node.http.send(&request, &self.endpoint).await {
                Exchange::Answered(answer) if answer.ok() => return,
                _ => tokio::time::sleep(std::time::Duration::from_secs(pause)).await,
            }
        }
        tracing::warn!("a notice could not be posted to `notices.url`; `leverd parked` has it");
    }
}
