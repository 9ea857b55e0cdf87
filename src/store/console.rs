//! What only the console asks: one page of runs, who is meant by a name, everything of one opportunity.

use super::error::Result;
use super::handle::Store;
use super::rows::{Arrived, Person, RunRow};
use crate::model::{AccountId, Later, OpportunityId, PackName, RuleName, Step};
use jiff::Timestamp;

impl Store {
    /// Runs that were planned before a time, newest first.
    pub async fn runs_before(
        &self,
        account: Option<&AccountId>,
        before: Timestamp,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<RunRow>> {
        let account = account.cloned();
        self.read(move |store| store.runs_before(account.as_ref(), before, limit, now)).await
    }

    /// The steps of an account's latest runs, newest first, each with the time of planning.
    pub async fn steps(&self, account: &AccountId, limit: usize) -> Result<Vec<(Timestamp, Vec<Step>)>> {
        let account = account.clone();
        self.read(move |store| store.steps(&account, limit)).await
    }

    /// How many effects of each rule wait for a person.
    pub async fn parked_by_rule(&self, account: &AccountId) -> Result<Vec<(PackName, RuleName, u64)>> {
        let account = account.clone();
        self.read(move |store| store.parked_by_rule(&account)).await
    }

    /// Opportunities whose id, candidate's name or e-mail holds a text, as far as the latest `looked` runs and effects of each account
    /// recorded a name; newest first.
    pub async fn people(&self, text: &str, looked: usize, limit: usize) -> Result<Vec<Person>> {
        let text = text.to_owned();
        self.read(move |store| store.people(&text, looked, limit)).await
    }

    /// The deliveries that events of an opportunity came from, newest first.
    pub async fn arrived(&self, account: &AccountId, opportunity: &OpportunityId, limit: usize) -> Result<Vec<Arrived>> {
        let (account, opportunity) = (account.clone(), opportunity.clone());
        self.read(move |store| store.arrived(&account, &opportunity, limit)).await
    }

    /// The timers of an opportunity that are armed, the next one first.
    pub async fn timers_of(&self, account: &AccountId, opportunity: &OpportunityId) -> Result<Vec<Later>> {
        let (account, opportunity) = (account.clone(), opportunity.clone());
        self.read(move |store| store.timers_of(&account, &opportunity)).await
    }
}
