//! One opportunity from its first delivery on: what came, what was planned, what was sent and answered, and what is still to come.

use crate::lever::api;
use crate::model::{AccountId, Assessment, Later, OpportunityId};
use crate::runtime::call::Node;
use crate::runtime::doctor;
use crate::runtime::why::{Rules, Told, told};
use crate::store::{Arrived, EventState, Person, Result};
use std::collections::BTreeMap;

/// So many events are shown, the latest.
const EVENTS: usize = 200;
/// So many runs and effects of each account are looked through for a name.
const LOOKED: usize = 20_000;

/// So many accounts are asked for an e-mail.
const ASKED: usize = 20;

/// One opportunity.
#[derive(Debug)]
pub struct Candidate {
    pub account: AccountId,
    pub opportunity: OpportunityId,
    /// As far as rules read it.
    pub name: Option<String>,
    pub email: Option<String>,
    /// Newest first.
    pub events: Vec<Told>,
    pub arrived: Vec<Arrived>,
    /// The attempts, oldest first.
    pub ledger: Vec<Assessment>,
    /// The next one first.
    pub timers: Vec<Later>,
}

/// Everything of an opportunity.
pub async fn of(node: &Node, account: &AccountId, opportunity: &OpportunityId) -> Result<Candidate> {
    let store = &node.store;
    let now = node.clock.now();
    let mut rules: BTreeMap<String, Option<Rules>> = BTreeMap::new();
    let in_force = node.account(account).map(|account| account.active());
    let hash_now = in_force.as_ref().map(|active| active.program.hash().to_owned()).unwrap_or_default();
    let mut events = Vec::new();
    for event in store.events(Some(account), opportunity, EVENTS).await? {
        let run = match event.state {
            EventState::Planned => store.run(account, event.event.id, now).await?,
            _ => None,
        };
        let hash = run.as_ref().map_or_else(|| hash_now.clone(), |run| run.ruleset.clone());
        if !rules.contains_key(&hash) {
            rules.insert(hash.clone(), Rules::of(store, account, &hash).await);
        }
        let then = rules.get(&hash).and_then(Option::as_ref);
        let program = then.and_then(|then| then.program.as_ref()).or(in_force.as_ref().map(|active| active.program.as_ref()));
        let none = BTreeMap::new();
        events.push(told(event, run, program, then.map_or(&none, |then| &then.places)));
    }
    let known = |name: &str| {
        let runs = events.iter().filter_map(|told| told.run.as_ref());
        runs.filter_map(|run| run.facts.values.get(name)).map(ToString::to_string).next()
    };
    let (mut name, mut email) = (known("candidate.name"), known("candidate.email"));
    if name.is_none() || email.is_none() {
        // An invitation has to say whom it is for.
        let inputs = events.iter().filter_map(|told| told.run.as_ref()).flat_map(|run| &run.effects);
        let sent: BTreeMap<String, String> =
            inputs.flat_map(|effect| crate::runtime::words::detail(&effect.effect.act)).collect();
        let first_last = || {
            let whole: Vec<&str> = ["candidate.first_name", "candidate.last_name"]
                .iter()
                .filter_map(|key| sent.get(*key).map(String::as_str))
                .collect();
            (!whole.is_empty()).then(|| whole.join(" "))
        };
        name = name.or_else(|| sent.get("candidate.name").cloned()).or_else(first_last);
        email = email.or_else(|| sent.get("candidate.email").cloned());
    }
    Ok(Candidate {
        account: account.clone(),
        opportunity: opportunity.clone(),
        name,
        email,
        events,
        arrived: store.arrived(account, opportunity, EVENTS).await?,
        ledger: store.ledger(account, opportunity, None).await?,
        timers: store.timers_of(account, opportunity).await?,
    })
}

/// Who was found, and what Lever could not be asked.
#[derive(Debug, Default)]
pub struct Found {
    pub people: Vec<Person>,
    pub unasked: Vec<String>,
}

/// Who is meant by a name, an e-mail or an id. An address of a page in Lever is taken for the id at its end. A whole e-mail is asked
/// of Lever, too: rules that never read it left no record of it.
pub async fn search(node: &Node, text: &str, limit: usize) -> Result<Found> {
    let text = text.trim().trim_end_matches('/');
    let text = if text.contains("://") { text.rsplit('/').next().unwrap_or(text) } else { text };
    let mut found = Found { people: node.store.people(text, LOOKED, limit).await?, unasked: Vec::new() };
    let email = text.contains('@') && !text.contains(char::is_whitespace);
    if !(email && found.people.is_empty()) {
        return Ok(found);
    }
    for account in node.all_accounts().values().take(ASKED) {
        let filter = api::Filter { email: Some(text.to_owned()), ..api::Filter::default() };
        match doctor::ask::all(node, account, api::list_opportunities(&filter), api::opportunities).await {
            Ok(listed) => found.people.extend(listed.into_iter().map(|one| Person {
                account: account.id.clone(),
                opportunity: one.id,
                name: one.name,
                email: Some(text.to_owned()),
                last: node.clock.now(),
            })),
            Err(why) => found.unasked.push(format!("{}: {why}", account.id)),
        }
    }
    Ok(found)
}
