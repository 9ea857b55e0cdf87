//! Bands: names for ranges of a value.

use super::check::{Check, node_path};
use super::shapes::BAND;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::range::{End, Fault, Range, faults};
use crate::lang::rule::{Band, BandStep, Matcher, Operand, Place};
use crate::lang::scope::{BandShape, Known, Scope};
use crate::lang::yaml::{Key, Node};
use crate::model::{Field, Type, Value};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::rc::Rc;

impl Check<'_, '_> {
    /// One band.
    pub(crate) fn band(&mut self, key: &Key, node: &Node) -> Option<(Band, BandShape)> {
        let entries = BAND.entries(node, self.found);
        let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
        let (of, steps) = (get("of")?, get("steps")?);
        let path = node_path(of).or_else(|| of.as_text(self.found))?;
        let facts: BTreeMap<String, Field> =
            self.declared.everywhere().iter().map(|(name, (field, _))| (name.clone(), field.clone())).collect();
        let all = Scope::of(self.declared, Rc::new(Known { kinds: Vec::new(), facts }));
        let Some(found) = all.resolve(path) else {
            self.unknown(&all, path, of.span);
            return None;
        };
        let Place::Fact { .. } = found.place else {
            self.error(
                "wrong-type",
                of.span,
                format!("a band is of something that an event tells; `{path}` is not"),
                "write it such as `of: result.percent`",
            );
            return None;
        };
        let scope = Scope::new(self.declared, &[]);
        let (mut compiled, mut labels): (Vec<BandStep>, Vec<(String, &Key)>) = (Vec::new(), Vec::new());
        let mut good = true;
        for (at, item) in steps.items(self.found)?.iter().enumerate() {
            let route = format!("bands.{}.steps[{at}]", key.text);
            let Some(entries) = item.entries(self.found) else {
                good = false;
                continue;
            };
            let [(label, tests)] = entries else {
                self.error(
                    "wrong-type",
                    item.span,
                    "a step is one label with its range",
                    "write it such as `- Pass: { gte: 70 }`",
                );
                good = false;
                continue;
            };
            if let Some((_, first)) = labels.iter().find(|(known, _)| *known == label.text) {
                self.found.push(
                    Diagnostic::error("duplicate-name", label.span, format!("the label `{}` stands twice", label.text))
                        .also(first.span, "first here")
                        .help("give each step a label of its own"),
                );
                good = false;
            }
            if compiled.last().is_some_and(|last| last.tests.is_empty()) {
                let message = format!("`{}` is never reached: the step before it fits always", label.text);
                self.error("unreachable-step", label.span, message, "put the step without a range last");
                good = false;
            }
            match self.range(&scope, &found.ty, path, tests, &route) {
                Some(tests) => compiled.push(BandStep { label: label.text.clone(), tests, span: label.span }),
                None => good = false,
            }
            labels.push((label.text.clone(), label));
        }
        if labels.is_empty() && good {
            self.error(
                "wrong-type",
                steps.span,
                "a band without steps names nothing",
                "add a step such as `- Pass: { gte: 70 }`",
            );
            return None;
        }
        good = good && self.distinct(&compiled, path);
        let total = compiled.last().is_some_and(|last| last.tests.is_empty());
        let labels = labels.into_iter().map(|(label, _)| label).collect();
        let shape = BandShape { of: path.to_owned(), labels, total };
        good.then(|| (Band { of: found.place, steps: compiled, route: format!("bands.{}", key.text) }, shape))
    }

    /// Whether steps with bounds that stand in the file are told apart by them. Bounds of settings are looked at for each account.
    fn distinct(&mut self, steps: &[BandStep], path: &str) -> bool {
        let number = |operand: &Operand| if let Operand::Literal(value) = operand { value.measure() } else { None };
        let known: Vec<_> = steps.iter().filter_map(|step| Some((step, range(&step.tests, &number)?))).collect();
        let ranges: Vec<_> = known.iter().map(|(_, range)| *range).collect();
        let faults = faults(&ranges);
        for fault in &faults {
            match *fault {
                Fault::Overlap { earlier, later, both } => {
                    let (Some((first, _)), Some((second, _))) = (known.get(earlier), known.get(later)) else { continue };
                    let like = second.tests.iter().filter_map(Matcher::bound).find_map(|operand| match operand {
                        Operand::Literal(value) => Some(value.clone()),
                        _ => None,
                    });
                    let both = like.map(|like| ends(&both, &like)).unwrap_or_default();
                    let message = format!("a `{path}` {both} would be `{}` and `{}`", first.label, second.label);
                    self.found.push(
                        Diagnostic::error("overlapping-steps", second.span, message)
                            .also(first.span, "fits it as well")
                            .help("change one of the bounds so that no value fits both"),
                    );
                }
                Fault::Empty { at } => {
                    let Some((step, _)) = known.get(at) else { continue };
                    let message = format!("`{}` is never reached: no value lies in its range", step.label);
                    self.error("unreachable-step", step.span, message, "write the lower bound below the upper one");
                }
                Fault::Unreachable { later } => {
                    let Some((step, _)) = known.get(later) else { continue };
                    let message = format!("`{}` is never reached: what it takes is taken by the steps before it", step.label);
                    self.error("unreachable-step", step.span, message, "put it before them, or change its bounds");
                }
            }
        }
        faults.is_empty()
    }

    fn range(&mut self, scope: &Scope<'_>, ty: &Type, path: &str, node: &Node, route: &str) -> Option<Vec<Matcher>> {
        const WORDS: [&str; 4] = ["gte", "gt", "lte", "lt"];
        let entries = node.known_entries("a step of a band", &WORDS, self.found)?;
        if !ty.ordered() {
            let message = format!("`{path}` is {}, which has no ranges", super::literal::a(ty));
            self.error("wrong-type", node.span, message, "a band is of a number, a date or a duration");
            return None;
        }
        let mut tests = Vec::new();
        for (key, value) in entries {
            let operand = self.aside(|check| check.operand(scope, value, ty, &format!("{route}.{}", key.text)))?.operand;
            tests.push(match key.text.as_str() {
                "gte" => Matcher::Gte(operand),
                "gt" => Matcher::Gt(operand),
                "lte" => Matcher::Lte(operand),
                "lt" => Matcher::Lt(operand),
                _ => return None,
            });
        }
        Some(tests)
    }
}

/// The range that the tests of a step ask for; `None` if one of its bounds is not known.
pub(crate) fn range(tests: &[Matcher], number: &dyn Fn(&Operand) -> Option<f64>) -> Option<Range> {
    let mut range = Range::default();
    for test in tests {
        let at = number(test.bound()?)?;
        let included = matches!(test, Matcher::Gte(_) | Matcher::Lte(_));
        range.narrow(End { at, included }, matches!(test, Matcher::Gt(_) | Matcher::Gte(_)));
    }
    Some(range)
}

/// A range in words: `of 70`, `from 70 to 80`. Its ends are printed as values `like` this one.
pub(crate) fn ends(range: &Range, like: &Value) -> String {
    let show = |end: End| {
        #[expect(clippy::cast_possible_truncation, reason = "it was a time in whole seconds before")]
        let seconds = end.at as i64;
        match like {
            Value::Duration { .. } => Value::duration(SignedDuration::from_secs(seconds)).to_string(),
            Value::Date { .. } => {
                Timestamp::from_second(seconds).map(Value::date).map_or_else(|_| end.at.to_string(), |date| date.to_string())
            }
            _ => Value::Number(end.at).to_string(),
        }
    };
    match (range.low, range.high) {
        (Some(low), Some(high)) if low.at.total_cmp(&high.at).is_eq() => format!("of {}", show(low)),
        (Some(low), Some(high)) => format!("from {} to {}", show(low), show(high)),
        (Some(low), None) => format!("from {} on", show(low)),
        (None, Some(high)) => format!("up to {}", show(high)),
        (None, None) => "of any kind".to_owned(),
    }
}
