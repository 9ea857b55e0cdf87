//! The session with PostgreSQL: lost at any moment, made again. What was acknowledged is there; what was not is asked for again, and
//! nothing stays in the hands of nobody.

use super::*;
use crate::postgres::Cutter;
use leverd::store::{StoreError, Work};

fn unavailable<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Err(StoreError::Unavailable(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_session_that_was_ended_is_made_again() {
    let base = server().database().await;
    let store = base.open().await.unwrap();
    store.deliver(delivery("t", "{}", 0)).await.unwrap();
    assert_eq!(store.accounts().await.unwrap(), [acme()]);
    server().cut(&base).await;
    assert_eq!(store.deliver(delivery("u", "{}", 0)).await.unwrap(), Received::Stored);
    assert_eq!(store.accounts().await.unwrap(), [acme()]);
    assert_eq!(store.runs(None, None, 9, at(1)).await.unwrap(), []);
    assert_eq!(store.claim_deliveries(claim(1)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn while_the_database_is_away_nothing_is_acknowledged_and_its_return_is_noticed() {
    let base = server().database().await;
    let cutter = Cutter::before(server(), &base);
    let store = cutter.base.open().await.unwrap();
    cutter.away(true);
    server().cut(&base).await;
    let why = unavailable(store.deliver(delivery("t", "{}", 0)).await);
    assert!(why.contains(&base.name), "{why}");
    unavailable(store.accounts().await);
    cutter.away(false);
    assert_eq!(store.deliver(delivery("t", "{}", 0)).await.unwrap(), Received::Stored, "Lever's retry is no duplicate");
    assert_eq!(store.accounts().await.unwrap(), [acme()]);
}

#[tokio::test]
async fn a_commit_that_never_reached_the_database_is_told_as_none() {
    let base = server().database().await;
    let cutter = Cutter::before(server(), &base);
    let store = cutter.base.open().await.unwrap();
    cutter.cut_commit(false);
    unavailable(store.deliver(delivery("t", "{}", 0)).await);
    assert_eq!(store.deliver(delivery("t", "{}", 0)).await.unwrap(), Received::Stored);
}

#[tokio::test]
async fn a_commit_whose_answer_got_lost_is_told_as_what_it_was() {
    let base = server().database().await;
    let cutter = Cutter::before(server(), &base);
    let store = cutter.base.open().await.unwrap();
    cutter.cut_commit(true);
    assert_eq!(store.deliver(delivery("t", "{}", 0)).await.unwrap(), Received::Stored);
    cutter.cut_commit(true);
    assert_eq!(store.claim_deliveries(claim(1)).await.unwrap().len(), 1);
    assert_eq!(store.deliver(delivery("t", "{}", 0)).await.unwrap(), Received::Duplicate);
}

#[tokio::test]
async fn what_a_commit_took_that_nobody_was_told_of_is_given_back() {
    let base = server().database().await;
    let cutter = Cutter::before(server(), &base);
    let store = cutter.base.open().await.unwrap();
    let cause = event("a", "o1", 0);
    let (sent, other) = (note("n", &cause), note("m", &cause));
    planned(&store, &cause, effects(vec![sent.clone(), other.clone()]), 0).await;

    cutter.cut_commit(true);
    cutter.away_after_cut();
    unavailable(store.claim_effects(claim(1)).await);
    cutter.away(false);
    let claimed = sendable(&store, 1).await;
    assert_eq!(claimed.iter().map(|row| (row.unknown, row.tries)).collect::<Vec<_>>(), [(false, 1), (false, 1)]);

    cutter.cut_commit(true);
    cutter.away_after_cut();
    unavailable(store.begin(&acme(), vec![sent.id], store.epoch(), at(2)).await);
    cutter.away(false);
    let claimed = sendable(&store, 3).await;
    assert_eq!(
        claimed.iter().map(|row| (row.effect.id, row.unknown)).collect::<Vec<_>>(),
        [(sent.id, true)],
        "looked up first"
    );
    store.release(&acme(), Work::Effect(other.id)).await.unwrap();
}

#[tokio::test]
async fn the_number_of_a_lost_transaction_may_be_anothers_after_a_crash_of_the_server() {
    let server = crate::postgres::Server::own();
    let base = server.database().await;
    let cutter = Cutter::before(&server, &base);
    let store = cutter.base.open().await.unwrap();
    let cause = event("a", "o1", 0);
    let (sent, other) = (note("n", &cause), note("m", &cause));
    planned(&store, &cause, effects(vec![sent.clone(), other.clone()]), 0).await;
    sendable(&store, 1).await;
    // What is not committed is not written down, so the number is forgotten.
    base.sql("CREATE TABLE stranger (x BIGINT)").await;
    base.sql("ALTER SYSTEM SET wal_writer_delay = '10s'").await;
    base.sql("SELECT pg_reload_conf()").await;
    cutter.cut_commit(false);
    cutter.away_after_cut();
    unavailable(store.begin(&acme(), vec![sent.id], store.epoch(), at(2)).await);
    server.crash();
    server.database().await;
    for _ in 0..4 {
        base.sql("INSERT INTO stranger VALUES (1)").await;
    }
    cutter.away(false);
    assert!(sendable(&store, 3).await.is_empty(), "nothing of ours was durable, so nothing is given back");
    assert_eq!(begin(&store, &sent, 3).await, Some(1));
}

#[tokio::test]
async fn while_the_database_still_has_our_former_session_an_outcome_is_asked_for_again() {
    let base = server().database().await;
    let cutter = Cutter::before(server(), &base);
    let store = cutter.base.open().await.unwrap();
    let cause = event("a", "o1", 0);
    let sent = note("n", &cause);
    planned(&store, &cause, effects(vec![sent.clone()]), 0).await;
    sendable(&store, 1).await;
    let finish = Finish::new(begin(&store, &sent, 1).await, at(2), done());
    cutter.strand();
    for _ in 0..2 {
        let why = unavailable(store.finish(&acme(), sent.id, finish.clone()).await);
        assert!(why.contains("still has our former session") && why.contains(&base.name), "{why}");
    }
    cutter.notice();
    store.finish(&acme(), sent.id, finish).await.unwrap();
    assert_eq!(store.effect(&acme(), sent.id, at(3)).await.unwrap().unwrap().state, leverd::store::EffectState::Done);
}

#[tokio::test]
async fn two_schemas_of_a_database_are_two_stores() {
    let base = server().database().await;
    base.sql("CREATE SCHEMA other").await;
    let store = base.open().await.unwrap();
    let url = format!("{}&options=-csearch_path%3Dother", base.url);
    let other = Store::open(Options::postgres(url, None)).await.unwrap();
    store.deliver(delivery("t", "{}", 0)).await.unwrap();
    assert_eq!(other.deliver(delivery("t", "{}", 0)).await.unwrap(), Received::Stored);
}

#[tokio::test]
async fn what_is_wrong_with_the_address_is_said_without_the_password() {
    let open = |url: &'static str| async move {
        let password = Some(leverd::model::Secret::new("s3cret"));
        unavailable(Store::open(Options::postgres(url, password)).await.map(drop))
    };
    let nowhere = open("postgres://leverd@127.0.0.1:1/leverd").await;
    assert!(nowhere.starts_with("PostgreSQL at `127.0.0.1/leverd`: ") && nowhere.contains("refused"), "{nowhere}");
    let unclear = open("postgres://leverd@db.example.com/leverd?sslmode=prefer").await;
    assert!(unclear.contains("say `require` or `disable`"), "{unclear}");
    let unknown = open("postgres://leverd@127.0.0.1/leverd?colour=red").await;
    assert!(unknown.contains("colour"), "{unknown}");
    for told in [nowhere, unclear, unknown] {
        assert!(!told.contains("s3cret"), "{told}");
    }
}

#[tokio::test]
async fn a_password_is_asked_for_and_the_wrong_one_is_refused_and_not_told() {
    let base = server().database().await;
    base.sql("CREATE ROLE guarded LOGIN PASSWORD 's3cret'; GRANT ALL ON SCHEMA public TO guarded").await;
    let open = |password: Option<&str>| {
        let url = base.url.replace("user=leverd", "user=guarded");
        Store::open(Options::postgres(url, password.map(leverd::model::Secret::new)))
    };
    let refused = unavailable(open(Some("hunter2")).await.map(drop));
    assert!(refused.contains("does not let leverd in") && !refused.contains("hunter2"), "{refused}");
    assert!(unavailable(open(None).await.map(drop)).contains("password missing"));
    assert_eq!(open(Some("s3cret")).await.unwrap().deliver(delivery("t", "{}", 0)).await.unwrap(), Received::Stored);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_told_nothing_where_tls_is_meant() {
    let base = server().database().await;
    let cutter = Cutter::before(server(), &base);
    let port = cutter.over_tcp().await;
    let url = |more: &str| format!("postgres://leverd@127.0.0.1:{port}/{}{more}", base.name);
    let refused = unavailable(Store::open(Options::postgres(url("?sslmode=require"), None)).await.map(drop));
    assert!(refused.contains("TLS"), "{refused}");
    // On this machine it need not be encrypted.
    assert_eq!(Store::open(Options::postgres(url(""), None)).await.unwrap().accounts().await.unwrap(), []);
}

#[tokio::test]
async fn a_commit_is_durable_before_it_is_acknowledged_whatever_the_server_is_set_to() {
    let base = server().database().await;
    base.open().await.unwrap().close().await;
    let watch = "CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF current_setting('synchronous_commit') = 'off' THEN RAISE 'it would be acknowledged too early'; END IF; \
                 RETURN NEW; END $$; \
                 CREATE TRIGGER watch BEFORE INSERT ON delivery FOR EACH ROW EXECUTE FUNCTION watch()";
    base.sql(watch).await;
    base.sql(&format!("ALTER DATABASE {} SET synchronous_commit = off", base.name)).await;
    let store = base.open().await.unwrap();
    assert_eq!(store.deliver(delivery("t", "{}", 0)).await.unwrap(), Received::Stored);
    server().cut(&base).await;
    assert_eq!(store.deliver(delivery("u", "{}", 0)).await.unwrap(), Received::Stored, "in a session made again");
}
