//! What the model knows: the rows of the store, the processes, and what is on its way to the destination. Times are what is left of
//! them, so that there are finitely many states.

/// At most as many as this.
pub(super) const NODES: usize = 3;
pub(super) const ACCOUNTS: usize = 2;
pub(super) const EFFECTS: usize = 2;
/// A process may by mistake have two tasks for one effect.
pub(super) const TASKS: usize = 2;
pub(super) const FLIGHTS: usize = 2;

/// Ticks, in the proportions that matter: the wait before a look is longer than what a request takes and what a clock may lose.
pub(super) const LEASE: u8 = 3;
pub(super) const CALL: u8 = 2;
pub(super) const MARGIN: u8 = 1;

/// Who holds or owns something: nobody, a node by its number from 1, or the taker of a dead node.
pub(super) const NOBODY: u8 = 0;
pub(super) const ORPHAN: u8 = 255;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct State {
    pub(super) rows: [Row; NODES],
    pub(super) leases: [Lease; ACCOUNTS],
    pub(super) effects: [Effect; EFFECTS],
    pub(super) nodes: [Node; NODES],
    /// How much more may go wrong.
    pub(super) faults: u8,
}

/// A node in the store: its last epoch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Row {
    pub(super) life: Life,
    /// Until `until`, in the database's time.
    pub(super) left: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub(super) enum Life {
    /// There is none, or it left.
    #[default]
    None,
    Live,
    Taken,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Lease {
    pub(super) owner: u8,
    /// Until `settle_at`, in the database's time.
    pub(super) settle: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Effect {
    pub(super) stage: Stage,
    pub(super) held: u8,
    /// Until it is due.
    pub(super) wait: u8,
    /// How often the destination did it.
    pub(super) applied: u8,
    pub(super) flights: [Flight; FLIGHTS],
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub(super) enum Stage {
    #[default]
    Ready,
    Begun,
    Unknown,
    Done,
}

/// A request on its way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Default)]
pub(super) enum Flight {
    #[default]
    None,
    Some {
        /// Until it has arrived at the latest.
        left: u8,
        /// The node that waits for its answer; nobody once that gave up or died.
        from: u8,
    },
}

/// A process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Node {
    pub(super) phase: Phase,
    /// Until its deadline, by its own clock; less than a call is nothing.
    pub(super) deadline: u8,
    /// Its clock lost a tick since the last beat that was committed.
    pub(super) slow: bool,
    /// Accounts, a bit each: those it works on, those it gives back when what is under way of them has ended, and those that a claim
    /// still names which it sent before.
    pub(super) mine: u8,
    pub(super) giving: u8,
    pub(super) asking: u8,
    pub(super) beat: Beat,
    pub(super) tasks: [[Task; TASKS]; EFFECTS],
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub(super) enum Phase {
    #[default]
    Down,
    Up,
    /// It heard that its row is no longer alive.
    Lost,
}

/// A beat that is committed and whose answer has not been heard.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) enum Beat {
    #[default]
    None,
    /// The deadline that it brings, and the accounts.
    Renewed {
        left: u8,
        mine: u8,
    },
    Lost,
}

/// What a node does about one effect. `latest`: no other attempt was begun since.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Default)]
pub(super) enum Task {
    #[default]
    None,
    Claimed,
    /// Claimed as unknown: to be looked up first.
    ToLook,
    Begun {
        latest: bool,
    },
    /// It has seen that the deadline is far enough: only where a node may freeze just then.
    Checked {
        latest: bool,
    },
    Sent {
        latest: bool,
    },
    /// The outcome is known and not recorded.
    Ended {
        done: bool,
        latest: bool,
    },
}

impl Task {
    pub(super) fn runs(self) -> bool {
        self != Self::None
    }

    /// The same when another attempt is begun.
    pub(super) fn outdated(self) -> Self {
        let latest = false;
        match self {
            Self::Begun { .. } => Self::Begun { latest },
            Self::Checked { .. } => Self::Checked { latest },
            Self::Sent { .. } => Self::Sent { latest },
            Self::Ended { done, .. } => Self::Ended { done, latest },
            other => other,
        }
    }
}

impl Flight {
    pub(super) fn flies(self) -> bool {
        self != Self::None
    }
}
