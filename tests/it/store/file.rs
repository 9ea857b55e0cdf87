//! The file: kept over a restart, one process at a time, groups of commits, rows that cannot be read, a disk that fails.

use super::*;
use leverd::store::{StoreError, Work};
use std::path::Path;
use std::time::Duration;

async fn open(path: &Path) -> Result<Store, StoreError> {
    Store::open(Options { busy_timeout: Duration::from_millis(1), ..Options::path(path) }).await
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leverd.db");
    let store = open(&path).await.unwrap();
    let epoch = store.epoch();
    store.deliver(delivery("t", "{}", 0)).await.unwrap();
    store.claim_deliveries(claim(1)).await.unwrap();
    store.close().await;
    let store = open(&path).await.unwrap();
    assert!(store.epoch() > epoch);
    assert!(store.claim_deliveries(claim(1)).await.unwrap().is_empty(), "still claimed by the process before");
    assert_eq!(store.recover(at(1)).await.unwrap().released, 1);
    assert_eq!(store.claim_deliveries(claim(1)).await.unwrap()[0].delivery, delivery("t", "{}", 0));
}

#[tokio::test]
async fn a_second_opening_of_the_file_is_refused_and_reading_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leverd.db");
    let store = open(&path).await.unwrap();
    let refused = open(&path).await.err().unwrap();
    assert_eq!(refused, StoreError::Locked { path: path.clone() });
    assert!(refused.to_string().contains("leverd.db") && refused.to_string().contains("another leverd process"), "{refused}");
    store.deliver(delivery("t", "{}", 0)).await.unwrap();
    let reader = Store::open(Options::path(&path).read_only()).await.unwrap();
    assert_eq!(reader.accounts().await.unwrap(), [acme()]);
    assert!(matches!(reader.deliver(delivery("u", "{}", 0)).await, Err(StoreError::Unavailable(_))));
    store.close().await;
    assert!(open(&path).await.is_ok());
}

#[tokio::test]
async fn a_file_of_a_newer_leverd_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leverd.db");
    open(&path).await.unwrap().close().await;
    rusqlite::Connection::open(&path).unwrap().execute("INSERT INTO schema_version VALUES (99)", []).unwrap();
    assert!(matches!(open(&path).await.err(), Some(StoreError::Newer { found: 99, .. })));
}

#[tokio::test]
async fn waiting_commits_travel_together() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("leverd.db")).await.unwrap();
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
async fn nothing_is_acknowledged_that_could_not_be_committed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leverd.db");
    let store = open(&path).await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.deliver(delivery("t", "{}", 0)).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Unavailable(why) if why.contains("locked")), "{refused}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.deliver(delivery("t", "{}", 0)).await.unwrap(), Received::Stored, "Lever's retry is no duplicate");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_parked_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leverd.db");
    let store = open(&path).await.unwrap();
    let (bad, good) = (event("bad", "o1", 0), event("good", "o2", 0));
    let (bad_tag, good_tag) = (tag("a", &bad), tag("a", &good));
    planned(&store, &bad, effects(vec![bad_tag.clone()]), 0).await;
    planned(&store, &good, effects(vec![good_tag.clone()]), 0).await;
    arrive(&store, "t", vec![event("broken", "o3", 1), event("whole", "o4", 1)], 1).await;
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute("UPDATE effect SET payload = '{\"id\":' WHERE id = ?1", [bad_tag.id.0.bytes()]).unwrap();
    other.execute("UPDATE event SET payload = 'x' WHERE id = ?1", [event("broken", "o3", 1).id.0.bytes()]).unwrap();
    assert_eq!(sendable(&store, 2).await.len(), 1);
    assert_eq!(next_events(&store, 2).await, ["whole"]);
    let parked = store.parked(None).await.unwrap();
    assert_eq!(parked.len(), 2);
    assert!(parked.iter().all(|row| row.reason.as_ref().unwrap().text.contains("cannot be read")), "{parked:?}");
    assert_eq!(store.notices(None, 9).await.unwrap().len(), 2);
    assert!(store.runs(None, None, 9, at(3)).await.unwrap().iter().any(|run| run.event.id == good.id));
}
