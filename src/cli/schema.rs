//! `leverd schema`: the JSON Schemas of every file that people write.

use super::exit::Exit;
use super::out::Out;
use crate::lang;
use anyhow::Context;
use clap::Args;
use schemars::Schema;
use std::fs;
use std::path::PathBuf;

/// Print a JSON Schema, or write all of them into a folder
///
/// Editors with a YAML language server check and complete files that start with
/// `# yaml-language-server: $schema=schema/config.schema.json`.
#[derive(Debug, Args)]
pub struct SchemaCommand {
    /// Which file's schema; all names if left out
    #[arg(value_parser = names())]
    name: Option<String>,
    /// Write every schema as NAME.schema.json into this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "name")]
    write: Option<PathBuf>,
}

/// Every schema by name.
pub fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("config", lang::config::config_schema()),
        ("vendor", lang::adapter::vendor_schema()),
        ("catalogue", lang::catalogue::catalogue_schema()),
        ("tests", crate::suite::tests_schema()),
    ]
}

fn names() -> Vec<&'static str> {
    schemas().into_iter().map(|(name, _)| name).collect()
}

/// A schema as the text of its file.
pub fn text(schema: &Schema) -> String {
    let mut text = serde_json::to_string_pretty(schema).unwrap_or_default();
    text.push('\n');
    text
}

impl SchemaCommand {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        if let Some(folder) = &self.write {
            fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
            for (name, schema) in schemas() {
                let path = folder.join(format!("{name}.schema.json"));
                fs::write(&path, text(&schema)).with_context(|| format!("{}", path.display()))?;
                out.line(path.display())?;
            }
            return Ok(Exit::Fine);
        }
        match &self.name {
            Some(wanted) => {
                let found = schemas().into_iter().find(|(name, _)| name == wanted);
                out.text(&found.map(|(_, schema)| text(&schema)).unwrap_or_default())?;
            }
            None => names().into_iter().try_for_each(|name| out.line(name))?,
        }
        Ok(Exit::Fine)
    }
}
