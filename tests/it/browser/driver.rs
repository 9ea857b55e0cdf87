//! A browser under a driver, over the W3C WebDriver protocol: JSON over HTTP, for which the client that is here anyway is enough.
//! (The crates for it bring a second ICU, `time` and `cookie` along.) It knows no page of ours.

use base64::Engine as _;
use reqwest::Client;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Whatever a page needs on a busy machine; a test that waits longer is wrong.
const PATIENCE: Duration = Duration::from_secs(40);
/// The key of an element in the protocol.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A child that ends with its owner.
pub(super) struct Process(pub(super) Child);

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// One window of one browser that nobody used before.
pub(super) struct Browser {
    http: Client,
    session: String,
    _driver: Process,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub(super) async fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new("chromedriver")
            .args(["--port=0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|why| panic!("chromedriver does not start ({why}): apt-get install chromium chromium-driver"));
        let told = BufReader::new(driver.stdout.take().unwrap());
        let driver = Process(driver);
        let port: u16 = told
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.split("successfully on port ").nth(1)?.trim_end_matches('.').parse().ok())
            .expect("chromedriver tells its port");
        // Another test of this process may have been first.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = Client::builder().no_proxy().build().unwrap();
        let profile_flag = format!("--user-data-dir={}", profile.path().display());
        let flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--no-proxy-server",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1280,900",
            &profile_flag,
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": flags },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        } } });
        let base = format!("http://127.0.0.1:{port}/session");
        let made = answer(http.post(&base).json(&wanted)).await.unwrap();
        let session = format!("{base}/{}", made["sessionId"].as_str().unwrap());
        Self { http, session, _driver: driver, _profile: profile }
    }

    async fn post(&self, command: &str, body: Value) -> Result<Value, String> {
        answer(self.http.post(format!("{}/{command}", self.session)).json(&body)).await
    }

    pub(super) async fn open(&self, url: &str) {
        self.post("url", json!({ "url": url })).await.unwrap();
    }

    /// What a script that ends in `return` returns.
    pub(super) async fn run(&self, script: &str) -> Value {
        self.post("execute/sync", json!({ "script": script, "args": [] })).await.unwrap()
    }

    /// A command of the browser itself.
    pub(super) async fn devtools(&self, command: &str, with: Value) {
        self.post("goog/cdp/execute", json!({ "cmd": command, "params": with })).await.unwrap();
    }

    /// The text that a person sees.
    pub(super) async fn read(&self) -> String {
        let text = self.run("return document.body.innerText").await;
        text.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Waits until all of these are seen.
    pub(super) async fn sees(&self, parts: &[&str]) -> String {
        self.until(&format!("{parts:?}"), |text| parts.iter().all(|part| text.contains(part))).await
    }

    /// Waits until what is seen is so.
    pub(super) async fn until(&self, what: &str, so: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let text = self.read().await;
            if so(&text) {
                return text;
            }
            assert!(begun.elapsed() < PATIENCE, "not seen: {what}\n{text}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The element of an XPath, waited for; its address in the protocol.
    async fn element(&self, xpath: &str) -> String {
        let begun = Instant::now();
        loop {
            let found = self.post("element", json!({ "using": "xpath", "value": xpath })).await;
            if let Ok(found) = &found {
                return format!("element/{}", found[ELEMENT].as_str().unwrap());
            }
            assert!(begun.elapsed() < PATIENCE, "{found:?}: {xpath}\n{}", self.read().await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Clicks as a mouse does; a page that is renewed meanwhile is asked anew.
    pub(super) async fn click(&self, xpath: &str) {
        let begun = Instant::now();
        loop {
            let element = self.element(xpath).await;
            match self.post(&format!("{element}/click"), json!({})).await {
                Ok(_) => return,
                Err(why) => assert!(begun.elapsed() < PATIENCE, "{xpath}: {why}"),
            }
        }
    }

    /// Clicks the link or button with this name.
    pub(super) async fn press(&self, name: &str) {
        self.click(&format!("(//a|//button)[normalize-space(.)='{name}']")).await;
    }

    /// Types into the field with this label, in place of what is there.
    pub(super) async fn type_in(&self, label: &str, text: &str) {
        let field = format!("//label[contains(.,'{label}')]");
        let element = self.element(&format!("{field}//input|{field}//textarea")).await;
        self.post(&format!("{element}/clear"), json!({})).await.unwrap();
        self.post(&format!("{element}/value"), json!({ "text": text })).await.unwrap();
    }

    /// Presses one key, wherever the focus is; what has the focus then, by its name.
    pub(super) async fn key(&self, key: char) -> String {
        let press = ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key }));
        let keys = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": press }] });
        self.post("actions", keys).await.unwrap();
        let name =
            "const at = document.activeElement; return at.getAttribute('aria-label') || at.innerText || at.name || at.tagName";
        self.run(name).await.as_str().unwrap_or_default().trim().to_owned()
    }

    pub(super) async fn screenshot(&self, file: &Path) {
        let shot = answer(self.http.get(format!("{}/screenshot", self.session))).await.unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(shot.as_str().unwrap()).unwrap();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    /// What the browser wrote to its log since it was last asked.
    async fn log(&self, kind: &str) -> Vec<Value> {
        self.post("se/log", json!({ "type": kind })).await.unwrap().as_array().cloned().unwrap()
    }

    /// Errors and warnings of the browser's console.
    pub(super) async fn complaints(&self) -> Vec<String> {
        let log = self.log("browser").await;
        log.iter()
            .filter(|line| matches!(line["level"].as_str(), Some("SEVERE" | "WARNING")))
            .map(|line| line["message"].to_string())
            .collect()
    }

    /// The addresses that were asked for.
    pub(super) async fn asked(&self) -> Vec<String> {
        let log = self.log("performance").await;
        let told = log.iter().filter_map(|line| serde_json::from_str::<Value>(line["message"].as_str()?).ok());
        let sent = told.filter(|told| told["message"]["method"] == "Network.requestWillBeSent");
        sent.map(|told| told["message"]["params"]["request"]["url"].as_str().unwrap_or_default().to_owned()).collect()
    }

    pub(super) async fn end(self) {
        drop(self.http.delete(&self.session).send().await);
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Value, String> {
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    match answer["value"].get("error") {
        Some(error) => Err(format!("{error}: {}", answer["value"]["message"])),
        None => Ok(answer["value"].clone()),
    }
}
