//! What the store does, in the SQL that both databases speak.
//!
//! `ready` is the narrow table of all work; see the numbered `*.sql` of each database for every table. Files here follow the commits:
//! [`intake`] one and two, [`planning`] three, [`sending`] four and five; [`work`] is what they share. JSON is looked into here and
//! not by the database: each has its own words for that.

mod claims;
mod columns;
mod console;
pub(super) mod db;
mod deeds;
mod forget;
mod glimpses;
mod grants;
mod intake;
mod leases;
mod planning;
mod read_facts;
mod read_health;
mod read_runs;
pub(super) mod restored;
mod sending;
mod settings;
mod work;

use super::backend::{Backend, News, Reader};
use super::claim::{Claim, ClaimedDelivery, ClaimedEvent, ClaimedLane, Recovered, Work};
use super::commit::{Begun, Derived, Finish, PlanMade, Purge, Received, Run};
use super::deeds::Deed;
use super::error::Result;
use super::grants::{Grant, Login, LoginKind, Presented, Renewed};
use super::lease::{Beat, Beaten, NodeRow, Terms};
use super::rows::{
    Arrived, Count, EffectRow, EventRow, Heard, OwnMove, ParkedRow, Person, Recorded, Refused, Retention, RunRow, SigningToken,
    Size, Span, TimerRow,
};
use crate::model::{
    AccountId, Assessment, AssessmentId, ConnectionName, ContactId, Delivery, DeliveryId, Effect, EffectId, Event, EventId,
    Glimpse, Later, LeverEvent, Notice, OpportunityId, PackName, Phase, Placed, Reason, RuleName, Slot, Step, VendorName,
};
use db::{Db, params};
use jiff::Timestamp;
use leases::Leases;
use restored::Gap;

/// The writing side over any database.
pub(super) struct Sql {
    db: Db,
    epoch: i64,
    news: News,
    /// How many notices there were at the mark: those after it go when it is undone.
    marked: usize,
    /// Which account's turn it was.
    turn: usize,
    /// A person's data was deleted and may still be in free pages or in the log of changes.
    scrub: bool,
    /// What a restored store does not know.
    gap: Option<Gap>,
    leases: Leases,
}

impl Sql {
    /// The store of this opening, as it is in the database.
    pub(super) fn open(db: Db, epoch: i64) -> Result<Self> {
        let gap = restored::gap(&db)?;
        Ok(Self { gap, ..Self::new(db, epoch) })
    }

    /// The same where nothing may have been restored.
    pub(super) fn new(db: Db, epoch: i64) -> Self {
        Self { db, epoch, news: News::default(), marked: 0, turn: 0, scrub: false, gap: None, leases: Leases::default() }
    }
}

impl Backend for Sql {
    fn open_batch(&mut self) -> Result<()> {
        self.news = News::default();
        self.leases.anew();
        self.db.0.open_batch()
    }

    fn commit_batch(&mut self) -> Result<()> {
        self.db.0.commit_batch()?;
        if self.scrub {
            self.scrub = !self.db.0.scrub().unwrap_or(false);
        }
        Ok(())
    }

    fn abandon_batch(&mut self) {
        self.news = News::default();
        self.leases.undone();
        self.db.0.abandon_batch();
    }

    fn mark(&mut self) -> Result<()> {
        self.marked = self.news.notices.len();
        self.db.0.control("SAVEPOINT op")
    }

    fn keep(&mut self) -> Result<()> {
        self.db.0.control("RELEASE op")
    }

    fn undo(&mut self) -> Result<()> {
        self.news.notices.truncate(self.marked);
        self.leases.undone();
        if let Some(why) = self.db.0.gave_up() {
            return Err(why);
        }
        self.db.0.control("ROLLBACK TO op")?;
        self.db.0.control("RELEASE op")
    }

    fn news(&mut self) -> News {
        std::mem::take(&mut self.news)
    }

    fn epoch(&self) -> u64 {
        u64::try_from(self.epoch).unwrap_or(0)
    }

    fn deliver(&mut self, delivery: &Delivery) -> Result<Received> {
        self.delivery_in(delivery)
    }

    fn derive(&mut self, account: &AccountId, delivery: DeliveryId, derived: &Derived, at: Timestamp) -> Result<()> {
        self.hold()?;
        self.events_derived(account, delivery, derived, at)
    }

    fn plan(&mut self, account: &AccountId, event: EventId, run: &Run) -> Result<PlanMade> {
        self.hold()?;
        self.plan_made(account, event, run)
    }

    fn revise(&mut self, account: &AccountId, effect: &Effect) -> Result<bool> {
        self.hold()?;
        self.effect_revised(account, effect)
    }

    fn begin(&mut self, account: &AccountId, effects: &[EffectId], epoch: u64, at: Timestamp) -> Result<Vec<Begun>> {
        self.hold()?;
        self.begun(account, effects, epoch, at)
    }

    fn finish(&mut self, account: &AccountId, effect: EffectId, finish: &Finish) -> Result<()> {
        self.effect_done(account, effect, finish)
    }

    fn claim_deliveries(&mut self, claim: &Claim) -> Result<Vec<ClaimedDelivery>> {
        let claim = self.leased(claim)?;
        self.deliveries_claimed(&claim)
    }

    fn claim_events(&mut self, claim: &Claim) -> Result<Vec<ClaimedEvent>> {
        let claim = self.leased(claim)?;
        self.events_claimed(&claim)
    }

    fn claim_effects(&mut self, claim: &Claim) -> Result<Vec<ClaimedLane>> {
        let claim = self.leased(claim)?;
        self.effects_claimed(&claim)
    }

    fn fire_timers(&mut self, claim: &Claim) -> Result<usize> {
        let claim = self.leased(claim)?;
        self.timers_fired(&claim)
    }

    fn recover(&mut self, at: Timestamp) -> Result<Recovered> {
        self.recovered(at)
    }

    fn beat(&mut self, beat: &Beat) -> Result<Beaten> {
        self.beaten(beat)
    }

    fn give_up(&mut self, accounts: &[AccountId], terms: &Terms, at: Timestamp) -> Result<()> {
        self.given_up(accounts, terms, at)
    }

    fn leave(&mut self, terms: &Terms, at: Timestamp) -> Result<()> {
        self.left(terms, at)
    }

    fn pull_in(&mut self, now: Timestamp, until: Timestamp) -> Result<usize> {
        self.pulled_in(now, until)
    }

    fn release(&mut self, account: &AccountId, work: Work) -> Result<()> {
        self.hold()?;
        self.release_work(account, work)
    }

    fn defer(&mut self, account: &AccountId, work: Work, until: Timestamp, reason: Option<&Reason>) -> Result<()> {
        self.hold()?;
        self.defer_work(account, work, until, reason)
    }

    fn park(&mut self, account: &AccountId, work: Work, reason: &Reason, at: Timestamp) -> Result<()> {
        self.hold()?;
        let (kind, id) = columns::kind_of(work);
        let key = (kind, id.bytes());
        if !self.in_hand(account, key)? {
            return Ok(());
        }
        self.park_row(account, key, reason, at, false)
    }

    fn retry(&mut self, account: &AccountId, work: Work, at: Timestamp) -> Result<()> {
        self.retry_work(account, work, at)
    }

    fn skip(&mut self, account: &AccountId, work: Work, reason: &Reason, at: Timestamp) -> Result<()> {
        self.skip_work(account, work, reason, at)
    }

    fn arm(&mut self, account: &AccountId, timers: &[Later]) -> Result<()> {
        timers.iter().try_for_each(|timer| self.arm_timer(account, timer))
    }

    fn drop_timers(&mut self, account: &AccountId, pack: &PackName, rule: &RuleName) -> Result<usize> {
        self.timers_dropped(account, pack, rule)
    }

    fn notice(&mut self, account: &AccountId, notice: &Notice) -> Result<()> {
        self.add_notice(account, notice)
    }

    fn keep_ruleset(&mut self, hash: &str, content: &[u8]) -> Result<()> {
        self.ruleset_kept(hash, content)
    }

    fn keep_source_file(&mut self, hash: &str, bytes: &[u8]) -> Result<()> {
        self.source_kept(hash, bytes)
    }

    fn keep_signing_token(&mut self, account: &AccountId, token: &SigningToken) -> Result<()> {
        self.token_kept(account, token)
    }

    fn forget_signing_token(&mut self, account: &AccountId, webhook: &str) -> Result<()> {
        self.token_forgotten(account, webhook)
    }

    fn grant_login(
        &mut self,
        account: &AccountId,
        connection: &ConnectionName,
        tokens: &Renewed,
        at: Timestamp,
    ) -> Result<u64> {
        self.login_granted(account, connection, tokens, at)
    }

    fn begin_refresh(
        &mut self,
        account: &AccountId,
        connection: &ConnectionName,
        version: u64,
        at: Timestamp,
        until: Timestamp,
    ) -> Result<bool> {
        self.refresh_begun(account, connection, version, at, until)
    }

    fn keep_refreshed(
        &mut self,
        account: &AccountId,
        connection: &ConnectionName,
        version: u64,
        tokens: &Renewed,
    ) -> Result<()> {
        self.refreshed(account, connection, version, tokens)
    }

    fn end_refresh(
        &mut self,
        account: &AccountId,
        connection: &ConnectionName,
        version: u64,
        refused_at: Option<Timestamp>,
    ) -> Result<()> {
        self.refresh_ended(account, connection, version, refused_at)
    }

    fn open_login(&mut self, account: &AccountId, login: &Login, at: Timestamp) -> Result<()> {
        self.login_opened(account, login, at)
    }

    fn present_login(
        &mut self,
        account: &AccountId,
        kind: LoginKind,
        hash: &str,
        at: Timestamp,
        spend: bool,
    ) -> Result<Presented> {
        self.login_presented(account, kind, hash, at, spend)
    }

    fn note_ping(&mut self, account: &AccountId, event: LeverEvent, at: Timestamp) -> Result<()> {
        self.ping_noted(account, event, at)
    }

    fn keep_glimpses(&mut self, account: &AccountId, glimpses: &[Glimpse]) -> Result<()> {
        self.glimpses_kept(account, glimpses)
    }

    fn set_cursor(&mut self, account: &AccountId, name: &str, value: &str) -> Result<()> {
        self.cursor_set(account, name, value)
    }

    fn activate(&mut self, account: &AccountId, pack: &PackName, since: Timestamp) -> Result<Timestamp> {
        self.activated(account, pack, since)
    }

    fn count_refusal(&mut self, account: &AccountId, what: &str, at: Timestamp) -> Result<()> {
        self.refused(account, what, at)
    }

    fn record(&mut self, deed: &Deed) -> Result<()> {
        self.recorded(deed)
    }

    fn end_caution(&mut self) -> Result<bool> {
        self.caution_ended()
    }

    fn purge(&mut self, account: &AccountId, purge: &Purge) -> Result<()> {
        self.scrub = true;
        self.purged(account, purge)
    }

    fn retain(&mut self, retention: &Retention) -> Result<usize> {
        self.retained(retention)
    }
}

/// The reading side over any database.
pub(super) struct SqlReader {
    db: Db,
}

impl SqlReader {
    pub(super) const fn new(db: Db) -> Self {
        Self { db }
    }

    /// One short read transaction: all statements of a query see the same commits, and none holds anything up afterwards.
    fn snapshot<T>(&self, read: impl FnOnce(&Db) -> Result<T>) -> Result<T> {
        self.db.0.open_snapshot()?;
        let answer = read(&self.db);
        self.db.0.close_snapshot();
        answer
    }
}

impl Reader for SqlReader {
    fn accounts(&self) -> Result<Vec<AccountId>> {
        read_health::accounts(&self.db)
    }

    fn pending_effects(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<Vec<Effect>> {
        read_facts::pending_effects(&self.db, account, opportunity)
    }

    fn ledger(&self, account: &AccountId, opportunity: &OpportunityId, contact: Option<&ContactId>) -> Result<Vec<Assessment>> {
        self.snapshot(|db| read_facts::ledger(db, account, opportunity, contact))
    }

    fn assessment(&self, account: &AccountId, id: AssessmentId) -> Result<Option<Assessment>> {
        read_facts::assessment(&self.db, account, id)
    }

    fn assessments_by(&self, account: &AccountId, vendor: &VendorName, key: &str, value: &str) -> Result<Vec<Assessment>> {
        read_facts::assessments_by(&self.db, account, vendor, key, value)
    }

    fn open_attempts(
        &self,
        account: &AccountId,
        vendor: &VendorName,
        phase: Phase,
        since: Timestamp,
        after: Option<AssessmentId>,
        limit: usize,
    ) -> Result<Vec<Assessment>> {
        read_facts::open_attempts(&self.db, account, vendor, phase, since, after, limit)
    }

    fn is_open(&self, account: &AccountId, work: Work) -> Result<bool> {
        read_facts::is_open(&self.db, account, work)
    }

    fn placed(&self, account: &AccountId, opportunity: &OpportunityId, slot: &Slot) -> Result<Option<Placed>> {
        read_facts::placed(&self.db, account, opportunity, slot)
    }

    fn own_moves(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<Vec<OwnMove>> {
        read_facts::own_moves(&self.db, account, opportunity)
    }

    fn made(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<Vec<String>> {
        self.snapshot(|db| read_facts::made(db, account, opportunity))
    }

    fn firings(
        &self,
        account: &AccountId,
        opportunity: &OpportunityId,
        since: Timestamp,
    ) -> Result<Vec<(PackName, RuleName, u32)>> {
        read_facts::firings(&self.db, account, opportunity, since)
    }

    fn delivery(&self, account: &AccountId, id: DeliveryId) -> Result<Option<Delivery>> {
        read_runs::delivery(&self.db, account, id.0.bytes())
    }

    fn effect(&self, account: &AccountId, id: EffectId, now: Timestamp) -> Result<Option<EffectRow>> {
        self.snapshot(|db| read_runs::effect(db, account, id, now))
    }

    fn run(&self, account: &AccountId, event: EventId, now: Timestamp) -> Result<Option<RunRow>> {
        self.snapshot(|db| read_runs::run(db, account, event.0.bytes(), now))
    }

    fn runs(
        &self,
        account: Option<&AccountId>,
        opportunity: Option<&OpportunityId>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<RunRow>> {
        self.snapshot(|db| read_runs::runs(db, account, opportunity, limit, now))
    }

    fn history(&self, account: &AccountId, span: &Span, after: i64, limit: usize) -> Result<Vec<Recorded>> {
        self.snapshot(|db| read_runs::history(db, account, span, after, limit))
    }

    fn history_length(&self, account: &AccountId, span: &Span) -> Result<u64> {
        self.snapshot(|db| read_runs::history_length(db, account, span))
    }

    fn unheard(&self, account: &AccountId, span: &Span, after: i64, limit: usize) -> Result<Vec<(i64, Event)>> {
        self.snapshot(|db| read_runs::unheard(db, account, span, after, limit))
    }

    fn events(&self, account: Option<&AccountId>, opportunity: &OpportunityId, limit: usize) -> Result<Vec<EventRow>> {
        self.snapshot(|db| read_runs::events(db, account, opportunity, limit))
    }

    fn occurrences(&self, account: &AccountId, span: &Span, limit: usize) -> Result<Vec<EventRow>> {
        self.snapshot(|db| read_runs::occurrences(db, account, span, limit))
    }

    fn parked(&self, account: Option<&AccountId>) -> Result<Vec<ParkedRow>> {
        self.snapshot(|db| read_health::parked(db, account))
    }

    fn notices(&self, account: Option<&AccountId>, limit: usize) -> Result<Vec<(AccountId, Notice)>> {
        self.snapshot(|db| read_health::notices(db, account, limit))
    }

    fn find(&self, prefix: &str) -> Result<Vec<(AccountId, Work)>> {
        self.snapshot(|db| read_health::find(db, prefix))
    }

    fn next_due(&self, accounts: &[AccountId], after: Timestamp) -> Result<Option<Timestamp>> {
        self.snapshot(|db| read_health::next_due(db, accounts, after))
    }

    fn counts(&self, now: Timestamp) -> Result<Vec<Count>> {
        read_health::counts(&self.db, now)
    }

    fn size(&self) -> Result<Size> {
        self.db.0.size()
    }

    fn nodes(&self, at: Timestamp) -> Result<Vec<NodeRow>> {
        self.snapshot(|db| leases::nodes(db, at))
    }

    fn heard(&self, account: &AccountId) -> Result<Vec<Heard>> {
        read_health::heard(&self.db, account)
    }

    fn runs_before(&self, account: Option<&AccountId>, before: Timestamp, limit: usize, now: Timestamp) -> Result<Vec<RunRow>> {
        console::runs_before(&self.db, account, before, limit, now)
    }

    fn steps(&self, account: &AccountId, limit: usize) -> Result<Vec<(Timestamp, Vec<Step>)>> {
        console::steps(&self.db, account, limit)
    }

    fn parked_by_rule(&self, account: &AccountId) -> Result<Vec<(PackName, RuleName, u64)>> {
        console::parked_by_rule(&self.db, account)
    }

    fn people(&self, text: &str, looked: usize, limit: usize) -> Result<Vec<Person>> {
        console::people(&self.db, text, looked, limit)
    }

    fn arrived(&self, account: &AccountId, opportunity: &OpportunityId, limit: usize) -> Result<Vec<Arrived>> {
        console::arrived(&self.db, account, opportunity, limit)
    }

    fn timers_of(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<Vec<Later>> {
        console::timers_of(&self.db, account, opportunity)
    }

    fn deeds(&self, limit: usize) -> Result<Vec<Deed>> {
        deeds::deeds(&self.db, limit)
    }

    fn refusals(&self, account: &AccountId) -> Result<Vec<Refused>> {
        read_health::refusals(&self.db, account)
    }

    fn timers(&self, account: &AccountId, pack: &PackName, rule: &RuleName) -> Result<Vec<TimerRow>> {
        read_facts::timers(&self.db, account, pack, rule)
    }

    fn signing_tokens(&self, account: &AccountId) -> Result<Vec<SigningToken>> {
        read_health::signing_tokens(&self.db, account)
    }

    fn grant(&self, account: &AccountId, connection: &ConnectionName) -> Result<Option<Grant>> {
        grants::grant(&self.db, account, connection)
    }

    fn cursor(&self, account: &AccountId, name: &str) -> Result<Option<String>> {
        read_health::cursor(&self.db, account, name)
    }

    fn glimpse(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<Option<Glimpse>> {
        glimpses::glimpse(&self.db, account, opportunity)
    }

    fn polling(&self, account: &AccountId) -> Result<bool> {
        glimpses::polling(&self.db, account)
    }

    fn known(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<bool> {
        glimpses::known(&self.db, account, opportunity)
    }

    fn own_tags(&self, account: &AccountId, opportunity: &OpportunityId, since: Timestamp) -> Result<Vec<String>> {
        glimpses::own_tags(&self.db, account, opportunity, since)
    }

    fn baselines(&self, account: &AccountId) -> Result<Vec<(PackName, Timestamp)>> {
        read_health::baselines(&self.db, account)
    }

    fn ruleset(&self, hash: &str) -> Result<Option<Vec<u8>>> {
        columns::one(&self.db, "SELECT content FROM ruleset WHERE hash = ?1", params![hash], |row| row.get(0))
    }

    fn source_file(&self, hash: &str) -> Result<Option<Vec<u8>>> {
        columns::one(&self.db, "SELECT bytes FROM source_file WHERE hash = ?1", params![hash], |row| row.get(0))
    }
}
