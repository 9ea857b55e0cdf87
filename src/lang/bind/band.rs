//! Bands held against the bounds that an account gives: for every posting, test and stage with bounds of its own, no value may fit two
//! steps that say different things.

use super::{Applies, Binder};
use crate::lang::compile::band::{ends, range};
use crate::lang::diagnostic::Diagnostic;
use crate::lang::range::{Fault, faults};
use crate::lang::rule::{Band, Operand, Per, Place};
use crate::lang::ruleset::SettingValue;
use crate::model::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

/// What the overrides that apply are for, by id.
type Situation<'a> = BTreeMap<Per, &'a str>;

impl Binder<'_, '_> {
    /// Every band with bounds from settings.
    pub(super) fn bands(&mut self, settings: &BTreeMap<String, SettingValue>) {
        for band in self.pack.bands.values() {
            let names = bounds(band);
            let given: Vec<&SettingValue> = names.iter().filter_map(|name| settings.get(*name)).collect();
            let mut told = BTreeSet::new();
            // Every combination of what is overridden, and of what is not.
            let mut situations: Vec<Situation> = vec![Situation::new()];
            for per in Per::ALL {
                let ids: BTreeSet<&String> =
                    given.iter().filter_map(|value| value.per.get(&per)).flat_map(BTreeMap::keys).collect();
                let more: Vec<Situation> = ids
                    .iter()
                    .flat_map(|id| {
                        situations.iter().map(|known| [(per, id.as_str())].into_iter().chain(known.clone()).collect())
                    })
                    .collect();
                situations.extend(more);
            }
            for situation in &situations {
                let here = |name: &str| {
                    let id_of = |per| Ok::<_, Infallible>(situation.get(&per).map(|&id| id.to_owned()));
                    settings.get(name).and_then(|value| value.get(id_of).unwrap_or_else(|never| match never {}))
                };
                // The same bounds are looked at once, however many postings have them.
                let bounds: Vec<String> = names.iter().map(|name| format!("{:?}", here(name))).collect();
                if told.insert(bounds) {
                    self.band(band, &names, &here, situation);
                }
            }
        }
    }

    fn band<'v>(&mut self, band: &Band, names: &[&str], here: &dyn Fn(&str) -> Option<&'v Value>, situation: &Situation<'_>) {
        let number = |operand: &Operand| match operand {
            Operand::Literal(value) => value.measure(),
            Operand::Place(Place::Setting { name, .. }) => here(name)?.measure(),
            _ => None,
        };
        // A step without its bound fits nothing.
        let steps: Vec<_> = band.steps.iter().filter_map(|step| Some((step, range(&step.tests, &number)?))).collect();
        let ranges: Vec<_> = steps.iter().map(|(_, range)| *range).collect();
        let Some(fault) = faults(&ranges).into_iter().next() else { return };
        let bounds: Vec<(&str, &Value)> = names.iter().filter_map(|name| Some((*name, here(name)?))).collect();
        let Some((_, like)) = bounds.first() else { return };
        let values: Vec<String> = bounds.iter().map(|(name, value)| format!("`{name}` {value}")).collect();
        let label = |at: usize| steps.get(at).map_or("", |(step, _)| step.label.as_str());
        let of = match &band.of {
            Place::Fact { name, .. } => name.as_str(),
            _ => "value",
        };
        let (what, later, help) = match fault {
            Fault::Overlap { earlier, later, both } => (
                format!("a `{of}` {} would be `{}` and `{}`", ends(&both, like), label(earlier), label(later)),
                later,
                "change one of the bounds so that no value fits both",
            ),
            Fault::Empty { at } => (
                format!("no `{of}` would ever be `{}`: its range is empty", label(at)),
                at,
                "give the lower bound below the upper one",
            ),
            Fault::Unreachable { later } => (
                format!("no `{of}` would ever be `{}`: what it takes is taken by the steps before it", label(later)),
                later,
                "change the bounds so that each step has values of its own",
            ),
        };
        let place = self.situation(situation);
        let message = format!("with {}{place}, {what}", values.join(" and "));
        // The bound that the account gave most particularly; what the pack gives stands behind.
        let spans = bounds.iter().filter_map(|(name, _)| self.given_at(name, situation));
        let span = spans.max_by_key(|(rank, _)| *rank).map(|(_, span)| span);
        let span = span.or_else(|| bounds.iter().find_map(|(name, _)| Some(self.pack.settings.get(*name)?.span)));
        let step = steps.get(later).map(|(step, _)| step.span);
        if let (Some(span), Some(step)) = (span, step) {
            let fault = Diagnostic::error("overlapping-steps", span, message).also(step, "the step");
            self.found.push(fault.help(help));
        }
    }

    /// Where the value of a setting stands that applies here, if the account gives it, and how particular it is.
    fn given_at(&self, name: &str, situation: &Situation<'_>) -> Option<(usize, crate::lang::source::Span)> {
        let particular = situation.iter().map(|(per, id)| Applies::One(*per, (*id).to_owned()));
        let mut places = particular.chain([Applies::Account]).enumerate();
        places.find_map(|(at, place)| Some((Per::ALL.len() - at, *self.places.get(&(name.to_owned(), place))?)))
    }

    /// In words: ` for the posting X in the stage Y`.
    fn situation(&self, situation: &Situation<'_>) -> String {
        let vendor = self.pack.vendor_name().map(crate::model::VendorName::as_str);
        let told = situation.iter().map(|(per, id)| {
            let named = self.catalogue.find(per.kind(), vendor, id).map_or_else(|| (*id).to_owned(), |named| named.name);
            match per {
                Per::Posting => format!(" for the posting `{named}`"),
                Per::Assessment => format!(" for the test `{named}`"),
                Per::Stage => format!(" in the stage `{named}`"),
            }
        });
        told.collect()
    }
}

/// The settings that a band's steps name.
fn bounds(band: &Band) -> Vec<&str> {
    let operands = band.steps.iter().flat_map(|step| &step.tests).filter_map(crate::lang::rule::Matcher::bound);
    let mut names: Vec<&str> = Vec::new();
    for operand in operands {
        if let Operand::Place(Place::Setting { name, .. }) = operand
            && !names.contains(&name.as_str())
        {
            names.push(name);
        }
    }
    names
}
