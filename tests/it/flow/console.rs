//! The console over HTTP, as a browser asks it: who gets in, what people read, what they may do.

use super::bed::{ADA, Bed, TEST, prepare, project, quick};
use super::process::Deployed;
use leverd::model::Secret;
use leverd::runtime::access;
use leverd::sim::{Misbehaviour, Sim, SimOptions};
use reqwest::header::{COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A browser: it keeps its cookie, follows nothing and runs no script.
pub(crate) struct Browser {
    base: String,
    http: reqwest::Client,
    cookie: Option<String>,
}

/// What came back.
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) html: String,
    pub(crate) headers: HeaderMap,
}

impl Seen {
    pub(crate) fn to(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    /// What a person reads: the text of `main`, one space between words.
    pub(crate) fn read(&self) -> String {
        let main = self.html.split("<main").nth(1).unwrap_or(&self.html);
        let mut text = String::new();
        let mut inside = true;
        for c in main.split("</main>").next().unwrap().chars() {
            match c {
                '<' => inside = true,
                '>' => {
                    inside = false;
                    text.push(' ');
                }
                c if !inside => text.push(c),
                _ => {}
            }
        }
        let text =
            text.replace("&#39;", "'").replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The value of the first field of this name in a form.
    pub(crate) fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let rest = self.html.split(&mark).nth(1).unwrap_or_else(|| panic!("no field {name}: {}", self.html));
        rest.split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    pub(crate) fn of(bed: &Bed) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { base: format!("http://{}", bed.world.address), http, cookie: None }
    }

    /// A browser that has kept this.
    pub(crate) fn with(bed: &Bed, cookie: &str) -> Self {
        Self { cookie: Some(cookie.to_owned()), ..Self::of(bed) }
    }

    /// What it has kept.
    pub(crate) fn cookie(&self) -> String {
        self.cookie.clone().unwrap_or_default()
    }

    /// Somebody who opened the link that the owner of the store asked for.
    pub(crate) async fn inside(bed: &Bed) -> Self {
        let mut browser = Self::of(bed);
        let node = &bed.world.node;
        let link = node.access.link(node.clock.now()).unwrap();
        let seen = browser.get(link.strip_prefix(&browser.base).unwrap()).await;
        assert_eq!((seen.status, seen.to()), (303, "/console"));
        browser
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Seen {
        let request = match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        if let Some(set) = headers.get(SET_COOKIE) {
            let set = set.to_str().unwrap();
            assert!(set.contains("; HttpOnly; SameSite=Lax"), "{set}");
            self.cookie = Some(set.split(';').next().unwrap().to_owned());
        }
        Seen { status, html: answer.text().await.unwrap(), headers }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Seen {
        let request = self.http.get(format!("{}{path}", self.base));
        self.send(request).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let request = self.http.post(format!("{}{path}", self.base)).form(fields);
        self.send(request).await
    }

    /// An open page that listens for news.
    pub(crate) async fn listen(&self) -> reqwest::Response {
        let request = self.http.get(format!("{}/console/live", self.base));
        request.header(COOKIE, self.cookie.as_deref().unwrap_or_default()).send().await.unwrap()
    }

    pub(crate) async fn log_in(&mut self, name: &str, password: &str) -> Seen {
        self.post("/console/login", &[("name", name), ("password", password), ("to", "/console/parked")]).await
    }
}

/// The hash of the one password, made once.
fn hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| access::hash(&Secret::new(PASSWORD)).unwrap())
}

/// A bed whose leverd.yaml says this of the console.
pub(crate) async fn bed(console: &str) -> Bed {
    bed_with(console, "").await
}

/// The same with a pack of its own, whose rules can be edited.
pub(crate) async fn bed_with(console: &str, rules: &str) -> Bed {
    let folder = tempfile::tempdir().unwrap();
    let options = SimOptions { webhooks_enabled: true, faults: quick(), ..SimOptions::default() };
    let sim = Sim::start(options).await.unwrap();
    prepare(&sim.control());
    let config = project(&sim, &folder.path().join("project"), rules, "{ trigger_stages: [Assessment] }");
    std::fs::write(config.with_file_name("secrets").join("hash"), hash()).unwrap();
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}server:\n  console: {console}\n")).unwrap();
    Bed::on(sim, folder, config).await
}

pub(crate) const USERS: &str = "{ users: { olga: { password_hash: { file: secrets/hash }, role: operator }, vera: { password_hash: { file: \
                     secrets/hash } } } }";

/// An invitation that the vendor refuses waits for a person.
async fn park(bed: &Bed) {
    let refused = Misbehaviour::Answer { status: 422, applied: false, retry_after: None };
    bed.fault("POST", "/api/v1/assessment_invitations/invite_candidates", 1, refused);
    bed.enter().await;
    assert_eq!(bed.parked().await.len(), 1, "{:?}", bed.parked().await);
}

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_it_safe() {
    let bed = bed(USERS).await;
    let mut browser = Browser::of(&bed);
    let mut inside = Browser::inside(&bed).await;
    let mut all = Vec::new();
    for path in ["/console", "/console/login", "/console/enter?ticket=1", "/console/static/nothing", "/console/nothing"] {
        all.push(browser.get(path).await);
        all.push(inside.get(path).await);
    }
    all.push(browser.post("/console/parked", &[]).await);
    all.push(inside.post("/console/parked", &[("token", "wrong")]).await);
    for seen in &all {
        let header = |name: &str| seen.headers.get(name).map_or("", |value| value.to_str().unwrap());
        assert_eq!(
            header("content-security-policy"),
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'"
        );
        assert_eq!([header("x-content-type-options"), header("cache-control")], ["nosniff", "no-store"], "{}", seen.html);
        // The policy allows no style and no script in the page itself.
        for inline in ["<style", " style=", " onclick=", "<script>", "javascript:"] {
            assert!(!seen.html.contains(inline), "{inline} in {}", seen.html);
        }
    }
    let page = inside.get("/console").await;
    for (start, kind) in
        [("href=\"/console/static/console.", "text/css"), ("src=\"/console/static/console.", "text/javascript")]
    {
        let rest = page.html.split(start).nth(1).unwrap().split('"').next().unwrap();
        let asset = browser.get(&format!("/console/static/console.{rest}")).await;
        assert!(asset.headers["content-type"].to_str().unwrap().starts_with(kind));
        assert!(asset.headers["cache-control"].to_str().unwrap().contains("immutable"));
    }
}

#[tokio::test]
async fn nobody_gets_in_without_a_password_and_everybody_is_told_why() {
    let bed = bed(USERS).await;
    let mut browser = Browser::of(&bed);
    let seen = browser.get("/console/parked?account=demo").await;
    assert_eq!((seen.status, seen.to()), (303, "/console/login?to=%2Fconsole%2Fparked%3Faccount%3Ddemo"));
    for (name, password) in [("olga", "wrong horse battery"), ("nobody", PASSWORD)] {
        let seen = browser.log_in(name, password).await;
        assert_eq!(seen.status, 401);
        assert!(seen.read().contains("Name or password is wrong."), "{}", seen.read());
        assert_eq!(browser.get("/console").await.status, 303);
    }
    let seen = browser.log_in("olga", PASSWORD).await;
    assert_eq!((seen.status, seen.to()), (303, "/console/parked"));
    let page = browser.get("/console").await;
    assert_eq!(page.status, 200);
    assert!(page.html.contains("olga <small>operator</small>"), "{}", page.html);

    // Out again: the cookie that a thief may have kept is worth nothing.
    let kept = browser.cookie.clone();
    let token = page.field("token");
    assert_eq!(browser.post("/console/logout", &[("token", &token)]).await.to(), "/console/login");
    browser.cookie = kept;
    assert_eq!(browser.get("/console").await.status, 303);

    // Guessing takes longer and longer.
    for _ in 0..5 {
        browser.log_in("vera", "guess").await;
    }
    let seen = browser.log_in("vera", PASSWORD).await;
    assert_eq!(seen.status, 429);
    assert!(seen.read().contains("Too many wrong passwords"), "{}", seen.read());
}

#[tokio::test]
async fn a_link_lets_in_once_and_only_who_has_it() {
    let bed = Bed::start().await;
    let mut browser = Browser::of(&bed);
    assert!(browser.get("/console/login").await.read().contains("leverd console , run where leverd runs, prints a link"));
    let node = &bed.world.node;
    let link = node.access.link(node.clock.now()).unwrap();
    let path = link.strip_prefix(&browser.base).unwrap().to_owned();
    assert_eq!(browser.get("/console/enter?ticket=0000").await.status, 410);
    assert_eq!(browser.get(&path).await.to(), "/console");
    assert_eq!(browser.get("/console").await.status, 200);
    let again = Browser::of(&bed).get(&path).await;
    assert_eq!(again.status, 410);
    assert!(again.read().contains("This link was used before"), "{}", again.read());
    // Ten minutes later another one is too old.
    let link = node.access.link(node.clock.now()).unwrap();
    node.advance(jiff::SignedDuration::from_mins(11));
    assert_eq!(Browser::of(&bed).get(link.strip_prefix(&browser.base).unwrap()).await.status, 410);
    // And after a working day the session is over.
    node.advance(jiff::SignedDuration::from_hours(12));
    assert_eq!(browser.get("/console").await.status, 303);
}

#[tokio::test]
async fn a_proxy_is_believed_from_its_address_only() {
    let believed = bed("{ proxy: { header: X-Forwarded-User, from: [127.0.0.1], operators: [olga] } }").await;
    let ask = async |bed: &Bed, name: &str| {
        let mut browser = Browser::of(bed);
        let request = browser.http.get(format!("{}/console", browser.base)).header("x-forwarded-user", name);
        browser.send(request).await
    };
    assert!(ask(&believed, "olga").await.html.contains("olga <small>operator</small>"));
    assert!(ask(&believed, "<vera>").await.html.contains("&lt;vera&gt; <small>viewer</small>"));
    let elsewhere = bed("{ proxy: { header: X-Forwarded-User, from: [10.0.0.0/8], operators: [olga] } }").await;
    assert_eq!(ask(&elsewhere, "olga").await.status, 303);
}

#[tokio::test]
async fn a_console_that_is_switched_off_is_not_there() {
    let bed = bed("{ enabled: false }").await;
    let seen = Browser::of(&bed).get("/console/login").await;
    assert_eq!(seen.status, 404);
    assert!(seen.html.contains("The console is off"), "{}", seen.html);
}

#[tokio::test]
async fn now_tells_how_an_account_stands_and_a_broken_reload_in_plain_sight() {
    let bed = Bed::start().await;
    bed.enter().await;
    let mut browser = Browser::inside(&bed).await;
    let text = browser.get("/console").await.read();
    for part in [
        "1 account, and nothing needs you.",
        "demo well",
        "Lever API key",
        "of 20 used 9.9 a second",
        "Pack qualified live",
        "in force",
        "Last from Lever now candidateStageChange",
        "nothing is due",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let hash = bed.world.node.account(&bed.account()).unwrap().active().program.hash().to_owned();
    assert!(text.contains(&hash[..12]), "{text}");
    // Rules that are broken.
    let config = std::fs::read_to_string(&bed.world.config).unwrap();
    std::fs::write(&bed.world.config, config.replace("[Assessment]", "[Assesment]")).unwrap();
    for _ in 0..500 {
        if bed.world.node.reloads.load().values().any(|state| !state.ok) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let text = browser.get("/console").await.read();
    for part in ["1 account, and it needs you.", "new rules not taken", "The last good ones stay in force.", "Assesment"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.contains(&hash[..12]), "the rules in force are the old ones: {text}");
}

#[tokio::test]
async fn parked_work_is_shown_confirmed_retried_and_recorded() {
    let bed = bed(USERS).await;
    park(&bed).await;
    let mut browser = Browser::of(&bed);
    browser.log_in("olga", PASSWORD).await;
    let page = browser.get("/console/parked").await;
    let text = page.read();
    for part in ["1 thing waits for a person", &format!("invite to {TEST} at"), "What would be sent", "ada@example.com", "POST"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (token, work) = (page.field("token"), page.field("work"));
    let fields = [("token", token.as_str()), ("work", &work), ("do", "retry")];
    // Asking is not doing.
    let asked = browser.post("/console/parked", &fields).await;
    assert!(asked.read().contains("Try this again? 1 thing will be done now."), "{}", asked.read());
    assert!(bed.mails().is_empty() && bed.parked().await.len() == 1);
    let mut sure = fields.to_vec();
    sure.push(("confirm", "yes"));
    let done = browser.post("/console/parked", &sure).await;
    assert_eq!((done.status, done.to()), (303, "/console/parked?retried=1"));
    bed.rest().await;
    assert_eq!(bed.mails().len(), 1);
    let text = browser.get("/console/parked?retried=1").await.read();
    assert!(text.contains("1 thing due now. Nothing waits for a person."), "{text}");
    // Again, from a page that was left open: nothing is parked any more.
    assert_eq!(browser.post("/console/parked", &sure).await.to(), "/console/parked?retried=0");
    let record = browser.get("/console/record").await.read();
    let effect = work.split("effect:").nth(1).unwrap();
    assert!(record.contains(&format!("olga password retry demo: effect {effect}")), "{record}");
    assert!(record.contains("olga password came in"), "{record}");
}

#[tokio::test]
async fn parked_work_is_skipped_with_a_reason() {
    let bed = bed(USERS).await;
    park(&bed).await;
    let mut browser = Browser::of(&bed);
    browser.log_in("olga", PASSWORD).await;
    let page = browser.get("/console/parked").await;
    let (token, work) = (page.field("token"), page.field("work"));
    let fields = [("token", token.as_str()), ("work", &work), ("do", "skip"), ("confirm", "yes"), ("reason", "she withdrew")];
    assert_eq!(browser.post("/console/parked", &fields).await.to(), "/console/parked?skipped=1");
    bed.rest().await;
    assert!(bed.parked().await.is_empty() && bed.mails().is_empty());
    assert!(bed.said(ADA).await.contains(&"she withdrew".to_owned()), "{:?}", bed.said(ADA).await);
}

/// A wish for parked work, perhaps as another site would send it.
async fn send(browser: &mut Browser, fields: Vec<(String, String)>, origin: Option<&str>) -> Seen {
    let mut request = browser.http.post(format!("{}/console/parked", browser.base)).form(&fields);
    if let Some(origin) = origin {
        request = request.header(ORIGIN, origin);
    }
    browser.send(request).await
}

#[tokio::test]
async fn a_viewer_changes_nothing_and_neither_does_a_form_from_elsewhere() {
    let bed = bed(USERS).await;
    park(&bed).await;
    let mut browser = Browser::of(&bed);
    browser.log_in("olga", PASSWORD).await;
    let page = browser.get("/console/parked").await;
    let (token, work) = (page.field("token"), page.field("work"));
    let wish = |token: &str| {
        vec![
            ("token".to_owned(), token.to_owned()),
            ("work".into(), work.clone()),
            ("do".into(), "retry".into()),
            ("confirm".into(), "yes".into()),
        ]
    };
    // Without the token, with another one, from another site.
    assert_eq!(send(&mut browser, wish(""), None).await.status, 403);
    assert_eq!(send(&mut browser, wish(&token.replace(&token[..1], "x")), None).await.status, 403);
    assert_eq!(send(&mut browser, wish(&token), Some("https://evil.example")).await.status, 403);

    let mut viewer = Browser::of(&bed);
    viewer.log_in("vera", PASSWORD).await;
    let page = viewer.get("/console/parked").await;
    assert!(page.read().contains(&format!("invite to {TEST} at")) && !page.html.contains("Retry"), "{}", page.html);
    let refused = send(&mut viewer, wish(&page.field("token")), None).await;
    assert_eq!(refused.status, 403);
    assert!(refused.read().contains("Only operators may do this"), "{}", refused.read());
    assert_eq!(send(&mut Browser::of(&bed), wish(&token), None).await.status, 401);
    bed.rest().await;
    assert!(bed.mails().is_empty() && bed.parked().await.len() == 1, "nothing of it did anything");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_owns_the_store_gets_a_link_from_the_running_leverd() {
    let mut deployed = Deployed::prepare().await;
    let none = deployed.run("console", &[]).await;
    assert!(String::from_utf8_lossy(&none.stderr).contains("no leverd runs on this store"), "{none:?}");
    deployed.start(&[]).await;
    let link = String::from_utf8(deployed.run("console", &[]).await.stdout).unwrap();
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = http.get(link.trim()).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()[LOCATION].to_str().unwrap()), (303, "/console"));
    deployed.kill();
}

#[test]
fn a_password_from_standard_input_becomes_its_hash() {
    let hashed = |password: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_leverd"))
            .args(["console", "--hash"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let made = hashed("correct horse battery\n");
    let hash = String::from_utf8(made.stdout).unwrap();
    assert!(hash.starts_with("$argon2id$v=19$") && access::is_hash(&Secret::new(hash.trim())), "{hash}");
    let short = hashed("short\n");
    assert!(
        !short.status.success() && String::from_utf8_lossy(&short.stderr).contains("twelve characters or more"),
        "{short:?}"
    );
}
