//! What people do, by the seed: recruiters move, tag, archive and press Rerun; candidates take their tests; operators change rules,
//! set clocks, and lose networks.

use super::ground::{STAGE, TESTS};
use super::world::World;
use crate::dice::Dice;
use jiff::SignedDuration;
use leverd::sim::NewOpportunity;
use std::time::Duration;

#[derive(Debug, Clone)]
pub(super) enum Deed {
    Apply {
        who: usize,
        posting: &'static str,
    },
    Move {
        who: usize,
        to: &'static str,
    },
    /// The candidate or the vendor does it as soon as it can be done, within an hour.
    AtVendor {
        who: usize,
        test: usize,
        what: Take,
        tries: u32,
    },
    Tag {
        who: usize,
        tag: &'static str,
    },
    Untag {
        who: usize,
        test: usize,
        state: &'static str,
    },
    Archive {
        who: usize,
    },
    Note {
        who: usize,
    },
    Rerun {
        which: u64,
    },
    Reload {
        which: usize,
    },
    ClockOff {
        by: i64,
    },
    Outage {
        of: Option<&'static str>,
    },
    KeyRefused {
        refused: bool,
    },
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Take {
    Open,
    Start,
    Submit(u32),
    Approve,
    Reject,
}

pub(super) fn name(who: usize) -> String {
    format!("Candidate {who}")
}

pub(super) fn email(who: usize) -> String {
    format!("candidate{who}@example.com")
}

const MINUTE: u64 = 60;

/// Everything that happens in one story, sorted by when. Times are in milliseconds.
pub(super) fn write(dice: &mut Dice) -> Vec<(Duration, Deed)> {
    let mut script: Vec<(u64, Deed)> = Vec::new();
    let candidates = usize::try_from(dice.between(1, 4)).unwrap();
    for who in 0..candidates {
        let mut at = dice.below(20 * MINUTE * 1_000);
        let two = dice.permille(300);
        script.push((at, Deed::Apply { who, posting: if two { "Two tests" } else { "One test" } }));
        at += dice.below(10 * MINUTE * 1_000);
        script.push((at, Deed::Move { who, to: STAGE }));
        if dice.permille(200) {
            // A slip of the hand, and back.
            script.push((at + 2_000, Deed::Move { who, to: "Recruiter screen" }));
            script.push((at + dice.between(3_000, 200_000), Deed::Move { who, to: STAGE }));
        }
        for test in 0..=usize::from(two) {
            let mut when = at;
            let takes = [Take::Open, Take::Start, Take::Submit(u32::try_from(dice.below(101)).unwrap())];
            for what in takes {
                when += dice.between(1_000, 40 * MINUTE * 1_000);
                if dice.permille(850) {
                    script.push((when, Deed::AtVendor { who, test, what, tries: 0 }));
                }
            }
            when += dice.between(1_000, 40 * MINUTE * 1_000);
            if dice.permille(500) {
                let what = if dice.permille(700) { Take::Approve } else { Take::Reject };
                script.push((when, Deed::AtVendor { who, test, what, tries: 0 }));
            }
        }
        let end = at + 120 * MINUTE * 1_000;
        let mut now_and_then = |odd: u64, deed: Deed| {
            if dice.permille(odd) {
                script.push((at + dice.below(end - at), deed));
            }
        };
        now_and_then(300, Deed::Tag { who, tag: "Referral" });
        now_and_then(200, Deed::Untag { who, test: 0, state: "Invited" });
        now_and_then(200, Deed::Untag { who, test: 0, state: "Started" });
        now_and_then(100, Deed::Archive { who });
        now_and_then(200, Deed::Note { who });
        now_and_then(200, Deed::Move { who, to: "Recruiter screen" });
        now_and_then(200, Deed::Move { who, to: STAGE });
    }
    let whole = 180 * MINUTE * 1_000;
    if dice.permille(30) {
        // A bulk move: everything at once, more than Lever takes in a second.
        let at = dice.below(60 * MINUTE * 1_000);
        for who in candidates..candidates + usize::try_from(dice.between(20, 50)).unwrap() {
            script.push((at, Deed::Apply { who, posting: "One test" }));
            script.push((at + 60_000, Deed::Move { who, to: STAGE }));
        }
    }
    for _ in 0..dice.below(4) {
        script.push((dice.below(whole), Deed::Rerun { which: dice.between(1, 12) }));
    }
    for _ in 0..dice.below(3) {
        script.push((dice.below(whole), Deed::Reload { which: usize::try_from(dice.below(3)).unwrap() }));
    }
    if dice.permille(200) {
        let at = dice.below(whole);
        let by = *dice.pick(&[-7_200, -600, 600, 7_200, 15_552_000]);
        script.push((at, Deed::ClockOff { by }));
        script.push((at + dice.between(1, 30) * MINUTE * 1_000, Deed::ClockOff { by: -by }));
    }
    for of in ["/v1", "/api/v1"] {
        if dice.permille(250) {
            let at = dice.below(whole);
            script.push((at, Deed::Outage { of: Some(of) }));
            script.push((at + dice.between(1, 60) * MINUTE * 1_000, Deed::Outage { of: None }));
        }
    }
    if dice.permille(100) {
        let at = dice.below(whole);
        script.push((at, Deed::KeyRefused { refused: true }));
        script.push((at + dice.between(1, 20) * MINUTE * 1_000, Deed::KeyRefused { refused: false }));
    }
    script.sort_by_key(|(at, _)| *at);
    script.into_iter().map(|(at, deed)| (Duration::from_millis(at), deed)).collect()
}

impl World {
    /// Does it. An answer is what is to be done again, and when.
    pub(super) async fn act(&self, deed: Deed) -> Option<(Duration, Deed)> {
        let control = self.control();
        let told = format!("{deed:?}");
        let done = match deed {
            Deed::Apply { who, posting } => control
                .create_opportunity(NewOpportunity {
                    name: name(who),
                    email: Some(email(who)),
                    posting: Some(posting.into()),
                    ..NewOpportunity::default()
                })
                .map(drop),
            Deed::Move { who, to } => control.move_stage(&name(who), to),
            Deed::AtVendor { who, test, what, tries } => {
                let (email, title) = (email(who), TESTS[test]);
                let vendor = control.vendor("qualified");
                let done = match what {
                    Take::Open => vendor.open(&email, title),
                    Take::Start => vendor.start(&email, title),
                    Take::Submit(score) => vendor.submit(&email, title, f64::from(score)),
                    Take::Approve => vendor.approve(&email, title),
                    Take::Reject => vendor.reject(&email, title),
                };
                if done.is_err() && tries < 12 {
                    return Some((Duration::from_secs(300), Deed::AtVendor { who, test, what, tries: tries + 1 }));
                }
                done
            }
            Deed::Tag { who, tag } => control.add_tags(&name(who), &[tag.to_owned()]),
            Deed::Untag { who, test, state } => control.remove_tags(&name(who), &[format!("{} - {state}", TESTS[test])]),
            Deed::Archive { who } => control.archive(&name(who), None),
            Deed::Note { who } => control.add_note(&name(who), "a recruiter's note"),
            Deed::Rerun { which } => control.rerun(which).map(drop),
            Deed::Reload { which } => {
                self.reload(which).await;
                Ok(())
            }
            Deed::ClockOff { by } => {
                let by = SignedDuration::from_secs(by);
                *self.jumped.lock().unwrap() += by;
                self.node().clock.jump_by(by);
                Ok(())
            }
            Deed::Outage { of } => {
                *self.weather.outage.lock().unwrap() = of;
                Ok(())
            }
            Deed::KeyRefused { refused } => {
                if refused {
                    control.revoke_credential("sim-lever-key");
                } else {
                    control.add_credential("sim-lever-key", None);
                }
                Ok(())
            }
        };
        let end = done.map_or_else(|why| format!(", which cannot be done: {why}"), |()| String::new());
        self.story.tell(format!("{told}{end}"));
        None
    }
}
