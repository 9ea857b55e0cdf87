//! All rules of one account, indexed so that one event meets only the rules that may be its business.
//!
//! A rule that compares `to_stage` (or `opportunity.posting`) with values known beforehand is found by hash under those values;
//! every other rule of the event kind is in the list that is always walked. Whatever the index lets through is checked again, so
//! it may offer too much and never too little.

use crate::lang::rule::{Anchor, Cond, Matcher, Operand, Place, Rule, Trigger};
use crate::lang::ruleset::{Mode, RuleSet};
use crate::model::{Event, EventKind, Facts, Group, PackName, RuleName, Value, VendorName};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// Where a rule is: its set and its place in the file. Ordered as rules fire.
pub(super) type At = (usize, usize);

/// The rules of one event kind.
#[derive(Debug, Default)]
struct Bucket {
    any: ByPosting,
    /// By id and by name of the stage.
    by_stage: HashMap<String, ByPosting>,
}

#[derive(Debug, Default)]
struct ByPosting {
    any: Vec<At>,
    by_posting: HashMap<String, Vec<At>>,
}

impl ByPosting {
    fn add(&mut self, at: At, postings: Option<&[String]>) {
        match postings {
            Some(keys) => keys.iter().for_each(|key| self.by_posting.entry(key.clone()).or_default().push(at)),
            None => self.any.push(at),
        }
    }
}

/// The rules of one account, in force together. Immutable; reload makes a new one.
#[derive(Debug)]
pub struct Program {
    sets: Vec<Arc<RuleSet>>,
    index: HashMap<EventKind, Bucket>,
    /// Rules with timers, by the event they count from.
    timers: HashMap<EventKind, Vec<At>>,
    /// Rules with timers that count from the expiry of an invitation.
    expiry: Vec<At>,
    hash: String,
}

/// The rules that an event meets.
pub(super) enum Selected {
    Rules(Vec<At>),
    Needs(Group),
}

impl Program {
    /// Indexes the sets of one account. Sets that are off are left out of the index, not out of [`Program::sets`]; live sets go before
    /// shadow sets, so that a shadow never takes a slot from what is real.
    pub fn new(mut sets: Vec<Arc<RuleSet>>) -> Self {
        sets.sort_by_key(|set| std::cmp::Reverse(set.mode));
        let mut program =
            Self { index: HashMap::new(), timers: HashMap::new(), expiry: Vec::new(), sets: Vec::new(), hash: hash(&sets) };
        for (n, set) in sets.iter().enumerate().filter(|(_, set)| set.mode != Mode::Off) {
            for (m, rule) in set.pack.rules.iter().enumerate() {
                program.add((n, m), set, rule);
            }
        }
        program.sets = sets;
        program
    }

    fn add(&mut self, at: At, set: &RuleSet, rule: &Rule) {
        let stages = rule.when.as_ref().and_then(|cond| keys(set, cond, &|place| fact(place, "to_stage")));
        // Who looks again later may find another posting then; the stage that an event names stays what it is.
        let postings = rule.when.as_ref().filter(|_| rule.settle.is_none()).and_then(|cond| {
            keys(set, cond, &|place| fact(place, "opportunity.posting"))
                .or_else(|| keys(set, cond, &|place| fact(place, "posting.id")))
        });
        for trigger in &rule.triggers {
            let kind = match trigger {
                Trigger::Event(kind) => kind.clone(),
                Trigger::TagAdded(_) => EventKind::TagAdded,
                Trigger::Timer { of: Anchor::Event(kind), .. } => {
                    push(self.timers.entry(kind.clone()).or_default(), at);
                    continue;
                }
                Trigger::Timer { of: Anchor::ExpiresAt, .. } => {
                    push(&mut self.expiry, at);
                    continue;
                }
            };
            let bucket = self.index.entry(kind).or_default();
            match &stages {
                Some(stages) => {
                    for stage in stages {
                        bucket.by_stage.entry(stage.clone()).or_default().add(at, postings.as_deref());
                    }
                }
                None => bucket.any.add(at, postings.as_deref()),
            }
        }
    }

    /// Every set of the account, those that are off included.
    pub fn sets(&self) -> &[Arc<RuleSet>] {
        &self.sets
    }

    /// The set of a pack.
    pub fn set(&self, pack: &PackName) -> Option<&Arc<RuleSet>> {
        self.sets.iter().find(|set| set.name() == pack)
    }

    /// A rule by its name, or by a name it had.
    pub fn rule(&self, pack: &PackName, rule: &RuleName) -> Option<(&Arc<RuleSet>, &Arc<Rule>)> {
        let set = self.set(pack)?;
        set.pack.rule(rule).map(|rule| (set, rule))
    }

    /// Whether this event could concern any rule, as far as can be told without reading anything: an event that concerns none costs
    /// no call.
    pub fn selects(&self, event: &Event) -> bool {
        let armed = || !self.timers(&event.kind).is_empty();
        match self.select(event, &Facts::default()) {
            Selected::Needs(_) => true,
            Selected::Rules(rules) => !rules.is_empty() || armed(),
        }
    }

    /// SHA-256, hex, over the hashes of the sets in their order: names what planned a run.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Whether any rule listens to this kind of event or counts from it. `vendor` leaves out packs of other vendors.
    pub fn hears(&self, kind: &EventKind, vendor: Option<&VendorName>) -> bool {
        let of = |at: &At| self.sets.get(at.0).is_some_and(|set| vendor.is_none() || set.pack.vendor_name() == vendor);
        let listens = |rules: &ByPosting| rules.any.iter().chain(rules.by_posting.values().flatten()).any(of);
        self.index.get(kind).is_some_and(|bucket| listens(&bucket.any) || bucket.by_stage.values().any(listens))
            || self.timers.get(kind).is_some_and(|rules| rules.iter().any(of))
    }

    /// The values of which this field of the vocabulary must have one for any rule to fire on this kind of event, as far as the rules
    /// say so beforehand; `None` if some rule fires whatever it is, or none listens.
    pub fn only(&self, kind: &EventKind, field: &str) -> Option<Vec<String>> {
        let listens = |trigger: &Trigger| match trigger {
            Trigger::Event(listened) | Trigger::Timer { of: Anchor::Event(listened), .. } => listened == kind,
            _ => false,
        };
        let sets = self.sets.iter().filter(|set| set.mode != Mode::Off);
        let rules = sets.flat_map(|set| set.pack.rules.iter().map(move |rule| (set, rule)));
        let mut all: Vec<String> = Vec::new();
        for (set, rule) in rules.filter(|(_, rule)| rule.triggers.iter().any(listens)) {
            all.extend(rule.when.as_ref().and_then(|cond| keys(set, cond, &|place| fact(place, field)))?);
        }
        all.sort();
        all.dedup();
        (!all.is_empty()).then_some(all)
    }

    pub(super) fn at(&self, at: At) -> Option<(&Arc<RuleSet>, &Arc<Rule>)> {
        let set = self.sets.get(at.0)?;
        set.pack.rules.get(at.1).map(|rule| (set, rule))
    }

    /// The rules that this event meets, in the order of firing. Costs hash look-ups only.
    pub(super) fn select(&self, event: &Event, facts: &Facts) -> Selected {
        let Some(bucket) = self.index.get(&event.kind) else { return Selected::Rules(Vec::new()) };
        let stages = names(event.fields.get("to_stage"));
        let buckets = std::iter::once(&bucket.any).chain(stages.iter().filter_map(|stage| bucket.by_stage.get(stage)));
        let mut found = Vec::new();
        for rules in buckets {
            found.extend_from_slice(&rules.any);
            if rules.by_posting.is_empty() {
                continue;
            }
            if !facts.known.contains(&Group::Opportunity) {
                return Selected::Needs(Group::Opportunity);
            }
            for posting in names(facts.values.get("opportunity.posting")) {
                found.extend(rules.by_posting.get(&posting).into_iter().flatten());
            }
        }
        found.sort_unstable();
        found.dedup();
        Selected::Rules(found)
    }

    /// Rules whose timers count from this event.
    pub(super) fn timers(&self, kind: &EventKind) -> &[At] {
        self.timers.get(kind).map_or(&[], Vec::as_slice)
    }

    /// Rules whose timers count from the expiry of an invitation.
    pub(super) fn expiry(&self) -> &[At] {
        &self.expiry
    }
}

fn hash(sets: &[Arc<RuleSet>]) -> String {
    let mut hasher = Sha256::new();
    for set in sets {
        hasher.update(format!("{} {} {:?}\n", set.name(), set.hash, set.mode));
    }
    crate::model::hex(&hasher.finalize())
}

fn push(rules: &mut Vec<At>, at: At) {
    if rules.last() != Some(&at) {
        rules.push(at);
    }
}

/// The texts under which a value may be indexed.
fn names(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Named(named)) if named.id == named.name => vec![named.id.clone()],
        Some(Value::Named(named)) => vec![named.id.clone(), named.name.trim().to_owned()],
        Some(Value::Text(text)) => vec![text.trim().to_owned()],
        _ => Vec::new(),
    }
}

fn fact(place: &Place, name: &str) -> bool {
    matches!(place, Place::Fact { name: found, member } if found == name && member.as_deref().is_none_or(|member| member == "id"))
}

/// The values that a field must have one of for `cond` to hold, if `cond` says so beforehand.
fn keys(set: &RuleSet, cond: &Cond, field: &dyn Fn(&Place) -> bool) -> Option<Vec<String>> {
    match cond {
        Cond::All(conds) => conds.iter().find_map(|cond| keys(set, cond, field)),
        Cond::Any(conds) if !conds.is_empty() => {
            let all: Option<Vec<_>> = conds.iter().map(|cond| keys(set, cond, field)).collect();
            all.map(|all| all.into_iter().flatten().collect())
        }
        Cond::Test { place, matcher, .. } if field(place) => matched(set, matcher),
        _ => None,
    }
}

fn matched(set: &RuleSet, matcher: &Matcher) -> Option<Vec<String>> {
    match matcher {
        Matcher::Is(operand) | Matcher::In(operand) => constants(set, operand),
        Matcher::All(all) => all.iter().find_map(|matcher| matched(set, matcher)),
        _ => None,
    }
}

/// Every text that an operand may come to, if that is known before any event. A text is looked up by the value's id and name, so a
/// thing pinned by id must be listed by id alone, and a plain text as it stands.
fn constants(set: &RuleSet, operand: &Operand) -> Option<Vec<String>> {
    let texts = |value: &Value| -> Option<Vec<String>> {
        value
            .items()
            .iter()
            .map(|item| match item {
                Value::Named(named) => Some(named.id.clone()),
                Value::Text(text) => Some(text.trim().to_owned()),
                _ => None,
            })
            .collect()
    };
    match operand {
        Operand::Literal(value) => texts(value),
        Operand::Named { kind, text } => set.meant(*kind, text).map_or_else(|| Some(vec![text.clone()]), texts),
        Operand::Place(Place::Setting { name, member: None }) => {
            let all: Option<Vec<_>> = set.settings.get(name)?.all().map(texts).collect();
            all.map(|all| all.into_iter().flatten().collect())
        }
        Operand::List(items) => {
            let all: Option<Vec<_>> = items.iter().map(|item| constants(set, item)).collect();
            all.map(|all| all.into_iter().flatten().collect())
        }
        Operand::Place(_) | Operand::Text(_) => None,
    }
}
