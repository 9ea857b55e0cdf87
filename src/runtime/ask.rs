//! Questions to people: the link in the note, the page behind it, the answer.
//!
//! A link names the effect that asks and carries a signature over it, so that nobody can make one, and nothing of it has to be kept.
//! Looking changes nothing, since mail scanners and previews look too; an answer enters as a delivery, whose identity is the question:
//! the store takes it once.

use super::account::Account;
use super::call::{Node, Unready};
use crate::model::{
    AccountId, Act, Ask, Code, Delivery, DeliveryId, Effect, EffectId, Event, EventId, EventKind, Reason, Source, Value,
};
use crate::store::{Received, StoreError};

/// What a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// The question with its choices, in order, and the time until which it can be answered.
    Question {
        title: String,
        choices: Vec<String>,
        until: String,
    },
    /// Something was sent that is none of the choices.
    Choose {
        title: String,
        choices: Vec<String>,
        until: String,
    },
    /// It was answered now, with this.
    Thanks {
        label: String,
    },
    /// It was answered before.
    Answered,
    Expired,
    /// No link of ours.
    Unknown,
    /// The answer could not be stored.
    Unavailable,
}

/// The note that asks: the effect's act with the link in it.
pub(super) fn note(node: &Node, account: &Account, effect: &Effect, ask: &Ask) -> Result<Act, Unready> {
    let missing = |what: &str| Unready::Park(Reason::new(Code::R11, format!("a question needs {what} in leverd.yaml")));
    let public = node.public_url.load();
    let base =
        public.as_ref().as_ref().ok_or_else(|| missing("`server.public_url`"))?.as_str().trim_end_matches('/').to_owned();
    let signature =
        node.vault.load().sign(&named(&account.id, effect.id)).ok_or_else(|| missing("`server.encryption_keys`"))?;
    let (title, until) = (ask.title.trim(), Value::date(ask.expires));
    let choices: Vec<String> = ask.choices.iter().map(|choice| format!("- {}", choice.label)).collect();
    let text = format!(
        "{title}\n\n{}\n\nChoose here, once, until {until}:\n{base}/ask/{}/{}-{signature}",
        choices.join("\n"),
        account.id,
        effect.id
    );
    Ok(Act::Note { text, secret: ask.secret, notify: false, key: None, created_at: ask.created_at })
}

fn named(account: &AccountId, effect: EffectId) -> String {
    format!("ask\n{account}\n{effect}")
}

/// A question that a link leads to.
struct Found {
    effect: Effect,
    ask: Ask,
}

/// The page behind a link. Changes nothing.
pub async fn show(node: &Node, account: &AccountId, token: &str) -> Page {
    match find(node, account, token).await {
        Ok(found) => question(&found),
        Err(page) => page,
    }
}

/// Takes an answer: the number of a choice, counted from 0.
pub async fn answer(node: &Node, account: &AccountId, token: &str, chosen: Option<usize>) -> Page {
    let found = match find(node, account, token).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let Some(choice) = chosen.and_then(|at| found.ask.choices.get(at)) else {
        return match question(&found) {
            Page::Question { title, choices, until } => Page::Choose { title, choices, until },
            page => page,
        };
    };
    let (effect, now) = (&found.effect, node.clock.now());
    let about = effect.id.to_string();
    let id = EventId::derive(effect.id.0.stored(), &[&about, "answer"]);
    let kind = EventKind::Answered(found.ask.key.clone());
    let mut event = Event::new(id, account.clone(), kind, Some(effect.opportunity.clone()), now);
    event.fields = choice.said();
    let delivery = Delivery {
        id: delivery(account, effect.id),
        account: account.clone(),
        source: Source::Answer(Box::new(event)),
        dedupe: about,
        digest: String::new(),
        body: Vec::new(),
        received: now,
        hint: None,
    };
    match node.store.deliver(delivery).await {
        Ok(Received::Stored) => Page::Thanks { label: choice.label.clone() },
        Ok(Received::Duplicate | Received::OtherBody(_) | Received::Dropped) => Page::Answered,
        Err(error) => unavailable(&error),
    }
}

/// The one delivery that can answer a question.
fn delivery(account: &AccountId, effect: EffectId) -> DeliveryId {
    DeliveryId::derive(effect.0.stored(), &[account.as_str(), "answer", &effect.to_string()])
}

async fn find(node: &Node, account: &AccountId, token: &str) -> Result<Found, Page> {
    let (id, signature) = token.split_once('-').ok_or(Page::Unknown)?;
    let id: EffectId = id.parse().map_err(|_| Page::Unknown)?;
    // Checked before anything is read: a guess costs no look into the store.
    if node.account(account).is_none() || !node.vault.load().signed(&named(account, id), signature) {
        return Err(Page::Unknown);
    }
    let now = node.clock.now();
    let row = node.store.effect(account, id, now).await.map_err(|error| unavailable(&error))?;
    let Some(effect) = row.map(|row| row.effect) else { return Err(Page::Expired) };
    let Act::Ask(ask) = effect.act.clone() else { return Err(Page::Unknown) };
    if node.store.delivery(account, delivery(account, id)).await.map_err(|error| unavailable(&error))?.is_some() {
        return Err(Page::Answered);
    }
    // Without choices it was about somebody who was deleted since.
    if ask.expires <= now || ask.choices.is_empty() {
        return Err(Page::Expired);
    }
    Ok(Found { effect, ask })
}

fn question(found: &Found) -> Page {
    Page::Question {
        title: found.ask.title.trim().to_owned(),
        choices: found.ask.choices.iter().map(|choice| choice.label.clone()).collect(),
        until: Value::date(found.ask.expires).to_string(),
    }
}

fn unavailable(error: &StoreError) -> Page {
    tracing::error!(%error, "a question could not be looked up or answered");
    Page::Unavailable
}
