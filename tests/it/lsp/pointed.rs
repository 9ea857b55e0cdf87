//! Where the pointer rests: what stands there, and where it is declared.

use super::*;
use jiff::Timestamp;
use leverd::model::{
    AccountId, Delivery, DeliveryId, Event, EventId, EventKind, Facts, LeverEvent, Plan, Said, Source, Step, Value as Known,
};
use leverd::store::{Claim, Derived, Options, PlanMade, Run, Store};

const PACK: &str = "\
settings:
  stages: { type: [stage], doc: Entering one of these sends the test }
  jobs: { type: table, columns: { posting: posting, test: assessment } }
tags:
  status: [\"{{assessment.title}} - Pass\", \"{{assessment.title}} - Fail\"]
bands:
  verdict: { of: result.percent, steps: [{ Pass: { gte: 50 } }, { Fail: {} }] }
rules:
  - name: scored
    was: [earlier]
    trigger: assessment.scored
    when: { result.percent: { gte: 10 }, assessment.stage: { in: $stages } }
    for_each:
      job: { in: $jobs, where: { posting: $opportunity.posting } }
    do:
      - set_tag: { status: \"{{assessment.title}} - {{verdict}}\" }
      - invite: { test: $job.test }
      - call: { operation: remind }
      - add_note: |
          {{candidate.name}} has {{round result.percent}} %
      - move_stage: \"On-site: second\"
";

/// The pack with the caret before the last letters of a place: `before¦after` is found in it once.
fn at(place: &str) -> String {
    let (before, after) = place.split_once('¦').unwrap();
    let plain = format!("{before}{after}");
    assert_eq!(PACK.matches(&plain).count(), 1, "{plain}");
    PACK.replace(&plain, place)
}

#[test]
fn the_pointer_is_told_what_stands_there() {
    let folder = project(PACK);
    let uri = uri(&folder.path().join("rules/mine/rules.yaml"));
    let mut editor = Editor::start();
    editor.open(&uri, PACK);
    for (place, parts) in [
        ("tri¦gger: ", &["**trigger**", "what it listens to"] as &[&str]),
        (
            "assessment.sco¦red",
            &["when a test has its score", "`result.percent` (number)", "`event.changed`", "`assessment.…`"],
        ),
        ("{ result.perc¦ent: { gte", &["**result.percent**: number"]),
        ("{ g¦te: 10", &["matcher", "this or more"]),
        ("$sta¦ges", &["list of stage", "Entering one of these sends the test"]),
        ("jo¦b: {", &["record", "`posting`", "`test`"]),
        ("in: $jo¦bs", &["table", "the setting `jobs`"]),
        ("set_¦tag: {", &["```yaml", "set_tag"]),
        ("{ sta¦tus: \"{{assessment.title}} - {{", &["tag family", "{{assessment.title}} - Pass"]),
        ("{{ver¦dict}}", &["one of Pass, Fail", "the band of `result.percent`"]),
        ("$job.te¦st", &["assessment", "the variable `job`"]),
        ("operation: rem¦ind", &["operation"]),
        ("{{candidate.na¦me}}", &["**candidate.name**: text, may be absent", "full name"]),
        ("{{rou¦nd result", &["helper", "{{round NUMBER DECIMALS}}"]),
        ("move_stage: \"On-s¦ite", &["stage", "`s2`"]),
    ] {
        let shown = editor.asked("textDocument/hover", &uri, &at(place));
        let text = shown["contents"]["value"].as_str().unwrap_or_else(|| panic!("nothing at {place}"));
        for part in parts {
            assert!(text.contains(part), "{place}: {text}");
        }
    }
    // The range is that of the name alone.
    let shown = editor.asked("textDocument/hover", &uri, &at("{{candidate.na¦me}}"));
    assert_eq!(shown["range"]["start"]["character"], 12);
    assert_eq!(shown["range"]["end"]["character"], 26);
    assert_eq!(editor.asked("textDocument/hover", &uri, &at("ear¦lier")), Value::Null);
    editor.end();
}

#[test]
fn a_name_leads_to_where_it_is_declared() {
    let folder = project(PACK);
    let pack = folder.path().join("rules/mine");
    let (rules, vendor) = (uri(&pack.join("rules.yaml")), uri(&pack.join("vendor.yaml")));
    let catalogue = uri(&folder.path().join("catalogue/acme.yaml"));
    let adapter = include_str!("../../check/rules/vendor.yaml");
    let mut editor = Editor::start();
    editor.open(&rules, PACK);
    // The text at the place that it leads to.
    let led = |editor: &mut Editor, uri: &str, text: &str| -> Vec<(String, String)> {
        let places = editor.asked("textDocument/definition", uri, text);
        let file = |uri: &str| match uri {
            uri if uri == rules => PACK,
            uri if uri == vendor => adapter,
            _ => CATALOGUE,
        };
        let place = |place: &Value| {
            let (uri, range) = (place["uri"].as_str().unwrap(), &place["range"]);
            let line = usize::try_from(range["start"]["line"].as_u64().unwrap()).unwrap();
            let column = usize::try_from(range["start"]["character"].as_u64().unwrap()).unwrap();
            (uri.to_owned(), file(uri).lines().nth(line).unwrap()[column..].to_owned())
        };
        places.as_array().unwrap().iter().map(place).collect()
    };
    for (place, target, text) in [
        ("$sta¦ges", &rules, "stages: { type"),
        ("in: $jo¦bs", &rules, "jobs: { type"),
        ("$jo¦b.test", &rules, "job: { in:"),
        ("$job.te¦st", &rules, "test: assessment"),
        ("{{ver¦dict}}", &rules, "verdict: { of"),
        ("{ sta¦tus: \"{{assessment.title}} - {{", &rules, "status: ["),
        ("ear¦lier", &rules, "scored"),
        ("assessment.sco¦red", &vendor, "scored:"),
        ("{ result.perc¦ent: { gte", &vendor, "percent: number"),
        ("round result.per¦cent", &vendor, "percent: number"),
        ("operation: rem¦ind", &vendor, "remind:"),
        ("move_stage: \"On-s¦ite", &catalogue, "\"On-site: second\""),
    ] {
        let found = led(&mut editor, &rules, &at(place));
        assert_eq!(found.len(), 1, "{place}: {found:?}");
        assert!(found[0].0 == *target && found[0].1.starts_with(text), "{place}: {found:?}");
    }
    // Of what leverd itself knows there is no place.
    assert!(led(&mut editor, &rules, &at("{{candidate.na¦me}}")).is_empty());

    // From leverd.yaml and from the tests into the rules, from vendor.yaml into itself.
    let of_config = uri(&folder.path().join("leverd.yaml"));
    let config = CONFIG.replace("mode: shadow\n", "mode: shadow\n        settings: { sta¦ges: [New] }\n");
    editor.open(&of_config, CONFIG);
    assert!(led(&mut editor, &of_config, &config)[0].1.starts_with("stages: { type"));
    std::fs::write(pack.join("tests.yaml"), "").unwrap();
    let of_tests = uri(&pack.join("tests.yaml"));
    editor.open(&of_tests, "");
    let tests = "tests:\n  - name: a\n    given: { settings: { sta¦ges: [New] } }\n";
    assert!(led(&mut editor, &of_tests, tests)[0].1.starts_with("stages: { type"));
    editor.open(&vendor, adapter);
    let found = led(&mut editor, &vendor, &adapter.replace("pdf: { operation: report }", "pdf: { operation: rep¦ort }"));
    assert!(found[0].1.starts_with("report: { request"), "{found:?}");
    editor.end();
}

/// Stores one run of the rule `scored` for Ada.
fn ran(file: &Path) {
    let at: Timestamp = "2026-11-20T09:30:00Z".parse().unwrap();
    let account = AccountId::new("acme");
    let event = Event::new(EventId::derive(at, &["e"]), account.clone(), EventKind::STAGE_CHANGE, Some("ada".into()), at);
    let event = event.with("to_stage", Known::text("New"));
    let delivery = Delivery {
        id: DeliveryId::derive(at, &["d"]),
        account: account.clone(),
        source: Source::Lever { event: LeverEvent::CandidateStageChange },
        dedupe: "d".to_owned(),
        digest: "d".to_owned(),
        body: b"{}".to_vec(),
        received: at,
        hint: None,
    };
    let said = Said::Fired { effects: 0 };
    let step = Step { pack: Some("mine".into()), rule: Some("scored".into()), route: "rules[0]".into(), said };
    let plan = Plan { steps: vec![step], read: ["candidate.name".to_owned()].into(), ..Plan::default() };
    let mut facts = Facts::at(at);
    facts.set("candidate.name", "Ada `Lovelace`");
    let run = Run { facts, plan, ruleset: "hash".to_owned(), planned_at: at };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = Store::open(Options::path(file)).await.unwrap();
        let claim = || Claim { accounts: std::sync::Arc::new([account.clone()].into()), now: at, limit: 10 };
        let id = delivery.id;
        store.deliver(delivery).await.unwrap();
        store.claim_deliveries(claim()).await.unwrap();
        store.derive(&account, id, Derived::Events(vec![event.clone()]), at).await.unwrap();
        store.claim_events(claim()).await.unwrap();
        assert_eq!(store.plan(&account, event.id, run).await.unwrap(), PlanMade::Committed);
        store.close().await;
    });
}

#[test]
fn what_a_name_was_in_the_last_run_is_told_where_there_is_a_store() {
    let folder = project(PACK);
    let uri = uri(&folder.path().join("rules/mine/rules.yaml"));
    let store = folder.path().join("leverd.db");
    let mut editor = Editor::start();
    editor.open(&uri, PACK);
    let told = |editor: &mut Editor, place: &str| {
        let shown = editor.asked("textDocument/hover", &uri, &at(place));
        shown["contents"]["value"].as_str().unwrap().to_owned()
    };
    assert!(!told(&mut editor, "{{candidate.na¦me}}").contains("last run"));
    // A store that is none is no reason to say nothing of the name.
    std::fs::write(&store, "no database").unwrap();
    let text = told(&mut editor, "{{candidate.na¦me}}");
    assert!(text.contains("full name") && !text.contains("last run"), "{text}");
    std::fs::remove_file(&store).unwrap();
    ran(&store);
    let text = told(&mut editor, "{{candidate.na¦me}}");
    let line = "In the last run of this rule for `acme`, 2026-11-20 09:30:00 UTC: `Ada  Lovelace `";
    assert!(text.ends_with(line), "{text}");
    // What the plan did not read is not made up, and nothing of it is in what is offered.
    assert!(!told(&mut editor, "opportunity.post¦ing }").contains("last run"));
    let offered = editor.offered(&uri, &at("{{candidate.na¦me}}"));
    assert!(!serde_json::to_string(&offered).unwrap().contains("Lovelace"));
    editor.end();
}
