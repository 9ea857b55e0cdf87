//! What `leverd doctor` finds out about a database, and what it says about that.

use crate::postgres::{Server, Shared, server, url};
use jiff::SignedDuration;
use leverd::runtime::doctor::database::examine;
use leverd::runtime::doctor::{Finding, Level};
use leverd::store::{Checkup, Database, StoreError, checkup};

async fn looked(url: &str) -> Result<Checkup, StoreError> {
    let database = Database { url: url.to_owned(), password: None };
    tokio::task::spawn_blocking(move || checkup(&database)).await.unwrap()
}

/// What is not fine, by what it is about.
fn worth(findings: &[Finding]) -> Vec<(&str, Level)> {
    let worth = findings.iter().filter(|finding| finding.level != Level::Fine);
    worth.map(|finding| (finding.about.as_str(), finding.level)).collect()
}

fn text(findings: &[Finding]) -> String {
    let all = findings.iter().map(|finding| format!("{} {}", finding.text, finding.next.as_deref().unwrap_or_default()));
    all.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sound_database_is_told_to_be_sound_and_one_without_flushing_is_not() {
    let own = tokio::task::spawn_blocking(Server::own).await.unwrap();
    let base = own.database().await;
    let found = looked(&base.url).await;
    let findings = examine(&found);
    // Nobody else keeps what this one has.
    assert_eq!(worth(&findings), [("replication", Level::Look)], "{}", text(&findings));
    let found = found.unwrap();
    assert!(found.fsync && found.full_page_writes && found.number >= found.oldest && !found.made && !found.pooled);
    assert!(found.connections > 500 && found.open >= 2, "{found:?}");

    let base = server().database().await;
    base.open().await.unwrap().close().await;
    base.sql(&format!("ALTER DATABASE {} SET synchronous_commit = off", base.name)).await;
    let found = looked(&base.url).await;
    let findings = examine(&found);
    let expected = [("durability", Level::Wrong), ("durability", Level::Look), ("replication", Level::Look)];
    assert_eq!(worth(&findings), expected, "{}", text(&findings));
    assert!(found.unwrap().made && text(&findings).contains("leverd's tables are there"));
}

#[tokio::test]
async fn a_user_who_may_not_do_what_leverd_needs_is_told_what_is_missing() {
    let base = server().database().await;
    let name = &base.name;
    base.open().await.unwrap().close().await;
    base.sql(&format!("CREATE ROLE guest_{name} LOGIN CONNECTION LIMIT 3; ALTER ROLE guest_{name} SET search_path = nowhere"))
        .await;
    let guest = base.url.replace("user=leverd", &format!("user=guest_{name}"));
    let findings = examine(&looked(&guest).await);
    assert!(worth(&findings).contains(&("connections", Level::Wrong)), "{}", text(&findings));
    assert!(text(&findings).contains("no schema of the user's search path exists"), "{}", text(&findings));
    base.sql(&format!("ALTER ROLE guest_{name} RESET search_path")).await;
    let findings = examine(&looked(&guest).await);
    assert!(text(&findings).contains("may make no tables in the schema `public`"), "{}", text(&findings));
    base.sql(&format!("GRANT CREATE ON SCHEMA public TO guest_{name}; ALTER ROLE guest_{name} CONNECTION LIMIT -1")).await;
    let findings = examine(&looked(&guest).await);
    assert!(text(&findings).contains("belong to another user"), "{}", text(&findings));
    assert!(!worth(&findings).iter().any(|(about, _)| *about == "connections"), "{}", text(&findings));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_hands_sessions_round_is_recognised() {
    let base = server().database().await;
    let shared = Shared::before(server(), &base);
    let findings = examine(&looked(&shared.base.url).await);
    assert!(worth(&findings).contains(&("sessions", Level::Wrong)), "{}", text(&findings));
    assert!(text(&findings).contains("pool_mode = session"));
}

#[tokio::test]
async fn a_database_that_is_away_is_a_finding_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let findings = examine(&looked(&url(folder.path(), "nothing")).await);
    assert_eq!(worth(&findings), [("database", Level::Wrong)]);
    assert!(text(&findings).contains("/nothing`"), "{}", text(&findings));
}

#[tokio::test]
async fn each_way_to_lose_what_was_acknowledged_is_told_with_the_next_step() {
    let base = server().database().await;
    let sound = Checkup { fsync: true, ..looked(&base.url).await.unwrap() };
    let names = |names: &str| names.to_owned();
    let with = |change: &dyn Fn(&mut Checkup)| {
        let mut found = sound.clone();
        change(&mut found);
        let findings = examine(&Ok(found));
        let next = findings.iter().filter(|finding| finding.level != Level::Fine).all(|finding| finding.next.is_some());
        assert!(next, "{}", text(&findings));
        let worth: Vec<String> = worth(&findings).iter().map(|(about, level)| format!("{about} {level:?}")).collect();
        (worth.join(", "), text(&findings))
    };
    let expect = |change: &dyn Fn(&mut Checkup), worth: &str, words: &str| {
        let (found, text) = with(change);
        assert!(found == worth && text.contains(words), "{found}\n{text}");
    };
    expect(&|found| found.standbys = 2, "replication Look", "gone when one of them takes over");
    let waits = |found: &mut Checkup, standbys: i64, synchronous: Option<i64>| {
        found.synchronous_standby_names = names("ANY 1 (*)");
        (found.standbys, found.synchronous) = (standbys, synchronous);
    };
    expect(&|found| waits(found, 0, Some(0)), "replication Wrong", "none is connected");
    expect(&|found| waits(found, 1, Some(0)), "replication Wrong", "none of those connected is meant");
    expect(&|found| waits(found, 2, Some(1)), "", "commits wait for 1 of them");
    expect(&|found| waits(found, 2, None), "", "not shown to this user");
    let local = |found: &mut Checkup| {
        waits(found, 2, Some(1));
        found.synchronous_commit = names("local");
    };
    expect(&local, "replication Look", "do not wait for the standby");
    expect(&|found| found.is_standby = true, "database Wrong", "it is a standby");
    expect(&|found| found.full_page_writes = false, "durability Wrong, replication Look", "half written");
    expect(&|found| found.number = 140_011, "database Wrong, replication Look", "needs 15 or newer");
    expect(&|found| found.encoding = names("LATIN1"), "database Wrong, replication Look", "ENCODING 'UTF8'");
    expect(&|found| found.coming = true, "database Wrong, replication Look", "leverd store move");
    expect(&|found| found.open = found.connections - 1, "replication Look, connections Look", "raise `max_connections`");
    for ahead in [-5, 5] {
        let off = |found: &mut Checkup| found.ahead = SignedDuration::from_secs(ahead);
        expect(&off, "replication Look, clock Look", "the database's clock is 5 s");
    }
}
