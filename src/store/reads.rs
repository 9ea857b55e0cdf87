//! What asks the store. Rows that cannot be decoded are left out with a log line that names them.

use super::claim::Work;
use super::error::Result;
use super::handle::Store;
use super::lease::NodeRow;
use super::rows::{
    Count, EffectRow, EventRow, Heard, OwnMove, ParkedRow, Recorded, Refused, RunRow, SigningToken, Size, Span, TimerRow,
};
use crate::model::{
    AccountId, Assessment, AssessmentId, ContactId, Delivery, DeliveryId, Effect, EffectId, Event, EventId, Glimpse, Notice,
    OpportunityId, PackName, Phase, Placed, RuleName, Slot, VendorName,
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// For facts and correlation.
impl Store {
    /// Effects of the opportunity that are not settled and not parked, in the order planned: facts are overlaid with them.
    pub async fn pending_effects(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<Vec<Effect>> {
        let (account, opportunity) = (account.clone(), opportunity.clone());
        self.read(move |store| store.pending_effects(&account, &opportunity)).await
    }

    /// Ledger rows of the opportunity, newest attempt last, and then live rows of its contact's other opportunities.
    pub async fn ledger(
        &self,
        account: &AccountId,
        opportunity: &OpportunityId,
        contact: Option<&ContactId>,
    ) -> Result<Vec<Assessment>> {
        let (account, opportunity, contact) = (account.clone(), opportunity.clone(), contact.cloned());
        self.read(move |store| store.ledger(&account, &opportunity, contact.as_ref())).await
    }

    /// One ledger row.
    pub async fn assessment(&self, account: &AccountId, id: AssessmentId) -> Result<Option<Assessment>> {
        let account = account.clone();
        self.read(move |store| store.assessment(&account, id)).await
    }

    /// Every ledger row in whose `ids` the vendor's `key` has this value. One invitation may serve several opportunities.
    pub async fn assessments_by(
        &self,
        account: &AccountId,
        vendor: &VendorName,
        key: &str,
        value: &str,
    ) -> Result<Vec<Assessment>> {
        let (account, vendor, key, value) = (account.clone(), vendor.clone(), key.to_owned(), value.to_owned());
        self.read(move |store| store.assessments_by(&account, &vendor, &key, &value)).await
    }

    /// Ledger rows of a vendor that are in this phase and were requested after `since`, oldest first: at most `limit`, from the one that
    /// follows `after` on.
    pub async fn open_attempts(
        &self,
        account: &AccountId,
        vendor: &VendorName,
        phase: Phase,
        since: Timestamp,
        after: Option<AssessmentId>,
        limit: usize,
    ) -> Result<Vec<Assessment>> {
        let (account, vendor) = (account.clone(), vendor.clone());
        self.read(move |store| store.open_attempts(&account, &vendor, phase, since, after, limit)).await
    }

    /// Whether a piece of work is still to be done, or parked.
    pub async fn is_open(&self, account: &AccountId, work: Work) -> Result<bool> {
        let account = account.clone();
        self.read(move |store| store.is_open(&account, work)).await
    }

    /// Moves of ours that were begun or done and that no delivery has matched, oldest first.
    pub async fn own_moves(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<Vec<OwnMove>> {
        let (account, opportunity) = (account.clone(), opportunity.clone());
        self.read(move |store| store.own_moves(&account, &opportunity)).await
    }

    /// How often each rule fired on the opportunity since then.
    pub async fn firings(
        &self,
        account: &AccountId,
        opportunity: &OpportunityId,
        since: Timestamp,
    ) -> Result<Vec<(PackName, RuleName, u32)>> {
        let (account, opportunity) = (account.clone(), opportunity.clone());
        self.read(move |store| store.firings(&account, &opportunity, since)).await
    }

    /// What we put under a key of the opportunity, if something of ours stands there.
    pub async fn placed(&self, account: &AccountId, opportunity: &OpportunityId, slot: &Slot) -> Result<Option<Placed>> {
        let (account, opportunity, slot) = (account.clone(), opportunity.clone(), slot.clone());
        self.read(move |store| store.placed(&account, &opportunity, &slot)).await
    }

    /// What Lever calls the notes, files, forms and feedback that effects of the opportunity are known to have made, in no order.
    pub async fn made(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<Vec<String>> {
        let (account, opportunity) = (account.clone(), opportunity.clone());
        self.read(move |store| store.made(&account, &opportunity)).await
    }

    /// A rule set kept by [`Store::keep_ruleset`].
    pub async fn ruleset(&self, hash: &str) -> Result<Option<Vec<u8>>> {
        let hash = hash.to_owned();
        self.read(move |store| store.ruleset(&hash)).await
    }

    /// A source file kept with a rule set.
    pub async fn source_file(&self, hash: &str) -> Result<Option<Vec<u8>>> {
        let hash = hash.to_owned();
        self.read(move |store| store.source_file(&hash)).await
    }
}

/// For `runs`, `why`, `parked`, `retry` and `skip`.
impl Store {
    /// Accounts that anything was ever stored for.
    pub async fn accounts(&self) -> Result<Vec<AccountId>> {
        self.read(|store| store.accounts()).await
    }

    /// One delivery as received.
    pub async fn delivery(&self, account: &AccountId, id: DeliveryId) -> Result<Option<Delivery>> {
        let account = account.clone();
        self.read(move |store| store.delivery(&account, id)).await
    }

    /// One effect with all that happened to it. `now` decides between ready and waiting.
    pub async fn effect(&self, account: &AccountId, id: EffectId, now: Timestamp) -> Result<Option<EffectRow>> {
        let account = account.clone();
        self.read(move |store| store.effect(&account, id, now)).await
    }

    /// The run of an event.
    pub async fn run(&self, account: &AccountId, event: EventId, now: Timestamp) -> Result<Option<RunRow>> {
        let account = account.clone();
        self.read(move |store| store.run(&account, event, now)).await
    }

    /// The latest runs, newest first.
    pub async fn runs(
        &self,
        account: Option<&AccountId>,
        opportunity: Option<&OpportunityId>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<RunRow>> {
        let (account, opportunity) = (account.cloned(), opportunity.cloned());
        self.read(move |store| store.runs(account.as_ref(), opportunity.as_ref(), limit, now)).await
    }

    /// Runs of an account that were planned within a span, oldest first, with the facts that they read: those behind the place of the
    /// last one known.
    pub async fn history(&self, account: &AccountId, span: &Span, after: i64, limit: usize) -> Result<Vec<Recorded>> {
        let (account, span) = (account.clone(), span.clone());
        self.read(move |store| store.history(&account, &span, after, limit)).await
    }

    /// How many runs that are.
    pub async fn history_length(&self, account: &AccountId, span: &Span) -> Result<u64> {
        let (account, span) = (account.clone(), span.clone());
        self.read(move |store| store.history_length(&account, &span)).await
    }

    /// Events of a span that no rule listened to when they came, with their places: those behind the place of the last one known.
    pub async fn unheard(&self, account: &AccountId, span: &Span, after: i64, limit: usize) -> Result<Vec<(i64, Event)>> {
        let (account, span) = (account.clone(), span.clone());
        self.read(move |store| store.unheard(&account, &span, after, limit)).await
    }

    /// The latest events of an opportunity, newest first, with what became of them.
    pub async fn events(
        &self,
        account: Option<&AccountId>,
        opportunity: &OpportunityId,
        limit: usize,
    ) -> Result<Vec<EventRow>> {
        let (account, opportunity) = (account.cloned(), opportunity.clone());
        self.read(move |store| store.events(account.as_ref(), &opportunity, limit)).await
    }

    /// The events of an account that are meant, oldest first, with what became of them: without the echoes of our own moves.
    pub async fn occurrences(&self, account: &AccountId, span: Span, limit: usize) -> Result<Vec<EventRow>> {
        let account = account.clone();
        self.read(move |store| store.occurrences(&account, &span, limit)).await
    }

    /// Everything that waits for a person, oldest first.
    pub async fn parked(&self, account: Option<&AccountId>) -> Result<Vec<ParkedRow>> {
        let account = account.cloned();
        self.read(move |store| store.parked(account.as_ref())).await
    }

    /// The latest notices, newest first.
    pub async fn notices(&self, account: Option<&AccountId>, limit: usize) -> Result<Vec<(AccountId, Notice)>> {
        let account = account.cloned();
        self.read(move |store| store.notices(account.as_ref(), limit)).await
    }

    /// Unfinished work whose id starts with these hexadecimal digits, at most ten of each kind and account.
    pub async fn find(&self, prefix: &str) -> Result<Vec<(AccountId, Work)>> {
        let prefix = prefix.to_owned();
        self.read(move |store| store.find(&prefix)).await
    }

    /// Whether anything was ever delivered, by source and event.
    pub async fn heard(&self, account: &AccountId) -> Result<Vec<Heard>> {
        let account = account.clone();
        self.read(move |store| store.heard(&account)).await
    }

    /// Refused requests, counted.
    pub async fn refusals(&self, account: &AccountId) -> Result<Vec<Refused>> {
        let account = account.clone();
        self.read(move |store| store.refusals(&account)).await
    }
}

/// For the runtime.
impl Store {
    /// When the next row becomes due after `after`, of any kind and of these accounts: how long the runtime may sleep.
    pub async fn next_due(&self, accounts: &[AccountId], after: Timestamp) -> Result<Option<Timestamp>> {
        let accounts = accounts.to_vec();
        self.read(move |store| store.next_due(&accounts, after)).await
    }

    /// How much work stands: metrics and health.
    pub async fn counts(&self, now: Timestamp) -> Result<Vec<Count>> {
        self.read(move |store| store.counts(now)).await
    }

    /// The nodes that have the store, those whose time is over and that nobody has buried yet included. `at`: the time, where the store
    /// has none of its own.
    pub async fn nodes(&self, at: Timestamp) -> Result<Vec<NodeRow>> {
        self.read(move |store| store.nodes(at)).await
    }

    /// How much room it takes on the disk.
    pub async fn size(&self) -> Result<Size> {
        self.read(|store| store.size()).await
    }

    /// The armed timers of a rule.
    pub async fn timers(&self, account: &AccountId, pack: &PackName, rule: &RuleName) -> Result<Vec<TimerRow>> {
        let (account, pack, rule) = (account.clone(), pack.clone(), rule.clone());
        self.read(move |store| store.timers(&account, &pack, &rule)).await
    }

    /// The tokens that may sign this account's webhooks, newest first.
    pub async fn signing_tokens(&self, account: &AccountId) -> Result<Vec<SigningToken>> {
        let account = account.clone();
        self.read(move |store| store.signing_tokens(&account)).await
    }

    /// How far a poll came.
    pub async fn cursor(&self, account: &AccountId, name: &str) -> Result<Option<String>> {
        let (account, name) = (account.clone(), name.to_owned());
        self.read(move |store| store.cursor(&account, &name)).await
    }

    /// What polling last saw of these opportunities, by id.
    pub async fn glimpses(
        &self,
        account: &AccountId,
        opportunities: Vec<OpportunityId>,
    ) -> Result<BTreeMap<OpportunityId, Glimpse>> {
        let account = account.clone();
        self.read(move |store| {
            let mut found = BTreeMap::new();
            for opportunity in opportunities {
                if let Some(glimpse) = store.glimpse(&account, &opportunity)? {
                    found.insert(opportunity, glimpse);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Whether a look at what changed in Lever stands unfinished.
    pub async fn polling(&self, account: &AccountId) -> Result<bool> {
        let account = account.clone();
        self.read(move |store| store.polling(&account)).await
    }

    /// Whether anything is known of an opportunity: by an event or by a look.
    pub async fn known(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<bool> {
        let (account, opportunity) = (account.clone(), opportunity.clone());
        self.read(move |store| store.known(&account, &opportunity)).await
    }

    /// The tags that attempts of ours may have put on an opportunity at `since` or later.
    pub async fn own_tags(&self, account: &AccountId, opportunity: &OpportunityId, since: Timestamp) -> Result<Vec<String>> {
        let (account, opportunity) = (account.clone(), opportunity.clone());
        self.read(move |store| store.own_tags(&account, &opportunity, since)).await
    }

    /// When each pack was activated.
    pub async fn baselines(&self, account: &AccountId) -> Result<Vec<(PackName, Timestamp)>> {
        let account = account.clone();
        self.read(move |store| store.baselines(&account)).await
    }
}
