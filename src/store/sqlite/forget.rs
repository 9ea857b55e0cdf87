//! Deleting: a person's data at once, old rows in chunks.

use super::Sqlite;
use super::columns::{Bytes, EFFECT, EVENT, TIMER, all, decode, exec, exists, floor, ms};
use super::intake::tells_gone;
use crate::model::{AccountId, Code, Event, Outcome, Reason};
use crate::store::commit::Purge;
use crate::store::error::Result;
use crate::store::rows::Retention;
use rusqlite::params;

/// An effect's payload without what came from a person. Paths that an act does not have are left alone.
const STRIPPED: &str = "json_replace(payload, '$.act.invite.inputs', json('{}'), '$.act.call.inputs', json('{}'), \
    '$.act.note.text', '', '$.act.link.url', '', '$.act.file.name', '', '$.act.file.inputs', json('{}'), \
    '$.act.form.fields', json('[]'), '$.act.feedback.fields', json('[]'), '$.act.ask.title', '', '$.act.ask.choices', json('[]'))";

impl Sqlite {
    pub(super) fn purged(&mut self, account: &AccountId, purge: &Purge) -> Result<()> {
        let opportunity = purge.opportunity.as_str();
        let name = account.as_str();
        let both = params![name, opportunity];
        exec(
            &self.db,
            "INSERT OR REPLACE INTO purged (account, opportunity, at) VALUES (?1, ?2, ?3)",
            params![name, opportunity, ms(purge.at)],
        )?;
        self.stop_lane(account, purge)?;
        // What is still pending is read again when it is done: the strip follows then.
        let done = "AND NOT EXISTS (SELECT 1 FROM ready r WHERE r.account = ?1 AND r.kind = 2 AND r.ref = effect.id)";
        for sql in [
            "DELETE FROM delivery WHERE account = ?1 AND id IN (SELECT e.delivery FROM event e WHERE e.account = ?1 \
             AND e.opportunity = ?2) AND NOT EXISTS (SELECT 1 FROM ready r WHERE r.account = ?1 AND r.kind = 0 AND r.ref = delivery.id)",
            "UPDATE event SET payload = json_replace(payload, '$.fields', json('{}')) WHERE account = ?1 AND opportunity = ?2 \
             AND json_valid(payload)",
            "UPDATE run SET facts = json_replace(facts, '$.values', json('{}'), '$.ledger', json('[]'), '$.tests', json('{}')), \
             steps = '[]', later = '[]' WHERE account = ?1 AND opportunity = ?2 AND json_valid(facts)",
            &format!(
                "UPDATE effect SET payload = {STRIPPED} WHERE account = ?1 AND opportunity = ?2 AND json_valid(payload) {done}"
            ),
            "UPDATE attempt_end SET outcome = json_replace(outcome, '$.done.learned', json('{}')) WHERE account = ?1 \
             AND effect IN (SELECT id FROM effect WHERE account = ?1 AND opportunity = ?2) AND json_valid(outcome)",
            // A path may name the person.
            "UPDATE attempt_end SET exchange = NULL WHERE account = ?1 \
             AND effect IN (SELECT id FROM effect WHERE account = ?1 AND opportunity = ?2)",
            "UPDATE settled SET outcome = json_replace(outcome, '$.done.learned', json('{}')) WHERE account = ?1 \
             AND effect IN (SELECT id FROM effect WHERE account = ?1 AND opportunity = ?2) AND json_valid(outcome)",
            // Deliveries that led to no event of their own, because they told nothing new, name the person all the same.
            "DELETE FROM delivery WHERE account = ?1 AND EXISTS (SELECT 1 FROM assessment a JOIN correlation c \
             ON c.account = a.account AND c.assessment = a.id WHERE a.account = ?1 AND a.opportunity = ?2 \
             AND instr(lower(CAST(delivery.body AS TEXT)), lower(c.value)) > 0) \
             AND NOT EXISTS (SELECT 1 FROM ready r WHERE r.account = ?1 AND r.kind = 0 AND r.ref = delivery.id)",
            "DELETE FROM glimpse WHERE account = ?1 AND opportunity = ?2",
            "DELETE FROM correlation WHERE account = ?1 AND instr(value, '@') > 0 \
             AND assessment IN (SELECT id FROM assessment WHERE account = ?1 AND opportunity = ?2)",
            "UPDATE assessment SET payload = json_replace(payload, '$.candidate_url', NULL, '$.result', json('{}'), '$.ids', \
             json((SELECT json_group_object(key, value) FROM json_each(payload, '$.ids') WHERE instr(value, '@') = 0))) \
             WHERE account = ?1 AND opportunity = ?2 AND json_valid(payload)",
            "DELETE FROM placed WHERE account = ?1 AND opportunity = ?2",
            "UPDATE notice SET payload = json_replace(payload, '$.text', 'removed with the candidate') \
             WHERE account = ?1 AND opportunity = ?2 AND json_valid(payload) AND json_extract(payload, '$.kind') = 'alert'",
        ] {
            exec(&self.db, sql, both)?;
        }
        Ok(())
    }

    /// Takes what was deleted out of the file's free pages and out of the log of changes. False: a reader looks at it still; the next
    /// commit tries again.
    pub(super) fn scrubbed(&self) -> Result<bool> {
        let patience: u32 = self.db.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?;
        self.db.busy_timeout(std::time::Duration::ZERO)?;
        let scrub = || -> rusqlite::Result<bool> {
            // It gives one page back for each row that is asked for.
            let mut vacuum = self.db.prepare_cached("PRAGMA incremental_vacuum")?;
            let mut pages = vacuum.query([])?;
            while pages.next()?.is_some() {}
            self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i64>(0)? == 0))
        };
        let done = scrub();
        self.db.busy_timeout(std::time::Duration::from_millis(patience.into()))?;
        Ok(done?)
    }

    /// Ends what the lane still had before it, except what tells of the end, and calls: a vendor may have to be told to erase.
    fn stop_lane(&mut self, account: &AccountId, purge: &Purge) -> Result<()> {
        let reason = Reason::new(Code::Gone, "the candidate was deleted");
        let rows = all(
            &self.db,
            "SELECT r.kind, r.ref, coalesce(e.payload, ''), coalesce(json_type(f.payload, '$.act.call'), '') FROM ready r \
             LEFT JOIN event e ON r.kind = 1 AND e.account = r.account AND e.id = r.ref \
             LEFT JOIN effect f ON r.kind = 2 AND f.account = r.account AND f.id = r.ref AND json_valid(f.payload) \
             WHERE r.account = ?1 AND r.lane = ?2 AND r.lane <> '' AND r.state <> 1 AND (r.kind <> 1 OR r.held <= 0)",
            params![account.as_str(), purge.opportunity.as_str()],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Bytes>(1)?, row.get::<_, String>(2)?, row.get::<_, String>(3)?)),
        )?;
        for (kind, id, event, call) in rows {
            match kind {
                EFFECT if call.is_empty() => {
                    self.settle(account, id, &Outcome::Skipped { reason: reason.clone() }, purge.at)?;
                }
                EVENT if !decode::<Event>("event", &event).is_ok_and(|event| tells_gone(&event.kind)) => {
                    self.remove_work(account, EVENT, id)?;
                    self.close(account, (EVENT, id), &reason, ms(purge.at))?;
                }
                TIMER => {
                    self.remove_work(account, TIMER, id)?;
                    exec(&self.db, "DELETE FROM timer WHERE account = ?1 AND id = ?2", params![account.as_str(), id])?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether an event is about a person whose data was removed, and not what tells of that.
    pub(super) fn forgotten(&self, account: &AccountId, event: &Event) -> Result<bool> {
        let Some(opportunity) = event.opportunity.as_ref().filter(|_| !tells_gone(&event.kind)) else { return Ok(false) };
        let purged = "SELECT 1 FROM purged WHERE account = ?1 AND opportunity = ?2";
        exists(&self.db, purged, params![account.as_str(), opportunity.as_str()])
    }

    /// An effect of a purged opportunity loses its inputs when it settles.
    pub(super) fn strip_if_purged(&mut self, account: &AccountId, effect: Bytes) -> Result<()> {
        let purged = "SELECT 1 FROM effect f JOIN purged p ON p.account = f.account AND p.opportunity = f.opportunity \
                      WHERE f.account = ?1 AND f.id = ?2";
        if exists(&self.db, purged, params![account.as_str(), effect])? {
            let sql = format!("UPDATE effect SET payload = {STRIPPED} WHERE account = ?1 AND id = ?2 AND json_valid(payload)");
            exec(&self.db, &sql, params![account.as_str(), effect])?;
        }
        Ok(())
    }

    pub(super) fn retained(&mut self, retention: &Retention) -> Result<usize> {
        let chunk = i64::try_from(retention.chunk).unwrap_or(i64::MAX);
        let accounts = all(&self.db, "SELECT account FROM account", [], |row| row.get::<_, String>(0))?;
        let mut gone = 0;
        let unsettled = "SELECT 1 FROM ready r WHERE r.account = ?1 AND r.kind";
        for account in accounts {
            let bodies = floor(retention.bodies);
            let runs = floor(retention.runs);
            let before = ms(retention.runs);
            // Ids begin with the time they were stored: the primary order is the age.
            gone += exec(
                &self.db,
                &format!(
                    "DELETE FROM delivery WHERE rowid IN (SELECT d.rowid FROM delivery d WHERE d.account = ?1 AND d.id < ?2 \
                     AND NOT EXISTS ({unsettled} = 0 AND r.ref = d.id) LIMIT ?3)"
                ),
                params![account, bodies, chunk],
            )?;
            gone += exec(
                &self.db,
                "DELETE FROM seen WHERE (account, source, dedupe, digest) IN (SELECT account, source, dedupe, digest FROM seen \
                 WHERE account = ?1 AND at < ?2 LIMIT ?3)",
                params![account, ms(retention.dedupe), chunk],
            )?;
            let effects = all(
                &self.db,
                &format!(
                    "SELECT id FROM effect WHERE account = ?1 AND id < ?2 AND planned_at < ?4 \
                     AND NOT EXISTS ({unsettled} = 2 AND r.ref = effect.id) LIMIT ?3"
                ),
                params![account, runs, chunk, before],
                |row| row.get::<_, Bytes>(0),
            )?;
            for effect in effects {
                for sql in [
                    "DELETE FROM attempt_end WHERE account = ?1 AND effect = ?2",
                    "DELETE FROM attempt WHERE account = ?1 AND effect = ?2",
                    "DELETE FROM settled WHERE account = ?1 AND effect = ?2",
                    "DELETE FROM effect WHERE account = ?1 AND id = ?2",
                ] {
                    gone += exec(&self.db, sql, params![account, effect])?;
                }
            }
            let events = all(
                &self.db,
                &format!(
                    "SELECT id FROM event WHERE account = ?1 AND id < ?2 AND at < ?4 AND NOT EXISTS ({unsettled} = 1 AND r.ref = event.id) \
                     AND NOT EXISTS (SELECT 1 FROM effect f WHERE f.account = ?1 AND f.event = event.id) LIMIT ?3"
                ),
                params![account, runs, chunk, before],
                |row| row.get::<_, Bytes>(0),
            )?;
            for event in events {
                for sql in [
                    "DELETE FROM run WHERE account = ?1 AND event = ?2",
                    "DELETE FROM closed WHERE account = ?1 AND kind = 1 AND ref = ?2",
                    "DELETE FROM event WHERE account = ?1 AND id = ?2",
                ] {
                    gone += exec(&self.db, sql, params![account, event])?;
                }
            }
            for sql in [
                "DELETE FROM closed WHERE (account, kind, ref) IN (SELECT account, kind, ref FROM closed WHERE account = ?1 \
                 AND kind <> 1 AND at < ?2 LIMIT ?3)",
                "DELETE FROM notice WHERE rowid IN (SELECT rowid FROM notice WHERE account = ?1 AND at < ?2 LIMIT ?3)",
                "DELETE FROM firing WHERE (account, opportunity, pack, rule, event) IN (SELECT account, opportunity, pack, rule, event \
                 FROM firing WHERE account = ?1 AND at < ?2 LIMIT ?3)",
                "DELETE FROM own_move WHERE (account, opportunity, effect) IN (SELECT account, opportunity, effect FROM own_move \
                 WHERE account = ?1 AND begun_at < ?2 LIMIT ?3)",
            ] {
                gone += exec(&self.db, sql, params![account, before, chunk])?;
            }
        }
        // Beside the accounts: some deeds are about none.
        let sql = "DELETE FROM deed WHERE rowid IN (SELECT rowid FROM deed WHERE at < ?1 LIMIT ?2)";
        gone += exec(&self.db, sql, params![ms(retention.runs), chunk])?;
        self.scrub |= gone > 0;
        Ok(gone)
    }
}
