//! `add_file`: a report of the vendor as a file of the opportunity; under its key it replaces the one that stood there.

use super::registry::{Needs, Verb};
use super::{Action, Draft, Stop, keyed};
use crate::lang::compile::check::Check;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::scope::Scope;
use crate::lang::shape::{KeyShape, Names, Shape, Ty};
use crate::lang::template::Template;
use crate::lang::yaml::Node;
use crate::model::{Act, Attachment, Said, Slot};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) static VERB: Verb = Verb {
    name: "add_file",
    doc: "Attaches a report that `vendor.yaml` declares, once the vendor has it. With a `key` it replaces the file that stood there.",
    shape: Ty::Map(&SHAPE),
    needs: Needs::Assessment,
    good: "add_file: { report: pdf, key: report, name: \"{{assessment.title}}.pdf\" }",
    bad: ("unknown-report", "add_file: { report: pfd, name: Report.pdf }"),
    parse,
};

static SHAPE: Shape = Shape {
    what: "`add_file`",
    keys: &[
        KeyShape::must("report", Ty::Of(Names::Report), "one of the `reports` of vendor.yaml"),
        KeyShape::must("name", Ty::Text, "the file's name in Lever"),
        KeyShape::may("key", Ty::Text, "a file under the same key is replaced"),
    ],
};

/// Longer names are cut.
const LONGEST: usize = 150;

#[derive(Debug)]
struct AddFile {
    report: String,
    name: Arc<Template>,
    key: Option<Arc<Template>>,
}

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, _: &str) -> Option<Arc<dyn Action>> {
    let entries = SHAPE.entries(node, check.found);
    let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
    check.acts(VERB.name, node.span);
    let report = get("report").and_then(|node| report(check, node));
    let name = get("name").and_then(|node| check.full_text(scope, node, "the name of a file"));
    let key = get("key").map(|node| check.full_text(scope, node, "a key"));
    let key = match key {
        Some(key) => Some(key?),
        None => None,
    };
    Some(Arc::new(AddFile { report: report?, name: name?, key }))
}

/// The name of a declared report.
fn report(check: &mut Check<'_, '_>, node: &Node) -> Option<String> {
    let name = node.as_text(check.found)?.trim().to_owned();
    // Without a vendor there is no assessment, and that is told.
    let reports = &check.declared.adapter.as_ref()?.reports;
    if reports.contains_key(&name) {
        return Some(name);
    }
    let known: Vec<String> = reports.keys().map(|name| format!("`{name}`")).collect();
    let fault = Diagnostic::error("unknown-report", node.span, format!("vendor.yaml declares no report `{name}`"))
        .suggest_near(node.span, &name, reports.keys().map(String::as_str));
    check.found.push(match known.as_slice() {
        [] => fault.help(format!("declare it there: `reports: {{ {name}: {{ operation: …, url: … }} }}`")),
        known => fault.help(format!("its reports are {}", known.join(", "))),
    });
    None
}

impl Action for AddFile {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let Some(row) = draft.assessment()? else {
            draft.say(Said::Skipped { reason: "there is no attempt whose report it could be".to_owned() });
            return Ok(());
        };
        let adapter = draft.pack().vendor.clone();
        let Some((adapter, report)) = adapter.as_ref().and_then(|adapter| Some((adapter, adapter.reports.get(&self.report)?)))
        else {
            draft.say(Said::Skipped { reason: format!("the adapter declares no report `{}`", self.report) });
            return Ok(());
        };
        let mut inputs = BTreeMap::new();
        for name in adapter.operations.get(&report.operation).map(|operation| operation.inputs.as_slice()).unwrap_or_default() {
            if let Some(value) = draft.fact(name)? {
                inputs.insert(name.clone(), value);
            }
        }
        let name = file_name(&draft.text(&self.name)?, report.ty.as_str());
        let key = match &self.key {
            Some(key) => Some(keyed(draft, key)?),
            None => None,
        };
        let act = Attachment {
            vendor: adapter.name.clone(),
            report: self.report.clone(),
            name,
            key: key.as_ref().map(|key| key.key.clone()),
            assessment: row.id,
            inputs,
        };
        draft.effect(key.map(Slot::File), &self.identity(), Act::File(act));
        Ok(())
    }

    fn identity(&self) -> String {
        match &self.key {
            Some(key) => format!("key {}", key.source()),
            None => format!("{}: {}", self.report, self.name.source()),
        }
    }
}

/// A text as the name of a file: one line without separators of paths, not too long, with the end that says what it is.
fn file_name(text: &str, end: &str) -> String {
    let end = format!(".{end}");
    let plain: String =
        text.chars().map(|c| if c.is_control() || matches!(c, '/' | '\\' | ':' | '"') { ' ' } else { c }).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut = plain.len().checked_sub(end.len()).and_then(|at| Some((plain.get(..at)?, plain.get(at..)?)));
    let stem = match cut {
        Some((stem, tail)) if tail.eq_ignore_ascii_case(&end) => stem,
        _ => &plain,
    };
    let stem: String = stem.trim_matches([' ', '.']).chars().take(LONGEST).collect();
    format!("{}{end}", if stem.is_empty() { "Report" } else { stem.trim_end() })
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn b58_a_name_of_a_file_is_one_line_and_says_what_it_is() {
        assert_eq!(file_name("Java: Basics - Ada\nLovelace.PDF", "pdf"), "Java Basics - Ada Lovelace.pdf");
        assert_eq!(file_name("../../etc/passwd", "pdf"), "etc passwd.pdf");
        assert_eq!((file_name(" . ", "pdf"), file_name("日本.txt", "pdf")), ("Report.pdf".into(), "日本.txt.pdf".into()));
        assert_eq!(file_name(&"x".repeat(400), "pdf").len(), 154);
    }
}
