//! The weeks of PostgreSQL's tables: made ahead, caught by `DEFAULT` where they are missing, dropped whole.

use super::*;
use crate::postgres::programs;
use jiff::Timestamp;
use leverd::store::{Retention, Span, StoreError, Work};
use std::process::Command;
use tokio_postgres::NoTls;

/// With the column that the partitions go by.
const TABLES: [(&str, &str); 8] = [
    ("delivery", "id"),
    ("event", "id"),
    ("run", "event"),
    ("effect", "id"),
    ("attempt", "effect"),
    ("attempt_end", "effect"),
    ("settled", "effect"),
    ("closed", "ref"),
];
/// In seconds.
const WEEK: i64 = 7 * 86_400;
/// The Monday on which the suite's morning is.
const MONDAY: i64 = -9 * 3_600;

/// The texts that a question has for an answer.
async fn texts(base: &Base, sql: &str) -> Vec<String> {
    let (client, connection) = tokio_postgres::connect(&base.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn count(base: &Base, table: &str) -> i64 {
    texts(base, &format!("SELECT count(*)::text FROM {table}")).await[0].parse().unwrap()
}

async fn there(base: &Base, table: &str) -> bool {
    texts(base, &format!("SELECT (to_regclass('{table}') IS NOT NULL)::text")).await == ["true"]
}

fn edge(seconds: i64) -> String {
    DeliveryId::derive(at(seconds), &[]).0.to_string()[..12].to_owned()
}

/// `event_20260302`
fn named(table: &str, seconds: i64) -> String {
    format!("{table}_{}", at(seconds).strftime("%Y%m%d"))
}

/// The week that begins then, as the store of that time would have made it.
async fn make_week(base: &Base, monday: i64) {
    for (table, _) in TABLES {
        let (name, from, to) = (named(table, monday), edge(monday), edge(monday + WEEK));
        base.sql(&format!("CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ('\\x{from}') TO ('\\x{to}')")).await;
    }
}

/// Forbids to delete a row of a partitioned table.
async fn forbid_deleting(base: &Base) {
    base.sql("CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''deleted''; END'").await;
    for (table, _) in TABLES {
        base.sql(&format!("CREATE TRIGGER never BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION never()")).await;
    }
}

fn before(seconds: i64) -> Retention {
    Retention { bodies: at(seconds), runs: at(seconds), dedupe: at(seconds), chunk: 100 }
}

/// Deletes until there is nothing left to delete.
async fn retain(store: &Store, retention: Retention) {
    while store.retain(retention).await.unwrap() > 0 {}
}

/// An event with an effect that was sent, and a delivery that led to nothing.
async fn finished(store: &Store, name: &str, opportunity: &str, seconds: i64) -> Event {
    let cause = event(name, opportunity, seconds);
    let tag = tag("a", &cause);
    planned(store, &cause, effects(vec![tag.clone()]), seconds).await;
    sendable(store, seconds + 1).await;
    send(store, &tag, done(), seconds + 1).await;
    let nothing = delivery(&format!("nothing of {name}"), "{}", seconds);
    let id = nothing.id;
    store.deliver(nothing).await.unwrap();
    store.claim_deliveries(claim(seconds)).await.unwrap();
    store.derive(&acme(), id, Derived::Nothing(reason(Code::R9)), at(seconds)).await.unwrap();
    cause
}

/// Seconds from the suite's morning to this moment.
fn today() -> i64 {
    Timestamp::now().duration_since(at(0)).as_secs()
}

/// The Monday of a moment.
fn monday(seconds: i64) -> i64 {
    (seconds - MONDAY).div_euclid(WEEK) * WEEK + MONDAY
}

#[tokio::test]
async fn weeks_stand_ready_before_they_are_needed() {
    let base = server().database().await;
    let store = base.open().await.unwrap();
    let week = monday(today());
    finished(&store, "now", "o1", today()).await;
    for (table, _) in TABLES {
        for ahead in 0..3 {
            assert!(there(&base, &named(table, week + ahead * WEEK)).await, "{table}, {ahead} weeks ahead");
        }
        assert_eq!(count(&base, &format!("{table}_default")).await, 0, "{table}");
        assert!(count(&base, &named(table, week)).await > 0, "{table}");
    }
}

#[tokio::test]
async fn what_has_no_week_is_taken_all_the_same_and_moves_when_there_is_one() {
    let base = server().database().await;
    let store = base.open().await.unwrap();
    let (now, week) = (today(), monday(today()));
    for (table, _) in TABLES {
        base.sql(&format!("DROP TABLE {}", named(table, week))).await;
    }
    let first = finished(&store, "first", "o1", now).await;
    // A clock that is far ahead.
    store.deliver(delivery("ahead", "{}", now + 9 * WEEK)).await.unwrap();
    for (table, _) in TABLES {
        assert!(count(&base, &format!("{table}_default")).await > 0, "{table}");
    }
    retain(&store, before(0)).await;
    for (table, _) in TABLES {
        let left = i64::from(table == "delivery");
        assert_eq!(count(&base, &format!("{table}_default")).await, left, "{table}");
        assert!(count(&base, &named(table, week)).await > 0, "{table}");
    }
    let kept = store.run(&acme(), first.id, at(now + 2)).await.unwrap().unwrap();
    assert_eq!(kept.effects[0].attempts.len(), 1);
    // The order of rows goes on from where it was.
    let second = finished(&store, "second", "o1", now + 5).await;
    let history = store.history(&acme(), &Span::default(), 0, 9).await.unwrap();
    assert_eq!(history.iter().map(|row| row.event.id).collect::<Vec<_>>(), [first.id, second.id]);
}

#[tokio::test]
async fn an_old_week_is_dropped_whole_and_no_row_of_it_is_deleted() {
    let base = server().database().await;
    let store = base.open().await.unwrap();
    make_week(&base, MONDAY).await;
    let old = finished(&store, "old", "o1", 0).await;
    forbid_deleting(&base).await;
    retain(&store, before(MONDAY + WEEK - 1)).await;
    assert!(store.run(&acme(), old.id, at(9)).await.unwrap().is_some(), "some of the week may still be wanted");
    retain(&store, before(MONDAY + WEEK)).await;
    for (table, _) in TABLES {
        assert!(!there(&base, &named(table, MONDAY)).await, "{table}");
    }
    assert!(store.run(&acme(), old.id, at(9)).await.unwrap().is_none());
    assert!(there(&base, &named("event", monday(today()))).await);
}

#[tokio::test]
async fn a_week_with_something_unfinished_stays_and_the_rest_of_it_goes_row_by_row() {
    let base = server().database().await;
    let store = base.open().await.unwrap();
    make_week(&base, MONDAY).await;
    let old = finished(&store, "old", "o1", 0).await;
    let open = event("open", "o2", 2);
    let pending = tag("a", &open);
    planned(&store, &open, effects(vec![pending.clone()]), 2).await;
    let body = delivery("body", "{}", 3);
    store.deliver(body.clone()).await.unwrap();
    let limit = before(MONDAY + WEEK);
    retain(&store, limit).await;
    assert!(store.run(&acme(), old.id, at(9)).await.unwrap().is_none());
    assert_eq!(store.run(&acme(), open.id, at(9)).await.unwrap().unwrap().effects.len(), 1);
    assert!(store.delivery(&acme(), body.id).await.unwrap().is_some());
    assert_eq!(count(&base, &named("event", MONDAY)).await, 1);
    assert_eq!(count(&base, &named("delivery", MONDAY)).await, 1);
    assert_eq!(count(&base, &named("closed", MONDAY)).await, 0);

    forbid_deleting(&base).await;
    store.skip(&acme(), Work::Delivery(body.id), reason(Code::R9), at(9)).await.unwrap();
    let late = WEEK + 9;
    sendable(&store, late).await;
    send(&store, &pending, done(), late).await;
    retain(&store, limit).await;
    assert!(!there(&base, &named("event", MONDAY)).await && !there(&base, &named("delivery", MONDAY)).await);
}

#[tokio::test]
async fn a_week_in_which_something_was_planned_later_stays_as_long_as_that() {
    let base = server().database().await;
    let store = base.open().await.unwrap();
    make_week(&base, MONDAY).await;
    let cause = event("late", "o1", 0);
    let (tag, late) = (tag("a", &cause), 2 * WEEK);
    arrive(&store, "t", vec![cause.clone()], 0).await;
    next_events(&store, late).await;
    store.plan(&acme(), cause.id, run(effects(vec![tag.clone()]), late)).await.unwrap();
    sendable(&store, late).await;
    send(&store, &tag, done(), late).await;
    retain(&store, before(late)).await;
    assert!(store.run(&acme(), cause.id, at(late)).await.unwrap().is_some());
    retain(&store, before(late + 1)).await;
    assert!(!there(&base, &named("event", MONDAY)).await);
}

#[tokio::test]
async fn a_week_that_somebody_reads_is_dropped_another_time_and_nobody_waits_for_it() {
    let base = server().database().await;
    let store = base.open().await.unwrap();
    make_week(&base, MONDAY).await;
    finished(&store, "old", "o1", 0).await;
    let (client, connection) = tokio_postgres::connect(&base.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("BEGIN; SELECT count(*) FROM delivery; SELECT count(*) FROM effect").await.unwrap();
    let limit = before(MONDAY + WEEK);
    retain(&store, limit).await;
    assert_eq!(count(&base, &named("delivery", MONDAY)).await, 2, "it goes whole or not at all");
    assert!(there(&base, &named("event", MONDAY)).await);
    let patience = texts(&base, "SELECT count(*)::text FROM pg_locks WHERE NOT granted").await;
    assert_eq!(patience, ["0"]);
    assert_eq!(store.deliver(delivery("next", "{}", 9)).await.unwrap(), Received::Stored);
    client.batch_execute("COMMIT").await.unwrap();
    store.claim_deliveries(claim(9)).await.unwrap();
    store.skip(&acme(), Work::Delivery(delivery("next", "{}", 9).id), reason(Code::R9), at(9)).await.unwrap();
    retain(&store, limit).await;
    assert!(!there(&base, &named("delivery", MONDAY)).await && !there(&base, &named("event", MONDAY)).await);
}

#[tokio::test]
async fn several_nodes_that_make_and_drop_weeks_at_once_do_not_fail_each_other() {
    let base = server().database().await;
    let (one, other) = (base.open().await.unwrap(), base.open().await.unwrap());
    let weeks = 6;
    for week in 0..weeks {
        make_week(&base, MONDAY + week * WEEK).await;
        finished(&one, &format!("old {week}"), &format!("o{week}"), week * WEEK).await;
    }
    for (table, _) in TABLES {
        base.sql(&format!("DROP TABLE {}", named(table, monday(today())))).await;
    }
    let limit = before(MONDAY + weeks * WEEK);
    let traffic = async {
        for n in 0..40 {
            assert_eq!(one.deliver(delivery(&format!("t{n}"), "{}", today())).await?, Received::Stored);
            assert_eq!(other.deliver(delivery(&format!("u{n}"), "{}", today())).await?, Received::Stored);
        }
        Ok::<_, StoreError>(())
    };
    let node = |store: Store| async move {
        for _ in 0..20 {
            store.retain(limit).await?;
        }
        Ok::<_, StoreError>(())
    };
    let (first, second, third) = tokio::join!(node(one.clone()), node(other.clone()), traffic);
    assert_eq!((first, second, third), (Ok(()), Ok(()), Ok(())));
    for week in 0..weeks {
        assert!(!there(&base, &named("event", MONDAY + week * WEEK)).await, "{week}");
    }
    assert_eq!(count(&base, &named("delivery", monday(today()))).await, 80);
}

/// Runs what `pg_dump` wrote.
fn restore(base: &Base, file: &std::path::Path) {
    let mut psql = Command::new(programs().join("psql"));
    let made = psql.args(["-q", "-v", "ON_ERROR_STOP=1", "-f"]).arg(file).arg(&base.url).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[tokio::test]
async fn a_dump_is_restored_with_its_weeks_and_goes_on() {
    let (base, copy) = (server().database().await, server().database().await);
    let store = base.open().await.unwrap();
    make_week(&base, MONDAY).await;
    finished(&store, "old", "o1", 0).await;
    let open = event("open", "o2", today());
    let pending = tag("a", &open);
    planned(&store, &open, effects(vec![pending.clone()]), today()).await;
    store.close().await;
    let dump = Command::new(programs().join("pg_dump")).arg(&base.url).output().unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dump.sql");
    std::fs::write(&file, dump.stdout).unwrap();
    restore(&copy, &file);

    let bounds = "SELECT c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid) FROM pg_class c WHERE c.relispartition AND c.relkind = 'r' ORDER BY 1";
    assert_eq!(texts(&copy, bounds).await, texts(&base, bounds).await);
    let store = copy.open().await.unwrap();
    store.recover(at(today())).await.unwrap();
    assert_eq!(sendable(&store, today()).await[0].effect, pending);
    let next = finished(&store, "next", "o3", today()).await;
    let history = store.history(&acme(), &Span::default(), 0, 9).await.unwrap();
    assert_eq!(history.last().unwrap().event.id, next.id, "rows are counted on");
    retain(&store, before(MONDAY + WEEK)).await;
    assert!(!there(&copy, &named("event", MONDAY)).await);
}

#[tokio::test]
async fn who_knows_an_id_looks_into_one_week_and_whoever_pages_goes_by_an_index() {
    let base = server().database().await;
    let _store = base.open().await.unwrap();
    for week in 0..3 {
        make_week(&base, MONDAY + week * WEEK).await;
    }
    let id = format!("'\\x{:0<32}'", edge(MONDAY + WEEK + 9));
    let plan = async |sql: &str| {
        let (client, connection) = tokio_postgres::connect(&base.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        // The tables are empty: without this, reading them whole would be best.
        client.batch_execute("SET enable_seqscan = off; SET enable_bitmapscan = off").await.unwrap();
        let sql = sql.replace("{id}", &id);
        let rows = client.query(&format!("EXPLAIN (COSTS OFF) {sql}"), &[]).await.unwrap();
        rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join("\n")
    };
    for sql in [
        "SELECT body FROM delivery WHERE account = 'acme' AND id = {id}",
        "SELECT payload FROM event WHERE account = 'acme' AND id = {id}",
        "SELECT e.payload, r.asked FROM effect e LEFT JOIN ready r ON r.account = e.account AND r.kind = 2 AND r.ref = e.id \
         WHERE e.account = 'acme' AND e.id = {id}",
        "SELECT r.facts, e.payload FROM run r JOIN event e ON e.account = r.account AND e.id = r.event \
         WHERE r.account = 'acme' AND r.event = {id}",
        "SELECT a.number, e.outcome FROM attempt a LEFT JOIN attempt_end e ON e.account = a.account AND e.effect = a.effect \
         AND e.number = a.number WHERE a.account = 'acme' AND a.effect = {id} ORDER BY a.number",
        "UPDATE settled SET outcome = '' WHERE account = 'acme' AND effect = {id}",
    ] {
        let plan = plan(sql).await;
        let other = ["_default", "_undated", "20260302", "20260316"];
        assert!(plan.contains("Index") && plan.contains("20260309"), "{sql}\n{plan}");
        assert!(!plan.contains("Seq Scan") && !other.iter().any(|name| plan.contains(name)), "{sql}\n{plan}");
    }
    for table in ["run", "event", "effect"] {
        let sql = format!("SELECT rowid FROM {table} WHERE account = 'acme' AND rowid > 7 ORDER BY rowid LIMIT 9");
        let plan = plan(&sql).await;
        assert!(plan.contains("Merge Append") && plan.contains("account_rowid") && !plan.contains("Sort\n"), "{sql}\n{plan}");
    }
}

/// Released schemas are kept as `kept/postgres-NNNN.sql`, each the output of `pg_dump` of a store with something in it.
#[tokio::test]
async fn a_store_of_any_earlier_version_is_brought_up_to_date() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let migrations = std::fs::read_dir(root.join("src/store/postgres")).unwrap();
    let latest = migrations.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "sql")).count();
    let fresh = server().database().await;
    fresh.open().await.unwrap().close().await;
    // There is one version so far: nothing to keep until there is a second.
    for version in 1..latest {
        let file = root.join(format!("tests/it/store/kept/postgres-{version:04}.sql"));
        assert!(file.exists(), "no copy of version {version} is kept: `pg_dump` a store of it into {}", file.display());
        let base = server().database().await;
        restore(&base, &file);
        let store = base.open().await.unwrap();
        assert!(!store.accounts().await.unwrap().is_empty(), "version {version}");
        assert_eq!(shape(&base).await, shape(&fresh).await, "version {version}");
    }
}

/// Columns and indexes of all tables but the weeks, which differ from store to store.
async fn shape(base: &Base) -> Vec<String> {
    let sql = "SELECT c.relname || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull FROM pg_class c \
               JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
               WHERE c.relnamespace = current_schema()::regnamespace AND c.relname !~ '_20[0-9]{6}' \
               UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename !~ '_20[0-9]{6}' ORDER BY 1";
    texts(base, sql).await
}
