//! Lever's dialect against its fixtures in `tests/codec/lever/`: deliveries, facts, writes, settlement, lists.

use jiff::Timestamp;
use leverd::lever::api::{self, Filter, Opportunity, Posting, Unread};
use leverd::lever::decode::{Confirmed, NotConfirmed, Seen, confirm, payload, reads};
use leverd::lever::effect::{Content, Context, Step, applied, outcome, removal, step};
use leverd::lever::facts::{self, Names, OpportunitySnapshot};
use leverd::lever::settle::{Begun, Settled, lookup, settled};
use leverd::lever::tags::{TagRun, TagStep};
use leverd::lever::webhook::{Opened, Signing, open, signature};
use leverd::model::{
    AccountCatalogue, Act, Body, Code, Destination, Exchange, LeverEvent, Method, Outcome, Pattern, Piece, Placed, Request,
    Response, Secret, UserId, Value,
};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// A fixture file as JSON.
fn fixture(name: &str) -> Json {
    let path = format!("{}/tests/codec/lever/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text(json: &Json, key: &str) -> Option<String> {
    json.get(key).and_then(Json::as_str).map(str::to_owned)
}

fn pairs(json: &Json) -> BTreeMap<String, String> {
    let object = json.as_object().into_iter().flatten();
    object.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_else(|| panic!("{name}")).to_owned())).collect()
}

fn printed(values: &BTreeMap<String, Value>) -> BTreeMap<String, String> {
    values.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
}

/// The catalogue of a fixture, with what it leaves out empty.
fn catalogue(json: Option<&Json>) -> AccountCatalogue {
    let mut whole = serde_json::to_value(AccountCatalogue::default()).unwrap();
    for (name, value) in json.and_then(Json::as_object).into_iter().flatten() {
        whole[name] = value.clone();
    }
    serde_json::from_value(whole).unwrap()
}

fn answered(status: u16, body: &Json) -> Exchange {
    let headers = vec![("retry-after".to_owned(), "7".to_owned())];
    Exchange::Answered(Response { status, headers, body: serde_json::to_vec(body).unwrap() })
}

#[test]
fn deliveries_become_confirmed_events_or_nothing() {
    let file = fixture("deliveries");
    let keys: Vec<Secret> = file["keys"].as_array().unwrap().iter().map(|key| Secret::new(key.as_str().unwrap())).collect();
    let now: Timestamp = file["now"].as_str().unwrap().parse().unwrap();
    let catalogue = catalogue(file.get("catalogue"));
    let names = Names { catalogue: Some(&catalogue), hired: file["hired"].as_str() };
    let mut events = BTreeSet::new();
    for case in file["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let mut body = case["body"].clone();
        if let Some(key) = text(case, "signed_by") {
            let at = &body["triggeredAt"];
            let at = at.as_str().map_or_else(|| at.to_string(), str::to_owned);
            body["signature"] = json!(signature(&Secret::new(key), body["token"].as_str().unwrap(), &at));
        }
        let bytes = serde_json::to_vec(&body).unwrap();
        let expected: LeverEvent = case["path"].as_str().unwrap().parse().unwrap();
        let signing = if case.get("unsigned").is_some() { Signing::Unsigned } else { Signing::Tokens(&keys) };
        let incoming = match open(expected, &bytes, signing, now) {
            Err(refusal) => {
                assert_eq!(case.get("refused"), Some(&json!(refusal.status)), "{name}: {refusal}");
                continue;
            }
            Ok(Opened::Ping) => {
                assert!(case.get("ping").is_some(), "{name}: a ping");
                continue;
            }
            Ok(Opened::Event(incoming)) => incoming,
        };
        assert!(case.get("refused").is_none() && case.get("ping").is_none(), "{name}: taken");
        assert_eq!(
            serde_json::to_value(incoming.hint).unwrap(),
            case.get("hint").cloned().unwrap_or(Json::Null),
            "{name}: hint"
        );
        if let Some(dedupe) = text(case, "dedupe") {
            assert_eq!(incoming.dedupe, dedupe, "{name}");
        }
        assert!(!String::from_utf8_lossy(&incoming.body).contains("signature"), "{name}: the signature is not kept");
        let payload = match payload(&incoming.body) {
            Ok(payload) => payload,
            Err(reason) => {
                assert_eq!((text(case, "undecodable"), reason.code.as_str()), (Some(reason.text), "R5"), "{name}");
                continue;
            }
        };
        assert!(reads(&payload).is_some(), "{name}: something to read");
        events.insert(payload.event);
        let answer = case.get("answer").map(|answer| answered(200, answer));
        let opportunity = answer.as_ref().and_then(|answer| api::opportunity(answer).ok());
        let seen = match (&opportunity, case.get("answer")) {
            (Some(opportunity), _) => Seen::Opportunity(opportunity),
            (None, Some(_)) => Seen::Contact,
            (None, None) => Seen::Gone,
        };
        match confirm(&payload, seen, names) {
            Ok(Confirmed { fields, occurrence, stated_only, .. }) => {
                assert_eq!(
                    printed(&fields),
                    pairs(case.get("fields").unwrap_or_else(|| panic!("{name}: confirmed"))),
                    "{name}"
                );
                assert_eq!(Some(occurrence.identity), text(case, "identity"), "{name}");
                assert_eq!(json!(stated_only), case.get("stated_only").cloned().unwrap_or(json!([])), "{name}");
            }
            Err(NotConfirmed { again, reason }) => {
                assert_eq!(case["not_confirmed"]["again"], json!(again), "{name}: {}", reason.text);
            }
        }
    }
    assert_eq!(events.len(), LeverEvent::ALL.len(), "every event has a fixture: {events:?}");
}

#[test]
fn the_same_delivery_again_has_the_same_digest_and_other_data_another() {
    let key = [Secret::new("k")];
    let digest = |data: Json, spaces: bool| {
        let body = json!({ "event": "candidateHired", "triggeredAt": 5, "token": "t", "data": data, "signature": signature(&key[0], "t", "5") });
        let bytes = if spaces { serde_json::to_vec_pretty(&body) } else { serde_json::to_vec(&body) }.unwrap();
        match open(LeverEvent::CandidateHired, &bytes, Signing::Tokens(&key), Timestamp::UNIX_EPOCH) {
            Ok(Opened::Event(incoming)) => (incoming.dedupe, incoming.digest),
            other => panic!("{other:?}"),
        }
    };
    let first = digest(json!({ "opportunityId": "o1" }), false);
    assert_eq!(first, digest(json!({ "opportunityId": "o1" }), true));
    let other = digest(json!({ "opportunityId": "o2" }), false);
    assert!(first.0 == other.0 && first.1 != other.1);
}

#[test]
fn garbage_is_refused_with_400() {
    for body in [&b""[..], b"{", b"\xff\xfe", b"null", b"7"] {
        let refusal = open(LeverEvent::CandidateHired, body, Signing::Unsigned, Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(refusal.status, 400, "{body:?}");
    }
}

#[test]
fn answers_become_facts() {
    for case in fixture("facts").as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let catalogue = catalogue(case.get("catalogue"));
        let names = Names::of(&catalogue);
        let opportunity = api::opportunity(&answered(200, &case["opportunity"])).unwrap();
        let posting: Option<Posting> = case.get("posting").map(|posting| api::posting(&answered(200, posting)).unwrap());
        assert_eq!(opportunity.posting(), posting.as_ref().map(|posting| posting.id.as_str()), "{name}");
        let mut values = facts::opportunity(&opportunity, names);
        assert!(!values.contains_key("opportunity.own_tags"), "{name}: own tags need the posting");
        values.extend(facts::posting(&opportunity, posting.as_ref(), names));
        assert_eq!(printed(&values), pairs(&case["facts"]), "{name}");
    }
}

#[test]
fn a_write_response_is_believed_only_where_lever_does_not_blank_it() {
    let read = json!({ "data": { "id": "o1", "name": "Ada", "stage": "s1", "tags": ["a"], "links": ["https://example.com"],
        "contact": "c1", "applications": [{ "id": "a1", "posting": "p1" }], "stageChanges": [] } });
    let write = json!({ "data": { "id": "o1", "name": "", "headline": "", "location": "", "phones": [], "emails": [], "links": [],
        "contact": "c1", "stage": "s2", "archived": null, "tags": ["a", "b"], "applications": ["a1"], "updatedAt": 7,
        "stageChanges": [{ "toStageId": "s2", "updatedAt": 6 }] } });
    let before = OpportunitySnapshot::of(&api::opportunity(&answered(200, &read)).unwrap());
    let after = before.clone().after(&api::opportunity(&answered(200, &write)).unwrap());
    assert_eq!(
        (after.stage.as_ref().unwrap().as_str(), after.tags.join(","), after.stage_changes.len()),
        ("s2", "a,b".into(), 1)
    );
    assert_eq!((after.links, after.posting, after.contact), (None, before.posting, before.contact));
}

/// A snapshot of what a fixture shows.
fn snapshot(json: &Json) -> OpportunitySnapshot {
    OpportunitySnapshot::of(&Opportunity::of(json).unwrap())
}

#[test]
fn what_shall_be_true_becomes_a_request() {
    for case in fixture("writes")["steps"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let act: Act = serde_json::from_value(case["act"].clone()).unwrap();
        let opportunity = "o/1".into();
        let user = text(case, "as").map(UserId::from);
        let snapshot = case.get("snapshot").map(snapshot);
        let placed: Option<Placed> = case.get("placed").map(|placed| serde_json::from_value(placed.clone()).unwrap());
        let content =
            text(case, "content").map(|text| Content { media_type: "application/pdf".to_owned(), bytes: text.into_bytes() });
        let context = Context {
            opportunity: &opportunity,
            perform_as: user.as_ref(),
            snapshot: snapshot.as_ref(),
            placed: placed.as_ref(),
            content: content.as_ref(),
        };
        let shown = |request: &Request| format!("{} {}", request.method.as_str(), request.path);
        match step(&act, context) {
            Step::Read(request) => assert_eq!(Some(shown(&request)), text(case, "read"), "{name}"),
            Step::Done(reason) => assert_eq!(Some(reason.code.to_string()), text(case, "done"), "{name}"),
            Step::Skip(reason) => assert_eq!(Some(reason.code.to_string()), text(case, "skip"), "{name}"),
            Step::Fetch => assert_eq!(text(case, "fetch").as_deref(), Some("first"), "{name}"),
            Step::Sweep => assert_eq!(text(case, "sweep").as_deref(), Some("the old"), "{name}"),
            Step::Elsewhere => panic!("{name}"),
            Step::Send(request) => {
                assert_eq!(Some(shown(&request)), text(case, "send"), "{name}");
                assert_eq!(request.query.iter().cloned().collect::<BTreeMap<_, _>>(), pairs(&case["query"]), "{name}");
                match &request.body {
                    Body::File { part, name: file, media_type, bytes } => {
                        let file = json!({ "part": part, "name": file, "type": media_type, "bytes": bytes.len() });
                        assert_eq!(file, case["file"], "{name}");
                    }
                    body => assert_eq!(*body, Body::Json(case["body"].clone()), "{name}"),
                }
            }
        }
    }
}

#[test]
fn an_exchange_becomes_an_outcome() {
    for case in fixture("writes")["answers"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let path = case["path"].as_str().unwrap();
        let method = if path == "stage" { Method::Put } else { Method::Post };
        let request = Request::new(Destination::Lever, method, format!("/opportunities/o1/{path}"));
        let status = || u16::try_from(case["status"].as_u64().unwrap()).unwrap();
        let exchange = match (text(case, "not_sent"), text(case, "lost"), text(case, "text_body")) {
            (Some(cause), ..) => Exchange::NotSent(cause),
            (_, Some(cause), _) => Exchange::Lost(cause),
            (.., Some(body)) => match answered(status(), &Json::Null) {
                Exchange::Answered(response) => Exchange::Answered(Response { body: body.into_bytes(), ..response }),
                other => other,
            },
            _ => answered(status(), &case["body"]),
        };
        let was = match applied(&exchange) {
            leverd::model::Applied::No => "no",
            leverd::model::Applied::Yes => "yes",
            leverd::model::Applied::Unknown => "unknown",
        };
        assert_eq!(was, case["applied"].as_str().unwrap(), "{name}");
        let (kind, reason) = match outcome(&request, &exchange) {
            Outcome::Done { learned } => {
                assert_eq!(printed(&learned), pairs(&case["learned"]), "{name}");
                ("done", None)
            }
            Outcome::Retry { after, reason } => {
                assert_eq!(after.map(|after| after.as_secs()), case.get("after").and_then(Json::as_i64), "{name}");
                ("retry", Some(reason))
            }
            Outcome::Unknown { reason } => ("unknown", Some(reason)),
            Outcome::Dead { reason } => ("dead", Some(reason)),
            Outcome::Suspended { reason } => ("suspended", Some(reason)),
            Outcome::Skipped { reason } => ("skipped", Some(reason)),
        };
        assert_eq!(kind, case["outcome"].as_str().unwrap(), "{name}");
        if let Some(reason) = reason {
            assert!(reason.text.contains(&text(case, "text").unwrap_or_default()), "{name}: {}", reason.text);
            assert_eq!(reason.code.as_str(), text(case, "code").unwrap_or_else(|| "R1".to_owned()), "{name}");
        }
    }
}

#[test]
fn a_lost_answer_is_settled_per_kind_of_effect() {
    let file = fixture("settle");
    let begun_at: Timestamp = file["begun_at"].as_str().unwrap().parse().unwrap();
    for case in file["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let act: Act = serde_json::from_value(case["act"].clone()).unwrap();
        let opportunity = "o1".into();
        let placed: Option<Placed> = case.get("placed").map(|placed| serde_json::from_value(placed.clone()).unwrap());
        let tries = case.get("tries").and_then(Json::as_u64).map_or(1, |tries| usize::try_from(tries).unwrap());
        let made: Vec<String> = case.get("made").map(|made| serde_json::from_value(made.clone()).unwrap()).unwrap_or_default();
        let begun = Begun { act: &act, opportunity: &opportunity, at: begun_at, tries, placed: placed.as_ref(), made: &made };
        let shown = |request: Request| format!("{} {}", request.method.as_str(), request.path);
        let reads = case.get("reads").map_or(Some(true), Json::as_bool) != Some(false);
        assert_eq!(lookup(begun).is_some(), reads, "{name}");
        if let Some(reads) = text(case, "reads") {
            assert_eq!(lookup(begun).map(shown), Some(reads), "{name}");
        }
        let status = case.get("status").and_then(Json::as_u64).map_or(200, |status| u16::try_from(status).unwrap());
        let answer = lookup(begun).map(|_| answered(status, case.get("answer").unwrap_or(&Json::Null)));
        let decision = match settled(begun, answer.as_ref()) {
            Settled::Done { made: Some(made), .. } => format!("done {made}"),
            Settled::Done { made: None, .. } => "done".to_owned(),
            Settled::Repeat => "repeat".to_owned(),
            Settled::More(request) => {
                let offset = request.query.iter().find(|(name, _)| name == "offset").map(|(_, token)| token.as_str());
                format!("more {}", offset.unwrap_or_default())
            }
            Settled::LookAgain { .. } => "look again".to_owned(),
            Settled::Park(reason) => format!("park {}", reason.code),
        };
        assert_eq!(Some(decision), text(case, "settled"), "{name}");
    }
}

#[test]
fn lists_end_when_has_next_is_false_or_missing() {
    let page = |body: Json| api::stages(&answered(200, &body));
    let more =
        page(json!({ "data": [{ "id": "applicant-new", "text": "New applicant" }], "hasNext": true, "next": "%5B3%2C1%5D" }))
            .unwrap();
    assert_eq!((more.items[0].id.as_str(), more.items[0].name.as_str()), ("applicant-new", "New applicant"));
    let next = api::next_page(&api::next_page(&api::list_stages(), "x"), &more.next.unwrap());
    assert_eq!(next.query, [("limit".to_owned(), "100".to_owned()), ("offset".to_owned(), "%5B3%2C1%5D".to_owned())]);
    assert_eq!(page(json!({ "data": [], "hasNext": false })).unwrap().next, None);
    assert_eq!(page(json!({ "data": [], "hasNext": false, "next": "x" })).unwrap().next, None);
    assert_eq!(page(json!({ "data": [] })).unwrap().next, None);
    assert_eq!(page(json!([])).unwrap().items, []);
    // A list with holes must not pass as whole: a catalogue without a stage would read as a stage that does not exist.
    for body in
        [json!({ "data": [{ "text": "no id" }] }), json!({ "data": [], "hasNext": true }), json!({ "data": {} }), json!(7)]
    {
        assert!(matches!(page(body.clone()), Err(Unread::Dead(reason)) if reason.code == Code::R5), "{body}");
    }
}

#[test]
fn reference_lists_are_read() {
    let users = api::users(&answered(
        200,
        &json!({ "data": [
        { "id": "u1", "name": "Rita", "username": "rita", "email": "rita@example.com", "accessRole": "super admin", "photo": null },
        { "id": "u2", "name": "", "username": "sam", "accessRole": null },
    ] }),
    ));
    let users: Vec<_> = users.unwrap().items.into_iter().map(|user| (user.id, user.name, user.role)).collect();
    assert_eq!(users, [("u1".into(), "Rita".into(), Some("super admin".into())), ("u2".into(), "sam".into(), None::<String>)]);
    let reasons = api::archive_reasons(&answered(
        200,
        &json!({ "data": [
        { "id": "r1", "text": "Hired", "status": "active", "type": "hired" },
        { "id": "r2", "text": "Old", "status": "inactive", "type": "non-hired" },
    ] }),
    ));
    let reasons: Vec<_> = reasons.unwrap().items.into_iter().map(|reason| (reason.id, reason.active, reason.hired)).collect();
    assert_eq!(reasons, [("r1".into(), true, true), ("r2".to_owned(), false, false)]);
    let tags = api::tags(&answered(
        200,
        &json!({ "data": [{ "text": "Full-time", "count": 3 }, { "text": "Full-Time", "count": 1 }] }),
    ));
    assert_eq!(tags.unwrap().items, ["Full-time", "Full-Time"]);
    let postings = api::postings(&answered(
        200,
        &json!({ "data": [{ "id": "p1", "text": "Engineer", "state": "draft", "categories": {} }] }),
    ));
    assert_eq!(postings.unwrap().items[0].entry().state, "draft");
}

#[test]
fn opportunities_are_listed_with_repeated_keys_and_encoded_times() {
    let filter = Filter {
        stages: vec!["lead-new".into(), "s2".into()],
        tags: vec!["R&D".to_owned()],
        updated_from: Timestamp::from_millisecond(1_431_454_330_072).ok(),
        archived: Some(false),
        ..Filter::default()
    };
    let request = api::list_opportunities(&filter);
    let query: Vec<String> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        query.join(" "),
        "expand=applications expand=contact limit=100 stage_id=lead-new stage_id=s2 tag=R&D updated_at_start=1431454330072 archived=false"
    );
    assert!(!query.iter().any(|pair| pair.contains("posting")), "expand=posting is refused by Lever");
}

#[test]
fn a_webhooks_token_is_read_from_the_answer_that_has_it() {
    let record = |configuration: Json| json!({ "id": "w1", "event": "candidateStageChange", "url": "https://example.com", "configuration": configuration });
    for wrapped in [
        json!({ "data": record(json!({ "signatureToken": "t0k3n" })) }),
        json!({ "data": { "data": record(json!({ "signatureToken": "t0k3n" })) } }),
    ] {
        let webhook = api::webhook(&answered(201, &wrapped)).unwrap();
        assert_eq!(webhook.token, Some(Secret::new("t0k3n")));
        assert!(!format!("{webhook:?}").contains("t0k3n"));
    }
    let listed = api::webhooks(&answered(200, &json!({ "data": [record(json!({}))] }))).unwrap();
    assert_eq!((listed.items[0].token.is_none(), listed.next), (true, None));
}

#[test]
fn an_answer_larger_than_the_limit_is_dead_and_says_so() {
    let headers = vec![(Response::OVERSIZED.to_owned(), "1048576".to_owned())];
    let exchange = Exchange::Answered(Response { status: 200, headers, body: Vec::new() });
    assert!(matches!(api::opportunity(&exchange), Err(Unread::Dead(reason)) if reason.code == Code::R9));
}

/// Rules are checked against the vocabulary, so what is read must keep its promises: no other names, no other types, and
/// everything that is called required.
#[test]
fn facts_are_those_of_the_vocabulary() {
    use leverd::lang::vocabulary;
    use leverd::model::Type;
    let fits = |value: &Value, ty: &Type| match (value, ty) {
        (Value::Text(_), Type::Text | Type::Url | Type::Tag)
        | (Value::Bool(_), Type::Bool)
        | (Value::Date { .. }, Type::Date)
        | (Value::List(_), Type::List(_)) => true,
        (Value::Named(named), Type::Named(kind)) => named.kind == *kind,
        _ => false,
    };
    for case in fixture("facts").as_array().unwrap() {
        let opportunity = api::opportunity(&answered(200, &case["opportunity"])).unwrap();
        let posting = case.get("posting").map(|posting| api::posting(&answered(200, posting)).unwrap());
        let mut values = facts::opportunity(&opportunity, Names::default());
        values.extend(facts::posting(&opportunity, posting.as_ref(), Names::default()));
        let entries: Vec<_> = vocabulary::opportunity().into_iter().chain(vocabulary::posting()).collect();
        for (name, value) in &values {
            let entry = entries.iter().find(|entry| entry.name == name).unwrap_or_else(|| panic!("`{name}` is no name"));
            assert!(fits(value, &entry.field.ty), "`{name}` is {:?}, not {}", value, entry.field.ty);
        }
        for entry in entries.iter().filter(|entry| !entry.field.optional) {
            assert!(values.contains_key(entry.name), "`{}` is required", entry.name);
        }
    }
}

/// B31: what leverd does appears as done by the configured user, wherever Lever takes a user.
#[test]
fn b31_every_write_names_the_user_who_shall_have_done_it() {
    let (user, opportunity) = (UserId::from("u1"), "o1".into());
    let named = |request: &Request| request.query.iter().any(|(name, _)| name == "perform_as");
    let mut kinds = BTreeSet::new();
    for case in fixture("writes")["steps"].as_array().unwrap() {
        let act: Act = serde_json::from_value(case["act"].clone()).unwrap();
        let snapshot = case.get("snapshot").map(snapshot);
        let placed: Option<Placed> = case.get("placed").map(|placed| serde_json::from_value(placed.clone()).unwrap());
        let content = Content { media_type: "application/pdf".to_owned(), bytes: b"%PDF".to_vec() };
        let context = Context {
            opportunity: &opportunity,
            perform_as: Some(&user),
            snapshot: snapshot.as_ref(),
            placed: placed.as_ref(),
            content: Some(&content),
        };
        match step(&act, context) {
            Step::Send(request) => {
                assert!(named(&request), "{}", request.line());
                kinds.insert(act.verb());
            }
            Step::Read(request) => assert!(!named(&request), "{}", request.line()),
            _ => {}
        }
        if let Some(request) = removal(&act, context, "old") {
            // A note is deleted by its id alone: Lever documents no user there.
            assert_eq!(named(&request), !request.path.contains("/notes/"), "{}", request.line());
        }
    }
    let tag = |text: &str| Pattern(vec![Piece::Text(text.to_owned())]);
    let acts = [Act::AddTag { tag: "new".into() }, Act::RemoveTag { pattern: tag("old") }];
    let mut run = TagRun::new(&opportunity, &acts, Some(&user));
    let mut tags = vec!["old".to_owned()];
    while let TagStep::Send(request) = run.next(Some(&tags), &|pattern, tag| pattern.as_literal() == Some(tag)) {
        assert!(named(&request), "{}", request.line());
        kinds.insert(if request.path.ends_with("/addTags") { "add_tag" } else { "remove_tag" });
        tags.push("new".to_owned());
    }
    let wanted = [
        "add_file",
        "add_link",
        "add_note",
        "add_tag",
        "archive",
        "fill_feedback",
        "fill_form",
        "move_stage",
        "remove_link",
        "remove_tag",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), wanted, "every kind of write is among them");
}
