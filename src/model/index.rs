//! Rows found by what a field of theirs is: a hash index over texts, named things and whole numbers.
//!
//! It may offer too much and never too little: texts are kept without regard to case, named things by id and by name. Whoever asks
//! compares again what is offered.

use super::Value;
use std::collections::HashMap;

/// The places of rows by the texts of one field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Index {
    places: HashMap<String, Vec<usize>>,
}

impl Index {
    /// Indexes a field's value of each row; an absent one is under nothing. `None`: some value is of a kind that has no text of its own
    /// (a fraction, a list), and the rows must be walked.
    pub fn over<'v>(values: impl IntoIterator<Item = Option<&'v Value>>) -> Option<Self> {
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, value) in values.into_iter().enumerate() {
            let Some(value) = value else { continue };
            for key in keys(value)? {
                let places = places.entry(key).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
        Some(Self { places })
    }

    /// The places of all rows whose value may equal `wanted`, or one of its items if it is a list, in the order of the rows.
    pub fn find(&self, wanted: &Value) -> Vec<usize> {
        let keys = wanted.items().iter().filter_map(keys).flatten();
        let mut found: Vec<usize> = keys.filter_map(|key| self.places.get(&key)).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The texts under which a value stands. Two values that are the same to a rule have one in common.
fn keys(value: &Value) -> Option<Vec<String>> {
    let text = |text: &str| text.trim().to_lowercase();
    Some(match value {
        Value::Text(value) => vec![text(value)],
        Value::Named(named) => vec![text(&named.id), text(&named.name)],
        Value::Int(number) => vec![number.to_string()],
        Value::Bool(value) => vec![value.to_string()],
        Value::Number(_) | Value::Date { .. } | Value::Duration { .. } | Value::List(_) | Value::Record { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn values_that_are_the_same_are_found() {
        let (stage, renamed) = (Value::named(Kind::Stage, "s1", "Offer"), Value::named(Kind::Stage, "s1", "Final offer"));
        let rows = [Some(&stage), None, Some(&renamed)];
        let index = Index::over(rows).unwrap();
        for wanted in [&stage, &renamed, &"Offer ".into(), &"s1".into()] {
            let walked: Vec<usize> = (0..3).filter(|place| rows[*place].is_some_and(|row| row.same(wanted, true))).collect();
            let found = index.find(wanted);
            assert!(walked.iter().all(|place| found.contains(place)), "{wanted}: {walked:?} {found:?}");
        }
        assert_eq!(index.find(&Value::texts(["offer", "final offer"])), [0, 2]);
        assert!(Index::over([Some(&Value::Number(0.5))]).is_none());
    }
}
