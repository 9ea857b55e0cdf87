//! One way out: budget, breaker, suspension, then the socket.
//!
//! A destination that is down opens its breaker: work for it waits and no attempt is counted. One that refuses our credentials
//! suspends the connection: a notice is made, everything for it waits and is tried again every minute, nothing is lost.

use super::access::Access;
use super::account::{Account, Connection};
use super::clock::Clock;
use super::gates::Gates;
use super::notices::Poster;
use super::pool;
use super::reach::Reach;
use super::service::ReloadState;
use super::snapshots::Snapshots;
use super::tenure::{self, Tenure};
use super::tests_cache::TestsCache;
use super::tokens;
use super::vault::Vault;
use crate::http::{Client, Gate, Leave};
use crate::lang::config::Retention;
use crate::lever::api::Unread;
use crate::model::{AccountId, Class, Code, Destination, Exchange, Notice, NoticeId, NoticeKind, Reason, Request, Response};
use crate::store::{Store, StoreError};
use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often a suspended connection is tried again.
const SUSPENDED: SignedDuration = SignedDuration::from_mins(1);
/// How long work waits that this node may not send for, because its lease was not renewed.
const UNLEASED: SignedDuration = SignedDuration::from_secs(2);
/// The longest pause that a 429 may ask all work of a connection to make; what was refused itself waits as long as it was told.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Accounts with rules in force.
type Accounts = Arc<BTreeMap<AccountId, Arc<Account>>>;

/// What the workers of one node share.
pub struct Node {
    pub store: Store,
    pub clock: Clock,
    pub http: Client,
    pub(super) accounts: ArcSwap<BTreeMap<AccountId, Arc<Account>>>,
    /// The names of accounts, as they were asked for last.
    names: Mutex<(Accounts, Arc<BTreeSet<AccountId>>)>,
    pub(super) gates: Gates,
    /// Which accounts are this node's.
    pub(super) tenure: Tenure,
    pub(super) snapshots: Snapshots,
    pub(super) tests: TestsCache,
    /// Woken when there may be work before the next due time.
    pub(super) wake: Notify,
    /// The longest that the workers sleep: a net under lost hints. Longer in simulated time, where no hint is lost.
    pub net: Duration,
    /// The base of our own URLs, as vendors and people reach us.
    pub public_url: ArcSwap<Option<url::Url>>,
    /// How the last load of each account's rules went.
    pub reloads: ArcSwap<BTreeMap<AccountId, ReloadState>>,
    /// Where notices are posted, if anywhere.
    pub notices: ArcSwap<Option<Poster>>,
    /// How long things are kept.
    pub retention: ArcSwap<Retention>,
    /// The keys of the tokens in the store.
    pub vault: ArcSwap<Vault>,
    /// Whether our public address leads here.
    pub reach: Reach,
    /// Who may use the console.
    pub access: Access,
    /// Accounts that could not be put in force and have no earlier rules: their deliveries are taken, their work waits.
    pub(super) held: ArcSwap<BTreeMap<AccountId, Held>>,
    /// leverd is being stopped: nothing new begins.
    pub(super) stopping: CancellationToken,
    /// When it was last looked for webhooks that another node made.
    pub(super) looked: tokio::sync::Mutex<Option<Instant>>,
    /// For deliveries that are being stored, in KiB.
    pub(super) room: Semaphore,
}

/// An account that is held back.
#[derive(Debug, Clone)]
pub struct Held {
    /// As far as its deliveries can be verified: without rules.
    pub account: Option<Arc<Account>>,
    /// What is wrong with it, whole.
    pub why: String,
}

/// What became of a call.
#[derive(Debug)]
pub(super) enum Called {
    Exchanged(Exchange),
    /// It was not made: the breaker is open or the connection suspended. Nothing was counted.
    Held {
        until: Timestamp,
        reason: Reason,
    },
}

/// Why something could not be read.
#[derive(Debug)]
pub(super) enum Unready {
    /// Later, and not before `until` if it is known.
    Defer { until: Option<Timestamp>, reason: Reason },
    /// Lever or the vendor does not know it (any more).
    Gone(Reason),
    /// It will not get better by itself.
    Park(Reason),
    /// The store failed: nothing was acknowledged, and the claim stays.
    Store(StoreError),
}

impl From<StoreError> for Unready {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Node {
    /// A node without accounts.
    pub fn new(store: Store, clock: Clock, http: Client) -> Self {
        Self {
            tenure: Tenure::new(store.is_shared(), http.longest()),
            store,
            clock,
            http,
            accounts: ArcSwap::default(),
            names: Mutex::default(),
            gates: Gates::new(),
            snapshots: Snapshots::default(),
            tests: TestsCache::default(),
            wake: Notify::new(),
            net: super::work::NET,
            public_url: ArcSwap::from_pointee(None),
            reloads: ArcSwap::default(),
            notices: ArcSwap::from_pointee(None),
            retention: ArcSwap::default(),
            vault: ArcSwap::default(),
            reach: Reach::default(),
            access: Access::default(),
            held: ArcSwap::default(),
            stopping: CancellationToken::new(),
            looked: tokio::sync::Mutex::default(),
            room: Semaphore::new(super::intake::ROOM),
        }
    }

    /// Moves the clock on and looks at once for what became due: for simulated time only.
    pub fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
        self.wake.notify_waiters();
    }

    /// Notes how the load of an account's rules went.
    pub(super) fn note_reload(&self, account: &AccountId, state: ReloadState) {
        self.note_reloads(&BTreeMap::from([(account.clone(), state)]));
    }

    /// Notes how the load of many accounts' rules went.
    pub(super) fn note_reloads(&self, noted: &BTreeMap<AccountId, ReloadState>) {
        self.reloads.rcu(|states| {
            let mut states = BTreeMap::clone(states);
            states.extend(noted.iter().map(|(account, state)| (account.clone(), state.clone())));
            states
        });
    }

    /// Has the workers look for work now: the clock was moved.
    pub fn look_again(&self) {
        self.wake.notify_waiters();
    }

    /// Puts an account in force: for callers that build accounts themselves.
    pub fn put(&self, account: Account) {
        let account = Arc::new(account);
        self.accounts.rcu(|accounts| {
            let mut accounts = BTreeMap::clone(accounts);
            accounts.insert(account.id.clone(), Arc::clone(&account));
            accounts
        });
        self.renamed();
    }

    /// The account of this name, if it is configured.
    pub fn account(&self, id: &AccountId) -> Option<Arc<Account>> {
        self.accounts.load().get(id).cloned()
    }

    /// The account of this name, also while it is held back: for what needs no rules.
    pub fn known(&self, id: &AccountId) -> Option<Arc<Account>> {
        self.account(id).or_else(|| self.held.load().get(id)?.account.clone())
    }

    /// Accounts that are held back.
    pub fn held(&self) -> Arc<BTreeMap<AccountId, Held>> {
        self.held.load_full()
    }

    /// All accounts with rules in force.
    pub fn all_accounts(&self) -> Accounts {
        self.accounts.load_full()
    }

    /// Whose work may be claimed. Asked at every look, and made anew only where accounts came or went.
    pub(super) fn claimable(&self) -> Arc<BTreeSet<AccountId>> {
        let accounts = self.mine();
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&names.0, &accounts) {
            *names = (Arc::clone(&accounts), Arc::new(accounts.keys().cloned().collect()));
        }
        Arc::clone(&names.1)
    }

    /// Sends one request within the destination's budget, unless its breaker is open.
    pub(super) async fn call(&self, account: &Account, request: &Request, class: Class) -> Result<Called, Unready> {
        match self.admit(account, &request.to, class).await {
            Ok(leave) => Ok(Called::Exchanged(self.exchange(account, request, leave).await)),
            Err(Unready::Defer { until: Some(until), reason }) => Ok(Called::Held { until, reason }),
            Err(unready) => Err(unready),
        }
    }

    /// Waits for leave to begin something. A breaker that is open, credentials that are refused, a long queue or a stop defer; nothing is
    /// counted.
    pub(super) async fn admit(&self, account: &Account, to: &Destination, class: Class) -> Result<Leave, Unready> {
        self.admitted(account, to, class, false).await
    }

    /// The same for a further request of what begun by one that was admitted: nothing of it is thrown away because others came.
    pub(super) async fn admit_further(&self, account: &Account, to: &Destination, class: Class) -> Result<Leave, Unready> {
        self.admitted(account, to, class, true).await
    }

    async fn admitted(&self, account: &Account, to: &Destination, class: Class, further: bool) -> Result<Leave, Unready> {
        let stop =
            || Unready::Defer { until: Some(self.clock.now()), reason: Reason::new(Code::R11, "leverd is being stopped") };
        let given_up = || Unready::Defer {
            until: Some(self.clock.now()),
            reason: Reason::new(Code::R11, "another node goes on with this"),
        };
        if self.stopping.is_cancelled() {
            return Err(stop());
        }
        if !tenure::covers(self.http.longest()) {
            // The database does not answer this node: the next beat may be in time, or the accounts are others'.
            let reason = Reason::new(Code::R11, "this node could not renew its lease in time");
            return Err(Unready::Defer { until: Some(self.clock.now() + UNLEASED), reason });
        }
        tokio::select! {
            biased;
            admitted = self.enter(account, to, class, further) => admitted,
            () = self.stopping.cancelled() => Err(stop()),
            () = tenure::given_up() => Err(given_up()),
        }
    }

    async fn enter(&self, account: &Account, to: &Destination, class: Class, further: bool) -> Result<Leave, Unready> {
        let connection = self.open(account, to).await?;
        match self.queued(account, to, class).filter(|_| !further) {
            Some(until) => Err(Self::turned_away(to, until)),
            None => pool::drawn(self, connection, connection.gate.acquire(&account.id, class).await).await,
        }
    }

    /// Until when something that only begins had better stay away: it would wait for so long that it would keep a slot in which work of others
    /// gets on. Nobody waits for long behind others for Lever, whose budget is ample for all slots. What a person asked for waits where
    /// it is.
    pub(super) fn queued(&self, account: &Account, to: &Destination, class: Class) -> Option<Timestamp> {
        let gate = &account.connection(to).filter(|_| class != Class::Person)?.gate;
        let wait = if *to == Destination::Lever { gate.pausing() } else { gate.turn_away(&account.id, class) };
        Some(self.clock.now() + SignedDuration::try_from(wait?).unwrap_or(SUSPENDED))
    }

    /// Nothing is wrong: this counts as no failure, however old the work is.
    pub(super) fn turned_away(to: &Destination, until: Timestamp) -> Unready {
        let reason = Reason::new(Code::Queued, format!("{to} takes no more than its budget allows; this waits for its turn"));
        Unready::Defer { until: Some(until), reason }
    }

    /// Waits for the destination's budget for the next request of something that was begun.
    pub(super) async fn go_on(&self, account: &Account, to: &Destination, class: Class) -> Result<Leave, Unready> {
        let connection = self.open(account, to).await?;
        pool::drawn(self, connection, connection.gate.acquire(&account.id, class).await).await
    }

    /// The connection, where anything may be sent to it now.
    async fn open<'a>(&self, account: &'a Account, to: &Destination) -> Result<&'a Connection, Unready> {
        let Some(connection) = account.connection(to) else {
            let text = format!("account `{}` has no connection to {to}; add it to leverd.yaml", account.id);
            return Err(Unready::Park(Reason::new(Code::R2, text)));
        };
        let now = self.clock.now();
        if let Some(since) = connection.suspended()
            && now < since + SUSPENDED
        {
            let reason = Reason::new(Code::R2, format!("{to} refuses the credentials of account `{}`", account.id));
            return Err(Unready::Defer { until: Some(since + SUSPENDED), reason });
        }
        if *to == Destination::Lever {
            if connection.suspended().is_some() {
                account.read_key_again();
            }
            tokens::ready(self, account).await?;
        }
        let gate = connection.breaker.lock().unwrap_or_else(PoisonError::into_inner).ask(Instant::now());
        if let Gate::Wait(wait) = gate {
            let until = now + SignedDuration::try_from(wait).unwrap_or(SUSPENDED);
            let reason = Reason::new(Code::R1, format!("{to} does not answer; waiting for it to come back"));
            return Err(Unready::Defer { until: Some(until), reason });
        }
        Ok(connection)
    }

    /// Sends one request that was admitted, and takes note of how the destination is. A token that Lever does not take any more is
    /// refreshed, and the request, which was not applied, sent once again.
    pub(super) async fn exchange(&self, account: &Account, request: &Request, leave: Leave) -> Exchange {
        let (exchange, tells) = self.once(account, request, leave).await;
        if tells {
            self.judge_credentials(account, request, &exchange).await;
        }
        exchange
    }

    /// The same for a request whose token may be an old one: that it is refused tells nothing of our credentials yet.
    pub(super) async fn exchange_with_token(&self, account: &Account, request: &Request, leave: Leave) -> Exchange {
        let (exchange, tells) = self.once(account, request, leave).await;
        if tells && status(&exchange) != Some(401) {
            self.judge_credentials(account, request, &exchange).await;
        }
        exchange
    }

    /// The exchange, and whether it tells anything of our credentials.
    async fn once(&self, account: &Account, request: &Request, leave: Leave) -> (Exchange, bool) {
        let Some(connection) = account.connection(&request.to) else {
            return (Exchange::NotSent("there is no connection".to_owned()), false);
        };
        let oauth = account.oauth.as_ref().filter(|_| request.to == Destination::Lever);
        let version = oauth.and_then(|oauth| oauth.access()).map(|(_, version)| version);
        let exchange = self.send(account, connection, request, leave).await;
        if !connection.endpoint.at_home(&request.path) {
            // A file kept elsewhere: our credentials are not in question.
            return (exchange, false);
        }
        if let (Some(oauth), Some(version), Some(401)) = (oauth, version, status(&exchange)) {
            if tokens::renew(self, account, oauth, Some(version)).await.is_err() {
                // Why there is no other token is told by who asked for it.
                return (exchange, false);
            }
            let leave = connection.gate.acquire(&account.id, Class::Person).await;
            let Ok(leave) = pool::drawn(self, connection, leave).await else { return (exchange, false) };
            return (self.send(account, connection, request, leave).await, true);
        }
        (exchange, true)
    }

    async fn judge_credentials(&self, account: &Account, request: &Request, exchange: &Exchange) {
        let Some(connection) = account.connection(&request.to) else { return };
        match exchange {
            Exchange::Answered(answer) if answer.status == 401 => self.suspend(account, &request.to, self.clock.now()).await,
            Exchange::Answered(answer) if answer.ok() && connection.suspend(None) => {
                tracing::info!(account = %account.id, destination = %request.to, "credentials work again");
            }
            _ => {}
        }
    }

    /// Sends one request once.
    async fn send(&self, account: &Account, connection: &Connection, request: &Request, mut leave: Leave) -> Exchange {
        let endpoint = if request.to == Destination::Lever { account.lever_now() } else { Some(connection.addressed()) };
        let Some(endpoint) = endpoint else {
            return Exchange::NotSent("the account is not connected".to_owned());
        };
        if !tenure::covers(self.http.longest()) {
            let why = "this node's lease ends before the call would; whoever has the account then goes on";
            return Exchange::NotSent(why.to_owned());
        }
        leave.sending();
        let exchange = self.http.send(request, &endpoint).await;
        leave.heard(&exchange);
        metrics::counter!("leverd_calls_total", "destination" => request.to.to_string(), "method" => request.method.as_str())
            .increment(1);
        if !connection.endpoint.at_home(&request.path) {
            // Nor is the destination's health.
            return exchange;
        }
        let changed = connection.breaker.lock().unwrap_or_else(PoisonError::into_inner).note(&exchange, Instant::now());
        if changed {
            tracing::warn!(account = %account.id, destination = %request.to, well = !crate::http::failing(&exchange), "the destination changed its health");
        }
        if let Exchange::Answered(answer) = &exchange {
            if answer.status == 429 {
                connection.gate.slow(retry_after(answer));
            }
            if request.to == Destination::Lever {
                self.agree(answer);
            }
        }
        exchange
    }

    /// Lever's clock decides whether ours is to be believed.
    fn agree(&self, answer: &Response) {
        let told = answer.header("date").and_then(|date| httpdate::parse_http_date(date).ok());
        if let Some(told) = told.and_then(|date| Timestamp::try_from(date).ok())
            && self.clock.hear(told)
        {
            tracing::info!("the clock agrees with Lever's again; timers go on");
        }
    }

    /// What an answer to a read of ours means for the work that needed it.
    pub(super) fn heard<T>(&self, _account: &Account, _from: &Destination, read: Result<T, Unread>) -> Result<T, Unready> {
        read.map_err(|unread| match unread {
            Unread::Gone(reason) => Unready::Gone(reason),
            Unread::Retry { after, reason } => Unready::Defer { until: after.map(|after| self.clock.now() + after), reason },
            Unread::Suspended(reason) => Unready::Defer { until: Some(self.clock.now() + SUSPENDED), reason },
            // A proxy's page with status 200, an answer cut short: it may well read better in a moment.
            Unread::Dead(reason) if reason.code == Code::R5 => Unready::Defer { until: None, reason },
            Unread::Dead(reason) => Unready::Park(reason),
        })
    }

    /// Marks a connection as refused and says so once.
    pub(super) async fn suspend(&self, account: &Account, destination: &Destination, now: Timestamp) {
        let Some(connection) = account.connection(destination) else { return };
        if !connection.suspend(Some(now)) {
            return;
        }
        let text = format!(
            "{destination} refuses the credentials of account `{}`: its work waits, nothing is lost. Give leverd a working key and it \
             goes on by itself.",
            account.id
        );
        self.tell_suspended(account, &text, now).await;
    }

    /// Stores the notice that a connection is suspended.
    pub(super) async fn tell_suspended(&self, account: &Account, text: &str, now: Timestamp) {
        let id = NoticeId::derive(now, &[account.id.as_str(), "suspended", text]);
        self.tell(&account.id, Notice::new(id, NoticeKind::Suspended, text, now)).await;
    }

    /// Stores a notice; what goes on must not end because nobody could be told.
    pub(super) async fn tell(&self, account: &AccountId, notice: Notice) {
        if let Err(error) = self.store.notice(account, notice).await {
            tracing::error!(%error, "a notice could not be stored");
        }
    }
}

const fn status(exchange: &Exchange) -> Option<u16> {
    match exchange {
        Exchange::Answered(answer) => Some(answer.status),
        _ => None,
    }
}

/// What a 429 asks for, in seconds.
fn retry_after(answer: &Response) -> Option<Duration> {
    answer.header("retry-after")?.trim().parse().ok().map(|seconds| Duration::from_secs(seconds).min(LONGEST_PAUSE))
}
