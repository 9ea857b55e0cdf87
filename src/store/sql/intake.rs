//! Commits one and two: deliveries in, events derived; and timers, which enter as deliveries.

use super::Sql;
use super::columns::{Bytes, DELIVERY, EVENT, TIMER, YIELD_MOST, all, decode, encode, exec, ms, one};
use super::db::params;
use super::work::Row;
use crate::model::{
    AccountId, Class, Code, Delivery, DeliveryId, Event, EventKind, Hint, Later, LeverEvent, OpportunityId, PackName, Reason,
    RuleName, Source,
};
use crate::store::claim::Claim;
use crate::store::commit::{Derived, Received};
use crate::store::error::{Result, StoreError};
use jiff::Timestamp;

/// The most bodies of one token that are looked at besides the first.
const OTHER_BODIES: usize = 3;
/// After so many milliseconds an unsigned body of a vendor that comes again is looked at again.
const AGAIN: i64 = 600_000;

/// What `seen` and `heard` call the source, and the event it speaks of.
fn source_of(source: &Source) -> (String, &'static str, Class) {
    match source {
        Source::Lever { event } => ("lever".to_owned(), event.as_str(), Class::Stage),
        Source::Vendor { vendor, connection, .. } => (format!("vendor:{vendor}/{connection}"), "", Class::Vendor),
        Source::Timer(_) => ("timer".to_owned(), "", Class::Timer),
        Source::Ask { vendor, poll, .. } => (format!("poll:{vendor}/{poll}"), "", Class::Poll),
        Source::Poll(_) => ("poll".to_owned(), "", Class::Poll),
        Source::Backfill(_) => ("backfill".to_owned(), "", Class::Backfill),
        Source::Answer(_) => ("answer".to_owned(), "", Class::Person),
    }
}

/// Whether a known body may tell of another occurrence: a vendor's that nobody signed says the same each time a decision is turned
/// back and forth. What it says is read back, so that a repetition changes nothing; a sender's own repetitions come sooner.
fn may_be_another(delivery: &Delivery, seen: i64) -> bool {
    matches!(delivery.source, Source::Vendor { .. })
        && delivery.hint == Some(Hint::Unsigned)
        && ms(delivery.received).saturating_sub(seen) > AGAIN
}

/// What makes firing a timer happen once: its id and when it was due. Re-armed for another time, it fires again.
fn timer_key(id: &str, due: i64) -> String {
    format!("{id}@{due}")
}

impl Sql {
    pub(super) fn delivery_in(&mut self, delivery: &Delivery) -> Result<Received> {
        let account = delivery.account.as_str();
        let (source, event, class) = source_of(&delivery.source);
        let dedupe = self.db.0.key(&delivery.dedupe).into_owned();
        let seen = all(
            &self.db,
            "SELECT digest, at FROM seen WHERE account = ?1 AND source = ?2 AND dedupe = ?3",
            params![account, source, dedupe],
            |row| Ok((row.get::<String>(0)?, row.get::<i64>(1)?)),
        )?;
        let known = seen.iter().find(|(digest, _)| *digest == delivery.digest).map(|(_, at)| *at);
        let again = known.is_some_and(|at| may_be_another(delivery, at));
        if known.is_some() && !again {
            return Ok(Received::Duplicate);
        }
        if seen.len() > OTHER_BODIES && !again {
            self.refused(&delivery.account, "more bodies of one token", delivery.received)?;
            return Ok(Received::Dropped);
        }
        let (id, hint, answer) = if seen.is_empty() || again {
            (delivery.id, delivery.hint, Received::Stored)
        } else {
            let parts = ["other body", account, &source, &delivery.dedupe, &delivery.digest];
            let id = DeliveryId::derive(delivery.received, &parts);
            (id, Some(Hint::OtherBody), Received::OtherBody(id))
        };
        let received = ms(delivery.received);
        exec(&self.db, "INSERT INTO account (account) VALUES (?1) ON CONFLICT DO NOTHING", params![account])?;
        exec(
            &self.db,
            "INSERT INTO seen (account, source, dedupe, digest, at) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (account, source, dedupe, digest) DO UPDATE SET at = excluded.at",
            params![account, source, dedupe, delivery.digest, received],
        )?;
        exec(
            &self.db,
            "INSERT INTO delivery (account, id, source, dedupe, digest, body, received, hint) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                account,
                id.0.bytes(),
                encode(&delivery.source)?,
                delivery.dedupe,
                delivery.digest,
                delivery.body,
                received,
                hint.as_ref().map(encode).transpose()?
            ],
        )?;
        exec(
            &self.db,
            "INSERT INTO heard (account, source, event, last, count) VALUES (?1, ?2, ?3, ?4, 1) ON CONFLICT (account, source, event) \
             DO UPDATE SET last = CASE WHEN heard.last > excluded.last THEN heard.last ELSE excluded.last END, count = heard.count + 1",
            params![account, source, event, received],
        )?;
        let order = (received, received, 0);
        let row = Row { kind: DELIVERY, id: id.0.bytes(), lane: "", due: received, class, order, version: 0 };
        self.add_work(&delivery.account, &row)?;
        Ok(answer)
    }

    pub(super) fn events_derived(
        &mut self,
        account: &AccountId,
        delivery: DeliveryId,
        derived: &Derived,
        at: Timestamp,
    ) -> Result<()> {
        let key = (DELIVERY, delivery.0.bytes());
        if self.state(account, DELIVERY, key.1)?.is_none() {
            // Closed already: the same commit again.
            return Ok(());
        }
        match derived {
            Derived::Events(events) => {
                let mut forgotten = false;
                for event in events {
                    // What still comes about somebody who was removed brings nothing back.
                    if self.forgotten(account, event)? {
                        forgotten = true;
                    } else {
                        self.add_event(account, event, Some(key.1))?;
                    }
                }
                self.remove_work(account, DELIVERY, key.1)?;
                if forgotten {
                    self.scrub = true;
                    exec(&self.db, "DELETE FROM delivery WHERE account = ?1 AND id = ?2", params![account.as_str(), key.1])?;
                }
                Ok(())
            }
            Derived::Hold { until, reason } => {
                // Rounds are counted for one reason in a row: an outage uses up none of the looks for what is not shown yet.
                self.other_trouble(account, key, reason)?;
                self.put_back(account, key, super::columns::PENDING, ms(*until), true)?;
                self.trouble(account, key, reason, ms(at))
            }
            Derived::Park(reason) => self.park_row(account, key, reason, at, false),
            Derived::Nothing(reason) => {
                self.remove_work(account, DELIVERY, key.1)?;
                self.close(account, key, reason, ms(at))
            }
            Derived::NoNews => {
                self.remove_work(account, DELIVERY, key.1)?;
                exec(&self.db, "DELETE FROM delivery WHERE account = ?1 AND id = ?2", params![account.as_str(), key.1])?;
                Ok(())
            }
        }
    }

    /// Stores an event and the work of planning it, once.
    pub(super) fn add_event(&mut self, account: &AccountId, event: &Event, delivery: Option<Bytes>) -> Result<()> {
        let lane = event.opportunity.as_ref().map_or("", OpportunityId::as_str);
        let added = exec(
            &self.db,
            "INSERT INTO event (account, id, delivery, opportunity, at, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            params![account.as_str(), event.id.0.bytes(), delivery, lane, ms(event.at), encode(event)?],
        )?;
        if added == 0 {
            return Ok(());
        }
        let order = (ms(event.at), ms(event.received), i64::from(event.seq));
        // Due since it was received: what the source says of time decides the order in the lane, not whether it may be planned.
        let row =
            Row { kind: EVENT, id: event.id.0.bytes(), lane, due: ms(event.received), class: event.class, order, version: 0 };
        self.add_work(account, &row)?;
        self.hold_event(account, event, delivery.is_some())
    }

    pub(super) fn arm_timer(&mut self, account: &AccountId, timer: &Later) -> Result<()> {
        let id = timer.id.0.bytes();
        let due = ms(timer.due);
        let fired = one(
            &self.db,
            "SELECT 1 FROM seen WHERE account = ?1 AND source = 'timer' AND dedupe = ?2",
            params![account.as_str(), timer_key(&timer.id.to_string(), due)],
            |_| Ok(()),
        )?;
        if fired.is_some() {
            return Ok(());
        }
        let lane = timer.anchor.opportunity.as_ref().map_or("", OpportunityId::as_str);
        exec(
            &self.db,
            "INSERT INTO timer (account, id, opportunity, pack, rule, due_at, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
             ON CONFLICT (account, id) DO UPDATE SET opportunity = excluded.opportunity, pack = excluded.pack, rule = excluded.rule, due_at = excluded.due_at, payload = excluded.payload",
            params![account.as_str(), id, lane, timer.pack.as_str(), timer.rule.as_str(), due, encode(timer)?],
        )?;
        self.remove_work(account, TIMER, id)?;
        let order = (due, due, 0);
        self.add_work(account, &Row { kind: TIMER, id, lane, due, class: Class::Timer, order, version: 0 })
    }

    pub(super) fn timers_fired(&mut self, claim: &Claim) -> Result<usize> {
        let mut fired = 0;
        for (account, share) in self.shares(claim) {
            let due = all(
                &self.db,
                "SELECT t.id, t.payload FROM ready r JOIN timer t ON t.account = r.account AND t.id = r.ref \
                 WHERE r.account = ?1 AND r.kind = 3 AND r.held = 0 AND r.rank <= ?2 + ?4 AND r.due_at <= ?2 \
                 ORDER BY r.rank LIMIT ?3",
                params![account.as_str(), ms(claim.now), share, YIELD_MOST],
                |row| Ok((row.get::<Bytes>(0)?, row.get::<String>(1)?)),
            )?;
            for (id, payload) in due {
                self.hold()?;
                match decode::<Later>(super::columns::work_of(TIMER, id), &payload) {
                    Ok(timer) => {
                        self.fire(&account, timer, claim.now)?;
                        fired += 1;
                    }
                    Err(StoreError::Corrupt(what)) => {
                        self.park_row(&account, (TIMER, id), &Reason::new(Code::R11, what), claim.now, false)?;
                    }
                    Err(other) => return Err(other),
                }
            }
        }
        Ok(fired)
    }

    fn fire(&mut self, account: &AccountId, timer: Later, now: Timestamp) -> Result<()> {
        let id = timer.id.0.bytes();
        let dedupe = timer_key(&timer.id.to_string(), ms(timer.due));
        self.remove_work(account, TIMER, id)?;
        exec(&self.db, "DELETE FROM timer WHERE account = ?1 AND id = ?2", params![account.as_str(), id])?;
        self.delivery_in(&Delivery {
            id: DeliveryId::derive(now, &["timer", account.as_str(), &dedupe]),
            account: account.clone(),
            source: Source::Timer(Box::new(timer)),
            dedupe,
            digest: String::new(),
            body: Vec::new(),
            received: now,
            hint: None,
        })?;
        Ok(())
    }

    pub(super) fn timers_dropped(&mut self, account: &AccountId, pack: &PackName, rule: &RuleName) -> Result<usize> {
        let gone = all(
            &self.db,
            "DELETE FROM timer WHERE account = ?1 AND pack = ?2 AND rule = ?3 RETURNING id",
            params![account.as_str(), pack.as_str(), rule.as_str()],
            |row| row.get::<Bytes>(0),
        )?;
        for id in &gone {
            self.remove_work(account, TIMER, *id)?;
        }
        Ok(gone.len())
    }

    pub(super) fn refused(&mut self, account: &AccountId, what: &str, at: Timestamp) -> Result<()> {
        exec(
            &self.db,
            "INSERT INTO refusal (account, what, last, count) VALUES (?1, ?2, ?3, 1) ON CONFLICT (account, what) \
             DO UPDATE SET last = CASE WHEN refusal.last > excluded.last THEN refusal.last ELSE excluded.last END, \
             count = refusal.count + 1",
            params![account.as_str(), what, ms(at)],
        )?;
        Ok(())
    }
}

/// Whether an event tells that its opportunity is gone: it is planned even after the purge.
pub(super) fn tells_gone(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Lever(LeverEvent::CandidateDeleted) | EventKind::OpportunityGone)
}
