//! What goes wrong, by the seed: how commits, calls and deliveries end, and when the process dies.
//!
//! Every seed has weather of its own, from fair to foul: most kinds of fault are absent in most seeds, so that the rare ones are not
//! hidden by the usual ones. When the story is told the weather turns fair for good, and what was accepted has to come to an end.

use super::story::Story;
use crate::dice::Dice;
use leverd::store::{Fate, Fates};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// How often each thing happens, in a thousand.
#[derive(Debug, Clone, Default)]
pub(super) struct Odds {
    pub(super) die_at_commit: u64,
    pub(super) die_at_call: u64,
    pub(super) disk_full: u64,
    pub(super) slow_disk: u64,
    pub(super) no_connection: u64,
    pub(super) lost_unapplied: u64,
    pub(super) lost_applied: u64,
    pub(super) too_slow: u64,
    pub(super) refused: u64,
    pub(super) slow: u64,
    pub(super) vanish: u64,
    pub(super) late: u64,
    pub(super) twice: u64,
    pub(super) unheard: u64,
}

impl Odds {
    fn thrown(dice: &mut Dice) -> Self {
        let mut odd = |most: u64| if dice.permille(400) { dice.between(1, most) } else { 0 };
        Self {
            die_at_commit: odd(15),
            die_at_call: odd(30),
            disk_full: odd(30),
            slow_disk: odd(300),
            no_connection: odd(150),
            lost_unapplied: odd(100),
            lost_applied: odd(150),
            too_slow: odd(80),
            refused: odd(200),
            slow: odd(400),
            vanish: odd(200),
            late: odd(400),
            twice: odd(300),
            unheard: odd(200),
        }
    }
}

/// How a call of leverd's ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallFate {
    Answered {
        after: Duration,
    },
    NoConnection,
    LostUnapplied,
    LostApplied,
    /// It is applied after leverd gave up.
    TooSlow {
        arrives: Duration,
    },
    Status(u16),
    DiesBefore,
    DiesAfter,
}

/// How a webhook travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PostFate {
    /// A proxy says 200 and it never arrives.
    pub(super) vanishes: bool,
    pub(super) after: Duration,
    pub(super) again_after: Option<Duration>,
    /// It arrives, and the sender never hears so.
    pub(super) unheard: bool,
}

#[derive(Debug)]
pub(super) struct Weather {
    odds: Odds,
    dice: Mutex<[Dice; 3]>,
    fair: AtomicBool,
    /// The process that lives; those before it are dead.
    pub(super) process: AtomicU64,
    pub(super) died: Notify,
    deaths: AtomicU64,
    /// Destinations that do not answer at all.
    pub(super) outage: Mutex<Option<&'static str>>,
    pub(super) story: Arc<Story>,
}

/// More than this often no process dies in one story.
const DEATHS: u64 = 12;

impl Weather {
    pub(super) fn new(dice: &mut Dice, story: Arc<Story>) -> Self {
        let odds = Odds::thrown(dice);
        Self {
            odds,
            dice: Mutex::new([dice.fork(), dice.fork(), dice.fork()]),
            fair: AtomicBool::new(true),
            process: AtomicU64::new(0),
            died: Notify::new(),
            deaths: AtomicU64::new(0),
            outage: Mutex::new(None),
            story,
        }
    }

    pub(super) fn odds(&self) -> &Odds {
        &self.odds
    }

    pub(super) fn turn(&self, fair: bool) {
        self.fair.store(fair, Ordering::Relaxed);
    }

    fn is_fair(&self) -> bool {
        self.fair.load(Ordering::Relaxed)
    }

    pub(super) fn lives(&self, process: u64) -> bool {
        self.process.load(Ordering::Relaxed) == process
    }

    fn may_die(&self) -> bool {
        self.deaths.load(Ordering::Relaxed) < DEATHS
    }

    /// The process dies: told once, and only of the one that lives.
    pub(super) fn death(&self, process: u64, where_to: &str) {
        if self.lives(process) {
            self.story.tell(format!("process {process} dies {where_to}"));
            self.process.fetch_add(1, Ordering::Relaxed);
            self.deaths.fetch_add(1, Ordering::Relaxed);
            self.died.notify_one();
        }
    }

    pub(super) fn deaths(&self) -> u64 {
        self.deaths.load(Ordering::Relaxed)
    }

    pub(super) fn call(&self, to: &str, reads: bool) -> CallFate {
        let mut dice = self.dice.lock().unwrap();
        let (dice, odds) = (&mut dice[1], &self.odds);
        let quick = CallFate::Answered { after: Duration::from_millis(dice.between(5, 120)) };
        if self.is_fair() {
            return quick;
        }
        if self.outage.lock().unwrap().is_some_and(|down| to.starts_with(down)) {
            return *dice.pick(&[CallFate::NoConnection, CallFate::Status(503), CallFate::LostUnapplied]);
        }
        if dice.permille(odds.die_at_call) && self.may_die() {
            return if dice.permille(500) { CallFate::DiesBefore } else { CallFate::DiesAfter };
        }
        // Answers that say nothing of whether it was applied are what writes fear; reads meet them as well.
        let faults = [
            (odds.no_connection, CallFate::NoConnection),
            (odds.lost_unapplied, CallFate::LostUnapplied),
            (odds.lost_applied, CallFate::LostApplied),
            (odds.too_slow, CallFate::TooSlow { arrives: Duration::from_millis(dice.between(31_000, 58_000)) }),
            (odds.refused, CallFate::Status(*dice.pick(&[429, 500, 502, 503, 504]))),
        ];
        for (odd, fate) in faults {
            if dice.permille(if reads { odd / 2 } else { odd }) {
                return fate;
            }
        }
        if dice.permille(odds.slow) {
            return CallFate::Answered { after: Duration::from_millis(dice.between(500, 25_000)) };
        }
        quick
    }

    pub(super) fn post(&self) -> PostFate {
        let mut dice = self.dice.lock().unwrap();
        let (dice, odds) = (&mut dice[2], &self.odds);
        let quick = Duration::from_millis(dice.between(2, 80));
        let mut fate = PostFate { vanishes: false, after: quick, again_after: None, unheard: false };
        if self.is_fair() {
            return fate;
        }
        fate.vanishes = dice.permille(odds.vanish);
        if dice.permille(odds.late) {
            // Minutes, or more than an hour: after whatever happened next.
            fate.after = Duration::from_secs(if dice.permille(200) { dice.between(600, 5_400) } else { dice.between(1, 240) });
        }
        if dice.permille(odds.twice) {
            fate.again_after = Some(Duration::from_millis(dice.between(1, 900_000)));
        }
        fate.unheard = dice.permille(odds.unheard);
        fate
    }
}

/// The disk of one process.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) weather: Arc<Weather>,
    pub(super) process: u64,
}

impl Fates for Disk {
    fn commit(&self, point: &'static str) -> (Duration, Fate) {
        let mut dice = self.weather.dice.lock().unwrap();
        let (dice, odds) = (&mut dice[0], &self.weather.odds);
        if self.weather.is_fair() {
            return (Duration::ZERO, Fate::Commits);
        }
        let takes = if dice.permille(odds.slow_disk) { dice.between(1, 400) } else { dice.below(3) };
        // One of the five is where a death is interesting; claims are many.
        let named = if point == "other" { 10 } else { 1 };
        let fate = if dice.permille(odds.die_at_commit / named) && self.weather.may_die() {
            if dice.permille(500) { Fate::DiesBefore } else { Fate::DiesAfter }
        } else if dice.permille(odds.disk_full) {
            Fate::Fails
        } else {
            Fate::Commits
        };
        if matches!(fate, Fate::DiesBefore | Fate::DiesAfter) {
            let when = if fate == Fate::DiesBefore { "before" } else { "after" };
            self.weather.story.tell(format!("process {} is about to die {when} {point}", self.process));
        }
        (Duration::from_millis(takes), fate)
    }

    fn query(&self) -> Duration {
        Duration::ZERO
    }

    fn died(&self) {
        self.weather.death(self.process, "at a commit");
    }
}
