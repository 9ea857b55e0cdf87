//! Opening: the lock, the session, the schema.

use super::address::Address;
use super::hints::Listener;
use super::link::Link;
use super::partitions::{self, PLANS};
use super::target::whole;
use super::{Postgres, Role};
use crate::store::backend::{Backend, Hints, Opened, Reader};
use crate::store::error::{Result, StoreError};
use crate::store::options::{Database, Options};
use crate::store::sql::db::{Db, Value};
use crate::store::sql::{Sql, SqlReader};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Every migration, in order; the version is the place in this list, from 1.
const MIGRATIONS: &[&str] = &[include_str!("0001_start.sql")];
/// The schema version that this build writes.
#[expect(clippy::cast_possible_truncation, reason = "there are not four thousand million migrations")]
const KNOWN: u32 = MIGRATIONS.len() as u32;
/// `server_version_num` of PostgreSQL 15.
pub(super) const OLDEST: i32 = 150_000;

/// For every session. A session whose process or network is gone must end soon: it may hold the lock.
pub(super) const SESSION: &str = "SET client_min_messages = warning; SET jit = off; SET standard_conforming_strings = on; \
    SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; SET tcp_user_timeout = '30s'; \
    SET idle_in_transaction_session_timeout = '60s'; ";
/// A commit is durable before it is acknowledged, whatever the server's setting.
const WRITES: &str = "SET lock_timeout = '30s'; \
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";
const READS: &str = "SET default_transaction_read_only = on; SET statement_timeout = '60s'";

/// A question takes no longer, waiting for locks included.
const QUESTION: Duration = Duration::from_secs(60);
/// One session at a time for each opening: who has it knows that the one before has ended.
const LOCK: &str = "SELECT pg_try_advisory_lock(1818588786, hashtext(current_schema()::text || ' ' || $1))";
/// Whoever writes has this one too, beside all others who write; only a move into the database has it alone.
const BESIDE: &str = "SELECT pg_try_advisory_lock_shared(1818588786, hashtext(current_schema()::text || ' open'))";
const ALONE: &str = "SELECT pg_try_advisory_lock(1818588786, hashtext(current_schema()::text || ' open'))";
/// One at a time makes or changes the schema.
const MIGRATES: &str = "SELECT pg_advisory_xact_lock(1818588786, hashtext(current_schema()::text))";
/// Which session it is, for whoever must end it.
const SESSION_OF: &str = "UPDATE node SET session = a.pid, session_since = a.backend_start::text FROM pg_stat_activity a \
    WHERE a.pid = pg_backend_pid() AND node.epoch = ?1";
/// A session that is ending gives its lock up a moment later.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// A session, the first one or one in the place of one that was lost. `own` is the number of this opening, for whoever writes.
///
/// A database that still has our former session, because the network is gone and it does not know that yet, is one to ask again:
/// whoever waits for an outcome to be stored must go on waiting. Whether other nodes went on with our accounts meanwhile, the row of
/// this opening says.
pub(super) fn session(address: &Address, role: Role, own: i64) -> Result<Link> {
    let mut link = connected(address, role)?;
    link.hurries(QUESTION);
    let Role::Writes { patience } = role else { return Ok(link) };
    if !lock(&mut link, BESIDE, patience)? {
        let why = "the content of a file is on its way into it: `leverd store move` brings that to its end";
        return Err(address.named(StoreError::Unavailable(why.to_owned())));
    }
    if !lock(&mut link, &LOCK.replace("$1", &own.to_string()), patience)? {
        let why = "the database still has our former session, and ends it when it notices that nobody is there";
        return Err(address.named(StoreError::Unavailable(why.to_owned())));
    }
    link.exec(SESSION_OF, &[Value::Int(own)]).map_err(|fault| fault.error)?;
    Ok(link)
}

fn connected(address: &Address, role: Role) -> Result<Link> {
    let more = if role == Role::Reads { READS } else { WRITES };
    Link::open(address, &format!("{SESSION}{PLANS}{more}"))
}

/// Takes a lock; false: a session that lives has it. It ends with the session, and what a session without it wrote is not committed: it
/// cannot be lost unnoticed.
fn lock(link: &mut Link, sql: &str, patience: Duration) -> Result<bool> {
    let since = Instant::now();
    while !value::<bool>(link, sql)?.unwrap_or(false) {
        if since.elapsed() >= patience {
            return Ok(false);
        }
        std::thread::sleep(LOCK_PAUSE);
    }
    Ok(true)
}

/// The one value that a question has for an answer.
fn value<T: for<'a> tokio_postgres::types::FromSql<'a>>(link: &mut Link, sql: &str) -> Result<Option<T>> {
    let rows = link.query(sql, &[]).map_err(|fault| fault.error)?;
    Ok(rows.first().and_then(|row| row.try_get(0).ok()))
}

/// Opens the database, making or migrating the schema.
pub(in crate::store) fn open(database: &Database, options: &Options) -> Result<Opened> {
    let address = Arc::new(Address::new(&database.url, database.password.as_ref(), options.busy_timeout)?);
    let (mut backend, mut hints) = (None, None);
    if !options.read_only {
        let writer = writer(&address, options).map_err(|error| address.named(error))?;
        let epoch = i64::try_from(writer.epoch()).unwrap_or(i64::MAX);
        hints = Some(Box::new(Listener::new(Arc::clone(&address), epoch)) as Box<dyn Hints>);
        backend = Some(Box::new(writer) as Box<dyn Backend>);
    }
    let mut first = session(&address, Role::Reads, 0)?;
    let found = version(&mut first).map_err(|error| address.named(error))?;
    if found > KNOWN {
        return Err(StoreError::Newer { found, known: KNOWN });
    }
    if found == 0 {
        return Err(StoreError::Unmade { database: address.name.clone() });
    }
    if found < KNOWN {
        let why = "its store was made by an older leverd: a start of this version brings it up to date";
        return Err(address.named(StoreError::Unavailable(why.to_owned())));
    }
    // The others connect when they are asked for the first time.
    let mut links: Vec<Option<Link>> = (1..options.readers.max(1)).map(|_| None).collect();
    links.push(Some(first));
    let reader = |link| Box::new(SqlReader::new(Db(Box::new(Postgres::new(Arc::clone(&address), Role::Reads, link)))));
    let readers = links.into_iter().map(|link| reader(link) as Box<dyn Reader>).collect();
    Ok(Opened { backend, readers, guard: Box::new(()), hints })
}

fn writer(address: &Arc<Address>, options: &Options) -> Result<Sql> {
    let role = Role::Writes { patience: options.busy_timeout };
    let mut first = connected(address, role)?;
    fit(&mut first)?;
    migrate(&mut first)?;
    whole(&mut first)?;
    partitions::prepare(&mut first);
    let epoch = value::<i64>(&mut first, "UPDATE opening SET epoch = epoch + 1 RETURNING epoch")?;
    let epoch = epoch.ok_or_else(|| StoreError::Corrupt("the number of this opening".to_owned()))?;
    let row = format!(
        "INSERT INTO node (epoch, name, version, system, process, started, beat, until) SELECT {epoch}, '', '', '', '', now, now, 0 \
         FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now) t"
    );
    first.control(&row).map_err(|fault| fault.error)?;
    drop(first);
    let link = session(address, role, epoch)?;
    let mut store = Postgres::new(Arc::clone(address), role, Some(link));
    store.epoch = epoch;
    let nonce = getrandom::fill(&mut store.nonce);
    nonce.map_err(|_| StoreError::Unavailable("the system gives no random numbers".to_owned()))?;
    Sql::open(Db(Box::new(store)), epoch)
}

/// A session beside which nobody writes, in a database with its tables made: for the content of a file that moves into it.
pub(super) fn for_move(address: &Address, patience: Duration) -> Result<Link> {
    let mut link = connected(address, Role::Writes { patience })?;
    if !lock(&mut link, ALONE, patience)? {
        let why = "it is in use by another leverd process: stop that one first";
        return Err(address.named(StoreError::Unavailable(why.to_owned())));
    }
    fit(&mut link)?;
    migrate(&mut link)?;
    Ok(link)
}

/// Whether the server is one that leverd knows how to use.
fn fit(link: &mut Link) -> Result<()> {
    let found = value::<i32>(link, "SELECT current_setting('server_version_num')::int")?.unwrap_or(0);
    if found < OLDEST {
        let why = format!("leverd needs PostgreSQL 15 or newer, and this is {}", found / 10_000);
        return Err(StoreError::Unavailable(why));
    }
    let encoding = value::<String>(link, "SELECT current_setting('server_encoding')")?.unwrap_or_default();
    if encoding != "UTF8" {
        let why = format!("its encoding is {encoding}: make a database with `ENCODING 'UTF8' TEMPLATE template0`");
        return Err(StoreError::Unavailable(why));
    }
    Ok(())
}

fn version(link: &mut Link) -> Result<u32> {
    // Asked of the catalogue itself: what a session knows of tables by heart is as old as its transaction, which may have waited.
    let there = "SELECT EXISTS (SELECT 1 FROM pg_class WHERE relname = 'schema_version' AND relnamespace = current_schema()::regnamespace)";
    if !value::<bool>(link, there)?.unwrap_or(false) {
        return Ok(0);
    }
    let found = value::<i64>(link, "SELECT coalesce(max(version), 0) FROM schema_version")?;
    Ok(found.and_then(|found| u32::try_from(found).ok()).unwrap_or(0))
}

/// Brings the schema to [`KNOWN`], in one transaction; one process at a time.
fn migrate(link: &mut Link) -> Result<()> {
    if known(version(link)?)? {
        return Ok(());
    }
    let control = |link: &mut Link, sql: &str| link.control(sql).map_err(|fault| fault.error);
    control(link, &format!("BEGIN; {MIGRATES}"))?;
    // Another one may have done it meanwhile.
    let found = version(link)?;
    if known(found)? {
        return control(link, "COMMIT");
    }
    let missing = (1_u32..).zip(MIGRATIONS).filter(|(number, _)| *number > found);
    let changes: Vec<String> =
        missing.map(|(number, migration)| format!("{migration};\nINSERT INTO schema_version VALUES ({number});\n")).collect();
    let changes = changes.concat();
    control(link, &format!("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY);\n{changes}COMMIT"))
}

/// Whether a schema is ours already.
const fn known(found: u32) -> Result<bool> {
    if found > KNOWN { Err(StoreError::Newer { found, known: KNOWN }) } else { Ok(found == KNOWN) }
}
