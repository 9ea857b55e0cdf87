//! What the two threads of the server know of each other: the texts as they are typed, and what the last check told.
//!
//! The thread that speaks never waits for the one that checks: each edit is a new edition, and what was found about an older one is
//! thrown away.

use super::check::Checked;
use super::desk::Around;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a pause in typing begins a check.
const PAUSE: Duration = Duration::from_millis(120);

/// Unsaved texts.
pub(super) type Open = BTreeMap<PathBuf, Arc<str>>;

/// The texts at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Edition {
    pub(super) number: u64,
    pub(super) open: Open,
}

#[derive(Default)]
struct State {
    now: Edition,
    /// The editor is gone.
    ended: bool,
    checked: Arc<Checked>,
    /// What was laid for questions that came before the first check.
    desks: BTreeMap<PathBuf, Arc<Around>>,
}

/// Shared by both threads.
#[derive(Default)]
pub(super) struct Board {
    state: Mutex<State>,
    changed: Condvar,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new text of a file; none where the file was closed.
    pub(super) fn edit(&self, path: &Path, text: Option<Arc<str>>) {
        let mut state = self.lock();
        match text {
            Some(text) => drop(state.now.open.insert(path.to_owned(), text)),
            None => drop(state.now.open.remove(path)),
        }
        state.now.number += 1;
        self.changed.notify_all();
    }

    /// Something changed that is no text of the editor: all is to be checked again.
    pub(super) fn stir(&self) {
        self.lock().now.number += 1;
        self.changed.notify_all();
    }

    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// The unsaved text of a file.
    pub(super) fn text(&self, path: &Path) -> Option<Arc<str>> {
        self.lock().now.open.get(path).cloned()
    }

    pub(super) fn open(&self) -> Open {
        self.lock().now.open.clone()
    }

    /// What the last check told.
    pub(super) fn checked(&self) -> Arc<Checked> {
        Arc::clone(&self.lock().checked)
    }

    /// What lies around a target, laid once until the next check does it.
    pub(super) fn desk(&self, target: &Path, lay: impl FnOnce() -> Around) -> Arc<Around> {
        let known = self.lock().desks.get(target).cloned();
        known.unwrap_or_else(|| {
            let desk = Arc::new(lay());
            self.lock().desks.insert(target.to_owned(), Arc::clone(&desk));
            desk
        })
    }

    /// Whether nothing was typed since.
    pub(super) fn is_current(&self, number: u64) -> bool {
        let state = self.lock();
        !state.ended && state.now.number == number
    }

    /// The texts after the edition of this number, once nothing was typed for a moment; nothing when the editor is gone.
    pub(super) fn pause(&self, done: u64) -> Option<Edition> {
        let mut state = self.lock();
        while !state.ended && state.now.number == done {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        loop {
            let number = state.now.number;
            let (again, _) = self
                .changed
                .wait_timeout_while(state, PAUSE, |state| !state.ended && state.now.number == number)
                .unwrap_or_else(PoisonError::into_inner);
            state = again;
            if state.ended {
                return None;
            }
            if state.now.number == number {
                return Some(state.now.clone());
            }
        }
    }

    /// Takes what was found, unless there is a newer edition: then it comes to nothing.
    pub(super) fn take(&self, checked: Checked) -> bool {
        let mut state = self.lock();
        let current = !state.ended && state.now.number == checked.edition.number;
        if current {
            state.checked = Arc::new(checked);
            state.desks.clear();
        }
        current
    }
}
