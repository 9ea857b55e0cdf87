//! `plan` for one event among 10, 1 000 and 100 000 rules, one of which it meets; and for one rule over a table of as many rows.

use super::measure::{median, seconds};
use super::rules::{bound, posting, stage, table};
use jiff::Timestamp;
use leverd::engine::{Program, plan};
use leverd::model::{AccountId, Event, EventId, EventKind, Facts, Group, Kind, LeverEvent, OpportunityId, Planned, Value};
use std::hint::black_box;

const SIZES: [usize; 3] = [10, 1_000, 100_000];
const EVENTS: usize = 2_000;
const ROUNDS: usize = 15;

pub(crate) fn run() {
    println!("plan: one event among N rules, indexed by trigger, stage and posting");
    compare("rules", |rules| (Program::new(vec![bound(rules)]), events(rules)));
    println!("plan: one event and one rule over a table of N rows, found by posting");
    compare("rows", |rows| (Program::new(vec![table(rows)]), applications(rows)));
}

/// What an event costs at each size, beside what it costs at the smallest.
fn compare(what: &str, make: impl Fn(usize) -> (Program, Vec<(Event, Facts)>)) {
    let mut bench: Vec<_> = SIZES.iter().map(|size| (make(*size), Vec::new())).collect();
    for ((program, events), _) in &bench {
        for (event, facts) in events {
            let Planned::Plan(plan) = plan(program, event, facts) else { panic!("something is not known") };
            assert_eq!(plan.effects.len(), 1, "{:?}", plan.steps);
        }
    }
    // The sizes take turns, so that a busy moment of the machine meets all of them.
    for _ in 0..ROUNDS {
        for ((program, events), figures) in &mut bench {
            let taken = seconds(|| {
                for (event, facts) in events.iter() {
                    black_box(plan(program, event, facts));
                }
            });
            figures.push(taken / EVENTS as f64 * 1e6);
        }
    }
    let figures: Vec<f64> = bench.into_iter().map(|(_, figures)| median(figures)).collect();
    for (size, figure) in SIZES.iter().zip(&figures) {
        println!("  {size:>7} {what:<5}   {:>5.2} x of 10 {what:<5}   {figure:>7.2} µs per event", figure / figures[0]);
    }
}

/// Applications to postings spread over the table.
fn applications(rows: usize) -> Vec<(Event, Facts)> {
    let (now, account) = (Timestamp::UNIX_EPOCH, AccountId::new("acme"));
    (0..EVENTS)
        .map(|n| {
            let row = n.wrapping_mul(7_919) % rows;
            let id = EventId::derive(now, &["bench", &n.to_string()]);
            let opportunity = Some(OpportunityId::new(format!("opportunity-{n}")));
            let kind = EventKind::Lever(LeverEvent::ApplicationCreated);
            let event = Event::new(id, account.clone(), kind, opportunity, now);
            let mut facts = Facts::at(now);
            facts.known.extend([Group::Opportunity, Group::Posting, Group::Ledger]);
            facts.set("opportunity.archived", Value::Bool(false));
            facts.set("opportunity.posting", Value::named(Kind::Posting, format!("posting-{row}"), format!("Posting {row}")));
            (event, facts)
        })
        .collect()
}

/// Events spread over all rules, each with what gather would have read.
fn events(rules: usize) -> Vec<(Event, Facts)> {
    let (now, account) = (Timestamp::UNIX_EPOCH, AccountId::new("acme"));
    (0..EVENTS)
        .map(|n| {
            let rule = n.wrapping_mul(7_919) % rules;
            let stage = Value::named(Kind::Stage, format!("stage-{}", rule % super::rules::STAGES), stage(rule));
            let id = EventId::derive(now, &["bench", &n.to_string()]);
            let opportunity = OpportunityId::new(format!("opportunity-{n}"));
            let event = Event::new(id, account.clone(), EventKind::STAGE_CHANGE, Some(opportunity), now)
                .with("to_stage", stage.clone());
            let mut facts = Facts::at(now);
            facts.known.extend([Group::Opportunity, Group::Posting, Group::Ledger]);
            facts.set("opportunity.stage", stage);
            facts.set("opportunity.archived", Value::Bool(false));
            facts.set(
                "opportunity.posting",
                Value::named(Kind::Posting, format!("posting-{}", rule / super::rules::STAGES), posting(rule)),
            );
            let tags = Value::List(["referral", "Ruby on Rails", "remote"].map(Value::text).into());
            facts.set("opportunity.tags", tags.clone());
            facts.set("opportunity.own_tags", tags);
            facts.set("candidate.name", Value::text("Ada Example"));
            facts.set("candidate.email", Value::text("ada@example.com"));
            (event, facts)
        })
        .collect()
}
