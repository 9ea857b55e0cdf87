//! What rules listen to: events, timers, tags, answers to questions, and what becomes of calls.

use super::{Author, Sight, given};
use crate::promise::happens::value;
use crate::promise::written::{Part, Pattern, Piece, Right, Source, Spec, Trigger, Verb};
use jiff::SignedDuration;
use leverd::model::{AssessmentEvent, EventKind, Field, LeverEvent, Type, Value};

/// Events that rules wait for here, as they are stored and as they are.
pub(in crate::promise) fn kinds() -> Vec<(String, EventKind)> {
    let assessment = [
        AssessmentEvent::Invited,
        AssessmentEvent::Opened,
        AssessmentEvent::Reminded,
        AssessmentEvent::Reinvited,
        AssessmentEvent::Started,
        AssessmentEvent::Scored,
        AssessmentEvent::Approved,
        AssessmentEvent::InviteFailed,
        AssessmentEvent::Expired,
    ];
    let called = ["remind", "cancel", "extend", "balance"].map(str::to_owned);
    let lever = LeverEvent::ALL.iter().map(|event| EventKind::Lever(*event));
    let polled = [EventKind::OpportunityCreated, EventKind::OpportunityGone];
    let all = lever.chain(polled).chain(assessment.map(EventKind::Assessment));
    let all = all.chain(called.clone().map(EventKind::Done)).chain(called.map(EventKind::Failed));
    all.map(|kind| (kind.to_string(), kind)).collect()
}

impl Author<'_> {
    /// What a rule listens to, the kinds of events behind it, and names that the triggers bring with them.
    pub(super) fn triggers(&mut self) -> (Vec<Trigger>, Vec<EventKind>, Vec<(String, Field)>) {
        match self.dice.below(10) {
            0 => return self.tag_added(),
            1..5 if !self.asked.is_empty() => {
                let (key, field) = self.dice.pick(&self.asked).clone();
                let kind = EventKind::Answered(key);
                return (vec![Trigger::Event(kind.to_string())], vec![kind], vec![("answer".to_owned(), field)]);
            }
            _ => {}
        }
        let (mut triggers, mut heard) = (Vec::new(), Vec::new());
        for _ in 0..if self.chance(250) { 2 } else { 1 } {
            let (trigger, kind) = self.trigger();
            // The same twice is refused.
            if self.slips() || !triggers.iter().any(|other| same(other, &trigger)) {
                triggers.push(trigger);
                if !heard.contains(&kind) {
                    heard.push(kind);
                }
            }
        }
        (triggers, heard, Vec::new())
    }

    fn trigger(&mut self) -> (Trigger, EventKind) {
        let (name, kind) = self.dice.pick(&kinds()).clone();
        if !self.chance(300) {
            return (Trigger::Event(name), kind);
        }
        let set = self.pack.settings.iter().filter(|setting| setting.ty == Type::Duration).map(|setting| setting.name.clone());
        let set: Vec<String> = set.collect();
        let delay = if set.is_empty() || self.chance(500) {
            let hours = i64::try_from(self.dice.between(1, 200)).unwrap();
            Right::Lit(Value::duration(SignedDuration::from_hours(hours)))
        } else {
            Right::Path(self.dice.pick(&set).clone())
        };
        if self.chance(400) {
            let before = self.chance(500);
            return (Trigger::Timer { before, delay, of: None }, EventKind::Assessment(AssessmentEvent::Invited));
        }
        let before = self.slips();
        (Trigger::Timer { before, delay, of: Some(name) }, kind)
    }

    /// Tags that somebody else put there, and what stands in the holes.
    fn tag_added(&mut self) -> (Vec<Trigger>, Vec<EventKind>, Vec<(String, Field)>) {
        // Only settings are known before there is an event.
        let mut known = Sight::default();
        for setting in &self.pack.settings {
            known.add(&setting.name, &Field { ty: setting.ty.clone(), optional: setting.value.is_none() });
        }
        let pattern = if self.chance(300) { self.pattern(&known) } else { self.usual() };
        let holes = pattern.iter().filter_map(|part| match part {
            Part::Hole(name, ty) => Some(((*name).to_owned(), Field::required(ty.clone()))),
            Part::Text(_) => None,
        });
        let mut holes: Vec<_> = holes.collect();
        let mut triggers = vec![Trigger::TagAdded(pattern.clone())];
        if self.chance(200) {
            // What only one of them fills is known to none.
            let other = vec![Part::Text(vec![Piece::Lit("Hot".to_owned())])];
            triggers.insert(usize::from(self.chance(500)), Trigger::TagAdded(other));
            holes.clear();
        }
        (triggers, vec![EventKind::TagAdded], holes)
    }

    /// A pattern of tags as people put them.
    fn usual(&mut self) -> Pattern {
        let lit = |text: &str| Part::Text(vec![Piece::Lit(text.to_owned())]);
        match self.dice.below(5) {
            0 => vec![lit("Level "), Part::Hole("n", Type::Int)],
            1 => vec![lit("In "), Part::Hole("s", Type::STAGE)],
            2 => vec![lit("Score: "), Part::Hole("x", Type::Number), lit(" %")],
            3 => vec![Part::Hole("a", Type::ASSESSMENT), lit(" - Sent")],
            _ => vec![Part::Hole("t", Type::Text)],
        }
    }

    /// A question. One key is asked with one kind of rows.
    pub(super) fn question(&mut self, sight: &Sight) -> Option<Verb> {
        let before = self.asked.len();
        // What `where` asks of a row, the rule that hears the answer does not know.
        self.narrows = false;
        let spec = if self.chance(500) { self.spec(sight, true) } else { Some(all_tests()) };
        self.narrows = true;
        // A source of choices has no `else`, so what would be asked there is not.
        self.asked.truncate(before);
        let (mut choose, row) = spec?;
        choose.otherwise.clear();
        if let Source::FirstOf(all) = &mut choose.source {
            for inner in all {
                inner.otherwise.clear();
            }
        }
        let field = Field::required(row.ty);
        let known = self.asked.iter().find(|(_, known)| known.ty == field.ty).filter(|_| self.dice.permille(300));
        let key = known.map_or_else(|| format!("q{}", self.asked.len()), |(key, _)| key.clone());
        if !self.asked.iter().any(|(other, _)| *other == key) {
            self.asked.push((key.clone(), field));
        }
        let expires = match self.name(&sight.names, |field| !field.optional && field.ty == Type::Duration) {
            Some((name, _)) if self.chance(500) => Right::Path(name),
            _ => Right::Lit(given(&value(self.dice, &Type::Duration))),
        };
        Some(Verb::Ask { key, title: self.text(sight, 1), choose: Box::new(choose), expires, secret: self.chance(300) })
    }
}

/// All tests of the vendor to choose from.
fn all_tests() -> (Spec, Field) {
    let source = Source::Catalogue;
    let spec = Spec { source, like: None, wher: None, take: None, only: None, default: None, otherwise: Vec::new() };
    (spec, Field::required(Type::ASSESSMENT))
}

fn same(a: &Trigger, b: &Trigger) -> bool {
    format!("{a:?}") == format!("{b:?}")
}
