//! A bulk move: thousands of candidates at once, in fair weather and in simulated time.

use super::ground::{SLOW, SLOW_BURST, SLOW_RATE, STAGE};
use super::world::World;
use crate::dice::Dice;
use jiff::SignedDuration;
use leverd::runtime::progress::Backlog;
use leverd::runtime::status;
use leverd::sim::{Control, Faults, MailKind, NewOpportunity, Service};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// So many are moved at once by every run of the tests; `LEVERD_MOVED=5000` moves as many as a large account does.
const MOVED: u32 = 1_000;
/// Lever's own figures (`lever-api §2.1`).
const BURST: f64 = 20.0;
const PER_SECOND: f64 = 10.0;
/// So much of them is used while the backlog lasts.
const USED: f64 = 0.97;
/// Seconds in which the last candidates' answers are waited for.
const TAIL: f64 = 5.0;

/// The call without what it is about.
fn kind(method: &str, path: &str) -> String {
    let plain = path.split('/').map(|part| if part.len() > 30 { "{id}" } else { part });
    format!("{method} {}", plain.collect::<Vec<_>>().join("/"))
}

/// What Lever's bucket held at most, if it could hold anything: 20 is full.
fn fullest(at: &[f64]) -> f64 {
    let (mut level, mut last, mut most) = (0.0_f64, 0.0, 0.0_f64);
    for second in at {
        level = (level - PER_SECOND * (second - last)).max(0.0) + 1.0;
        (last, most) = (*second, most.max(level));
    }
    most
}

async fn backlog(world: &World) -> Backlog {
    status::of(&world.node()).await.unwrap().remove(0).backlog
}

/// So many who applied, in fair weather.
fn candidates(control: &Control, count: u32) -> Vec<String> {
    control.set_faults(|faults| *faults = Faults { concurrent_deliveries: true, ..Faults::default() });
    (0..count)
        .map(|n| NewOpportunity {
            name: format!("Candidate {n}"),
            email: Some(format!("candidate{n}@example.com")),
            posting: Some("One test".into()),
            ..NewOpportunity::default()
        })
        .map(|new| control.create_opportunity(new).unwrap())
        .collect()
}

/// What is told of it, for people.
async fn move_all(moved: u32) -> String {
    let world = World::begin(&mut Dice::new(1)).await;
    let control = world.control();
    let candidates = candidates(&control, moved);
    // Whatever was spent to get here is forgotten.
    tokio::time::sleep(Duration::from_secs(60)).await;
    control.clear_requests();
    for id in &candidates {
        control.move_stage(id, STAGE).unwrap();
    }

    let mut shown = Vec::new();
    let moved_at = Instant::now();
    tokio::time::sleep(Duration::from_secs(30)).await;
    let shown_at = moved_at.elapsed().as_secs_f64();
    loop {
        let now = world.node().clock.now();
        let backlog = backlog(&world).await;
        let Some(ends) = backlog.ends else { break };
        shown.push((now, backlog.open, backlog.calls, ends));
        tokio::time::sleep(Duration::from_secs(30)).await;
    }

    let requests = control.requests();
    let lever: Vec<_> = requests.iter().filter(|request| request.service == Service::Lever).collect();
    assert!(requests.iter().all(|request| request.status != Some(429)), "429");
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for request in &requests {
        *kinds.entry(kind(&request.method, &request.path)).or_default() += 1;
    }
    let begun = lever.first().unwrap().at;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of an hour")]
    let at: Vec<f64> = lever.iter().map(|request| (request.at - begun) as f64 / 1_000.0).collect();
    let (calls, took) = (f64::from(u32::try_from(at.len()).unwrap()), *at.last().unwrap());
    let to_vendor = requests.len() - lever.len();
    let mut told = format!(
        "{moved} moved: {calls} calls to Lever in {took} s, {to_vendor} to the vendor: {kinds:#?}\nfullest {:.2}\n",
        fullest(&at)
    );
    for (now, open, calls, ends) in &shown {
        told.push_str(format!("{now}: {open} open, {calls} calls, done by {ends}\n").as_str());
    }
    let invited = control.mails().iter().filter(|mail| mail.kind == MailKind::Invitation).count();
    assert_eq!(invited, moved as usize);
    assert!(fullest(&at) <= BURST + 1e-6);

    // One read, one invitation, one add and one remove: nothing is written twice, and only those that were under way at the first
    // moment may be looked at again.
    for (kind, count) in &kinds {
        let most = moved as usize + if kind.starts_with("GET") { 64 } else { 0 };
        assert!(*count <= most, "{count} times {kind}");
    }
    // Both bounds of the computed time: no faster than Lever allows, and the budget used from the first call to the last but for the
    // answers on which the last ones wait.
    assert!(took >= (calls - BURST) / PER_SECOND, "{took} s for {calls} calls: faster than can be");
    assert!(took <= (calls - BURST) / (PER_SECOND * USED) + TAIL, "{took} s for {calls} calls");
    // What people were shown: after half a minute, and later, the end was known to a twentieth of what was left.
    let end = shown[0].0 + SignedDuration::from_secs_f64(took - shown_at);
    for (now, _, _, ends) in &shown {
        let (left, off) = (end.duration_since(*now).as_secs_f64(), ends.duration_since(end).as_secs_f64());
        assert!(off.abs() <= left.abs() / 20.0 + TAIL, "at {now} done by {ends}, and it was {end}");
    }
    world.end();
    told
}

fn paused(run: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(run);
    runtime.shutdown_background();
}

/// A vendor that allows an invitation every seven seconds, and more candidates than leverd works for at once.
const TO_SLOW: u32 = 200;
/// In simulated seconds: nobody else waits for longer than this meanwhile.
const SOON: u64 = 20;

#[test]
fn a_slow_vendors_budget_is_used_up_and_nobody_else_waits_for_it() {
    paused(async {
        let world = World::reading(&mut Dice::new(1), SLOW).await;
        let control = world.control();
        let candidates = candidates(&control, TO_SLOW);
        tokio::time::sleep(Duration::from_secs(600)).await;
        control.clear_requests();
        for id in &candidates {
            control.move_stage(id, STAGE).unwrap();
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        let invited = || control.mails().into_iter().filter(|mail| mail.kind == MailKind::Invitation).collect::<Vec<_>>();
        // Whoever was invited and starts is told of in Lever at once, whatever waits to be invited.
        let email = invited()[0].to.clone();
        let first = &candidates[email.trim_start_matches("candidate").split('@').next().unwrap().parse::<usize>().unwrap()];
        control.start_assessment(&email, super::ground::TESTS[0]).unwrap();
        let tags = || control.opportunity(first).unwrap()["tags"].to_string();
        tokio::time::sleep(Duration::from_secs(SOON)).await;
        assert!(tags().contains("- Started"), "{}", tags());

        let mut waited = 0;
        while invited().len() < candidates.len() {
            waited += 1;
            assert!(waited < 300, "{} are invited by then", invited().len());
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        let requests = control.requests();
        let vendor: Vec<_> = requests.iter().filter(|request| request.service != Service::Lever).collect();
        let (calls, burst) = (f64::from(u32::try_from(vendor.len()).unwrap()), f64::from(SLOW_BURST));
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of an hour")]
        let took = (vendor.last().unwrap().at - vendor.first().unwrap().at) as f64 / 1_000.0;
        let computed = (calls - burst) * 3_600.0 / f64::from(SLOW_RATE);
        // Who waits for longer than ten minutes is looked at again before being invited: once, and not at each turn.
        let reads =
            requests.iter().filter(|request| kind(&request.method, &request.path) == "GET /v1/opportunities/{id}").count();
        println!("{TO_SLOW} invited by {calls} requests in {took} s, of which {computed} s were to be; {reads} reads of Lever");
        assert!((300..=2 * TO_SLOW as usize + 64).contains(&reads), "{reads}");
        assert!(took >= computed - 1.0 && took <= computed / USED, "{took} s for {calls} requests: {computed} s were to be");
        world.end();
    });
}

#[test]
fn a_bulk_move_drains_in_the_computed_time_without_one_429() {
    let moved = std::env::var("LEVERD_MOVED").map_or(MOVED, |moved| moved.parse().unwrap());
    paused(async { println!("{}", move_all(moved).await) });
}
