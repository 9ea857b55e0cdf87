//! Lever's webhooks of an account: which ones the rules need, made through the API where it may, each only once.
//!
//! The token that signs a webhook is told once, in the answer that made it: it is sealed and stored before anything else happens. An
//! answer that got lost leaves a webhook whose token nobody has; it is found in the list, deleted, and made again.

use super::account::Account;
use super::call::{Called, Node, Unready};
use super::provision::{self, Registration};
use super::vault::Locked;
use crate::lever::api::{self, Unread, Webhook};
use crate::lever::register::{self, Step, Wanted};
use crate::model::{AccountId, Class, EventKind, Exchange, LeverEvent, Request, Secret};
use crate::store::{SigningToken, StoreError};
use jiff::SignedDuration;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// How often it is looked for webhooks of other nodes.
const LOOK: Duration = Duration::from_secs(1);
/// How old those may be.
const LATELY: SignedDuration = SignedDuration::from_hours(24);
/// A webhook whose answer got lost is made again so often.
const TRIES: usize = 3;

/// What became of the webhooks of an account.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Webhooks {
    /// One line for each thing that was done, or would be.
    pub lines: Vec<String>,
    /// What a person has to do in Lever.
    pub by_hand: String,
    /// Whether something could not be done.
    pub failed: bool,
}

/// Why the webhooks could not be seen to.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// The API may not: by hand then.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Locked(#[from] Locked),
}

/// The events of Lever that the rules of an account need, and deletions, so that a deleted candidate's data goes.
pub fn events(account: &Account) -> BTreeSet<LeverEvent> {
    let active = account.active();
    let kinds = active.packs.iter().flat_map(|pack| pack.listens.iter());
    let mut events: BTreeSet<LeverEvent> = kinds
        .filter_map(|kind| match kind {
            EventKind::Lever(event) => Some(*event),
            _ => None,
        })
        .collect();
    events.insert(LeverEvent::CandidateDeleted);
    events
}

/// The webhooks that an account should have.
pub fn wanted(node: &Node, account: &Account) -> Vec<Wanted> {
    let base = base(node);
    let active = account.active();
    let origins = |event: LeverEvent| {
        let only = active.program.only(&EventKind::Lever(event), "opportunity.origin");
        // A word that is no origin would never fit: then the rules say nothing that could be asked of Lever.
        only.filter(|only| register::conditioned(event) && only.iter().all(|one| register::ORIGINS.contains(&one.as_str())))
    };
    let wanted = events(account).into_iter().map(|event| Wanted {
        event,
        url: format!("{base}{}/{event}", account.id),
        origins: origins(event),
    });
    wanted.collect()
}

/// What all URLs of Lever's webhooks begin with.
pub fn base(node: &Node) -> String {
    let public = node.public_url.load();
    let public = public.as_ref().as_ref().map_or("", |url| url.as_str().trim_end_matches('/'));
    format!("{public}/hooks/lever/")
}

/// Sees to it that the account has its webhooks; or, if not told to, says what would be done.
pub async fn ensure(node: &Node, account: &Account, carry_out: bool) -> Result<Webhooks, NotMade> {
    let (wanted, base) = (wanted(node, account), base(node));
    let mut report =
        Webhooks { lines: Vec::new(), by_hand: register::switch_on(wanted.iter().map(|one| one.event)), failed: false };
    let kept = node.store.signing_tokens(&account.id).await?;
    let ours: BTreeSet<String> = kept.iter().map(|token| token.webhook.clone()).collect();
    let listed = match list(node, account).await {
        Ok(listed) => listed,
        Err(why) => {
            report.lines.push(format!("Lever does not show the webhooks: {why}"));
            report.by_hand = register::manual(&wanted);
            report.failed = true;
            return Ok(report);
        }
    };
    for step in register::plan(&wanted, &listed, &ours, account.has_given_tokens(), &base) {
        if !carry_out {
            report.lines.push(would(&step));
            continue;
        }
        match take(node, account, &step).await {
            Ok(line) => report.lines.push(line),
            Err(NotMade::Refused(why)) => {
                report.failed = true;
                report.lines.push(why);
                if let Step::Create(_) = step {
                    report.by_hand = register::manual(&wanted);
                }
            }
            Err(other) => return Err(other),
        }
    }
    Ok(report)
}

fn would(step: &Step) -> String {
    match step {
        Step::Keep { event, .. } => format!("= {event}: there already"),
        Step::ByHand { event, .. } => format!("= {event}: there already, made by hand; its token is in leverd.yaml"),
        Step::Change { wanted, .. } => format!("~ {}: for {}", wanted.event, shown(wanted.origins.as_deref())),
        Step::Delete { id, event, why } => format!("- {event} ({id}): {why}"),
        Step::Create(wanted) => format!("+ {}: {} for {}", wanted.event, wanted.url, shown(wanted.origins.as_deref())),
    }
}

fn shown(origins: Option<&[String]>) -> String {
    origins.map_or_else(|| "candidates of every origin".to_owned(), |some| format!("candidates of origin {}", some.join(", ")))
}

async fn take(node: &Node, account: &Account, step: &Step) -> Result<String, NotMade> {
    let done = match step {
        Step::Keep { .. } | Step::ByHand { .. } => return Ok(would(step)),
        Step::Change { id, wanted } => {
            let all = || register::ORIGINS.map(str::to_owned).to_vec();
            let origins = wanted.origins.clone().unwrap_or_else(all);
            ask(node, account, &api::change_webhook(id, &origins)).await
        }
        Step::Delete { id, .. } => {
            let deleted = ask(node, account, &api::delete_webhook(id)).await;
            if deleted.is_ok() {
                node.store.forget_signing_token(&account.id, id).await?;
            }
            deleted
        }
        Step::Create(wanted) => return create(node, account, wanted).await,
    };
    match done {
        Ok(_) => Ok(would(step)),
        Err(why) => Err(NotMade::Refused(format!("! {}: {why}", would(step)))),
    }
}

/// Sees to it that the vendors know where to send; or says what would be done. One line for each.
pub async fn vendors(node: &Node, account: &Account, carry_out: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for vendor in account.vendors.keys() {
        lines.push(match provision::vendor(node, account, vendor, carry_out).await {
            Ok(Registration::Never) => format!("= {vendor}: sends nothing by itself, it is asked"),
            Ok(Registration::AtInvite) => format!("= {vendor}: is told with each invitation"),
            Ok(Registration::There { url }) => format!("= {vendor}: {url}"),
            Ok(Registration::Made { url } | Registration::Lacking { url }) => format!("+ {vendor}: {url}"),
            Ok(Registration::ByHand { url, setup }) => {
                let setup = setup.map(|setup| format!("\n    {}", setup.trim().replace('\n', "\n    "))).unwrap_or_default();
                format!("! {vendor}: by hand, at the vendor: {url}{setup}")
            }
            Err(reason) => format!("! {vendor}: {}", reason.text),
        });
    }
    lines
}

/// Makes one webhook, and makes it again if its answer got lost.
async fn create(node: &Node, account: &Account, wanted: &Wanted) -> Result<String, NotMade> {
    let refused = |why: &str| NotMade::Refused(format!("! {} could not be made: {why}", wanted.event));
    let request = match &wanted.origins {
        Some(origins) => api::create_webhook_for(wanted.event, &wanted.url, origins),
        None => api::create_webhook(wanted.event, &wanted.url),
    };
    let mut why = String::new();
    for _ in 0..TRIES {
        let exchange = match call(node, account, &request).await {
            Ok(exchange) => exchange,
            Err(why) => return Err(refused(&why)),
        };
        match api::webhook(&exchange) {
            Ok(Webhook { id, token: Some(token), .. }) => {
                keep(node, account, wanted, id, token).await?;
                return Ok(would(&Step::Create(wanted.clone())));
            }
            // Made, or perhaps made, and nobody knows its token.
            Ok(_) => "Lever told no token".clone_into(&mut why),
            Err(Unread::Retry { reason, .. }) => why = reason.text,
            Err(unread) if made(&exchange) => why.clone_from(&unread.reason().text),
            Err(unread) => return Err(refused(&unread.reason().text)),
        }
        let ours: BTreeSet<String> =
            node.store.signing_tokens(&account.id).await?.into_iter().map(|token| token.webhook).collect();
        let listed = list(node, account).await.map_err(|why| refused(&why))?;
        let orphans = listed.into_iter().filter(|webhook| {
            webhook.event == wanted.event.as_str() && webhook.url == wanted.url && !ours.contains(&webhook.id)
        });
        for orphan in orphans {
            ask(node, account, &api::delete_webhook(&orphan.id)).await.map_err(|why| refused(&why))?;
        }
    }
    Err(refused(&why))
}

fn made(exchange: &Exchange) -> bool {
    matches!(exchange, Exchange::Answered(answer) if answer.ok())
}

/// Stores a token and accepts it at once: the first delivery may come before this returns.
async fn keep(node: &Node, account: &Account, wanted: &Wanted, webhook: String, token: Secret) -> Result<(), NotMade> {
    account.accept(token.clone());
    let sealed = node.vault.load().seal_or_keep(&account.id, &place(&webhook), &token)?;
    let kept =
        SigningToken { event: wanted.event, webhook, url: wanted.url.clone(), token: sealed, created_at: node.clock.now() };
    node.store.keep_signing_token(&account.id, kept).await?;
    Ok(())
}

/// Another node may have made webhooks since this one looked: accepts their tokens too. At most once a second, since anybody may send
/// what nobody signed. False: there are none.
pub(super) async fn look_for_others(node: &Node) -> bool {
    let mut looked = node.looked.lock().await;
    if !node.store.is_shared() || looked.is_some_and(|last| last.elapsed() < LOOK) {
        return false;
    }
    *looked = Some(Instant::now());
    // Whatever is older was read at the start, or by an earlier look.
    let since = node.clock.now() - LATELY;
    let Ok(kept) = node.store.signing_tokens_since(since).await else { return false };
    let vault = node.vault.load_full();
    let mut new = false;
    for (id, kept) in kept {
        if let (Some(account), Ok(token)) = (node.known(&id), vault.open(&id, &place(&kept.webhook), &kept.token))
            && !account.signing().contains(&token)
        {
            account.accept(token);
            new = true;
        }
    }
    new
}

/// The tokens that sign what the API made, opened. One that does not open is told, and the others count. What was sealed with an
/// older key is sealed again.
pub(super) async fn signing_tokens(node: &Node, account: &AccountId) -> Result<Vec<Secret>, StoreError> {
    let vault = node.vault.load_full();
    let mut opened = Vec::new();
    for mut kept in node.store.signing_tokens(account).await? {
        let place = place(&kept.webhook);
        match vault.open(account, &place, &kept.token) {
            Ok(token) => {
                if !vault.current(&kept.token)
                    && let Ok(sealed) = vault.seal(account, &place, &token)
                {
                    kept.token = sealed;
                    node.store.keep_signing_token(account, kept).await?;
                }
                opened.push(token);
            }
            Err(locked) => {
                tracing::error!(%account, event = %kept.event, "the token that signs a webhook cannot be read: {locked}");
            }
        }
    }
    Ok(opened)
}

fn place(webhook: &str) -> String {
    format!("webhook {webhook}")
}

async fn list(node: &Node, account: &Account) -> Result<Vec<Webhook>, String> {
    let (mut all, mut next) = (Vec::new(), api::list_webhooks());
    loop {
        let exchange = call(node, account, &next).await?;
        let page = api::webhooks(&exchange).map_err(|unread| unread.reason().text.clone())?;
        all.extend(page.items);
        match page.next {
            Some(token) => next = api::next_page(&next, &token),
            None => return Ok(all),
        }
    }
}

async fn ask(node: &Node, account: &Account, request: &Request) -> Result<Exchange, String> {
    let exchange = call(node, account, request).await?;
    match &exchange {
        // Gone already is as good.
        Exchange::Answered(answer) if answer.ok() || answer.status == 404 => Ok(exchange),
        _ => Err(api::answer(&exchange).err().map_or_else(String::new, |unread| unread.reason().text.clone())),
    }
}

async fn call(node: &Node, account: &Account, request: &Request) -> Result<Exchange, String> {
    match node.call(account, request, Class::Person).await {
        Ok(Called::Exchanged(exchange)) => Ok(exchange),
        Ok(Called::Held { reason, .. })
        | Err(Unready::Defer { reason, .. } | Unready::Gone(reason) | Unready::Park(reason)) => Err(reason.text),
        Err(Unready::Store(error)) => Err(error.to_string()),
    }
}
