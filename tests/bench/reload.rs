//! From the save of one file to new rules in force, among 1 000 that are active: as files of one pack, and as packs of their own.

use super::measure::{folder, median, until};
use super::rules::{config, pulled, rule};
use leverd::http::{Client, Limits};
use leverd::model::AccountId;
use leverd::runtime::clock::Clock;
use leverd::runtime::{Node, service};
use leverd::store::{Options, Store};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

const ACTIVE: usize = 1_000;
const ROUNDS: usize = 9;
const TARGET: f64 = 0.1;

pub(crate) fn run() {
    println!("reload: one changed file among {ACTIVE} active, from the save to in force");
    for (what, packs) in [("files of one pack", 1), ("packs", ACTIVE)] {
        let figure = median(rounds(packs));
        println!("  {ACTIVE} {what:<18} {:>5.2} x of 100 ms   {:>5.0} ms", figure / TARGET, figure * 1e3);
    }
}

/// Where rule `n` stands.
fn path(folder: &Path, packs: usize, n: usize) -> std::path::PathBuf {
    folder.join(format!("rules/pack-{:04}/rules-{n:04}.yaml", n % packs))
}

fn rounds(packs: usize) -> Vec<f64> {
    let folder = folder();
    let named: Vec<String> = (0..packs).map(|n| format!("rules/pack-{n:04}")).collect();
    for name in &named {
        fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    fs::create_dir(folder.path().join("catalogue")).unwrap();
    fs::write(folder.path().join("catalogue/acme.yaml"), pulled(ACTIVE)).unwrap();
    fs::write(folder.path().join("key"), "no-key").unwrap();
    fs::write(folder.path().join("leverd.yaml"), config(&named)).unwrap();
    for n in 0..ACTIVE {
        fs::write(path(folder.path(), packs, n), format!("rules:\n{}", rule(n))).unwrap();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config = folder.path().join("leverd.yaml");
    let (node, reading) = runtime.block_on(async {
        let store = Store::open(Options::path(folder.path().join("leverd.db"))).await.unwrap();
        let node = Arc::new(Node::new(store, Clock::system(), Client::new(Limits::default())));
        let reading = service::start(&node, &config).await.unwrap();
        (node, reading)
    });
    let cancel = CancellationToken::new();
    let running = runtime.spawn(service::run(Arc::clone(&node), config, reading, cancel.clone()));
    let hash = || node.account(&AccountId::new("acme")).unwrap().active().program.hash().to_owned();
    // The first save shows that the watch stands.
    let mut figures = Vec::new();
    for round in 0..=ROUNDS {
        let before = hash();
        let n = (round * 137) % ACTIVE;
        let changed = rule(n).replace("team", &format!("crew {round} of team"));
        std::thread::sleep(std::time::Duration::from_millis(if round == 0 { 1_500 } else { 300 }));
        fs::write(path(folder.path(), packs, n), format!("rules:\n{changed}")).unwrap();
        let taken = until("the reload", || hash() != before);
        if round > 0 {
            figures.push(taken.as_secs_f64());
        }
    }
    cancel.cancel();
    runtime.block_on(running).unwrap();
    figures
}
