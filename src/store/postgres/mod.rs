//! PostgreSQL 15 or newer: one session that writes, a few that read.
//!
//! A session may end at any time: the network, a restart, a failover. The batch that was open is then gone, as when SQLite's disk fails:
//! whoever asked is told so and asks again, on a new session. Only the last step is a riddle, *was it durable before the answer got
//! lost?* The database knows, by the mark that each batch leaves: [`Postgres::settle_doubt`].

mod address;
mod hints;
mod link;
mod open;
mod tls;

use super::error::{Result, StoreError};
use super::rows::Size;
use super::sql::db::{Dialect, Row, Value};
use crate::model::hex;
use address::Address;
use jiff::Timestamp;
use link::{Fault, Link, lost};
pub(super) use open::open;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

/// An entry of an index holds 2 704 bytes, of which other columns take their share.
const LONGEST_KEY: usize = 1_000;

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// One at a time for each opening: it holds a lock as long as it lives.
    Writes {
        patience: Duration,
    },
    Reads,
}

/// A claim or a beginning: account, kind of work, id.
type Taken = (String, i64, [u8; 16]);

/// What a batch leaves in the database, and no other batch of any process: eight bytes of this opening, and a number.
///
/// Not the number of its transaction: after a crash the database gives those that it had not yet written down to others.
type Mark = [u8; 16];

/// A commit whose answer got lost.
struct Doubt {
    mark: Mark,
    taken: Vec<Taken>,
}

/// The session, which may be gone, and what is open in it.
struct State {
    link: Option<Link>,
    taken: Vec<Taken>,
    doubt: Option<Doubt>,
    /// A snapshot is open: all its questions belong to one session.
    within: bool,
}

/// A connection, of the writer or of a reader.
struct Postgres {
    address: Arc<Address>,
    role: Role,
    /// The writer's.
    epoch: i64,
    /// What no other opening has, be it of the same number after a failover.
    nonce: [u8; 8],
    batches: Cell<u64>,
    state: RefCell<State>,
}

impl State {
    /// Asks over the session; a session that was lost is forgotten.
    fn ask<T>(&mut self, question: impl FnOnce(&mut Link) -> std::result::Result<T, Fault>) -> Result<T> {
        let answer = self.link.as_mut().map_or_else(|| Err(lost()), question);
        answer.map_err(|fault| {
            if fault.lost {
                self.link = None;
            }
            fault.error
        })
    }
}

impl Postgres {
    fn new(address: Arc<Address>, role: Role, link: Option<Link>) -> Self {
        let state = RefCell::new(State { link, taken: Vec::new(), doubt: None, within: false });
        Self { address, role, epoch: 0, nonce: [0; 8], batches: Cell::new(0), state }
    }

    fn ask<T>(&self, question: impl FnOnce(&mut Link) -> std::result::Result<T, Fault>) -> Result<T> {
        self.state.borrow_mut().ask(question)
    }

    /// A session, if there is none: the one before it was lost.
    fn connect(&self) -> Result<()> {
        if self.state.borrow().link.is_some() {
            return Ok(());
        }
        let link = open::session(&self.address, self.role, self.epoch)?;
        self.state.borrow_mut().link = Some(link);
        Ok(())
    }

    /// The first word of a transaction, or a question outside of any: a session that was lost since the last one is made anew.
    fn first<T>(&self, question: impl Fn(&mut Link) -> std::result::Result<T, Fault>) -> Result<T> {
        self.connect()?;
        match self.ask(&question) {
            Err(_) if self.state.borrow().link.is_none() => {
                self.connect()?;
                self.ask(&question)
            }
            answer => answer,
        }
    }

    /// Finds out how a commit ended whose answer got lost, on a session of its own. True: it was durable.
    ///
    /// The session has the lock, so the former one has ended, and the batch with it: it is durable or gone. No batch of ours came after it:
    /// this is asked before the next. Other nodes have marks of their own.
    fn settle_doubt(&self) -> Result<bool> {
        let Some(mark) = self.state.borrow().doubt.as_ref().map(|doubt| doubt.mark) else { return Ok(false) };
        self.connect()?;
        let found = self.ask(|link| {
            link.query("SELECT 1 FROM node WHERE epoch = ?1 AND batch = ?2", &[Value::Int(self.epoch), Value::Blob(&mark)])
        })?;
        Ok(!found.is_empty())
    }

    /// Gives back what a durable commit took for callers who were told that it failed: nobody works on it.
    fn give_back(&self, taken: &[Taken]) -> Result<()> {
        self.ask(|link| {
            link.control("BEGIN")?;
            for (account, kind, id) in taken {
                let key = [Value::Text(account), Value::Int(*kind), Value::Blob(id), Value::Int(self.epoch)];
                link.exec(
                    "UPDATE ready SET held = 0, tries = CASE WHEN tries > 0 THEN tries - 1 ELSE 0 END \
                     WHERE account = ?1 AND kind = ?2 AND ref = ?3 AND held = ?4",
                    &key,
                )?;
                // Nothing was sent, but this looks first all the same. Unless another node has begun it since.
                link.exec(
                    "UPDATE ready SET state = 2, held = 0 WHERE account = ?1 AND kind = ?2 AND ref = ?3 AND state = 1 AND held = -1 \
                     AND (SELECT a.epoch FROM attempt a WHERE a.account = ?1 AND a.effect = ?3 ORDER BY a.number DESC LIMIT 1) = ?4",
                    &key,
                )?;
            }
            link.control("COMMIT")
        })
    }

    /// Leaves the mark of the open batch, if that wrote anything.
    fn leave_mark(&self) -> Result<Option<Mark>> {
        let number = self.batches.get().wrapping_add(1);
        self.batches.set(number);
        let mut mark = [0; 16];
        mark.split_at_mut(8).0.copy_from_slice(&self.nonce);
        mark.split_at_mut(8).1.copy_from_slice(&number.to_be_bytes());
        let sql = "UPDATE node SET batch = ?1 WHERE epoch = ?2 AND pg_current_xact_id_if_assigned() IS NOT NULL";
        let left = self.ask(|link| link.exec(sql, &[Value::Blob(&mark), Value::Int(self.epoch)]))?;
        Ok((left > 0).then_some(mark))
    }
}

impl Dialect for Postgres {
    fn exec(&self, sql: &str, values: &[Value<'_>]) -> Result<usize> {
        self.ask(|link| link.exec(sql, values))
    }

    fn query(&self, sql: &str, values: &[Value<'_>], each: &mut dyn FnMut(&Row<'_>) -> Result<bool>) -> Result<()> {
        // A query of a reader outside of any snapshot is a transaction of its own.
        let rows = match self.role {
            Role::Writes { .. } => self.ask(|link| link.query(sql, values))?,
            Role::Reads if !self.state.borrow().within => self.first(|link| link.query(sql, values))?,
            Role::Reads => self.ask(|link| link.query(sql, values))?,
        };
        for row in &rows {
            if !each(&Row(row))? {
                break;
            }
        }
        Ok(())
    }

    fn control(&self, sql: &str) -> Result<()> {
        self.ask(|link| link.control(sql))
    }

    fn open_batch(&self) -> Result<()> {
        let durable = self.settle_doubt()?;
        let doubt = self.state.borrow_mut().doubt.take();
        if let Some(doubt) = doubt.filter(|_| durable)
            && let Err(error) = self.give_back(&doubt.taken)
        {
            self.state.borrow_mut().doubt = Some(doubt);
            return Err(error);
        }
        self.state.borrow_mut().taken.clear();
        self.first(|link| link.control("BEGIN ISOLATION LEVEL READ COMMITTED"))
    }

    fn commit_batch(&self) -> Result<()> {
        let mark = self.leave_mark()?;
        let Err(error) = self.ask(|link| link.control("COMMIT")) else { return Ok(()) };
        let mut state = self.state.borrow_mut();
        let taken = std::mem::take(&mut state.taken);
        if state.link.is_some() {
            return Err(error);
        }
        state.doubt = mark.map(|mark| Doubt { mark, taken });
        drop(state);
        if self.settle_doubt()? {
            // The answer is late, and still it is the answer.
            self.state.borrow_mut().doubt = None;
            return Ok(());
        }
        self.state.borrow_mut().doubt = None;
        Err(error)
    }

    fn abandon_batch(&self) {
        // Without a session there is nothing to forget.
        drop(self.ask(|link| link.control("ROLLBACK")));
    }

    fn gave_up(&self) -> Option<StoreError> {
        self.state.borrow().link.is_none().then(|| lost().error)
    }

    fn open_snapshot(&self) -> Result<()> {
        self.first(|link| link.control("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))?;
        self.state.borrow_mut().within = true;
        Ok(())
    }

    fn close_snapshot(&self) {
        self.state.borrow_mut().within = false;
        drop(self.ask(|link| link.control("COMMIT")));
    }

    fn scrub(&self) -> Result<bool> {
        // Vacuum takes the old versions of rows out by itself; nothing else reads them.
        Ok(true)
    }

    fn took(&self, account: &str, kind: i64, id: &[u8; 16]) {
        self.state.borrow_mut().taken.push((account.to_owned(), kind, *id));
    }

    /// Tables with their indexes; the server's log is not ours to count.
    fn size(&self) -> Result<Size> {
        let sql = "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class \
                   WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'";
        let mut file = 0;
        self.query(sql, &[], &mut |row| {
            file = row.get::<i64>(0)?.unsigned_abs();
            Ok(false)
        })?;
        Ok(Size { file, log: 0 })
    }

    fn key<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if text.len() <= LONGEST_KEY {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(format!("sha256 {}", hex(&Sha256::digest(text))))
        }
    }

    fn now(&self, _told: Timestamp) -> Result<i64> {
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
        let mut now = None;
        self.query(sql, &[], &mut |row| {
            now = Some(row.get::<i64>(0)?);
            Ok(false)
        })?;
        now.ok_or_else(|| StoreError::Unavailable("the database does not say what the time is".to_owned()))
    }

    fn locking(&self) -> &'static str {
        " FOR NO KEY UPDATE"
    }

    fn locking_free(&self) -> &'static str {
        " FOR NO KEY UPDATE SKIP LOCKED"
    }

    fn end_session(&self, epoch: i64) -> Result<()> {
        // Only one of ours, and only the one that was meant: numbers of sessions are given again.
        let sql = "SELECT pg_terminate_backend(a.pid) FROM node n JOIN pg_stat_activity a ON a.pid = n.session \
                   AND a.backend_start::text = n.session_since AND a.usename = current_user WHERE n.epoch = ?1";
        self.query(sql, &[Value::Int(epoch)], &mut |_| Ok(true))
    }

    fn claiming(&self) -> &'static str {
        " FOR UPDATE OF r SKIP LOCKED"
    }

    fn body_holds_value(&self) -> &'static str {
        // As bytes: a body need not be text.
        "position(encode(convert_to(lower(c.value), 'UTF8'), 'escape') IN lower(encode(delivery.body, 'escape') COLLATE \"C\")) > 0"
    }
}
