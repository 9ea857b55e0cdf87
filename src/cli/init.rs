//! `leverd init`: a folder to start from, which passes `validate` and `test` as it is.

use super::exit::Exit;
use super::out::Out;
use anyhow::{Context, bail};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};

/// Write a folder to start from: leverd.yaml, a pack of rules with tests, an example catalogue, a CI workflow
#[derive(Debug, Args)]
pub(super) struct Init {
    /// Where to write; made if it is not there
    #[arg(default_value = ".")]
    folder: PathBuf,
}

/// What is written, in the order shown.
const FILES: [(&str, &str); 6] = [
    ("leverd.yaml", include_str!("init/leverd.yaml")),
    ("rules/starter/rules.yaml", include_str!("init/rules.yaml")),
    ("rules/starter/tests.yaml", include_str!("init/tests.yaml")),
    ("catalogue/acme.yaml", include_str!("init/catalogue.yaml")),
    (".github/workflows/leverd.yml", include_str!("init/workflow.yml")),
    (".gitignore", "leverd.db*\n"),
];

impl Init {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        // All or nothing: a folder half old and half new helps nobody.
        let there: Vec<&str> = FILES.iter().map(|(name, _)| *name).filter(|name| occupied(&self.folder.join(name))).collect();
        if !there.is_empty() {
            bail!(
                "{} already has {}; nothing was written (`leverd init NAME` makes a new folder)",
                self.folder.display(),
                there.join(", ")
            );
        }
        for (name, text) in FILES {
            let path = self.folder.join(name);
            let write = || {
                path.parent().map_or(Ok(()), fs::create_dir_all)?;
                fs::OpenOptions::new().write(true).create_new(true).open(&path).and_then(|mut file| {
                    use std::io::Write;
                    file.write_all(text.as_bytes())
                })
            };
            write().with_context(|| path.display().to_string())?;
            out.line(format_args!("wrote {}", path.display()))?;
        }
        out.text(NEXT)?;
        let here = self.folder == Path::new(".");
        out.line(if here {
            "\nNow:\n  leverd validate".to_owned()
        } else {
            format!("\nNow:\n  leverd validate {}", self.folder.display())
        })?;
        Ok(Exit::Fine)
    }
}

/// Whether something stands there, be it a link to nowhere.
fn occupied(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

const NEXT: &str = "
The catalogue is an example. To work with your own account:
  1. put Lever's API key into the environment as LEVER_API_KEY
  2. `leverd pull acme` saves your stages, tags and postings over the example
  3. `leverd validate` says which names in the rules your account does not have
  4. `leverd serve` runs it; packs in mode `shadow` plan and record, and send nothing
";
