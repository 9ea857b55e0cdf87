//! Do the vendors let us in, and do they tell us what happens?

use super::Finding;
use crate::model::{Class, Code};
use crate::runtime::account::Account;
use crate::runtime::call::{Node, Unready};
use crate::runtime::line;
use crate::runtime::provision::{self, Registration};

pub(super) async fn examine(node: &Node, account: &Account, findings: &mut Vec<Finding>) {
    let active = account.active();
    for vendor in account.vendors.keys() {
        let about = vendor.as_str();
        let Some(adapter) = active.adapters.get(vendor) else {
            findings.push(Finding::look(about, "no pack of this account uses this connection", "remove it, or add the pack"));
            continue;
        };
        if adapter.operations.contains_key("catalogue") {
            match line::catalogue(node, account, vendor, Class::Person).await {
                Ok(tests) => {
                    findings.push(Finding::fine(about, format!("{} answers and offers {} tests", adapter.title, tests.len())));
                }
                Err(Unready::Defer { reason, .. } | Unready::Gone(reason) | Unready::Park(reason)) => {
                    let next = if reason.code == Code::R2 {
                        format!(
                            "give leverd a working key; if it is right, {} may first have to switch its API on for your plan: ask its \
                             sales or support",
                            adapter.title
                        )
                    } else {
                        "look at the connection's `base_url`, then try again".to_owned()
                    };
                    findings.push(Finding::wrong(about, reason.text, next));
                }
                Err(Unready::Store(error)) => findings.push(Finding::look(about, error.to_string(), "try again")),
            }
        } else {
            findings.push(Finding::look(
                about,
                "it has no list of tests, so its credentials cannot be tried",
                "send one invitation",
            ));
        }
        told(node, account, vendor, findings).await;
    }
}

async fn told(node: &Node, account: &Account, vendor: &crate::model::VendorName, findings: &mut Vec<Finding>) {
    let about = vendor.as_str();
    let source = format!("vendor:{vendor}/");
    let heard = node.store.heard(&account.id).await.unwrap_or_default();
    let last = heard.iter().filter(|one| one.source.starts_with(&source)).max_by_key(|one| one.last);
    let came = match last {
        Some(last) => format!("{} delivered, the last at {}", last.count, last.last),
        None => "nothing was ever delivered".to_owned(),
    };
    let connect = format!("`leverd connect {} --webhooks` sees to it", account.id);
    match provision::vendor(node, account, vendor, false).await {
        Ok(Registration::Never) => findings.push(Finding::fine(about, "it sends nothing by itself, it is asked")),
        Ok(Registration::AtInvite) => {
            findings.push(Finding::fine(about, format!("it is told where to send with each invitation; {came}")));
        }
        Ok(Registration::There { .. } | Registration::Made { .. }) => {
            findings.push(Finding::fine(about, format!("our webhook is registered there; {came}")));
        }
        Ok(Registration::Lacking { .. }) => {
            findings.push(Finding::wrong(about, "our webhook is not registered there", connect));
        }
        Ok(Registration::ByHand { .. }) if last.is_some() => findings.push(Finding::fine(about, came)),
        Ok(Registration::ByHand { .. }) => {
            let next =
                format!("a person enters our URL at the vendor: `leverd connect {} --webhooks --plan` shows it", account.id);
            findings.push(Finding::look(about, came, next));
        }
        Err(reason) => findings.push(Finding::wrong(about, reason.text, connect)),
    }
}
