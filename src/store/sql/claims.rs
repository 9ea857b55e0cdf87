//! Claims: what is due, in turn, and not for ever without an outcome.

use super::Sql;
use super::columns::{BEGUN, Bytes, DELIVERY, EFFECT, EVENT, NEVER, UNKNOWN, YIELD_MOST, all, decode, exec, ms, time, work_of};
use super::db::params;
use super::read_runs::attempts;
use crate::model::{AccountId, Bug, Code, EffectId, Event, Id, OpportunityId, PAYLOAD_VERSION, Reason, planted};
use crate::store::claim::{Claim, ClaimedDelivery, ClaimedEffect, ClaimedEvent, ClaimedLane, Recovered};
use crate::store::error::{Result, StoreError};
use jiff::Timestamp;

/// The claim that parks instead of handing out. What kills leverd does so each time; but much that is claimed only waits for its turn in
/// the budget, and must not be parked because leverd was killed twice by something else.
const LAST_CLAIM: u32 = 6;

/// A row to claim.
struct Due {
    id: Bytes,
    lane: String,
    state: i64,
    tries: u32,
    rounds: u32,
}

/// True of a lane in which an effect may be sent now or is being sent, or whose event is being planned. `r` is the event's row.
///
/// The indexes are named: without statistics SQLite would walk all due work instead of one lane. Another database is not told.
const LANE_BUSY: &str = "EXISTS (SELECT 1 FROM ready x INDEXED BY ready_lane WHERE x.account = r.account AND x.lane = r.lane \
    AND x.lane <> '' AND x.kind = 2 AND x.state IN (1, 2)) \
    OR EXISTS (SELECT 1 FROM ready x INDEXED BY ready_lane WHERE x.account = r.account AND x.lane = r.lane \
    AND x.lane <> '' AND x.kind = 2 AND x.state = 0 AND x.due_at <= ?2 AND x.version <= ?5) \
    OR EXISTS (SELECT 1 FROM ready x INDEXED BY ready_planning WHERE x.account = r.account AND x.lane = r.lane \
    AND x.kind = 1 AND x.held > 0)";

/// True of an event before which another of its lane must be planned.
const NOT_FIRST: &str = "EXISTS (SELECT 1 FROM ready x INDEXED BY ready_lane WHERE x.account = r.account AND x.lane = r.lane \
    AND x.lane <> '' AND x.kind = 1 AND x.state = 0 AND (x.at, x.received, x.seq, x.ref) < (r.at, r.received, r.seq, r.ref))";

/// An account's share, as far as the claim has room: shares are rounded up.
fn left(share: i64, claim: &Claim, claimed: usize) -> i64 {
    share.min(i64::try_from(claim.limit.saturating_sub(claimed)).unwrap_or(i64::MAX))
}

impl Sql {
    /// How many rows of each account a claim may take: accounts share evenly, and another one begins each time.
    pub(super) fn shares(&mut self, claim: &Claim) -> Vec<(AccountId, i64)> {
        let accounts = claim.accounts.len();
        if accounts == 0 {
            return Vec::new();
        }
        self.turn = self.turn.wrapping_add(1) % accounts;
        let share = i64::try_from(claim.limit.div_ceil(accounts).max(1)).unwrap_or(i64::MAX);
        claim.accounts.iter().cycle().skip(self.turn).take(accounts).map(|account| (account.clone(), share)).collect()
    }

    /// Counts the try. False: it was one too many, and the row is parked now.
    fn take(&mut self, account: &AccountId, kind: i64, due: &Due, now: Timestamp) -> Result<bool> {
        self.hold()?;
        if due.tries + 1 >= LAST_CLAIM {
            let reason = Reason::new(
                Code::R11,
                "leverd stopped five times while it had this in hand; `retry` tries again, `skip` leaves it",
            );
            self.park_row(account, (kind, due.id), &reason, now, false)?;
            return Ok(false);
        }
        exec(
            &self.db,
            "UPDATE ready SET held = ?4, tries = tries + 1 WHERE account = ?1 AND kind = ?2 AND ref = ?3",
            params![account.as_str(), kind, due.id, self.epoch],
        )?;
        self.db.0.took(account.as_str(), kind, &due.id);
        Ok(true)
    }

    /// Parks what cannot be read, so that it blocks nothing else.
    fn or_park<T>(&mut self, account: &AccountId, kind: i64, id: Bytes, now: Timestamp, row: Result<T>) -> Result<Option<T>> {
        match row {
            Ok(row) => Ok(Some(row)),
            Err(StoreError::Corrupt(what)) => {
                let reason = Reason::new(Code::R11, format!("it cannot be read from the store: {what}"));
                self.park_row(account, (kind, id), &reason, now, false)?;
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    fn due(&self, account: &AccountId, kind: i64, only: &str, now: Timestamp, limit: i64) -> Result<Vec<Due>> {
        let sql = format!(
            "SELECT r.ref, r.lane, r.state, r.tries, r.rounds FROM ready r INDEXED BY ready_turn \
             WHERE r.account = ?1 AND r.kind = ?3 AND r.held = 0 \
             AND r.rank <= ?2 + {YIELD_MOST} AND r.due_at <= ?2 AND r.version <= ?5 {only} ORDER BY r.rank, r.at, r.seq LIMIT ?4{}",
            self.db.0.claiming()
        );
        all(&self.db, &sql, params![account.as_str(), ms(now), kind, limit, PAYLOAD_VERSION], |row| {
            Ok(Due { id: row.get(0)?, lane: row.get(1)?, state: row.get(2)?, tries: row.get(3)?, rounds: row.get(4)? })
        })
    }

    pub(super) fn deliveries_claimed(&mut self, claim: &Claim) -> Result<Vec<ClaimedDelivery>> {
        let mut claimed = Vec::new();
        for (account, share) in self.shares(claim) {
            for due in self.due(&account, DELIVERY, "", claim.now, left(share, claim, claimed.len()))? {
                if !self.take(&account, DELIVERY, &due, claim.now)? {
                    continue;
                }
                let row = super::read_runs::delivery(&self.db, &account, due.id);
                if let Some(Some(delivery)) = self.or_park(&account, DELIVERY, due.id, claim.now, row)? {
                    let because = if due.rounds == 0 { None } else { self.because(&account, (DELIVERY, due.id))? };
                    claimed.push(ClaimedDelivery { delivery, tries: due.tries + 1, rounds: due.rounds, because });
                }
            }
        }
        Ok(claimed)
    }

    pub(super) fn events_claimed(&mut self, claim: &Claim) -> Result<Vec<ClaimedEvent>> {
        let mut claimed = Vec::new();
        let free = if planted(Bug::NoLanes) {
            String::new()
        } else {
            format!("AND (r.lane = '' OR NOT ({NOT_FIRST} OR {LANE_BUSY}))")
        };
        for (account, share) in self.shares(claim) {
            for due in self.due(&account, EVENT, &free, claim.now, left(share, claim, claimed.len()))? {
                if !self.take(&account, EVENT, &due, claim.now)? {
                    continue;
                }
                let row = super::columns::one(
                    &self.db,
                    "SELECT payload FROM event WHERE account = ?1 AND id = ?2",
                    params![account.as_str(), due.id],
                    |row| row.get::<String>(0),
                )
                .and_then(|payload| decode::<Event>(work_of(EVENT, due.id), &payload.unwrap_or_default()));
                if let Some(event) = self.or_park(&account, EVENT, due.id, claim.now, row)? {
                    claimed.push(ClaimedEvent { event, tries: due.tries + 1, rounds: due.rounds });
                }
            }
        }
        Ok(claimed)
    }

    pub(super) fn effects_claimed(&mut self, claim: &Claim) -> Result<Vec<ClaimedLane>> {
        let mut claimed: Vec<ClaimedLane> = Vec::new();
        for (account, share) in self.shares(claim) {
            let share = left(share, claim, claimed.len());
            let mut lanes: Vec<String> = Vec::new();
            // A lane has rarely more effects due than this; the rest of it follows below.
            for due in self.due(&account, EFFECT, "", claim.now, share.saturating_mul(8))? {
                let known = lanes.contains(&due.lane);
                if !known && i64::try_from(lanes.len()).unwrap_or(i64::MAX) < share {
                    lanes.push(due.lane);
                }
            }
            for lane in lanes {
                let effects = self.lane_claimed(&account, &lane, claim.now)?;
                if !effects.is_empty() {
                    claimed.push(ClaimedLane { account: account.clone(), opportunity: OpportunityId::new(lane), effects });
                }
            }
        }
        Ok(claimed)
    }

    fn lane_claimed(&mut self, account: &AccountId, lane: &str, now: Timestamp) -> Result<Vec<ClaimedEffect>> {
        let rows = all(
            &self.db,
            "SELECT r.ref, r.lane, r.state, r.tries, r.rounds FROM ready r INDEXED BY ready_lane \
             WHERE r.account = ?1 AND r.lane = ?2 AND r.lane <> '' AND r.kind = 2 AND r.state IN (0, 2) AND r.held = 0 AND r.due_at <= ?3 AND r.version <= ?4 ORDER BY r.at, r.seq, r.ref",
            params![account.as_str(), lane, ms(now), PAYLOAD_VERSION],
            |row| Ok(Due { id: row.get(0)?, lane: row.get(1)?, state: row.get(2)?, tries: row.get(3)?, rounds: row.get(4)? }),
        )?;
        let mut effects = Vec::new();
        for due in rows {
            if !self.take(account, EFFECT, &due, now)? {
                continue;
            }
            let row = self.effect_to_send(account, &due);
            if let Some(effect) = self.or_park(account, EFFECT, due.id, now, row)? {
                effects.push(effect);
            }
        }
        Ok(effects)
    }

    fn effect_to_send(&self, account: &AccountId, due: &Due) -> Result<ClaimedEffect> {
        let row = super::columns::one(
            &self.db,
            "SELECT e.payload, e.planned_at, e.ruleset, r.asked FROM effect e LEFT JOIN ready r ON r.account = e.account AND r.kind = 2 \
             AND r.ref = e.id WHERE e.account = ?1 AND e.id = ?2",
            params![account.as_str(), due.id],
            |row| Ok((row.get::<String>(0)?, row.get::<i64>(1)?, row.get::<String>(2)?, row.get::<Option<i64>>(3)?)),
        )?;
        let (payload, planned_at, ruleset, asked) = row.unwrap_or_default();
        Ok(ClaimedEffect {
            effect: decode(work_of(EFFECT, due.id), &payload)?,
            unknown: due.state == UNKNOWN,
            planned_at: time(planned_at),
            asked_at: asked.map(time),
            ruleset,
            tries: due.tries + 1,
            rounds: due.rounds,
            attempts: attempts(&self.db, account, due.id)?,
        })
    }

    pub(super) fn pulled_in(&mut self, now: Timestamp, until: Timestamp) -> Result<usize> {
        // The turn was given by the same clock.
        let sql = "UPDATE ready SET due_at = CASE WHEN due_at > ?5 AND due_at < ?6 THEN ?1 ELSE due_at END, rank = CASE WHEN rank > ?1 THEN ?1 ELSE rank END \
                   WHERE kind IN (?2, ?3, ?4) AND ((due_at > ?5 AND due_at < ?6) OR rank > ?5) \
                   AND (?7 IS NULL OR account IN (SELECT account FROM lease WHERE node = ?7))";
        let own = self.holder();
        let pulled = exec(&self.db, sql, params![ms(now), DELIVERY, EVENT, EFFECT, ms(until), NEVER, own])?;
        self.news.work |= pulled > 0;
        Ok(pulled)
    }

    pub(super) fn recovered(&mut self, at: Timestamp) -> Result<Recovered> {
        let released =
            if planted(Bug::ClaimsKept) { 0 } else { exec(&self.db, "UPDATE ready SET held = 0 WHERE held > 0", params![])? };
        let unknown = all(
            &self.db,
            // What was refused before says nothing about the attempt that got lost.
            "UPDATE ready SET state = 2, held = 0, rounds = 0, due_at = ?1, rank = ?1 WHERE kind = 2 AND state = ?2 \
             RETURNING account, ref",
            params![ms(at), BEGUN],
            |row| Ok((AccountId::new(row.get::<String>(0)?), EffectId(Id::from_bytes(row.get(1)?)))),
        )?;
        self.news.work = true;
        Ok(Recovered { unknown, released })
    }
}
