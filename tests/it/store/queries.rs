//! What the rest of leverd asks: history, people, what polling saw, tokens, the record of deeds.

use super::*;
use leverd::model::{
    ConnectionName, Glimpse, GlimpsedArchive, Id, Listed, Notice, NoticeId, NoticeKind, Placed, Poll, Sealed, TagMark,
};
use leverd::store::{Deed, Login, LoginKind, Looked, Presented, Renewed, Span, Work};

fn o1() -> OpportunityId {
    "o1".into()
}

#[tokio::test]
async fn history_is_read_in_pages_in_the_order_of_planning() {
    let store = store().await;
    for n in 0..5 {
        let cause = event(&format!("e{n}"), if n == 3 { "o2" } else { "o1" }, n);
        planned(&store, &cause, effects(vec![]), n).await;
    }
    let heard_by_none = event("unheard", "o1", 9);
    planned(&store, &heard_by_none, Plan::default(), 9).await;
    let all = Span::default();
    let mut names = Vec::new();
    let mut after = i64::MIN;
    loop {
        let page = store.history(&acme(), &all, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.place;
        names.extend(page.iter().map(|row| row.event.fields.get("name").unwrap().to_string()));
    }
    assert_eq!(names, ["e0", "e1", "e2", "e3", "e4"]);
    assert_eq!(store.history_length(&acme(), &all).await.unwrap(), 5);
    let some = Span { opportunity: Some(o1()), since: Some(at(1)), until: Some(at(4)) };
    assert_eq!(store.history(&acme(), &some, i64::MIN, 9).await.unwrap().len(), 2);
    assert_eq!(store.history_length(&acme(), &some).await.unwrap(), 3, "an upper bound");
    let unheard = store.unheard(&acme(), &all, i64::MIN, 9).await.unwrap();
    assert_eq!(unheard.iter().map(|(_, event)| event.id).collect::<Vec<_>>(), [heard_by_none.id]);
    assert!(store.unheard(&acme(), &all, unheard[0].0, 9).await.unwrap().is_empty());
    assert_eq!(store.occurrences(&acme(), some, 9).await.unwrap().len(), 2);
    assert_eq!(store.occurrences(&acme(), all, 9).await.unwrap().len(), 6);
    let before = store.runs_before(None, at(3), 2, at(9)).await.unwrap();
    assert_eq!(before.iter().map(|run| run.planned_at).collect::<Vec<_>>(), [at(2), at(1)]);
    assert_eq!(store.steps(&acme(), 3).await.unwrap().iter().map(|(time, _)| *time).collect::<Vec<_>>(), [at(4), at(3), at(2)]);
}

#[tokio::test]
async fn people_are_found_by_id_name_and_address() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let mut made = run(Plan { read: ["candidate.name".to_owned(), "candidate.email".to_owned()].into(), ..effects(vec![]) }, 0);
    made.facts.set("candidate.name", "Ada 100% Lovelace_");
    made.facts.set("candidate.email", "ada@example.com");
    arrive(&store, "t", vec![cause.clone()], 0).await;
    next_events(&store, 0).await;
    store.plan(&acme(), cause.id, made).await.unwrap();
    for text in ["o1", "LOVELACE", "ada@EXAMPLE", "100% l", "lace_"] {
        let found = store.people(text, 100, 9).await.unwrap();
        assert_eq!(found.iter().map(|person| &person.opportunity).collect::<Vec<_>>(), [&o1()], "{text}");
    }
    for text in ["o2", "Grace", "100_", "a%a"] {
        assert!(store.people(text, 100, 9).await.unwrap().is_empty(), "{text}");
    }
    let arrived = store.arrived(&acme(), &o1(), 9).await.unwrap();
    assert_eq!((arrived.len(), arrived[0].id, arrived[0].hint), (1, delivery("t", "{}", 0).id, false));
}

#[tokio::test]
async fn what_one_opportunity_still_has_is_told() {
    let store = store().await;
    let cause = event("a", "o1", 0);
    let (first, second) = (tag("A", &cause), note("n", &cause));
    let later = vec![timer("second", &cause, 90), timer("first", &cause, 60)];
    planned(&store, &cause, Plan { later, ..effects(vec![first.clone(), second.clone()]) }, 0).await;
    let armed = store.timers_of(&acme(), &o1()).await.unwrap();
    assert_eq!(armed.iter().map(|timer| timer.due).collect::<Vec<_>>(), [at(60), at(90)]);
    assert!(store.is_open(&acme(), Work::Effect(first.id)).await.unwrap());
    sendable(&store, 1).await;
    let attempt = begin(&store, &first, 1).await;
    assert_eq!(store.own_tags(&acme(), &o1(), at(0)).await.unwrap(), ["A"]);
    let mut finish = Finish::new(begin(&store, &second, 1).await, at(2), Outcome::Dead { reason: reason(Code::R4) });
    let placed = Placed { id: "n1".into(), digest: "d".into(), old: Vec::new() };
    finish.placed = Some((Slot::Stage, Some(placed.clone())));
    store.finish_all(&acme(), vec![(first.id, Finish::new(attempt, at(2), done())), (second.id, finish)]).await.unwrap();
    assert!(!store.is_open(&acme(), Work::Effect(first.id)).await.unwrap());
    assert_eq!(store.own_tags(&acme(), &o1(), at(2)).await.unwrap(), ["A"]);
    assert!(store.own_tags(&acme(), &o1(), at(3)).await.unwrap().is_empty());
    assert_eq!(store.placed(&acme(), &o1(), &Slot::Stage).await.unwrap(), Some(placed));
    assert_eq!(store.parked_by_rule(&acme()).await.unwrap(), [("pack".into(), "rule".into(), 1)]);
    assert_eq!(store.parked(None).await.unwrap()[0].rule, Some("rule".into()));
    let mut away = Finish::new(None, at(3), done());
    away.placed = Some((Slot::Stage, None));
    store.finish(&acme(), second.id, away).await.unwrap();
    assert_eq!(store.placed(&acme(), &o1(), &Slot::Stage).await.unwrap(), None);
}

#[tokio::test]
async fn what_was_put_off_by_a_wrong_clock_is_pulled_in() {
    let store = store().await;
    store.deliver(delivery("t", "{}", 100_000)).await.unwrap();
    assert!(store.claim_deliveries(claim(0)).await.unwrap().is_empty());
    assert_eq!(store.pull_in(at(1), at(600)).await.unwrap(), 1);
    assert_eq!(store.claim_deliveries(claim(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_polling_saw_is_kept_and_a_look_is_known_until_it_ends() {
    let store = store().await;
    let poll = Poll { list: Listed::Changed, began: at(0), look: at(1), since: at(0), page: None, number: 0, restarts: 0 };
    let look = Delivery { source: Source::Poll(Box::new(poll)), ..delivery("look", "", 1) };
    store.deliver_look("cursor", "1", look.clone()).await.unwrap();
    assert!(store.polling(&acme()).await.unwrap());
    assert!(!store.known(&acme(), &o1()).await.unwrap());
    store.claim_deliveries(claim(1)).await.unwrap();
    let plain = Glimpse {
        opportunity: o1(),
        seen: at(1),
        staged: None,
        applications: ["a1".to_owned()].into(),
        archived: None,
        tags: [TagMark::of("A"), TagMark::of("B")].into(),
    };
    let gone = Some(GlimpsedArchive { at: Some(at(0)), reason: Some("hired".into()) });
    let archived = Glimpse { opportunity: "o2".into(), staged: Some(at(0)), archived: gone, ..plain.clone() };
    let glimpses = vec![plain.clone(), archived.clone()];
    store.derive_look(&acme(), look.id, Looked { events: Vec::new(), glimpses, next: None }, at(2)).await.unwrap();
    assert!(!store.polling(&acme()).await.unwrap());
    assert!(store.known(&acme(), &o1()).await.unwrap());
    let seen = store.glimpses(&acme(), vec![o1(), "o2".into(), "o3".into()]).await.unwrap();
    assert_eq!(seen.into_values().collect::<Vec<_>>(), [plain, archived]);
    let ask = Source::Ask {
        vendor: "v".into(),
        poll: "p".into(),
        about: leverd::model::About::Attempt(AssessmentId::derive(at(0), &["a"])),
    };
    store.deliver_asks(&acme(), "asks", "7".into(), vec![Delivery { source: ask, ..delivery("ask", "", 3) }]).await.unwrap();
    assert_eq!(store.cursor(&acme(), "asks").await.unwrap().as_deref(), Some("7"));
    assert_eq!(store.claim_deliveries(claim(3)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn tokens_are_renewed_by_one_at_a_time_and_a_login_is_good_once() {
    let store = store().await;
    let connection = ConnectionName::new("lever");
    let sealed = |text: &str| Sealed { key: "k".into(), bytes: text.as_bytes().to_vec() };
    let renewed = |text: &str| Renewed { access: sealed(text), refresh: sealed(text), scope: "all".into(), expires_at: at(60) };
    let grant = || async { store.grant(&acme(), &connection).await.unwrap() };
    assert_eq!(grant().await, None);
    assert_eq!(store.grant_login(&acme(), &connection, renewed("one"), at(0)).await.unwrap(), 1);
    assert!(store.begin_refresh(&acme(), &connection, 1, at(1), at(9)).await.unwrap());
    assert!(!store.begin_refresh(&acme(), &connection, 1, at(2), at(9)).await.unwrap(), "somebody does");
    assert!(store.begin_refresh(&acme(), &connection, 1, at(9), at(20)).await.unwrap(), "who did is gone");
    store.keep_refreshed(&acme(), &connection, 1, renewed("two")).await.unwrap();
    assert!(!store.begin_refresh(&acme(), &connection, 1, at(30), at(40)).await.unwrap(), "others are there");
    assert_eq!(grant().await.map(|grant| (grant.version, grant.access)), Some((2, sealed("two"))));
    store.end_refresh(&acme(), &connection, 2, Some(at(31))).await.unwrap();
    assert_eq!(grant().await.unwrap().refused_at, Some(at(31)));
    assert_eq!(store.grant_login(&acme(), &connection, renewed("three"), at(40)).await.unwrap(), 3);

    let login = Login { hash: "h".into(), kind: LoginKind::Ticket, ticket: None, expires_at: at(60) };
    store.open_login(&acme(), login.clone(), at(0)).await.unwrap();
    let present = |hash: &'static str, time, spend| {
        let store = store.clone();
        async move { store.present_login(&acme(), LoginKind::Ticket, hash, at(time), spend).await.unwrap() }
    };
    assert_eq!(present("h", 1, false).await, Presented::Good(login.clone()));
    assert_eq!(present("h", 61, false).await, Presented::Expired);
    assert_eq!(present("h", 2, true).await, Presented::Good(login));
    assert_eq!(present("h", 3, true).await, Presented::Spent);
    assert_eq!(present("x", 3, true).await, Presented::Unknown);
}

#[tokio::test]
async fn what_people_did_and_what_came_is_counted_and_kept() {
    let store = store().await;
    let deed = |name: &str, account: Option<AccountId>, seconds| Deed {
        account,
        id: Id::derive(at(seconds), &[name]),
        at: at(seconds),
        who: "olga".into(),
        how: "password".into(),
        what: name.into(),
        about: "effect 1".into(),
    };
    let deeds = vec![deed("first", None, 1), deed("second", Some(acme()), 2)];
    store.record(deeds.clone()).await.unwrap();
    store.record(deeds.clone()).await.unwrap();
    assert_eq!(store.deeds(9).await.unwrap(), deeds.into_iter().rev().collect::<Vec<_>>());
    for seconds in [5, 3] {
        store.count_refusal(&acme(), "signature", at(seconds)).await.unwrap();
        store.note_ping(&acme(), LeverEvent::CandidateStageChange, at(seconds)).await.unwrap();
    }
    let refused = store.refusals(&acme()).await.unwrap();
    assert_eq!((refused[0].what.as_str(), refused[0].last, refused[0].count), ("signature", at(5), 2));
    store.deliver(delivery("t", "{}", 9)).await.unwrap();
    store.deliver(delivery("u", "{}", 7)).await.unwrap();
    let heard = store.heard(&acme()).await.unwrap();
    let told: Vec<_> = heard.iter().map(|row| (row.source.as_str(), row.last, row.count)).collect();
    assert_eq!(told, [("lever", at(9), 2), ("lever verify", at(3), 2)]);
    let notice = |name: &str, seconds| Notice {
        opportunity: Some(o1()),
        ..Notice::new(NoticeId::derive(at(seconds), &[name]), NoticeKind::Alert, format!("{name} Ada"), at(seconds))
    };
    for (name, seconds) in [("old", 1), ("new", 2), ("new", 2)] {
        store.notice(&acme(), notice(name, seconds)).await.unwrap();
    }
    let notices = store.notices(Some(&acme()), 9).await.unwrap();
    assert_eq!(notices, [(acme(), notice("new", 2)), (acme(), notice("old", 1))]);
    store.purge_opportunity(&acme(), &o1(), at(3)).await.unwrap();
    let texts: Vec<_> = store.notices(None, 9).await.unwrap().into_iter().map(|(_, notice)| notice.text).collect();
    assert_eq!(texts, ["removed with the candidate", "removed with the candidate"]);
}
