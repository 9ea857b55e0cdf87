//! Is the database one that keeps what leverd acknowledges, and lets it work?

use super::Finding;
use crate::store::{Checkup, StoreError};
use jiff::SignedDuration;

/// Leases of accounts go by the database's clock, timers by this machine's.
const SKEW: SignedDuration = SignedDuration::from_secs(3);

/// Everything there is to say about the database, or why nothing can be said.
pub fn examine(found: &Result<Checkup, StoreError>) -> Vec<Finding> {
    let mut findings = Vec::new();
    match found {
        Ok(found) => {
            server(found, &mut findings);
            durability(found, &mut findings);
            replication(found, &mut findings);
            connections(found, &mut findings);
            privileges(found, &mut findings);
            clock(found, &mut findings);
        }
        Err(error) => {
            let next = "look at `store` in leverd.yaml, and whether this machine reaches the database";
            findings.push(Finding::wrong("database", error.to_string(), next));
        }
    }
    findings
}

fn server(found: &Checkup, findings: &mut Vec<Finding>) {
    let about = "database";
    let (version, name) = (&found.version, &found.name);
    if found.number < found.oldest {
        let text = format!("`{name}` is PostgreSQL {version}, and leverd needs {} or newer", found.oldest / 10_000);
        findings.push(Finding::wrong(about, text, "upgrade the server, or name another one"));
    } else if found.encoding != "UTF8" {
        let next = "make a database with `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`";
        findings.push(Finding::wrong(about, format!("the encoding of `{name}` is {}", found.encoding), next));
    } else {
        let text = format!("`{name}` is PostgreSQL {version} with the encoding UTF8; leverd needs no extension");
        findings.push(Finding::fine(about, text));
    }
    if found.is_standby {
        let next = "name the primary one in `store`, or all of them with `target_session_attrs=read-write`";
        findings.push(Finding::wrong(about, "it is a standby: nothing can be written to it", next));
    }
    if found.coming {
        let next = "`leverd store move` brings it to its end";
        findings.push(Finding::wrong(about, "it holds a part only of the file that is on its way into it", next));
    }
    if found.pooled {
        let text = "a pooler in between gives each transaction another session: the lock of whoever writes would be lost at once, and \
                    prepared statements are not found";
        let next = "name the server itself in `store`, or have the pooler keep sessions (PgBouncer: `pool_mode = session`)";
        findings.push(Finding::wrong("sessions", text, next));
    } else {
        findings.push(Finding::fine("sessions", "each connection keeps its session"));
    }
}

fn durability(found: &Checkup, findings: &mut Vec<Finding>) {
    let about = "durability";
    let before = findings.len();
    if !found.fsync {
        let text = "`fsync` is off: when the power fails, what was acknowledged is lost and the database may be damaged";
        findings.push(Finding::wrong(about, text, "`ALTER SYSTEM SET fsync = on`, then `SELECT pg_reload_conf()`"));
    }
    if !found.full_page_writes {
        let text =
            "`full_page_writes` is off: when the power fails, pages may be half written unless the file system excludes it";
        findings.push(Finding::wrong(about, text, "`ALTER SYSTEM SET full_page_writes = on`, then `SELECT pg_reload_conf()`"));
    }
    if found.synchronous_commit == "off" {
        let text = "`synchronous_commit` is off for this user: leverd switches it on for itself, other programs do not";
        findings.push(Finding::look(about, text, "`ALTER SYSTEM SET synchronous_commit = on`, if it is not meant so"));
    }
    if findings.len() == before {
        findings.push(Finding::fine(about, "a commit is on the disk before it is acknowledged"));
    }
}

fn replication(found: &Checkup, findings: &mut Vec<Finding>) {
    let about = "replication";
    if found.is_standby {
        return;
    }
    let waits = !found.synchronous_standby_names.trim().is_empty();
    let local = found.synchronous_commit == "local";
    match (waits, found.standbys, found.synchronous) {
        (false, 0, _) => {
            let text = "no standby follows it: with its disk everything since the last backup is lost";
            let next = "if whoever runs the database keeps a copy of its disk elsewhere, all is well; else set up a standby, and \
                        `synchronous_standby_names`";
            findings.push(Finding::look(about, text, next));
        }
        (false, standbys, _) => {
            let text = format!(
                "asynchronous (standbys: {standbys}): what was acknowledged last is gone when one of them takes over, and an invitation \
                 may be sent once more"
            );
            let next = "`ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'` with the names of the standbys, then \
                        `SELECT pg_reload_conf()`";
            findings.push(Finding::look(about, text, next));
        }
        (true, 0, _) => {
            let text = "`synchronous_standby_names` has commits wait for a standby, and none is connected: nothing is ever acknowledged";
            findings.push(Finding::wrong(about, text, "start the standby, or take it out of `synchronous_standby_names`"));
        }
        (true, _, Some(0)) => {
            let text = "`synchronous_standby_names` has commits wait for a standby, and none of those connected is meant: nothing is ever \
                        acknowledged";
            let next = "compare the names there with `application_name` in `pg_stat_replication`";
            findings.push(Finding::wrong(about, text, next));
        }
        (true, ..) if local => {
            let text = "`synchronous_commit` is local for this user: commits do not wait for the standby, and what was acknowledged last is \
                        gone when it takes over";
            findings.push(Finding::look(about, text, "`ALTER ROLE … SET synchronous_commit = on` for leverd's user"));
        }
        (true, standbys, synchronous) => {
            let seen = synchronous.map_or_else(
                || "which of them commits wait for is not shown to this user".to_owned(),
                |many| format!("commits wait for {many} of them"),
            );
            findings.push(Finding::fine(about, format!("synchronous (standbys: {standbys}); {seen}")));
        }
    }
}

fn connections(found: &Checkup, findings: &mut Vec<Finding>) {
    let about = "connections";
    let (most, open, needed) = (found.connections, found.open, found.needed);
    // Those of this look are among them, and those of a leverd that runs.
    let text = format!("{open} of {most} are open, and each leverd needs {needed}");
    if most < needed {
        let text = format!("there may be {most}, and each leverd needs {needed}");
        let next = "raise `max_connections`, or the limit of the user or the database (`ALTER ROLE … CONNECTION LIMIT`)";
        findings.push(Finding::wrong(about, text, next));
    } else if most - open < needed {
        findings.push(Finding::look(about, text, "raise `max_connections` before another one is started"));
    } else {
        findings.push(Finding::fine(about, text));
    }
}

fn privileges(found: &Checkup, findings: &mut Vec<Finding>) {
    let about = "privileges";
    let Some(schema) = &found.schema else {
        let next = "`CREATE SCHEMA … AUTHORIZATION` leverd's user, or name one that is there by `options=-csearch_path%3DNAME` in the URL";
        findings.push(Finding::wrong(about, "no schema of the user's search path exists", next));
        return;
    };
    if !found.may_create {
        let text = format!("the user may make no tables in the schema `{schema}`");
        findings.push(Finding::wrong(about, text, format!("`ALTER SCHEMA {schema} OWNER TO` leverd's user")));
    } else if found.foreign > 0 {
        let text = format!("tables in the schema `{schema}` belong to another user: {}", found.foreign);
        let next = "give them to leverd's user (`REASSIGN OWNED BY … TO …`), or give leverd a schema of its own";
        findings.push(Finding::wrong(about, text, next));
    } else {
        let made = if found.made { "leverd's tables are there" } else { "the first `leverd serve` makes the tables" };
        findings.push(Finding::fine(about, format!("the user may make tables in the schema `{schema}`; {made}")));
    }
}

fn clock(found: &Checkup, findings: &mut Vec<Finding>) {
    let about = "clock";
    let off = found.ahead.abs();
    if off > SKEW + found.within {
        let which = if found.ahead.is_positive() { "ahead of" } else { "behind" };
        let text = format!("the database's clock is {} s {which} this machine's", off.as_secs());
        let next = "synchronise both (`timedatectl` says whether it is done here): leases go by the database's time, timers by this machine's";
        findings.push(Finding::look(about, text, next));
    } else {
        findings.push(Finding::fine(about, "the database's clock and this machine's agree"));
    }
}
