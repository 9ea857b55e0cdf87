//! Conditions: does it hold, and if not, which field was the first to say so and with what value.
//!
//! Evaluation never guesses: a part that needs facts not yet read makes the whole unknown, unless another part already decides it.

use super::rows::Row;
use super::scope::Scope;
use crate::lang::action::Stop;
use crate::lang::rule::{Cond, Matcher, Operand, PatternText, Place};
use crate::lang::vocabulary;
use crate::model::{Said, Value};
use std::fmt::Write as _;

/// What a condition came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Truth {
    True,
    /// The first part that was false, and where it stands.
    False(Box<Witness>),
}

/// Why a condition was false.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Witness {
    pub(super) field: String,
    pub(super) wanted: String,
    pub(super) saw: Option<String>,
    pub(super) route: String,
}

impl Witness {
    /// The witness as a step says it.
    pub(super) fn said(self) -> Said {
        Said::False { field: self.field, wanted: self.wanted, saw: self.saw }
    }
}

/// What one matcher says. An absent value on either side says nothing, which is neither true nor, under `not`, false.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Yes,
    No,
    Nothing,
}

impl Match {
    /// Whether the matcher holds.
    pub(super) fn holds(self) -> bool {
        self == Self::Yes
    }

    const fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    const fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Nothing => Self::Nothing,
        }
    }
}

/// Whether a condition holds. `row` is the row at hand, inside `where`.
///
/// `Err` says that facts are missing and nothing known decides; every group that the undecided parts need has been noted.
pub(super) fn holds(scope: &Scope<'_>, cond: &Cond, row: Option<&Row<'_>>) -> Result<Truth, Stop> {
    match cond {
        Cond::All(conds) => {
            let mut unknown = None;
            for cond in conds {
                match holds(scope, cond, row) {
                    Ok(Truth::True) => {}
                    decided @ Ok(Truth::False(_)) => return decided,
                    Err(stop) => unknown = unknown.or(Some(stop)),
                }
            }
            unknown.map_or(Ok(Truth::True), Err)
        }
        Cond::Any(conds) => {
            let (mut unknown, mut witness) = (None, None);
            for cond in conds {
                match holds(scope, cond, row) {
                    Ok(Truth::True) => return Ok(Truth::True),
                    // A part that facts may yet make true says more than one that the event has decided.
                    Ok(Truth::False(found)) => {
                        let settled = |witness: &Witness| vocabulary::group(&witness.field).is_none();
                        if witness.as_deref().is_none_or(settled) {
                            witness = Some(found);
                        }
                    }
                    Err(stop) => unknown = unknown.or(Some(stop)),
                }
            }
            if let Some(stop) = unknown {
                return Err(stop);
            }
            let nothing =
                || Witness { field: "any".into(), wanted: "one of its conditions".into(), saw: None, route: String::new() };
            let mut witness = witness.unwrap_or_else(|| Box::new(nothing()));
            if conds.len() > 1 {
                let _ = write!(witness.wanted, ", or another of {} alternatives", conds.len());
            }
            Ok(Truth::False(witness))
        }
        Cond::Not(inner) => Ok(match holds(scope, inner, row)? {
            Truth::False(_) => Truth::True,
            Truth::True => Truth::False(Box::new(contrary(scope, inner, row))),
        }),
        Cond::Test { place, matcher, route } => {
            let value = scope.look(place, row);
            let value = match value {
                Ok(value) => value,
                // A text that cannot be rendered is a value that is not there.
                Err(Stop::Unrenderable(_)) => None,
                Err(stop) => return Err(stop),
            };
            if matches(scope, matcher, value.as_deref(), row)?.holds() {
                return Ok(Truth::True);
            }
            Ok(Truth::False(Box::new(Witness {
                field: place_name(place),
                wanted: wanted(scope, matcher, row),
                saw: value.map(|value| value.to_string()),
                route: route.clone(),
            })))
        }
    }
}

/// The witness of a `not` whose inner condition holds: the first test in it.
fn contrary(scope: &Scope<'_>, cond: &Cond, row: Option<&Row<'_>>) -> Witness {
    match cond {
        Cond::All(conds) | Cond::Any(conds) => {
            let held = conds.iter().find(|cond| matches!(holds(scope, cond, row), Ok(Truth::True)));
            held.or_else(|| conds.first()).map_or_else(
                || Witness { field: "not".into(), wanted: "the contrary".into(), saw: None, route: String::new() },
                |cond| contrary(scope, cond, row),
            )
        }
        Cond::Not(inner) => contrary(scope, inner, row),
        Cond::Test { place, matcher, route } => Witness {
            field: place_name(place),
            wanted: format!("not {}", wanted(scope, matcher, row)),
            saw: scope.look(place, row).ok().flatten().map(|value| value.to_string()),
            route: route.clone(),
        },
    }
}

/// What a matcher says of a value.
pub(super) fn matches(
    scope: &Scope<'_>,
    matcher: &Matcher,
    value: Option<&Value>,
    row: Option<&Row<'_>>,
) -> Result<Match, Stop> {
    cased(scope, matcher, value, row, false)
}

fn cased(
    scope: &Scope<'_>,
    matcher: &Matcher,
    value: Option<&Value>,
    row: Option<&Row<'_>>,
    ignore_case: bool,
) -> Result<Match, Stop> {
    match matcher {
        Matcher::Exists(wanted) => return Ok(Match::of(value.is_some() == *wanted)),
        Matcher::Not(inner) => return Ok(cased(scope, inner, value, row, ignore_case)?.not()),
        Matcher::IgnoreCase(inner) => return cased(scope, inner, value, row, true),
        Matcher::All(all) => {
            let mut result = Match::Yes;
            for matcher in all {
                match cased(scope, matcher, value, row, ignore_case)? {
                    Match::No => return Ok(Match::No),
                    Match::Nothing => result = Match::Nothing,
                    Match::Yes => {}
                }
            }
            return Ok(result);
        }
        _ => {}
    }
    let Some(value) = value else { return Ok(Match::Nothing) };
    let compare = |operand: &Operand, test: &dyn Fn(&Value) -> bool| -> Result<Match, Stop> {
        match scope.operand(operand, row) {
            Ok(right) => Ok(right.map_or(Match::Nothing, |right| Match::of(test(&right)))),
            // A text that cannot be rendered is a value that is not there.
            Err(Stop::Unrenderable(_)) => Ok(Match::Nothing),
            Err(stop) => Err(stop),
        }
    };
    let among = |item: &Value, items: &Value| items.items().iter().any(|other| item.same(other, ignore_case));
    match matcher {
        Matcher::Is(operand) => compare(operand, &|right| value.same(right, ignore_case)),
        Matcher::In(operand) => compare(operand, &|right| among(value, right)),
        Matcher::Contains(operand) => compare(operand, &|right| match (value, right.as_text()) {
            (Value::Text(text), Some(part)) => contains(text, part, ignore_case),
            _ => among(right, value),
        }),
        Matcher::AnyIn(operand) => compare(operand, &|right| value.items().iter().any(|item| among(item, right))),
        Matcher::AllIn(operand) => compare(operand, &|right| value.items().iter().all(|item| among(item, right))),
        Matcher::NoneIn(operand) => compare(operand, &|right| !value.items().iter().any(|item| among(item, right))),
        Matcher::Like(pattern) => like(scope, pattern, value, ignore_case),
        Matcher::Gt(operand) => compare(operand, &|right| value.order(right).is_some_and(std::cmp::Ordering::is_gt)),
        Matcher::Gte(operand) => compare(operand, &|right| value.order(right).is_some_and(std::cmp::Ordering::is_ge)),
        Matcher::Lt(operand) => compare(operand, &|right| value.order(right).is_some_and(std::cmp::Ordering::is_lt)),
        Matcher::Lte(operand) => compare(operand, &|right| value.order(right).is_some_and(std::cmp::Ordering::is_le)),
        Matcher::Exists(_) | Matcher::Not(_) | Matcher::IgnoreCase(_) | Matcher::All(_) => Ok(Match::Nothing),
    }
}

fn contains(text: &str, part: &str, ignore_case: bool) -> bool {
    if ignore_case { text.to_lowercase().contains(part.trim().to_lowercase().as_str()) } else { text.contains(part.trim()) }
}

fn like(scope: &Scope<'_>, pattern: &PatternText, value: &Value, ignore_case: bool) -> Result<Match, Stop> {
    let Some(pattern) = super::family::rendered(scope, pattern)? else { return Ok(Match::Nothing) };
    let fits = |value: &Value| {
        value.as_text().is_some_and(|text| super::family::fit_cased(scope, &pattern, text, ignore_case).is_some())
    };
    Ok(Match::of(value.items().iter().any(fits)))
}

/// A place as authors write it.
pub(super) fn place_name(place: &Place) -> String {
    let dotted = |name: &str, member: &Option<String>| match member {
        Some(member) => format!("{name}.{member}"),
        None => name.to_owned(),
    };
    match place {
        Place::Var { name, member } | Place::Setting { name, member } | Place::Fact { name, member } => dotted(name, member),
        Place::Row { member } => member.clone().unwrap_or_else(|| "value".to_owned()),
        Place::Band(name) => name.clone(),
    }
}

/// What a matcher asks for, with the values it compared with.
pub(super) fn wanted(scope: &Scope<'_>, matcher: &Matcher, row: Option<&Row<'_>>) -> String {
    let right = |operand: &Operand| match scope.operand(operand, row) {
        Ok(Some(value)) if value.items().is_empty() => match operand {
            Operand::Place(place) => format!("`{}`, which is empty", place_name(place)),
            _ => "an empty list".to_owned(),
        },
        Ok(Some(value)) => format!("`{value}`"),
        _ => match operand {
            Operand::Place(place) => format!("`{}`, which is absent", place_name(place)),
            _ => "something absent".to_owned(),
        },
    };
    match matcher {
        Matcher::Is(operand) => right(operand),
        Matcher::In(operand) => format!("one of {}", right(operand)),
        Matcher::Contains(operand) => format!("something that contains {}", right(operand)),
        Matcher::AnyIn(operand) => format!("any of {}", right(operand)),
        Matcher::AllIn(operand) => format!("only items of {}", right(operand)),
        Matcher::NoneIn(operand) => format!("none of {}", right(operand)),
        Matcher::Like(pattern) => format!("something like `{}`", pattern.source()),
        Matcher::Gt(operand) => format!("more than {}", right(operand)),
        Matcher::Gte(operand) => format!("at least {}", right(operand)),
        Matcher::Lt(operand) => format!("less than {}", right(operand)),
        Matcher::Lte(operand) => format!("at most {}", right(operand)),
        Matcher::Exists(true) => "any value".to_owned(),
        Matcher::Exists(false) => "no value".to_owned(),
        Matcher::Not(inner) => format!("not {}", wanted(scope, inner, row)),
        Matcher::IgnoreCase(inner) => format!("{} in any case", wanted(scope, inner, row)),
        Matcher::All(all) => all.iter().map(|matcher| wanted(scope, matcher, row)).collect::<Vec<_>>().join(" and "),
    }
}
