//! The console: runs on the text of their rules, and candidates' stories.

use super::bed::{ADA, Bed, EMAIL, Setting, TEST};
use super::console::Browser;

/// A rule that does not fire, below the shipped ones.
const MORE: &str = r"
  - name: thank the remote
    trigger: assessment.invited
    when:
      candidate.name: Ada Example
      candidate.location: Berlin
    do:
      - add_note: Thanks, {{candidate.name}}
";

async fn story() -> Bed {
    let bed = Bed::with(Setting { rules: MORE, ..Setting::default() }).await;
    bed.enter().await;
    bed
}

#[tokio::test]
async fn a_run_is_shown_on_the_rule_file_with_every_line_true_or_false() {
    let bed = story().await;
    let mut browser = Browser::inside(&bed).await;
    let list = browser.get("/console/runs").await;
    let text = list.read();
    assert!(text.contains("candidateStageChange") && text.contains("fired invite on trigger stage"), "{text}");
    let address = list
        .html
        .split("href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .filter(|address| address.starts_with("/console/runs/demo/"))
        .map(str::to_owned)
        .collect::<Vec<_>>();
    let mut texts = Vec::new();
    for address in &address {
        texts.push(browser.get(address).await);
    }
    let entered = texts.iter().find(|seen| seen.read().starts_with("Run of candidateStageChange")).unwrap();
    let text = entered.read();
    for part in [
        "invite on trigger stage fired",
        "true: to_stage is Assessment",
        &format!("invite to {TEST} at qualified — done"),
        "Attempts",
        "invite_candidates",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // What follows: the rule that is held, line by line, with the value it saw, and what would have had it fire.
    let invited = texts.iter().find(|seen| seen.read().starts_with("Run of assessment.invited")).unwrap();
    let text = invited.read();
    for part in [
        "thank the remote did not fire",
        "candidate.name: Ada Example ✓ true: candidate.name is Ada Example",
        "candidate.location: Berlin ✗ false: there is no candidate.location , the rule wants Berlin",
        "Why not? What would have had them fire thank the remote : there would have to be a candidate.location that is Berlin",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The note stands on the very line of the file.
    let rules = std::fs::read_to_string(bed.world.config.with_file_name("rules").join("qualified/rules.yaml")).unwrap();
    let number = rules.lines().position(|line| line.contains("candidate.location: Berlin")).unwrap() + 1;
    let line = invited.html.split(&format!("<li value=\"{number}\" class=\"no\">")).nth(1).unwrap();
    assert!(line.starts_with("<code>      candidate.location: Berlin</code><span class=\"note no\">"), "{line}");
}

#[tokio::test]
async fn runs_are_found_by_rule_event_outcome_and_anything() {
    let bed = story().await;
    let mut browser = Browser::inside(&bed).await;
    let mut shown = async |query: &str| {
        let seen = browser.get(&format!("/console/runs?{query}")).await;
        seen.html.matches("href=\"/console/runs/demo/").count()
    };
    let all = shown("").await;
    assert!(all >= 2, "{all}");
    assert_eq!(shown("event=candidateStage").await, 1);
    assert_eq!(shown("rule=thank").await, 1);
    assert_eq!(shown("text=AngularJS%3A+Services").await, all, "the tag or the test is in each of them");
    assert_eq!(shown("came=parked").await, 0);
    assert_eq!(shown("came=fired").await + shown("came=nothing").await, all);
    assert_eq!(shown("account=nobody").await, 0);
    let first = bed.world.node.store.runs(None, None, 1, bed.world.node.clock.now()).await.unwrap().remove(0);
    assert_eq!(shown(&format!("before={}", first.planned_at)).await, all - 1);
}

#[tokio::test]
async fn a_candidate_is_found_by_name_mail_id_or_address_and_the_story_is_told_whole() {
    let bed = story().await;
    let mut browser = Browser::inside(&bed).await;
    let id = bed.id(ADA);
    for query in ["ada%20ex", "ADA@example", id.as_str(), &format!("https%3A%2F%2Fhire.lever.co%2Fcandidates%2F{id}")] {
        let seen = browser.get(&format!("/console/candidates?q={query}")).await;
        assert!(seen.html.contains(&format!("/console/candidates/demo/{id}\"")), "{query}: {}", seen.read());
    }
    let none = browser.get("/console/candidates?q=nobody").await.read();
    assert!(none.contains("Nobody was found."), "{none}");
    let text = browser.get(&format!("/console/candidates/demo/{id}")).await.read();
    for part in [
        "Ada Example",
        EMAIL,
        &format!("{TEST} invited at qualified"),
        "invitation_id",
        "Delivery from Lever: candidateStageChange",
        "candidateStageChange ✓ invite on trigger stage fired",
        &format!("done invite to {TEST} at qualified"),
        "Why not?",
        "thank the remote not fired: there is no candidate.location , the rule wants Berlin",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn somebody_no_rule_has_named_is_asked_of_lever_by_mail() {
    let bed = Bed::start().await;
    let mut browser = Browser::inside(&bed).await;
    let id = bed.id(ADA);
    let seen = browser.get(&format!("/console/candidates?q={}", EMAIL.replace('@', "%40"))).await;
    assert!(seen.html.contains(&format!("/console/candidates/demo/{id}\"")), "{}", seen.read());
    let text = browser.get(&format!("/console/candidates/demo/{id}")).await.read();
    assert!(text.contains("No event of this opportunity has arrived"), "{text}");
}

#[tokio::test]
async fn what_a_candidate_is_called_is_never_markup() {
    const NAME: &str = "<img src=x onerror=alert(1)>";
    let bed = Bed::with(Setting { rules: MORE, ..Setting::default() }).await;
    bed.candidate(NAME, Some("x@example.com"), &[]);
    bed.control().add_tags(NAME, &[TEST.to_owned()]).unwrap();
    bed.control().move_stage(NAME, super::bed::STAGE).unwrap();
    bed.rest().await;
    let id = bed.id(NAME);
    let mut browser = Browser::inside(&bed).await;
    let escaped = "&lt;img src=x onerror=alert(1)&gt;";
    let paths = [
        "/console/candidates?q=onerror".to_owned(),
        format!("/console/candidates/demo/{id}"),
        "/console/runs?text=onerror".into(),
    ];
    for path in &paths {
        let seen = browser.get(path).await;
        assert!(!seen.html.contains("<img"), "{path}: {}", seen.html);
        assert_eq!(seen.status, 200);
    }
    assert!(browser.get(&paths[1]).await.html.contains(&format!("<h1>{escaped}</h1>")));
}
