//! `leverd man`: the manual as pages for `man`.

use super::exit::Exit;
use super::out::Out;
use anyhow::Context as _;
use clap::{Args, CommandFactory as _};
use std::path::PathBuf;

/// Write the manual page, or all pages into a folder
///
/// `leverd man | man -l -` shows it; `leverd man --into /usr/local/share/man/man1` installs a page for each command.
#[derive(Debug, Args)]
pub(super) struct Man {
    /// Write `leverd.1` and a page for each command into this folder
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let command = super::Arguments::command();
        if let Some(folder) = &self.into {
            let told = || folder.display().to_string();
            std::fs::create_dir_all(folder).with_context(told)?;
            clap_mangen::generate_to(command, folder).with_context(told)?;
            out.line(format_args!("{}: leverd.1 and a page for each command", folder.display()))?;
            return Ok(Exit::Fine);
        }
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        out.text(&String::from_utf8(page)?)?;
        Ok(Exit::Fine)
    }
}
