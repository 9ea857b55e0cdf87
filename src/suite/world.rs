//! The little world of one test: an opportunity, our ledger, timers and a clock that only `wait` moves.

use super::coverage::Reached;
use super::expect::{Done, Outcome, done};
use super::{Happening, Test};
use crate::engine::{Answer, Program, explain, outcome, plan_watched, put, schedule};
use crate::model::{
    Act, Ask, AssessmentEvent, Effect, EffectId, Event, EventId, EventKind, Facts, Kind, Later, PackName, Plan, Planned,
    RuleName, Value,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// More events than this of one step are a loop.
const MOST_EVENTS: usize = 200;
/// The loop guard counts firings within this window.
const FIRINGS: SignedDuration = SignedDuration::from_hours(1);

pub(super) struct World<'t> {
    test: &'t Test,
    program: Program,
    pub(super) facts: Facts,
    timers: Vec<Later>,
    vendor: Outcome,
    refuses: Vec<String>,
    /// What was asked, oldest first.
    asked: Vec<Ask>,
    /// Effects that wait for a person, or behind one that does.
    held: BTreeSet<EffectId>,
    /// When each rule fired, for the loop guard.
    fired: Vec<(Timestamp, PackName, RuleName)>,
    /// What was done since the step began.
    pub(super) done: Vec<Done>,
    /// The reasons given since the step began, with the rule that each is about.
    pub(super) why: Vec<(Option<RuleName>, String)>,
    /// Every event that was planned, with what was known.
    pub(super) planned: Vec<(Event, Facts)>,
    /// What rules came to, over the whole test.
    pub(super) reached: Reached,
}

impl<'t> World<'t> {
    pub(super) fn new(test: &'t Test) -> Self {
        let mut facts = test.facts.clone();
        facts.ledger.clone_from(&test.ledger);
        Self {
            test,
            program: Program::new(vec![Arc::clone(&test.ruleset)]),
            facts,
            timers: Vec::new(),
            vendor: Outcome::Accepts,
            refuses: Vec::new(),
            asked: Vec::new(),
            held: BTreeSet::new(),
            fired: Vec::new(),
            done: Vec::new(),
            why: Vec::new(),
            planned: Vec::new(),
            reached: Reached::default(),
        }
    }

    /// Begins a step: what a person changed first.
    pub(super) fn begin(&mut self, step: &Happening) {
        self.done.clear();
        self.why.clear();
        self.vendor = step.vendor.clone();
        self.refuses.clone_from(&step.refuses);
        for (name, value) in &step.changes {
            match value {
                Some(value) => self.facts.set(name, value.clone()),
                None => drop(self.facts.values.remove(name)),
            }
        }
        if step.tags_changed {
            inherit(&mut self.facts);
        }
    }

    /// An event, and everything that follows from it at once. `Err` says what is wrong with the test.
    pub(super) fn happens(&mut self, event: &Event, about: Option<&str>, identity: &str) -> Result<(), String> {
        let mut event = event.clone();
        event.id = EventId::derive(self.facts.now, &[identity]);
        (event.at, event.received) = (self.facts.now, self.facts.now);
        event.opportunity = Some(self.test.opportunity.clone());
        if event.kind.assessment().is_some() {
            let mut rows = self.facts.ledger.iter().filter(|row| about.is_none_or(|title| row.test.title == title));
            let row = match (rows.next(), rows.next(), about) {
                (None, _, Some(title)) => return Err(format!("there is no attempt at `{title}`")),
                (None, _, None) => return Err("there is no attempt that the event could be about".into()),
                (Some(_), Some(_), None) => return Err("there are several attempts: say which with `test: TITLE`".into()),
                (Some(first), second, _) => rows.next_back().or(second).unwrap_or(first),
            };
            event.assessment = Some(row.id);
        }
        self.process(event);
        Ok(())
    }

    /// A person answers the latest question of this key. `Err` says what is wrong with the test.
    pub(super) fn answers(&mut self, key: &str, label: &str, identity: &str) -> Result<(), String> {
        let Some(ask) = self.asked.iter().rev().find(|ask| ask.key == key) else {
            return Err(format!("nobody was asked `{key}`"));
        };
        if ask.expires <= self.facts.now {
            return Err(format!("the question `{key}` is closed by then"));
        }
        let Some(choice) = ask.choices.iter().find(|choice| choice.label == label) else {
            let labels: Vec<_> = ask.choices.iter().map(|choice| format!("`{}`", choice.label)).collect();
            return Err(format!("`{label}` is none of the choices of `{key}`; there are {}", labels.join(", ")));
        };
        let (now, opportunity) = (self.facts.now, Some(self.test.opportunity.clone()));
        let id = EventId::derive(now, &[identity]);
        let kind = EventKind::Answered(key.to_owned());
        let mut event = Event::new(id, self.test.ruleset.account.clone(), kind, opportunity, now);
        event.fields = choice.said();
        self.process(event);
        Ok(())
    }

    /// Time passes; timers fire when they are due, in their order.
    pub(super) fn wait(&mut self, duration: SignedDuration) {
        let end = self.facts.now.checked_add(duration).unwrap_or(Timestamp::MAX);
        for _ in 0..MOST_EVENTS {
            let next = self.timers.iter().enumerate().filter(|(_, later)| later.due <= end).min_by_key(|(_, later)| later.due);
            let Some(at) = next.map(|(at, _)| at) else { break };
            let later = self.timers.remove(at);
            self.facts.now = later.due.max(self.facts.now);
            self.process(schedule::due(&later));
        }
        self.facts.now = end;
    }

    fn process(&mut self, event: Event) {
        let mut queue = VecDeque::from([(event, None)]);
        let mut left = MOST_EVENTS;
        while let Some((event, own_move)) = queue.pop_front() {
            if left == 0 {
                self.why.push((None, "the test ended: one event led to more than 200 others".to_owned()));
                return;
            }
            left -= 1;
            self.facts.own_move = own_move;
            self.facts.firings = self.firings();
            self.planned.push((event.clone(), self.facts.clone()));
            let (planned, ways) = plan_watched(&self.program, &event, &self.facts);
            self.reached.went(&ways);
            match planned {
                Planned::Plan(plan) => self.carry_out(&event, *plan, &mut queue),
                Planned::Needs(needs) => self.why.push((None, format!("the test cannot tell {needs:?}"))),
            }
        }
    }

    /// How often each rule fired within the last hour.
    fn firings(&self) -> Vec<(PackName, RuleName, u32)> {
        let since = self.facts.now.checked_sub(FIRINGS).unwrap_or(Timestamp::MIN);
        let mut counts: BTreeMap<(&PackName, &RuleName), u32> = BTreeMap::new();
        for (_, pack, rule) in self.fired.iter().filter(|(at, _, _)| *at >= since) {
            *counts.entry((pack, rule)).or_default() += 1;
        }
        counts.into_iter().map(|((pack, rule), count)| (pack.clone(), rule.clone(), count)).collect()
    }

    fn carry_out(&mut self, event: &Event, plan: Plan, queue: &mut VecDeque<(Event, Option<EffectId>)>) {
        // Rules that the index passed over leave no step: they are looked at again.
        let passed = explain::others(&self.program, event, &self.facts, &plan.steps);
        plan.steps.iter().chain(&passed).for_each(|step| self.reached.note(&event.kind, step));
        self.why.extend(plan.steps.iter().map(|step| (step.rule.clone(), step.to_string())));
        let now = self.facts.now;
        self.fired.extend(plan.fired.into_iter().map(|(pack, rule)| (now, pack, rule)));
        for row in plan.ledger {
            put(&mut self.facts, row);
        }
        for later in plan.later {
            self.timers.retain(|other| other.id != later.id);
            self.timers.push(later);
        }
        for notice in plan.notices {
            self.done.push(Done { word: "alert".into(), value: notice.text });
        }
        for emitted in plan.emit {
            if let (Some(step), true, true) = (emitted.kind.assessment(), emitted.applied, emitted.kind != event.kind)
                && matches!(step, AssessmentEvent::Expired | AssessmentEvent::OptedOut | AssessmentEvent::Cancelled)
            {
                self.done.push(Done { word: "mark".into(), value: step.to_string() });
            }
            queue.push_back((emitted, None));
        }
        for effect in &plan.effects {
            let verb = effect.act.verb();
            if self.refuses.iter().any(|refused| refused == verb) {
                self.why.push((Some(effect.rule.clone()), format!("`{verb}` was refused: it waits for a person")));
                self.held.insert(effect.id);
                continue;
            }
            if effect.after.iter().any(|before| self.held.contains(before)) {
                self.why.push((Some(effect.rule.clone()), format!("`{verb}` waits for what stands above it")));
                self.held.insert(effect.id);
                continue;
            }
            self.done.push(done(effect));
            self.apply(event, effect, queue);
        }
    }

    fn apply(&mut self, event: &Event, effect: &Effect, queue: &mut VecDeque<(Event, Option<EffectId>)>) {
        let vendor = self.test.ruleset.pack.vendor.as_deref();
        let answer = match &self.vendor {
            Outcome::Accepts => Answer::Accepts,
            Outcome::Silent => Answer::Silent,
            Outcome::Refuses(why) => Answer::Refuses(why),
        };
        queue.extend(outcome(&mut self.facts, event, effect, answer, vendor));
        // What the posting says comes back, whatever is removed here.
        inherit(&mut self.facts);
        if let Act::Ask(ask) = &effect.act {
            self.asked.push(ask.clone());
        }
    }
}

/// An opportunity shows its own tags and those of its posting.
pub(super) fn inherit(facts: &mut Facts) {
    let list = |name: &str| match facts.values.get(name) {
        Some(Value::List(tags)) => tags.clone(),
        _ => Vec::new(),
    };
    let mut tags = list("opportunity.own_tags");
    for tag in list("posting.tags") {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    facts.set("opportunity.tags", Value::List(tags));
}

/// A named thing of a test: its id is made of its name, so that both are easy to tell apart.
pub(super) fn named(kind: Kind, name: &str) -> Value {
    Value::named(kind, id(kind, name), name)
}

/// The id that a name has in a test.
pub(super) fn id(kind: Kind, name: &str) -> String {
    format!("{}:{name}", kind.to_string().replace(' ', "-"))
}
