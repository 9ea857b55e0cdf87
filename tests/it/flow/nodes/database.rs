//! The database is cut off from one node, or fails all of them.

use super::Cluster;
use crate::postgres::Server;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_cut_off_from_the_database_stops_and_joins_again() {
    let mut cluster = Cluster::start().await;
    cluster.go(1).await;
    let way = &cluster.nodes[1].way;
    way.away(true);
    // Its session lives on in the database until somebody ends it.
    way.strand();
    cluster.shared_by(&[0, 2]).await;
    cluster.go(3).await;
    cluster.nodes[1].way.away(false);
    cluster.nodes[1].way.notice();
    cluster.shared_by(&[0, 1, 2]).await;
    cluster.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_crashes_under_three_nodes_again_and_again() {
    let server = Arc::new(tokio::task::spawn_blocking(Server::own).await.unwrap());
    let mut cluster = Cluster::start_with(&server, &[]).await;
    for step in 1..=4 {
        cluster.go(step).await;
        let server = Arc::clone(&server);
        tokio::task::spawn_blocking(move || server.crash()).await.unwrap();
    }
    cluster.all_is_well().await;
}

// First slower than beats come, then for one node slower than its lease.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_database_makes_nobody_do_anything_twice() {
    let mut cluster = Cluster::start().await;
    cluster.nodes.iter().for_each(|node| node.way.slow(10));
    cluster.go(1).await;
    cluster.nodes.iter().for_each(|node| node.way.slow(0));
    cluster.nodes[0].way.slow(4_000);
    cluster.shared_by(&[1, 2]).await;
    cluster.go(4).await;
    cluster.nodes[0].way.slow(0);
    cluster.shared_by(&[0, 1, 2]).await;
    cluster.all_is_well().await;
}
