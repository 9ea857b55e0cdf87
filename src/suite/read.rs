//! `tests.yaml` read and bound: every fault told, with its place.

use super::expect::{After, Expected, Outcome, WORDS, Wanted};
use super::grammar::{AFTER, ATTEMPT, GIVEN, OPPORTUNITY, ROOT, STEP, TEST};
use super::world::{id, inherit, named};
use super::{Happening, Suite, Test, What};
use crate::lang::bind::{Given, Giver, SettingInput, bind};
use crate::lang::compile::literal::literal;
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::near::near;
use crate::lang::rule::Pack;
use crate::lang::ruleset::Mode;
use crate::lang::source::{SourceId, Sources, Span};
use crate::lang::vocabulary;
use crate::lang::yaml::{self, Key, Node};
use crate::model::{
    AccountCatalogue, AccountId, Assessment, AssessmentEvent, AssessmentId, Decision, Event, EventId, EventKind, Facts, Field,
    Group, Id, Integrity, Kind, OpportunityId, Phase, Pinned, PostingEntry, ReportState, TestEntry, Type, Value, Verdict,
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The stages of a test that names none: Lever's own.
const STAGES: [&str; 4] = ["New lead", "Assessment", "Interview", "Offer"];

/// Reads the tests of a pack. Nothing comes back if a fault is an error.
pub fn read(sources: &Sources, file: SourceId, pack: &Arc<Pack>, diagnostics: &mut Diagnostics) -> Option<Suite> {
    let mut found = Diagnostics::new();
    let root = yaml::load(sources, file, &mut found)?;
    let mut reader = Reader { sources, pack, found: &mut found };
    let suite = reader.suite(&root, file);
    let broken = found.has_errors();
    diagnostics.extend(crate::lang::route::routed(&root, found));
    if broken { None } else { Some(suite) }
}

/// What a test begins with, as nodes: the file's, replaced key by key by the test's.
#[derive(Clone, Default)]
struct Beginning<'n> {
    keys: BTreeMap<String, &'n Node>,
    settings: Vec<&'n (Key, Node)>,
    opportunity: BTreeMap<String, &'n Node>,
    /// Where the settings are given, or `given` where there are none: the place of settings that lack.
    settings_span: Option<Span>,
}

struct Reader<'r> {
    sources: &'r Sources,
    pack: &'r Arc<Pack>,
    found: &'r mut Diagnostics,
}

impl Reader<'_> {
    fn suite(&mut self, root: &Node, file: SourceId) -> Suite {
        let mut begin = Beginning::default();
        let mut tests = Vec::new();
        for (key, value) in ROOT.entries(root, self.found) {
            match key.text.as_str() {
                "given" => self.given(key, value, &mut begin),
                _ => tests.extend(value.items(self.found).unwrap_or_default()),
            }
        }
        let mut names: BTreeMap<String, Span> = BTreeMap::new();
        let mut read = Vec::new();
        for node in tests {
            let Some(test) = self.test(node, begin.clone()) else { continue };
            if let Some(first) = names.insert(test.name.clone(), node.span) {
                let message = format!("two tests are called `{}`", test.name);
                let fault = Diagnostic::error("duplicate-test", node.span.at_start(), message);
                self.found.push(fault.also(first.at_start(), "the first").help("give each test a name of its own"));
            }
            read.push(test);
        }
        let name = self.sources.get(file).map(|source| source.name().to_owned()).unwrap_or_default();
        Suite { file: name, tests: read }
    }

    fn given<'n>(&mut self, given: &'n Key, node: &'n Node, begin: &mut Beginning<'n>) {
        begin.settings_span = begin.settings_span.or(Some(given.span));
        for entry in GIVEN.entries(node, self.found) {
            match entry.0.text.as_str() {
                "settings" => {
                    begin.settings_span = Some(entry.0.span);
                    for setting in entry.1.entries(self.found).unwrap_or_default() {
                        begin.settings.retain(|(key, _)| key.text != setting.0.text);
                        begin.settings.push(setting);
                    }
                }
                "opportunity" => {
                    for (key, value) in OPPORTUNITY.entries(&entry.1, self.found) {
                        begin.opportunity.insert(key.text.clone(), value);
                    }
                }
                key => {
                    begin.keys.insert(key.to_owned(), &entry.1);
                }
            }
        }
    }

    fn test<'n>(&mut self, node: &'n Node, mut begin: Beginning<'n>) -> Option<Test> {
        let (mut name, mut steps) = (None, None);
        for (key, value) in TEST.entries(node, self.found) {
            match key.text.as_str() {
                "name" => name = value.as_text(self.found),
                "given" => self.given(key, value, &mut begin),
                _ => steps = value.items(self.found),
            }
        }
        let catalogue = Arc::new(self.catalogue(&begin));
        let now = begin.keys.get("now").and_then(|node| self.time(node)).unwrap_or_else(beginning);
        let settings: Vec<SettingInput> = begin.settings.iter().map(|(key, value)| setting(key, value)).collect();
        let given = Given {
            account: &AccountId::new("test"),
            giver: Giver::Test,
            mode: Mode::Live,
            baseline: Timestamp::UNIX_EPOCH,
            settings: &settings,
            settings_span: begin.settings_span.unwrap_or(node.span.at_start()),
            catalogue: &catalogue,
        };
        let ruleset = bind(self.pack, given, self.found);
        let opportunity = OpportunityId::new("opportunity");
        let mut facts = self.facts(&begin, &catalogue, now);
        let attempts = begin.opportunity.get("attempts").copied();
        let ledger = attempts.map(|node| self.attempts(node, &opportunity, &facts, &catalogue)).unwrap_or_default();
        inherit(&mut facts);
        let steps = steps?.iter().filter_map(|step| self.step(step, &catalogue)).collect();
        let line = self.line(node.span);
        Some(Test { name: name?.to_owned(), line, ruleset: Arc::new(ruleset?), opportunity, facts, ledger, steps })
    }

    fn line(&self, span: Span) -> usize {
        self.sources.get(span.source).map_or(0, |source| source.line_of(span.range().start))
    }

    fn time(&mut self, node: &Node) -> Option<Timestamp> {
        match literal(node, &Type::Date, self.found)? {
            Value::Date { date } => Some(date),
            _ => None,
        }
    }

    fn texts(&mut self, node: &Node) -> Vec<String> {
        let items = node.items(self.found).unwrap_or_default();
        items.iter().filter_map(|item| item.as_text(self.found).map(str::to_owned)).collect()
    }

    fn catalogue(&mut self, begin: &Beginning<'_>) -> AccountCatalogue {
        let mut named = |key: &str| begin.keys.get(key).map(|node| self.texts(node));
        let pins = |kind, names: Vec<String>| names.into_iter().map(|name| Pinned { id: id(kind, &name), name }).collect();
        let stages = named("stages").unwrap_or_else(|| STAGES.map(str::to_owned).to_vec());
        let reasons = named("archive_reasons").unwrap_or_default();
        let postings = named("postings").unwrap_or_default();
        let tests = named("tests").unwrap_or_default();
        let posting = |title: String| PostingEntry { id: id(Kind::Posting, &title), title, state: "published".into() };
        let test = |title: String| TestEntry { id: id(Kind::Assessment, &title), title, fields: BTreeMap::new() };
        let vendor = self.pack.vendor_name().map(|vendor| vendor.as_str().to_owned());
        AccountCatalogue {
            pulled_at: beginning(),
            stages: pins(Kind::Stage, stages),
            archive_reasons: pins(Kind::ArchiveReason, reasons),
            postings: postings.into_iter().map(posting).collect(),
            tests: vendor.map(|vendor| (vendor, tests.into_iter().map(test).collect())).into_iter().collect(),
            ..AccountCatalogue::default()
        }
    }

    /// The thing that a test names; it must be in what the test gives.
    fn known(&mut self, node: &Node, kind: Kind, catalogue: &AccountCatalogue) -> Option<Value> {
        let text = node.as_text(self.found)?;
        let vendor = self.pack.vendor_name().map(crate::model::VendorName::as_str);
        if let Some(found) = catalogue.find(kind, vendor, text) {
            return Some(Value::Named(found));
        }
        let all = catalogue.all(kind, vendor);
        let names = all.iter().map(|named| named.name.as_str());
        let message = format!("the test gives no {kind} called `{text}`");
        let fault = Diagnostic::error("unknown-name", node.span, message).suggest_near(node.span, text, names);
        self.found.push(fault.help("name it under `given`, or mend the spelling"));
        None
    }

    fn facts(&mut self, begin: &Beginning<'_>, catalogue: &AccountCatalogue, now: Timestamp) -> Facts {
        let mut facts = Facts::at(now);
        facts.known.extend([Group::Opportunity, Group::Posting, Group::Ledger]);
        if let Some(vendor) = self.pack.vendor_name() {
            facts.known.insert(Group::Tests(vendor.clone()));
            facts.tests.insert(vendor.clone(), catalogue.tests.get(vendor.as_str()).cloned().unwrap_or_default().into());
        }
        let stage = catalogue.stages.first().map(|stage| named(Kind::Stage, &stage.name));
        facts.values.extend(stage.map(|stage| ("opportunity.stage".to_owned(), stage)));
        for (name, value) in [
            ("opportunity.id", Value::text("opportunity")),
            ("opportunity.archived", Value::Bool(false)),
            ("opportunity.own_tags", Value::List(Vec::new())),
            ("opportunity.sources", Value::List(Vec::new())),
            ("opportunity.links", Value::List(Vec::new())),
            ("opportunity.confidential", Value::Bool(false)),
            ("opportunity.created_at", Value::date(now)),
            ("opportunity.contact", Value::text("contact")),
            ("candidate.name", Value::text("Ada Example")),
            ("candidate.first_name", Value::text("Ada")),
            ("candidate.last_name", Value::text("Example")),
            ("candidate.email", Value::text("ada@example.com")),
            ("candidate.emails", Value::texts(["ada@example.com"])),
            ("posting.tags", Value::List(Vec::new())),
        ] {
            facts.set(name, value);
        }
        for (key, node) in &begin.opportunity {
            for (name, value) in self.change(key, node, catalogue) {
                match value {
                    Some(value) => facts.set(&name, value),
                    None => drop(facts.values.remove(&name)),
                }
            }
        }
        facts
    }

    /// One key of `opportunity`, as facts.
    fn change(&mut self, key: &str, node: &Node, catalogue: &AccountCatalogue) -> Vec<(String, Option<Value>)> {
        let one = |name: &str, value: Option<Value>| vec![(name.to_owned(), value)];
        match key {
            "stage" => one("opportunity.stage", self.known(node, Kind::Stage, catalogue)),
            "tags" => one("opportunity.own_tags", Some(Value::texts(self.texts(node)))),
            "posting_tags" => one("posting.tags", Some(Value::texts(self.texts(node)))),
            "posting" => {
                let posting = self.known(node, Kind::Posting, catalogue);
                let (id, title) =
                    (posting.as_ref().and_then(|p| p.member("id")), posting.as_ref().and_then(|p| p.member("name")));
                vec![("opportunity.posting".into(), posting), ("posting.id".into(), id), ("posting.title".into(), title)]
            }
            "archived" => {
                let reason = self.known(node, Kind::ArchiveReason, catalogue);
                vec![("opportunity.archived".into(), Some(Value::Bool(true))), ("opportunity.archive_reason".into(), reason)]
            }
            "email" => {
                let text = node.as_text(self.found).map(str::trim).filter(|text| !text.is_empty() && !node.is_null());
                let all = Value::List(text.map(Value::text).into_iter().collect());
                vec![("candidate.email".into(), text.map(Value::text)), ("candidate.emails".into(), Some(all))]
            }
            "facts" => {
                let names: BTreeMap<_, _> = vocabulary::opportunity()
                    .into_iter()
                    .chain(vocabulary::posting())
                    .map(|entry| (entry.name.to_owned(), entry.field))
                    .collect();
                self.values(node, &names, catalogue).into_iter().map(|(name, value)| (name, Some(value))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A map of names of the vocabulary to values of their types.
    fn values(
        &mut self,
        node: &Node,
        names: &BTreeMap<String, Field>,
        catalogue: &AccountCatalogue,
    ) -> BTreeMap<String, Value> {
        let mut values = BTreeMap::new();
        for (key, value) in node.entries(self.found).unwrap_or_default() {
            let Some(field) = names.get(&key.text) else {
                let fault = Diagnostic::error("unknown-name", key.span, format!("nothing called `{}` is known here", key.text));
                let fault = fault.suggest_near(key.span, &key.text, names.keys().map(String::as_str));
                let known: Vec<String> = names.keys().map(|name| format!("`{name}`")).collect();
                self.found.push(match (&fault.suggestion, known.as_slice()) {
                    (Some(_), _) => fault,
                    (None, []) => fault.help("this event says nothing of its own; facts stand under `opportunity`"),
                    (None, known) => fault.help(format!("names are {}", known.join(", "))),
                });
                continue;
            };
            let read = match &field.ty {
                Type::Named(kind) => self.known(value, *kind, catalogue),
                ty => literal(value, ty, self.found),
            };
            values.extend(read.map(|read| (key.text.clone(), read)));
        }
        values
    }

    fn attempts(
        &mut self,
        node: &Node,
        opportunity: &OpportunityId,
        facts: &Facts,
        catalogue: &AccountCatalogue,
    ) -> Vec<Assessment> {
        let mut rows: Vec<Assessment> = Vec::new();
        let Some(vendor) = self.pack.vendor_name().cloned() else { return rows };
        for node in node.items(self.found).unwrap_or_default() {
            let (mut test, mut phase, mut stage, mut expires) = (None, Phase::Invited, None, None);
            for (key, value) in ATTEMPT.entries(node, self.found) {
                match key.text.as_str() {
                    "test" => test = self.known(value, Kind::Assessment, catalogue),
                    "phase" => phase = self.phase(value).unwrap_or(phase),
                    "stage" => stage = self.known(value, Kind::Stage, catalogue),
                    _ => expires = self.time(value),
                }
            }
            let Some(Value::Named(test)) = test else { continue };
            let invite_key = format!("opportunity:{opportunity}/{vendor}/{}:{}/0:", test.id.len(), test.id);
            let attempt = u32::try_from(rows.iter().filter(|row| row.invite_key == invite_key).count()).unwrap_or(0) + 1;
            let pinned = |value: Option<&Value>| match value {
                Some(Value::Named(named)) => Some(Pinned { id: named.id.clone(), name: named.name.clone() }),
                _ => None,
            };
            let reached = |rank: u8| phase.rank().is_some_and(|now| now >= rank).then_some(facts.now);
            rows.push(Assessment {
                id: AssessmentId::derive(facts.now, &["test", &invite_key, &attempt.to_string()]),
                account: AccountId::new("test"),
                opportunity: opportunity.clone(),
                contact: None,
                vendor: vendor.clone(),
                test: TestEntry { id: test.id, title: test.name, fields: BTreeMap::new() },
                key: None,
                invite_key,
                attempt,
                phase,
                verdict: Verdict::None,
                decision: Decision::None,
                report: ReportState::None,
                integrity: Integrity::None,
                stage: pinned(stage.as_ref().or(facts.values.get("opportunity.stage"))),
                posting: pinned(facts.values.get("opportunity.posting")),
                requested_by: EventId(Id::derive(facts.now, &["given"])),
                requested_at: facts.now,
                invited_at: reached(1),
                started_at: reached(3),
                submitted_at: reached(4),
                expires_at: expires,
                ids: BTreeMap::new(),
                candidate_url: None,
                result: BTreeMap::new(),
            });
        }
        rows
    }

    fn phase(&mut self, node: &Node) -> Option<Phase> {
        let text = node.as_text(self.found)?;
        if let Ok(phase) = text.parse() {
            return Some(phase);
        }
        let known = Phase::ALL.iter().map(|phase| phase.as_str());
        let fault = Diagnostic::error("unknown-value", node.span, format!("no attempt can be `{text}`"));
        self.found.push(
            fault
                .suggest_near(node.span, text, known.clone())
                .help(format!("phases are {}", known.collect::<Vec<_>>().join(", "))),
        );
        None
    }

    fn step(&mut self, node: &Node, catalogue: &AccountCatalogue) -> Option<Happening> {
        let mut step = Happening {
            line: self.line(node.span),
            changes: BTreeMap::new(),
            tags_changed: false,
            what: What::Nothing,
            vendor: Outcome::Accepts,
            expect: None,
            because: Vec::new(),
            after: Vec::new(),
        };
        let (mut event, mut with, mut test, mut wait) = (None, None, None, None);
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
                "wait" => wait = value.as_duration(self.found).map(|duration| (key, duration)),
                "vendor" => {
                    step.vendor = match value.as_text(self.found)? {
                        "accepts" => Outcome::Accepts,
                        "silent" => Outcome::Silent,
                        why => Outcome::Refuses(why.to_owned()),
                    };
                }
                "expect" => step.expect = Some(self.expect(value)),
                "because" => {
                    step.because =
                        value.items_or_self().iter().filter_map(|text| text.as_text(self.found).map(str::to_owned)).collect();
                }
                _ => step.after = self.after(value, catalogue),
            }
        }
        match (event, wait) {
            (Some(_), Some((key, _))) => {
                let fault = Diagnostic::error("two-things", key.span, "a step is an event or a `wait`, not both");
                self.found.push(fault.help("make two steps of it"));
            }
            (Some((kind, place)), None) => {
                let names = vocabulary::names(&kind, self.pack.vendor.as_deref());
                let said: BTreeMap<_, _> = names
                    .iter()
                    .filter(|(name, _)| !is_fact(name))
                    .map(|(name, field)| (name.clone(), field.clone()))
                    .collect();
                let fields = with.map(|(_, node)| self.values(node, &said, catalogue)).unwrap_or_default();
                // What is written and wrong, or misspelt, is told already.
                let written: Vec<&str> = match with.map(|(_, node)| &node.kind) {
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
                if let Some(stage) = fields.get("to_stage") {
                    step.changes.entry("opportunity.stage".into()).or_insert_with(|| Some(stage.clone()));
                }
                let mut event =
                    Event::new(EventId(Id::derive(beginning(), &[])), AccountId::new("test"), kind, None, beginning());
                event.fields = fields;
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

    fn expect(&mut self, node: &Node) -> Vec<Expected> {
        if node.scalar() == Some("nothing") {
            return Vec::new();
        }
        let mut expected = Vec::new();
        let help = "write `nothing`, or a list such as `[ { invite: TITLE }, { set_tag: { FAMILY: TEXT } } ]`";
        let Some(items) = node.items(self.found) else { return expected };
        for item in items {
            let Some(entries) = item.known_entries("`expect`", &WORDS, self.found) else { continue };
            if entries.is_empty() {
                self.found.extend(item.wrong_type("what leverd shall do", help));
            }
            for (key, value) in entries.iter().filter(|(key, _)| WORDS.contains(&key.text.as_str())) {
                expected.extend(self.wish(key, value));
            }
        }
        expected
    }

    fn wish(&mut self, key: &Key, value: &Node) -> Option<Expected> {
        if key.text == "set_tag" {
            let (family, member) = value.entries(self.found)?.first()?;
            if !self.pack.families.contains_key(&family.text) {
                let fault =
                    Diagnostic::error("unknown-family", family.span, format!("no tag family is called `{}`", family.text));
                let families: Vec<String> = self.pack.families.keys().map(|name| format!("`{name}`")).collect();
                let help = match families.as_slice() {
                    [] => "the pack declares no `tags`".to_owned(),
                    all => format!("families are {}", all.join(", ")),
                };
                let known = self.pack.families.keys().map(String::as_str);
                self.found.push(fault.suggest_near(family.span, &family.text, known).help(help));
            }
            return Some(Expected { word: format!("set_tag {}", family.text), value: self.wanted(member)? });
        }
        Some(Expected { word: key.text.clone(), value: self.wanted(value)? })
    }

    fn wanted(&mut self, node: &Node) -> Option<Wanted> {
        if node.get("contains").is_some() {
            let (_, text) = node.known_entries("what is expected", &["contains"], self.found)?.first()?;
            return Some(Wanted::Contains(text.as_text(self.found)?.to_owned()));
        }
        Some(Wanted::Is(node.as_text(self.found)?.to_owned()))
    }

    fn after(&mut self, node: &Node, catalogue: &AccountCatalogue) -> Vec<After> {
        let mut after = Vec::new();
        for (key, value) in AFTER.entries(node, self.found) {
            match key.text.as_str() {
                "tags" => after.push(After::Tags(self.texts(value))),
                "stage" => after.extend(self.known(value, Kind::Stage, catalogue).map(|stage| After::Stage(stage.to_string()))),
                _ => {
                    for (test, phase) in value.entries(self.found).unwrap_or_default() {
                        after.extend(self.phase(phase).map(|phase| After::Attempt(test.text.clone(), phase)));
                    }
                }
            }
        }
        after
    }
}

/// Whether a name of the vocabulary comes from a read or the ledger, not from the event.
fn is_fact(name: &str) -> bool {
    vocabulary::group(name).is_some() || name.starts_with("event.")
}

/// A setting as written: one value, or a map with overrides.
fn setting(key: &Key, node: &Node) -> SettingInput {
    let mut setting = SettingInput { name: key.clone(), default: None, per_posting: Vec::new(), per_stage: Vec::new() };
    let overrides = ["per_posting", "per_stage"].iter().any(|key| node.get(key).is_some());
    if !overrides {
        setting.default = Some(node.clone());
        return setting;
    }
    let entries = |key: &str| match node.get(key).map(|node| &node.kind) {
        Some(yaml::Kind::Map(entries)) => entries.clone(),
        _ => Vec::new(),
    };
    setting.default = node.get("default").cloned();
    setting.per_posting = entries("per_posting");
    setting.per_stage = entries("per_stage");
    setting
}

/// When tests begin unless they say so.
fn beginning() -> Timestamp {
    Timestamp::from_second(1_767_603_600).unwrap_or(Timestamp::UNIX_EPOCH)
}
