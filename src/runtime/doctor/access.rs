//! Does Lever let us in, and do all that the rules need?

use super::{Finding, ask};
use crate::lever::{api, permission};
use crate::model::{Destination, Exchange, Method, Request, Response};
use crate::runtime::account::Account;
use crate::runtime::call::Node;
use crate::runtime::needs::{self, Need};
use crate::runtime::tokens;
use jiff::{SignedDuration, Timestamp};

/// Clocks that differ by more than this make timers hold; by less, they are worth a look.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
const SLIGHT: SignedDuration = SignedDuration::from_secs(30);
/// Where keys are made.
const KEYS: &str = "Settings > Integrations and API > API Credentials";

/// Whether Lever lets us in at all.
pub(super) async fn examine(node: &Node, account: &Account, findings: &mut Vec<Finding>) -> bool {
    let base = account.lever.endpoint.base_url.as_str().trim_end_matches('/').to_owned();
    let exchange = match ask::lever(node, account, &probe("/stages")).await {
        Ok(exchange) => exchange,
        Err(why) => {
            let next = if account.oauth.is_some() {
                format!("`leverd connect {}` makes the link by which a Super Admin of Lever lets leverd in", account.id)
            } else {
                format!("a Super Admin makes a key in Lever under {KEYS}; put it where leverd.yaml says")
            };
            findings.push(Finding::wrong("lever", why, next));
            return false;
        }
    };
    let answer = match &exchange {
        Exchange::Answered(answer) => answer,
        Exchange::NotSent(cause) | Exchange::Lost(cause) => {
            let next = "look at `lever.base_url`, and whether this machine reaches the internet";
            findings.push(Finding::wrong("lever", format!("Lever does not answer at {base}: {cause}"), next));
            return false;
        }
    };
    match answer.status {
        401 => {
            let text = format!("Lever at {base} does not accept the credentials");
            let next = format!(
                "keys belong to one Lever: one of the sandbox is none of production. A Super Admin makes a new one under {KEYS}; it is \
                 shown once"
            );
            findings.push(Finding::wrong("lever", text, next));
            return false;
        }
        status if status >= 500 || status == 429 => {
            findings.push(Finding::look(
                "lever",
                format!("Lever at {base} is not available now ({status})"),
                "try again later",
            ));
            return false;
        }
        _ => findings.push(Finding::fine("lever", format!("Lever answers at {base}"))),
    }
    clock(answer, findings);
    permissions(node, account, answer.status == 403, findings).await;
    perform_as(node, account, findings).await;
    true
}

/// Lever's clock against ours.
fn clock(answer: &Response, findings: &mut Vec<Finding>) {
    let told = answer.header("date").and_then(|date| httpdate::parse_http_date(date).ok());
    let Some(told) = told.and_then(|date| Timestamp::try_from(date).ok()) else { return };
    let skew = Timestamp::now().duration_since(told).abs();
    let text = format!("this machine's clock differs from Lever's by {skew:#}");
    let next = "let the machine's clock be set by NTP";
    if skew > SKEW {
        findings.push(Finding::wrong("clock", text, next));
    } else if skew > SLIGHT {
        findings.push(Finding::look("clock", text, next));
    } else {
        findings.push(Finding::fine("clock", "this machine's clock agrees with Lever's"));
    }
}

async fn permissions(node: &Node, account: &Account, first_refused: bool, findings: &mut Vec<Finding>) {
    let needs = needs::of(account);
    let granted = match &account.oauth {
        Some(_) => node.store.grant(&account.id, &tokens::connection()).await.ok().flatten().map(|grant| grant.scope),
        None => None,
    };
    if let Some(granted) = granted.filter(|scope| !scope.is_empty()) {
        return scopes(account, &needs, &granted, findings);
    }
    // One candidate, whose notes and the like may be looked at.
    let someone = match ask::lever(node, account, &probe("/opportunities")).await {
        Ok(exchange) => api::opportunities(&exchange).ok().and_then(|page| page.items.into_iter().next()),
        Err(_) => None,
    };
    let (mut seen, mut refused, mut unasked) = (0_usize, Vec::new(), Vec::new());
    for need in &needs {
        let Some(request) = harmless(need, someone.as_ref().map(|one| one.id.as_str())) else {
            unasked.push(need);
            continue;
        };
        match ask::lever(node, account, &request).await {
            Ok(Exchange::Answered(answer)) if answer.status == 403 => refused.push(need),
            Ok(Exchange::Answered(answer)) if answer.ok() || answer.status == 404 => seen += 1,
            _ => unasked.push(need),
        }
    }
    if first_refused && seen == 0 {
        let next = format!(
            "either the key has no permissions yet (a Super Admin ticks them under {KEYS}), or the Lever package of this account has no \
             Data API (“Lever Basic” has none): ask Lever's support"
        );
        findings.push(Finding::wrong("permissions", "Lever knows the key and lets it do nothing", next));
        return;
    }
    for need in refused {
        let text = format!("the key lacks the permission {}, needed by {}", need.label(), why(need));
        findings.push(Finding::wrong(
            "permissions",
            text,
            format!("a Super Admin ticks it for this key in Lever under {KEYS}"),
        ));
    }
    if seen > 0 {
        findings
            .push(Finding::fine("permissions", format!("{seen} of the calls that the rules need were tried and are allowed")));
    }
    if !unasked.is_empty() {
        let mut labels: Vec<&str> = unasked.iter().map(|need| need.label()).collect();
        labels.sort_unstable();
        labels.dedup();
        let text = format!("not checkable without changing something; Lever calls these permissions {}", labels.join(", "));
        findings.push(Finding::look(
            "permissions",
            text,
            format!("see that they are ticked for this key in Lever under {KEYS}"),
        ));
    }
}

fn scopes(account: &Account, needs: &[Need], granted: &str, findings: &mut Vec<Finding>) {
    let mut lacking = false;
    for need in needs {
        let Some(scope) = need.scope().filter(|scope| !permission::granted(scope, granted)) else { continue };
        lacking = true;
        let text = format!("Lever did not grant `{scope}`, needed by {}", why(need));
        let next = format!("add it to the app's scopes, then let a Super Admin log in again: `leverd connect {}`", account.id);
        findings.push(Finding::wrong("permissions", text, next));
    }
    if !lacking {
        findings.push(Finding::fine("permissions", "Lever granted every scope that the rules need"));
    }
}

fn why(need: &Need) -> String {
    let mut why: Vec<&str> = need.why.iter().map(String::as_str).take(3).collect();
    if need.why.len() > 3 {
        why.push("others");
    }
    why.join(", ")
}

fn probe(path: &str) -> Request {
    Request::new(Destination::Lever, Method::Get, path).query("limit", "1")
}

/// The call made harmless: reading, and of one candidate if there is one.
fn harmless(need: &Need, someone: Option<&str>) -> Option<Request> {
    if need.request.method != Method::Get {
        return None;
    }
    let path = &need.request.path;
    if path == "/postings/p" {
        // Nobody's posting: 404 says that it may be asked.
        return Some(Request::new(Destination::Lever, Method::Get, "/postings/00000000-0000-0000-0000-000000000000"));
    }
    match path.strip_prefix("/opportunities/o") {
        Some("") => Some(Request::new(Destination::Lever, Method::Get, format!("/opportunities/{}", someone?))),
        Some(rest) => Some(probe(&format!("/opportunities/{}{rest}", someone?))),
        None => Some(probe(path)),
    }
}

async fn perform_as(node: &Node, account: &Account, findings: &mut Vec<Finding>) {
    let Some(user) = &account.perform_as else { return };
    match ask::all(node, account, api::list_users(), api::users).await {
        Ok(users) => {
            if let Some(found) = users.iter().find(|one| one.id == user.as_str()) {
                findings.push(Finding::fine("perform_as", format!("writes are done as “{}”, who is active", found.name)));
            } else {
                let text = format!("the user of `perform_as` ({user}) is not among Lever's active users");
                let next = "name an active user in leverd.yaml, best one of its own for leverd";
                findings.push(Finding::wrong("perform_as", text, next));
            }
        }
        Err(why) => {
            findings.push(Finding::look("perform_as", format!("the users cannot be read: {why}"), "see the permissions above"));
        }
    }
}
