//! Nodes that differ: in their clocks, in their version, in when they came.

use super::Cluster;
use crate::postgres::server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_start_at_one_moment_on_an_empty_database() {
    let mut cluster = Cluster::prepare(server()).await;
    cluster.add(server(), &[]);
    cluster.add(server(), &[]);
    cluster.add(server(), &[]);
    cluster.shared_by(&[0, 1, 2]).await;
    cluster.all_is_well().await;
}

// Several minutes apart, in both directions: everybody goes by the database's clock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_that_differ_by_minutes_make_nobody_look_too_soon() {
    let mut cluster = Cluster::prepare(server()).await;
    for wrong in ["-180", "0", "200"] {
        cluster.add(server(), &[("LEVERD_CLOCK_WRONG", wrong)]);
    }
    cluster.shared_by(&[0, 1, 2]).await;
    cluster.go(1).await;
    // The accounts of the one whose clock is fast go to the others.
    cluster.signal(2, "-KILL");
    cluster.ended(2).await;
    cluster.shared_by(&[0, 1]).await;
    cluster.all_is_well().await;
}

// Each newer node begins before an older one is told to stop; for a while they do not even have the same rules.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_are_replaced_by_newer_ones_one_after_the_other() {
    let mut cluster = Cluster::start().await;
    cluster.go(1).await;
    for old in 0..3 {
        // Rules that say the same in other words are another set.
        for at in 0..super::ACCOUNTS {
            let rules = cluster.folder.path().join(format!("a{at}/rules/qualified/rules.yaml"));
            let text = std::fs::read_to_string(&rules).unwrap();
            std::fs::write(&rules, format!("{text}\n# version {old}\n")).unwrap();
        }
        cluster.add(server(), &[("LEVERD_VERSION", "999.0.0")]);
        cluster.signal(old, "-TERM");
        cluster.ended(old).await;
        // It gave back what it had: its row has ended, and nothing waits for it.
        let process = cluster.nodes[old].child.id();
        let sql = format!("SELECT 1 FROM node WHERE until = 0 AND name LIKE '%/{process}'");
        cluster.found("the farewell", &sql).await;
        cluster.go(old + 2).await;
    }
    cluster.shared_by(&[3, 4, 5]).await;
    let versions = cluster.rows("SELECT DISTINCT version FROM node WHERE until > 0").await.unwrap();
    assert_eq!(versions, [["999.0.0"]], "{}", cluster.logged());
    cluster.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_move_to_a_node_that_joins_while_they_work() {
    let mut cluster = Cluster::start().await;
    cluster.go(1).await;
    cluster.add(server(), &[]);
    cluster.go(3).await;
    cluster.shared_by(&[0, 1, 2, 3]).await;
    cluster.all_is_well().await;
}
