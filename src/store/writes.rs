//! What changes the store: the five commits, claims, and the single-row commits beside them.

use super::claim::{Claim, ClaimedDelivery, ClaimedEvent, ClaimedLane, Recovered, Work};
use super::commit::{Begun, Derived, Finish, Looked, PlanMade, Purge, Received, Run};
use super::error::Result;
use super::handle::Store;
use super::lease::{Beat, Beaten, Terms};
use super::rows::{Retention, SigningToken};
use super::writer::Point;
use crate::model::{
    AccountId, Delivery, DeliveryId, Effect, EffectId, EventId, Later, Notice, OpportunityId, PackName, Reason, RuleName,
};
use jiff::Timestamp;

/// The five commits.
impl Store {
    /// *Delivery in*: stores it unless it was stored before. Only after this is it acknowledged.
    pub async fn deliver(&self, delivery: Delivery) -> Result<Received> {
        self.write(Point::DeliveryIn, move |store| store.deliver(&delivery)).await
    }

    /// *Delivery in* for a poll that is due: what is to be asked, and how far it came, in one commit. Nothing is skipped by a crash.
    pub async fn deliver_asks(&self, account: &AccountId, cursor: &str, value: String, asks: Vec<Delivery>) -> Result<()> {
        let (account, cursor) = (account.clone(), cursor.to_owned());
        self.write(Point::DeliveryIn, move |store| {
            asks.iter().try_for_each(|ask| store.deliver(ask).map(drop))?;
            store.set_cursor(&account, &cursor, &value)
        })
        .await
    }

    /// *Events derived*: closes the delivery, or holds or parks it. Events that are there already stay as they are.
    pub async fn derive(&self, account: &AccountId, delivery: DeliveryId, derived: Derived, at: Timestamp) -> Result<()> {
        let account = account.clone();
        self.write(Point::EventsDerived, move |store| store.derive(&account, delivery, &derived, at)).await
    }

    /// *Events derived* from one page of a look: its events, what was seen, and the delivery of the page that follows, in one commit.
    pub async fn derive_look(&self, account: &AccountId, delivery: DeliveryId, looked: Looked, at: Timestamp) -> Result<()> {
        let account = account.clone();
        self.write(Point::EventsDerived, move |store| {
            store.keep_glimpses(&account, &looked.glimpses)?;
            if let Some(next) = &looked.next {
                store.deliver(next)?;
            }
            store.derive(&account, delivery, &Derived::Events(looked.events), at)
        })
        .await
    }

    /// *Plan made*: the run with everything it leads to, and the event closed (or parked, if the plan says so). A plan for an event
    /// that is closed already changes nothing.
    pub async fn plan(&self, account: &AccountId, event: EventId, run: Run) -> Result<PlanMade> {
        let account = account.clone();
        self.write(Point::PlanMade, move |store| store.plan(&account, event, &run)).await
    }

    /// *Begun*: one attempt for each effect, durable before the first byte is sent.
    pub async fn begin(&self, account: &AccountId, effects: Vec<EffectId>, epoch: u64, at: Timestamp) -> Result<Vec<Begun>> {
        let account = account.clone();
        self.write(Point::Begun, move |store| store.begin(&account, &effects, epoch, at)).await
    }

    /// *Effect done*: what became of the attempt, and what follows from it. Finishing a settled effect only appends to its attempts.
    pub async fn finish(&self, account: &AccountId, effect: EffectId, finish: Finish) -> Result<()> {
        let account = account.clone();
        self.write(Point::EffectDone, move |store| store.finish(&account, effect, &finish)).await
    }

    /// *Effect done* for several effects of one account that one call settled (tags travel together), in one commit: all or none.
    pub async fn finish_all(&self, account: &AccountId, finished: Vec<(EffectId, Finish)>) -> Result<()> {
        let account = account.clone();
        self.write(Point::EffectDone, move |store| {
            finished.iter().try_for_each(|(effect, finish)| store.finish(&account, *effect, finish))
        })
        .await
    }
}

/// Claims: see [`super::claim`].
impl Store {
    /// Deliveries that are due, in the order of their classes and ages.
    pub async fn claim_deliveries(&self, claim: Claim) -> Result<Vec<ClaimedDelivery>> {
        self.write(Point::Other, move |store| store.claim_deliveries(&claim)).await
    }

    /// The next event of each lane in which no effect can be sent or is being sent and no event is being planned. Lanes take turns;
    /// within a lane events come in the order (`at`, `received`, `seq`).
    pub async fn claim_events(&self, claim: Claim) -> Result<Vec<ClaimedEvent>> {
        self.write(Point::Other, move |store| store.claim_events(&claim)).await
    }

    /// Effects that may be sent now, lane by lane. Effects of a payload version that this build does not know are left alone.
    pub async fn claim_effects(&self, claim: Claim) -> Result<Vec<ClaimedLane>> {
        self.write(Point::Other, move |store| store.claim_effects(&claim)).await
    }

    /// Due timers become deliveries, in the commit that deletes them. The answer is how many. Not called while the clock is doubted.
    pub async fn fire_timers(&self, claim: Claim) -> Result<usize> {
        self.write(Point::DeliveryIn, move |store| store.fire_timers(&claim)).await
    }

    /// What a late effect is to do after its rule was evaluated again: durable before it is begun, for what is begun is looked up by what
    /// the store says of it. False: it was begun or settled meanwhile, and must not be sent.
    pub async fn revise(&self, account: &AccountId, effect: Effect) -> Result<bool> {
        let account = account.clone();
        self.write(Point::Other, move |store| store.revise(&account, &effect)).await
    }

    /// After opening: gives back the claims of the process before and marks effects that it had begun as unknown.
    pub async fn recover(&self, at: Timestamp) -> Result<Recovered> {
        self.write(Point::Other, move |store| store.recover(at)).await
    }

    /// A node's sign of life; what it may work on from now on, or that its time was over. Only where several may have the store.
    pub async fn beat(&self, beat: Beat) -> Result<Beaten> {
        self.write(Point::Other, move |store| store.beat(&beat)).await
    }

    /// Gives accounts to whichever node takes them. Nothing of this process may be under way in them any more.
    pub async fn give_up(&self, accounts: Vec<AccountId>, terms: Terms, at: Timestamp) -> Result<()> {
        self.write(Point::Other, move |store| store.give_up(&accounts, &terms, at)).await
    }

    /// Ends this node, in which nothing is under way any more: its accounts are free at once.
    pub async fn leave(&self, terms: Terms, at: Timestamp) -> Result<()> {
        self.write(Point::Other, move |store| store.leave(&terms, at)).await
    }

    /// Work that is due after `until` becomes due at `now`, timers aside; how much that was. For a clock that turned out to be wrong: what
    /// it put off would wait for ever.
    pub async fn pull_in(&self, now: Timestamp, until: Timestamp) -> Result<usize> {
        self.write(Point::Other, move |store| store.pull_in(now, until)).await
    }

    /// Gives a claimed row back as if it had not been claimed: shutting down, not ours after all.
    pub async fn release(&self, account: &AccountId, work: Work) -> Result<()> {
        let account = account.clone();
        self.write(Point::Other, move |store| store.release(&account, work)).await
    }

    /// Puts a claimed row back until `until`; its tries start again. For events that cannot be planned yet (Lever is down) and effects
    /// that a breaker or a budget holds up; no attempt is counted.
    pub async fn defer(&self, account: &AccountId, work: Work, until: Timestamp, reason: Option<Reason>) -> Result<()> {
        let account = account.clone();
        self.write(Point::Other, move |store| store.defer(&account, work, until, reason.as_ref())).await
    }

    /// Parks a row with a notice: a caught panic, a fault that only a person can mend.
    pub async fn park(&self, account: &AccountId, work: Work, reason: Reason, at: Timestamp) -> Result<()> {
        let account = account.clone();
        self.write(Point::Other, move |store| store.park(&account, work, &reason, at)).await
    }
}

/// What a person does, timers, and the rest.
impl Store {
    /// A person's `retry`: the row is due now, with its tries and rounds forgotten.
    pub async fn retry(&self, account: &AccountId, work: Work, at: Timestamp) -> Result<()> {
        let account = account.clone();
        self.write(Point::Other, move |store| store.retry(&account, work, at)).await
    }

    /// A person's `skip`: the row is settled with this reason; a move that waited for it goes on.
    pub async fn skip(&self, account: &AccountId, work: Work, reason: Reason, at: Timestamp) -> Result<()> {
        let account = account.clone();
        self.write(Point::Other, move |store| store.skip(&account, work, &reason, at)).await
    }

    /// Arms timers outside of a plan (a changed delay, a backfill); one with the same id is replaced.
    pub async fn arm(&self, account: &AccountId, timers: Vec<Later>) -> Result<()> {
        let account = account.clone();
        self.write(Point::Other, move |store| store.arm(&account, &timers)).await
    }

    /// Drops the timers of a rule that is gone; the answer is how many.
    pub async fn drop_timers(&self, account: &AccountId, pack: &PackName, rule: &RuleName) -> Result<usize> {
        let (account, pack, rule) = (account.clone(), pack.clone(), rule.clone());
        self.write(Point::Other, move |store| store.drop_timers(&account, &pack, &rule)).await
    }

    /// Stores a notice that belongs to no commit (a broken reload, a doubted clock). The same id twice is one notice.
    pub async fn notice(&self, account: &AccountId, notice: Notice) -> Result<()> {
        let account = account.clone();
        self.write(Point::Other, move |store| store.notice(&account, &notice)).await
    }

    /// Keeps a rule set under its hash together with the source files it names, each under its own: one commit, however many they are.
    pub async fn keep_ruleset(&self, hash: &str, content: Vec<u8>, files: Vec<(String, Vec<u8>)>) -> Result<()> {
        let hash = hash.to_owned();
        self.write(Point::Other, move |store| {
            files.iter().try_for_each(|(hash, bytes)| store.keep_source_file(hash, bytes))?;
            store.keep_ruleset(&hash, &content)
        })
        .await
    }

    /// Keeps the token that signs a webhook (Lever tells it once). The same webhook again replaces it.
    pub async fn keep_signing_token(&self, account: &AccountId, token: SigningToken) -> Result<()> {
        let account = account.clone();
        self.write(Point::Other, move |store| store.keep_signing_token(&account, &token)).await
    }

    /// Forgets the token of a webhook that is gone.
    pub async fn forget_signing_token(&self, account: &AccountId, webhook: &str) -> Result<()> {
        let (account, webhook) = (account.clone(), webhook.to_owned());
        self.write(Point::Other, move |store| store.forget_signing_token(&account, &webhook)).await
    }

    /// *Delivery in* for a look that is due: how far looks came, and the look itself, in one commit.
    pub async fn deliver_look(&self, cursor: &str, value: &str, delivery: Delivery) -> Result<Received> {
        let (cursor, value) = (cursor.to_owned(), value.to_owned());
        self.write(Point::DeliveryIn, move |store| {
            let received = store.deliver(&delivery)?;
            store.set_cursor(&delivery.account, &cursor, &value)?;
            Ok(received)
        })
        .await
    }

    /// Remembers how far a poll came.
    pub async fn set_cursor(&self, account: &AccountId, name: &str, value: &str) -> Result<()> {
        let (account, name, value) = (account.clone(), name.to_owned(), value.to_owned());
        self.write(Point::Other, move |store| store.set_cursor(&account, &name, &value)).await
    }

    /// Activates packs: nothing from before `since` fires without `backfill`. The first activation of each holds, and is its answer;
    /// the answers are in the order of the packs.
    pub async fn activate(&self, account: &AccountId, packs: Vec<PackName>, since: Timestamp) -> Result<Vec<Timestamp>> {
        let account = account.clone();
        self.write(Point::Other, move |store| packs.iter().map(|pack| store.activate(&account, pack, since)).collect()).await
    }

    /// Counts a refused request (`signature`, `too large`, `not json` …).
    pub async fn count_refusal(&self, account: &AccountId, what: &str, at: Timestamp) -> Result<()> {
        let (account, what) = (account.clone(), what.to_owned());
        self.write(Point::Other, move |store| store.count_refusal(&account, &what, at)).await
    }

    /// Removes a person's data and keeps ids: bodies, facts, inputs, results. What was pending for the opportunity is skipped, except
    /// calls (a vendor is told to erase): those lose their inputs when they settle.
    pub async fn purge_opportunity(&self, account: &AccountId, opportunity: &OpportunityId, at: Timestamp) -> Result<()> {
        let (account, purge) = (account.clone(), Purge { opportunity: opportunity.clone(), at });
        self.write(Point::Other, move |store| store.purge(&account, &purge)).await
    }

    /// Ends the caution that a restored store is used with: a person has looked at what the backup could not know. False: there was none.
    pub async fn end_caution(&self) -> Result<bool> {
        self.write(Point::Other, |store| store.end_caution()).await
    }

    /// Deletes one chunk of what is older than `retention` says; call again until the answer is zero.
    pub async fn retain(&self, retention: Retention) -> Result<usize> {
        self.write(Point::Other, move |store| store.retain(&retention)).await
    }
}
