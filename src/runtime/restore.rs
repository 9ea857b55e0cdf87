//! Making a backup the store: which cursors begin anew. What is parked, and why, is [`crate::store::copy`]'s.

use super::{poll, poller};
use crate::store::{Restored, Result, copy};
use jiff::Timestamp;
use std::path::Path;

/// Makes `file` the store. Lever is looked at as if polling had been switched on now, and vendors are asked for what happens from now on:
/// what happened in between may have been acted on already.
pub fn restore(file: &Path, store: &Path, now: Timestamp, replace: bool) -> Result<Restored> {
    copy::restore(file, store, now, replace, &|name, value| {
        if name == poller::CURSOR { Some(String::new()) } else { poll::renewed(name, value, now) }
    })
}
