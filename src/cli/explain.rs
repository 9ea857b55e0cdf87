//! `leverd explain`: what a code means, with an example that has the fault and the same mended.

use super::exit::Exit;
use super::out::{Format, Out, for_reading};
use crate::lang;
use crate::lang::near::near;
use crate::model::Code;
use crate::sim::script;
use crate::suite;
use anstyle::Style;
use clap::Args;
use serde_json::json;

/// Every code that a message may carry.
pub(super) fn entries() -> impl Iterator<Item = &'static lang::explain::Entry> + Clone {
    lang::explain::entries().chain(suite::ENTRIES).chain(script::ENTRIES)
}

/// Say what a diagnostic code means, with a bad and a good example
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The code in the brackets of a message, such as `unknown-key`, or of a failure, such as `R10`; all codes if left out
    code: Option<String>,
    /// How to write it
    #[arg(long, default_value = "human", value_parser = for_reading())]
    format: Format,
}

impl Explain {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let Some(wanted) = &self.code else {
            let codes: Vec<&str> = entries().map(|entry| entry.0).chain(failures().map(|(code, ..)| code.as_str())).collect();
            if self.format == Format::Json {
                out.json(&codes)?;
            } else {
                codes.iter().try_for_each(|code| out.line(code))?;
            }
            return Ok(Exit::Fine);
        };
        // People paste `error[unknown-key]`.
        let wanted = wanted.rsplit('[').next().unwrap_or(wanted).trim_end_matches(']');
        if let Some((code, what, helps)) = failures().find(|(code, ..)| code.as_str().eq_ignore_ascii_case(wanted)) {
            return self.failure(out, code, what, helps);
        }
        let Some((code, text, bad, good)) = entries().find(|entry| entry.0 == wanted) else {
            let near = near(wanted, entries().map(|entry| entry.0));
            let near = near.first().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            anyhow::bail!("there is no code `{wanted}`{near} (`leverd explain` lists all)");
        };
        if self.format == Format::Json {
            out.json(&json!({ "code": code, "text": text, "bad": bad, "good": good }))?;
            return Ok(Exit::Fine);
        }
        let bold = Style::new().bold();
        out.line(format_args!("{bold}{code}{bold:#}\n"))?;
        out.line(wrap(text, 100))?;
        for (title, example) in [("wrong", bad), ("right", good)] {
            if !example.trim().is_empty() {
                out.line(format_args!("\n{bold}{title}{bold:#}\n"))?;
                for line in example.trim_end().lines() {
                    out.line(format!("    {line}").trim_end())?;
                }
            }
        }
        Ok(Exit::Fine)
    }

    fn failure(&self, out: &mut Out, code: Code, what: &str, helps: &str) -> anyhow::Result<Exit> {
        if self.format == Format::Json {
            out.json(&json!({ "code": code, "text": what, "who_helps": helps }))?;
            return Ok(Exit::Fine);
        }
        let bold = Style::new().bold();
        out.line(format_args!("{bold}{code}{bold:#}\n"))?;
        out.line(wrap(&format!("Something that no check of the files can rule out: {what}."), 100))?;
        out.line(wrap(&format!("Who helps: {helps}."), 100))?;
        Ok(Exit::Fine)
    }
}

/// What may still go wrong where `validate` found no fault.
fn failures() -> impl Iterator<Item = (Code, &'static str, &'static str)> {
    Code::ALL.iter().filter_map(|code| code.failure().map(|(what, helps)| (*code, what, helps)))
}

/// Words in lines of at most `width` characters.
fn wrap(text: &str, width: usize) -> String {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.join("\n")
}
