//! Noticing that files changed, whatever way they were saved.
//!
//! Editors write in place, write a new file and rename it, unlink and create; `git checkout` rewrites many files; a ConfigMap swaps
//! one hidden link; a deployment replaces the whole folder. File-system events are therefore only a hint to look: after a short quiet
//! the folders are read whole, twice, until two readings agree, and the content decides. A slow look every few seconds is the net
//! under lost events, and under machines that have run out of watches.

use super::files::{Files, Unreadable};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How patient the watcher is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// No event for this long, then look.
    pub quiet: Duration,
    /// Look after this long even if events go on.
    pub most: Duration,
    /// Wait this long for git to finish.
    pub git: Duration,
    /// Look without any event.
    pub net: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            quiet: Duration::from_millis(20),
            most: Duration::from_secs(2),
            git: Duration::from_secs(10),
            net: Duration::from_secs(15),
        }
    }
}

/// What to watch: folders or files, and the endings of the files that matter.
#[derive(Debug, Clone)]
pub struct Watched {
    pub roots: Vec<PathBuf>,
    pub endings: &'static [&'static str],
}

impl Watched {
    /// Everything as it is now.
    pub fn read(&self) -> Result<Files, Unreadable> {
        Files::read(&self.roots, self.endings)
    }
}

/// Calls `changed` with every new reading that differs from the last one, until cancelled. `last` is the reading already in force.
/// An unreadable folder is told once per distinct message.
pub async fn watch(
    watched: Watched,
    mut last: Option<Files>,
    patience: Patience,
    changed: mpsc::Sender<Result<Files, Unreadable>>,
    cancel: CancellationToken,
) {
    let (hint, mut hints) = mpsc::channel::<()>(1);
    // Held until the end: dropping a watcher ends it.
    let mut watcher = Watch::start(&watched.roots, &hint);
    let mut told = None;
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = hints.recv() => settle(&mut hints, &watched.roots, patience).await,
            () = sleep(patience.net) => {}
        }
        let reading = read_twice(&watched, patience).await;
        // A replaced folder is a new inode, and the old watch is deaf: watch again what is there now.
        if watcher.as_ref().is_none_or(|watch| watch.stale(&watched.roots)) {
            watcher = Watch::start(&watched.roots, &hint);
        }
        match reading {
            Ok(files) if last.as_ref() == Some(&files) => told = None,
            Ok(files) => {
                told = None;
                last = Some(files.clone());
                if changed.send(Ok(files)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                let text = error.to_string();
                if told.as_ref() != Some(&text) {
                    told = Some(text);
                    last = None;
                    if changed.send(Err(error)).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// Waits until no event came for a while and git is not at work.
async fn settle(hints: &mut mpsc::Receiver<()>, roots: &[PathBuf], patience: Patience) {
    let start = Instant::now();
    while start.elapsed() < patience.most && timeout(patience.quiet, hints.recv()).await.is_ok() {}
    while start.elapsed() < patience.git && git_at_work(roots) {
        sleep(patience.quiet).await;
    }
}

fn git_at_work(roots: &[PathBuf]) -> bool {
    let folders: BTreeSet<&Path> = roots.iter().flat_map(|root| root.ancestors().take(8)).collect();
    folders.iter().any(|folder| folder.join(".git/index.lock").exists())
}

/// Reads until two readings in a row agree: a save in the middle of a reading shows as a difference.
async fn read_twice(watched: &Watched, patience: Patience) -> Result<Files, Unreadable> {
    let start = Instant::now();
    let mut before = read(watched).await;
    loop {
        sleep(patience.quiet / 4).await;
        let now = read(watched).await;
        match (&before, &now) {
            (Ok(a), Ok(b)) if a == b => return now,
            (Err(_), Err(_)) if start.elapsed() > patience.quiet * 10 => return now,
            _ if start.elapsed() > patience.most => return now,
            _ => before = now,
        }
    }
}

async fn read(watched: &Watched) -> Result<Files, Unreadable> {
    let watched_too = watched.clone();
    let root = watched.roots.first().cloned().unwrap_or_default();
    tokio::task::spawn_blocking(move || watched_too.read())
        .await
        .unwrap_or_else(|panic| Err(Unreadable::Io { path: root, source: std::io::Error::other(panic.to_string()) }))
}

/// A live watch on folders, and which folders they were.
struct Watch {
    _watcher: RecommendedWatcher,
    identity: Vec<Option<u64>>,
}

impl Watch {
    /// Watches the folders and their parents, which alone tell that a folder was replaced. `None`: only the net is left; said once
    /// per start in the log.
    fn start(roots: &[PathBuf], hint: &mpsc::Sender<()>) -> Option<Self> {
        let hint = hint.clone();
        let heard = move |event: notify::Result<notify::Event>| {
            // Reading a file is an event too; heeding it would make us look for ever.
            if !matches!(event, Ok(notify::Event { kind: notify::EventKind::Access(_), .. })) {
                let _ = hint.try_send(());
            }
        };
        let watch = || -> notify::Result<Self> {
            let mut watcher = notify::recommended_watcher(heard)?;
            for root in roots {
                let folder = if root.is_dir() { root.as_path() } else { root.parent().unwrap_or(Path::new(".")) };
                watcher.watch(folder, RecursiveMode::Recursive)?;
                if let Some(parent) = folder.canonicalize().ok().as_deref().and_then(Path::parent) {
                    watcher.watch(parent, RecursiveMode::NonRecursive)?;
                }
            }
            Ok(Self { _watcher: watcher, identity: identity(roots) })
        };
        match watch() {
            Ok(watch) => Some(watch),
            Err(error) => {
                tracing::warn!(%error, "cannot watch the rule folders; looking every few seconds instead");
                None
            }
        }
    }

    fn stale(&self, roots: &[PathBuf]) -> bool {
        self.identity != identity(roots)
    }
}

/// Which folder is there now: its inode.
fn identity(roots: &[PathBuf]) -> Vec<Option<u64>> {
    use std::os::unix::fs::MetadataExt;
    roots.iter().map(|root| std::fs::metadata(root).ok().map(|metadata| metadata.ino())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    struct Bed {
        dir: tempfile::TempDir,
        changed: mpsc::Receiver<Result<Files, Unreadable>>,
        cancel: CancellationToken,
    }

    impl Bed {
        fn start() -> Self {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join("rules")).unwrap();
            fs::write(dir.path().join("rules/a.yaml"), "1").unwrap();
            let watched = Watched { roots: vec![dir.path().join("rules")], endings: &[".yaml"] };
            let (tx, changed) = mpsc::channel(8);
            let cancel = CancellationToken::new();
            let last = watched.read().unwrap();
            // A short net: the test shows that a change arrives whatever the file system tells, not how fast.
            let patience = Patience { net: Duration::from_millis(300), ..Patience::default() };
            tokio::spawn(watch(watched, Some(last), patience, tx, cancel.clone()));
            Self { dir, changed, cancel }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }

        /// The content of a.yaml in readings until it is `wanted`.
        async fn until(&mut self, wanted: &str) {
            let path = self.path("rules/a.yaml");
            while let Some(reading) = self.changed.recv().await {
                if reading.ok().and_then(|files| files.0.get(&path).cloned()) == Some(wanted.into()) {
                    return;
                }
            }
            panic!("the watcher ended before `{wanted}`");
        }
    }

    #[tokio::test]
    async fn every_way_of_saving_is_noticed() {
        let mut bed = Bed::start();
        fs::write(bed.path("rules/a.yaml"), "in place").unwrap();
        bed.until("in place").await;

        fs::write(bed.path("rules/a.yaml~"), "renamed").unwrap();
        fs::rename(bed.path("rules/a.yaml~"), bed.path("rules/a.yaml")).unwrap();
        bed.until("renamed").await;

        fs::remove_file(bed.path("rules/a.yaml")).unwrap();
        fs::write(bed.path("rules/a.yaml"), "unlinked and created").unwrap();
        bed.until("unlinked and created").await;

        // The folder is replaced, twice, to show that the watch moved along.
        for text in ["replaced", "replaced again"] {
            fs::create_dir(bed.path("new")).unwrap();
            fs::write(bed.path("new/a.yaml"), text).unwrap();
            fs::rename(bed.path("rules"), bed.path(&format!("old {text}"))).unwrap();
            fs::rename(bed.path("new"), bed.path("rules")).unwrap();
            bed.until(text).await;
        }
        bed.cancel.cancel();
    }

    #[tokio::test]
    async fn a_config_map_swap_is_noticed() {
        use std::os::unix::fs::symlink;
        let mut bed = Bed::start();
        fs::remove_file(bed.path("rules/a.yaml")).unwrap();
        for text in ["one", "two", "three"] {
            fs::create_dir(bed.path(&format!("rules/..{text}"))).unwrap();
            fs::write(bed.path(&format!("rules/..{text}/a.yaml")), text).unwrap();
            symlink(format!("..{text}"), bed.path("rules/..data_tmp")).unwrap();
            fs::rename(bed.path("rules/..data_tmp"), bed.path("rules/..data")).unwrap();
            if text == "one" {
                symlink("..data/a.yaml", bed.path("rules/a.yaml")).unwrap();
            }
            bed.until(text).await;
        }
        bed.cancel.cancel();
    }
}
