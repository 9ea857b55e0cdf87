//! Effects: begun before the first byte, done with what follows, waiting, parked, superseded, recovered.

use super::*;
use leverd::model::{Applied, Code};
use leverd::store::{EffectState, Work};

async fn state(store: &Store, effect: &Effect, now: i64) -> EffectState {
    store.effect(&acme(), effect.id, at(now)).await.unwrap().unwrap().state
}

#[tokio::test]
async fn an_effect_is_begun_sent_once_and_its_outcome_becomes_an_event() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let tag = tag("a", &cause);
    planned(&store, &cause, effects(vec![tag.clone()]), 0).await;
    assert_eq!(state(&store, &tag, 1).await, EffectState::Ready);
    let claimed = sendable(&store, 1).await;
    assert_eq!((&claimed[0].effect, claimed[0].unknown, claimed[0].tries), (&tag, false, 1));
    assert!(sendable(&store, 1).await.is_empty());
    assert_eq!(begin(&store, &tag, 1).await, Some(1));
    assert_eq!(begin(&store, &tag, 1).await, None, "begun by someone else");
    assert_eq!(state(&store, &tag, 1).await, EffectState::Begun);
    let mut finish = Finish::new(Some(1), at(2), done());
    finish.events = vec![event("tagged", "o1", 2)];
    finish.exchange = Some("POST Lever /opportunities/o1/addTags 200".to_owned());
    store.finish(&acme(), tag.id, finish.clone()).await.unwrap();
    store.finish(&acme(), tag.id, finish).await.unwrap();
    let row = store.effect(&acme(), tag.id, at(3)).await.unwrap().unwrap();
    assert_eq!((row.state, row.settled_at, row.attempts.len()), (EffectState::Done, Some(at(2)), 1));
    assert_eq!(row.attempts[0].event.as_deref(), Some(&event("tagged", "o1", 2)));
    assert_eq!(next_events(&store, 3).await, ["tagged"]);
    let runs = store.runs(None, Some(&"o1".into()), 9, at(3)).await.unwrap();
    assert_eq!((runs[0].event.id, runs[0].effects.len(), runs[0].ruleset.as_str()), (cause.id, 1, "hash"));
}

#[tokio::test]
async fn an_end_that_is_told_again_ends_no_later_attempt() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let tag = tag("a", &cause);
    planned(&store, &cause, effects(vec![tag.clone()]), 0).await;
    sendable(&store, 1).await;
    let retry = Outcome::Retry { after: Some(SignedDuration::from_secs(8)), reason: reason(Code::R1) };
    let first = Finish::new(begin(&store, &tag, 1).await, at(2), retry.clone());
    store.finish(&acme(), tag.id, first.clone()).await.unwrap();
    assert_eq!(sendable(&store, 10).await[0].rounds, 1);
    store.finish(&acme(), tag.id, first.clone()).await.unwrap();
    assert!(sendable(&store, 99).await.is_empty(), "claimed");
    assert_eq!(begin(&store, &tag, 10).await, Some(2));
    // Told again, and told otherwise.
    for late in [first, Finish::new(Some(1), at(11), retry), Finish::new(Some(1), at(12), done())] {
        store.finish(&acme(), tag.id, late).await.unwrap();
        assert_eq!(state(&store, &tag, 99).await, EffectState::Begun);
        assert!(sendable(&store, 99).await.is_empty(), "a third would be sent beside the second");
    }
    store.finish(&acme(), tag.id, Finish::new(Some(2), at(13), done())).await.unwrap();
    let row = store.effect(&acme(), tag.id, at(14)).await.unwrap().unwrap();
    assert_eq!((row.state, row.settled_at, row.attempts.len()), (EffectState::Done, Some(at(13)), 2));
}

#[tokio::test]
async fn a_look_that_finds_the_same_at_another_time_counts() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let note = note("n", &cause);
    planned(&store, &cause, effects(vec![note.clone()]), 0).await;
    sendable(&store, 1).await;
    let attempt = begin(&store, &note, 1).await;
    for (now, rounds) in [(2, 1), (3, 2)] {
        let unknown = Finish::new(attempt, at(now), Outcome::Unknown { reason: reason(Code::R10) });
        store.finish(&acme(), note.id, unknown).await.unwrap();
        let claimed = sendable(&store, now).await;
        assert_eq!((claimed[0].unknown, claimed[0].rounds), (true, rounds));
    }
}

#[tokio::test]
async fn a_plan_made_twice_is_made_once() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let tag = tag("a", &cause);
    planned(&store, &cause, effects(vec![tag.clone()]), 0).await;
    sendable(&store, 1).await;
    send(&store, &tag, done(), 1).await;
    store.plan(&acme(), cause.id, run(effects(vec![tag]), 2)).await.unwrap();
    assert!(sendable(&store, 3).await.is_empty());
}

#[tokio::test]
async fn what_a_late_effect_is_to_do_is_stored_before_it_is_begun_and_stays_after() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let (late, moved) = (note("n", &cause), stage_move("onsite", &cause, &[]));
    planned(&store, &cause, effects(vec![late.clone(), moved.clone()]), 0).await;
    sendable(&store, 900).await;
    let again = Effect { act: note("n", &event("a", "o1", 900)).act, ..late.clone() };
    let elsewhere = Effect { act: stage_move("offer", &cause, &[]).act, ..moved.clone() };
    assert!(store.revise(&acme(), again.clone()).await.unwrap());
    assert!(store.revise(&acme(), elsewhere.clone()).await.unwrap());
    begin(&store, &late, 900).await;
    begin(&store, &moved, 900).await;
    assert!(!store.revise(&acme(), late.clone()).await.unwrap(), "begun");
    assert_eq!(store.own_moves(&acme(), &"o1".into()).await.unwrap()[0].to.as_str(), "offer");
    store.recover(at(901)).await.unwrap();
    assert!(!store.revise(&acme(), late.clone()).await.unwrap(), "unknown");
    let claimed = sendable(&store, 901).await;
    assert_eq!(claimed.iter().map(|row| &row.effect).collect::<Vec<_>>(), [&again, &elsewhere]);
    store.finish(&acme(), late.id, Finish::new(None, at(902), done())).await.unwrap();
    assert!(!store.revise(&acme(), late.clone()).await.unwrap(), "settled");
}

#[tokio::test]
async fn a_move_waits_for_its_records_and_skip_releases_it() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let (tag, note) = (tag("a", &cause), note("n", &cause));
    let moved = stage_move("onsite", &cause, &[&tag, &note]);
    planned(&store, &cause, effects(vec![tag.clone(), note.clone(), moved.clone()]), 0).await;
    assert_eq!(sendable(&store, 1).await.iter().map(|row| row.effect.id).collect::<Vec<_>>(), [tag.id, note.id]);
    send(&store, &tag, done(), 1).await;
    send(&store, &note, Outcome::Dead { reason: reason(Code::R4) }, 1).await;
    let row = store.effect(&acme(), moved.id, at(2)).await.unwrap().unwrap();
    assert_eq!((row.state, row.blocked_by, row.due), (EffectState::Waiting, vec![note.id], None));
    assert!(sendable(&store, 9_999).await.is_empty());
    assert_eq!(store.next_due(&Arc::new([acme()].into()), at(2)).await.unwrap(), None);
    store.skip(&acme(), Work::Effect(note.id), reason(Code::Skipped), at(3)).await.unwrap();
    assert_eq!(state(&store, &note, 3).await, EffectState::Skipped);
    assert_eq!(sendable(&store, 3).await[0].effect.id, moved.id);
}

#[tokio::test]
async fn a_newer_value_of_a_slot_supersedes_one_that_waits() {
    let store = store().await;
    let (first, second) = (event("first", "o1", 0), event("second", "o1", 5));
    let old = tag("a", &first);
    let behind = stage_move("onsite", &first, &[&old]);
    planned(&store, &first, effects(vec![old.clone(), behind.clone()]), 0).await;
    sendable(&store, 1).await;
    let retry = Outcome::Retry { after: Some(SignedDuration::from_secs(600)), reason: reason(Code::R1) };
    send(&store, &old, retry, 1).await;
    assert_eq!(store.pending_effects(&acme(), &"o1".into()).await.unwrap(), [old.clone(), behind.clone()]);
    let new = tag("a", &second);
    planned(&store, &second, effects(vec![new.clone()]), 5).await;
    let row = store.effect(&acme(), old.id, at(6)).await.unwrap().unwrap();
    assert_eq!((row.state, row.reason.unwrap().code.as_str()), (EffectState::Skipped, "superseded"));
    assert_eq!(begin(&store, &old, 6).await, None, "what was superseded is not sent");
    let mut now: Vec<_> = sendable(&store, 6).await.into_iter().map(|row| row.effect.id).collect();
    now.sort();
    let mut both = vec![new.id, behind.id];
    both.sort();
    assert_eq!(now, both);
}

#[tokio::test]
async fn what_is_begun_or_parked_or_of_another_opportunity_is_not_superseded() {
    let store = store().await;
    let (first, other) = (event("first", "o1", 0), event("other", "o2", 0));
    let (parked, elsewhere) = (tag("a", &first), tag("a", &other));
    planned(&store, &first, effects(vec![parked.clone()]), 0).await;
    planned(&store, &other, effects(vec![elsewhere.clone()]), 0).await;
    sendable(&store, 1).await;
    send(&store, &parked, Outcome::Dead { reason: reason(Code::R4) }, 1).await;
    let second = event("second", "o1", 5);
    planned(&store, &second, effects(vec![tag("a", &second)]), 5).await;
    assert_eq!(state(&store, &parked, 6).await, EffectState::Parked);
    assert_eq!(state(&store, &elsewhere, 6).await, EffectState::Ready);
}

#[tokio::test]
async fn a_restart_makes_begun_effects_unknown_and_gives_claims_back() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let (sent, waiting) = (tag("a", &cause), tag("b", &cause));
    planned(&store, &cause, effects(vec![sent.clone(), waiting.clone()]), 0).await;
    sendable(&store, 1).await;
    begin(&store, &sent, 1).await;
    let found = store.recover(at(9)).await.unwrap();
    assert_eq!((found.unknown, found.released), (vec![(acme(), sent.id)], 1));
    let claimed = sendable(&store, 9).await;
    let seen: Vec<_> = claimed.iter().map(|row| (row.effect.id, row.unknown, row.tries, row.attempts.len())).collect();
    assert_eq!(seen, [(sent.id, true, 2, 1), (waiting.id, false, 2, 0)]);
    assert_eq!((claimed[0].attempts[0].begun_at, claimed[0].attempts[0].outcome.as_ref()), (at(1), None));
    // Settled by looking: the same attempt gets its end.
    store.finish(&acme(), sent.id, Finish::new(Some(1), at(10), done())).await.unwrap();
    assert_eq!(state(&store, &sent, 10).await, EffectState::Done);
}

#[tokio::test]
async fn an_unknown_outcome_is_looked_at_again_when_due_and_a_later_end_counts() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let note = note("n", &cause);
    planned(&store, &cause, effects(vec![note.clone()]), 0).await;
    sendable(&store, 1).await;
    let mut finish = Finish::new(begin(&store, &note, 1).await, at(2), Outcome::Unknown { reason: reason(Code::R10) });
    finish.due = Some(at(62));
    store.finish(&acme(), note.id, finish).await.unwrap();
    assert!(sendable(&store, 61).await.is_empty());
    let claimed = sendable(&store, 62).await;
    assert_eq!((claimed[0].unknown, claimed[0].rounds), (true, 1));
    store.finish(&acme(), note.id, Finish::new(Some(1), at(63), Outcome::Dead { reason: reason(Code::R10) })).await.unwrap();
    store.retry(&acme(), Work::Effect(note.id), at(70)).await.unwrap();
    assert!(!sendable(&store, 70).await[0].unknown, "the person has seen it: send it");
}

#[tokio::test]
async fn suspended_and_deferred_effects_wait_without_counting() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let tag = tag("a", &cause);
    planned(&store, &cause, effects(vec![tag.clone()]), 0).await;
    sendable(&store, 1).await;
    store.defer(&acme(), Work::Effect(tag.id), at(30), None).await.unwrap();
    assert_eq!(state(&store, &tag, 29).await, EffectState::Waiting);
    assert_eq!(sendable(&store, 30).await[0].rounds, 0);
    let mut finish = Finish::new(begin(&store, &tag, 30).await, at(31), Outcome::Suspended { reason: reason(Code::R2) });
    finish.due = Some(at(60));
    store.finish(&acme(), tag.id, finish).await.unwrap();
    assert!(sendable(&store, 59).await.is_empty());
    assert_eq!(sendable(&store, 60).await[0].rounds, 0);
}

#[tokio::test]
async fn an_effect_of_a_newer_version_is_left_alone_and_holds_nothing_up() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let newer = Effect { version: PAYLOAD_VERSION + 1, ..tag("a", &cause) };
    planned(&store, &cause, effects(vec![newer]), 0).await;
    arrive(&store, "t2", vec![event("b", "o1", 1)], 1).await;
    assert!(sendable(&store, 9).await.is_empty());
    assert_eq!(next_events(&store, 9).await, ["b"]);
}

#[tokio::test]
async fn our_own_move_is_known_from_begun_until_one_delivery_matched_it() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let moved = stage_move("onsite", &cause, &[]);
    planned(&store, &cause, effects(vec![moved.clone()]), 0).await;
    let own = || async { store.own_moves(&acme(), &"o1".into()).await.unwrap() };
    assert!(own().await.is_empty(), "a move that waits has no echo");
    sendable(&store, 1).await;
    let attempt = begin(&store, &moved, 1).await;
    assert_eq!((own().await[0].begun_at, own().await[0].moved_at, own().await[0].to.as_str()), (at(1), None, "onsite"));
    let mut finish = Finish::new(attempt, at(2), done());
    finish.moved_at = Some(at(2));
    store.finish(&acme(), moved.id, finish).await.unwrap();
    assert_eq!(own().await[0].moved_at, Some(at(2)));
    let echo = event("echo", "o1", 2);
    planned(&store, &echo, Plan { own_move: Some(moved.id), ..Plan::nothing("rules", "own move") }, 3).await;
    assert!(own().await.is_empty());
}

#[tokio::test]
async fn a_move_that_was_refused_has_no_echo() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let moved = stage_move("onsite", &cause, &[]);
    planned(&store, &cause, effects(vec![moved.clone()]), 0).await;
    sendable(&store, 1).await;
    let attempt = begin(&store, &moved, 1).await;
    let mut finish = Finish::new(attempt, at(2), Outcome::Dead { reason: reason(Code::R4) });
    finish.applied = Some(Applied::No);
    store.finish(&acme(), moved.id, finish).await.unwrap();
    assert!(store.own_moves(&acme(), &"o1".into()).await.unwrap().is_empty());
    assert_eq!(store.find(&moved.id.to_string()[..20]).await.unwrap(), [(acme(), Work::Effect(moved.id))]);
}

#[tokio::test]
async fn what_effects_made_is_told_by_opportunity() {
    let store = store().await;
    let (cause, other) = (event("a", "o1", 0), event("b", "o2", 0));
    let (first, second, elsewhere) = (note("n", &cause), note("m", &cause), note("n", &other));
    planned(&store, &cause, effects(vec![first.clone(), second.clone()]), 0).await;
    planned(&store, &other, effects(vec![elsewhere.clone()]), 0).await;
    sendable(&store, 1).await;
    let learned = |name: &str, id: &str| Outcome::Done { learned: BTreeMap::from([(name.to_owned(), id.into())]) };
    send(&store, &elsewhere, learned("file.id", "f9"), 1).await;
    send(&store, &first, learned("file.id", "f1"), 1).await;
    let mut finish = Finish::new(begin(&store, &second, 1).await, at(1), learned("moved_to", "s1"));
    let placed = leverd::model::Placed { id: "n2".into(), digest: String::new(), old: vec!["n1".into()] };
    finish.placed = Some((Slot::Stage, Some(placed)));
    store.finish(&acme(), second.id, finish).await.unwrap();
    let mut made = store.made(&acme(), &"o1".into()).await.unwrap();
    made.sort();
    assert_eq!(made, ["f1", "n1", "n2"]);
}
