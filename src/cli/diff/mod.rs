//! `leverd diff`: what a change of the rules would have done to real candidates. Replays recorded runs through two rule sets and tells
//! which outcomes are others. It holds no client and no secret: it cannot send anything.

mod report;
mod side;
mod tests;

use super::exit::Exit;
use super::out::{Format, Out, without_sarif};
use super::stored::{Place, wait};
use crate::engine::Program;
use crate::engine::compare::{Verdict, compare, names_read};
use crate::lang::project::Bound;
use crate::model::{AccountId, Facts};
use crate::runtime::service;
use crate::store::{Recorded, Span, Store};
use anyhow::bail;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use report::{Case, Report};
use side::Side;
use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;

/// So many runs are read at a time.
const PAGE: usize = 2_000;

/// Show what a change of the rules would have done otherwise, on the events that were recorded
///
/// OLD and NEW are each a folder with a leverd.yaml, or a git revision of the folder that --config stands in. Outcomes are compared, not
/// texts. What the record does not hold is told as unknown. Nothing is sent.
#[derive(Debug, Args)]
pub(super) struct Diff {
    /// A folder with a leverd.yaml, or a git revision such as `main` or `HEAD~1`
    old: String,
    /// The same; the files as they are now if left out
    new: Option<String>,
    /// Only this account
    #[arg(long)]
    account: Option<String>,
    /// Only rules whose name holds this text
    #[arg(long, value_name = "TEXT")]
    rule: Option<String>,
    /// Only runs since then, such as 2026-11-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only runs before then
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Compare on the events of the rule tests of OLD, as where there is no store
    #[arg(long, conflicts_with_all = ["since", "until"])]
    tests: bool,
    /// Exit with 1 if anything comes out otherwise or cannot be told
    #[arg(long)]
    exit_code: bool,
    /// How to write it; `github` is Markdown for a comment on a pull request
    #[arg(long, default_value = "human", value_parser = without_sarif())]
    format: Format,
    #[command(flatten)]
    place: Place,
}

impl Diff {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let old = Side::read(&self.old, self.place.config())?;
        let new = match &self.new {
            Some(new) => Side::read(new, self.place.config())?,
            None => Side::here(self.place.config())?,
        };
        for side in [&old, &new] {
            if let Some(faults) = side.faults(out.colour) {
                out.text(&faults)?;
                out.line(format_args!("{} does not validate, so there is nothing to compare", side.name))?;
                return Ok(Exit::Faults);
            }
        }
        let mut report = Report::new(&old.name, &new.name, self.rule.clone(), self.format == Format::Human);
        if self.tests || !self.place.there() {
            report.of_tests();
            tests::compare_on(&old, &new, &mut report);
        } else {
            let accounts = self.accounts(&old, &new, &mut report)?;
            wait(async {
                let store = self.place.look().await?;
                for (account, old, new) in &accounts {
                    self.account(&store, account, old, new, &mut report).await?;
                }
                Ok(())
            })?;
        }
        match self.format {
            Format::Json => out.json(&report)?,
            Format::Github => out.text(&report.markdown())?,
            Format::Human | Format::Sarif => report.tell(out)?,
        }
        Ok(if self.exit_code && !report.all_same() { Exit::Faults } else { Exit::Fine })
    }

    /// The accounts that both sides have, with the programs of each. Those that one side alone has are told.
    fn accounts(&self, old: &Side, new: &Side, report: &mut Report) -> anyhow::Result<Vec<(AccountId, Program, Program)>> {
        let wanted = |bound: &&Bound| self.account.as_deref().is_none_or(|name| bound.account.name.as_str() == name);
        let mut both = Vec::new();
        for bound in old.accounts().filter(wanted) {
            let name = &bound.account.name;
            if let Some(other) = new.accounts().find(|other| other.account.name == *name) {
                both.push((name.clone(), Program::new(bound.rulesets.clone()), Program::new(other.rulesets.clone())));
            } else {
                report.leave(name.clone(), &old.name);
            }
        }
        let known = |name: &AccountId| old.accounts().any(|other| other.account.name == *name);
        for bound in new.accounts().filter(wanted).filter(|bound| !known(&bound.account.name)) {
            report.leave(bound.account.name.clone(), &new.name);
        }
        if both.is_empty() {
            match &self.account {
                Some(name) => bail!("{} and {} have no account `{name}` in common", old.name, new.name),
                None => bail!("{} and {} have no account in common", old.name, new.name),
            }
        }
        Ok(both)
    }

    async fn account(
        &self,
        store: &Store,
        account: &AccountId,
        old: &Program,
        new: &Program,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let span = Span { opportunity: None, since: self.since, until: self.until };
        let bar = bar(store.history_length(account, &span).await?);
        let mut of_then: BTreeMap<String, Option<Program>> = BTreeMap::new();
        let mut page = store.history(account, &span, 0, PAGE).await?;
        while let Some(place) = page.last().map(|recorded| recorded.place) {
            for recorded in &page {
                if !of_then.contains_key(&recorded.ruleset) {
                    of_then.insert(recorded.ruleset.clone(), service::kept(store, account, &recorded.ruleset).await);
                }
            }
            // The next page is read while this one is compared: it is asked for first, in a thread of its own.
            let next = store.history(account, &span, place, PAGE);
            let (next, told) = tokio::join!(next, async { verdicts(&page, &of_then, old, new) });
            for (recorded, verdict) in page.iter().zip(told) {
                let name = format!("run {}", recorded.event.id);
                report.take(&Case { account, event: &recorded.event, name }, verdict);
            }
            bar.inc(page.len() as u64);
            page = next?;
        }
        bar.finish_and_clear();
        let mut place = 0;
        loop {
            let page = store.unheard(account, &span, place, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            place = *last;
            for (_, event) in &page {
                // Nobody asked for anything then: whatever a rule asks for now is not in the record.
                let verdict = if old.selects(event) || new.selects(event) {
                    compare(old, new, event, &Facts::at(event.received), &BTreeSet::new())
                } else {
                    Verdict::Same
                };
                report.pass(&Case { account, event, name: format!("event {}", event.id) }, verdict);
            }
        }
        Ok(())
    }
}

/// What becomes of each run of a page, on all cores.
fn verdicts(page: &[Recorded], of_then: &BTreeMap<String, Option<Program>>, old: &Program, new: &Program) -> Vec<Verdict> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = page.len().div_ceil(cores).max(1);
    let one = |recorded: &Recorded| {
        let then = of_then.get(&recorded.ruleset).and_then(Option::as_ref);
        let read = then.and_then(|then| names_read(then, &recorded.event, &recorded.facts));
        // Of rules that are not known any more only what was there is known to have been read.
        let read: BTreeSet<String> = read.unwrap_or_else(|| recorded.facts.values.keys().cloned().collect());
        compare(old, new, &recorded.event, &recorded.facts, &read)
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> =
            page.chunks(share).map(|part| scope.spawn(move || part.iter().map(one).collect::<Vec<_>>())).collect();
        // A thread that failed would leave runs without a verdict: then the failure is passed on.
        parts.into_iter().flat_map(|part| part.join().unwrap_or_else(|failure| std::panic::resume_unwind(failure))).collect()
    })
}

/// On a terminal, beside the output.
fn bar(length: u64) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(length), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} runs, {eta} left") {
        bar.set_style(style);
    }
    bar
}
