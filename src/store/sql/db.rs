//! One connection to a database that speaks SQL, whichever it is: values in, rows out.
//!
//! Statements name their values `?1`, `?2` … and use what both databases understand. What only one of them knows is in its
//! [`Dialect`].

use crate::store::error::{Result, StoreError};
use crate::store::rows::Size;
use jiff::Timestamp;
use std::borrow::Cow;

/// What a database does differently from another.
pub(in crate::store) trait Dialect: Send {
    /// Runs a statement; the answer is how many rows it changed.
    fn exec(&self, sql: &str, values: &[Value<'_>]) -> Result<usize>;
    /// Reads rows until `each` says that it has enough.
    fn query(&self, sql: &str, values: &[Value<'_>], each: &mut dyn FnMut(&Row<'_>) -> Result<bool>) -> Result<()>;
    /// A word about the transaction: `SAVEPOINT op`.
    fn control(&self, sql: &str) -> Result<()>;

    /// Opens a transaction that writes.
    fn open_batch(&self) -> Result<()>;
    /// Makes it durable. After an error nothing of it is kept, as far as anybody was told.
    fn commit_batch(&self) -> Result<()>;
    /// Forgets it.
    fn abandon_batch(&self);
    /// Whether the database gave the whole transaction up by itself; the answer says why.
    fn gave_up(&self) -> Option<StoreError>;
    /// Opens a transaction that reads: all of it sees the same commits.
    fn open_snapshot(&self) -> Result<()>;
    fn close_snapshot(&self);
    /// Takes what was deleted out of free pages and logs as far as the database lets us. False: try again after the next commit.
    fn scrub(&self) -> Result<bool>;
    /// How much room the store takes on the disk.
    fn size(&self) -> Result<Size>;
    /// A claim or a beginning in the open batch: for whoever must give it back when nobody is told of a commit that was durable.
    fn took(&self, _account: &str, _kind: i64, _id: &[u8; 16]) {}

    /// A stranger's text as it stands in a key: there may be a limit to the length of keys.
    fn key<'a>(&self, text: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(text)
    }
    /// The time by which leases go: the database's, where it has one. `told` is the caller's.
    fn now(&self, told: Timestamp) -> Result<i64> {
        Ok(told.as_millisecond())
    }
    /// Locks the rows that a statement reads until the batch ends.
    fn locking(&self) -> &'static str {
        ""
    }
    /// The same, passing over those that are locked.
    fn locking_free(&self) -> &'static str {
        ""
    }
    /// Ends the session in which another opening writes: its open batch is gone, and whatever it locked is free.
    fn end_session(&self, _epoch: i64) -> Result<()> {
        Ok(())
    }
    /// Locks the rows that a claim reads, `r`, and passes over those that another node is claiming.
    fn claiming(&self) -> &'static str;
    /// Whether the body of `delivery` holds `c.value`, whatever the case of ASCII letters.
    fn body_holds_value(&self) -> &'static str;
}

/// A connection.
pub(in crate::store) struct Db(pub(in crate::store) Box<dyn Dialect>);

/// The types of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    Int,
    Text,
    Blob,
}

/// What stands in a column.
#[derive(Clone, Copy)]
pub(in crate::store) enum Value<'a> {
    Null(Kind),
    Int(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

/// What can be handed to a statement.
pub(in crate::store) trait Bind {
    fn value(&self) -> Value<'_>;
}

/// The kind of a column that may be empty.
pub(in crate::store) trait Kinded {
    const KIND: Kind;
}

impl<T: Bind + ?Sized> Bind for &T {
    fn value(&self) -> Value<'_> {
        (**self).value()
    }
}

impl<T: Kinded + ?Sized> Kinded for &T {
    const KIND: Kind = T::KIND;
}

impl<T: Bind + Kinded> Bind for Option<T> {
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null(T::KIND), T::value)
    }
}

impl Kinded for str {
    const KIND: Kind = Kind::Text;
}

impl Bind for str {
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Kinded for String {
    const KIND: Kind = Kind::Text;
}

impl Bind for String {
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Bind for Cow<'_, str> {
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Kinded for i64 {
    const KIND: Kind = Kind::Int;
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Bind for $type {
            fn value(&self) -> Value<'_> {
                Value::Int(i64::from(*self))
            }
        }
    )*};
}
integers!(i64, i32, u32, u16, bool);

impl Kinded for [u8; 16] {
    const KIND: Kind = Kind::Blob;
}

impl Bind for [u8; 16] {
    fn value(&self) -> Value<'_> {
        Value::Blob(self)
    }
}

impl Bind for [u8] {
    fn value(&self) -> Value<'_> {
        Value::Blob(self)
    }
}

impl Bind for Vec<u8> {
    fn value(&self) -> Value<'_> {
        Value::Blob(self)
    }
}

/// The values of a statement, in the order of their numbers.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$(&$value as &dyn $crate::store::sql::db::Bind),*] as &[&dyn $crate::store::sql::db::Bind]
    };
}
pub(in crate::store) use params;

/// A row that a query found.
pub(in crate::store) trait Cells {
    fn cell(&self, at: usize) -> Result<Value<'_>>;
}

pub(in crate::store) struct Row<'a>(pub(in crate::store) &'a dyn Cells);

impl Row<'_> {
    /// The value of a column.
    pub(in crate::store) fn get<T: Cell>(&self, at: usize) -> Result<T> {
        T::of(self.0.cell(at)?)
    }
}

/// What can be read from a column.
pub(in crate::store) trait Cell: Sized {
    fn of(value: Value<'_>) -> Result<Self>;
}

/// A column whose type or size is not ours.
pub(in crate::store) fn other_type() -> StoreError {
    StoreError::Corrupt("a column holds another type than it should".to_owned())
}

impl<T: Cell> Cell for Option<T> {
    fn of(value: Value<'_>) -> Result<Self> {
        if matches!(value, Value::Null(_)) { Ok(None) } else { T::of(value).map(Some) }
    }
}

impl Cell for i64 {
    fn of(value: Value<'_>) -> Result<Self> {
        if let Value::Int(int) = value { Ok(int) } else { Err(other_type()) }
    }
}

impl Cell for u32 {
    fn of(value: Value<'_>) -> Result<Self> {
        Self::try_from(i64::of(value)?).map_err(|_| other_type())
    }
}

impl Cell for bool {
    fn of(value: Value<'_>) -> Result<Self> {
        Ok(i64::of(value)? != 0)
    }
}

impl Cell for String {
    fn of(value: Value<'_>) -> Result<Self> {
        if let Value::Text(text) = value { Ok(text.to_owned()) } else { Err(other_type()) }
    }
}

impl Cell for Vec<u8> {
    fn of(value: Value<'_>) -> Result<Self> {
        if let Value::Blob(bytes) = value { Ok(bytes.to_vec()) } else { Err(other_type()) }
    }
}

impl Cell for [u8; 16] {
    fn of(value: Value<'_>) -> Result<Self> {
        if let Value::Blob(bytes) = value { bytes.try_into().map_err(|_| other_type()) } else { Err(other_type()) }
    }
}

fn values<'a>(params: &'a [&'a dyn Bind]) -> Vec<Value<'a>> {
    params.iter().map(|param| param.value()).collect()
}

/// One statement, prepared once per connection; the answer is how many rows it changed.
pub(super) fn exec(db: &Db, sql: &str, params: &[&dyn Bind]) -> Result<usize> {
    db.0.exec(sql, &values(params))
}

/// At most one row.
pub(super) fn one<T>(
    db: &Db,
    sql: &str,
    params: &[&dyn Bind],
    mut read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut found = None;
    db.0.query(sql, &values(params), &mut |row| {
        found = Some(read(row)?);
        Ok(false)
    })?;
    Ok(found)
}

/// All rows.
pub(super) fn all<T>(db: &Db, sql: &str, params: &[&dyn Bind], mut read: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
    let mut found = Vec::new();
    db.0.query(sql, &values(params), &mut |row| {
        found.push(read(row)?);
        Ok(true)
    })?;
    Ok(found)
}

/// Whether there is such a row.
pub(super) fn exists(db: &Db, sql: &str, params: &[&dyn Bind]) -> Result<bool> {
    Ok(one(db, sql, params, |_| Ok(()))?.is_some())
}
