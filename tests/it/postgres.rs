//! A throw-away PostgreSQL server: one for each test process, in a folder of its own, with a database for each test. It ends with the
//! process, however that ends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: what fails here fails the test")]

use leverd::store::{Options, Store, StoreError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio_postgres::NoTls;

/// The oldest version that leverd works with.
const OLDEST: u32 = 15;
/// Whatever a step of the server needs on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Server {
    folder: PathBuf,
    fsync: bool,
    /// Its standard input is open as long as this process lives.
    keeper: Mutex<Child>,
}

/// The folder of the server's programs.
pub(crate) fn programs() -> PathBuf {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = installed.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).max();
    match newest.filter(|version| *version >= OLDEST) {
        Some(version) => PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")),
        None => panic!("PostgreSQL's server is missing; as root: apt-get install postgresql (`tests/run` does it by itself)"),
    }
}

/// A command that runs as somebody who is not root: the server refuses root.
fn ordinary(program: &str) -> Command {
    let root = String::from_utf8(Command::new("id").arg("-u").output().unwrap().stdout).unwrap().trim() == "0";
    if root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", program]);
        command
    } else {
        Command::new(program)
    }
}

/// A new server. Only one that is to crash need wait for the disk.
fn start(fsync: bool) -> Server {
    let programs = programs();
    let folder = tempfile::Builder::new().prefix("leverd-pg-").tempdir().unwrap().keep();
    if ordinary("true").get_program() == "runuser" {
        assert!(Command::new("chown").arg("postgres").arg(&folder).status().unwrap().success());
    }
    let data = folder.join("data");
    let made = ordinary(programs.join("initdb").to_str().unwrap())
        .args(["--username=leverd", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "-D"])
        .arg(&data)
        .current_dir("/")
        .output()
        .unwrap();
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    // One user has a password.
    let rules = data.join("pg_hba.conf");
    let trusting = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, format!("local all guarded scram-sha-256\n{trusting}")).unwrap();
    let keeper = Mutex::new(run(&folder, fsync));
    Server { folder, fsync, keeper }
}

/// Runs the server in its folder, until whoever holds the keeper's standard input lets go of it. Its folder goes with it, unless it was
/// told that it shall stay.
fn run(folder: &Path, fsync: bool) -> Child {
    let script = "log=\"$1/log\"; shift; \"$@\" >>\"$log\" 2>&1 & server=$!; read -r word; kill -QUIT $server; wait $server; \
                  [ \"$word\" = stay ] || rm -rf \"$0\"";
    ordinary("sh")
        .args(["-c", script])
        .arg(folder)
        .arg(folder)
        .arg(programs().join("postgres"))
        .arg("-D")
        .arg(folder.join("data"))
        .arg("-k")
        .arg(folder)
        .args(["-c", "listen_addresses=", "-c", "max_connections=600", "-c", "shared_buffers=64MB"])
        .args(["-c", if fsync { "fsync=on" } else { "fsync=off" }])
        .current_dir("/")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The server of this process.
pub(crate) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start(false))
}

impl Server {
    /// A server of one's own, to crash.
    pub(crate) fn own() -> Self {
        start(true)
    }

    /// The server crashes, as when its machine does, and starts again.
    pub(crate) fn crash(&self) {
        let mut keeper = self.keeper.lock().unwrap();
        keeper.stdin.take().unwrap().write_all(b"stay\n").unwrap();
        keeper.wait().unwrap();
        *keeper = run(&self.folder, self.fsync);
    }

    /// Where its socket is.
    fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    fn url(&self, database: &str) -> String {
        url(&self.folder, database)
    }

    async fn admin(&self) -> tokio_postgres::Client {
        let since = Instant::now();
        loop {
            match tokio_postgres::connect(&self.url("postgres"), NoTls).await {
                Ok((client, connection)) => {
                    tokio::spawn(connection);
                    return client;
                }
                Err(error) => {
                    let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                    assert!(since.elapsed() < PATIENCE, "the server does not answer: {error}\n{log}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    /// An empty database.
    pub(crate) async fn database(&self) -> Base {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.admin().await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        Base { url: self.url(&name), name }
    }

    /// Ends every session, as a restart or a failover does.
    pub(crate) async fn cut(&self, base: &Base) {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
        self.admin().await.query(sql, &[&base.name]).await.unwrap();
    }
}

/// The URL of a database whose socket is in a folder.
pub(crate) fn url(folder: &Path, database: &str) -> String {
    format!("postgres:///{database}?user=leverd&host={}", folder.to_str().unwrap().replace('/', "%2F"))
}

/// A database of a test.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) url: String,
    pub(crate) name: String,
}

impl Base {
    pub(crate) async fn open(&self) -> Result<Store, StoreError> {
        Store::open(Options { busy_timeout: Duration::from_secs(1), ..Options::postgres(&self.url, None) }).await
    }

    pub(crate) async fn look(&self) -> Result<Store, StoreError> {
        Store::open(Options::postgres(&self.url, None).read_only()).await
    }

    /// Another program's words.
    pub(crate) async fn sql(&self, sql: &str) {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        let driven = tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap();
        drop(client);
        driven.await.unwrap().unwrap();
    }
}

impl Base {
    /// What another program reads: one text from each row.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<String> {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        let driven = tokio::spawn(connection);
        let rows = client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        drop(client);
        driven.await.unwrap().unwrap();
        rows
    }
}

/// A pooler: each transaction gets another one of the server's sessions, the one that was given back last.
pub(crate) struct Shared {
    /// The database by this way.
    pub(crate) base: Base,
    _folder: tempfile::TempDir,
}

impl Shared {
    pub(crate) fn before(server: &Server, base: &Base) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let (idle, socket) = (Arc::new(Mutex::new(Vec::new())), server.socket());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (idle, socket) = (Arc::clone(&idle), socket.clone());
                tokio::spawn(async move { drop(share(client, &socket, &idle).await) });
            }
        });
        Self { base: Base { url: url(folder.path(), &base.name), name: base.name.clone() }, _folder: folder }
    }
}

/// A whole message. The first one of a client has no kind.
async fn message(from: &mut UnixStream, kind: bool) -> std::io::Result<Vec<u8>> {
    let mut message = vec![0; if kind { 5 } else { 4 }];
    from.read_exact(&mut message).await?;
    let head = message.len();
    let length = u32::from_be_bytes(message[head - 4..].try_into().unwrap()) as usize;
    message.resize(head + length - 4, 0);
    from.read_exact(&mut message[head..]).await?;
    Ok(message)
}

async fn share(mut client: UnixStream, socket: &Path, idle: &Mutex<Vec<UnixStream>>) -> std::io::Result<()> {
    let mut held = Some(UnixStream::connect(socket).await?);
    let mut first = true;
    loop {
        let asked = message(&mut client, !first).await?;
        let mut session = match held.take() {
            Some(session) => session,
            None => idle.lock().unwrap().pop().unwrap(),
        };
        session.write_all(&asked).await?;
        // A question, the end of several words, or the beginning of everything is answered, and then the session goes to whoever asks next.
        if first || matches!(asked[0], b'Q' | b'S') {
            let mut answer = message(&mut session, true).await?;
            client.write_all(&answer).await?;
            while answer[0] != b'Z' {
                answer = message(&mut session, true).await?;
                client.write_all(&answer).await?;
            }
            if answer.last() == Some(&b'I') {
                idle.lock().unwrap().push(session);
                first = false;
                continue;
            }
        }
        held = Some(session);
        first = false;
    }
}

/// A way to a database that can be cut.
pub(crate) struct Cutter {
    /// The database by this way.
    pub(crate) base: Base,
    state: Arc<Cut>,
    folder: tempfile::TempDir,
}

#[derive(Default)]
struct Cut {
    /// Nobody gets through, and nobody new.
    away: AtomicBool,
    /// Becomes `away` with the next cut.
    then_away: AtomicBool,
    /// At the next commit: 1 before it reaches the server, 2 after the server answered it.
    commit: AtomicU32,
    /// Who speaks next is cut off, and the server does not hear of it.
    strand: AtomicBool,
    /// The server's ends of ways that were cut without its knowledge.
    stranded: Mutex<Vec<UnixStream>>,
    /// The commit that first begins an effect is held up: 1 before it reaches the server, 2 its answer; 3: it is.
    hold: AtomicU32,
    /// Each answer is so late, in milliseconds.
    late: AtomicU32,
}

impl Cutter {
    pub(crate) fn before(server: &Server, base: &Base) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let (state, socket) = (Arc::new(Cut::default()), server.socket());
        let cut = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (cut, socket) = (Arc::clone(&cut), socket.clone());
                tokio::spawn(async move { drop(pass(client, &socket, &cut).await) });
            }
        });
        let base = Base { url: url(folder.path(), &base.name), name: base.name.clone() };
        Self { base, state, folder }
    }

    /// The same database by a port of this machine.
    pub(crate) async fn over_tcp(&self) -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let socket = self.folder.path().join(".s.PGSQL.5432");
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut server = UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(async move { drop(tokio::io::copy_bidirectional(&mut client, &mut server).await) });
            }
        });
        port
    }

    pub(crate) fn away(&self, away: bool) {
        self.state.away.store(away, Ordering::SeqCst);
    }

    /// The next commit does not come through, or, `durable`, its answer does not.
    pub(crate) fn cut_commit(&self, durable: bool) {
        self.state.commit.store(1 + u32::from(durable), Ordering::SeqCst);
    }

    /// Who speaks next is cut off, and to the server the session lives on, as when the network is gone.
    pub(crate) fn strand(&self) {
        self.state.strand.store(true, Ordering::SeqCst);
    }

    /// The server notices that nobody is there.
    pub(crate) fn notice(&self) {
        self.state.stranded.lock().unwrap().clear();
    }

    /// The commit that first begins an effect is held up, or, `durable`, its answer is; until it is let go.
    pub(crate) fn hold_begin(&self, durable: bool) {
        self.state.hold.store(1 + u32::from(durable), Ordering::SeqCst);
    }

    /// Whether one is held up.
    pub(crate) fn holds(&self) -> bool {
        self.state.hold.load(Ordering::SeqCst) == 3
    }

    pub(crate) fn let_go(&self) {
        self.state.hold.store(0, Ordering::SeqCst);
    }

    /// Each answer is so late.
    pub(crate) fn slow(&self, ms: u32) {
        self.state.late.store(ms, Ordering::SeqCst);
    }

    /// With the next cut commit the database is away.
    pub(crate) fn away_after_cut(&self) {
        self.state.then_away.store(true, Ordering::SeqCst);
    }
}

/// Passes on what one client and the server say, until the way is cut.
async fn pass(mut client: UnixStream, socket: &Path, cut: &Cut) -> std::io::Result<()> {
    if cut.away.load(Ordering::SeqCst) {
        return Ok(());
    }
    let mut server = UnixStream::connect(socket).await?;
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    let (mut last, mut begins, mut held) = (false, false, false);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let said = &asked[..read?];
                if said.is_empty() {
                    return Ok(());
                }
                if cut.strand.swap(false, Ordering::SeqCst) {
                    cut.stranded.lock().unwrap().push(server);
                    return Ok(());
                }
                let commits = said.windows(7).any(|words| words == b"COMMIT\0");
                let wanted = if commits { cut.commit.swap(0, Ordering::SeqCst) } else { 0 };
                if wanted > 0 && cut.then_away.swap(false, Ordering::SeqCst) {
                    cut.away.store(true, Ordering::SeqCst);
                }
                if wanted == 1 {
                    return Ok(());
                }
                begins |= said.windows(20).any(|words| words == b"INSERT INTO attempt ");
                let hold = if begins && commits { cut.hold.load(Ordering::SeqCst) } else { 0 };
                if matches!(hold, 1 | 2) {
                    cut.hold.store(3, Ordering::SeqCst);
                    held = hold == 2;
                    while !held && cut.hold.load(Ordering::SeqCst) == 3 {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
                server.write_all(said).await?;
                last = wanted == 2;
            }
            read = server.read(&mut answered) => {
                let read = read?;
                if last || read == 0 {
                    return Ok(());
                }
                while held && cut.hold.load(Ordering::SeqCst) == 3 {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                held = false;
                let late = cut.late.load(Ordering::SeqCst);
                if late > 0 {
                    tokio::time::sleep(Duration::from_millis(late.into())).await;
                }
                client.write_all(&answered[..read]).await?;
            }
        }
    }
}
