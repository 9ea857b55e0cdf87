//! The order of planning: within lanes, between lanes, between classes.

use super::*;
use leverd::store::{EventState, Work};

#[tokio::test]
async fn events_of_a_lane_come_one_by_one_in_the_order_they_happened() {
    let store = store().await;
    arrive(&store, "late", vec![event("second", "o1", 20)], 30).await;
    arrive(&store, "early", vec![event("first", "o1", 10), event("elsewhere", "o2", 15)], 31).await;
    let mut next = next_events(&store, 40).await;
    next.sort();
    assert_eq!(next, ["elsewhere", "first"]);
    assert!(next_events(&store, 40).await.is_empty(), "one event of a lane at a time");
    store.plan(&acme(), event("first", "o1", 10).id, run(Plan::default(), 40)).await.unwrap();
    assert_eq!(next_events(&store, 40).await, ["second"]);
}

#[tokio::test]
async fn a_lane_waits_for_what_is_sent_and_not_for_what_waits_or_is_parked() {
    let store = store().await;
    let first = event("first", "o1", 0);
    let effect = tag("a", &first);
    planned(&store, &first, effects(vec![effect.clone()]), 0).await;
    arrive(&store, "t2", vec![event("second", "o1", 1)], 1).await;
    assert!(next_events(&store, 2).await.is_empty(), "ready");
    sendable(&store, 2).await;
    let attempt = begin(&store, &effect, 2).await;
    assert!(next_events(&store, 2).await.is_empty(), "begun");
    let retry = Outcome::Retry { after: Some(SignedDuration::from_secs(60)), reason: reason(Code::R1) };
    store.finish(&acme(), effect.id, Finish::new(attempt, at(3), retry)).await.unwrap();
    assert_eq!(next_events(&store, 4).await, ["second"], "waiting");
    store.release(&acme(), Work::Event(event("second", "o1", 1).id)).await.unwrap();
    assert!(next_events(&store, 63).await.is_empty(), "ready again");
    sendable(&store, 63).await;
    send(&store, &effect, Outcome::Dead { reason: reason(Code::R4) }, 63).await;
    assert_eq!(next_events(&store, 64).await, ["second"], "parked");
}

#[tokio::test]
async fn a_deferred_event_holds_its_lane_and_a_parked_one_does_not() {
    let store = store().await;
    arrive(&store, "t", vec![event("first", "o1", 0), event("second", "o1", 1)], 1).await;
    assert_eq!(next_events(&store, 1).await, ["first"]);
    let first = event("first", "o1", 0).id;
    store.defer(&acme(), Work::Event(first), at(60), Some(reason(Code::R1))).await.unwrap();
    assert!(next_events(&store, 2).await.is_empty());
    assert_eq!(store.claim_events(claim(60)).await.unwrap()[0].rounds, 1);
    store.park(&acme(), Work::Event(first), reason(Code::R11), at(60)).await.unwrap();
    assert_eq!(next_events(&store, 60).await, ["second"]);
    store.skip(&acme(), Work::Event(first), reason(Code::Skipped), at(61)).await.unwrap();
    let rows = store.events(Some(&acme()), &"o1".into(), 9).await.unwrap();
    assert_eq!(rows[1].state, EventState::Closed { reason: reason(Code::Skipped) });
    assert!(store.skip(&acme(), Work::Event(first), reason(Code::Skipped), at(62)).await.is_err());
}

#[tokio::test]
async fn classes_go_first_and_age_wins_in_the_end() {
    let store = store().await;
    let class = |name: &str, opportunity: &str, class, seconds| Event { class, ..event(name, opportunity, seconds) };
    let all = vec![
        class("poll", "o1", Class::Poll, 2_000),
        class("timer", "o2", Class::Timer, 2_000),
        class("vendor", "o3", Class::Vendor, 2_000),
        class("person", "o4", Class::Person, 2_000),
        class("stage", "o5", Class::Stage, 2_000),
        class("old poll", "o6", Class::Poll, 0),
    ];
    arrive(&store, "t", all, 2_000).await;
    assert_eq!(next_events(&store, 2_000).await, ["person", "old poll", "vendor", "stage", "timer", "poll"]);
}

#[tokio::test]
async fn lanes_take_turns() {
    let store = store().await;
    let bulk = vec![event("a1", "a", 0), event("a2", "a", 1), event("b1", "b", 2), event("c1", "c", 3)];
    arrive(&store, "t", bulk, 3).await;
    let one = |now| Claim { limit: 1, ..claim(now) };
    let mut order = Vec::new();
    for now in 4..8 {
        let claimed = store.claim_events(one(now)).await.unwrap().remove(0);
        order.push(claimed.event.fields["name"].to_string());
        store.plan(&acme(), claimed.event.id, run(Plan::default(), now)).await.unwrap();
    }
    assert_eq!(order, ["a1", "b1", "c1", "a2"]);
}

#[tokio::test]
async fn events_without_an_opportunity_block_nothing() {
    let store = store().await;
    let free = |name: &str| Event { opportunity: None, ..event(name, "", 0) };
    arrive(&store, "t", vec![free("one"), free("two")], 0).await;
    assert_eq!(next_events(&store, 1).await.len(), 2);
}

#[tokio::test]
async fn a_plan_that_parks_keeps_its_steps_and_does_nothing() {
    let store = store().await;
    let event = event("a", "o1", 0);
    let plan = Plan { park: Some("over 100 rows".to_owned()), ..effects(vec![tag("a", &event)]) };
    planned(&store, &event, plan, 0).await;
    assert!(sendable(&store, 1).await.is_empty());
    assert_eq!(store.parked(None).await.unwrap()[0].what, "candidateStageChange");
    assert_eq!(store.run(&acme(), event.id, at(1)).await.unwrap().unwrap().steps.len(), 1);
    assert!(store.notices(None, 1).await.unwrap()[0].1.text.contains("over 100 rows"));
    store.retry(&acme(), Work::Event(event.id), at(2)).await.unwrap();
    assert_eq!(next_events(&store, 2).await, ["a"]);
}
