//! Kept over a restart, one process at a time, groups of commits, rows that cannot be read.

use super::*;
use leverd::store::{StoreError, Work};

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let home = home().await;
    let store = home.open().await.unwrap();
    let epoch = store.epoch();
    store.deliver(delivery("t", "{}", 0)).await.unwrap();
    store.claim_deliveries(claim(1)).await.unwrap();
    store.close().await;
    let store = home.open().await.unwrap();
    assert!(store.epoch() > epoch);
    assert!(store.claim_deliveries(claim(1)).await.unwrap().is_empty(), "still claimed by the process before");
    assert_eq!(store.recover(at(1)).await.unwrap().released, 1);
    assert_eq!(store.claim_deliveries(claim(1)).await.unwrap()[0].delivery, delivery("t", "{}", 0));
}

#[tokio::test]
async fn beside_the_one_that_writes_others_read() {
    let home = home().await;
    let store = home.open().await.unwrap();
    store.deliver(delivery("t", "{}", 0)).await.unwrap();
    let reader = home.look().await.unwrap();
    assert_eq!(reader.accounts().await.unwrap(), [acme()]);
    assert!(matches!(reader.deliver(delivery("u", "{}", 0)).await, Err(StoreError::Unavailable(_))));
    store.close().await;
    assert!(home.open().await.is_ok());
}

#[tokio::test]
async fn a_store_of_a_newer_leverd_is_refused() {
    let home = home().await;
    home.open().await.unwrap().close().await;
    home.sql("INSERT INTO schema_version VALUES (99)").await;
    assert!(matches!(home.open().await.err(), Some(StoreError::Newer { found: 99, .. })));
    assert!(matches!(home.look().await.err(), Some(StoreError::Newer { found: 99, .. })));
}

#[tokio::test]
async fn there_is_nothing_to_look_into_before_it_was_made() {
    assert!(matches!(home().await.look().await.err(), Some(StoreError::Unavailable(_) | StoreError::Unmade { .. })));
}

#[tokio::test]
async fn waiting_commits_travel_together() {
    let home = home().await;
    let store = home.open().await.unwrap();
    let (commits, operations) = store.commits();
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { store.deliver(delivery(&format!("t{n}"), "{}", 0)).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), Received::Stored);
    }
    let (after, all) = store.commits();
    assert_eq!(all - operations, 200);
    assert!(after - commits < 100, "{} commits", after - commits);
}

#[tokio::test]
async fn an_operation_that_fails_does_not_undo_its_neighbours() {
    let store = store().await;
    let account = acme();
    let bad = store.retry(&account, Work::Event(event("none", "o1", 0).id), at(0));
    let (bad, good) = tokio::join!(bad, store.deliver(delivery("t", "{}", 0)));
    assert!(matches!(bad, Err(StoreError::NotFound(_))));
    assert_eq!(good.unwrap(), Received::Stored);
    assert_eq!(store.claim_deliveries(claim(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_parked_alone() {
    let home = home().await;
    let store = home.open().await.unwrap();
    let (bad, good) = (event("bad", "o1", 0), event("good", "o2", 0));
    let (bad_tag, good_tag) = (tag("a", &bad), tag("a", &good));
    planned(&store, &bad, effects(vec![bad_tag.clone()]), 0).await;
    planned(&store, &good, effects(vec![good_tag.clone()]), 0).await;
    arrive(&store, "t", vec![event("broken", "o3", 1), event("whole", "o4", 1)], 1).await;
    home.sql("UPDATE effect SET payload = '{\"id\":' WHERE opportunity = 'o1'").await;
    home.sql("UPDATE event SET payload = 'x' WHERE opportunity = 'o3'").await;
    assert_eq!(sendable(&store, 2).await.len(), 1);
    assert_eq!(next_events(&store, 2).await, ["whole"]);
    let parked = store.parked(None).await.unwrap();
    assert_eq!(parked.len(), 2);
    assert!(parked.iter().all(|row| row.reason.as_ref().unwrap().text.contains("cannot be read")), "{parked:?}");
    assert_eq!(store.notices(None, 9).await.unwrap().len(), 2);
    assert!(store.runs(None, None, 9, at(3)).await.unwrap().iter().any(|run| run.event.id == good.id));
}

#[tokio::test]
async fn a_text_may_hold_any_character() {
    let store = store().await;
    let odd = Delivery { dedupe: "a\0b".to_owned(), body: b"{\0}".to_vec(), ..delivery("t", "{}", 0) };
    assert_eq!(store.deliver(odd.clone()).await.unwrap(), Received::Stored);
    assert_eq!(store.deliver(odd).await.unwrap(), Received::Duplicate);
    let cause = event("nul \0", "o1", 0);
    planned(&store, &cause, effects(vec![note("\0", &cause)]), 0).await;
    assert_eq!(sendable(&store, 1).await[0].effect, note("\0", &cause));
    store.purge_opportunity(&acme(), &"o1".into(), at(2)).await.unwrap();
}

#[tokio::test]
async fn what_a_stranger_names_may_be_long() {
    let store = store().await;
    // Nothing that could be made shorter.
    let long: String = (0..400).map(|n| EventId::derive(at(n), &["long"]).to_string()).collect();
    let longer = format!("{long}!");
    for (dedupe, answer) in [(&long, Received::Stored), (&long, Received::Duplicate), (&longer, Received::Stored)] {
        assert_eq!(store.deliver(Delivery { dedupe: dedupe.clone(), ..delivery(dedupe, "{}", 0) }).await.unwrap(), answer);
    }
    let cause = event("a", "o1", 1);
    let ids = BTreeMap::from([("invitation_id".to_owned(), long.clone())]);
    let row = Assessment { ids, ..assessment("one", "o1", Phase::Invited) };
    let note = note("n", &cause);
    planned(&store, &cause, Plan { ledger: vec![row.clone()], ..effects(vec![note.clone()]) }, 1).await;
    let found = |value: String| {
        let store = store.clone();
        async move { store.assessments_by(&acme(), &"qualified".into(), "invitation_id", &value).await.unwrap() }
    };
    assert_eq!(found(long.clone()).await, [row]);
    assert_eq!(found(longer).await, []);
    sendable(&store, 2).await;
    let placed = leverd::model::Placed { id: "n1".into(), digest: String::new(), old: Vec::new() };
    let slot = Slot::Tag(long);
    let mut finish = Finish::new(begin(&store, &note, 2).await, at(2), done());
    finish.placed = Some((slot.clone(), Some(placed.clone())));
    store.finish(&acme(), note.id, finish).await.unwrap();
    assert_eq!(store.placed(&acme(), &"o1".into(), &slot).await.unwrap(), Some(placed));
}
