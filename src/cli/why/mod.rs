//! `leverd why`: what happened for an opportunity and what did not, with the reason. The short answer first, then each event.

mod lever;
mod short;

use super::describe;
use super::exit::Exit;
use super::out::{Format, Out, for_reading};
use super::stored::{Place, now, wait};
use crate::model::{AccountId, Later, OpportunityId, Step};
use crate::runtime::project::Reading;
use crate::runtime::why::{Fix, Rules, Told, told};
use crate::store::{EventRow, EventState, Heard, Refused, Store};
use anstyle::Style;
use anyhow::bail;
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// Say what happened for an opportunity, and for each rule why it did or did not fire
#[derive(Debug, Args)]
pub(super) struct Why {
    /// Lever's id of the opportunity: the last part of its address in Lever
    opportunity: String,
    /// Only this account
    #[arg(long)]
    account: Option<String>,
    /// Only rules whose name holds this text
    #[arg(long, value_name = "TEXT")]
    rule: Option<String>,
    /// Only the last event before a point in time, such as 2026-11-20T09:30:00Z, or the one whose run has this id
    #[arg(long, value_name = "TIME|RUN")]
    at: Option<At>,
    /// At most so many events, newest first
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Do not ask Lever which moves it shows that never came here
    #[arg(long)]
    offline: bool,
    /// How to write it
    #[arg(long, default_value = "human", value_parser = for_reading())]
    format: Format,
    #[command(flatten)]
    place: Place,
}

/// Which event is meant.
#[derive(Debug, Clone)]
enum At {
    Time(Timestamp),
    /// The first digits of its id.
    Run(String),
}

impl FromStr for At {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(time) = text.parse() {
            return Ok(Self::Time(time));
        }
        let run = text.len() >= 4 && text.chars().all(|c| c.is_ascii_hexdigit());
        let help = "write a time with its zone, such as 2026-11-20T09:30:00Z, or the first digits of a run's id, four or more";
        if run { Ok(Self::Run(text.to_ascii_lowercase())) } else { Err(help.to_owned()) }
    }
}

/// What the store knows.
#[derive(Serialize)]
struct Story {
    /// The answer in a few lines.
    short: Vec<String>,
    /// Newest first.
    events: Vec<Told>,
    /// The timers that are armed still, the next first.
    timers: Vec<Later>,
    /// Where nothing came for the opportunity: what came at all.
    heard: Vec<(AccountId, Vec<Heard>, Vec<Refused>)>,
    /// And what Lever itself says of it.
    lever: Vec<String>,
}

impl Why {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        // People paste the address of the page.
        let id = self.opportunity.trim_end_matches('/').rsplit('/').next().unwrap_or(&self.opportunity);
        let opportunity = OpportunityId::from(id);
        let story = wait(async { self.story(&self.place.look().await?, &opportunity).await })?;
        if self.format == Format::Json {
            out.json(&story)?;
        } else {
            self.tell(out, &opportunity, &story)?;
        }
        Ok(if story.events.is_empty() { Exit::Faults } else { Exit::Fine })
    }

    async fn story(&self, store: &Store, opportunity: &OpportunityId) -> anyhow::Result<Story> {
        let account = self.account.as_deref().map(AccountId::from);
        let (accounts, mut events) = (self.place.accounts(), Vec::new());
        let (mut of_then, mut of_now) = (BTreeMap::new(), BTreeMap::new());
        for event in self.events(store, account.as_ref(), opportunity).await? {
            let id = event.event.account.clone();
            let run = match event.state {
                EventState::Planned => store.run(&id, event.event.id, now()).await?,
                EventState::Pending { .. } | EventState::Parked { .. } | EventState::Unmatched | EventState::Closed { .. } => {
                    None
                }
            };
            let hash = run.as_ref().map(|run| run.ruleset.clone()).unwrap_or_default();
            let key = (id.clone(), hash.clone());
            if !of_then.contains_key(&key) {
                of_then.insert(key.clone(), Rules::of(store, &id, &hash).await);
            }
            let now = of_now.entry(id.clone()).or_insert_with(|| {
                let reading = Reading::of(self.place.config()).ok();
                reading.map(|reading| Rules::load(&reading, &id, None)).unwrap_or_default()
            });
            let then = of_then.get(&key).and_then(Option::as_ref);
            let program = then.and_then(|then| then.program.as_ref()).or(now.program.as_ref());
            events.push(told(event, run, program, &then.unwrap_or(now).places));
        }
        let known: BTreeSet<AccountId> = events.iter().map(|told: &Told| told.event.event.account.clone()).collect();
        let (mut heard, mut lever, mut timers) = (Vec::new(), Vec::new(), Vec::new());
        for account in &known {
            timers.extend(store.timers_of(account, opportunity).await?);
        }
        let meant = |name: &AccountId| {
            if known.is_empty() { account.as_ref().is_none_or(|it| it == name) } else { known.contains(name) }
        };
        if !self.offline && self.at.is_none() {
            for bound in accounts.iter().filter(|bound| meant(&bound.account.name)) {
                lever.extend(lever::asked(store, self.place.config(), bound, opportunity).await?);
            }
        }
        if events.is_empty() {
            let accounts = match account {
                Some(account) => vec![account],
                None => store.accounts().await?,
            };
            for account in accounts {
                let (came, refused) = (store.heard(&account).await?, store.refusals(&account).await?);
                heard.push((account, came, refused));
            }
        }
        let short = short::answer(&events, &timers, self.rule.as_deref());
        Ok(Story { short, events, timers, heard, lever })
    }

    /// The events asked for, newest first.
    async fn events(
        &self,
        store: &Store,
        account: Option<&AccountId>,
        opportunity: &OpportunityId,
    ) -> anyhow::Result<Vec<EventRow>> {
        let Some(at) = &self.at else { return Ok(store.events(account, opportunity, self.limit).await?) };
        let all = store.events(account, opportunity, usize::MAX).await?;
        let meant = all.into_iter().find(|row| match at {
            At::Time(time) => row.event.at <= *time,
            At::Run(id) => row.event.id.to_string().starts_with(id.as_str()),
        });
        match (meant, at) {
            (Some(row), _) => Ok(vec![row]),
            (None, At::Time(time)) => {
                bail!(
                    "nothing had come of this opportunity by {}; without `--at` everything since is shown",
                    describe::time(*time)
                )
            }
            (None, At::Run(id)) => bail!("no event of this opportunity has an id that starts with `{id}`"),
        }
    }

    fn tell(&self, out: &mut Out, opportunity: &OpportunityId, story: &Story) -> anyhow::Result<()> {
        if story.events.is_empty() {
            out.line(format_args!("no event of opportunity {opportunity} has arrived, so no rule was asked"))?;
            for line in &story.lever {
                out.line(format_args!("  {line}"))?;
            }
            return silence(out, story);
        }
        for line in story.short.iter().chain(&story.lever) {
            out.line(line)?;
        }
        let armed: BTreeSet<_> = story.timers.iter().map(|timer| timer.id).collect();
        let bold = Style::new().bold();
        for told in &story.events {
            out.line("")?;
            let wanted = |step: &&Step| match (&self.rule, &step.rule) {
                (Some(text), Some(rule)) => rule.as_str().contains(text.as_str()),
                _ => true,
            };
            match (&told.event.state, &told.run) {
                (_, Some(run)) => {
                    let mut run = run.clone();
                    run.steps.retain(|step| wanted(&step));
                    run.later.retain(|later| self.rule.as_ref().is_none_or(|text| later.rule.as_str().contains(text.as_str())));
                    describe::run_now(out, &run, Some(&armed))?;
                }
                (state, None) => {
                    out.line(format_args!("{bold}{}{bold:#}", describe::event(&told.event.event)))?;
                    out.line(format_args!("  {}", describe::waiting(state)))?;
                }
            }
            for step in told.others.iter().filter(wanted) {
                out.line(format_args!("  {}", describe::step(step)))?;
            }
            let asked = |fix: &&Fix| self.rule.as_ref().is_none_or(|text| fix.rule.as_str().contains(text.as_str()));
            for fix in told.fixes.iter().filter(asked) {
                let place = fix.place.as_ref().map(|place| format!("  ({place})")).unwrap_or_default();
                out.line(format_args!("  for `{}` to fire: {}{place}", fix.rule, fix.text))?;
            }
        }
        Ok(())
    }
}

/// What came at all, where nothing came for the opportunity.
fn silence(out: &mut Out, story: &Story) -> anyhow::Result<()> {
    if story.heard.iter().all(|(_, came, _)| came.is_empty()) {
        out.line("nothing was ever delivered here: does Lever's webhook point to this server?")?;
    }
    for (account, came, refused) in &story.heard {
        for heard in came {
            let event = if heard.event.is_empty() { String::new() } else { format!(" {}", heard.event) };
            out.line(format_args!(
                "  {account}: {}{event} came {} times, last {}",
                heard.source,
                heard.count,
                describe::time(heard.last)
            ))?;
        }
        for refused in refused {
            out.line(format_args!(
                "  {account}: refused {} times, last {}: {}",
                refused.count,
                describe::time(refused.last),
                refused.what
            ))?;
        }
    }
    Ok(())
}
