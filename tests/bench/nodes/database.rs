//! What stands below the nodes, and what they cost it.

use super::process::cpu_of_all;
use crate::postgres::{Base, Server};
use std::path::{Path, PathBuf};
use tokio_postgres::{Client, NoTls};

/// A store.
pub(crate) enum Database {
    Sqlite(PathBuf),
    Postgres { client: Client, base: Base, postmaster: u32 },
}

/// How much a database did, in all.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Work {
    pub(crate) commits: f64,
    pub(crate) statements: f64,
    /// Seconds of processor time.
    pub(crate) cpu: f64,
}

/// A server that waits for the disk, as one in earnest, and counts statements.
pub(crate) async fn server() -> Server {
    let server = Server::own();
    let base = server.database().await;
    base.sql("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'").await;
    base.sql("ALTER SYSTEM SET max_connections = 200").await;
    server.crash();
    server
}

impl Database {
    pub(crate) async fn postgres(server: &Server) -> Self {
        let base = server.database().await;
        base.sql("CREATE SCHEMA stats; CREATE EXTENSION pg_stat_statements SCHEMA stats").await;
        let (client, connection) = tokio_postgres::connect(&base.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let folder: String = client.query_one("SHOW data_directory", &[]).await.unwrap().get(0);
        let told = std::fs::read_to_string(Path::new(&folder).join("postmaster.pid")).unwrap();
        let postmaster = told.lines().next().unwrap().trim().parse().unwrap();
        Self::Postgres { client, base, postmaster }
    }

    pub(crate) fn sqlite(folder: &Path) -> Self {
        Self::Sqlite(folder.join("leverd.db"))
    }

    /// As leverd.yaml names it.
    pub(crate) fn named(&self) -> String {
        match self {
            Self::Sqlite(_) => "{ sqlite: leverd.db }".to_owned(),
            Self::Postgres { base, .. } => format!("\"{}\"", base.url),
        }
    }

    /// How many events were planned.
    pub(crate) async fn planned(&self) -> usize {
        match self {
            Self::Sqlite(path) => {
                let db = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
                db.query_row("SELECT count(*) FROM run", [], |row| row.get::<_, i64>(0)).unwrap_or(0).unsigned_abs()
            }
            Self::Postgres { client, .. } => {
                client.query_one("SELECT count(*) FROM run", &[]).await.unwrap().get::<_, i64>(0).unsigned_abs()
            }
        }
        .try_into()
        .unwrap()
    }

    /// What the server did so far; nothing of SQLite, which works inside the node. The questions of this benchmark are among it.
    pub(crate) async fn work(&self) -> Work {
        let Self::Postgres { client, postmaster, .. } = self else { return Work::default() };
        let sql = "SELECT (SELECT xact_commit::float8 FROM pg_stat_database WHERE datname = current_database()), \
                   (SELECT coalesce(sum(calls), 0)::float8 FROM stats.pg_stat_statements \
                    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()))";
        let row = client.query_one(sql, &[]).await.unwrap();
        Work { commits: row.get(0), statements: row.get(1), cpu: cpu_of_all(*postmaster) }
    }
}

impl std::ops::Sub for Work {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            commits: self.commits - before.commits,
            statements: self.statements - before.statements,
            cpu: self.cpu - before.cpu,
        }
    }
}
