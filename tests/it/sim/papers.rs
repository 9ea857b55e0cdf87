//! Files, profile forms, feedback and their templates.

use leverd::sim::{ControlError, NewField, NewOpportunity, NewTemplate};
use serde_json::{Value, json};

use super::http::World;

fn ada(world: &World) -> String {
    let new = NewOpportunity { name: "Ada".into(), email: Some("ada@example.com".into()), ..NewOpportunity::default() };
    format!("/opportunities/{}", world.sim.control().create_opportunity(new).unwrap())
}

fn field(kind: &str, text: &str, options: &[&str]) -> NewField {
    let options = options.iter().map(|text| (*text).to_owned()).collect();
    NewField { kind: kind.into(), text: text.into(), options, ..NewField::default() }
}

#[tokio::test]
async fn a_file_is_kept_byte_for_byte_and_needs_somebody_who_uploads_it() {
    let world = World::start().await;
    let control = world.sim.control();
    let at = ada(&world);
    let (files, acting) = (format!("{at}/files"), format!("?perform_as={}", world.user));
    let bytes = b"%PDF-1.7\r\n\r\n--\xff\x00\r\n".as_slice();
    assert_eq!(world.upload(&files, "a.pdf", "application/pdf", bytes).await.status, 400, "perform_as is missing");
    let path = format!("{files}{acting}");
    let before = world.get(&at).await.body["data"]["updatedAt"].as_i64();
    let first = world.upload(&path, "Ada's report (\u{fc}).PDF", "application/pdf", bytes).await;
    assert_eq!((first.status, &first.body["data"]["ext"]), (201, &json!(".pdf")));
    assert!(world.get(&at).await.body["data"]["updatedAt"].as_i64() > before);
    assert_eq!(first.body["data"]["size"], json!(bytes.len()));
    // Nothing makes a repetition harmless.
    control.set_faults(|faults| faults.file_upload_says_ok = true);
    assert_eq!(world.upload(&path, "Ada's report (\u{fc}).PDF", "application/pdf", bytes).await.status, 200);
    let stored = control.files("Ada").unwrap();
    assert_eq!(stored.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["Ada's report (\u{fc}).PDF"; 2]);
    assert_eq!(stored[0].user.as_ref(), Some(&world.user));
    assert_eq!((stored[0].content_type.as_str(), stored[0].size), ("application/pdf", bytes.len()));
    assert_eq!(control.file_bytes("Ada", &stored[0].id).unwrap(), bytes);

    let url = first.body["data"]["downloadUrl"].as_str().unwrap();
    let answer = world.client.get(url).basic_auth("sim-lever-key", Some("")).send().await.unwrap();
    assert_eq!(answer.bytes().await.unwrap(), bytes);

    let gone = world.lever("DELETE", &format!("{files}/{}{acting}", stored[0].id), None).await;
    assert_eq!((gone.status, control.files("Ada").unwrap().len()), (204, 1));
    let listed = world.get(&files).await.body;
    assert_eq!((&listed["data"][0]["id"], listed["data"].as_array().unwrap().len()), (&json!(stored[1].id), 1));
    let late = listed["data"][0]["uploadedAt"].as_i64().unwrap() + 1;
    assert_eq!(world.get(&format!("{files}?uploaded_at_start={late}")).await.body["data"], json!([]));
    assert_eq!(world.lever("POST", &path, Some(json!({ "file": "text" }))).await.status, 400);
    let large = vec![b' '; 30 * 1024 * 1024 + 64 * 1024];
    assert_eq!(world.upload(&path, "large.pdf", "application/pdf", large).await.status, 400);
    assert!(control.requests().iter().all(|it| !it.body.as_ref().is_some_and(|body| body.to_string().contains("%PDF"))));
}

#[tokio::test]
async fn a_profile_form_needs_every_field_of_its_template() {
    let world = World::start().await;
    let control = world.sim.control();
    let at = ada(&world);
    let required = NewField { required: true, ..field("text", "Report", &[]) };
    let fields = vec![required, field("dropdown", "Status", &["Pass", "Fail"]), field("date", "Taken", &[])];
    let new = NewTemplate { text: "Report".into(), secret: true, fields, ..NewTemplate::default() };
    let template = control.create_form_template(new).unwrap();
    let post = async |fields: Value| {
        world.lever("POST", &format!("{at}/forms"), Some(json!({ "baseTemplateId": template, "fields": fields }))).await
    };
    let message = async |fields: Value| {
        let refused = post(fields).await;
        assert_eq!(refused.status, 400);
        refused.body["message"].as_str().unwrap().to_owned()
    };
    let report = json!({ "type": "text", "text": "Report", "value": "https://x" });
    let status = json!({ "type": "dropdown", "text": "Status", "value": "Pass" });
    let taken = json!({ "type": "date", "text": "Taken", "value": null });
    assert_eq!(message(json!([report, status])).await, "the field Taken of the template is missing");
    let wrong = json!({ "type": "dropdown", "text": "Status", "value": "pass" });
    assert_eq!(
        message(json!([report, wrong, taken])).await,
        "the field Status of type dropdown takes the text of one of its options"
    );
    let empty = json!({ "type": "text", "text": "Report", "value": null });
    assert_eq!(message(json!([empty, status, taken])).await, "the field Report is required");
    let more = json!({ "type": "text", "text": "More", "value": "x" });
    assert_eq!(message(json!([report, status, taken, more])).await, "fields has a field that the template does not have");
    assert!(control.forms("Ada").unwrap().is_empty());

    let good = post(json!([taken, report, status])).await;
    assert_eq!((good.status, &good.body["data"]["user"]), (201, &Value::Null));
    assert_eq!(good.body["data"]["secret"], true);
    // By id as well; and a second form is a second form.
    let ids = good.body["data"]["fields"].as_array().unwrap();
    let again = ids.iter().map(|it| json!({ "id": it["id"], "value": it["value"] })).collect::<Vec<_>>();
    assert_eq!(post(json!(again)).await.status, 201);
    let forms = control.forms("Ada").unwrap();
    assert_eq!(
        (forms.len(), &forms[0]["fields"][1]["value"], &forms[1]["fields"][1]["value"]),
        (2, &json!("Pass"), &json!("Pass"))
    );
    assert_eq!(world.lever("DELETE", &format!("{at}/forms/{}", forms[0]["id"].as_str().unwrap()), None).await.status, 404);
    control.set_faults(|faults| faults.bare_forms = true);
    assert_eq!(post(json!(again)).await.body["baseTemplateId"], json!(template));
}

#[tokio::test]
async fn templates_are_replaced_whole_and_only_the_apis_own_can_go() {
    let world = World::start().await;
    let control = world.sim.control();
    let by_hand = NewTemplate { text: "By hand".into(), fields: vec![field("text", "A", &[])], ..NewTemplate::default() };
    let by_hand = control.create_form_template(by_hand).unwrap();
    assert_eq!(world.lever("DELETE", &format!("/form_templates/{by_hand}"), None).await.status, 400);
    control.rename_form_template("By hand", "Renamed").unwrap();
    let listed = world.get("/form_templates?include=text").await.body["data"].clone();
    assert_eq!(listed, json!([{ "text": "Renamed" }]));

    let body = |fields: Value| Some(json!({ "text": "T", "fields": fields }));
    let two = json!([{ "type": "text", "text": "A" }, { "type": "text", "text": "B" }]);
    let made = world.lever("POST", "/form_templates", body(two)).await.body["data"].clone();
    let path = format!("/form_templates/{}", made["id"].as_str().unwrap());
    let other = json!([{ "type": "text", "text": "B" }, { "type": "textarea", "text": "A" }]);
    let put = world.lever("PUT", &path, body(other)).await.body["data"].clone();
    assert_eq!(put["fields"][0]["id"], made["fields"][1]["id"], "the same field");
    assert_ne!(put["fields"][1]["id"], made["fields"][0]["id"], "another type is another field");
    assert_eq!(world.lever("POST", "/form_templates", body(json!([]))).await.status, 400);
    assert_eq!(world.lever("DELETE", &path, None).await.status, 204);
    assert_eq!(world.get(&path).await.status, 404);

    // Feedback has exactly one score; every account has one template, whose id is no UUID.
    let text = json!({ "type": "text", "text": "A" });
    let score = json!({ "type": "score-system", "text": "Rating" });
    assert_eq!(world.lever("POST", "/feedback_templates", body(json!([text]))).await.status, 400);
    assert_eq!(world.lever("POST", "/feedback_templates", body(json!([score, score]))).await.status, 400);
    assert_eq!(world.lever("POST", "/feedback_templates", body(json!([text, score]))).await.status, 201);
    assert_eq!(world.get("/feedback_templates/no-feedback").await.body["data"]["text"], "No feedback");
    assert_eq!(world.lever("DELETE", "/feedback_templates/no-feedback", None).await.status, 400);
    let error = control.rename_feedback_template("nothing", "x").unwrap_err();
    assert_eq!(error, ControlError::Unknown { kind: "feedback template", name: "nothing".into() });
}

#[tokio::test]
async fn feedback_is_given_changed_and_removed_by_somebody() {
    let world = World::start().await;
    let control = world.sim.control();
    let at = ada(&world);
    let fields = vec![field("score-system", "Rating", &[]), field("textarea", "Why", &[])];
    let new = NewTemplate { text: "Interview".into(), fields, ..NewTemplate::default() };
    let template = control.create_feedback_template(new).unwrap();
    let (all, acting) = (format!("{at}/feedback"), format!("?perform_as={}", world.user));
    let body = json!({ "baseTemplateId": template, "createdAt": 1000 });
    assert_eq!(world.lever("POST", &all, Some(body.clone())).await.status, 400, "perform_as is missing");
    let given = world.lever("POST", &format!("{all}{acting}"), Some(body)).await.body["data"].clone();
    assert_eq!((&given["user"], &given["completedAt"]), (&json!(world.user), &json!(1000)));
    let (one, rating) = (format!("{all}/{}", given["id"].as_str().unwrap()), &given["fields"][0]["id"]);
    let change = |value: &str| Some(json!({ "fieldValues": [{ "id": rating, "value": value }] }));
    assert_eq!(world.lever("PUT", &format!("{one}{acting}"), change("great")).await.status, 400);
    let changed = world.lever("PUT", &format!("{one}{acting}"), change("3 - Hire")).await.body["data"].clone();
    assert_eq!((changed.get("user"), &changed["userId"]), (None, &json!(world.user)), "another shape");
    assert_eq!(world.get(&one).await.body["data"]["fields"][0]["value"], "3 - Hire");
    assert_eq!(world.lever("DELETE", &format!("{one}{acting}"), None).await.status, 204);
    assert_eq!(world.lever("DELETE", &format!("{one}{acting}"), None).await.status, 404);
    assert_eq!(world.get(&all).await.body["data"], json!([]));
    assert!(world.get(&one).await.body["data"]["deletedAt"].is_i64());
}

#[tokio::test]
async fn each_of_them_has_a_permission_of_its_own() {
    let world = World::start().await;
    let at = ada(&world);
    world
        .sim
        .control()
        .add_credential("narrow", Some(vec!["forms:read:admin".into(), "feedback_templates:write:admin".into()]));
    let status = async |path: &str| {
        let url = format!("{}{path}", world.sim.lever_base_url());
        super::http::send(world.client.get(url).bearer_auth("narrow"), None).await.unwrap().status
    };
    assert_eq!(status(&format!("{at}/forms")).await, 200);
    assert_eq!(status("/feedback_templates").await, 200);
    for closed in [format!("{at}/files"), format!("{at}/feedback"), "/form_templates".into(), "/sources".into()] {
        assert_eq!(status(&closed).await, 403, "{closed}");
    }
}
