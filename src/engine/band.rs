//! Bands: names for ranges of a value. The first step that fits; absent in, absent out.

use super::condition::matches;
use super::scope::Scope;
use crate::lang::action::Stop;

/// The label that a band gives its value now. A step whose bound is absent (an optional setting) fits nothing.
pub(super) fn label(scope: &Scope<'_>, name: &str) -> Result<Option<String>, Stop> {
    let Some(band) = scope.set.pack.bands.get(name) else { return Ok(None) };
    let Some(value) = scope.look(&band.of, None)? else { return Ok(None) };
    for step in &band.steps {
        let mut fits = true;
        for test in &step.tests {
            fits &= matches(scope, test, Some(&value), None)?.holds();
        }
        if fits {
            if let Some(ways) = &scope.notes.ways {
                ways.borrow_mut().bands.insert((name.to_owned(), step.label.clone()));
            }
            return Ok(Some(step.label.clone()));
        }
    }
    Ok(None)
}
