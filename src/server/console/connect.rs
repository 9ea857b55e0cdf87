//! *Connect*: how an account is connected, what a Super Admin does for it, and whether everything is as it must be.

use super::Shared;
use super::gate::{self, Fields};
use super::html::{Page, Tone, badge, count, hidden, token, when};
use super::parts::ticked;
use super::rules::choice;
use crate::lang::html::escaped;
use crate::model::AccountId;
use crate::runtime::access::Visitor;
use crate::runtime::account::Account;
use crate::runtime::doctor::{self, Finding, Level};
use crate::runtime::view::connect::{self, Connect};
use crate::runtime::view::deed;
use crate::runtime::{login, reach, webhooks};
use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write as _;
use std::sync::Arc;

/// A link to log in by is good for a day.
const LINK: SignedDuration = SignedDuration::from_hours(24);

fn meant(shared: &Shared, name: &str) -> Option<Arc<Account>> {
    let (node, id) = (&shared.node, AccountId::from(name));
    let held = node.held();
    // An account that is held back can be logged in to.
    node.known(&id)
        .or_else(|| node.all_accounts().values().next().cloned())
        .or_else(|| held.values().find_map(|held| held.account.clone()))
}

pub(super) async fn show(
    State(shared): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Fields::of(query.unwrap_or_default().as_bytes());
    if let Some(account) = meant(&shared, query.get("account")) {
        return page(&shared, &visitor, &account, "").await;
    }
    let body =
        "<p class=\"empty\">No account can be connected yet: mend what <a href=\"/console\">Now</a> tells.</p>".to_owned();
    Page { at: "connect", title: "Connect", visitor: Some(&visitor), live: false, body }.answer(StatusCode::OK)
}

async fn page(shared: &Shared, visitor: &Visitor, account: &Arc<Account>, result: &str) -> Response {
    let view = match connect::of(&shared.node, account).await {
        Ok(view) => view,
        Err(error) => return gate::broken(visitor, &error),
    };
    let accounts = shared.node.all_accounts();
    let mut body = String::new();
    if accounts.len() > 1 {
        body.push_str(&choice("/console/connect", accounts.keys(), &account.id));
    }
    body.push_str(result);
    body.push_str(&told(&view, visitor, shared.node.clock.now()));
    Page { at: "connect", title: "Connect", visitor: Some(visitor), live: false, body }.answer(StatusCode::OK)
}

/// A button that asks for one thing.
fn button(view: &Connect, visitor: &Visitor, does: &str, text: &str, class: &str) -> String {
    format!(
        "<form method=\"post\" action=\"/console/connect\">{}{}{}<button class=\"{class}\">{text}</button></form>",
        token(visitor),
        hidden("account", view.account.as_str()),
        hidden("do", does),
    )
}

fn told(view: &Connect, visitor: &Visitor, now: Timestamp) -> String {
    let name = escaped(view.account.as_str());
    let mut out = format!("<p class=\"lead\">Account <b>{name}</b>: {}.</p>", escaped(&view.lever));
    for (connection, since) in &view.suspended {
        let _ = write!(
            out,
            "<p class=\"alarm\">{} refuses the credentials since {}. What is to be sent waits.</p>",
            escaped(connection),
            when(*since, now)
        );
    }
    let _ = write!(
        out,
        "<div class=\"tools\">{}{}</div>",
        button(view, visitor, "examine", "Examine everything", ""),
        button(view, visitor, "reach", "Test a delivery", "second"),
    );
    out.push_str("<section><h2>Lever</h2><ol class=\"todo\">");
    if view.oauth {
        out.push_str(
            "<li>A <b>Super Admin</b> of the Lever account logs in through a link of ours and agrees to what the rules need:",
        );
    } else {
        out.push_str(
            "<li>A <b>Super Admin</b> opens <b>Settings › Integrations and API › API Credentials</b> in Lever, makes a key, and ticks what the \
             rules need:",
        );
    }
    let items: String = view.permissions.iter().fold(String::new(), |mut all, one| {
        // Scopes are spelled so; permissions have names.
        let one = escaped(one);
        let _ = if view.oauth { write!(all, "<li><code>{one}</code></li>") } else { write!(all, "<li>{one}</li>") };
        all
    });
    let _ = write!(out, "<ul>{items}</ul></li>");
    if view.oauth {
        let link = if visitor.acts() {
            button(view, visitor, "link", "Make a link for the Super Admin", "second")
        } else {
            "<p class=\"soft\">An operator can make the link.</p>".to_owned()
        };
        let _ = write!(out, "<li>Send them the link as you would send a password.{link}</li>");
    } else {
        out.push_str(
            "<li>The key goes where leverd.yaml says that it is (<code>lever.api_key</code>), never into the file itself. A key that replaces a \
             refused one is taken without a restart.</li>",
        );
    }
    out.push_str("</ol></section><section><h2>Webhooks of Lever</h2>");
    out.push_str(
        "<table class=\"rows\"><thead><tr><th scope=\"col\">Event</th><th scope=\"col\">Address</th><th scope=\"col\">Last came</th></tr></thead><tbody>",
    );
    for (event, url, came) in &view.webhooks {
        let came = came.map_or_else(|| badge(Tone::Quiet, "never"), |at| when(at, now));
        let _ = write!(
            out,
            "<tr><td data-name=\"Event\">{}</td><td data-name=\"Address\"><code>{}</code></td><td data-name=\"Last came\">{came}</td></tr>",
            escaped(event),
            escaped(url)
        );
    }
    let make = if visitor.acts() {
        let plan = button(view, visitor, "plan", "See what would be made", "second");
        format!("{plan}{}", button(view, visitor, "make", "Make them…", "second"))
    } else {
        String::new()
    };
    let _ = write!(
        out,
        "</tbody></table><div class=\"tools after\">{make}</div><details><summary>By hand, in Lever</summary><pre>{}</pre></details></section>",
        escaped(view.by_hand.trim_end()),
    );
    if !view.vendors.is_empty() {
        out.push_str("<section><h2>Vendors</h2><ul class=\"list\">");
        for (vendor, url) in &view.vendors {
            let _ = write!(
                out,
                "<li><p><b>{}</b> sends to <code>{}</code></p><p class=\"soft\">The last part is the <code>path_token</code>, a secret.</p></li>",
                escaped(vendor),
                escaped(url)
            );
        }
        out.push_str("</ul></section>");
    }
    out
}

pub(super) async fn act(State(shared): State<Shared>, Extension(visitor): Extension<Visitor>, body: Body) -> Response {
    let fields = match gate::form(&visitor, body).await {
        Ok(fields) => fields,
        Err(refused) => return refused,
    };
    let Some(account) = meant(&shared, fields.get("account")) else {
        return gate::refuse(Some(&visitor), StatusCode::NOT_FOUND, "There is no such account", "It may have been removed.");
    };
    let does = fields.get("do");
    // What would be made names the secret part of addresses.
    if matches!(does, "link" | "make" | "plan") && !visitor.acts() {
        return gate::only_operators(&visitor);
    }
    let node = &shared.node;
    let result = match does {
        "examine" => findings(&doctor::examine(node, &account).await),
        "reach" => reached(reach::test(node, &account).await),
        "plan" => made(&shared, &account, false).await,
        "make" if fields.get("confirm") != "yes" => confirm(&shared, &visitor, &account).await,
        "make" => match deed::record(node, &visitor, Some(&account.id), "made webhooks", "").await {
            Ok(()) => made(&shared, &account, true).await,
            Err(error) => return gate::broken(&visitor, &error),
        },
        "link" => match deed::record(node, &visitor, Some(&account.id), "made a login link", "").await {
            Ok(()) => linked(login::link(node, &account, LINK).await),
            Err(error) => return gate::broken(&visitor, &error),
        },
        _ => String::new(),
    };
    page(&shared, &visitor, &account, &result).await
}

/// What came of a button, at the top of the page.
fn framed(title: &str, content: &str) -> String {
    format!("<section class=\"outcome\" role=\"status\" aria-label=\"{title}\"><h2>{title}</h2>{content}</section>")
}

fn findings(all: &[Finding]) -> String {
    let mut out = String::new();
    for one in all {
        let (tone, level) = match one.level {
            Level::Fine => (Tone::Good, "fine"),
            Level::Look => (Tone::Wait, "have a look"),
            Level::Wrong => (Tone::Bad, "wrong"),
        };
        let next = one.next.as_ref().map(|next| format!("<p class=\"soft\">{}</p>", ticked(next))).unwrap_or_default();
        let _ =
            write!(out, "<li><p>{} <b>{}</b> {}</p>{next}</li>", badge(tone, level), escaped(&one.about), ticked(&one.text));
    }
    framed("What the examination found", &format!("<ul class=\"list\">{out}</ul>"))
}

fn reached(came: Result<usize, Vec<String>>) -> String {
    let content = match came {
        Ok(addresses) => format!(
            "<p class=\"done\">{} from outside to this leverd. In Lever, <b>Verify connection</b> beside each webhook tries the rest.</p>",
            if addresses == 1 { "The address leads".to_owned() } else { format!("All {addresses} addresses lead") }
        ),
        Err(wrong) => {
            let items: String = wrong.iter().fold(String::new(), |mut all, one| {
                let _ = write!(all, "<li>{}</li>", ticked(one));
                all
            });
            format!("<div class=\"alarm\"><p>{} not lead here:</p><ul>{items}</ul></div>", count(wrong.len(), "address do"))
        }
    };
    framed("A test delivery", &content)
}

fn listed(lines: &[String]) -> String {
    let items: String = lines.iter().fold(String::new(), |mut all, line| {
        let _ = write!(all, "<li><p>{}</p></li>", ticked(line));
        all
    });
    if items.is_empty() {
        "<p class=\"empty\">Nothing has to be made.</p>".to_owned()
    } else {
        format!("<ul class=\"list\">{items}</ul>")
    }
}

async fn lines(shared: &Shared, account: &Account, carry_out: bool) -> Result<Vec<String>, String> {
    let made = webhooks::ensure(&shared.node, account, carry_out).await.map_err(|error| error.to_string())?;
    let mut lines = made.lines;
    lines.extend(webhooks::vendors(&shared.node, account, carry_out).await);
    Ok(lines)
}

async fn made(shared: &Shared, account: &Account, carry_out: bool) -> String {
    let title = if carry_out { "What was made" } else { "What would be made" };
    match lines(shared, account, carry_out).await {
        Ok(lines) => framed(title, &listed(&lines)),
        Err(why) => framed(title, &format!("<p class=\"alarm\">{}</p>", ticked(&why))),
    }
}

async fn confirm(shared: &Shared, visitor: &Visitor, account: &Account) -> String {
    let content = match lines(shared, account, false).await {
        Ok(lines) => format!(
            "{}<form method=\"post\" action=\"/console/connect\" class=\"tools after\">{}{}{}{}<button>Make them</button> \
             <a class=\"button second\" href=\"/console/connect\">Leave it</a></form>",
            listed(&lines),
            token(visitor),
            hidden("account", account.id.as_str()),
            hidden("do", "make"),
            hidden("confirm", "yes"),
        ),
        Err(why) => format!("<p class=\"alarm\">{}</p>", ticked(&why)),
    };
    framed("Make these webhooks?", &content)
}

fn linked(link: Result<String, String>) -> String {
    let content = match link {
        Ok(link) => format!(
            "<p>Have a Super Admin of the Lever account open this; it is good for 24 hours, and once:</p><pre class=\"link\">{}</pre>",
            escaped(&link)
        ),
        Err(why) => format!("<p class=\"alarm\">{}</p>", ticked(&why)),
    };
    framed("A link to log in by", &content)
}
