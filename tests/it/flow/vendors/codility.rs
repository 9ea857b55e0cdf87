//! Codility: callbacks that name nobody and are not signed; inviting again would make a second session.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_read_back_and_written() {
    let shop = Shop::open("codility", false).await;
    shop.enter(ADA).await;
    assert_eq!(shop.mails(), [EMAIL]);
    assert_eq!(shop.tags(ADA), [TEST, "Codility: Backend - Invited"]);
    shop.at_vendor().start(EMAIL, TEST).unwrap();
    shop.at_vendor().submit(EMAIL, TEST, 60.0).unwrap();
    shop.rest().await;
    assert_eq!(shop.tags(ADA), [TEST, "Codility: Backend - Completed"]);
    assert_eq!(shop.notes(ADA), ["Codility: Backend: 60 %"]);
    assert_eq!(shop.links(ADA).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_whose_answer_is_lost_is_looked_up_not_repeated() {
    let shop = Shop::open("codility", false).await;
    shop.enter_and_lose_the_answer(ADA, "POST", "/tests/{id}/invite").await;
    assert_eq!(shop.mails(), [EMAIL]);
    assert_eq!(shop.tags(ADA), [TEST, "Codility: Backend - Invited"]);
}
