//! Killed at every commit point, and while an answer is under way: the world ends as if nothing had happened, with one mail.
//!
//! Needs `--features kill-points`, which no release build has.

#![cfg(feature = "kill-points")]

use crate::flow::bed::{ADA, STAGE, TEST};
use crate::flow::process::{Deployed, End};
use leverd::sim::{Misbehaviour, RouteFault};
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
            assert_eq!(deployed.deaths, usize::from(name != "None"), "killed {name}\n{}", deployed.logged());
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
    let mut cases: Vec<Option<String>> = vec![None];
    for (point, times) in points {
        for when in ["before", "after"] {
            cases.extend(times.iter().map(|nth| Some(format!("{when}-{point}:{nth}"))));
        }
    }
    all(cases, |case| async move {
        let mut deployed = Deployed::prepare().await;
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
