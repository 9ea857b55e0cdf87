//! A pack bound to one account: settings read by their types, names made ids, and what that leaves without effect.
//!
//! It leans on the account's pinned catalogue alone. What is wrong in one account's settings concerns that account only. [`names`] looks
//! names up, [`band`] holds bands against the bounds that the settings give, [`rows`] indexes tables.

mod band;
mod forms;
mod names;
mod rows;

use super::compile::literal;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::rule::{Pack, Per, Setting};
use super::ruleset::{Mode, RuleSet, SettingValue};
use super::source::Span;
use super::yaml::{Key, Node};
use crate::model::hex;
use crate::model::{AccountCatalogue, AccountId, Kind, Named, Type, Value};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A setting as an account gives it: the values are typed here.
#[derive(Debug, Clone)]
pub struct SettingInput {
    pub name: Key,
    /// The value for the whole account.
    pub default: Option<Node>,
    /// By names or ids.
    pub per: BTreeMap<Per, Vec<(Key, Node)>>,
}

/// Who gives the settings and names: what a person is told to do about one that lacks depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Giver {
    /// An account, by leverd.yaml and its pulled catalogue.
    Account,
    /// A rule test, under `given`.
    Test,
}

/// What an account gives a pack.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    pub account: &'a AccountId,
    pub giver: Giver,
    pub mode: Mode,
    /// Nothing that happened before fires without `backfill`.
    pub baseline: Timestamp,
    pub settings: &'a [SettingInput],
    /// Where the settings stand, or the pack where there are none: the place of settings that lack.
    pub settings_span: Span,
    pub catalogue: &'a Arc<AccountCatalogue>,
}

/// Binds a pack to an account. Every fault is told; there is a rule set only if none is an error.
pub fn bind(pack: &Arc<Pack>, given: Given<'_>, diagnostics: &mut Diagnostics) -> Option<RuleSet> {
    let mut found = Diagnostics::new();
    let mut binder = Binder {
        pack,
        account: given.account,
        giver: given.giver,
        catalogue: given.catalogue,
        names: HashMap::new(),
        pins: BTreeSet::new(),
        meant: BTreeMap::new(),
        places: HashMap::new(),
        found: &mut found,
    };
    let settings = binder.settings(&given);
    binder.mentions();
    binder.bands(&settings);
    binder.forms(&settings);
    let meant = std::mem::take(&mut binder.meant);
    let indexes = rows::indexes(pack, &settings);
    let hash = hash(pack, &settings, &binder.pins, given.catalogue);
    let off = pack.rules.iter().filter_map(|rule| {
        let unset = rule.needs.iter().find(|name| settings.get(*name).is_some_and(|value| value.all().next().is_none()))?;
        Some((rule.name.clone(), unset.clone()))
    });
    let off = off.collect();
    let good = !found.has_errors();
    diagnostics.extend(found);
    good.then(|| RuleSet {
        pack: Arc::clone(pack),
        account: given.account.clone(),
        mode: given.mode,
        settings,
        meant,
        indexes,
        catalogue: Arc::clone(given.catalogue),
        off,
        baseline: given.baseline,
        hash,
    })
}

/// The thing of this kind that a value names in an account: a pinned one as it is, a text by its name or id in the account's
/// catalogue. Literals in rules are texts, since a pack is shared by accounts.
pub fn resolve(ruleset: &RuleSet, kind: Kind, value: &Value) -> Option<Named> {
    match value {
        Value::Named(named) if named.kind == kind => Some(named.clone()),
        Value::Text(text) => {
            ruleset.catalogue.find(kind, ruleset.pack.vendor_name().map(crate::model::VendorName::as_str), text.trim())
        }
        _ => None,
    }
}

struct Binder<'a, 'd> {
    pack: &'a Pack,
    account: &'a AccountId,
    giver: Giver,
    catalogue: &'a AccountCatalogue,
    /// By kind, what the catalogue knows: made once, since catalogues are large and lookups many.
    names: HashMap<Kind, HashMap<String, Vec<Named>>>,
    pins: BTreeSet<(Kind, String, String)>,
    /// What the names in the files mean.
    meant: BTreeMap<Kind, HashMap<String, Value>>,
    /// Where values of settings stand.
    places: HashMap<(String, Applies), Span>,
    found: &'d mut Diagnostics,
}

/// Where a value of a setting applies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Applies {
    Account,
    /// To one thing, by id.
    One(Per, String),
}

impl Binder<'_, '_> {
    fn settings(&mut self, given: &Given<'_>) -> BTreeMap<String, SettingValue> {
        let known: Vec<&str> = self.pack.settings.keys().map(String::as_str).collect();
        for input in given.settings {
            if !self.pack.settings.contains_key(&input.name.text) {
                let message = format!("the pack `{}` has no setting `{}`", self.pack.name, input.name.text);
                let unknown = Diagnostic::error("unknown-setting", input.name.span, message).suggest_near(
                    input.name.span,
                    &input.name.text,
                    known.iter().copied(),
                );
                self.found.push(match known.as_slice() {
                    [] => unknown.or_help("it has no settings"),
                    known => unknown.or_help(format!("its settings are {}", ticked(known.iter().copied()))),
                });
            }
        }
        let pack = self.pack;
        let bound = pack.settings.iter().map(|(name, setting)| {
            let input = given.settings.iter().find(|input| input.name.text == *name);
            (name.clone(), self.setting(name, setting, input, given.settings_span))
        });
        bound.collect()
    }

    fn setting(&mut self, name: &str, setting: &Setting, input: Option<&SettingInput>, span: Span) -> SettingValue {
        let mut bound = SettingValue::default();
        let Some(input) = input else {
            bound.account = self.default(name, setting, span, true);
            return bound;
        };
        for (per, overrides) in &input.per {
            let word = per.as_str();
            if let (false, Some((first, _))) = (setting.per.contains(per), overrides.first()) {
                let message = format!("`{name}` cannot be set per {word}");
                self.found.push(
                    Diagnostic::error("no-override", first.span, message)
                        .also(setting.span, "declared here")
                        .help(format!("give one `default`, or declare the setting with `per: [{word}]`")),
                );
            }
            for (key, node) in overrides {
                if let (Some(one), Some(value)) = (self.find(per.kind(), &key.text, key.span), self.value(node, &setting.ty)) {
                    self.places.insert((name.to_owned(), Applies::One(*per, one.id.clone())), node.span);
                    bound.per.entry(*per).or_default().insert(one.id, value);
                }
            }
        }
        bound.account = match &input.default {
            Some(node) => {
                self.places.insert((name.to_owned(), Applies::Account), node.span);
                self.value(node, &setting.ty)
            }
            // Overrides alone are enough only for a setting that may be unset.
            None => self.default(name, setting, input.name.span, true),
        };
        bound
    }

    /// The declared default, pinned. A setting that must be given and is not leaves a diagnostic.
    fn default(&mut self, name: &str, setting: &Setting, span: Span, needed: bool) -> Option<Value> {
        if let Some(default) = &setting.default {
            return self.pin(default.clone(), &setting.ty, setting.span);
        }
        if needed && !setting.optional {
            let (giver, settings) = match self.giver {
                Giver::Account => (format!("the account `{}` gives", self.account), "its settings"),
                Giver::Test => ("the tests give".to_owned(), "`settings` under `given`"),
            };
            let message = format!("{giver} no `{name}`, which the pack `{}` needs", self.pack.name);
            let doc = setting.doc.as_ref().map(|doc| format!(" ({doc})")).unwrap_or_default();
            self.found.push(
                Diagnostic::error("missing-setting", span, message)
                    .also(setting.span, "declared here without a default")
                    .help(format!("add `{name}: {}` to {settings}{doc}", example(&setting.ty))),
            );
        }
        None
    }

    /// A value given in the account's settings.
    fn value(&mut self, node: &Node, ty: &Type) -> Option<Value> {
        match ty {
            Type::List(item) => {
                let items = node.items(self.found)?;
                let all: Vec<Option<Value>> = items.iter().map(|node| self.value(node, item)).collect();
                all.into_iter().collect::<Option<Vec<_>>>().map(Value::List)
            }
            Type::Record(fields) => self.row(node, fields),
            ty => {
                let value = literal::literal(node, ty, self.found)?;
                self.pin(value, ty, node.span)
            }
        }
    }

    /// Names made named things with their ids.
    fn pin(&mut self, value: Value, ty: &Type, span: Span) -> Option<Value> {
        match (ty, value) {
            (Type::Named(kind), Value::Text(text)) => self.find(*kind, &text, span).map(Value::Named),
            (Type::List(item), Value::List(items)) => {
                items.into_iter().map(|value| self.pin(value, item, span)).collect::<Option<Vec<_>>>().map(Value::List)
            }
            (Type::Record(fields), Value::Record { record }) => {
                let cell = |(name, value): (String, Value)| {
                    let value = self.pin(value, &fields.get(&name)?.ty, span)?;
                    Some((name, value))
                };
                record.into_iter().map(cell).collect::<Option<_>>().map(|record| Value::Record { record })
            }
            (_, value) => Some(value),
        }
    }
}

fn ticked<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// How a value of this type may look.
fn example(ty: &Type) -> String {
    match ty {
        Type::Int | Type::Number => "70".to_owned(),
        Type::Bool => "true".to_owned(),
        Type::Duration => "7d".to_owned(),
        Type::Date => "2026-11-21".to_owned(),
        Type::Url => "https://…".to_owned(),
        Type::OneOf(options) => options.first().cloned().unwrap_or_default(),
        Type::List(item) => format!("[{}]", example(item)),
        Type::Text | Type::Tag => "…".to_owned(),
        Type::Named(Kind::Assessment) => "Title of the test".to_owned(),
        Type::Named(kind) => format!("Name of the {kind}"),
        Type::Record(fields) => {
            let cells: Vec<String> = fields.iter().map(|(name, field)| format!("{name}: {}", example(&field.ty))).collect();
            format!("{{ {} }}", cells.join(", "))
        }
    }
}

/// SHA-256 over everything that a plan of this rule set can depend on, besides the facts.
fn hash(
    pack: &Pack,
    settings: &BTreeMap<String, SettingValue>,
    pins: &BTreeSet<(Kind, String, String)>,
    catalogue: &AccountCatalogue,
) -> String {
    let mut hasher = Sha256::new();
    let mut part = |text: &str| {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    };
    let json = |value: &Value| serde_json::to_string(value).unwrap_or_default();
    part(&pack.hash);
    for (name, value) in settings {
        part(name);
        part(&value.account.as_ref().map(json).unwrap_or_default());
        for (per, overrides) in &value.per {
            for (key, value) in overrides {
                part(per.as_str());
                part(key);
                part(&json(value));
            }
        }
    }
    for (kind, id, name) in pins {
        part(&kind.to_string());
        part(id);
        part(name);
    }
    // Moves go forward by this order.
    for stage in &catalogue.stages {
        part(&stage.id);
    }
    hex(&hasher.finalize())
}
