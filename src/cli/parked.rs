//! `leverd parked`: everything that waits for a person.

use super::describe;
use super::exit::Exit;
use super::out::{Format, Out, for_reading};
use super::stored::{Place, wait};
use crate::model::AccountId;
use crate::store::ParkedRow;
use clap::Args;
use serde_json::json;

/// Show what waits for a person, and why; `retry` and `skip` take the ids
#[derive(Debug, Args)]
pub(super) struct Parked {
    /// Only this account
    #[arg(long)]
    account: Option<String>,
    /// How to write it
    #[arg(long, default_value = "human", value_parser = for_reading())]
    format: Format,
    #[command(flatten)]
    place: Place,
}

impl Parked {
    /// Exits with 1 when something waits, so that a script can tell.
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let account = self.account.as_deref().map(AccountId::from);
        let rows = wait(async { Ok(self.place.look().await?.parked(account.as_ref()).await?) })?;
        if self.format == Format::Json {
            out.json(&rows.iter().map(json).collect::<Vec<_>>())?;
        } else if rows.is_empty() {
            out.line("nothing waits for a person")?;
        } else {
            for row in &rows {
                let lane = row.opportunity.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
                out.line(format_args!("{}  {}{lane}: {}", row.work, row.account, row.what))?;
                let since = row.at.map(|at| format!(", since {}", describe::time(at))).unwrap_or_default();
                let reason = row.reason.as_ref().map_or("no reason was recorded", |reason| reason.text.as_str());
                let code = row.reason.as_ref().map(|reason| format!(" ({})", reason.code)).unwrap_or_default();
                out.line(format_args!("    {reason}{code}{since}"))?;
            }
            out.line("\nnext: mend the cause, then `leverd retry ID`; or `leverd skip ID` to leave it")?;
        }
        Ok(if rows.is_empty() { Exit::Fine } else { Exit::Faults })
    }
}

fn json(row: &ParkedRow) -> serde_json::Value {
    let text = row.work.to_string();
    let (kind, id) = text.split_once(' ').unwrap_or(("", &text));
    json!({ "account": row.account, "kind": kind, "id": id, "opportunity": row.opportunity, "what": row.what,
        "reason": row.reason, "at": row.at })
}
