//! `tests.yaml` read and bound: every fault told, with its place.
//!
//! | file | what it reads |
//! |---|---|
//! | `mod.rs` | the file: what all tests begin with, and each test |
//! | `given.rs` | the world at the beginning: catalogue, settings, the opportunity as facts, the ledger |
//! | `step.rs` | what happens |
//! | `expect.rs` | what leverd shall do, and how it looks afterwards |

mod expect;
mod given;
mod step;

use super::expect::Place;
use super::grammar::{GIVEN, OPPORTUNITY, ROOT, TEST};
use super::world::inherit;
use super::{Suite, Test};
use crate::lang::bind::{Given, Giver, SettingInput, bind};
use crate::lang::compile::literal::literal;
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::rule::Pack;
use crate::lang::ruleset::Mode;
use crate::lang::source::{SourceId, Sources, Span};
use crate::lang::yaml::{self, Key, Node};
use crate::model::{AccountCatalogue, AccountId, Kind, OpportunityId, Type, Value};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

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
        let settings: Vec<SettingInput> = begin.settings.iter().map(|(key, value)| given::setting(key, value)).collect();
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

    /// Where something stands, for when it is not so. What takes several lines is marked to the end of its first.
    fn place(&self, span: Span) -> Place {
        let Some(source) = self.sources.get(span.source) else {
            return Place { line: 1, column: 1, width: 1, text: String::new() };
        };
        let (range, at) = (span.range(), source.place(span.range().start));
        let text = source.line(at.line);
        let width = source.slice(range).lines().next().unwrap_or_default().trim_end().chars().count();
        Place { line: at.line, column: at.column, width, text: text.to_owned() }
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
}

/// When tests begin unless they say so.
fn beginning() -> Timestamp {
    Timestamp::from_second(1_767_603_600).unwrap_or(Timestamp::UNIX_EPOCH)
}
