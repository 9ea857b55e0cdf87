//! Reports: from the operation that tells where one is, or is one, to bytes that are what they should be.

use jiff::Timestamp;
use leverd::lang::adapter::{self, Adapter};
use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::render::render_human;
use leverd::lang::source::Sources;
use leverd::model::{Exchange, HeaderText, Outcome, Request, Response, Secret, Value};
use leverd::vendor::{Fetch, Got, Supplies};
use std::collections::BTreeMap;

/// One report behind a URL that an operation tells, one that is the answer itself.
const ADAPTER: &str = r#"
vendor: acme
title: Acme
base_url: https://api.acme.example.com/v1
hosts: [files.acme.example.com]
secrets: { key: API key }
auth: { bearer: "{{secret.key}}" }
errors: [{ status: [202, 409], class: not_ready }]
events: { scored: {} }
operations:
  invite:
    request: { post: /invitations, json: { email: "{{candidate.email}}", test: "{{test.id}}" } }
    take: { attempt_id: $.attempt }
  report:
    request: { get: "/results/{{ids.attempt_id}}/report" }
    take: { url: $.pdf }
  download:
    request: { get: "/results/{{ids.attempt_id}}/report.pdf" }
reports:
  pdf: { operation: report, url: url, type: pdf }
  direct: { operation: download, type: pdf }
"#;

fn acme() -> Adapter {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add("vendor.yaml".to_owned(), ADAPTER.as_bytes(), &mut found).unwrap();
    let adapter = adapter::read(&mut sources, id, &mut found);
    assert!(!found.has_errors(), "{}", render_human(&sources, &found, false));
    adapter.unwrap()
}

/// What became of fetching, and what was asked on the way: the URL's path, and whether our key went along.
struct Fetched {
    got: Got,
    asked: Vec<(String, bool)>,
}

fn answered(status: u16, body: &[u8]) -> Exchange {
    Exchange::Answered(Response { status, headers: Vec::new(), body: body.to_vec() })
}

fn keyed(request: &Request) -> bool {
    request
        .headers
        .iter()
        .any(|(name, text)| name.eq_ignore_ascii_case("authorization") && matches!(text, HeaderText::Secret(_)))
}

fn fetch(report: &str, answers: &[Exchange]) -> Fetched {
    let adapter = acme();
    let secrets = BTreeMap::from([("key".to_owned(), Secret::new("k-1"))]);
    let inputs = BTreeMap::from([("ids.attempt_id".to_owned(), Value::text("7"))]);
    let now: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    let base_url = adapter.base_url.clone();
    let supplies =
        Supplies { base_url: &base_url, secrets: &secrets, inputs: &inputs, retry: false, refresh: false, token: None, now };
    let mut fetch = Fetch::new(&adapter, report, supplies).unwrap();
    let mut asked = Vec::new();
    for answer in answers {
        let request = match fetch.request() {
            Ok(request) => request,
            Err(reason) => return Fetched { got: Got::Failed(Outcome::Dead { reason }), asked },
        };
        asked.push((request.path.clone(), keyed(&request)));
        match fetch.answer(answer) {
            Got::Next => {}
            got => return Fetched { got, asked },
        }
    }
    match fetch.request() {
        Err(reason) => Fetched { got: Got::Failed(Outcome::Dead { reason }), asked },
        Ok(request) => panic!("it asks for more: {}", request.line()),
    }
}

/// Tried again, and why.
fn again(got: &Got) -> &str {
    match got {
        Got::Failed(Outcome::Retry { reason, .. }) => &reason.text,
        other => panic!("{other:?}"),
    }
}

const PDF: &[u8] = b"%PDF-1.7\n...";

// RP2 RP4
#[test]
fn a_url_that_an_answer_tells_is_read_without_our_key_where_it_is_another_hosts() {
    let told = br#"{"pdf": "https://files.acme.example.com/r/7.pdf?sig=s"}"#;
    let fetched = fetch("pdf", &[answered(200, told), answered(200, PDF)]);
    assert_eq!(fetched.got, Got::File(PDF.to_vec()));
    let asked = [("/results/7/report".to_owned(), true), ("https://files.acme.example.com/r/7.pdf?sig=s".to_owned(), false)];
    assert_eq!(fetched.asked, asked);
}

#[test]
fn a_url_of_a_host_that_nobody_declared_is_not_read() {
    let told = br#"{"pdf": "https://169.254.169.254/latest/meta-data"}"#;
    let fetched = fetch("pdf", &[answered(200, told)]);
    assert!(matches!(fetched.got, Got::Failed(Outcome::Dead { .. })), "{:?}", fetched.got);
    assert_eq!(fetched.asked.len(), 1);
}

// RP3
#[test]
fn an_answer_that_is_the_file_itself_is_read_with_our_key() {
    let fetched = fetch("direct", &[answered(200, PDF)]);
    assert_eq!(fetched.got, Got::File(PDF.to_vec()));
    assert_eq!(fetched.asked, [("/results/7/report.pdf".to_owned(), true)]);
}

// RP5
#[test]
fn a_report_in_the_making_is_asked_for_again() {
    for answer in [answered(202, b"{}"), answered(409, br#"{"error": "processing"}"#), answered(200, b"{}")] {
        again(&fetch("pdf", &[answer]).got);
    }
    let told = br#"{"pdf": "https://files.acme.example.com/r/7.pdf"}"#;
    let expired = fetch("pdf", &[answered(200, told), answered(403, b"expired")]);
    assert!(again(&expired.got).contains("no longer"), "{}", again(&expired.got));
}

// RP6
#[test]
fn what_is_no_pdf_or_too_large_for_lever_is_no_report() {
    assert!(again(&fetch("direct", &[answered(200, b"<!doctype html><p>sign in")]).got).contains("a page came"));
    assert!(again(&fetch("direct", &[answered(200, b"")]).got).contains("empty"));
    assert!(again(&fetch("direct", &[answered(200, b"PK\x03\x04")]).got).contains("no pdf"));
    let headers = vec![(Response::OVERSIZED.to_owned(), "31457280".to_owned())];
    let oversized = Exchange::Answered(Response { status: 200, headers, body: Vec::new() });
    match fetch("direct", &[oversized]).got {
        Got::Failed(Outcome::Dead { reason }) => assert!(reason.text.contains("30 MB"), "{}", reason.text),
        other => panic!("{other:?}"),
    }
}
