//! What rule tests in YAML cannot show: what is asked for, how many rules are visited, which ids come out, what parks.

use super::explain::explain;
use super::program::Selected;
use super::{Program, plan, schedule};
use crate::lang::bind::{Given, Giver, bind};
use crate::lang::diagnostic::Diagnostics;
use crate::lang::load::load;
use crate::lang::render::render_human;
use crate::lang::ruleset::Mode;
use crate::lang::source::{Sources, Span};
use crate::model::{
    AccountCatalogue, AccountId, Event, EventId, EventKind, Facts, Group, Kind, LaterKind, OpportunityId, PackName, Pinned,
    Plan, Planned, RuleName, Said, Value,
};
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write as _;
use std::sync::Arc;

fn program(rules: &str, stages: usize) -> Program {
    program_of(&[("rules.yaml".to_owned(), rules.as_bytes().to_vec())], stages)
}

fn program_of(files: &[(String, Vec<u8>)], stages: usize) -> Program {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let pack = load(&PackName::new("p"), files, &mut sources, &mut found);
    let stage = |n| Pinned { id: format!("s{n}"), name: format!("Stage {n}") };
    let catalogue = Arc::new(AccountCatalogue { stages: (0..stages).map(stage).collect(), ..AccountCatalogue::default() });
    let span = Span::new(sources.add_text("settings", ""), 0..0);
    let set = pack.map(Arc::new).and_then(|pack| {
        let given = Given {
            account: &AccountId::new("acme"),
            giver: Giver::Account,
            mode: Mode::Live,
            baseline: Timestamp::UNIX_EPOCH,
            settings: &[],
            settings_span: span,
            catalogue: &catalogue,
        };
        bind(&pack, given, &mut found)
    });
    Program::new(vec![Arc::new(set.unwrap_or_else(|| panic!("{}", render_human(&sources, &found, false))))])
}

fn now() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().unwrap()
}

fn stage(n: usize) -> Value {
    Value::named(Kind::Stage, format!("s{n}"), format!("Stage {n}"))
}

/// A stage change into stage `n`.
fn entering(n: usize) -> Event {
    let id = EventId::derive(now(), &["event"]);
    let mut event = Event::new(id, AccountId::new("acme"), EventKind::STAGE_CHANGE, Some(OpportunityId::new("o")), now());
    event.fields.insert("to_stage".into(), stage(n));
    event
}

fn facts(n: usize, tags: &[String]) -> Facts {
    let mut facts = Facts::at(now());
    facts.known.extend([Group::Opportunity, Group::Posting, Group::Ledger]);
    facts.set("opportunity.stage", stage(n));
    facts.set("opportunity.tags", Value::texts(tags));
    facts.set("opportunity.archived", Value::Bool(false));
    facts.set("posting.tags", Value::List(Vec::new()));
    facts
}

fn planned(program: &Program, event: &Event, facts: &Facts) -> Plan {
    match plan(program, event, facts) {
        Planned::Plan(plan) => *plan,
        Planned::Needs(needs) => panic!("{needs:?}"),
    }
}

fn needs(program: &Program, event: &Event, facts: &Facts) -> Vec<Group> {
    match plan(program, event, facts) {
        Planned::Needs(needs) => needs.0.into_iter().collect(),
        Planned::Plan(plan) => panic!("{plan:?}"),
    }
}

#[test]
fn an_event_visits_the_rules_of_its_stage_however_many_there_are() {
    let visited = |count: usize| {
        let mut rules = "rules:\n".to_owned();
        for n in 0..count {
            let _ = writeln!(
                rules,
                "  - {{ name: r{n}, trigger: candidateStageChange, when: {{ to_stage: Stage {n} }}, do: [{{ add_tag: t{n} }}] }}"
            );
        }
        match program(&rules, count).select(&entering(3), &Facts::at(now())) {
            Selected::Rules(rules) => rules.len(),
            Selected::Needs(group) => panic!("{group:?}"),
        }
    };
    assert_eq!((visited(10), visited(2_000)), (1, 1));
}

const TAGGED: &str = "rules:
  - name: tagged
    trigger: candidateStageChange
    when: { to_stage: Stage 1, opportunity.tags: { contains: go }, posting.tags: { none_in: [stop] } }
    settle: 60s
    do: [{ add_note: hello }, { move_stage: Stage 2 }]
";

#[test]
fn an_event_that_no_rule_can_match_asks_for_nothing() {
    let plan = planned(&program(TAGGED, 3), &entering(0), &Facts::at(now()));
    assert!(plan.steps.is_empty() && plan.effects.is_empty());
}

#[test]
fn a_posting_is_read_only_after_the_opportunity_leaves_it_open() {
    let program = program(TAGGED, 3);
    let mut known = Facts::at(now());
    assert_eq!(needs(&program, &entering(1), &known), [Group::Opportunity, Group::Ledger]);
    known = facts(1, &["go".into()]);
    known.known.remove(&Group::Posting);
    assert_eq!(needs(&program, &entering(1), &known), [Group::Posting]);
    known = facts(1, &["other".into()]);
    known.known.remove(&Group::Posting);
    assert!(planned(&program, &entering(1), &known).effects.is_empty());
}

#[test]
fn a_move_waits_for_the_records_above_it() {
    let plan = planned(&program(TAGGED, 3), &entering(1), &facts(1, &["go".into()]));
    let [note, move_] = plan.effects.as_slice() else { panic!("{:?}", plan.steps) };
    assert!(note.after.is_empty());
    assert_eq!(move_.after, [note.id]);
}

#[test]
fn looks_of_settle_come_at_ten_seconds_and_at_the_end_with_the_ids_of_the_event() {
    let program = program(TAGGED, 3);
    let first = planned(&program, &entering(1), &facts(1, &[]));
    let [later] = first.later.as_slice() else { panic!("{:?}", first.steps) };
    assert_eq!(later.kind, LaterKind::Settle { round: 1 });
    assert_eq!(later.due.duration_since(now()), SignedDuration::from_secs(10));
    let look = schedule::due(later);
    let at_once = planned(&program, &entering(1), &facts(1, &["go".into()]));
    let mut known = facts(1, &["go".into()]);
    known.now = later.due;
    let then = planned(&program, &look, &known);
    let ids = |plan: &Plan| plan.effects.iter().map(|effect| effect.id).collect::<Vec<_>>();
    assert_eq!(ids(&then), ids(&at_once));
    let mut nothing = facts(1, &[]);
    nothing.now = later.due;
    let second = planned(&program, &look, &nothing);
    assert_eq!(second.later.iter().map(|later| &later.kind).collect::<Vec<_>>(), [&LaterKind::Settle { round: 2 }]);
    nothing.now = second.later[0].due;
    let last = planned(&program, &schedule::due(&second.later[0]), &nothing);
    assert!(last.later.is_empty());
    assert!(matches!(last.steps[0].said, Said::False { .. }), "{:?}", last.steps);
}

#[test]
fn more_than_a_hundred_rows_park_the_event_and_nothing_is_done() {
    let rules = "rules:
  - { name: fan, trigger: candidateStageChange, for_each: { t: { in: $opportunity.tags } }, do: [{ add_note: \"{{t}}\" }] }
";
    let program = program(rules, 2);
    let tags = |count: usize| (0..count).map(|n| format!("t{n}")).collect::<Vec<_>>();
    assert_eq!(planned(&program, &entering(1), &facts(1, &tags(100))).effects.len(), 100);
    let plan = planned(&program, &entering(1), &facts(1, &tags(101)));
    assert!(plan.effects.is_empty() && plan.park.is_some() && plan.notices.len() == 1);
}

#[test]
fn a_rule_that_fires_too_often_and_a_chain_too_deep_park() {
    let program = program(TAGGED, 3);
    let mut known = facts(1, &["go".into()]);
    known.firings = vec![(PackName::new("p"), RuleName::new("tagged"), 10)];
    assert!(planned(&program, &entering(1), &known).park.is_none());
    known.firings = vec![(PackName::new("p"), RuleName::new("tagged"), 11)];
    assert!(planned(&program, &entering(1), &known).park.is_some());
    let deep = Event { depth: 11, ..entering(1) };
    assert!(planned(&program, &deep, &facts(1, &["go".into()])).park.is_some());
}

#[test]
fn a_timer_whose_rule_is_gone_is_dropped_with_a_step() {
    let mut event = entering(1);
    event.for_rule = Some(crate::model::ForRule {
        pack: PackName::new("p"),
        rule: RuleName::new("forgotten"),
        look: crate::model::Look::Timer { due: now(), anchor: now(), of: None },
    });
    let plan = planned(&program(TAGGED, 3), &event, &facts(1, &[]));
    assert_eq!(plan.steps[0].to_string(), "forgotten: the rule of this timer is gone");
}

#[test]
fn why_tells_the_first_false_condition_and_what_was_not_recorded() {
    let program = program(TAGGED, 3);
    let (pack, rule) = (PackName::new("p"), RuleName::new("tagged"));
    let told = explain(&program, &pack, &rule, &entering(0), &facts(0, &[]), None);
    assert!(!told.fired);
    assert_eq!(told.steps[0].said.to_string(), "`to_stage` is `Stage 0`; the rule wants `Stage 1`");
    let told = explain(&program, &pack, &rule, &entering(1), &facts(1, &[]), Some(&std::collections::BTreeSet::new()));
    assert!(told.not_recorded.iter().any(|name| name == "opportunity.tags"), "{told:?}");
}

#[test]
fn a_new_expiry_moves_the_timer_that_counts_to_it() {
    use crate::model::{
        Assessment, AssessmentEvent, AssessmentId, Decision, Integrity, Phase, ReportState, TestEntry, Verdict,
    };
    let rules = "vendor: qualified
rules:
  - { name: remind, trigger: { before: 1d, of: assessment.expires_at }, do: [{ add_note: soon }] }
";
    let vendor = include_str!("../../rules/qualified/vendor.yaml");
    let files = [("vendor.yaml".to_owned(), vendor.as_bytes().to_vec()), ("rules.yaml".to_owned(), rules.as_bytes().to_vec())];
    let program = program_of(&files, 2);
    let later = |step: AssessmentEvent, days: i64, expires: i64| {
        let day = |days| now() + SignedDuration::from_hours(24 * days);
        let row = Assessment {
            id: AssessmentId::derive(now(), &["row"]),
            account: AccountId::new("acme"),
            opportunity: OpportunityId::new("o"),
            contact: None,
            vendor: "qualified".into(),
            test: TestEntry { id: "t".into(), title: "Java".into(), fields: std::collections::BTreeMap::new() },
            key: None,
            invite_key: "k".into(),
            attempt: 1,
            phase: Phase::Invited,
            verdict: Verdict::None,
            decision: Decision::None,
            report: ReportState::None,
            integrity: Integrity::None,
            stage: None,
            posting: None,
            requested_by: EventId::derive(now(), &["cause"]),
            requested_at: now(),
            invited_at: Some(now()),
            started_at: None,
            submitted_at: None,
            reminders: 0,
            expires_at: Some(day(expires)),
            ids: std::collections::BTreeMap::new(),
            candidate_url: None,
            result: std::collections::BTreeMap::new(),
        };
        let id = EventId::derive(day(days), &[step.as_str()]);
        let kind = EventKind::Assessment(step);
        let mut event = Event::new(id, AccountId::new("acme"), kind, Some(OpportunityId::new("o")), day(days));
        (event.assessment, event.applied) = (Some(row.id), true);
        let mut facts = facts(1, &[]);
        facts.now = day(days);
        facts.ledger = vec![row];
        let plan = planned(&program, &event, &facts);
        let [later] = plan.later.as_slice() else { panic!("{:?}", plan.steps) };
        (later.id, later.due)
    };
    let (first, moved) = (later(AssessmentEvent::Invited, 0, 7), later(AssessmentEvent::Reinvited, 3, 14));
    assert_eq!(first.0, moved.0, "the same timer, or both would fire");
    assert!(first.1 < moved.1);
}

/// How many rows the first rule looks at.
fn looked(program: &Program, event: &Event, facts: &Facts) -> (usize, usize) {
    let set = &program.sets()[0];
    let notes = super::scope::Notes::default();
    let scope = super::scope::Scope {
        set,
        rule: &set.pack.rules[0],
        event,
        facts,
        attempt: None,
        changed: false,
        vars: Vec::new(),
        notes: &notes,
        recorded: None,
    };
    let effects = super::walk::Walk::new(scope).run().entries.iter().map(|entry| entry.effects.len()).sum();
    (notes.looked.get(), effects)
}

#[test]
fn a_table_of_any_length_costs_the_rows_that_fit() {
    let visited = |count: usize| {
        let mut rules =
            "settings:\n  jobs:\n    type: table\n    columns: { stage: stage, tag: text }\n    default:\n".to_owned();
        for n in 0..count {
            let _ = writeln!(rules, "      - {{ stage: Stage {}, tag: t{n} }}", n % (count / 2));
        }
        rules.push_str(
            "rules:\n  - name: a\n    trigger: candidateStageChange\n    for_each: { job: { in: $jobs, where: { stage: $to_stage } } }\n    do: [{ add_tag: \"{{job.tag}}\" }]\n",
        );
        looked(&program(&rules, count), &entering(3), &facts(3, &[]))
    };
    assert_eq!((visited(10), visited(20_000)), ((2, 2), (2, 2)));
}

#[test]
fn a_catalogue_of_any_length_costs_the_tests_that_are_named() {
    let vendor = include_str!("../../rules/qualified/vendor.yaml");
    let rules = "vendor: qualified
rules:
  - name: invite
    trigger: candidateStageChange
    for_each: { test: { in: catalogue, where: { title: { in: $opportunity.tags } } } }
    do: [{ add_note: \"{{test.title}}\" }]
";
    let files = [("vendor.yaml".to_owned(), vendor.as_bytes().to_vec()), ("rules.yaml".to_owned(), rules.as_bytes().to_vec())];
    let program = program_of(&files, 2);
    let visited = |count: usize| {
        let test = |n| crate::model::TestEntry {
            id: format!("i{n}"),
            title: format!("Test {n}"),
            fields: std::collections::BTreeMap::new(),
        };
        let mut facts = facts(1, &["Test 7".to_owned(), "remote".to_owned(), "test 8".to_owned()]);
        facts.tests.insert("qualified".into(), (0..count).map(test).collect::<Vec<_>>().into());
        facts.known.insert(Group::Tests("qualified".into()));
        looked(&program, &entering(1), &facts)
    };
    // `test 8` is offered by the index, which knows no case, and left by the comparison, which does.
    assert_eq!((visited(10), visited(100_000)), ((2, 1), (2, 1)));
}

#[test]
fn a_name_in_the_files_means_the_same_thing_after_a_rename() {
    let rules = "rules:
  - name: named
    trigger: candidateStageChange
    when: { to_stage: Stage 1, opportunity.stage: { in: [Stage 1, Stage 2] } }
    do: [{ add_tag: here }]
";
    let program = program(rules, 3);
    let renamed = Value::named(Kind::Stage, "s1", "First stage");
    let mut event = entering(1);
    event.fields.insert("to_stage".into(), renamed.clone());
    let mut known = facts(1, &[]);
    known.set("opportunity.stage", renamed);
    assert_eq!(planned(&program, &event, &known).effects.len(), 1);
    // And another stage that has taken the name is not meant.
    event.fields.insert("to_stage".into(), Value::named(Kind::Stage, "s7", "Stage 1"));
    assert!(planned(&program, &event, &known).effects.is_empty());
}

/// B17 B86: only asked for, a rule sees what was there before it; time counts from when things happened.
#[test]
fn b17_a_backfilled_event_is_for_one_rule_and_arms_its_timers_from_the_past() {
    let rules = "rules:
  - { name: at once, trigger: candidateStageChange, do: [{ add_note: now }] }
  - { name: in time, trigger: { after: 3d, of: candidateStageChange }, do: [{ add_note: later }] }
";
    let program = program(rules, 3);
    let backfill = |rule: &str| {
        let mut event = entering(1);
        event.class = crate::model::Class::Backfill;
        event.at = now() - SignedDuration::from_hours(24 * 10);
        let look = crate::model::Look::Backfill;
        event.for_rule = Some(crate::model::ForRule { pack: PackName::new("p"), rule: RuleName::new(rule), look });
        event
    };
    let plan = planned(&program, &backfill("at once"), &facts(1, &[]));
    assert_eq!((plan.effects.len(), plan.later.len()), (1, 0), "{:?}", plan.steps);
    let event = backfill("in time");
    let plan = planned(&program, &event, &facts(1, &[]));
    let [later] = plan.later.as_slice() else { panic!("{:?}", plan.steps) };
    assert!(plan.effects.is_empty(), "what counts time does nothing at once");
    assert_eq!(later.due, event.at + SignedDuration::from_hours(72));
    // When it is due, it is still one that a person asked for: no baseline is in its way.
    assert_eq!(schedule::due(later).class, crate::model::Class::Backfill);
    assert_eq!(planned(&program, &schedule::due(later), &facts(1, &[])).effects.len(), 1);
}

#[test]
fn a_timer_that_is_moved_waits_though_another_of_its_rule_was_due() {
    let with = |patience: &str| {
        let rules = format!(
            "settings: {{ patience: {{ type: duration, default: {patience} }} }}
rules:
  - name: remind
    trigger: [{{ after: 1d, of: candidateStageChange }}, {{ after: $patience, of: candidateStageChange }}]
    do: [{{ add_note: again }}]
"
        );
        program(&rules, 3)
    };
    let on_day = |day: i64| {
        let mut facts = facts(1, &[]);
        facts.now = now() + SignedDuration::from_hours(24 * day);
        facts
    };
    let plan = planned(&with("2d"), &entering(1), &facts(1, &[]));
    let [first, second] = plan.later.as_slice() else { panic!("{:?}", plan.steps) };
    let fired = planned(&with("5d"), &schedule::due(first), &on_day(1));
    assert_eq!((fired.effects.len(), fired.later.len()), (1, 0), "{:?}", fired.steps);
    // It moves as often as the setting does, and stays the timer that it is.
    let mut timer = second.clone();
    for (looked, moved) in [(2, 5), (5, 9)] {
        let plan = planned(&with(&format!("{moved}d")), &schedule::due(&timer), &on_day(looked));
        assert!(plan.effects.is_empty(), "three days early: {:?}", plan.steps);
        let [later] = plan.later.as_slice() else { panic!("{:?}", plan.steps) };
        assert_eq!((later.id, later.due), (second.id, on_day(moved).now));
        timer = later.clone();
    }
    assert_eq!(planned(&with("9d"), &schedule::due(&timer), &on_day(9)).effects.len(), 1);
    // A look that was stored before it was told which timer it is about is read, and fires.
    let mut old = serde_json::to_value(schedule::due(second)).unwrap();
    old["for_rule"]["look"]["timer"].as_object_mut().unwrap().remove("of").unwrap();
    assert_eq!(planned(&with("2d"), &serde_json::from_value(old).unwrap(), &on_day(2)).effects.len(), 1);
}
