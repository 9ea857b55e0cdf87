//! TestGorilla: no webhooks at all; candidatures are asked for while somebody is on the way, and by nobody else.

use super::*;

const ASKED: &str = "GET /vendors/testgorilla/assessments/candidature/";

fn asked(shop: &Shop) -> usize {
    shop.control().calls().iter().filter(|call| *call == ASKED).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_asked_for_only_while_somebody_is_on_the_way() {
    let shop = Shop::open("testgorilla", false).await;
    shop.later(Duration::from_secs(2 * 3_600)).await;
    assert_eq!(asked(&shop), 0, "nobody is on the way");
    shop.enter(ADA).await;
    assert_eq!(shop.mails(), [EMAIL]);
    assert_eq!(shop.tags(ADA), [TEST, "TestGorilla: Backend - Invited"]);
    shop.later(Duration::from_secs(31 * 60)).await;
    assert_eq!(shop.tags(ADA), [TEST, "TestGorilla: Backend - Invited"], "there is no score yet");
    assert!(asked(&shop) > 0);
    shop.at_vendor().start(EMAIL, TEST).unwrap();
    shop.at_vendor().submit(EMAIL, TEST, 81.5).unwrap();
    shop.later(Duration::from_secs(31 * 60)).await;
    assert_eq!(shop.tags(ADA), [TEST, "TestGorilla: Backend - Completed"]);
    assert_eq!(shop.notes(ADA), ["TestGorilla: Backend: 82 %"]);
    shop.control().clear_requests();
    shop.later(Duration::from_secs(2 * 3_600)).await;
    assert_eq!(asked(&shop), 0, "everybody has arrived");
}

/// The candidate's address is refused by name, and the recruiter reads why.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_address_is_told_to_the_recruiter() {
    let shop = Shop::open("testgorilla", false).await;
    shop.at_vendor().refuse_email(EMAIL).unwrap();
    shop.enter(ADA).await;
    let notes = shop.notes(ADA);
    assert!(notes.len() == 1 && notes[0].contains("Enter a valid email address"), "{notes:?}");
}
