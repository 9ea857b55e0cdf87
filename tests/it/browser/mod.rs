//! The console in a real browser: headless Chromium on the real binary, clicked and typed in as a person would.
//!
//! `tests/run` installs `chromium` and `chromium-driver`; without them these tests fail and say so. Screenshots are kept in
//! `target/console-pages`.

mod driver;
mod newcomer;
mod people;
mod sound;
