//! The disk is full, the store's file is damaged, is something else, or is another process's: the binary says which file and what to do,
//! and what was accepted is kept.

use super::bed::{ADA, EMAIL, POSTING, STAGE, TEST};
use super::process::Deployed;
use leverd::sim::NewOpportunity;

const BO: &str = "Bo Example";

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

// Full in the middle of work; with room again all goes on, and nobody is invited twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_answered_503_and_nothing_is_lost() {
    let mut deployed = Deployed::prepare().await;
    let control = deployed.control();
    let (name, email, posting) = (BO.to_owned(), Some("bo@example.com".to_owned()), Some(POSTING.to_owned()));
    control.create_opportunity(NewOpportunity { name, email, posting, ..NewOpportunity::default() }).unwrap();
    deployed.start(&[]).await;
    control.move_stage(ADA, STAGE).unwrap();
    let invited = |who: &'static str| {
        move |control: &leverd::sim::Control| control.tags(who).unwrap().contains(&format!("{TEST} - Invited"))
    };
    deployed.until("the first invitation", invited(ADA)).await;
    deployed.rest().await;

    deployed.fill_disk(true);
    control.move_stage(BO, STAGE).unwrap();
    deployed
        .until("an answer", |control| {
            let deliveries = control.deliveries();
            deliveries.iter().flat_map(|delivery| &delivery.attempts).any(|attempt| attempt.status == Some(503))
        })
        .await;
    assert_eq!(control.mails().len(), 1);
    assert_eq!(deployed.deaths, 0, "{}", deployed.logged());

    assert!(deployed.logged().contains("the disk refuses to read or write: see what the system says"), "{}", deployed.logged());
    deployed.fill_disk(false);
    deployed.until("the second invitation", invited(BO)).await;
    deployed.rest().await;
    assert_eq!(control.mails().len(), 2);
    assert_eq!(deployed.deaths, 0, "{}", deployed.logged());
    deployed.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_the_same_file_is_told_which_and_the_first_one_goes_on() {
    let mut deployed = Deployed::prepare().await;
    deployed.start(&[]).await;
    let second = deployed.run("serve", &[]).await;
    let text = said(&second);
    assert!(!second.status.success() && text.contains("leverd.db`") && text.contains("stop that one first"), "{text}");
    deployed.control().move_stage(ADA, STAGE).unwrap();
    deployed.until("the invitation", |control| control.mails().len() == 1).await;
    assert_eq!(deployed.deaths, 0);
    deployed.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_damaged_or_something_else_is_named_with_what_to_do() {
    let deployed = Deployed::prepare().await;
    let file = deployed.config.with_file_name("leverd.db");
    std::fs::write(&file, "this is a diary, and no database at all".repeat(100)).unwrap();
    let text = said(&deployed.run("serve", &[]).await);
    assert!(text.contains("leverd.db`: this file is no SQLite database: give `store` another one"), "{text}");

    std::fs::remove_file(&file).unwrap();
    leverd::store::Store::open(leverd::store::Options::path(&file)).await.unwrap().close().await;
    // All of it lies in the file itself, nothing in the log beside it.
    let db = rusqlite::Connection::open(&file).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(db);
    // The root of the schema: how many cells there are and where they lie.
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100..200].fill(0xff);
    std::fs::write(&file, bytes).unwrap();
    let text = said(&deployed.run("serve", &[]).await);
    assert!(text.contains("leverd.db`: the file is damaged: stop leverd and restore a backup"), "{text}");

    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let text = said(&deployed.run("serve", &[]).await);
    assert!(text.contains("leverd.db`"), "{text}");
}

/// Whoever may write anywhere tests as one who may not: what permissions say is meant for leverd, not for a test.
fn as_anybody() -> Vec<&'static str> {
    let root = std::process::Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if root { vec!["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"] } else { Vec::new() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_or_a_folder_that_leverd_may_not_write_is_named_with_what_to_do() {
    use std::os::unix::fs::PermissionsExt as _;
    let deployed = Deployed::prepare().await;
    let file = deployed.config.with_file_name("leverd.db");
    let folder = file.parent().unwrap().to_owned();
    let mode = |path: &std::path::Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let refused = async |what: &str| {
        let output = deployed.run_as(&as_anybody(), "serve", &[]).await;
        let (text, help) = (said(&output), "let the user that runs leverd write this file and its folder");
        assert!(!output.status.success() && text.contains(what) && text.contains(help), "{text}");
    };
    mode(&folder, 0o555);
    refused("leverd.db.lock`").await;
    mode(&folder, 0o755);
    leverd::store::Store::open(leverd::store::Options::path(&file)).await.unwrap().close().await;
    // Whoever closes it last takes the log away: with one that is there, the file alone would do.
    let log = file.with_file_name("leverd.db-wal");
    for _ in 0..500 {
        if !log.exists() {
            break;
        }
        drop(rusqlite::Connection::open(&file).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(!log.exists());
    mode(&file, 0o444);
    refused("leverd.db`").await;
    // The file may be written, and the log beside it cannot be made.
    mode(&file, 0o644);
    mode(&folder, 0o555);
    refused("leverd.db`").await;
    mode(&folder, 0o755);
}

// A page of the file goes bad under a running leverd: it says so, and answers 503 rather than accept what it could not keep.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_goes_bad_under_a_running_leverd_is_named_and_nothing_is_accepted_that_cannot_be_kept() {
    let mut deployed = Deployed::prepare().await;
    let control = deployed.control();
    deployed.start(&[]).await;
    control.move_stage(ADA, STAGE).unwrap();
    deployed.until("the invitation", |control| control.mails().len() == 1).await;
    deployed.rest().await;
    let file = deployed.config.with_file_name("leverd.db");
    let db = rusqlite::Connection::open(&file).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(db);
    // Every page but the first: no table, and no index, can be read.
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[4096..].fill(0xff);
    std::fs::write(&file, bytes).unwrap();
    control.start_assessment(EMAIL, TEST).unwrap();
    deployed
        .until("an answer", |control| {
            control.deliveries().iter().flat_map(|delivery| &delivery.attempts).any(|attempt| attempt.status == Some(503))
        })
        .await;
    assert!(deployed.logged().contains("the file is damaged: stop leverd and restore a backup"), "{}", deployed.logged());
    assert_eq!(control.mails().len(), 1);
    deployed.kill();
}
