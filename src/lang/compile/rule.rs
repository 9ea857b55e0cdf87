//! One rule.

use super::check::{Check, about_person, writable};
use super::shapes::{ACCEPT, RULE};
use super::spec::Role;
use crate::lang::action::registry::{self, Needs};
use crate::lang::adapter::Adapter;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::rule::{Accept, Do, Require, Rule};
use crate::lang::scope::Scope;
use crate::lang::source::Span;
use crate::lang::vocabulary;
use crate::lang::yaml::{Key, Kind as NodeKind, Node};
use crate::model::EventKind;
use std::collections::{BTreeSet, HashMap};
use std::mem;

/// What actions of a rule act on.
#[derive(Debug)]
pub(crate) struct Subject {
    /// The first trigger under which there is nothing to write to, and why.
    unwritable: Option<(EventKind, &'static str)>,
    /// The first trigger that is about no opportunity at all.
    without_lane: Option<EventKind>,
    /// The first trigger under which there is no assessment.
    without_assessment: Option<EventKind>,
}

impl Subject {
    pub(crate) fn of(kinds: &[EventKind], adapter: Option<&Adapter>) -> Self {
        let unwritable = kinds.iter().find_map(|kind| writable(kind).err().map(|why| (kind.clone(), why)));
        let without_lane = kinds.iter().find(|kind| about_person(kind)).cloned();
        let without_assessment = kinds.iter().find(|kind| !vocabulary::about_attempt(kind, adapter)).cloned();
        Self { unwritable, without_lane, without_assessment }
    }
}

/// Words of other tools for keys of a rule.
const SYNONYMS: [(&str, &str); 9] = [
    ("on", "trigger"),
    ("event", "trigger"),
    ("if", "when"),
    ("where", "when"),
    ("conditions", "when"),
    ("then", "do"),
    ("actions", "do"),
    ("steps", "do"),
    ("each", "for_each"),
];

/// What the rules of a pack have used so far.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    names: HashMap<String, Span>,
}

impl Check<'_, '_> {
    pub(crate) fn rule(&mut self, node: &Node, route: &str, taken: &mut Taken) -> Option<Rule> {
        self.needs.clear();
        self.blocks.clear();
        let entries = self.rule_entries(node)?;
        let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
        let name = get("name").and_then(|node| self.rule_name(node, taken));
        let mut was = Vec::new();
        for node in get("was").map(Node::items_or_self).unwrap_or_default() {
            was.extend(self.rule_name(node, taken));
        }
        let accept = get("accept").map(|node| self.accept(node)).unwrap_or_default();
        let settle = get("settle").and_then(|node| self.settle(node));
        let trigger = get("trigger").and_then(|node| self.triggers(node, &format!("{route}.trigger")));
        let Some((triggers, kinds)) = trigger else {
            // Without its triggers nothing is known of the names that the rest may read; its form can still be wrong.
            self.forms(get("do"), &format!("{route}.do"));
            return None;
        };
        let subject = Subject::of(&kinds, self.declared.adapter.as_deref());
        let mut scope = Scope::new(self.declared, &kinds);
        scope.vars.extend(self.answer(&triggers).map(|shape| ("answer".to_owned(), shape)));
        scope.vars.extend(Self::holes(&triggers).into_iter().map(|hole| (hole.name, self.declared.shape(hole.ty))));
        let given = scope.vars.len();
        for trigger in &triggers {
            use crate::lang::rule::{Operand, Place, Trigger};
            if let Trigger::Timer { delay: Operand::Place(Place::Setting { name, .. }), .. } = trigger
                && triggers.len() == 1
                && self.declared.settings.get(name).is_some_and(|setting| setting.optional && setting.default.is_none())
            {
                self.need(name);
            }
        }
        let before = self.found.len();
        let when = get("when").map(|node| self.cond(&mut scope, node, &format!("{route}.when")));
        let for_each = get("for_each")
            .map(|node| self.variables(&mut scope, node, Role::ForEach, &format!("{route}.for_each"), &subject))
            .unwrap_or_default();
        let find = get("find")
            .map(|node| self.variables(&mut scope, node, Role::Find, &format!("{route}.find"), &subject))
            .unwrap_or_default();
        // A variable that could not be made leaves names unknown that are none of the author's faults.
        let lost = scope.vars.len() < given + variables_in(get("for_each")) + variables_in(get("find"));
        if lost && self.found.len() > before {
            self.forms(get("do"), &format!("{route}.do"));
            return None;
        }
        let require = get("require")
            .map(|node| self.require(&mut scope, node, &format!("{route}.require"), &subject))
            .unwrap_or_default();
        let settled = settle.map(|(length, span)| {
            if get("when").is_none() && for_each.is_empty() {
                self.found.push(
                    Diagnostic::warning(
                        "nothing-to-settle",
                        span,
                        "there is no `when` and no `for_each` that could find nothing",
                    )
                    .help("leave `settle` out"),
                );
            }
            length
        });
        // An action that lacks an optional setting is left out by itself; the rule's others go on.
        let actions = get("do")
            .map(|node| self.aside(|check| check.actions(&mut scope, node, &format!("{route}.do"), &subject)))
            .unwrap_or_default();
        let rule = Rule {
            name: name?.into(),
            was: was.into_iter().map(Into::into).collect(),
            route: route.to_owned(),
            span: get("name").map_or(node.span, |node| node.span),
            triggers,
            accept,
            when: match when {
                Some(None) => return None,
                Some(Some(cond)) => Some(cond),
                None => None,
            },
            settle: settled,
            for_each,
            find,
            require,
            actions,
            allowed: match get("allow").map(|node| &node.kind) {
                Some(NodeKind::Map(entries)) => entries.iter().map(|(code, _)| code.text.clone()).collect(),
                _ => BTreeSet::new(),
            },
            needs: mem::take(&mut self.needs).into_iter().collect(),
            blocks: mem::take(&mut self.blocks),
        };
        Some(rule)
    }

    /// The entries of a rule; keys that other tools use are told apart from misspelt ones.
    fn rule_entries<'n>(&mut self, node: &'n Node) -> Option<Vec<&'n (Key, Node)>> {
        let entries = node.entries(self.found)?;
        let names = RULE.names();
        for (key, _) in entries.iter().filter(|(key, _)| !names.contains(&key.text.as_str())) {
            let synonym = SYNONYMS.iter().find(|(word, _)| *word == key.text).map(|(_, name)| *name);
            let before = entries.iter().take_while(|(other, _)| other.span != key.span).last();
            let fault = crate::lang::yaml::stray(before, crate::lang::yaml::unknown_key(key, RULE.what, &names));
            self.found.push(match synonym {
                Some(name) if node.get(name).is_none() => {
                    let fault = Diagnostic { suggestion: None, help: Vec::new(), ..fault }.suggest(key.span, name);
                    if key.text == "on" {
                        fault.help("many YAML tools read the key `on` as `true`, so rules do not use it")
                    } else {
                        fault
                    }
                }
                _ if registry::find(&key.text).is_some() => Diagnostic { suggestion: None, help: Vec::new(), ..fault }
                    .help(format!("actions stand under `do`: `do: [ {{ {}: … }} ]`", key.text)),
                _ => fault,
            });
        }
        let has_synonym =
            |name: &str| entries.iter().any(|(key, _)| SYNONYMS.iter().any(|(word, of)| *word == key.text && *of == name));
        let told = |name: &str| has_synonym(name) || RULE.misspells(entries, name);
        for key in RULE.keys.iter().filter(|key| key.required && node.get(key.name).is_none() && !told(key.name)) {
            let span = entries.first().map_or(node.span, |(key, _)| key.span);
            let what = match node.get("name").and_then(Node::scalar) {
                Some(name) => format!("the rule `{name}`"),
                None => RULE.what.to_owned(),
            };
            let example = match key.name {
                "name" => "add `name: …`, unique in the pack: timers and traces know the rule by it",
                "trigger" => "add `trigger: …`, such as `trigger: candidateStageChange`",
                _ => "add `do: [ … ]` with what shall be done",
            };
            self.error("missing-key", span, format!("{what} lacks `{}`", key.name), example);
        }
        Some(entries.iter().filter(|(key, _)| names.contains(&key.text.as_str())).collect())
    }

    fn rule_name(&mut self, node: &Node, taken: &mut Taken) -> Option<String> {
        let name = node.as_text(self.found)?.trim().to_owned();
        if name.is_empty() || name.len() > 200 || name.contains('\n') {
            self.error(
                "not-a-name",
                node.span,
                "this is no name for a rule",
                "write a short line that says what the rule does",
            );
            return None;
        }
        if let Some(first) = taken.names.insert(name.clone(), node.span) {
            taken.names.insert(name.clone(), first);
            self.found.push(
                Diagnostic::error("duplicate-name", node.span, format!("the name `{name}` is given to two rules"))
                    .also(first, "first here")
                    .help("timers and traces know a rule by its name: give each its own"),
            );
            return None;
        }
        Some(name)
    }

    fn accept(&mut self, node: &Node) -> Accept {
        let mut accept = Accept::default();
        for item in node.items_or_self() {
            match item.as_text(self.found) {
                Some("archived") => accept.archived = true,
                Some("moved_on") => accept.moved_on = true,
                Some("own_moves") => accept.own_moves = true,
                Some(other) => {
                    let options: Vec<String> = ACCEPT.iter().map(|&one| one.to_owned()).collect();
                    self.found.push(super::literal::unknown_option(item, other, &options));
                }
                None => {}
            }
        }
        accept
    }

    fn settle(&mut self, node: &Node) -> Option<(jiff::SignedDuration, Span)> {
        const LONGEST: i64 = 3600;
        let length = node.as_duration(self.found)?;
        if length.as_secs() <= 10 || length.as_secs() > LONGEST {
            let message =
                "`settle` looks again at 10 s and once more after its length, which is more than 10 s and at most 1 h";
            self.error("wrong-type", node.span, message, "write `60s`; to act much later use a trigger with `after`");
            return None;
        }
        Some((length, node.span))
    }

    fn require(&mut self, scope: &mut Scope<'_>, node: &Node, route: &str, subject: &Subject) -> Vec<Require> {
        let mut all = Vec::new();
        for (at, item) in node.items(self.found).unwrap_or_default().iter().enumerate() {
            let route = format!("{route}[{at}]");
            let Some(entries) = item.entries(self.found) else { continue };
            // The `else` runs when the condition is false, so it knows nothing of what the condition makes certain.
            let otherwise = entries
                .iter()
                .find(|(key, _)| key.text == "else")
                .map(|(_, actions)| self.aside(|check| check.actions(scope, actions, &format!("{route}.else"), subject)));
            let tests: Vec<&(Key, Node)> = entries.iter().filter(|(key, _)| key.text != "else").collect();
            if tests.is_empty() {
                self.error(
                    "missing-key",
                    item.span,
                    "a guard without a condition guards nothing",
                    "write `FIELD: MATCHER` beside the `else`",
                );
                continue;
            }
            if let Some(cond) = self.aside(|check| check.cond_of(scope, &tests, &route)) {
                all.push(Require { cond, otherwise: otherwise.unwrap_or_default(), route });
            }
        }
        all
    }

    /// The actions of a list.
    pub(crate) fn actions(&mut self, scope: &mut Scope<'_>, node: &Node, route: &str, subject: &Subject) -> Vec<Do> {
        let mut all: Vec<Do> = Vec::new();
        let mut seen: HashMap<(&'static str, String), Span> = HashMap::new();
        let items = node.items(self.found).unwrap_or_default();
        if items.is_empty() && matches!(node.kind, NodeKind::Seq(_)) {
            self.error("missing-verb", node.span, "nothing is to be done here", "write at least one action");
        }
        for (at, item) in items.iter().enumerate() {
            let route = format!("{route}[{at}]");
            let Some((action, optional, span)) = self.action(scope, item, &route, Some(subject)) else { continue };
            let Some(action) = action else { continue };
            let identity = (action.verb(), action.identity());
            if let Some(first) = seen.get(&identity) {
                let message = format!("this is the same `{}` once more", identity.0);
                self.found.push(Diagnostic::error("same-effect", span, message).also(*first, "first here").help(
                    "one of them would have no effect: remove it, or give each a `key` of its own where the verb has one",
                ));
                continue;
            }
            seen.insert(identity, span);
            all.push(Do { action, optional, route });
        }
        all
    }

    /// The faults of form in actions whose names cannot be checked.
    fn forms(&mut self, node: Option<&Node>, route: &str) {
        let Some(NodeKind::Seq(items)) = node.map(|node| &node.kind) else { return };
        let mut empty = Scope::new(self.declared, &[]);
        for (at, item) in items.iter().enumerate() {
            self.action(&mut empty, item, &format!("{route}[{at}]"), None);
        }
    }

    /// One action: a map with one verb. Without a subject only the verb itself is looked at.
    #[expect(clippy::type_complexity, reason = "action, whether optional, and its place")]
    fn action(
        &mut self,
        scope: &mut Scope<'_>,
        node: &Node,
        route: &str,
        subject: Option<&Subject>,
    ) -> Option<(Option<std::sync::Arc<dyn crate::lang::action::Action>>, bool, Span)> {
        if let Some(text) = node.scalar().filter(|_| !node.is_null()) {
            let help = match registry::find(text.trim()) {
                Some(verb) => format!("write it with what it needs: `{}`", verb.good),
                None => "an action is `VERB: …`".to_owned(),
            };
            self.error("wrong-type", node.span, "an action is a map with one verb", help);
            return None;
        }
        let entries = node.entries(self.found)?;
        let mut optional = false;
        let mut verbs: Vec<&(Key, Node)> = Vec::new();
        for entry in entries {
            if entry.0.text == "optional" {
                optional = entry.1.as_bool(self.found)?;
            } else {
                verbs.push(entry);
            }
        }
        let (key, value) = match verbs.as_slice() {
            [] => {
                self.error(
                    "missing-verb",
                    node.span,
                    "an action without a verb",
                    format!("verbs are {}", registry::names().join(", ")),
                );
                return None;
            }
            [one] => one,
            [(first, _), (second, _), ..] => {
                if registry::find(&second.text).is_some() || registry::find(&first.text).is_none() {
                    self.found.push(
                        Diagnostic::error("two-verbs", second.span, "one action has one verb, and this is a second")
                            .also(first.span, "the first")
                            .help("begin a new item of the list with `- `"),
                    );
                } else {
                    self.found.push(
                        Diagnostic::error(
                            "two-verbs",
                            second.span,
                            format!("`{}` is no verb, and stands beside one", second.text),
                        )
                        .also(first.span, "the verb")
                        .help(format!("what belongs to `{}` stands under it, further in", first.text)),
                    );
                }
                return None;
            }
        };
        let Some(verb) = registry::find(&key.text) else {
            let names = registry::names();
            let all = names.iter().copied();
            let synonym = registry::synonym(&key.text);
            let fault = Diagnostic::error("unknown-verb", key.span, format!("there is no action `{}`", key.text));
            let fault = match synonym {
                Some(verb) => fault.suggest(key.span, verb),
                None => fault.suggest_near(key.span, &key.text, all),
            };
            self.found.push(fault.or_help(format!("actions are {}", names.join(", "))));
            return None;
        };
        let Some(subject) = subject else { return Some((None, optional, key.span)) };
        if verb.needs == Needs::Lane
            && let Some(kind) = &subject.without_lane
        {
            let message =
                format!("`{}` cannot be done under `{kind}`: it is about a person, not about one opportunity", verb.name);
            self.error("no-opportunity", key.span, message, "only `alert` can be used there");
            return None;
        }
        if matches!(verb.needs, Needs::Opportunity | Needs::Assessment)
            && let Some((kind, why)) = &subject.unwritable
        {
            let message = format!("`{}` cannot be done under `{}`: {why}", verb.name, kind.written());
            self.error("no-opportunity", key.span, message, "only `alert` can be used there");
            return None;
        }
        if verb.needs == Needs::Assessment
            && let Some(kind) = &subject.without_assessment
        {
            let message = format!("`{}` is about an assessment, and there is none under `{}`", verb.name, kind.written());
            self.error(
                "no-assessment",
                key.span,
                message,
                "use it under a trigger such as `assessment.invited`, or a timer on one",
            );
            return None;
        }
        let mark = scope.present.len();
        let action = (verb.parse)(self, scope, value, &format!("{route}.{}", verb.name));
        scope.present.truncate(mark);
        Some((action, optional, key.span))
    }
}

fn variables_in(node: Option<&Node>) -> usize {
    match node.map(|node| &node.kind) {
        Some(NodeKind::Map(entries)) => entries.len(),
        _ => 0,
    }
}
