//! `leverd retry`: a person says that the cause is mended.

use super::exit::Exit;
use super::out::Out;
use super::stored::{Place, find, now, wait};
use clap::Args;

/// Do parked work again, now
#[derive(Debug, Args)]
pub struct Retry {
    /// Ids that `leverd parked` shows, or their first digits
    #[arg(required = true)]
    ids: Vec<String>,
    #[command(flatten)]
    place: Place,
}

impl Retry {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        wait(async {
            let store = self.place.change().await?;
            // Every id is looked up first, so that a wrong one changes nothing.
            let mut found = Vec::new();
            for id in &self.ids {
                found.push(find(&store, id).await?);
            }
            for (account, work) in found {
                store.retry(&account, work, now()).await?;
                out.line(format_args!("{work} of {account} is due now"))?;
            }
            store.close().await;
            Ok(Exit::Fine)
        })
    }
}
