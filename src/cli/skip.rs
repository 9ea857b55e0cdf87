//! `leverd skip`: a person says that parked work shall not be done.

use super::exit::Exit;
use super::out::Out;
use super::stored::{Place, find, wait};
use crate::server::side::Wish;
use clap::Args;

/// Leave parked work undone; what waited for it goes on
#[derive(Debug, Args)]
pub(super) struct Skip {
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
            let store = self.place.look().await?;
            let wish = Wish::Skip { reason: self.reason.clone() };
            let mut found = Vec::new();
            for id in &self.ids {
                found.push(find(&store, id).await?);
            }
            store.close().await;
            for (account, work) in found {
                self.place.wish(&account, work, &wish).await?;
                out.line(format_args!("{work} of {account} is skipped"))?;
            }
            Ok(Exit::Fine)
        })
    }
}
