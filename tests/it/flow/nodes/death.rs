//! The owner of an account dies, or stands still for longer than its lease.

use super::{Cluster, PATIENCE, account, email, forward, name};
use leverd::sim::Control;
use std::time::Instant;

/// How often the vendor was told to invite.
fn invited(control: &Control) -> usize {
    control.mails().len()
}

/// Waits until another node has the account, and what the one before had begun was left alone for as long as it may be on its way.
async fn taken_over(cluster: &Cluster, at: usize, before: usize) {
    let started = Instant::now();
    while cluster.owner(at).await == before {
        assert!(started.elapsed() < PATIENCE, "nobody takes over\n{}", cluster.logged());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

// D01 D12. It finds `TakenAtOnce`: then nothing is left alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d01_d12_the_owner_is_killed_while_it_sends_and_the_others_look_it_up() {
    let mut cluster = Cluster::start().await;
    cluster.slow_invitation(0);
    forward(&cluster.control(0), &name(0), &email(0), 0);
    cluster.steps[0][0] = 1;
    cluster.until("the invitation under way", || invited(&cluster.control(0)) == 1).await;
    let owner = cluster.owner(0).await;
    cluster.signal(owner, "-KILL");
    cluster.ended(owner).await;
    taken_over(&cluster, 0, owner).await;
    let sql = format!("SELECT settle_at - free_since FROM lease WHERE account = '{}' AND node <> 0", account(0));
    let left_alone: i64 = cluster.found("the lease", &sql).await[0].parse().unwrap();
    assert!(left_alone > 4_000, "looked up after {left_alone} ms: it may be on its way\n{}", cluster.logged());
    let left: Vec<usize> = (0..3).filter(|node| *node != owner).collect();
    cluster.shared_by(&left).await;
    cluster.all_is_well().await;
}

/// One invitation is begun, and the owner stands still just before (or, `durable`, just after) that is stored. The others take over and
/// invite; then it goes on. How many mails there are by then is the answer.
async fn paused(durable: bool, bug: Option<&str>) -> (Cluster, usize) {
    let environment: Vec<(&str, &str)> = bug.iter().map(|bug| ("LEVERD_BUG", *bug)).collect();
    let mut cluster = Cluster::start_with(crate::postgres::server(), &environment).await;
    let owner = cluster.owner(0).await;
    cluster.nodes[owner].way.hold_begin(durable);
    forward(&cluster.control(0), &name(0), &email(0), 0);
    cluster.steps[0][0] = 1;
    cluster.until("the beginning", || cluster.nodes[owner].way.holds()).await;
    cluster.signal(owner, "-STOP");
    taken_over(&cluster, 0, owner).await;
    let tagged = || cluster.control(0).tags(&name(0)).unwrap().iter().any(|tag| tag.ends_with(" - Invited"));
    cluster.until("the invitation by another one", tagged).await;
    cluster.signal(owner, "-CONT");
    cluster.nodes[owner].way.let_go();
    // It is here again, and has let everything end that it had in hand.
    cluster.shared_by(&[0, 1, 2]).await;
    let mails = invited(&cluster.control(0));
    (cluster, mails)
}

// D12: what was not stored before the owner stood still is nothing that it did.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d12_a_node_that_stood_still_before_it_began_does_not_begin_when_it_wakes() {
    let (mut cluster, mails) = paused(false, None).await;
    assert_eq!(mails, 1, "{}", cluster.logged());
    cluster.all_is_well().await;
}

// D12: what was begun is not sent by a node whose lease is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d12_a_node_that_stood_still_before_it_sent_does_not_send_when_it_wakes() {
    let (mut cluster, mails) = paused(true, None).await;
    assert_eq!(mails, 1, "{}", cluster.logged());
    cluster.all_is_well().await;
}

// The test before finds it: with `LeaseIgnored` planted two mails are sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_ignored_its_lease_would_be_found() {
    let (_cluster, mails) = paused(true, Some("LeaseIgnored")).await;
    assert_eq!(mails, 2);
}
