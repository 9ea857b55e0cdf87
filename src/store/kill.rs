//! Named points at which the crash tests stop the process, as a power cut would.
//!
//! With the feature `kill-points`, `LEVERD_KILL_AT=before-begun` aborts at the first `before-begun`, `LEVERD_KILL_AT=before-begun:3`
//! at the third. Without the feature, which no release build has, nothing of this is compiled.

/// Aborts here if the environment says so.
#[cfg(feature = "kill-points")]
pub(crate) fn kill_point(name: &'static str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    static WANTED: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("LEVERD_KILL_AT").ok()?;
        Some(match text.split_once(':') {
            Some((point, nth)) => (point.to_owned(), nth.parse().unwrap_or(1)),
            None => (text, 1),
        })
    });
    if let Some((point, nth)) = wanted
        && point == name
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *nth
    {
        std::process::abort();
    }
}

/// Compiled to nothing.
#[cfg(not(feature = "kill-points"))]
#[inline]
pub(crate) const fn kill_point(_name: &'static str) {}
