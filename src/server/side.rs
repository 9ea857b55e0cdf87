//! The side door: a Unix socket beside the store, through which `leverd retry`, `skip` and `backfill` reach the process that holds it.
//!
//! Only the owner of the store may open it (mode 0600), as only the owner may open the store. One line of JSON in, one out.

use super::errand::{self, Errand};
use crate::model::{AccountId, Code, Event, Id, Reason};
use crate::runtime::Node;
use crate::store::{Deed, Work};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether the other node of this machine has ended.
const ANOTHER: Duration = Duration::from_secs(2);
/// A line is no longer.
const LONGEST: u64 = 1024 * 1024;
/// Whoever connects says what it wants within this time.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a person wants of a piece of parked work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    Retry,
    Skip { reason: String },
}

/// One line to the side door.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// A wish for one piece of work, and whose it is.
    Work {
        account: AccountId,
        kind: Kind,
        id: Id,
        wish: Wish,
        #[serde(default)]
        who: String,
    },
    /// Events that one rule shall see although they are past.
    Backfill {
        account: AccountId,
        events: Vec<Event>,
        #[serde(default)]
        who: String,
        /// How many are handed over in all, said with the first of them: that is the deed.
        #[serde(default)]
        all: Option<usize>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Delivery,
    Event,
    Effect,
    Timer,
}

impl Ask {
    /// A wish for one piece of work.
    pub fn new(account: AccountId, work: Work, wish: Wish, who: String) -> Self {
        let (kind, id) = match work {
            Work::Delivery(id) => (Kind::Delivery, id.0),
            Work::Event(id) => (Kind::Event, id.0),
            Work::Effect(id) => (Kind::Effect, id.0),
            Work::Timer(id) => (Kind::Timer, id.0),
        };
        Self::Work { account, kind, id, wish, who }
    }

    /// Events of an account that one rule shall see.
    pub const fn backfill(account: AccountId, events: Vec<Event>, who: String, all: Option<usize>) -> Self {
        Self::Backfill { account, events, who, all }
    }

    /// For the record; none for what only goes on with what was recorded.
    pub fn deed(&self, at: Timestamp, nth: u64) -> Option<Deed> {
        let (account, who, what, about) = match self {
            Self::Work { account, kind, id, wish, who } => {
                let skip = if let Wish::Skip { reason } = wish { Some(reason.as_str()) } else { None };
                (account, who, Deed::of_wish(skip), work(*kind, *id).to_string())
            }
            Self::Backfill { account, events, who, all } => {
                let rule = events.first().and_then(|event| event.for_rule.as_ref()).map(|of| format!("rule `{}`", of.rule));
                let things = match (*all)? {
                    1 => "an event".to_owned(),
                    all => format!("{all} events"),
                };
                (account, who, format!("hand over {things}"), rule.unwrap_or_default())
            }
        };
        Some(Deed::new(who, "terminal", Some(account), &what, &about, at, nth))
    }
}

const fn work(kind: Kind, id: Id) -> Work {
    match kind {
        Kind::Delivery => Work::Delivery(crate::model::DeliveryId(id)),
        Kind::Event => Work::Event(crate::model::EventId(id)),
        Kind::Effect => Work::Effect(crate::model::EffectId(id)),
        Kind::Timer => Work::Timer(crate::model::TimerId(id)),
    }
}

/// The socket beside a store, or beside the leverd.yaml that names a database.
pub fn path(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".sock");
    PathBuf::from(name)
}

/// Answers until cancelled. A socket left by a process that was killed is replaced. One at which another node of this machine answers is
/// left to it, and taken over when that ends: any node does what a command wants.
pub async fn serve(store: PathBuf, node: Arc<Node>, cancel: CancellationToken) {
    let path = path(&store);
    while UnixStream::connect(&path).await.is_ok() {
        tokio::select! { biased; () = cancel.cancelled() => return, () = tokio::time::sleep(ANOTHER) => {} }
    }
    drop(std::fs::remove_file(&path));
    let opened = UnixListener::bind(&path)
        .and_then(|listener| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map(|()| listener));
    let listener = match opened {
        Ok(listener) => listener,
        Err(error) => {
            if node.store.is_shared() {
                tracing::info!(%error, "no side door: commands go to the database by themselves");
            } else {
                tracing::warn!(%error, "no side door: `retry` and `skip` work only while leverd is stopped");
            }
            return cancel.cancelled().await;
        }
    };
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                let node = Arc::clone(&node);
                tokio::spawn(async move { drop(tokio::time::timeout(errand::PATIENCE, answer(stream, &node)).await) });
            },
        }
    }
    drop(std::fs::remove_file(&path));
}

async fn answer(stream: UnixStream, node: &Arc<Node>) -> io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    let mut reading = BufReader::new(reading.take(LONGEST));
    tokio::time::timeout(PATIENCE, reading.read_line(&mut line)).await??;
    if let Ok(errand) = serde_json::from_str::<Errand>(&line) {
        let text = serde_json::to_string(&errand::carry_out(errand, node).await).map_err(io::Error::other)?;
        return writing.write_all(format!("{text}\n").as_bytes()).await;
    }
    let answer = match serde_json::from_str::<Ask>(&line) {
        Ok(ask) => carry_out(ask, node).await,
        Err(error) => Err(format!("this leverd does not understand the request: {error}")),
    };
    let text = serde_json::to_string(&answer).map_err(io::Error::other)?;
    writing.write_all(format!("{text}\n").as_bytes()).await
}

/// The answer is how many things it changed.
async fn carry_out(ask: Ask, node: &Node) -> Result<usize, String> {
    let now = node.clock.now();
    if let Ask::Backfill { account, events, .. } = &ask
        && (node.account(account).is_none() || events.iter().any(|event| event.account != *account))
    {
        return Err(format!("the running leverd has no account `{account}`"));
    }
    if let Some(deed) = ask.deed(now, node.store.commits().1) {
        node.store.record(vec![deed]).await.map_err(|error| error.to_string())?;
    }
    let done = match ask {
        Ask::Work { account, kind, id, wish: Wish::Retry, .. } => {
            crate::runtime::service::retry(node, &account, work(kind, id)).await.map(|()| 1)
        }
        Ask::Work { account, kind, id, wish: Wish::Skip { reason }, .. } => {
            node.store.skip(&account, work(kind, id), Reason::new(Code::Skipped, reason), now).await.map(|()| 1)
        }
        Ask::Backfill { events, .. } => crate::runtime::backfill::take(&node.store, events, now).await,
    };
    done.map_err(|error| error.to_string())
}

/// Asks the process that holds the store; `None` if there is none.
pub async fn ask(store: &Path, ask: &Ask) -> io::Result<Option<Result<usize, String>>> {
    let Ok(stream) = UnixStream::connect(path(store)).await else { return Ok(None) };
    let (reading, mut writing) = stream.into_split();
    writing.write_all(format!("{}\n", serde_json::to_string(ask).map_err(io::Error::other)?).as_bytes()).await?;
    let mut line = String::new();
    BufReader::new(reading.take(LONGEST)).read_line(&mut line).await?;
    serde_json::from_str(&line).map(Some).map_err(io::Error::other)
}

/// One line to the process that holds the store, and the line that it answers; `None` if there is none.
pub(super) async fn line<T: serde::de::DeserializeOwned>(store: &Path, line: &str) -> io::Result<Option<T>> {
    let Ok(stream) = UnixStream::connect(path(store)).await else { return Ok(None) };
    let (reading, mut writing) = stream.into_split();
    writing.write_all(format!("{line}\n").as_bytes()).await?;
    let mut answer = String::new();
    BufReader::new(reading).read_line(&mut answer).await?;
    serde_json::from_str(&answer).map(Some).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_over_in_pieces_is_one_deed() {
        let piece = |all| Ask::backfill(AccountId::new("acme"), Vec::new(), "olga".to_owned(), all);
        let deed = |all| piece(all).deed(Timestamp::UNIX_EPOCH, 0).map(|deed| (deed.who, deed.what));
        let olga = |what: &str| Some(("olga".to_owned(), what.to_owned()));
        assert_eq!([deed(Some(45)), deed(Some(1))], [olga("hand over 45 events"), olga("hand over an event")]);
        assert_eq!(deed(None), None);
    }
}
