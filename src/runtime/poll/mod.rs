//! Asking vendors instead of being told: what is due enters as deliveries, in one commit with how far asking came.
//!
//! A crash repeats, and never skips. Nobody is asked while no attempt is open. When an attempt is due follows from its row alone
//! ([`crate::vendor::poll`]); a list is asked for from where the last window ended, and not again before that one was answered.

mod answer;

pub(super) use answer::answer;

use super::account::Account;
use super::call::Node;
use super::clock::TOLERATED;
use crate::lang::adapter::{List, Poll};
use crate::model::{About, Assessment, Class, Delivery, DeliveryId, Phase, Source, VendorName};
use crate::store::{Result, Work};
use crate::vendor::poll as schedule;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// New attempts are seen within this time.
const LOOK: SignedDuration = SignedDuration::from_secs(60);
/// Attempts are read so many at a time.
const PAGE: usize = 1_000;
/// The class of whatever polls cause.
const CLASS: Class = Class::Poll;
/// After a fault of the store.
const FAULT: SignedDuration = SignedDuration::from_secs(5);

/// How the names of these polls' cursors begin.
const CURSOR: &str = "poll:";

/// The cursor of a poll that shall ask for what happens from `now` on; `None` for a cursor of anything else.
pub(super) fn renewed(name: &str, value: &str, now: Timestamp) -> Option<String> {
    name.starts_with(CURSOR).then(|| match value.split_once(' ') {
        Some((_, window)) => format!("{now} {window}"),
        None => now.to_string(),
    })
}

/// Asks what is due until cancelled. Held while the clock is doubted: a jump must not ask for half a year at once.
pub(super) async fn run(node: Arc<Node>, cancel: CancellationToken) {
    while !cancel.is_cancelled() {
        // From here on nothing that wakes is missed, though it comes while we look.
        let woken = node.wake.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        let now = node.clock.now();
        let mut next = now + LOOK;
        if node.clock.jump().abs() <= TOLERATED {
            match round(&node, now).await {
                Ok(due) => next = next.min(due.unwrap_or(next)),
                Err(error) => {
                    tracing::error!(%error, "the store failed; polls wait");
                    next = now + FAULT;
                }
            }
        }
        let sleep = Duration::try_from(next.duration_since(now)).unwrap_or(Duration::ZERO).max(Duration::from_millis(50));
        tokio::select! { biased;
            () = cancel.cancelled() => {}
            () = woken => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

/// One look at every poll; when the next is due, as far as that is known.
async fn round(node: &Node, now: Timestamp) -> Result<Option<Timestamp>> {
    let mut next: Option<Timestamp> = None;
    for account in node.mine().values() {
        for (vendor, adapter) in &account.active().adapters {
            if !account.vendors.contains_key(vendor) {
                continue;
            }
            for (name, poll) in &adapter.polls {
                let asker = Asker { node, account, vendor, name, poll, now };
                let due = match poll.list() {
                    Some(list) => asker.window(list).await?,
                    None => asker.attempts().await?,
                };
                next = match (next, due) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                };
            }
        }
    }
    Ok(next)
}

/// One poll of one account.
struct Asker<'a> {
    node: &'a Node,
    account: &'a Account,
    vendor: &'a VendorName,
    name: &'a str,
    poll: &'a Poll,
    now: Timestamp,
}

impl Asker<'_> {
    /// Asks about every attempt whose time has come since the last time.
    async fn attempts(&self) -> Result<Option<Timestamp>> {
        let open = self.open().await?;
        if open.is_empty() {
            return Ok(None);
        }
        let kept = self.cursor().await?.and_then(|kept| kept.parse().ok());
        let since = kept.unwrap_or(self.now - self.poll.every);
        let due = open.iter().filter_map(|row| Some((row, schedule::due(self.poll, row, since, self.now)?)));
        let asks: Vec<Delivery> = due.map(|(row, at)| self.ask(About::Attempt(row.id), &format!("{}@{at}", row.id))).collect();
        if !asks.is_empty() {
            self.commit(self.now.to_string(), asks).await?;
        }
        Ok(open.iter().filter_map(|row| schedule::next(self.poll, row, self.now)).min())
    }

    /// Asks for what happened since the last window, if that one was answered.
    async fn window(&self, list: &List) -> Result<Option<Timestamp>> {
        let cursor = self.cursor().await?;
        let kept = cursor.as_deref().and_then(|kept| kept.split_once(' '));
        let last: Option<(Timestamp, DeliveryId)> = kept.and_then(|(to, id)| to.parse().ok().zip(id.parse().ok()));
        if let Some((to, id)) = last {
            let due = to + self.poll.every;
            if due > self.now {
                return Ok(Some(due));
            }
            if self.node.store.is_open(&self.account.id, Work::Delivery(id)).await? {
                return Ok(None);
            }
        }
        let Some(oldest) = self.open().await?.iter().map(|row| row.requested_at).min() else { return Ok(None) };
        let (overlap, first) =
            list.window.map_or((SignedDuration::ZERO, SignedDuration::ZERO), |window| (window.overlap, window.first));
        let from = last.map_or(self.now - first, |(to, _)| to - overlap).max(oldest - overlap);
        let ask = self.ask(About::Window { from, to: self.now }, &self.now.to_string());
        self.commit(format!("{} {}", self.now, ask.id), vec![ask]).await?;
        Ok(Some(self.now + self.poll.every))
    }

    /// The attempts that may be asked about.
    async fn open(&self) -> Result<Vec<Assessment>> {
        let since = self.now - self.poll.stop_after;
        let mut open: Vec<Assessment> = Vec::new();
        for phase in Phase::ALL.iter().copied().filter(|phase| self.poll.asks_about(*phase)) {
            let mut after = None;
            loop {
                let page = self.node.store.open_attempts(&self.account.id, self.vendor, phase, since, after, PAGE).await?;
                after = page.last().map(|row| row.id);
                let whole = page.len() < PAGE;
                open.extend(page);
                if whole {
                    break;
                }
            }
        }
        Ok(open)
    }

    fn key(&self) -> String {
        format!("{CURSOR}{}/{}", self.vendor, self.name)
    }

    async fn cursor(&self) -> Result<Option<String>> {
        self.node.store.cursor(&self.account.id, &self.key()).await
    }

    async fn commit(&self, cursor: String, asks: Vec<Delivery>) -> Result<()> {
        metrics::counter!("leverd_polls_total", "vendor" => self.vendor.to_string()).increment(asks.len() as u64);
        self.node.store.deliver_asks(&self.account.id, &self.key(), cursor, asks).await
    }

    fn ask(&self, about: About, dedupe: &str) -> Delivery {
        let (account, vendor) = (self.account.id.clone(), self.vendor.clone());
        let parts = [account.as_str(), "poll", vendor.as_str(), self.name, dedupe];
        Delivery {
            id: DeliveryId::derive(self.now, &parts),
            source: Source::Ask { vendor, poll: self.name.to_owned(), about },
            dedupe: dedupe.to_owned(),
            digest: String::new(),
            body: Vec::new(),
            received: self.now,
            hint: None,
            account,
        }
    }
}
