//! Bands held against the bounds that an account gives: for every posting and stage with bounds of its own, no value may fit two
//! steps that say different things.

use super::{Applies, Binder};
use crate::lang::compile::band::{ends, range};
use crate::lang::diagnostic::Diagnostic;
use crate::lang::range::{Fault, faults};
use crate::lang::rule::{Band, Operand, Place};
use crate::lang::ruleset::SettingValue;
use crate::model::{Kind, Value};
use std::collections::{BTreeMap, BTreeSet};

impl Binder<'_, '_> {
    /// Every band with bounds from settings.
    pub(super) fn bands(&mut self, settings: &BTreeMap<String, SettingValue>) {
        for band in self.pack.bands.values() {
            let names = bounds(band);
            let given: Vec<&SettingValue> = names.iter().filter_map(|name| settings.get(*name)).collect();
            let mut told = BTreeSet::new();
            let stages: BTreeSet<Option<&String>> =
                given.iter().flat_map(|value| value.stage.keys()).map(Some).chain([None]).collect();
            let postings: BTreeSet<Option<&String>> =
                given.iter().flat_map(|value| value.posting.keys()).map(Some).chain([None]).collect();
            for posting in &postings {
                for stage in &stages {
                    let here = |name: &str| {
                        settings.get(name).and_then(|value| value.get(posting.map(String::as_str), stage.map(String::as_str)))
                    };
                    // The same bounds are looked at once, however many postings have them.
                    let bounds: Vec<String> = names.iter().map(|name| format!("{:?}", here(name))).collect();
                    if told.insert(bounds) {
                        self.band(band, &names, &here, (*posting, *stage));
                    }
                }
            }
        }
    }

    fn band<'v>(
        &mut self,
        band: &Band,
        names: &[&str],
        here: &dyn Fn(&str) -> Option<&'v Value>,
        (posting, stage): (Option<&String>, Option<&String>),
    ) {
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
        let place = self.situation(posting, stage);
        let message = format!("with {}{place}, {what}", values.join(" and "));
        // The bound that the account gave most particularly; what the pack gives stands behind.
        let spans = bounds.iter().filter_map(|(name, _)| self.given_at(name, posting, stage));
        let span = spans.max_by_key(|(rank, _)| *rank).map(|(_, span)| span);
        let span = span.or_else(|| bounds.iter().find_map(|(name, _)| Some(self.pack.settings.get(*name)?.span)));
        let step = steps.get(later).map(|(step, _)| step.span);
        if let (Some(span), Some(step)) = (span, step) {
            let fault = Diagnostic::error("overlapping-steps", span, message).also(step, "the step");
            self.found.push(fault.help(help));
        }
    }

    /// Where the value of a setting stands that applies here, if the account gives it, and how particular it is.
    fn given_at(
        &self,
        name: &str,
        posting: Option<&String>,
        stage: Option<&String>,
    ) -> Option<(u8, crate::lang::source::Span)> {
        let places = [
            (2, posting.map(|id| Applies::Posting(id.clone()))),
            (1, stage.map(|id| Applies::Stage(id.clone()))),
            (0, Some(Applies::Account)),
        ];
        let mut known =
            places.into_iter().filter_map(|(rank, place)| Some((rank, *self.places.get(&(name.to_owned(), place?))?)));
        known.next()
    }

    fn situation(&self, posting: Option<&String>, stage: Option<&String>) -> String {
        let vendor = self.pack.vendor_name().map(crate::model::VendorName::as_str);
        let name = |kind, id: &String| self.catalogue.find(kind, vendor, id).map_or_else(|| id.clone(), |named| named.name);
        match (posting, stage) {
            (None, None) => String::new(),
            (Some(posting), None) => format!(" for the posting `{}`", name(Kind::Posting, posting)),
            (None, Some(stage)) => format!(" in the stage `{}`", name(Kind::Stage, stage)),
            (Some(posting), Some(stage)) => {
                format!(" for the posting `{}` in the stage `{}`", name(Kind::Posting, posting), name(Kind::Stage, stage))
            }
        }
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
