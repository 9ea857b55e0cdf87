//! HackerRank: results come to the URL of the invitation with our own bearer; errors come inside HTTP 200.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_result_becomes_tag_note_and_link() {
    let shop = Shop::open("hackerrank", true).await;
    shop.enter(ADA).await;
    assert_eq!(shop.mails(), [EMAIL]);
    assert_eq!(shop.tags(ADA), [TEST, "HackerRank: Backend - Invited"]);
    shop.at_vendor().start(EMAIL, TEST).unwrap();
    shop.at_vendor().submit(EMAIL, TEST, 92.0).unwrap();
    shop.rest().await;
    assert_eq!(shop.tags(ADA), [TEST, "HackerRank: Backend - Completed"]);
    assert_eq!(shop.notes(ADA), ["HackerRank: Backend: 92 %"]);
    assert_eq!(shop.links(ADA).len(), 1);
}

/// The first answer is lost; the repetition is told, in the body of a 200, that the candidate was invited. That is as good as done,
/// and the result finds its attempt by the URL, although leverd never learnt the candidate's id.
#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_who_was_invited_all_the_same_is_not_invited_twice() {
    for status in [200, 400] {
        let shop = Shop::open("hackerrank", true).await;
        shop.at_vendor().switch(&serde_json::json!({ "duplicate_status": status })).unwrap();
        shop.enter_and_lose_the_answer(ADA, "POST", "/tests/{id}/candidates").await;
        assert_eq!(shop.mails(), [EMAIL], "{status}");
        assert_eq!(shop.tags(ADA), [TEST, "HackerRank: Backend - Invited"], "{status}");
        shop.at_vendor().submit(EMAIL, TEST, 50.0).unwrap();
        shop.rest().await;
        assert_eq!(shop.notes(ADA), ["HackerRank: Backend: 50 %"], "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_without_our_bearer_is_refused() {
    let shop = Shop::open("hackerrank", true).await;
    shop.enter(ADA).await;
    shop.at_vendor().submit(EMAIL, TEST, 92.0).unwrap();
    shop.rest().await;
    let told = shop.control().deliveries().into_iter().rfind(|it| it.url.contains("/hooks/hackerrank/")).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = |bearer: &str| client.post(&told.url).header("authorization", bearer).body(told.body.to_string()).send();
    assert_eq!(post("Bearer something else").await.unwrap().status(), 401);
}

/// Only the end is told; that somebody began has to be asked for.
#[tokio::test(flavor = "multi_thread")]
async fn that_a_candidate_began_is_found_by_asking() {
    let shop = Shop::open("hackerrank", true).await;
    shop.enter(ADA).await;
    shop.at_vendor().start(EMAIL, TEST).unwrap();
    shop.rest().await;
    assert_eq!(shop.tags(ADA), [TEST, "HackerRank: Backend - Invited"]);
    shop.later(Duration::from_secs(16 * 60)).await;
    assert_eq!(shop.tags(ADA), [TEST, "HackerRank: Backend - Started"]);
}
