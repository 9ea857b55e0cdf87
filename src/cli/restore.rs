//! `leverd restore`: a backup becomes the store, and what it cannot know is left to a person.

use super::backup::told;
use super::exit::Exit;
use super::out::{Format, Out, for_reading};
use super::stored::{Place, now, wait};
use crate::runtime::restore;
use crate::server::errand::{self, Errand};
use crate::store::{Restored, Store};
use clap::Args;
use std::path::PathBuf;

/// Make a backup the store, while leverd is stopped; what may have been done since is parked, so that nothing is done twice
///
/// The world went on after the backup was taken, and leverd with it. So everything that is unfinished in it is parked (R10): `leverd
/// parked` shows it, `leverd retry` looks up whether it was done and does it if not, `leverd skip` leaves it. Events of the time that
/// the backup does not know are parked when they arrive, and so is each invitation, until you say `leverd restore --settled`.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup
    #[arg(value_name = "FILE", required_unless_present = "settled")]
    file: Option<PathBuf>,
    /// Put it in place of the store that is there; that one stays beside it under another name
    #[arg(long)]
    replace: bool,
    /// Say that you looked which invitations went out in the time that the backup does not know: new ones go out by themselves again
    #[arg(long, conflicts_with_all = ["file", "replace"])]
    settled: bool,
    /// How to say what was done
    #[arg(long, default_value = "human", value_parser = for_reading())]
    format: Format,
    #[command(flatten)]
    place: Place,
}

impl Restore {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let Some(file) = &self.file else {
            let was = wait(self.settle())?;
            out.line(if was {
                "invitations go out by themselves again"
            } else {
                "the store was not restored from a backup: nothing is held"
            })?;
            return Ok(Exit::Fine);
        };
        let store = self.place.file()?;
        let restored = restore::restore(file, &store, now(), self.replace)?;
        if self.format == Format::Json {
            out.json(&restored)?;
            return Ok(Exit::Fine);
        }
        out.line(format_args!("{} is the store now: {}", file.display(), told(&restored.holding)))?;
        if let Some(before) = &restored.before {
            out.line(format_args!("the store of before is {}", before.display()))?;
        }
        next_steps(&restored, out)?;
        Ok(Exit::Fine)
    }

    /// Whether there was any caution to end.
    async fn settle(&self) -> anyhow::Result<bool> {
        let named = self.place.named()?;
        if let Some(answer) = errand::ask(&named.door, &Errand::Settled).await? {
            return Ok(answer.map_err(anyhow::Error::msg)?.as_bool().unwrap_or_default());
        }
        let store = Store::open(named.options).await?;
        let was = store.end_caution().await?;
        store.close().await;
        Ok(was)
    }
}

fn next_steps(restored: &Restored, out: &mut Out) -> anyhow::Result<()> {
    let until = restored.at;
    let from = restored.holding.last.unwrap_or(until);
    out.line(format_args!(
        "\nWhat leverd did between {from} and {until} is not known to it any more. So that nothing is done twice:"
    ))?;
    if restored.parked.is_empty() {
        out.line("  nothing was unfinished")?;
    }
    for (account, kind, count) in &restored.parked {
        out.line(format_args!("  {account}: {count} {kind} are parked"))?;
    }
    out.line("  Lever is looked at, and vendors are asked, from now on")?;
    out.line("  events of that time are parked when they arrive, and so is each invitation")?;
    out.line("\nNext:")?;
    out.line("  leverd serve               start; `leverd doctor` says whether the logins are still good")?;
    out.line("  leverd parked              what waits for you; `leverd retry ID` looks first whether it was done, `leverd skip ID` leaves it")?;
    out.line(
        "  leverd why OPPORTUNITY     moves that Lever shows and leverd has not heard of; `leverd backfill` sees to them",
    )?;
    out.line(
        "  leverd restore --settled   when you know which invitations went out in between: new ones go out by themselves again",
    )?;
    Ok(())
}
