//! Does a text fit a pattern, and what stands in the holes.

use crate::lang::yaml::{parse_int, parse_number};
use crate::model::{AccountCatalogue, Hole, Kind, Named, Pattern, Piece, Type, Value};
use std::collections::{BTreeMap, HashSet};

/// Longer texts match no pattern: Lever's tags are far shorter, and time stays bounded.
pub const MAX_TEXT_BYTES: usize = 1024;

/// What stood in the holes, by their names.
pub type Captures = BTreeMap<String, Value>;

/// The names that typed holes match.
pub trait Names {
    /// The thing of this kind that is called so.
    fn find(&self, kind: Kind, name: &str, ignore_case: bool) -> Option<Named>;
}

/// The names of an account, with the tests of one vendor.
impl Names for (&AccountCatalogue, Option<&str>) {
    fn find(&self, kind: Kind, name: &str, ignore_case: bool) -> Option<Named> {
        let (catalogue, vendor) = *self;
        let same = |known: &str| known == name || (ignore_case && known.to_lowercase() == name.to_lowercase());
        catalogue.all(kind, vendor).into_iter().find(|named| same(&named.name))
    }
}

/// No names at all: holes of a catalogue's type match nothing.
impl Names for () {
    fn find(&self, _: Kind, _: &str, _: bool) -> Option<Named> {
        None
    }
}

/// Matches the whole text, blanks at its ends aside. Where a text can be read in several ways, a name of a catalogue and
/// a number are as long as they can be, any other hole as short; earlier holes decide first.
///
/// Time is bounded by (holes × text length²), whatever the pattern: no place is tried twice for one hole.
pub fn matches(pattern: &Pattern, text: &str, names: &dyn Names, ignore_case: bool) -> Option<Captures> {
    let text = text.trim();
    if text.len() > MAX_TEXT_BYTES {
        return None;
    }
    let mut matcher =
        Matcher { pieces: &pattern.0, text, names, ignore_case, failed: HashSet::new(), captures: Captures::new() };
    matcher.run(0, 0).then_some(matcher.captures)
}

struct Matcher<'a> {
    pieces: &'a [Piece],
    text: &'a str,
    names: &'a dyn Names,
    ignore_case: bool,
    /// (piece, position) pairs from which the rest is known not to match.
    failed: HashSet<(usize, usize)>,
    captures: Captures,
}

impl Matcher<'_> {
    /// Depth is the number of pieces, which parsing bounds.
    fn run(&mut self, piece: usize, at: usize) -> bool {
        let Some(here) = self.pieces.get(piece) else {
            return at == self.text.len();
        };
        if self.failed.contains(&(piece, at)) {
            return false;
        }
        let matched = match here {
            Piece::Text(literal) => self.literal_at(literal, at).is_some_and(|end| self.run(piece + 1, end)),
            Piece::Hole(hole) => self.hole(hole, piece, at),
        };
        if !matched {
            self.failed.insert((piece, at));
        }
        matched
    }

    fn hole(&mut self, hole: &Hole, piece: usize, at: usize) -> bool {
        let mut ends = self.ends(piece, at);
        if matches!(hole.ty, Type::Named(_) | Type::Int | Type::Number) {
            ends.reverse();
        }
        for end in ends {
            let text = self.text.get(at..end).unwrap_or_default();
            if let Some(value) = self.value(&hole.ty, text)
                && self.run(piece + 1, end)
            {
                self.captures.insert(hole.name.clone(), value);
                return true;
            }
        }
        false
    }

    /// Where a hole that starts here may end, nearest first: where the next literal starts, or at the very end.
    fn ends(&self, piece: usize, at: usize) -> Vec<usize> {
        let all = || (at + 1..=self.text.len()).filter(|end| self.text.is_char_boundary(*end));
        match self.pieces.get(piece + 1) {
            None if at < self.text.len() => vec![self.text.len()],
            None => Vec::new(),
            Some(Piece::Text(literal)) => all().filter(|end| self.literal_at(literal, *end).is_some()).collect(),
            Some(Piece::Hole(_)) => all().collect(),
        }
    }

    /// Where a literal that starts here ends.
    fn literal_at(&self, literal: &str, at: usize) -> Option<usize> {
        let rest = self.text.get(at..)?;
        if !self.ignore_case {
            return rest.starts_with(literal).then_some(at + literal.len());
        }
        let mut wanted = literal.chars().flat_map(char::to_lowercase);
        let mut end = at;
        let mut next = wanted.next();
        for c in rest.chars() {
            if next.is_none() {
                break;
            }
            for lower in c.to_lowercase() {
                if next != Some(lower) {
                    return None;
                }
                next = wanted.next();
            }
            end += c.len_utf8();
        }
        next.is_none().then_some(end)
    }

    fn value(&self, ty: &Type, text: &str) -> Option<Value> {
        match ty {
            Type::Text | Type::Tag => (!text.trim().is_empty()).then(|| Value::text(text)),
            Type::Int => parse_int(text).map(Value::Int),
            Type::Number => parse_number(text).map(Value::Number),
            Type::Named(kind) => self.names.find(*kind, text, self.ignore_case).map(Value::Named),
            Type::OneOf(options) => options.iter().any(|option| option == text).then(|| Value::text(text)),
            // No hole has these types.
            Type::Bool | Type::Duration | Type::Date | Type::Url | Type::List(_) | Type::Record(_) => None,
        }
    }
}
