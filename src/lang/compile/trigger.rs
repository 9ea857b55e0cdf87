//! What a rule listens to.

use super::check::{Check, node_path};
use super::shapes::{DONE, FAILED, TAG_ADDED, TIMER};
use crate::lang::diagnostic::Diagnostic;
use crate::lang::rule::{Anchor, Operand, Trigger};
use crate::lang::scope::{Scope, kinds};
use crate::lang::vocabulary::own;
use crate::lang::yaml::{Key, Kind as NodeKind, Node};
use crate::model::{AssessmentEvent, EventKind, Hole, Type};

/// The anchor that is a time, not an event.
const EXPIRES_AT: &str = "assessment.expires_at";
/// Triggers that are written as maps.
const MAPS: [&str; 4] = ["tag_added", "answered", "done", "failed"];

/// Whether two triggers are one, written twice.
fn same(a: &Trigger, b: &Trigger) -> bool {
    match (a, b) {
        (Trigger::Event(a), Trigger::Event(b)) => a == b,
        (Trigger::TagAdded(a), Trigger::TagAdded(b)) => a.source() == b.source(),
        (
            Trigger::Timer { before: a, delay: length, of: anchor },
            Trigger::Timer { before: b, delay: other, of: its_anchor },
        ) => {
            let lengths = match (length, other) {
                (Operand::Literal(a), Operand::Literal(b)) => a == b,
                (Operand::Place(a), Operand::Place(b)) => a == b,
                _ => false,
            };
            a == b && anchor == its_anchor && lengths
        }
        _ => false,
    }
}

impl Check<'_, '_> {
    /// The triggers with the kinds of events that make them fire.
    pub(crate) fn triggers(&mut self, node: &Node, route: &str) -> Option<(Vec<Trigger>, Vec<EventKind>)> {
        if node.is_null() {
            self.error(
                "missing-trigger",
                node.span,
                "this rule listens to nothing",
                "write `trigger: candidateStageChange`, for example",
            );
            return None;
        }
        let items = node.items_or_self();
        if items.is_empty() && !node.is_faulty() {
            self.error("missing-trigger", node.span, "this rule listens to nothing", "write at least one trigger");
        }
        let (mut triggers, mut kinds) = (Vec::new(), Vec::new());
        let mut good = !items.is_empty();
        for (at, item) in items.iter().enumerate() {
            let route = if matches!(node.kind, NodeKind::Seq(_)) { format!("{route}[{at}]") } else { route.to_owned() };
            match self.trigger(item, &route) {
                Some((trigger, kind)) => {
                    if triggers.iter().any(|other| same(other, &trigger)) {
                        let what = match &trigger {
                            Trigger::Timer { .. } => "this timer".to_owned(),
                            Trigger::TagAdded(pattern) => format!("`{{ tag_added: {} }}`", pattern.source()),
                            Trigger::Event(kind) => format!("`{}`", kind.written()),
                        };
                        self.error(
                            "duplicate-name",
                            item.span,
                            format!("{what} stands twice in this list"),
                            "remove one of them",
                        );
                        good = false;
                    }
                    triggers.push(trigger);
                    if !kinds.contains(&kind) {
                        kinds.push(kind);
                    }
                }
                None => good = false,
            }
        }
        good.then_some((triggers, kinds))
    }

    pub(super) fn trigger(&mut self, node: &Node, route: &str) -> Option<(Trigger, EventKind)> {
        let NodeKind::Map(entries) = &node.kind else {
            let kind = self.event(node)?;
            return Some((Trigger::Event(kind.clone()), kind));
        };
        if let Some((_, tag)) = entries.iter().find(|(key, _)| key.text == "tag_added") {
            return self.tag_added(node, tag);
        }
        if let Some((key, operation)) = entries.iter().find(|(key, _)| matches!(key.text.as_str(), "done" | "failed")) {
            return self.called(node, key, operation);
        }
        if let Some((_, key)) = entries.iter().find(|(key, _)| key.text == "answered") {
            return self.answered(node, key);
        }
        self.timer(node, route)
    }

    /// `{ tag_added: PATTERN }`.
    fn tag_added(&mut self, node: &Node, tag: &Node) -> Option<(Trigger, EventKind)> {
        TAG_ADDED.entries(node, self.found);
        // What a tag is compared with must be known before it is added: settings.
        let scope = Scope::new(self.declared, &[]);
        let pattern = self.pattern(&scope, tag)?;
        let mut free = true;
        for hole in pattern.holes() {
            let key = Key { text: hole.name.clone(), span: tag.span };
            let declared = self.declared;
            let taken = match declared.settings.get(&hole.name) {
                Some(setting) => Some(("a setting", Some(setting.span))),
                None => declared.bands.contains_key(&hole.name).then_some(("a band", None)),
            };
            free &= self.name_is_free(&key, "a hole", taken);
        }
        free.then_some((Trigger::TagAdded(pattern), EventKind::TagAdded))
    }

    /// `{ done: OPERATION }`, `{ failed: OPERATION }`.
    fn called(&mut self, node: &Node, key: &Key, operation: &Node) -> Option<(Trigger, EventKind)> {
        let done = key.text == "done";
        if done { &DONE } else { &FAILED }.entries(node, self.found);
        let name = self.operation(operation)?;
        let kind = if done { EventKind::Done(name) } else { EventKind::Failed(name) };
        Some((Trigger::Event(kind.clone()), kind))
    }

    /// The name of an operation that rules may call.
    pub(crate) fn operation(&mut self, node: &Node) -> Option<String> {
        let name = node.as_text(self.found)?;
        let Some(adapter) = self.declared.adapter.as_deref() else {
            if !self.declared.faulty_adapter {
                self.no_vendor(node, name);
            }
            return None;
        };
        let callable = |name: &str| !matches!(name, "catalogue" | "invite");
        if callable(name) && adapter.operations.contains_key(name) {
            return Some(name.to_owned());
        }
        let known: Vec<&str> = adapter.operations.keys().map(String::as_str).filter(|name| callable(name)).collect();
        let fault = if callable(name) {
            let message = format!("`{}` declares no operation `{name}`", adapter.name);
            Diagnostic::error("no-operation", node.span, message).suggest_near(node.span, name, known.iter().copied())
        } else {
            Diagnostic::error("no-operation", node.span, format!("`{name}` is not called by rules"))
        };
        let listed = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        self.found.push(match (callable(name), known.as_slice()) {
            (false, _) if name == "invite" => fault.help("write the action `invite`, and listen to `assessment.invited`"),
            (false, _) => fault.help("the catalogue is read whenever a rule needs it: `in: catalogue`"),
            (true, []) => fault.help("declare it under `operations:` in vendor.yaml"),
            (true, _) => {
                fault.or_help(format!("its operations are {listed}; others are declared under `operations:` in vendor.yaml"))
            }
        });
        None
    }

    /// The holes that every trigger of a rule fills: names that the rest of the rule may read.
    pub(crate) fn holes(triggers: &[Trigger]) -> Vec<Hole> {
        let mut each = triggers.iter().map(|trigger| match trigger {
            Trigger::TagAdded(pattern) => pattern.holes().cloned().collect::<Vec<_>>(),
            Trigger::Event(_) | Trigger::Timer { .. } => Vec::new(),
        });
        let mut common = each.next().unwrap_or_default();
        for other in each {
            common.retain(|hole| other.contains(hole));
        }
        common
    }

    fn timer(&mut self, node: &Node, route: &str) -> Option<(Trigger, EventKind)> {
        let entries = TIMER.entries(node, self.found);
        let get = |name: &str| entries.iter().find(|(key, _)| key.text == name);
        let ((key, delay), before) = match (get("after"), get("before")) {
            (Some((_, _)), Some((key, _))) => {
                self.error("two-delays", key.span, "a timer has `after` or `before`, not both", "write two triggers");
                return None;
            }
            (Some(entry), None) => (entry, false),
            (None, Some(entry)) => (entry, true),
            (None, None) => {
                if entries.iter().any(|(key, _)| key.text == "of") {
                    self.error("missing-key", node.span, "a timer lacks its delay", "add `after: 7d` or `before: 2d`");
                }
                return None;
            }
        };
        let of = get("of").map(|(_, of)| of)?;
        let (anchor, kind) = if of.scalar() == Some(EXPIRES_AT) {
            if self.declared.adapter.is_none() && !self.declared.faulty_adapter {
                self.no_vendor(of, EXPIRES_AT);
                return None;
            }
            (Anchor::ExpiresAt, EventKind::Assessment(AssessmentEvent::Invited))
        } else {
            let (Trigger::Event(kind), _) = self.trigger(of, route)? else {
                self.error(
                    "wrong-type",
                    of.span,
                    "a timer counts from an event",
                    format!("write an event such as `assessment.invited`, or `{EXPIRES_AT}`"),
                );
                return None;
            };
            if before {
                let message = format!("`before: {}` would need to know the future", kind.written());
                self.error(
                    "before-event",
                    key.span,
                    message,
                    format!("`before` counts from `{EXPIRES_AT}`; an event takes `after`"),
                );
                return None;
            }
            (Anchor::Event(kind.clone()), kind)
        };
        // Only settings are known when a timer is armed as well as when it is due.
        let scope = Scope::new(self.declared, &[]);
        let delay_of = if node_path(delay).is_some() {
            // Without its setting this timer is not armed; the rule's other triggers fire all the same.
            self.aside(|check| check.needed(&scope, delay, &Type::Duration, &format!("{route}.{}", key.text)))?
        } else {
            let length = delay.as_duration(self.found)?;
            if length.is_zero() {
                self.error(
                    "wrong-type",
                    delay.span,
                    "a timer needs some time",
                    "write a length such as `1h`, or listen to the event itself",
                );
                return None;
            }
            let length = if before { -length } else { length };
            Operand::Literal(crate::model::Value::duration(length))
        };
        Some((Trigger::Timer { before, delay: delay_of, of: anchor }, kind))
    }

    fn no_vendor(&mut self, node: &Node, text: &str) {
        let message = format!("`{text}` is about a vendor's assessments, and this pack has no vendor");
        self.error("no-vendor", node.span, message, "put the `vendor.yaml` of the vendor beside this file");
    }

    /// The kind of event that a scalar names.
    fn event(&mut self, node: &Node) -> Option<EventKind> {
        let text = node.as_text(self.found)?;
        let kind = text.parse::<EventKind>().ok().filter(|kind| kinds().contains(kind));
        let Some(kind) = kind else {
            let known: Vec<String> = kinds().iter().map(ToString::to_string).collect();
            let fault = Diagnostic::error("unknown-trigger", node.span, format!("there is no trigger `{text}`")).suggest_near(
                node.span,
                text,
                known.iter().map(String::as_str),
            );
            self.found.push(if MAPS.contains(&text) || text == "tag_added" {
                fault.help(format!("it is written `{{ {text}: … }}`"))
            } else if text.starts_with("assessment.") {
                let events: Vec<&str> = AssessmentEvent::ALL.iter().map(|event| event.as_str()).collect();
                fault.or_help(format!("events of an assessment are {}", events.join(", ")))
            } else {
                let lever: Vec<&str> = crate::model::LeverEvent::ALL.iter().map(|event| event.as_str()).collect();
                fault.or_help(format!("Lever's events are {}; a vendor's are `assessment.…`", lever.join(", ")))
            });
            return None;
        };
        match kind {
            EventKind::Assessment(event) => self.emitted(node, event)?,
            EventKind::Lever(_)
            | EventKind::OpportunityCreated
            | EventKind::OpportunityGone
            | EventKind::TagAdded
            | EventKind::Answered(_)
            | EventKind::Done(_)
            | EventKind::Failed(_) => {}
        }
        Some(kind)
    }

    /// Whether this vendor, or leverd itself, ever tells of such an event.
    fn emitted(&mut self, node: &Node, event: AssessmentEvent) -> Option<()> {
        use AssessmentEvent as E;
        // Steps that a later one implies (behaviours T09, T10), and those that follow from two others (T15).
        const IMPLIED: [E; 3] = [E::Opened, E::Started, E::Submitted];
        const DECISIONS: [E; 4] = [E::Approved, E::Rejected, E::Qualified, E::Unqualified];
        let Some(adapter) = self.declared.adapter.as_deref() else {
            if self.declared.faulty_adapter {
                return Some(());
            }
            self.no_vendor(node, &format!("assessment.{event}"));
            return None;
        };
        let emits = |event: &E| adapter.events.contains_key(event);
        let implied = match event {
            E::DecisionChanged => DECISIONS.iter().any(emits),
            event if IMPLIED.contains(&event) => {
                adapter.events.keys().any(|later| !own(*later) && (*later > event || !IMPLIED.contains(later)))
            }
            _ => false,
        };
        if own(event) || emits(&event) || adapter.makes(event) || implied {
            return Some(());
        }
        let events: Vec<String> = adapter.events.keys().map(|event| format!("`assessment.{event}`")).collect();
        let message = format!("`{}` never tells of `assessment.{event}`, so this rule could never fire", adapter.name);
        let help = match events.as_slice() {
            [] => "its vendor.yaml emits no events".to_owned(),
            events => format!("its vendor.yaml emits {}", events.join(", ")),
        };
        self.error("never-emitted", node.span, message, help);
        None
    }
}
