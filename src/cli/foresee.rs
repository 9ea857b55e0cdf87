//! What a plan would be for an opportunity as it is now: facts read from Lever and the store, the rules of the files, nothing sent.

use super::connect::Reads;
use crate::engine::{self, Program};
use crate::lang::project::Bound;
use crate::lang::ruleset::{Mode, RuleSet};
use crate::lever::facts::Names;
use crate::lever::{api, facts};
use crate::model::{ContactId, Event, Facts, Group, Plan, Planned};
use crate::store::Store;
use anyhow::bail;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Asking for more rounds than this is a fault of ours.
const ROUNDS: usize = 4;

/// Plans of one account, one opportunity after the other. Postings are read once.
pub(super) struct Foresight<'a> {
    pub(super) bound: &'a Bound,
    pub(super) lever: &'a Reads,
    /// Absent where leverd never ran: then there are no attempts.
    pub(super) store: Option<&'a Store>,
    program: Program,
    postings: BTreeMap<String, api::Posting>,
}

impl<'a> Foresight<'a> {
    pub(super) fn new(bound: &'a Bound, lever: &'a Reads, store: Option<&'a Store>) -> Self {
        Self { bound, lever, store, program: Program::new(bound.rulesets.clone()), postings: BTreeMap::new() }
    }

    /// The same with every pack as if it acted.
    pub(super) fn live(mut self) -> Self {
        let live = |set: &Arc<RuleSet>| match set.mode {
            Mode::Shadow => Arc::new(RuleSet { mode: Mode::Live, ..RuleSet::clone(set) }),
            Mode::Live | Mode::Off => Arc::clone(set),
        };
        self.program = Program::new(self.bound.rulesets.iter().map(live).collect());
        self
    }

    /// The plan for an event of this opportunity.
    pub(super) async fn plan(&mut self, event: &Event, opportunity: &api::Opportunity, now: Timestamp) -> anyhow::Result<Plan> {
        Ok(self.plan_from(event, opportunity, self.facts(opportunity, now)).await?.0)
    }

    /// What an opportunity tells before anything more is read.
    pub(super) fn facts(&self, opportunity: &api::Opportunity, now: Timestamp) -> Facts {
        let mut facts = Facts::at(now);
        facts.values.extend(facts::opportunity(opportunity, Names::of(&self.bound.catalogue)));
        facts.known.insert(Group::Opportunity);
        facts
    }

    /// The plan by these facts and what has to be read besides, with all of them.
    pub(super) async fn plan_from(
        &mut self,
        event: &Event,
        opportunity: &api::Opportunity,
        mut facts: Facts,
    ) -> anyhow::Result<(Plan, Facts)> {
        let names = Names::of(&self.bound.catalogue);
        for _ in 0..ROUNDS {
            let needs = match engine::plan(&self.program, event, &facts) {
                Planned::Plan(plan) => return Ok((*plan, facts)),
                Planned::Needs(needs) => needs,
            };
            for group in needs.0 {
                match &group {
                    Group::Opportunity => {}
                    Group::Posting => {
                        let posting = self.posting(opportunity).await?;
                        facts.values.extend(facts::posting(opportunity, posting.as_ref(), names));
                    }
                    Group::Ledger => {
                        let contact = opportunity.contact.clone().map(ContactId::from);
                        if let Some(store) = self.store {
                            facts.ledger = store.ledger(&self.bound.account.name, &opportunity.id, contact.as_ref()).await?;
                        }
                    }
                    Group::Tests(vendor) => {
                        let tests = self.bound.catalogue.tests.get(vendor.as_str()).cloned().unwrap_or_default();
                        facts.tests.insert(vendor.clone(), tests.into());
                    }
                }
                facts.known.insert(group);
            }
        }
        bail!("the rules asked for more than {ROUNDS} rounds of facts: this is a fault of leverd")
    }

    async fn posting(&mut self, opportunity: &api::Opportunity) -> anyhow::Result<Option<api::Posting>> {
        let Some(id) = opportunity.posting() else { return Ok(None) };
        if let Some(known) = self.postings.get(id) {
            return Ok(Some(known.clone()));
        }
        let posting = self.lever.one(&api::get_posting(id), api::posting).await?;
        self.postings.insert(id.to_owned(), posting.clone());
        Ok(Some(posting))
    }
}
