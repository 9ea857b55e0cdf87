//! Which node works on which account.

use super::Sql;
use super::columns::{BEGUN, EFFECT, all, exec, exists, ms, one, time};
use super::db::{Db, params};
use crate::model::{AccountId, Bug, EffectId, Id, planted};
use crate::store::error::{Result, StoreError};
use crate::store::lease::{Beat, Beaten, NodeRow, Process, Tenancy, Terms};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Begun by a node that is gone: left alone until its account's `settle_at`.
const ORPHAN: i64 = -2;
/// A node that left, or whose accounts were taken.
const ENDED: i64 = 0;
/// The rows of nodes that ended are kept for so long, in milliseconds: whoever comes back late must find that it ended.
const KEPT: i64 = 7 * 24 * 60 * 60 * 1_000;

/// What this node knows of its leases. Only [`Backend`](crate::store::backend::Backend)'s own commits change them, unless its time is over.
#[derive(Default)]
pub(super) struct Leases {
    /// It takes part: what it does to accounts needs a lease.
    joined: bool,
    /// Its accounts; `None`: to be read again, since a commit failed.
    mine: Option<Arc<BTreeSet<AccountId>>>,
    /// Accounts that are known to have a row.
    listed: BTreeSet<AccountId>,
    /// Taken beyond its share, because nobody else did, as long as the nodes are so many.
    beyond: BTreeSet<AccountId>,
    nodes: i64,
    /// Whether this batch found that the node lives.
    lives: bool,
}

impl Leases {
    /// A batch begins.
    pub(super) fn anew(&mut self) {
        self.lives = false;
    }

    /// Something was undone.
    pub(super) fn undone(&mut self) {
        self.lives = false;
        self.mine = None;
        self.listed.clear();
    }

    /// Whether work of this account is another node's, as far as this one knows.
    pub(super) fn elsewhere(&self, account: &AccountId) -> bool {
        !(self.joined && self.mine.as_ref().is_some_and(|mine| mine.contains(account)))
    }
}

impl Sql {
    /// Fails if this node's time is over and its accounts may be another's. Once for each batch: the row stays locked until it ends, and
    /// who takes accounts locks it first.
    pub(super) fn hold(&mut self) -> Result<()> {
        if !self.leases.joined || self.leases.lives || planted(Bug::NoFence) {
            return Ok(());
        }
        let sql = format!("SELECT 1 FROM node WHERE epoch = ?1 AND until > ?2{}", self.db.0.locking());
        if !exists(&self.db, &sql, params![self.epoch, ENDED])? {
            return Err(StoreError::Fenced);
        }
        self.leases.lives = true;
        Ok(())
    }

    /// The epoch that must hold a row which is begun; `None` where only one process works.
    pub(super) fn holder(&self) -> Option<i64> {
        (self.leases.joined && !planted(Bug::NoFence)).then_some(self.epoch)
    }

    /// The accounts of this node; `None` where only one process works, and all are its own.
    pub(super) fn leased(&mut self) -> Result<Option<Arc<BTreeSet<AccountId>>>> {
        if self.leases.joined { self.mine().map(Some) } else { Ok(None) }
    }

    fn mine(&mut self) -> Result<Arc<BTreeSet<AccountId>>> {
        if let Some(mine) = &self.leases.mine {
            return Ok(Arc::clone(mine));
        }
        let sql = "SELECT account FROM lease WHERE node = ?1";
        let mine = all(&self.db, sql, params![self.epoch], |row| Ok(AccountId::new(row.get::<String>(0)?)))?;
        let mine = Arc::new(mine.into_iter().collect::<BTreeSet<_>>());
        self.leases.mine = Some(Arc::clone(&mine));
        Ok(mine)
    }

    pub(super) fn beaten(&mut self, beat: &Beat) -> Result<Beaten> {
        let now = self.db.0.now(beat.at)?;
        let until = now.saturating_add(millis(beat.terms.lease));
        if beat.join {
            self.join(beat, now, until)?;
        } else {
            let sql = "UPDATE node SET until = ?2, beat = ?3 WHERE epoch = ?1 AND until > ?3";
            if exec(&self.db, sql, params![self.epoch, until, now])? == 0 {
                self.leases.mine = None;
                return Ok(Beaten::Lost);
            }
            self.leases.lives = true;
        }
        let buried = self.bury_the_dead(beat, now)?;
        self.list(&beat.accounts, now)?;
        let surplus = self.take_share(beat, now)?;
        let unknown = self.settle_orphans(beat.at, now)?;
        let eldest =
            one(&self.db, "SELECT min(epoch) FROM node WHERE until > ?1", params![now], |row| row.get::<Option<i64>>(0))?;
        let tenancy = Tenancy {
            accounts: self.mine()?,
            surplus,
            eldest: eldest.flatten() == Some(self.epoch),
            unknown,
            buried,
            now: time(now),
        };
        Ok(Beaten::Lives(tenancy))
    }

    /// Begins (anew). What it had before is free: nothing of it is under way in this process any more.
    fn join(&mut self, beat: &Beat, now: i64, until: i64) -> Result<()> {
        if exists(&self.db, "SELECT 1 FROM lease WHERE node = ?1", params![self.epoch])? {
            self.free(self.epoch, now, now)?;
        }
        exec(
            &self.db,
            "INSERT INTO node (epoch, name, version, system, process, started, beat, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7) \
             ON CONFLICT (epoch) DO UPDATE SET name = ?2, version = ?3, system = ?4, process = ?5, started = ?6, beat = ?6, until = ?7",
            params![self.epoch, beat.name, beat.version, beat.process.system, beat.process.process, now, until],
        )?;
        self.leases.joined = true;
        self.leases.mine = None;
        self.leases.lives = true;
        exec(&self.db, "DELETE FROM node WHERE until = ?1 AND beat < ?2", params![ENDED, now.saturating_sub(KEPT)])?;
        Ok(())
    }

    /// Ends nodes whose time is over, or whose process has ended.
    fn bury_the_dead(&mut self, beat: &Beat, now: i64) -> Result<Vec<String>> {
        let late = all(
            &self.db,
            "SELECT epoch FROM node WHERE until > 0 AND until <= ?2 AND epoch <> ?1",
            params![self.epoch, now],
            |row| row.get::<i64>(0),
        )?;
        let settle_at = now.saturating_add(millis(beat.terms.settle));
        let settle_at = if planted(Bug::TakenAtOnce) { now } else { settle_at };
        let mut buried = Vec::new();
        for epoch in late {
            buried.extend(self.bury(epoch, now, now, settle_at)?);
        }
        for epoch in &beat.gone {
            buried.extend(self.bury(i64::try_from(*epoch).unwrap_or(i64::MAX), i64::MAX, now, now)?);
        }
        Ok(buried)
    }

    /// Ends a node whose time is over at `by`, if nobody else did and it has not beaten since. The answer is its name.
    fn bury(&mut self, epoch: i64, by: i64, now: i64, settle_at: i64) -> Result<Option<String>> {
        // First its session: what that has locked, its own row for one, would stay locked for as long as it is paused.
        self.db.0.end_session(epoch)?;
        let sql = format!(
            "SELECT name FROM node WHERE epoch = ?1 AND epoch <> ?2 AND until > 0 AND until <= ?3{}",
            self.db.0.locking()
        );
        let name = one(&self.db, &sql, params![epoch, self.epoch, by], |row| row.get::<String>(0))?;
        if name.is_some() {
            self.free(epoch, now, settle_at)?;
        }
        Ok(name)
    }

    /// Ends a node: its claims, its leases. What it had begun waits until `settle_at`.
    fn free(&mut self, node: i64, now: i64, settle_at: i64) -> Result<()> {
        exec(&self.db, "UPDATE node SET until = ?2 WHERE epoch = ?1", params![node, ENDED])?;
        self.drawn_by(node)?;
        if !planted(Bug::ClaimsKept) {
            exec(&self.db, "UPDATE ready SET held = 0 WHERE held = ?1", params![node])?;
        }
        exec(
            &self.db,
            "UPDATE ready SET held = ?2 WHERE kind = ?3 AND state = ?4 AND held = -1 AND account IN (SELECT account FROM lease WHERE node = ?1)",
            params![node, ORPHAN, EFFECT, BEGUN],
        )?;
        exec(
            &self.db,
            "UPDATE lease SET node = 0, free_since = ?2, settle_at = CASE WHEN settle_at > ?3 THEN settle_at ELSE ?3 END WHERE node = ?1",
            params![node, now, settle_at],
        )?;
        self.news.work = true;
        self.news.leases = true;
        Ok(())
    }

    /// Sees to it that each account has a row.
    fn list(&mut self, accounts: &BTreeSet<AccountId>, now: i64) -> Result<()> {
        if accounts.is_subset(&self.leases.listed) {
            return Ok(());
        }
        for account in accounts.difference(&self.leases.listed) {
            exec(
                &self.db,
                "INSERT INTO lease (account, node, free_since, settle_at) VALUES (?1, 0, ?2, 0) ON CONFLICT DO NOTHING",
                params![account.as_str(), now],
            )?;
        }
        self.leases.listed.clone_from(accounts);
        Ok(())
    }

    /// Takes free accounts up to this node's share, and beyond it what nobody else took for the time of a lease. The answer is how many
    /// are more than its share.
    fn take_share(&mut self, beat: &Beat, now: i64) -> Result<usize> {
        let mut mine = self.mine()?;
        let nodes: i64 =
            one(&self.db, "SELECT count(*) FROM node WHERE until > ?1", params![now], |row| row.get(0))?.unwrap_or(1);
        let sql = format!("SELECT account, free_since FROM lease WHERE node = 0 ORDER BY account{}", self.db.0.locking_free());
        let free = all(&self.db, &sql, params![], |row| Ok((AccountId::new(row.get::<String>(0)?), row.get::<i64>(1)?)))?;
        let others: i64 =
            one(&self.db, "SELECT count(*) FROM lease WHERE node NOT IN (0, ?1)", params![self.epoch], |row| row.get(0))?
                .unwrap_or(0);
        let free: Vec<_> = free.into_iter().filter(|(account, _)| beat.accounts.contains(account)).collect();
        let total = mine.len() + free.len() + usize::try_from(others).unwrap_or(0);
        let share = total.div_ceil(usize::try_from(nodes).unwrap_or(1).max(1));
        if nodes != self.leases.nodes {
            // Another one may be able to now.
            self.leases.nodes = nodes;
            self.leases.beyond.clear();
        }
        let long_ago = now.saturating_sub(millis(beat.terms.lease));
        let mut taken = Vec::new();
        for (account, since) in free.into_iter().filter(|_| !beat.full) {
            let within = mine.len() + taken.len() < share;
            if within || since <= long_ago {
                if !within {
                    self.leases.beyond.insert(account.clone());
                }
                exec(
                    &self.db,
                    "UPDATE lease SET node = ?2 WHERE account = ?1 AND node = 0",
                    params![account.as_str(), self.epoch],
                )?;
                taken.push(account);
            }
        }
        if !taken.is_empty() {
            Arc::make_mut(&mut mine).extend(taken);
            self.leases.mine = Some(Arc::clone(&mine));
            self.news.work = true;
        }
        Ok(mine.iter().filter(|account| !self.leases.beyond.contains(*account)).count().saturating_sub(share))
    }

    /// What nodes before had begun in accounts of this one is unknown once their calls must have ended.
    fn settle_orphans(&mut self, at: Timestamp, now: i64) -> Result<Vec<(AccountId, EffectId)>> {
        let accounts = all(
            &self.db,
            "SELECT account FROM lease WHERE node = ?1 AND settle_at > 0 AND settle_at <= ?2",
            params![self.epoch, now],
            |row| row.get::<String>(0),
        )?;
        let mut unknown = Vec::new();
        for account in accounts {
            unknown.extend(all(
                &self.db,
                // What was refused before says nothing about the attempt that got lost.
                "UPDATE ready SET state = 2, held = 0, rounds = 0, due_at = ?2, rank = ?2 WHERE account = ?1 AND kind = 2 AND state = ?3 \
                 AND held = ?4 RETURNING account, ref",
                params![account, ms(at), BEGUN, ORPHAN],
                |row| Ok((AccountId::new(row.get::<String>(0)?), EffectId(Id::from_bytes(row.get(1)?)))),
            )?);
            exec(&self.db, "UPDATE lease SET settle_at = 0 WHERE account = ?1", params![account])?;
        }
        self.news.work |= !unknown.is_empty();
        Ok(unknown)
    }

    /// Gives accounts back in which nothing of this process is under way.
    pub(super) fn given_up(&mut self, accounts: &[AccountId], terms: &Terms, at: Timestamp) -> Result<()> {
        self.hold()?;
        let now = self.db.0.now(at)?;
        let mut mine = self.mine()?;
        for account in accounts {
            let key = account.as_str();
            let sql = "UPDATE lease SET node = 0, free_since = ?3 WHERE account = ?1 AND node = ?2";
            if exec(&self.db, sql, params![key, self.epoch, now])? == 0 {
                // The same commit again: what is under way there now is another node's.
                continue;
            }
            // What could not be given back one by one.
            exec(&self.db, "UPDATE ready SET held = 0 WHERE account = ?1 AND held = ?2", params![key, self.epoch])?;
            // An outcome that could not be stored.
            let sql = "UPDATE ready SET held = ?2 WHERE account = ?1 AND kind = ?3 AND state = ?4 AND held = -1";
            if exec(&self.db, sql, params![key, ORPHAN, EFFECT, BEGUN])? > 0 {
                let sql = "UPDATE lease SET settle_at = CASE WHEN settle_at > ?2 THEN settle_at ELSE ?2 END WHERE account = ?1";
                exec(&self.db, sql, params![key, now.saturating_add(millis(terms.settle))])?;
            }
            Arc::make_mut(&mut mine).remove(account);
        }
        self.leases.mine = Some(mine);
        self.news.leases = true;
        Ok(())
    }

    /// Ends this node, in which nothing is under way any more.
    pub(super) fn left(&mut self, terms: &Terms, at: Timestamp) -> Result<()> {
        if !self.leases.joined {
            return Ok(());
        }
        match self.hold() {
            Ok(()) => {}
            // Somebody saw to it.
            Err(StoreError::Fenced) => return Ok(()),
            Err(error) => return Err(error),
        }
        let mine: Vec<AccountId> = self.mine()?.iter().cloned().collect();
        self.given_up(&mine, terms, at)?;
        self.drawn_by(self.epoch)?;
        exec(&self.db, "UPDATE node SET until = ?2 WHERE epoch = ?1", params![self.epoch, ENDED])?;
        Ok(())
    }
}

/// Which node works on which account.
pub(super) fn leases(db: &Db) -> Result<Vec<(AccountId, u64)>> {
    all(db, "SELECT account, node FROM lease WHERE node <> 0 ORDER BY account", params![], |row| {
        Ok((AccountId::new(row.get::<String>(0)?), row.get::<i64>(1)?.unsigned_abs()))
    })
}

/// The nodes that live, and those that died and were not found yet.
pub(super) fn nodes(db: &Db, at: Timestamp) -> Result<Vec<NodeRow>> {
    let now = db.0.now(at)?;
    all(
        db,
        "SELECT n.epoch, n.name, n.version, n.system, n.process, n.started, n.beat, n.until, \
         (SELECT count(*) FROM lease l WHERE l.node = n.epoch) FROM node n WHERE n.until > 0 ORDER BY n.epoch",
        params![],
        |row| {
            Ok(NodeRow {
                epoch: row.get::<i64>(0)?.unsigned_abs(),
                name: row.get(1)?,
                version: row.get(2)?,
                process: Process { system: row.get(3)?, process: row.get(4)? },
                started: time(row.get(5)?),
                beat: time(row.get(6)?),
                until: time(row.get(7)?),
                accounts: row.get::<i64>(8)?.unsigned_abs(),
                now: time(now),
            })
        },
    )
}

fn millis(duration: jiff::SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
