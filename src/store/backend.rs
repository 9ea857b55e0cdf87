//! What a store must do for leverd, whatever database is below.
//!
//! Both are synchronous: the writer owns the [`Backend`] on its own thread, queries run on [`Reader`]s in the blocking pool. A
//! backend knows nothing of grouping, waiting or replying; each of its operations is applied inside a batch that the writer opened,
//! and each either takes effect whole or returns an error and is undone alone.

use super::claim::{Claim, ClaimedDelivery, ClaimedEvent, ClaimedLane, Recovered, Work};
use super::commit::{Begun, Derived, Finish, PlanMade, Purge, Received, Run};
use super::deeds::Deed;
use super::error::Result;
use super::grants::{Grant, Login, LoginKind, Presented, Renewed};
use super::lease::{Beat, Beaten, Hint, NodeRow, Terms};
use super::rows::{
    Arrived, Count, EffectRow, EventRow, Heard, OwnMove, ParkedRow, Person, Recorded, Refused, Retention, RunRow, SigningToken,
    Size, Span, TimerRow,
};
use crate::model::{
    AccountId, Assessment, AssessmentId, ConnectionName, ContactId, Delivery, DeliveryId, Effect, EffectId, Event, EventId,
    Glimpse, Later, LeverEvent, Notice, OpportunityId, PackName, Phase, Placed, Reason, RuleName, Slot, Step, VendorName,
};
use jiff::Timestamp;

/// What a batch leaves for the process to hear, once it is durable.
#[derive(Debug, Default)]
pub struct News {
    /// Notices that the batch stored.
    pub notices: Vec<(AccountId, Notice)>,
    /// Whether there may be work that was not there before.
    pub work: bool,
    /// Whether some of it may be another node's.
    pub elsewhere: bool,
    /// Whether accounts became free.
    pub leases: bool,
}

/// The writing side of a store.
pub trait Backend: Send {
    /// Opens a batch.
    fn open_batch(&mut self) -> Result<()>;
    /// Makes the batch durable. After an error nothing of it is kept.
    fn commit_batch(&mut self) -> Result<()>;
    /// Forgets the batch.
    fn abandon_batch(&mut self);
    /// Marks the place to which [`Backend::undo`] goes back.
    fn mark(&mut self) -> Result<()>;
    /// Keeps what was done since the mark.
    fn keep(&mut self) -> Result<()>;
    /// Undoes what was done since the mark. An error means that the whole batch is gone (disk full).
    fn undo(&mut self) -> Result<()>;
    /// What the durable batch left to hear; asked once after each commit.
    fn news(&mut self) -> News;
    /// The number of this opening of the store: attempts and claims carry it.
    fn epoch(&self) -> u64;

    /// Commit one.
    fn deliver(&mut self, delivery: &Delivery) -> Result<Received>;
    /// Commit two.
    fn derive(&mut self, account: &AccountId, delivery: DeliveryId, derived: &Derived, at: Timestamp) -> Result<()>;
    /// Commit three.
    fn plan(&mut self, account: &AccountId, event: EventId, run: &Run) -> Result<PlanMade>;
    /// Replaces what an effect that was not begun is to do. False: it was begun or settled meanwhile, and stays as it is.
    fn revise(&mut self, account: &AccountId, effect: &Effect) -> Result<bool>;
    /// Commit four.
    fn begin(&mut self, account: &AccountId, effects: &[EffectId], epoch: u64, at: Timestamp) -> Result<Vec<Begun>>;
    /// Commit five.
    fn finish(&mut self, account: &AccountId, effect: EffectId, finish: &Finish) -> Result<()>;

    fn claim_deliveries(&mut self, claim: &Claim) -> Result<Vec<ClaimedDelivery>>;
    fn claim_events(&mut self, claim: &Claim) -> Result<Vec<ClaimedEvent>>;
    fn claim_effects(&mut self, claim: &Claim) -> Result<Vec<ClaimedLane>>;
    /// Turns due timers into deliveries; the answer is how many.
    fn fire_timers(&mut self, claim: &Claim) -> Result<usize>;
    fn recover(&mut self, at: Timestamp) -> Result<Recovered>;
    /// A node's sign of life, and what it may work on.
    fn beat(&mut self, beat: &Beat) -> Result<Beaten>;
    /// Gives accounts to whichever node takes them.
    fn give_up(&mut self, accounts: &[AccountId], terms: &Terms, at: Timestamp) -> Result<()>;
    /// Ends this node.
    fn leave(&mut self, terms: &Terms, at: Timestamp) -> Result<()>;
    /// Work that is due after `until`, timers aside, is due at `now`: it was put off by a clock that was wrong.
    fn pull_in(&mut self, now: Timestamp, until: Timestamp) -> Result<usize>;

    fn release(&mut self, account: &AccountId, work: Work) -> Result<()>;
    fn defer(&mut self, account: &AccountId, work: Work, until: Timestamp, reason: Option<&Reason>) -> Result<()>;
    fn park(&mut self, account: &AccountId, work: Work, reason: &Reason, at: Timestamp) -> Result<()>;
    fn retry(&mut self, account: &AccountId, work: Work, at: Timestamp) -> Result<()>;
    fn skip(&mut self, account: &AccountId, work: Work, reason: &Reason, at: Timestamp) -> Result<()>;

    fn arm(&mut self, account: &AccountId, timers: &[Later]) -> Result<()>;
    fn drop_timers(&mut self, account: &AccountId, pack: &PackName, rule: &RuleName) -> Result<usize>;

    fn notice(&mut self, account: &AccountId, notice: &Notice) -> Result<()>;
    fn keep_ruleset(&mut self, hash: &str, content: &[u8]) -> Result<()>;
    fn keep_source_file(&mut self, hash: &str, bytes: &[u8]) -> Result<()>;
    fn keep_signing_token(&mut self, account: &AccountId, token: &SigningToken) -> Result<()>;
    fn forget_signing_token(&mut self, account: &AccountId, webhook: &str) -> Result<()>;
    /// The answer is the version of the tokens.
    fn grant_login(&mut self, account: &AccountId, connection: &ConnectionName, tokens: &Renewed, at: Timestamp)
    -> Result<u64>;
    fn begin_refresh(
        &mut self,
        account: &AccountId,
        connection: &ConnectionName,
        version: u64,
        at: Timestamp,
        until: Timestamp,
    ) -> Result<bool>;
    fn keep_refreshed(
        &mut self,
        account: &AccountId,
        connection: &ConnectionName,
        version: u64,
        tokens: &Renewed,
    ) -> Result<()>;
    fn end_refresh(
        &mut self,
        account: &AccountId,
        connection: &ConnectionName,
        version: u64,
        refused_at: Option<Timestamp>,
    ) -> Result<()>;
    fn open_login(&mut self, account: &AccountId, login: &Login, at: Timestamp) -> Result<()>;
    fn present_login(
        &mut self,
        account: &AccountId,
        kind: LoginKind,
        hash: &str,
        at: Timestamp,
        spend: bool,
    ) -> Result<Presented>;
    fn note_ping(&mut self, account: &AccountId, event: LeverEvent, at: Timestamp) -> Result<()>;
    /// Remembers what polling saw, in place of what it saw before.
    fn keep_glimpses(&mut self, account: &AccountId, glimpses: &[Glimpse]) -> Result<()>;
    fn set_cursor(&mut self, account: &AccountId, name: &str, value: &str) -> Result<()>;
    /// The first one stays; the answer is the one that holds.
    fn activate(&mut self, account: &AccountId, pack: &PackName, since: Timestamp) -> Result<Timestamp>;
    fn count_refusal(&mut self, account: &AccountId, what: &str, at: Timestamp) -> Result<()>;

    fn record(&mut self, deed: &Deed) -> Result<()>;

    /// Ends the caution that a restored store is used with. False: there was none.
    fn end_caution(&mut self) -> Result<bool>;

    fn purge(&mut self, account: &AccountId, purge: &Purge) -> Result<()>;
    /// The answer is how many rows went; zero means there is nothing left to delete.
    fn retain(&mut self, retention: &Retention) -> Result<usize>;
}

/// The reading side of a store. Every query is one short read transaction.
pub trait Reader: Send {
    fn accounts(&self) -> Result<Vec<AccountId>>;
    fn pending_effects(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<Vec<Effect>>;
    fn ledger(&self, account: &AccountId, opportunity: &OpportunityId, contact: Option<&ContactId>) -> Result<Vec<Assessment>>;
    fn assessment(&self, account: &AccountId, id: AssessmentId) -> Result<Option<Assessment>>;
    fn assessments_by(&self, account: &AccountId, vendor: &VendorName, key: &str, value: &str) -> Result<Vec<Assessment>>;
    fn open_attempts(
        &self,
        account: &AccountId,
        vendor: &VendorName,
        phase: Phase,
        since: Timestamp,
        after: Option<AssessmentId>,
        limit: usize,
    ) -> Result<Vec<Assessment>>;
    fn is_open(&self, account: &AccountId, work: Work) -> Result<bool>;
    fn own_moves(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<Vec<OwnMove>>;
    fn placed(&self, account: &AccountId, opportunity: &OpportunityId, slot: &Slot) -> Result<Option<Placed>>;
    fn made(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<Vec<String>>;
    fn firings(
        &self,
        account: &AccountId,
        opportunity: &OpportunityId,
        since: Timestamp,
    ) -> Result<Vec<(PackName, RuleName, u32)>>;
    fn delivery(&self, account: &AccountId, id: DeliveryId) -> Result<Option<Delivery>>;
    fn effect(&self, account: &AccountId, id: EffectId, now: Timestamp) -> Result<Option<EffectRow>>;
    fn run(&self, account: &AccountId, event: EventId, now: Timestamp) -> Result<Option<RunRow>>;
    fn runs(
        &self,
        account: Option<&AccountId>,
        opportunity: Option<&OpportunityId>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<RunRow>>;
    fn history(&self, account: &AccountId, span: &Span, after: i64, limit: usize) -> Result<Vec<Recorded>>;
    fn history_length(&self, account: &AccountId, span: &Span) -> Result<u64>;
    fn unheard(&self, account: &AccountId, span: &Span, after: i64, limit: usize) -> Result<Vec<(i64, Event)>>;
    fn events(&self, account: Option<&AccountId>, opportunity: &OpportunityId, limit: usize) -> Result<Vec<EventRow>>;
    fn occurrences(&self, account: &AccountId, span: &Span, limit: usize) -> Result<Vec<EventRow>>;
    fn parked(&self, account: Option<&AccountId>) -> Result<Vec<ParkedRow>>;
    fn notices(&self, account: Option<&AccountId>, limit: usize) -> Result<Vec<(AccountId, Notice)>>;
    fn find(&self, prefix: &str) -> Result<Vec<(AccountId, Work)>>;
    fn next_due(&self, accounts: &[AccountId], after: Timestamp) -> Result<Option<Timestamp>>;
    fn counts(&self, now: Timestamp) -> Result<Vec<Count>>;
    fn size(&self) -> Result<Size>;
    fn nodes(&self, at: Timestamp) -> Result<Vec<NodeRow>>;
    fn heard(&self, account: &AccountId) -> Result<Vec<Heard>>;
    fn runs_before(&self, account: Option<&AccountId>, before: Timestamp, limit: usize, now: Timestamp) -> Result<Vec<RunRow>>;
    fn steps(&self, account: &AccountId, limit: usize) -> Result<Vec<(Timestamp, Vec<Step>)>>;
    fn parked_by_rule(&self, account: &AccountId) -> Result<Vec<(PackName, RuleName, u64)>>;
    fn people(&self, text: &str, looked: usize, limit: usize) -> Result<Vec<Person>>;
    fn arrived(&self, account: &AccountId, opportunity: &OpportunityId, limit: usize) -> Result<Vec<Arrived>>;
    fn timers_of(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<Vec<Later>>;
    fn deeds(&self, limit: usize) -> Result<Vec<Deed>>;
    fn refusals(&self, account: &AccountId) -> Result<Vec<Refused>>;
    fn timers(&self, account: &AccountId, pack: &PackName, rule: &RuleName) -> Result<Vec<TimerRow>>;
    fn signing_tokens(&self, account: &AccountId) -> Result<Vec<SigningToken>>;
    fn grant(&self, account: &AccountId, connection: &ConnectionName) -> Result<Option<Grant>>;
    fn cursor(&self, account: &AccountId, name: &str) -> Result<Option<String>>;
    fn glimpse(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<Option<Glimpse>>;
    fn polling(&self, account: &AccountId) -> Result<bool>;
    fn known(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<bool>;
    fn own_tags(&self, account: &AccountId, opportunity: &OpportunityId, since: Timestamp) -> Result<Vec<String>>;
    fn baselines(&self, account: &AccountId) -> Result<Vec<(PackName, Timestamp)>>;
    fn ruleset(&self, hash: &str) -> Result<Option<Vec<u8>>>;
    fn source_file(&self, hash: &str) -> Result<Option<Vec<u8>>>;
}

/// An opened database: its writer, its readers, and whatever must live as long as they do (lock, temporary folder).
pub struct Opened {
    pub backend: Option<Box<dyn Backend>>,
    pub readers: Vec<Box<dyn Reader>>,
    pub guard: Box<dyn Send + Sync>,
    /// Where several nodes may have it open.
    pub hints: Option<Box<dyn Hints>>,
}

/// How the nodes of a store wake each other.
pub trait Hints: Send + Sync {
    /// Has `heard` called whenever another node may have told something.
    fn listen(&mut self, heard: Box<dyn Fn(Hint) + Send>);
    /// Tells the others, soon and perhaps.
    fn tell(&self, hint: Hint);
}
