//! Polls: when an attempt is asked about, what a request of a window reads, what the answers mean. What is asked and heard is the
//! runtime's to carry; a due time, given the attempt, is the same whoever computes it.

use super::emit::{Emission, emit_from};
use super::webhook::{self, Notification};
use crate::lang::adapter::{Adapter, Ask, Mapping, Poll, Source};
use crate::model::{Assessment, Reason, Value};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The last time within `since < t <= now` at which this attempt is to be asked about, if there is one.
pub fn due(poll: &Poll, row: &Assessment, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let last = before(poll, row, now)?;
    (last > since).then_some(last)
}

/// The first time after `now` at which this attempt is to be asked about, if there is one.
pub fn next(poll: &Poll, row: &Assessment, now: Timestamp) -> Option<Timestamp> {
    let schedule = Schedule::of(poll, row)?;
    let (from, pause) = schedule.place(now)?;
    let next = if from > now { from } else { from.checked_add(pause).ok()? };
    (next <= schedule.end).then_some(next)
}

fn before(poll: &Poll, row: &Assessment, now: Timestamp) -> Option<Timestamp> {
    let schedule = Schedule::of(poll, row)?;
    let (at, _) = schedule.place(now.min(schedule.end))?;
    (at <= now && at <= schedule.end).then_some(at)
}

/// When an attempt is asked about: at first after one pause, then after pauses that double up to the slowest. Whatever the candidate
/// does makes it begin anew.
struct Schedule {
    begin: Timestamp,
    every: SignedDuration,
    slowest: SignedDuration,
    end: Timestamp,
}

impl Schedule {
    fn of(poll: &Poll, row: &Assessment) -> Option<Self> {
        let Ask::Attempts { slowest } = &poll.ask else { return None };
        if !poll.asks_about(row.phase) {
            return None;
        }
        let begin = [row.invited_at, row.started_at, row.submitted_at].into_iter().flatten().max().unwrap_or(row.requested_at);
        let end = row.requested_at.checked_add(poll.stop_after).unwrap_or(Timestamp::MAX);
        Some(Self { begin, every: poll.every, slowest: poll.every.max(*slowest), end })
    }

    /// The last time not after `now`, or else the first one, and the pause behind it.
    fn place(&self, now: Timestamp) -> Option<(Timestamp, SignedDuration)> {
        let mut pause = self.every;
        let mut at = self.begin.checked_add(pause).ok()?;
        while pause < self.slowest {
            let longer = pause.checked_add(pause).unwrap_or(self.slowest).min(self.slowest);
            match at.checked_add(longer) {
                Ok(next) if next <= now => (at, pause) = (next, longer),
                _ => return Some((at, longer)),
            }
        }
        let pauses = now.duration_since(at).as_secs().max(0) / pause.as_secs().max(1);
        let whole = pause.checked_mul(i32::try_from(pauses).ok()?)?;
        Some((at.checked_add(whole).ok()?, pause))
    }
}

/// What requests of a window read: `window.from`, `window.to`, each also in seconds and milliseconds since 1970. Whole seconds.
pub fn window(from: Timestamp, to: Timestamp) -> BTreeMap<String, Value> {
    let mut inputs = BTreeMap::new();
    for (name, at) in [("from", from), ("to", to)] {
        let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
        inputs.insert(format!("window.{name}"), Value::date(at));
        inputs.insert(format!("window.{name}.epoch_s"), Value::Int(at.as_second()));
        inputs.insert(format!("window.{name}.epoch_ms"), Value::Int(at.as_millisecond()));
    }
    inputs
}

/// What the answers to a poll mean: its own mappings, or those of the webhook that read back and say nothing of the body.
fn mappings<'a>(adapter: &'a Adapter, poll: &'a Poll) -> Vec<&'a Mapping> {
    if !poll.map.is_empty() {
        return poll.map.iter().collect();
    }
    adapter.webhook.iter().flat_map(|webhook| &webhook.map).filter(|mapping| mapping.only_asks()).collect()
}

/// An attempt or an item of a list as something to be asked about: its owner's keys, and what is read.
pub fn asked(adapter: &Adapter, poll: &Poll, captures: BTreeMap<String, Value>) -> Notification {
    let mappings = mappings(adapter, poll);
    let owner = poll.list().map(|list| webhook::owners(&list.owner, &captures)).unwrap_or_default();
    let list = poll.list().map(|list| list.operation.as_str());
    let look = |source: &Source| match source {
        Source::Read { operation, name } if Some(operation.as_str()) == list => Some(captures.get(name).cloned()),
        _ => None,
    };
    let possible = webhook::possible(&mappings, look);
    Notification {
        event: String::new(),
        owner,
        dedupe: String::new(),
        ids: webhook::ids(&possible, &captures),
        reads: webhook::reads(&possible),
        mapped: true,
        ignored: false,
        captures,
    }
}

/// The events that the answers become. `answers` are those of the reads that [`asked`] named.
pub fn emit(
    adapter: &Adapter,
    poll: &Poll,
    asked: &Notification,
    mut answers: BTreeMap<String, BTreeMap<String, Value>>,
    received: Timestamp,
) -> Result<Vec<Emission>, Reason> {
    if let Some(list) = poll.list() {
        answers.insert(list.operation.clone(), asked.captures.clone());
    }
    emit_from(adapter, mappings(adapter, poll).into_iter(), asked, &answers, received)
}
