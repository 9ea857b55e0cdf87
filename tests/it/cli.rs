//! The binary as people run it: `tests/cli/NAME.out` holds the command line, both outputs and the exit code, whole. `UPDATE=1`
//! rewrites them.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use jiff::Timestamp;
use leverd::model::{
    AccountId, Code, Delivery, DeliveryId, Event, EventId, EventKind, LeverEvent, OpportunityId, Reason, Source,
};
use leverd::sim::{
    AssessmentState, BucketMode, Faults, Misbehaviour, NewField, NewOpportunity, NewTemplate, RouteFault, Sim, SimOptions,
};
use leverd::store::{Claim, Derived, Options, Store};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const LEVERD: &str = env!("CARGO_BIN_EXE_leverd");

/// Runs commands one after another in `folder` and compares all they say with `tests/cli/NAME.out`.
pub(crate) fn told(name: &str, folder: &Path, commands: &[&str]) {
    told_with(name, folder, &[], commands, |text| text);
}

/// The same with secrets in the environment; `steady` takes out what no two runs have in common.
fn told_with(name: &str, folder: &Path, env: &[(&str, &str)], commands: &[&str], steady: impl Fn(String) -> String) {
    let mut told = String::new();
    for command in commands {
        let ran = Command::new(LEVERD)
            .args(command.split_whitespace())
            .current_dir(folder)
            .env_clear()
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .output()
            .expect("runs");
        let _ = writeln!(told, "$ leverd {command}");
        told.push_str(&String::from_utf8_lossy(&ran.stdout));
        for line in String::from_utf8_lossy(&ran.stderr).lines() {
            let _ = writeln!(told, "! {line}");
        }
        let _ = writeln!(told, "exit {}\n", ran.status.code().expect("an exit code"));
    }
    let told = steady(told);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cli/{name}.out"));
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, &told).expect("writable");
    }
    let wanted = fs::read_to_string(&path).unwrap_or_default();
    assert!(wanted == told, "{} differs (UPDATE=1 rewrites it):\n{told}", path.display());
}

pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
}

#[test]
fn help_names_every_command() {
    let dir = tempfile::tempdir().expect("a folder");
    told("help", dir.path(), &["--help", "", "validate --help", "nonsense", "validate --format xml"]);
}

#[test]
fn a_fresh_folder_passes_and_is_never_overwritten() {
    let dir = tempfile::tempdir().expect("a folder");
    told(
        "init",
        dir.path(),
        &["init mine", "validate mine", "test mine", "test mine --filter nothing", "init mine", "validate", "validate nowhere"],
    );
}

#[test]
fn what_an_event_costs_is_told_before_it_happens() {
    let dir = tempfile::tempdir().expect("a folder");
    told("cost", dir.path(), &["init mine", "validate mine --cost", "validate mine/rules/starter --cost --format json"]);
    // A vendor's operations, and a rule that asks the catalogue.
    for file in ["rules.yaml", "vendor.yaml"] {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/qualified").join(file);
        write(dir.path(), &format!("qualified/{file}"), &fs::read_to_string(shipped).expect("there"));
    }
    told("cost_qualified", dir.path(), &["validate qualified --cost"]);
}

#[test]
fn explain_knows_codes_and_near_misses() {
    let dir = tempfile::tempdir().expect("a folder");
    told("explain", dir.path(), &["explain error[bad-name]", "explain literal-secrt", "explain no-account --format json"]);
}

#[test]
fn faults_come_in_every_format() {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), "leverd.yaml", "accounts:\n  acme:\n    lever: { api_key: abc123, webhoks: {} }\n");
    told(
        "faults",
        dir.path(),
        &[
            "validate",
            "validate --format json",
            "validate --format github",
            "validate --format sarif",
            "validate leverd.yaml --strict",
        ],
    );
}

#[test]
fn a_project_is_checked_with_all_it_names() {
    let dir = tempfile::tempdir().expect("a folder");
    write(
        dir.path(),
        "leverd.yaml",
        "accounts:\n  acme:\n    lever:\n      api_key: { env: KEY }\n      perform_as: Leverdd\n      webhooks: { unsigned: true }\n    packs:\n      \
         - { pack: qualifid, mode: shadow }\n      - { path: ./rules/none, mode: live }\n  other:\n    lever: { api_key: { env: KEY }, webhooks: { unsigned: true } }\n    \
         packs: [{ path: rules/none, mode: live }]\n",
    );
    write(
        dir.path(),
        "catalogue/acme.yaml",
        "account: acne\npulled_at: 2026-01-01T00:00:00Z\nstages: []\nusers: [{ id: u, name: Leverd }]\n",
    );
    told("project", dir.path(), &["validate"]);
    write(
        dir.path(),
        "catalogue/acme.yaml",
        "account: acme\npulled_at: 2026-01-01T00:00:00Z\nstages: []\nusers: [{ id: u, name: Leverd }]\n",
    );
    told("project_again", dir.path(), &["validate"]);
}

#[test]
fn a_start_is_tried_without_opening_sending_or_storing_anything() {
    let dir = tempfile::tempdir().expect("a folder");
    let account = |name: &str, key: &str, stage: &str| {
        format!(
            "  {name}:\n    lever: {{ api_key: {{ env: {key} }}, webhooks: {{ unsigned: true }} }}\n    packs: [{{ path: rules/notes, mode: live, \
             settings: {{ {stage}: Assessment }} }}]\n"
        )
    };
    let config = |accounts: &[String]| write(dir.path(), "leverd.yaml", &format!("accounts:\n{}", accounts.concat()));
    write(
        dir.path(),
        "rules/notes/rules.yaml",
        "settings:\n  stage: { type: stage }\nrules:\n  - name: welcome\n    trigger: candidateStageChange\n    when: { to_stage: $stage }\n    \
         do: [{ add_note: Welcome }]\n",
    );
    for account in ["acme", "other", "third"] {
        let names = format!("account: {account}\npulled_at: 2026-01-01T00:00:00Z\nstages: [{{ id: s, name: Assessment }}]\n");
        write(dir.path(), &format!("catalogue/{account}.yaml"), &names);
    }
    let check = |name: &str| told_with(name, dir.path(), &[("KEY", "k-1")], &["serve --check-config"], |text| text);
    config(&[account("acme", "KEY", "stage")]);
    check("check_config_fine");
    config(&[account("acme", "KEY", "stage"), account("other", "KEY", "stag"), account("third", "LACKING", "stage")]);
    check("check_config_held");
    config(&[account("acme", "LACKING", "stage")]);
    check("check_config_not");
    let left: Vec<_> = fs::read_dir(dir.path()).expect("listed").map(|entry| entry.expect("read").file_name()).collect();
    assert_eq!(left.len(), 3, "a check leaves nothing behind: {left:?}");
}

#[test]
fn a_name_cannot_break_out_of_an_annotation() {
    let dir = tempfile::tempdir().expect("a folder");
    let config = "accounts:\n  acme:\n    lever: { api_key: { env: KEY }, webhooks: { unsigned: true } }\n    packs: [{ path: \"rules/a,b:c\", mode: shadow }]\n";
    write(dir.path(), "leverd.yaml", config);
    write(dir.path(), "catalogue/acme.yaml", "account: acme\npulled_at: 2026-01-01T00:00:00Z\nstages: []\n");
    let rules = "settings: { next: { type: stage, optional: true } }\nrules:\n  - { name: \"100%0A::error::x\", trigger: candidateStageChange, when: { to_stage: $next }, do: [{ add_tag: x }] }\n";
    write(dir.path(), "rules/a,b:c/rules.yaml", rules);
    let tests = "tests:\n  - name: \"50%\"\n    steps: [{ event: candidateHired, expect: [{ alert: x }] }]\n";
    write(dir.path(), "rules/a,b:c/tests.yaml", tests);
    told("annotations", dir.path(), &["validate --format github", "test --format github"]);
}

#[cfg(unix)]
#[test]
fn a_pack_that_links_out_of_its_folder_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), "secret.yaml", "hidden: true\n");
    write(dir.path(), "pack/rules.yaml", "rules: []\n");
    std::os::unix::fs::symlink("../secret.yaml", dir.path().join("pack/out.yaml")).expect("linked");
    told("link_out", dir.path(), &["validate pack"]);
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let mut child =
        Command::new(LEVERD).args(["schema", "config"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
    drop(child.stdout.take());
    let ended = child.wait_with_output().expect("ends");
    assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn colour_is_for_terminals_only() {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), "leverd.yaml", "accounts: {}\n");
    let run = |variable: &str| {
        let ran = Command::new(LEVERD).arg("validate").current_dir(dir.path()).env_clear().env(variable, "1").output();
        String::from_utf8_lossy(&ran.expect("runs").stdout).contains('\u{1b}')
    };
    assert_eq!((run("NO_COLOR"), run("TERM"), run("CLICOLOR_FORCE")), (false, false, true));
}

/// Digits in runs of ten and more: milliseconds since 1970.
fn without_times(text: String) -> String {
    let mut steady = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        steady.push_str(if digits.len() >= 10 { "TIME" } else { &digits });
        digits.clear();
        steady.push(c);
    }
    steady.trim_end_matches('\0').to_owned()
}

const MINI: &str = "vendor: qualified
settings:
  stage: { type: stage, doc: Entering it sends the invitation }
tags:
  status: ['{{assessment.title}}', '{{assessment.title}} - Invited']
rules:
  - name: invite
    trigger: candidateStageChange
    when: { to_stage: $stage }
    for_each: { test: { in: catalogue, where: { title: { in: $opportunity.tags } } } }
    do: [{ invite: { test: $test } }]
  - name: greet
    trigger: candidateStageChange
    when: { to_stage: $stage }
    do:
      - add_tag: greeted
      - add_note: \"Hello {{default candidate.name 'you'}}\"
  - name: go on
    trigger: assessment.invited
    do:
      - add_tag: \"{{assessment.title}} - Invited\"
      - move_stage: On-site interview
  - name: there
    trigger: candidateStageChange
    when: { to_stage: On-site interview }
    do: [{ add_tag: there }]
";

#[test]
fn pull_and_dry_run_read_and_send_nothing_else() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sim = runtime.block_on(Sim::start(SimOptions { seed: Some(7), ..SimOptions::default() })).expect("started");
    let control = sim.control();
    control.create_assessment("Java", AssessmentState::Published, None);
    let ada = NewOpportunity {
        name: "Ada".into(),
        email: Some("ada@example.com".into()),
        tags: vec!["Java".into()],
        stage: Some("Assessment".into()),
        ..NewOpportunity::default()
    };
    let ada = control.create_opportunity(ada).expect("an opportunity");

    let dir = tempfile::tempdir().expect("a folder");
    let host = format!("http://{}", sim.address());
    let config = format!(
        "accounts:\n  acme:\n    lever: {{ base_url: '{host}/v1', api_key: {{ env: LEVER }}, webhooks: {{ unsigned: true }} }}\n    vendors:\n      qualified: \
         {{ base_url: '{host}/api/v1', secrets: {{ api_key: {{ env: QUALIFIED }} }}, path_token: {{ env: TOKEN }} }}\n    packs: [{{ path: rules/mini, mode: shadow, settings: {{ stage: Assessment }} }}]\n"
    );
    write(dir.path(), "leverd.yaml", &config);
    write(dir.path(), "rules/mini/rules.yaml", MINI);
    let vendor = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/qualified/vendor.yaml");
    let vendor = fs::read_to_string(vendor).expect("there");
    let (head, tail) = vendor.split_once("    with:\n").expect("what an invitation may be given");
    let tail = tail.split_once("    request:").expect("the request").1;
    let plain: Vec<&str> = head.lines().chain(["    request:"]).chain(tail.trim_start_matches('\n').lines()).collect();
    let plain: Vec<&str> = plain.into_iter().filter(|line| !line.contains("$with.")).collect();
    write(dir.path(), "rules/mini/vendor.yaml", &plain.join("\n"));
    let secrets = [("LEVER", "sim-lever-key"), ("QUALIFIED", "sim-qualified-key")];
    let dry_run = format!("dry-run {ada}");
    let steady = |text: String| without_times(text).replace(&ada, "ADA");

    told_with("pull_first", dir.path(), &[], &["validate", "pull", "pull nobody"], steady);
    told_with(
        "pull",
        dir.path(),
        &secrets,
        &["pull acme", "validate", &dry_run, &format!("{dry_run} --stage Offer"), &format!("{dry_run} --follow")],
        steady,
    );
    let writes: Vec<String> = control.calls().into_iter().filter(|call| !call.contains("GET ")).collect();
    assert_eq!(writes, [""; 0]);
}

/// A project for `ensure` and renames, at this simulator.
fn project_at(sim: &Sim, dir: &Path) {
    let host = format!("http://{}", sim.address());
    let config = format!(
        "accounts:\n  acme:\n    lever: {{ base_url: '{host}/v1', api_key: {{ env: LEVER }}, webhooks: {{ unsigned: true }} }}\n    vendors:\n      qualified: \
         {{ base_url: '{host}/api/v1', secrets: {{ api_key: {{ env: QUALIFIED }} }}, path_token: {{ env: TOKEN }} }}\n    packs: [{{ path: rules/forms, mode: shadow, settings: {{ stage: Assessment }} }}]\n"
    );
    write(dir, "leverd.yaml", &config);
    write(dir, "rules/forms/rules.yaml", FORMS);
    let vendor = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/qualified/vendor.yaml");
    write(dir, "rules/forms/vendor.yaml", &fs::read_to_string(vendor).expect("there"));
}

/// A pack that asks for a form template and for tags.
const FORMS: &str = "\
settings:
  stage: { type: stage }
tags:
  status: [\"{{assessment.title}}\", \"{{assessment.title}} - Invited\", \"{{assessment.title}} - {n:number} %\"]
ensure:
  form_templates:
    Test result:
      fields:
        - { text: Verdict, type: dropdown, required: true, options: [Passed, Failed] }
        - { text: Comment, type: textarea }
  tags: [status]
rules:
  - name: result
    trigger: candidateStageChange
    when: { to_stage: $stage }
    do: [{ fill_form: { key: result, template: Test result, fields: { Verdict: Passed, Comment: ~ } } }]
";

// B73 B74 B75
#[test]
fn b73_b74_b75_ensure_makes_what_is_missing_once_and_seeds_tags_where_it_is_told() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    // Many commands in a row, each with a budget of its own.
    let faults = Faults { bucket: BucketMode::Off, ..Faults::default() };
    let sim = runtime.block_on(Sim::start(SimOptions { seed: Some(7), faults, ..SimOptions::default() })).expect("started");
    let control = sim.control();
    control.create_assessment("Java", AssessmentState::Published, None);
    let seed = NewOpportunity { name: "Seed".into(), tags: vec!["Java".into()], ..NewOpportunity::default() };
    let seed = control.create_opportunity(seed).expect("an opportunity");
    let dir = tempfile::tempdir().expect("a folder");
    project_at(&sim, dir.path());
    let secrets = [("LEVER", "sim-lever-key"), ("QUALIFIED", "sim-qualified-key")];
    let steady = |text: String| without_times(text).replace(&seed, "SEED");
    let seeding = format!("ensure acme --seed-on {seed}");

    told_with("ensure_before", dir.path(), &secrets, &["pull acme", "validate", "ensure acme --plan", "ensure nobody"], steady);
    let writes = || control.calls().into_iter().filter(|call| !call.starts_with("GET ")).collect::<Vec<_>>();
    assert_eq!(writes(), [""; 0], "a plan sends nothing");
    // The answer to the creation is lost: the template is looked for, not made twice.
    control.add_route_fault(RouteFault {
        method: Some("POST".into()),
        path: "/v1/form_templates".into(),
        times: Some(1),
        after: 0,
        then: Misbehaviour::DropAfter,
    });
    // Lever asks to wait once: the tags are put on after that.
    control.add_route_fault(RouteFault {
        method: Some("POST".into()),
        path: format!("/v1/opportunities/{seed}/addTags"),
        times: Some(1),
        after: 0,
        then: Misbehaviour::Answer { status: 429, applied: false, retry_after: Some(1) },
    });
    told_with("ensure", dir.path(), &secrets, &["ensure acme", "ensure acme", "pull acme", "validate", &seeding], steady);
    // One template; one call that puts all missing tags on the opportunity, sent again after the wait, and one that takes them off.
    let (add, remove) = ("addTags", "removeTags");
    let on_seed = |what: &&str| format!("POST /v1/opportunities/{seed}/{what}");
    let calls: Vec<String> =
        [String::from("POST /v1/form_templates")].into_iter().chain([add, add, remove].iter().map(on_seed)).collect();
    assert_eq!(writes(), calls);
    assert_eq!(control.tags("Seed").expect("tags"), ["Java"], "the opportunity is as it was");
}

// B06 B35
#[test]
fn b06_b35_what_was_renamed_in_lever_is_told_as_a_rename() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sim = runtime.block_on(Sim::start(SimOptions { seed: Some(7), ..SimOptions::default() })).expect("started");
    let control = sim.control();
    let field = |text: &str, kind: &str, options: &[&str]| NewField {
        kind: kind.into(),
        text: text.into(),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
        ..NewField::default()
    };
    let fields = vec![field("Verdict", "dropdown", &["Passed", "Rejected"]), field("Comment", "textarea", &[])];
    let form = NewTemplate { text: "Test result".into(), fields, ..NewTemplate::default() };
    control.create_form_template(form).expect("a template");
    let dir = tempfile::tempdir().expect("a folder");
    project_at(&sim, dir.path());
    let secrets = [("LEVER", "sim-lever-key"), ("QUALIFIED", "sim-qualified-key")];
    let steady = |text: String| without_ids(&without_times(text));
    told_with("renamed_before", dir.path(), &secrets, &["pull acme", "validate"], steady);
    control.rename_stage("Assessment", "Take-home").expect("renamed");
    control.rename_form_template("Test result", "Result of a test").expect("renamed");
    told_with("renamed", dir.path(), &secrets, &["pull acme", "validate", "ensure acme --plan"], steady);
}

/// Identifiers of Lever as `ID`.
fn without_ids(text: &str) -> String {
    let id = |word: &str| word.len() == 36 && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .map(|part| {
            let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            if id(word) { part.replace(word, "ID") } else { part.to_owned() }
        })
        .collect()
}

#[test]
fn what_waits_for_a_person_is_shown_retried_and_skipped() {
    let dir = tempfile::tempdir().expect("a folder");
    let at: Timestamp = "2026-11-20T09:30:00Z".parse().expect("a time");
    let opportunity = OpportunityId::from("0c2f");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(Options::path(dir.path().join("leverd.db"))).await.expect("opened");
        let account = AccountId::from("acme");
        for (token, derived) in [
            ("a", Derived::Park(Reason::new(Code::R5, "the delivery is not JSON"))),
            ("b", Derived::Park(Reason::new(Code::R6, "two attempts fit"))),
            ("c", {
                let id = EventId::derive(at, &["c"]);
                Derived::Events(vec![Event::new(id, account.clone(), EventKind::STAGE_CHANGE, Some(opportunity.clone()), at)])
            }),
        ] {
            let delivery = Delivery {
                id: DeliveryId::derive(at, &[token]),
                account: account.clone(),
                source: Source::Lever { event: LeverEvent::CandidateStageChange },
                dedupe: token.to_owned(),
                digest: token.to_owned(),
                body: b"{}".to_vec(),
                received: at,
                hint: None,
            };
            let id = delivery.id;
            store.deliver(delivery).await.expect("stored");
            store
                .claim_deliveries(Claim { accounts: std::sync::Arc::new([account.clone()].into()), now: at, limit: 10 })
                .await
                .expect("claimed");
            store.derive(&account, id, derived, at).await.expect("derived");
        }
        store.close().await;
    });
    let a = DeliveryId::derive(at, &["a"]);
    let b = DeliveryId::derive(at, &["b"]);
    let (retry, skip) = (format!("retry {a} --store leverd.db"), format!("skip {b} --store leverd.db --reason seen"));
    told(
        "parked",
        dir.path(),
        &[
            "parked --store leverd.db",
            "runs --store leverd.db",
            "why https://hire.lever.co/candidates/0c2f --store leverd.db",
            "why ffff --store leverd.db",
            "retry zz --store leverd.db",
            &retry,
            &skip,
            "parked --store leverd.db --format json",
            "runs",
            "runs --store none.db",
        ],
    );
}
