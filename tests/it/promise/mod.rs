//! The promise of `validate`, tried: packs and events made by chance. Whatever is accepted never fails when it is planned for a reason
//! that stands in its files, and means what the plain evaluator says it means.
//!
//! | file | duty |
//! |---|---|
//! | `written.rs` | what a pack says, and its YAML |
//! | `made.rs` and its folder | packs by chance, directed by types |
//! | `happens.rs` | events and facts by chance |
//! | `follows.rs` | what comes of a plan: timers and looks that are due, answers to questions |
//! | `sight.rs`, `meant.rs` | the plain evaluator: what a rule sees, and what follows |

mod follows;
mod happens;
mod made;
mod meant;
mod sight;
mod written;

use crate::dice::Dice;
use leverd::engine::{Program, plan};
use leverd::lang::adapter::Adapter;
use leverd::lang::bind::{Given, Giver, SettingInput, bind};
use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::load::load;
use leverd::lang::render::render_human;
use leverd::lang::rule::Per;
use leverd::lang::ruleset::{Mode, RuleSet};
use leverd::lang::source::{Sources, Span};
use leverd::lang::yaml::{self, Key, Kind, Node};
use leverd::model::{
    AccountCatalogue, Act, Event, EventKind, Facts, Group, LaterKind, LeverEvent, Piece, Plan, Planned, Said, Value,
};
use meant::Meant;
use sight::World;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use written::{Pack, Rule, Trigger};

/// How many pairs of rules and an event every run of the tests tries.
const PAIRS: u64 = 20_000;
/// Events that each pack meets.
const EVENTS: u64 = 10;

const VENDOR: &str = include_str!("../../check/rules/vendor.yaml");

/// The pack as `validate` reads it, or what it says against it.
fn accepted(yaml: &str, given: Option<&str>, catalogue: &Arc<AccountCatalogue>) -> Result<RuleSet, String> {
    let files = [("vendor.yaml".to_owned(), VENDOR.into()), ("rules.yaml".to_owned(), yaml.as_bytes().to_vec())];
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let pack = load(&"promise".into(), &files, &mut sources, &mut found).map(Arc::new);
    let of_account = sources.add_text("settings", given.unwrap_or_default());
    let span = Span::new(of_account, 0..0);
    let settings =
        given.and_then(|_| yaml::load(&sources, of_account, &mut found)).map(|node| inputs(&node)).unwrap_or_default();
    let given = Given {
        account: &"acme".into(),
        giver: Giver::Account,
        mode: Mode::Live,
        baseline: jiff::Timestamp::UNIX_EPOCH,
        settings: &settings,
        settings_span: span,
        catalogue,
    };
    let set = pack.and_then(|pack| bind(&pack, given, &mut found));
    set.ok_or_else(|| render_human(&sources, &found, false))
}

/// Settings as an account gives them, with overrides alone.
fn inputs(node: &Node) -> Vec<SettingInput> {
    let entries = |node: &Node| if let Kind::Map(entries) = &node.kind { entries.clone() } else { Vec::new() };
    let input = |(name, node): &(Key, Node)| {
        let per = entries(node).into_iter().filter_map(|(key, given)| {
            let per = Per::ALL.into_iter().find(|per| per.key() == key.text)?;
            Some((per, entries(&given)))
        });
        SettingInput { name: name.clone(), default: None, per: per.collect() }
    };
    entries(node).iter().map(input).collect()
}

fn adapter() -> Arc<Adapter> {
    let files = [
        ("vendor.yaml".to_owned(), VENDOR.into()),
        (
            "rules.yaml".to_owned(),
            b"vendor: example\nrules: [{ name: a, trigger: candidateHired, do: [{ add_tag: x }] }]\n".to_vec(),
        ),
    ];
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let pack = load(&"promise".into(), &files, &mut sources, &mut found);
    pack.and_then(|pack| pack.vendor).unwrap_or_else(|| panic!("{}", render_human(&sources, &found, false)))
}

/// What the engine's plan says, in the plain evaluator's words; and what went wrong in it.
fn planned(plan: &Plan) -> (Meant, Vec<String>) {
    let mut meant = Meant { fired: plan.fired.iter().map(|(_, rule)| rule.to_string()).collect(), ..Meant::default() };
    // Of invitations, files, forms and marks the plain evaluator has no opinion.
    let judged = |act: &Act| !matches!(act, Act::Invite(_) | Act::File(_) | Act::Form(_) | Act::Feedback(_));
    for effect in plan.effects.iter().filter(|effect| judged(&effect.act)) {
        meant.acts.push(match &effect.act {
            Act::AddTag { tag } => format!("add_tag {tag}"),
            Act::RemoveTag { pattern } => {
                let piece = |piece: &Piece| match piece {
                    Piece::Text(text) => text.clone(),
                    Piece::Hole(hole) => format!("{{{}}}", hole.name),
                };
                format!("remove_tag {}", pattern.0.iter().map(piece).collect::<String>())
            }
            Act::Family(family) => match &family.member {
                Some(member) => format!("set_tag {} {member}", family.family),
                None => format!("clear_tag {}", family.family),
            },
            Act::Note { text, secret, key, .. } => format!("add_note {key:?} {secret} {text:?}"),
            Act::Link { url, key } => format!("add_link {key} {url}"),
            Act::Stage(to) => format!("move_stage {}", to.to_name),
            Act::Archive { reason_name, .. } => format!("archive {reason_name}"),
            Act::Call(call) => {
                let with = call.inputs.iter().filter_map(|(name, value)| Some((name.strip_prefix("with.")?, value)));
                let with: Vec<String> = with.map(|(name, value)| format!("{name}: {value}")).collect();
                format!("call {} {}", call.operation, with.join(" "))
            }
            Act::Ask(ask) => {
                let rows: Vec<&String> = ask.choices.iter().map(|choice| &choice.label).collect();
                format!("ask {} {} {:?} {rows:?} {}", ask.key, ask.secret, ask.title, ask.expires)
            }
            other => format!("{other:?}"),
        });
    }
    meant.later.extend(plan.later.iter().map(|later| match later.kind {
        LaterKind::Settle { round } => format!("look {round} of {} at {}", later.rule, later.due),
        LaterKind::Timer => format!("timer of {} at {}", later.rule, later.due),
    }));
    meant.alerts = plan.notices.iter().map(|notice| notice.text.clone()).collect();
    let wrong = plan.steps.iter().filter_map(|step| match &step.said {
        Said::Skipped { reason } if reason.contains("cannot be made") && !excused(reason) => Some(step.to_string()),
        Said::Skipped { reason } if reason.contains("twice") => Some(step.to_string()),
        _ => None,
    });
    let mut wrong: Vec<String> = wrong.collect();
    wrong.extend(plan.park.clone());
    let mut timers = BTreeSet::new();
    wrong.extend(
        plan.later.iter().filter(|later| !timers.insert(later.id)).map(|later| format!("two timers in one: {later:?}")),
    );
    let mut effects = BTreeSet::new();
    wrong.extend(
        plan.effects.iter().filter(|effect| !effects.insert(effect.id)).map(|effect| format!("two effects in one: {effect:?}")),
    );
    (meant, wrong)
}

/// R8 and R9, the failures of the list that planning knows: what came out is none that the place takes. That it is of another *type* than
/// the place takes is none of them.
fn excused(reason: &str) -> bool {
    const KNOWN: [&str; 7] = [
        "came out empty",
        "came out without any text",
        "is no member of the tag family",
        "it must not be empty",
        "it takes one of",
        "it takes a number from 1 to 4",
        "it takes `yes` or `no`",
    ];
    KNOWN.iter().any(|known| reason.contains(known))
}

/// Plans as the runtime does: with nothing known, then with what was asked for. At most four rounds.
fn rounds(program: &Program, event: &Event, facts: &Facts) -> Result<Plan, String> {
    let mut known = Facts {
        known: BTreeSet::default(),
        values: BTreeMap::new(),
        ledger: Vec::new(),
        tests: BTreeMap::new(),
        ..facts.clone()
    };
    for _ in 0..5 {
        match plan(program, event, &known) {
            Planned::Plan(plan) => return Ok(*plan),
            Planned::Needs(needs) => {
                // Of what is gone from Lever nothing can be read.
                if gone(&event.kind) && needs.0.iter().any(|group| matches!(group, Group::Opportunity | Group::Posting)) {
                    return Err(format!("wants to read {:?} of what is gone", needs.0));
                }
                if needs.0.is_subset(&known.known) {
                    return Err(format!("asked again for {:?}", needs.0));
                }
                known.known.extend(needs.0);
                let there = |name: &str| leverd::lang::vocabulary::group(name).is_none_or(|group| known.known.contains(&group));
                known.values = facts
                    .values
                    .iter()
                    .filter(|(name, _)| there(name))
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect();
                if known.known.contains(&Group::Ledger) {
                    known.ledger.clone_from(&facts.ledger);
                }
                if known.known.iter().any(|group| matches!(group, Group::Tests(_))) {
                    known.tests.clone_from(&facts.tests);
                }
            }
        }
    }
    Err("no plan after four rounds".to_owned())
}

fn gone(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Lever(LeverEvent::CandidateDeleted) | EventKind::OpportunityGone)
}

#[derive(Default)]
struct Tried {
    accepted: bool,
    careful: bool,
    pairs: u64,
    fired: u64,
    acts: u64,
    /// Events of these kinds that had a rule fire.
    heard: BTreeMap<&'static str, u64>,
}

/// A pack that was accepted, to be tried on one event after the other.
struct Trial<'a> {
    pack: &'a Pack,
    yaml: String,
    program: Program,
    off: Vec<String>,
}

/// One pack and its events. The error says what is wrong, with everything that is needed to see it.
fn attempt(seed: u64, only: bool, adapter: &Adapter, catalogue: &Arc<AccountCatalogue>) -> Result<Tried, String> {
    let mut dice = Dice::new(seed);
    let (pack, careful) = made::pack(&mut dice, adapter);
    let (yaml, given) = (written::yaml(&pack), written::given(&pack));
    let mut tried = Tried { careful, ..Tried::default() };
    let set = match accepted(&yaml, given.as_deref(), catalogue) {
        Ok(set) => set,
        Err(told) if careful && only => return Err(told),
        Err(_) => return Ok(tried),
    };
    tried.accepted = true;
    let off: Vec<String> = set.off.keys().map(ToString::to_string).collect();
    let yaml = format!("{yaml}\nThe account gives:\n{}", given.unwrap_or_default());
    let trial = Trial { pack: &pack, yaml, program: Program::new(vec![Arc::new(set)]), off };
    let kinds = made::kinds();
    for _ in 0..EVENTS {
        // Mostly one that a rule waits for.
        let name = if dice.permille(900) { follows::heard(&mut dice, &pack) } else { dice.pick(&kinds).0.clone() };
        let Ok(kind) = name.parse::<EventKind>() else { continue };
        // Who answers has been asked.
        if matches!(kind, EventKind::Answered(_)) {
            continue;
        }
        let (event, facts) = happens::event(&mut dice, &kind, adapter);
        let plan = trial.plan(&event, &facts, &mut tried).map_err(|why| format!("seed {seed}: {why}"))?;
        for (event, facts) in follows::of(&mut dice, &plan, &event, &facts, adapter) {
            trial.plan(&event, &facts, &mut tried).map_err(|why| format!("seed {seed}: {why}"))?;
        }
    }
    Ok(tried)
}

impl Trial<'_> {
    /// One pair of rules and an event: it is planned, whole and step by step, and compared with what the rules mean.
    fn plan(&self, event: &Event, facts: &Facts, tried: &mut Tried) -> Result<Plan, String> {
        tried.pairs += 1;
        let told = |what: &str| format!("{what}\n\n{}\n{event:#?}\n{facts:#?}\n", self.yaml);
        let Planned::Plan(whole) = plan(&self.program, event, facts) else {
            return Err(told("wants to know more than there is"));
        };
        let (mut engine, wrong) = planned(&whole);
        if !wrong.is_empty() {
            return Err(told(&wrong.join("\n")));
        }
        let stepwise = rounds(&self.program, event, facts).map_err(|why| told(&why))?;
        if (&stepwise.effects, &stepwise.fired, &stepwise.later) != (&whole.effects, &whole.fired, &whole.later) {
            return Err(told("another plan when facts come one after the other"));
        }
        let mut reference = self.reference(event, facts);
        let perhaps = std::mem::take(&mut reference.perhaps);
        engine.later.retain(|later| reference.later.contains(later) || !perhaps.contains(later));
        if reference != engine {
            return Err(told(&format!("the engine:\n{engine:#?}\nthe plain evaluator:\n{reference:#?}")));
        }
        tried.fired += engine.fired.len() as u64;
        tried.acts += engine.acts.len() as u64;
        if !engine.fired.is_empty() {
            *tried.heard.entry(follows::what(event)).or_default() += 1;
        }
        Ok(*whole)
    }

    fn reference(&self, event: &Event, facts: &Facts) -> Meant {
        let own: Vec<_> = facts.ledger.iter().map(happens::fields).collect();
        let world = World {
            pack: self.pack,
            event,
            now: facts.now,
            values: happens::values(event, facts),
            tests: happens::tests().iter().map(leverd::model::TestEntry::value).collect(),
            attempts: own,
            stages: happens::STAGES.map(|stage| happens::named(leverd::model::Kind::Stage, stage)).to_vec(),
            named: happens::all_named(),
        };
        let on = |rule: &Rule| !self.off.contains(&rule.name);
        let kind = event.kind.to_string();
        let listens = |rule: &Rule| match &event.for_rule {
            Some(for_rule) => for_rule.rule.as_str() == rule.name,
            None => rule.triggers.iter().any(|trigger| match trigger {
                Trigger::Event(name) => *name == kind,
                Trigger::TagAdded(_) => event.kind == EventKind::TagAdded,
                Trigger::Timer { .. } => false,
            }),
        };
        meant::meant(&world, &|rule| on(rule) && listens(rule), &on)
    }
}

#[test]
fn what_validate_accepts_never_fails_and_means_what_it_says() {
    let pairs = std::env::var("LEVERD_PAIRS").ok().and_then(|text| text.parse().ok()).unwrap_or(PAIRS);
    let only: Option<u64> = std::env::var("LEVERD_PACK").ok().and_then(|text| text.parse().ok());
    let (adapter, catalogue) = (adapter(), Arc::new(happens::catalogue()));
    let next = AtomicU64::new(only.unwrap_or(0));
    let done = AtomicU64::new(0);
    let results = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, std::num::NonZero::get) {
            scope.spawn(|| {
                while done.load(Ordering::Relaxed) < pairs {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if only.is_some_and(|only| seed > only) {
                        break;
                    }
                    let tried = attempt(seed, only.is_some(), &adapter, &catalogue);
                    done.fetch_add(tried.as_ref().map_or(pairs, |tried| tried.pairs), Ordering::Relaxed);
                    results.lock().unwrap().push(tried.map_err(|why| (seed, why)));
                }
            });
        }
    });
    let results = results.into_inner().unwrap();
    if let Some(Err((seed, why))) = results.iter().find(|result| result.is_err()) {
        panic!("{why}\nAgain: LEVERD_PACK={seed} cargo test --features kill-points --test it promise::what");
    }
    let tried: Vec<Tried> = results.into_iter().filter_map(Result::ok).collect();
    let count = |good: &dyn Fn(&Tried) -> bool| tried.iter().filter(|tried| good(tried)).count();
    let (careful, bold) = (count(&|tried| tried.careful), count(&|tried| !tried.careful));
    let (kept, dared) = (count(&|tried| tried.careful && tried.accepted), count(&|tried| !tried.careful && tried.accepted));
    let sum = |of: &dyn Fn(&Tried) -> u64| tried.iter().map(of).sum::<u64>();
    let mut heard: BTreeMap<&str, u64> = BTreeMap::new();
    for (what, times) in tried.iter().flat_map(|tried| &tried.heard) {
        *heard.entry(what).or_default() += times;
    }
    println!(
        "{} pairs, {} rules fired, {} effects; accepted: {kept} of {careful} careful packs, {dared} of {bold} bold ones; {heard:?}",
        sum(&|tried| tried.pairs),
        sum(&|tried| tried.fired),
        sum(&|tried| tried.acts)
    );
    if only.is_none() {
        assert!(kept * 10 > careful * 7, "the generator writes too much that is refused: {kept} of {careful}");
        assert!(dared * 20 > bold && dared < bold, "bold packs: {dared} of {bold}");
        // Many an event only arms a timer.
        assert!(sum(&|tried| tried.fired) * 5 > sum(&|tried| tried.pairs), "too little fires");
        for what in follows::ALL {
            assert!(heard.get(what).is_some_and(|times| *times * 5_000 > pairs), "no rule fires on {what}: {heard:?}");
        }
    }
}

/// An event kind is written as it is called.
#[test]
fn the_kinds_have_names_of_their_own() {
    let kinds = made::kinds();
    assert!(kinds.iter().any(|(name, kind)| name == "candidateStageChange" && *kind == EventKind::STAGE_CHANGE));
    assert!(matches!(happens::named(leverd::model::Kind::Stage, "Offer"), Value::Named(named) if named.id == "id-offer"));
}
