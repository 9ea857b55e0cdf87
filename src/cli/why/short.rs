//! The answer in a few lines: for each rule whether it fired, when, or what kept it from that the last time; what waits and until when.

use crate::cli::describe;
use crate::model::{Later, PackName, RuleName, Said, Step};
use crate::runtime::why::Told;
use crate::store::{EffectState, EventState};
use std::collections::{BTreeMap, BTreeSet};

/// More rules than this are told with the events only.
const RULES: usize = 12;

/// What the latest events say of one rule.
#[derive(Default)]
struct Verdict<'a> {
    fired: usize,
    /// When it fired last, and what became of what it wanted.
    last: Option<(&'a Told, String)>,
    /// What kept it from firing the last time that it was asked.
    kept: Option<(&'a Told, &'a Step)>,
}

/// The lines, of rules whose names hold the text if one is given.
pub(super) fn answer(events: &[Told], timers: &[Later], rule: Option<&str>) -> Vec<String> {
    let Some(newest) = events.first() else { return Vec::new() };
    let wanted = |name: &RuleName| rule.is_none_or(|text| name.as_str().contains(text));
    let came = if events.len() == 1 { "1 event came".to_owned() } else { format!("{} events came, the last", events.len()) };
    let mut said = vec![format!("{came}: {} at {}", newest.event.event.kind, describe::time(newest.event.event.at))];
    let verdicts = verdicts(events);
    let verdicts: Vec<_> = verdicts.iter().filter(|((_, name), _)| wanted(name)).collect();
    for ((pack, name), verdict) in verdicts.iter().take(RULES) {
        said.push(format!("  {pack}: `{name}` {}", verdict.told(name)));
    }
    if verdicts.len() > RULES {
        said.push(format!("  and {} rules more; see below, or ask for one with `--rule`", verdicts.len() - RULES));
    }
    if let (Some(text), true) = (rule, verdicts.is_empty()) {
        said.push(format!(
            "  no rule whose name holds `{text}` was asked about any of them: none listens to these events, or none is called so"
        ));
    }
    for told in events {
        match &told.event.state {
            EventState::Pending { .. } | EventState::Parked { .. } => {
                let event = &told.event.event;
                said.push(format!(
                    "  {} of {}: {}",
                    event.kind,
                    describe::time(event.at),
                    describe::waiting(&told.event.state)
                ));
            }
            EventState::Planned | EventState::Closed { .. } | EventState::Unmatched => {}
        }
    }
    said.extend(timers.iter().filter(|timer| wanted(&timer.rule)).map(|timer| format!("  {}", describe::later(timer))));
    said
}

fn verdicts(events: &[Told]) -> BTreeMap<(PackName, RuleName), Verdict<'_>> {
    let mut verdicts: BTreeMap<(PackName, RuleName), Verdict<'_>> = BTreeMap::new();
    // Newest first: what is set already is later.
    for told in events {
        let mut fired_here = BTreeSet::new();
        for step in told.run.iter().flat_map(|run| &run.steps).chain(&told.others) {
            let (Some(pack), Some(rule)) = (&step.pack, &step.rule) else { continue };
            let verdict = verdicts.entry((pack.clone(), rule.clone())).or_default();
            if let Said::Fired { .. } = step.said {
                if fired_here.insert((pack, rule)) {
                    verdict.fired += 1;
                    verdict.last.get_or_insert_with(|| (told, became(told, pack, rule)));
                }
            } else if keeps(&step.said) {
                verdict.kept.get_or_insert((told, step));
            }
        }
    }
    verdicts
}

/// Whether a step says why its rule did nothing.
const fn keeps(said: &Said) -> bool {
    matches!(
        said,
        Said::False { .. } | Said::NoRows { .. } | Said::Skipped { .. } | Said::Conflict { .. } | Said::Merged { .. }
    )
}

/// What became of the effects of a rule in a run: `2 done, 1 parked`.
fn became(told: &Told, pack: &PackName, rule: &RuleName) -> String {
    let effects = told.run.iter().flat_map(|run| &run.effects);
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    let mut parked = false;
    for row in effects.filter(|row| row.effect.pack == *pack && row.effect.rule == *rule) {
        *states.entry(crate::runtime::words::state(row.state)).or_default() += 1;
        parked |= row.state == EffectState::Parked;
    }
    let states: Vec<String> = states.into_iter().map(|(state, count)| format!("{count} {state}")).collect();
    let hint = if parked { "; `leverd parked` shows what to do" } else { "" };
    if states.is_empty() { "no effect".to_owned() } else { format!("{}{hint}", states.join(", ")) }
}

impl Verdict<'_> {
    fn told(&self, rule: &RuleName) -> String {
        if let Some((told, became)) = &self.last {
            let times = if self.fired == 1 { "fired".to_owned() } else { format!("fired {} times, the last", self.fired) };
            return format!("{times} at {}: {became}", describe::time(told.event.event.at));
        }
        let Some((told, step)) = self.kept else { return "was asked, and did nothing".to_owned() };
        let fix = told.fixes.iter().find(|fix| fix.rule == *rule).map(|fix| {
            let place = fix.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
            format!("{}{place}", fix.text)
        });
        let why = match (&step.said, fix) {
            // What would have to be tells what was.
            (Said::False { .. }, Some(fix)) => fix,
            (Said::NoRows { wanted, .. }, Some(fix)) => format!("nothing fits {wanted}; {fix}"),
            (said, _) => describe::said(said).trim_start_matches("not fired: ").to_owned(),
        };
        let (kind, at) = (&told.event.event.kind, describe::time(told.event.event.at));
        format!("has not fired, the last time at {kind} of {at}: {why}")
    }
}
