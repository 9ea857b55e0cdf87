//! Copies of the stores of every version, in `kept/`: each is opened by this leverd, which goes on where that one stopped.
//!
//! A copy is never changed. `UPDATE=1` writes the one of a version that has none yet, which is the newest.

use super::*;
use leverd::model::{Notice, NoticeId, NoticeKind, Sealed};
use leverd::store::{EffectState, SigningToken, Work};
use rusqlite::Connection;
use std::fmt::Write as _;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every migration, in order.
fn migrations() -> Vec<String> {
    let folder = std::fs::read_dir(root().join("src/store/sqlite")).unwrap();
    let files = folder.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "sql")).collect();
    files.sort();
    files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

fn copy_of(version: usize) -> PathBuf {
    root().join(format!("tests/it/store/kept/sqlite-{version:04}.sql"))
}

/// Every version with its copy.
fn copies() -> Vec<(usize, String)> {
    let read = |version: usize| {
        let path = copy_of(version);
        let why =
            || panic!("no copy of version {version} is kept: `UPDATE=1 cargo test --test it kept::` writes {}", path.display());
        (version, std::fs::read_to_string(&path).unwrap_or_else(|_| why()))
    };
    (1..=migrations().len()).map(read).collect()
}

fn texts(db: &Connection, sql: &str) -> Vec<String> {
    let mut found = db.prepare(sql).unwrap();
    found.query_map([], |row| row.get(0)).unwrap().map(|text| text.unwrap()).collect()
}

fn tables(db: &Connection) -> Vec<String> {
    texts(db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid")
}

fn columns(db: &Connection, table: &str) -> Vec<String> {
    texts(db, &format!("SELECT name FROM pragma_table_info('{table}')"))
}

/// The rows of a table as values of SQL, of these columns.
fn rows(db: &Connection, table: &str, columns: &[String]) -> Vec<String> {
    let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
    texts(db, &format!("SELECT {} FROM {table}", quoted.join(" || ', ' || ")))
}

fn schema(db: &Connection) -> Vec<String> {
    let sql = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1";
    texts(db, sql).iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// The store of which the copies are made: something in each table.
async fn make(path: &Path) {
    let store = Store::open(Options::path(path)).await.unwrap();
    let (past, open) = (event("past", "o1", 0), event("open", "o2", 2));
    let sent = tag("sent", &past);
    let ledger = Assessment {
        ids: BTreeMap::from([("candidate".to_owned(), "c-7".to_owned())]),
        ..assessment("one", "o1", Phase::Invited)
    };
    let plan = Plan {
        ledger: vec![ledger],
        later: vec![timer("remind", &past, 9_000)],
        fired: vec![("pack".into(), "rule".into())],
        ..effects(vec![sent.clone()])
    };
    planned(&store, &past, plan, 0).await;
    sendable(&store, 1).await;
    send(&store, &sent, done(), 1).await;
    // One that was begun and never ended, and one that waits for it.
    let begun = note("begun", &open);
    let behind = stage_move("offer", &open, &[&begun]);
    planned(&store, &open, effects(vec![begun.clone(), behind]), 2).await;
    sendable(&store, 3).await;
    begin(&store, &begun, 3).await;
    let moved = event("moved", "o4", 4);
    let own = stage_move("hired", &moved, &[]);
    planned(&store, &moved, effects(vec![own.clone()]), 4).await;
    sendable(&store, 4).await;
    begin(&store, &own, 4).await;
    store.finish(&acme(), own.id, Finish::new(Some(1), at(5), done())).await.unwrap();
    arrive(&store, "next", vec![event("next", "o3", 5)], 5).await;
    for (name, derived) in [("parked", Derived::Park(reason(Code::R9))), ("nothing", Derived::Nothing(reason(Code::R9)))] {
        let one = delivery(name, "{}", 6);
        store.deliver(one.clone()).await.unwrap();
        store.claim_deliveries(claim(6)).await.unwrap();
        store.derive(&acme(), one.id, derived, at(6)).await.unwrap();
    }
    store.deliver(delivery("waiting", "{}", 7)).await.unwrap();
    let notice = Notice::new(NoticeId::derive(at(7), &["told"]), NoticeKind::Alert, "told".to_owned(), at(7));
    store.notice(&acme(), notice).await.unwrap();
    store.activate(&acme(), vec!["pack".into()], at(0)).await.unwrap();
    store.set_cursor(&acme(), "poll", "7").await.unwrap();
    store.keep_ruleset("hash", b"rules".to_vec(), vec![("file".to_owned(), b"text".to_vec())]).await.unwrap();
    let token = SigningToken {
        event: LeverEvent::CandidateStageChange,
        webhook: "w1".into(),
        url: "https://example.com/hooks/lever/acme/candidateStageChange".into(),
        token: Sealed { key: "k".into(), bytes: b"sealed".to_vec() },
        created_at: at(0),
    };
    store.keep_signing_token(&acme(), token).await.unwrap();
    store.close().await;
    let db = Connection::open(path).unwrap();
    for sql in [
        "INSERT INTO refusal VALUES ('acme', 'wrong signature', 1772442000000, 3)",
        "INSERT INTO purged VALUES ('acme', 'o9', 1772442000000)",
        "INSERT INTO placed VALUES ('acme', 'o1', '{\"note\":\"k\"}', '{\"id\":\"n-1\",\"digest\":\"d\"}')",
        "INSERT INTO glimpse VALUES ('acme', 'o1', 1772442000000, NULL, '[]', 0, NULL, NULL, X'0102030405060708')",
        "INSERT INTO token VALUES ('acme', 'lever', 'k', X'01', 'k', X'02', 's', 1772449200000, 1772442000000, 1, 0, NULL)",
        "INSERT INTO login VALUES ('acme', 0, 'h', NULL, 1772449200000, NULL)",
        "INSERT INTO deed VALUES ('acme', X'019cad3c108000000000000000000001', 1772442000000, 'ada', 'console', 'retry', 'x')",
        "INSERT INTO restored VALUES (1, 1772441000000, 1772441500000)",
        "INSERT INTO node VALUES (1, 'one', '0.1.0', 's', '7 7', 1772441000000, 1772441000000, 0)",
        "INSERT INTO lease VALUES ('acme', 0, 1772441000000, 0)",
        "INSERT INTO pool VALUES ('c', 1000000, 1772441000000)",
        "INSERT INTO drawn VALUES ('c', 1, 1)",
    ] {
        db.execute(sql, []).unwrap();
    }
}

/// Writes the copy of a version: its migrations, and of the rows what it had room for.
async fn write(version: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leverd.db");
    make(&path).await;
    let (from, to) = (Connection::open(&path).unwrap(), Connection::open_in_memory().unwrap());
    to.execute_batch("CREATE TABLE schema_version (version INTEGER PRIMARY KEY) STRICT").unwrap();
    migrations().iter().take(version).for_each(|migration| to.execute_batch(migration).unwrap());
    let made = texts(&to, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid");
    let mut text = format!("-- A store of version {version}.\n{};\n", made.join(";\n"));
    for table in tables(&to) {
        let columns = columns(&to, &table);
        for row in rows(&from, &table, &columns).iter().take(if table == "schema_version" { version } else { usize::MAX }) {
            writeln!(text, "INSERT INTO {table} ({}) VALUES ({row});", columns.join(", ")).unwrap();
        }
    }
    std::fs::create_dir_all(copy_of(version).parent().unwrap()).unwrap();
    std::fs::write(copy_of(version), text).unwrap();
}

#[tokio::test]
async fn a_copy_of_each_version_is_kept_with_rows_in_every_table() {
    if std::env::var_os("UPDATE").is_some() {
        for version in (1..=migrations().len()).filter(|version| !copy_of(*version).exists()) {
            write(version).await;
        }
    }
    for (version, copy) in copies() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(&copy).unwrap();
        assert_eq!(texts(&db, "SELECT CAST(max(version) AS TEXT) FROM schema_version"), [version.to_string()]);
        let of_then = Connection::open_in_memory().unwrap();
        of_then.execute_batch("CREATE TABLE schema_version (version INTEGER PRIMARY KEY) STRICT").unwrap();
        migrations().iter().take(version).for_each(|migration| of_then.execute_batch(migration).unwrap());
        assert_eq!(schema(&db), schema(&of_then), "version {version}: a migration that was released is not changed");
        for table in tables(&db) {
            assert!(!rows(&db, &table, &columns(&db, &table)).is_empty(), "version {version}: {table}");
        }
    }
}

#[tokio::test]
async fn a_store_of_any_earlier_version_is_opened_and_work_goes_on_where_it_stopped() {
    let fresh = home().await;
    fresh.open().await.unwrap().close().await;
    let fresh = schema(&Connection::open(&fresh.path).unwrap());
    for (version, copy) in copies() {
        let home = home().await;
        let db = Connection::open(&home.path).unwrap();
        db.execute_batch(&copy).unwrap();
        let held = tables(&db).into_iter().filter(|table| !matches!(table.as_str(), "opening" | "schema_version"));
        let before: Vec<_> = held.map(|table| (columns(&db, &table), table)).collect();
        let content = |db: &Connection| before.iter().map(|(columns, table)| rows(db, table, columns)).collect::<Vec<_>>();
        let was = content(&db);
        drop(db);
        let store = home.open().await.unwrap_or_else(|error| panic!("version {version}: {error}"));
        let db = Connection::open(&home.path).unwrap();
        assert_eq!(content(&db), was, "version {version}");
        assert_eq!(schema(&db), fresh, "version {version}");
        goes_on(&store, version).await;
    }
}

/// What any store must do that was made by [`make`].
async fn goes_on(store: &Store, version: usize) {
    let open = event("open", "o2", 2);
    let (begun, now) = (note("begun", &open), 100);
    assert_eq!(store.epoch(), 2, "version {version}");
    let unknown = store.recover(at(now)).await.unwrap().unknown;
    assert_eq!(unknown, [(acme(), begun.id)], "version {version}");
    let deliveries = store.claim_deliveries(claim(now)).await.unwrap();
    assert_eq!(deliveries.iter().map(|row| row.delivery.dedupe.as_str()).collect::<Vec<_>>(), ["waiting"]);
    assert_eq!(next_events(store, now).await, ["next"]);
    let effects = sendable(store, now).await;
    assert!(effects.len() == 1 && effects[0].unknown && effects[0].effect == begun, "version {version}: {effects:?}");
    store.finish(&acme(), begun.id, Finish::new(Some(1), at(now), done())).await.unwrap();
    assert_eq!(sendable(store, now).await[0].effect.id, stage_move("offer", &open, &[]).id, "what waited for it goes next");
    assert_eq!(store.deliver(delivery("waiting", "{}", now)).await.unwrap(), Received::Duplicate);

    let past = store.run(&acme(), event("past", "o1", 0).id, at(now)).await.unwrap().unwrap();
    assert!(past.effects.len() == 1 && past.effects[0].state == EffectState::Done, "version {version}: {past:?}");
    let ledger = store.ledger(&acme(), &"o1".into(), None).await.unwrap();
    assert_eq!(
        ledger.iter().map(|row| (row.id, row.phase)).collect::<Vec<_>>(),
        [(assessment("one", "o1", Phase::Invited).id, Phase::Invited)]
    );
    let polled = store.open_attempts(&acme(), &"qualified".into(), Phase::Invited, at(-9), None, 9).await.unwrap();
    assert_eq!(polled, ledger, "version {version}");
    assert_eq!(store.assessments_by(&acme(), &"qualified".into(), "candidate", "c-7").await.unwrap(), ledger);
    let parked: Vec<Work> = store.parked(None).await.unwrap().iter().map(|row| row.work).collect();
    assert_eq!(parked, [Work::Delivery(delivery("parked", "{}", 6).id)]);
    assert_eq!(store.notices(None, 9).await.unwrap().len(), 2, "version {version}");
    assert_eq!(store.ruleset("hash").await.unwrap().as_deref(), Some(b"rules".as_slice()));
    assert_eq!(store.cursor(&acme(), "poll").await.unwrap().as_deref(), Some("7"));
    assert_eq!(store.baselines(&acme()).await.unwrap(), [("pack".into(), at(0))]);
    assert_eq!(store.signing_tokens(&acme()).await.unwrap().len(), 1);
    assert_eq!(store.fire_timers(claim(9_000)).await.unwrap(), 1);
    assert_eq!(store.end_caution().await.unwrap(), version >= 7);
}
