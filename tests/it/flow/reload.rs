//! Rules change while leverd runs.

use super::bed::{ADA, Bed, EMAIL, STAGE, Setting, TEST};
use leverd::model::{NoticeKind, PackName, RuleName};
use leverd::sim::Misbehaviour;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A rule that says which version of the rules is in force.
fn version(n: u32) -> String {
    format!(
        "\n  - name: say the version\n    trigger: candidateStageChange\n    when: {{ to_stage: On-site interview }}\n    do:\n      \
         - add_note: \"version {n}\"\n"
    )
}

async fn bed() -> Bed {
    Bed::with(Setting { rules: &version(0), ..Setting::default() }).await
}

fn folder(bed: &Bed) -> PathBuf {
    bed.world.config.with_file_name("rules").join("qualified")
}

/// The whole text of rules.yaml at this version.
fn rules(bed: &Bed, n: u32) -> String {
    let text = fs::read_to_string(folder(bed).join("rules.yaml")).unwrap();
    let at = text.find("\n  - name: say the version").unwrap();
    format!("{}{}", &text[..at], version(n))
}

fn hash(bed: &Bed) -> String {
    bed.world.node.account(&bed.account()).unwrap().active().program.hash().to_owned()
}

/// Waits until it is so.
async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !so().await {
        assert!(started.elapsed() < Duration::from_secs(60), "waiting for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn reloaded(bed: &Bed, what: &str, before: &str) {
    until(what, async || hash(bed) != before).await;
}

/// Moves Ada there and back; the note of the rules in force.
async fn in_force(bed: &Bed) -> String {
    bed.control().move_stage(ADA, "Recruiter screen").unwrap();
    bed.control().move_stage(ADA, "On-site interview").unwrap();
    bed.rest().await;
    bed.notes(ADA).last().unwrap().clone()
}

async fn broken(bed: &Bed) -> bool {
    bed.get("/health").await.contains("a broken reload")
}

#[tokio::test]
async fn every_way_of_saving_is_taken() {
    let bed = bed().await;
    let (folder, file) = (folder(&bed), folder(&bed).join("rules.yaml"));
    assert_eq!(in_force(&bed).await, "version 0");

    let before = hash(&bed);
    fs::write(&file, rules(&bed, 1)).unwrap();
    reloaded(&bed, "a save in place", &before).await;
    assert_eq!(in_force(&bed).await, "version 1");

    let (before, text) = (hash(&bed), rules(&bed, 2));
    fs::write(folder.join(".rules.yaml.swp"), &text).unwrap();
    fs::rename(folder.join(".rules.yaml.swp"), &file).unwrap();
    reloaded(&bed, "a file renamed over it", &before).await;

    let (before, text) = (hash(&bed), rules(&bed, 3));
    fs::remove_file(&file).unwrap();
    fs::write(&file, &text).unwrap();
    reloaded(&bed, "unlink and create", &before).await;
    assert_eq!(in_force(&bed).await, "version 3");

    for n in [4, 5] {
        let (before, text) = (hash(&bed), rules(&bed, n));
        let new = folder.with_file_name("new");
        fs::create_dir(&new).unwrap();
        fs::copy(folder.join("vendor.yaml"), new.join("vendor.yaml")).unwrap();
        fs::write(new.join("rules.yaml"), &text).unwrap();
        fs::rename(&folder, folder.with_file_name(format!("old{n}"))).unwrap();
        fs::rename(&new, &folder).unwrap();
        reloaded(&bed, "a replaced folder", &before).await;
    }
    assert_eq!(in_force(&bed).await, "version 5");
    until("no fault", async || !broken(&bed).await).await;
}

#[tokio::test]
async fn the_link_swap_of_a_config_map_is_taken() {
    use std::os::unix::fs::symlink;
    let bed = bed().await;
    let folder = folder(&bed);
    let vendor = fs::read(folder.join("vendor.yaml")).unwrap();
    for n in [1, 2, 3] {
        let (before, text) = (hash(&bed), rules(&bed, n));
        let data = folder.join(format!("..2026_{n}"));
        fs::create_dir(&data).unwrap();
        fs::write(data.join("rules.yaml"), text).unwrap();
        fs::write(data.join("vendor.yaml"), &vendor).unwrap();
        symlink(format!("..2026_{n}"), folder.join("..data_tmp")).unwrap();
        fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
        if n == 1 {
            for name in ["rules.yaml", "vendor.yaml"] {
                symlink(format!("..data/{name}"), folder.join("link")).unwrap();
                fs::rename(folder.join("link"), folder.join(name)).unwrap();
            }
        }
        reloaded(&bed, "the swap", &before).await;
    }
    assert_eq!(in_force(&bed).await, "version 3");
}

#[tokio::test]
async fn a_checkout_of_many_files_is_taken_when_git_is_done() {
    let bed = bed().await;
    let (folder, before, text) = (folder(&bed), hash(&bed), rules(&bed, 1));
    let git = bed.world.config.with_file_name(".git");
    fs::create_dir(&git).unwrap();
    fs::write(git.join("index.lock"), "").unwrap();
    // In between nothing fits together: one file is half there, another gone.
    fs::write(folder.join("rules.yaml"), &text[..text.len() / 2]).unwrap();
    let vendor = fs::read(folder.join("vendor.yaml")).unwrap();
    fs::remove_file(folder.join("vendor.yaml")).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(hash(&bed), before);
    fs::write(folder.join("vendor.yaml"), vendor).unwrap();
    fs::write(folder.join("rules.yaml"), text).unwrap();
    fs::remove_file(git.join("index.lock")).unwrap();
    reloaded(&bed, "the checkout", &before).await;
    assert!(!bed.notices().await.contains(&NoticeKind::Reload));
    assert_eq!(in_force(&bed).await, "version 1");
}

#[tokio::test]
async fn a_broken_file_keeps_the_last_good_rules_and_says_so() {
    let bed = bed().await;
    let (file, before, good) = (folder(&bed).join("rules.yaml"), hash(&bed), rules(&bed, 1));
    fs::write(&file, good.replace("trigger: assessment.started", "trigger: assessment.startd")).unwrap();
    until("the fault", async || broken(&bed).await).await;
    assert_eq!(hash(&bed), before);
    let health = bed.get("/health").await;
    assert!(health.contains("rules/qualified/rules.yaml") && health.contains("assessment.startd"), "{health}");
    assert!(bed.get("/metrics").await.contains("leverd_reloads_total{ok=\"false\"}"));
    let notices = async || bed.world.node.store.notices(Some(&bed.account()), 10).await.unwrap();
    until("the notice", async || !notices().await.is_empty()).await;
    let (_, notice) = notices().await.remove(0);
    assert_eq!(notice.kind, NoticeKind::Reload);
    assert!(notice.text.contains("not taken") && notice.text.contains("did you mean"), "{}", notice.text);
    // It works on.
    bed.enter().await;
    assert_eq!(bed.mails().len(), 1);
    assert_eq!(in_force(&bed).await, "version 0");

    // leverd.yaml too, and a folder that is gone for a while.
    let config = fs::read_to_string(&bed.world.config).unwrap();
    fs::write(&bed.world.config, config.replace("mode: live", "mode: lively")).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(hash(&bed), before);
    fs::write(&bed.world.config, &config).unwrap();

    fs::write(&file, good).unwrap();
    reloaded(&bed, "the repair", &before).await;
    until("health", async || !broken(&bed).await).await;
    assert_eq!(in_force(&bed).await, "version 1");
}

#[tokio::test]
async fn what_was_planned_is_done_as_it_was_planned() {
    let bed = bed().await;
    bed.fault(
        "POST",
        "/v1/opportunities/{id}/notes",
        0,
        Misbehaviour::Answer { status: 429, applied: false, retry_after: Some(3) },
    );
    bed.control().move_stage(ADA, "On-site interview").unwrap();
    bed.rest().await;
    assert!(bed.notes(ADA).is_empty());
    let before = hash(&bed);
    fs::write(folder(&bed).join("rules.yaml"), rules(&bed, 1)).unwrap();
    reloaded(&bed, "the new rules", &before).await;
    bed.control().clear_route_faults();
    bed.advance(Duration::from_secs(61)).await;
    assert_eq!(bed.notes(ADA), ["version 0"]);
}

#[tokio::test]
async fn b17_a_new_trigger_stage_invites_nobody_who_stands_there() {
    let bed = bed().await;
    bed.control().move_stage(ADA, "Recruiter screen").unwrap();
    bed.rest().await;
    let (before, config) = (hash(&bed), fs::read_to_string(&bed.world.config).unwrap());
    fs::write(&bed.world.config, config.replace("[Assessment]", "[Assessment, Recruiter screen]")).unwrap();
    reloaded(&bed, "the new settings", &before).await;
    bed.rest().await;
    assert!(bed.mails().is_empty());
    bed.control().move_stage(ADA, "New applicant").unwrap();
    bed.control().move_stage(ADA, "Recruiter screen").unwrap();
    bed.rest().await;
    assert_eq!(bed.mails(), [format!("{EMAIL}: {TEST}")]);
}

#[tokio::test]
async fn a_timer_whose_rule_is_gone_is_dropped_and_says_so() {
    let rule = "\n  - name: ask for news\n    trigger: { after: 3d, of: assessment.invited }\n    do:\n      - add_note: \"any news?\"\n";
    let bed = Bed::with(Setting { rules: &format!("{rule}{}", version(0)), ..Setting::default() }).await;
    bed.control().move_stage(ADA, STAGE).unwrap();
    bed.rest().await;
    let (before, text) = (hash(&bed), rules(&bed, 0).replace(rule, ""));
    fs::write(folder(&bed).join("rules.yaml"), text).unwrap();
    reloaded(&bed, "the rule's removal", &before).await;
    bed.advance(Duration::from_secs(3 * 24 * 60 * 60 + 60)).await;
    assert!(bed.notes(ADA).is_empty());
    let said = bed.said(ADA).await;
    assert!(said.iter().any(|said| said.contains("ask for news") && said.contains("gone")), "{said:?}");
    let timers = bed.world.node.store.timers(&bed.account(), &PackName::new("qualified"), &RuleName::new("ask for news")).await;
    assert!(timers.unwrap().is_empty());
}
