//! The simulation of faults: the real planner, executor and store, one thread, simulated time, and everything that can go wrong by
//! seed. The same seed is the same history.
//!
//! | file | duty |
//! |---|---|
//! | `ground.rs` | what all seeds start from |
//! | `weather.rs` | what chance (`../dice.rs`) does to commits, calls and deliveries |
//! | `wires.rs` | the way out and the way in |
//! | `world.rs` | Lever, the vendor, and a leverd that dies and comes back |
//! | `script.rs` | what people do |
//! | `bulk.rs` | a bulk move of thousands, in fair weather |
//! | `claims.rs` | what must be true at the end |
//! | `story.rs` | what is shown when it is not |

mod bulk;
mod claims;
mod ground;
mod script;
mod story;
mod weather;
mod wires;
mod world;

use crate::dice::Dice;
use leverd::model::{Bug, plant};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use world::World;

/// How many seeds every run of the tests tells.
const CI: u64 = 200;

/// How a story ended.
#[derive(Default)]
struct End {
    faults: Vec<String>,
    story: Vec<String>,
    deaths: u64,
    calls: usize,
    mails: usize,
    /// Files, forms and pieces of feedback.
    papers: usize,
    /// Every request that reached the world, with what it said and was answered.
    history: Vec<String>,
}

/// Tells the story of one seed from beginning to end.
fn tell(seed: u64) -> End {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let end = runtime.block_on(story(seed));
    runtime.shutdown_background();
    end
}

async fn story(seed: u64) -> End {
    let mut dice = Dice::new(seed);
    let world = World::begin(&mut dice).await;
    let mut script = script::write(&mut dice);
    let mut downtime = dice.fork();
    world.weather.turn(false);
    let began = Instant::now();
    script.reverse();
    while let Some((at, deed)) = script.pop() {
        loop {
            tokio::select! {
                biased;
                () = world.weather.died.notified() => {
                    tokio::time::sleep(Duration::from_millis(downtime.between(100, 120_000))).await;
                    world.boot().await;
                }
                () = tokio::time::sleep_until(began + at) => break,
            }
        }
        let acted = tokio::select! {
            biased;
            () = world.weather.died.notified() => {
                world.boot().await;
                None
            }
            again = world.act(deed) => again,
        };
        if let Some((later, deed)) = acted {
            let when = began.elapsed() + later;
            let place = script.partition_point(|(at, _)| *at > when);
            script.insert(place, (when, deed));
        }
    }
    world.weather.turn(true);
    *world.weather.outage.lock().unwrap() = None;
    world.story.tell("the weather turns fair");
    rest(&world).await;
    let faults = world.faults().await;
    let end = End {
        faults,
        story: world.story.lines(),
        deaths: world.weather.deaths(),
        calls: world.control().requests().len(),
        mails: world.control().mails().len(),
        papers: world.papers().iter().map(|(.., count)| count).sum(),
        history: world.control().requests().iter().map(|request| format!("{request:?}")).collect(),
    };
    world.end();
    end
}

/// Waits, in fair weather, until everything that was accepted has come to an end: two days at most.
async fn rest(world: &World) {
    for _ in 0..288 {
        tokio::select! {
            biased;
            // A death that fell into the last moment.
            () = world.weather.died.notified() => world.boot().await,
            () = tokio::time::sleep(Duration::from_secs(600)) => {}
        }
        let node = world.node();
        let counts = node.store.counts(node.clock.now()).await.unwrap();
        // What has no due time waits for something parked, or for a person.
        let open = counts.iter().any(|count| count.kind != "timer" && count.state != "parked" && count.oldest.is_some());
        let timers = counts.iter().any(|count| count.kind == "timer");
        if !open && !timers {
            return;
        }
    }
}

fn show(seed: u64, end: &End) -> String {
    format!("seed {seed}:\n  {}\n\n{}\n", end.faults.join("\n  "), end.story.join("\n"))
}

/// Seeds from the environment, `0..2000` or `17`, or those of every run.
fn seeds() -> std::ops::Range<u64> {
    let text = std::env::var("LEVERD_SEEDS").unwrap_or_default();
    let number = |text: &str| text.trim().parse::<u64>().ok();
    match text.split_once("..") {
        Some((first, end)) => number(first).unwrap_or(0)..number(end).unwrap_or(0),
        None => number(&text).map_or(0..CI, |seed| seed..seed + 1),
    }
}

/// Tells the stories of seeds, some at once, until `enough` of them went wrong.
fn tell_all(seeds: &std::ops::Range<u64>, bug: Option<Bug>, enough: usize) -> (Vec<(u64, End)>, [u64; 4]) {
    let next = AtomicU64::new(seeds.start);
    let failed: Mutex<Vec<(u64, End)>> = Mutex::default();
    let sums: [AtomicU64; 4] = Default::default();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, std::num::NonZero::get) {
            scope.spawn(|| {
                plant(bug);
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) || failed.lock().unwrap().len() >= enough {
                        break;
                    }
                    let end = std::panic::catch_unwind(|| tell(seed))
                        .unwrap_or_else(|_| End { faults: vec!["it panicked".into()], ..End::default() });
                    for (sum, more) in sums.iter().zip([end.deaths, end.calls as u64, end.mails as u64, end.papers as u64]) {
                        sum.fetch_add(more, Ordering::Relaxed);
                    }
                    if !end.faults.is_empty() {
                        failed.lock().unwrap().push((seed, end));
                    }
                }
            });
        }
    });
    (failed.into_inner().unwrap(), sums.map(AtomicU64::into_inner))
}

#[test]
fn whatever_goes_wrong_nothing_is_lost_and_nobody_is_invited_twice() {
    let seeds = seeds();
    let named = std::env::var("LEVERD_BUG").ok();
    let bug = named.map(|name| *Bug::ALL.iter().find(|bug| format!("{bug:?}") == name).expect("a bug of this name"));
    let (failed, [deaths, calls, mails, papers]) = tell_all(&seeds, bug, 5);
    println!(
        "{} seeds: {deaths} deaths, {calls} calls, {mails} invitations, {papers} forms, files and pieces of feedback",
        seeds.end - seeds.start
    );
    let stories: String = failed.iter().map(|(seed, end)| show(*seed, end)).collect();
    let again = failed.first().map_or(0, |(seed, _)| *seed);
    assert!(
        failed.is_empty(),
        "{stories}\nAgain: LEVERD_SEEDS={again} cargo test --features kill-points --test it simulation::whatever\nIt belongs into \
         tests/it/simulation/regressions.txt, with what it found."
    );
}

/// Seeds that once went wrong, each with what it found.
const REGRESSIONS: &str = include_str!("regressions.txt");

#[test]
fn what_once_went_wrong_does_not_again() {
    let seeds = REGRESSIONS.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    for line in seeds {
        let (seed, found) = line.split_once(' ').unwrap_or((line, ""));
        let seed = seed.parse().unwrap_or_else(|_| panic!("regressions.txt: `{line}` does not begin with a seed"));
        let end = tell(seed);
        assert!(end.faults.is_empty(), "{found} again\n{}", show(seed, &end));
    }
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in 0..12 {
        let (once, again) = (tell(seed), tell(seed));
        assert_eq!(once.story, again.story, "seed {seed}");
        assert_eq!(once.history, again.history, "seed {seed}");
    }
}

/// The bug that breaks no promise in one story, only that a story can be told again.
#[test]
fn a_story_that_is_left_to_chance_is_found() {
    plant(Some(Bug::Chance));
    let other = (0..12).any(|seed| tell(seed).history != tell(seed).history);
    plant(None);
    assert!(other, "the same seeds tell the same stories");
}

/// For every bug of one node that can be planted (those of several are found by `flow::nodes::death` and `store::on_postgres::leases`) a seed that finds it. Another one is found by
/// `LEVERD_BUG=NoBudget LEVERD_SEEDS=0..2000 cargo test --features kill-points --test it simulation::whatever`.
const FOUND_BY: &[(Bug, u64)] = &[
    (Bug::InviteAfresh, 18),
    (Bug::BegunAfterwards, 2),
    (Bug::NoLookUp, 25),
    (Bug::NoBudget, 33),
    (Bug::HalfAFamily, 0),
    (Bug::ClaimsKept, 7),
    (Bug::NoLanes, 0),
    (Bug::ClockBelieved, 7),
    (Bug::RepeatedAtOnce, 58),
    (Bug::FaultyRules, 27),
    (Bug::PutOffForEver, 7),
];

#[test]
fn a_planted_bug_is_found() {
    for bug in Bug::ALL.iter().filter(|bug| !matches!(bug, Bug::Chance | Bug::NoFence | Bug::TakenAtOnce | Bug::LeaseIgnored)) {
        let (_, seed) = FOUND_BY.iter().find(|(known, _)| known == bug).unwrap_or_else(|| panic!("no seed for {bug:?}"));
        assert!(tell(*seed).faults.is_empty(), "seed {seed} without a bug");
        plant(Some(*bug));
        let end = tell(*seed);
        plant(None);
        assert!(!end.faults.is_empty(), "{bug:?} is not found by seed {seed}");
    }
}
