//! Backups and what is made of them: what is copied, what is refused, and what a restored store leaves to a person.

use super::*;
use leverd::model::{AssessmentEvent, Code, Invite, InviteMode};
use leverd::store::{Holding, StoreError, Work, copy};
use std::path::{Path, PathBuf};

async fn open(path: &Path) -> Store {
    Store::open(Options::path(path)).await.unwrap()
}

fn places() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (store, file) = (folder.path().join("leverd.db"), folder.path().join("backup.db"));
    (folder, store, file)
}

fn keep(_: &str, _: &str) -> Option<String> {
    None
}

async fn parked(store: &Store) -> Vec<(Work, Code)> {
    store.parked(None).await.unwrap().into_iter().map(|row| (row.work, row.reason.unwrap().code)).collect()
}

#[tokio::test]
async fn a_backup_holds_what_was_committed_and_is_no_bigger_story_than_that() {
    let (_folder, path, file) = places();
    let store = open(&path).await;
    let event = event("moved", "ada", 0);
    planned(&store, &event, effects(vec![tag("invited", &event)]), 5).await;
    let holding = copy::backup(&path, &file).unwrap();
    let expected = Holding { accounts: 1, events: 1, runs: 1, open: 1, last: Some(at(5)), ..holding.clone() };
    assert_eq!(holding, expected);
    assert_eq!(copy::look(&file).unwrap(), holding);
    let there = copy::backup(&path, &file).unwrap_err();
    assert!(there.to_string().contains("is there already"), "{there}");
    assert_eq!(copy::look(&file).unwrap(), holding, "it was not written over");
    let left: Vec<_> = std::fs::read_dir(file.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".leverd-copy-")), "{left:?}");
}

#[tokio::test]
async fn what_is_no_sound_store_of_a_known_version_is_refused_and_the_store_stays() {
    let (folder, path, file) = places();
    open(&path).await.close().await;
    copy::backup(&path, &file).unwrap();
    let before = std::fs::read(&path).unwrap();
    let refusal = |bad: &Path| copy::restore(bad, &path, at(9), true, &keep).unwrap_err();

    let text = folder.path().join("diary");
    std::fs::write(&text, "dear diary, ".repeat(100)).unwrap();
    assert!(refusal(&text).to_string().contains("is no store of leverd"));
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE birds (name TEXT)").unwrap();
    assert!(refusal(&other).to_string().contains("is no store of leverd"));
    let newer = folder.path().join("newer.db");
    std::fs::copy(&file, &newer).unwrap();
    rusqlite::Connection::open(&newer).unwrap().execute("INSERT INTO schema_version VALUES (99)", []).unwrap();
    assert!(matches!(refusal(&newer), StoreError::Newer { found: 99, .. }));
    let damaged = folder.path().join("damaged.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let (middle, end) = (bytes.len() / 2, bytes.len());
    bytes[middle..end - 4096].fill(0xff);
    std::fs::write(&damaged, bytes).unwrap();
    assert!(refusal(&damaged).to_string().contains("damaged"), "{}", refusal(&damaged));
    assert!(matches!(refusal(&folder.path().join("none")), StoreError::Unavailable(_)));

    assert_eq!(std::fs::read(&path).unwrap(), before, "a refused backup changes nothing");
    let held = open(&path).await;
    assert!(matches!(refusal(&file), StoreError::Locked { .. }));
    held.close().await;
    let there = copy::restore(&file, &path, at(9), false, &keep).unwrap_err();
    assert!(there.to_string().contains("--replace"), "{there}");
}

#[tokio::test]
async fn what_is_unfinished_is_parked_as_perhaps_done_and_what_is_to_come_stays() {
    let (_folder, path, file) = places();
    let store = open(&path).await;
    let (first, second) = (event("moved", "ada", 0), event("moved again", "bo", 3));
    let wants = note("result", &first);
    let plan = Plan { later: vec![timer("due", &first, 60), timer("later", &first, 9_000)], ..effects(vec![wants.clone()]) };
    planned(&store, &first, plan, 1).await;
    arrive(&store, "t2", vec![second.clone()], 3).await;
    store.deliver(delivery("t3", "{}", 4)).await.unwrap();
    store.set_cursor(&acme(), "poll", "then").await.unwrap();
    store.close().await;
    copy::backup(&path, &file).unwrap();
    let renew = |name: &str, value: &str| (name == "poll").then(|| format!("{value}, and now"));
    let restored = copy::restore(&file, &path, at(600), true, &renew).unwrap();
    assert_eq!(
        restored.parked,
        [(acme(), "deliveries", 1), (acme(), "events", 1), (acme(), "effects", 1), (acme(), "timers", 1)]
    );
    // The store of before is whole.
    assert_eq!(copy::look(&restored.before.unwrap()).unwrap().open, 5);

    let store = open(&path).await;
    assert_eq!(store.cursor(&acme(), "poll").await.unwrap().unwrap(), "then, and now");
    store.recover(at(601)).await.unwrap();
    let rows = parked(&store).await;
    assert!(rows.len() == 4 && rows.iter().all(|(_, code)| *code == Code::R10), "{rows:?}");
    assert!(sendable(&store, 700).await.is_empty() && next_events(&store, 700).await.is_empty());
    assert!(store.claim_deliveries(claim(700)).await.unwrap().is_empty());
    assert_eq!(store.fire_timers(claim(700)).await.unwrap(), 0, "it was due in the time that nobody knows");
    // A person retries the note: whether it was written is looked up first, from where the backup ends.
    store.retry(&acme(), Work::Effect(wants.id), at(700)).await.unwrap();
    let claimed = sendable(&store, 700).await;
    assert!(claimed.len() == 1 && claimed[0].unknown, "{claimed:?}");
    assert_eq!(claimed[0].attempts.first().unwrap().begun_at, at(4));
    // What was to come comes.
    assert_eq!(store.fire_timers(claim(9_000)).await.unwrap(), 1);
}

#[tokio::test]
async fn events_of_the_time_that_nobody_knows_are_parked_until_a_person_has_looked() {
    let (_folder, path, file) = places();
    open(&path).await.close().await;
    copy::backup(&path, &file).unwrap();
    copy::restore(&file, &path, at(600), true, &keep).unwrap();
    let store = open(&path).await;
    let of = |name: &str, happened: i64, received: i64| Event { at: at(happened), ..event(name, name, received) };
    let told = vec![of("in between", 300, 700), of("after", 650, 700)];
    arrive(&store, "t", told, 700).await;
    assert_eq!(next_events(&store, 700).await, ["after"]);
    let rows = parked(&store).await;
    assert!(matches!(rows.as_slice(), [(Work::Event(_), Code::R10)]), "{rows:?}");
    // A person decides, and it is planned.
    store.retry(&acme(), rows[0].0, at(710)).await.unwrap();
    assert_eq!(next_events(&store, 710).await, ["in between"]);
    assert!(store.end_caution().await.unwrap() && !store.end_caution().await.unwrap());
    arrive(&store, "u", vec![of("long ago", 200, 800)], 800).await;
    assert_eq!(next_events(&store, 800).await, ["long ago"]);
}

#[tokio::test]
async fn what_a_vendor_tells_without_a_time_of_an_attempt_from_before_is_parked_too() {
    let (_folder, path, file) = places();
    let store = open(&path).await;
    let asked = event("moved", "ada", 0);
    let plan = Plan { ledger: vec![assessment("before", "ada", Phase::Invited)], ..effects(Vec::new()) };
    planned(&store, &asked, plan, 1).await;
    store.close().await;
    copy::backup(&path, &file).unwrap();
    copy::restore(&file, &path, at(600), true, &keep).unwrap();
    let store = open(&path).await;
    let after = Assessment { requested_at: at(650), ..assessment("after", "bo", Phase::Invited) };
    planned(&store, &event("moved", "bo", 650), Plan { ledger: vec![after.clone()], ..effects(Vec::new()) }, 651).await;
    let news = |name: &str, row: &Assessment, happened: i64, received: i64| {
        let event = event(name, row.opportunity.as_str(), received);
        let kind = EventKind::Assessment(AssessmentEvent::Submitted);
        Event { kind, assessment: Some(row.id), at: at(happened), class: Class::Vendor, ..event }
    };
    let before = assessment("before", "ada", Phase::Invited);
    let told = vec![
        news("without a time", &before, 700, 700),
        news("with a time", &before, 690, 700),
        news("of a new one", &after, 700, 700),
    ];
    arrive(&store, "t", told, 700).await;
    let mut next = next_events(&store, 700).await;
    next.sort();
    assert_eq!(next, ["of a new one", "with a time"]);
    let rows = parked(&store).await;
    assert!(matches!(rows.as_slice(), [(Work::Event(_), Code::R10)]), "{rows:?}");
    // A person decides. What comes of it, told at the same time of the same attempt, needs nobody to decide again.
    let Work::Event(id) = rows[0].0 else { panic!("{rows:?}") };
    let timely = news("with a time", &before, 690, 700).id;
    assert_eq!(store.plan(&acme(), timely, run(effects(Vec::new()), 705)).await.unwrap(), PlanMade::Committed);
    store.retry(&acme(), Work::Event(id), at(710)).await.unwrap();
    let claimed = store.claim_events(claim(711)).await.unwrap();
    assert!(claimed.iter().any(|claimed| claimed.event.id == id), "{claimed:?}");
    let again = Plan { emit: vec![news("again", &before, 700, 700)], ..effects(Vec::new()) };
    assert_eq!(store.plan(&acme(), id, run(again, 712)).await.unwrap(), PlanMade::Committed);
    assert!(parked(&store).await.is_empty());
}

#[tokio::test]
async fn an_invitation_is_parked_while_nobody_has_looked_and_one_that_is_repeated_is_too() {
    let (_folder, path, file) = places();
    open(&path).await.close().await;
    copy::backup(&path, &file).unwrap();
    copy::restore(&file, &path, at(600), true, &keep).unwrap();
    let store = open(&path).await;
    let moved = event("moved", "ada", 650);
    let row = assessment("row", "ada", Phase::Invited);
    let invite = |name: &str, mode: InviteMode| {
        let (vendor, test, inputs) = (row.vendor.clone(), row.test.clone(), BTreeMap::new());
        effect(name, &moved, None, Act::Invite(Invite { vendor, test, assessment: row.id, mode, inputs }))
    };
    let (new, refresh, note) = (invite("new", InviteMode::New), invite("refresh", InviteMode::Refresh), note("n", &moved));
    planned(&store, &moved, effects(vec![note.clone(), new.clone(), refresh.clone()]), 651).await;
    let sendable: Vec<EffectId> = sendable(&store, 700).await.into_iter().map(|claimed| claimed.effect.id).collect();
    assert_eq!(sendable, [note.id]);
    let mut held = parked(&store).await;
    held.sort_by_key(|(work, _)| *work != Work::Effect(new.id));
    assert_eq!(held, [(Work::Effect(new.id), Code::R10), (Work::Effect(refresh.id), Code::R10)]);
}

/// A store as a machine leaves it that loses its power: with a log.
async fn crashed(folder: &Path) -> PathBuf {
    let (live, left) = (folder.join("live.db"), folder.join("leverd.db"));
    let store = open(&live).await;
    let event = event("moved", "ada", 0);
    planned(&store, &event, effects(vec![tag("invited", &event)]), 5).await;
    for end in ["", "-wal"] {
        std::fs::copy(folder.join(format!("live.db{end}")), folder.join(format!("leverd.db{end}"))).unwrap();
    }
    store.close().await;
    assert!(std::fs::metadata(folder.join("leverd.db-wal")).unwrap().len() > 0);
    left
}

#[tokio::test]
async fn the_store_that_is_replaced_needs_no_log_to_be_whole() {
    let (folder, _, file) = places();
    let path = crashed(folder.path()).await;
    copy::backup(&folder.path().join("live.db"), &file).unwrap();
    let restored = copy::restore(&file, &path, at(600), true, &keep).unwrap();
    // As a crash leaves it between the renames: the file alone.
    let alone = folder.path().join("alone.db");
    std::fs::copy(restored.before.unwrap(), &alone).unwrap();
    let holding = copy::look(&alone).unwrap();
    assert_eq!((holding.events, holding.runs, holding.open), (1, 1, 1));
}

#[tokio::test]
async fn a_store_whose_log_cannot_be_written_into_it_stays_and_without_a_log_it_goes() {
    let (folder, _, file) = places();
    let path = crashed(folder.path()).await;
    copy::backup(&folder.path().join("live.db"), &file).unwrap();
    let log = folder.path().join("leverd.db-wal");
    std::fs::write(&path, "dear diary, ".repeat(1_000)).unwrap();
    std::fs::write(&log, "and more").unwrap();
    let refused = copy::restore(&file, &path, at(600), true, &keep).unwrap_err();
    assert!(refused.to_string().contains("nothing was changed"), "{refused}");
    assert!(std::fs::read(&path).unwrap().starts_with(b"dear diary"));
    // SQLite may have thrown away the log, in which it found nothing.
    if log.exists() {
        std::fs::remove_file(&log).unwrap();
    }
    let restored = copy::restore(&file, &path, at(600), true, &keep).unwrap();
    assert!(std::fs::read(restored.before.unwrap()).unwrap().starts_with(b"dear diary"));
}
