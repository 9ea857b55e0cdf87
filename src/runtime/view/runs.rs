//! Runs, newest first, by what one looks for.

use crate::model::{AccountId, Said};
use crate::runtime::call::Node;
use crate::runtime::words;
use crate::store::{EffectState, Result, RunRow};
use jiff::Timestamp;

/// So many are read at a time.
const PAGE: usize = 200;
/// So many are looked at for one page; more are looked at when one goes on.
const LOOKED: usize = 2_000;

/// What one looks for. Everything that is given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sought {
    pub account: Option<AccountId>,
    /// In the rule's name.
    pub rule: String,
    /// In the kind of the event.
    pub event: String,
    /// In the opportunity's id, or anything else that the page shows of a run.
    pub text: String,
    pub came: Came,
    /// Only runs planned before.
    pub before: Option<Timestamp>,
}

/// What came of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Came {
    #[default]
    Anything,
    /// A rule fired.
    Fired,
    /// No rule fired.
    Nothing,
    /// An effect waits for a person.
    Parked,
    /// An effect is not settled.
    Open,
}

/// One page.
#[derive(Debug)]
pub struct Runs {
    pub rows: Vec<RunRow>,
    /// How many were looked at.
    pub looked: usize,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Timestamp>,
}

/// At most `limit` runs that fit.
pub async fn of(node: &Node, sought: &Sought, limit: usize) -> Result<Runs> {
    let now = node.clock.now();
    let mut runs = Runs { rows: Vec::new(), looked: 0, next: None };
    let mut before = sought.before.unwrap_or(Timestamp::MAX);
    loop {
        let page = node.store.runs_before(sought.account.as_ref(), before, PAGE, now).await?;
        let last = page.len() < PAGE;
        for row in page {
            before = row.planned_at;
            runs.looked += 1;
            if fits(&row, sought) {
                runs.rows.push(row);
                if runs.rows.len() >= limit {
                    runs.next = Some(before);
                    return Ok(runs);
                }
            }
        }
        if last {
            return Ok(runs);
        }
        if runs.looked >= LOOKED {
            runs.next = Some(before);
            return Ok(runs);
        }
    }
}

/// Whether a rule fired in it.
pub fn fired(row: &RunRow) -> bool {
    row.steps.iter().any(|step| matches!(step.said, Said::Fired { .. }))
}

fn fits(row: &RunRow, sought: &Sought) -> bool {
    let holds = |text: &str, part: &str| part.is_empty() || text.to_lowercase().contains(&part.to_lowercase());
    let any = |states: &[EffectState]| row.effects.iter().any(|effect| states.contains(&effect.state));
    let came = match sought.came {
        Came::Anything => true,
        Came::Fired => fired(row),
        Came::Nothing => !fired(row),
        Came::Parked => any(&[EffectState::Parked]),
        Came::Open => any(&[EffectState::Ready, EffectState::Begun, EffectState::Waiting]),
    };
    let rule = sought.rule.is_empty()
        || row.steps.iter().filter_map(|step| step.rule.as_ref()).any(|rule| holds(rule.as_str(), &sought.rule));
    let told = || {
        let id = row.event.id.to_string();
        let opportunity = row.event.opportunity.as_ref().is_some_and(|opportunity| holds(opportunity.as_str(), &sought.text));
        opportunity
            || holds(&id, &sought.text)
            || row.effects.iter().any(|effect| holds(&words::act(&effect.effect.act), &sought.text))
            || row.facts.values.values().any(|value| holds(&value.to_string(), &sought.text))
    };
    came && rule && holds(&row.event.kind.to_string(), &sought.event) && (sought.text.is_empty() || told())
}
