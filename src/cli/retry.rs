//! `leverd retry`: a person says that the cause is mended.

use super::exit::Exit;
use super::out::Out;
use super::stored::{Place, find, wait};
use crate::server::side::Wish;
use clap::Args;

/// Do parked work again, now
#[derive(Debug, Args)]
pub(super) struct Retry {
    /// Ids that `leverd parked` shows, or their first digits
    #[arg(required = true)]
    ids: Vec<String>,
    #[command(flatten)]
    place: Place,
}

impl Retry {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        wait(async {
            let store = self.place.look().await?;
            // Every id is looked up first, so that a wrong one changes nothing.
            let mut found = Vec::new();
            for id in &self.ids {
                found.push(find(&store, id).await?);
            }
            store.close().await;
            for (account, work) in found {
                self.place.wish(&account, work, &Wish::Retry).await?;
                out.line(format_args!("{work} of {account} is due now"))?;
            }
            Ok(Exit::Fine)
        })
    }
}
