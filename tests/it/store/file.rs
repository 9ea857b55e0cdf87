//! The file of SQLite: who has it, and a disk that fails.

use super::*;
use leverd::store::StoreError;
use std::path::Path;
use std::time::Duration;

async fn open(path: &Path) -> Result<Store, StoreError> {
    Store::open(Options { busy_timeout: Duration::from_millis(1), ..Options::path(path) }).await
}

#[tokio::test]
async fn a_second_opening_of_the_file_says_which_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leverd.db");
    let _store = open(&path).await.unwrap();
    let refused = open(&path).await.err().unwrap();
    assert_eq!(refused, StoreError::Locked { path: path.clone() });
    assert!(refused.to_string().contains("leverd.db") && refused.to_string().contains("another leverd process"), "{refused}");
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
async fn a_purge_of_much_leaves_nothing_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leverd.db");
    let store = Store::open(Options::path(&path)).await.unwrap();
    for n in 0..8 {
        let cause = event(&format!("e{n}"), "o1", n);
        let mut delivery = delivery(&n.to_string(), "", n);
        delivery.body = "ada@example.com ".repeat(4_000).into_bytes();
        let id = delivery.id;
        store.deliver(delivery).await.unwrap();
        store.claim_deliveries(claim(n)).await.unwrap();
        store.derive(&acme(), id, Derived::Events(vec![cause]), at(n)).await.unwrap();
    }
    store.purge_opportunity(&acme(), &"o1".into(), at(9)).await.unwrap();
    store.close().await;
    let bytes = std::fs::read(&path).unwrap();
    let left = bytes.windows(16).filter(|window| *window == b"ada@example.com ").count();
    assert_eq!(left, 0);
}
