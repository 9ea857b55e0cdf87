//! CodeSignal: GraphQL, a signature that does not cover the body, an endpoint that is tried with nothing in it, only 200 is success.

use super::*;
use leverd::sim::DeliveryState;

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_started_finished_and_written() {
    let shop = Shop::open("codesignal", true).await;
    shop.at_vendor().subscribe(&shop.hook(), &[]).unwrap();
    shop.rest().await;
    shop.enter(ADA).await;
    assert_eq!(shop.mails(), [EMAIL]);
    assert_eq!(shop.tags(ADA), [TEST, "CodeSignal: Backend - Invited"]);
    shop.at_vendor().start(EMAIL, TEST).unwrap();
    shop.rest().await;
    assert_eq!(shop.tags(ADA), [TEST, "CodeSignal: Backend - Started"]);
    shop.at_vendor().submit(EMAIL, TEST, 90.0).unwrap();
    shop.rest().await;
    assert_eq!(shop.tags(ADA), [TEST, "CodeSignal: Backend - Completed"]);
    assert_eq!(shop.notes(ADA), ["CodeSignal: Backend: 900 of 1000"]);
    // The empty request that a new endpoint has to answer, and each event, at the first try.
    let told: Vec<_> = shop.control().deliveries().into_iter().filter(|it| it.url == shop.hook()).collect();
    assert_eq!(told.first().map(|it| (it.body.is_null(), it.state)), Some((true, DeliveryState::Delivered)));
    assert!(told.iter().all(|it| it.attempts.len() == 1 && it.attempts[0].status == Some(200)), "{told:?}");
    assert_eq!(told.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_answer_is_lost_is_the_same_when_asked_for_again() {
    let shop = Shop::open("codesignal", true).await;
    shop.enter_and_lose_the_answer(ADA, "POST", "/graphql").await;
    assert_eq!(shop.mails(), [EMAIL]);
    assert_eq!(shop.control().world()["codesignal"]["takes"].as_array().unwrap().len(), 1);
    assert_eq!(shop.tags(ADA), [TEST, "CodeSignal: Backend - Invited"]);
}

/// A proctored session is over before it counts; here it is found wanting. Another candidate says no.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_not_verified_and_one_that_is_declined_are_told() {
    let shop = Shop::open("codesignal", true).await;
    shop.at_vendor().subscribe(&shop.hook(), &[]).unwrap();
    candidate(&shop.control(), "Bob Example", "bob@example.com");
    for name in [ADA, "Bob Example"] {
        shop.enter(name).await;
    }
    shop.at_vendor().start(EMAIL, TEST).unwrap();
    shop.at_vendor().complete(EMAIL, TEST).unwrap();
    shop.rest().await;
    assert_eq!(shop.tags(ADA), [TEST, "CodeSignal: Backend - Started"], "not before it is verified");
    shop.at_vendor().flag(EMAIL, TEST, "Unauthorized resource").unwrap();
    shop.at_vendor().decline("bob@example.com", TEST).unwrap();
    shop.rest().await;
    assert_eq!(shop.tags(ADA), [TEST, "CodeSignal: Backend - Not Verified"]);
    assert_eq!(shop.tags("Bob Example"), [TEST, "CodeSignal: Backend - Declined"]);
    assert_eq!(shop.notes(ADA), Vec::<String>::new());
}
