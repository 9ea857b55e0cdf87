//! The loops that claim work and hand it to tasks: deliveries to derive, events to plan, effects to carry out, timers to fire.
//!
//! A loop claims no more than it may run at once, and sleeps until the store says that there may be work or the next row is due.

use super::account::Account;
use super::call::{Called, Node};
use super::clock::TOLERATED;
use super::slots::Slots;
use super::{abroad, derive, executor, planner, poll, poller, spans, tenure};
use crate::lever::api;
use crate::model::{AccountId, Class, Code, Exchange, Notice, NoticeId, NoticeKind, Reason};
use crate::store::{Claim, Retention, StoreError, Work};
use jiff::{SignedDuration, Timestamp};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};

/// The longest sleep: a net under lost hints.
pub(super) const NET: Duration = Duration::from_secs(5);
/// How often what is old is deleted.
const RETAIN: SignedDuration = SignedDuration::from_hours(1);
/// At most this many rows of each kind in one commit, so that nothing waits for it.
const CHUNK: usize = 500;
/// What makes a delivery a repetition is known for this long at least.
const DEDUPE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long the work waits at the start for Lever to say what the time is. What would be begun by a wrong clock, others have to wait for
/// until that time has come.
const TIME_ASKED: Duration = Duration::from_secs(300);
/// As many accounts' Lever is asked in one go.
const ASKED_AT_ONCE: usize = 3;
/// It is asked again after this.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// What was begun is put back or closed within this time.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(120);
/// Nothing but timers is put off for longer than this.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);
/// After a fault of the store.
const STORE_FAULT: Duration = Duration::from_secs(1);

/// Runs until cancelled, then lets what is under way end.
pub(super) async fn run(node: Arc<Node>, cancel: CancellationToken) {
    tokio::select! { biased;
        () = works(Arc::clone(&node), cancel.clone()) => {}
        never = tenure::run(&node, &cancel) => match never {},
    }
    tenure::leave(&node).await;
}

async fn works(node: Arc<Node>, cancel: CancellationToken) {
    let tracker = TaskTracker::new();
    // A clock that was set while nobody looked must not age what waits. Deliveries are taken meanwhile; Lever may be down, and then the
    // work begins all the same.
    tokio::select! { biased;
        () = cancel.cancelled() => {}
        _ = tokio::time::timeout(TIME_ASKED, hear_the_time(&node)) => {}
    }
    tokio::join!(
        deliveries(Arc::clone(&node), cancel.clone(), tracker.clone()),
        events(Arc::clone(&node), cancel.clone(), tracker.clone()),
        effects(Arc::clone(&node), cancel.clone(), tracker.clone()),
        timers(Arc::clone(&node), cancel.clone()),
        poll::run(Arc::clone(&node), cancel.clone()),
        poller::run(Arc::clone(&node), cancel.clone()),
        retain(Arc::clone(&node), cancel.clone()),
        abroad::outlive(&node, &cancel),
        stop(&node, cancel.clone()),
    );
    tracker.close();
    tracker.wait().await;
}

async fn deliveries(node: Arc<Node>, cancel: CancellationToken, tracker: TaskTracker) {
    let slots = Slots::new();
    let mut hint = node.store.work();
    while let Some(limit) = slots.free(node.mine().len(), &cancel).await {
        hint.mark_unchanged();
        let claiming = node.tenure.claiming().await;
        match node.store.claim_deliveries(claim(&node, limit)).await {
            Ok(claimed) if claimed.is_empty() => {
                drop(claiming);
                rest(&node, &mut hint, &cancel).await;
            }
            Ok(claimed) => {
                for one in claimed {
                    let (account, work) = (one.delivery.account.clone(), vec![Work::Delivery(one.delivery.id)]);
                    let span = spans::delivery(&account, one.delivery.id);
                    let run = |node: Arc<Node>, account: Arc<Account>| {
                        let span = spans::delivery(&account.id, one.delivery.id);
                        async move { derive::derive(&node, &account, one).await }.instrument(span)
                    };
                    spawn(&node, &slots, &tracker, account, work, span, run);
                }
            }
            Err(error) => {
                drop(claiming);
                fault(&error, &cancel).await;
            }
        }
    }
}

async fn events(node: Arc<Node>, cancel: CancellationToken, tracker: TaskTracker) {
    let slots = Slots::new();
    let mut hint = node.store.work();
    while let Some(limit) = slots.free(node.mine().len(), &cancel).await {
        hint.mark_unchanged();
        let claiming = node.tenure.claiming().await;
        match node.store.claim_events(claim(&node, limit)).await {
            Ok(claimed) if claimed.is_empty() => {
                drop(claiming);
                rest(&node, &mut hint, &cancel).await;
            }
            Ok(claimed) => {
                for one in claimed {
                    let (account, work) = (one.event.account.clone(), vec![Work::Event(one.event.id)]);
                    let span = spans::event(&one.event);
                    let run = |node: Arc<Node>, account: Arc<Account>| {
                        let span = spans::event(&one.event);
                        async move { planner::plan(&node, &account, one).await }.instrument(span)
                    };
                    spawn(&node, &slots, &tracker, account, work, span, run);
                }
            }
            Err(error) => {
                drop(claiming);
                fault(&error, &cancel).await;
            }
        }
    }
}

async fn effects(node: Arc<Node>, cancel: CancellationToken, tracker: TaskTracker) {
    let slots = Slots::new();
    let mut hint = node.store.work();
    while let Some(limit) = slots.free(node.mine().len(), &cancel).await {
        hint.mark_unchanged();
        let claiming = node.tenure.claiming().await;
        match node.store.claim_effects(claim(&node, limit)).await {
            Ok(claimed) if claimed.is_empty() => {
                drop(claiming);
                rest(&node, &mut hint, &cancel).await;
            }
            Ok(claimed) => {
                for lane in claimed {
                    let account = lane.account.clone();
                    let work = lane.effects.iter().map(|claimed| Work::Effect(claimed.effect.id)).collect();
                    let span = spans::effects(&account, &lane.opportunity, &lane.effects);
                    spawn(&node, &slots, &tracker, account, work, span, move |node, account| async move {
                        executor::carry_out(&node, &account, lane).await
                    });
                }
            }
            Err(error) => {
                drop(claiming);
                fault(&error, &cancel).await;
            }
        }
    }
}

/// Timers fire only while the clock is trusted: a jump must not fire half a year of them.
async fn timers(node: Arc<Node>, cancel: CancellationToken) {
    let mut hint = node.store.work();
    let (mut doubted, mut once_more, mut asked) = (false, None, 0);
    while !cancel.is_cancelled() {
        hint.mark_unchanged();
        node.snapshots.sweep(node.clock.now());
        let jump = node.clock.jump();
        if jump.abs() > TOLERATED {
            if !doubted {
                doubted = true;
                doubt(&node, jump).await;
            }
            ask_the_time(&node, asked).await;
            asked += ASKED_AT_ONCE;
            pull_in(&node, &mut once_more).await;
            tokio::select! { biased; () = cancel.cancelled() => {}, () = tokio::time::sleep(node.net) => {} }
            continue;
        }
        doubted = false;
        pull_in(&node, &mut once_more).await;
        match node.store.fire_timers(claim(&node, 256)).await {
            Ok(0) => rest(&node, &mut hint, &cancel).await,
            Ok(_) => {}
            Err(error) => fault(&error, &cancel).await,
        }
    }
}

/// What was put off by a clock that turned out to be ahead of Lever's is due now: at once, and once more when all that was under way
/// with the old time has been put back. Tried again where the store fails.
async fn pull_in(node: &Node, once_more: &mut Option<Timestamp>) {
    let now = node.clock.now();
    let set_back = node.clock.was_set_back();
    if !(set_back || once_more.is_some_and(|then| then <= now)) {
        return;
    }
    *once_more = set_back.then_some(now + UNDER_WAY);
    if let Err(error) = node.store.pull_in(now, now + LONGEST_WAIT).await {
        tracing::error!(%error, "what the wrong clock put off could not be pulled in yet");
        node.clock.set_back();
        tokio::time::sleep(STORE_FAULT).await;
    }
}

/// Asks until Lever says what the time is, other accounts each time: the first may have been disconnected.
async fn hear_the_time(node: &Node) {
    let mut asked = 0;
    while !ask_the_time(node, asked).await {
        if asked == 0 {
            tracing::warn!(
                "Lever does not answer yet; deliveries are stored, and the work begins in five minutes at the latest"
            );
        }
        asked += ASKED_AT_ONCE;
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// One cheap read: its answer carries Lever's date. Without it a quiet account's timers would hold for ever. Some accounts are asked,
/// from the one of this number on, until one tells. True where there is nobody to ask, too.
async fn ask_the_time(node: &Node, from: usize) -> bool {
    let accounts = node.all_accounts();
    let begin = from % accounts.len().max(1);
    for account in accounts.values().cycle().skip(begin).take(accounts.len().min(ASKED_AT_ONCE)) {
        if let Ok(Called::Exchanged(Exchange::Answered(answer))) = node.call(account, &api::list_stages(), Class::Poll).await
            && answer.header("date").is_some()
        {
            return true;
        }
    }
    accounts.is_empty()
}

/// Passes the stop on to whoever waits for leave to begin something.
async fn stop(node: &Node, cancel: CancellationToken) {
    cancel.cancelled().await;
    node.stopping.cancel();
}

/// Deletes, an hour after the other, what is older than the configuration says.
async fn retain(node: Arc<Node>, cancel: CancellationToken) {
    let mut last: Option<Timestamp> = None;
    while !cancel.is_cancelled() {
        let now = node.clock.now();
        if node.tenure.keeps_house() && last.is_none_or(|last| now.duration_since(last).abs() >= RETAIN) {
            let keep = **node.retention.load();
            let before = |time: SignedDuration| now.checked_sub(time).unwrap_or(Timestamp::UNIX_EPOCH);
            let deliveries = before(keep.deliveries);
            let retention =
                Retention { bodies: deliveries, runs: before(keep.runs), dedupe: deliveries.min(before(DEDUPE)), chunk: CHUNK };
            match node.store.retain(retention).await {
                Ok(0) => last = Some(now),
                Ok(_) => continue,
                Err(error) => fault(&error, &cancel).await,
            }
        }
        tokio::select! { biased;
            () = cancel.cancelled() => {}
            () = node.wake.notified() => {}
            () = tokio::time::sleep(Duration::from_secs(60)) => {}
        }
    }
}

async fn doubt(node: &Node, jump: SignedDuration) {
    let now = node.clock.now();
    for account in node.mine().keys() {
        let text = format!(
            "this machine's clock is off by {jump:#}; until Lever's clock agrees with it, Lever's counts and timers hold"
        );
        let id = NoticeId::derive(now, &[account.as_str(), "clock"]);
        node.tell(account, Notice::new(id, NoticeKind::Clock, text, now)).await;
    }
}

fn claim(node: &Node, limit: usize) -> Claim {
    Claim { accounts: node.claimable(), now: node.clock.now(), limit }
}

/// Sleeps until there may be work.
async fn rest(node: &Node, hint: &mut tokio::sync::watch::Receiver<u64>, cancel: &CancellationToken) {
    let now = node.clock.now();
    let due = node.store.next_due(&node.claimable(), now).await.ok().flatten();
    let sleep = due.map_or(node.net, |due| wait(now, due)).min(node.net);
    tokio::select! { biased;
        () = cancel.cancelled() => {}
        // The store is closing; nothing more will come.
        changed = hint.changed() => if changed.is_err() { cancel.cancelled().await },
        () = node.wake.notified() => {}
        () = tokio::time::sleep(sleep) => {}
    }
}

fn wait(now: Timestamp, due: Timestamp) -> Duration {
    Duration::try_from(due.duration_since(now)).unwrap_or(Duration::ZERO).max(Duration::from_millis(5))
}

async fn fault(error: &StoreError, cancel: &CancellationToken) {
    tracing::error!(%error, "the store failed; work waits");
    tokio::select! { biased; () = cancel.cancelled() => {}, () = tokio::time::sleep(STORE_FAULT) => {} }
}

/// Runs claimed work in a task of its own: one delivery, one event, or all effects that were handed out of one lane. A panic parks it; a
/// fault of the store gives the claims back.
fn spawn<F>(
    node: &Arc<Node>,
    slots: &Slots,
    tracker: &TaskTracker,
    account: AccountId,
    work: Vec<Work>,
    span: Span,
    run: impl FnOnce(Arc<Node>, Arc<Account>) -> F,
) where
    F: Future<Output = crate::store::Result<()>> + Send + 'static,
{
    // An account that a reload or another node took away meanwhile, or more rows than were asked for: the claims must not be lost.
    let ready = (node.account(&account), node.tenure.enter(&account), slots.take());
    let (Some(configured), Some(entered), Some(permit)) = ready else {
        let node = Arc::clone(node);
        tracker.spawn(async move { give_back(&node, &account, &work).await });
        return;
    };
    let future = entered.bind(run(Arc::clone(node), configured));
    let node = Arc::clone(node);
    let settle = async move {
        // Until it is given back, where it must be.
        let _entered = entered;
        let done = tokio::spawn(future).await;
        drop(permit);
        match done {
            Ok(Ok(())) => {}
            // It would be so the next time as well.
            Ok(Err(StoreError::Corrupt(what))) => {
                let reason = Reason::new(Code::R11, format!("what it needs cannot be read from the store: {what}"));
                park(&node, &account, &work, &reason).await;
            }
            Ok(Err(StoreError::Fenced)) => tracing::info!("another node goes on with this"),
            Ok(Err(error)) => {
                tracing::error!(%error, "the store failed; the work is given back");
                give_back(&node, &account, &work).await;
            }
            Err(_) => {
                let reason = Reason::new(Code::Bug, "leverd failed inside while working on this; please report it");
                park(&node, &account, &work, &reason).await;
            }
        }
    };
    tracker.spawn(settle.instrument(span));
}

async fn park(node: &Node, account: &AccountId, work: &[Work], reason: &Reason) {
    for one in work {
        match node.store.park(account, *one, reason.clone(), node.clock.now()).await {
            // Settled before the failure.
            Ok(()) | Err(StoreError::NotFound(_)) => {}
            Err(error) => tracing::error!(%error, work = %one, "work that failed could not be parked"),
        }
    }
}

async fn give_back(node: &Node, account: &AccountId, work: &[Work]) {
    for one in work {
        let mut tries = 60;
        while let Err(StoreError::Unavailable(_)) = node.store.release(account, *one).await {
            tries -= 1;
            if tries == 0 || node.stopping.is_cancelled() {
                tracing::error!(work = %one, "claimed work could not be given back; it goes on after a restart");
                break;
            }
            tokio::time::sleep(STORE_FAULT).await;
        }
    }
}
