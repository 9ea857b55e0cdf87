//! What one event costs: calls to Lever and to the vendor, least and most, per rule and together.
//!
//! *Least* is an event that no rule acts on: what has to be read to know so. *Most* is one that fires every rule that hears it, of which
//! everything has to be read, and whose effects wait so long that each rule is asked again before they are sent. Faults come on top: what
//! is refused or gets lost is tried again. It reads compiled packs only.

use super::action::Touch;
use super::adapter::Adapter;
use super::rule::{Do, Pack, Rule, Source, Spec, Trigger};
use crate::model::{EventKind, LeverEvent};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Add;

/// From the least to the most calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    pub least: u32,
    pub most: u32,
}

impl Calls {
    const fn up_to(most: u32) -> Self {
        Self { least: 0, most }
    }
}

impl Add for Calls {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { least: self.least + other.least, most: self.most + other.most }
    }
}

/// Calls to both sides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Both {
    pub lever: Calls,
    pub vendor: Calls,
}

impl Add for Both {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { lever: self.lever + other.lever, vendor: self.vendor + other.vendor }
    }
}

/// What one kind of event costs in a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Price {
    pub pack: String,
    /// As authors write it.
    pub event: String,
    /// What is read, for all rules at once, before anything is planned.
    pub reads: Both,
    pub rules: Vec<RulePrice>,
    /// Reads and rules together: what can travel together does so.
    pub total: Both,
}

/// What one rule adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RulePrice {
    pub rule: String,
    /// Its effects, with the reads that precede some of them.
    pub effects: Both,
    /// Reads before effects that waited ten minutes: at most once for each.
    pub late: Both,
    /// The figures are for one of the things that its `for_each` finds.
    pub each: bool,
}

/// What every kind of event costs that a pack listens to, in the order of the first rule that does.
pub fn of(pack: &Pack) -> Vec<Price> {
    let adapter = pack.vendor.as_deref();
    let mut kinds: Vec<(EventKind, bool)> = Vec::new();
    for trigger in pack.rules.iter().flat_map(|rule| &rule.triggers) {
        let heard = heard(trigger);
        if !kinds.contains(&heard) {
            kinds.push(heard);
        }
    }
    kinds.into_iter().map(|(kind, timer)| price(pack, adapter, &kind, timer)).collect()
}

/// The kind of event, and whether a timer counts from it.
fn heard(trigger: &Trigger) -> (EventKind, bool) {
    (trigger.kind(), matches!(trigger, Trigger::Timer { .. }))
}

fn price(pack: &Pack, adapter: Option<&Adapter>, kind: &EventKind, timer: bool) -> Price {
    let hears = |rule: &&Rule| rule.triggers.iter().any(|trigger| heard(trigger) == (kind.clone(), timer));
    let rules: Vec<&Rule> = pack.rules.iter().map(AsRef::as_ref).filter(hears).collect();
    let reads = reads(&rules, adapter, kind, timer);
    let (mut tags, mut total, mut prices) = (Tags::default(), reads, Vec::new());
    for rule in rules {
        let way = dearest(rule, adapter);
        tags = tags.and(way.tags);
        let late = Both { lever: Calls::up_to(2 * way.effects), vendor: Calls::default() };
        total = total + way.calls + late;
        let effects = way.calls + Both { lever: Calls::up_to(way.tags.calls()), vendor: Calls::default() };
        prices.push(RulePrice { rule: rule.name.to_string(), effects, late, each: !rule.for_each.is_empty() });
    }
    total.lever.most += tags.calls();
    let event = if timer { format!("a timer after {}", kind.written()) } else { kind.written() };
    Price { pack: pack.name.to_string(), event, reads, rules: prices, total }
}

/// What is read before the plan, once for all rules.
fn reads(rules: &[&Rule], adapter: Option<&Adapter>, kind: &EventKind, timer: bool) -> Both {
    // Lever's webhooks are confirmed by reading the opportunity, which then serves the plan; what was deleted cannot be read.
    let lever = match kind {
        EventKind::Lever(LeverEvent::CandidateDeleted) | EventKind::OpportunityGone => Calls::default(),
        EventKind::Lever(_) | EventKind::OpportunityCreated | EventKind::TagAdded if !timer => Calls { least: 1, most: 2 },
        // The opportunity, and the posting of its application, if a rule looks at them.
        _ => Calls::up_to(2),
    };
    let operation = |name: &str| adapter.and_then(|adapter| adapter.operations.get(name)).map_or(0, steps);
    let mut vendor = Calls::default();
    if kind.assessment().is_some() && !timer {
        let mappings = adapter.and_then(|adapter| adapter.webhook.as_ref()).into_iter().flat_map(|webhook| &webhook.map);
        let told = mappings.filter(|mapping| mapping.emit.iter().any(|emit| Some(emit.event) == kind.assessment()));
        let reads = told.map(|mapping| mapping.read.iter().chain(&mapping.try_).map(|name| operation(name)).sum());
        // Our own outcomes (invited, reminded …) are not asked about.
        vendor.most = reads.max().unwrap_or(0);
    }
    if rules.iter().any(|rule| rule.for_each.iter().chain(&rule.find).any(|(_, spec)| lists(spec))) {
        // One list serves half a minute; it is one call for each of its pages.
        vendor.most += operation("catalogue").max(1);
    }
    Both { lever, vendor }
}

fn lists(spec: &Spec) -> bool {
    match &spec.source {
        Source::Catalogue => true,
        Source::FirstOf(specs) => specs.iter().any(lists),
        Source::Ledger | Source::Place(_) => false,
    }
}

fn steps(operation: &super::adapter::Operation) -> u32 {
    u32::try_from(operation.steps.len()).unwrap_or(u32::MAX)
}

/// Tag changes of one plan travel as one add and one remove.
#[derive(Debug, Clone, Copy, Default)]
struct Tags {
    adds: bool,
    removes: bool,
}

impl Tags {
    const fn and(self, other: Self) -> Self {
        Self { adds: self.adds || other.adds, removes: self.removes || other.removes }
    }

    /// Where nothing is added whose answer tells the tags, they are read first.
    const fn calls(self) -> u32 {
        match (self.adds, self.removes) {
            (false, false) => 0,
            (true, false) => 1,
            (_, true) => 2,
        }
    }
}

/// What the actions of one way through a rule lead to.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    calls: Both,
    tags: Tags,
    effects: u32,
}

/// The dearest of the ways through a rule: its actions, or one of its `else`.
fn dearest(rule: &Rule, adapter: Option<&Adapter>) -> Way {
    let mut ways = vec![&rule.actions];
    ways.extend(rule.require.iter().map(|require| &require.otherwise));
    rule.for_each.iter().chain(&rule.find).for_each(|(_, spec)| branches(spec, &mut ways));
    let ways: Vec<Way> = ways.into_iter().map(|actions| way(actions, adapter)).collect();
    let most = |of: fn(&Way) -> u32| ways.iter().map(of).max().unwrap_or(0);
    Way {
        calls: Both {
            lever: Calls::up_to(most(|way| way.calls.lever.most)),
            vendor: Calls::up_to(most(|way| way.calls.vendor.most)),
        },
        tags: ways.iter().fold(Tags::default(), |all, way| all.and(way.tags)),
        effects: most(|way| way.effects),
    }
}

fn branches<'a>(spec: &'a Spec, ways: &mut Vec<&'a Vec<Do>>) {
    ways.push(&spec.otherwise);
    if let Source::FirstOf(specs) = &spec.source {
        for spec in specs {
            branches(spec, ways);
        }
    }
}

fn way(actions: &[Do], adapter: Option<&Adapter>) -> Way {
    let mut way = Way::default();
    for Do { action, .. } in actions {
        let (lever, vendor) = match (action.verb(), action.touch()) {
            ("set_tag" | "rename_tag", _) => {
                way.tags = way.tags.and(Tags { adds: true, removes: true });
                (0, 0)
            }
            ("add_tag", _) => {
                way.tags.adds = true;
                (0, 0)
            }
            ("clear_tag" | "remove_tag", _) => {
                way.tags.removes = true;
                (0, 0)
            }
            ("mark" | "alert", _) => continue,
            (_, Touch::Invite { .. }) => (0, of_operation(adapter, "invite")),
            (_, Touch::Call { operation }) => (0, of_operation(adapter, operation)),
            // The file is fetched, put there, and what stood under its key taken away.
            ("add_file", _) => (2, 1 + reports(adapter)),
            ("fill_form" | "ask" | "remove_link", _) => (1, 0),
            // A read and a write; or a write, and what stood there before taken away.
            _ => (2, 0),
        };
        way.effects += 1;
        way.calls = way.calls + Both { lever: Calls::up_to(lever), vendor: Calls::up_to(vendor) };
    }
    way
}

fn of_operation(adapter: Option<&Adapter>, name: &str) -> u32 {
    adapter.and_then(|adapter| adapter.operations.get(name)).map_or(1, steps)
}

fn reports(adapter: Option<&Adapter>) -> u32 {
    let Some(adapter) = adapter else { return 0 };
    adapter.reports.values().filter_map(|report| adapter.operations.get(&report.operation)).map(steps).max().unwrap_or(0)
}

/// The table for people.
pub fn table(prices: &[Price]) -> String {
    let mut rows = vec![[String::new(), "Lever".to_owned(), "vendor".to_owned()]];
    let row = |name: String, both: Both| [name, range(both.lever), range(both.vendor)];
    for price in prices {
        rows.push(row(format!("{} · {}", price.pack, price.event), price.total));
        rows.push(row("  reads".to_owned(), price.reads));
        for rule in &price.rules {
            let each = if rule.each { ", each" } else { "" };
            rows.push(row(format!("  {}{each}", rule.rule), rule.effects));
            if rule.late.lever.most > 0 {
                rows.push(row("    if it waited ten minutes".to_owned(), rule.late));
            }
        }
    }
    let wide = rows.iter().map(|[name, ..]| name.chars().count()).max().unwrap_or(0);
    let mut text = String::from("calls per event, least–most, without faults\n");
    for [name, lever, vendor] in rows {
        let pad = " ".repeat(wide - name.chars().count());
        text.push_str(format!("{name}{pad}  {lever:>5}  {vendor:>6}\n").as_str());
    }
    text
}

fn range(calls: Calls) -> String {
    if calls.least == calls.most { calls.most.to_string() } else { format!("{}–{}", calls.least, calls.most) }
}

/// Prices of several packs, each pack once.
pub fn of_all<'a>(packs: impl IntoIterator<Item = &'a Pack>) -> Vec<Price> {
    let packs: BTreeMap<String, &Pack> = packs.into_iter().map(|pack| (pack.name.to_string(), pack)).collect();
    packs.into_values().flat_map(of).collect()
}
