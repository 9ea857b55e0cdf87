//! [`Store`]: the handle that everything else holds. Cheap to clone; its methods are async and never block a runtime thread.

use super::backend::{Backend, Hints, News, Opened, Reader};
use super::error::{Result, StoreError};
use super::fates::{Fates, Here, never};
use super::lease::Hint;
use super::options::{Options, Place};
use super::postgres;
use super::sqlite;
use super::writer::{Ask, Job, Point, Tally, run};
use crate::model::{AccountId, Notice};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot, watch};

/// How many operations may wait for the writer before callers wait to hand theirs over.
const QUEUE: usize = 8_192;

/// Passes on what a commit left to hear.
type Tell = Box<dyn Fn(News) + Send + Sync>;

/// The store. When the last clone goes, the writer finishes what it has and the lock is given back.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    /// Instead of the thread, in the simulation of faults.
    here: Option<(Here, Tell)>,
    readers: Mutex<Vec<Box<dyn Reader>>>,
    permits: Semaphore,
    tally: Arc<Tally>,
    work: watch::Receiver<u64>,
    leases: watch::Receiver<u64>,
    shared: bool,
    notices: broadcast::Sender<(AccountId, Notice)>,
    epoch: u64,
    /// Dropped last: the lock on the file, the temporary folder.
    guard: Mutex<Option<Box<dyn Send + Sync>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.jobs.take());
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Store {
    /// Opens the store, making or migrating it. Claims of an earlier process are still there: call [`Store::recover`] next.
    pub async fn open(options: Options) -> Result<Self> {
        tokio::task::spawn_blocking(move || Self::open_blocking(&options))
            .await
            .map_err(|_| StoreError::Unavailable("opening the store was interrupted".to_owned()))?
    }

    fn open_blocking(options: &Options) -> Result<Self> {
        let opened = match &options.place {
            Place::Postgres(database) => postgres::open(database, options)?,
            Place::File(_) | Place::Volatile(_) | Place::Temporary => sqlite::open(options)?,
        };
        Self::over(opened, None)
    }

    /// A store without a thread of its own, for the simulation of faults: what it is asked runs at once, and `fates` says how it ends.
    pub fn simulated(options: &Options, fates: Arc<dyn Fates>) -> Result<Self> {
        Self::over(sqlite::open(options)?, Some(fates))
    }

    fn over(opened: Opened, fates: Option<Arc<dyn Fates>>) -> Result<Self> {
        let tally = Arc::new(Tally::default());
        let (woken, work) = watch::channel(0_u64);
        let (notices, _) = broadcast::channel(1_024);
        let epoch = opened.backend.as_ref().map_or(0, |backend| backend.epoch());
        let told = notices.clone();
        let (freed, leases) = watch::channel(0_u64);
        let (heard_work, heard_leases) = (woken.clone(), freed.clone());
        let mut hints = opened.hints;
        let shared = hints.is_some();
        if let Some(hints) = &mut hints {
            hints.listen(Box::new(move |hint| bump(if hint == Hint::Work { &heard_work } else { &heard_leases })));
        }
        let tell = move |news: News| {
            for notice in news.notices {
                // Nobody may be listening.
                drop(told.send(notice));
            }
            if news.work {
                bump(&woken);
            }
            if news.leases {
                bump(&freed);
            }
            tell_others(hints.as_deref(), news.elsewhere, news.leases);
        };
        let mut here = None;
        let (jobs, thread) = match (opened.backend, fates) {
            (None, _) => (None, None),
            (Some(backend), Some(fates)) => {
                here = Some((Here::new(backend, fates), Box::new(tell) as Tell));
                (None, None)
            }
            (Some(backend), None) => {
                let (jobs, queue) = mpsc::channel(QUEUE);
                let counted = Arc::clone(&tally);
                let thread = std::thread::Builder::new()
                    .name("leverd-store".to_owned())
                    .spawn(move || run(backend, queue, counted, tell))
                    .map_err(|error| StoreError::Unavailable(format!("its writer cannot start: {error}")))?;
                (Some(jobs), Some(thread))
            }
        };
        let permits = Semaphore::new(opened.readers.len());
        let readers = Mutex::new(opened.readers);
        let guard = Mutex::new(Some(opened.guard));
        Ok(Self(Arc::new(Inner { jobs, thread, here, readers, permits, tally, work, leases, shared, notices, epoch, guard })))
    }

    /// Waits for the writer to end and gives the lock back, if this is the last clone.
    pub async fn close(self) {
        drop(tokio::task::spawn_blocking(move || drop(self)).await);
    }

    /// Closes the database as a killed process closes it; whoever asks for anything from now on waits for ever. Only for a store of
    /// the simulation of faults.
    pub fn die(&self) {
        if let Some((here, _)) = &self.0.here {
            here.die();
            self.0.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
            drop(self.0.guard.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }

    /// The number of this opening: attempts carry it.
    pub fn epoch(&self) -> u64 {
        self.0.epoch
    }

    /// Changes whenever a commit may have made work claimable. A hint: also look when [`Store::next_due`] says.
    pub fn work(&self) -> watch::Receiver<u64> {
        self.0.work.clone()
    }

    /// Whether several nodes may have the store: then each works on accounts that it has a lease of.
    pub fn is_shared(&self) -> bool {
        self.0.shared
    }

    /// Changes whenever accounts may have become free. A hint.
    pub fn leases(&self) -> watch::Receiver<u64> {
        self.0.leases.clone()
    }

    /// Every notice from now on, after it is durable: the one place for log lines, metrics and `notices.url`.
    pub fn notices_as_they_come(&self) -> broadcast::Receiver<(AccountId, Notice)> {
        self.0.notices.subscribe()
    }

    /// Durable commits so far, and the operations in them.
    pub fn commits(&self) -> (u64, u64) {
        (self.0.tally.commits.load(Ordering::Relaxed), self.0.tally.operations.load(Ordering::Relaxed))
    }

    /// One operation through the writer. The answer comes after the commit is durable.
    pub(super) async fn write<T, F>(&self, point: Point, run: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Backend) -> Result<T> + Send + 'static,
    {
        if let Some((here, tell)) = &self.0.here {
            let (to, mut answer) = oneshot::channel();
            let job: Box<dyn Job> = Box::new(Ask { point, run: Some(run), answer: None, to });
            if here.run(point, job, &self.0.tally, tell.as_ref()).await {
                self.die();
                here.fates.died();
                return never().await;
            }
            return answer.try_recv().unwrap_or_else(|_| Err(StoreError::Unavailable("it has stopped".to_owned())));
        }
        let jobs = self.0.jobs.as_ref().ok_or_else(|| StoreError::Unavailable("it was opened for reading only".to_owned()))?;
        let stopped = || StoreError::Unavailable("its writer has stopped".to_owned());
        let (to, answer) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Ask { point, run: Some(run), answer: None, to });
        jobs.send(job).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// One query on a reader of its own.
    pub(super) async fn read<T, F>(&self, run: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Reader) -> Result<T> + Send + 'static,
    {
        let gone = || StoreError::Unavailable("its readers have stopped".to_owned());
        if let Some((here, _)) = &self.0.here {
            let takes = here.fates.query();
            if !takes.is_zero() {
                tokio::time::sleep(takes).await;
            }
            if here.is_dead() {
                return never().await;
            }
            let readers = self.0.readers.lock().unwrap_or_else(PoisonError::into_inner);
            return run(readers.first().ok_or_else(gone)?.as_ref());
        }
        let permit = self.0.permits.acquire().await.map_err(|_| gone())?;
        let inner = Arc::clone(&self.0);
        let answer = tokio::task::spawn_blocking(move || {
            let reader = inner.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let reader = reader.ok_or_else(gone)?;
            let answer = run(reader.as_ref());
            inner.readers.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
            answer
        })
        .await
        .map_err(|_| gone())?;
        drop(permit);
        answer
    }
}

fn bump(times: &watch::Sender<u64>) {
    times.send_modify(|times| *times = times.wrapping_add(1));
}

fn tell_others(hints: Option<&dyn Hints>, work: bool, leases: bool) {
    let Some(hints) = hints else { return };
    if work {
        hints.tell(Hint::Work);
    }
    if leases {
        hints.tell(Hint::Leases);
    }
}
