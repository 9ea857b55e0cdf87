//! The console: how an account is connected, and whether everything is as it must be.

use super::bed::Bed;
use super::console::{Browser, PASSWORD, USERS, bed};

#[tokio::test]
async fn the_page_tells_what_a_super_admin_does_and_the_examination_what_is_wrong() {
    let bed = Bed::start().await;
    let mut browser = Browser::inside(&bed).await;
    let page = browser.get("/console/connect").await;
    let text = page.read();
    let base = format!("http://{}", bed.world.address);
    for part in [
        "Account demo : API key.",
        "Settings › Integrations and API › API Credentials",
        "ticks what the rules need:",
        &format!("candidateStageChange {base}/hooks/lever/demo/candidateStageChange"),
        "A Super Admin makes the webhooks in Lever:",
        &format!("qualified sends to {base}/hooks/qualified/demo/…"),
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!page.html.contains("demo-path-token-of-no-value"), "the path token is a secret");
    let token = page.field("token");
    let mut press =
        async |does: &str| browser.post("/console/connect", &[("token", &token), ("account", "demo"), ("do", does)]).await;
    let text = press("examine").await.read();
    assert!(text.contains("What the examination found") && text.contains("fine"), "{text}");
    let text = press("reach").await.read();
    assert!(text.contains("addresses lead from outside to this leverd"), "{text}");
    let text = press("plan").await.read();
    assert!(text.contains("What would be made"), "{text}");
    let text = press("make").await.read();
    assert!(text.contains("Make these webhooks?") && text.contains("Leave it"), "{text}");
    // An API key needs no login.
    let text = press("link").await.read();
    assert!(text.contains("account demo is connected by an API key: there is nothing to log in to"), "{text}");
    let record = browser.get("/console/record").await.read();
    assert!(record.contains("link made a login link demo:") && !record.contains("made webhooks"), "{record}");
}

#[tokio::test]
async fn an_address_that_does_not_lead_here_is_told() {
    let bed = Bed::start().await;
    let mut browser = Browser::inside(&bed).await;
    let token = browser.get("/console/connect").await.field("token");
    // The simulator answers there, and knows no such path.
    let elsewhere = bed.world.sim.control_url();
    bed.world.node.public_url.store(std::sync::Arc::new(url::Url::parse(&elsewhere).ok()));
    let text = browser.post("/console/connect", &[("token", &token), ("do", "reach")]).await.read();
    assert!(text.contains("not lead here:") && text.contains("something else answers there, with status"), "{text}");
    // A browser that is sent to such an address is told that it is right.
    let seen = browser.get("/hooks/lever/demo/candidateStageChange?here=0000").await;
    assert_eq!((seen.status, seen.html.as_str()), (405, "the address is right; Lever sends its webhooks here by POST"));
}

#[tokio::test]
async fn a_viewer_examines_and_makes_nothing() {
    let bed = bed(USERS).await;
    let mut browser = Browser::of(&bed);
    browser.log_in("vera", PASSWORD).await;
    let page = browser.get("/console/connect").await;
    let token = page.field("token");
    assert!(!page.read().contains("Make them"), "{}", page.read());
    bed.control().clear_requests();
    for does in ["plan", "make", "link"] {
        let fields = [("token", token.as_str()), ("do", does), ("confirm", "yes")];
        assert_eq!(browser.post("/console/connect", &fields).await.status, 403, "{does}");
    }
    assert!(bed.calls().is_empty());
    assert_eq!(browser.post("/console/connect", &[("token", &token), ("do", "examine")]).await.status, 200);
}
