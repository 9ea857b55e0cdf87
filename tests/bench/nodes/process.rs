//! `leverd serve` as its own process, and what it costs.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A start that takes longer is of no use.
const START: Duration = Duration::from_secs(240);

pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    child: Child,
    began: Instant,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Node {
    pub(crate) fn start(folder: &Path, number: usize) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let log = fs::File::create(folder.join(format!("node-{number}.log"))).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_leverd"))
            .args(["serve", "--config", "leverd.yaml", "--listen", &address.to_string()])
            .current_dir(folder)
            .env("LEVERD_LOG", "error")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { address, child, began: Instant::now() }
    }

    /// Waits until it may be sent traffic; how long that took since its start.
    pub(crate) async fn ready(&mut self, folder: &Path) -> Duration {
        while !answers(self.address).await {
            let ended = self.child.try_wait().unwrap();
            let logs = || {
                let files = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
                let logs = files.filter(|path| path.extension().is_some_and(|end| end == "log"));
                logs.map(|path| fs::read_to_string(path).unwrap_or_default()).collect::<String>()
            };
            assert!(ended.is_none() && self.began.elapsed() < START, "the node did not start: {ended:?}\n{}", logs());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.began.elapsed()
    }

    /// As a crash of the machine would: nothing is told to anyone.
    pub(crate) fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    pub(crate) fn cpu(&self) -> f64 {
        cpu(self.child.id(), false)
    }

    /// What it holds in memory, in MiB.
    pub(crate) fn memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
        line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1024.0
    }
}

async fn answers(address: SocketAddr) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok()?;
        Some(answer.starts_with(b"HTTP/1.1 200"))
    };
    asked.await.unwrap_or(false)
}

/// Seconds of processor time of a process; with those of its children that ended, if told so.
pub(crate) fn cpu(pid: u32, children: bool) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name stands in parentheses and may hold anything; times are in hundredths.
    let fields: Vec<f64> =
        stat.rsplit(')').next().unwrap_or("").split_whitespace().skip(11).take(4).flat_map(str::parse).collect();
    fields.iter().take(if children { 4 } else { 2 }).sum::<f64>() / 100.0
}

/// Seconds of processor time of a process and all that it started.
pub(crate) fn cpu_of_all(parent: u32) -> f64 {
    let parent_of = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u32>().ok())
    };
    let all = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    cpu(parent, true) + all.filter(|pid| parent_of(*pid) == Some(parent)).map(|pid| cpu(pid, false)).sum::<f64>()
}
