//! A question to a vendor, asked: its answers become events as far as they are news.

use super::CLASS;
use crate::lang::adapter::{Adapter, List, Poll};
use crate::model::{About, Assessment, Code, Delivery, Event, Notice, NoticeId, NoticeKind, Reason, Value, VendorName};
use crate::runtime::account::Account;
use crate::runtime::call::{Node, Unready};
use crate::runtime::hear::{self, Owners};
use crate::runtime::line::Entered;
use crate::runtime::{backoff, line};
use crate::store::Derived;
use crate::vendor;
use std::collections::BTreeMap;

/// Asks, and makes events of what is new.
pub(in crate::runtime) async fn answer(
    node: &Node,
    account: &Account,
    delivery: &Delivery,
    vendor: &VendorName,
    name: &str,
    about: &About,
) -> Result<Derived, Unready> {
    let adapter = account.active().adapters.get(vendor).cloned();
    let Some(adapter) = adapter.filter(|adapter| adapter.polls.contains_key(name)) else {
        return Ok(Derived::NoNews);
    };
    let Some(poll) = adapter.polls.get(name) else { return Ok(Derived::NoNews) };
    let asked = Asked { node, account, delivery, adapter: &adapter, name, poll };
    let events = match (about, poll.list()) {
        (About::Attempt(id), None) => match node.store.assessment(&account.id, *id).await? {
            Some(row) if poll.asks_about(row.phase) => asked.attempt(&row).await?,
            _ => Vec::new(),
        },
        (About::Window { from, to }, Some(list)) => {
            let inputs = vendor::poll::window(*from, *to);
            asked.window(list, inputs).await?
        }
        // The adapter was changed meanwhile: the poll of this name is another one now.
        _ => Vec::new(),
    };
    Ok(if events.is_empty() { Derived::NoNews } else { Derived::Events(events) })
}

struct Asked<'a> {
    node: &'a Node,
    account: &'a Account,
    delivery: &'a Delivery,
    adapter: &'a Adapter,
    name: &'a str,
    poll: &'a Poll,
}

impl Asked<'_> {
    fn vendor(&self) -> &VendorName {
        &self.adapter.name
    }

    /// One attempt. What the vendor does not know or does not say yet is asked again at the next time; so is what cannot be asked
    /// before then.
    async fn attempt(&self, row: &Assessment) -> Result<Vec<Event>, Unready> {
        match self.about(row, BTreeMap::new(), &Entered::default()).await {
            Ok(events) => Ok(events),
            Err(Unready::Gone(_)) => Ok(Vec::new()),
            Err(Unready::Park(reason)) if matches!(reason.code, Code::R3 | Code::R4) => Ok(Vec::new()),
            Err(Unready::Defer { until, reason }) => {
                let again = until.unwrap_or_else(|| backoff::next(self.node.clock.now(), 0, self.delivery.id.0, None));
                match vendor::poll::next(self.poll, row, self.delivery.received) {
                    Some(next) if next <= again => Ok(Vec::new()),
                    _ => Err(Unready::Defer { until, reason }),
                }
            }
            Err(unready) => Err(unready),
        }
    }

    /// A list, once for each value of `for`. An item that cannot be read or that two invitations fit leaves a notice, and the others
    /// go on; one that is nobody's was made outside leverd.
    async fn window(&self, list: &List, inputs: BTreeMap<String, Value>) -> Result<Vec<Event>, Unready> {
        let (mut events, entered) = (Vec::new(), Entered::default());
        let values: Vec<Option<(String, Value)>> = match &list.each {
            Some((name, values)) => values.iter().map(|value| Some((format!("for.{name}"), value.clone()))).collect(),
            None => vec![None],
        };
        for value in values {
            let mut inputs = inputs.clone();
            inputs.extend(value);
            let items = line::list(self.node, self.account, self.vendor(), &list.operation, &inputs, CLASS, &entered).await?;
            for item in items {
                match item {
                    Ok(captures) => events.extend(self.item(captures, &entered).await?),
                    Err(reason) => self.tell(&reason).await?,
                }
            }
        }
        Ok(events)
    }

    async fn item(&self, captures: BTreeMap<String, Value>, entered: &Entered) -> Result<Vec<Event>, Unready> {
        let asked = vendor::poll::asked(self.adapter, self.poll, captures.clone());
        let rows = match hear::owners(self.node, self.account, self.vendor(), &asked, None).await? {
            Owners::These(rows) => rows,
            Owners::Nobody => Vec::new(),
            Owners::Ambiguous(reason) => {
                self.tell(&reason).await?;
                Vec::new()
            }
        };
        let mut events = Vec::new();
        for row in rows.iter().filter(|row| self.poll.asks_about(row.phase)) {
            match self.about(row, captures.clone(), entered).await {
                Ok(found) => events.extend(found),
                Err(Unready::Gone(reason) | Unready::Park(reason)) => self.tell(&reason).await?,
                Err(unready) => return Err(unready),
            }
        }
        Ok(events)
    }

    /// Reads what tells of an attempt; what of it is news.
    async fn about(
        &self,
        row: &Assessment,
        captures: BTreeMap<String, Value>,
        entered: &Entered,
    ) -> Result<Vec<Event>, Unready> {
        let asked = vendor::poll::asked(self.adapter, self.poll, captures);
        let answers = hear::reads(self.node, self.account, self.vendor(), &asked, row, CLASS, entered).await?;
        let emissions = vendor::poll::emit(self.adapter, self.poll, &asked, answers, self.delivery.received);
        let emissions = emissions.map_err(Unready::Park)?;
        // Polls show how things are, again and again.
        let news = emissions.into_iter().filter(|emission| hear::news(row, emission));
        let events = news.enumerate().map(|(seq, emission)| {
            let mut event = hear::event(self.account, row, emission, &self.delivery.dedupe, self.delivery.received);
            event.seq = u16::try_from(seq).unwrap_or(u16::MAX);
            event.class = CLASS;
            event
        });
        Ok(events.collect())
    }

    /// A notice, once for each fault of a poll in a day.
    async fn tell(&self, reason: &Reason) -> Result<(), Unready> {
        let (now, vendor) = (self.node.clock.now(), self.vendor().as_str());
        let text = format!("poll `{}` of {}: one item was left out: {}", self.name, self.adapter.title, reason.text);
        let id = NoticeId::derive(now, &[self.account.id.as_str(), vendor, self.name, &text]);
        let notice = Notice::daily(id, NoticeKind::Parked, text, now);
        Ok(self.node.store.notice(&self.account.id, notice).await?)
    }
}
