//! A store made of a backup: what it cannot know is left to a person.

use super::Sql;
use super::columns::{BEGUN, Bytes, DELIVERY, EFFECT, EVENT, PARKED, TIMER, UNKNOWN, all, exec, ms, one, reason, time};
use super::db::{Db, params};
use super::read_facts::assessment;
use crate::model::{AccountId, Act, Class, Code, Effect, Event, Notice, NoticeId, NoticeKind, Reason, Source};
use crate::store::error::Result;
use jiff::Timestamp;

/// The time that a restored store knows nothing of.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Gap {
    /// When the latest thing happened that the backup tells of.
    last: Timestamp,
    /// When it was restored.
    at: Timestamp,
}

/// What the store that was opened does not know.
pub(in crate::store) fn gap(db: &Db) -> Result<Option<Gap>> {
    one(db, "SELECT last, at FROM restored", params![], |row| Ok(Gap { last: time(row.get(0)?), at: time(row.get(1)?) }))
}

/// A piece of work of the backup.
struct Open {
    account: AccountId,
    kind: i64,
    id: Bytes,
    state: i64,
    before: Option<Reason>,
}

/// How much was parked of each account and kind, and how many looks begin anew.
pub(in crate::store) type WentOn = (Vec<(AccountId, &'static str, u64)>, u64);

impl Sql {
    /// Parks what is unfinished, has looks begin anew, and keeps that from now on caution is needed.
    pub(in crate::store) fn went_on(
        &mut self,
        last: Timestamp,
        at: Timestamp,
        renew: &dyn Fn(&str, &str) -> Option<String>,
    ) -> Result<WentOn> {
        let at = at.max(last);
        let looks = self.looks_dropped(at)?;
        let mut parked: Vec<(AccountId, &'static str, u64)> = Vec::new();
        for open in self.unfinished(at)? {
            self.left_to_a_person(&open, last, at)?;
            let kind = match open.kind {
                DELIVERY => "deliveries",
                EVENT => "events",
                EFFECT => "effects",
                _ => "timers",
            };
            match parked.iter_mut().find(|(account, counted, _)| *account == open.account && *counted == kind) {
                Some((_, _, count)) => *count += 1,
                None => parked.push((open.account, kind, 1)),
            }
        }
        self.cursors_renewed(renew)?;
        exec(
            &self.db,
            "INSERT INTO restored (one, last, at) VALUES (1, ?1, ?2) ON CONFLICT (one) DO UPDATE SET last = ?1, at = ?2",
            params![ms(last), ms(at)],
        )?;
        for account in all(&self.db, "SELECT account FROM account", params![], |row| Ok(AccountId::new(row.get::<String>(0)?)))?
        {
            let count: u64 = parked.iter().filter(|(of, _, _)| *of == account).map(|(_, _, count)| count).sum();
            let text = format!(
                "the store was restored from a backup that knows nothing after {last}; what was unfinished is parked ({count}), \
                 and each invitation from now on is, until `leverd restore --settled`"
            );
            let id = NoticeId::derive(at, &["restored", account.as_str()]);
            let (opportunity, event, effect, assessment) = (None, None, None, None);
            let notice = Notice { opportunity, event, effect, assessment, ..Notice::new(id, NoticeKind::Parked, text, at) };
            self.add_notice(&account, &notice)?;
        }
        Ok((parked, looks))
    }

    /// Looks at Lever and at vendors that were under way. They are nobody's work, and a new one finds what they would have found.
    fn looks_dropped(&mut self, at: Timestamp) -> Result<u64> {
        let sql = "SELECT r.account, r.ref, d.source FROM ready r JOIN delivery d ON d.account = r.account AND d.id = r.ref \
                   WHERE r.kind = 0";
        let mut looks = all(&self.db, sql, params![], |row| {
            Ok((AccountId::new(row.get::<String>(0)?), row.get::<Bytes>(1)?, row.get::<String>(2)?))
        })?;
        looks.retain(|(.., source)| {
            serde_json::from_str(source).is_ok_and(|source| matches!(source, Source::Poll(_) | Source::Ask { .. }))
        });
        let reason = Reason::new(Code::Superseded, "the store was restored from a backup; the next look takes its place");
        for (account, id, _) in &looks {
            self.remove_work(account, DELIVERY, *id)?;
            self.close(account, (DELIVERY, *id), &reason, ms(at))?;
        }
        Ok(looks.len() as u64)
    }

    /// Everything else that is open, parked work too: a person may have had it done since. Timers that are not due yet stay armed.
    fn unfinished(&self, at: Timestamp) -> Result<Vec<Open>> {
        all(
            &self.db,
            "SELECT r.account, r.kind, r.ref, r.state, t.code, t.text FROM ready r LEFT JOIN trouble t ON t.account = r.account \
             AND t.kind = r.kind AND t.ref = r.ref WHERE NOT (r.kind = ?1 AND r.state <> ?2 AND r.due_at > ?3) \
             ORDER BY r.account, r.kind, r.at, r.seq",
            params![TIMER, PARKED, ms(at)],
            |row| {
                Ok(Open {
                    account: AccountId::new(row.get::<String>(0)?),
                    kind: row.get(1)?,
                    id: row.get(2)?,
                    state: row.get(3)?,
                    before: reason(row.get(4)?, row.get(5)?),
                })
            },
        )
    }

    fn left_to_a_person(&mut self, open: &Open, last: Timestamp, at: Timestamp) -> Result<()> {
        if open.kind == EFFECT && open.state != BEGUN {
            self.perhaps_begun(&open.account, open.id, last)?;
        }
        let mut text = format!(
            "the store was restored from a backup that knows nothing after {last}, so this may have been done since: look whether it \
             was, then `retry` it or `skip` it"
        );
        if let (PARKED, Some(before)) = (open.state, &open.before) {
            text.push_str("; it was parked before: ");
            text.push_str(&before.text);
        }
        self.park_row(&open.account, (open.kind, open.id), &Reason::new(Code::R10, text), at, true)
    }

    /// Has an effect stand as if an attempt at it had begun when the backup ends: whoever retries it has it looked up first, or repeated in
    /// the way that mails nobody twice.
    fn perhaps_begun(&mut self, account: &AccountId, effect: Bytes, last: Timestamp) -> Result<()> {
        exec(
            &self.db,
            "UPDATE ready SET state = ?3, held = 0 WHERE account = ?1 AND kind = 2 AND ref = ?2",
            params![account.as_str(), effect, UNKNOWN],
        )?;
        self.begin_one(account, effect, self.epoch.unsigned_abs(), last).map(drop)
    }

    fn cursors_renewed(&self, renew: &dyn Fn(&str, &str) -> Option<String>) -> Result<()> {
        let cursors = all(&self.db, "SELECT account, name, value FROM poll_cursor", params![], |row| {
            Ok((row.get::<String>(0)?, row.get::<String>(1)?, row.get::<String>(2)?))
        })?;
        for (account, name, value) in cursors {
            if let Some(value) = renew(&name, &value) {
                let sql = "UPDATE poll_cursor SET value = ?3 WHERE account = ?1 AND name = ?2";
                exec(&self.db, sql, params![account, name, value])?;
            }
        }
        Ok(())
    }

    pub(super) fn caution_ended(&mut self) -> Result<bool> {
        self.gap = None;
        Ok(exec(&self.db, "DELETE FROM restored", params![])? > 0)
    }

    /// Parks an event that happened when the backup knew of nothing any more, or may have: what a vendor tells without a time, of an
    /// attempt that was asked for before the restore. Not one that a person asked for, nor a timer: those that were due are parked, and
    /// the others are told of here for the first time. `told`: somebody else told us, it is nothing that came of another event.
    pub(super) fn hold_event(&mut self, account: &AccountId, event: &Event, told: bool) -> Result<()> {
        let Some(gap) = self.gap else { return Ok(()) };
        let asked = matches!(event.class, Class::Backfill | Class::Timer | Class::Person) || event.for_rule.is_some();
        if asked || event.received < gap.at {
            return Ok(());
        }
        let before = event.at < gap.at;
        if !(before || told && self.perhaps_before(account, event, gap)?) {
            return Ok(());
        }
        let happened = if before { "happened" } else { "may have happened" };
        let text = format!(
            "it {happened} before the store was restored from a backup that knows nothing after {}, so leverd may have acted on it already: \
             look at the candidate, then `retry` it or `skip` it",
            gap.last
        );
        self.park_row(account, (EVENT, event.id.0.bytes()), &Reason::new(Code::R10, text), event.received, false)
    }

    /// Whether an event has the time at which we were told, for want of its own, and is about an attempt that was there before the restore.
    fn perhaps_before(&self, account: &AccountId, event: &Event, gap: Gap) -> Result<bool> {
        let Some(id) = event.assessment.filter(|_| event.at == event.received) else { return Ok(false) };
        Ok(assessment(&self.db, account, id)?.is_some_and(|row| row.requested_at < gap.at))
    }

    /// Parks an invitation, a repeated one too: it may have been sent in the time that the backup does not know. Not where a person asked for what led to it.
    pub(super) fn hold_invitation(&mut self, account: &AccountId, effect: &Effect, at: Timestamp) -> Result<()> {
        let Some(gap) = self.gap else { return Ok(()) };
        if !matches!(&effect.act, Act::Invite(_)) || effect.class == Class::Backfill {
            return Ok(());
        }
        let decided = one(
            &self.db,
            "SELECT asked, received FROM ready WHERE account = ?1 AND kind = 1 AND ref = ?2",
            params![account.as_str(), effect.event.0.bytes()],
            |row| Ok(row.get::<Option<i64>>(0)?.is_some() || row.get::<i64>(1)? < ms(gap.at)),
        )?;
        if decided == Some(true) {
            return Ok(());
        }
        self.perhaps_begun(account, effect.id.0.bytes(), gap.last)?;
        let text = format!(
            "the store was restored from a backup, and whether this invitation was sent between {} and {} is not known here: look at the \
             vendor, then `retry` it or `skip` it; `leverd restore --settled` has later ones go out again by themselves",
            gap.last, gap.at
        );
        self.park_row(account, (EFFECT, effect.id.0.bytes()), &Reason::new(Code::R10, text), at, false)
    }
}
