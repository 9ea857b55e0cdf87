//! `leverd completions`: what a shell needs to complete leverd's command lines.

use super::exit::Exit;
use super::out::Out;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

/// Write a script that lets a shell complete leverd's command lines
///
/// bash: `leverd completions bash > ~/.local/share/bash-completion/completions/leverd`; zsh: into a folder of `fpath`, as `_leverd`; fish:
/// `~/.config/fish/completions/leverd.fish`.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::Arguments::command(), "leverd", &mut script);
        out.text(&String::from_utf8(script)?)?;
        Ok(Exit::Fine)
    }
}
