//! Accounts are connected, lose their access, and get it back: nothing is lost on the way.

use super::bed::{ADA, Bed, EMAIL, Setting, TEST};
use leverd::model::{NoticeKind, Reason};
use leverd::runtime::account::Account;
use leverd::runtime::doctor::{self, Finding, Level};
use leverd::runtime::{login, status, tokens, webhooks};
use leverd::sim::{Misbehaviour, NewApp, sign};
use leverd::store::Options;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

const CLIENT_SECRET: &str = "sim-client-secret-of-no-value";
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const INVITED: &str = "AngularJS: Services, Components, and API Access - Invited";

fn account(bed: &Bed) -> Arc<Account> {
    bed.world.node.account(&bed.account()).unwrap()
}

async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !so().await {
        assert!(started.elapsed() < Duration::from_secs(60), "waiting for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A bed whose account is connected by an OAuth app since a change of leverd.yaml. Nobody has logged in yet.
async fn oauth_bed() -> Bed {
    let bed = Bed::with(Setting::default()).await;
    let app = NewApp {
        client_id: "leverd-app".into(),
        client_secret: CLIENT_SECRET.into(),
        callbacks: vec![format!("http://{}/oauth/lever/callback", bed.world.address)],
        ..NewApp::default()
    };
    bed.control().register_app(app).unwrap();
    let secrets = bed.world.config.with_file_name("secrets");
    std::fs::write(secrets.join("client"), CLIENT_SECRET).unwrap();
    std::fs::write(secrets.join("key"), KEY).unwrap();
    let oauth = format!(
        "oauth: {{ client_id: leverd-app, client_secret: {{ file: secrets/client }}, auth_url: '{}' }}",
        bed.world.sim.auth_url()
    );
    let text = std::fs::read_to_string(&bed.world.config).unwrap();
    let text =
        text.replace("api_key: { file: secrets/lever }", &oauth) + "server: { encryption_keys: [{ file: secrets/key }] }\n";
    std::fs::write(&bed.world.config, text).unwrap();
    until("the app", async || account(&bed).oauth.is_some()).await;
    // The key that made the webhooks is worth nothing from now on.
    bed.control().revoke_credential("sim-lever-key");
    bed
}

/// A browser that goes where it is sent, and no further.
async fn browse(url: &str) -> (u16, Option<String>, String) {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client.get(url).send().await.unwrap();
    let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
    (answer.status().as_u16(), to, answer.text().await.unwrap())
}

async fn link(bed: &Bed) -> String {
    login::link(&bed.world.node, &account(bed), jiff::SignedDuration::from_hours(1)).await.unwrap()
}

/// From the link to where Lever sends the person back to.
async fn visit(bed: &Bed, link: &str, accept: bool) -> String {
    let (status, consent, _) = browse(link).await;
    assert_eq!(status, 303);
    bed.control().consent(&consent.unwrap(), accept).unwrap()
}

async fn connect(bed: &Bed) {
    let back = visit(bed, &link(bed).await, true).await;
    let (status, _, page) = browse(&back).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("Lever is connected to “demo”"), "{page}");
}

/// The file of the store, whole.
fn stored(bed: &Bed) -> String {
    let mut all = Vec::new();
    for ending in ["leverd.db", "leverd.db-wal"] {
        all.extend(std::fs::read(bed.world.config.with_file_name(ending)).unwrap_or_default());
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn lever_calls(bed: &Bed) -> Vec<String> {
    bed.calls().into_iter().filter(|call| call.contains("/v1/") && !call.contains("/api/v1/")).collect()
}

// B03 B22 D13
#[tokio::test]
async fn b03_b22_d13_log_in_lose_access_and_go_on_after_the_next_login() {
    let bed = oauth_bed().await;
    // Nobody has logged in: what comes is kept and waits.
    bed.control().move_stage(ADA, "Assessment").unwrap();
    bed.control().quiet().await;
    bed.rest().await;
    assert!(bed.mails().is_empty());
    connect(&bed).await;
    bed.advance(Duration::from_secs(61)).await;
    assert_eq!(bed.mails(), [format!("{EMAIL}: {TEST}")]);
    assert_eq!(bed.tags(ADA), [INVITED]);

    // What is stored can be read by nobody who has the file alone.
    let access = tokens::access(&bed.world.node, &account(&bed)).await.unwrap();
    assert!(!stored(&bed).contains(access.expose()));
    let grant = bed.world.node.store.grant(&bed.account(), &tokens::connection()).await.unwrap().unwrap();
    assert!(!grant.access.key.is_empty() && grant.access.key == grant.refresh.key);
    let signing = bed.world.node.store.signing_tokens(&bed.account()).await.unwrap();
    assert!(signing.iter().all(|token| token.token.key == grant.access.key), "sealed with the key that came later");

    // A Super Admin revokes the access while work comes in.
    bed.control().revoke_access();
    bed.control().start_assessment(EMAIL, TEST).unwrap();
    bed.rest().await;
    bed.control().submit_assessment(EMAIL, TEST, 87.5).unwrap();
    bed.rest().await;
    assert_eq!(bed.tags(ADA), [INVITED]);
    let notices = bed.world.node.store.notices(Some(&bed.account()), 10).await.unwrap();
    let told: Vec<_> = notices.iter().filter(|(_, notice)| notice.kind == NoticeKind::Suspended).collect();
    assert!(matches!(&told[..], [(_, notice)] if notice.text.contains("leverd connect demo")), "{told:?}");
    assert!(account(&bed).lever.suspended().is_some());
    // Hours later nothing is lost, nothing is parked, and Lever was not pestered: no call goes out without a token.
    bed.calls();
    bed.advance(Duration::from_secs(3 * 3600)).await;
    assert!(bed.parked().await.is_empty(), "{:?}", bed.parked().await);
    assert!(lever_calls(&bed).is_empty());

    connect(&bed).await;
    bed.advance(Duration::from_secs(61)).await;
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Submitted")]);
    assert_eq!((bed.mails().len(), bed.notes(ADA).len()), (1, 1));
    assert!(bed.parked().await.is_empty() && account(&bed).lever.suspended().is_none());
}

#[tokio::test]
async fn a_token_is_refreshed_in_time_and_by_one_alone() {
    let bed = oauth_bed().await;
    connect(&bed).await;
    let node = &bed.world.node;
    let version = async || node.store.grant(&bed.account(), &tokens::connection()).await.unwrap().unwrap().version;
    assert_eq!(version().await, 1);
    bed.calls();
    bed.advance(Duration::from_secs(3600)).await;
    // Many want it at once; one asks.
    let (account, all) = (account(&bed), (0..20).map(|_| ()));
    let asked = all.map(|()| {
        let (node, account) = (Arc::clone(node), Arc::clone(&account));
        tokio::spawn(async move { tokens::access(&node, &account).await.unwrap() })
    });
    for one in asked.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    assert_eq!(version().await, 2);
    assert_eq!(bed.calls().iter().filter(|call| call.contains("/oauth/token")).count(), 1);
    bed.enter().await;
    assert_eq!(bed.tags(ADA), [INVITED]);
}

#[tokio::test]
async fn a_refresh_whose_answer_got_lost_is_asked_again_with_the_same_token() {
    let bed = oauth_bed().await;
    connect(&bed).await;
    bed.advance(Duration::from_secs(3600)).await;
    bed.fault("POST", "/auth/oauth/token", 1, Misbehaviour::DropBefore);
    bed.control().move_stage(ADA, "Assessment").unwrap();
    bed.rest().await;
    bed.advance(Duration::from_secs(61)).await;
    assert_eq!(bed.tags(ADA), [INVITED]);
    assert!(bed.notices().await.is_empty(), "{:?}", bed.notices().await);
}

// B03
#[tokio::test]
async fn b03_a_login_that_is_not_right_is_told_and_changes_nothing() {
    let bed = oauth_bed().await;
    let link = link(&bed).await;
    let denied = visit(&bed, &link, false).await;
    let (status, _, page) = browse(&denied).await;
    assert_eq!(status, 403);
    assert!(page.contains("User did not authorize the request") && page.contains("link can be used again"), "{page}");
    // A state that came back once is spent.
    assert_eq!(browse(&denied).await.0, 409);

    let back = visit(&bed, &link, true).await;
    let forged = back.replace("demo.", "demo.0");
    assert_eq!(browse(&forged).await.0, 403);
    assert_eq!(browse(&back.replace("state=", "stat=")).await.0, 400);
    // One who took too long.
    bed.world.node.clock.advance(jiff::SignedDuration::from_mins(16));
    assert_eq!(browse(&back).await.0, 410);
    assert!(bed.world.node.store.grant(&bed.account(), &tokens::connection()).await.unwrap().is_none());

    // The same link all the same, then it is used up; and nobody begins without one.
    let back = visit(&bed, &link, true).await;
    assert_eq!(browse(&back).await.0, 200);
    assert_eq!(browse(&back).await.0, 409);
    assert_eq!(browse(&link).await.0, 410);
    assert_eq!(browse(&link.replace("ticket=", "ticket=0")).await.0, 404);
    let other = link.replace("account=demo", "account=other");
    assert_eq!(browse(&other).await.0, 404);
}

// B34 B67
#[tokio::test]
async fn b34_b67_a_deleted_key_stops_the_account_and_a_new_one_lets_it_go_on() {
    let bed = Bed::start().await;
    bed.control().revoke_credential("sim-lever-key");
    bed.control().move_stage(ADA, "Assessment").unwrap();
    bed.rest().await;
    bed.advance(Duration::from_secs(3600)).await;
    assert!(bed.mails().is_empty() && bed.parked().await.is_empty());
    assert_eq!(bed.notices().await, [NoticeKind::Suspended]);
    assert!(bed.get("/health").await.contains("\"connection\":\"lever\""));

    bed.control().add_credential("another-key", None);
    std::fs::write(bed.world.config.with_file_name("secrets").join("lever"), "another-key").unwrap();
    bed.advance(Duration::from_secs(61)).await;
    bed.advance(Duration::from_secs(61)).await;
    assert_eq!(bed.mails(), [format!("{EMAIL}: {TEST}")]);
    assert_eq!(bed.tags(ADA), [INVITED]);
    assert!(!stored(&bed).contains("another-key"));
}

fn said(findings: &[Finding], level: Level) -> Vec<String> {
    let of = findings.iter().filter(|finding| finding.level == level);
    of.map(|finding| format!("{}: {} -> {}", finding.about, finding.text, finding.next.as_deref().unwrap_or_default()))
        .collect()
}

async fn examined(bed: &Bed) -> Vec<Finding> {
    doctor::examine(&bed.world.node, &account(bed)).await
}

// B07 B08 B101
#[tokio::test]
async fn b07_b08_b101_webhooks_are_made_once_and_doctor_sees_whether_anything_ever_came() {
    let bed = Bed::start().await;
    let (node, account) = (&bed.world.node, account(&bed));
    let again = webhooks::ensure(node, &account, true).await.unwrap();
    assert!(!again.failed && again.lines.iter().all(|line| line.starts_with("= ")), "{again:?}");
    assert_eq!(bed.calls(), ["GET /v1/webhooks"]);

    let look = said(&examined(&bed).await, Level::Look);
    let never = look.iter().find(|said| said.contains("“Candidate Stage Change”: nothing was ever delivered")).expect("told");
    assert!(never.contains("nobody has clicked “Verify connection” yet"), "{never}");
    assert!(never.contains("a Super Admin switches “Candidate Stage Change” on"), "{never}");

    // Lever's “Verify connection”, then a delivery.
    let ping = bed.signed("candidateStageChange", "ping", 1, json!({})).await;
    assert_eq!(bed.post("/hooks/lever/demo/candidateStageChange", ping.to_string()).await.0, 200);
    let look = said(&examined(&bed).await, Level::Look);
    assert!(look.iter().any(|said| said.contains("“Verify connection” was answered at")), "{look:?}");
    bed.enter().await;
    let fine = said(&examined(&bed).await, Level::Fine);
    assert!(fine.iter().any(|said| said.contains("“Candidate Stage Change”: 1 delivered")), "{fine:?}");
}

#[tokio::test]
async fn a_webhook_whose_answer_got_lost_is_found_and_made_again() {
    let bed = Bed::start().await;
    let (node, account) = (&bed.world.node, account(&bed));
    let kept = node.store.signing_tokens(&bed.account()).await.unwrap();
    let stage = kept.iter().find(|token| token.event.as_str() == "candidateStageChange").unwrap();
    bed.control().delete_webhook(&stage.webhook).unwrap();
    bed.fault("POST", "/v1/webhooks", 1, Misbehaviour::DropAfter);
    bed.calls();
    let made = webhooks::ensure(node, &account, true).await.unwrap();
    assert!(!made.failed, "{made:?}");
    // Listed, made and lost; listed, the orphan deleted; made.
    let calls = ["GET /v1/webhooks", "POST /v1/webhooks", "GET /v1/webhooks", "DELETE /v1/webhooks/{id}", "POST /v1/webhooks"];
    assert_eq!(bed.calls(), calls);
    bed.enter().await;
    assert_eq!(bed.tags(ADA), [INVITED]);
}

// B01 B02 B33 B68 B69
#[tokio::test]
async fn b01_b02_b33_b68_b69_doctor_names_each_permission_that_the_rules_lack_and_no_other() {
    let bed = Bed::start().await;
    let wrong = said(&examined(&bed).await, Level::Wrong);
    assert!(wrong.is_empty(), "{wrong:?}");
    let look = said(&examined(&bed).await, Level::Look).join("\n");
    assert!(look.contains("“Add opportunity tag(s)”") && look.contains("“Create an opportunity note”"), "{look}");
    assert!(!look.contains("form"), "no rule of this account fills a form: {look}");

    let scopes =
        ["opportunities:write:admin", "stages:read:admin", "postings:read:admin", "users:read:admin", "webhooks:write:admin"];
    bed.control().add_credential("sim-lever-key", Some(scopes.map(str::to_owned).to_vec()));
    let wrong = said(&examined(&bed).await, Level::Wrong);
    let told = |label: &str| wrong.iter().any(|said| said.contains(label) && said.contains("a Super Admin ticks it"));
    assert!(told("“Find all tags”") && told("“Find all opportunity notes”") && told("“Find all archive reasons”"), "{wrong:?}");
    assert!(!told("“Find all stages”"), "{wrong:?}");

    bed.control().add_credential("sim-lever-key", Some(Vec::new()));
    let wrong = said(&examined(&bed).await, Level::Wrong).join("\n");
    assert!(wrong.contains("lets it do nothing") && wrong.contains("Lever Basic"), "{wrong}");
}

// B23
#[tokio::test]
async fn b23_doctor_says_what_to_do_about_a_vendor_that_does_not_let_us_in() {
    let bed = Bed::start().await;
    bed.fault("GET", "/api/v1/assessments", 0, Misbehaviour::Answer { status: 403, applied: false, retry_after: None });
    let wrong = said(&examined(&bed).await, Level::Wrong).join("\n");
    assert!(wrong.contains("ask its sales or support"), "{wrong}");
}

/// leverd.yaml with a second account in the same Lever and at the same vendor, under other secrets.
fn two_accounts(bed: &Bed, second: &str) {
    let config = &bed.world.config;
    std::fs::write(config.with_file_name("secrets").join("other_token"), "other-path-token-of-no-value").unwrap();
    let text = std::fs::read_to_string(config).unwrap();
    let (_, rest) = text.split_once("  demo:\n").unwrap();
    let (body, tail) = rest.split_once("store:").unwrap();
    let other = body.replace("secrets/path_token", "secrets/other_token").replace("- pack: qualified", second);
    let catalogue = std::fs::read_to_string(config.with_file_name("catalogue").join("demo.yaml")).unwrap();
    std::fs::write(config.with_file_name("catalogue").join("other.yaml"), catalogue.replace("account: demo", "account: other"))
        .unwrap();
    std::fs::write(config, format!("accounts:\n  demo:\n{body}  other:\n{other}store:{tail}")).unwrap();
}

// B04 B44 B70 B102
#[tokio::test]
async fn b04_b44_b70_b102_accounts_side_by_side_do_not_see_each_others_events() {
    let bed = Bed::start().await;
    two_accounts(&bed, "- pack: qualified");
    let other = leverd::model::AccountId::new("other");
    let node = &bed.world.node;
    until("the second account", async || node.account(&other).is_some()).await;
    let made = webhooks::ensure(node, &node.account(&other).unwrap(), true).await.unwrap();
    assert!(!made.failed && made.lines.iter().any(|line| line.contains("/hooks/lever/other/candidateStageChange")), "{made:?}");

    // One fixed address for all: whose token signs is the tenant.
    let token = node.account(&other).unwrap().signing().first().unwrap().expose().to_owned();
    let data = json!({ "opportunityId": bed.id(ADA).as_str(), "toStageId": "nowhere" });
    let delivery = |key: &str| {
        json!({ "event": "candidateStageChange", "triggeredAt": 1, "token": "t", "signature": sign(key, "t", 1), "data": data })
            .to_string()
    };
    assert_eq!(bed.post("/hooks/lever/candidateStageChange", delivery(&token)).await.0, 200);
    assert_eq!(bed.post("/hooks/lever/candidateStageChange", delivery("nobody's")).await.0, 401);
    // Nor does one account's token open the other's door.
    assert_eq!(bed.post("/hooks/lever/demo/candidateStageChange", delivery(&token)).await.0, 401);
    let heard = async |account: &leverd::model::AccountId| {
        let heard = node.store.heard(account).await.unwrap();
        heard.iter().filter(|one| one.source == "lever").map(|one| one.count).sum::<u64>()
    };
    assert_eq!((heard(&other).await, heard(&bed.account()).await), (1, 0));

    // The same vendor in both: each has its own path and token.
    let body = json!({ "event": "anything" }).to_string();
    assert_eq!(bed.post("/hooks/qualified/other/demo-path-token-of-no-value", body.clone()).await.0, 401);
    assert_eq!(bed.post("/hooks/qualified/demo/other-path-token-of-no-value", body.clone()).await.0, 401);
    assert_ne!(bed.post("/hooks/qualified/other/other-path-token-of-no-value", body).await.0, 401);
}

// B76 B77
#[tokio::test]
async fn b76_b77_an_account_goes_from_off_over_shadow_to_live_and_status_shows_it() {
    let bed = Bed::start().await;
    let config = std::fs::read_to_string(&bed.world.config).unwrap();
    let mode = async || status::of(&bed.world.node).await.unwrap()[0].packs[0].mode.clone();
    for (wanted, mails) in [("off", 0), ("shadow", 0), ("live", 1)] {
        std::fs::write(&bed.world.config, config.replace("mode: live", &format!("mode: {wanted}"))).unwrap();
        until(wanted, async || mode().await == wanted).await;
        bed.control().move_stage(ADA, "New applicant").unwrap();
        bed.enter().await;
        assert_eq!(bed.mails().len(), mails, "{wanted}");
    }
    let shown = status::of(&bed.world.node).await.unwrap();
    let one = &shown[0];
    assert_eq!((one.lever.as_str(), one.parked, one.backlog.open), ("API key", 0, 0));
    assert!(one.urls.iter().any(|url| url.ends_with("/hooks/lever/demo/candidateStageChange")));
    assert!(one.heard.iter().any(|(what, times, _)| what == "lever candidateStageChange" && *times >= 3), "{:?}", one.heard);
}

#[tokio::test]
async fn a_faulty_account_is_held_back_and_what_comes_for_it_waits() {
    let bed = Bed::start().await;
    two_accounts(&bed, "- path: ./rules/gone");
    let (other, node) = (leverd::model::AccountId::new("other"), &bed.world.node);
    until("the fault", async || !node.store.notices(Some(&other), 10).await.unwrap().is_empty()).await;
    assert!(node.held().get(&other).is_some_and(|held| held.why.contains("rules/gone")));
    assert!(bed.get("/health").await.contains("an account is held back"));
    let notices = node.store.notices(Some(&other), 10).await.unwrap();
    assert!(notices[0].1.text.contains("deliveries are kept and wait"), "{notices:?}");
    // The first account works on.
    bed.enter().await;
    assert_eq!(bed.mails().len(), 1);
    // What can be verified is kept, and what cannot shall come again.
    assert_eq!(bed.post("/hooks/qualified/other/other-path-token-of-no-value", "{}").await.0, 503);
    assert_eq!(bed.post("/hooks/lever/other/candidateStageChange", "{}").await.0, 401);

    two_accounts_mended(&bed);
    until("the repair", async || node.account(&other).is_some() && node.held().is_empty()).await;
}

fn two_accounts_mended(bed: &Bed) {
    let text = std::fs::read_to_string(&bed.world.config).unwrap();
    std::fs::write(&bed.world.config, text.replace("- path: ./rules/gone", "- pack: qualified")).unwrap();
}

// B104
#[tokio::test]
async fn b104_what_went_wrong_has_an_id_that_leads_to_it_everywhere() {
    let bed = Bed::start().await;
    let refused = Misbehaviour::Answer { status: 400, applied: false, retry_after: None };
    bed.fault("POST", "/v1/opportunities/{id}/addTags", 0, refused);
    bed.enter().await;
    let node = &bed.world.node;
    let parked = node.store.parked(Some(&bed.account())).await.unwrap();
    let (_, id) = parked[0].work.to_string().split_once(' ').map(|(kind, id)| (kind.to_owned(), id.to_owned())).unwrap();
    let notices = node.store.notices(Some(&bed.account()), 10).await.unwrap();
    let notice = notices.iter().map(|(_, notice)| notice).find(|notice| notice.kind == NoticeKind::Parked).unwrap();
    assert_eq!(notice.effect.map(|effect| effect.to_string()), Some(id.clone()));
    assert_eq!(node.store.find(&id[..10]).await.unwrap().len(), 1);
    assert!(matches!(&parked[0].reason, Some(Reason { text, .. }) if !text.contains(EMAIL)));
}

#[tokio::test]
async fn a_start_with_one_good_account_starts_and_one_with_none_does_not() {
    let bed = Bed::start().await;
    two_accounts(&bed, "- path: ./rules/gone");
    let fresh = async || {
        let store = leverd::store::Store::open(Options::temporary()).await.unwrap();
        let http = leverd::http::Client::new(leverd::http::Limits::default());
        let node = leverd::runtime::Node::new(store, leverd::runtime::clock::Clock::system(), http);
        leverd::runtime::service::start(&node, &bed.world.config).await.map(|_| (node.all_accounts().len(), node.held().len()))
    };
    assert_eq!(fresh().await.unwrap(), (1, 1));
    let text = std::fs::read_to_string(&bed.world.config).unwrap();
    std::fs::write(&bed.world.config, text.replace("- pack: qualified", "- path: ./rules/gone")).unwrap();
    let refused = fresh().await.unwrap_err().to_string();
    assert!(refused.contains("rules/gone"), "{refused}");
}
