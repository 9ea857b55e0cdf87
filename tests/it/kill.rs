//! Killed at every commit point, and while an answer is under way: the world ends as if nothing had happened, with one mail.
//!
//! Needs `--features kill-points`, which no release build has.

#![cfg(feature = "kill-points")]

use crate::dice::Dice;
use crate::flow::bed::{ADA, POSTING, STAGE, TEST};
use crate::flow::process::{Deployed, End, On};
use leverd::sim::{Control, Misbehaviour, NewOpportunity, RouteFault};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many processes run at once.
const AT_ONCE: usize = 6;

/// What an undisturbed run leaves.
fn undisturbed() -> End {
    End {
        tags: vec!["Front-end Engineer".into(), format!("{TEST} - Approved")],
        notes: vec![format!("{TEST}: 88 %"), format!("{TEST} was approved")],
        links: 1,
        stage: "On-site interview".into(),
        // Created, moved by the recruiter, moved by us.
        moves: 3,
        mails: vec![TEST.into()],
    }
}

/// Runs every case, some at a time, and compares the ends.
async fn all<C, F>(cases: Vec<C>, run: impl Fn(C) -> F)
where
    C: std::fmt::Debug,
    F: Future<Output = (Deployed, End)> + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for case in cases {
        let (name, slots) = (format!("{case:?}"), Arc::clone(&slots));
        let story = run(case);
        running.spawn(async move {
            let _slot = slots.acquire_owned().await.unwrap();
            let (deployed, end) = story.await;
            assert_eq!(end, undisturbed(), "killed {name}\n{}", deployed.logged());
            assert_eq!(deployed.deaths, usize::from(!name.contains("None")), "killed {name}\n{}", deployed.logged());
        });
    }
    let mut failed = Vec::new();
    while let Some(done) = running.join_next().await {
        failed.extend(done.err().map(|error| error.to_string()));
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d01_d12_killed_at_each_commit_it_ends_the_same_with_one_mail() {
    // The writes are begun in this order: invitation, tags (invited, started, submitted), note, link, tags (approved), note, move.
    let (few, every): (&[u32], &[u32]) = (&[1, 2, 4], &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let points = [("delivery-in", few), ("events-derived", few), ("plan-made", few), ("begun", every), ("effect-done", every)];
    let mut cases: Vec<(On, Option<String>)> = Vec::new();
    for on in [On::Sqlite, On::Postgres] {
        cases.push((on, None));
        for (point, times) in points {
            for when in ["before", "after"] {
                cases.extend(times.iter().map(|nth| (on, Some(format!("{when}-{point}:{nth}")))));
            }
        }
    }
    all(cases, |(on, case)| async move {
        let mut deployed = Deployed::prepare_on(on).await;
        let environment: Vec<(&str, &str)> = case.iter().map(|point| ("LEVERD_KILL_AT", point.as_str())).collect();
        deployed.start(&environment).await;
        let end = deployed.whole_story().await;
        (deployed, end)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d01_d12_killed_while_an_answer_is_under_way_it_ends_the_same_with_one_mail() {
    let cases = vec![
        ("GET", "/v1/opportunities/{id}"),
        ("GET", "/api/v1/assessments"),
        ("POST", "/api/v1/assessment_invitations/invite_candidates"),
        ("POST", "/v1/opportunities/{id}/addTags"),
        ("POST", "/v1/opportunities/{id}/removeTags"),
        ("GET", "/api/v1/assessment_results/{id}/exhibit"),
        ("POST", "/v1/opportunities/{id}/notes"),
        ("POST", "/v1/opportunities/{id}/addLinks"),
        ("PUT", "/v1/opportunities/{id}/stage"),
    ];
    all(cases, |(method, path)| async move {
        let mut deployed = Deployed::prepare().await;
        deployed.control().add_route_fault(RouteFault {
            method: Some(method.to_owned()),
            path: path.to_owned(),
            times: Some(1),
            after: 0,
            then: Misbehaviour::Slow { ms: 10_000 },
        });
        deployed.start(&[]).await;
        deployed.kill_when_slow();
        let end = deployed.whole_story().await;
        (deployed, end)
    })
    .await;
}

// B27 D01: a look at what changed in Lever is repeated, never skipped, wherever it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b27_d01_killed_at_each_commit_of_a_look_everybody_is_found_and_mailed_once() {
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    // The second page of a look lists what was deleted.
    for point in ["delivery-in:1", "events-derived:1", "events-derived:2", "plan-made:1"] {
        for when in ["before", "after"] {
            let (case, slots) = (format!("{when}-{point}"), Arc::clone(&slots));
            running.spawn(async move {
                let _slot = slots.acquire_owned().await.unwrap();
                let deployed = killed_while_looking(&case).await;
                let mails = deployed.control().mails().len();
                assert_eq!((deployed.deaths, mails), (1, 1), "killed {case}\n{}", deployed.logged());
            });
        }
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}

/// In every run so many; `LEVERD_KILLS=1000` for the long one.
const KILLS: u64 = 20;
/// And so many in one world.
const KILLS_OF_A_WORLD: u64 = 10;
const CANDIDATES: usize = 6;

// D01 D12: at moments that nobody chose, while several candidates go their ways.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d01_d12_killed_under_load_again_and_again_everybody_ends_the_same_with_one_mail() {
    let kills =
        std::env::var("LEVERD_KILLS").map_or(KILLS, |text| text.parse().unwrap_or_else(|_| panic!("LEVERD_KILLS: {text}")));
    let mut killed = 0;
    while killed < kills {
        // Half of them on each database.
        let (of_world, on) = (KILLS_OF_A_WORLD.min(kills - killed), [On::Sqlite, On::Postgres]);
        let on = on[usize::try_from(killed / KILLS_OF_A_WORLD).unwrap() % on.len()];
        let mut deployed = killed_under_load(on, Dice::new(killed), of_world).await;
        deployed.rest().await;
        for who in 0..CANDIDATES {
            let end = deployed.end_of(&name(who), &email(who));
            assert_eq!(end, undisturbed(), "{} of the world from kill {killed} on\n{}", name(who), deployed.logged());
        }
        killed += u64::try_from(deployed.deaths).unwrap();
    }
    println!("{killed} kills, and nothing lost or done twice");
}

fn name(who: usize) -> String {
    format!("Candidate {who}")
}

fn email(who: usize) -> String {
    format!("candidate{who}@example.com")
}

/// Candidates are moved and take their tests as soon as they can, while the process is killed after random times.
async fn killed_under_load(on: On, mut dice: Dice, kills: u64) -> Deployed {
    let mut deployed = Deployed::prepare_on(on).await;
    let control = deployed.control();
    for who in 0..CANDIDATES {
        let (name, email, posting) = (name(who), Some(email(who)), Some(POSTING.to_owned()));
        control.create_opportunity(NewOpportunity { name, email, posting, ..NewOpportunity::default() }).unwrap();
    }
    deployed.start(&[]).await;
    let mut steps = [0; CANDIDATES];
    let mut next = dice.between(1, 40);
    for tick in 0_u64.. {
        for (who, step) in steps.iter_mut().enumerate() {
            // Not all at once: there is load from the first kill to the last.
            if tick >= 20 * who as u64 * kills.min(10) {
                *step += usize::from(forward(&control, &name(who), &email(who), *step));
            }
        }
        // The last one comes when everybody has arrived: whoever lives then lives later, and waits for no grace.
        let done = deployed.deaths as u64 + 1 >= kills && steps.iter().all(|step| *step == STEPS);
        if done || tick >= next {
            deployed.kill_and_start().await;
            next = tick + dice.between(1, 60);
        }
        if done {
            break;
        }
        deployed.revive().await;
        assert!(tick < 12_000, "the candidates stand at {steps:?} of {STEPS}\n{}", deployed.logged());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    deployed
}

const STEPS: usize = 5;

/// Has a candidate do the next step, if the one before has arrived in Lever.
pub(crate) fn forward(control: &Control, name: &str, email: &str, step: usize) -> bool {
    let tagged = |state: &str| control.tags(name).unwrap().contains(&format!("{TEST} - {state}"));
    match step {
        0 => control.move_stage(name, STAGE).is_ok(),
        1 => tagged("Invited") && control.start_assessment(email, TEST).is_ok(),
        2 => tagged("Started") && control.submit_assessment(email, TEST, 87.5).is_ok(),
        3 => !control.notes(name).unwrap().is_empty() && control.approve_candidate(email).is_ok(),
        4 => control.stage_of(name).unwrap() == control.stage_id("On-site interview").unwrap(),
        _ => false,
    }
}

/// An account without Lever's webhooks, polled each minute; the process is killed in the look that finds Ada.
async fn killed_while_looking(case: &str) -> Deployed {
    let mut deployed = Deployed::prepare().await;
    let control = deployed.control();
    control.switch_webhooks(&["candidateStageChange".to_owned()], false).unwrap();
    let (text, key) = (std::fs::read_to_string(&deployed.config).unwrap(), "api_key: { file: secrets/lever }");
    let text = text.replacen(key, &format!("{key}\n      poll: {{ every: 1m }}"), 1);
    std::fs::write(&deployed.config, text).unwrap();
    deployed.start(&[]).await;
    while !deployed.looked().await {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    deployed.kill();
    control.move_stage(ADA, STAGE).unwrap();
    deployed.later();
    deployed.start(&[("LEVERD_KILL_AT", case)]).await;
    let tag = format!("{TEST} - Invited");
    deployed.until("the invitation", |control| control.tags(ADA).unwrap().contains(&tag)).await;
    deployed.rest().await;
    deployed
}
