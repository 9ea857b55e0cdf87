//! `leverd why`: what happened for an opportunity and what did not, with the reason.

use super::connect::Reads;
use super::describe;
use super::exit::Exit;
use super::files::Folder;
use super::out::{Format, Out, for_reading};
use super::stored::{Place, now, wait};
use crate::lang::project::Bound;
use crate::lever::api;
use crate::lever::facts::Names;
use crate::model::{AccountId, Kind, OpportunityId, Step};
use crate::runtime::poller::Cursor;
use crate::runtime::project::Reading;
use crate::runtime::why::{Fix, Rules, Told, told};
use crate::store::{EventRow, EventState, Heard, Refused, Store};
use anyhow::bail;
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::str::FromStr;

/// So many moves that nothing came of are told, the latest first.
const MOVES: usize = 3;

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
    /// Newest first.
    events: Vec<Told>,
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
        let (mut heard, mut lever) = (Vec::new(), Vec::new());
        if events.is_empty() {
            let asked = accounts.iter().filter(|bound| account.as_ref().is_none_or(|account| *account == bound.account.name));
            for bound in asked {
                lever.extend(self.lever(store, bound, opportunity).await?);
            }
            let accounts = match account {
                Some(account) => vec![account],
                None => store.accounts().await?,
            };
            for account in accounts {
                let (came, refused) = (store.heard(&account).await?, store.refusals(&account).await?);
                heard.push((account, came, refused));
            }
        }
        Ok(Story { events, heard, lever })
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

    /// What Lever says happened to the opportunity, and why nothing of it may have come.
    async fn lever(&self, store: &Store, bound: &Bound, opportunity: &OpportunityId) -> anyhow::Result<Vec<String>> {
        let account = &bound.account.name;
        let folder = Folder::of(self.place.config());
        let read = match Reads::lever(&bound.account, &folder).await {
            Ok(lever) => lever.one(&api::get_opportunity(opportunity), api::opportunity).await,
            Err(error) => Err(error),
        };
        let read = match read {
            Ok(read) => read,
            Err(error) => return Ok(vec![format!("{account}: Lever does not show it: {error:#}")]),
        };
        let active = store.baselines(account).await?.into_iter().map(|(_, since)| since).min();
        let names = Names::of(&bound.catalogue);
        let moves = read.stage_changes.iter().skip(1).rev().take(MOVES).map(|change| {
            let stage = names.value(Kind::Stage, change.to.as_str());
            let shown = format!("{account}: Lever shows a move to `{stage}` at {}", describe::time(change.at));
            match active {
                Some(since) if change.at >= since => format!(
                    "{shown}, and no webhook of it came: is `candidateStageChange` switched on in Lever, under Settings > \
                     Integrations and API > Webhooks, with this server's address?"
                ),
                Some(since) => format!(
                    "{shown}, before the rules became active here ({}): `leverd backfill {account}` lets a rule see it",
                    describe::time(since)
                ),
                None => format!("{shown}; no rules were ever active here: does `leverd serve` run?"),
            }
        });
        let mut said: Vec<String> = moves.collect();
        if said.is_empty() {
            said.push(format!("{account}: Lever knows it and shows no move since it was created"));
        }
        if let Some(every) = bound.account.lever.poll {
            let looked = Cursor::of(store, account).await?.map(|cursor| describe::time(cursor.last).to_string());
            let looked = looked.unwrap_or_else(|| "never".to_owned());
            said.push(format!("{account}: polled every {every:#}, last looked at {looked}"));
        }
        Ok(said)
    }

    fn tell(&self, out: &mut Out, opportunity: &OpportunityId, story: &Story) -> anyhow::Result<()> {
        if story.events.is_empty() {
            out.line(format_args!("no event of opportunity {opportunity} has arrived, so no rule was asked"))?;
            for line in &story.lever {
                out.line(format_args!("  {line}"))?;
            }
            return silence(out, story);
        }
        for told in &story.events {
            let wanted = |step: &&Step| match (&self.rule, &step.rule) {
                (Some(text), Some(rule)) => rule.as_str().contains(text.as_str()),
                _ => true,
            };
            match (&told.event.state, &told.run) {
                (_, Some(run)) => {
                    let mut run = run.clone();
                    run.steps.retain(|step| wanted(&step));
                    run.later.retain(|later| self.rule.as_ref().is_none_or(|text| later.rule.as_str().contains(text.as_str())));
                    describe::run(out, &run)?;
                }
                (state, None) => {
                    out.line(describe::event(&told.event.event))?;
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
