//! SQLite: one connection that writes (WAL, `synchronous=FULL`), a few that read.

mod copy;
mod leave;
mod open;

use super::error::{Result, StoreError};
use super::rows::Size;
use super::sql::db::{Cells, Dialect, Kind, Row, Value, other_type};
pub(super) use copy::{backup, look, restore};
pub(super) use leave::{Mark, Source, State};
pub(super) use open::open;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, Statement, ToSql};

/// A connection, of the writer or of a reader.
struct Sqlite(Connection);

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null(_) => ValueRef::Null,
            Self::Int(int) => ValueRef::Integer(*int),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Cells for rusqlite::Row<'_> {
    fn cell(&self, at: usize) -> Result<Value<'_>> {
        Ok(match self.get_ref(at)? {
            ValueRef::Null => Value::Null(Kind::Int),
            ValueRef::Integer(int) => Value::Int(int),
            ValueRef::Text(text) => Value::Text(std::str::from_utf8(text).map_err(|_| other_type())?),
            ValueRef::Blob(bytes) => Value::Blob(bytes),
            ValueRef::Real(_) => return Err(other_type()),
        })
    }
}

/// Hands its values to a statement.
fn bind(statement: &mut Statement<'_>, values: &[Value<'_>]) -> Result<()> {
    for (at, value) in (1..).zip(values) {
        statement.raw_bind_parameter(at, value)?;
    }
    Ok(())
}

impl Dialect for Sqlite {
    fn exec(&self, sql: &str, values: &[Value<'_>]) -> Result<usize> {
        let mut statement = self.0.prepare_cached(sql)?;
        bind(&mut statement, values)?;
        Ok(statement.raw_execute()?)
    }

    fn query(&self, sql: &str, values: &[Value<'_>], each: &mut dyn FnMut(&Row<'_>) -> Result<bool>) -> Result<()> {
        let mut statement = self.0.prepare_cached(sql)?;
        bind(&mut statement, values)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            if !each(&Row(row))? {
                break;
            }
        }
        Ok(())
    }

    fn control(&self, sql: &str) -> Result<()> {
        self.exec(sql, &[]).map(drop)
    }

    fn open_batch(&self) -> Result<()> {
        self.control("BEGIN IMMEDIATE")
    }

    fn commit_batch(&self) -> Result<()> {
        self.control("COMMIT")
    }

    fn abandon_batch(&self) {
        if !self.0.is_autocommit() {
            drop(self.control("ROLLBACK"));
        }
    }

    fn gave_up(&self) -> Option<StoreError> {
        // Disk full, I/O error.
        let why =
            "the disk is full or failing: make room on it, or see what the system says; nothing that was accepted is lost";
        self.0.is_autocommit().then(|| StoreError::Unavailable(why.to_owned()))
    }

    fn open_snapshot(&self) -> Result<()> {
        self.control("BEGIN")
    }

    fn close_snapshot(&self) {
        self.abandon_batch();
    }

    /// Takes what was deleted out of the file's free pages and out of the log of changes. False: a reader looks at it still; the next
    /// commit tries again.
    fn scrub(&self) -> Result<bool> {
        let patience: u32 = self.0.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?;
        self.0.busy_timeout(std::time::Duration::ZERO)?;
        let scrub = || -> rusqlite::Result<bool> {
            // It gives one page back for each row that is asked for.
            let mut vacuum = self.0.prepare_cached("PRAGMA incremental_vacuum")?;
            let mut pages = vacuum.query([])?;
            while pages.next()?.is_some() {}
            self.0.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i64>(0)? == 0))
        };
        let done = scrub();
        self.0.busy_timeout(std::time::Duration::from_millis(patience.into()))?;
        Ok(done?)
    }

    /// A file that is not there takes no room: the log goes when the last connection does.
    fn size(&self) -> Result<Size> {
        let file = self.0.path().unwrap_or_default();
        let bytes = |path: &str| std::fs::metadata(path).map_or(0, |found| found.len());
        Ok(Size { file: bytes(file), log: bytes(&format!("{file}-wal")) })
    }

    fn claiming(&self) -> &'static str {
        ""
    }

    fn body_holds_value(&self) -> &'static str {
        "instr(lower(CAST(delivery.body AS TEXT)), lower(c.value)) > 0"
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        match &error {
            E::SqliteFailure(failure, text) => Self::Unavailable(match failure.code {
                ErrorCode::DiskFull => "the disk is full: make room on it; nothing that was accepted is lost".to_owned(),
                ErrorCode::SystemIoFailure => {
                    "the disk refuses to read or write: see what the system says about it; nothing that was accepted is lost"
                        .to_owned()
                }
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => "another program has the file locked".to_owned(),
                ErrorCode::ReadOnly => {
                    "it cannot be written: let the user that runs leverd write this file and its folder".to_owned()
                }
                ErrorCode::CannotOpen => {
                    "it cannot be opened: let the user that runs leverd read and write this file and its folder".to_owned()
                }
                ErrorCode::NotADatabase => {
                    "this file is no SQLite database: give `store` another one, or restore a backup".to_owned()
                }
                ErrorCode::DatabaseCorrupt => "the file is damaged: stop leverd and restore a backup".to_owned(),
                _ => text.clone().unwrap_or_else(|| failure.to_string()),
            }),
            E::FromSqlConversionFailure(..) | E::InvalidColumnType(..) | E::IntegralValueOutOfRange(..) | E::Utf8Error(..) => {
                Self::Corrupt("a column holds another type than it should".to_owned())
            }
            other => Self::Unavailable(other.to_string()),
        }
    }
}
