//! The steps of a test: an event, time that passes, or a change that nobody tells.

use super::{Reader, beginning};
use crate::lang::diagnostic::Diagnostic;
use crate::lang::near::near;
use crate::lang::vocabulary;
use crate::lang::yaml::{self, Node};
use crate::model::{AccountCatalogue, AccountId, AssessmentEvent, Event, EventId, EventKind, Id, Kind};
use crate::suite::expect::Outcome;
use crate::suite::grammar::{OPPORTUNITY, REFUSABLE, STEP};
use crate::suite::{Happening, What};
use std::collections::BTreeMap;

impl Reader<'_> {
    pub(super) fn step(&mut self, node: &Node, catalogue: &AccountCatalogue) -> Option<Happening> {
        let mut step = Happening {
            line: self.line(node.span),
            changes: BTreeMap::new(),
            tags_changed: false,
            what: What::Nothing,
            vendor: Outcome::Accepts,
            refuses: Vec::new(),
            expect: None,
            expect_place: None,
            because: Vec::new(),
            after: Vec::new(),
        };
        let (mut event, mut with, mut test, mut wait) = (None, None, None, None);
        let mut answer = None;
        let names_event = node.get("event").is_some();
        for (key, value) in STEP.entries(node, self.found) {
            match key.text.as_str() {
                "opportunity" => {
                    for (key, value) in OPPORTUNITY.entries(value, self.found) {
                        step.tags_changed |= key.text == "tags" || key.text == "posting_tags";
                        step.changes.extend(self.change(&key.text, value, catalogue));
                    }
                }
                "event" => event = self.kind(value).map(|kind| (kind, value)),
                "with" => with = Some((key, value)),
                "test" => test = self.known(value, Kind::Assessment, catalogue).map(|test| test.to_string()),
                "answer" => answer = self.answered(value).map(|answer| (key, answer)),
                "wait" => wait = value.as_duration(self.found).map(|duration| (key, duration)),
                "vendor" => {
                    step.vendor = match value.as_text(self.found)? {
                        "accepts" => Outcome::Accepts,
                        "silent" => Outcome::Silent,
                        why => Outcome::Refuses(why.to_owned()),
                    };
                }
                "refuses" => step.refuses = self.refused(value),
                "expect" => {
                    step.expect = Some(self.expect(value));
                    step.expect_place = Some(self.place(key.span.to(value.span)));
                }
                "because" => step.because = self.because(value),
                _ => step.after = self.after(value, catalogue),
            }
        }
        if let Some((key, (question, label))) = answer {
            if event.is_some() || wait.is_some() {
                let fault = Diagnostic::error("two-things", key.span, "a step is an event, an answer or a `wait`");
                self.found.push(fault.help("make two steps of it"));
            }
            step.what = What::Answer(question, label);
            return Some(step);
        }
        match (event, wait) {
            (Some(_), Some((key, _))) => {
                let fault = Diagnostic::error("two-things", key.span, "a step is an event or a `wait`, not both");
                self.found.push(fault.help("make two steps of it"));
            }
            (Some((kind, place)), None) => {
                let event = self.event(kind, place, with.map(|(_, node)| node), catalogue);
                if let Some(stage) = event.fields.get("to_stage") {
                    step.changes.entry("opportunity.stage".into()).or_insert_with(|| Some(stage.clone()));
                }
                step.what = What::Event(Box::new(event), test);
            }
            (None, Some((_, duration))) => step.what = What::Wait(duration),
            (None, None) => {
                if let Some((key, _)) = with.filter(|_| !names_event) {
                    let fault = Diagnostic::error("no-event", key.span, "`with` belongs to an `event`, and there is none");
                    self.found.push(fault.help("add `event: candidateStageChange`, or what else happens"));
                }
            }
        }
        Some(step)
    }

    /// An event without identity and time, with what `with` says of it. `place` is where its kind is written.
    fn event(&mut self, kind: EventKind, place: &Node, with: Option<&Node>, catalogue: &AccountCatalogue) -> Event {
        let names = vocabulary::names(&kind, self.pack.vendor.as_deref());
        let said: BTreeMap<_, _> = names.into_iter().filter(|(name, _)| !is_fact(name)).collect();
        let fields = with.map(|node| self.values(node, &said, catalogue)).unwrap_or_default();
        // What is written and wrong, or misspelt, is told already.
        let written: Vec<&str> = match with.map(|node| &node.kind) {
            Some(yaml::Kind::Map(entries)) => entries.iter().map(|(key, _)| key.text.as_str()).collect(),
            _ => Vec::new(),
        };
        let told = |name: &str| {
            written.iter().any(|key| {
                *key == name
                    || (!said.contains_key(*key)
                        && near(key, said.keys().map(String::as_str)).first().is_some_and(|nearest| nearest == name))
            })
        };
        for (name, _) in said.iter().filter(|(name, field)| !field.optional && !told(name)) {
            let fault = Diagnostic::error("missing-field", place.span, format!("`{kind}` always says `{name}`"));
            self.found.push(fault.help(format!("add it: `with: {{ {name}: … }}`")));
        }
        let mut event = Event::new(EventId(Id::derive(beginning(), &[])), AccountId::new("test"), kind, None, beginning());
        event.fields = fields;
        event
    }

    /// `KEY: LABEL`.
    fn answered(&mut self, node: &Node) -> Option<(String, String)> {
        let entries = node.entries(self.found)?;
        let [(key, label)] = entries else {
            let fault = Diagnostic::error("wrong-type", node.span, "one question is answered in one step");
            self.found.push(fault.help("write `answer: { KEY: LABEL }`"));
            return None;
        };
        if !self.pack.asks.contains(&key.text) {
            let fault = Diagnostic::error("unknown-question", key.span, format!("no rule asks `{}`", key.text));
            self.found.push(fault.suggest_near(key.span, &key.text, self.pack.asks.iter().map(String::as_str)));
            return None;
        }
        label.as_text(self.found).map(|label| (key.text.clone(), label.to_owned()))
    }

    /// Verbs, each one that can be refused.
    fn refused(&mut self, node: &Node) -> Vec<String> {
        let mut verbs = Vec::new();
        for item in node.items(self.found).unwrap_or_default() {
            let Some(text) = item.as_text(self.found) else { continue };
            if REFUSABLE.contains(&text) {
                verbs.push(text.to_owned());
                continue;
            }
            let fault = Diagnostic::error("unknown-value", item.span, format!("nothing called `{text}` can be refused"));
            let near = fault.clone().suggest_near(item.span, text, REFUSABLE);
            self.found.push(match (text, &near.suggestion) {
                ("invite" | "refresh", _) => fault.help("what the vendor answers to an invitation is `vendor: WHY`"),
                (_, Some(_)) => near,
                (_, None) => fault.help(format!("what can be refused is {}", REFUSABLE.join(", "))),
            });
        }
        verbs
    }

    fn kind(&mut self, node: &Node) -> Option<EventKind> {
        let text = node.as_text(self.found)?;
        if let Ok(kind) = text.parse() {
            return Some(kind);
        }
        let lever = crate::model::LeverEvent::ALL.iter().map(|event| EventKind::Lever(*event));
        let assessment = AssessmentEvent::ALL.iter().map(|event| EventKind::Assessment(*event));
        let known: Vec<String> = lever.chain(assessment).map(|kind| kind.to_string()).collect();
        let fault = Diagnostic::error("unknown-trigger", node.span, format!("no event is called `{text}`"));
        let fault = fault.suggest_near(node.span, text, known.iter().map(String::as_str));
        self.found.push(match fault.suggestion {
            None => fault.help(format!("events are {}", known.join(", "))),
            Some(_) => fault,
        });
        None
    }
}

/// Whether a name of the vocabulary comes from a read or the ledger, not from the event.
fn is_fact(name: &str) -> bool {
    vocabulary::group(name).is_some() || name.starts_with("event.")
}
