//! Every simulated Lever answer has the shape that was recorded from the real one.

use std::collections::{BTreeMap, BTreeSet};

use leverd::sim::{NewOpportunity, NewPosting, Sim};
use serde_json::{Value, json};

use super::http::{Answer, World};

/// Simulated endpoints that nobody has recorded; they follow lever-api §3. This list may only shrink.
const NOT_RECORDED: [&str; 22] = [
    "POST /v1/opportunities/{id}/removeTags",
    "POST /v1/opportunities/{id}/removeLinks",
    "GET /v1/opportunities/{id}/applications",
    "GET /v1/opportunities/{id}/notes",
    "PUT /v1/opportunities/{id}/notes/{id}",
    "GET /v1/stages/{id}",
    "PUT /v1/webhooks",
    "POST /v1/opportunities/{id}/removeSources",
    "GET /v1/opportunities/{id}/files",
    "POST /v1/opportunities/{id}/files",
    "GET /v1/opportunities/{id}/files/{id}",
    "GET /v1/opportunities/{id}/files/{id}/download",
    "DELETE /v1/opportunities/{id}/files/{id}",
    "GET /v1/opportunities/{id}/forms",
    "POST /v1/opportunities/{id}/forms",
    "GET /v1/opportunities/{id}/forms/{id}",
    "GET /v1/opportunities/{id}/feedback",
    "GET /v1/form_templates",
    "POST /v1/form_templates",
    "GET /v1/form_templates/{id}",
    "PUT /v1/form_templates/{id}",
    "DELETE /v1/form_templates/{id}",
];

type Counts = BTreeMap<String, BTreeMap<String, u64>>;

struct Census(Value);

impl Census {
    fn read() -> Self {
        Self(serde_json::from_str(include_str!("../../fixtures/lever-observed-shapes.json")).unwrap())
    }

    fn names(&self) -> BTreeSet<String> {
        self.0.as_object().unwrap().keys().cloned().collect()
    }

    /// What differs between an answer and the recordings of its endpoint.
    fn differences(&self, endpoint: &str, answer: &Answer) -> Vec<String> {
        let recorded = &self.0[endpoint];
        let shapes: Counts = serde_json::from_value(recorded["response"].clone()).unwrap();
        let mut wrong = Vec::new();
        if recorded["status"].get(answer.status.to_string()).is_none() {
            wrong.push(format!("status {}", answer.status));
        }
        compare(&shapes, "", &answer.body, &mut wrong);
        wrong.into_iter().map(|what| format!("{endpoint}: {what}")).collect()
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn compare(shapes: &Counts, path: &str, value: &Value, wrong: &mut Vec<String>) {
    let key = if path.is_empty() { "$" } else { path };
    match shapes.get(key) {
        None => wrong.push(format!("`{key}` was never seen")),
        Some(kinds) if !kinds.contains_key(kind(value)) => wrong.push(format!("`{key}` was never {}", kind(value))),
        Some(_) => {}
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| compare(shapes, &format!("{path}[]"), item, wrong)),
        Value::Object(fields) => {
            for (name, field) in fields {
                compare(shapes, &format!("{path}.{name}"), field, wrong);
            }
            missing(shapes, path, fields, wrong);
        }
        _ => {}
    }
}

/// Fields that every recorded object at this place had.
fn missing(shapes: &Counts, path: &str, fields: &serde_json::Map<String, Value>, wrong: &mut Vec<String>) {
    let objects = shapes.get(if path.is_empty() { "$" } else { path }).and_then(|kinds| kinds.get("object"));
    for (shape, kinds) in shapes {
        let Some(name) = shape.strip_prefix(path).and_then(|rest| rest.strip_prefix('.')) else { continue };
        let always = Some(&kinds.values().sum::<u64>()) == objects;
        if always && !name.contains(['.', '[']) && !fields.contains_key(name) {
            wrong.push(format!("`{path}` lacks `{name}`"));
        }
    }
}

#[test]
fn the_comparison_sees_wrong_types_unknown_and_missing_fields() {
    let census = Census::read();
    let answer = |body| Answer { status: 200, body, headers: reqwest::header::HeaderMap::new() };
    let good = answer(json!({ "data": [{ "id": "lead-new", "text": "New lead" }], "hasNext": false }));
    assert_eq!(census.differences("GET /v1/stages", &good), Vec::<String>::new());
    let bad = answer(json!({ "data": [{ "id": 1, "rank": 2 }], "hasNext": false, "next": null }));
    assert_eq!(
        census.differences("GET /v1/stages", &bad),
        [
            "GET /v1/stages: `.data[].id` was never integer",
            "GET /v1/stages: `.data[].rank` was never seen",
            "GET /v1/stages: `.data[]` lacks `text`",
            "GET /v1/stages: `.next` was never seen",
        ]
    );
}

#[test]
fn the_list_of_endpoints_without_a_recording_only_shrinks() {
    let recorded = Census::read().names();
    let simulated: BTreeSet<String> = Sim::lever_endpoints().into_iter().collect();
    let open: BTreeSet<String> = simulated.difference(&recorded).cloned().collect();
    assert_eq!(open, NOT_RECORDED.map(str::to_owned).into());
    assert_eq!(recorded.difference(&simulated).count(), 0, "a recorded endpoint is no longer simulated");
}

/// Goes through every simulated endpoint once, with a candidate like the recorded one.
#[tokio::test]
async fn answers_have_the_recorded_shapes() {
    let census = Census::read();
    let world = World::start().await;
    let control = world.sim.control();
    let mut wrong = Vec::new();
    let mut checked = BTreeSet::new();
    let mut check = |endpoint: &str, answer: &Answer| {
        checked.insert(endpoint.to_owned());
        let endpoint = match endpoint {
            // Like their recorded counterparts.
            "POST /v1/opportunities/{id}/removeTags" => "POST /v1/opportunities/{id}/addTags",
            "POST /v1/opportunities/{id}/removeLinks" => "POST /v1/opportunities/{id}/addLinks",
            "POST /v1/opportunities/{id}/removeSources" => "POST /v1/opportunities/{id}/addSources",
            other => other,
        };
        if NOT_RECORDED.contains(&endpoint) {
            assert!((200..300).contains(&answer.status), "{endpoint}: {}", answer.body);
        } else {
            wrong.extend(census.differences(endpoint, answer));
        }
    };
    let as_user = format!("perform_as={}", world.user);

    let empty = world.get("/opportunities/deleted").await;
    check("GET /v1/opportunities/deleted", &empty);
    let posting = control.create_posting(NewPosting {
        title: "Backend Engineer".into(),
        team: "Platform".into(),
        department: "Engineering".into(),
        location: "Berlin".into(),
        commitment: "Full-time".into(),
        ..NewPosting::default()
    });
    check("GET /v1/postings", &world.get("/postings").await);
    check("GET /v1/postings/{id}", &world.get(&format!("/postings/{posting}")).await);
    let body = json!({ "name": "Ada", "headline": "Engineer", "emails": ["ada@example.com"],
        "phones": [{ "type": "mobile", "value": "+1" }], "tags": ["own"], "sources": ["Referral"], "postings": [posting] });
    let created = world.lever("POST", &format!("/opportunities?{as_user}"), Some(body)).await;
    check("POST /v1/opportunities", &created);
    let id = created.body["data"]["id"].as_str().unwrap().to_owned();
    let (contact, application) = (&created.body["data"]["contact"], &created.body["data"]["applications"][0]);
    let at = |rest: &str| format!("/opportunities/{id}{rest}");
    let acting = |rest: &str| format!("/opportunities/{id}{rest}?{as_user}");

    let reasons = world.get("/archive_reasons").await;
    check("GET /v1/archive_reasons", &reasons);
    let reason = &reasons.body["data"][1]["id"];
    let one = world.get(&format!("/archive_reasons/{}", reason.as_str().unwrap())).await;
    check("GET /v1/archive_reasons/{id}", &one);
    let archive = json!({ "reason": reason, "cleanInterviews": false });
    check("PUT /v1/opportunities/{id}/archived", &world.lever("PUT", &acting("/archived"), Some(archive)).await);
    let stages = world.get("/stages").await;
    check("GET /v1/stages", &stages);
    let stage = &stages.body["data"][5]["id"];
    check("GET /v1/stages/{id}", &world.get(&format!("/stages/{}", stage.as_str().unwrap())).await);
    let moved = world.lever("PUT", &acting("/stage"), Some(json!({ "stage": stage }))).await;
    check("PUT /v1/opportunities/{id}/stage", &moved);
    check("GET /v1/opportunities/{id}", &world.get(&at("")).await);
    let tags = Some(json!({ "tags": ["a"] }));
    check("POST /v1/opportunities/{id}/addTags", &world.lever("POST", &acting("/addTags"), tags.clone()).await);
    check("POST /v1/opportunities/{id}/removeTags", &world.lever("POST", &acting("/removeTags"), tags).await);
    let links = Some(json!({ "links": ["https://example.com/a", "https://example.com/b"] }));
    check("POST /v1/opportunities/{id}/addLinks", &world.lever("POST", &acting("/addLinks"), links).await);
    let links = Some(json!({ "links": ["https://example.com/a"] }));
    check("POST /v1/opportunities/{id}/removeLinks", &world.lever("POST", &acting("/removeLinks"), links).await);
    check("GET /v1/opportunities/{id}/applications", &world.get(&at("/applications")).await);
    let application = at(&format!("/applications/{}", application.as_str().unwrap()));
    check("GET /v1/opportunities/{id}/applications/{id}", &world.get(&application).await);

    let note = world.lever("POST", &acting("/notes"), Some(json!({ "value": "hi" }))).await;
    check("POST /v1/opportunities/{id}/notes", &note);
    let note = at(&format!("/notes/{}", note.body["data"]["id"].as_str().unwrap()));
    check("GET /v1/opportunities/{id}/notes", &world.get(&at("/notes")).await);
    check("GET /v1/opportunities/{id}/notes/{id}", &world.get(&note).await);
    let values = Some(json!({ "values": [{ "value": "other" }] }));
    check("PUT /v1/opportunities/{id}/notes/{id}", &world.lever("PUT", &note, values).await);
    check("DELETE /v1/opportunities/{id}/notes/{id}", &world.lever("DELETE", &note, None).await);

    let sources = Some(json!({ "sources": ["Referral", "Fair"] }));
    check("POST /v1/opportunities/{id}/addSources", &world.lever("POST", &acting("/addSources"), sources.clone()).await);
    check("GET /v1/sources", &world.get("/sources").await);
    check("POST /v1/opportunities/{id}/removeSources", &world.lever("POST", &acting("/removeSources"), sources).await);

    let file = world.upload(&acting("/files"), "report.pdf", "application/pdf", b"%PDF-1.7".as_slice()).await;
    check("POST /v1/opportunities/{id}/files", &file);
    let file = file.body["data"]["id"].as_str().unwrap();
    check("GET /v1/opportunities/{id}/files", &world.get(&at("/files")).await);
    check("GET /v1/opportunities/{id}/files/{id}", &world.get(&at(&format!("/files/{file}"))).await);
    let bytes = world.get(&at(&format!("/files/{file}/download"))).await;
    check("GET /v1/opportunities/{id}/files/{id}/download", &bytes);
    let gone = world.lever("DELETE", &acting(&format!("/files/{file}")), None).await;
    check("DELETE /v1/opportunities/{id}/files/{id}", &gone);

    let template = json!({ "text": "Report", "fields": [{ "type": "text", "text": "Score" }] });
    let made = world.lever("POST", "/form_templates", Some(template.clone())).await;
    check("POST /v1/form_templates", &made);
    let form_template = made.body["data"]["id"].as_str().unwrap();
    let path = format!("/form_templates/{form_template}");
    check("GET /v1/form_templates", &world.get("/form_templates").await);
    check("GET /v1/form_templates/{id}", &world.get(&path).await);
    check("PUT /v1/form_templates/{id}", &world.lever("PUT", &path, Some(template)).await);
    let fields = json!([{ "type": "text", "text": "Score", "value": "88" }]);
    let form = json!({ "baseTemplateId": form_template, "fields": fields });
    let form = world.lever("POST", &acting("/forms"), Some(form)).await;
    check("POST /v1/opportunities/{id}/forms", &form);
    check("GET /v1/opportunities/{id}/forms", &world.get(&at("/forms")).await);
    let form = at(&format!("/forms/{}", form.body["data"]["id"].as_str().unwrap()));
    check("GET /v1/opportunities/{id}/forms/{id}", &world.get(&form).await);
    check("DELETE /v1/form_templates/{id}", &world.lever("DELETE", &path, None).await);

    let choice =
        json!({ "type": "dropdown", "text": "Level", "required": false, "options": [{ "text": "A" }, { "text": "B" }] });
    let score = json!({ "type": "score-system", "text": "Rating", "description": "", "required": true });
    let made = world.lever("POST", "/feedback_templates", Some(json!({ "text": "T", "fields": [choice, score] }))).await;
    check("POST /v1/feedback_templates", &made);
    let path = format!("/feedback_templates/{}", made.body["data"]["id"].as_str().unwrap());
    check("GET /v1/feedback_templates", &world.get("/feedback_templates").await);
    check("GET /v1/feedback_templates/{id}", &world.get(&path).await);
    let fields = json!([score, choice]);
    let changed = world.lever("PUT", &path, Some(json!({ "text": "T", "instructions": "I", "fields": fields }))).await;
    check("PUT /v1/feedback_templates/{id}", &changed);
    let short = world.lever("POST", "/feedback_templates", Some(json!({ "text": "S", "fields": [score] }))).await;
    let body = json!({ "baseTemplateId": short.body["data"]["id"] });
    check("POST /v1/opportunities/{id}/feedback", &world.lever("POST", &acting("/feedback"), Some(body)).await);
    let body = json!({ "baseTemplateId": changed.body["data"]["id"] });
    let feedback = world.lever("POST", &acting("/feedback"), Some(body)).await;
    let ids = &feedback.body["data"]["fields"];
    let values = json!([{ "id": ids[0]["id"], "value": "3 - Hire" }, { "id": ids[1]["id"], "value": "B" }]);
    let feedback = feedback.body["data"]["id"].as_str().unwrap().to_owned();
    let changed = world.lever("PUT", &acting(&format!("/feedback/{feedback}")), Some(json!({ "fieldValues": values }))).await;
    check("PUT /v1/opportunities/{id}/feedback/{id}", &changed);
    check("GET /v1/opportunities/{id}/feedback", &world.get(&at("/feedback")).await);
    check("GET /v1/opportunities/{id}/feedback/{id}", &world.get(&at(&format!("/feedback/{feedback}"))).await);
    let gone = world.lever("DELETE", &acting(&format!("/feedback/{feedback}")), None).await;
    check("DELETE /v1/opportunities/{id}/feedback/{id}", &gone);
    check("GET /v1/opportunities/{id}/feedback/{id}", &world.get(&at(&format!("/feedback/{feedback}"))).await);
    check("DELETE /v1/feedback_templates/{id}", &world.lever("DELETE", &path, None).await);

    let contact = format!("/contacts/{}", contact.as_str().unwrap());
    check("GET /v1/contacts/{id}", &world.get(&contact).await);
    check("PUT /v1/contacts/{id}", &world.lever("PUT", &contact, Some(json!({ "name": "Ada L." }))).await);
    check("GET /v1/tags", &world.get("/tags").await);
    check("GET /v1/users", &world.get("/users").await);
    check("GET /v1/users/{id}", &world.get(&format!("/users/{}", world.user)).await);

    let hook = json!({ "event": "candidateHired", "url": "https://example.com/hook" });
    let hook = world.lever("POST", "/webhooks", Some(hook)).await;
    check("POST /v1/webhooks", &hook);
    check("GET /v1/webhooks", &world.get("/webhooks").await);
    let hook = &hook.body["data"]["id"];
    let change = json!({ "data": [{ "id": hook, "url": "https://example.com/other" }] });
    check("PUT /v1/webhooks", &world.lever("PUT", "/webhooks", Some(change)).await);
    let gone = world.lever("DELETE", &format!("/webhooks/{}", hook.as_str().unwrap()), None).await;
    check("DELETE /v1/webhooks/{id}", &gone);

    // Lists are compared with what people made, too, and with a page that is not the last.
    let ben = NewOpportunity { name: "Ben".into(), posting: Some(posting.clone()), ..NewOpportunity::default() };
    control.create_opportunity(ben).unwrap();
    control.create_opportunity(NewOpportunity { name: "Cleo".into(), ..NewOpportunity::default() }).unwrap();
    check("GET /v1/opportunities", &world.get("/opportunities").await);
    check("GET /v1/opportunities", &world.get("/opportunities?limit=1").await);
    let save = world.lever("POST", &format!("/postings/{posting}?{as_user}"), Some(json!({ "text": "New" }))).await;
    check("POST /v1/postings/{id}", &save);

    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(checked, Sim::lever_endpoints().into_iter().collect(), "every endpoint is compared");
}
