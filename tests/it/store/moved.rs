//! The content of a file moves into a database: all of it, once, compared; and what is refused.

use super::*;
use crate::postgres::{Base, server};
use leverd::store::transfer::{Move, Moved, Stage, take_back, transfer};
use leverd::store::{Database, StoreError, Work, copy};
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

const LINE: &str = "store: postgres://leverd@db/leverd";

async fn open(path: &Path) -> Result<Store, StoreError> {
    Store::open(Options::path(path)).await
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leverd.db");
    (folder, path)
}

/// Moves, and has `tell` hear of it.
async fn moved_and(
    path: &Path,
    base: &Base,
    mut tell: impl FnMut(Stage, u64, u64) + Send + 'static,
) -> Result<Moved, StoreError> {
    let (path, database) = (path.to_owned(), Database { url: base.url.clone(), password: None });
    let moving = move || {
        let order = Move { file: &path, database: &database, line: LINE, at: at(600) };
        transfer(&order, &mut tell)
    };
    tokio::task::spawn_blocking(moving).await.unwrap()
}

async fn moved(path: &Path, base: &Base) -> Result<Moved, StoreError> {
    moved_and(path, base, |_, _, _| {}).await
}

/// Breaks a move off when it has done so much.
async fn broken_off(path: &Path, base: &Base, stage: Stage, after: u64) {
    let (path, database) = (path.to_owned(), Database { url: base.url.clone(), password: None });
    let broken = move || {
        let order = Move { file: &path, database: &database, line: LINE, at: at(600) };
        let mut tell = |now: Stage, done: u64, _: u64| {
            if now == stage && done >= after {
                // As a kill, but for the hook that tells of panics.
                std::panic::resume_unwind(Box::new("enough"));
            }
        };
        std::panic::catch_unwind(AssertUnwindSafe(|| transfer(&order, &mut tell))).map(drop)
    };
    assert!(tokio::task::spawn_blocking(broken).await.unwrap().is_err(), "it was not broken off");
}

async fn refused(path: &Path, base: &Base, words: &[&str]) {
    let refused = moved(path, base).await.unwrap_err().to_string();
    assert!(words.iter().all(|word| refused.contains(word)), "{refused}");
}

/// Rows of any kind in every table.
fn fill(path: &Path, rows: i64) -> Vec<(String, i64)> {
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch("BEGIN").unwrap();
    let names = |sql: &str| {
        let mut found = db.prepare(sql).unwrap();
        let found = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        found.collect::<Result<Vec<(String, String)>, _>>().unwrap()
    };
    let mut filled = Vec::new();
    for (table, _) in names("SELECT name, '' FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'") {
        if ["schema_version", "opening", "node", "lease", "pool", "drawn"].contains(&table.as_str()) {
            continue;
        }
        let columns = names(&format!("SELECT name, type FROM pragma_table_info('{table}')"));
        let rows = if columns[0].0 == "one" { 1 } else { rows };
        for n in 1..=rows {
            let values: Vec<rusqlite::types::Value> = columns
                .iter()
                .map(|(name, kind)| match (name.as_str(), kind.as_str()) {
                    ("one", _) => 1.into(),
                    // Not one after the other, as when some were deleted.
                    (_, "INTEGER") => (n * 7).into(),
                    (_, "TEXT") => format!("{} of {n}\0 äöü", name.repeat(1 + usize::from(n == 3) * 200)).into(),
                    _ => [[u8::try_from(n % 250).unwrap(); 16].as_slice(), &n.to_be_bytes()].concat().into(),
                })
                .collect();
            let marks = vec!["?"; values.len()].join(", ");
            db.execute(&format!("INSERT INTO {table} VALUES ({marks})"), rusqlite::params_from_iter(values)).unwrap();
        }
        filled.push((table, rows));
    }
    db.execute_batch("COMMIT").unwrap();
    filled.sort();
    filled
}

async fn made(path: &Path) {
    open(path).await.unwrap().close().await;
}

#[tokio::test]
async fn every_table_moves_and_is_the_same_on_both_sides() {
    let (_folder, path) = place();
    made(&path).await;
    let filled = fill(&path, 30);
    let base = server().database().await;
    let moved = moved(&path, &base).await.unwrap();
    let told: Vec<(String, i64)> = moved.tables.iter().map(|(name, rows)| (name.clone(), rows.cast_signed())).collect();
    assert_eq!(told, filled, "each table of the file");
    assert!(!moved.resumed && moved.rows == filled.iter().map(|(_, rows)| rows.cast_unsigned()).sum::<u64>());
    // As the database tells: no table of it is empty but those about processes and the move.
    let tables =
        base.rows("SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition").await;
    let mut full = BTreeSet::new();
    for table in tables {
        let count = base.rows(&format!("SELECT count(*)::text FROM {table}")).await;
        if count[0] != "0" {
            full.insert(table.clone());
        }
        if let Some((_, rows)) = filled.iter().find(|(name, _)| *name == table) {
            assert_eq!(count[0], rows.to_string(), "{table}");
        } else {
            assert!(
                ["schema_version", "opening", "node", "lease", "pool", "drawn", "transfer"].contains(&table.as_str()),
                "{table} was forgotten"
            );
        }
    }
    assert!(filled.iter().all(|(table, _)| full.contains(table)), "{full:?}");
    let text = base.rows("SELECT code FROM trouble WHERE kind = 14").await;
    assert_eq!(text, ["code of 2\u{fffd} äöü"]);
}

#[tokio::test]
async fn rows_keep_their_order_and_later_ones_come_after_them() {
    let (_folder, path) = place();
    made(&path).await;
    fill(&path, 30);
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("DELETE FROM event WHERE rowid IN (4, 5, 9); UPDATE event SET rowid = 77 WHERE rowid = 30").unwrap();
    let order = |row: &rusqlite::Row<'_>| Ok(format!("{} {}", row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
    let mut before = db.prepare("SELECT rowid, hex(id) FROM event ORDER BY rowid").unwrap();
    let before: Vec<String> = before.query_map([], order).unwrap().map(|row| row.unwrap()).collect();
    let base = server().database().await;
    moved(&path, &base).await.unwrap();
    let after = base.rows("SELECT rowid || ' ' || upper(encode(id, 'hex')) FROM event ORDER BY rowid").await;
    assert_eq!(after, before);
    let insert =
        "INSERT INTO event (account, id, opportunity, at, payload) VALUES ('a', 'b', 'c', 1, 'd') RETURNING rowid::text";
    assert_eq!(base.rows(insert).await, ["78"]);
}

#[tokio::test]
async fn broken_off_anywhere_it_goes_on_and_neither_doubles_nor_loses_a_row() {
    let (_folder, path) = place();
    made(&path).await;
    // More than one piece of each.
    let filled = fill(&path, 6_000);
    let total: u64 = filled.iter().map(|(_, rows)| rows.cast_unsigned()).sum();
    let base = server().database().await;
    for after in [1, 5_000, 6_000, 40_000, total / 2, total] {
        broken_off(&path, &base, Stage::Moving, after).await;
        for refused in [open(&path).await.err().unwrap(), base.open().await.err().unwrap()] {
            assert!(refused.to_string().contains("`leverd store move`"), "{refused}");
        }
    }
    broken_off(&path, &base, Stage::Checking, total / 3).await;
    let moved = moved(&path, &base).await.unwrap();
    assert!(moved.resumed && moved.rows == total);
    for (table, rows) in filled {
        assert_eq!(base.rows(&format!("SELECT count(*)::text FROM {table}")).await, [rows.to_string()], "{table}");
    }
    base.open().await.unwrap().close().await;
    let refused = open(&path).await.err().unwrap().to_string();
    assert!(refused.contains(LINE) && refused.contains("leverd restore"), "{refused}");
}

#[tokio::test]
async fn a_row_that_is_altered_on_the_way_is_found_and_nothing_is_served() {
    let (_folder, path) = place();
    made(&path).await;
    fill(&path, 30);
    let base = server().database().await;
    for (wrong, right) in [
        (
            "UPDATE glimpse SET tags = 'x' WHERE seen = 21",
            "UPDATE glimpse SET tags = decode(repeat('03', 16), 'hex') || int8send(3) WHERE seen = 21",
        ),
        ("DELETE FROM timer WHERE due_at = 35", ""),
    ] {
        let handle = tokio::runtime::Handle::current();
        let altered = base.clone();
        let mut once = Some(wrong);
        let answer = moved_and(&path, &base, move |stage, _, _| {
            if let Some(wrong) = once.take_if(|_| stage == Stage::Checking) {
                handle.block_on(altered.sql(wrong));
            }
        })
        .await;
        let found = answer.unwrap_err().to_string();
        let table = wrong.split(' ').find(|word| ["glimpse", "timer"].contains(word)).unwrap();
        assert!(found.contains(&format!("table `{table}` is not in")) && found.contains("--back"), "{found}");
        assert!(open(&path).await.is_err() && base.open().await.is_err());
        if right.is_empty() {
            // The database is made anew, and the same move begins again.
            base.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
        } else {
            base.sql(right).await;
        }
    }
    assert!(!moved(&path, &base).await.unwrap().resumed);
}

#[tokio::test]
async fn what_was_claimed_is_free_and_what_had_begun_has_an_unknown_outcome() {
    let (_folder, path) = place();
    let store = open(&path).await.unwrap();
    let (first, second) = (event("moved", "ada", 0), event("moved again", "bo", 3));
    let (wants, sent) = (note("result", &first), tag("invited", &first));
    planned(&store, &first, effects(vec![sent.clone(), wants.clone()]), 1).await;
    arrive(&store, "t2", vec![second.clone()], 3).await;
    assert_eq!(next_events(&store, 4).await, ["moved again"]);
    assert_eq!(sendable(&store, 5).await.len(), 2);
    assert!(begin(&store, &sent, 5).await.is_some());
    let long = delivery(&"token".repeat(500), "{}", 6);
    assert_eq!(store.deliver(long.clone()).await.unwrap(), Received::Stored);
    store.close().await;

    let base = server().database().await;
    moved(&path, &base).await.unwrap();
    let store = base.open().await.unwrap();
    store.recover(at(601)).await.unwrap();
    assert_eq!(next_events(&store, 601).await, ["moved again"]);
    let claimed = sendable(&store, 601).await;
    let mut known: Vec<_> = claimed.iter().map(|claimed| (claimed.effect.id == sent.id, claimed.unknown)).collect();
    known.sort_unstable();
    assert_eq!(known, [(false, false), (true, true)], "the note was only claimed");
    assert_eq!(store.deliver(long).await.unwrap(), Received::Duplicate);
    assert!(store.is_open(&acme(), Work::Effect(wants.id)).await.unwrap());
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_the_file_stays_the_store() {
    let (folder, path) = place();
    let store = open(&path).await.unwrap();
    let base = server().database().await;
    refused(&path, &base, &["in use by another leverd process", "stop that one first"]).await;
    arrive(&store, "t", vec![event("moved", "ada", 0)], 1).await;
    store.close().await;

    let full = server().database().await;
    let other = full.open().await.unwrap();
    refused(&path, &full, &["in use by another leverd process"]).await;
    arrive(&other, "t", vec![event("moved", "bo", 0)], 1).await;
    other.close().await;
    refused(&path, &full, &["has content already", "`account`", "give an empty database"]).await;

    let newer = server().database().await;
    newer.sql("CREATE TABLE schema_version (version BIGINT); INSERT INTO schema_version VALUES (99)").await;
    refused(&path, &newer, &["schema version 99", "use the newer leverd"]).await;
    let misfit = server().database().await;
    misfit.open().await.unwrap().close().await;
    misfit.sql("CREATE TABLE bird (name TEXT)").await;
    refused(&path, &misfit, &["do not fit together", "no table `bird`"]).await;
    misfit.sql("DROP TABLE bird; ALTER TABLE timer ADD COLUMN moon TEXT NOT NULL").await;
    refused(&path, &misfit, &["do not fit together", "column `moon` of table `timer`"]).await;
    misfit.sql("ALTER TABLE timer DROP COLUMN moon, DROP COLUMN rule").await;
    refused(&path, &misfit, &["do not fit together", "no column `rule` in table `timer`"]).await;

    let diary = folder.path().join("diary.db");
    rusqlite::Connection::open(&diary).unwrap().execute_batch("CREATE TABLE bird (name TEXT)").unwrap();
    refused(&diary, &base, &["is no store of leverd"]).await;
    let late = folder.path().join("late.db");
    made(&late).await;
    rusqlite::Connection::open(&late).unwrap().execute("INSERT INTO schema_version VALUES (99)", []).unwrap();
    refused(&late, &base, &["schema version 99"]).await;
    // Nothing of all that changed the file.
    open(&path).await.unwrap().close().await;
}

#[tokio::test]
async fn a_move_goes_on_into_its_own_database_only_and_can_be_given_up_until_its_end() {
    let (folder, path) = place();
    made(&path).await;
    fill(&path, 30);
    let (base, other) = (server().database().await, server().database().await);
    let plain = take_back(&path).unwrap_err().to_string();
    assert!(plain.contains("it is the store"), "{plain}");
    broken_off(&path, &base, Stage::Moving, 100).await;
    refused(&path, &other, &[&base.name, "go on with that one", "--back"]).await;
    let second = folder.path().join("second.db");
    made(&second).await;
    refused(&second, &base, &["a part of what another move was to bring"]).await;
    open(&second).await.unwrap().close().await;

    take_back(&path).unwrap();
    open(&path).await.unwrap().close().await;
    let unfinished = base.open().await.err().unwrap().to_string();
    assert!(unfinished.contains("on its way into this database"), "{unfinished}");
    refused(&path, &base, &["drop the database, create it again"]).await;
    assert!(!moved(&path, &other).await.unwrap().resumed);
    let late = take_back(&path).unwrap_err().to_string();
    assert!(late.contains(LINE) && late.contains("leverd restore"), "{late}");
    assert!(moved(&path, &other).await.unwrap().already);
    refused(&path, &server().database().await, &["was moved into the database", LINE]).await;
}

#[tokio::test]
async fn a_copy_of_a_file_that_was_moved_can_be_restored_and_leaves_to_a_person_what_may_have_been_done() {
    let (folder, path) = place();
    let store = open(&path).await.unwrap();
    let first = event("moved", "ada", 0);
    planned(&store, &first, effects(vec![note("result", &first)]), 1).await;
    store.close().await;
    let base = server().database().await;
    moved(&path, &base).await.unwrap();
    let file = folder.path().join("copy.db");
    copy::backup(&path, &file).unwrap();
    let restored = copy::restore(&file, &path, at(700), true, &|_, _| None).unwrap();
    assert_eq!(restored.parked, [(acme(), "effects", 1)]);
    let store = open(&path).await.unwrap();
    assert!(sendable(&store, 800).await.is_empty());
}
