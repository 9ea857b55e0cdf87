//! One rule and one event: guards, `when`, rows, `require`, `do`. What comes out is joined with the other rules' by `plan`.

use super::condition::{self, Truth};
use super::draft::{Entry, Pen};
use super::marks::{self, Mark};
use super::rows::{self, Row};
use super::schedule;
use super::scope::Scope;
use crate::lang::action::Stop;
use crate::lang::rule::{Do, Spec, Trigger};
use crate::lang::vocabulary;
use crate::model::{Class, EventKind, Group, Later, LeverEvent, Said, Step, Value};

/// The most rows of one rule and one event: never half a fan-out.
const MOST_ROWS: usize = 100;

/// What became of one rule.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) steps: Vec<Step>,
    pub(super) entries: Vec<Entry>,
    pub(super) later: Vec<Later>,
    /// Whether it got as far as its actions.
    pub(super) fired: bool,
    /// Why a person must look before anything of this event is done.
    pub(super) park: Option<String>,
    /// Recognised as the echo of our own move.
    pub(super) own: bool,
    /// What each part came to, if that is wanted.
    pub(super) marks: Option<Vec<Mark>>,
}

/// The rows that one item is about, and the identity they give it.
struct Item<'a> {
    vars: Vec<(&'a str, Option<Row<'a>>)>,
    identity: String,
}

pub(super) struct Walk<'a> {
    scope: Scope<'a>,
    out: Walked,
    items: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(scope: Scope<'a>) -> Self {
        Self { scope, out: Walked::default(), items: 0 }
    }

    /// The same, with what every part comes to.
    pub(super) fn watching(scope: Scope<'a>) -> Self {
        Self { scope, out: Walked { marks: Some(Vec::new()), ..Walked::default() }, items: 0 }
    }

    fn say(&mut self, route: impl Into<String>, said: Said) {
        self.out.steps.push(Step {
            pack: Some(self.scope.set.name().clone()),
            rule: Some(self.scope.rule.name.clone()),
            route: route.into(),
            said,
        });
    }

    fn skip(&mut self, reason: impl Into<String>) {
        let route = self.scope.rule.route.clone();
        self.say(route, Said::Skipped { reason: reason.into() });
    }

    /// Walks the rule. Groups that are missing are in the scope's notes; then the result means nothing.
    pub(super) fn run(mut self) -> Walked {
        // Each stop has left its group in the notes.
        let _ = self.rule();
        self.out
    }

    fn rule(&mut self) -> Result<(), Stop> {
        let (rule, set, event) = (self.scope.rule, self.scope.set, self.scope.event);
        if let Some(setting) = set.off.get(&rule.name) {
            self.skip(format!("off: the setting `{setting}` is not set"));
            return Ok(());
        }
        if event.at < set.baseline && event.class != Class::Backfill {
            self.skip(format!("it happened before the pack was activated ({})", Value::date(set.baseline)));
            return Ok(());
        }
        if !self.tag_fits()? {
            return Ok(());
        }
        self.answered();
        if let (Some(marks), Some(cond)) = (&mut self.out.marks, &rule.when) {
            marks::tests(&self.scope, cond, false, marks);
        }
        let when = match &rule.when {
            Some(cond) => condition::holds(&self.scope, cond, None),
            None => Ok(Truth::True),
        };
        if let Ok(Truth::False(witness)) = &when
            && (rule.settle.is_none() || vocabulary::group(&witness.field).is_none())
        {
            // What the event itself says will be no other at the next look.
            self.refuse(witness.as_ref().clone());
            return Ok(());
        }
        match self.guards() {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            // What `when` needs has been noted too: both are read together.
            Err(stop) => return Err(stop),
        }
        if let Truth::False(witness) = when? {
            self.refuse(*witness);
            self.settle();
            return Ok(());
        }
        self.scope.know(Group::Ledger)?;
        self.rows()
    }

    fn refuse(&mut self, witness: condition::Witness) {
        let route = if witness.route.is_empty() { format!("{}.when", self.scope.rule.route) } else { witness.route.clone() };
        self.say(route, witness.said());
    }

    /// What a person chose is a variable of the rule.
    fn answered(&mut self) {
        let fields = &self.scope.event.fields;
        if let (EventKind::Answered(_), Some(value)) = (&self.scope.event.kind, fields.get("answer")) {
            let further =
                fields.iter().filter_map(|(name, value)| Some((name.strip_prefix("answer.")?.to_owned(), value.clone())));
            self.scope.vars.push(("answer", Some(Row::Read { value: value.clone(), holes: further.collect() })));
        }
    }

    /// A rule on `tag_added` listens to some tags only. What stands in the holes of the first pattern that fits gets their names.
    fn tag_fits(&mut self) -> Result<bool, Stop> {
        if self.scope.event.kind != EventKind::TagAdded {
            return Ok(true);
        }
        let tag = self.scope.event.fields.get("tag").and_then(Value::as_text).unwrap_or_default().to_owned();
        let rule = self.scope.rule;
        for trigger in &rule.triggers {
            let Trigger::TagAdded(written) = trigger else { continue };
            let Some(pattern) = super::family::rendered(&self.scope, written)? else { continue };
            let Some(mut captures) = super::family::fit(&self.scope, &pattern, &tag) else { continue };
            let filled = written.holes().filter_map(|hole| Some((hole.name.as_str(), captures.remove(&hole.name)?)));
            self.scope.vars = filled.map(|(name, value)| (name, Some(Row::Value(std::borrow::Cow::Owned(value))))).collect();
            return Ok(true);
        }
        let wanted = rule.triggers.iter().find_map(|trigger| match trigger {
            Trigger::TagAdded(pattern) => Some(pattern.source()),
            _ => None,
        });
        let wanted = format!("something like `{}`", wanted.unwrap_or_default());
        self.say(format!("{}.trigger", rule.route), Said::False { field: "tag".into(), wanted, saw: Some(tag) });
        Ok(false)
    }

    /// Situations in which a rule does not fire unless it accepts them. Says why.
    fn guards(&mut self) -> Result<bool, Stop> {
        let (rule, event) = (self.scope.rule, self.scope.event);
        if event.kind != EventKind::STAGE_CHANGE {
            return Ok(true);
        }
        let first_look = event.for_rule.is_none();
        if first_look && !rule.accept.own_moves {
            let known = self.scope.know(Group::Ledger);
            if self.scope.facts.own_move.is_some() {
                self.out.own = true;
                self.skip("this stage change is our own move; `accept: [own_moves]` would take it");
                return Ok(false);
            }
            if known.is_err() {
                // Both are needed: ask for both at once.
                let _ = self.scope.know(Group::Opportunity);
                return known.map(|()| true);
            }
        }
        if !rule.accept.moved_on
            && let Some(to) = event.fields.get("to_stage")
        {
            let stage = self.scope.fact("opportunity.stage")?.map(std::borrow::Cow::into_owned);
            if !stage.as_ref().is_some_and(|stage| stage.same(to, false)) {
                let now = stage.map_or_else(|| "in no stage".to_owned(), |stage| format!("in `{stage}`"));
                self.skip(format!("moved on: the opportunity is {now}, no longer in `{to}`"));
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Looks again later, if the rule says so and there is a look left.
    fn settle(&mut self) -> bool {
        let Some(later) = schedule::settle(&self.scope) else { return false };
        let route = format!("{}.settle", self.scope.rule.route);
        self.say(route, Said::Later { due: later.due });
        self.out.later.push(later);
        true
    }

    fn rows(&mut self) -> Result<(), Stop> {
        let rule = self.scope.rule;
        let mut items = Vec::new();
        let before = (self.out.steps.len(), self.out.entries.len());
        let outer = Item { vars: self.scope.vars.clone(), identity: String::new() };
        self.nest(&rule.for_each, outer, &mut items)?;
        if items.len() > MOST_ROWS {
            self.out.steps.truncate(before.0);
            self.out.entries.clear();
            let reason = format!("{} rows; at most {MOST_ROWS} of one rule and event are done at once", items.len());
            self.skip(reason.clone());
            self.out.park = Some(format!("rule `{}`: {reason}", rule.name));
            return Ok(());
        }
        if items.is_empty() && rule.settle.is_some() {
            // Its `else` is for the last look.
            let entries = self.out.entries.split_off(before.1);
            if !self.settle() {
                self.out.entries.extend(entries);
            }
            return Ok(());
        }
        // Every item goes as far as it can, so that what they need is read at once.
        let mut unknown = None;
        for item in items {
            if let Err(stop) = self.item(item) {
                unknown = unknown.or(Some(stop));
            }
        }
        unknown.map_or(Ok(()), Err)
    }

    /// The rows of `for_each`, nested left to right.
    fn nest(&mut self, specs: &'a [(String, Spec)], outer: Item<'a>, items: &mut Vec<Item<'a>>) -> Result<(), Stop> {
        let Some(((var, spec), inner)) = specs.split_first() else {
            items.push(outer);
            return Ok(());
        };
        self.scope.vars.clone_from(&outer.vars);
        let found = rows::rows(&self.scope, spec)?;
        if let Some(marks) = &mut self.out.marks {
            marks::rows(&spec.route, var, &found.rows, marks);
        }
        if found.rows.is_empty() {
            return self.none(spec, found.missed, &outer.identity);
        }
        for row in found.rows {
            if items.len() > MOST_ROWS {
                break;
            }
            let identity = format!("{}/{var}={}", outer.identity, row.identity());
            let mut vars = outer.vars.clone();
            vars.push((var.as_str(), Some(row)));
            self.nest(inner, Item { vars, identity }, items)?;
        }
        Ok(())
    }

    /// A source without rows: its `else`, and the reason.
    fn none(&mut self, spec: &'a Spec, missed: Option<Said>, identity: &str) -> Result<(), Stop> {
        if let Some(missed) = missed {
            self.say(spec.route.clone(), missed);
        }
        self.items += 1;
        self.actions(&spec.otherwise, &format!("{identity}/else"))
    }

    fn item(&mut self, item: Item<'a>) -> Result<(), Stop> {
        let rule = self.scope.rule;
        self.items += 1;
        self.scope.vars = item.vars;
        for (var, spec) in &rule.find {
            let found = rows::rows(&self.scope, spec)?;
            let row = found.rows.into_iter().next();
            if let Some(marks) = &mut self.out.marks {
                marks::rows(&spec.route, var, row.as_slice(), marks);
            }
            if row.is_none() {
                if !spec.otherwise.is_empty() {
                    return self.none(spec, found.missed, &item.identity);
                }
                if let Some(missed) = found.missed {
                    self.say(spec.route.clone(), missed);
                }
            }
            self.scope.vars.push((var.as_str(), row));
        }
        for require in &rule.require {
            if let Some(marks) = &mut self.out.marks {
                marks::tests(&self.scope, &require.cond, false, marks);
            }
            if let Truth::False(witness) = condition::holds(&self.scope, &require.cond, None)? {
                let route = if witness.route.is_empty() { require.route.clone() } else { witness.route.clone() };
                self.say(route, witness.said());
                return self.actions(&require.otherwise, &item.identity);
            }
        }
        self.out.fired = true;
        self.actions(&rule.actions, &item.identity)
    }

    fn actions(&mut self, actions: &'a [Do], identity: &str) -> Result<(), Stop> {
        let mut unknown = None;
        for action in actions {
            if let Err(stop) = self.action(action, identity) {
                unknown = unknown.or(Some(stop));
            }
        }
        unknown.map_or(Ok(()), Err)
    }

    fn action(&mut self, action: &'a Do, identity: &str) -> Result<(), Stop> {
        if self.scope.event.opportunity.is_none() {
            self.say(action.route.clone(), Said::Skipped { reason: "the event belongs to no opportunity".into() });
            return Ok(());
        }
        let verb = action.action.verb();
        let even_archived = self.scope.rule.accept.archived || about_the_end(&self.scope.event.kind);
        if matches!(verb, "invite" | "move_stage" | "archive")
            && !even_archived
            && self.scope.fact("opportunity.archived")?.is_some_and(|archived| *archived == Value::Bool(true))
        {
            let reason =
                format!("`{verb}` needs an active opportunity and this one is archived; `accept: [archived]` would take it");
            self.say(action.route.clone(), Said::Skipped { reason });
            return Ok(());
        }
        let entry = Entry { route: action.route.clone(), optional: action.optional, item: self.items, ..Entry::default() };
        let mut pen = Pen { scope: &self.scope, action: action.action.as_ref(), identity, even_archived, entry, stop: None };
        let planned = action.action.plan(&mut pen);
        let (entry, stop) = (pen.entry, pen.stop);
        match planned.and_then(|()| stop.map_or(Ok(()), Err)) {
            Ok(()) => {
                self.out.entries.push(entry);
                Ok(())
            }
            Err(Stop::Needs(group)) => {
                self.scope.know(group.clone())?;
                // Asked for although it is known: nothing more can be learnt.
                self.say(action.route.clone(), Said::Skipped { reason: format!("`{verb}` asked for {group:?} twice") });
                Ok(())
            }
            Err(Stop::Park(reason)) => {
                self.say(action.route.clone(), Said::Skipped { reason: reason.clone() });
                self.out.park.get_or_insert(reason);
                Ok(())
            }
            Err(Stop::Unrenderable(reason)) => {
                self.say(action.route.clone(), Said::Skipped { reason: format!("the text cannot be made: {reason}") });
                Ok(())
            }
        }
    }
}

/// Archive, hire and deletion, and timers that count from them: there an opportunity that is no longer active is the point.
fn about_the_end(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Lever(LeverEvent::CandidateArchiveChange | LeverEvent::CandidateHired | LeverEvent::CandidateDeleted)
            | EventKind::OpportunityGone
    )
}
