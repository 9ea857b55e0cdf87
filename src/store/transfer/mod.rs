//! The content of a file moves into a database: every table, in pieces, each of them one commit.
//!
//! It may be killed at any time and begun again. How far each table came stands in the database, in the commit of the rows themselves; the
//! file does not change meanwhile, because it says from the first moment on that its content is on its way, and nobody can serve it then.
//! Nobody can serve the database either before everything in it was read back and is what the file holds. So there is at each moment at
//! most one place in which leverd can work.
//!
//! Which tables there are, both sides are asked ([`shape`]); what a table means is not known here.

mod shape;

use super::error::{Result, StoreError};
use super::kill::kill_point;
use super::options::Database;
use super::postgres::Target;
use super::sqlite::{Mark, Source, State};
use crate::model::hex;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use shape::Sum;
pub(in crate::store) use shape::{Cells, Column, Content, Found, Part, Pieces};
use std::path::Path;

/// What is to move where.
#[derive(Debug, Clone, Copy)]
pub struct Move<'a> {
    pub file: &'a Path,
    pub database: &'a Database,
    /// What leverd.yaml has to say afterwards: whoever tries to serve the file is told.
    pub line: &'a str,
    pub at: Timestamp,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Moving,
    /// Both sides are read.
    Checking,
}

/// What was moved.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Moved {
    /// Where it is now.
    pub database: String,
    /// Each table with the number of its rows.
    pub tables: Vec<(String, u64)>,
    pub rows: u64,
    /// Of all content, the same on both sides.
    pub digest: String,
    /// Whether an earlier move, which did not come to its end, was gone on with.
    pub resumed: bool,
    /// Whether it had come to its end before: then the database is not compared, for leverd may have worked on it.
    pub already: bool,
}

/// Moves everything, or goes on with it. `tell` hears how many rows of how many are done.
///
/// What the file says is claimed is free afterwards, and what had begun has an unknown outcome, as after any restart.
pub fn transfer(order: &Move<'_>, tell: &mut dyn FnMut(Stage, u64, u64)) -> Result<Moved> {
    let mut source = Source::open(order.file)?;
    let mut target = Target::open(order.database)?;
    let (at_source, at_target) = (source.tables()?, target.tables()?);
    let parts = shape::fit(&at_source, &at_target).map_err(|why| StoreError::Moved(format!("`{}`: {why}", target.name())))?;
    let (id, resumed) = agree(order, &mut source, &mut target, &parts)?;
    kill_point("store-move");
    let already = target.found()?.is_some_and(|found| found.finished);
    let mut total = 0;
    for part in &parts {
        total += source.count(part)?;
    }
    if !already {
        let mut moved = 0;
        for part in &parts {
            one_table(&mut source, &mut target, part, id, &mut |rows| {
                moved += rows;
                tell(Stage::Moving, moved, total);
            })?;
        }
    }
    let told = if already { the_file(&source, &parts)? } else { compared(&source, &mut target, &parts, total, tell)? };
    kill_point("store-move");
    if !already {
        source.say(State::Finishing)?;
        kill_point("store-move");
        target.finish(id, &parts)?;
        kill_point("store-move");
    }
    source.say(State::Moved)?;
    kill_point("store-move");
    let tables: Vec<(String, u64)> = parts.iter().zip(&told).map(|(part, sum)| (part.name.clone(), sum.rows)).collect();
    let rows = told.iter().map(|sum| sum.rows).sum();
    Ok(Moved { database: target.name().to_owned(), tables, rows, digest: digest(&parts, &told), resumed, already })
}

/// Makes the file of a move that did not come to its end the store again.
pub fn take_back(file: &Path) -> Result<()> {
    Source::open(file)?.take_back()
}

/// Which move this is, and whether it had begun before: what the file and the database say must fit together.
fn agree(order: &Move<'_>, source: &mut Source, target: &mut Target, parts: &[Part]) -> Result<([u8; 16], bool)> {
    let mark = source.mark()?;
    let found = target.found()?;
    if let Some(mark) = &mark {
        if found.as_ref().is_some_and(|found| found.id == mark.id) {
            return Ok((mark.id, true));
        }
        if mark.state == State::Moved {
            return Err(mark.refusal(order.file));
        }
        if mark.state == State::Finishing || mark.database != target.name() {
            return Err(StoreError::Moved(format!(
                "the content of `{}` is on its way into `{}`, and this is `{}`: go on with that one{}",
                order.file.display(),
                mark.database,
                target.name(),
                if mark.state == State::Moving { ", or give it up by `leverd store move --back`" } else { "" }
            )));
        }
    }
    if found.is_some_and(|found| !found.finished) {
        return Err(StoreError::Moved(format!(
            "the database `{}` holds a part of what another move was to bring: go on with that one, or drop the database, create it \
             again, and then move this file",
            target.name()
        )));
    }
    let full = target.full(parts)?;
    if !full.is_empty() {
        return Err(StoreError::Moved(format!(
            "the database `{}` has content already (in `{}`), and two stores cannot become one: give an empty database or schema",
            target.name(),
            full.join("`, `")
        )));
    }
    let id = if let Some(mark) = mark {
        mark.id
    } else {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|_| StoreError::Unavailable("the system gives no random numbers".to_owned()))?;
        let (database, line) = (target.name().to_owned(), order.line.to_owned());
        source.leave(&Mark { id, state: State::Moving, database, line, at: order.at })?;
        id
    };
    kill_point("store-move");
    target.begin(id, parts)?;
    Ok((id, false))
}

/// Moves what is left of a table.
fn one_table(source: &mut Source, target: &mut Target, part: &Part, id: [u8; 16], moved: &mut dyn FnMut(u64)) -> Result<()> {
    let done = target.moved(&part.name)?;
    moved(done);
    let mut passed = 0;
    let mut pieces = Pieces::of(part);
    source.rows(part, &mut |row| {
        // The file is as it was: its rows come in the same order each time.
        if passed < done {
            passed += 1;
            return Ok(true);
        }
        pieces.push(part, row)?;
        if pieces.is_full() {
            put(target, part, id, &mut pieces, moved)?;
        }
        Ok(true)
    })?;
    if passed < done {
        return Err(StoreError::Moved(format!("table `{}` has fewer rows in the file than were moved: {AFRESH}", part.name)));
    }
    if pieces.rows > 0 {
        put(target, part, id, &mut pieces, moved)?;
    }
    Ok(())
}

fn put(target: &mut Target, part: &Part, id: [u8; 16], pieces: &mut Pieces, moved: &mut dyn FnMut(u64)) -> Result<()> {
    target.put(part, id, pieces)?;
    kill_point("store-move");
    moved(pieces.rows);
    *pieces = Pieces::of(part);
    Ok(())
}

/// What to do about a database that does not hold what it should.
const AFRESH: &str = "nothing is served from either of the two yet; drop the database, create it again, and run `leverd store move` anew, \
                      or make the file the store again by `leverd store move --back`";

/// Reads every table on both sides.
fn compared(
    source: &Source,
    target: &mut Target,
    parts: &[Part],
    total: u64,
    tell: &mut dyn FnMut(Stage, u64, u64),
) -> Result<Vec<Sum>> {
    let (mut sums, mut checked) = (Vec::new(), 0);
    for part in parts {
        tell(Stage::Checking, checked, total);
        let mut here = Sum::default();
        source.rows(part, &mut |row| here.add(part, row).map(|()| true))?;
        let mut there = Sum::default();
        target.rows(part, &mut |row| there.add(part, row).map(|()| true))?;
        if here != there {
            return Err(StoreError::Moved(format!(
                "table `{}` is not in `{}` what it is in the file ({here} here, {there} there): {AFRESH}",
                part.name,
                target.name(),
            )));
        }
        checked += here.rows;
        sums.push(here);
    }
    tell(Stage::Checking, checked, total);
    Ok(sums)
}

fn the_file(source: &Source, parts: &[Part]) -> Result<Vec<Sum>> {
    let one = |part| {
        let mut sum = Sum::default();
        source.rows(part, &mut |row| sum.add(part, row).map(|()| true))?;
        Ok(sum)
    };
    parts.iter().map(one).collect()
}

/// One digest of all tables.
fn digest(parts: &[Part], sums: &[Sum]) -> String {
    let mut all = Sha256::new();
    for (part, sum) in parts.iter().zip(sums) {
        all.update(format!("{} {sum}\n", part.name));
    }
    hex(all.finalize().get(..8).unwrap_or_default())
}
