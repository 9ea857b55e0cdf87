//! Tag families: their members rendered for one instance, and the neighbours' tags that a family must leave alone.

use super::scope::Scope;
use crate::lang::action::Stop;
use crate::lang::pattern::{Captures, Names, matches};
use crate::lang::rule::PatternText;
use crate::lang::ruleset::RuleSet;
use crate::lang::template::Clean;
use crate::model::{Assessment, Facts, Group, Kind, Named, Pattern, TestEntry, VendorName};

/// A pattern with its texts rendered; `None` when a text cannot be rendered, as an absent value.
pub(super) fn rendered(scope: &Scope<'_>, pattern: &PatternText) -> Result<Option<Pattern>, Stop> {
    let mut unknown = None;
    for template in pattern.templates() {
        // A text says what it needs; that it cannot be made is said below.
        if let Err(stop @ Stop::Needs(_)) = scope.text(template, Clean::Tag) {
            unknown = unknown.or(Some(stop));
        }
    }
    unknown.map_or_else(|| Ok(pattern.render(scope).ok()), Err)
}

/// What stands in the holes, if the text fits the pattern.
pub(super) fn fit(scope: &Scope<'_>, pattern: &Pattern, text: &str) -> Option<Captures> {
    fit_cased(scope, pattern, text, false)
}

/// As [`fit`], without regard to case if so wished.
pub(super) fn fit_cased(scope: &Scope<'_>, pattern: &Pattern, text: &str, ignore_case: bool) -> Option<Captures> {
    matches(pattern, text, &Known { set: scope.set, facts: scope.facts }, ignore_case)
}

/// The names that typed holes match: the account's catalogue and the tests that the vendor offers.
struct Known<'a> {
    set: &'a RuleSet,
    facts: &'a Facts,
}

impl Names for Known<'_> {
    fn find(&self, kind: Kind, name: &str, ignore_case: bool) -> Option<Named> {
        let vendor = self.set.pack.vendor_name();
        match vendor.and_then(|vendor| self.facts.tests.get(vendor)) {
            Some(tests) if kind == Kind::Assessment => {
                let test = tests.by_title(name, ignore_case)?;
                Some(Named { kind, id: test.id.clone(), name: test.title.clone() })
            }
            _ => (&*self.set.catalogue, vendor.map(VendorName::as_str)).find(kind, name, ignore_case),
        }
    }
}

/// The members of a family for the attempt at hand.
pub(super) fn members(scope: &Scope<'_>, family: &str) -> Result<Vec<Pattern>, Stop> {
    let Some(family) = scope.set.pack.families.get(family) else { return Ok(Vec::new()) };
    let mut members = Vec::new();
    for member in &family.members {
        members.extend(rendered(scope, member)?);
    }
    Ok(members)
}

/// The members of neighbouring families (or of this family's other instances) that tags matched by `members` may belong to: a tag
/// belongs to the pattern with the longest literal text.
///
/// Members without holes match only themselves and need no sparing.
pub(super) fn spare(scope: &Scope<'_>, family: &str, members: &[Pattern]) -> Result<Vec<Pattern>, Stop> {
    let open: Vec<&Pattern> = members.iter().filter(|member| member.as_literal().is_none()).collect();
    let Some(shortest) = open.iter().map(|member| member.literal_len()).min() else { return Ok(Vec::new()) };
    let mut neighbours = Vec::new();
    for other in scope.set.pack.families.values() {
        if !other.per_assessment {
            if other.name != family {
                neighbours.extend(members_of(scope, &other.members)?);
            }
            continue;
        }
        for test in tests(scope)? {
            let own = scope.attempt.is_some_and(|attempt| attempt.test.id == test.id);
            if other.name == family && own {
                continue;
            }
            let Some(instance) = instance(scope, test) else { continue };
            let scope = Scope { attempt: Some(&instance), vars: scope.vars.clone(), ..*scope };
            neighbours.extend(members_of(&scope, &other.members)?);
        }
    }
    neighbours.retain(|neighbour| {
        neighbour.literal_len() > shortest
            && neighbour.as_literal().is_none_or(|text| open.iter().any(|member| fit(scope, member, text).is_some()))
            && !members.contains(neighbour)
    });
    neighbours.sort();
    neighbours.dedup();
    Ok(neighbours)
}

fn members_of(scope: &Scope<'_>, members: &[PatternText]) -> Result<Vec<Pattern>, Stop> {
    let mut found = Vec::new();
    for member in members {
        found.extend(rendered(scope, member)?);
    }
    Ok(found)
}

/// Every test whose tags may stand on an opportunity: what the vendor offers, and what we once sent.
fn tests<'a>(scope: &Scope<'a>) -> Result<Vec<&'a TestEntry>, Stop> {
    let Some(vendor) = scope.set.pack.vendor_name() else { return Ok(Vec::new()) };
    scope.know(Group::Tests(vendor.clone()))?;
    let offered = scope.facts.tests.get(vendor).into_iter().flat_map(|tests| tests.iter());
    Ok(offered.chain(scope.facts.ledger.iter().filter(|row| row.vendor == *vendor).map(|row| &row.test)).collect())
}

/// The attempt at hand as if it were one of another test.
fn instance(scope: &Scope<'_>, test: &TestEntry) -> Option<Assessment> {
    scope.attempt.or_else(|| scope.facts.ledger.first()).map(|attempt| Assessment { test: test.clone(), ..attempt.clone() })
}
