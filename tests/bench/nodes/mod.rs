//! Nodes as processes of their own, over one database, with many accounts: what they take in, plan and carry out, how late, what they
//! cost while nothing happens, and how long it takes until the accounts of a killed node go on.
//!
//! `LEVERD_NODES=1,3 LEVERD_ACCOUNTS=10,1000 cargo bench -- nodes` runs some of it. Everything is on one machine: the load, the
//! simulated Lever, the database and the nodes share its cores, so more nodes show what a node costs, and no speed-up.

mod database;
mod lever;
mod process;
mod project;
mod traffic;

use super::measure::folder;
use database::{Database, Work};
use lever::Lever;
use process::Node;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use traffic::Sent;

const IN_FLIGHT: usize = 256;
/// The burst, unless Lever's rate would let so few accounts take very long over it.
const BURST: usize = 4_000;
const BURST_EACH: usize = 60;
/// The steady rate: so many deliveries, one each of these.
const STEADY: usize = 600;
const PAUSE: Duration = Duration::from_millis(33);
const IDLE: Duration = Duration::from_secs(20);
/// Nothing that is waited for may take longer.
const PATIENCE: Duration = Duration::from_secs(180);
/// After a kill, so many accounts are asked when they go on.
const ASKED: usize = 300;

pub(crate) fn run() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(all());
}

/// The numbers that an environment variable lists.
fn chosen(name: &str, default: &[usize]) -> Vec<usize> {
    let listed = std::env::var(name).ok();
    listed.map_or_else(|| default.to_vec(), |listed| listed.split(',').map(|one| one.trim().parse().unwrap()).collect())
}

async fn all() {
    let (nodes, sizes) = (chosen("LEVERD_NODES", &[1, 2, 3]), chosen("LEVERD_ACCOUNTS", &[10, 1_000, 10_000]));
    let server = database::server().await;
    println!(
        "nodes: load, simulated Lever, database and nodes share this machine; {IN_FLIGHT} requests in flight, Lever answers after 10 ms"
    );
    println!(
        "  {:<12} {:>8} {:>8} {:>9} {:>10} {:>10} {:>12} {:>7} {:>7} {:>8} {:>8} {:>9} {:>9} {:>9}",
        "store, nodes",
        "accounts",
        "start s",
        "MiB/node",
        "accepted/s",
        "planned/s",
        "carried o./s",
        "p50 ms",
        "p99 ms",
        "stmts/ev",
        "commits/",
        "idle cpu%",
        "idle st/s",
        "over s"
    );
    for accounts in sizes {
        let mut cells = vec![0];
        cells.extend(&nodes);
        for nodes in cells {
            let folder = folder();
            let database = if nodes == 0 { Database::sqlite(folder.path()) } else { Database::postgres(&server).await };
            cell(folder.path(), &database, nodes, accounts).await;
        }
    }
}

/// One row of the table; 0 nodes: one, on SQLite.
async fn cell(folder: &Path, database: &Database, nodes: usize, accounts: usize) {
    let (lever, world) = Lever::start().await;
    project::write(folder, accounts, lever, &database.named());
    let mut running: Vec<Node> = Vec::new();
    let mut start = Duration::ZERO;
    // One after the other, as a rolling start does.
    for number in 0..nodes.max(1) {
        let mut node = Node::start(folder, number);
        start = start.max(node.ready(folder).await);
        running.push(node);
    }
    settled(database, &running).await;
    let doors: Vec<SocketAddr> = running.iter().map(|node| node.address).collect();
    let memory = running.iter().map(Node::memory).fold(0.0, f64::max);

    // Nothing happens.
    let (before, cpu) = (database.work().await, cpu(&running));
    tokio::time::sleep(IDLE).await;
    let (idle, idle_cpu) = (database.work().await - before, self::cpu(&running) - cpu);

    // All at once.
    let burst = BURST.min(accounts * BURST_EACH);
    let (planned_before, before, since) = (database.planned().await, database.work().await, Instant::now());
    let sent = traffic::send(&doors, accounts, burst, IN_FLIGHT, None).await;
    let accepted = since.elapsed();
    let planned = until("the burst is planned", || async { database.planned().await - planned_before >= burst }).await - since;
    let carried = until("the burst is carried out", || async { world.effects() >= burst }).await - since;
    let work = database.work().await - before;
    assert_eq!(sent.len(), burst);
    world.forget();
    settled(database, &running).await;

    // At a rate that leaves room.
    let sent = traffic::send(&doors, accounts, STEADY, 32, Some(PAUSE)).await;
    until("what was delivered is carried out", || async { world.effects() >= STEADY }).await;
    let late = latencies(&world, &sent);
    assert_eq!(world.again.load(std::sync::atomic::Ordering::Relaxed), 0, "a tag came twice");
    let refused = world.refused.load(std::sync::atomic::Ordering::Relaxed);
    world.forget();

    let over = if nodes > 1 { Some(taken_over(&mut running, &world, accounts).await) } else { None };
    let per = |count: f64| count / burst as f64;
    let rate = |taken: Duration| burst as f64 / taken.as_secs_f64();
    let name = if nodes == 0 { "SQLite, 1".to_owned() } else { format!("PostgreSQL, {nodes}") };
    println!(
        "  {name:<12} {accounts:>8} {:>8.1} {memory:>9.0} {:>10.0} {:>10.0} {:>12.0} {:>7.0} {:>7.0} {:>8.1} {:>8.2} {:>9.2} {:>9.1} {:>9}{}",
        start.as_secs_f64(),
        rate(accepted),
        rate(planned),
        rate(carried),
        at(&late, 0.5),
        at(&late, 0.99),
        per(work.statements),
        per(work.commits),
        (idle_cpu + idle.cpu) / IDLE.as_secs_f64() * 100.0,
        idle.statements / IDLE.as_secs_f64(),
        over.map_or_else(String::new, |over| format!("{:.0}", over.as_secs_f64())),
        if refused == 0 { String::new() } else { format!("   {refused} calls beyond Lever's rate") },
    );
}

fn cpu(nodes: &[Node]) -> f64 {
    nodes.iter().map(Node::cpu).sum()
}

/// Waits until `done`; when that was.
async fn until<F: Future<Output = bool>>(what: &str, done: impl Fn() -> F) -> Instant {
    let since = Instant::now();
    while !done().await {
        assert!(since.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Instant::now()
}

/// Waits until nodes and database do little: what a start or a burst leaves behind is none of the next figure.
async fn settled(database: &Database, nodes: &[Node]) {
    let since = Instant::now();
    let mut calm = 0;
    while calm < 3 && since.elapsed() < PATIENCE {
        let (before, used): (Work, f64) = (database.work().await, cpu(nodes));
        tokio::time::sleep(Duration::from_secs(1)).await;
        let used = cpu(nodes) - used + (database.work().await - before).cpu;
        calm = if used < 0.1 { calm + 1 } else { 0 };
    }
}

/// Milliseconds from the delivery's first byte to the effect at Lever, in order.
fn latencies(world: &Arc<Lever>, sent: &[Sent]) -> Vec<f64> {
    let mut late: Vec<f64> =
        sent.iter().map(|sent| world.tagged(&sent.opportunity).unwrap().duration_since(sent.at).as_secs_f64() * 1e3).collect();
    late.sort_by(f64::total_cmp);
    late
}

fn at(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}

/// Kills a node and tells the others of something in many accounts: how long after the kill the last one was served.
async fn taken_over(running: &mut Vec<Node>, world: &Arc<Lever>, accounts: usize) -> Duration {
    let mut killed = running.remove(0);
    let since = Instant::now();
    killed.kill();
    let doors: Vec<SocketAddr> = running.iter().map(|node| node.address).collect();
    let asked = ASKED.min(accounts);
    traffic::send(&doors, accounts, asked, 32, None).await;
    until("the killed node's accounts go on", || async { world.effects() >= asked }).await.duration_since(since)
}
