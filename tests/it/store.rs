//! What every store must do: the conformance suite, run by [`on_sqlite`] and [`on_postgres`] alike. Each says how a store is opened, and
//! adds what only it can suffer.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests: what fails here fails the test")]

mod checkup;
mod moved;
mod on_postgres;
mod on_sqlite;

use jiff::{SignedDuration, Timestamp};
use leverd::model::{
    AccountId, Act, Assessment, AssessmentId, Class, Code, Decision, Delivery, DeliveryId, Effect, EffectId, Event, EventId,
    EventKind, Facts, Integrity, Later, LaterKind, LeverEvent, Move, OpportunityId, Outcome, PAYLOAD_VERSION, Phase, Plan,
    Reason, ReportState, Said, Slot, Source, Step, TestEntry, TimerId, Verdict,
};
use leverd::store::{Claim, ClaimedEffect, Derived, Finish, Options, PlanMade, Received, Run, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Seconds after a fixed morning.
fn at(seconds: i64) -> Timestamp {
    "2026-03-02T09:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn acme() -> AccountId {
    AccountId::new("acme")
}

fn claim(now: i64) -> Claim {
    Claim { accounts: Arc::new([acme()].into()), now: at(now), limit: 64 }
}

fn delivery(token: &str, body: &str, received: i64) -> Delivery {
    Delivery {
        id: DeliveryId::derive(at(received), &["acme", token]),
        account: acme(),
        source: Source::Lever { event: LeverEvent::CandidateStageChange },
        dedupe: token.to_owned(),
        digest: format!("digest of {body}"),
        body: body.as_bytes().to_vec(),
        received: at(received),
        hint: None,
    }
}

fn event(name: &str, opportunity: &str, seconds: i64) -> Event {
    let id = EventId::derive(at(seconds), &["acme", opportunity, name]);
    Event::new(id, acme(), EventKind::STAGE_CHANGE, Some(OpportunityId::new(opportunity)), at(seconds)).with("name", name)
}

fn effect(name: &str, event: &Event, slot: Option<Slot>, act: Act) -> Effect {
    Effect {
        id: EffectId::derive(event.received, &[&event.id.to_string(), name]),
        event: event.id,
        opportunity: event.opportunity.clone().unwrap(),
        pack: "pack".into(),
        rule: "rule".into(),
        routes: vec!["rules[0].do[0]".to_owned()],
        slot,
        act,
        after: Vec::new(),
        event_at: event.at,
        class: event.class,
        depth: 0,
        version: PAYLOAD_VERSION,
    }
}

fn tag(name: &str, event: &Event) -> Effect {
    effect(name, event, Some(Slot::Tag(name.to_owned())), Act::AddTag { tag: name.to_owned() })
}

fn note(name: &str, event: &Event) -> Effect {
    let text = format!("Ada scored well: {name}");
    effect(name, event, None, Act::Note { text, secret: false, notify: false, key: None, created_at: event.at })
}

fn stage_move(to: &str, event: &Event, after: &[&Effect]) -> Effect {
    let act = Act::Stage(Move { to: to.into(), to_name: to.to_owned(), from: None, earlier: Vec::new(), even_archived: false });
    Effect { after: after.iter().map(|effect| effect.id).collect(), ..effect("move", event, Some(Slot::Stage), act) }
}

fn assessment(name: &str, opportunity: &str, phase: Phase) -> Assessment {
    Assessment {
        id: AssessmentId::derive(at(0), &[name]),
        account: acme(),
        opportunity: opportunity.into(),
        contact: Some("ada".into()),
        vendor: "qualified".into(),
        test: TestEntry { id: "t1".into(), title: "Java".into(), fields: BTreeMap::new() },
        key: None,
        invite_key: "ada/qualified/t1".into(),
        attempt: 1,
        phase,
        verdict: Verdict::None,
        decision: Decision::None,
        report: ReportState::None,
        integrity: Integrity::None,
        stage: None,
        posting: None,
        requested_by: event("requested", opportunity, 0).id,
        requested_at: at(0),
        invited_at: None,
        started_at: None,
        submitted_at: None,
        reminders: 0,
        expires_at: None,
        ids: BTreeMap::new(),
        candidate_url: None,
        result: BTreeMap::new(),
    }
}

fn timer(name: &str, anchor: &Event, due: i64) -> Later {
    Later {
        id: TimerId::derive(anchor.received, &[name]),
        pack: "pack".into(),
        rule: name.into(),
        kind: LaterKind::Timer,
        due: at(due),
        anchor: anchor.clone(),
        anchor_time: anchor.at,
    }
}

fn run(plan: Plan, seconds: i64) -> Run {
    Run { facts: Facts::at(at(seconds)), plan, ruleset: "hash".to_owned(), planned_at: at(seconds) }
}

fn effects(effects: Vec<Effect>) -> Plan {
    let said = Said::Fired { effects: effects.len() };
    let step = Step { pack: Some("pack".into()), rule: Some("rule".into()), route: "rules[0]".into(), said };
    Plan { effects, steps: vec![step], ..Plan::default() }
}

fn done() -> Outcome {
    Outcome::Done { learned: BTreeMap::new() }
}

fn reason(code: Code) -> Reason {
    Reason::new(code, "because")
}

/// Stores events as one delivery derives them.
async fn arrive(store: &Store, token: &str, events: Vec<Event>, seconds: i64) {
    let delivery = delivery(token, "{}", seconds);
    let id = delivery.id;
    assert_eq!(store.deliver(delivery).await.unwrap(), Received::Stored);
    assert!(store.claim_deliveries(claim(seconds)).await.unwrap().iter().any(|claimed| claimed.delivery.id == id));
    store.derive(&acme(), id, Derived::Events(events), at(seconds)).await.unwrap();
}

/// The names of the events that may be planned now.
async fn next_events(store: &Store, now: i64) -> Vec<String> {
    let claimed = store.claim_events(claim(now)).await.unwrap();
    claimed.iter().map(|claimed| claimed.event.fields.get("name").unwrap().to_string()).collect()
}

/// An event that arrived, was claimed and planned.
async fn planned(store: &Store, event: &Event, plan: Plan, seconds: i64) {
    arrive(store, &event.id.to_string(), vec![event.clone()], seconds).await;
    assert!(store.claim_events(claim(seconds)).await.unwrap().iter().any(|claimed| claimed.event.id == event.id));
    assert_eq!(store.plan(&acme(), event.id, run(plan, seconds)).await.unwrap(), PlanMade::Committed);
}

/// Every effect that may be sent now, claimed.
async fn sendable(store: &Store, now: i64) -> Vec<ClaimedEffect> {
    store.claim_effects(claim(now)).await.unwrap().into_iter().flat_map(|lane| lane.effects).collect()
}

async fn begin(store: &Store, effect: &Effect, now: i64) -> Option<u32> {
    store.begin(&acme(), vec![effect.id], store.epoch(), at(now)).await.unwrap()[0].attempt
}

/// Begins and ends an effect.
async fn send(store: &Store, effect: &Effect, outcome: Outcome, now: i64) {
    let attempt = begin(store, effect, now).await;
    assert!(attempt.is_some());
    store.finish(&acme(), effect.id, Finish::new(attempt, at(now), outcome)).await.unwrap();
}
