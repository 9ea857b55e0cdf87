//! What must be true when everything has come to rest, whatever happened before.

use super::ground::{NEVER, TESTS};
use super::script::name;
use super::world::World;
use jiff::{SignedDuration, Timestamp};
use leverd::model::{Code, OpportunityId, RuleName};
use leverd::sim::{MailKind, Service};
use leverd::store::{EffectRow, EffectState, ParkedRow};
use std::collections::{BTreeMap, BTreeSet};

impl World {
    /// What is wrong; empty when all is well.
    pub(super) async fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        self.invited_once(&mut faults);
        self.ended(&mut faults).await;
        self.nothing_twice(&mut faults);
        self.families(&mut faults).await;
        self.in_order(&mut faults).await;
        self.within_budget(&mut faults);
        self.valid_rules_only(&mut faults);
        faults
    }

    fn invited_once(&self, faults: &mut Vec<String>) {
        let mut mails: BTreeMap<(String, String), usize> = BTreeMap::new();
        for mail in self.control().mails() {
            if mail.kind == MailKind::Invitation {
                *mails.entry((mail.to, mail.assessment)).or_default() += 1;
            }
        }
        for ((to, test), count) in mails.into_iter().filter(|(_, count)| *count > 1) {
            faults.push(format!("invited {count} times: {to} to {test}"));
        }
    }

    /// Every accepted delivery, event and effect ended applied, skipped with a reason, or parked.
    async fn ended(&self, faults: &mut Vec<String>) {
        let (node, now) = (self.node(), self.node().clock.now());
        let mut behind = 0;
        for run in node.store.runs(Some(&self.account), None, 10_000, now).await.unwrap() {
            let parked: BTreeSet<_> =
                run.effects.iter().filter(|row| row.state == EffectState::Parked).map(|row| row.effect.id).collect();
            for row in &run.effects {
                match row.state {
                    EffectState::Done | EffectState::Parked => {}
                    EffectState::Skipped if row.reason.is_some() => {}
                    // A move waits for the records above it: a person decides about both.
                    EffectState::Waiting if row.due.is_none() && row.blocked_by.iter().any(|id| parked.contains(id)) => {
                        behind += 1;
                    }
                    _ => faults.push(format!(
                        "{:?} {} of rule `{}` for {}, due {:?}, {:?}, behind {:?}, tried {:?}",
                        row.state,
                        row.effect.act.verb(),
                        row.effect.rule,
                        run.event.kind.written(),
                        row.due,
                        row.reason,
                        row.blocked_by,
                        row.attempts
                    )),
                }
            }
        }
        for count in node.store.counts(now).await.unwrap() {
            let held = count.kind == "effect" && count.state == "waiting" && count.rows == behind;
            if count.kind != "timer" && count.state != "parked" && !held {
                faults.push(format!("{} {} still {} {:?}", count.rows, count.kind, count.state, count.oldest));
            }
        }
        for row in node.store.parked(Some(&self.account)).await.unwrap() {
            match row.reason {
                None => faults.push(format!("parked without a reason: {}", row.what)),
                // Deaths in a row, and a webhook whose invitation is parked: nothing else here is worth a person's time.
                Some(reason) if matches!(reason.code, Code::R6 | Code::R11) => {}
                // A form cannot be taken back: after two tries of which nobody knows, a person looks.
                Some(reason) if reason.code == Code::R10 && row.what.starts_with("fill_form") => {}
                Some(reason) => faults.push(format!("parked: {}: {} {}", row.what, reason.code, reason.text)),
            }
        }
    }

    fn candidates(&self) -> Vec<String> {
        let names = (0..64).map(name);
        names.filter(|name| self.control().opportunity(name).is_ok()).collect()
    }

    fn nothing_twice(&self, faults: &mut Vec<String>) {
        for (name, what, count) in self.papers().into_iter().filter(|(.., count)| *count > TESTS.len()) {
            faults.push(format!("{count} {what} on {name}"));
        }
        for name in self.candidates() {
            let mut notes: BTreeMap<String, usize> = BTreeMap::new();
            for note in self.control().notes(&name).unwrap() {
                *notes.entry(note).or_default() += 1;
            }
            for (note, count) in notes.into_iter().filter(|(note, count)| *count > 1 && note != "a recruiter's note") {
                faults.push(format!("{count} times on {name}: {note}"));
            }
            let links = self.control().opportunity(&name).unwrap()["links"].as_array().map_or(0, Vec::len);
            if links > TESTS.len() {
                faults.push(format!("{links} links on {name}"));
            }
        }
    }

    /// How much of each kind is with whom: one of each for a test.
    pub(super) fn papers(&self) -> Vec<(String, &'static str, usize)> {
        let kinds = |name: String| {
            let (control, whose) = (self.control(), &name);
            let (files, forms) = (control.files(whose).unwrap().len(), control.forms(whose).unwrap().len());
            let feedback = control.feedback(whose).unwrap().len();
            [("files", files), ("forms", forms), ("pieces of feedback", feedback)]
                .map(|(what, count)| (name.clone(), what, count))
        };
        self.candidates().into_iter().flat_map(kinds).collect()
    }

    /// A tag family holds at most one member.
    async fn families(&self, faults: &mut Vec<String>) {
        let parked = self.node().store.parked(Some(&self.account)).await.unwrap();
        for name in self.candidates() {
            let id = self.control().opportunity_id(&name).unwrap();
            // Half a change that waits for a person.
            let half = |row: &ParkedRow| {
                row.what.starts_with("set_tag") && row.opportunity.as_ref().is_some_and(|it| it.as_str() == id)
            };
            if parked.iter().any(half) {
                continue;
            }
            let tags = self.control().tags(&name).unwrap();
            for test in TESTS {
                let members: Vec<&String> = tags.iter().filter(|tag| tag.starts_with(&format!("{test} - "))).collect();
                if members.len() > 1 {
                    faults.push(format!("on {name} at once: {members:?}"));
                }
            }
        }
    }

    /// Effects of an opportunity are begun in the order of the events that want them, but for those that had to wait: they hold
    /// nothing up.
    async fn in_order(&self, faults: &mut Vec<String>) {
        let (node, now) = (self.node(), self.node().clock.now());
        let mut runs = node.store.runs(Some(&self.account), None, 10_000, now).await.unwrap();
        runs.sort_by_key(|run| run.planned_at);
        let mut earlier: Vec<(&OpportunityId, Timestamp, Timestamp, &RuleName)> = Vec::new();
        for run in &runs {
            // A move waits for the records above it, and holds nothing up meanwhile.
            let smooth =
                |row: &&EffectRow| row.state == EffectState::Done && row.attempts.len() == 1 && !row.effect.act.moves();
            for row in run.effects.iter().filter(smooth) {
                let (lane, rule, attempt) = (&row.effect.opportunity, &row.effect.rule, &row.attempts[0]);
                // What is put off before it begins comes back after a second at the earliest: a report that cannot be fetched yet.
                if attempt.begun_at.duration_since(run.planned_at) > SignedDuration::from_millis(900) {
                    continue;
                }
                for (_, planned, ended, by) in
                    earlier.iter().filter(|(of, planned, ..)| *of == lane && *planned < run.planned_at)
                {
                    if attempt.begun_at < *ended {
                        let begun = attempt.begun_at;
                        faults.push(format!(
                            "`{rule}` began at {begun}, planned {}, and `{by}` of an earlier event ended at {ended}, planned {planned}",
                            run.planned_at
                        ));
                    }
                }
                earlier.push((lane, run.planned_at, attempt.ended_at.unwrap_or(attempt.begun_at), rule));
            }
        }
    }

    /// At most 20 + 10·t requests in any t seconds, and no 429 but those of the weather.
    fn within_budget(&self, faults: &mut Vec<String>) {
        let requests = self.control().requests();
        let mut at: Vec<i64> = Vec::new();
        for request in requests.iter().filter(|request| request.service == Service::Lever) {
            at.push(request.at);
            if request.status == Some(429) {
                faults.push(format!("Lever answered 429 to {} {} at {}", request.method, request.path, request.at));
            }
        }
        for (n, first) in at.iter().enumerate() {
            for (more, last) in at[n..].iter().take(400).enumerate() {
                #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
                let (count, seconds) = ((more + 1) as f64, (last - first) as f64 / 1_000.0);
                if count > 20.0 + 10.0 * seconds + 1e-9 {
                    faults.push(format!("{count} requests within {seconds} s"));
                    return;
                }
            }
        }
    }

    /// Nothing that stands only in rules that did not validate was ever sent.
    fn valid_rules_only(&self, faults: &mut Vec<String>) {
        for name in self.candidates() {
            if self.control().notes(&name).unwrap().iter().any(|note| note.contains(NEVER)) {
                faults.push(format!("rules that do not validate wrote to {name}"));
            }
        }
    }
}
