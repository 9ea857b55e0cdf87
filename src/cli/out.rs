//! Where commands write: colour only for people, and a reader that has gone away is no fault.

use super::exit::Exit;
use super::explain;
use crate::lang::diagnostic::Diagnostics;
use crate::lang::render::{render_github, render_human, render_json};
use crate::lang::sarif::render_sarif;
use crate::lang::source::Sources;
use anstream::{AutoStream, ColorChoice};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::fmt;
use std::io::{self, Write};

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// For programs.
    Json,
    /// Annotations of GitHub's CI.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// The formats of reports that have no place in a file, so nothing to annotate.
pub(super) fn for_reading() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["human", "json"]).map(|text| if text == "json" { Format::Json } else { Format::Human })
}

/// The formats of what is no list of faults.
pub(super) fn without_sarif() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["human", "json", "github"]).map(|text| match text.as_str() {
        "json" => Format::Json,
        "github" => Format::Github,
        _ => Format::Human,
    })
}

/// Standard output, or what a test collects.
pub struct Out {
    to: Box<dyn Write>,
    /// Whether styles reach the reader: a terminal, and `NO_COLOR` is not set.
    pub colour: bool,
}

impl Out {
    /// Standard output.
    pub fn stdout() -> Self {
        let colour = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        Self { to: Box::new(anstream::stdout()), colour }
    }

    /// Standard error, for what must not stand in the output.
    pub fn stderr() -> Self {
        let colour = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
        Self { to: Box::new(anstream::stderr()), colour }
    }

    /// Nobody reads it.
    pub fn nowhere() -> Self {
        Self { to: Box::new(io::sink()), colour: false }
    }

    /// A line of text.
    pub fn line(&mut self, text: impl fmt::Display) -> io::Result<()> {
        writeln!(self.to, "{text}")
    }

    /// Text that ends its own lines.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.to.write_all(text.as_bytes())
    }

    /// A value as indented JSON.
    pub fn json(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
        self.line(text)
    }

    /// The diagnostics alone, in the asked-for format.
    pub fn diagnostics(&mut self, format: Format, sources: &Sources, found: &Diagnostics) -> io::Result<()> {
        match format {
            Format::Human => self.text(&render_human(sources, found, self.colour)),
            Format::Json => self.line(render_json(sources, found)),
            Format::Github => self.text(&render_github(sources, found)),
            Format::Sarif => self.line(render_sarif(sources, found, explain::entries())),
        }
    }

    /// Hands everything to the reader.
    pub fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The exit of a command, with an error told on standard error. `leverd … | head` is fine.
pub(super) fn settle(result: anyhow::Result<Exit>) -> Exit {
    let error = match result {
        Ok(exit) => return exit,
        Err(error) => error,
    };
    let gone = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(gone) {
        return Exit::Fine;
    }
    // Nobody is left to be told if standard error is gone too.
    let _ = writeln!(anstream::stderr(), "error: {error:#}");
    Exit::Usage
}

/// `1 file`, `2 files`.
pub(super) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}
