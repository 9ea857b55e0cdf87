//! The table `ready`: putting work in, giving it back, parking it, taking it out.

use super::Sql;
use super::columns::{
    BEGUN, Bytes, DELIVERY, EFFECT, EVENT, NEVER, PENDING, TIMER, UNKNOWN, YIELD, all, code, exec, exists, kind_of, ms, one,
};
use super::db::{Bind, params};
use super::forget::replace;
use crate::model::{
    AccountId, Bug, Class, Code, EffectId, EventId, Id, Notice, NoticeId, NoticeKind, OpportunityId, Outcome, Phase, Reason,
    planted,
};
use crate::store::claim::Work;
use crate::store::error::{Result, StoreError};
use jiff::Timestamp;
use serde_json::Value as Json;

/// In milliseconds.
const DAY: i64 = 86_400_000;

/// A new row.
pub(super) struct Row<'a> {
    pub(super) kind: i64,
    pub(super) id: Bytes,
    pub(super) lane: &'a str,
    pub(super) due: i64,
    pub(super) class: Class,
    /// (`at`, `received`, `seq`): the order within the lane.
    pub(super) order: (i64, i64, i64),
    pub(super) version: u16,
}

/// The turn of work that is due then.
pub(super) fn rank(due: i64, class: i64) -> i64 {
    due.saturating_add(class.saturating_mul(YIELD))
}

impl Sql {
    /// Somebody may have work of this account: this node or another one.
    fn works(&mut self, account: &AccountId) {
        self.news.work = true;
        self.news.elsewhere |= self.leases.elsewhere(account);
    }

    /// Adds work, once.
    pub(super) fn add_work(&mut self, account: &AccountId, row: &Row<'_>) -> Result<()> {
        let class = row.class as i64;
        exec(
            &self.db,
            "INSERT INTO ready (account, kind, ref, lane, state, held, due_at, class, rank, at, received, seq, tries, \
             rounds, version) VALUES (?1, ?2, ?3, ?4, 0, 0, ?5, ?6, ?7, ?8, ?9, ?10, 0, 0, ?11) ON CONFLICT DO NOTHING",
            params![
                account.as_str(),
                row.kind,
                row.id,
                row.lane,
                row.due,
                class,
                rank(row.due, class),
                row.order.0,
                row.order.1,
                row.order.2,
                row.version
            ],
        )?;
        self.works(account);
        Ok(())
    }

    /// Whether this node has the work in hand: another one may have taken it up meanwhile.
    pub(super) fn in_hand(&self, account: &AccountId, (kind, id): (i64, Bytes)) -> Result<bool> {
        let Some(own) = self.holder() else { return Ok(true) };
        let sql = "SELECT 1 FROM ready WHERE account = ?1 AND kind = ?2 AND ref = ?3 AND held = ?4";
        exists(&self.db, sql, params![account.as_str(), kind, id, own])
    }

    /// Takes work out.
    pub(super) fn remove_work(&mut self, account: &AccountId, kind: i64, id: Bytes) -> Result<bool> {
        let params = params![account.as_str(), kind, id];
        exec(&self.db, "DELETE FROM trouble WHERE account = ?1 AND kind = ?2 AND ref = ?3", params)?;
        let gone = exec(&self.db, "DELETE FROM ready WHERE account = ?1 AND kind = ?2 AND ref = ?3", params)?;
        // The next event of the lane, or a move behind, may go on.
        self.works(account);
        Ok(gone > 0)
    }

    /// The state of work, if there is any left.
    pub(super) fn state(&self, account: &AccountId, kind: i64, id: Bytes) -> Result<Option<i64>> {
        let sql = "SELECT state FROM ready WHERE account = ?1 AND kind = ?2 AND ref = ?3";
        one(&self.db, sql, params![account.as_str(), kind, id], |row| row.get(0))
    }

    /// Puts work back into this state, free, due at `due`. Its tries start again.
    pub(super) fn put_back(
        &mut self,
        account: &AccountId,
        (kind, id): (i64, Bytes),
        state: i64,
        due: i64,
        round: bool,
    ) -> Result<()> {
        exec(
            &self.db,
            "UPDATE ready SET state = ?4, held = 0, due_at = ?5, rank = CASE WHEN ?5 = ?7 THEN ?7 ELSE ?5 + class * ?8 END, \
             tries = 0, rounds = rounds + ?6 WHERE account = ?1 AND kind = ?2 AND ref = ?3",
            params![account.as_str(), kind, id, state, due, i64::from(round), NEVER, YIELD],
        )?;
        self.works(account);
        Ok(())
    }

    /// Remembers why work waits.
    pub(super) fn trouble(&mut self, account: &AccountId, (kind, id): (i64, Bytes), reason: &Reason, at: i64) -> Result<()> {
        exec(
            &self.db,
            "INSERT INTO trouble (account, kind, ref, code, text, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (account, kind, ref) DO UPDATE SET code = excluded.code, text = excluded.text, at = excluded.at",
            params![account.as_str(), kind, id, reason.code.as_str(), reason.text, at],
        )?;
        Ok(())
    }

    /// The code of the reason for which work waited last.
    pub(super) fn because(&self, account: &AccountId, (kind, id): (i64, Bytes)) -> Result<Option<Code>> {
        let sql = "SELECT code FROM trouble WHERE account = ?1 AND kind = ?2 AND ref = ?3";
        one(&self.db, sql, params![account.as_str(), kind, id], |row| Ok(code(&row.get::<String>(0)?)))
    }

    /// Begins to count rounds anew where work waits for another reason than it did.
    pub(super) fn other_trouble(&mut self, account: &AccountId, (kind, id): (i64, Bytes), reason: &Reason) -> Result<()> {
        exec(
            &self.db,
            "UPDATE ready SET rounds = 0 WHERE account = ?1 AND kind = ?2 AND ref = ?3 AND EXISTS (SELECT 1 FROM trouble t \
             WHERE t.account = ?1 AND t.kind = ?2 AND t.ref = ?3 AND t.code <> ?4)",
            params![account.as_str(), kind, id, reason.code.as_str()],
        )?;
        Ok(())
    }

    /// Remembers why a delivery or an event led to nothing.
    pub(super) fn close(&mut self, account: &AccountId, (kind, id): (i64, Bytes), reason: &Reason, at: i64) -> Result<()> {
        exec(
            &self.db,
            "INSERT INTO closed (account, kind, ref, code, text, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (account, kind, ref) DO UPDATE SET code = excluded.code, text = excluded.text, at = excluded.at",
            params![account.as_str(), kind, id, reason.code.as_str(), reason.text, at],
        )?;
        Ok(())
    }

    /// Parks work. `notice` is its notice, if the caller has made a better one already.
    pub(super) fn park_row(
        &mut self,
        account: &AccountId,
        (kind, id): (i64, Bytes),
        reason: &Reason,
        at: Timestamp,
        noticed: bool,
    ) -> Result<()> {
        let lane = one(
            &self.db,
            "UPDATE ready SET state = 3, held = -1, tries = 0 WHERE account = ?1 AND kind = ?2 AND ref = ?3 RETURNING lane",
            params![account.as_str(), kind, id],
            |row| row.get::<String>(0),
        )?;
        let Some(lane) = lane else { return Ok(()) };
        self.trouble(account, (kind, id), reason, ms(at))?;
        self.works(account);
        if noticed {
            return Ok(());
        }
        let what = match kind {
            DELIVERY => "delivery",
            EVENT => "event",
            EFFECT => "effect",
            _ => "timer",
        };
        let hex = Id::from_bytes(id).to_string();
        let told = NoticeId::derive(at, &["parked", account.as_str(), what, &hex]);
        let words = super::read_health::what(&self.db, account, kind, id)?;
        let text = format!("{words} is parked: {} ({}); its id is {hex}", reason.text, reason.code);
        let notice = Notice {
            opportunity: (!lane.is_empty()).then(|| OpportunityId::new(lane)),
            event: (kind == EVENT).then(|| EventId(Id::from_bytes(id))),
            effect: (kind == EFFECT).then(|| EffectId(Id::from_bytes(id))),
            ..Notice::new(told, NoticeKind::Parked, text, at)
        };
        self.add_notice(account, &notice)
    }

    pub(super) fn release_work(&mut self, account: &AccountId, work: Work) -> Result<()> {
        let (kind, id) = kind_of(work);
        exec(
            &self.db,
            "UPDATE ready SET held = 0, tries = CASE WHEN tries > 0 THEN tries - 1 ELSE 0 END \
             WHERE account = ?1 AND kind = ?2 AND ref = ?3 AND held > 0 AND (?4 IS NULL OR held = ?4)",
            params![account.as_str(), kind, id.bytes(), self.holder()],
        )?;
        // Nobody works on it any more: how its attempt ended has to be looked up.
        exec(
            &self.db,
            "UPDATE ready SET state = 2, held = 0 WHERE account = ?1 AND kind = ?2 AND ref = ?3 AND state = 1 AND held = -1 \
             AND (?4 IS NULL OR (SELECT a.epoch FROM attempt a WHERE a.account = ?1 AND a.effect = ?3 ORDER BY a.number DESC LIMIT 1) = ?4)",
            params![account.as_str(), kind, id.bytes(), self.holder()],
        )?;
        self.works(account);
        Ok(())
    }

    pub(super) fn defer_work(
        &mut self,
        account: &AccountId,
        work: Work,
        until: Timestamp,
        reason: Option<&Reason>,
    ) -> Result<()> {
        let (kind, id) = kind_of(work);
        let key = (kind, id.bytes());
        if !self.in_hand(account, key)? {
            return Ok(());
        }
        // Begun and parked work is not put back by this.
        let Some(state) = self.state(account, kind, key.1)?.filter(|state| matches!(*state, PENDING | UNKNOWN)) else {
            return Ok(());
        };
        // Only events count rounds here: for effects a round is an outcome, for deliveries a look.
        let due = if kind == EFFECT && planted(Bug::PutOffForEver) { NEVER } else { ms(until) };
        self.put_back(account, key, state, due, kind == EVENT)?;
        reason.map_or(Ok(()), |reason| self.trouble(account, key, reason, ms(until)))
    }

    pub(super) fn retry_work(&mut self, account: &AccountId, work: Work, at: Timestamp) -> Result<()> {
        let (kind, id) = kind_of(work);
        let key = (kind, id.bytes());
        let state = match self.state(account, kind, key.1)? {
            None => return Err(StoreError::NotFound(format!("{work} is not waiting for anything: it is done, or never was"))),
            Some(BEGUN) => return Err(StoreError::NotFound(format!("{work} is being sent just now"))),
            Some(state) => state,
        };
        let blocked = "SELECT 1 FROM blocked WHERE account = ?1 AND effect = ?2";
        let due = if kind == EFFECT && exists(&self.db, blocked, params![account.as_str(), key.1])? { NEVER } else { ms(at) };
        let next = match kind {
            // Whatever was begun and never ended is looked for before it is sent again.
            EFFECT if state == UNKNOWN || self.open_end(account, key.1)? => UNKNOWN,
            _ => PENDING,
        };
        self.put_back(account, key, next, due, false)?;
        exec(
            &self.db,
            "UPDATE ready SET rounds = 0, asked = ?4 WHERE account = ?1 AND kind = ?2 AND ref = ?3",
            params![account.as_str(), kind, key.1, ms(at)],
        )?;
        exec(
            &self.db,
            "DELETE FROM trouble WHERE account = ?1 AND kind = ?2 AND ref = ?3",
            params![account.as_str(), kind, key.1],
        )?;
        Ok(())
    }

    /// Whether the last attempt of an effect has no end, or an unknown one.
    fn open_end(&self, account: &AccountId, effect: Bytes) -> Result<bool> {
        let sql = "SELECT (SELECT e.outcome FROM attempt_end e WHERE e.account = a.account AND e.effect = a.effect \
                   AND e.number = a.number ORDER BY e.rowid DESC LIMIT 1) \
                   FROM attempt a WHERE a.account = ?1 AND a.effect = ?2 ORDER BY a.number DESC LIMIT 1";
        let last = one(&self.db, sql, params![account.as_str(), effect], |row| row.get::<Option<String>>(0))?;
        Ok(last.is_some_and(|end| end.is_none_or(|outcome| outcome.starts_with("{\"unknown\""))))
    }

    pub(super) fn skip_work(&mut self, account: &AccountId, work: Work, reason: &Reason, at: Timestamp) -> Result<()> {
        let (kind, id) = kind_of(work);
        let id = id.bytes();
        let Some(state) = self.state(account, kind, id)? else {
            return Err(StoreError::NotFound(format!("{work} is not waiting for anything: it is done, or never was")));
        };
        match kind {
            EFFECT if state == BEGUN => Err(StoreError::NotFound(format!("{work} is being sent just now"))),
            EFFECT => self.settle(account, id, &Outcome::Skipped { reason: reason.clone() }, at),
            _ => {
                self.remove_work(account, kind, id)?;
                if kind == TIMER {
                    exec(&self.db, "DELETE FROM timer WHERE account = ?1 AND id = ?2", params![account.as_str(), id])?;
                }
                self.close(account, (kind, id), reason, ms(at))
            }
        }
    }

    /// Ends an effect for good and lets go what waited for it.
    pub(super) fn settle(&mut self, account: &AccountId, effect: Bytes, outcome: &Outcome, at: Timestamp) -> Result<()> {
        exec(
            &self.db,
            "INSERT INTO settled (account, effect, outcome, at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (account, effect) DO UPDATE SET outcome = excluded.outcome, at = excluded.at",
            params![account.as_str(), effect, super::columns::encode(outcome)?, ms(at)],
        )?;
        self.remove_work(account, EFFECT, effect)?;
        if let Outcome::Skipped { reason } = outcome {
            self.unplanned(account, effect, reason.code == Code::Gone)?;
        }
        exec(&self.db, "DELETE FROM blocked WHERE account = ?1 AND effect = ?2", params![account.as_str(), effect])?;
        let behind = all(
            &self.db,
            "DELETE FROM blocked WHERE account = ?1 AND waits_for = ?2 RETURNING effect",
            params![account.as_str(), effect],
            |row| row.get::<Bytes>(0),
        )?;
        for waiting in behind {
            exec(
                &self.db,
                "UPDATE ready SET due_at = ?3, rank = ?3 + class * ?4 WHERE account = ?1 AND kind = 2 AND ref = ?2 AND due_at = ?5 \
                 AND NOT EXISTS (SELECT 1 FROM blocked WHERE account = ?1 AND effect = ?2)",
                params![account.as_str(), waiting, ms(at), YIELD, NEVER],
            )?;
        }
        self.strip_if_purged(account, effect)
    }

    /// What a plan had foreseen for an effect that is not done after all: an attempt that nobody was invited to is none, and a move that
    /// was not made explains no later one. A purge keeps the ids.
    fn unplanned(&mut self, account: &AccountId, effect: Bytes, purged: bool) -> Result<()> {
        let params = params![account.as_str(), effect];
        exec(
            &self.db,
            "DELETE FROM own_move WHERE account = ?1 AND opportunity = (SELECT opportunity FROM effect WHERE account = ?1 AND id = ?2) \
             AND effect = ?2 AND moved_at IS NULL AND matched_by IS NULL",
            params,
        )?;
        let planned = self.json("SELECT payload FROM effect WHERE account = ?1 AND id = ?2", params)?;
        let text = |value: &Json, place: &str| value.pointer(place).and_then(Json::as_str).map(str::to_owned);
        let planned = planned.filter(|effect| text(effect, "/act/invite/mode").as_deref() == Some("new"));
        let attempt = planned.and_then(|effect| text(&effect, "/act/invite/assessment")?.parse::<Id>().ok());
        let Some(attempt) = attempt else { return Ok(()) };
        let id = attempt.bytes();
        let key = params![account.as_str(), id];
        let row = self.json("SELECT payload FROM assessment WHERE account = ?1 AND id = ?2", key)?;
        let requested = |row: &Json| text(row, "/phase").as_deref() == Some(Phase::Requested.as_str());
        let Some(mut row) = row.filter(requested) else { return Ok(()) };
        let maybe = "SELECT 1 FROM attempt a WHERE a.account = ?1 AND a.effect = ?2 AND NOT EXISTS (SELECT 1 FROM attempt_end e \
                     WHERE e.account = ?1 AND e.effect = ?2 AND e.number = a.number AND e.applied = '\"no\"')";
        if purged || exists(&self.db, maybe, params)? {
            replace(&mut row, "/phase", Phase::Cancelled.as_str().into());
            exec(
                &self.db,
                "UPDATE assessment SET live = 0, phase = ?3, payload = ?4 WHERE account = ?1 AND id = ?2",
                params![account.as_str(), id, Phase::Cancelled.as_str(), row.to_string()],
            )?;
        } else {
            exec(&self.db, "DELETE FROM assessment WHERE account = ?1 AND id = ?2", key)?;
        }
        Ok(())
    }

    /// A payload that is JSON, whatever this version makes of it.
    fn json(&self, sql: &str, key: &[&dyn Bind]) -> Result<Option<Json>> {
        let text = one(&self.db, sql, key, |row| row.get::<String>(0))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Whether the same was said within a day before.
    fn said_lately(&self, account: &AccountId, notice: &Notice) -> Result<bool> {
        let sql = "SELECT payload FROM notice WHERE account = ?1 AND at BETWEEN ?2 AND ?3";
        let (from, until) = (ms(notice.at) - DAY, ms(notice.at));
        let said = all(&self.db, sql, params![account.as_str(), from, until], |row| row.get::<String>(0))?;
        let same = |payload: &String| serde_json::from_str::<Notice>(payload).is_ok_and(|said| said.text == notice.text);
        Ok(said.iter().any(same))
    }

    pub(super) fn add_notice(&mut self, account: &AccountId, notice: &Notice) -> Result<()> {
        if notice.daily && self.said_lately(account, notice)? {
            return Ok(());
        }
        let added = exec(
            &self.db,
            "INSERT INTO notice (account, id, opportunity, at, payload) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            params![
                account.as_str(),
                notice.id.0.bytes(),
                notice.opportunity.as_ref().map_or("", OpportunityId::as_str),
                ms(notice.at),
                super::columns::encode(notice)?
            ],
        )?;
        if added > 0 {
            self.news.notices.push((account.clone(), notice.clone()));
        }
        Ok(())
    }
}
