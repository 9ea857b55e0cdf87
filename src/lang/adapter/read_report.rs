//! Reading `reports`.

use super::ctx::{Reader, get};
use super::grammar;
use super::{FileType, OnUnknown, Operation, Report};
use crate::lang::diagnostic::Diagnostic;
use crate::lang::yaml::{Key, Node};
use std::collections::BTreeMap;

impl Reader<'_> {
    /// The declared reports; `operations` are those that could be read.
    pub(super) fn reports(&mut self, node: &Node, operations: &BTreeMap<String, Operation>) -> BTreeMap<String, Report> {
        let mut reports = BTreeMap::new();
        for (key, node) in node.entries(self.found).unwrap_or_default() {
            if let Some(report) = self.report(key, node, operations) {
                reports.insert(key.text.clone(), report);
            }
        }
        reports
    }

    fn report(&mut self, key: &Key, node: &Node, operations: &BTreeMap<String, Operation>) -> Option<Report> {
        if !super::text::is_name(&key.text) || key.text.contains('.') {
            let message = format!("`{}` cannot be the name of a report", key.text);
            self.fault("bad-name", key.span, message, "letters, digits and `_`");
        }
        let entries = grammar::REPORT.entries(node, self.found);
        let ty = get(&entries, "type").map_or(Some(FileType::Pdf), |node| self.one_of(node, &FileType::ALL));
        let named = get(&entries, "operation")?;
        let name = self.operation_names(named).pop()?;
        // One that could not be read is told already.
        let operation = operations.get(&name)?;
        if !operation.only_reads() && operation.on_unknown != OnUnknown::Repeat {
            self.fault(
                "report-writes",
                named.span,
                format!("`{name}` changes something at the vendor, and a report is asked for until it is ready"),
                "name an operation of GET requests, or say `on_unknown: repeat` if asking again changes nothing more",
            );
        }
        let url = match get(&entries, "url") {
            None => {
                if operation.steps.last().is_some_and(|step| !step.take.is_empty()) {
                    self.fault(
                        "report-url",
                        key.span,
                        format!("the last answer of `{name}` is JSON, since something is taken of it, and no file"),
                        "name the capture that holds the file's URL: `url: NAME`",
                    );
                }
                None
            }
            Some(node) => {
                let capture = node.as_text(self.found)?;
                let captures: Vec<&str> = operation.captures().map(|(name, _)| name).collect();
                if !captures.contains(&capture) {
                    self.found.push(
                        Diagnostic::error("report-url", node.span, format!("`{name}` takes no `{capture}` of its answers"))
                            .suggest_near(node.span, capture, captures.iter().copied())
                            .help(format!("add it to `{name}`: `take: {{ {capture}: JSONPATH }}`")),
                    );
                }
                Some(capture.to_owned())
            }
        };
        Some(Report { operation: name, url, ty: ty? })
    }
}
