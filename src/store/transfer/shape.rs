//! What tables are made of, as each side tells; which of them move; rows in pieces; and their digest.
//!
//! A table that only one side has, and that is not named here with a reason, is a misfit: none can be forgotten.

use crate::store::error::{Result, StoreError};
use crate::store::postgres::key;
use crate::store::sql::db::{Kind, Row, Value};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::fmt;

/// What stays where it is: which version of the schema each side has, which processes have or had it open, and the move itself.
const STAYS: [&str; 8] = ["schema_version", "opening", "node", "lease", "pool", "drawn", "moved", "transfer"];
/// The order in which rows were added. SQLite has it of itself; where the database has a column for it, that is filled.
pub(super) const ORDER: &str = "rowid";
/// Columns in which strangers' texts are keys: too long ones stand there otherwise in a database.
const KEYS: [(&str, &str); 3] = [("seen", "dedupe"), ("correlation", "value"), ("placed", "slot")];
/// How much is moved in one commit, and held in memory.
const MOST_ROWS: u64 = 5_000;
const MOST_BYTES: usize = 4 << 20;

/// A table as one side tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Found {
    pub(in crate::store) name: String,
    pub(in crate::store) columns: Vec<Column>,
    /// By what the file finds its rows in an order; the database says nothing here.
    pub(in crate::store) order: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Column {
    pub(in crate::store) name: String,
    /// None: another type than leverd uses.
    pub(in crate::store) kind: Option<Kind>,
    /// Whether a row must be given a value for it.
    pub(in crate::store) needed: bool,
}

/// All tables of one side.
pub(in crate::store) type Content = Vec<Found>;

/// A table that moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Part {
    pub(in crate::store) name: String,
    pub(in crate::store) table: Table,
    pub(in crate::store) order: Vec<String>,
}

/// The columns that move, in their order, each with its kind and whether it is a stranger's key.
pub(in crate::store) type Table = Vec<(String, Kind, bool)>;

impl Part {
    /// The columns for a statement.
    pub(in crate::store) fn columns(&self) -> String {
        self.table.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Whether the order of its rows moves too.
    pub(in crate::store) fn is_ordered(&self) -> bool {
        self.table.iter().any(|(name, ..)| name == ORDER)
    }
}

/// The tables that move, or why they cannot.
pub(super) fn fit(file: &[Found], database: &[Found]) -> std::result::Result<Vec<Part>, String> {
    const OTHER: &str = "the schema of the file and that of the database do not fit together";
    const NEXT: &str = "use a leverd whose start brings both up to date";
    let stays = |found: &&Found| !STAYS.contains(&found.name.as_str());
    if let Some(alone) = database.iter().filter(stays).find(|there| file.iter().all(|here| here.name != there.name)) {
        return Err(format!("{OTHER}: the file has no table `{}`; {NEXT}", alone.name));
    }
    let mut parts = Vec::new();
    for here in file.iter().filter(stays) {
        let name = &here.name;
        let there = database.iter().find(|there| there.name == *name);
        let there = there.ok_or_else(|| format!("{OTHER}: the database has no table `{name}`; {NEXT}"))?;
        let mut table = Table::new();
        for column in &there.columns {
            let of_file = here.columns.iter().find(|found| found.name == column.name);
            let kind = match (of_file, column.kind) {
                (Some(found), Some(kind)) if found.kind == Some(kind) => kind,
                (None, Some(Kind::Int)) if column.name == ORDER && here.order == [ORDER] => Kind::Int,
                (None, _) if !column.needed => continue,
                _ => return Err(format!("{OTHER}: column `{}` of table `{name}` is another one; {NEXT}", column.name)),
            };
            let key = KEYS.contains(&(name.as_str(), column.name.as_str()));
            table.push((column.name.clone(), kind, key));
        }
        if let Some(lost) = here.columns.iter().find(|found| table.iter().all(|(name, ..)| *name != found.name)) {
            return Err(format!("{OTHER}: the database has no column `{}` in table `{name}`; {NEXT}", lost.name));
        }
        parts.push(Part { name: name.clone(), table, order: here.order.clone() });
    }
    Ok(parts)
}

/// Rows column by column, as one statement takes them.
pub(in crate::store) struct Pieces {
    pub(in crate::store) columns: Vec<Cells>,
    pub(in crate::store) rows: u64,
    bytes: usize,
}

pub(in crate::store) enum Cells {
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Blobs(Vec<Option<Vec<u8>>>),
}

impl Pieces {
    pub(in crate::store) fn of(part: &Part) -> Self {
        let column = |kind: Kind| match kind {
            Kind::Int => Cells::Ints(Vec::new()),
            Kind::Text => Cells::Texts(Vec::new()),
            Kind::Blob => Cells::Blobs(Vec::new()),
        };
        Self { columns: part.table.iter().map(|(_, kind, _)| column(*kind)).collect(), rows: 0, bytes: 0 }
    }

    pub(in crate::store) fn push(&mut self, part: &Part, row: &Row<'_>) -> Result<()> {
        for (at, (cells, (_, _, is_key))) in self.columns.iter_mut().zip(&part.table).enumerate() {
            match (cells, row.0.cell(at).map_err(|error| about(part, &error))?) {
                (Cells::Ints(all), Value::Int(int)) => all.push(Some(int)),
                (Cells::Ints(all), Value::Null(_)) => all.push(None),
                (Cells::Texts(all), Value::Null(_)) => all.push(None),
                (Cells::Blobs(all), Value::Null(_)) => all.push(None),
                (Cells::Texts(all), Value::Text(text)) => {
                    let text = carried(text, *is_key).into_owned();
                    self.bytes += text.len();
                    all.push(Some(text));
                }
                (Cells::Blobs(all), Value::Blob(bytes)) => {
                    self.bytes += bytes.len();
                    all.push(Some(bytes.to_vec()));
                }
                _ => return Err(about(part, &crate::store::sql::db::other_type())),
            }
        }
        self.rows += 1;
        self.bytes += 8 * self.columns.len();
        Ok(())
    }

    pub(super) const fn is_full(&self) -> bool {
        self.rows >= MOST_ROWS || self.bytes >= MOST_BYTES
    }
}

fn about(part: &Part, error: &StoreError) -> StoreError {
    StoreError::Moved(format!("table `{}`: {error}", part.name))
}

/// A text as a database holds it: it has no character zero, and its keys have a length.
fn carried(text: &str, is_key: bool) -> Cow<'_, str> {
    let text = if is_key { key(text) } else { Cow::Borrowed(text) };
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text }
}

/// How many rows, and what is in them, whatever their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::store) struct Sum {
    pub(in crate::store) rows: u64,
    digests: u128,
}

impl Sum {
    pub(in crate::store) fn add(&mut self, part: &Part, row: &Row<'_>) -> Result<()> {
        let mut digest = Sha256::new();
        for (at, (_, _, is_key)) in part.table.iter().enumerate() {
            let mut one = |kind: u8, bytes: &[u8]| {
                digest.update([kind]);
                digest.update(bytes.len().to_be_bytes());
                digest.update(bytes);
            };
            match row.0.cell(at).map_err(|error| about(part, &error))? {
                Value::Null(_) => one(0, &[]),
                Value::Int(int) => one(1, &int.to_be_bytes()),
                Value::Text(text) => one(2, carried(text, *is_key).as_bytes()),
                Value::Blob(bytes) => one(3, bytes),
            }
        }
        let digest = digest.finalize();
        let half: [u8; 16] = digest.get(..16).and_then(|half| half.try_into().ok()).unwrap_or_default();
        self.rows += 1;
        self.digests = self.digests.wrapping_add(u128::from_be_bytes(half));
        Ok(())
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows of digest {:032x}", self.rows, self.digests)
    }
}
