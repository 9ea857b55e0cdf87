//! Several nodes on one database: who works on what, who takes over when, and what whoever was silent may still store.

use super::*;
use crate::postgres::Base;
use jiff::SignedDuration;
use leverd::store::lease::{Draw, Drawn, Tenancy};
use leverd::store::{Beat, Beaten, EffectState, Process, SigningToken, StoreError, Terms, Work};
use std::collections::BTreeSet;
use std::sync::Arc;

const TERMS: Terms = Terms { lease: SignedDuration::from_hours(1), settle: SignedDuration::from_hours(1) };

fn accounts(names: &[&str]) -> Arc<BTreeSet<AccountId>> {
    Arc::new(names.iter().copied().map(AccountId::new).collect())
}

fn beat(names: &[&str], join: bool) -> Beat {
    Beat {
        name: "here".to_owned(),
        version: "1".to_owned(),
        process: Process::default(),
        accounts: accounts(names),
        join,
        full: false,
        gone: Vec::new(),
        terms: TERMS,
        at: at(0),
    }
}

async fn lives(store: &Store, beat: Beat) -> Tenancy {
    match store.beat(beat).await.unwrap() {
        Beaten::Lives(tenancy) => tenancy,
        Beaten::Lost => panic!("it lives"),
    }
}

async fn joined(base: &Base, names: &[&str]) -> (Store, Tenancy) {
    #[cfg(feature = "kill-points")]
    if let Ok(bug) = std::env::var(PLANTED) {
        leverd::model::plant_everywhere(&bug);
    }
    let store = base.open().await.unwrap();
    let tenancy = lives(&store, beat(names, true)).await;
    (store, tenancy)
}

/// A node that has begun to send something.
async fn in_the_middle(base: &Base) -> (Store, Effect) {
    let (store, _) = joined(base, &["acme"]).await;
    let cause = event("a", "o1", 0);
    let sent = note("n", &cause);
    planned(&store, &cause, effects(vec![sent.clone()]), 0).await;
    sendable(&store, 1).await;
    assert_eq!(begin(&store, &sent, 1).await, Some(1));
    (store, sent)
}

/// Time passes in the database, for one node.
async fn late(base: &Base, store: &Store) {
    base.sql(&format!("UPDATE node SET until = 1 WHERE epoch = {}", store.epoch())).await;
}

/// What a dead node had begun must have ended by now.
async fn settled(base: &Base) {
    base.sql("UPDATE lease SET settle_at = 1 WHERE settle_at > 0").await;
}

#[tokio::test]
async fn nodes_share_the_accounts_and_what_nobody_has_is_claimed_by_nobody() {
    let base = home().await;
    let (one, first) = joined(&base, &["acme", "bolt", "cord", "dust"]).await;
    assert_eq!((first.accounts.len(), first.surplus, first.eldest), (4, 0, true));
    let (two, second) = joined(&base, &["acme", "bolt", "cord", "dust"]).await;
    assert_eq!((second.accounts.len(), second.eldest), (0, false));
    assert_eq!(lives(&one, beat(&["acme", "bolt", "cord", "dust"], false)).await.surplus, 2);
    one.deliver(delivery("t", "{}", 0)).await.unwrap();
    assert!(two.claim_deliveries(claim(1)).await.unwrap().is_empty(), "it is the other one's");

    one.give_up(vec![acme(), AccountId::new("bolt")], TERMS, at(1)).await.unwrap();
    assert!(one.claim_deliveries(claim(1)).await.unwrap().is_empty(), "it gave it up");
    one.give_up(vec![acme()], TERMS, at(1)).await.unwrap();
    let second = lives(&two, beat(&["acme", "bolt", "cord", "dust"], false)).await;
    assert_eq!(*second.accounts, *accounts(&["acme", "bolt"]));
    assert_eq!(two.claim_deliveries(claim(1)).await.unwrap().len(), 1);
    let nodes = two.nodes(at(1)).await.unwrap();
    assert_eq!(nodes.iter().map(|node| node.accounts).collect::<Vec<_>>(), [2, 2]);
}

#[tokio::test]
async fn an_account_that_others_cannot_work_on_is_not_left_alone() {
    let base = home().await;
    let (_one, _) = joined(&base, &["acme"]).await;
    let (two, second) = joined(&base, &["bolt", "cord", "dust"]).await;
    assert_eq!(second.accounts.len(), 2, "its share");
    base.sql("UPDATE lease SET free_since = 1 WHERE node = 0").await;
    let second = lives(&two, beat(&["bolt", "cord", "dust"], false)).await;
    assert_eq!((second.accounts.len(), second.surplus), (3, 0), "nor given up again at once");
}

#[tokio::test]
async fn whoever_was_silent_for_too_long_plans_begins_and_puts_off_nothing_and_its_outcomes_are_kept() {
    let base = home().await;
    let (one, _) = joined(&base, &["acme"]).await;
    let cause = event("a", "o1", 0);
    let (sent, waiting) = (note("n", &cause), note("m", &cause));
    planned(&one, &cause, effects(vec![sent.clone(), waiting.clone()]), 0).await;
    assert_eq!(sendable(&one, 1).await.len(), 2);
    let attempt = begin(&one, &sent, 1).await;
    assert_eq!(attempt, Some(1));

    late(&base, &one).await;
    let (two, second) = joined(&base, &["acme"]).await;
    assert_eq!((second.buried.len(), second.unknown.len(), second.accounts.len()), (1, 0, 1));
    // What was not begun goes on at once, what was begun waits.
    let claimed = sendable(&two, 2).await;
    assert_eq!(claimed.iter().map(|row| (row.effect.id, row.unknown)).collect::<Vec<_>>(), [(waiting.id, false)]);

    let fenced = |answer: Result<(), StoreError>| assert!(matches!(answer, Err(StoreError::Fenced)), "{answer:?}");
    fenced(one.begin(&acme(), vec![waiting.id], one.epoch(), at(3)).await.map(drop));
    fenced(one.defer(&acme(), Work::Effect(waiting.id), at(99), None).await);
    fenced(one.release(&acme(), Work::Effect(waiting.id)).await);
    fenced(one.park(&acme(), Work::Effect(waiting.id), reason(Code::R9), at(3)).await);
    fenced(one.claim_effects(claim(3)).await.map(drop).and(one.give_up(vec![acme()], TERMS, at(3)).await));
    assert_eq!(one.beat(beat(&["acme"], false)).await.unwrap(), Beaten::Lost);
    // Whatever it decides without an attempt is not its to decide.
    one.finish(&acme(), waiting.id, Finish::new(None, at(3), Outcome::Skipped { reason: reason(Code::R9) })).await.unwrap();
    assert_eq!(begin(&two, &waiting, 3).await, Some(1));

    one.finish(&acme(), sent.id, Finish::new(attempt, at(4), done())).await.unwrap();
    assert_eq!(two.effect(&acme(), sent.id, at(4)).await.unwrap().unwrap().state, EffectState::Done);
    settled(&base).await;
    assert!(lives(&two, beat(&["acme"], false)).await.unknown.is_empty(), "its end is known");
    assert_eq!(one.deliver(delivery("u", "{}", 0)).await.unwrap(), Received::Stored, "deliveries are taken by any node");
}

#[tokio::test]
async fn what_a_dead_node_had_begun_is_looked_up_when_its_call_must_have_ended() {
    let base = home().await;
    let (one, sent) = in_the_middle(&base).await;
    let attempt = Some(1);
    late(&base, &one).await;
    let (two, _) = joined(&base, &["acme"]).await;
    assert!(sendable(&two, 2).await.is_empty());
    settled(&base).await;
    assert_eq!(lives(&two, beat(&["acme"], false)).await.unknown, [(acme(), sent.id)]);
    let claimed = sendable(&two, 3).await;
    assert_eq!(claimed.iter().map(|row| row.unknown).collect::<Vec<_>>(), [true]);
    // The first one wakes up while the second one looks.
    let reason = reason(Code::R1);
    one.finish(&acme(), sent.id, Finish::new(attempt, at(4), Outcome::Unknown { reason })).await.unwrap();
    assert!(sendable(&two, 9).await.is_empty(), "the second one has it in hand");
    assert_eq!(begin(&two, &sent, 5).await, Some(2));
    two.finish(&acme(), sent.id, Finish::new(Some(2), at(6), done())).await.unwrap();
}

#[tokio::test]
async fn a_node_whose_process_is_gone_need_not_be_waited_for() {
    let base = home().await;
    let (one, sent) = in_the_middle(&base).await;
    let two = base.open().await.unwrap();
    let tenancy = lives(&two, Beat { gone: vec![one.epoch()], ..beat(&["acme"], true) }).await;
    assert_eq!((tenancy.accounts.len(), tenancy.unknown), (1, vec![(acme(), sent.id)]));
}

#[tokio::test]
async fn a_node_that_leaves_holds_nobody_up_and_one_that_lost_its_time_joins_anew() {
    let base = home().await;
    let (one, _) = joined(&base, &["acme"]).await;
    one.deliver(delivery("t", "{}", 0)).await.unwrap();
    one.claim_deliveries(claim(1)).await.unwrap();
    one.leave(TERMS, at(1)).await.unwrap();
    let (two, second) = joined(&base, &["acme"]).await;
    assert_eq!((second.accounts.len(), second.buried.len()), (1, 0));
    assert_eq!(two.claim_deliveries(claim(1)).await.unwrap().len(), 1, "what it had claimed is free");
    late(&base, &two).await;
    assert_eq!(two.beat(beat(&["acme"], false)).await.unwrap(), Beaten::Lost);
    let anew = lives(&two, beat(&["acme"], true)).await;
    assert_eq!(anew.accounts.len(), 1);
    assert_eq!(two.claim_deliveries(claim(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_node_that_is_paused_in_the_middle_of_a_commit_holds_nobody_up() {
    let base = home().await;
    let (one, _) = joined(&base, &["acme"]).await;
    one.deliver(delivery("t", "{}", 0)).await.unwrap();
    one.claim_deliveries(claim(1)).await.unwrap();
    // Its session, with its rows locked.
    let (client, connection) = tokio_postgres::connect(&base.url, tokio_postgres::NoTls).await.unwrap();
    let driven = tokio::spawn(connection);
    let lock = format!(
        "UPDATE node SET session = pg_backend_pid(), session_since = (SELECT backend_start::text FROM pg_stat_activity \
         WHERE pid = pg_backend_pid()), until = 1 WHERE epoch = {}",
        one.epoch()
    );
    client.batch_execute(&lock).await.unwrap();
    client.batch_execute("BEGIN; SELECT * FROM ready FOR UPDATE; SELECT * FROM node FOR UPDATE").await.unwrap();
    let (two, second) = joined(&base, &["acme"]).await;
    assert_eq!(second.buried.len(), 1);
    assert_eq!(two.claim_deliveries(claim(1)).await.unwrap().len(), 1);
    assert!(driven.await.unwrap().is_err(), "its session was ended");
}

#[tokio::test]
async fn nodes_wake_each_other() {
    let base = home().await;
    let (one, _) = joined(&base, &["acme"]).await;
    let (two, _) = joined(&base, &["acme"]).await;
    let (mut work, mut leases) = (one.work(), two.leases());
    // Until both listen.
    let patience = std::time::Duration::from_secs(60);
    let heard = async {
        for n in 0.. {
            two.deliver(delivery(&format!("t{n}"), "{}", 0)).await.unwrap();
            if tokio::time::timeout(std::time::Duration::from_millis(200), work.changed()).await.is_ok() {
                break;
            }
        }
    };
    tokio::time::timeout(patience, heard).await.unwrap();
    leases.mark_unchanged();
    one.give_up(vec![acme()], TERMS, at(1)).await.unwrap();
    tokio::time::timeout(patience, leases.changed()).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_nodes_draw_from_one_budget_is_no_more_than_it_allows_and_a_dead_nodes_share_comes_back() {
    let base = home().await;
    let (one, _) = joined(&base, &["acme", "bolt"]).await;
    let (two, _) = joined(&base, &["acme", "bolt"]).await;
    // One in eleven days.
    let draw = || Draw::new("vendor", 3, 1e-6);
    let now = async |store: &Store| store.draw(draw(), at(1)).await.unwrap() == Drawn::Now;
    assert!(now(&one).await && now(&two).await && now(&one).await);
    assert!(!now(&one).await && !now(&two).await);
    assert!(two.draw(Draw::new("another", 3, 1.0), at(1)).await.unwrap() == Drawn::Now);
    // What has ended is owed for as long as the rate says.
    assert!(one.end_draw(draw(), at(2)).await.unwrap());
    assert!(matches!(two.draw(draw(), at(2)).await.unwrap(), Drawn::Not(wait) if wait == SignedDuration::from_secs(10)));
    base.sql("UPDATE pool SET at = at - 1000000000").await;
    assert!(now(&two).await && !now(&two).await);
    // One that died left one under way, which is owed from then on.
    late(&base, &one).await;
    lives(&two, beat(&["acme", "bolt"], false)).await;
    assert!(!now(&two).await);
    base.sql("UPDATE pool SET at = at - 1000000000").await;
    assert!(now(&two).await && !now(&two).await);
    assert!(matches!(one.draw(draw(), at(3)).await, Err(StoreError::Fenced)), "it is no node any more");
    assert!(one.end_draw(draw(), at(3)).await.unwrap(), "that ended with it");
    assert!(!now(&two).await);
}

#[tokio::test]
async fn webhooks_that_another_node_made_are_found() {
    let base = home().await;
    let (one, two) = (base.open().await.unwrap(), base.open().await.unwrap());
    let token = |webhook: &str, seconds| SigningToken {
        event: LeverEvent::CandidateStageChange,
        webhook: webhook.to_owned(),
        url: "https://leverd.example.com".to_owned(),
        token: leverd::model::Sealed { key: String::new(), bytes: vec![1] },
        created_at: at(seconds),
    };
    one.keep_signing_token(&acme(), token("old", 1)).await.unwrap();
    one.keep_signing_token(&acme(), token("new", 5)).await.unwrap();
    assert_eq!(two.signing_tokens_since(at(5)).await.unwrap(), [(acme(), token("new", 5))]);
}

/// Which bug the tests of this file run with: in a process of their own.
#[cfg(feature = "kill-points")]
const PLANTED: &str = "LEVERD_LEASES_WITH";

/// Each of these turns a test of this file red.
#[cfg(feature = "kill-points")]
#[test]
fn planted_bugs_of_the_leases_are_found() {
    let silent = "whoever_was_silent_for_too_long_plans_begins_and_puts_off_nothing_and_its_outcomes_are_kept";
    let dead = "what_a_dead_node_had_begun_is_looked_up_when_its_call_must_have_ended";
    let run = |bug: &str, test: &str| {
        let mut tests = std::process::Command::new(std::env::current_exe().unwrap());
        tests.env(PLANTED, bug).args(["--exact", &format!("store::on_postgres::leases::{test}")]);
        String::from_utf8_lossy(&tests.output().unwrap().stdout).into_owned()
    };
    for test in [silent, dead] {
        let said = run("none of them", test);
        assert!(said.contains("1 passed"), "{test} without a bug: {said}");
    }
    for (bug, test) in [("NoFence", silent), ("ClaimsKept", silent), ("TakenAtOnce", dead)] {
        let said = run(bug, test);
        assert!(said.contains("1 failed"), "{bug} is not found: {said}");
    }
}
