//! `leverd store move` by the real binary: a story that begins on a file ends on a database, whatever kills the move.

use super::bed::{ADA, EMAIL, POSTING, STAGE, TEST};
use super::process::Deployed;
use crate::postgres::{Base, server};
use leverd::sim::{Misbehaviour, NewOpportunity, RouteFault};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

const LEVERD: &str = env!("CARGO_BIN_EXE_leverd");
/// The move has no more than this many places to be killed at: each try gets at least one further than the one before.
const MOST: usize = 200;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

async fn moving(deployed: &Deployed, arguments: &[&str], kill_at: Option<usize>) -> Output {
    let mut command = Command::new("timeout");
    command.args(["120", LEVERD, "store", "move", "--config"]).arg(&deployed.config).args(arguments);
    if let Some(nth) = kill_at {
        command.env("LEVERD_KILL_AT", format!("store-move:{nth}"));
    }
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// Puts the line that was printed in the place of the one that is there.
fn store_line(config: &Path, printed: &str) {
    let line = printed.lines().find(|line| line.starts_with("store:")).unwrap();
    let text = std::fs::read_to_string(config).unwrap();
    let lines: Vec<&str> = text.lines().map(|old| if old.starts_with("store:") { line } else { old }).collect();
    std::fs::write(config, lines.join("\n") + "\n").unwrap();
}

/// A story up to the invitation, with another one under way that nobody knows the outcome of.
async fn half_a_story() -> Deployed {
    let mut deployed = Deployed::prepare().await;
    let control = deployed.control();
    let (email, posting) = (Some("bo@example.com".to_owned()), Some(POSTING.to_owned()));
    control.create_opportunity(NewOpportunity { name: "Bo".to_owned(), email, posting, ..NewOpportunity::default() }).unwrap();
    deployed.start(&[]).await;
    control.move_stage(ADA, STAGE).unwrap();
    let tag = format!("{TEST} - Invited");
    deployed.until("the invitation", |control| control.tags(ADA).unwrap().contains(&tag)).await;
    control.start_assessment(EMAIL, TEST).unwrap();
    deployed.rest().await;
    let path = "/api/v1/assessment_invitations/invite_candidates".to_owned();
    let then = Misbehaviour::Slow { ms: 1_000 };
    control.add_route_fault(RouteFault { method: Some("POST".to_owned()), path, times: Some(1), after: 0, then });
    control.move_stage("Bo", STAGE).unwrap();
    deployed.until("the slow invitation", |control| control.requests().iter().any(|request| request.fault.is_some())).await;
    deployed
}

async fn end_on_the_database(mut deployed: Deployed, base: Base) {
    let control = deployed.control();
    deployed.database = Some(base);
    // Nobody is in doubt for longer than a call takes.
    deployed.later();
    deployed.start(&[]).await;
    let tag = format!("{TEST} - Invited");
    deployed.until("Bo's invitation", |control| control.tags("Bo").unwrap().contains(&tag)).await;
    control.submit_assessment(EMAIL, TEST, 87.5).unwrap();
    deployed.until("the result", |control| !control.notes(ADA).unwrap().is_empty()).await;
    control.approve_candidate(EMAIL).unwrap();
    deployed
        .until("the move", |control| control.stage_of(ADA).unwrap() == control.stage_id("On-site interview").unwrap())
        .await;
    deployed.rest().await;
    let end = deployed.end();
    assert_eq!((end.mails.as_slice(), end.notes.len(), end.links), ([TEST.to_owned()].as_slice(), 2, 1), "{end:?}");
    let bo = deployed.end_of("Bo", "bo@example.com");
    assert_eq!(bo.mails, [TEST], "{}", deployed.logged());
    deployed.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_story_that_began_on_a_file_ends_on_the_database_and_nobody_is_invited_twice() {
    let mut deployed = half_a_story().await;
    let base = server().database().await;
    let to = ["--to", base.url.as_str()];
    let held = moving(&deployed, &to, None).await;
    assert!(held.status.code() == Some(2) && said(&held).contains("stop that one first"), "{}", said(&held));
    deployed.kill();
    tokio::time::sleep(Duration::from_millis(1_100)).await;

    let output = moving(&deployed, &to, None).await;
    let text = said(&output);
    assert!(output.status.success() && text.contains("the same on both sides"), "{text}");
    // The file is not served by accident, and says what to do.
    let file = deployed.run("serve", &[]).await;
    assert!(file.status.code() == Some(2) && said(&file).contains("into leverd.yaml"), "{}", said(&file));
    store_line(&deployed.config, &text);
    let file = deployed.config.with_file_name("leverd.db");
    let again = moving(&deployed, &["--store", file.to_str().unwrap()], None).await;
    assert!(again.status.success() && said(&again).contains("nothing was done now"), "{}", said(&again));
    end_on_the_database(deployed, base).await;
}

#[cfg(feature = "kill-points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_step_the_move_comes_to_its_end_and_nobody_is_invited_twice() {
    let mut deployed = half_a_story().await;
    deployed.kill();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let base = server().database().await;
    let to = ["--to", base.url.as_str()];
    let mut deaths = 0;
    let output = loop {
        // Before and after each of its commits: the third place is behind one.
        let output = moving(&deployed, &to, Some(1 + deaths % 6)).await;
        if output.status.success() {
            break output;
        }
        assert_eq!(output.status.code(), None, "it was not killed: {}", said(&output));
        deaths += 1;
        assert!(deaths < MOST, "it does not get on");
        if deaths % 7 == 0 {
            let file = deployed.run("serve", &[]).await;
            assert!(file.status.code() == Some(2) && said(&file).contains("store move"), "{}", said(&file));
        }
    };
    assert!(deaths > 20, "{deaths}");
    let text = said(&output);
    store_line(&deployed.config, &text);
    end_on_the_database(deployed, base).await;
}
