//! A backup taken under load, and a store made of it: the world went on meanwhile, and nobody is invited twice.

use super::bed::{ADA, POSTING, STAGE, TEST};
use super::process::Deployed;
use leverd::cli::demo::world::ACCOUNT;
use leverd::model::AccountId;
use leverd::sim::{Control, Misbehaviour, NewOpportunity, RouteFault};
use leverd::store::{Options, Store};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

const CROWD: usize = 12;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

fn email(name: &str) -> String {
    format!("{}@example.com", name.to_lowercase().replace(' ', "."))
}

fn create(control: &Control, name: &str) {
    let (email, posting) = (Some(email(name)), Some(POSTING.to_owned()));
    control.create_opportunity(NewOpportunity { name: name.to_owned(), email, posting, ..NewOpportunity::default() }).unwrap();
}

/// How many mails each person got.
fn mails(control: &Control) -> BTreeMap<String, usize> {
    let mut mails = BTreeMap::new();
    for mail in control.mails() {
        *mails.entry(mail.to).or_default() += 1;
    }
    mails
}

async fn parked(deployed: &Deployed) -> Vec<(String, String)> {
    let store = Store::open(Options::path(deployed.config.with_file_name("leverd.db")).read_only()).await.unwrap();
    let rows = store.parked(Some(&AccountId::new(ACCOUNT))).await.unwrap();
    rows.into_iter().map(|row| (row.what, row.reason.unwrap().code.to_string())).collect()
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions()) & 0o777
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_taken_under_load_is_restored_and_nobody_is_invited_twice() {
    let mut deployed = Deployed::prepare().await;
    let control = deployed.control();
    let crowd: Vec<String> = (0..CROWD).map(|n| format!("Crowd {n}")).collect();
    for name in crowd.iter().map(String::as_str).chain(["Bo", "Cy", "Di"]) {
        create(&control, name);
    }
    deployed.start(&[]).await;
    control.move_stage(ADA, STAGE).unwrap();
    let tag = format!("{TEST} - Invited");
    deployed.until("the first invitation", |control| control.tags(ADA).unwrap().contains(&tag)).await;
    deployed.rest().await;

    // Bo's invitation is under way when the backup is taken, and those of many more begin.
    let path = "/api/v1/assessment_invitations/invite_candidates".to_owned();
    let then = Misbehaviour::Slow { ms: 3_000 };
    control.add_route_fault(RouteFault { method: Some("POST".to_owned()), path, times: Some(1), after: 0, then });
    control.move_stage("Bo", STAGE).unwrap();
    deployed.until("the slow invitation", |control| control.requests().iter().any(|request| request.fault.is_some())).await;
    for name in &crowd {
        control.move_stage(name, STAGE).unwrap();
    }
    let file = deployed.folder.path().join("nightly.db");
    let file = file.to_str().unwrap().to_owned();
    let backup = deployed.run("backup", &[&file]).await;
    assert!(backup.status.success() && said(&backup).contains("1 account"), "{}", said(&backup));
    assert_eq!(mode(Path::new(&file)), 0o600, "candidates' data");
    let again = deployed.run("backup", &[&file]).await;
    assert_eq!(again.status.code(), Some(2));
    assert!(said(&again).contains("is there already and stays as it is"), "{}", said(&again));

    // The world goes on: everybody is invited, Cy too, of whom the backup knows nothing.
    control.move_stage("Cy", STAGE).unwrap();
    deployed.until("all invitations", |control| control.mails().len() == CROWD + 3).await;
    control.move_stage("Cy", "On-site interview").unwrap();
    deployed.rest().await;

    let held = deployed.run("restore", &[&file, "--replace"]).await;
    assert_eq!(held.status.code(), Some(2));
    assert!(said(&held).contains("in use by another leverd process: stop that one first"), "{}", said(&held));
    deployed.kill();
    let there = deployed.run("restore", &[&file]).await;
    assert_eq!(there.status.code(), Some(2));
    assert!(said(&there).contains("with `--replace` the backup takes its place"), "{}", said(&there));
    let restored = deployed.run("restore", &[&file, "--replace"]).await;
    let text = said(&restored);
    assert!(restored.status.success(), "{text}");
    assert!(
        text.contains("effects are parked") && text.contains("leverd parked") && text.contains("leverd.db.before-"),
        "{text}"
    );
    assert_eq!(mode(&deployed.config.with_file_name("leverd.db")), 0o600);
    let rows = parked(&deployed).await;
    assert!(rows.iter().any(|(what, _)| what.starts_with("invite of rule")), "Bo's at the least: {rows:?}");
    assert!(rows.iter().all(|(_, code)| code == "R10"), "{rows:?}");

    // From now on: Cy comes to the stage once more, and Di for the first time. Neither is invited without a person.
    deployed.later();
    deployed.start(&[]).await;
    control.add_tags("Cy", &[TEST.to_owned()]).unwrap();
    control.move_stage("Cy", STAGE).unwrap();
    control.move_stage("Di", STAGE).unwrap();
    let before = rows.len();
    for _ in 0..1_200 {
        deployed.revive().await;
        if parked(&deployed).await.len() >= before + 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let rows = parked(&deployed).await;
    assert_eq!(rows.len(), before + 2, "{rows:?}\n{}", deployed.logged());
    assert_eq!(mails(&control).get(&email("Di")), None);

    // A person looks, and has it done: what was done is found, what was not is done.
    let retried = deployed.run("retry", &["--all"]).await;
    assert!(retried.status.success(), "{}", said(&retried));
    deployed.later();
    deployed.kill();
    deployed.start(&[]).await;
    deployed.until("Di's invitation", |control| mails(control).contains_key(&email("Di"))).await;
    deployed.rest().await;
    let told = mails(&control);
    assert_eq!(told.len(), CROWD + 4, "{told:?}");
    assert!(told.values().all(|mails| *mails == 1), "{told:?}");

    let settled = deployed.run("restore", &["--settled"]).await;
    assert!(said(&settled).contains("go out by themselves again"), "{}", said(&settled));
    create(&control, "Eve");
    control.move_stage("Eve", STAGE).unwrap();
    deployed.until("Eve's invitation", |control| mails(control).contains_key(&email("Eve"))).await;
    deployed.kill();
    let settled = deployed.run("restore", &["--settled"]).await;
    assert!(said(&settled).contains("nothing is held"), "{}", said(&settled));
}
