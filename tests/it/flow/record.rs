//! Runs that happened become rule tests, and nobody comes along.

use super::bed::{Bed, POSTING, STAGE, Setting, TEST, USER};
use leverd::sim::NewOpportunity;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const LEVERD: &str = env!("CARGO_BIN_EXE_leverd");
const GRACE: &str = "Grace Brewster Hopper";
const MAIL: &str = "grace.hopper@navy.example";
const PHONE: &str = "+1 703 5550199";

const MORE: &str = r#"
  - name: greet
    trigger: candidateStageChange
    when: { to_stage: On-site interview, opportunity.origin: { in: [sourced, applied] } }
    do:
      - add_note: "Welcome {{default candidate.name 'you'}} of {{default candidate.location 'nowhere'}}, write to {{default candidate.email 'nobody'}}"
      - add_link: { key: page, url: "https://people.example/{{opportunity.id}}" }

  - name: remind who is silent
    trigger: { after: 3d, of: assessment.invited }
    do:
      - add_note: "three days of silence"
"#;

/// Exit code, standard output and standard error.
async fn leverd(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(LEVERD);
    command.args(arguments).current_dir(folder);
    let out = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (out.status.code(), String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_run_of_a_story_becomes_a_test_that_passes_and_tells_of_nobody() {
    let bed = Bed::with(Setting { rules: MORE, ..Setting::default() }).await;
    let control = bed.control();
    control
        .create_opportunity(NewOpportunity {
            name: GRACE.into(),
            email: Some(MAIL.into()),
            phone: Some(PHONE.into()),
            posting: Some(POSTING.into()),
            ..NewOpportunity::default()
        })
        .unwrap();
    // Asked by nobody, invited, silent, done, welcomed.
    control.move_stage(GRACE, "Recruiter screen").unwrap();
    bed.rest().await;
    control.move_stage(GRACE, STAGE).unwrap();
    bed.rest().await;
    bed.advance(Duration::from_secs(3 * 86_400 + 60)).await;
    control.start_assessment(MAIL, TEST).unwrap();
    bed.rest().await;
    control.submit_assessment(MAIL, TEST, 87.5).unwrap();
    bed.rest().await;
    control.move_stage(GRACE, "On-site interview").unwrap();
    bed.rest().await;
    assert!(bed.notes(GRACE).iter().any(|note| note.contains(GRACE)), "{:?}", bed.notes(GRACE));

    let runs = bed.world.node.store.runs(None, None, 100, bed.world.node.clock.now()).await.unwrap();
    assert!(runs.len() >= 5, "{}", runs.len());
    let project = bed.world.config.parent().unwrap().to_owned();
    let into = project.join("rules/qualified/tests.yaml");
    let mut recorded = String::new();
    for (n, run) in runs.iter().rev().enumerate() {
        let id = run.event.id.to_string();
        let (code, told, notes) = leverd(&project, &["test", "--record", &id]).await;
        assert_eq!(code, Some(0), "{told}{notes}");
        assert!(!notes.contains("the run did"), "{notes}\n{told}");
        // Alone it passes by the rules that were in force.
        let alone = tempfile::tempdir().unwrap();
        for file in ["rules.yaml", "vendor.yaml"] {
            std::fs::copy(project.join("rules/qualified").join(file), alone.path().join(file)).unwrap();
        }
        std::fs::write(alone.path().join("tests.yaml"), &told).unwrap();
        let (code, passed, said) = leverd(alone.path(), &["test"]).await;
        assert_eq!((code, passed.as_str()), (Some(0), "1 test, 1 passed, 0 failed\n"), "{told}\n{said}");
        recorded += &told;
        let (code, told, notes) = leverd(&project, &["test", "--record", &id, "--into", "rules/qualified/tests.yaml"]).await;
        assert_eq!(code, Some(0), "{told}{notes}");
        let (code, passed, said) = leverd(&project, &["test", "rules/qualified"]).await;
        assert_eq!(code, Some(0), "{passed}{said}");
        assert!(passed.starts_with(&format!("{} test", n + 1)), "{passed}");
    }
    // What the rules go by is there …
    for kept in [STAGE, TEST, POSTING, "87.5", "wait: 3d", "expect: nothing", "Welcome Ada Example", "three days of silence"] {
        assert!(recorded.contains(kept), "`{kept}` is not in\n{recorded}");
    }
    // … and nobody is.
    let written = std::fs::read_to_string(&into).unwrap();
    let opportunity = bed.id(GRACE);
    for personal in ["Grace", "Brewster", "Hopper", MAIL, "navy", PHONE, "5550199", opportunity.as_str(), USER, "127.0.0.1"] {
        let found = recorded.lines().chain(written.lines()).find(|line| line.contains(personal));
        assert_eq!(found, None, "`{personal}` is told");
    }
    // A rule that is broken later is found by it.
    let rules = project.join("rules/qualified/rules.yaml");
    let text = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, text.replace("three days of silence", "three days")).unwrap();
    let (code, told, _) = leverd(&project, &["test", "rules/qualified"]).await;
    assert!(code == Some(1) && told.contains("three days of silence"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_recorded_is_said_and_no_file_is_harmed() {
    let bed = Bed::start().await;
    bed.enter().await;
    let project = bed.world.config.parent().unwrap().to_owned();
    let run = bed.world.node.store.runs(None, None, 1, bed.world.node.clock.now()).await.unwrap().remove(0);
    let id = run.event.id.to_string();
    let said = async |arguments: &[&str]| {
        let (code, _, said) = leverd(&project, arguments).await;
        assert_eq!(code, Some(2), "{said}");
        said
    };
    assert!(said(&["test", "--record", "ffffffff"]).await.contains("no run has an id that starts with `ffffffff`"));
    assert!(said(&["test", "--record", &id, "--pack", "other"]).await.contains("did not use a pack called `other` then"));
    let file = project.join("mine.yaml");
    for text in ["tests: []\n", "tests:\n  - name: x\n    steps: []\ngiven: {}\n"] {
        std::fs::write(&file, text).unwrap();
        assert!(said(&["test", "--record", &id, "--into", "mine.yaml"]).await.contains("put it in by hand"));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
}
