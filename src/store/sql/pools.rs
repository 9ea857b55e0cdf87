//! What one credential may send in all, where accounts of several nodes use it.
//!
//! The arithmetic of `http::bucket`, in two numbers that all nodes see: what was drawn and has not ended, each node's own, and what has
//! ended and is being forgotten at the rate that the other side allows. Something may be drawn while both and one more fit into the
//! burst. A node draws before it sends and says when that has ended; what a dead node drew ends with it.

use super::Sql;
use super::columns::{exec, one};
use super::db::params;
use crate::store::error::Result;
use crate::store::lease::{Draw, Drawn};
use jiff::{SignedDuration, Timestamp};

/// One request, in the unit of what is owed.
const ONE: i64 = 1_000_000;
/// Another node is drawing just now.
const BUSY: SignedDuration = SignedDuration::from_millis(20);
/// Only the end of something makes room.
const AFTER_ANOTHER: SignedDuration = SignedDuration::from_millis(200);
const LONGEST: SignedDuration = SignedDuration::from_secs(10);

impl Sql {
    pub(super) fn drawn(&mut self, draw: &Draw, at: Timestamp) -> Result<Drawn> {
        self.hold()?;
        let now = self.db.0.now(at)?;
        let Some(owed) = self.owed(draw, now)? else { return Ok(Drawn::Not(BUSY)) };
        let abroad =
            "SELECT coalesce(sum(count), 0)::bigint FROM drawn WHERE credential = ?1".replace("::bigint", self.db.0.as_int());
        let abroad: i64 = one(&self.db, &abroad, params![draw.credential], |row| row.get(0))?.unwrap_or(0);
        let over =
            owed.saturating_add(abroad.saturating_add(1).saturating_mul(ONE)).saturating_sub(i64::from(draw.burst) * ONE);
        if over > owed {
            return Ok(Drawn::Not(AFTER_ANOTHER));
        }
        if over > 0 {
            let millis = (over.unsigned_abs().saturating_mul(1_000)).div_ceil(draw.micro_per_second.max(1));
            let wait = SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX).saturating_add(1));
            return Ok(Drawn::Not(wait.min(LONGEST)));
        }
        exec(
            &self.db,
            "INSERT INTO drawn (credential, node, count) VALUES (?1, ?2, 1) ON CONFLICT (credential, node) DO UPDATE SET count = drawn.count + 1",
            params![draw.credential, self.epoch],
        )?;
        Ok(Drawn::Now)
    }

    /// Something that was drawn has arrived, or cannot arrive any more. False: another node is drawing just now.
    pub(super) fn drawn_ended(&mut self, draw: &Draw, at: Timestamp) -> Result<bool> {
        let now = self.db.0.now(at)?;
        let Some(owed) = self.owed(draw, now)? else { return Ok(false) };
        let sql = "UPDATE drawn SET count = count - 1 WHERE credential = ?1 AND node = ?2 AND count > 0";
        // Else it ended with the node that this one was.
        if exec(&self.db, sql, params![draw.credential, self.epoch])? > 0 {
            exec(&self.db, "UPDATE pool SET owed = ?2 WHERE credential = ?1", params![draw.credential, owed + ONE])?;
        }
        Ok(true)
    }

    /// What a node drew ends with it.
    pub(super) fn drawn_by(&mut self, node: i64) -> Result<()> {
        exec(
            &self.db,
            "UPDATE pool SET owed = owed + ?2 * (SELECT count FROM drawn d WHERE d.credential = pool.credential AND d.node = ?1) \
             WHERE credential IN (SELECT credential FROM drawn WHERE node = ?1)",
            params![node, ONE],
        )?;
        exec(&self.db, "DELETE FROM drawn WHERE node = ?1", params![node])?;
        Ok(())
    }

    /// What is owed now; the row is locked until the batch ends. `None`: another node has it.
    fn owed(&mut self, draw: &Draw, now: i64) -> Result<Option<i64>> {
        exec(
            &self.db,
            "INSERT INTO pool (credential, owed, at) VALUES (?1, 0, ?2) ON CONFLICT DO NOTHING",
            params![draw.credential, now],
        )?;
        let sql = format!("SELECT owed, at FROM pool WHERE credential = ?1{}", self.db.0.locking_free());
        let found = one(&self.db, &sql, params![draw.credential], |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?)))?;
        let Some((owed, before)) = found else { return Ok(None) };
        // A clock that was set back forgets nothing sooner.
        let passed = now.saturating_sub(before).max(0).unsigned_abs();
        let forgotten = passed.saturating_mul(draw.micro_per_second) / 1_000;
        let owed = owed.saturating_sub(i64::try_from(forgotten).unwrap_or(i64::MAX)).max(0);
        exec(
            &self.db,
            "UPDATE pool SET owed = ?2, at = ?3 WHERE credential = ?1",
            params![draw.credential, owed, now.max(before)],
        )?;
        Ok(Some(owed))
    }
}
