//! The console: a rule is edited in the page and tried, and nothing is sent.

use super::bed::{ADA, Bed, Setting, TEST};
use super::console::{Browser, Seen};
use serde_json::json;

const MORE: &str = r"
  - name: thank the remote
    trigger: assessment.invited
    when: { candidate.location: Berlin }
    do:
      - add_note: Thanks
";

struct Bench {
    bed: Bed,
    browser: Browser,
    token: String,
    rules: String,
}

impl Bench {
    async fn new() -> Self {
        let bed = Bed::with(Setting { rules: MORE, ..Setting::default() }).await;
        bed.enter().await;
        let mut browser = Browser::inside(&bed).await;
        let page = browser.get("/console/try").await;
        let rules = std::fs::read_to_string(bed.world.config.with_file_name("rules").join("qualified/rules.yaml")).unwrap();
        assert!(page.read().contains("when: { candidate.location: Berlin }"), "{}", page.read());
        let token = page.field("token");
        bed.control().clear_requests();
        Self { bed, browser, token, rules }
    }

    async fn run(&self, kind: &str) -> String {
        let (store, now) = (&self.bed.world.node.store, self.bed.world.node.clock.now());
        let runs = store.runs(None, None, 20, now).await.unwrap();
        runs.iter().find(|run| run.event.kind.to_string() == kind).unwrap().event.id.to_string()
    }

    /// Sends the form with the rules as they were edited; what the page says of it.
    async fn tried(&mut self, text: &str, on: &[(&str, &str)]) -> Seen {
        let mut fields =
            vec![("token", self.token.as_str()), ("account", "demo"), ("file", "rules/qualified/rules.yaml"), ("text", text)];
        fields.extend(on);
        let mut seen = self.browser.post("/console/try", &fields).await;
        assert_eq!(seen.status, 200);
        let result = seen.html.split("<section id=\"result\"").nth(1).unwrap().split("</section></div>").next().unwrap();
        seen.html = format!("<main{result}");
        seen
    }

    /// Only reads left, and nothing is there that was not there before.
    async fn nothing_was_sent(&self) {
        self.bed.rest().await;
        let calls = self.bed.calls();
        assert!(calls.iter().all(|call| call.starts_with("GET ")), "{calls:?}");
        assert_eq!((self.bed.mails().len(), self.bed.notes(ADA).len()), (1, 0));
        let now = std::fs::read_to_string(self.bed.world.config.with_file_name("rules").join("qualified/rules.yaml")).unwrap();
        assert_eq!(now, self.rules, "no file is changed");
    }
}

#[tokio::test]
async fn faults_of_an_edited_rule_are_told_as_validate_tells_them() {
    let mut bench = Bench::new().await;
    let text = bench.rules.replace("candidate.location: Berlin", "candidate.locaton: Berlin");
    let told = bench.tried(&text, &[]).await.read();
    for part in ["has faults", "candidate.locaton", "rules/qualified/rules.yaml:", "did you mean"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let text = bench.rules.clone();
    let told = bench.tried(&text, &[]).await.read();
    assert!(told.contains("as it is in force Pick a run or an opportunity"), "{told}");
    bench.nothing_was_sent().await;
}

#[tokio::test]
async fn an_edited_rule_is_tried_on_a_run_with_what_was_known_then() {
    let mut bench = Bench::new().await;
    let run = bench.run("assessment.invited").await;
    let text = bench.rules.clone();
    // The invitation that came of the first event is not held against it: what was known then counts.
    let first = bench.run("candidateStageChange").await;
    let told = bench.tried(&text, &[("run", &first)]).await.read();
    assert!(told.contains(&format!("invite to {TEST} at qualified")) && told.contains("invite_candidates"), "{told}");
    let told = bench.tried(&text, &[("run", &run)]).await.read();
    assert!(told.contains("thank the remote did not fire"), "{told}");
    let text = bench.rules.replace("when: { candidate.location: Berlin }", "when: { candidate.email: { exists: true } }");
    let told = bench.tried(&text, &[("run", &run)]).await.read();
    for part in [
        "no faults",
        "What would be sent",
        "add_note \"Thanks\"",
        "/notes",
        "thank the remote fired",
        "when: { candidate.email: { exists: true } } ✓ true: candidate.email is ada@example.com",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // From the run's own page one gets here.
    let page = bench.browser.get(&format!("/console/runs/demo/{run}")).await;
    assert!(page.html.contains(&format!("/console/try?account=demo&amp;run={run}\"")), "{}", page.html);
    bench.nothing_was_sent().await;
}

#[tokio::test]
async fn rules_are_tried_on_an_opportunity_and_on_a_delivery() {
    let mut bench = Bench::new().await;
    let id = bench.bed.id(ADA).to_string();
    let text = bench.rules.clone();
    let on = [("opportunity", id.as_str()), ("event", "candidateStageChange"), ("stage", "")];
    let told = bench.tried(&text, &on).await.read();
    // The tag is spent, as Lever has it now.
    assert!(
        told.contains("nothing fits a test of the vendor's catalogue") && told.contains("Nothing would be sent."),
        "{told}"
    );
    let payload = json!({ "event": "candidateStageChange", "triggeredAt": 1_800_000_000_000_i64,
        "data": { "opportunityId": id, "toStageId": "no-such-stage" } });
    let told = bench.tried(&text, &[("payload", &payload.to_string())]).await.read();
    assert!(told.contains("leverd would not act on this delivery"), "{told}");
    let told = bench.tried(&text, &[("payload", "not JSON")]).await.read();
    assert!(told.contains("Lever's delivery is not JSON"), "{told}");
    let told = bench.tried(&text, &[("opportunity", "no-such-id")]).await.read();
    assert!(told.contains("Lever"), "{told}");
    assert!(!told.contains(TEST), "{told}");
    bench.nothing_was_sent().await;
}
