//! The packs that are shipped load without a word, and an account can bind them.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use jiff::Timestamp;
use leverd::lang::bind::{Given, Giver, SettingInput, bind};
use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::load::load;
use leverd::lang::render::render_human;
use leverd::lang::rule::Pack;
use leverd::lang::ruleset::{Mode, RuleSet};
use leverd::lang::source::{Sources, Span};
use leverd::lang::yaml::{self, Kind};
use leverd::model::{AccountCatalogue, Pinned, Value};
use leverd::runtime::builtin;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn pack(rules: &str) -> (Option<Pack>, String) {
    let vendor = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/rules/vendor.yaml");
    let files =
        [("vendor.yaml".to_owned(), fs::read(vendor).expect("readable")), ("rules.yaml".to_owned(), rules.as_bytes().to_vec())];
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let pack = load(&"example".into(), &files, &mut sources, &mut found);
    (pack, render_human(&sources, &found, false))
}

/// Binds to an account with the stages `Applied`, `Assessment`, `Offer` and these settings.
fn bound(rules: &str, settings: &str) -> (Option<RuleSet>, String) {
    let pack = Arc::new(pack(rules).0.expect("good rules"));
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add_text("leverd.yaml", settings);
    let root = yaml::load(&sources, id, &mut found).expect("YAML");
    let entries = if let Kind::Map(entries) = &root.kind { entries.as_slice() } else { &[] };
    let settings: Vec<SettingInput> = entries
        .iter()
        .map(|(key, value)| SettingInput { name: key.clone(), default: Some(value.clone()), per: BTreeMap::new() })
        .collect();
    let stages = ["Applied", "Assessment", "Offer"];
    let catalogue = AccountCatalogue {
        stages: stages.map(|name| Pinned { id: name.to_lowercase(), name: name.to_owned() }).to_vec(),
        ..AccountCatalogue::default()
    };
    let given = Given {
        account: &"acme".into(),
        giver: Giver::Account,
        mode: Mode::Live,
        baseline: Timestamp::UNIX_EPOCH,
        settings: &settings,
        settings_span: Span::new(id, 0..0),
        catalogue: &Arc::new(catalogue),
    };
    let set = bind(&pack, given, &mut found);
    let told: Vec<String> = found.sorted().iter().map(|fault| format!("{}: {}", fault.code, fault.message)).collect();
    (set, told.join("\n"))
}

#[test]
fn shipped_packs_have_no_faults() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut seen = 0;
    for folder in fs::read_dir(root).expect("a folder").map(|entry| entry.expect("readable").path()) {
        let files: Vec<(String, Vec<u8>)> = fs::read_dir(&folder)
            .expect("a folder")
            .map(|entry| entry.expect("readable").path())
            .filter(|path| path.is_file())
            .map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), fs::read(&path).expect("readable")))
            .collect();
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let pack = load(&name.into(), &files, &mut sources, &mut found);
        if let Some(adapter) = pack.as_ref().and_then(|pack| pack.vendor.as_deref()) {
            found.extend(leverd::vendor::run_samples(adapter));
        }
        assert!(pack.is_some() && found.is_empty(), "{}", render_human(&sources, &found, false));
        assert!(builtin::names().any(|shipped| folder.ends_with(shipped)), "{} is not shipped", folder.display());
        seen += 1;
    }
    assert!(seen > 0);
}

const RULES: &str = "\
settings:
  stages: { type: [stage] }
  next: { type: stage, optional: true }
rules:
  - name: go
    trigger: candidateStageChange
    when: { to_stage: { in: $stages } }
    do: [{ add_tag: go }, { move_stage: Offer }]
  - name: off
    trigger: candidateStageChange
    when: { to_stage: $next }
    do: [{ add_tag: next }]
";

#[test]
fn names_become_ids_and_unset_settings_switch_rules_off() {
    let (set, told) = bound(RULES, "stages: [Applied, assessment]");
    let set = set.expect(&told);
    let stages = set.settings.get("stages").and_then(|stages| stages.account.clone()).expect("given");
    let ids: Vec<Value> = stages.items().iter().filter_map(|stage| stage.member("id")).collect();
    assert_eq!(ids, [Value::text("applied"), Value::text("assessment")]);
    assert_eq!(set.off.get(&"off".into()).map(String::as_str), Some("next"));
    let other = bound(RULES, "stages: [Applied]").0.expect("good");
    assert_ne!(set.hash, other.hash);
    assert!(bound(RULES, "stages: [Applied]\nnext: Offer").0.expect("good").off.is_empty());
}

#[test]
fn what_an_account_gives_is_checked() {
    let (set, told) = bound(RULES, "stages: [Aplied]\nnxt: Offer");
    assert!(set.is_none());
    assert_eq!(
        told,
        "not-in-catalogue: no stage is called `Aplied` in the account `acme`\nunknown-setting: the pack `example` has no setting `nxt`"
    );
    assert_eq!(bound(RULES, "{}").1, "missing-setting: the account `acme` gives no `stages`, which the pack `example` needs");
    let (_, told) = bound(&RULES.replace("move_stage: Offer", "move_stage: Ofer"), "stages: []");
    assert_eq!(told, "not-in-catalogue: no stage is called `Ofer` in the account `acme`");
}

#[test]
fn ten_thousand_rules_in_several_files_are_checked_together() {
    let vendor = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/rules/vendor.yaml");
    let mut files = vec![("vendor.yaml".to_owned(), fs::read(vendor).expect("readable"))];
    for file in 0..5 {
        let mut rules = "rules:\n".to_owned();
        for n in 0..2_000 {
            let _ = write!(
                rules,
                "  - name: rule {file} {n}\n    trigger: assessment.scored\n    \
                 when: {{ result.percent: {{ gte: {n} }}, assessment.title: Test {file} {n} }}\n    \
                 do: [{{ add_tag: \"{{{{assessment.title}}}} {n}\" }}, {{ add_note: \"{{{{round result.percent}}}} %\" }}]\n"
            );
        }
        files.push((format!("rules-{file}.yaml"), rules.into_bytes()));
    }
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let pack = load(&"example".into(), &files, &mut sources, &mut found).expect("good");
    assert_eq!((pack.rules.len(), found.len()), (10_000, 0));
    assert_eq!(pack.rules.last().map(|rule| rule.route.as_str()), Some("rules-4.yaml:rules[1999]"));
}

/// A shipped pack, bound to an account that gives these settings; what is said about it.
fn shipped(name: &str, settings: &str) -> (bool, String) {
    let files = builtin::files(&name.into()).expect("shipped");
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let pack = Arc::new(load(&name.into(), &files, &mut sources, &mut found).expect("good rules"));
    let id = sources.add_text("leverd.yaml", settings);
    let root = yaml::load(&sources, id, &mut found).expect("YAML");
    let Kind::Map(entries) = &root.kind else { panic!("a map") };
    let setting = |(key, value): &(yaml::Key, yaml::Node)| SettingInput {
        name: key.clone(),
        default: Some(value.clone()),
        per: BTreeMap::new(),
    };
    let settings: Vec<SettingInput> = entries.iter().map(setting).collect();
    let stages = ["Assessment", "Assessment Complete"].map(|name| Pinned { id: name.to_lowercase(), name: name.to_owned() });
    let catalogue = Arc::new(AccountCatalogue { stages: stages.to_vec(), ..AccountCatalogue::default() });
    let given = Given {
        account: &"acme".into(),
        giver: Giver::Account,
        mode: Mode::Live,
        baseline: Timestamp::UNIX_EPOCH,
        settings: &settings,
        settings_span: Span::new(id, 0..0),
        catalogue: &catalogue,
    };
    let bound = bind(&pack, given, &mut found).is_some();
    let told: Vec<String> = found.sorted().iter().map(|fault| format!("{}: {}", fault.code, fault.message)).collect();
    (bound, told.join("\n"))
}

// B72
#[test]
fn the_stage_of_the_complete_must_be_chosen_before_anything_runs() {
    let (bound, told) = shipped("imocha", "{ trigger_stage: Assessment }");
    assert!(!bound);
    assert!(told.contains("missing-setting: the account `acme` gives no `complete_stage`"), "{told}");
}

// B06 B71
#[test]
fn a_stage_that_does_not_exist_cannot_be_chosen() {
    let (bound, told) = shipped("imocha", "{ trigger_stage: Assessment, complete_stage: Assessment Completed }");
    assert!(!bound);
    assert!(told.contains("not-in-catalogue: no stage is called `Assessment Completed`"), "{told}");
}

// B43
#[test]
fn thresholds_that_overlap_are_refused() {
    let (bound, told) = shipped("hired-assessments", "{ trigger_stages: [Assessment], pass: 50, fail: 50 }");
    assert!(!bound);
    assert!(told.contains("50"), "{told}");
    assert_eq!(shipped("hired-assessments", "{ trigger_stages: [Assessment], pass: 51, fail: 50 }"), (true, String::new()));
}

/// The folders with rules below one of the repository's.
fn packs_below(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    let children = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path());
    for child in children.filter(|path| path.is_dir()) {
        packs_below(&child, found);
    }
    if folder.join("rules.yaml").is_file() {
        found.push(folder.to_owned());
    }
}

#[test]
fn no_check_raises_a_false_alarm_over_packs_and_examples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = Vec::new();
    for part in ["rules", "examples"] {
        packs_below(&root.join(part), &mut folders);
    }
    assert!(folders.len() > 8, "{folders:?}");
    for folder in folders {
        let read = |path: &Path| (path.display().to_string(), fs::read(path).expect("readable"));
        let paths = fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("readable").path());
        let files: Vec<_> = paths.filter(|path| path.is_file()).map(|path| read(&path)).collect();
        let silences = |text: &[u8]| String::from_utf8_lossy(text).contains("allow:");
        assert!(!files.iter().any(|(_, text)| silences(text)), "{} silences a warning", folder.display());
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        load(&"example".into(), &files, &mut sources, &mut found);
        assert!(found.is_empty(), "{}", render_human(&sources, &found, false));
    }
}
