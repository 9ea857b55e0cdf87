//! `leverd test --coverage`: what no test reached, with its place.

use std::process::Command;

const RULES: &str = "\
settings: { stage: { type: stage } }
rules:
  - name: welcome
    trigger: [candidateStageChange, applicationCreated]
    when:
      opportunity.tags: { contains: New }
      any:
        - candidate.name: { exists: true }
        - opportunity.origin: applied
    require:
      - candidate.email: { exists: true }
        else: [{ add_note: no address }]
    do: [{ add_tag: Welcome }]
  - name: forgotten
    trigger: candidateHired
    do: [{ add_tag: Hired }]
";

const TESTS: &str = "\
given:
  stages: [New, Screen]
  settings: { stage: Screen }
  opportunity: { stage: New, tags: [New] }
tests:
  - name: a new one
    steps:
      - event: candidateStageChange
        with: { to_stage: Screen }
        expect: [{ add_tag: Welcome }]
  - name: an old one
    given: { opportunity: { tags: [Old] } }
    steps:
      - event: candidateStageChange
        with: { to_stage: Screen }
        expect: nothing
        because: opportunity.tags
";

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    run_of(RULES, TESTS, arguments)
}

fn run_of(rules: &str, tests: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.yaml"), rules).unwrap();
    std::fs::write(folder.path().join("tests.yaml"), tests).unwrap();
    if rules.contains("vendor:") {
        std::fs::write(folder.path().join("vendor.yaml"), include_str!("../check/rules/vendor.yaml")).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_leverd"));
    let out = command.arg("test").args(arguments).current_dir(folder.path()).output().unwrap();
    (out.status.code(), format!("{}{}", String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap()))
}

#[test]
fn what_was_expected_is_shown_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.yaml"), RULES).unwrap();
    let wrong = TESTS.replacen("[{ add_tag: Welcome }]", "[{ add_tag: Wilkommen }]", 1).replacen(
        "because: opportunity.tags",
        "because: { forgotten: opportunity.tags }\n        after: { tags: [Old, Tag] }",
        1,
    );
    std::fs::write(folder.path().join("tests.yaml"), wrong).unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_leverd")).arg("test").current_dir(folder.path()).output().unwrap();
    let told = String::from_utf8(out.stdout).unwrap();
    let shown = [
        "      - add_tag: Wilkommen\n            --> tests.yaml:10:20\n          10 |         expect: [{ add_tag: Wilkommen }]\n             |                    ^^^^^^^^^^^^^^^^^^\n      + add_tag: Welcome\n",
        // A reason of another rule is not the one that is meant.
        "      - a reason of `forgotten` with \"opportunity.tags\" in it\n            --> tests.yaml:17:31\n",
        "      - tags: Old · Tag\n            --> tests.yaml:18:18\n          18 |         after: { tags: [Old, Tag] }\n             |                  ^^^^^^^^^^^^^^^^\n      + tags: Old\n",
    ];
    for shown in shown {
        assert!(told.contains(shown), "{shown}\nis not in\n{told}");
    }
}

#[test]
fn what_no_test_reached_is_named_with_its_place() {
    let (code, told) = run(&["--coverage"]);
    assert_eq!(
        told,
        "2 tests, 2 passed, 0 failed\n\
         rules.yaml:4: rule `welcome`: never fired under `applicationCreated`\n\
         rules.yaml:7: rule `welcome`: `any` was never false\n\
         rules.yaml:11: rule `welcome`: this guard was never false\n\
         rules.yaml:14: rule `forgotten`: never fired\n\
         coverage: 2 of 6 branches, 33 %\n"
    );
    assert_eq!(code, Some(0));
    let (code, told) = run(&["--min", "40"]);
    assert_eq!(code, Some(1));
    assert!(
        told.ends_with("that is less than the 40 % asked for by `--min`: add tests, or remove what is not needed\n"),
        "{told}"
    );
    assert_eq!(run(&["--min", "33"]).0, Some(0));
    // A test that is not asked for counts all the same: what is covered is a question to all of them.
    assert!(run(&["--coverage", "--filter", "an old one"]).1.contains("2 of 6 branches"));
    let (_, told) = run(&["--coverage", "--format", "github"]);
    assert!(
        told.contains("::notice file=rules.yaml,line=14,title=no rule test reaches this::rule `forgotten`: never fired"),
        "{told}"
    );
    let (_, told) = run(&["--coverage", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(json["coverage"].as_array().unwrap().iter().filter(|branch| branch["reached"] == true).count(), 2, "{told}");
}

#[test]
fn what_texts_asked_and_bands_came_to_are_branches_too() {
    const RULES: &str = "\
vendor: example
bands:
  size:
    of: result.percent
    steps:
      - many: { gte: 10 }
      - few: {}
rules:
  - name: tell
    trigger: assessment.scored
    do:
      - add_note: |
          {{#if candidate.email}}
          {{#unless candidate.phone}}no phone{{/unless}} {{#if candidate.location}}at home{{/if}}
          {{/if}}
          {{#each candidate.emails}}{{#if @first}}{{else}}, {{/if}}{{this}}{{/each}} {{size}}
";
    let test = |given: &str, percent: u32| {
        format!(
            "given: {{ stages: [New], tests: [SQL], opportunity: {{ stage: New, attempts: [{{ test: SQL }}], {given} }} }}\ntests:\n\
             \x20 - name: a\n    steps: [{{ event: assessment.scored, with: {{ result.percent: {percent} }} }}]\n"
        )
    };
    // Without an address nothing inside is come to: neither answer counts.
    let (_, told) = run_of(RULES, &test("email: ''", 5), &["--coverage"]);
    assert_eq!(
        told,
        "1 test, 1 passed, 0 failed\n\
         rules.yaml:6: band `size`: nothing was ever `many`\n\
         rules.yaml:13: rule `tell`: what `{{#if candidate.email}}` asks was never true\n\
         rules.yaml:14: rule `tell`: what `{{#unless candidate.phone}}` asks was never true\n\
         rules.yaml:14: rule `tell`: what `{{#unless candidate.phone}}` asks was never false\n\
         rules.yaml:14: rule `tell`: what `{{#if candidate.location}}` asks was never true\n\
         rules.yaml:14: rule `tell`: what `{{#if candidate.location}}` asks was never false\n\
         rules.yaml:16: rule `tell`: what `{{#if @first}}` asks was never true\n\
         rules.yaml:16: rule `tell`: what `{{#if @first}}` asks was never false\n\
         coverage: 3 of 11 branches, 27 %\n"
    );
    // Of two addresses one is the first and one is not.
    let facts = "facts: { candidate.emails: [a@example.com, b@example.com], candidate.location: Here }";
    let (_, told) = run_of(RULES, &test(facts, 10), &["--coverage"]);
    assert_eq!(
        told,
        "1 test, 1 passed, 0 failed\n\
         rules.yaml:7: band `size`: nothing was ever `few`\n\
         rules.yaml:13: rule `tell`: what `{{#if candidate.email}}` asks was never false\n\
         rules.yaml:14: rule `tell`: what `{{#unless candidate.phone}}` asks was never true\n\
         rules.yaml:14: rule `tell`: what `{{#if candidate.location}}` asks was never false\n\
         coverage: 7 of 11 branches, 63 %\n"
    );
    // They count for the threshold.
    assert_eq!(run_of(RULES, &test(facts, 10), &["--min", "64"]).0, Some(1));
}

#[test]
fn every_branch_of_every_shipped_pack_is_reached() {
    for pack in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/rules")).unwrap().map(|entry| entry.unwrap().path()) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leverd"));
        let out = command.arg("test").arg(&pack).args(["--min", "100"]).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    }
}
