//! The power fails: of the file and its log there is what had reached the disk, up to any byte. The log is cut at the end of each of its
//! frames, in the middle of each, and one bit of it is turned. What was acknowledged before the cut is there, whole; what comes after
//! it is not, not even in part.

use super::*;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::path::{Path, PathBuf};

/// SQLite's: 32 bytes, then frames of 24 bytes and a page.
const LOG_HEADER: usize = 32;
const FRAME: usize = 24 + 4_096;

fn log_of(path: &Path) -> PathBuf {
    path.with_file_name("leverd.db-wal")
}

/// All that the file holds, row by row, as a connection of its own sees it.
fn dump(path: &Path) -> Vec<String> {
    let db = Connection::open(path).unwrap();
    // It must leave no mark: the last connection to close would move the log into the file.
    db.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let mut tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut lines = Vec::new();
    for table in tables {
        let mut rows = db.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let width = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<ValueRef<'_>> = (0..width).map(|n| row.get_ref(n).unwrap()).collect();
            lines.push(format!("{table} {values:?}"));
        }
    }
    lines
}

/// What was acknowledged by the time that the log was so long.
struct Acknowledged {
    log: usize,
    all: Vec<String>,
}

/// Every commit of an event's way, each acknowledged alone.
async fn way(path: &Path) -> Vec<Acknowledged> {
    let store = Store::open(Options::path(path)).await.unwrap();
    let now =
        || Acknowledged { log: usize::try_from(std::fs::metadata(log_of(path)).unwrap().len()).unwrap(), all: dump(path) };
    let mut acknowledged = vec![now()];
    let cause = event("moved", "o1", 0);
    let (tag, note) = (tag("a", &cause), note("n", &cause));
    let delivery = delivery("t", "{}", 0);
    let id = delivery.id;
    store.deliver(delivery).await.unwrap();
    acknowledged.push(now());
    assert_eq!(store.claim_deliveries(claim(0)).await.unwrap().len(), 1);
    acknowledged.push(now());
    store.derive(&acme(), id, Derived::Events(vec![cause.clone()]), at(0)).await.unwrap();
    acknowledged.push(now());
    assert_eq!(store.claim_events(claim(0)).await.unwrap().len(), 1);
    acknowledged.push(now());
    let plan = Plan { ledger: vec![assessment("one", "o1", Phase::Requested)], ..effects(vec![tag.clone(), note.clone()]) };
    store.plan(&acme(), cause.id, run(plan, 1)).await.unwrap();
    acknowledged.push(now());
    assert_eq!(sendable(&store, 1).await.len(), 2);
    acknowledged.push(now());
    for effect in [&tag, &note] {
        let attempt = begin(&store, effect, 1).await;
        acknowledged.push(now());
        store.finish(&acme(), effect.id, Finish::new(attempt, at(2), done())).await.unwrap();
        acknowledged.push(now());
    }
    store.deliver(super::delivery("u", "{}", 3)).await.unwrap();
    acknowledged.push(now());
    // As it lies on the disk while leverd runs: closing it would move the log into the file.
    for file in ["leverd.db", "leverd.db-wal"] {
        std::fs::copy(path.with_file_name(file), path.with_file_name(format!("kept-{file}"))).unwrap();
    }
    store.close().await;
    acknowledged
}

#[tokio::test]
async fn d01_when_the_power_fails_what_was_acknowledged_is_there_and_nothing_is_there_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let acknowledged = way(&folder.path().join("leverd.db")).await;
    let file = std::fs::read(folder.path().join("kept-leverd.db")).unwrap();
    let log = std::fs::read(folder.path().join("kept-leverd.db-wal")).unwrap();
    assert_eq!(log.len(), acknowledged.last().unwrap().log);
    assert_eq!((log.len() - LOG_HEADER) % FRAME, 0, "the log is frames and nothing else");
    let frames = (log.len() - LOG_HEADER) / FRAME;
    let begun = acknowledged[0].log;

    let mut told = BTreeSet::new();
    for frame in 0..=frames {
        let end = LOG_HEADER + frame * FRAME;
        // Up to here, half of the next frame too, and all of the log with a bit of the next frame turned.
        let mut turned = log.clone();
        if let Some(byte) = turned.get_mut(end + FRAME / 2) {
            *byte ^= 1;
        }
        let half = log[..log.len().min(end + FRAME / 2)].to_vec();
        for (kind, left) in [("cut", log[..end].to_vec()), ("half", half), ("turned", turned)] {
            let again = tempfile::tempdir().unwrap();
            let path = again.path().join("leverd.db");
            std::fs::write(&path, &file).unwrap();
            std::fs::write(log_of(&path), left).unwrap();
            let whole = acknowledged.iter().rposition(|then| then.log <= end);
            if let Some(whole) = whole {
                assert!(dump(&path) == acknowledged[whole].all, "{kind} after frame {frame} of {frames}");
                told.insert(whole);
            }
            // And it goes on from there: before anything was acknowledged there is a new store.
            let store = Store::open(Options::path(&path)).await.unwrap();
            store.recover(at(9)).await.unwrap();
            let known = store.deliver(delivery("t", "{}", 9)).await.unwrap();
            let expected = if whole.is_some_and(|whole| whole > 0) { Received::Duplicate } else { Received::Stored };
            assert_eq!(known, expected, "{kind} after frame {frame} of {frames}");
            store.close().await;
        }
    }
    assert!(begun > LOG_HEADER && told.len() == acknowledged.len(), "each commit was the last one once");
}
