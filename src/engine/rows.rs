//! Rows: what `for_each` and `find` walk, and what to say when there are none.

use super::condition::{self, Truth};
use super::family;
use super::scope::{Scope, attempt_field};
use crate::lang::action::Stop;
use crate::lang::rule::{Cond, Matcher, Only, Place, Source, Spec};
use crate::lang::vocabulary;
use crate::model::{Assessment, Choice, Group, Index, Said, TestEntry, TestList, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The most candidates that a step shows.
const SHOWN: usize = 10;
/// The most comparisons that the search for a near miss makes.
const COMPARED: usize = 5_000;

/// One row of a source.
#[derive(Debug, Clone)]
pub(super) enum Row<'a> {
    Test(&'a TestEntry),
    Attempt(&'a Assessment),
    Value(Cow<'a, Value>),
    /// A value that a pattern read, with what stood in its holes.
    Read {
        value: Value,
        holes: BTreeMap<String, Value>,
    },
}

impl Row<'_> {
    /// The row itself, or what follows the dot: a field, or a field of a field (`test.title`).
    pub(super) fn member(&self, path: Option<&str>) -> Option<Value> {
        let Some(path) = path else { return Some(self.value()) };
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let field = self.field(name)?;
        rest.map_or(Some(field.clone()), |rest| rest.split('.').try_fold(field, |value, name| value.member(name)))
    }

    fn field(&self, name: &str) -> Option<Value> {
        match self {
            Self::Test(test) => match name {
                "id" => Some(Value::text(&test.id)),
                "title" | "name" => Some(Value::text(&test.title)),
                field => test.fields.get(field).cloned(),
            },
            Self::Attempt(attempt) => attempt_field(attempt, name),
            Self::Value(value) => value.member(name),
            Self::Read { value, holes } => holes.get(name).cloned().or_else(|| value.member(name)),
        }
    }

    /// The row as a person may choose it.
    pub(super) fn choice(&self) -> Choice {
        let value = self.value();
        let fields = match self {
            Self::Test(test) => test.fields.clone(),
            Self::Attempt(attempt) => {
                let names = vocabulary::assessment().into_iter().filter_map(|entry| entry.name.strip_prefix("assessment."));
                names.filter_map(|name| Some((name.to_owned(), attempt_field(attempt, name)?))).collect()
            }
            Self::Read { holes, .. } => holes.clone(),
            Self::Value(_) => BTreeMap::new(),
        };
        let label = match &value {
            Value::Record { record } => record.values().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            value => value.to_string(),
        };
        Choice { label, value, fields }
    }

    fn value(&self) -> Value {
        match self {
            Self::Test(test) => test.value(),
            Self::Attempt(attempt) => attempt.test.value(),
            Self::Value(value) => value.clone().into_owned(),
            Self::Read { value, .. } => value.clone(),
        }
    }

    /// What tells this row from others, whatever order they come in: part of effect ids.
    pub(super) fn identity(&self) -> String {
        match self {
            Self::Test(test) => test.id.clone(),
            Self::Attempt(attempt) => attempt.id.to_string(),
            Self::Value(value) => of_value(value),
            Self::Read { value, .. } => of_value(value),
        }
    }
}

fn of_value(value: &Value) -> String {
    match value {
        Value::Named(named) => named.id.clone(),
        value => serde_json::to_string(value).unwrap_or_default(),
    }
}

/// The rows of a source, or what to say since there are none.
pub(super) struct Rows<'a> {
    pub(super) rows: Vec<Row<'a>>,
    pub(super) missed: Option<Said>,
}

/// Evaluates a spec.
pub(super) fn rows<'a>(scope: &Scope<'a>, spec: &Spec) -> Result<Rows<'a>, Stop> {
    let mut missed = None;
    let mut kept = Vec::new();
    if let Source::FirstOf(specs) = &spec.source {
        for inner in specs {
            let inner = rows(scope, inner)?;
            if !inner.rows.is_empty() {
                kept = inner.rows;
                missed = None;
                break;
            }
            // Of several misses the one with a near candidate says most.
            let near = |said: &Option<Said>| matches!(said, Some(Said::NoRows { nearest: Some(_), .. }));
            if missed.is_none() || (near(&inner.missed) && !near(&missed)) {
                missed = inner.missed;
            }
        }
    } else {
        let all = pool(scope, spec)?;
        kept = filter(scope, spec, &all)?;
        if kept.is_empty() {
            missed = Some(nothing(scope, spec, &all));
        }
    }
    match spec.only {
        Some(Only::First) => kept.truncate(1),
        Some(Only::Latest) => {
            let latest = kept.iter().enumerate().max_by_key(|(at, row)| match row {
                Row::Attempt(attempt) => (attempt.requested_at, attempt.attempt, *at),
                _ => (jiff::Timestamp::UNIX_EPOCH, 0, *at),
            });
            kept = latest.map(|(_, row)| row.clone()).into_iter().collect();
        }
        Some(Only::One) if kept.len() > 1 => {
            let reason = format!("{} rows where one is wanted: {}", kept.len(), show(kept.iter().cloned()).join(", "));
            kept.clear();
            missed = Some(Said::Skipped { reason });
        }
        Some(Only::One) | None => {}
    }
    if let Some(field) = &spec.take {
        kept = kept.into_iter().filter_map(|row| row.member(Some(field)).map(Cow::Owned).map(Row::Value)).collect();
    }
    if kept.is_empty()
        && let Some(default) = &spec.default
        && let Some(value) = scope.operand(default, None)?
    {
        kept = value.items().iter().cloned().map(Cow::Owned).map(Row::Value).collect();
    }
    if kept.is_empty() && missed.is_none() {
        missed = Some(Said::NoRows { wanted: describe(scope, spec), candidates: Vec::new(), nearest: None });
    }
    Ok(Rows { missed: missed.filter(|_| kept.is_empty()), rows: kept })
}

/// All rows of a source, not yet looked at.
enum Pool<'a> {
    Rows(Vec<Row<'a>>),
    Tests(&'a TestList),
    /// A list or a table of the settings, with what is indexed of it.
    Setting(&'a [Value], Option<&'a BTreeMap<Option<String>, Index>>),
}

impl<'a> Pool<'a> {
    fn len(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.len(),
            Self::Tests(tests) => tests.len(),
            Self::Setting(values, _) => values.len(),
        }
    }

    fn row(&self, at: usize) -> Option<Row<'a>> {
        match self {
            Self::Rows(rows) => rows.get(at).cloned(),
            Self::Tests(tests) => tests.get(at).map(Row::Test),
            Self::Setting(values, _) => values.get(at).map(Cow::Borrowed).map(Row::Value),
        }
    }

    fn iter(&self) -> impl Iterator<Item = Row<'a>> + '_ {
        (0..self.len()).filter_map(|at| self.row(at))
    }

    fn index(&self, field: Option<&String>) -> Option<&'a Index> {
        match (self, field) {
            (Self::Tests(tests), Some(field)) => tests.index(field),
            (Self::Setting(_, Some(indexes)), field) => indexes.get(&field.cloned()),
            _ => None,
        }
    }

    /// The places of the rows that may satisfy `cond`, if an index can tell; else every row has to be looked at.
    fn places(&self, scope: &Scope<'a>, cond: Option<&Cond>) -> Result<Option<Vec<usize>>, Stop> {
        for (field, operand) in cond.map(Cond::equalities).unwrap_or_default() {
            let Some(index) = self.index(field.as_ref()) else { continue };
            return match scope.operand(operand, None) {
                Ok(Some(wanted)) => Ok(Some(index.find(&wanted))),
                // What is absent equals nothing; so does a text that cannot be made.
                Ok(None) | Err(Stop::Unrenderable(_)) => Ok(Some(Vec::new())),
                Err(stop) => Err(stop),
            };
        }
        Ok(None)
    }
}

fn pool<'a>(scope: &Scope<'a>, spec: &Spec) -> Result<Pool<'a>, Stop> {
    Ok(match &spec.source {
        Source::Catalogue => {
            let Some(vendor) = scope.set.pack.vendor_name() else { return Ok(Pool::Rows(Vec::new())) };
            scope.know(Group::Tests(vendor.clone()))?;
            scope.facts.tests.get(vendor).map_or_else(|| Pool::Rows(Vec::new()), Pool::Tests)
        }
        Source::Ledger => {
            scope.know(Group::Ledger)?;
            let vendor = scope.set.pack.vendor_name();
            let ours =
                |row: &&Assessment| Some(&row.opportunity) == scope.event.opportunity.as_ref() && Some(&row.vendor) == vendor;
            let current = |row: &'a Assessment| scope.attempt.filter(|attempt| attempt.id == row.id).unwrap_or(row);
            Pool::Rows(scope.facts.ledger.iter().filter(ours).map(current).map(Row::Attempt).collect())
        }
        Source::Place(Place::Setting { name, member: None }) => match scope.setting(name)? {
            Some(value) => Pool::Setting(value.items(), scope.set.indexes.get(name)),
            None => Pool::Rows(Vec::new()),
        },
        Source::Place(place) => Pool::Rows(match scope.look(place, None)? {
            Some(value) => value.items().iter().cloned().map(Cow::Owned).map(Row::Value).collect(),
            None => Vec::new(),
        }),
        Source::FirstOf(_) => Pool::Rows(Vec::new()),
    })
}

fn filter<'a>(scope: &Scope<'a>, spec: &Spec, all: &Pool<'a>) -> Result<Vec<Row<'a>>, Stop> {
    let pattern = match &spec.like {
        Some(pattern) => match family::rendered(scope, pattern)? {
            Some(pattern) => Some(pattern),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    // A pattern makes rows of its own, which no index knows.
    let cond = spec.where_.as_ref();
    let places = all.places(scope, cond.filter(|_| pattern.is_none()))?;
    let picked: Box<dyn Iterator<Item = Row<'a>> + '_> = match places {
        Some(places) => Box::new(places.into_iter().filter_map(|at| all.row(at))),
        None => Box::new(all.iter()),
    };
    let mut kept = Vec::new();
    for row in picked {
        scope.notes.look();
        let row = match &pattern {
            Some(pattern) => {
                let value = row.value();
                let Some(holes) = value.as_text().and_then(|text| family::fit(scope, pattern, text)) else { continue };
                Row::Read { value, holes }
            }
            None => row,
        };
        let fits = match cond {
            Some(cond) => condition::holds(scope, cond, Some(&row))? == Truth::True,
            None => true,
        };
        if fits {
            kept.push(row);
        }
    }
    Ok(kept)
}

fn show<'a>(rows: impl Iterator<Item = Row<'a>>) -> Vec<String> {
    rows.take(SHOWN).map(|row| row.value().to_string()).collect()
}

/// What a spec looks for, as a reader of the rule would say it.
fn describe(scope: &Scope<'_>, spec: &Spec) -> String {
    let source = match &spec.source {
        Source::Catalogue => "a test of the vendor's catalogue".to_owned(),
        Source::Ledger => "an attempt in our ledger".to_owned(),
        Source::Place(place) => format!("a value of `{}`", condition::place_name(place)),
        Source::FirstOf(_) => "a row of any of its sources".to_owned(),
    };
    let like = spec.like.as_ref().map(|pattern| format!(" like `{}`", pattern.source()));
    let tests = spec.where_.as_ref().and_then(|cond| row_test(cond));
    let tests = tests.map(|(field, matcher)| format!(" whose {field} is {}", condition::wanted(scope, matcher, None)));
    format!("{source}{}{}", like.unwrap_or_default(), tests.unwrap_or_default())
}

/// The first comparison of a field of the row.
fn row_test(cond: &Cond) -> Option<(String, &Matcher)> {
    match cond {
        Cond::All(conds) | Cond::Any(conds) => conds.iter().find_map(row_test),
        Cond::Test { place: place @ Place::Row { .. }, matcher, .. } => Some((condition::place_name(place), matcher)),
        Cond::Not(_) | Cond::Test { .. } => None,
    }
}

fn nothing<'a>(scope: &Scope<'a>, spec: &Spec, all: &Pool<'a>) -> Said {
    Said::NoRows { wanted: describe(scope, spec), candidates: show(all.iter()), nearest: nearest(scope, spec, all) }
}

/// The candidate most like what was looked for, if one is like it at all.
///
/// Things of a catalogue have no near ones: which one is meant was settled when the pack was bound.
fn nearest<'a>(scope: &Scope<'a>, spec: &Spec, all: &Pool<'a>) -> Option<String> {
    let (field, matcher) = row_test(spec.where_.as_ref()?)?;
    let (Matcher::Is(operand) | Matcher::In(operand)) = matcher else { return None };
    let wanted = scope.operand(operand, None).ok()??;
    let texts = wanted.items().iter().filter(|value| matches!(value, Value::Text(_)));
    let wanted: Vec<&str> = texts.filter_map(Value::as_text).collect();
    if wanted.is_empty() {
        return None;
    }
    let field = (field != "value").then_some(field);
    let mut best: Option<(f64, String)> = None;
    let mut left = COMPARED;
    for row in all.iter() {
        let Some(Value::Text(text) | Value::Named(crate::model::Named { name: text, .. })) = row.member(field.as_deref())
        else {
            continue;
        };
        for wanted in &wanted {
            if left == 0 {
                return best.map(|(_, text)| text);
            }
            left -= 1;
            let likeness = strsim::normalized_damerau_levenshtein(&text.trim().to_lowercase(), &wanted.trim().to_lowercase());
            // What is the same fits this test and failed another: no near miss.
            let same = text.trim() == wanted.trim();
            if likeness >= 0.7 && !same && best.as_ref().is_none_or(|(most, _)| likeness > *most) {
                best = Some((likeness, text.clone()));
            }
        }
    }
    best.map(|(_, text)| text)
}
