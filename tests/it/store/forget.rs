//! Deleting a person's data, and old rows.

use super::*;
use leverd::model::{Call, Invite, InviteMode, Notice, NoticeId, NoticeKind, Value};
use leverd::store::{EffectState, Retention, SigningToken};

#[tokio::test]
async fn a_purge_removes_what_is_personal_and_keeps_ids() {
    let store = store().await;
    let cause = event("Ada Lovelace", "o1", 0);
    let inputs = BTreeMap::from([("candidate.email".to_owned(), Value::text("ada@example.com"))]);
    let row = Assessment { candidate_url: Some("https://example.com/ada".into()), ..assessment("one", "o1", Phase::Requested) };
    let test = row.test.clone();
    let invite = Invite { vendor: "qualified".into(), test, assessment: row.id, mode: InviteMode::New, inputs: inputs.clone() };
    let call = Call { vendor: "qualified".into(), operation: "erase".into(), assessment: Some(row.id), inputs };
    let (sent, pending) = (note("n", &cause), effect("invite", &cause, None, Act::Invite(invite)));
    let erase = effect("erase", &cause, None, Act::Call(call));
    let mut plan = effects(vec![sent.clone(), pending.clone(), erase.clone()]);
    plan.ledger = vec![row.clone()];
    plan.later = vec![timer("remind", &cause, 60)];
    plan.read = ["candidate.name".to_owned()].into();
    let mut made = run(plan, 0);
    made.facts.set("candidate.name", "Ada Lovelace");
    arrive(&store, "t", vec![cause.clone()], 0).await;
    next_events(&store, 0).await;
    store.plan(&acme(), cause.id, made).await.unwrap();
    sendable(&store, 1).await;
    let mut finish = Finish::new(begin(&store, &sent, 1).await, at(1), done());
    finish.exchange = Some("GET vendor /candidates/ada@example.com → 200".to_owned());
    store.finish(&acme(), sent.id, finish).await.unwrap();

    store.purge_opportunity(&acme(), &"o1".into(), at(2)).await.unwrap();
    let run = store.run(&acme(), cause.id, at(3)).await.unwrap().unwrap();
    assert_eq!(run.effects.iter().map(|row| row.state).collect::<Vec<_>>()[..2], [EffectState::Done, EffectState::Skipped]);
    assert!(store.delivery(&acme(), delivery("t", "{}", 0).id).await.unwrap().is_none());
    assert_eq!(store.fire_timers(claim(99)).await.unwrap(), 0);
    store.finish(&acme(), erase.id, Finish::new(None, at(4), done())).await.unwrap();
    let run = store.run(&acme(), cause.id, at(5)).await.unwrap().unwrap();
    let ledger = store.ledger(&acme(), &"o1".into(), None).await.unwrap();
    let attempts = store.effect(&acme(), sent.id, at(5)).await.unwrap().unwrap().attempts;
    assert_eq!(attempts[0].exchange, None);
    let shown = format!("{run:?} {ledger:?}");
    assert!(!shown.contains("Ada") && !shown.contains("ada@") && !shown.contains("/ada"), "{shown}");
    assert_eq!(ledger[0].id, row.id);
}

#[tokio::test]
async fn old_rows_go_in_chunks_and_what_is_unfinished_stays() {
    let store = store().await;
    let (old, open) = (event("old", "o1", 0), event("open", "o2", 0));
    let (settled, pending) = (tag("a", &old), tag("a", &open));
    planned(&store, &old, effects(vec![settled.clone()]), 0).await;
    sendable(&store, 1).await;
    send(&store, &settled, done(), 1).await;
    planned(&store, &open, effects(vec![pending.clone()]), 2).await;
    let retention = Retention { bodies: at(100), runs: at(100), dedupe: at(100), chunk: 1 };
    let mut rounds = 0;
    while store.retain(retention).await.unwrap() > 0 {
        rounds += 1;
    }
    assert!(rounds > 1);
    assert!(store.run(&acme(), old.id, at(101)).await.unwrap().is_none());
    assert!(store.effect(&acme(), settled.id, at(101)).await.unwrap().is_none());
    assert!(store.run(&acme(), open.id, at(101)).await.unwrap().is_some());
    assert_eq!(sendable(&store, 101).await[0].effect, pending);
}

#[tokio::test]
async fn what_is_old_goes_by_its_own_limit_and_what_was_done_lately_with_it_stays() {
    let store = store().await;
    let (old, late) = (event("old", "o1", 0), event("late", "o2", 0));
    let (first, second) = (tag("a", &old), tag("a", &late));
    planned(&store, &old, effects(vec![first.clone()]), 0).await;
    sendable(&store, 1).await;
    send(&store, &first, done(), 1).await;
    // Stored at the same time, and planned later.
    arrive(&store, "late", vec![late.clone()], 0).await;
    next_events(&store, 200).await;
    store.plan(&acme(), late.id, run(effects(vec![second.clone()]), 200)).await.unwrap();
    sendable(&store, 200).await;
    send(&store, &second, done(), 200).await;
    // Two bodies: one that nobody could make anything of, one that is parked.
    let (nothing, parked) = (delivery("nothing", "{}", 2), delivery("parked", "{}", 2));
    for one in [&nothing, &parked] {
        store.deliver(one.clone()).await.unwrap();
    }
    store.claim_deliveries(claim(3)).await.unwrap();
    store.derive(&acme(), nothing.id, Derived::Nothing(reason(Code::R9)), at(3)).await.unwrap();
    store.derive(&acme(), parked.id, Derived::Park(reason(Code::R9)), at(3)).await.unwrap();
    for (seconds, text) in [(4, "then"), (300, "now")] {
        let notice = Notice::new(NoticeId::derive(at(seconds), &[text]), NoticeKind::Alert, text.to_owned(), at(seconds));
        store.notice(&acme(), notice).await.unwrap();
    }
    let gone = async |retention| while store.retain(retention).await.unwrap() > 0 {};
    let known = async |cause: &Event| store.run(&acme(), cause.id, at(300)).await.unwrap().is_some();

    gone(Retention { bodies: at(100), runs: at(0), dedupe: at(0), chunk: 9 }).await;
    assert!(store.delivery(&acme(), nothing.id).await.unwrap().is_none());
    assert!(store.delivery(&acme(), parked.id).await.unwrap().is_some(), "it is not done with");
    assert!(known(&old).await && known(&late).await, "they have a limit of their own");
    assert_eq!(store.deliver(nothing.clone()).await.unwrap(), Received::Duplicate, "and so has what was seen");

    gone(Retention { bodies: at(100), runs: at(100), dedupe: at(100), chunk: 9 }).await;
    assert!(!known(&old).await && known(&late).await);
    let effect = store.effect(&acme(), second.id, at(300)).await.unwrap().unwrap();
    assert_eq!((effect.state, effect.attempts.len()), (EffectState::Done, 1));
    assert!(store.delivery(&acme(), parked.id).await.unwrap().is_some());
    let texts: Vec<String> = store.notices(None, 9).await.unwrap().into_iter().map(|(_, notice)| notice.text).collect();
    assert_eq!(texts, ["now"]);
    assert_eq!(store.deliver(nothing).await.unwrap(), Received::Stored, "what was seen is forgotten");

    gone(Retention { bodies: at(100), runs: at(201), dedupe: at(100), chunk: 9 }).await;
    assert!(!known(&late).await && store.effect(&acme(), second.id, at(300)).await.unwrap().is_none());
}

#[tokio::test]
async fn single_rows_are_kept() {
    let store = store().await;
    assert_eq!(store.activate(&acme(), vec!["pack".into()], at(1)).await.unwrap(), [at(1)]);
    assert_eq!(
        store.activate(&acme(), vec!["other".into(), "pack".into()], at(9)).await.unwrap(),
        [at(9), at(1)],
        "the first activation holds"
    );
    assert_eq!(store.baselines(&acme()).await.unwrap(), [("other".into(), at(9)), ("pack".into(), at(1))]);
    store.set_cursor(&acme(), "poll", "1").await.unwrap();
    store.set_cursor(&acme(), "poll", "2").await.unwrap();
    assert_eq!(store.cursor(&acme(), "poll").await.unwrap().as_deref(), Some("2"));
    store.keep_ruleset("h", b"rules".to_vec(), vec![("f".to_owned(), b"text".to_vec())]).await.unwrap();
    store.keep_ruleset("h", b"other".to_vec(), Vec::new()).await.unwrap();
    assert_eq!(store.ruleset("h").await.unwrap().as_deref(), Some(b"rules".as_slice()));
    assert_eq!(store.source_file("f").await.unwrap().as_deref(), Some(b"text".as_slice()));
    let token = |webhook: &str, created| SigningToken {
        event: LeverEvent::CandidateStageChange,
        webhook: webhook.into(),
        url: "https://example.com/hooks/lever/acme/candidateStageChange".into(),
        token: leverd::model::Sealed { key: "k".into(), bytes: format!("token of {webhook}").into_bytes() },
        created_at: at(created),
    };
    store.keep_signing_token(&acme(), token("w1", 1)).await.unwrap();
    store.keep_signing_token(&acme(), token("w2", 2)).await.unwrap();
    assert_eq!(store.signing_tokens(&acme()).await.unwrap(), [token("w2", 2), token("w1", 1)]);
    store.forget_signing_token(&acme(), "w2").await.unwrap();
    assert_eq!(store.signing_tokens(&acme()).await.unwrap().len(), 1);
    assert_eq!(store.accounts().await.unwrap(), [acme()]);
    assert!(store.counts(at(1)).await.unwrap().is_empty());
}
