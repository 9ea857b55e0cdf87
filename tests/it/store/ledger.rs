//! The ledger: at most one live attempt per invite key, and finding rows again.

use super::*;
use leverd::model::Value;

#[tokio::test]
async fn a_second_live_invitation_is_refused_whole() {
    let store = store().await;
    let (first, second) = (event("a", "o1", 0), event("b", "o2", 1));
    let ledger = |row: Assessment| Plan { ledger: vec![row], ..effects(Vec::new()) };
    planned(&store, &first, ledger(assessment("one", "o1", Phase::Requested)), 0).await;
    arrive(&store, "t2", vec![second.clone()], 1).await;
    next_events(&store, 1).await;
    let mut plan = ledger(assessment("two", "o2", Phase::Requested));
    plan.effects = vec![tag("a", &second)];
    let refused = store.plan(&acme(), second.id, run(plan.clone(), 1)).await.unwrap();
    assert_eq!(refused, PlanMade::LiveInvitationExists { invite_key: "ada/qualified/t1".into() });
    assert!(store.pending_effects(&acme(), &"o2".into()).await.unwrap().is_empty());
    assert!(store.run(&acme(), second.id, at(2)).await.unwrap().is_none());
    assert_eq!(store.ledger(&acme(), &"o2".into(), Some(&"ada".into())).await.unwrap().len(), 1, "the contact's live row");
    assert!(next_events(&store, 2).await.is_empty(), "the event is still claimed");
    // The same plan that also closes the first one may open the second, in whatever order it lists them.
    plan.ledger.push(assessment("one", "o1", Phase::Superseded));
    assert_eq!(store.plan(&acme(), second.id, run(plan, 3)).await.unwrap(), PlanMade::Committed);
    assert_eq!(store.ledger(&acme(), &"o1".into(), None).await.unwrap()[0].phase, Phase::Superseded);
}

#[tokio::test]
async fn rows_are_found_by_id_and_by_what_the_vendor_calls_them() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let tag = tag("a", &cause);
    let row = assessment("one", "o1", Phase::Requested);
    planned(&store, &cause, Plan { ledger: vec![row.clone()], ..effects(vec![tag.clone()]) }, 0).await;
    let mut invited = Assessment { phase: Phase::Invited, invited_at: Some(at(2)), ..row.clone() };
    invited.ids.insert("invitation_id".into(), "inv-7".into());
    invited.result.insert("percent".into(), Value::Number(66.5));
    sendable(&store, 1).await;
    let mut finish = Finish::new(begin(&store, &tag, 1).await, at(2), done());
    finish.ledger = vec![invited.clone()];
    store.finish(&acme(), tag.id, finish).await.unwrap();
    assert_eq!(store.assessment(&acme(), row.id).await.unwrap(), Some(invited.clone()));
    let by = |key: &'static str| async { store.assessments_by(&acme(), &"qualified".into(), key, "inv-7").await.unwrap() };
    assert_eq!(by("invitation_id").await, [invited]);
    assert!(by("attempt_id").await.is_empty());
}

#[tokio::test]
async fn firings_are_counted_per_rule_and_opportunity() {
    let store = store().await;
    for (name, seconds) in [("a", 0), ("b", 100), ("c", 4_000)] {
        let plan = Plan { fired: vec![("pack".into(), "rule".into())], ..effects(Vec::new()) };
        planned(&store, &event(name, "o1", seconds), plan, seconds).await;
    }
    let firings = store.firings(&acme(), &"o1".into(), at(50)).await.unwrap();
    assert_eq!(firings, [("pack".into(), "rule".into(), 2)]);
    assert!(store.firings(&acme(), &"o2".into(), at(0)).await.unwrap().is_empty());
}

#[tokio::test]
async fn open_attempts_are_read_page_by_page_to_the_last() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let names = ["one", "two", "three"];
    let ledger = names.map(|name| Assessment { invite_key: name.into(), ..assessment(name, "o1", Phase::Requested) });
    planned(&store, &cause, Plan { ledger: ledger.to_vec(), ..effects(Vec::new()) }, 0).await;
    let page = |after| {
        let (store, since) = (&store, at(-60));
        async move { store.open_attempts(&acme(), &"qualified".into(), Phase::Requested, since, after, 2).await.unwrap() }
    };
    let first = page(None).await;
    let second = page(first.last().map(|row| row.id)).await;
    assert_eq!((first.len(), second.len()), (2, 1));
    let mut seen: Vec<_> = first.iter().chain(&second).map(|row| row.invite_key.clone()).collect();
    seen.sort();
    assert_eq!(seen, ["one", "three", "two"]);
}
