//! Deleting: a person's data at once, old rows in chunks.

use super::Sql;
use super::columns::{Bytes, EFFECT, EVENT, TIMER, all, decode, edge, exec, exists, ms};
use super::db::{Bind, Cell, params};
use super::intake::tells_gone;
use crate::model::{AccountId, Code, Event, Outcome, Reason};
use crate::store::commit::Purge;
use crate::store::error::Result;
use crate::store::rows::Retention;
use serde_json::{Value as Json, json};

/// The new payload of an effect.
const STRIP: &str = "UPDATE effect SET payload = ?3 WHERE account = ?1 AND id = ?2";

/// Whether an effect is a call to a vendor.
fn is_call(effect: &str) -> bool {
    serde_json::from_str::<Json>(effect).is_ok_and(|effect| effect.pointer("/act/call").is_some())
}

/// Takes out of an effect's payload what came from a person.
fn strip(effect: &mut Json) {
    let (none, map, list) = (json!(""), json!({}), json!([]));
    for (place, empty) in [
        ("/act/invite/inputs", &map),
        ("/act/call/inputs", &map),
        ("/act/note/text", &none),
        ("/act/link/url", &none),
        ("/act/file/name", &none),
        ("/act/file/inputs", &map),
        ("/act/form/fields", &list),
        ("/act/feedback/fields", &list),
        ("/act/ask/title", &none),
        ("/act/ask/choices", &list),
    ] {
        replace(effect, place, empty.clone());
    }
}

/// Puts something else in a place that is there.
pub(super) fn replace(value: &mut Json, place: &str, other: Json) {
    if let Some(there) = value.pointer_mut(place) {
        *there = other;
    }
}

impl Sql {
    pub(super) fn purged(&mut self, account: &AccountId, purge: &Purge) -> Result<()> {
        let opportunity = purge.opportunity.as_str();
        let name = account.as_str();
        let both = params![name, opportunity];
        exec(
            &self.db,
            "INSERT INTO purged (account, opportunity, at) VALUES (?1, ?2, ?3) \
             ON CONFLICT (account, opportunity) DO UPDATE SET at = excluded.at",
            params![name, opportunity, ms(purge.at)],
        )?;
        self.stop_lane(account, purge)?;
        self.purge_payloads(account, opportunity)?;
        let names_the_person = format!(
            // Deliveries that led to no event of their own, because they told nothing new, name the person all the same.
            "DELETE FROM delivery WHERE account = ?1 AND EXISTS (SELECT 1 FROM assessment a JOIN correlation c \
             ON c.account = a.account AND c.assessment = a.id WHERE a.account = ?1 AND a.opportunity = ?2 AND {}) \
             AND NOT EXISTS (SELECT 1 FROM ready r WHERE r.account = ?1 AND r.kind = 0 AND r.ref = delivery.id)",
            self.db.0.body_holds_value()
        );
        for sql in [
            "DELETE FROM delivery WHERE account = ?1 AND id IN (SELECT e.delivery FROM event e WHERE e.account = ?1 \
             AND e.opportunity = ?2) AND NOT EXISTS (SELECT 1 FROM ready r WHERE r.account = ?1 AND r.kind = 0 AND r.ref = delivery.id)",
            // A path may name the person.
            "UPDATE attempt_end SET exchange = NULL WHERE account = ?1 \
             AND effect IN (SELECT id FROM effect WHERE account = ?1 AND opportunity = ?2)",
            &names_the_person,
            "DELETE FROM glimpse WHERE account = ?1 AND opportunity = ?2",
            "DELETE FROM correlation WHERE account = ?1 AND value LIKE '%@%' \
             AND assessment IN (SELECT id FROM assessment WHERE account = ?1 AND opportunity = ?2)",
            "DELETE FROM placed WHERE account = ?1 AND opportunity = ?2",
        ] {
            exec(&self.db, sql, both)?;
        }
        Ok(())
    }

    /// Empties what the payloads of an opportunity tell of the person.
    fn purge_payloads(&mut self, account: &AccountId, opportunity: &str) -> Result<()> {
        let of = params![account.as_str(), opportunity];
        let (map, list) = (|| json!({}), || json!([]));
        self.rewrite::<Bytes>(
            account,
            "SELECT id, payload FROM event WHERE account = ?1 AND opportunity = ?2",
            of,
            "UPDATE event SET payload = ?3 WHERE account = ?1 AND id = ?2",
            |event| replace(event, "/fields", map()),
        )?;
        self.rewrite::<Bytes>(
            account,
            "SELECT event, facts FROM run WHERE account = ?1 AND opportunity = ?2",
            of,
            "UPDATE run SET facts = ?3, steps = '[]', later = '[]' WHERE account = ?1 AND event = ?2",
            |facts| {
                replace(facts, "/values", map());
                replace(facts, "/ledger", list());
                replace(facts, "/tests", map());
            },
        )?;
        // What is still pending is read again when it is done: the strip follows then.
        self.rewrite::<Bytes>(
            account,
            "SELECT id, payload FROM effect WHERE account = ?1 AND opportunity = ?2 AND NOT EXISTS \
             (SELECT 1 FROM ready r WHERE r.account = ?1 AND r.kind = 2 AND r.ref = effect.id)",
            of,
            STRIP,
            strip,
        )?;
        let ends = all(
            &self.db,
            "SELECT effect, number, rowid, outcome FROM attempt_end WHERE account = ?1 \
             AND effect IN (SELECT id FROM effect WHERE account = ?1 AND opportunity = ?2)",
            of,
            |row| Ok((row.get::<Bytes>(0)?, row.get::<i64>(1)?, row.get::<i64>(2)?, row.get::<String>(3)?)),
        )?;
        for (effect, number, row, text) in ends {
            let Ok(mut outcome) = serde_json::from_str::<Json>(&text) else { continue };
            replace(&mut outcome, "/done/learned", map());
            // The number of the row alone is no key of every database.
            exec(
                &self.db,
                "UPDATE attempt_end SET outcome = ?5 WHERE account = ?1 AND effect = ?2 AND number = ?3 AND rowid = ?4",
                params![account.as_str(), effect, number, row, outcome.to_string()],
            )?;
        }
        self.rewrite::<Bytes>(
            account,
            "SELECT effect, outcome FROM settled WHERE account = ?1 \
             AND effect IN (SELECT id FROM effect WHERE account = ?1 AND opportunity = ?2)",
            of,
            "UPDATE settled SET outcome = ?3 WHERE account = ?1 AND effect = ?2",
            |outcome| replace(outcome, "/done/learned", map()),
        )?;
        self.rewrite::<Bytes>(
            account,
            "SELECT id, payload FROM assessment WHERE account = ?1 AND opportunity = ?2",
            of,
            "UPDATE assessment SET payload = ?3 WHERE account = ?1 AND id = ?2",
            |assessment| {
                replace(assessment, "/candidate_url", Json::Null);
                replace(assessment, "/result", map());
                if let Some(ids) = assessment.pointer_mut("/ids").and_then(Json::as_object_mut) {
                    ids.retain(|_, id| !id.as_str().is_some_and(|id| id.contains('@')));
                }
            },
        )?;
        self.rewrite::<Bytes>(
            account,
            "SELECT id, payload FROM notice WHERE account = ?1 AND opportunity = ?2",
            of,
            "UPDATE notice SET payload = ?3 WHERE account = ?1 AND id = ?2",
            |notice| {
                if notice.get("kind").is_some_and(|kind| kind == "alert") {
                    replace(notice, "/text", json!("removed with the candidate"));
                }
            },
        )
    }

    /// Changes stored JSON, row by row: `select` finds keys and texts, `update` takes the account, a key and its new text. What is no
    /// JSON is read by nobody and stays.
    fn rewrite<K: Cell + Bind>(
        &self,
        account: &AccountId,
        select: &str,
        of: &[&dyn Bind],
        update: &str,
        change: impl Fn(&mut Json),
    ) -> Result<()> {
        for (key, text) in all(&self.db, select, of, |row| Ok((row.get::<K>(0)?, row.get::<String>(1)?)))? {
            let Ok(mut value) = serde_json::from_str::<Json>(&text) else { continue };
            change(&mut value);
            exec(&self.db, update, params![account.as_str(), key, value.to_string()])?;
        }
        Ok(())
    }

    /// Ends what the lane still had before it, except what tells of the end, and calls: a vendor may have to be told to erase.
    fn stop_lane(&mut self, account: &AccountId, purge: &Purge) -> Result<()> {
        let reason = Reason::new(Code::Gone, "the candidate was deleted");
        let rows = all(
            &self.db,
            "SELECT r.kind, r.ref, coalesce(e.payload, ''), coalesce(f.payload, '') FROM ready r \
             LEFT JOIN event e ON r.kind = 1 AND e.account = r.account AND e.id = r.ref \
             LEFT JOIN effect f ON r.kind = 2 AND f.account = r.account AND f.id = r.ref \
             WHERE r.account = ?1 AND r.lane = ?2 AND r.lane <> '' AND r.state <> 1 AND (r.kind <> 1 OR r.held <= 0)",
            params![account.as_str(), purge.opportunity.as_str()],
            |row| Ok((row.get::<i64>(0)?, row.get::<Bytes>(1)?, row.get::<String>(2)?, row.get::<String>(3)?)),
        )?;
        for (kind, id, event, effect) in rows {
            match kind {
                EFFECT if !is_call(&effect) => {
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
            let one = params![account.as_str(), effect];
            self.rewrite::<Bytes>(account, "SELECT id, payload FROM effect WHERE account = ?1 AND id = ?2", one, STRIP, strip)?;
        }
        Ok(())
    }

    pub(super) fn retained(&mut self, retention: &Retention) -> Result<usize> {
        let Some(shed) = self.db.0.shed(retention, self.retaining)? else { return Ok(0) };
        let chunk = i64::try_from(retention.chunk).unwrap_or(i64::MAX);
        let before = ms(retention.runs);
        let mut gone = shed.gone;
        for account in all(&self.db, "SELECT account FROM account", params![], |row| row.get::<String>(0))? {
            for span in &shed.bodies {
                gone += self.bodies_retained(&account, *span, chunk)?;
            }
            for span in &shed.runs {
                gone += self.runs_retained(&account, *span, before, chunk)?;
            }
            gone += exec(
                &self.db,
                "DELETE FROM seen WHERE (account, source, dedupe, digest) IN (SELECT account, source, dedupe, digest FROM seen \
                 WHERE account = ?1 AND at < ?2 LIMIT ?3)",
                params![account, ms(retention.dedupe), chunk],
            )?;
            for sql in [
                "DELETE FROM notice WHERE account = ?1 AND id IN (SELECT id FROM notice WHERE account = ?1 AND at < ?2 LIMIT ?3)",
                "DELETE FROM firing WHERE (account, opportunity, pack, rule, event) IN (SELECT account, opportunity, pack, rule, event \
                 FROM firing WHERE account = ?1 AND at < ?2 LIMIT ?3)",
                "DELETE FROM own_move WHERE (account, opportunity, effect) IN (SELECT account, opportunity, effect FROM own_move \
                 WHERE account = ?1 AND begun_at < ?2 LIMIT ?3)",
            ] {
                gone += exec(&self.db, sql, params![account, before, chunk])?;
            }
        }
        // Beside the accounts: some deeds are about none.
        let sql = "DELETE FROM deed WHERE (account, id) IN (SELECT account, id FROM deed WHERE at < ?1 LIMIT ?2)";
        gone += exec(&self.db, sql, params![before, chunk])?;
        self.scrub |= gone > 0;
        self.retaining = gone > 0;
        Ok(gone)
    }

    /// Deletes deliveries whose ids are of a time. Ids begin with the time they were stored: the primary order is the age.
    fn bodies_retained(&self, account: &str, (from, to): (i64, i64), chunk: i64) -> Result<usize> {
        exec(
            &self.db,
            "DELETE FROM delivery WHERE account = ?1 AND id >= ?4 AND id < ?2 AND id IN (SELECT d.id FROM delivery d WHERE d.account = ?1 \
             AND d.id >= ?4 AND d.id < ?2 \
             AND NOT EXISTS (SELECT 1 FROM ready r WHERE r.account = ?1 AND r.kind = 0 AND r.ref = d.id) LIMIT ?3)",
            params![account, edge(to), chunk, edge(from)],
        )
    }

    /// Deletes the events of a time, whatever they led to, and why other things led to nothing. Old ids may have been planned lately:
    /// what was said or done since `before` stays.
    fn runs_retained(&self, account: &str, (from, to): (i64, i64), before: i64, chunk: i64) -> Result<usize> {
        let mut gone = 0;
        let span = params![account, edge(to), chunk, before, edge(from)];
        let effects = all(
            &self.db,
            "SELECT id FROM effect WHERE account = ?1 AND id >= ?5 AND id < ?2 AND planned_at < ?4 \
             AND NOT EXISTS (SELECT 1 FROM ready r WHERE r.account = ?1 AND r.kind = 2 AND r.ref = effect.id) LIMIT ?3",
            span,
            |row| row.get::<Bytes>(0),
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
            "SELECT id FROM event WHERE account = ?1 AND id >= ?5 AND id < ?2 AND at < ?4 \
             AND NOT EXISTS (SELECT 1 FROM ready r WHERE r.account = ?1 AND r.kind = 1 AND r.ref = event.id) \
             AND NOT EXISTS (SELECT 1 FROM effect f WHERE f.account = ?1 AND f.event = event.id) LIMIT ?3",
            span,
            |row| row.get::<Bytes>(0),
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
        gone += exec(
            &self.db,
            "DELETE FROM closed WHERE account = ?1 AND ref >= ?5 AND ref < ?2 AND (kind, ref) IN (SELECT kind, ref FROM closed \
             WHERE account = ?1 AND ref >= ?5 AND ref < ?2 AND kind <> 1 AND at < ?4 LIMIT ?3)",
            span,
        )?;
        Ok(gone)
    }
}
