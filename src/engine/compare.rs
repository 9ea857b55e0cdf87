//! `diff`: one recorded event through two programs, and what would come of it otherwise. Outcomes are compared, not texts: a rule that
//! was moved or renamed and does the same changes nothing.
//!
//! Only what the record holds is used. A name that the record's own rules never read is not in it; a program that asks for such a name
//! gives no answer here, and that is said.

use super::plan::plan;
use super::program::Program;
use crate::lang::pattern::matches;
use crate::model::{
    Act, Effect, Event, Facts, Group, Later, PackName, Pattern, Plan, Planned, RuleName, Said, Value, VendorName,
};
use serde::Serialize;
use std::collections::BTreeSet;

/// What two programs make of one event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Same,
    Different(Vec<Change>),
    /// What one of them asks for and the record does not hold.
    Unknown(BTreeSet<String>),
}

/// One outcome that is another one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    pub pack: PackName,
    /// The rule that does it now, or that did it.
    pub rule: RuleName,
    pub verb: &'static str,
    pub before: Option<Act>,
    pub after: Option<Act>,
    /// Why it is no longer done, or was not done before: what the other program's rule of this name says first. `None`: it has no such
    /// rule, or nothing to say.
    pub why: Option<Said>,
    /// Whether the other program has a rule of this name.
    pub there: bool,
}

/// What stands for the verb where a timer differs.
pub const TIMER: &str = "timer";

/// Compares what becomes of one event. `recorded` are the names that the record's own rules read.
pub fn compare(old: &Program, new: &Program, event: &Event, facts: &Facts, recorded: &BTreeSet<String>) -> Verdict {
    let (before, after) = match (read(old, event, facts, recorded), read(new, event, facts, recorded)) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(mut lacking), Err(more)) => {
            lacking.extend(more);
            return Verdict::Unknown(lacking);
        }
        (Err(lacking), _) | (_, Err(lacking)) => return Verdict::Unknown(lacking),
    };
    let mut changes = effects((old, &before), (new, &after), facts);
    // The same member of a family whose others are written otherwise: whether that takes off other tags, only the tags could tell.
    let all = changes.len();
    changes.retain(|change| facts.values.contains_key("opportunity.tags") || !same_member(change));
    let untold = changes.len() < all;
    changes.extend(timers(&before, &after));
    if before.park != after.park {
        changes.extend(parked(&before, &after));
    }
    match (changes.is_empty(), untold) {
        (true, true) => Verdict::Unknown(BTreeSet::from(["opportunity.tags".to_owned()])),
        (true, false) => Verdict::Same,
        (false, _) => Verdict::Different(changes),
    }
}

/// The names that a program reads for an event on facts that hold all it asks for.
pub fn names_read(program: &Program, event: &Event, facts: &Facts) -> Option<BTreeSet<String>> {
    match plan(program, event, facts) {
        Planned::Plan(plan) => Some(plan.read),
        Planned::Needs(_) => None,
    }
}

/// A plan, or what it would have to know.
fn read(program: &Program, event: &Event, facts: &Facts, recorded: &BTreeSet<String>) -> Result<Plan, BTreeSet<String>> {
    match plan(program, event, facts) {
        Planned::Needs(needs) => Err(needs.0.iter().map(group).collect()),
        Planned::Plan(plan) => {
            let lacking: BTreeSet<String> = plan
                .read
                .iter()
                .filter(|name| !recorded.contains(*name) && !facts.values.contains_key(*name))
                .cloned()
                .collect();
            if lacking.is_empty() { Ok(*plan) } else { Err(lacking) }
        }
    }
}

fn group(group: &Group) -> String {
    match group {
        Group::Opportunity => "opportunity".to_owned(),
        Group::Posting => "posting".to_owned(),
        Group::Ledger => "the earlier invitations".to_owned(),
        Group::Tests(vendor) => format!("the tests of {vendor}"),
    }
}

/// The effects of one side that the other side has not. One of the same rule with the same verb counts as the same effect with another
/// content.
fn effects((old, before): (&Program, &Plan), (new, after): (&Program, &Plan), facts: &Facts) -> Vec<Change> {
    let same = |one: &&Effect, other: &&Effect| content(old, one, facts) == content(new, other, facts);
    let (mut gone, mut fresh): (Vec<&Effect>, Vec<&Effect>) = (before.effects.iter().collect(), after.effects.iter().collect());
    gone.retain(|one| {
        let twin = fresh.iter().position(|other| same(one, other));
        if let Some(at) = twin {
            fresh.remove(at);
        }
        twin.is_none()
    });
    let mut changes = Vec::new();
    for one in gone {
        let twin = fresh.iter().position(|other| {
            one.act.verb() == other.act.verb() && (is_now(new, one, other) || one.slot.is_some() && one.slot == other.slot)
        });
        let other = twin.map(|at| fresh.remove(at));
        let of = other.unwrap_or(one);
        changes.push(Change {
            pack: of.pack.clone(),
            rule: of.rule.clone(),
            verb: one.act.verb(),
            before: Some(one.act.clone()),
            after: other.map(|other| other.act.clone()),
            why: if other.is_some() { None } else { first_word(after, one) },
            there: new.rule(&one.pack, &one.rule).is_some(),
        });
    }
    for one in fresh {
        changes.push(Change {
            pack: one.pack.clone(),
            rule: one.rule.clone(),
            verb: one.act.verb(),
            before: None,
            after: Some(one.act.clone()),
            why: first_word(before, one),
            there: old.rule(&one.pack, &one.rule).is_some(),
        });
    }
    changes
}

/// Whether `other` is of the rule that `one`'s rule is by now.
fn is_now(new: &Program, one: &Effect, other: &Effect) -> bool {
    one.pack == other.pack && new.rule(&one.pack, &one.rule).map_or(one.rule == other.rule, |(_, rule)| rule.name == other.rule)
}

/// What the other side's plan says first of the effect's rule.
fn first_word(plan: &Plan, effect: &Effect) -> Option<Said> {
    let steps =
        plan.steps.iter().filter(|step| step.pack.as_ref() == Some(&effect.pack) && step.rule.as_ref() == Some(&effect.rule));
    steps.map(|step| step.said.clone()).find(|said| !matches!(said, Said::Fired { .. }))
}

/// Timers that are armed for another time, or on one side only.
fn timers(before: &Plan, after: &Plan) -> Vec<Change> {
    let key = |later: &Later| (later.pack.clone(), later.due);
    let mut gone: Vec<&Later> = before.later.iter().collect();
    let mut fresh: Vec<&Later> = Vec::new();
    for later in &after.later {
        match gone.iter().position(|other| key(other) == key(later)) {
            Some(at) => drop(gone.remove(at)),
            None => fresh.push(later),
        }
    }
    // One of the same rule with another time is told once, by its new time.
    gone.retain(|one| !fresh.iter().any(|other| other.rule == one.rule));
    let change = |later: &Later| Change {
        pack: later.pack.clone(),
        rule: later.rule.clone(),
        verb: TIMER,
        before: None,
        after: None,
        why: Some(Said::Later { due: later.due }),
        there: true,
    };
    fresh.into_iter().chain(gone).map(change).collect()
}

/// An event that a person would have to look at on one side only.
fn parked(before: &Plan, after: &Plan) -> Option<Change> {
    let reason = after.park.as_ref().or(before.park.as_ref())?;
    let step = after.fired.first().or(before.fired.first());
    let (pack, rule) = step.cloned().unwrap_or_else(|| (PackName::new(""), RuleName::new("")));
    Some(Change {
        pack,
        rule,
        verb: "park",
        before: None,
        after: None,
        why: Some(Said::Skipped { reason: reason.clone() }),
        there: true,
    })
}

/// Whether a change is of one family's member to the same member.
fn same_member(change: &Change) -> bool {
    match (&change.before, &change.after) {
        (Some(Act::Family(before)), Some(Act::Family(after))) => {
            (&before.family, &before.member) == (&after.family, &after.member) && before.members != after.members
        }
        _ => false,
    }
}

/// What makes two acts the same outcome: not the ids that are made of rule names, and of a family not what its members look like but
/// what becomes of the tags that are there.
fn content(program: &Program, effect: &Effect, facts: &Facts) -> serde_json::Value {
    if let (Act::Family(tags), Some(there), Some(set)) =
        (&effect.act, facts.values.get("opportunity.tags"), program.set(&effect.pack))
    {
        let names = (&*set.catalogue, set.pack.vendor_name().map(VendorName::as_str));
        let reads = |pattern: &Pattern, tag: &str| matches(pattern, tag, &names, false).is_some();
        let gone: Vec<&str> = there
            .items()
            .iter()
            .filter_map(Value::as_text)
            .filter(|tag| tags.member.as_deref() != Some(*tag))
            .filter(|tag| tags.members.iter().any(|member| reads(member, tag)))
            .filter(|tag| !tags.spare.iter().any(|spared| reads(spared, tag)))
            .collect();
        return serde_json::json!({ "family": tags.family, "member": tags.member, "gone": gone });
    }
    let mut json = serde_json::to_value(&effect.act).unwrap_or_default();
    strip(&mut json);
    json
}

fn strip(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::Object(map) => {
            for name in ["assessment", "created_at", "ask"] {
                map.remove(name);
            }
            map.values_mut().for_each(strip);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}
