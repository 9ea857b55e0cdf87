//! Commit three: everything one event leads to, in one transaction.

use super::Sql;
use super::columns::{Bytes, EFFECT, EVENT, NEVER, all, encode, exec, exists, ms};
use super::db::params;
use super::work::Row;
use crate::model::{AccountId, Act, Assessment, Code, Effect, EventId, InviteMode, NoticeKind, Outcome, Phase, Plan, Reason};
use crate::store::commit::{PlanMade, Run};
use crate::store::error::{Result, StoreError};

/// Why a ledger row could not be written.
pub(super) enum Refused {
    /// Another live row holds its invite key.
    Live(String),
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Whether the plan says nothing at all: no rule was even selected.
fn silent(plan: &Plan) -> bool {
    let Plan { effects, later, emit, ledger, notices, steps, own_move, read: _, fired, park } = plan;
    effects.is_empty()
        && later.is_empty()
        && emit.is_empty()
        && ledger.is_empty()
        && notices.is_empty()
        && steps.is_empty()
        && own_move.is_none()
        && fired.is_empty()
        && park.is_none()
}

impl Sql {
    pub(super) fn plan_made(&mut self, account: &AccountId, event: EventId, run: &Run) -> Result<PlanMade> {
        let key = (EVENT, event.0.bytes());
        if self.state(account, EVENT, key.1)?.is_none() {
            // Closed already: the same commit again, or skipped meanwhile.
            return Ok(PlanMade::Committed);
        }
        let lane = self.lane_of(account, key.1)?;
        if let Some(why) = &run.plan.park {
            self.keep_run(account, key.1, &lane, run)?;
            run.plan.notices.iter().try_for_each(|notice| self.add_notice(account, notice))?;
            let noticed =
                run.plan.notices.iter().any(|notice| matches!(notice.kind, NoticeKind::Parked | NoticeKind::LoopGuard));
            self.park_row(account, key, &Reason::new(Code::R9, why), run.planned_at, noticed)?;
            return Ok(PlanMade::Committed);
        }
        // The ledger first: when it refuses, nothing else has been written.
        self.db.0.control("SAVEPOINT ledger")?;
        match self.write_ledger(account, &run.plan.ledger) {
            Ok(()) => {
                self.db.0.control("RELEASE ledger")?;
            }
            Err(Refused::Live(invite_key)) => {
                self.db.0.control("ROLLBACK TO ledger")?;
                self.db.0.control("RELEASE ledger")?;
                return Ok(PlanMade::LiveInvitationExists { invite_key });
            }
            Err(Refused::Store(error)) => return Err(error),
        }
        if !silent(&run.plan) {
            self.keep_run(account, key.1, &lane, run)?;
        }
        self.add_effects(account, run)?;
        run.plan.later.iter().try_for_each(|timer| self.arm_timer(account, timer))?;
        run.plan.emit.iter().try_for_each(|event| self.add_event(account, event, None))?;
        run.plan.notices.iter().try_for_each(|notice| self.add_notice(account, notice))?;
        for (pack, rule) in &run.plan.fired {
            exec(
                &self.db,
                "INSERT INTO firing (account, opportunity, pack, rule, event, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
                params![account.as_str(), lane, pack.as_str(), rule.as_str(), key.1, ms(run.planned_at)],
            )?;
        }
        if let Some(own) = run.plan.own_move {
            exec(
                &self.db,
                "UPDATE own_move SET matched_by = ?4 WHERE account = ?1 AND opportunity = ?2 AND effect = ?3",
                params![account.as_str(), lane, own.0.bytes(), key.1],
            )?;
        }
        self.remove_work(account, EVENT, key.1)?;
        self.yield_turn(account, &lane, ms(run.planned_at))?;
        Ok(PlanMade::Committed)
    }

    fn lane_of(&self, account: &AccountId, event: Bytes) -> Result<String> {
        let sql = "SELECT lane FROM ready WHERE account = ?1 AND kind = 1 AND ref = ?2";
        let lane = super::columns::one(&self.db, sql, params![account.as_str(), event], |row| row.get(0))?;
        Ok(lane.unwrap_or_default())
    }

    /// Lanes take turns: the lane's next event queues behind those of other lanes that are due by now.
    fn yield_turn(&mut self, account: &AccountId, lane: &str, now: i64) -> Result<()> {
        if !lane.is_empty() {
            exec(
                &self.db,
                "UPDATE ready SET rank = CASE WHEN rank > ?3 + class * ?4 THEN rank ELSE ?3 + class * ?4 END WHERE account = ?1 AND kind = 1 AND held = 0 \
                 AND ref = (SELECT ref FROM ready INDEXED BY ready_lane WHERE account = ?1 AND lane = ?2 AND lane <> '' \
                 AND kind = 1 AND state = 0 ORDER BY at, received, seq, ref LIMIT 1)",
                params![account.as_str(), lane, now, super::columns::YIELD],
            )?;
        }
        Ok(())
    }

    fn keep_run(&mut self, account: &AccountId, event: Bytes, lane: &str, run: &Run) -> Result<()> {
        exec(
            &self.db,
            "INSERT INTO run (account, event, opportunity, planned_at, ruleset, facts, steps, later) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
             ON CONFLICT (account, event) DO UPDATE SET opportunity = excluded.opportunity, planned_at = excluded.planned_at, ruleset = excluded.ruleset, facts = excluded.facts, steps = excluded.steps, later = excluded.later",
            params![
                account.as_str(),
                event,
                lane,
                ms(run.planned_at),
                run.ruleset,
                encode(&run.facts.keep(&run.plan.read))?,
                encode(&run.plan.steps)?,
                encode(&run.plan.later)?
            ],
        )?;
        Ok(())
    }

    /// Writes ledger rows: the closed ones first, so that a new live attempt finds its key free.
    pub(super) fn write_ledger(&mut self, account: &AccountId, rows: &[Assessment]) -> std::result::Result<(), Refused> {
        let (live, closed): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.live());
        closed.into_iter().chain(live).try_for_each(|row| match self.write_assessment(account, row, row.live()) {
            // Somebody takes an earlier attempt up again while a newer one is live: what is told of it is kept, the key stays where it
            // is. Only a row that is about to be invited is refused.
            Err(Refused::Live(_)) if row.phase != Phase::Requested => self.write_assessment(account, row, false),
            written => written,
        })
    }

    /// Writes one ledger row with what its vendor calls it.
    pub(super) fn write_assessment(
        &mut self,
        account: &AccountId,
        row: &Assessment,
        live: bool,
    ) -> std::result::Result<(), Refused> {
        // The index `one_live` holds it against whoever writes at the same time.
        let other = "SELECT 1 FROM assessment WHERE account = ?1 AND invite_key = ?2 AND live = 1 AND id <> ?3";
        if live && exists(&self.db, other, params![account.as_str(), row.invite_key, row.id.0.bytes()])? {
            return Err(Refused::Live(row.invite_key.clone()));
        }
        exec(
            &self.db,
            "INSERT INTO assessment (account, id, opportunity, contact, vendor, invite_key, attempt, live, phase, payload) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (account, id) DO UPDATE SET contact = excluded.contact, \
             invite_key = excluded.invite_key, attempt = excluded.attempt, live = excluded.live, phase = excluded.phase, \
             payload = excluded.payload",
            params![
                account.as_str(),
                row.id.0.bytes(),
                row.opportunity.as_str(),
                row.contact.as_ref().map(crate::model::ContactId::as_str),
                row.vendor.as_str(),
                row.invite_key,
                row.attempt,
                live,
                row.phase.as_str(),
                encode(row)?
            ],
        )?;
        for (name, value) in row.correlations() {
            exec(
                &self.db,
                "INSERT INTO correlation (account, vendor, name, value, assessment) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
                params![account.as_str(), row.vendor.as_str(), name, self.db.0.key(value), row.id.0.bytes()],
            )?;
        }
        Ok(())
    }

    fn add_effects(&mut self, account: &AccountId, run: &Run) -> Result<()> {
        let planned = ms(run.planned_at);
        let mut added = Vec::new();
        for (seq, effect) in (0_i64..).zip(&run.plan.effects) {
            let id = effect.id.0.bytes();
            let slot = effect.slot.as_ref().map(encode).transpose()?;
            let new = exec(
                &self.db,
                "INSERT INTO effect (account, id, event, opportunity, seq, slot, move_to, planned_at, ruleset, version, \
                 payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING",
                params![
                    account.as_str(),
                    id,
                    effect.event.0.bytes(),
                    effect.opportunity.as_str(),
                    seq,
                    slot,
                    move_to(effect),
                    planned,
                    run.ruleset,
                    effect.version,
                    encode(effect)?
                ],
            )?;
            if new == 0 {
                continue;
            }
            let row = Row {
                kind: EFFECT,
                id,
                lane: effect.opportunity.as_str(),
                due: planned,
                class: effect.class,
                order: (planned, 0, seq),
                version: effect.version,
            };
            self.add_work(account, &row)?;
            self.hold_invitation(account, effect, run.planned_at)?;
            added.push((effect, slot));
        }
        for (effect, slot) in &added {
            self.wait_for(account, effect)?;
            if let Some(slot) = slot {
                self.supersede(account, effect, slot, run)?;
            }
        }
        Ok(())
    }

    /// What a late effect is to do now that its rule was evaluated again. The answer is whether it still may be sent.
    pub(super) fn effect_revised(&mut self, account: &AccountId, effect: &Effect) -> Result<bool> {
        let revised = exec(
            &self.db,
            "UPDATE effect SET payload = ?3, move_to = ?4 WHERE account = ?1 AND id = ?2 AND EXISTS \
             (SELECT 1 FROM ready r WHERE r.account = ?1 AND r.kind = 2 AND r.ref = ?2 AND r.state = 0)",
            params![account.as_str(), effect.id.0.bytes(), encode(effect)?, move_to(effect)],
        )?;
        Ok(revised > 0)
    }

    /// A move waits for the records above it that are not settled.
    fn wait_for(&mut self, account: &AccountId, effect: &Effect) -> Result<()> {
        let id = effect.id.0.bytes();
        for other in &effect.after {
            exec(
                &self.db,
                "INSERT INTO blocked (account, effect, waits_for) SELECT ?1, ?2, ref FROM ready \
                 WHERE account = ?1 AND kind = 2 AND ref = ?3 ON CONFLICT DO NOTHING",
                params![account.as_str(), id, other.0.bytes()],
            )?;
        }
        let waits = "SELECT 1 FROM blocked WHERE account = ?1 AND effect = ?2";
        if exists(&self.db, waits, params![account.as_str(), id])? {
            exec(
                &self.db,
                "UPDATE ready SET due_at = ?3, rank = ?3 WHERE account = ?1 AND kind = 2 AND ref = ?2",
                params![account.as_str(), id, NEVER],
            )?;
        }
        Ok(())
    }

    /// A newer value for a slot takes the place of an older one that is pending and was not begun.
    fn supersede(&mut self, account: &AccountId, effect: &Effect, slot: &str, run: &Run) -> Result<()> {
        if matches!(&effect.act, Act::Invite(invite) if invite.mode == InviteMode::Refresh) {
            // A refresh is no new value of the invitation: it needs the one before it.
            return Ok(());
        }
        let older = all(
            &self.db,
            "SELECT r.ref FROM ready r JOIN effect e ON e.account = r.account AND e.id = r.ref \
             WHERE r.account = ?1 AND r.lane = ?2 AND r.lane <> '' AND r.kind = 2 AND r.state = 0 AND e.slot = ?3 AND e.event <> ?4",
            params![account.as_str(), effect.opportunity.as_str(), slot, effect.event.0.bytes()],
            |row| row.get::<Bytes>(0),
        )?;
        let reason = Reason::new(
            Code::Superseded,
            format!("a newer `{}` for the same {} takes its place", effect.act.verb(), slot_name(effect)),
        );
        for id in older {
            self.settle(account, id, &Outcome::Skipped { reason: reason.clone() }, run.planned_at)?;
        }
        Ok(())
    }
}

fn slot_name(effect: &Effect) -> String {
    effect.slot.as_ref().map_or_else(|| "slot".to_owned(), ToString::to_string)
}

/// The stage that an effect moves to.
fn move_to(effect: &Effect) -> Option<&str> {
    match &effect.act {
        Act::Stage(to) => Some(to.to.as_str()),
        _ => None,
    }
}
