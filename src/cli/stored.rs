//! What commands that look into the store have in common: where it is, and how it is opened.

use super::chosen::Chosen;
use super::exit::Exit;
use super::files::{Folder, read, shown};
use super::hand::Progress;
use super::out::Out;
use crate::lang::config::{self, Config, Secrets, Store as StorePlace};
use crate::lang::diagnostic::Diagnostics;
use crate::lang::project::Bound;
use crate::lang::render::render_human;
use crate::lang::source::Sources;
use crate::model::{AccountId, Code, Event, Reason};
use crate::runtime::backfill;
use crate::runtime::clock::Clock;
use crate::runtime::project::Reading;
use crate::server::side::{self, Ask, Wish};
use crate::store::{self, Options, Store, StoreError, Work};
use anyhow::{Context, bail};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use std::path::{Path, PathBuf};

/// Where the store is.
#[derive(Debug, Args)]
pub struct Place {
    /// The leverd.yaml that names the store
    #[arg(long, value_name = "FILE", default_value = "leverd.yaml")]
    config: PathBuf,
    /// The store itself, instead of the one that leverd.yaml names
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
}

/// A store: how it is opened, and where the leverd that holds it can be spoken to.
pub struct Named {
    pub options: Options,
    /// The side door has this name and an ending of its own; beside a file, else beside leverd.yaml.
    pub door: PathBuf,
}

impl Named {
    /// The store that a configuration names.
    pub fn of(config: &Config, base: &Path, secrets: &dyn Secrets) -> anyhow::Result<Self> {
        Ok(match &config.store {
            StorePlace::Sqlite(path) => Self::file(base.join(path)),
            StorePlace::Postgres { url, password } => {
                let password = password.as_ref().map(|password| password.resolve(secrets));
                let password = password.transpose().context("`store.password`")?;
                Self { options: Options::postgres(url, password), door: base.join("leverd") }
            }
        })
    }

    fn file(path: PathBuf) -> Self {
        Self { options: Options::path(&path), door: path }
    }

    /// Whether it was made, as far as that can be told without a connection.
    pub fn is_there(&self) -> bool {
        !matches!(&self.options.place, store::Place::File(path) if !path.is_file())
    }

    /// The store for queries, also beside a running leverd; `None` if it was never made.
    pub async fn look(self) -> anyhow::Result<Option<Store>> {
        if !self.is_there() {
            return Ok(None);
        }
        match Store::open(self.options.read_only()).await {
            Err(StoreError::Unmade { .. }) => Ok(None),
            store => Ok(Some(store?)),
        }
    }
}

impl Place {
    /// The store as it is named, whether it was made or not.
    fn meant(&self) -> anyhow::Result<Named> {
        Ok(if let Some(path) = &self.store {
            Named::file(path.clone())
        } else {
            let folder = Folder::of(&self.config);
            Named::of(&config(&self.config)?, &folder.path(""), &folder)?
        })
    }

    pub(super) fn named(&self) -> anyhow::Result<Named> {
        let named = self.meant()?;
        if !named.is_there() {
            bail!("there is no store at {}: `leverd serve` makes it", named.door.display());
        }
        Ok(named)
    }

    /// The file of the store, made or not: what is kept in a database is backed up by the database's own means.
    pub(super) fn file(&self) -> anyhow::Result<PathBuf> {
        match self.meant()?.options.place {
            store::Place::File(path) => Ok(path),
            _ => bail!(
                "the store is a PostgreSQL database: back it up and restore it by PostgreSQL's own means (`pg_dump`, `pg_basebackup`)"
            ),
        }
    }

    /// The file of a store that was made.
    pub(super) fn existing(&self) -> anyhow::Result<PathBuf> {
        let path = self.file()?;
        self.named()?;
        Ok(path)
    }

    /// Whether there is a store, or one was asked for by name: then a missing one is a fault and not a beginning.
    pub fn there(&self) -> bool {
        self.store.is_some() || self.named().is_ok()
    }

    /// The leverd.yaml.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// The accounts that the configuration names now; none where it cannot be read.
    pub fn accounts(&self) -> Vec<Bound> {
        let project = Reading::of(&self.config).ok().and_then(|reading| reading.load().project);
        project.map(|project| project.accounts).unwrap_or_default()
    }

    /// The store for queries, also beside a running leverd.
    pub async fn look(&self) -> anyhow::Result<Store> {
        let named = self.named()?;
        let place = named.options.place.clone();
        Store::open(named.options.read_only()).await.map_err(|error| match place {
            store::Place::File(path) => anyhow::Error::new(error).context(path.display().to_string()),
            // It says itself which database it speaks of.
            _ => error.into(),
        })
    }

    /// Hands events over that one rule shall see: to the running leverd that holds the store, or to the store where none runs. How many
    /// were not handed over before. `all`: how many in all, with the first of them.
    async fn backfill(&self, account: &AccountId, events: Vec<Event>, all: Option<usize>) -> anyhow::Result<usize> {
        let named = self.named()?;
        let ask = Ask::backfill(account.clone(), events, who(), all);
        if let Some(answer) = side::ask(&named.door, &ask).await? {
            return answer.map_err(anyhow::Error::msg);
        }
        let store = Store::open(named.options).await?;
        store.record(ask.deed(now(), 0).into_iter().collect()).await?;
        let Ask::Backfill { events, .. } = ask else { return Ok(0) };
        let fresh = backfill::take(&store, events, now()).await?;
        store.close().await;
        Ok(fresh)
    }

    /// The same for many, with its progress shown.
    pub(super) async fn hand_over(&self, account: &AccountId, events: Vec<Event>) -> anyhow::Result<usize> {
        // One line to the side door is no longer than it takes.
        const AT_ONCE: usize = 20;
        let progress = Progress::new(events.len());
        let mut fresh = 0;
        for (at, chunk) in events.chunks(AT_ONCE).enumerate() {
            progress.show(at * AT_ONCE, "handing over")?;
            fresh += self.backfill(account, chunk.to_vec(), (at == 0).then_some(events.len())).await?;
        }
        progress.end()?;
        Ok(fresh)
    }

    /// Has a wish fulfilled for all that is meant. What was settled meanwhile by itself is said, and holds up nothing else.
    pub(super) async fn wish_all(&self, chosen: &Chosen, wish: &Wish, done: &str, out: &mut Out) -> anyhow::Result<Exit> {
        let store = self.look().await?;
        let meant = chosen.of(&store).await?;
        store.close().await;
        let mut exit = Exit::Fine;
        for (account, work) in meant {
            match self.wish(&account, work, wish).await {
                Ok(()) => out.line(format_args!("{work} of {account} {done}"))?,
                Err(error) => {
                    out.line(format_args!("{work} of {account}: {error}"))?;
                    exit = Exit::Faults;
                }
            }
        }
        Ok(exit)
    }

    /// Has a wish fulfilled: by the running leverd that holds the store, or in the store itself where none runs.
    pub async fn wish(&self, account: &AccountId, work: Work, wish: &Wish) -> anyhow::Result<()> {
        let named = self.named()?;
        let ask = Ask::new(account.clone(), work, wish.clone(), who());
        if let Some(answer) = side::ask(&named.door, &ask).await? {
            return answer.map(drop).map_err(anyhow::Error::msg);
        }
        let store = Store::open(named.options).await?;
        store.record(ask.deed(now(), 0).into_iter().collect()).await?;
        match wish {
            Wish::Retry => store.retry(account, work, now()).await?,
            Wish::Skip { reason } => store.skip(account, work, Reason::new(Code::Skipped, reason.as_str()), now()).await?,
        }
        store.close().await;
        Ok(())
    }
}

/// Who runs the command, for the record: only whoever owns the store gets that far.
fn who() -> String {
    let named = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()));
    named.unwrap_or_else(|| "the owner of the store".to_owned())
}

/// Reads a leverd.yaml that must be without fault.
pub fn config(path: &Path) -> anyhow::Result<Config> {
    let bytes = read(path)?;
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let config = sources.add(shown(path), &bytes, &mut found).and_then(|id| config::read(&mut sources, id, &mut found));
    config.with_context(|| format!("{} has faults:\n\n{}", path.display(), render_human(&sources, &found, false)))
}

/// How long runs are kept, where the configuration can be read.
pub fn retention(path: &Path) -> Option<SignedDuration> {
    config(path).ok().map(|config| config.retention.runs)
}

/// Runs what waits for IO.
pub fn wait<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// The one piece of unfinished work whose id starts with `prefix`.
pub async fn find(store: &Store, prefix: &str) -> anyhow::Result<(AccountId, Work)> {
    let hex = prefix.len() >= 4 && prefix.len() <= 32 && prefix.chars().all(|c| c.is_ascii_hexdigit());
    if !hex {
        bail!("`{prefix}` is no id: give the first digits, four or more, of one that `leverd parked` shows");
    }
    let found = store.find(&prefix.to_ascii_lowercase()).await?;
    match found.as_slice() {
        [] => bail!("nothing unfinished has an id that starts with `{prefix}`"),
        [(account, work)] => Ok((account.clone(), *work)),
        several => {
            let all: Vec<String> = several.iter().map(|(account, work)| format!("  {account}: {work}")).collect();
            bail!("several ids start with `{prefix}`:\n{}", all.join("\n"))
        }
    }
}

/// The time of a command.
pub fn now() -> Timestamp {
    Clock::system().now()
}
