//! The graph: what happens, the rules and automations that it sets off, and what these make happen.
//!
//! It starts from everything that a rule or an automation can bring about, wherever the opportunity is then, and follows it with what is
//! known on the way: the stage that was entered and left. So a way back to where it came from is one that conditions allow.
//!
//! As the runtime has it, leverd's own moves set off only rules with `accept: [own_moves]`, and its own tags no rule at all; Lever's
//! automations react to both, and rules to what those do.

use super::weigh::{self, Known as Weighed, Stage, Weight};
use super::{Known, Place};
use crate::lang::action::Touch;
use crate::lang::rule::{Anchor, Cond, Do, Rule, Source, Spec, Trigger};
use crate::lang::ruleset::{Mode, RuleSet};
use crate::model::{Again, AssessmentEvent, EventKind, LeverEvent, PhaseGroup, VendorName};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// A stage was entered: by leverd itself (`own`), or by an automation of Lever.
    Entered { stage: Stage, from: Option<Stage>, own: bool },
    /// A tag was put.
    Tagged { tag: String, own: bool },
    /// Something else happened; what an assessment does is its vendor's.
    Happened { vendor: Option<VendorName>, kind: EventKind },
    /// A rule fires: of which rule set and in which place, and set off by which node. `later`: a timer.
    Rule { set: usize, rule: usize, by: usize, later: bool },
    /// An automation, by its place.
    Automation(usize),
}

/// The graph of one account.
#[derive(Debug)]
pub struct Graph<'a> {
    pub(super) sets: &'a [Arc<RuleSet>],
    pub(super) automations: &'a [Known],
    pub(super) nodes: Vec<Node>,
    /// From each node, in order.
    pub(super) next: Vec<Vec<usize>>,
    ids: HashMap<Node, usize>,
}

/// Which rules listen to what, by rule set and place; `true`: by a timer.
type Listeners = HashMap<EventKind, Vec<(usize, usize, bool)>>;

impl<'a> Graph<'a> {
    /// The graph of these rule sets together.
    pub fn of(sets: &'a [Arc<RuleSet>], automations: &'a [Known]) -> Self {
        let mut graph = Self { sets, automations, nodes: Vec::new(), next: Vec::new(), ids: HashMap::new() };
        let listeners = graph.listeners();
        for (set, rules) in sets.iter().enumerate() {
            let anywhere = At { set: rules, stage: None };
            for (at, _) in rules.pack.rules.iter().enumerate().filter(|(_, rule)| active(rules, rule)) {
                for node in graph.effects((set, at), &anywhere, None) {
                    graph.node(node);
                }
            }
        }
        for automation in automations {
            let node = by_lever(automation);
            graph.node(node);
        }
        let mut at = 0;
        while let Some(node) = graph.nodes.get(at).cloned() {
            graph.follow(at, &node, &listeners);
            at += 1;
        }
        graph
    }

    /// The rule of a node.
    pub(super) fn rule(&self, set: usize, rule: usize) -> Option<&'a Rule> {
        self.sets.get(set)?.pack.rules.get(rule).map(|rule| &**rule)
    }

    fn listeners(&self) -> Listeners {
        let mut listeners = Listeners::new();
        for (set, rules) in self.sets.iter().enumerate() {
            for (at, rule) in rules.pack.rules.iter().enumerate().filter(|(_, rule)| active(rules, rule)) {
                for trigger in &rule.triggers {
                    let (kind, later) = match trigger {
                        Trigger::Event(kind) | Trigger::Timer { of: Anchor::Event(kind), .. } => {
                            (kind.clone(), matches!(trigger, Trigger::Timer { .. }))
                        }
                        Trigger::TagAdded(_) => (EventKind::TagAdded, false),
                        Trigger::Timer { of: Anchor::ExpiresAt, .. } => continue,
                    };
                    listeners.entry(kind).or_default().push((set, at, later));
                }
            }
        }
        listeners
    }

    fn node(&mut self, node: Node) -> usize {
        if let Some(id) = self.ids.get(&node) {
            return *id;
        }
        let id = self.nodes.len();
        self.ids.insert(node.clone(), id);
        self.nodes.push(node);
        self.next.push(Vec::new());
        id
    }

    /// Adds what a node leads to. Each node is followed once.
    fn follow(&mut self, at: usize, node: &Node, listeners: &Listeners) {
        let leads = match node {
            Node::Rule { set, rule, by, .. } => {
                let Some(rules) = self.sets.get(*set) else { return };
                let cause = self.nodes.get(*by).cloned();
                let stage = match &cause {
                    Some(Node::Entered { stage, .. }) if self.stays(*set, *rule, node) => Some(stage),
                    _ => None,
                };
                self.effects((*set, *rule), &At { set: rules, stage }, cause.as_ref())
            }
            Node::Automation(automation) => self.automations.get(*automation).map(by_lever).into_iter().collect(),
            cause => self.set_off(at, cause, listeners),
        };
        let mut seen = BTreeSet::new();
        let leads: Vec<usize> = leads.into_iter().map(|to| self.node(to)).filter(|to| seen.insert(*to)).collect();
        if let Some(next) = self.next.get_mut(at) {
            *next = leads;
        }
    }

    /// Whether the opportunity is still in the stage that set the rule off.
    fn stays(&self, set: usize, rule: usize, node: &Node) -> bool {
        let later = matches!(node, Node::Rule { later: true, .. });
        !later && self.rule(set, rule).is_some_and(|rule| !rule.accept.moved_on)
    }

    /// The rules and automations that something sets off.
    fn set_off(&self, by: usize, cause: &Node, listeners: &Listeners) -> Vec<Node> {
        let (kind, vendor) = match cause {
            Node::Entered { .. } => (EventKind::STAGE_CHANGE, &None),
            Node::Tagged { .. } => (EventKind::TagAdded, &None),
            Node::Happened { kind, vendor } => (kind.clone(), vendor),
            Node::Rule { .. } | Node::Automation(_) => return Vec::new(),
        };
        let listening = listeners.get(&kind).map(Vec::as_slice).unwrap_or_default().iter();
        let rules = listening.filter(|(set, at, later)| {
            let (Some(rules), Some(rule)) = (self.sets.get(*set), self.rule(*set, *at)) else { return false };
            (vendor.is_none() || vendor.as_ref() == rules.pack.vendor_name()) && can_fire(rules, rule, cause, *later)
        });
        let rules = rules.map(|(set, rule, later)| Node::Rule { set: *set, rule: *rule, by, later: *later });
        let automations = self.automations.iter().enumerate().filter(|(_, automation)| match (cause, &automation.when) {
            (Node::Entered { stage, .. }, Place::Stage(id, _)) => stage.id == *id,
            (Node::Tagged { tag, .. }, Place::Tag(wanted)) => tag == wanted,
            _ => false,
        });
        rules.chain(automations.map(|(at, _)| Node::Automation(at))).collect()
    }

    /// What a rule makes happen when it fires in this stage.
    fn effects(&self, (set, at): (usize, usize), here: &At<'_>, cause: Option<&Node>) -> Vec<Node> {
        let Some(rule) = self.rule(set, at) else { return Vec::new() };
        let (none, mut all) = (BTreeSet::new(), Vec::new());
        let known = known(here.set, cause, here.stage.is_some(), (&none, &none));
        for action in reached(rule, &known) {
            self.effect(action, rule, here, cause, &mut all);
        }
        all
    }

    fn effect(&self, action: &Do, rule: &Rule, here: &At<'_>, cause: Option<&Node>, all: &mut Vec<Node>) {
        let vendor = here.set.pack.vendor_name();
        let mut happened = |kind: EventKind, vendor: Option<&VendorName>| {
            all.push(Node::Happened { vendor: vendor.cloned(), kind });
        };
        match action.action.touch() {
            Touch::Nothing | Touch::ClearTag { .. } | Touch::RemoveTag { .. } | Touch::Ask { .. } => {}
            Touch::Move { to, from } => {
                let from = from.map(|from| weigh::stages(here.set, from).unwrap_or_default());
                for stage in weigh::stages(here.set, to).unwrap_or_default() {
                    if here.leads_to(&stage, from.as_deref()) {
                        all.push(Node::Entered { stage, from: here.stage.cloned(), own: true });
                    }
                }
            }
            Touch::Archive => happened(EventKind::Lever(LeverEvent::CandidateArchiveChange), None),
            Touch::SetTag { text, .. } | Touch::AddTag { text } | Touch::RenameTag { to: text, .. } => {
                let waits = self.automations.iter().filter_map(|automation| match &automation.when {
                    Place::Tag(tag) if weigh::may_be(text, tag) => Some(tag.clone()),
                    _ => None,
                });
                all.extend(waits.map(|tag| Node::Tagged { tag, own: true }));
            }
            Touch::Mark(event) => happened(EventKind::Assessment(event), vendor),
            Touch::Call { operation } => {
                happened(EventKind::Done(operation.to_owned()), vendor);
                happened(EventKind::Failed(operation.to_owned()), vendor);
                let adapter = here.set.pack.vendor.as_deref();
                let emits = adapter.and_then(|adapter| adapter.operations.get(operation)?.emits);
                // Who waits, or counts what was sent, comes to an end.
                if let Some(event) = emits.filter(|_| !ends(rule)) {
                    happened(EventKind::Assessment(event), vendor);
                }
            }
            Touch::Invite { again } => {
                let repeats = |group: PhaseGroup| again.get(&group).is_some_and(|again| *again != Again::Skip);
                let goes_on = match cause {
                    Some(Node::Happened { kind: EventKind::Assessment(event), .. }) => match event {
                        AssessmentEvent::InviteFailed => repeats(PhaseGroup::Failed),
                        AssessmentEvent::Requested | AssessmentEvent::Invited | AssessmentEvent::Reinvited => {
                            repeats(PhaseGroup::Waiting)
                        }
                        AssessmentEvent::Expired | AssessmentEvent::OptedOut | AssessmentEvent::Cancelled => {
                            repeats(PhaseGroup::Closed)
                        }
                        _ => true,
                    },
                    _ => true,
                };
                if goes_on {
                    happened(EventKind::Assessment(AssessmentEvent::Invited), vendor);
                    happened(EventKind::Assessment(AssessmentEvent::InviteFailed), vendor);
                }
            }
        }
    }
}

/// Where an opportunity is when a rule fires.
struct At<'a> {
    set: &'a RuleSet,
    stage: Option<&'a Stage>,
}

impl At<'_> {
    /// Whether a move goes there: forward, or from the stages named.
    fn leads_to(&self, to: &Stage, from: Option<&[Stage]>) -> bool {
        let Some(here) = self.stage else { return true };
        let rank = |stage: &Stage| self.set.catalogue.rank(&stage.id);
        here.id != to.id
            && match from {
                Some(from) => from.iter().any(|stage| stage.id == here.id),
                None => rank(here).is_some_and(|here| rank(to).is_some_and(|to| here < to)),
            }
    }
}

fn by_lever(automation: &Known) -> Node {
    match (&automation.when, &automation.then) {
        (Place::Stage(from, was), Place::Stage(id, name)) => Node::Entered {
            stage: Stage { id: id.clone(), name: name.clone() },
            from: Some(Stage { id: from.clone(), name: was.clone() }),
            own: false,
        },
        (Place::Tag(_), Place::Stage(id, name)) => {
            Node::Entered { stage: Stage { id: id.clone(), name: name.clone() }, from: None, own: false }
        }
        (_, Place::Tag(tag)) => Node::Tagged { tag: tag.clone(), own: false },
    }
}

/// Whether the rule does anything in the account.
fn active(set: &RuleSet, rule: &Rule) -> bool {
    set.mode != Mode::Off && !set.off.contains_key(&rule.name)
}

/// What is known when a node sets a rule off.
pub(super) fn known<'a>(
    set: &'a RuleSet,
    cause: Option<&'a Node>,
    there: bool,
    (on, off): (&'a BTreeSet<String>, &'a BTreeSet<String>),
) -> Weighed<'a> {
    let (to, from) = match cause {
        Some(Node::Entered { stage, from, .. }) => (Some(stage), from.as_ref()),
        _ => (None, None),
    };
    Weighed { set, to, from, there, on, off }
}

fn can_fire(set: &RuleSet, rule: &Rule, cause: &Node, later: bool) -> bool {
    let (none, mut on) = (BTreeSet::new(), BTreeSet::new());
    match cause {
        // A timer is armed by whoever moves it.
        Node::Entered { own: true, .. } if !rule.accept.own_moves && !later => return false,
        Node::Tagged { own: true, .. } => return false,
        Node::Tagged { tag, .. } => {
            let reads = |trigger: &Trigger| matches!(trigger, Trigger::TagAdded(pattern) if weigh::may_read(pattern, tag));
            if !rule.triggers.iter().any(reads) {
                return false;
            }
            on.insert(tag.clone());
        }
        _ => {}
    }
    let known = known(set, Some(cause), !later && !rule.accept.moved_on, (&on, &none));
    rule.when.as_ref().is_none_or(|when| known.weigh(when) != Weight::Never)
}

/// The actions that a rule may come to, with those of its `else`s.
pub(super) fn reached<'r>(rule: &'r Rule, known: &Weighed<'_>) -> Vec<&'r Do> {
    let mut all: Vec<&Do> = Vec::new();
    for (_, spec) in rule.for_each.iter().chain(&rule.find) {
        otherwise(spec, &mut all);
    }
    for require in &rule.require {
        let weight = known.weigh(&require.cond);
        if weight != Weight::Always {
            all.extend(&require.otherwise);
        }
        if weight == Weight::Never {
            return all;
        }
    }
    all.extend(&rule.actions);
    all
}

fn otherwise<'r>(spec: &'r Spec, all: &mut Vec<&'r Do>) {
    all.extend(&spec.otherwise);
    if let Source::FirstOf(specs) = &spec.source {
        for spec in specs {
            otherwise(spec, all);
        }
    }
}

/// Whether the rule asks for a phase, or counts: then it does not go on for ever by itself.
fn ends(rule: &Rule) -> bool {
    fn asks(cond: &Cond) -> bool {
        match cond {
            Cond::All(conds) | Cond::Any(conds) => conds.iter().any(asks),
            Cond::Not(cond) => asks(cond),
            Cond::Test { place, .. } => match place {
                crate::lang::rule::Place::Fact { name, .. } => name == "assessment.phase" || name == "assessment.reminders",
                crate::lang::rule::Place::Row { member: Some(member) } => member == "phase" || member == "reminders",
                _ => false,
            },
        }
    }
    let rows = rule.for_each.iter().chain(&rule.find).filter_map(|(_, spec)| spec.where_.as_ref());
    rule.when.iter().chain(rule.require.iter().map(|require| &require.cond)).chain(rows).any(asks)
}
