//! `leverd retry`: a person says that the cause is mended.

use super::chosen::Chosen;
use super::exit::Exit;
use super::out::Out;
use super::stored::{Place, wait};
use crate::server::side::Wish;
use clap::Args;

/// Do parked work again, now: one piece, or everything of a rule, an account, or at all
#[derive(Debug, Args)]
pub(super) struct Retry {
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    place: Place,
}

impl Retry {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        wait(self.place.wish_all(&self.chosen, &Wish::Retry, "is due now", out))
    }
}
