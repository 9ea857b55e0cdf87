//! The console: the rules of an account with what became of them, and news for open pages.

use super::bed::{ADA, Bed, Setting, TEST};
use super::console::Browser;
use leverd::sim::Misbehaviour;

/// A rule whose note nobody reaches in a test, and which fires after the invitation.
const MORE: &str = r"
  - name: thank everybody
    trigger: assessment.invited
    do:
      - add_note: Thanks
";

#[tokio::test]
async fn rules_are_told_with_their_counts_their_tests_and_their_drawing() {
    let bed = Bed::with(Setting { rules: MORE, ..Setting::default() }).await;
    let refused = Misbehaviour::Answer { status: 422, applied: false, retry_after: None };
    bed.fault("POST", "/v1/opportunities/{id}/notes", 1, refused);
    bed.enter().await;
    assert_eq!(bed.parked().await.len(), 1, "{:?}", bed.parked().await);
    let mut browser = Browser::inside(&bed).await;
    let seen = browser.get("/console/rules").await;
    let text = seen.read();
    let hash = bed.world.node.account(&bed.account()).unwrap().active().program.hash().to_owned();
    for part in [
        &format!("Rules {} are in force in demo .", &hash[..12]),
        "Qualified.io qualified live",
        "invite on trigger stage rules/qualified/rules.yaml:",
        "When a candidate enters Assessment",
        "no rule tests They reach 0 of",
        "On the left what happens, in the middle the rules",
        "What leads to what: ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Considered, fired, failed: as cells that say what they are on a phone, too.
    let row = |rule: &str| {
        let cells = seen.html.split(&format!("<b>{rule}</b>")).nth(1).unwrap().split("</tr>").next().unwrap();
        ["Considered", "Fired", "Failed"].map(|name| {
            let cell = cells.split(&format!("data-name=\"{name}\" class=\"number\">")).nth(1).unwrap();
            let cell = cell.split("</td>").next().unwrap();
            cell.chars().filter(char::is_ascii_digit).collect::<String>()
        })
    };
    assert_eq!(row("invite on trigger stage"), ["1", "1", "0"]);
    assert_eq!(row("thank everybody"), ["1", "1", "1"]);
    assert_eq!(row("mark rejected"), ["0", "0", "0"]);
    // The drawing brings no style of its own: the page's policy would refuse it.
    assert!(seen.html.contains("<svg") && !seen.html.contains("<style"));
    let css = seen.html.split("href=\"/console/static/console.").nth(1).unwrap().split('"').next().unwrap();
    assert!(browser.get(&format!("/console/static/console.{css}")).await.html.contains(".lv-map"));
}

#[tokio::test]
async fn a_shipped_pack_is_shown_with_what_its_tests_reach() {
    let bed = Bed::start().await;
    let text = Browser::inside(&bed).await.get("/console/rules").await.read();
    assert!(text.contains("tests pass They reach") && text.contains("leverd:qualified/rules.yaml:"), "{text}");
}

#[tokio::test]
async fn open_pages_are_told_of_news_until_leverd_stops() {
    let bed = Bed::start().await;
    let mut browser = Browser::inside(&bed).await;
    let page = browser.get("/console").await;
    assert!(page.html.contains("<main id=\"main\" tabindex=\"-1\" data-live>"), "{}", page.html);
    assert_eq!(Browser::of(&bed).get("/console/live").await.status, 303, "nobody listens from outside");
    let mut news = browser.listen().await;
    assert_eq!(news.headers()["content-type"], "text/event-stream");
    assert_eq!(news.chunk().await.unwrap().unwrap(), "retry: 3000\n\n");
    bed.control().move_stage(ADA, super::bed::STAGE).unwrap();
    let told = news.chunk().await.unwrap().unwrap();
    assert_eq!(told, "event: changed\ndata:\n\n");
    bed.rest().await;
    assert_eq!(bed.mails().len(), 1, "{TEST}");
    // A page that listens does not hold leverd up.
    let ended = tokio::spawn(async move { while let Ok(Some(_)) = news.chunk().await {} });
    bed.world.stop().await.stop();
    tokio::time::timeout(std::time::Duration::from_secs(60), ended).await.expect("the news end with leverd").unwrap();
}
