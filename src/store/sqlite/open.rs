//! Opening: the lock, the temporary folder, the pragmas, the migrations.

use super::Sqlite;
use crate::store::backend::{Backend, Opened, Reader};
use crate::store::error::{Result, StoreError};
use crate::store::options::{Options, Place};
use crate::store::sql::db::Db;
use crate::store::sql::{Sql, SqlReader};
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// Every migration, in order; the version is the place in this list, from 1.
const MIGRATIONS: &[&str] = &[
    include_str!("0001_start.sql"),
    include_str!("0002_placed.sql"),
    include_str!("0003_glimpse.sql"),
    include_str!("0004_connections.sql"),
    include_str!("0005_attempts.sql"),
    include_str!("0006_console.sql"),
    include_str!("0007_restored.sql"),
    include_str!("0008_phase.sql"),
    include_str!("0010_nodes.sql"),
];
/// A lock that its holder gave up may live a moment longer: in a child that the holder had just forked and that has not begun its own
/// program yet.
const LOCK_TRIES: u32 = 25;
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// The schema version that this build writes.
#[expect(clippy::cast_possible_truncation, reason = "there are not four thousand million migrations")]
pub(super) const KNOWN: u32 = MIGRATIONS.len() as u32;

/// What lives as long as the store.
struct Guard {
    /// Held, never looked at.
    lock: Option<File>,
    temporary: Option<TempDir>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The lock first: its file may stand in the folder.
        drop(self.lock.take());
        drop(self.temporary.take());
    }
}

/// Opens or makes the database.
pub(in crate::store) fn open(options: &Options) -> Result<Opened> {
    let mut guard = Guard { lock: None, temporary: None };
    let path = match &options.place {
        Place::File(path) | Place::Volatile(path) => path.clone(),
        Place::Temporary => {
            // Only we can read it.
            let folder = tempfile::Builder::new().prefix("leverd-").tempdir();
            let folder = folder.map_err(|error| refused(&std::env::temp_dir(), &error))?;
            guard.temporary.insert(folder).path().join("leverd.db")
        }
        Place::Postgres(_) => return Err(StoreError::Unavailable("a database is no file".to_owned())),
    };
    let backend = if options.read_only {
        None
    } else {
        guard.lock = Some(lock(&path)?);
        Some(Box::new(writer(&path, options).map_err(|error| named(&path, error))?) as Box<dyn Backend>)
    };
    let readers = (0..options.readers.max(1))
        .map(|_| reader(&path, options).map(|reader| Box::new(reader) as Box<dyn Reader>))
        .collect::<Result<Vec<_>>>()
        .map_err(|error| named(&path, error))?;
    Ok(Opened { backend, readers, guard: Box::new(guard), hints: None })
}

/// One process at a time. The lock is a file of its own: closing any handle of the database would drop SQLite's own locks.
pub(super) fn lock(path: &Path) -> Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = private(Path::new(&name))?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(refused(path, &error)),
        }
    }
    Err(StoreError::Locked { path: path.to_owned() })
}

/// Opens or makes a file that only its owner reads: candidates' data.
fn private(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| refused(path, &error))
}

pub(super) fn refused(path: &Path, error: &std::io::Error) -> StoreError {
    use std::io::ErrorKind as Kind;
    let help = match error.kind() {
        Kind::PermissionDenied => ": let the user that runs leverd write this file and its folder",
        Kind::ReadOnlyFilesystem => ": choose a place that can be written",
        Kind::NotFound => ": create the folder that it is to lie in",
        Kind::IsADirectory => ": give the name of a file",
        Kind::StorageFull => ": make room on the disk",
        _ => "",
    };
    StoreError::Unavailable(format!("`{}`: {error}{help}", path.display()))
}

/// The database does not say which file it speaks of.
pub(super) fn named(path: &Path, error: StoreError) -> StoreError {
    let path = path.display().to_string();
    match error {
        StoreError::Unavailable(why) if !why.contains(&path) => StoreError::Unavailable(format!("`{path}`: {why}")),
        other => other,
    }
}

fn writer(path: &Path, options: &Options) -> Result<Sql> {
    let db = written(path, options)?;
    db.execute("UPDATE opening SET epoch = epoch + 1", [])?;
    let epoch: i64 = db.query_row("SELECT epoch FROM opening", [], |row| row.get(0))?;
    Sql::open(Db(Box::new(Sqlite(db))), epoch)
}

/// The connection that writes.
fn written(path: &Path, options: &Options) -> Result<Connection> {
    drop(private(path)?);
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(options.busy_timeout)?;
    db.set_prepared_statement_cache_capacity(256);
    // Before the first table, or it has no effect.
    db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL;")?;
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    let synchronous = if matches!(options.place, Place::File(_)) { "FULL" } else { "OFF" };
    db.execute_batch(&format!(
        "PRAGMA synchronous = {synchronous}; PRAGMA foreign_keys = ON; PRAGMA secure_delete = FAST; PRAGMA temp_store = MEMORY;"
    ))?;
    db.query_row("PRAGMA journal_size_limit = 67108864", [], |_| Ok(()))?;
    migrate(&db)?;
    Ok(db)
}

fn reader(path: &Path, options: &Options) -> Result<SqlReader> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(options.busy_timeout)?;
    db.set_prepared_statement_cache_capacity(128);
    let found = version(&db)?;
    if found > KNOWN {
        return Err(StoreError::Newer { found, known: KNOWN });
    }
    if found == 0 {
        return Err(StoreError::Unavailable(format!("`{}` is not a leverd store", path.display())));
    }
    Ok(SqlReader::new(Db(Box::new(Sqlite(db)))))
}

pub(super) fn version(db: &Connection) -> Result<u32> {
    let table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'";
    if !db.prepare_cached(table)?.exists([])? {
        return Ok(0);
    }
    Ok(db.query_row("SELECT coalesce(max(version), 0) FROM schema_version", [], |row| row.get(0))?)
}

/// Brings the schema to [`KNOWN`], in one transaction.
pub(super) fn migrate(db: &Connection) -> Result<()> {
    let found = version(db)?;
    if found > KNOWN {
        return Err(StoreError::Newer { found, known: KNOWN });
    }
    if found == KNOWN {
        return Ok(());
    }
    let change = db.unchecked_transaction()?;
    change.execute_batch("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY) STRICT")?;
    for (number, migration) in (1_u32..).zip(MIGRATIONS) {
        if number > found {
            change.execute_batch(migration)?;
            change.execute("INSERT INTO schema_version VALUES (?1)", [number])?;
        }
    }
    change.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a power failure must not take depends on these two and on nothing else of ours.
    #[test]
    fn each_commit_of_a_file_is_on_the_disk_before_it_is_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leverd.db");
        let store = written(&path, &Options::path(&path)).unwrap();
        let told =
            |name: &str| store.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
        let (mode, synchronous) = (told("journal_mode"), told("synchronous"));
        assert_eq!((mode, synchronous), ("wal".to_owned().into(), 2.into()), "2 is FULL: the log is flushed at each commit");
    }

    #[test]
    fn what_a_migration_adds_is_filled_from_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leverd.db");
        let db = Connection::open(&path).unwrap();
        db.execute_batch("CREATE TABLE schema_version (version INTEGER PRIMARY KEY) STRICT").unwrap();
        for (number, migration) in (1..).zip(MIGRATIONS.iter().take(6)) {
            db.execute_batch(migration).unwrap();
            db.execute("INSERT INTO schema_version VALUES (?1)", [number]).unwrap();
        }
        for (id, payload) in [(1, r#"{"phase":"invited"}"#), (2, "{}")] {
            let sql = "INSERT INTO assessment (account, id, opportunity, vendor, invite_key, attempt, live, payload) \
                       VALUES ('acme', ?1, 'o1', 'v', ?2, 1, 1, ?2)";
            db.execute(sql, (vec![id; 16], payload)).unwrap();
        }
        drop(db);
        let db = written(&path, &Options::path(&path)).unwrap();
        let mut found = db.prepare("SELECT phase FROM assessment ORDER BY id").unwrap();
        let phases: Vec<String> = found.query_map([], |row| row.get(0)).unwrap().map(|phase| phase.unwrap()).collect();
        assert_eq!(phases, ["invited", ""]);
        assert_eq!(version(&db).unwrap(), KNOWN);
    }
}
