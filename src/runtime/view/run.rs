//! One run on the text of the rules that were in force: each part at its line, true or false, with what it saw.

use crate::engine::explain;
use crate::engine::marks::{Mark, Told};
use crate::lang::load::File;
use crate::lang::places::Places;
use crate::model::{AccountId, EventId, PackName, RuleName, Said, Step};
use crate::runtime::call::Node;
use crate::runtime::why::{Fix, Rules, fixes};
use crate::runtime::words;
use crate::store::{EffectRow, EffectState, Result, RunRow};
use std::collections::BTreeMap;

/// One run.
#[derive(Debug)]
pub struct RunView {
    pub row: RunRow,
    /// The rule files, each with the rules in it in their order. None where the rules of then cannot be loaded any more.
    pub files: Vec<FileView>,
    /// What is said of no line: the event was stale, the rules are not known any more.
    pub loose: Vec<String>,
    /// What would have had a rule fire.
    pub fixes: Vec<Fix>,
}

#[derive(Debug)]
pub struct FileView {
    pub pack: PackName,
    pub name: String,
    pub rules: Vec<RuleView>,
}

/// One rule of a file.
#[derive(Debug)]
pub struct RuleView {
    pub name: RuleName,
    pub fate: Fate,
    pub lines: Vec<Line>,
}

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Fired,
    /// It listens, and something kept it from firing.
    Held,
    /// It does not listen to this event.
    Silent,
}

/// One line of text with what is said of it.
#[derive(Debug)]
pub struct Line {
    /// From 1.
    pub number: usize,
    pub text: String,
    pub notes: Vec<Note>,
}

/// What is said of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub sign: Sign,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    True,
    False,
    /// The run did not record it.
    Unknown,
    /// An effect, by its state.
    Done,
    Waits,
    Parked,
    /// Something to know.
    Said,
}

/// The run of an event.
pub async fn of(node: &Node, account: &AccountId, event: EventId) -> Result<Option<RunView>> {
    let Some(row) = node.store.run(account, event, node.clock.now()).await? else { return Ok(None) };
    let rules = Rules::of(&node.store, account, &row.ruleset).await;
    Ok(Some(laid_out(row, rules)))
}

/// Lays a run out on its rules.
pub fn laid_out(row: RunRow, rules: Option<Rules>) -> RunView {
    let mut loose = Vec::new();
    let none = Rules::default();
    let rules = rules.as_ref().unwrap_or(&none);
    if rules.program.is_none() {
        loose.push("The rules that were in force then cannot be loaded any more; this is what was recorded.".to_owned());
    }
    let files = files(&row, rules);
    let placed = |step: &&Step| step.pack.as_ref().and_then(|pack| rules.places.get(pack)?.at(&step.route)).is_some();
    loose.extend(row.steps.iter().filter(|step| !(placed(step) && rules.program.is_some())).map(words::step));
    let fixes = fixes(row.steps.iter(), &rules.places);
    RunView { row, files, loose, fixes }
}

fn files(row: &RunRow, rules: &Rules) -> Vec<FileView> {
    let Some(program) = &rules.program else { return Vec::new() };
    let read = row.facts.values.keys().cloned().collect();
    let mut files: Vec<FileView> = Vec::new();
    for set in program.sets() {
        let pack = set.name();
        let (Some(places), Some(texts)) = (rules.places.get(pack), rules.files.get(pack)) else { continue };
        for rule in &set.pack.rules {
            let steps: Vec<&Step> = row
                .steps
                .iter()
                .filter(|step| step.pack.as_ref() == Some(pack) && step.rule.as_ref() == Some(&rule.name))
                .collect();
            let meant = row.event.for_rule.as_ref().is_none_or(|only| only.pack == *pack && only.rule == rule.name);
            let seen = explain::explain(program, pack, &rule.name, &row.event, &row.facts, Some(&read));
            let heard = meant && !seen.marks.is_empty() || !steps.is_empty();
            let fired = steps.iter().any(|step| matches!(step.said, Said::Fired { .. }));
            let fate = if fired {
                Fate::Fired
            } else if heard {
                Fate::Held
            } else {
                Fate::Silent
            };
            let mut notes = Notes { places, by_line: BTreeMap::new() };
            if heard {
                seen.marks.iter().for_each(|mark| notes.mark(mark));
                let told = if steps.is_empty() { seen.steps.iter().collect() } else { steps };
                for step in told {
                    notes.step(step);
                }
                row.effects
                    .iter()
                    .filter(|one| one.effect.pack == *pack && one.effect.rule == rule.name)
                    .for_each(|effect| notes.effect(effect));
            }
            let Some((_, file, first, last)) = places.rules().find(|(route, ..)| *route == rule.route) else { continue };
            let view = RuleView { name: rule.name.clone(), fate, lines: lines(texts, file, first, last, notes.by_line) };
            match files.iter_mut().find(|known| known.pack == *pack && known.name == file) {
                Some(known) => known.rules.push(view),
                None => files.push(FileView { pack: pack.clone(), name: file.to_owned(), rules: vec![view] }),
            }
        }
    }
    files
}

fn lines(texts: &[File], file: &str, first: usize, last: usize, mut notes: BTreeMap<usize, Vec<Note>>) -> Vec<Line> {
    let text = texts.iter().find(|(name, _)| name == file).map(|(_, bytes)| String::from_utf8_lossy(bytes)).unwrap_or_default();
    let taken = text.lines().enumerate().skip(first.saturating_sub(1)).take(last + 1 - first.min(last));
    taken
        .map(|(at, text)| Line { number: at + 1, text: text.to_owned(), notes: notes.remove(&(at + 1)).unwrap_or_default() })
        .collect()
}

/// What is said of each line of a rule.
struct Notes<'p> {
    places: &'p Places,
    by_line: BTreeMap<usize, Vec<Note>>,
}

impl Notes<'_> {
    fn add(&mut self, route: &str, sign: Sign, text: String) {
        let line = self.places.at(route).map_or(0, |(_, line)| line);
        let notes = self.by_line.entry(line).or_default();
        let note = Note { sign, text };
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    fn mark(&mut self, mark: &Mark) {
        let (sign, text) = match &mark.told {
            Told::Test { holds: None, field, .. } => (Sign::Unknown, format!("{field} was not recorded")),
            Told::Test { holds: Some(true), field, saw: Some(saw), .. } => (Sign::True, format!("{field} is {saw}")),
            Told::Test { holds: Some(true), field, saw: None, .. } => (Sign::True, format!("there is no {field}")),
            Told::Test { holds: Some(false), field, wanted, saw: Some(saw) } => {
                (Sign::False, format!("{field} is {saw}, the rule wants {wanted}"))
            }
            Told::Test { holds: Some(false), field, wanted, saw: None } => {
                (Sign::False, format!("there is no {field}, the rule wants {wanted}"))
            }
            Told::Rows { name, rows, .. } if rows.is_empty() => (Sign::False, format!("no {name} was found")),
            Told::Rows { name, rows, more } => {
                let more = if *more > 0 { format!(" and {more} more") } else { String::new() };
                (Sign::True, format!("{name}: {}{more}", rows.join(", ")))
            }
        };
        self.add(&mark.route, sign, text);
    }

    fn step(&mut self, step: &Step) {
        match &step.said {
            // The test has said it, with the same values.
            Said::False { .. } if self.says_false(&step.route) => {}
            Said::Fired { .. } => self.add(&step.route, Sign::Done, words::said(&step.said)),
            Said::False { .. } | Said::NoRows { .. } => {
                // What was not there is not among the facts, so the test alone cannot tell; the step can. And it says more than that
                // no row was found.
                if let Some((_, line)) = self.places.at(&step.route)
                    && let Some(notes) = self.by_line.get_mut(&line)
                {
                    notes.retain(|note| !matches!(note.sign, Sign::Unknown | Sign::False));
                }
                let text = words::said(&step.said).trim_start_matches("not fired: ").to_owned();
                self.add(&step.route, Sign::False, text);
            }
            _ => self.add(&step.route, Sign::Said, words::said(&step.said)),
        }
    }

    fn says_false(&self, route: &str) -> bool {
        let line = self.places.at(route).map_or(0, |(_, line)| line);
        self.by_line.get(&line).is_some_and(|notes| notes.iter().any(|note| note.sign == Sign::False))
    }

    fn effect(&mut self, row: &EffectRow) {
        let sign = match row.state {
            EffectState::Done => Sign::Done,
            EffectState::Parked => Sign::Parked,
            EffectState::Skipped => Sign::Said,
            EffectState::Ready | EffectState::Begun | EffectState::Waiting => Sign::Waits,
        };
        let because = row.reason.as_ref().map(|reason| format!(": {}", reason.text)).unwrap_or_default();
        let text = format!("{} — {}{because}", words::act(&row.effect.act), words::state(row.state));
        for route in &row.effect.routes {
            self.add(route, sign, text.clone());
        }
    }
}
