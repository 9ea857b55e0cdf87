//! `leverd diff` over 100 000 recorded runs: a story that the simulator told, recorded, and its runs many times over; one rule differs.

use super::measure::{folder, median, seconds};
use rusqlite::{Connection, params};
use std::path::Path;
use std::process::Command;

const LEVERD: &str = env!("CARGO_BIN_EXE_leverd");
const RUNS: usize = 100_000;
const ROUNDS: usize = 3;
/// What somebody waits for who reviews a change.
const WANTED: f64 = 10.0;

pub(crate) fn run() {
    println!("diff: {RUNS} recorded runs; somebody who reviews a change waits for it");
    let dir = folder();
    leverd(dir.path(), &["demo", "qualified", "--folder", "old"]);
    let (old, new) = (dir.path().join("old"), dir.path().join("new"));
    std::fs::create_dir_all(old.join("rules")).unwrap();
    for name in ["rules.yaml", "vendor.yaml"] {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/qualified").join(name);
        std::fs::copy(shipped, old.join("rules").join(name)).unwrap();
    }
    let config = old.join("leverd.yaml");
    let text = std::fs::read_to_string(&config).unwrap().replace("pack: qualified", "path: ./rules");
    std::fs::write(&config, text).unwrap();
    std::fs::create_dir_all(&new).unwrap();
    for part in ["rules", "catalogue"] {
        std::fs::create_dir_all(new.join(part)).unwrap();
        for entry in std::fs::read_dir(old.join(part)).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, new.join(part).join(path.file_name().unwrap())).unwrap();
        }
    }
    std::fs::copy(&config, new.join("leverd.yaml")).unwrap();
    let rules = new.join("rules/rules.yaml");
    let changed =
        std::fs::read_to_string(&rules).unwrap().replace("{{round result.percent}} %", "{{round result.percent}} percent");
    std::fs::write(&rules, changed).unwrap();
    let runs = multiply(&old.join("leverd.db"));

    let compare = || {
        let told = leverd(dir.path(), &["diff", "old", "new", "--config", "old/leverd.yaml", "--format", "json"]);
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert!(told["runs"].as_u64().unwrap() >= RUNS as u64 && told["different"].as_u64().unwrap() > 0, "{told}");
    };
    let taken = median((0..ROUNDS).map(|_| seconds(compare)).collect());
    println!(
        "  {runs} runs   ratio to {WANTED:.0} s {:>6.2} (1 at most)   {taken:.1} s, {:.0} runs a second",
        taken / WANTED,
        runs as f64 / taken
    );
}

/// The runs of the story until there are enough, each an event of its own. How many there are then.
fn multiply(store: &Path) -> usize {
    let mut db = Connection::open(store).unwrap();
    let count = |db: &Connection| {
        usize::try_from(db.query_row("SELECT count(*) FROM run", [], |row| row.get::<_, i64>(0)).unwrap()).unwrap()
    };
    let columns = |db: &Connection, table: &str, id: &str| {
        let mut statement = db.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).unwrap();
        let names = statement.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
        names
            .map(|name| if name == id { format!("unhex(hex(substr({name}, 1, 12)) || printf('%08x', ?1))") } else { name })
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (event, run) = (columns(&db, "event", "id"), columns(&db, "run", "event"));
    let told = count(&db);
    let transaction = db.transaction().unwrap();
    transaction.execute_batch("CREATE TEMP TABLE told AS SELECT account, event FROM run").unwrap();
    for n in 0..u32::try_from(RUNS / told).unwrap() {
        let mark = n + 1;
        let those = "(account, {id}) IN (SELECT account, event FROM told)";
        let sql = format!("INSERT OR IGNORE INTO event SELECT {event} FROM event WHERE {}", those.replace("{id}", "id"));
        transaction.execute(&sql, params![mark]).unwrap();
        let sql = format!("INSERT OR IGNORE INTO run SELECT {run} FROM run WHERE {}", those.replace("{id}", "event"));
        transaction.execute(&sql, params![mark]).unwrap();
    }
    transaction.commit().unwrap();
    count(&db)
}

fn leverd(folder: &Path, arguments: &[&str]) -> String {
    let out = Command::new(LEVERD).args(arguments).current_dir(folder).output().unwrap();
    assert!(out.status.success(), "{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}
