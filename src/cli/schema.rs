//! `leverd schema`: the JSON Schemas of every file that people write, and the description of the API.

use super::exit::Exit;
use super::out::Out;
use crate::lang;
use crate::server::api;
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
    /// Which file's schema, or `openapi` for the description of the API; all names if left out
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
        ("rules", lang::schema::rules_schema()),
        ("vendor", lang::adapter::vendor_schema()),
        ("catalogue", lang::catalogue::catalogue_schema()),
        ("tests", crate::suite::tests_schema()),
    ]
}

/// The name of the API's description, which is a schema of no file.
const OPENAPI: &str = "openapi";

fn names() -> Vec<&'static str> {
    schemas().into_iter().map(|(name, _)| name).chain([OPENAPI]).collect()
}

/// The description of the API as the text of its file.
pub fn openapi() -> String {
    let mut text = serde_json::to_string_pretty(&api::openapi::document()).unwrap_or_default();
    text.push('\n');
    text
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
            let path = folder.join(format!("{OPENAPI}.json"));
            fs::write(&path, openapi()).with_context(|| format!("{}", path.display()))?;
            out.line(path.display())?;
            return Ok(Exit::Fine);
        }
        match &self.name {
            Some(wanted) if wanted == OPENAPI => out.text(&openapi())?,
            Some(wanted) => {
                let found = schemas().into_iter().find(|(name, _)| name == wanted);
                out.text(&found.map(|(_, schema)| text(&schema)).unwrap_or_default())?;
            }
            None => names().into_iter().try_for_each(|name| out.line(name))?,
        }
        Ok(Exit::Fine)
    }
}
