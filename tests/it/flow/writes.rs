//! What is written beside tags: reports as files, profile forms, feedback, notes and links under keys. A pack in YAML, a vendor that
//! makes its report only after the result.

use super::bed::{ADA, Bed, EMAIL, STAGE, quick};
use leverd::sim::{
    Faults, Misbehaviour, NewField, NewOpportunity, NewTemplate, Sim, SimOptions, VendorControl, vendor_api_key,
};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

pub(super) const TEST: &str = "Java";
const FORM: &str = "iMocha Assessment";
pub(super) const DONE: &str = "Assessment Complete";

const VENDOR: &str = r#"
vendor: imocha
title: iMocha
base_url: https://apiv3.imocha.io/v3
secrets: { api_key: API key of the account }
auth: { header: { x-api-key: "{{secret.api_key}}" } }
errors:
  - { status: [202], class: not_ready }
events:
  scored: { score: number, percent: number, category: optional text, report_url: optional url }
operations:
  catalogue:
    request: { get: /tests }
    each: $.tests[*]
    take: { id: $.testId | text, title: $.testName }
  invite:
    request:
      post: "/tests/{{test.id}}/invite"
      json: { email: $candidate.email, name: "{{candidate.name}}", sendEmail: "yes", callbackUrl: $callback_url }
    take: { invitation_id: $.testInvitationId | text, url: $.testUrl }
    on_unknown: repeat
  result:
    request: { get: "/reports/{{ids.invitation_id}}", query: { reportType: 1 } }
    take:
      status: $.Status
      score: $.score | number
      percent: $.scorePercentage | number
      category: $.PerformanceCategory
      pdf: $.pdfReportUrl
reports:
  pdf: { operation: result, url: pdf }
webhook:
  event: $.Status
  take: { id: $.TestInvitationId | text }
  owner: [{ invitation_id: body.id }]
  ignore: [In Progress]
  map:
    - on: [Complete]
      read: [result]
      when: { result.status: Complete }
      emit: { scored: { score: result.score, percent: result.percent, category: result.category, report_url: result.pdf } }
"#;

/// The story of the seed document: values into a profile form, the report into the files, then the move.
const RULES: &str = r#"
vendor: imocha
settings:
  trigger_stage: { type: stage }
  complete_stage: { type: stage }
  form: { type: form_template, default: iMocha Assessment }
ensure:
  form_templates:
    iMocha Assessment:
      fields:
        - { text: Score, type: text, required: true }
        - { text: Percent, type: currency }
        - { text: Category, type: text }
        - { text: Report, type: textarea }
tags:
  state: [Hot, Cold]
rules:
  - name: initiate
    trigger: candidateStageChange
    when: { to_stage: $trigger_stage }
    for_each: { test: { in: catalogue, where: { title: { in: $opportunity.tags } } } }
    do: [{ invite: { test: $test } }]
  - name: results, then hand over
    trigger: assessment.scored
    do:
      - fill_form:
          key: result
          template: $form
          fields: { Score: "{{round result.score}} points", Percent: $result.percent, Category: $result.category, Report: ~ }
      - add_file: { key: report, report: pdf, name: "{{assessment.title}} - {{default candidate.name 'candidate'}}" }
      - move_stage: $complete_stage
"#;

/// What else can be written, under keys.
const MORE: &str = r#"
  - name: everything else
    trigger: assessment.scored
    do:
      - add_note: { key: result, text: "{{assessment.title}}: {{round result.percent}} %" }
      - add_link: { key: result, url: "https://reports.example.com/{{round result.percent}}" }
      - fill_feedback: { key: result, template: Review, fields: { Rating: 3 - Hire, Score: "{{round result.percent}} %" } }
"#;

/// And how it is taken back.
const BACK: &str = r#"
  - name: a link and a status
    trigger: assessment.scored
    do:
      - set_tag: { state: Hot }
      - add_link: { key: page, url: "https://reports.example.com/{{round result.percent}}" }
  - name: back
    trigger: { after: 2h, of: assessment.scored }
    do:
      - remove_link: page
      - clear_tag: state
      - archive: Withdrew
"#;

/// Lever, a vendor and a project with the pack above.
async fn bed(rules: &str) -> Bed {
    bed_of(&format!("{RULES}{rules}")).await
}

/// The same with other rules.
pub(super) async fn bed_of(rules: &str) -> Bed {
    let folder = tempfile::tempdir().unwrap();
    let faults = Faults { vendor_retry_delay_ms: 100, ..quick() };
    let sim = Sim::start(SimOptions { webhooks_enabled: true, faults, ..SimOptions::default() }).await.unwrap();
    let control = sim.control();
    control.create_stage(DONE, Some(STAGE)).unwrap();
    let fields = vec![
        NewField { required: true, ..field("Score", "text") },
        field("Percent", "currency"),
        field("Category", "text"),
        field("Report", "textarea"),
    ];
    control.create_form_template(NewTemplate { text: FORM.into(), fields, ..NewTemplate::default() }).unwrap();
    let fields = vec![field("Rating", "score-system"), field("Score", "text")];
    control.create_feedback_template(NewTemplate { text: "Review".into(), fields, ..NewTemplate::default() }).unwrap();
    vendor(&sim).publish(TEST).unwrap();
    vendor(&sim).switch(&json!({ "pdf_busy": 0 })).unwrap();
    control
        .create_opportunity(NewOpportunity {
            name: ADA.into(),
            email: Some(EMAIL.into()),
            tags: vec![TEST.into()],
            ..NewOpportunity::default()
        })
        .unwrap();
    let config = project(&sim, folder.path(), rules);
    Bed::on(sim, folder, config).await
}

fn field(text: &str, kind: &str) -> NewField {
    NewField { kind: kind.into(), text: text.into(), ..NewField::default() }
}

fn vendor(sim: &Sim) -> VendorControl {
    sim.control().vendor("imocha")
}

fn project(sim: &Sim, folder: &Path, rules: &str) -> std::path::PathBuf {
    std::fs::create_dir_all(folder.join("secrets")).unwrap();
    std::fs::create_dir_all(folder.join("rules/imocha")).unwrap();
    for (name, secret) in
        [("lever", SimOptions::default().lever_api_key), ("imocha", vendor_api_key("imocha")), ("token", "p".repeat(32))]
    {
        std::fs::write(folder.join("secrets").join(name), secret).unwrap();
    }
    std::fs::write(folder.join("rules/imocha/vendor.yaml"), VENDOR).unwrap();
    std::fs::write(folder.join("rules/imocha/rules.yaml"), rules).unwrap();
    let config = folder.join("leverd.yaml");
    let text = format!(
        "accounts:\n  demo:\n    lever: {{ base_url: '{lever}', api_key: {{ file: secrets/lever }}, perform_as: Assessment Integration, webhooks: {{ unsigned: true }} }}\n    \
         vendors:\n      imocha: {{ base_url: '{vendor}/v3', secrets: {{ api_key: {{ file: secrets/imocha }} }}, path_token: {{ file: secrets/token }} }}\n    \
         packs: [{{ path: ./rules/imocha, mode: live, settings: {{ trigger_stage: {STAGE}, complete_stage: {DONE} }} }}]\nstore: {{ sqlite: leverd.db }}\n",
        lever = sim.lever_base_url(),
        vendor = sim.vendor_base_url("imocha").unwrap(),
    );
    let text = if rules.contains("ask:") {
        std::fs::write(folder.join("secrets/encryption"), "0f".repeat(32)).unwrap();
        text + "server: { public_url: http://127.0.0.1:9, encryption_keys: [{ file: secrets/encryption }] }\n"
    } else {
        text
    };
    std::fs::write(&config, text).unwrap();
    config
}

impl Bed {
    pub(super) fn at_vendor(&self) -> VendorControl {
        vendor(&self.world.sim)
    }

    /// Invited and handed in with this score.
    async fn scored(&self, score: f64) {
        self.enter().await;
        self.at_vendor().start(EMAIL, TEST).unwrap();
        self.rest().await;
        self.calls();
        self.at_vendor().submit(EMAIL, TEST, score).unwrap();
        self.rest().await;
    }

    pub(super) fn files(&self) -> Vec<String> {
        self.control().files(ADA).unwrap().into_iter().map(|file| file.name).collect()
    }

    /// The filled profile forms, each as its values in order.
    pub(super) fn forms(&self) -> Vec<Vec<Value>> {
        let forms = self.control().forms(ADA).unwrap();
        forms.iter().map(values).collect()
    }

    pub(super) fn feedback(&self) -> Vec<Vec<Value>> {
        let all = self.control().feedback(ADA).unwrap();
        all.iter().map(values).collect()
    }

    /// The calls to Lever since they were last asked for.
    fn lever(&self) -> Vec<String> {
        self.calls().into_iter().filter(|call| call.contains("/v1/opportunities")).collect()
    }
}

fn values(form: &Value) -> Vec<Value> {
    form["fields"].as_array().unwrap().iter().map(|field| field["value"].clone()).collect()
}

/// Rest, and then as much time as a look-up after a lost answer waits, and a few back-offs.
async fn settled(bed: &Bed) {
    bed.rest().await;
    for _ in 0..4 {
        bed.advance(Duration::from_secs(61)).await;
    }
}

// B57 B58 B59 B60 B79
#[tokio::test]
async fn b57_b58_b59_b60_b79_results_become_a_form_a_file_and_then_the_move() {
    let bed = bed("").await;
    bed.scored(80.0).await;
    assert_eq!(bed.forms(), [vec![json!("80 points"), json!(80), json!("Experienced"), Value::Null]]);
    assert_eq!(bed.files(), [format!("{TEST} - {ADA}.pdf")]);
    let file = &bed.control().files(ADA).unwrap()[0];
    assert!(file.user.is_some(), "a file is somebody's");
    assert!(bed.control().file_bytes(ADA, &file.name).unwrap().starts_with(b"%PDF-"));
    assert_eq!(bed.stage(ADA), DONE);
    // The plan reads the opportunity, whose name the file bears and whose stage the move leaves from: one read, which is fresh enough
    // for the move seconds later. Lever has one call for each of the three writes. The vendor is read back for the callback, which is
    // not signed, and asked once more for the report's URL when it is sent, since such URLs run out; then the file.
    let calls = bed.calls();
    let lever: Vec<&String> = calls.iter().filter(|call| call.contains("/v1/opportunities")).collect();
    assert_eq!(
        lever,
        [
            "GET /v1/opportunities/{id}",
            "POST /v1/opportunities/{id}/forms",
            "POST /v1/opportunities/{id}/files",
            "PUT /v1/opportunities/{id}/stage",
        ]
    );
    assert_eq!(calls.iter().filter(|call| call.contains("/vendors/imocha")).count(), 3, "{calls:?}");
    assert!(bed.parked().await.is_empty());
}

// D08 D16
#[tokio::test]
async fn d08_d16_a_report_that_is_not_ready_is_waited_for_and_the_move_with_it() {
    let bed = bed("").await;
    bed.at_vendor().switch(&json!({ "pdf_busy": 2, "pdf_unnamed": 2 })).unwrap();
    bed.scored(80.0).await;
    // The form is there at once; the file is not, and the candidate stays in the queue of those who are being assessed.
    assert_eq!((bed.forms().len(), bed.files().len(), bed.stage(ADA)), (1, 0, STAGE.to_owned()));
    let said = bed.said(ADA).await;
    assert!(said.iter().any(|said| said.contains("does not name the report yet")), "{said:?}");
    bed.advance(Duration::from_secs(61)).await;
    let said = bed.said(ADA).await;
    assert!(said.iter().any(|said| said.contains("is not ready yet")), "{said:?}");
    for _ in 0..3 {
        bed.advance(Duration::from_secs(61)).await;
    }
    assert_eq!((bed.forms().len(), bed.files().len(), bed.stage(ADA)), (1, 1, DONE.to_owned()));
    assert!(bed.parked().await.is_empty());
}

// D16
#[tokio::test]
async fn d16_a_page_with_status_200_is_no_report_and_a_report_that_never_comes_is_told() {
    let bed = bed("").await;
    bed.fault("GET", "/vendors/imocha/PDFReport", 1, Misbehaviour::Garble);
    bed.scored(80.0).await;
    assert!(bed.files().is_empty());
    settled(&bed).await;
    assert_eq!(bed.files().len(), 1);

    let bed = self::bed("").await;
    bed.at_vendor().switch(&json!({ "pdf_busy": 100_000 })).unwrap();
    bed.scored(80.0).await;
    for _ in 0..26 {
        bed.advance(Duration::from_secs(3600)).await;
    }
    let parked = bed.parked().await;
    assert!(parked.len() == 1 && parked[0].starts_with("add_file ") && parked[0].contains("tried for a day"), "{parked:?}");
    assert_eq!((bed.forms().len(), bed.stage(ADA)), (1, STAGE.to_owned()));
}

// D01 D08 B79
#[tokio::test]
async fn d01_d08_b79_forms_files_and_feedback_whose_answer_was_lost_are_found_and_not_written_twice() {
    let bed = bed(MORE).await;
    let writes = ["forms", "files", "notes", "feedback"];
    for write in writes {
        bed.fault("POST", &format!("/v1/opportunities/{{id}}/{write}"), 1, Misbehaviour::DropAfter);
    }
    bed.scored(80.0).await;
    settled(&bed).await;
    assert_eq!((bed.forms().len(), bed.files().len(), bed.notes(ADA).len(), bed.feedback().len()), (1, 1, 1, 1));
    for write in writes {
        assert_eq!(bed.count(&format!("POST /v1/opportunities/{{id}}/{write}")), 1, "{write}");
    }
    assert_eq!(bed.stage(ADA), DONE);
    assert!(bed.parked().await.is_empty(), "{:?}", bed.parked().await);
}

#[tokio::test]
async fn d01_forms_files_and_feedback_that_were_not_taken_are_sent_again() {
    for then in [
        Misbehaviour::DropBefore,
        Misbehaviour::Answer { status: 503, applied: false, retry_after: None },
        Misbehaviour::Garble,
    ] {
        let bed = bed(MORE).await;
        for write in ["forms", "files", "notes", "feedback"] {
            bed.fault("POST", &format!("/v1/opportunities/{{id}}/{write}"), 1, then.clone());
        }
        bed.scored(80.0).await;
        settled(&bed).await;
        let there = (bed.forms().len(), bed.files().len(), bed.notes(ADA).len(), bed.feedback().len());
        assert_eq!(there, (1, 1, 1, 1), "{then:?}");
        assert_eq!(bed.stage(ADA), DONE, "{then:?}");
        assert!(bed.parked().await.is_empty(), "{then:?}: {:?}", bed.parked().await);
    }
}

// B80 D11 D12
#[tokio::test]
async fn b80_d11_d12_a_corrected_result_replaces_what_stands_under_its_key() {
    let bed = bed(MORE).await;
    bed.scored(80.0).await;
    settled(&bed).await;
    assert_eq!(bed.notes(ADA), [format!("{TEST}: 80 %")]);
    assert_eq!(bed.links(ADA), ["https://reports.example.com/80"]);
    assert_eq!(bed.feedback(), [vec![json!("3 - Hire"), json!("80 %")]]);
    bed.calls();

    // The same share of twice the points: what says the same is not sent again.
    bed.at_vendor().switch(&json!({ "total_points": 200 })).unwrap();
    bed.recall().await;
    settled(&bed).await;
    assert_eq!((bed.notes(ADA).len(), bed.links(ADA).len(), bed.forms().len(), bed.files().len()), (1, 1, 2, 1));
    let sent: Vec<String> = bed.lever().into_iter().filter(|call| !call.starts_with("GET ")).collect();
    assert_eq!(
        sent,
        ["POST /v1/opportunities/{id}/forms", "POST /v1/opportunities/{id}/files", "DELETE /v1/opportunities/{id}/files/{id}",]
    );

    // The vendor corrects the score: its callback comes again.
    bed.at_vendor().correct(EMAIL, TEST, 60.0).unwrap();
    bed.recall().await;
    settled(&bed).await;
    assert_eq!(bed.notes(ADA), [format!("{TEST}: 60 %")]);
    assert_eq!(bed.links(ADA), ["https://reports.example.com/60"]);
    assert_eq!(bed.feedback(), [vec![json!("3 - Hire"), json!("60 %")]]);
    assert_eq!(bed.files().len(), 1);
    // A filled form can be neither changed nor deleted: corrections stand beside it.
    assert_eq!(bed.forms().len(), 3);
    // New first, old away after it, one call each; feedback is changed in place.
    let mut lever: Vec<String> = bed.lever().into_iter().filter(|call| !call.starts_with("GET ")).collect();
    lever.sort();
    assert_eq!(
        lever,
        [
            "DELETE /v1/opportunities/{id}/files/{id}",
            "DELETE /v1/opportunities/{id}/notes/{id}",
            "POST /v1/opportunities/{id}/addLinks",
            "POST /v1/opportunities/{id}/files",
            "POST /v1/opportunities/{id}/forms",
            "POST /v1/opportunities/{id}/notes",
            "POST /v1/opportunities/{id}/removeLinks",
            "PUT /v1/opportunities/{id}/feedback/{id}",
        ]
    );
    assert!(bed.parked().await.is_empty());
}

#[tokio::test]
async fn a_link_a_status_and_the_place_in_the_pipeline_are_taken_back() {
    let bed = bed(BACK).await;
    bed.scored(80.0).await;
    assert_eq!(bed.links(ADA), ["https://reports.example.com/80"]);
    assert!(bed.tags(ADA).contains(&"Hot".to_owned()));
    bed.calls();
    bed.advance(Duration::from_secs(2 * 3600 + 1)).await;
    assert!(bed.links(ADA).is_empty());
    assert_eq!(bed.tags(ADA), [TEST]);
    let archived = &bed.control().opportunity(ADA).unwrap()["archived"];
    assert!(archived["archivedAt"].is_i64(), "{archived}");
    // Each of the three changes is one call, and archiving waits for the others. One reading serves the plan; tags are read again
    // when they are changed, since which member of the family is there may have changed since.
    let (reads, writes): (Vec<String>, Vec<String>) = bed.lever().into_iter().partition(|call| call.starts_with("GET "));
    assert_eq!(
        writes,
        [
            "POST /v1/opportunities/{id}/removeTags",
            "POST /v1/opportunities/{id}/removeLinks",
            "PUT /v1/opportunities/{id}/archived",
        ]
    );
    assert_eq!(reads.len(), 2, "{reads:?}");
    assert!(bed.parked().await.is_empty());
}

// D12
#[tokio::test]
async fn d12_what_was_replaced_goes_even_if_its_removal_fails_at_first() {
    let bed = bed(MORE).await;
    bed.scored(80.0).await;
    settled(&bed).await;
    for path in ["notes/{id}", "files/{id}"] {
        bed.fault("DELETE", &format!("/v1/opportunities/{{id}}/{path}"), 1, Misbehaviour::DropBefore);
    }
    bed.at_vendor().correct(EMAIL, TEST, 60.0).unwrap();
    bed.recall().await;
    settled(&bed).await;
    assert_eq!(bed.notes(ADA), [format!("{TEST}: 60 %")]);
    assert_eq!(bed.files().len(), 1);
    assert!(bed.parked().await.is_empty());
}

impl Bed {
    /// The vendor is asked to send its callback again.
    async fn recall(&self) {
        let rows = self.world.node.store.ledger(&self.account(), &self.id(ADA), None).await.unwrap();
        let id: u64 = rows[0].ids["invitation_id"].parse().unwrap();
        let url = format!("{}/v3/callbacks/process", self.world.sim.vendor_base_url("imocha").unwrap());
        let body = json!({ "testinvitationIds": [id] }).to_string();
        let answer = reqwest::Client::builder().no_proxy().build().unwrap().post(url);
        let answer = answer.header("x-api-key", vendor_api_key("imocha")).header("content-type", "application/json").body(body);
        assert!(answer.send().await.unwrap().status().is_success());
        self.rest().await;
    }
}
