//! Whether conditions can hold together, as far as that can be told from the text alone.
//!
//! Sound and incomplete: what it calls impossible is impossible; of much it says nothing. A condition is taken apart into ways in which
//! it may hold, each a list of tests that must all hold; what two tests ask of one field is compared by value. Settings and variables
//! are only equal to themselves. Text is compared without regard to case, so that two spellings never count as different.

use crate::lang::rule::{Cond, Matcher, Operand, Place};
use crate::model::Value;
use std::collections::{BTreeMap, BTreeSet};

/// More ways than this are not looked at.
const MOST: usize = 64;

/// One test of a way: it must hold, or must not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) place: &'a Place,
    pub(super) matcher: &'a Matcher,
    pub(super) route: &'a str,
    pub(super) holds: bool,
}

/// Two tests that cannot both be as asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clash<'a> {
    pub(super) first: Asked<'a>,
    pub(super) second: Asked<'a>,
}

/// The ways in which all of the conditions may hold; `None`: too many to look at.
pub(super) fn ways<'a>(conds: impl IntoIterator<Item = &'a Cond>) -> Option<Vec<Vec<Asked<'a>>>> {
    let mut all = vec![Vec::new()];
    for cond in conds {
        all = both(all, of(cond, true)?)?;
    }
    Some(all)
}

fn both<'a>(left: Vec<Vec<Asked<'a>>>, right: Vec<Vec<Asked<'a>>>) -> Option<Vec<Vec<Asked<'a>>>> {
    if left.len().saturating_mul(right.len()) > MOST {
        return None;
    }
    let pairs = left.iter().flat_map(|one| right.iter().map(|other| one.iter().chain(other).copied().collect()));
    Some(pairs.collect())
}

fn of(cond: &Cond, holds: bool) -> Option<Vec<Vec<Asked<'_>>>> {
    match (cond, holds) {
        (Cond::Test { place, matcher, route }, _) => Some(vec![vec![Asked { place, matcher, route, holds }]]),
        (Cond::Not(inner), _) => of(inner, !holds),
        (Cond::All(all), true) | (Cond::Any(all), false) => {
            let mut ways = vec![Vec::new()];
            for one in all {
                ways = both(ways, of(one, holds)?)?;
            }
            Some(ways)
        }
        (Cond::Any(any), true) | (Cond::All(any), false) => {
            let mut ways = Vec::new();
            for one in any {
                ways.extend(of(one, holds)?);
            }
            (ways.len() <= MOST).then_some(ways)
        }
    }
}

/// The first two tests of a way that cannot hold together.
pub(super) fn clash<'a>(way: &[Asked<'a>]) -> Option<Clash<'a>> {
    let mut by_place: BTreeMap<String, Vec<Asked<'a>>> = BTreeMap::new();
    for asked in way {
        let same = by_place.entry(format!("{:?}", asked.place)).or_default();
        for first in same.iter() {
            let mut field = Field::default();
            field.ask(first.matcher, first.holds);
            field.ask(asked.matcher, asked.holds);
            if field.is_impossible() {
                return Some(Clash { first: *first, second: *asked });
            }
        }
        let mut alone = Field::default();
        alone.ask(asked.matcher, asked.holds);
        if alone.is_impossible() {
            return Some(Clash { first: *asked, second: *asked });
        }
        same.push(*asked);
    }
    None
}

/// Whether whatever makes `way` hold makes `asked` hold too: it cannot fail beside it.
pub(super) fn implies(way: &[Asked<'_>], asked: Asked<'_>) -> bool {
    let opposite = Asked { holds: !asked.holds, ..asked };
    way.iter().any(|known| {
        if known.place != asked.place {
            return false;
        }
        let mut field = Field::default();
        field.ask(known.matcher, known.holds);
        field.ask(opposite.matcher, opposite.holds);
        field.is_impossible()
    })
}

/// A value as far as the text tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Sym {
    Known(String),
    /// A setting, a variable, a template: equal to itself, and of the rest nothing is known.
    Opaque(String),
    /// Something of a catalogue by a name that may be its id as well.
    Named(String),
}

impl Sym {
    fn of(operand: &Operand) -> Self {
        match operand {
            Operand::Literal(Value::Text(text)) => Self::Known(text.trim().to_lowercase()),
            Operand::Literal(value) => {
                Self::Known(value.number().map_or_else(|| format!("{value:?}"), |number| number.to_string()))
            }
            Operand::Named { text, .. } => Self::Named(text.trim().to_lowercase()),
            other => Self::Opaque(format!("{other:?}")),
        }
    }

    /// Whether the two are certainly not the same.
    fn differs(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Known(one), Self::Known(other)) => one != other,
            // A name and an id may mean one thing; two names do not.
            (Self::Named(one), Self::Named(other)) => one != other && !like_id(one) && !like_id(other),
            _ => false,
        }
    }
}

/// Whether a text may be an id: a UUID, or one of those that every account has (`lead-new`, `applicant-new`; lever-api §2.4).
fn like_id(text: &str) -> bool {
    let uuid = text.len() >= 20 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    uuid || text.starts_with("lead-") || text.starts_with("applicant-")
}

fn syms(operand: &Operand) -> Option<BTreeSet<Sym>> {
    match operand {
        Operand::List(all) => Some(all.iter().map(Sym::of).collect()),
        Operand::Literal(Value::List(all)) => Some(all.iter().map(|value| Sym::of(&Operand::Literal(value.clone()))).collect()),
        // A list that is not written out here.
        _ => None,
    }
}

/// What is asked of one field.
#[derive(Debug, Default)]
struct Field {
    /// It is one of these, each time it was asked.
    one_of: Vec<BTreeSet<Sym>>,
    /// It is none of these; as written, for lists that are not written out.
    none_of: BTreeSet<Sym>,
    lists: [BTreeSet<String>; 2],
    has: BTreeSet<Sym>,
    lacks: BTreeSet<Sym>,
    low: Option<(f64, bool)>,
    high: Option<(f64, bool)>,
    present: bool,
    absent: bool,
}

impl Field {
    fn ask(&mut self, matcher: &Matcher, holds: bool) {
        match (matcher, holds) {
            (Matcher::Not(inner), _) => self.ask(inner, !holds),
            (Matcher::IgnoreCase(inner), _) => self.ask(inner, holds),
            (Matcher::All(all), true) => {
                for one in all {
                    self.ask(one, true);
                }
            }
            (Matcher::All(all), false) => {
                if let [one] = all.as_slice() {
                    self.ask(one, false);
                }
            }
            (Matcher::Exists(wanted), _) => {
                if *wanted == holds {
                    self.present = true;
                } else {
                    self.absent = true;
                }
            }
            (Matcher::Is(operand), true) => {
                self.present = true;
                self.one_of.push(BTreeSet::from([Sym::of(operand)]));
                if let Operand::Literal(value) = operand
                    && let Some(number) = value.number()
                {
                    self.above(number, true);
                    self.below(number, true);
                }
            }
            (Matcher::Is(operand), false) => drop(self.none_of.insert(Sym::of(operand))),
            (Matcher::In(operand), true) => {
                self.present = true;
                match syms(operand) {
                    Some(all) => self.one_of.push(all),
                    None => drop(self.lists[0].insert(format!("{operand:?}"))),
                }
            }
            (Matcher::In(operand), false) => match syms(operand) {
                Some(all) => self.none_of.extend(all),
                None => drop(self.lists[1].insert(format!("{operand:?}"))),
            },
            (Matcher::Contains(operand), true) => {
                self.present = true;
                self.has.insert(Sym::of(operand));
            }
            (Matcher::Contains(operand), false) => drop(self.lacks.insert(Sym::of(operand))),
            (Matcher::AllIn(operand), true) => drop(syms(operand).is_some_and(|_| {
                self.present = true;
                true
            })),
            (Matcher::NoneIn(operand), true) => self.lacks.extend(syms(operand).unwrap_or_default()),
            (Matcher::Gt(operand) | Matcher::Gte(operand) | Matcher::Lt(operand) | Matcher::Lte(operand), _) => {
                self.present |= holds;
                let Operand::Literal(value) = operand else { return };
                let Some(number) = value.number() else { return };
                match (matcher, holds) {
                    (Matcher::Gt(_), true) => self.above(number, false),
                    (Matcher::Gte(_), true) => self.above(number, true),
                    (Matcher::Lt(_), true) => self.below(number, false),
                    (Matcher::Lte(_), true) => self.below(number, true),
                    // What is absent is below nothing and above nothing; what is present is on the other side of a bound it misses.
                    (Matcher::Gt(_), false) if self.present => self.below(number, true),
                    (Matcher::Gte(_), false) if self.present => self.below(number, false),
                    (Matcher::Lt(_), false) if self.present => self.above(number, true),
                    (Matcher::Lte(_), false) if self.present => self.above(number, false),
                    _ => {}
                }
            }
            (Matcher::Like(_) | Matcher::AnyIn(_), true) => self.present = true,
            (Matcher::Like(_) | Matcher::AnyIn(_) | Matcher::AllIn(_) | Matcher::NoneIn(_), _) => {}
        }
    }

    fn above(&mut self, number: f64, equal: bool) {
        if self.low.is_none_or(|(low, _)| number > low || (number >= low && !equal)) {
            self.low = Some((number, equal));
        }
    }

    fn below(&mut self, number: f64, equal: bool) {
        if self.high.is_none_or(|(high, _)| number < high || (number <= high && !equal)) {
            self.high = Some((number, equal));
        }
    }

    fn is_impossible(&self) -> bool {
        if self.present && self.absent {
            return true;
        }
        if let (Some((low, at_low)), Some((high, at_high))) = (self.low, self.high)
            && (low > high || (low >= high && !(at_low && at_high)))
        {
            return true;
        }
        if !self.lists[0].is_disjoint(&self.lists[1]) || !self.has.is_disjoint(&self.lacks) {
            return true;
        }
        // It must be one of each of these, and none of those.
        let apart =
            |one: &BTreeSet<Sym>, other: &BTreeSet<Sym>| one.iter().all(|one| other.iter().all(|other| one.differs(other)));
        for (at, one) in self.one_of.iter().enumerate() {
            if one.iter().all(|sym| self.none_of.contains(sym)) {
                return true;
            }
            if self.one_of.iter().skip(at + 1).any(|other| apart(one, other)) {
                return true;
            }
        }
        false
    }
}
