//! Several nodes on one PostgreSQL: `leverd serve` in processes of their own, behind a load balancer, over simulators of this process; and
//! what may happen to any of them. Nothing here measures time: a test waits for states, and asserts what the world is like in the end.
//!
//! | file | what happens |
//! |---|---|
//! | `balancer.rs` | the load balancer in front |
//! | `death.rs` | the owner of an account is killed, or stands still for longer than its lease |
//! | `database.rs` | the database is cut off, restarts, is slow |
//! | `change.rs` | clocks differ, nodes are replaced, join, start at one moment |
//!
//! Needs `--features kill-points`, which no release build has: calls end sooner there, and with them leases and look-ups.

mod balancer;
mod change;
mod database;
mod death;

use super::bed::{POSTING, TEST, prepare, project, quick};
use super::process::{End, MORE, free_port};
use crate::kill::forward;
use crate::postgres::{Base, Cutter, Server, server};
use balancer::Balancer;
use leverd::cli::demo::world::ACCOUNT;
use leverd::sim::{Control, Faults, Misbehaviour, NewOpportunity, RouteFault, Sim, SimOptions};
use leverd::store::{Options, Store};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio_postgres::NoTls;

const LEVERD: &str = env!("CARGO_BIN_EXE_leverd");
const ACCOUNTS: usize = 8;
/// Of each account.
const CANDIDATES: usize = 2;
/// Each of them goes so many steps.
const STEPS: usize = 5;
/// The longest call, in milliseconds: a lease lasts half as long again.
const LONGEST: &str = "4000";
/// Whatever a state needs to come about on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// The vendor's call that sends a mail.
const INVITE: &str = "/api/v1/assessment_invitations/invite_candidates";

/// One node.
struct Node {
    child: Child,
    /// Its way to the database.
    way: Cutter,
}

/// All nodes, and the world around them.
struct Cluster {
    /// One for each account.
    sims: Vec<Sim>,
    folder: tempfile::TempDir,
    base: Base,
    balancer: Balancer,
    nodes: Vec<Node>,
    /// How far the candidates of each account are.
    steps: Vec<[usize; CANDIDATES]>,
}

fn account(at: usize) -> String {
    format!("account{at}")
}

fn name(who: usize) -> String {
    format!("Candidate {who}")
}

fn email(who: usize) -> String {
    format!("candidate{who}@example.com")
}

impl Cluster {
    /// The world and the database; no node yet.
    async fn prepare(server: &Server) -> Self {
        let (folder, balancer, mut sims) = (tempfile::tempdir().unwrap(), Balancer::start().await, Vec::new());
        let public = format!("http://127.0.0.1:{}", balancer.port);
        let mut text = format!("server: {{ public_url: \"{public}\" }}\naccounts:\n");
        for at in 0..ACCOUNTS {
            let faults = Faults { attempts: 100, delivery_timeout_ms: 120_000, ..quick() };
            let sim = Sim::start(SimOptions { webhooks_enabled: true, faults, ..SimOptions::default() }).await.unwrap();
            let control = sim.control();
            prepare(&control);
            for who in 0..CANDIDATES {
                let (name, email, posting) = (name(who), Some(email(who)), Some(POSTING.to_owned()));
                control.create_opportunity(NewOpportunity { name, email, posting, ..NewOpportunity::default() }).unwrap();
            }
            let below = folder.path().join(format!("a{at}"));
            let one = project(&sim, &below, MORE, "{ trigger_stages: [Assessment] }");
            let mut tokens = Vec::new();
            for (n, event) in ["candidateStageChange", "candidateDeleted"].iter().enumerate() {
                let url = format!("{public}/hooks/lever/{}/{event}", account(at));
                let (_, token) = control.create_webhook(event, &url).unwrap();
                std::fs::write(below.join(format!("secrets/signing{n}")), token).unwrap();
                tokens.push(format!("{{ file: secrets/signing{n} }}"));
            }
            let path_token = std::fs::read_to_string(below.join("secrets/path_token")).unwrap();
            control.subscribe(&format!("{public}/hooks/qualified/{}/{path_token}", account(at)), &[]);
            let key = "api_key: { file: secrets/lever }";
            let webhooks = format!("{key}\n      webhooks: {{ signing_tokens: [{}] }}", tokens.join(", "));
            let written = std::fs::read_to_string(one).unwrap().replacen(key, &webhooks, 1);
            let (_, written) = written.split_once(&format!("  {ACCOUNT}:\n")).unwrap();
            let (written, _) = written.split_once("store:").unwrap();
            let written = written.replace("file: secrets/", &format!("file: a{at}/secrets/"));
            let written = written.replace("path: ./", &format!("path: ./a{at}/"));
            write!(text, "  {}:\n{written}", account(at)).unwrap();
            sims.push(sim);
        }
        let base = server.database().await;
        std::fs::write(folder.path().join("leverd.yaml"), format!("{text}store: \"{}\"\n", base.url)).unwrap();
        let cluster = Self { sims, folder, base, balancer, nodes: Vec::new(), steps: vec![[0; CANDIDATES]; ACCOUNTS] };
        let mut command = Command::new("timeout");
        command.args(["120", LEVERD, "pull", "--config"]).arg(cluster.folder.path().join("leverd.yaml"));
        // The child needs this thread's simulators: never block it.
        let pulled = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(pulled.status.success(), "{}", String::from_utf8_lossy(&pulled.stdout));
        cluster
    }

    /// Three nodes, among which the accounts are divided.
    async fn start() -> Self {
        Self::start_with(server(), &[]).await
    }

    async fn start_with(server: &Server, environment: &[(&str, &str)]) -> Self {
        let mut cluster = Self::prepare(server).await;
        for _ in 0..3 {
            cluster.add(server, environment);
        }
        cluster.shared_by(&[0, 1, 2]).await;
        cluster
    }

    fn control(&self, account: usize) -> Control {
        self.sims[account].control()
    }

    /// A further node.
    fn add(&mut self, server: &Server, environment: &[(&str, &str)]) {
        let (at, port, way) = (self.nodes.len(), free_port(), Cutter::before(server, &self.base));
        let text = std::fs::read_to_string(self.folder.path().join("leverd.yaml")).unwrap();
        let config = self.folder.path().join(format!("node{at}.yaml"));
        std::fs::write(&config, text.replace(&self.base.url, &way.base.url)).unwrap();
        let log = OpenOptions::new().create(true).append(true).open(self.log(at)).unwrap();
        let mut command = Command::new(LEVERD);
        command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--config"]).arg(&config).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log).env("LEVERD_LONGEST_CALL_MS", LONGEST);
        let child = command.envs(environment.iter().copied()).spawn().unwrap();
        self.balancer.add(port);
        self.nodes.push(Node { child, way });
    }

    fn log(&self, node: usize) -> PathBuf {
        self.folder.path().join(format!("log{node}"))
    }

    fn logged(&self) -> String {
        let of = |node| std::fs::read_to_string(self.log(node)).unwrap_or_default();
        (0..self.nodes.len()).map(|node| format!("node {node}:\n{}", of(node))).collect::<Vec<_>>().concat()
    }

    fn signal(&self, node: usize, signal: &str) {
        let process = self.nodes[node].child.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }

    /// It must end by itself.
    async fn ended(&mut self, node: usize) {
        let started = Instant::now();
        while self.nodes[node].child.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < PATIENCE, "it does not stop\n{}", self.logged());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The rows that a query finds, as texts, asked of the database itself. None: it does not answer.
    async fn rows(&self, sql: &str) -> Option<Vec<Vec<String>>> {
        let (client, connection) = tokio_postgres::connect(&self.base.url, NoTls).await.ok()?;
        tokio::spawn(connection);
        let mut rows = Vec::new();
        for message in client.simple_query(sql).await.ok()? {
            if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
                rows.push((0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect());
            }
        }
        Some(rows)
    }

    /// Waits until a query finds something, and says what.
    async fn found(&self, what: &str, sql: &str) -> Vec<String> {
        let started = Instant::now();
        loop {
            if let Some(row) = self.rows(sql).await.and_then(|rows| rows.into_iter().next()) {
                return row;
            }
            assert!(started.elapsed() < PATIENCE, "waiting for {what}\n{}", self.logged());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Which node has the account, by its process.
    async fn owner(&self, at: usize) -> usize {
        let sql = format!(
            "SELECT n.name FROM lease l JOIN node n ON n.epoch = l.node WHERE n.until > 0 AND l.account = '{}'",
            account(at)
        );
        let name = self.found("an owner", &sql).await.remove(0);
        let process: u32 = name.rsplit_once('/').unwrap().1.parse().unwrap();
        self.nodes.iter().position(|node| node.child.id() == process).unwrap()
    }

    /// Waits until the accounts are divided among these nodes, evenly.
    async fn shared_by(&self, nodes: &[usize]) {
        let started = Instant::now();
        let wanted: BTreeSet<u32> = nodes.iter().map(|node| self.nodes[*node].child.id()).collect();
        let sql = "SELECT n.name, count(*) FROM lease l JOIN node n ON n.epoch = l.node WHERE n.until > 0 GROUP BY n.name";
        loop {
            let rows = self.rows(sql).await.unwrap_or_default();
            let owners: BTreeSet<u32> = rows.iter().map(|row| row[0].rsplit_once('/').unwrap().1.parse().unwrap()).collect();
            let counts: Vec<usize> = rows.iter().map(|row| row[1].parse().unwrap()).collect();
            let share = ACCOUNTS.div_ceil(nodes.len());
            if owners == wanted && counts.iter().sum::<usize>() == ACCOUNTS && counts.iter().all(|count| *count <= share) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "waiting for {nodes:?} to share, it is {rows:?}\n{}", self.logged());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The next step of everybody who can do one of the first `upto`.
    fn forward(&mut self, accounts: &[usize], upto: usize) -> bool {
        let mut all = true;
        for at in accounts {
            let control = self.sims[*at].control();
            for (who, step) in self.steps[*at].iter_mut().enumerate() {
                *step += usize::from(*step < upto && forward(&control, &name(who), &email(who), *step));
                all &= *step >= upto;
            }
        }
        all
    }

    /// Everybody goes on until they did so many steps.
    async fn go(&mut self, upto: usize) {
        let (started, all) = (Instant::now(), (0..ACCOUNTS).collect::<Vec<_>>());
        while !self.forward(&all, upto) {
            self.sims.iter().for_each(|sim| sim.control().retry_now());
            assert!(started.elapsed() < PATIENCE, "they stand at {:?} of {upto}\n{}", self.steps, self.logged());
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    /// Waits for a state of one account's world.
    async fn until(&self, what: &str, so: impl Fn() -> bool) {
        let started = Instant::now();
        while !so() {
            assert!(started.elapsed() < PATIENCE, "waiting for {what}\n{}", self.logged());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The next answer to an invitation of this account is held back; the work is done.
    fn slow_invitation(&self, at: usize) {
        let then = Misbehaviour::Slow { ms: 3_000 };
        let (method, path) = (Some("POST".to_owned()), INVITE.to_owned());
        self.control(at).add_route_fault(RouteFault { method, path, times: Some(1), after: 0, then });
    }

    /// Everybody arrives, and the world is as it must be, whatever happened before.
    async fn all_is_well(&mut self) {
        self.go(STEPS).await;
        let (started, mut calm) = (Instant::now(), 0);
        while calm < 3 {
            let mut delivered = true;
            for sim in &self.sims {
                delivered &= tokio::time::timeout(Duration::from_millis(20), sim.control().quiet()).await.is_ok();
            }
            let open = "SELECT 1 FROM ready WHERE kind <> 3 LIMIT 1";
            calm = if delivered && self.rows(open).await.is_some_and(|rows| rows.is_empty()) { calm + 1 } else { 0 };
            if started.elapsed() > PATIENCE {
                let open = self.rows("SELECT account, kind, state, held, due_at, tries FROM ready").await;
                panic!("it does not come to rest: {open:#?}\n{}", self.logged());
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        for (at, sim) in self.sims.iter().enumerate() {
            let control = sim.control();
            for who in 0..CANDIDATES {
                let end = End::of(&control, &name(who), &email(who));
                assert_eq!(end, undisturbed(), "{} of {}\n{}", name(who), account(at), self.logged());
            }
            let refused: Vec<_> = control.requests().into_iter().filter(|request| request.status == Some(429)).collect();
            assert!(refused.is_empty(), "beyond the budget: {refused:#?}\n{}", self.logged());
        }
        self.ledger_is_whole().await;
    }

    async fn ledger_is_whole(&self) {
        let store = Store::open(Options::postgres(&self.base.url, None).read_only()).await.unwrap();
        let parked = store.parked(None).await.unwrap();
        assert!(parked.is_empty(), "{parked:#?}\n{}", self.logged());
        store.close().await;
        // Each effect has an end, and each invitation is known.
        let unsettled = "SELECT e.account FROM effect e LEFT JOIN settled s ON s.account = e.account AND s.effect = e.id \
                         WHERE s.effect IS NULL";
        assert_eq!(self.rows(unsettled).await.unwrap(), [[""; 0]; 0], "effects without an end\n{}", self.logged());
        let invited = self.rows("SELECT count(*) FROM assessment").await.unwrap();
        assert_eq!(invited[0][0], (ACCOUNTS * CANDIDATES).to_string(), "{}", self.logged());
        // Nobody begins anything in the name of a node that is gone.
        let held = "SELECT account, held FROM ready WHERE held > 0";
        assert_eq!(self.rows(held).await.unwrap(), [[""; 0]; 0], "claims that nobody gives back");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            // It may be gone already.
            drop(node.child.kill());
            drop(node.child.wait());
        }
    }
}

/// What an undisturbed run leaves.
fn undisturbed() -> End {
    End {
        tags: vec![POSTING.into(), format!("{TEST} - Approved")],
        notes: vec![format!("{TEST}: 88 %"), format!("{TEST} was approved")],
        links: 1,
        stage: "On-site interview".into(),
        // Created, moved by the recruiter, moved by us.
        moves: 3,
        mails: vec![TEST.into()],
    }
}
