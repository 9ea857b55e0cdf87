//! Killed at every commit point, and while an answer is under way: the world ends as if nothing had happened, with one mail.
//!
//! Needs `--features kill-points`, which no release build has.

#![cfg(feature = "kill-points")]

use crate::flow::bed::TEST;
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
