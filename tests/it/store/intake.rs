//! Deliveries in, events out.

use super::*;
use leverd::model::{Notice, NoticeId, NoticeKind};
use leverd::store::{EventState, Work};

#[tokio::test]
async fn the_same_delivery_is_stored_once_and_other_bodies_become_hints() {
    let store = store().await;
    assert_eq!(store.deliver(delivery("t", "a", 0)).await.unwrap(), Received::Stored);
    assert_eq!(store.deliver(delivery("t", "a", 5)).await.unwrap(), Received::Duplicate);
    let Received::OtherBody(hint) = store.deliver(delivery("t", "b", 6)).await.unwrap() else { panic!("no hint") };
    assert_eq!(store.deliver(delivery("t", "b", 7)).await.unwrap(), Received::Duplicate);
    for body in ["c", "d"] {
        assert!(matches!(store.deliver(delivery("t", body, 8)).await.unwrap(), Received::OtherBody(_)));
    }
    assert_eq!(store.deliver(delivery("t", "e", 9)).await.unwrap(), Received::Dropped);
    let claimed = store.claim_deliveries(claim(10)).await.unwrap();
    assert_eq!(claimed.len(), 4);
    let hint = store.delivery(&acme(), hint).await.unwrap().unwrap();
    assert_eq!((hint.hint, hint.body.as_slice()), (Some(leverd::model::Hint::OtherBody), b"b".as_slice()));
    let heard = store.heard(&acme()).await.unwrap();
    assert_eq!((heard[0].source.as_str(), heard[0].event.as_str(), heard[0].count), ("lever", "candidateStageChange", 4));
    assert_eq!(store.refusals(&acme()).await.unwrap()[0].count, 1);
}

#[tokio::test]
async fn tokens_of_two_accounts_are_two_deliveries() {
    let store = store().await;
    assert_eq!(store.deliver(delivery("t", "a", 0)).await.unwrap(), Received::Stored);
    let mut other = delivery("t", "a", 0);
    other.account = "globex".into();
    assert_eq!(store.deliver(other).await.unwrap(), Received::Stored);
    assert_eq!(store.claim_deliveries(claim(1)).await.unwrap().len(), 1, "only the accounts asked for");
}

#[tokio::test]
async fn deriving_twice_is_deriving_once() {
    let store = store().await;
    let first = event("a", "o1", 0);
    arrive(&store, "t", vec![first.clone(), event("b", "o2", 0)], 0).await;
    let id = delivery("t", "{}", 0).id;
    store.derive(&acme(), id, Derived::Events(vec![first]), at(1)).await.unwrap();
    assert_eq!(next_events(&store, 1).await.len(), 2);
    assert!(store.claim_deliveries(claim(1)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_held_delivery_comes_again_and_counts_its_rounds() {
    let store = store().await;
    let vendor = delivery("t", "{}", 0);
    let id = vendor.id;
    store.deliver(vendor).await.unwrap();
    for (round, now) in [(0, 0), (1, 1), (2, 11)] {
        let claimed = store.claim_deliveries(claim(now)).await.unwrap();
        assert_eq!((claimed[0].rounds, claimed[0].tries), (round, 1));
        let hold = Derived::Hold { until: at(now * 10 + 1), reason: reason(Code::R6) };
        store.derive(&acme(), id, hold, at(now)).await.unwrap();
        assert!(store.claim_deliveries(claim(now)).await.unwrap().is_empty());
    }
    assert_eq!(store.next_due(&Arc::new([acme()].into()), at(11)).await.unwrap(), Some(at(111)));
    store.claim_deliveries(claim(111)).await.unwrap();
    store.derive(&acme(), id, Derived::Park(reason(Code::R6)), at(111)).await.unwrap();
    let parked = store.parked(None).await.unwrap();
    assert_eq!((parked[0].work, parked[0].reason.clone()), (Work::Delivery(id), Some(reason(Code::R6))));
    assert_eq!(parked[0].what, "delivery from Lever (candidateStageChange)");
    assert_eq!(store.notices(None, 9).await.unwrap().len(), 1);
    store.retry(&acme(), Work::Delivery(id), at(200)).await.unwrap();
    assert_eq!(store.claim_deliveries(claim(200)).await.unwrap()[0].rounds, 0);
}

#[tokio::test]
async fn a_delivery_that_waits_for_its_turn_keeps_the_looks_that_it_had() {
    let store = store().await;
    let vendor = delivery("t", "{}", 0);
    let id = vendor.id;
    store.deliver(vendor).await.unwrap();
    store.claim_deliveries(claim(0)).await.unwrap();
    let hold = Derived::Hold { until: at(1), reason: reason(Code::R6) };
    store.derive(&acme(), id, hold, at(0)).await.unwrap();
    for turn in [1, 20, 30] {
        let claimed = store.claim_deliveries(claim(turn)).await.unwrap().remove(0);
        assert_eq!((claimed.rounds, claimed.rounds_for(Code::R6)), (1, 1));
        store.defer(&acme(), Work::Delivery(id), at(turn + 9), None).await.unwrap();
        assert!(store.claim_deliveries(claim(turn)).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_daily_notice_is_made_again_after_a_day_and_not_at_midnight() {
    let store = store().await;
    let day = |hours: i64| at(hours * 3600);
    let daily =
        |hours: i64, text: &str| Notice::daily(NoticeId::derive(day(hours), &[text]), NoticeKind::Suspended, text, day(hours));
    let mut told = Vec::new();
    for (hours, text) in [(23, "refused"), (25, "refused"), (26, "another"), (46, "refused"), (48, "refused")] {
        store.notice(&acme(), daily(hours, text)).await.unwrap();
        told.push(store.notices(Some(&acme()), 9).await.unwrap().len());
    }
    assert_eq!(told, [1, 1, 2, 2, 3]);
    store.notice(&acme(), Notice { daily: false, ..daily(49, "refused") }).await.unwrap();
    assert_eq!(store.notices(Some(&acme()), 9).await.unwrap().len(), 4, "what is no daily one is made however often");
}

#[tokio::test]
async fn the_sixth_claim_without_an_outcome_parks() {
    let store = store().await;
    let mut listener = store.notices_as_they_come();
    store.deliver(delivery("t", "{}", 0)).await.unwrap();
    for tries in 1..=5 {
        assert_eq!(store.claim_deliveries(claim(1)).await.unwrap()[0].tries, tries);
        assert!(store.claim_deliveries(claim(1)).await.unwrap().is_empty(), "a claimed row is not handed out again");
        store.recover(at(1)).await.unwrap();
    }
    assert!(store.claim_deliveries(claim(1)).await.unwrap().is_empty());
    assert_eq!(store.parked(Some(&acme())).await.unwrap()[0].reason.clone().unwrap().code, Code::R11);
    assert!(listener.recv().await.unwrap().1.text.contains("stopped five times"));
}

#[tokio::test]
async fn a_released_claim_counts_no_try() {
    let store = store().await;
    let delivery = delivery("t", "{}", 0);
    let id = Work::Delivery(delivery.id);
    store.deliver(delivery).await.unwrap();
    for _ in 0..5 {
        assert_eq!(store.claim_deliveries(claim(1)).await.unwrap()[0].tries, 1);
        store.release(&acme(), id).await.unwrap();
    }
}

#[tokio::test]
async fn a_due_timer_is_delivered_once() {
    let store = store().await;
    let anchor = event("a", "o1", 0);
    let plan = Plan { later: vec![timer("remind", &anchor, 60)], ..effects(Vec::new()) };
    planned(&store, &anchor, plan.clone(), 0).await;
    assert_eq!(store.fire_timers(claim(59)).await.unwrap(), 0);
    assert_eq!(store.next_due(&Arc::new([acme()].into()), at(0)).await.unwrap(), Some(at(60)));
    assert_eq!(store.fire_timers(claim(60)).await.unwrap(), 1);
    assert_eq!(store.fire_timers(claim(61)).await.unwrap(), 0);
    let claimed = store.claim_deliveries(claim(60)).await.unwrap();
    let Source::Timer(fired) = &claimed[0].delivery.source else { panic!("no timer") };
    assert_eq!(**fired, plan.later[0]);
    // The same plan again, after it fired, arms nothing; another due time does.
    store.arm(&acme(), plan.later.clone()).await.unwrap();
    assert!(store.timers(&acme(), &"pack".into(), &"remind".into()).await.unwrap().is_empty());
    store.arm(&acme(), vec![timer("remind", &anchor, 90), timer("other", &anchor, 90)]).await.unwrap();
    assert_eq!(store.drop_timers(&acme(), &"pack".into(), &"other".into()).await.unwrap(), 1);
    assert_eq!(store.fire_timers(claim(100)).await.unwrap(), 1);
}

#[tokio::test]
async fn an_unmatched_event_leaves_itself_and_no_run() {
    let store = store().await;
    let event = event("a", "o1", 0);
    planned(&store, &event, Plan::default(), 0).await;
    assert!(store.run(&acme(), event.id, at(1)).await.unwrap().is_none());
    let rows = store.events(None, &"o1".into(), 9).await.unwrap();
    assert_eq!((rows[0].event.clone(), rows[0].state.clone()), (event, EventState::Unmatched));
}
