//! Paths as vendor files use them. serde_json_path, which passes the whole compliance suite, is the referee.

use super::*;
use crate::lang::source::Sources;
use serde_json::json;

fn read(text: &str, select: Select) -> Result<Extract, Vec<String>> {
    let mut sources = Sources::new();
    let id = sources.add_text("t", text);
    let mut found = Diagnostics::new();
    Extract::parse_text(text, select, &|range| Span::new(id, range), &mut found)
        .ok_or_else(|| found.sorted().iter().map(|d| format!("{}: {}", sources.slice(d.primary), d.message)).collect())
}

const CONTEXT: PipeContext<'_> = PipeContext { base_url: "https://api.example.com/v1/" };

fn take(text: &str, document: &Json) -> Result<Option<Json>, String> {
    read(text, Select::One).expect(text).apply(document, &CONTEXT).map_err(|error| error.to_string())
}

#[test]
fn the_referee_agrees() {
    let document = json!({
        "data": [ { "id": 1, "name": "Ada", "tags": ["a", "b"], "meta": { "id": 10 } },
                  { "id": 2, "name": "Bob", "tags": [], "score": 66.5 },
                  { "id": 3, "first name": "Cy", "score": null, "ok": true } ],
        "a": { "b": { "c": 1 }, "'": 2, "\"": 3, "é": 4, "": 5 },
        "next": "https://example.com/?page=2", "count": 3, "list": [0, 1, 2, 3, 4, 5],
    });
    for path in [
        "$",
        "$.a",
        "$.a.b.c",
        "$['a']",
        "$[\"a\"]['b']",
        "$.a.é",
        "$.a['\\'']",
        "$.a[\"\\\"\"]",
        "$.a['']",
        "$.missing",
        "$.a.b.c.d",
        "$.data[0]",
        "$.data[-1].id",
        "$.data[9]",
        "$.data[*].id",
        "$.data[0:2].id",
        "$.list[::2]",
        "$.list[::-1]",
        "$.list[-2:]",
        "$.list[5:1:-2]",
        "$.list[0,2,4]",
        "$.data[0]['id','name']",
        "$.*",
        "$.a.*",
        "$..id",
        "$..c",
        "$.data..id",
        "$.data[?@.score]",
        "$.data[?@.id == 2].name",
        "$.data[?@.id > 1 && @.name].id",
        "$.data[?(@.id == 1 || @.ok == true)].id",
        "$.data[?!@.name].id",
        "$.data[?@.name == 'Ada']",
        "$.data[?@['first name'] == \"Cy\"].id",
        "$.data[?@.score == null].id",
        "$.data[?length(@.tags) == 2].id",
        "$.data[?@.meta.id >= 10].id",
        "$.data[?@.id == $.count].id",
        "$.data[?match(@.name, 'A.*')].id",
        "$.data[?search(@.name, 'o')].id",
        "$.data[?value(@.id) == 3].ok",
        "$.data[?@.score < 67].id",
        "$.data[?length(@.tags) == 0].id",
        "$.data[?length(@.name) == 3].id",
        "$.data[?length(@.missing) == 0].id",
        "$.data[?value(@..id) == 1].id",
        "$.data[?@.missing == null].id",
        "$.data[?@.missing != 1].id",
        "$.data[?@.missing == @.nope].id",
        "$.data[?@.id != 2].id",
        "$.data[?@.tags == @.tags].id",
        "$.data[?@.meta].id",
        "$.data[?@.tags[0] == 'a'].id",
        "$.data[?@.score != null].id",
        "$.data[?@.name < 'B'].id",
        "$.data[?@.ok].id",
        "$.data[?@.ok == false].id",
        "$.data[?!(@.id == 1)].id",
        "$.data[?@.id==1 || @.id==2 && @.score].id",
        "$.data[?@.id == 1.0].id",
        "$.data[?@.id == 1e0].id",
        "$.data[?@.id >= 1].id",
        "$.data[?'a' == 'a'].id",
        "$.data[?@.*].id",
        "$.data[?@..id].id",
        "$[?@.b]",
        "$.a[?@ == 2]",
        "$.list[?@ > 3]",
        "$.list[?@ > 3, 0]",
        "$.data[0,0].id",
        "$.data[*]['id']",
        "$.data[?match(@.name, 'ada')].id",
        "$.data[?match(@.name, 'A.a')].id",
        "$.data[?search(@.name, '^A')].id",
        "$.data[?match(@.id, '1')].id",
        "$.list[1:3,0]",
        "$.data[?@.tags[*]].id",
        "$..[0]",
        "$..*",
        "$.data..[?@.id]",
    ] {
        let ours: Vec<Json> = read(path, Select::Many).expect(path).nodes(&document).into_iter().cloned().collect();
        let referee = serde_json_path::JsonPath::parse(path).expect(path);
        let theirs: Vec<Json> = referee.query(&document).all().into_iter().cloned().collect();
        assert_eq!(ours, theirs, "{path}");
    }
}

#[test]
fn what_the_library_reads_wrongly_is_refused_with_a_caret() {
    for (path, expected) in [
        ("data.id", "data.id: a JSONPath starts with `$`"),
        ("$.a.b c", " : a blank cannot stand inside of a path"),
        ("$ .a", " : a blank cannot stand inside of a path"),
        ("$.a[?@.x in ['a']]", " : a blank cannot stand inside of a path"),
        ("$.a[?nin(@.x, ['a'])]", "nin: `nin` is no function of JSONPath"),
        ("$.a[?length(@.b)]", "$.a[?length(@.b)]: `length` and `value` give a value, not yes or no"),
        ("$.a[?count(@.*) == 0]", "$.a[?count(@.*) == 0]: `count` is not supported: with nothing to count it gives no number"),
        ("$.a[?length(@.*) == 1]", "$.a[?length(@.*) == 1]: this function takes one value, and its path may select several"),
        (
            "$.a[?length(@['a','b']) == 1]",
            "$.a[?length(@['a','b']) == 1]: this function takes one value, and its path may select several",
        ),
        ("$[?@[?@>1]]", "$[?@[?@>1]]: a filter inside a filter is not supported"),
        ("$..a..b..c", "$..a..b..c: `..` stands more than 2 times in this path"),
        ("$..['a','d']", "$..['a','d']: several names after one `..` come in no certain order"),
        ("$.a[", ": `$.a[` is no JSONPath"),
        ("$.a.[0]", ".: a `[` takes no `.` before it"),
        ("$.é.", ": `$.é.` is no JSONPath"),
    ] {
        assert_eq!(read(path, Select::Many).unwrap_err(), [expected], "{path}");
    }
    assert!(read(&format!("$.{}", "a".repeat(600)), Select::Many).unwrap_err()[0].contains("at most 512"));
    for path in ["$.a[*]", "$..a", "$.a[0:1]", "$.a[?@.b]", "$.a['b','c']"] {
        assert!(read(path, Select::One).unwrap_err()[0].contains("may select several values"), "{path}");
    }
}

#[test]
fn pipes() {
    let document = json!({
        "iso": "2026-11-21T10:30:00+01:00", "compact": "2026-11-21T10:30:00.5+0100", "naive": "2026-11-21T09:30:00", "day": "2026-11-21",
        "s": 1_795_253_400, "ms": 1_795_253_400_000_i64, "text_ms": "1795253400000", "mail": "Sat, 21 Nov 2026 09:30:00 +0000",
        "uk": "21/07/2026 10:30", "inner": "{\"opportunity\":\"o1\",\"n\":[1]}", "bad": "{", "score": 30, "max": 40, "zero": 0,
        "text": " Ada ", "number": "66.50", "path": "/t/1", "full": "https://x.example.com/a", "status": "passed", "nothing": null, "obj": {},
    });
    for (text, expected) in [
        ("$.iso | iso8601", json!("2026-11-21T09:30:00Z")),
        ("$.compact | iso8601", json!("2026-11-21T09:30:00.5Z")),
        ("$.naive | iso8601", json!("2026-11-21T09:30:00Z")),
        ("$.day | iso8601", json!("2026-11-21T00:00:00Z")),
        ("$.s | epoch_s", json!("2026-11-21T09:30:00Z")),
        ("$.ms | epoch_ms", json!("2026-11-21T09:30:00Z")),
        ("$.text_ms | epoch_ms", json!("2026-11-21T09:30:00Z")),
        ("$.mail | rfc2822", json!("2026-11-21T09:30:00Z")),
        ("$.uk | strptime('%d/%m/%Y %H:%M', 'Europe/London')", json!("2026-07-21T09:30:00Z")),
        ("$.uk | strptime('%d/%m/%Y %H:%M')", json!("2026-07-21T10:30:00Z")),
        ("$.inner | json_decode | $.opportunity", json!("o1")),
        ("$.inner | json_decode | $.n[0] | text", json!("1")),
        ("$.score | percent($.max)", json!(75)),
        ("$.score | percent($.zero)", Json::Null),
        ("$.score | percent($.zero) | default(0)", json!(0)),
        ("$.number | number", json!(66.5)),
        ("$.score | text", json!("30")),
        ("$.text | trim | lower", json!("ada")),
        ("$.path | url_join", json!("https://api.example.com/t/1")),
        ("$.full | url_join", json!("https://x.example.com/a")),
        ("$.status | lookup({passed: true, failed: false})", json!(true)),
        ("$.status | lookup({'x': 1}) | default('other')", json!("other")),
        ("$.nothing | iso8601", Json::Null),
        ("$.nothing | default('a | b')", json!("a | b")),
        ("$.missing", Json::Null),
    ] {
        assert_eq!(take(text, &document).expect(text).unwrap_or_default(), expected, "{text}");
    }
    assert_eq!(
        take("$.text | iso8601", &document).unwrap_err(),
        "`iso8601` needs an ISO 8601 date at `$.text`, found a text of another form"
    );
    for text in [
        "$.bad | json_decode",
        "$.obj | number",
        "$.obj | text",
        "$.score | lower",
        "$.status | epoch_s",
        "$.status | percent($.max)",
    ] {
        assert!(take(text, &document).is_err(), "{text}");
    }
    let all = read("$.list[*] | number", Select::Many).unwrap();
    assert_eq!(all.apply_all(&json!({ "list": ["1", null, 2] }), &CONTEXT).unwrap(), [json!(1), json!(2)]);
}

#[test]
fn faulty_pipes_have_their_caret() {
    for (text, expected) in [
        ("$.a | iso8610", "iso8610: there is no pipe `iso8610`"),
        ("$.a | lower()", "(): `lower` takes no arguments"),
        ("$.a | default", "default: `default` needs arguments"),
        ("$.a | default(none)", "none: `none` is no value"),
        ("$.a | percent($.b[*])", "$.b[*]: this path may select several values, and one is needed"),
        ("$.a | percent(b)", "b: a JSONPath starts with `$`"),
        ("$.a | strptime(x)", "x: the format must be a text in quotes"),
        ("$.a | strptime('%d', 'Mars')", " 'Mars': there is no time zone `Mars`"),
        ("$.a | lookup({a})", "{a}: `a` is no `key: value`"),
        ("$.a | lookup(a", "(a: this bracket is never closed"),
        ("$.a |", ": there is no pipe ``"),
    ] {
        assert_eq!(read(text, Select::One).unwrap_err(), [expected], "{text}");
    }
    assert_eq!(read("$.a b | nope | lower(", Select::One).unwrap_err().len(), 3);
}

#[test]
fn pipes_tell_their_type() {
    let ty = |text| read(text, Select::One).unwrap().ty();
    assert_eq!(ty("$.a | iso8601"), Some(crate::model::Type::Date));
    assert_eq!(ty("$.a | percent($.b) | default(0)"), Some(crate::model::Type::Number));
    assert_eq!(ty("$.a"), None);
    assert!(read("$.a | default(0)", Select::One).unwrap().has_default());
}

/// The library needs hours for some of the deep ones: they are refused before it is asked.
#[test]
fn the_library_is_asked_for_paths_with_few_brackets_only() {
    for inner in ["(", "!(", "length(", "@[?(", "match((", "!(@.a&&(", "@.b==1||("] {
        let each = inner.matches(['(', '[']).count();
        let asked = (0..=80).filter(|depth| lint::text(&format!("$[?{}", inner.repeat(*depth))).is_empty()).count();
        assert_eq!(asked, (lint::MAX_BRACKETS - 1) / each + 1, "{inner}");
        let deep = format!("$[?{}@.a{}]", inner.repeat(40), ")".repeat(40));
        assert!(read(&deep, Select::Many).unwrap_err()[0].ends_with("nested more than 5 deep"), "{deep}");
    }
}
