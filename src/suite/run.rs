//! Runs tests: each step through the production planner, its effects onto the test's world, the outcomes back as events.

use super::expect::{After, Differs, difference};
use super::world::World;
use super::{Case, Happening, Suite, Test, What};
use crate::model::{Event, Facts, RuleName, Value};
use std::fmt::Write as _;

/// Runs every test of a file. Tests know nothing of each other.
pub fn run(suite: &Suite) -> Vec<Case> {
    suite.tests.iter().map(|test| case(&suite.file, test)).collect()
}

/// Every event of a test, those that follow among them, with what is known when it is planned.
pub fn history(test: &Test) -> Vec<(Event, Facts)> {
    let mut world = World::new(test);
    for (n, step) in test.steps.iter().enumerate() {
        world.begin(step);
        let taken = match &step.what {
            What::Event(event, about) => world.happens(event, about.as_deref(), &format!("{} {n}", test.name)),
            What::Answer(key, label) => world.answers(key, label, &format!("{} {n}", test.name)),
            What::Wait(duration) => {
                world.wait(*duration);
                Ok(())
            }
            What::Nothing => Ok(()),
        };
        if taken.is_err() {
            break;
        }
    }
    world.planned
}

fn case(file: &str, test: &Test) -> Case {
    let mut world = World::new(test);
    let (mut faults, mut place) = (Vec::new(), None);
    for (n, step) in test.steps.iter().enumerate() {
        world.begin(step);
        match &step.what {
            What::Event(event, about) => {
                if let Err(fault) = world.happens(event, about.as_deref(), &format!("{} {n}", test.name)) {
                    faults.push(format!("step {} (line {}): {fault}", n + 1, step.line));
                    place = Some((step.line, 1));
                    break;
                }
            }
            What::Answer(key, label) => {
                if let Err(fault) = world.answers(key, label, &format!("{} {n}", test.name)) {
                    faults.push(format!("step {} (line {}): {fault}", n + 1, step.line));
                    place = Some((step.line, 1));
                    break;
                }
            }
            What::Wait(duration) => world.wait(*duration),
            What::Nothing => {}
        }
        let found = differences(&world, step);
        if !found.is_empty() {
            let what = match &step.what {
                What::Event(event, _) => format!("`{}`", event.kind),
                What::Answer(key, label) => format!("`{key}` answered with `{label}`"),
                What::Wait(duration) => format!("waiting {duration:#}"),
                What::Nothing => "a change that nobody tells".to_owned(),
            };
            let mut text = format!("step {} (line {}), {what}:\n", n + 1, step.line);
            place = found
                .iter()
                .find_map(|differs| differs.place.as_ref())
                .or(step.expect_place.as_ref())
                .map(|at| (at.line, at.column));
            // Where nothing that is written is missing, too much was done: `expect` itself is shown.
            let mut shown = found.iter().all(|differs| differs.place.is_none()).then_some(step.expect_place.as_ref()).flatten();
            for differs in &found {
                let _ = writeln!(text, "  {}", differs.line);
                for line in differs.place.as_ref().or(shown.take()).map(|place| place.shown(file)).unwrap_or_default() {
                    let _ = writeln!(text, "      {line}");
                }
            }
            text.push_str("why:\n");
            for (_, why) in &world.why {
                let _ = writeln!(text, "  {why}");
            }
            faults.push(text);
            // What follows would only repeat the fault.
            break;
        }
    }
    Case {
        name: test.name.clone(),
        file: file.to_owned(),
        line: test.line,
        faults,
        place,
        steps: test.steps.len(),
        reached: world.reached,
    }
}

/// What is not as the step says: `-` was expected and not done, `+` was done and not expected.
fn differences(world: &World<'_>, step: &Happening) -> Vec<Differs> {
    let mut lines = step.expect.as_ref().map(|expected| difference(expected, &world.done)).unwrap_or_default();
    for because in &step.because {
        let about = |rule: &Option<RuleName>| because.rule.is_none() || *rule == because.rule;
        if !world.why.iter().any(|(rule, why)| about(rule) && why.contains(because.text.as_str())) {
            let of = because.rule.as_ref().map(|rule| format!(" of `{rule}`")).unwrap_or_default();
            lines.push(Differs::missing(format!("a reason{of} with {:?} in it", because.text), &because.place));
        }
    }
    for (after, place) in &step.after {
        match after {
            After::Tags(wanted) => {
                let mut tags: Vec<String> = match world.facts.values.get("opportunity.tags") {
                    Some(Value::List(tags)) => tags.iter().map(ToString::to_string).collect(),
                    _ => Vec::new(),
                };
                let mut wanted = wanted.clone();
                tags.sort();
                wanted.sort();
                if tags != wanted {
                    lines.push(Differs::missing(format!("tags: {}", wanted.join(" · ")), place));
                    lines.push(Differs::more(format!("tags: {}", tags.join(" · "))));
                }
            }
            After::Stage(wanted) => {
                let stage = world.facts.values.get("opportunity.stage").map(ToString::to_string).unwrap_or_default();
                if stage != *wanted {
                    lines.push(Differs::missing(format!("stage: {wanted}"), place));
                    lines.push(Differs::more(format!("stage: {stage}")));
                }
            }
            After::Attempt(title, wanted) => {
                let row = world.facts.ledger.iter().rfind(|row| row.test.title == *title);
                if row.is_none_or(|row| row.phase != *wanted) {
                    lines.push(Differs::missing(format!("attempt at {title}: {wanted}"), place));
                    let phase = row.map_or("none", |row| row.phase.as_str());
                    lines.push(Differs::more(format!("attempt at {title}: {phase}")));
                }
            }
        }
    }
    lines
}
