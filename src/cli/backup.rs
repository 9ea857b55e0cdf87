//! `leverd backup`: a copy of the store while leverd runs.

use super::exit::Exit;
use super::out::{Format, Out, count, for_reading};
use super::stored::Place;
use crate::store::{Holding, copy};
use clap::Args;
use std::path::PathBuf;

/// Copy the store into one file, also while leverd runs; the copy is checked, and `leverd restore` takes it
///
/// The file holds candidates' data, as the store does; only its owner may read it. Secrets are not in it: tokens of logins are there
/// encrypted, and their key is not. A file that is there already is never written over.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How to say what was written
    #[arg(long, default_value = "human", value_parser = for_reading())]
    format: Format,
    #[command(flatten)]
    place: Place,
}

impl Backup {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let holding = copy::backup(&self.place.existing()?, &self.file)?;
        if self.format == Format::Json {
            out.json(&holding)?;
        } else {
            out.line(format_args!("{}: {}, checked", self.file.display(), size(holding.bytes)))?;
            out.line(told(&holding))?;
        }
        Ok(Exit::Fine)
    }
}

/// What a store holds, in a line.
pub(super) fn told(holding: &Holding) -> String {
    let many = |number: u64, one: &str| count(usize::try_from(number).unwrap_or(usize::MAX), one);
    let last = holding
        .last
        .map_or_else(|| "nothing happened in it yet".to_owned(), |last| format!("the latest thing in it is of {last}"));
    format!(
        "{}, {}, {}, {} of work not done; {last}",
        many(holding.accounts, "account"),
        many(holding.events, "event"),
        many(holding.runs, "run"),
        many(holding.open, "piece"),
    )
}

/// `12.3 MB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_told_in_thousands() {
        let told = [0, 1, 999_999, 1_000_000, 12_345_678].map(size);
        assert_eq!(told, ["0 kB", "1 kB", "1000 kB", "1.0 MB", "12.3 MB"]);
    }
}
