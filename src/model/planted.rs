//! Bugs that the simulation of faults plants, to show that it would find them. No release build has them.
//!
//! Each breaks one of the promises where it is kept. They are per thread: a simulation runs on one.

/// A bug that can be planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// An invitation that may have been sent is sent again as if it were the first.
    InviteAfresh,
    /// *Begun* is stored after the write was sent, not before.
    BegunAfterwards,
    /// What became of a write whose answer got lost is not looked up; it is sent again.
    NoLookUp,
    /// Requests do not wait for the budget.
    NoBudget,
    /// The former member of a tag family stays.
    HalfAFamily,
    /// What a dead process had claimed is not given back.
    ClaimsKept,
    /// Events of a lane are planned while its effects are under way.
    NoLanes,
    /// The machine's clock is believed though it jumped.
    ClockBelieved,
    /// An invitation whose answer got lost is repeated while it may still be on its way.
    RepeatedAtOnce,
    /// Rules that did not validate are taken all the same.
    FaultyRules,
    /// An effect that is put off never becomes due again.
    PutOffForEver,
    /// When something is tried again is left to chance: the same seed is another story.
    Chance,
    /// A node whose accounts were taken goes on with what it has in hand.
    NoFence,
    /// What a dead node had begun is looked up at once, while it may still be on its way.
    TakenAtOnce,
    /// A node sends though its lease may be over.
    LeaseIgnored,
}

impl Bug {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::InviteAfresh,
        Self::BegunAfterwards,
        Self::NoLookUp,
        Self::NoBudget,
        Self::HalfAFamily,
        Self::ClaimsKept,
        Self::NoLanes,
        Self::ClockBelieved,
        Self::RepeatedAtOnce,
        Self::FaultyRules,
        Self::PutOffForEver,
        Self::Chance,
        Self::NoFence,
        Self::TakenAtOnce,
        Self::LeaseIgnored,
    ];
}

#[cfg(feature = "kill-points")]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Plants a bug on this thread, or takes it out.
#[cfg(feature = "kill-points")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

#[cfg(feature = "kill-points")]
static EVERYWHERE: std::sync::OnceLock<Bug> = std::sync::OnceLock::new();

/// Plants a bug in the whole process, by its name: for tests of the binary.
#[cfg(feature = "kill-points")]
pub fn plant_everywhere(name: &str) {
    if let Some(bug) = Bug::ALL.iter().find(|bug| format!("{bug:?}") == name) {
        // Only the first one counts.
        let _ = EVERYWHERE.set(*bug);
    }
}

/// Whether it is planted here.
#[cfg(feature = "kill-points")]
pub(crate) fn planted(bug: Bug) -> bool {
    PLANTED.get() == Some(bug) || EVERYWHERE.get() == Some(&bug)
}

#[cfg(feature = "kill-points")]
static ON_ITS_WAY_MS: std::sync::OnceLock<i64> = std::sync::OnceLock::new();

/// Whoever has shorter calls need not wait as long for those that were lost.
#[cfg(feature = "kill-points")]
pub fn hurry(on_its_way_ms: i64) {
    // Only the first one counts.
    let _ = ON_ITS_WAY_MS.set(on_its_way_ms);
}

/// How long what was lost may be on its way, in milliseconds, where a test of the binary said so.
#[cfg(feature = "kill-points")]
pub(crate) fn hurried() -> Option<i64> {
    ON_ITS_WAY_MS.get().copied()
}

/// Nobody hurries outside the test build.
#[cfg(not(feature = "kill-points"))]
#[inline]
pub(crate) const fn hurried() -> Option<i64> {
    None
}

/// Never, outside the test build.
#[cfg(not(feature = "kill-points"))]
#[inline]
pub(crate) const fn planted(_: Bug) -> bool {
    false
}
