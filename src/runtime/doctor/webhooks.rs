//! Does Lever tell us what the rules listen to, and has it ever?

use super::{Finding, ask};
use crate::lever::api;
use crate::lever::register::{self, Step, title};
use crate::model::LeverEvent;
use crate::runtime::account::Account;
use crate::runtime::call::Node;
use crate::runtime::webhooks;
use crate::store::Heard;
use std::collections::BTreeSet;

const ABOUT: &str = "webhooks";

pub(super) async fn examine(node: &Node, account: &Account, findings: &mut Vec<Finding>) {
    reachable(node, account, findings);
    keys(node, account, findings).await;
    let heard = node.store.heard(&account.id).await.unwrap_or_default();
    let (wanted, base) = (webhooks::wanted(node, account), webhooks::base(node));
    let kept = node.store.signing_tokens(&account.id).await.unwrap_or_default();
    let ours: BTreeSet<String> = kept.into_iter().map(|token| token.webhook).collect();
    let connect = format!("`leverd connect {} --webhooks` sees to it", account.id);
    let listed = match ask::all(node, account, api::list_webhooks(), api::webhooks).await {
        Ok(listed) => listed,
        Err(why) => {
            let text = format!("which webhooks there are cannot be told: {why}");
            let next = format!("if they were made by hand, what arrived shows below; else {connect}");
            findings.push(Finding::look(ABOUT, text, next));
            for one in &wanted {
                delivered(one.event, &heard, findings);
            }
            return;
        }
    };
    for step in register::plan(&wanted, &listed, &ours, account.has_given_tokens(), &base) {
        match step {
            Step::Keep { event, .. } | Step::ByHand { event, .. } => delivered(event, &heard, findings),
            // Those of another key may not be shown: what arrives proves that there is one.
            Step::Create(one) if last(one.event, &heard).is_some() => delivered(one.event, &heard, findings),
            Step::Create(one) => {
                let text = format!("Lever has no webhook “{}” that leads to {}", title(one.event), one.url);
                findings.push(Finding::wrong(ABOUT, text, connect.clone()));
            }
            Step::Change { wanted, .. } => {
                let text = format!("the webhook “{}” is narrowed to other origins than the rules want", title(wanted.event));
                findings.push(Finding::wrong(ABOUT, text, connect.clone()));
            }
            Step::Delete { event, id, why } => {
                findings.push(Finding::look(ABOUT, format!("the webhook {id} of {event}: {why}"), connect.clone()));
            }
        }
    }
}

fn last(event: LeverEvent, heard: &[Heard]) -> Option<&Heard> {
    heard.iter().find(|one| one.source == "lever" && one.event == event.as_str())
}

/// Whether anything ever came: no API tells whether the event's switch is on.
fn delivered(event: LeverEvent, heard: &[Heard], findings: &mut Vec<Finding>) {
    let name = title(event);
    if let Some(last) = last(event, heard) {
        let text = format!("“{name}”: {} delivered, the last at {}", last.count, last.last);
        findings.push(Finding::fine(ABOUT, text));
        return;
    }
    let verified = heard.iter().find(|one| one.source == "lever verify" && one.event == event.as_str());
    let verified = match verified {
        Some(ping) => format!("“Verify connection” was answered at {}", ping.last),
        None => "nobody has clicked “Verify connection” yet".to_owned(),
    };
    let text = format!("“{name}”: nothing was ever delivered; {verified}");
    let next = format!(
        "if candidates should have caused some: a Super Admin switches “{name}” on in Lever under Settings > Integrations and API > \
         Webhooks; no API tells whether it is"
    );
    findings.push(Finding::look(ABOUT, text, next));
}

/// Lever calls HTTPS addresses of the internet only.
fn reachable(node: &Node, account: &Account, findings: &mut Vec<Finding>) {
    let local = |url: &url::Url| matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if local(&account.lever.endpoint.base_url) {
        return;
    }
    let public = node.public_url.load();
    let next = "set `server.public_url` to the HTTPS address under which Lever reaches this server";
    match public.as_ref() {
        Some(url) if url.scheme() == "https" && !local(url) => {}
        Some(url) => {
            findings.push(Finding::wrong(ABOUT, format!("Lever cannot reach {url}: it calls HTTPS addresses only"), next));
        }
        None => findings.push(Finding::wrong(ABOUT, "leverd.yaml does not say how Lever reaches this server", next)),
    }
}

async fn keys(node: &Node, account: &Account, findings: &mut Vec<Finding>) {
    let vault = node.vault.load();
    let kept = node.store.signing_tokens(&account.id).await.unwrap_or_default();
    if kept.iter().any(|token| token.token.key.is_empty()) {
        let next = "add `server: { encryption_keys: [{ env: LEVERD_ENCRYPTION_KEY }] }`; `openssl rand -hex 32` makes one";
        findings.push(Finding::look("encryption", "tokens that sign webhooks stand in the store as they are", next));
    } else if vault.has_key() {
        findings.push(Finding::fine("encryption", "tokens in the store are encrypted"));
    }
    if account.signing().is_empty() && !account.unsigned && account.poll.is_none() {
        let next = format!("`leverd connect {} --webhooks` makes signed webhooks", account.id);
        findings.push(Finding::wrong(ABOUT, "no token is known by which a webhook of Lever could be recognised", next));
    }
}
