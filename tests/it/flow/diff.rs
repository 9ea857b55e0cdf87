//! What a change of the rules would have done: the recorded history through both rule sets, by the binary beside a running leverd.

use super::bed::{ADA, Bed, EMAIL, OTHER, STAGE, Setting, TEST};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const LEVERD: &str = env!("CARGO_BIN_EXE_leverd");
const BOB: &str = "Bob Example";
const MORE: &str = r#"
  - name: ask after a while
    trigger: { after: 3d, of: assessment.invited }
    do:
      - add_note: "{{assessment.title}}: nothing heard"
  - name: say that it was approved
    trigger: assessment.approved
    do:
      - add_note: "{{assessment.title}} was approved"
"#;

/// Two candidates, one to the decision, one invited; and the project as it is.
async fn history() -> (Bed, PathBuf) {
    let bed = Bed::with(Setting { rules: MORE, ..Setting::default() }).await;
    bed.candidate(BOB, Some("bob@example.com"), &[OTHER]);
    bed.control().move_stage(BOB, STAGE).unwrap();
    bed.enter().await;
    bed.control().start_assessment(EMAIL, TEST).unwrap();
    bed.rest().await;
    bed.control().submit_assessment(EMAIL, TEST, 88.0).unwrap();
    bed.rest().await;
    bed.control().approve_candidate(EMAIL).unwrap();
    bed.rest().await;
    let project = bed.world.config.parent().unwrap().to_owned();
    (bed, project)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let there = to.join(entry.file_name());
        match entry.path() {
            path if path.is_dir() => copy(&path, &there),
            path if path.extension().is_some_and(|ending| ending == "yaml") => drop(std::fs::copy(path, there).unwrap()),
            _ => {}
        }
    }
}

/// A copy of the project whose rules are changed so.
fn changed(project: &Path, name: &str, changes: &[(&str, &str)]) -> PathBuf {
    let other = project.with_file_name(name);
    copy(project, &other);
    let rules = other.join("rules/qualified/rules.yaml");
    let mut text = std::fs::read_to_string(&rules).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    std::fs::write(rules, text).unwrap();
    other
}

async fn diff(bed: &Bed, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(LEVERD);
    command.arg("diff").args(arguments).arg("--config").arg(&bed.world.config);
    let Output { status, stdout, stderr } = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (status.code(), format!("{}{}", String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap()))
}

/// The lines of groups: what is told, without examples.
fn groups(told: &str) -> Vec<&str> {
    told.lines().filter(|line| line.starts_with("rule ")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_shows_exactly_what_was_planted_and_sends_nothing() {
    let (bed, project) = history().await;
    let here = project.to_str().unwrap();
    bed.control().clear_requests();

    // Nothing, or only words: a rule that has another name and another place.
    let (code, told) = diff(&bed, &[here, here, "--exit-code"]).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("every one comes out the same"), "{told}");
    let renamed = changed(
        &project,
        "renamed",
        &[("  - name: mark started\n", "  - name: they began\n    was: [mark started]\n"), ("# ", "# now: ")],
    );
    let (_, told) = diff(&bed, &[here, renamed.to_str().unwrap()]).await;
    assert!(told.contains("every one comes out the same"), "{told}");

    // Five changes, each with its reason.
    let planted = changed(
        &project,
        "planted",
        &[
            // Another text.
            ("{{round result.percent}} %", "{{round result.percent}} percent"),
            // A condition that was false.
            (
                "    trigger: assessment.approved\n    do:\n      - add_note",
                "    trigger: assessment.approved\n    when: { assessment.title: Something else }\n    do:\n      - add_note",
            ),
            // Another member of the family.
            ("\"{{assessment.title}} - Started\" }", "\"{{assessment.title}} - Submitted\" }"),
            // A rule less, and a rule more.
            (
                "  - name: mark approved\n    trigger: assessment.approved\n    do:\n      - set_tag: { status: \"{{assessment.title}} - Approved\" }\n",
                "",
            ),
            (
                "rules:\n",
                "rules:\n  - name: look at the good ones\n    trigger: assessment.scored\n    when: { result.percent: { gte: 80 } }\n    do: [{ add_tag: Look }]\n",
            ),
        ],
    );
    let (code, told) = diff(&bed, &[here, planted.to_str().unwrap(), "--exit-code"]).await;
    assert_eq!(code, Some(1), "{told}");
    assert_eq!(
        groups(&told),
        [
            "rule `look at the good ones` of `qualified`: `add_tag` is added in 1 run",
            "rule `mark approved` of `qualified`: `set_tag` is no longer done in 1 run",
            "rule `mark started` of `qualified`: `set_tag` is another one in 1 run",
            "rule `say that it was approved` of `qualified`: `add_note` is no longer done in 1 run",
            "rule `write results` of `qualified`: `add_note` is another one in 1 run",
        ],
        "{told}"
    );
    for reason in
        ["the rule is new", "there is no such rule any more", "`assessment.title` is `AngularJS", "after: set_tag status"]
    {
        assert!(told.contains(reason), "{reason} in\n{told}");
    }
    // A timer that runs longer.
    let later = changed(&project, "later", &[("after: 3d", "after: 5d")]);
    let (_, longer) = diff(&bed, &[here, later.to_str().unwrap()]).await;
    assert_eq!(
        groups(&longer),
        ["rule `ask after a while` of `qualified`: it looks again at another time, or no longer in 2 runs"],
        "{longer}"
    );

    // One rule alone.
    let (_, told) = diff(&bed, &[here, planted.to_str().unwrap(), "--rule", "results"]).await;
    assert_eq!(groups(&told).len(), 1, "{told}");

    // For a pull request, where nobody is named.
    let (_, told) = diff(&bed, &[here, planted.to_str().unwrap(), "--format", "github"]).await;
    assert_eq!(told.lines().filter(|line| line.starts_with("| 1 |")).count(), 5, "{told}");
    for personal in [ADA, EMAIL, BOB, "88 %"] {
        assert!(!told.contains(personal), "{personal} in\n{told}");
    }
    let (_, told) = diff(&bed, &[here, planted.to_str().unwrap(), "--format", "json"]).await;
    let json: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&json["different"], &json["unknown"]), (&3.into(), &0.into()), "{told}");

    assert_eq!(bed.calls(), [""; 0], "it asked somebody");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_record_does_not_hold_is_told_and_not_guessed() {
    let (bed, project) = history().await;
    let asks = changed(
        &project,
        "asks",
        &[("    trigger: assessment.scored\n", "    trigger: assessment.scored\n    when: { opportunity.origin: referred }\n")],
    );
    let (code, told) = diff(&bed, &[project.to_str().unwrap(), asks.to_str().unwrap(), "--exit-code"]).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(groups(&told).is_empty(), "{told}");
    assert!(told.contains("`opportunity"), "{told}");
    assert!(told.contains("and of 1 the record does not tell"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_side_may_be_a_revision_and_a_faulty_side_is_told() {
    let (bed, project) = history().await;
    let git = |arguments: &[&str]| git(&project, arguments);
    git(&["init", "-q"]);
    git(&["add", "leverd.yaml", "rules"]);
    git(&["commit", "-q", "-m", "the rules"]);
    let rules = project.join("rules/qualified/rules.yaml");
    let text = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, text.replace("{{round result.percent}} %", "{{round result.percent}} percent")).unwrap();
    git(&["add", "rules"]);
    git(&["commit", "-q", "-m", "other words"]);
    // The catalogue is in no commit: that of now serves both.
    let (code, told) = diff(&bed, &["HEAD~1", "HEAD"]).await;
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(groups(&told), ["rule `write results` of `qualified`: `add_note` is another one in 1 run"], "{told}");
    let (_, told) = diff(&bed, &["HEAD"]).await;
    assert!(told.contains("from revision `HEAD` to the files as they are now"), "{told}");
    assert!(told.contains("every one comes out the same"), "{told}");

    let (code, told) = diff(&bed, &["no-such-branch"]).await;
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("`no-such-branch` is no folder, and as a git revision it cannot be read"), "{told}");
    std::fs::write(&rules, text.replace("set_tag:", "set_tga:")).unwrap();
    let (code, told) = diff(&bed, &["HEAD"]).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("unknown-verb") && told.contains("does not validate"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_rule_listened_to_then_and_who_is_on_one_side_only_is_told() {
    let (bed, project) = history().await;
    bed.control().move_stage(BOB, "Recruiter screen").unwrap();
    bed.rest().await;
    let here = project.to_str().unwrap();
    let (_, told) = diff(&bed, &[here, here]).await;
    assert!(
        told.contains("every one comes out the same (besides 1 that no rule listened to then, and none would now)"),
        "{told}"
    );

    // A rule for that stage: what it goes by, even whether somebody was archived, nobody read then.
    let wakes = "rules:\n  - name: wake\n    trigger: candidateStageChange\n    when: { to_stage: Recruiter screen }\n    do: [{ add_tag: Awake }]\n";
    let woken = changed(&project, "woken", &[("rules:\n", wakes)]);
    let (_, told) = diff(&bed, &[here, woken.to_str().unwrap()]).await;
    assert!(told.contains("1 of these are events that no rule listened to then (0 more are such, and stay so)"), "{told}");
    assert!(groups(&told).is_empty() && told.contains("`opportunity`, in 1 run, for example event "), "{told}");

    // A span in which nothing happened.
    let (_, told) = diff(&bed, &[here, woken.to_str().unwrap(), "--until", "2020-01-01T00:00:00Z"]).await;
    assert!(told.contains("nothing was recorded yet"), "{told}");

    // An account that one side alone has.
    let config = woken.join("leverd.yaml");
    let text = std::fs::read_to_string(&config).unwrap();
    let (head, rest) = text.split_once("  demo:\n").unwrap();
    let (account, tail) = rest.split_once("store:").unwrap();
    std::fs::write(&config, format!("{head}  demo:\n{account}  second:\n{account}store:{tail}")).unwrap();
    copy(&project.join("catalogue"), &woken.join("catalogue"));
    let catalogue = std::fs::read_to_string(project.join("catalogue/demo.yaml")).unwrap();
    std::fs::write(woken.join("catalogue/second.yaml"), catalogue.replace("account: demo", "account: second")).unwrap();
    let (_, told) = diff(&bed, &[here, woken.to_str().unwrap()]).await;
    let line = format!("account `second` is in `{}` only: it is not compared", woken.display());
    assert!(told.contains(&line), "{told}");
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).args(["-c", "user.name=x", "-c", "user.email=x@example.com"]).args(arguments);
    let Output { status, stderr, .. } = git.output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
}

fn leverd(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = Command::new(LEVERD).args(arguments).current_dir(folder).output().unwrap();
    (status.code(), format!("{}{}", String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap()))
}

#[test]
fn where_there_is_no_store_the_rule_tests_are_the_history() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(leverd(folder.path(), &["init", "one"]).0, Some(0));
    copy(&folder.path().join("one"), &folder.path().join("other"));
    let (code, told) = leverd(folder.path(), &["diff", "one", "other", "--config", "one/leverd.yaml", "--exit-code"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("those of the rule tests (there is no store): every one comes out the same"), "{told}");
    // One that was asked for by name and is missing is a fault.
    let (code, told) = leverd(folder.path(), &["diff", "one", "other", "--config", "one/leverd.yaml", "--store", "none.db"]);
    assert!(code == Some(2) && told.contains("there is no store at none.db"), "{told}");
    let rules = folder.path().join("other/rules/starter/rules.yaml");
    let text = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, text.replacen("add_note:", "add_tag: Planted\n      - add_note:", 1)).unwrap();
    let (code, told) = leverd(folder.path(), &["diff", "one", "other", "--config", "one/leverd.yaml", "--exit-code"]);
    assert_eq!(code, Some(1), "{told}");
    let [group] = groups(&told)[..] else { panic!("{told}") };
    assert!(group.contains("`add_tag` is added") && told.contains("for example test `"), "{told}");
    // What a family's other members look like is no outcome; that another tag goes is.
    std::fs::write(&rules, text.replace("Review: done", "Review: over")).unwrap();
    let compared = || leverd(folder.path(), &["diff", "one", "other", "--config", "one/leverd.yaml"]).1;
    let told = compared();
    let [group] = groups(&told)[..] else { panic!("{told}") };
    assert!(group.contains("rule `review is over`"), "{told}");
    for side in ["one", "other"] {
        let tests = folder.path().join(side).join("rules/starter/tests.yaml");
        let more = "  - name: once more\n    given: { opportunity: { tags: [\"Review: done\"] } }\n    steps: [{ event: candidateStageChange, with: { to_stage: Take-home review } }]\n";
        let text = std::fs::read_to_string(&tests).unwrap();
        std::fs::write(&tests, text + more).unwrap();
    }
    let told = compared();
    assert!(groups(&told).len() == 2 && told.contains("test `once more`"), "{told}");
}

/// A story of `leverd demo`, its pack, what is changed in the rules, and what has to be told of it.
type Story = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

/// The stories of the four shipped integrations as the simulator tells them, recorded; their rules in git; and one commit of changes.
#[test]
fn two_commits_of_the_shipped_packs_differ_in_exactly_what_was_planted() {
    let stories: [Story; 4] = [
        (
            "qualified",
            "qualified",
            &[("{{round result.percent}} %", "{{round result.percent}} percent")],
            &["rule `write results` of `qualified`: `add_note` is another one in"],
        ),
        (
            "hired",
            "hired-assessments",
            // A family's other member, and a rule less.
            &[
                (
                    "      - set_tag: { status: Hired Assessments - Sent }",
                    "      - set_tag: { status: Hired Assessments - Needs Review }",
                ),
                (
                    "  - name: link the report\n    trigger: assessment.report_ready\n    do:\n      - add_link: { key: report, url: $result.report_url }\n",
                    "",
                ),
            ],
            &[
                "rule `link the report` of `hired-assessments`: `add_link` is no longer done in",
                "rule `mark sent` of `hired-assessments`: `set_tag` is another one in",
            ],
        ),
        (
            "imocha",
            "imocha",
            // A condition that was never false.
            &[(
                "    when: { assessment.phase: scored }\n",
                "    when: { assessment.phase: scored, result.score: { lt: 0 } }\n",
            )],
            &[
                "rule `results, then hand over` of `imocha`: `add_file` is no longer done in",
                "rule `results, then hand over` of `imocha`: `fill_form` is no longer done in",
                "rule `results, then hand over` of `imocha`: `move_stage` is no longer done in",
            ],
        ),
        (
            "career-place",
            "career-place",
            // A timer that runs longer, and a rule more.
            &[
                ("default: 17d12h", "default: 20d"),
                ("rules:\n", "rules:\n  - name: cheer\n    trigger: assessment.qualified\n    do: [{ add_tag: Hooray }]\n\n"),
            ],
            &[
                "rule `cheer` of `career-place`: `add_tag` is added in",
                "rule `opt out in silence` of `career-place`: it looks again at another time, or no longer in",
            ],
        ),
    ];
    for (story, pack, changes, planted) in stories {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().join("project");
        let (code, told) = leverd(dir.path(), &["demo", story, "--folder", "project"]);
        assert_eq!(code, Some(0), "{told}");
        // The rules as the project's own, in git.
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(pack);
        copy(&shipped, &project.join("rules").join(pack));
        let config = project.join("leverd.yaml");
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, text.replace(&format!("pack: {pack}"), &format!("path: ./rules/{pack}"))).unwrap();
        let git = |arguments: &[&str]| git(&project, arguments);
        git(&["init", "-q"]);
        git(&["add", "leverd.yaml", "rules"]);
        git(&["commit", "-q", "-m", "as shipped"]);
        let (code, told) = leverd(&project, &["diff", "HEAD", "--exit-code"]);
        assert_eq!(code, Some(0), "{story}: {told}");
        let rules = project.join("rules").join(pack).join("rules.yaml");
        let mut text = std::fs::read_to_string(&rules).unwrap();
        for (from, to) in changes {
            assert!(text.contains(from), "{story}: {from}");
            text = text.replacen(from, to, 1);
        }
        std::fs::write(&rules, text).unwrap();
        git(&["commit", "-qam", "changes"]);
        let (code, told) = leverd(&project, &["diff", "HEAD~1", "HEAD", "--exit-code"]);
        assert_eq!(code, Some(1), "{story}: {told}");
        let mut found = groups(&told);
        found.sort_unstable();
        assert_eq!(found.len(), planted.len(), "{story}: {told}");
        for (found, planted) in found.iter().zip(planted) {
            assert!(found.starts_with(planted), "{story}: {planted}\n{told}");
        }
        assert!(!told.contains("the record does not hold"), "{story}: {told}");
    }
}
