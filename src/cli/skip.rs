//! `leverd skip`: a person says that parked work shall not be done.

use super::exit::Exit;
use super::out::Out;
use super::stored::{Place, find, now, wait};
use crate::model::Reason;
use clap::Args;

/// Leave parked work undone; what waited for it goes on
#[derive(Debug, Args)]
pub struct Skip {
    /// Ids that `leverd parked` shows, or their first digits
    #[arg(required = true)]
    ids: Vec<String>,
    /// Why, for those who look later
    #[arg(long, default_value = "skipped by a person")]
    reason: String,
    #[command(flatten)]
    place: Place,
}

impl Skip {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        wait(async {
            let store = self.place.change().await?;
            let mut found = Vec::new();
            for id in &self.ids {
                found.push(find(&store, id).await?);
            }
            for (account, work) in found {
                store.skip(&account, work, Reason::new("skipped", self.reason.as_str()), now()).await?;
                out.line(format_args!("{work} of {account} is skipped"))?;
            }
            store.close().await;
            Ok(Exit::Fine)
        })
    }
}
