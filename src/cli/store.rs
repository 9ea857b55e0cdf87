//! `leverd store move`: what a file holds goes into a database, and back it goes only with care.

use super::exit::Exit;
use super::files::Folder;
use super::hand::Progress;
use super::out::{Format, Out, count, for_reading};
use super::stored::{Place, now};
use crate::lang::config::{SecretPlace, Store as StorePlace};
use crate::store::Database;
use crate::store::transfer::{self, Move, Moved, Stage};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::{Path, PathBuf};
use url::Url;

/// Move the store from a SQLite file into a PostgreSQL database
#[derive(Debug, Args)]
pub(super) struct Store {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Move(MoveStore),
}

/// Move everything from the SQLite file into a PostgreSQL database, while leverd is stopped
///
/// Stopped or killed, it goes on where it was when it is run again; no row is lost or doubled. At the end every table is read back from
/// both sides and compared. From its beginning on the file is not served any more, and the database not before its end; so nothing can
/// be done twice. The file itself stays. What was under way when leverd stopped is treated as after any restart.
#[derive(Debug, Args)]
struct MoveStore {
    /// The database, `postgres://user@host/database`; left out if leverd.yaml names it already
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Where its password is, never the password itself: `env:NAME` or `file:PATH`, from the folder of leverd.yaml
    #[arg(long, value_name = "REFERENCE", requires = "to", value_parser = reference)]
    password: Option<SecretPlace>,
    /// Give up a move that has not come to its end: the file is the store again
    #[arg(long, conflicts_with_all = ["to", "password"])]
    back: bool,
    /// How to say what was done
    #[arg(long, default_value = "human", value_parser = for_reading())]
    format: Format,
    #[command(flatten)]
    place: Place,
}

impl Store {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let What::Move(command) = &self.what;
        command.run(out)
    }
}

impl MoveStore {
    fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let file = self.file()?;
        if self.back {
            transfer::take_back(&file)?;
            out.line(format_args!("{} is the store again; drop the database before you move into it anew", file.display()))?;
            return Ok(Exit::Fine);
        }
        let (url, password) = self.database()?;
        let line = line(&url, password.as_ref());
        let folder = Folder::of(self.place.config());
        let password = password.map(|password| password.resolve(&folder)).transpose().context("the database's password")?;
        let order = Move { file: &file, database: &Database { url, password }, line: &line, at: now() };
        let moved = moved(&order)?;
        if self.format == Format::Json {
            out.json(&json!({ "moved": moved, "line": line }))?;
        } else {
            tell(out, &file, &moved, &line)?;
        }
        Ok(Exit::Fine)
    }

    /// The file that is to move.
    fn file(&self) -> anyhow::Result<PathBuf> {
        match self.place.named()?.options.place {
            crate::store::Place::File(path) => Ok(path),
            _ => bail!("leverd.yaml names the database already: say which file is to move into it by `--store FILE`"),
        }
    }

    /// Where it is to move.
    fn database(&self) -> anyhow::Result<(String, Option<SecretPlace>)> {
        if let Some(url) = &self.to {
            return Ok((checked(url)?, self.password.clone()));
        }
        let whither = "say where it is to move: `--to postgres://user@host/database`";
        match super::stored::config(self.place.config()).context(whither)?.store {
            StorePlace::Postgres { url, password } => Ok((url, password.map(|password| password.place))),
            StorePlace::Sqlite(_) => bail!("{whither}, and where its password is: `--password env:DATABASE_PASSWORD`"),
        }
    }
}

/// Moves, and shows how far it is.
fn moved(order: &Move<'_>) -> anyhow::Result<Moved> {
    let mut shown: Option<(Stage, Progress)> = None;
    let moved = transfer::transfer(order, &mut |stage, done, total| {
        let number = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
        if shown.as_ref().is_none_or(|(of, _)| *of != stage) {
            shown = Some((stage, Progress::new(number(total))));
        }
        let what = if stage == Stage::Moving { "moving rows" } else { "reading back" };
        if let Some((_, progress)) = &shown {
            // Whoever looks may have gone; it moves on.
            drop(progress.show(number(done) / 10 * 10, what));
        }
    });
    if let Some((_, progress)) = &shown {
        progress.end()?;
    }
    Ok(moved?)
}

fn tell(out: &mut Out, file: &Path, moved: &Moved, line: &str) -> anyhow::Result<()> {
    let file = file.display();
    out.line(format_args!(
        "{} of {} are in the database `{}`{}",
        count(usize::try_from(moved.rows).unwrap_or(usize::MAX), "row"),
        count(moved.tables.len(), "table"),
        moved.database,
        if moved.resumed && !moved.already { ", some of them by the move that was broken off" } else { "" }
    ))?;
    if moved.already {
        out.line("they were moved and compared before; nothing was done now")?;
    } else {
        let digest = &moved.digest;
        out.line(format_args!("read back, number and content of every table are the same on both sides (digest {digest})"))?;
    }
    out.line(format_args!("{file} stays, and `leverd serve` refuses it from now on"))?;
    out.line("\nNext: in leverd.yaml, in place of the line that begins with `store:`\n")?;
    out.line(line)?;
    out.line("\nthen `leverd doctor` looks at the database too, and `leverd serve` goes on where leverd stopped.")?;
    out.line(format_args!(
        "Keep {file} until you have a backup of the database. When leverd has run on the database, there is no plain way back: the file \
         knows nothing of what was done since."
    ))?;
    Ok(())
}

/// The line of leverd.yaml.
fn line(url: &str, password: Option<&SecretPlace>) -> String {
    let url = yaml(url);
    match password {
        None => format!("store: {url}"),
        Some(SecretPlace::Env(name)) => format!("store: {{ postgres: {url}, password: {{ env: {} }} }}", yaml(name)),
        Some(SecretPlace::File(path)) => format!("store: {{ postgres: {url}, password: {{ file: {} }} }}", yaml(path)),
    }
}

/// A text of one line, in quotes where YAML might read something else.
fn yaml(text: &str) -> String {
    let plain = text.starts_with(|char: char| char.is_ascii_alphabetic())
        && text.chars().all(|char| char.is_ascii_alphanumeric() || "/:@._-?=%&".contains(char))
        && !text.ends_with(':');
    if plain { text.to_owned() } else { json!(text).to_string() }
}

/// A URL that leverd.yaml would take.
fn checked(text: &str) -> anyhow::Result<String> {
    let Some(url) = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql")) else {
        // It may hold a password.
        bail!("what `--to` says is no URL of a PostgreSQL database: write `postgres://user@host/database`");
    };
    if url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password") {
        bail!(
            "the password of the database stands on the command line, where others see it: take it out and say where it is, \
             `--password env:DATABASE_PASSWORD` or `--password file:secrets/database`; and replace it, it is no longer a secret"
        );
    }
    Ok(text.trim().to_owned())
}

/// `env:NAME` or `file:PATH`.
fn reference(text: &str) -> Result<SecretPlace, String> {
    match text.split_once(':') {
        Some(("env", name)) if !name.trim().is_empty() => Ok(SecretPlace::Env(name.trim().to_owned())),
        Some(("file", path)) if !path.trim().is_empty() => Ok(SecretPlace::File(path.trim().to_owned())),
        // It may be the password.
        _ => Err("write `env:NAME` or `file:PATH`: the password itself would be seen by others".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]

    use super::{checked, line, reference};
    use crate::lang::config::{self, Store};
    use crate::lang::diagnostic::Diagnostics;
    use crate::lang::source::Sources;

    #[test]
    fn the_line_for_leverd_yaml_says_what_was_said_on_the_command_line() {
        let urls = [
            "postgres://leverd@db.example.com/leverd",
            "postgres://leverd@a,b:5433/leverd?sslmode=require&options=-csearch_path%3Dx",
            "postgres:///leverd?user=leverd&host=%2Frun%2Fpostgresql",
        ];
        for url in urls {
            for password in [None, Some("env:DATABASE_PASSWORD"), Some("file:secrets/the {new} one, #2")] {
                let password = password.map(|text| reference(text).unwrap());
                let line = line(&checked(url).unwrap(), password.as_ref());
                let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
                let text = format!(
                    "{line}\naccounts:\n  acme:\n    lever: {{ api_key: {{ env: KEY }}, webhooks: {{ signing_tokens: [{{ env: T }}] }} }}\n"
                );
                let id = sources.add_text("leverd.yaml", &text);
                let read = config::read(&mut sources, id, &mut found).unwrap_or_else(|| panic!("{line}"));
                let Store::Postgres { url: read, password: referred } = read.store else { panic!("{line}") };
                assert_eq!((read.as_str(), referred.map(|one| one.place)), (url, password), "{line}");
            }
        }
    }

    #[test]
    fn no_password_is_taken_from_the_command_line_and_none_is_shown() {
        for url in ["postgres://leverd:hunter2@db/leverd", "postgres://leverd@db/leverd?password=hunter2", "leverd:hunter2@db"]
        {
            let refused = checked(url).unwrap_err().to_string();
            assert!(
                !refused.contains("hunter2") && refused.contains("postgres") || refused.contains("--password"),
                "{refused}"
            );
        }
        for text in ["hunter2", "pass:hunter2", "env:", "file: "] {
            let refused = reference(text).unwrap_err();
            assert!(refused.contains("env:NAME") && !refused.contains("hunter2"), "{refused}");
        }
    }
}
