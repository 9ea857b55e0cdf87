//! `plan`: one event, every rule it meets, one answer.

use super::lifecycle::{self, Judged};
use super::program::{At, Program, Selected};
use super::schedule::{self, Armed};
use super::scope::{Notes, Scope};
use super::walk::{Walk, Walked};
use super::ways::Ways;
use crate::lang::rule::{Anchor, Rule, Trigger};
use crate::lang::ruleset::{Mode, RuleSet};
use crate::model::{
    Assessment, AssessmentEvent, Effect, EffectId, Event, EventId, EventKind, Facts, ForRule, Group, Look, Needs, Notice,
    NoticeId, NoticeKind, PackName, Plan, Planned, RuleName, Said, Slot, Step, Value,
};
use jiff::SignedDuration;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

/// More firings than this of one rule on one opportunity within an hour are a loop.
const MOST_FIRINGS: u32 = 10;
/// A chain of own outcomes longer than this is a loop.
const MOST_DEPTH: u8 = 10;

/// Plans one event: what shall be true, what to look at later and why; or what has to be known first.
///
/// Pure and total. Ask with whatever is known and ask again with what it names: after four rounds at most there is a plan. The same
/// event and facts always give the same plan, with the same ids.
pub fn plan(program: &Program, event: &Event, facts: &Facts) -> Planned {
    noting(program, event, facts, Notes::default()).0
}

/// The same plan, and which way texts and bands went for it.
pub fn plan_watched(program: &Program, event: &Event, facts: &Facts) -> (Planned, Ways) {
    noting(program, event, facts, Notes::watching())
}

fn noting(program: &Program, event: &Event, facts: &Facts, notes: Notes) -> (Planned, Ways) {
    let mut planning = Planning { program, event, facts, notes, plan: Plan::default() };
    let judged = planning.event();
    let needs = planning.notes.needs.into_inner();
    let ways = planning.notes.ways.map(RefCell::into_inner).unwrap_or_default();
    if !needs.is_empty() && planning.plan.park.is_none() {
        return (Planned::Needs(Needs(first_reads(needs, facts))), ways);
    }
    let mut plan = planning.plan;
    plan.read = planning.notes.read.into_inner();
    if judged.is_some() {
        plan.ledger.splice(0..0, judged);
        keep_last(&mut plan.ledger);
    }
    if let Some(reason) = &plan.park {
        // Nothing of this event is done, or all of it: a person decides.
        let notice = notice(event, facts, NoticeKind::Parked, reason);
        let (steps, read) = (std::mem::take(&mut plan.steps), std::mem::take(&mut plan.read));
        let mut notices: Vec<_> = plan.notices.into_iter().filter(|notice| notice.kind == NoticeKind::LoopGuard).collect();
        if notices.is_empty() {
            notices.push(notice);
        }
        plan = Plan { steps, read, notices, park: plan.park, ..Plan::default() };
    }
    (Planned::Plan(Box::new(plan)), ways)
}

/// A posting costs a call of its own, and the opportunity may show that it is not needed: it is read after it.
fn first_reads(mut needs: std::collections::BTreeSet<Group>, facts: &Facts) -> std::collections::BTreeSet<Group> {
    if !facts.known.contains(&Group::Opportunity) && needs.remove(&Group::Posting) {
        needs.insert(Group::Opportunity);
    }
    needs
}

/// Of rows with one id the last one stands.
fn keep_last(rows: &mut Vec<Assessment>) {
    let last: HashMap<_, _> = rows.iter().enumerate().map(|(at, row)| (row.id, at)).collect();
    let mut at = 0;
    rows.retain(|row| {
        at += 1;
        last.get(&row.id) == Some(&(at - 1))
    });
}

fn notice(event: &Event, facts: &Facts, kind: NoticeKind, text: &str) -> Notice {
    let id = NoticeId::derive(event.id.0.stored(), &[&event.id.to_string(), "park", text]);
    Notice {
        opportunity: event.opportunity.clone(),
        event: Some(event.id),
        assessment: event.assessment,
        ..Notice::new(id, kind, text, facts.now)
    }
}

struct Planning<'a> {
    program: &'a Program,
    event: &'a Event,
    facts: &'a Facts,
    notes: Notes,
    plan: Plan,
}

impl Planning<'_> {
    /// Fills the plan. The ledger's row as the event leaves it comes back if the event changed it.
    fn event(&mut self) -> Option<Assessment> {
        let event = self.event;
        if event.depth > MOST_DEPTH {
            self.park(NoticeKind::LoopGuard, format!("a chain of more than {MOST_DEPTH} of our own outcomes led here"));
            return None;
        }
        if event.assessment.is_some() && !self.known(Group::Ledger) {
            return None;
        }
        let row = event.assessment.and_then(|id| self.facts.ledger.iter().find(|row| row.id == id));
        let judge = event.kind.assessment().filter(|_| !event.applied && event.for_rule.is_none());
        let (attempt, changed) = match judge {
            Some(step) => match self.judge(step, row) {
                Some((attempt, changed)) => (Some(attempt), changed),
                None => return None,
            },
            None => (row.cloned(), event.fields.get(lifecycle::CHANGED) == Some(&Value::Bool(true))),
        };
        let rules = self.select()?;
        self.rules(rules, attempt.as_ref(), changed);
        attempt.filter(|attempt| judge.is_some() && row != Some(attempt))
    }

    fn known(&self, group: Group) -> bool {
        let known = self.facts.known.contains(&group);
        if !known {
            self.notes.need(group);
        }
        known
    }

    fn park(&mut self, kind: NoticeKind, reason: String) {
        if kind == NoticeKind::LoopGuard {
            self.plan.notices.push(notice(self.event, self.facts, kind, &reason));
        }
        self.plan.steps.push(Step {
            pack: None,
            rule: None,
            route: String::new(),
            said: Said::Skipped { reason: format!("parked: {reason}") },
        });
        self.plan.park = Some(reason);
    }

    fn note(&mut self, said: Said) {
        self.plan.steps.push(Step { pack: None, rule: None, route: String::new(), said });
    }

    /// What an assessment event does to our ledger. `None`: no rule fires, and why has been said.
    fn judge(&mut self, step: AssessmentEvent, row: Option<&Assessment>) -> Option<(Assessment, bool)> {
        let event = self.event;
        let (attempt, changed) = match lifecycle::judge(row, step, &event.fields, event.at) {
            Judged::Apply { row, changed } => (*row, changed),
            Judged::Stale(reason) | Judged::Same(reason) => {
                self.note(Said::Skipped { reason });
                return None;
            }
            Judged::Implied(skipped) => {
                let row = row?;
                let heard: Vec<_> = skipped
                    .into_iter()
                    .filter(|step| self.program.hears(&EventKind::Assessment(*step), Some(&row.vendor)))
                    .collect();
                if !heard.is_empty() {
                    self.imply(&heard);
                    return None;
                }
                // Nobody listens to what was skipped: one step does.
                (lifecycle::apply(row, step, &event.fields, event.at), false)
            }
        };
        self.follow(step, row, &attempt);
        Some((attempt, changed))
    }

    /// The skipped steps as events, in order, and then the event itself again.
    fn imply(&mut self, skipped: &[AssessmentEvent]) {
        let event = self.event;
        let names: Vec<_> = skipped.iter().map(|step| format!("`{step}`")).collect();
        self.note(Said::Noted {
            what: format!("{} must have happened before and was not told: it comes first", names.join(", ")),
        });
        let count = i64::try_from(skipped.len()).unwrap_or(0);
        for (n, step) in (0_i64..).zip(skipped) {
            // A moment earlier each, so that the lane's order is theirs.
            let moment = SignedDuration::from_millis(count - n);
            let implied = Event {
                id: EventId::derive(event.id.0.stored(), &[&event.id.to_string(), "implied", step.as_str()]),
                kind: EventKind::Assessment(*step),
                at: event.at.checked_sub(moment).unwrap_or(event.at),
                fields: BTreeMap::new(),
                cause: None,
                ..event.clone()
            };
            self.plan.emit.push(implied);
        }
        let id = EventId::derive(event.id.0.stored(), &[&event.id.to_string(), "again"]);
        self.plan.emit.push(Event { id, depth: event.depth.saturating_add(1), ..event.clone() });
    }

    /// Events that say a part of what this one says: a verdict, a changed decision.
    fn follow(&mut self, step: AssessmentEvent, before: Option<&Assessment>, after: &Assessment) {
        for next in lifecycle::follows(step, before, after) {
            let kind = EventKind::Assessment(next);
            if !self.program.hears(&kind, Some(&after.vendor)) {
                continue;
            }
            let event = self.event;
            self.plan.emit.push(Event {
                id: EventId::derive(event.id.0.stored(), &[&event.id.to_string(), "follows", next.as_str()]),
                kind,
                applied: true,
                depth: event.depth.saturating_add(1),
                ..event.clone()
            });
        }
    }

    /// The rules that this event is for.
    fn select(&mut self) -> Option<Vec<At>> {
        let Some(ForRule { pack, rule, look }) = &self.event.for_rule else {
            return match self.program.select(self.event, self.facts) {
                Selected::Rules(rules) => Some(rules),
                Selected::Needs(group) => {
                    self.notes.need(group);
                    None
                }
            };
        };
        let sets = self.program.sets().iter().enumerate();
        let at = sets.filter(|(_, set)| set.name() == pack && set.mode != Mode::Off).find_map(|(n, set)| {
            let found = set.pack.rule(rule)?;
            set.pack.rules.iter().position(|other| other.name == found.name).map(|m| (n, m))
        });
        if at.is_none() {
            let what = match look {
                Look::Timer { .. } => "timer",
                Look::Settle { .. } => "look",
                Look::Late => "effect",
                Look::Backfill => "backfill",
            };
            self.plan.steps.push(Step {
                pack: Some(pack.clone()),
                rule: Some(rule.clone()),
                route: String::new(),
                said: Said::Skipped { reason: format!("the rule of this {what} is gone") },
            });
        }
        at.map(|at| vec![at])
    }

    fn rules(&mut self, rules: Vec<At>, attempt: Option<&Assessment>, changed: bool) {
        let mut joined = Joined::default();
        let look = self.event.for_rule.as_ref().map(|for_rule| &for_rule.look);
        let backfill = look == Some(&Look::Backfill);
        for at in &rules {
            let Some((set, rule)) = self.program.at(*at) else { continue };
            // Of what was there before, a rule may want the event itself, or only to count time from it.
            if backfill && !fires(rule, self.event) {
                continue;
            }
            // A file speaks of its own vendor's attempts only.
            if attempt.is_some_and(|attempt| set.pack.vendor_name().is_some_and(|vendor| *vendor != attempt.vendor)) {
                continue;
            }
            self.rule(set, rule, attempt, changed, &mut joined);
        }
        match look {
            None => self.arm(attempt, changed, None),
            Some(Look::Backfill) => self.arm(attempt, changed, Some(&rules)),
            Some(Look::Settle { .. } | Look::Timer { .. } | Look::Late) => {}
        }
        self.plan.effects = joined.effects;
    }

    fn scope<'s>(&'s self, set: &'s RuleSet, rule: &'s Rule, attempt: Option<&'s Assessment>, changed: bool) -> Scope<'s> {
        Scope {
            set,
            rule,
            event: self.event,
            facts: self.facts,
            attempt,
            changed,
            vars: Vec::new(),
            notes: &self.notes,
            recorded: None,
        }
    }

    fn rule(&mut self, set: &RuleSet, rule: &Rule, attempt: Option<&Assessment>, changed: bool, joined: &mut Joined) {
        match self.timer_moved(set, rule, attempt) {
            Timer::Fires => {}
            Timer::Ends(said) => {
                self.step(set, rule, said);
                return;
            }
        }
        let walked = Walk::new(self.scope(set, rule, attempt, changed)).run();
        if !walked.fired && walked.entries.is_empty() {
            self.take(walked);
            return;
        }
        let firings = self.facts.firings.iter().find(|(pack, name, _)| pack == set.name() && *name == rule.name);
        if firings.is_some_and(|(_, _, count)| *count > MOST_FIRINGS) {
            let reason =
                format!("rule `{}` fired more than {MOST_FIRINGS} times on this opportunity within an hour", rule.name);
            self.park(NoticeKind::LoopGuard, reason);
            return;
        }
        joined.join(self, set, rule, walked);
    }

    fn step(&mut self, set: &RuleSet, rule: &Rule, said: Said) {
        self.plan.steps.push(Step {
            pack: Some(set.name().clone()),
            rule: Some(rule.name.clone()),
            route: rule.route.clone(),
            said,
        });
    }

    /// What a rule leaves that is no effect.
    fn take(&mut self, walked: Walked) {
        self.plan.steps.extend(walked.steps);
        self.plan.later.extend(walked.later);
        if walked.own {
            self.plan.own_move = self.facts.own_move;
        }
        if let Some(reason) = walked.park
            && self.plan.park.is_none()
        {
            self.park(NoticeKind::Parked, reason);
        }
    }

    /// Whether a due timer still is what its rule says now.
    fn timer_moved(&mut self, set: &RuleSet, rule: &Rule, attempt: Option<&Assessment>) -> Timer {
        let Some(ForRule { look: Look::Timer { of, .. }, .. }) = &self.event.for_rule else { return Timer::Fires };
        let scope = self.scope(set, rule, attempt, false);
        // Facts that are missing are in the notes: the plan is made again with them.
        let Ok(timers) = schedule::timers(&scope, rule) else { return Timer::Fires };
        let mut armed: Vec<_> = timers
            .iter()
            .filter_map(|timer| match schedule::arm(&scope, timer) {
                Armed::Later(later) => Some(later),
                Armed::No | Armed::Skipped(_) => None,
            })
            .collect();
        // Another timer of the rule that is due, or was, has a look of its own.
        if let Some((id, _)) = of {
            armed.retain(|later| later.id == *id);
        }
        armed.sort_by_key(|later| later.due);
        if armed.iter().any(|later| later.due <= self.facts.now) {
            return Timer::Fires;
        }
        match armed.first().map(|later| later.due) {
            Some(due) => {
                // Of an old look it is not known which it was; arming one again that is armed changes nothing.
                self.plan.later.extend(armed.into_iter().map(|later| *later));
                Timer::Ends(Said::Later { due })
            }
            None => Timer::Ends(Said::Skipped { reason: "the rule has no such timer any more".into() }),
        }
    }

    /// Arms the timers that count from this event: of all rules, or of these only.
    fn arm(&mut self, attempt: Option<&Assessment>, changed: bool, only: Option<&[At]>) {
        let mut rules = self.program.timers(&self.event.kind).to_vec();
        let expiry = schedule::tells_expiry(self.event, attempt);
        if expiry {
            rules.extend_from_slice(self.program.expiry());
        }
        rules.sort_unstable();
        rules.dedup();
        rules.retain(|at| only.is_none_or(|only| only.contains(at)));
        for at in rules {
            let Some((set, rule)) = self.program.at(at) else { continue };
            let foreign = attempt.is_some_and(|row| set.pack.vendor_name().is_some_and(|vendor| *vendor != row.vendor));
            if foreign || set.off.contains_key(&rule.name) || (self.event.at < set.baseline && only.is_none()) {
                continue;
            }
            let mut armed = Vec::new();
            {
                let scope = self.scope(set, rule, attempt, changed);
                let Ok(timers) = schedule::timers(&scope, rule) else { continue };
                // An event that tells no expiry arms nothing that counts from one: what was due before would be due once more.
                for timer in timers.iter().filter(|timer| expiry || *timer.anchor != Anchor::ExpiresAt) {
                    armed.push((timer.before, schedule::arm(&scope, timer)));
                }
            }
            for (before, armed) in armed {
                match armed {
                    Armed::Later(later) if before && later.due <= self.facts.now => {
                        let reason =
                            format!("its time before the anchor, {}, had passed when it was told", Value::date(later.due));
                        self.step(set, rule, Said::Skipped { reason });
                    }
                    Armed::Later(later) => {
                        self.step(set, rule, Said::Later { due: later.due });
                        self.plan.later.push(*later);
                    }
                    Armed::Skipped(reason) => self.step(set, rule, Said::Skipped { reason }),
                    Armed::No => {}
                }
            }
        }
    }
}

enum Timer {
    Fires,
    Ends(Said),
}

/// The effects of all rules, joined in the order of firing.
#[derive(Default)]
struct Joined {
    effects: Vec<Effect>,
    by_slot: HashMap<Slot, usize>,
    by_id: HashMap<EffectId, usize>,
}

impl Joined {
    fn join(&mut self, planning: &mut Planning<'_>, set: &RuleSet, rule: &Rule, mut walked: Walked) {
        let shadow = set.mode == Mode::Shadow;
        let entries = std::mem::take(&mut walked.entries);
        let fired = walked.fired;
        let said = |route: &str, said| Step {
            pack: Some(set.name().clone()),
            rule: Some(rule.name.clone()),
            route: route.to_owned(),
            said,
        };
        let mut steps = Vec::new();
        let mut count = 0;
        let (mut item, mut above) = (0, Vec::new());
        for entry in entries {
            if entry.item != item {
                item = entry.item;
                above.clear();
            }
            steps.extend(entry.said.into_iter().map(|what| said(&entry.route, what)));
            let mut lost = false;
            for mut effect in entry.effects {
                if effect.act.moves() {
                    effect.after.clone_from(&above);
                }
                let mine = effect.id;
                let holder = effect.slot.as_ref().and_then(|slot| self.by_slot.get(slot)).or_else(|| self.by_id.get(&mine));
                let id = match holder.copied().and_then(|at| self.effects.get_mut(at)) {
                    Some(first) if first.act == effect.act => {
                        if first.id != mine {
                            steps.push(said(&entry.route, Said::Merged { with: of(&first.pack, &first.rule) }));
                        }
                        first.routes.extend(
                            effect.routes.into_iter().filter(|route| !first.routes.contains(route)).collect::<Vec<_>>(),
                        );
                        lost = true;
                        first.id
                    }
                    Some(first) => {
                        let slot = effect.slot.as_ref().map_or_else(|| effect.act.verb().to_owned(), ToString::to_string);
                        steps.push(said(&entry.route, Said::Conflict { slot, winner: of(&first.pack, &first.rule) }));
                        lost = true;
                        first.id
                    }
                    None => {
                        let at = self.effects.len();
                        if let Some(slot) = &effect.slot {
                            self.by_slot.insert(slot.clone(), at);
                        }
                        self.by_id.insert(mine, at);
                        self.effects.push(effect);
                        count += 1;
                        mine
                    }
                };
                if !entry.optional && !above.contains(&id) {
                    above.push(id);
                }
            }
            if !lost && !shadow {
                planning.plan.ledger.extend(entry.rows);
                planning.plan.emit.extend(entry.emit);
                planning.plan.notices.extend(entry.notices);
            }
        }
        if fired {
            planning.step(set, rule, Said::Fired { effects: count });
            planning.plan.fired.push((set.name().clone(), rule.name.clone()));
            if shadow {
                planning.step(set, rule, Said::Noted { what: "the pack is in shadow: nothing of this is sent".into() });
            }
        }
        planning.take(walked);
        planning.plan.steps.extend(steps);
    }
}

fn of(pack: &PackName, rule: &RuleName) -> String {
    format!("{pack}: {rule}")
}

/// Whether a rule waits for this event itself, not for time after it.
fn fires(rule: &Rule, event: &Event) -> bool {
    rule.triggers.iter().any(|trigger| match trigger {
        Trigger::Event(kind) => *kind == event.kind,
        Trigger::TagAdded(_) => event.kind == EventKind::TagAdded,
        Trigger::Timer { .. } => false,
    })
}

/// Whether a rule may be walked for an event of this kind at all: for `why`.
pub(super) fn listens(rule: &Rule, event: &Event) -> bool {
    rule.triggers.iter().any(|trigger| match trigger {
        Trigger::Event(kind) | Trigger::Timer { of: Anchor::Event(kind), .. } => *kind == event.kind,
        Trigger::TagAdded(_) => event.kind == EventKind::TagAdded,
        Trigger::Timer { of: Anchor::ExpiresAt, .. } => event.assessment.is_some(),
    })
}
