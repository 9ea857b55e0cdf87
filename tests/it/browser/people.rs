//! Who logs in, what they may do, and that neither a mouse nor a script is needed for it.

use super::driver::Browser;
use super::sound::{look, was_quiet};
use crate::flow::bed::{Bed, EMAIL, POSTING, STAGE};
use crate::flow::console::{PASSWORD, USERS, bed_with};
use leverd::sim::{Misbehaviour, NewOpportunity};
use serde_json::json;

const MORE: &str = r"
  - name: thank the remote
    trigger: assessment.invited
    when: { candidate.location: Berlin }
    do:
      - add_note: Thanks
";
const BO: &str = "Bo Example";
const TAB: char = '\u{E004}';
const ENTER: char = '\u{E007}';

/// Two invitations that the vendor refused wait for a person.
async fn parked() -> Bed {
    let bed = bed_with(USERS, MORE).await;
    let refused = Misbehaviour::Answer { status: 422, applied: false, retry_after: None };
    bed.fault("POST", "/api/v1/assessment_invitations/invite_candidates", 2, refused);
    let (name, email, posting) = (BO.to_owned(), Some("bo@example.com".to_owned()), Some(POSTING.to_owned()));
    bed.control().create_opportunity(NewOpportunity { name, email, posting, ..NewOpportunity::default() }).unwrap();
    bed.control().move_stage(BO, STAGE).unwrap();
    bed.enter().await;
    assert_eq!(bed.parked().await.len(), 2, "{:?}", bed.parked().await);
    bed
}

async fn log_in(browser: &Browser, bed: &Bed, name: &str) {
    browser.open(&format!("http://{}/console", bed.world.address)).await;
    browser.type_in("Name", name).await;
    browser.type_in("Password", PASSWORD).await;
    browser.press("Log in").await;
    browser.sees(&["Now", name]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_logs_in_skips_many_finds_runs_tries_a_rule_and_examines_the_connection() {
    let bed = parked().await;
    let (browser, mut faults) = (Browser::start().await, Vec::new());
    browser.open(&format!("http://{}/console/parked", bed.world.address)).await;
    browser.type_in("Name", "olga").await;
    browser.type_in("Password", "not it").await;
    browser.press("Log in").await;
    browser.sees(&["Name or password is wrong."]).await;
    look(&browser, "wrong-password", &mut faults).await;
    let complaints = browser.complaints().await;
    assert!(complaints.len() == 1 && complaints[0].contains("401"), "{complaints:?}");
    browser.type_in("Password", PASSWORD).await;
    browser.press("Log in").await;

    // Where one wanted to go: all of it is skipped at once, with a reason that is kept.
    browser.sees(&["Parked", "2 things wait for a person"]).await;
    browser.click("//label[contains(.,'All of them')]//input").await;
    browser.press("Skip…").await;
    browser.sees(&["Skip this?", "2 things will not be done"]).await;
    look(&browser, "skip", &mut faults).await;
    browser.type_in("Why, for those who look later", "the posting was closed").await;
    browser.press("Skip 2 things").await;
    browser.sees(&["2 things skipped.", "Nothing waits for a person."]).await;
    browser.press("Record").await;
    browser.sees(&["olga", "skip: the posting was closed"]).await;
    assert!(bed.mails().is_empty());

    // A third one is invited; its run is found among the others.
    bed.candidate("Cy Example", Some("cy@example.com"), &[crate::flow::bed::TEST]);
    bed.control().move_stage("Cy Example", STAGE).unwrap();
    bed.rest().await;
    browser.press("Runs").await;
    browser.type_in("Event", "assessment.invited").await;
    browser.press("Find").await;
    browser
        .until("one kind of run", |text| text.contains("assessment.invited") && !text.contains("candidateStageChange"))
        .await;
    look(&browser, "runs-found", &mut faults).await;
    browser.type_in("Event", "").await;
    browser.type_in("Anything", "nobody is called so").await;
    browser.press("Find").await;
    browser.until("no run", |text| !text.contains("assessment.invited")).await;

    // A rule is edited: a fault is shown while it is typed, then what would come of it. Nothing is sent.
    browser.press("Try").await;
    let text = browser.run("return document.querySelector('textarea[name=text]').value").await;
    let good = text.as_str().unwrap().replace("candidate.location: Berlin", "candidate.email: cy@example.com");
    let edit = async |text: &str| {
        let (set, news) = ("const at = document.querySelector('textarea[name=text]')", "new Event('input', { bubbles: true })");
        browser.run(&format!("{set}; at.value = {}; at.dispatchEvent({news})", json!(text))).await;
    };
    edit(&good.replacen("add_note: Thanks", "add_noet: Thanks", 1)).await;
    browser.sees(&["add_noet", "did you mean `add_note`"]).await;
    look(&browser, "try-fault", &mut faults).await;
    edit(&good).await;
    let chosen = "const at = document.querySelector('select[name=run]'); \
                  at.value = [...at.options].find((one) => one.text.includes('assessment.invited')).value; \
                  at.dispatchEvent(new Event('input', { bubbles: true }))";
    browser.run(chosen).await;
    browser.sees(&["thank the remote", "Thanks"]).await;
    look(&browser, "try-plan", &mut faults).await;
    assert!(bed.notes("Cy Example").is_empty());

    browser.press("Connect").await;
    browser.press("Examine everything").await;
    browser.sees(&["What the examination found"]).await;
    look(&browser, "examined", &mut faults).await;
    browser.press("Test a delivery").await;
    browser.sees(&["A test delivery"]).await;
    browser.press("See what would be made").await;
    browser.sees(&["What would be made"]).await;
    was_quiet(&browser, &format!("http://{}", bed.world.address)).await;
    browser.end().await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_sees_everything_and_is_offered_nothing_to_do() {
    let bed = parked().await;
    let (browser, mut faults) = (Browser::start().await, Vec::new());
    log_in(&browser, &bed, "vera").await;
    browser.press("Parked").await;
    let seen = browser.sees(&["2 things wait for a person", "422"]).await;
    assert!(!seen.contains("Retry") && !seen.contains("Skip…"), "{seen}");
    look(&browser, "parked-viewer", &mut faults).await;
    browser.press("Candidates").await;
    browser.type_in("Name, e-mail", EMAIL).await;
    browser.press("Find").await;
    browser.press("Ada").await;
    browser.sees(&["What happened"]).await;
    browser.press("Connect").await;
    let seen = browser.sees(&["Examine everything"]).await;
    assert!(!seen.contains("Make them"), "{seen}");
    browser.end().await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_mouse_and_without_a_script_parked_work_is_retried() {
    let bed = parked().await;
    let browser = Browser::start().await;
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    log_in(&browser, &bed, "olga").await;
    // The first thing that the keyboard comes to spares the menu.
    browser.open(&format!("http://{}/console/parked", bed.world.address)).await;
    let first = browser.key(TAB).await;
    assert!(first.contains("content"), "{first}");
    browser.key(ENTER).await;
    let mut come_to = Vec::new();
    while !come_to.iter().any(|name: &String| name.contains("Retry")) {
        assert!(come_to.len() < 5, "{come_to:?}");
        come_to.push(browser.key(TAB).await);
    }
    // One of the list, then the button.
    browser.click("(//main//input[@name='work'])[1]").await;
    browser.press("Retry…").await;
    browser.sees(&["Try this again?", "1 thing will be done now"]).await;
    browser.press("Retry 1 thing").await;
    browser.sees(&["1 thing due now."]).await;
    bed.rest().await;
    browser.press("Parked").await;
    browser.sees(&["1 thing waits for a person"]).await;
    assert_eq!(bed.mails().len(), 1);
    browser.end().await;
}
