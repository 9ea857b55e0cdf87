//! Which accounts this node works on, and until when it may send for them.
//!
//! Where one process has the store, all of them, for ever. Where several have it, those that the store has leased to this one: it beats,
//! and counts its time from before each beat on its own clock, which nobody sets. A request is started only if it must end within that
//! time. A node that was silent for too long finds that out from the store, lets everything that it has in hand end, and begins anew.
//!
//! It leans on the store's commits of leases, and knows nothing of what the work is.

use super::abroad;
use super::account::Account;
use super::call::Node;
use super::kin;
use crate::model::{AccountId, Bug, planted};
use crate::store::{Beat, Beaten, StoreError, Tenancy, Terms};
use arc_swap::ArcSwap;
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::{Notify, RwLock, RwLockReadGuard};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// So many accounts are begun with between two beats.
const AT_ONCE: usize = 2_000;
/// A node that is being stopped does not wait longer for the store to be told.
const FAREWELL: Duration = Duration::from_secs(10);

/// How long things last. All of it follows from the longest call, so that one number says how patient a node is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    longest: Duration,
}

impl Pace {
    pub(super) const fn of(longest: Duration) -> Self {
        Self { longest }
    }

    /// The next beat.
    fn beat(self) -> Duration {
        self.longest / 6
    }

    /// A lease outlasts the longest call by half of it: two beats may fail before nothing is started any more.
    fn lease(self) -> Duration {
        self.longest * 3 / 2
    }

    fn terms(self) -> Terms {
        let signed = |duration: Duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        Terms { lease: signed(self.lease()), settle: signed(self.longest + self.longest / 6) }
    }
}

/// A moment, by two clocks: the monotonic one stands still while the machine sleeps, and the other one may be set.
#[derive(Debug, Clone, Copy)]
struct Moment(Instant, SystemTime);

impl Moment {
    fn now() -> Self {
        Self(Instant::now(), SystemTime::now())
    }

    /// The longer of the two: a clock that is set forward only has the node pause until its next beat.
    fn elapsed(self) -> Duration {
        self.0.elapsed().max(self.1.elapsed().unwrap_or_default())
    }
}

/// The node's time: within it whatever it sends must have ended.
#[derive(Debug, Default)]
struct Deadline(Mutex<Option<(Moment, Duration)>>);

impl Deadline {
    fn renew(&self, from: Moment, lease: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((from, lease));
    }

    fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn leaves(&self, time: Duration) -> bool {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|(from, lease)| from.elapsed() + time <= lease)
    }
}

/// One account that this node works on.
#[derive(Debug)]
pub(super) struct Stake {
    deadline: Arc<Deadline>,
    /// It is another node's.
    lost: AtomicBool,
    /// Nothing new begins.
    ending: CancellationToken,
    /// What is under way.
    under_way: TaskTracker,
    /// When it was taken, until it is told that nothing of before can arrive any more.
    since: Mutex<Option<Instant>>,
}

impl Stake {
    fn covers(&self, time: Duration) -> bool {
        planted(Bug::LeaseIgnored) || (!self.lost.load(Ordering::Relaxed) && self.deadline.leaves(time))
    }
}

tokio::task_local! {
    /// The account that the work of this task is of.
    static STAKE: Option<Arc<Stake>>;
}

/// Whether what this task starts now, and ends within `time`, ends while its account is this node's. Nothing else is bound to that: what a
/// person asks for by hand, any node does.
pub(super) fn covers(time: Duration) -> bool {
    STAKE.try_with(|stake| stake.as_ref().is_none_or(|stake| stake.covers(time))).unwrap_or(true)
}

/// Ends when this task's account is given up, or was lost.
pub(super) async fn given_up() {
    match STAKE.try_with(Clone::clone).ok().flatten() {
        Some(stake) => stake.ending.cancelled().await,
        None => std::future::pending().await,
    }
}

/// The accounts of this node.
pub(super) struct Tenure {
    shared: bool,
    pace: Pace,
    deadline: Arc<Deadline>,
    stakes: ArcSwap<BTreeMap<AccountId, Arc<Stake>>>,
    /// Those of them with rules in force.
    mine: ArcSwap<BTreeMap<AccountId, Arc<Account>>>,
    /// Held by whoever claims, until what was claimed is under way.
    claiming: RwLock<()>,
    /// One at a time changes leases: what the store answers is how it is.
    turn: tokio::sync::Mutex<BTreeSet<AccountId>>,
    eldest: AtomicBool,
    joined: AtomicBool,
    /// Other accounts are in force.
    anew: Notify,
    born: Moment,
}

impl Tenure {
    pub(super) fn new(shared: bool, longest: Duration) -> Self {
        Self {
            shared,
            pace: Pace::of(longest),
            deadline: Arc::default(),
            stakes: ArcSwap::default(),
            mine: ArcSwap::default(),
            claiming: RwLock::new(()),
            turn: tokio::sync::Mutex::default(),
            eldest: AtomicBool::new(!shared),
            joined: AtomicBool::new(false),
            anew: Notify::new(),
            born: Moment::now(),
        }
    }

    /// Whether other nodes may work on the same store.
    pub(super) const fn is_shared(&self) -> bool {
        self.shared
    }

    /// Whether this node draws from the budgets that all nodes share: those of others end with their nodes, and a command is none.
    pub(super) fn draws(&self) -> bool {
        self.shared && self.joined.load(Ordering::Relaxed)
    }

    /// For how long it has not renewed its lease, or has had none.
    pub(super) fn silence(&self) -> Duration {
        let last = *self.deadline.0.lock().unwrap_or_else(PoisonError::into_inner);
        if self.shared { last.map_or(self.born, |(from, _)| from).elapsed() } else { Duration::ZERO }
    }

    /// Whether this node does what only one need do.
    pub(super) fn keeps_house(&self) -> bool {
        self.eldest.load(Ordering::Relaxed)
    }

    /// Held while something is claimed, until it is under way.
    pub(super) async fn claiming(&self) -> RwLockReadGuard<'_, ()> {
        self.claiming.read().await
    }

    /// Leave to work on an account; the work is under way until it is dropped. `None`: the account is not this node's.
    pub(super) fn enter(&self, account: &AccountId) -> Option<Entered> {
        let stake = self.stakes.load().get(account).cloned();
        if self.shared && stake.is_none() {
            return None;
        }
        let under_way = stake.as_ref().map(|stake| stake.under_way.token());
        Some(Entered { stake, _under_way: under_way })
    }
}

/// Leave to work on an account.
pub(super) struct Entered {
    stake: Option<Arc<Stake>>,
    _under_way: Option<TaskTrackerToken>,
}

impl Entered {
    /// What `work` sends is bound to the account's lease.
    pub(super) fn bind<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        STAKE.scope(self.stake.clone(), work)
    }
}

impl Node {
    /// The accounts with rules in force that this node works on.
    pub fn mine(&self) -> Arc<BTreeMap<AccountId, Arc<Account>>> {
        if self.tenure.shared { self.tenure.mine.load_full() } else { self.all_accounts() }
    }

    /// Finds out anew which these are: accounts were put in force, taken or given up.
    pub(super) fn sort_out(&self) {
        if !self.tenure.shared {
            return;
        }
        let (all, stakes) = (self.all_accounts(), self.tenure.stakes.load());
        let mine = all.iter().filter(|(id, _)| stakes.contains_key(*id)).map(|(id, it)| (id.clone(), Arc::clone(it)));
        self.tenure.mine.store(Arc::new(mine.collect()));
    }

    /// Other accounts are in force.
    pub(super) fn renamed(&self) {
        self.sort_out();
        self.tenure.anew.notify_one();
    }

    fn restake(&self, change: impl Fn(&mut BTreeMap<AccountId, Arc<Stake>>)) {
        self.tenure.stakes.rcu(|stakes| {
            let mut stakes = BTreeMap::clone(stakes);
            change(&mut stakes);
            stakes
        });
        self.sort_out();
    }
}

/// Beats for ever. When `stop` is told, it takes no more accounts, and goes on beating for what is under way.
pub(super) async fn run(node: &Arc<Node>, stop: &CancellationToken) -> std::convert::Infallible {
    if !node.tenure.shared {
        return std::future::pending().await;
    }
    let mut freed = node.store.leases();
    let mut joined = false;
    loop {
        freed.mark_unchanged();
        let gone = if joined { Vec::new() } else { ended(node).await };
        match beat(node, !joined, stop.is_cancelled(), gone).await {
            Ok(()) => joined = true,
            Err(StoreError::Fenced) => {
                joined = false;
                lose(node).await;
                continue;
            }
            Err(error) => tracing::warn!(%error, "the lease was not renewed"),
        }
        outlive(node);
        tokio::select! { biased;
            () = tokio::time::sleep(node.tenure.pace.beat()) => {}
            // The store is closing where this fails.
            changed = freed.changed() => if changed.is_err() { std::future::pending::<()>().await },
            () = node.tenure.anew.notified() => {}
        }
    }
}

/// Nodes whose process has ended, as far as this machine knows.
async fn ended(node: &Node) -> Vec<u64> {
    let nodes = node.store.nodes(node.clock.now()).await.unwrap_or_default();
    nodes.into_iter().filter(|other| kin::has_ended(&other.process)).map(|other| other.epoch).collect()
}

/// What this program calls itself.
fn version() -> String {
    #[cfg(feature = "kill-points")]
    if let Ok(other) = std::env::var("LEVERD_VERSION") {
        return other;
    }
    env!("CARGO_PKG_VERSION").to_owned()
}

/// One beat, and what follows.
async fn beat(node: &Arc<Node>, join: bool, full: bool, gone: Vec<u64>) -> Result<(), StoreError> {
    let tenure = &node.tenure;
    let mut leaving = tenure.turn.lock().await;
    let accounts: Arc<BTreeSet<AccountId>> = Arc::new(node.all_accounts().keys().cloned().collect());
    // From before it is asked: the store's time runs from some moment after this one.
    let asked = Moment::now();
    let beaten = node
        .store
        .beat(Beat {
            name: format!("{}/{}", kin::machine(), std::process::id()),
            version: version(),
            process: kin::this(),
            accounts: Arc::clone(&accounts),
            join,
            full,
            gone,
            terms: tenure.pace.terms(),
            at: node.clock.now(),
        })
        .await?;
    let Beaten::Lives(tenancy) = beaten else { return Err(StoreError::Fenced) };
    tenure.deadline.renew(asked, tenure.pace.lease());
    node.clock.keep_to(tenancy.now, SignedDuration::try_from(asked.elapsed()).unwrap_or_default());
    tell(&tenancy);
    tenure.eldest.store(tenancy.eldest, Ordering::Relaxed);
    tenure.joined.store(true, Ordering::Relaxed);
    take(node, &tenancy, &leaving).await?;
    if leaving.is_empty() {
        let stakes = tenure.stakes.load();
        let foreign = tenancy.accounts.difference(&accounts).cloned();
        let surplus = stakes.keys().rev().filter(|account| accounts.contains(*account)).take(tenancy.surplus).cloned();
        let given: BTreeSet<AccountId> = foreign.chain(surplus).collect();
        leaving.extend(given.iter().cloned());
        if !given.is_empty() {
            tokio::spawn(give_up(Arc::clone(node), given));
        }
    }
    Ok(())
}

fn tell(tenancy: &Tenancy) {
    for name in &tenancy.buried {
        tracing::warn!(node = name, "a node is gone; others go on with its accounts");
    }
    if !tenancy.unknown.is_empty() {
        tracing::info!(
            effects = tenancy.unknown.len(),
            "effects were under way when a node stopped; each is looked up before it is sent again"
        );
    }
}

/// Begins with the accounts that are this node's and were not.
async fn take(node: &Arc<Node>, tenancy: &Tenancy, leaving: &BTreeSet<AccountId>) -> Result<(), StoreError> {
    let stakes = node.tenure.stakes.load_full();
    let mut new: Vec<AccountId> = tenancy
        .accounts
        .iter()
        .filter(|account| !stakes.contains_key(*account) && !leaving.contains(*account))
        .cloned()
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    if new.len() > AT_ONCE {
        // The next beat comes first, and then the others.
        new.truncate(AT_ONCE);
        node.tenure.anew.notify_one();
    }
    // Its budget was another's, and what that sent may arrive yet.
    let mut begun = JoinSet::new();
    for account in &new {
        let (node, account) = (Arc::clone(node), account.clone());
        begun.spawn(async move { abroad::taken(&node, &account).await });
    }
    while let Some(done) = begun.join_next().await {
        done.unwrap_or(Ok(()))?;
    }
    let now = Instant::now();
    node.restake(|stakes| {
        for account in &new {
            let stake = Stake {
                deadline: Arc::clone(&node.tenure.deadline),
                lost: AtomicBool::new(false),
                ending: CancellationToken::new(),
                under_way: TaskTracker::new(),
                since: Mutex::new(Some(now)),
            };
            stakes.insert(account.clone(), Arc::new(stake));
        }
    });
    tracing::info!(taken = new.len(), accounts = node.tenure.stakes.load().len(), "this node works on further accounts");
    node.wake.notify_waiters();
    Ok(())
}

/// Lets everything of these accounts end that is under way; from now on nothing begins.
async fn end(node: &Node, accounts: &BTreeSet<AccountId>, lost: bool) {
    let ending: Vec<Arc<Stake>> =
        accounts.iter().filter_map(|account| node.tenure.stakes.load().get(account).cloned()).collect();
    for stake in &ending {
        stake.lost.store(lost, Ordering::Relaxed);
    }
    node.restake(|stakes| stakes.retain(|account, _| !accounts.contains(account)));
    // What was claimed before is under way now, or given back.
    drop(node.tenure.claiming.write().await);
    for stake in &ending {
        stake.ending.cancel();
        stake.under_way.close();
    }
    for stake in &ending {
        stake.under_way.wait().await;
    }
}

/// Gives accounts to whichever node takes them, when nothing of them is under way here.
async fn give_up(node: Arc<Node>, accounts: BTreeSet<AccountId>) {
    end(&node, &accounts, false).await;
    let given: Vec<AccountId> = accounts.iter().cloned().collect();
    loop {
        let mut leaving = node.tenure.turn.lock().await;
        let told = node.store.give_up(given.clone(), node.tenure.pace.terms(), node.clock.now()).await;
        if !matches!(told, Err(StoreError::Unavailable(_))) {
            // Where it is refused, this node's time is over, and they are others' anyway.
            leaving.retain(|account| !accounts.contains(account));
            tracing::info!(given = given.len(), "accounts were given to other nodes");
            return;
        }
        drop(leaving);
        tokio::time::sleep(node.tenure.pace.beat()).await;
    }
}

/// This node was silent for too long. Everything that it has in hand ends; it may not be sent any more, and what became of what was sent is
/// stored all the same.
async fn lose(node: &Node) {
    let all: BTreeSet<AccountId> = node.tenure.stakes.load().keys().cloned().collect();
    node.tenure.deadline.end();
    node.tenure.eldest.store(false, Ordering::Relaxed);
    if !all.is_empty() {
        tracing::warn!(
            accounts = all.len(),
            "this node could not renew its lease in time; other nodes go on with its accounts, and it begins anew"
        );
    }
    end(node, &all, true).await;
    while !node.tenure.turn.lock().await.is_empty() {
        // What was being given up ends too.
        tokio::time::sleep(node.tenure.pace.beat()).await;
    }
}

/// Says of each account, once, that nothing which was sent before this node took it can arrive any more. Beside the beats: of many accounts
/// it takes a while.
fn outlive(node: &Arc<Node>) {
    let due = |stake: &Stake| {
        let mut since = stake.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.take_if(|since| since.elapsed() >= abroad::late()).is_some()
    };
    let stakes = node.tenure.stakes.load();
    let accounts: Vec<AccountId> = stakes.iter().filter(|(_, stake)| due(stake)).map(|(account, _)| account.clone()).collect();
    if accounts.is_empty() {
        return;
    }
    let node = Arc::clone(node);
    tokio::spawn(async move {
        let mut said = JoinSet::new();
        for account in accounts {
            let node = Arc::clone(&node);
            said.spawn(async move { abroad::outlived(&node, &account).await });
        }
        said.join_all().await;
    });
}

/// Ends this node's time, when nothing is under way in it any more: others need not wait for it.
pub(super) async fn leave(node: &Node) {
    if !node.tenure.shared {
        return;
    }
    let all: BTreeSet<AccountId> = node.tenure.stakes.load().keys().cloned().collect();
    let told = async {
        end(node, &all, false).await;
        let _turn = node.tenure.turn.lock().await;
        node.store.leave(node.tenure.pace.terms(), node.clock.now()).await
    };
    match tokio::time::timeout(FAREWELL, told).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "other nodes could not be told of the stop; they notice it by themselves"),
        Err(_) => tracing::warn!("other nodes could not be told of the stop in time; they notice it by themselves"),
    }
}
