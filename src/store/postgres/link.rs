//! One connection, driven on the thread that asks: statements prepared once, errors in the words of whoever runs leverd.

use super::address::Address;
use super::tls::Tls;
use crate::store::error::{Result, StoreError};
use crate::store::sql::db::{Cells, Kind, Value, other_type};
use crate::store::transfer::Cells as Columned;
use std::borrow::Cow;
use std::collections::HashMap;
use std::error::Error as _;
use std::future::poll_fn;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::UnboundedSender;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Error, Row, SimpleQueryMessage, Statement};

/// A server that crashes may leave a connection to which nobody answers.
const GREETING: Duration = Duration::from_secs(15);

/// A live connection.
pub(super) struct Link {
    /// Some until dropped. It runs the connection's side of every question.
    runtime: Option<Runtime>,
    client: Client,
    statements: HashMap<String, Statement>,
    /// How long a question may take: whoever has no answer by then asks on another connection.
    patience: Option<Duration>,
}

impl Drop for Link {
    fn drop(&mut self) {
        // The last clone of a store may go where nothing may block.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Why a question got no answer.
pub(super) struct Fault {
    pub(super) error: StoreError,
    /// The connection is of no use any more.
    pub(super) lost: bool,
}

/// A value as the wire takes it.
enum Param<'a> {
    Null(Kind),
    Int(i64),
    Text(Cow<'a, str>),
    Blob(&'a [u8]),
}

impl<'a> Param<'a> {
    fn of(value: &Value<'a>) -> Self {
        match *value {
            Value::Null(kind) => Self::Null(kind),
            Value::Int(int) => Self::Int(int),
            // PostgreSQL has no character zero. Nobody's id or name holds one, but a stranger's request may.
            Value::Text(text) if text.contains('\0') => Self::Text(text.replace('\0', "\u{fffd}").into()),
            Value::Text(text) => Self::Text(text.into()),
            Value::Blob(bytes) => Self::Blob(bytes),
        }
    }

    fn bound(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Null(Kind::Int) => &None::<i64>,
            Self::Null(Kind::Text) => &None::<&str>,
            Self::Null(Kind::Blob) => &None::<&[u8]>,
            Self::Int(int) => int,
            Self::Text(text) => text,
            Self::Blob(bytes) => bytes,
        }
    }
}

const fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::Int => Type::INT8,
        Kind::Text => Type::TEXT,
        Kind::Blob => Type::BYTEA,
    }
}

impl Cells for Row {
    fn cell(&self, at: usize) -> Result<Value<'_>> {
        let column = self.columns().get(at).ok_or_else(other_type)?;
        let value = match *column.type_() {
            Type::INT8 => self.try_get::<_, Option<i64>>(at).map(|cell| cell.map(Value::Int)),
            Type::INT4 => self.try_get::<_, Option<i32>>(at).map(|cell| cell.map(|int| Value::Int(int.into()))),
            Type::BOOL => self.try_get::<_, Option<bool>>(at).map(|cell| cell.map(|yes| Value::Int(yes.into()))),
            Type::TEXT => self.try_get::<_, Option<&str>>(at).map(|cell| cell.map(Value::Text)),
            Type::BYTEA => self.try_get::<_, Option<&[u8]>>(at).map(|cell| cell.map(Value::Blob)),
            _ => return Err(other_type()),
        };
        Ok(value.map_err(|_| other_type())?.unwrap_or(Value::Null(Kind::Int)))
    }
}

/// `?1` is `$1` here, and indexes are not named: the database has statistics.
fn translated(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    for (at, part) in sql.split(" INDEXED BY ").enumerate() {
        // The first word is the index.
        let rest = if at == 0 { part } else { part.find(' ').map_or("", |end| part.split_at(end).1) };
        text.push_str(rest);
    }
    text.replace('?', "$")
}

impl Link {
    /// Connects, and makes the session what leverd counts on.
    pub(super) fn open(address: &Address, session: &str) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| StoreError::Unavailable(format!("no connection can be driven: {error}")))?;
        let connected = runtime.block_on(async { tokio::time::timeout(GREETING, address.config().connect(Tls)).await });
        let connected = connected
            .map_err(|_| address.named(StoreError::Unavailable("it takes the connection and does not answer".to_owned())))?;
        let (client, connection) = connected.map_err(|error| address.named(fault(&error).error))?;
        // It ends with the connection; whoever asks next is told why.
        drop(runtime.spawn(connection));
        let mut link = Self { runtime: Some(runtime), client, statements: HashMap::new(), patience: None };
        link.control(session).map_err(|fault| address.named(fault.error))?;
        Ok(link)
    }

    fn run<T>(&self, question: impl Future<Output = std::result::Result<T, Error>>) -> std::result::Result<T, Fault> {
        let Some(runtime) = &self.runtime else { return Err(lost()) };
        let Some(patience) = self.patience else { return runtime.block_on(question).map_err(|error| self.fault(&error)) };
        // The network may be well, and whoever is there stands still.
        let answer = runtime.block_on(async { tokio::time::timeout(patience, question).await });
        answer.map_err(|_| lost())?.map_err(|error| self.fault(&error))
    }

    /// Questions are given up after this.
    pub(super) const fn hurries(&mut self, patience: Duration) {
        self.patience = Some(patience);
    }

    fn fault(&self, error: &Error) -> Fault {
        let mut fault = fault(error);
        fault.lost |= self.client.is_closed();
        fault
    }

    /// One or several statements without values and answers.
    pub(super) fn control(&mut self, sql: &str) -> std::result::Result<(), Fault> {
        self.run(self.client.batch_execute(sql))
    }

    fn prepared(&mut self, sql: &str, values: &[Param<'_>]) -> std::result::Result<Statement, Fault> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        // The types are told: the database need not guess what `?1 IS NULL` compares.
        let types: Vec<Type> = values
            .iter()
            .map(|value| match value {
                Param::Null(kind) => type_of(*kind),
                Param::Int(_) => type_of(Kind::Int),
                Param::Text(_) => type_of(Kind::Text),
                Param::Blob(_) => type_of(Kind::Blob),
            })
            .collect();
        let statement = self.run(self.client.prepare_typed(&translated(sql), &types))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// How many rows a statement changed.
    pub(super) fn exec(&mut self, sql: &str, values: &[Value<'_>]) -> std::result::Result<usize, Fault> {
        let values: Vec<Param<'_>> = values.iter().map(Param::of).collect();
        let statement = self.prepared(sql, &values)?;
        let bound: Vec<_> = values.iter().map(Param::bound).collect();
        let changed = self.run(self.client.execute(&statement, &bound))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// The first row that a question finds, as text: in the one form of question that every pooler passes on.
    pub(super) fn words(&mut self, sql: &str) -> std::result::Result<Vec<Option<String>>, Fault> {
        let found = self.run(self.client.simple_query(sql))?;
        let row = found.iter().find_map(|message| if let SimpleQueryMessage::Row(row) = message { Some(row) } else { None });
        Ok(row.map(|row| (0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()).unwrap_or_default())
    }

    /// A statement whose values are columns, each with a value for every row.
    pub(super) fn exec_all(&mut self, sql: &str, columns: &[Columned]) -> std::result::Result<u64, Fault> {
        let statement = self.prepared(sql, &[])?;
        let bound: Vec<&(dyn ToSql + Sync)> = columns
            .iter()
            .map(|column| match column {
                Columned::Ints(all) => all as &(dyn ToSql + Sync),
                Columned::Texts(all) => all,
                Columned::Blobs(all) => all,
            })
            .collect();
        self.run(self.client.execute(&statement, &bound))
    }

    /// The rows that a query finds.
    pub(super) fn query(&mut self, sql: &str, values: &[Value<'_>]) -> std::result::Result<Vec<Row>, Fault> {
        let values: Vec<Param<'_>> = values.iter().map(Param::of).collect();
        let statement = self.prepared(sql, &values)?;
        let bound: Vec<_> = values.iter().map(Param::bound).collect();
        self.run(self.client.query(&statement, &bound))
    }
}

/// A connection of which what others tell is passed on; it ends with the client.
pub(super) async fn told_to(address: &Address, to: UnboundedSender<String>) -> Option<Client> {
    let (client, mut connection) = tokio::time::timeout(GREETING, address.config().connect(Tls)).await.ok()?.ok()?;
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(told) = message
                && to.send(told.payload().to_owned()).is_err()
            {
                break;
            }
        }
    });
    Some(client)
}

/// There is no connection.
pub(super) fn lost() -> Fault {
    let why = "the connection to the database was lost; nothing that was accepted is lost";
    Fault { error: StoreError::Unavailable(why.to_owned()), lost: true }
}

/// What an error means. The database's own sentences may quote what is stored, so only those that cannot are passed on.
fn fault(error: &Error) -> Fault {
    let Some(told) = error.as_db_error() else {
        let mut why = error.to_string();
        let mut cause = error.source();
        while let Some(deeper) = cause {
            why = format!("{why}: {deeper}");
            cause = deeper.source();
        }
        return Fault { error: StoreError::Unavailable(why), lost: true };
    };
    let code = told.code();
    let class = code.code().get(..2).unwrap_or_default();
    let why = match *code {
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            format!("the database does not let leverd in: {}", told.message())
        }
        SqlState::INVALID_CATALOG_NAME => format!("{}: create it, or name another one", told.message()),
        SqlState::INSUFFICIENT_PRIVILEGE => {
            format!("the database's user may not do this ({}): let it own its schema", told.message())
        }
        SqlState::DISK_FULL => "the database's disk is full: make room on it; nothing that was accepted is lost".to_owned(),
        SqlState::TOO_MANY_CONNECTIONS => format!("{}: raise `max_connections`", told.message()),
        SqlState::READ_ONLY_SQL_TRANSACTION => {
            "the database is read-only: it is a standby, or set so; name the primary one".to_owned()
        }
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
            "another transaction was in the way: trying again is right".to_owned()
        }
        _ if matches!(class, "08" | "53" | "57" | "58") => told.message().to_owned(),
        _ => format!("the database refused a statement of leverd (SQLSTATE {})", code.code()),
    };
    Fault { error: StoreError::Unavailable(why), lost: matches!(class, "08") || code.code().starts_with("57P") }
}

#[cfg(test)]
mod tests {
    use super::translated;

    #[test]
    fn values_are_numbered_and_indexes_are_not_named() {
        let sql = "SELECT x FROM ready r INDEXED BY ready_lane WHERE r.account = ?1 AND r.due_at <= ?12";
        assert_eq!(translated(sql), "SELECT x FROM ready r WHERE r.account = $1 AND r.due_at <= $12");
    }
}
