//! What waits for a person, with what would be sent if it were tried again.

use crate::model::{AccountId, EventId};
use crate::runtime::call::Node;
use crate::runtime::words;
use crate::store::{ParkedRow, Result, Work};

/// One piece of parked work.
#[derive(Debug)]
pub struct Parked {
    pub row: ParkedRow,
    /// Of an effect: what it is, in the author's verb.
    pub act: Option<String>,
    /// Of an effect: what would be sent.
    pub sends: Vec<(String, String)>,
    /// Of an effect: the rule that wants it.
    pub rule: Option<String>,
    /// Of an effect: the last thing that came back.
    pub answered: Option<String>,
    /// Of an effect: its run.
    pub run: Option<EventId>,
}

/// Everything that waits, oldest first; at most `limit`, and how many there are.
pub async fn of(node: &Node, account: Option<&AccountId>, limit: usize) -> Result<(Vec<Parked>, usize)> {
    let rows = node.store.parked(account).await?;
    let all = rows.len();
    let mut found = Vec::new();
    for row in rows.into_iter().take(limit) {
        found.push(one(node, row).await?);
    }
    Ok((found, all))
}

async fn one(node: &Node, row: ParkedRow) -> Result<Parked> {
    let mut parked = Parked { row, act: None, sends: Vec::new(), rule: None, answered: None, run: None };
    match parked.row.work {
        Work::Effect(id) => {
            if let Some(effect) = node.store.effect(&parked.row.account, id, node.clock.now()).await? {
                parked.act = Some(words::act(&effect.effect.act));
                parked.sends = words::detail(&effect.effect.act);
                parked.rule = Some(effect.effect.rule.to_string());
                parked.answered = effect.attempts.last().and_then(|attempt| attempt.exchange.clone());
                parked.run = Some(effect.effect.event);
            }
        }
        // What was not planned has no run.
        Work::Event(_) | Work::Delivery(_) | Work::Timer(_) => {}
    }
    Ok(parked)
}

/// `effect:0193…`: as a form carries it.
pub fn written(work: Work) -> String {
    work.to_string().replacen(' ', ":", 1)
}

/// The same again.
pub fn read(text: &str) -> Option<Work> {
    let (kind, id) = text.split_once(':')?;
    Some(match kind {
        "delivery" => Work::Delivery(id.parse().ok()?),
        "event" => Work::Event(id.parse().ok()?),
        "effect" => Work::Effect(id.parse().ok()?),
        "timer" => Work::Timer(id.parse().ok()?),
        _ => return None,
    })
}
