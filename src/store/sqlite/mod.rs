//! SQLite.

use super::backend::Opened;
use super::error::{Result, StoreError};
use super::options::Options;

pub(super) fn open(_options: &Options) -> Result<Opened> {
    Err(StoreError::Unavailable("not built yet".to_owned()))
}
