//! Results for people and for machines that read JUnit.

use super::Case;
use crate::lang::html;
use std::fmt::Write as _;

/// The results as text: failed tests with their differences, then one line of counts.
pub fn human(cases: &[Case]) -> String {
    let mut out = String::new();
    for case in cases.iter().filter(|case| !case.passed()) {
        let _ = writeln!(out, "FAILED {}\n  at {}:{}", case.name, case.file, case.line);
        for fault in &case.faults {
            for line in fault.lines() {
                let _ = writeln!(out, "    {line}");
            }
        }
        out.push('\n');
    }
    let failed = cases.iter().filter(|case| !case.passed()).count();
    let tests = if cases.len() == 1 { "test" } else { "tests" };
    let _ = writeln!(out, "{} {tests}, {} passed, {failed} failed", cases.len(), cases.len() - failed);
    out
}

/// The results as a JUnit XML document.
pub fn junit(cases: &[Case]) -> String {
    let failed = cases.iter().filter(|case| !case.passed()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites name=\"leverd\" tests=\"{}\" failures=\"{failed}\">", cases.len());
    let mut files: Vec<&str> = Vec::new();
    for case in cases {
        if !files.contains(&case.file.as_str()) {
            files.push(&case.file);
        }
    }
    for file in files {
        let of: Vec<_> = cases.iter().filter(|case| case.file == file).collect();
        let failed = of.iter().filter(|case| !case.passed()).count();
        let file = escaped(file);
        let _ = writeln!(out, "  <testsuite name=\"{file}\" tests=\"{}\" failures=\"{failed}\">", of.len());
        for case in of {
            let name = escaped(&case.name);
            let _ = write!(out, "    <testcase name=\"{name}\" classname=\"{file}\" file=\"{file}\" line=\"{}\"", case.line);
            if case.passed() {
                out.push_str("/>\n");
                continue;
            }
            let first = case.faults.first().and_then(|fault| fault.lines().next()).unwrap_or_default();
            let _ = writeln!(
                out,
                ">\n      <failure message=\"{}\">{}</failure>",
                escaped(first),
                escaped(&case.faults.join("\n"))
            );
            out.push_str("    </testcase>\n");
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

/// Text for XML; a line break in an attribute stays one.
fn escaped(text: &str) -> String {
    html::escaped(text).replace('\n', "&#10;")
}
