//! What a step is called, for whoever reads how a promise was broken.

use super::state::NODES;
use std::fmt::{Display, Formatter};

/// Who takes a step that is nobody's.
pub(super) const WORLD: usize = NODES;

/// As many faults as there may be steps.
pub(super) const ANY: u8 = u8::MAX;

#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) who: usize,
    pub(super) what: What,
    pub(super) which: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Starts,
    Dies,
    Beats,
    Hears,
    HearsNothing,
    GivesUp,
    GivesUpAsking,
    Yields,
    Leaves,
    Rejoins,
    Claims,
    Looks,
    LooksAgainLater,
    Begins,
    IsRefused,
    GivesBack,
    Checks,
    Sends,
    IsTooLate,
    StopsWaiting,
    Records,
    RecordsUnheard,
    Forgets,
    Arrives,
    Answers,
    AnswersUnheard,
    Refuses,
    Loses,
    Passes,
    Lags,
}

impl What {
    /// Of these there may be as many as the case says.
    pub(super) const fn is_a_fault(self) -> bool {
        matches!(
            self,
            Self::Dies
                | Self::HearsNothing
                | Self::GivesUp
                | Self::GivesUpAsking
                | Self::Leaves
                | Self::LooksAgainLater
                | Self::GivesBack
                | Self::RecordsUnheard
                | Self::Forgets
                | Self::AnswersUnheard
                | Self::Refuses
                | Self::Loses
                | Self::Lags
        )
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Self { who, what, which } = self;
        let name = ["A", "B", "C", "the destination"][*who];
        match what {
            What::Starts => write!(f, "{name} starts and joins"),
            What::Dies => write!(f, "{name} dies"),
            What::Beats => write!(f, "{name}'s beat is committed"),
            What::Hears => write!(f, "{name} hears the beat's answer"),
            What::HearsNothing => write!(f, "the beat's answer to {name} gets lost"),
            What::GivesUp => write!(f, "{name} begins to give account {which} back"),
            What::GivesUpAsking => write!(f, "{name} begins to give account {which} back, a claim being on its way"),
            What::Yields => write!(f, "{name} gives account {which} back"),
            What::Leaves => write!(f, "{name} leaves"),
            What::Rejoins => write!(f, "{name} joins anew"),
            What::Claims => write!(f, "{name} claims effect {which}"),
            What::Looks => write!(f, "{name} looks for effect {which}"),
            What::LooksAgainLater => write!(f, "{name} stores that it looks for effect {which} again later"),
            What::Begins => write!(f, "{name}'s begun of effect {which} is committed"),
            What::IsRefused => write!(f, "{name}'s begun of effect {which} is refused"),
            What::GivesBack => write!(f, "{name} gives effect {which} back"),
            What::Checks => write!(f, "{name} sees that the deadline allows effect {which}, and freezes"),
            What::Sends => write!(f, "{name} sends effect {which}"),
            What::IsTooLate => write!(f, "{name} sees that it is too late for effect {which}"),
            What::StopsWaiting => write!(f, "{name} hears nothing and stores that effect {which} is unknown"),
            What::Records => write!(f, "{name} stores the outcome of effect {which}"),
            What::RecordsUnheard => write!(f, "{name} stores the outcome of effect {which} and does not hear so"),
            What::Forgets => write!(f, "{name} stops with the outcome of effect {which} not stored"),
            What::Arrives => write!(f, "{name} does effect {which}"),
            What::Answers => write!(f, "{name} does effect {which}, and its answer is heard"),
            What::AnswersUnheard => write!(f, "{name} does effect {which}, and its answer is not heard"),
            What::Refuses => write!(f, "{name} refuses effect {which}"),
            What::Loses => write!(f, "the request of effect {which} gets lost"),
            What::Passes => write!(f, "time passes"),
            What::Lags => write!(f, "time passes, but not for {}'s clock", ["A", "B", "C"][*which]),
        }
    }
}
