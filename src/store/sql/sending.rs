//! Commits four and five: begun before the first byte, and done with whatever follows.

use super::Sql;
use super::columns::{Bytes, EFFECT, PENDING, UNKNOWN, encode, exec, exists, ms, one};
use super::db::params;
use super::planning::Refused;
use crate::model::{AccountId, Applied, EffectId, Outcome};
use crate::store::commit::{Begun, Finish};
use crate::store::error::{Result, StoreError};
use jiff::{SignedDuration, Timestamp};

/// How long an effect waits for a suspended connection before it asks again, if the caller does not say.
const SUSPENDED: SignedDuration = SignedDuration::from_mins(15);

/// The end of an attempt, among what is known of its effect.
#[derive(PartialEq, Eq)]
enum Place {
    /// Of the latest attempt, or of none.
    Latest,
    /// Of an attempt after which another was begun.
    Former,
    /// This very end is on record, with all that came with it.
    Repeated,
}

impl Sql {
    pub(super) fn begun(&mut self, account: &AccountId, effects: &[EffectId], epoch: u64, at: Timestamp) -> Result<Vec<Begun>> {
        effects
            .iter()
            .map(|effect| Ok(Begun { effect: *effect, attempt: self.begin_one(account, effect.0.bytes(), epoch, at)? }))
            .collect()
    }

    pub(super) fn begin_one(&mut self, account: &AccountId, effect: Bytes, epoch: u64, at: Timestamp) -> Result<Option<u32>> {
        // Another node may have it in hand meanwhile: the row decides.
        let begun = exec(
            &self.db,
            "UPDATE ready SET state = 1, held = -1 WHERE account = ?1 AND kind = 2 AND ref = ?2 AND state IN (0, 2) \
             AND (?3 IS NULL OR held = ?3)",
            params![account.as_str(), effect, self.holder()],
        )?;
        if begun == 0 {
            return Ok(None);
        }
        let number: u32 = one(
            &self.db,
            "INSERT INTO attempt (account, effect, number, epoch, begun_at) SELECT ?1, ?2, coalesce(max(number), 0) + 1, ?3, ?4 \
             FROM attempt WHERE account = ?1 AND effect = ?2 RETURNING number",
            params![account.as_str(), effect, i64::try_from(epoch).unwrap_or(i64::MAX), ms(at)],
            |row| row.get(0),
        )?
        .unwrap_or(1);
        self.db.0.took(account.as_str(), EFFECT, &effect);
        // The echo of a repeated move may belong to the first try: the earliest beginning counts.
        exec(
            &self.db,
            "INSERT INTO own_move (account, opportunity, effect, move_to, begun_at) SELECT account, opportunity, id, move_to, ?3 \
             FROM effect WHERE account = ?1 AND id = ?2 AND move_to IS NOT NULL ON CONFLICT DO NOTHING",
            params![account.as_str(), effect, ms(at)],
        )?;
        Ok(Some(number))
    }

    pub(super) fn effect_done(&mut self, account: &AccountId, effect: EffectId, finish: &Finish) -> Result<()> {
        let id = effect.0.bytes();
        let key = (EFFECT, id);
        let place = self.place(account, id, finish)?;
        if place == Place::Repeated {
            return Ok(());
        }
        if let Some(number) = finish.attempt {
            exec(
                &self.db,
                "INSERT INTO attempt_end (account, effect, number, ended_at, applied, exchange, outcome, event) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    account.as_str(),
                    id,
                    number,
                    ms(finish.at),
                    finish.applied.as_ref().map(encode).transpose()?,
                    finish.exchange,
                    encode(&finish.outcome)?,
                    finish.events.first().map(|event| event.id.0.bytes())
                ],
            )?;
        }
        self.record_placed(account, id, finish)?;
        if place == Place::Former || self.state(account, EFFECT, id)?.is_none() || !self.may_end(account, id, finish)? {
            // Tried again or settled meanwhile: the attempt is on record, nothing else changes.
            return Ok(());
        }
        self.record_ledger(account, finish)?;
        finish.events.iter().try_for_each(|event| self.add_event(account, event, None))?;
        finish.notices.iter().try_for_each(|notice| self.add_notice(account, notice))?;
        self.record_move(account, id, finish)?;
        if finish.anew {
            let sql = "UPDATE ready SET rounds = 0 WHERE account = ?1 AND kind = ?2 AND ref = ?3";
            exec(&self.db, sql, params![account.as_str(), EFFECT, id])?;
        }
        match &finish.outcome {
            Outcome::Done { .. } | Outcome::Skipped { .. } => self.settle(account, id, &finish.outcome, finish.at),
            Outcome::Retry { after, reason } => {
                let due = finish.due.unwrap_or_else(|| later(finish.at, after.unwrap_or_default()));
                self.put_back(account, key, PENDING, ms(due), true)?;
                self.trouble(account, key, reason, ms(finish.at))
            }
            Outcome::Unknown { reason } => {
                self.put_back(account, key, UNKNOWN, ms(finish.due.unwrap_or(finish.at)), true)?;
                self.trouble(account, key, reason, ms(finish.at))
            }
            Outcome::Suspended { reason } => {
                let due = finish.due.unwrap_or_else(|| later(finish.at, SUSPENDED));
                self.put_back(account, key, PENDING, ms(due), false)?;
                self.trouble(account, key, reason, ms(finish.at))
            }
            Outcome::Dead { reason } => self.park_row(account, key, reason, finish.at, false),
        }
    }

    /// Where an end stands among what is known of the effect. Whoever got no answer to a commit that was durable asks again, perhaps
    /// when the next attempt has begun: that must not be taken for ended, or a third would be sent beside it.
    fn place(&self, account: &AccountId, effect: Bytes, finish: &Finish) -> Result<Place> {
        let Some(number) = finish.attempt else { return Ok(Place::Latest) };
        // Another look at an unknown attempt may find the same, but at another time.
        let repeated = exists(
            &self.db,
            "SELECT 1 FROM attempt_end WHERE account = ?1 AND effect = ?2 AND number = ?3 AND ended_at = ?4 AND outcome = ?5",
            params![account.as_str(), effect, number, ms(finish.at), encode(&finish.outcome)?],
        )?;
        if repeated {
            return Ok(Place::Repeated);
        }
        let later = "SELECT 1 FROM attempt WHERE account = ?1 AND effect = ?2 AND number > ?3";
        let former = exists(&self.db, later, params![account.as_str(), effect, number])?;
        Ok(if former { Place::Former } else { Place::Latest })
    }

    /// Whether this node's word moves the effect. What became of its attempt does as long as nobody looks that up; that it was done does
    /// even then. What it would decide without an attempt is the decision of whoever has the effect in hand.
    fn may_end(&self, account: &AccountId, effect: Bytes, finish: &Finish) -> Result<bool> {
        let Some(own) = self.holder() else { return Ok(true) };
        let done = finish.attempt.is_some() && matches!(finish.outcome, Outcome::Done { .. });
        let sql = "SELECT 1 FROM ready WHERE account = ?1 AND kind = 2 AND ref = ?2 AND (held = ?3 OR (state = 1 AND ?4 = 1))";
        Ok(done || exists(&self.db, sql, params![account.as_str(), effect, own, finish.attempt.is_some()])?)
    }

    /// What stands under a key from now on. It happened, whatever became of the effect; of a candidate who was deleted nothing is kept.
    fn record_placed(&self, account: &AccountId, effect: Bytes, finish: &Finish) -> Result<()> {
        let Some((slot, placed)) = &finish.placed else { return Ok(()) };
        let slot = encode(slot)?;
        let slot = self.db.0.key(&slot);
        let opportunity = "(SELECT opportunity FROM effect WHERE account = ?1 AND id = ?2)";
        match placed {
            Some(placed) => exec(
                &self.db,
                "INSERT INTO placed (account, opportunity, slot, payload) SELECT account, opportunity, ?3, ?4 FROM effect \
                 WHERE account = ?1 AND id = ?2 AND NOT EXISTS \
                 (SELECT 1 FROM purged p WHERE p.account = effect.account AND p.opportunity = effect.opportunity) \
             ON CONFLICT (account, opportunity, slot) DO UPDATE SET payload = excluded.payload",
                params![account.as_str(), effect, slot, encode(placed)?],
            )?,
            None => exec(
                &self.db,
                &format!("DELETE FROM placed WHERE account = ?1 AND opportunity = {opportunity} AND slot = ?3"),
                params![account.as_str(), effect, slot],
            )?,
        };
        Ok(())
    }

    /// An outcome is never lost for the sake of the ledger's index: a row that may not be live beside another is kept as not holding
    /// its key.
    fn record_ledger(&mut self, account: &AccountId, finish: &Finish) -> Result<()> {
        for row in &finish.ledger {
            let written = match self.write_assessment(account, row, row.live()) {
                Err(Refused::Live(_)) => self.write_assessment(account, row, false),
                written => written,
            };
            match written {
                Ok(()) => {}
                Err(Refused::Live(key)) => return Err(StoreError::Corrupt(format!("a ledger row of invite key {key}"))),
                Err(Refused::Store(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// What the outcome means for the recognition of our own stage move.
    fn record_move(&mut self, account: &AccountId, effect: Bytes, finish: &Finish) -> Result<()> {
        let opportunity = "(SELECT opportunity FROM effect WHERE account = ?1 AND id = ?2)";
        let settled = matches!(finish.outcome, Outcome::Done { .. });
        if settled || finish.applied != Some(Applied::No) {
            let sql = format!(
                "UPDATE own_move SET moved_at = coalesce(?3, moved_at) WHERE account = ?1 AND opportunity = {opportunity} \
                 AND effect = ?2"
            );
            // An answer that does not tell the time came at about that time.
            let moved_at = finish.moved_at.or(settled.then_some(finish.at));
            exec(&self.db, &sql, params![account.as_str(), effect, moved_at.map(ms)])?;
        } else {
            // It never happened: nothing will echo, unless an earlier attempt's end is unknown.
            let sql = format!(
                "DELETE FROM own_move WHERE account = ?1 AND opportunity = {opportunity} AND effect = ?2 AND matched_by IS NULL \
                 AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.account = ?1 AND a.effect = ?2 AND NOT EXISTS \
                 (SELECT 1 FROM attempt_end e WHERE e.account = ?1 AND e.effect = ?2 AND e.number = a.number AND e.applied = '\"no\"'))"
            );
            exec(&self.db, &sql, params![account.as_str(), effect])?;
        }
        Ok(())
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
