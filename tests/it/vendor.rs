//! The adapters of this repository, read and put to work.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use jiff::Timestamp;
use leverd::lang::adapter::{self, Adapter};
use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::render::render_human;
use leverd::lang::source::Sources;
use leverd::model::{Body, Exchange, HeaderText, Outcome, Request, Response, Secret, Value};
use leverd::vendor::{self, Believed, Fetch, Got, Incoming, Listing, Page, Supplies, Talk, Turn, auth};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

const ADAPTERS: [&str; 4] = [
    "rules/qualified/vendor.yaml",
    "rules/imocha/vendor.yaml",
    "rules/codesignal/vendor.yaml",
    "examples/adapters/two-step/vendor.yaml",
];

/// An adapter of this repository; what is wrong with it, should anything be.
fn adapter(path: &str) -> Adapter {
    let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("readable");
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add(path, &bytes, &mut found).expect("text");
    let adapter = adapter::read(&mut sources, id, &mut found);
    assert!(found.is_empty(), "{}", render_human(&sources, &found, false));
    adapter.expect("no faults")
}

#[test]
fn every_adapter_is_without_fault_and_its_samples_become_what_they_say() {
    for path in ADAPTERS {
        assert_eq!(vendor::run_samples(&adapter(path)), [], "{path}");
    }
}

/// One file of `tests/codec/vendor/`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Codec {
    adapter: String,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    operation: Option<String>,
    #[serde(default)]
    inputs: BTreeMap<String, Value>,
    #[serde(default)]
    retry: bool,
    #[serde(default)]
    turns: Vec<Exchanged>,
    /// `done`, `retry`, `unknown`, `dead R4` …, or `refused R8` before anything is sent.
    #[serde(default)]
    outcome: Option<String>,
    #[serde(default)]
    learned: BTreeMap<String, Json>,
    /// Of `catalogue`.
    #[serde(default)]
    tests: Vec<Json>,
    /// Of other lists.
    #[serde(default)]
    items: Vec<Json>,
    #[serde(default)]
    delivery: Option<Delivered>,
    /// The token that requests of this case carry.
    #[serde(default)]
    bearer: Option<String>,
    /// Asking for one.
    #[serde(default)]
    token: Option<Tokened>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Tokened {
    #[serde(default)]
    request: Option<Json>,
    #[serde(default)]
    status: Option<u16>,
    json: Json,
    #[serde(default)]
    outcome: Option<String>,
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    expires_at: Option<Timestamp>,
    #[serde(default)]
    usable_until: Option<Timestamp>,
    #[serde(default)]
    used: Option<Used>,
    #[serde(default)]
    rotated: BTreeMap<String, String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Used {
    at: Timestamp,
    expires_at: Timestamp,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchanged {
    #[serde(default)]
    request: Option<Json>,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    json: Option<Json>,
    #[serde(default)]
    lost: Option<String>,
    #[serde(default)]
    not_sent: Option<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Delivered {
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    url: String,
    body: String,
    received: Timestamp,
    #[serde(default)]
    from: Option<IpAddr>,
    /// `signed`, `hint`, `handshake`, or why it is refused.
    believed: String,
    #[serde(default)]
    dedupe: Option<String>,
    /// Per notification: its event, owner keys, reads.
    #[serde(default)]
    notifications: Vec<Json>,
}

fn whole(request: &Request) -> Json {
    let text = |text: &HeaderText| match text {
        HeaderText::Plain(text) => text.clone(),
        HeaderText::Secret(secret) => secret.expose().to_owned(),
    };
    let headers: BTreeMap<&str, String> = request.headers.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
    let mut json = serde_json::json!({ "method": request.method, "path": request.path });
    let mut add = |name: &str, value: Json| {
        json.as_object_mut().expect("an object").insert(name.to_owned(), value);
    };
    if !headers.is_empty() {
        add("headers", serde_json::json!(headers));
    }
    if !request.query.is_empty() {
        add("query", serde_json::json!(request.query));
    }
    match &request.body {
        Body::Json(body) => add("json", body.clone()),
        Body::Form(fields) => add("form", serde_json::json!(fields)),
        Body::Text { text, .. } => add("text", serde_json::json!(text)),
        Body::None | Body::File { .. } => {}
    }
    json
}

fn exchange(turn: &Exchanged) -> Exchange {
    if let Some(why) = &turn.lost {
        return Exchange::Lost(why.clone());
    }
    if let Some(why) = &turn.not_sent {
        return Exchange::NotSent(why.clone());
    }
    Exchange::Answered(Response {
        status: turn.status.unwrap_or(200),
        headers: turn.headers.clone().into_iter().collect(),
        body: turn.json.as_ref().map(|json| json.to_string().into_bytes()).unwrap_or_default(),
    })
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done { .. } => "done".to_owned(),
        Outcome::Skipped { reason } => format!("skipped {}", reason.code),
        Outcome::Retry { after: Some(after), .. } => format!("retry after {}s", after.as_secs()),
        Outcome::Retry { .. } => "retry".to_owned(),
        Outcome::Unknown { .. } => "unknown".to_owned(),
        Outcome::Dead { reason } => format!("dead {}: {}", reason.code, reason.text),
        Outcome::Suspended { reason } => format!("suspended {}", reason.code),
    }
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Date { date } => Json::String(date.to_string()),
        other => serde_json::to_value(other).expect("plain"),
    }
}

/// The captures of an item, or the code of why it cannot be read.
fn listed(item: vendor::Item) -> Json {
    match item {
        Ok(captures) => Json::Object(captures.iter().map(|(name, value)| (name.clone(), plain(value))).collect()),
        Err(reason) => Json::String(format!("{}: {}", reason.code, reason.text)),
    }
}

fn now() -> Timestamp {
    "2026-11-20T09:30:00Z".parse().expect("a time")
}

fn tokened(adapter: &Adapter, secrets: &BTreeMap<String, Secret>, case: &str, asked: &Tokened) {
    let inputs = BTreeMap::new();
    let supplies = Supplies {
        base_url: &adapter.base_url,
        secrets,
        inputs: &inputs,
        retry: false,
        refresh: false,
        token: None,
        now: now(),
    };
    let request = auth::request(adapter, supplies).expect("it needs one").expect("a request");
    if let Some(expected) = &asked.request {
        assert_eq!(whole(&request), *expected, "{case}");
    }
    let body = asked.json.to_string().into_bytes();
    let response = Response { status: asked.status.unwrap_or(200), headers: Vec::new(), body };
    let token = match auth::read(adapter, &Exchange::Answered(response), now()) {
        Ok(token) => token,
        Err(outcome) => {
            assert_eq!(Some(told(&outcome)), asked.outcome, "{case}");
            return;
        }
    };
    assert_eq!(asked.outcome, None, "{case}");
    assert_eq!(asked.token.as_deref(), Some(token.secret.expose()), "{case}");
    assert_eq!(token.expires_at, asked.expires_at, "{case}");
    if let Some(until) = asked.usable_until {
        let second = jiff::SignedDuration::from_secs(1);
        assert!(token.usable(until - second) && !token.usable(until + second), "{case}");
    }
    let rotated: BTreeMap<String, String> =
        token.rotated.iter().map(|(name, secret)| (name.clone(), secret.expose().to_owned())).collect();
    assert_eq!(rotated, asked.rotated, "{case}");
    if let Some(used) = &asked.used {
        assert_eq!(token.used(used.at).expires_at, Some(used.expires_at), "{case}");
    }
}

fn spoken(adapter: &Adapter, secrets: &BTreeMap<String, Secret>, case: &Case, operation: &str) {
    let token = case.bearer.clone().map(Secret::new);
    let supplies = Supplies {
        base_url: &adapter.base_url,
        secrets,
        inputs: &case.inputs,
        retry: case.retry,
        refresh: false,
        token: token.as_ref(),
        now: now(),
    };
    let wanted = case.outcome.as_deref().unwrap_or("done");
    let mut talk = Talk::new(adapter, operation, supplies).expect("declared");
    let lists = adapter.operations.get(operation).is_some_and(|operation| operation.each.is_some());
    let mut listing = lists.then(|| Listing::new(adapter, operation, supplies).expect("declared"));
    for turn in &case.turns {
        let request = listing.as_ref().map_or_else(|| talk.request(), Listing::request).expect("a request");
        if let Some(expected) = &turn.request {
            assert_eq!(whole(&request), *expected, "{}", case.name);
        }
        for secret in secrets.values() {
            assert!(!request.line().contains(secret.expose()), "{}", case.name);
        }
        if let Some(listing) = &mut listing {
            match listing.answer(&exchange(turn)) {
                Page::Next => continue,
                Page::All(items) if operation == "catalogue" => {
                    let tests = vendor::catalogue::tests(items).expect("tests");
                    assert_eq!(serde_json::to_value(tests).expect("plain"), Json::Array(case.tests.clone()), "{}", case.name);
                }
                Page::All(items) => {
                    let items: Vec<Json> = items.into_iter().map(listed).collect();
                    assert_eq!(items, case.items, "{}", case.name);
                }
                Page::Failed(outcome) => assert_eq!(told(&outcome), wanted, "{}", case.name),
            }
            return;
        }
        if let Turn::Over(outcome) = talk.answer(&exchange(turn)) {
            assert_eq!(told(&outcome), wanted, "{}", case.name);
            if let Outcome::Done { learned } = outcome {
                let learned: BTreeMap<String, Json> =
                    learned.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
                assert_eq!(learned, case.learned, "{}", case.name);
            }
            return;
        }
    }
    let refused = talk.request().expect_err("all turns are over, yet the operation is not");
    assert_eq!(format!("refused {}: {}", refused.code, refused.text), wanted, "{}", case.name);
}

fn delivered(adapter: &Adapter, secrets: &BTreeMap<String, Secret>, case: &str, delivery: &Delivered) {
    let headers: Vec<(String, String)> = delivery.headers.clone().into_iter().collect();
    let body = delivery.body.trim_end().as_bytes();
    let incoming = Incoming { headers: &headers, body, url: &delivery.url, received: delivery.received, from: delivery.from };
    let believed = match vendor::handshake(adapter, body) {
        Some(None) => "handshake".to_owned(),
        Some(Some(reply)) => format!("handshake {reply}"),
        None => match vendor::verify(adapter, &incoming, secrets) {
            Ok(Believed { signed: true }) => "signed".to_owned(),
            Ok(Believed { signed: false }) => "hint".to_owned(),
            Err(why) => why.to_string(),
        },
    };
    assert_eq!(believed, delivery.believed, "{case}");
    if let Some(dedupe) = &delivery.dedupe {
        assert_eq!(vendor::dedupe(adapter, &incoming), *dedupe, "{case}");
    }
    if delivery.notifications.is_empty() {
        return;
    }
    let all = vendor::notifications(adapter, body).expect("decodes");
    let all: Vec<Json> = all
        .iter()
        .map(|one| {
            let owner: Vec<Json> = one
                .owner
                .iter()
                .map(|key| {
                    let mut json = serde_json::json!(key.ids);
                    if let Some(test) = &key.test {
                        json.as_object_mut().expect("an object").insert("test".to_owned(), serde_json::json!(test));
                    }
                    json
                })
                .collect();
            let reads: Vec<String> =
                one.reads.iter().map(|read| format!("{}{}", read.operation, if read.optional { "?" } else { "" })).collect();
            let how = if one.ignored {
                "ignored"
            } else if one.mapped {
                "mapped"
            } else {
                "new"
            };
            serde_json::json!({ "event": one.event, "how": how, "owner": owner, "reads": reads })
        })
        .collect();
    assert_eq!(all, delivery.notifications, "{case}");
}

#[test]
fn every_codec_fixture_is_spoken_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/codec/vendor");
    let mut seen = 0;
    let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path());
    for file in files.filter(|path| path.is_file()) {
        let text = std::fs::read_to_string(&file).expect("text");
        let codec: Codec = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let adapter = adapter(&codec.adapter);
        let secrets = codec.secrets.into_iter().map(|(name, text)| (name, Secret::new(text))).collect();
        for case in &codec.cases {
            seen += 1;
            if let Some(operation) = &case.operation {
                spoken(&adapter, &secrets, case, operation);
            }
            if let Some(asked) = &case.token {
                tokened(&adapter, &secrets, &case.name, asked);
            }
            if let Some(delivery) = &case.delivery {
                delivered(&adapter, &secrets, &case.name, delivery);
            }
        }
    }
    assert!(seen > 20, "only {seen} cases");
}

/// What follows the host of a report's URL may name the candidate and be all that it takes to read the report.
#[test]
fn a_reports_url_is_sent_as_parsed_and_no_line_shows_its_path() {
    let adapter = adapter("rules/imocha/vendor.yaml");
    let secrets: BTreeMap<String, Secret> = adapter.secrets.keys().map(|name| (name.clone(), Secret::new("s3cret"))).collect();
    let inputs = BTreeMap::from([("ids.invitation_id".to_owned(), Value::text("1"))]);
    let supplies = Supplies {
        base_url: &adapter.base_url,
        secrets: &secrets,
        inputs: &inputs,
        retry: false,
        refresh: false,
        token: None,
        now: now(),
    };
    let mut fetch = Fetch::new(&adapter, "pdf", supplies).expect("declared");
    let url = format!("{}/reports/../files/Zoë Example.pdf?sig=t0ken", adapter.base_url);
    let body = serde_json::json!({ "Status": "Complete", "pdfReportUrl": url }).to_string().into_bytes();
    let got = fetch.answer(&Exchange::Answered(Response { status: 200, headers: Vec::new(), body }));
    assert_eq!(got, Got::Next);
    let request = fetch.request().expect("a request");
    assert_eq!(request.path, format!("{}/files/Zo%C3%AB%20Example.pdf?sig=t0ken", adapter.base_url));
    let line = request.line();
    assert!(line.ends_with("/***") && !line.contains("Example") && !line.contains("t0ken"), "{line}");
}

#[test]
fn the_schema_accepts_every_adapter_and_refuses_unknown_keys() {
    let schema = serde_json::to_value(adapter::vendor_schema()).expect("plain");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for path in ADAPTERS {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("text");
        let mut json: Json = serde_yaml::from_str(&text).expect("yaml");
        let faults: Vec<String> =
            validator.iter_errors(&json).map(|fault| format!("{} {fault}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{path}: {faults:#?}");
        json.as_object_mut().expect("a map").insert("tilte".to_owned(), Json::Null);
        assert!(!validator.is_valid(&json), "{path}");
    }
}

/// What an adapter must be able to do, row by row: how it is known to the vendor, how it asks, what it takes from answers, how it goes
/// through pages, what it believes and understands of webhooks, how it polls and is registered.
const ROWS: [(&str, u32); 9] =
    [("AU", 8), ("RQ", 8), ("RS", 5), ("WV", 9), ("WI", 6), ("PL", 4), ("PV", 3), ("RP", 6), ("PAGING", 0)];

/// The words of every codec fixture's names and comments, and of the lines above and of tests.
fn words() -> std::collections::BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut words, mut folders) = (std::collections::BTreeSet::new(), vec![root.join("tests"), root.join("src")]);
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path()) {
            let kind = path.extension().and_then(std::ffi::OsStr::to_str);
            match kind {
                _ if path.is_dir() => folders.push(path),
                Some("rs" | "yaml") => {
                    let bytes = std::fs::read(&path).expect("readable");
                    let text = String::from_utf8_lossy(&bytes);
                    let marks = ["// ", "# ", "- name: ", "fn "];
                    let lines =
                        text.lines().map(str::trim_start).filter(|line| marks.iter().any(|mark| line.starts_with(mark)));
                    let cut = |c: char| !c.is_ascii_alphanumeric();
                    words.extend(lines.flat_map(|line| line.split(cut)).map(str::to_uppercase));
                }
                _ => {}
            }
        }
    }
    words
}

#[test]
fn every_capability_of_an_adapter_has_a_test() {
    let words = words();
    let rows = ROWS.iter().flat_map(|(group, count)| match count {
        0 => vec![(*group).to_owned()],
        count => (1..=*count).map(|row| format!("{group}{row}")).collect(),
    });
    let without: Vec<String> = rows.filter(|row| !words.contains(row)).collect();
    assert!(without.is_empty(), "without a test: {without:?}");
}
