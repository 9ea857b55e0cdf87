//! What must hold between the commits when things go wrong at odd moments.

use super::*;
use leverd::model::{Code, Hint, Invite, InviteMode};
use leverd::store::Work;

fn invite(row: &Assessment, event: &Event) -> Effect {
    let act = Invite {
        vendor: row.vendor.clone(),
        test: row.test.clone(),
        assessment: row.id,
        mode: InviteMode::New,
        inputs: BTreeMap::new(),
    };
    effect("invite", event, Some(Slot::Invite(row.invite_key.clone())), Act::Invite(act))
}

#[tokio::test]
async fn a_claim_takes_no_more_than_it_asks_for_however_many_accounts_there_are() {
    let store = store().await;
    let other = AccountId::new("other");
    store.deliver(delivery("t", "{}", 0)).await.unwrap();
    store.deliver(Delivery { account: other.clone(), ..delivery("u", "{}", 0) }).await.unwrap();
    let one = Claim { accounts: Arc::new([acme(), other].into()), now: at(1), limit: 1 };
    assert_eq!(store.claim_deliveries(one.clone()).await.unwrap().len(), 1);
    assert_eq!(store.claim_deliveries(one).await.unwrap().len(), 1, "the other one has its turn");
}

#[tokio::test]
async fn what_was_begun_and_is_given_back_is_looked_up_before_it_is_sent_again() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let note = note("n", &cause);
    planned(&store, &cause, effects(vec![note.clone()]), 0).await;
    sendable(&store, 1).await;
    begin(&store, &note, 1).await;
    store.release(&acme(), Work::Effect(note.id)).await.unwrap();
    assert!(sendable(&store, 2).await.first().is_some_and(|claimed| claimed.unknown));
}

#[tokio::test]
async fn a_result_of_an_earlier_attempt_is_kept_beside_a_newer_live_one() {
    let store = store().await;
    let (first, second, late) = (event("first", "o1", 0), event("second", "o1", 5), event("late", "o1", 9));
    let row = assessment("one", "o1", Phase::Expired);
    let newer = Assessment { attempt: 2, ..assessment("two", "o1", Phase::Invited) };
    planned(&store, &first, Plan { ledger: vec![row.clone()], ..Plan::default() }, 0).await;
    planned(&store, &second, Plan { ledger: vec![newer], ..Plan::default() }, 5).await;
    let started = Assessment { phase: Phase::Started, ..row };
    planned(&store, &late, Plan { ledger: vec![started.clone()], ..Plan::default() }, 9).await;
    assert_eq!(store.assessment(&acme(), started.id).await.unwrap(), Some(started));
}

#[tokio::test]
async fn finished_attempts_of_the_same_person_are_known_to_the_other_opportunity() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let row = assessment("one", "o1", Phase::Scored);
    planned(&store, &cause, Plan { ledger: vec![row.clone()], ..Plan::default() }, 0).await;
    assert_eq!(store.ledger(&acme(), &"o2".into(), Some(&"ada".into())).await.unwrap(), [row]);
}

#[tokio::test]
async fn an_invitation_that_never_went_out_leaves_no_attempt_behind() {
    let store = store().await;
    for (name, begun) in [("never", false), ("maybe", true)] {
        let cause = event(name, name, 0);
        let row = Assessment { invite_key: name.into(), ..assessment(name, name, Phase::Requested) };
        let invite = invite(&row, &cause);
        planned(&store, &cause, Plan { ledger: vec![row.clone()], ..effects(vec![invite.clone()]) }, 0).await;
        sendable(&store, 1).await;
        if begun {
            send(&store, &invite, Outcome::Unknown { reason: reason(Code::R1) }, 1).await;
        }
        store.skip(&acme(), Work::Effect(invite.id), reason(Code::Skipped), at(3)).await.unwrap();
        let phases: Vec<_> = store.ledger(&acme(), &name.into(), None).await.unwrap().iter().map(|row| row.phase).collect();
        assert_eq!(phases, if begun { vec![Phase::Cancelled] } else { vec![] }, "{name}");
    }
}

#[tokio::test]
async fn a_move_without_a_time_of_its_own_explains_no_later_one() {
    let store = store().await;
    let own = |opportunity: &'static str| {
        let store = store.clone();
        async move { store.own_moves(&acme(), &opportunity.into()).await.unwrap() }
    };
    let (found, dropped) = (event("found", "o1", 0), event("dropped", "o2", 0));
    for cause in [&found, &dropped] {
        let moved = stage_move("onsite", cause, &[]);
        planned(&store, cause, effects(vec![moved.clone()]), 0).await;
        sendable(&store, 1).await;
        send(&store, &moved, Outcome::Unknown { reason: reason(Code::R1) }, 1).await;
        sendable(&store, 2).await;
        let end = if cause.id == found.id { done() } else { Outcome::Skipped { reason: reason(Code::Archived) } };
        store.finish(&acme(), moved.id, Finish::new(None, at(3), end)).await.unwrap();
    }
    assert_eq!(own("o1").await[0].moved_at, Some(at(3)));
    assert!(own("o2").await.is_empty());
}

#[tokio::test]
async fn an_unsigned_body_that_comes_again_later_is_looked_at_again() {
    let store = store().await;
    let source = || Source::Vendor { vendor: "qualified".into(), connection: "acme".into(), invitation: None };
    let approved = |seconds, hint| Delivery { source: source(), hint, ..delivery("approved", "{}", seconds) };
    let unsigned = Some(Hint::Unsigned);
    let mut answers = Vec::new();
    for (seconds, hint) in [(0, unsigned), (60, unsigned), (3_600, None), (3_600, unsigned), (3_660, unsigned)] {
        answers.push(store.deliver(approved(seconds, hint)).await.unwrap());
    }
    let (new, known) = (Received::Stored, Received::Duplicate);
    assert_eq!(answers, [new, known, known, new, known]);
}
