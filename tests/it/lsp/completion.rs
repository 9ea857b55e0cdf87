//! What the server offers at the caret, also where the file is broken just now; and that what it writes is YAML that stands.

use super::*;

const PACK: &str = "\
settings:
  stages: { type: [stage], doc: Entering one of these sends the test }
  pass: { type: number, default: 70 }
  next: { type: stage, optional: true }
  wait: { type: duration, default: 3d }
  jobs: { type: table, columns: { posting: posting, test: assessment } }
tags:
  status: [\"{{assessment.title}} - Pass\", \"{{assessment.title}} - Fail\"]
bands:
  verdict: { of: result.percent, steps: [{ Pass: { gte: $pass } }, { Fail: {} }] }
rules:
";

struct Desk {
    editor: Editor,
    uri: String,
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = project(PACK);
        let uri = uri(&folder.path().join("rules/mine/rules.yaml"));
        let mut editor = Editor::start();
        editor.open(&uri, PACK);
        Self { editor, uri, folder }
    }

    /// The labels at `¦` in rules behind the pack's declarations.
    fn labels(&mut self, rules: &str) -> Vec<String> {
        labels(&self.editor.offered(&self.uri, &format!("{PACK}{rules}")))
    }

    /// The rules after taking what is offered under this label, as an editor does it.
    fn taken(&mut self, rules: &str, label: &str) -> String {
        let text = format!("{PACK}{rules}");
        let items = self.editor.offered(&self.uri, &text);
        let item =
            items.iter().find(|item| item["label"] == label).unwrap_or_else(|| panic!("{label} in {:?}", labels(&items)));
        let edit = &item["textEdit"];
        let done = changed(&text.replace('¦', ""), &edit["range"], edit["newText"].as_str().unwrap());
        done.strip_prefix(PACK).unwrap().to_owned()
    }

    fn open(&mut self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        if !path.exists() {
            std::fs::write(&path, "").unwrap();
        }
        let uri = uri(&path);
        self.editor.open(&uri, text);
        uri
    }
}

fn labels(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
}

fn has(labels: &[String], wanted: &[&str], not: &[&str]) {
    for label in wanted {
        assert!(labels.iter().any(|known| known == label), "{label} lacks in {labels:?}");
    }
    for label in not {
        assert!(!labels.iter().any(|known| known == label), "{label} in {labels:?}");
    }
}

#[test]
fn keys_are_offered_where_a_line_is_half_written() {
    let mut desk = Desk::new();
    // Those first that must be there, none that is there.
    let labels = desk.labels("  - name: a\n    ¦\n  - name: b\n    trigger: candidateHired\n    do: [{ add_tag: x }]\n");
    assert_eq!(labels[..2], ["trigger", "do"]);
    has(&labels, &["when", "for_each", "settle"], &["name"]);
    has(&desk.labels("  - name: a\n    tri¦\n    do: [{ add_tag: \"x }]\n"), &["trigger"], &["do", "settle"]);
    has(&desk.labels("  - na¦"), &["name"], &[]);
    has(&desk.labels("  - name: a\n    for_each: { t: { ¦ } }\n"), &["in", "like", "first_of", "default"], &["trigger"]);
    // A comment is nobody's place.
    assert_eq!(desk.labels("  - name: a # ¦\n"), [""; 0]);

    assert_eq!(desk.taken("  - name: a\n    tri¦\n", "trigger"), "  - name: a\n    trigger: \n");
    assert_eq!(desk.taken("  - name: a\n    tri¦: x\n", "trigger"), "  - name: a\n    trigger: x\n");
    assert_eq!(desk.taken("  - name: a\n    d¦\n", "do"), "  - name: a\n    do:\n      - \n");
    assert_eq!(desk.taken("  - name: a\n    wh¦\n", "when"), "  - name: a\n    when:\n      \n");
    assert_eq!(desk.taken("  - { name: a, wh¦ }\n", "when"), "  - { name: a, when:  }\n");
    desk.editor.end();
}

#[test]
fn triggers_and_verbs_are_those_that_the_vendor_has_a_part_in() {
    let mut desk = Desk::new();
    let labels = desk.labels("  - name: a\n    trigger: ¦\n");
    let maps = ["{ done: remind }", "{ failed: extend }", "{ before: 2d, of: assessment.expires_at }"];
    has(
        &labels,
        &["candidateStageChange", "assessment.scored", "assessment.invited", "opportunityCreated"],
        &["assessment.flagged"],
    );
    has(&labels, &maps, &["{ done: invite }"]);
    has(
        &desk.labels("  - name: a\n    trigger: { after: $¦, of: assessment.invited }\n"),
        &["$wait", "$pass"],
        &["$opportunity.id"],
    );
    has(
        &desk.labels("  - name: a\n    trigger: { after: 1d, of: ¦ }\n"),
        &["assessment.invited", "assessment.expires_at"],
        &[],
    );
    has(&desk.labels("  - name: a\n    trigger: { done: ¦ }\n"), &["remind", "cancel", "extend"], &["invite", "catalogue"]);
    let taken = desk.taken("  - name: a\n    trigger: ¦\n", "{ done: remind }");
    assert_eq!(taken, "  - name: a\n    trigger: { done: remind }\n");

    let rule = "  - name: a\n    trigger: assessment.scored\n    do:\n";
    has(&desk.labels(&format!("{rule}      - ¦\n")), &["invite", "set_tag", "move_stage", "archive"], &["name"]);
    assert_eq!(desk.taken(&format!("{rule}      - add_t¦\n"), "add_tag"), format!("{rule}      - add_tag: \n"));
    assert_eq!(desk.taken(&format!("{rule}      - inv¦\n"), "invite"), format!("{rule}      - invite:\n          \n"));
    assert_eq!(desk.taken("  - name: a\n    do: ¦\n", "alert"), "  - name: a\n    do: \n      - alert: \n");
    assert_eq!(desk.taken("  - name: a\n    do:\n      ¦\n", "alert"), "  - name: a\n    do:\n      - alert: \n");
    assert_eq!(desk.taken("  - name: a\n    do: [{ ¦ }]\n", "alert"), "  - name: a\n    do: [{ alert:  }]\n");
    // A verb that is there wants no other.
    assert_eq!(desk.labels("  - name: a\n    do:\n      - alert: x\n        ¦\n"), ["optional"]);
    has(&desk.labels(&format!("{rule}      - invite: {{ ¦ }}\n")), &["test", "with", "again"], &["alert"]);
    has(&desk.labels(&format!("{rule}      - invite: {{ test: Java, with: {{ ¦ }} }}\n")), &["note"], &["message"]);
    has(&desk.labels(&format!("{rule}      - call: {{ operation: extend, with: {{ ¦ }} }}\n")), &["days"], &["note"]);
    has(&desk.labels(&format!("{rule}      - invite: {{ test: x, again: {{ failed: ¦ }} }}\n")), &["skip", "invite"], &[]);
    has(&desk.labels(&format!("{rule}      - set_tag: {{ ¦ }}\n")), &["status"], &[]);
    has(&desk.labels(&format!("{rule}      - add_file: {{ report: ¦ }}\n")), &["pdf"], &[]);
    has(&desk.labels(&format!("{rule}      - mark: ¦\n")), &["expired", "opted_out"], &[]);
    desk.editor.end();
}

#[test]
fn conditions_know_the_fields_of_the_trigger_and_what_fits_each() {
    let mut desk = Desk::new();
    let rule = "  - name: a\n    trigger: candidateStageChange\n    when:";
    let labels = desk.labels(&format!("{rule} {{ ¦ }}\n"));
    has(
        &labels,
        &["to_stage", "from_stage", "opportunity.tags", "posting.title", "pass", "any", "not"],
        &["result.percent", "else"],
    );
    has(&desk.labels(&format!("{rule}\n      ¦\n")), &["to_stage"], &[]);
    has(
        &desk.labels("  - name: a\n    trigger: assessment.scored\n    when: { ¦ }\n"),
        &["result.percent", "verdict", "assessment.phase"],
        &["to_stage"],
    );
    // Names that stand in quotes where YAML needs them.
    let taken = desk.taken(&format!("{rule} {{ to_stage: ¦ }}\n"), "On-site: second");
    assert_eq!(taken, format!("{rule} {{ to_stage: \"On-site: second\" }}\n"));
    let taken = desk.taken(&format!("{rule} {{ to_stage: \"On¦\n    do: []\n"), "On-site: second");
    assert_eq!(taken, format!("{rule} {{ to_stage: \"On-site: second\"\n    do: []\n"));
    let taken = desk.taken(&format!("{rule} {{ to_stage: \"N¦\" }}\n"), "New");
    assert_eq!(taken, format!("{rule} {{ to_stage: \"New\" }}\n"));
    has(
        &desk.labels(&format!("{rule} {{ to_stage: ¦ }}\n")),
        &["New", "$next", "in", "exists"],
        &["gt", "contains", "$pass", "Engineer"],
    );
    has(&desk.labels(&format!("{rule} {{ to_stage: {{ in: [New, ¦] }} }}\n")), &["On-site: second"], &["Engineer"]);
    has(&desk.labels(&format!("{rule} {{ to_stage: {{ ¦ }} }}\n")), &["in", "not", "like"], &["gt", "any_in"]);
    has(&desk.labels(&format!("{rule} {{ opportunity.own_tags: {{ ¦ }} }}\n")), &["contains", "any_in"], &["in", "gt"]);
    has(&desk.labels(&format!("{rule} {{ opportunity.tags: {{ contains: ¦ }} }}\n")), &["go", "rust"], &["New"]);
    has(&desk.labels(&format!("{rule} {{ opportunity.archived: ¦ }}\n")), &["true", "false"], &[]);
    has(&desk.labels(&format!("{rule} {{ opportunity.posting: ¦ }}\n")), &["Engineer"], &["New"]);
    let scored = "  - name: a\n    trigger: assessment.scored\n    when:";
    has(&desk.labels(&format!("{scored} {{ assessment.phase: ¦ }}\n")), &["invited", "opted_out"], &["New"]);
    has(&desk.labels(&format!("{scored} {{ verdict: ¦ }}\n")), &["Pass", "Fail"], &["New"]);
    has(&desk.labels(&format!("{scored} {{ result.percent: {{ ¦ }} }}\n")), &["gte", "lt"], &["like"]);
    assert_eq!(
        desk.taken(&format!("{scored} {{ result.percent: ¦ }}\n"), "exists"),
        format!("{scored} {{ result.percent: {{ exists: true }} }}\n")
    );
    desk.editor.end();
}

#[test]
fn variables_are_those_in_scope_with_their_types() {
    let mut desk = Desk::new();
    let rule = "  - name: a
    trigger: candidateStageChange
    for_each:
      test: { in: catalogue, where: { title: { in: $opportunity.tags } } }
      job: { in: $jobs, where: { posting: $opportunity.posting } }
    find:
      before: { in: ledger, where: { title: $test.title }, only: latest }
";
    let all = desk.labels(&format!("{rule}    do: [{{ invite: {{ test: $¦ }} }}]\n"));
    has(
        &all,
        &["$test", "$test.title", "$job.test", "$before.phase", "$next", "$to_stage"],
        &["$result.percent", "$verdict.x"],
    );
    // What is further down is not known yet, and left of the colon stands a field of the row.
    let before = "  - name: a\n    trigger: candidateStageChange\n    for_each:\n      test: { in: catalogue, where: { title: $¦ } }\n      job: { in: $jobs }\n";
    has(&desk.labels(before), &["$opportunity.own_tags", "$candidate.name"], &["$job", "$test", "$job.posting"]);
    let row = desk.labels(&before.replace("title: $¦", "¦"));
    has(&row, &["title", "id", "any"], &["opportunity.tags", "else", "test"]);
    has(
        &desk.labels(&before.replace("in: catalogue", "in: ¦").replace("$¦", "x")),
        &["catalogue", "ledger", "$jobs", "$opportunity.tags"],
        &["$pass"],
    );
    let taken = "  - name: a\n    trigger: candidateStageChange\n    find:\n      b: { in: ledger, take: ¦ }\n";
    has(&desk.labels(taken), &["phase", "expires_at"], &["opportunity.id"]);

    // Inside braces, in quotes and in a block; the braces are closed where they are not.
    let name = desk.taken(&format!("{rule}    do: [{{ add_note: \"Hi {{{{cand¦\" }}]\n"), "candidate.name");
    assert_eq!(name, format!("{rule}    do: [{{ add_note: \"Hi {{{{candidate.name}}}}\" }}]\n"));
    let name = desk.taken(&format!("{rule}    do:\n      - add_note: |\n          Dear {{{{test.¦}}}}\n"), "test.title");
    assert_eq!(name, format!("{rule}    do:\n      - add_note: |\n          Dear {{{{test.title}}}}\n"));
    has(
        &desk.labels(&format!("{rule}    do: [{{ add_note: \"{{{{¦}}}}\" }}]\n")),
        &["round", "default", "candidate.email"],
        &["if"],
    );
    has(&desk.labels(&format!("{rule}    do: [{{ add_note: \"{{{{#¦}}}}\" }}]\n")), &["if", "each"], &["round"]);
    let items = desk.editor.offered(&desk.uri, &format!("{PACK}{rule}    do: [{{ add_note: \"{{{{candidate.¦}}}}\" }}]\n"));
    let email = items.iter().find(|item| item["label"] == "candidate.email").unwrap();
    assert_eq!(
        (&email["detail"], &email["documentation"]["value"]),
        (&"text, may be absent".into(), &"the first e-mail address".into())
    );
    // What a condition has asked for is there.
    let asked = format!(
        "{rule}    require: [{{ candidate.email: {{ exists: true }} }}]\n    do: [{{ add_note: \"{{{{candidate.e¦}}}}\" }}]\n"
    );
    let items = desk.editor.offered(&desk.uri, &format!("{PACK}{asked}"));
    assert_eq!(items.iter().find(|item| item["label"] == "candidate.email").unwrap()["detail"], "text");
    desk.editor.end();
}

#[test]
fn names_of_the_account_stand_where_they_are_wanted() {
    let mut desk = Desk::new();
    let rule = "  - name: a\n    trigger: assessment.scored\n    do:\n      - ";
    has(&desk.labels(&format!("{rule}move_stage: ¦\n")), &["New", "On-site: second", "$next", "to"], &["Engineer"]);
    has(&desk.labels(&format!("{rule}move_stage: {{ to: New, from: [¦] }}\n")), &["New"], &[]);
    has(&desk.labels(&format!("{rule}archive: ¦\n")), &["Underqualified"], &["New"]);
    has(&desk.labels(&format!("{rule}invite: {{ test: ¦ }}\n")), &["Java", "Rust", "$assessment.test"], &["New"]);
    has(&desk.labels(&format!("{rule}fill_form: {{ template: ¦ }}\n")), &["Result"], &[]);
    has(&desk.labels(&format!("{rule}fill_form: {{ template: Result, fields: {{ ¦ }} }}\n")), &["Score", "Report"], &[]);
    has(&desk.labels(&format!("{rule}add_tag: ¦\n")), &["go", "rust"], &[]);

    // leverd.yaml: the settings of the pack by their types, the packs, the users.
    let of_config = desk.open("leverd.yaml", CONFIG);
    let mode = labels(&desk.editor.offered(&of_config, &CONFIG.replace("shadow", "¦")));
    assert_eq!(mode, ["off", "shadow", "live"]);
    let config = |settings: &str| CONFIG.replace("mode: shadow\n", &format!("mode: shadow\n        settings: {settings}\n"));
    has(&labels(&desk.editor.offered(&of_config, &config("{ ¦ }"))), &["stages", "pass", "next", "jobs"], &["mode"]);
    has(&labels(&desk.editor.offered(&of_config, &config("{ next: ¦ }"))), &["New", "On-site: second"], &[]);
    has(&labels(&desk.editor.offered(&of_config, &config("{ jobs: [{ ¦ }] }"))), &["posting", "test"], &[]);
    has(&labels(&desk.editor.offered(&of_config, &config("{ jobs: [{ test: ¦ }] }"))), &["Java"], &["New"]);
    has(&labels(&desk.editor.offered(&of_config, &CONFIG.replace("Robin", "¦"))), &["Robin"], &[]);
    has(
        &labels(&desk.editor.offered(&of_config, &CONFIG.replace("path: ./rules/mine", "pack: ¦"))),
        &["qualified", "generic"],
        &[],
    );

    // Tests: events, what they tell, what is expected.
    let tests = "given: { stages: [One, Two], settings: {  } }\ntests:\n  - name: a\n    steps:\n      - event: candidateStageChange\n        with: {  }\n        expect:\n          - alert: x\n";
    let of_tests = desk.open("rules/mine/tests.yaml", tests);
    has(&labels(&desk.editor.offered(&of_tests, &tests.replace("{  } }\n", "{ ¦ } }\n"))), &["pass", "stages"], &[]);
    has(&labels(&desk.editor.offered(&of_tests, &tests.replace("candidateStageChange", "¦"))), &["assessment.scored"], &[]);
    has(
        &labels(&desk.editor.offered(&of_tests, &tests.replace("with: {  }", "with: { ¦ }"))),
        &["to_stage"],
        &["result.percent"],
    );
    has(&labels(&desk.editor.offered(&of_tests, &tests.replace("with: {  }", "with: { to_stage: ¦ }"))), &["One", "Two"], &[]);
    has(&labels(&desk.editor.offered(&of_tests, &tests.replace("alert: x", "¦"))), &["invite", "alert"], &["optional"]);

    // vendor.yaml: keys, its own operations and secrets.
    let vendor = include_str!("../../check/rules/vendor.yaml");
    let of_vendor = desk.open("rules/mine/vendor.yaml", vendor);
    has(
        &labels(&desk.editor.offered(&of_vendor, &vendor.replace("pdf: { operation: report }", "pdf: { ¦ }"))),
        &["operation", "url"],
        &[],
    );
    has(
        &labels(&desk.editor.offered(&of_vendor, &vendor.replace("operation: report", "operation: ¦"))),
        &["report", "balance"],
        &[],
    );
    has(
        &labels(&desk.editor.offered(&of_vendor, &vendor.replace("\"{{secret.api_key}}\" }", "\"{{secr¦\" }"))),
        &["secret.api_key"],
        &[],
    );
    desk.editor.end();
}
