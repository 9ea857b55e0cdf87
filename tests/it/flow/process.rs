//! The binary as it is deployed: `leverd serve` in a process of its own, which may die and be started again.

use super::bed::{ADA, EMAIL, STAGE, TEST, prepare, project, quick};
use crate::postgres::{Base, server};
use leverd::cli::demo::world::ACCOUNT;
use leverd::model::AccountId;
#[cfg(feature = "kill-points")]
use leverd::runtime::poller::Cursor;
use leverd::sim::{Control, Faults, Sim, SimOptions};
use leverd::store::{Options, Store};
use std::fs::{File, OpenOptions};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

const LEVERD: &str = env!("CARGO_BIN_EXE_leverd");
/// Whatever a step needs on a busy machine; a test that waits longer is wrong.
const PATIENCE: Duration = Duration::from_secs(60);
/// Each process that is started again lives so much later than the one before, so that a look-up's grace need not be waited for.
const AHEAD: u64 = 120;

/// Rules beyond the shipped ones, so that every kind of write happens.
pub(crate) const MORE: &str = r#"
  - name: keep the report at hand
    trigger: assessment.report_ready
    do:
      - add_link: { key: report, url: $result.report_url }

  - name: hand over
    trigger: assessment.approved
    do:
      - add_note: "{{assessment.title}} was approved"
      - move_stage: On-site interview
"#;

/// Where a deployed leverd keeps everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

/// A project whose `leverd serve` speaks to a simulator of this process.
pub(crate) struct Deployed {
    pub(crate) sim: Sim,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) config: PathBuf,
    /// None: a file beside the configuration.
    pub(crate) database: Option<Base>,
    /// The tokens that sign Lever's webhooks.
    pub(crate) signing: Vec<String>,
    port: u16,
    child: Option<Child>,
    /// How often the process ended.
    pub(crate) deaths: usize,
    /// To be killed when a request was answered by a scripted fault.
    doomed: bool,
    /// How many seconds the process's clock is ahead of this one's.
    ahead: u64,
}

/// How the world is in the end: what an undisturbed run leaves, a killed one must leave too.
#[derive(Debug, PartialEq)]
pub(crate) struct End {
    pub(crate) tags: Vec<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) links: usize,
    pub(crate) stage: String,
    pub(crate) moves: usize,
    pub(crate) mails: Vec<String>,
}

impl Deployed {
    /// Everything written, pulled and registered; nothing runs yet.
    pub(crate) async fn prepare() -> Self {
        Self::prepare_on(On::Sqlite).await
    }

    /// The same with its store there.
    pub(crate) async fn prepare_on(on: On) -> Self {
        Self::prepare_in(match on {
            On::Sqlite => None,
            On::Postgres => Some(server().database().await),
        })
        .await
    }

    /// The same with its store in this database, or in a file.
    pub(crate) async fn prepare_in(database: Option<Base>) -> Self {
        // The vendor tries once more and only once: when the test says so.
        let faults = Faults { attempts: 100, vendor_retry_delay_ms: 600_000, ..quick() };
        let sim = Sim::start(SimOptions { webhooks_enabled: true, faults, ..SimOptions::default() }).await.unwrap();
        let control = sim.control();
        prepare(&control);
        let folder = tempfile::tempdir().unwrap();
        let config = project(&sim, &folder.path().join("project"), MORE, "{ trigger_stages: [Assessment] }");
        let port = free_port();
        let base = format!("http://127.0.0.1:{port}");
        let mut signing = Vec::new();
        for event in ["candidateStageChange", "candidateDeleted"] {
            let (_, token) = control.create_webhook(event, &format!("{base}/hooks/lever/{ACCOUNT}/{event}")).unwrap();
            signing.push(token);
        }
        let secrets = config.parent().unwrap().join("secrets");
        let path_token = std::fs::read_to_string(secrets.join("path_token")).unwrap();
        control.subscribe(&format!("{base}/hooks/qualified/{ACCOUNT}/{path_token}"), &[]);
        for (n, token) in signing.iter().enumerate() {
            std::fs::write(secrets.join(format!("signing{n}")), token).unwrap();
        }
        let text = std::fs::read_to_string(&config).unwrap();
        let webhooks = "    webhooks: { signing_tokens: [{ file: secrets/signing0 }, { file: secrets/signing1 }] }";
        let key = "api_key: { file: secrets/lever }";
        let text = text.replace(key, &format!("{key}\n  {webhooks}")) + &format!("server: {{ listen: 127.0.0.1:{port} }}\n");
        let text = match &database {
            None => text,
            Some(database) => text.replace("store: { sqlite: leverd.db }", &format!("store: \"{}\"", database.url)),
        };
        std::fs::write(&config, text).unwrap();
        let deployed = Self { database, sim, folder, config, signing, port, child: None, deaths: 0, doomed: false, ahead: 0 };
        // The child needs this thread's simulator: never block it.
        let pulled = deployed.run("pull", &[]).await;
        assert!(pulled.status.success(), "{}", String::from_utf8_lossy(&pulled.stdout));
        deployed
    }

    pub(crate) fn control(&self) -> Control {
        self.sim.control()
    }

    /// Runs another subcommand on the project.
    pub(crate) async fn run(&self, subcommand: &str, arguments: &[&str]) -> Output {
        self.run_as(&[], subcommand, arguments).await
    }

    /// The same through another program, which narrows what it may do.
    pub(crate) async fn run_as(&self, through: &[&str], subcommand: &str, arguments: &[&str]) -> Output {
        // One that should end and does not is a failure, and no reason to wait for ever.
        let mut command = Command::new("timeout");
        command.arg("120").args(through).arg(LEVERD).arg(subcommand).arg("--config").arg(&self.config).args(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    /// Where the process writes its log.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub(crate) fn logged(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// The disk takes no file any more that is longer than the store's log is now, or takes everything again.
    #[cfg(target_os = "linux")]
    pub(crate) fn fill_disk(&mut self, full: bool) {
        let log = std::fs::metadata(self.config.with_file_name("leverd.db-wal")).unwrap().len();
        let limit = if full { log.to_string() } else { "unlimited".to_owned() };
        let process = self.child.as_ref().unwrap().id().to_string();
        let set = Command::new("prlimit").args(["--pid", &process, &format!("--fsize={limit}:")]).output().unwrap();
        assert!(set.status.success(), "{set:?}");
    }

    /// Starts `serve` and waits until it listens.
    pub(crate) async fn start(&mut self, environment: &[(&str, &str)]) {
        let log: File = OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        // A limit of a file's length shall be an error to it, as a full disk is, and no signal.
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", LEVERD]);
        command.arg("serve").arg("--config").arg(&self.config).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log).envs(environment.iter().copied());
        if self.ahead > 0 {
            command.env("LEVERD_CLOCK_AHEAD", self.ahead.to_string());
        }
        self.child = Some(command.spawn().unwrap());
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            // It may have died of the first delivery already; whoever waits for something starts it again.
            if self.dead() {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "it does not listen:\n{}", self.logged());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The next process, and the world with it, lives later than the one before.
    pub(crate) fn later(&mut self) {
        self.ahead += AHEAD;
        self.control().advance_clock(Duration::from_secs(AHEAD));
    }

    fn dead(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// SIGKILL as soon as a request meets a scripted fault: a slow answer is then under way.
    #[cfg(feature = "kill-points")]
    pub(crate) fn kill_when_slow(&mut self) {
        self.doomed = true;
    }

    /// Whether Lever was looked at, and no look is under way.
    #[cfg(feature = "kill-points")]
    pub(crate) async fn looked(&self) -> bool {
        let Some(store) = self.look().await else { return false };
        let account = AccountId::new(ACCOUNT);
        Cursor::of(&store, &account).await.is_ok_and(|cursor| cursor.is_some())
            && store.polling(&account).await.is_ok_and(|polling| !polling)
    }

    /// Waits until it is so; a process that died is started again.
    pub(crate) async fn until(&mut self, what: &str, so: impl Fn(&Control) -> bool) {
        let started = Instant::now();
        while !so(&self.control()) {
            self.revive().await;
            assert!(started.elapsed() < PATIENCE, "waiting for {what}; the world is {:#?}\n{}", self.end(), self.logged());
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// SIGKILL at a moment that nobody chose, and a new process.
    #[cfg(feature = "kill-points")]
    pub(crate) async fn kill_and_start(&mut self) {
        self.kill();
        self.deaths += 1;
        self.later();
        self.start(&[]).await;
    }

    /// Starts the process again if it died, and lets the waiting deliveries be tried.
    pub(crate) async fn revive(&mut self) {
        if self.doomed && self.control().requests().iter().any(|request| request.fault.is_some()) {
            self.doomed = false;
            self.kill();
        }
        if self.dead() {
            self.deaths += 1;
            assert!(self.deaths < 5, "it does not stay:\n{}", self.logged());
            self.later();
            self.start(&[]).await;
        }
        // A dying process still holds its port: the vendor's one more try must not be spent on it.
        if self.answers().await {
            self.control().retry_now();
        }
    }

    async fn answers(&self) -> bool {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.get(format!("http://127.0.0.1:{}/health/live", self.port)).send().await.is_ok()
    }

    /// Waits until no delivery is open and no work is due.
    pub(crate) async fn rest(&mut self) {
        let (started, mut calm) = (Instant::now(), 0);
        while calm < 3 {
            self.revive().await;
            let delivered = tokio::time::timeout(Duration::from_millis(20), self.control().quiet()).await.is_ok();
            calm = if delivered && self.idle().await { calm + 1 } else { 0 };
            assert!(
                started.elapsed() < PATIENCE,
                "it does not come to rest; the world is {:#?}\n{}",
                self.end(),
                self.logged()
            );
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// The store, beside the process.
    async fn look(&self) -> Option<Store> {
        let options = match &self.database {
            None => Options::path(self.config.with_file_name("leverd.db")),
            Some(database) => Options::postgres(&database.url, None),
        };
        Store::open(options.read_only()).await.ok()
    }

    async fn idle(&self) -> bool {
        let Some(store) = self.look().await else { return false };
        let now = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(self.ahead.max(AHEAD).cast_signed());
        let counts = store.counts(now).await.unwrap_or_default();
        let due = store.next_due(&std::sync::Arc::new([AccountId::new(ACCOUNT)].into()), jiff::Timestamp::UNIX_EPOCH).await;
        due.is_ok_and(|due| due.is_none()) && counts.iter().all(|count| !matches!(count.state, "due" | "begun" | "parked"))
    }

    /// Ada from the trigger stage to the decision, each step when the one before has arrived in Lever.
    pub(crate) async fn whole_story(&mut self) -> End {
        let tagged = |state: &str| {
            let tag = format!("{TEST} - {state}");
            move |control: &Control| control.tags(ADA).unwrap().contains(&tag)
        };
        let control = self.control();
        control.move_stage(ADA, STAGE).unwrap();
        self.until("the invitation", tagged("Invited")).await;
        control.start_assessment(EMAIL, TEST).unwrap();
        self.until("the start", tagged("Started")).await;
        control.submit_assessment(EMAIL, TEST, 87.5).unwrap();
        self.until("the result", |control| !control.notes(ADA).unwrap().is_empty()).await;
        control.approve_candidate(EMAIL).unwrap();
        self.until("the move", |control| control.stage_of(ADA).unwrap() == control.stage_id("On-site interview").unwrap())
            .await;
        self.rest().await;
        self.end()
    }

    /// How the world is now.
    pub(crate) fn end(&self) -> End {
        self.end_of(ADA, EMAIL)
    }

    /// How it is for one candidate.
    pub(crate) fn end_of(&self, name: &str, email: &str) -> End {
        End::of(&self.control(), name, email)
    }
}

impl End {
    /// How the world is for one candidate.
    pub(crate) fn of(control: &Control, name: &str, email: &str) -> Self {
        let ada = control.opportunity(name).unwrap();
        // The report's address differs from world to world.
        let notes = control.notes(name).unwrap().into_iter();
        Self {
            tags: control.tags(name).unwrap(),
            notes: notes.map(|note| note.split(" — ").next().unwrap().to_owned()).collect(),
            links: ada["links"].as_array().unwrap().len(),
            stage: ada["stageText"].as_str().unwrap().to_owned(),
            moves: ada["stageChanges"].as_array().unwrap().len(),
            mails: control.mails().into_iter().filter(|mail| mail.to == email).map(|mail| mail.assessment).collect(),
        }
    }
}

impl Drop for Deployed {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may be gone already.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// A port that nobody takes by chance while the process is down: free now, and below those that the system hands out.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 10_000).unwrap();
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
