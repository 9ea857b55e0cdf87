//! `leverd skip`: a person says that parked work shall not be done.

use super::chosen::Chosen;
use super::exit::Exit;
use super::out::Out;
use super::stored::{Place, wait};
use crate::server::side::Wish;
use clap::Args;

/// Leave parked work undone; what waited for it goes on
#[derive(Debug, Args)]
pub(super) struct Skip {
    #[command(flatten)]
    chosen: Chosen,
    /// Why, for those who look later
    #[arg(long, default_value = "skipped by a person")]
    reason: String,
    #[command(flatten)]
    place: Place,
}

impl Skip {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let wish = Wish::Skip { reason: self.reason.clone() };
        wait(self.place.wish_all(&self.chosen, &wish, "is skipped", out))
    }
}
