//! Any partner of Greenhouse's contract: nothing but a base URL and a key.

use super::*;
use leverd::sim::Service;

fn vendor_calls(shop: &Shop) -> Vec<String> {
    let requests = shop.control().requests();
    // The catalogue is read again whenever a node starts.
    let about_candidates =
        requests.iter().filter(|it| it.service == Service::Vendor("generic") && !it.path.ends_with("/list_tests"));
    about_candidates.map(leverd::sim::Request::line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completed_test_is_told_without_a_word_and_fetched() {
    let shop = Shop::open("generic", false).await;
    shop.enter(ADA).await;
    assert_eq!(shop.mails(), [EMAIL]);
    assert_eq!(shop.tags(ADA), [TEST, "Assessment: Backend - Invited"]);
    shop.at_vendor().submit(EMAIL, TEST, 81.0).unwrap();
    shop.rest().await;
    assert_eq!(shop.tags(ADA), [TEST, "Assessment: Backend - Completed"]);
    assert_eq!(shop.notes(ADA), ["Assessment: Backend: 81"]);
    assert_eq!(shop.links(ADA).len(), 1);
    assert_eq!(vendor_calls(&shop), ["POST /vendors/generic/send_test", "GET /vendors/generic/test_status"]);
}

/// The PATCH has no body: only its URL says whose it is, and two of them are two messages.
#[tokio::test(flavor = "multi_thread")]
async fn two_candidates_who_complete_are_not_taken_for_one() {
    let shop = Shop::open("generic", false).await;
    candidate(&shop.control(), "Bob Example", "bob@example.com");
    for name in [ADA, "Bob Example"] {
        shop.enter(name).await;
    }
    shop.at_vendor().submit(EMAIL, TEST, 81.0).unwrap();
    shop.at_vendor().submit("bob@example.com", TEST, 40.0).unwrap();
    shop.rest().await;
    assert_eq!(shop.notes(ADA), ["Assessment: Backend: 81"]);
    assert_eq!(shop.notes("Bob Example"), ["Assessment: Backend: 40"]);
}

/// The contract has no key that makes a repeated order harmless: an order whose answer is lost waits for a person.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_without_an_answer_is_not_repeated() {
    let shop = Shop::open("generic", false).await;
    shop.fault("POST", "/send_test", Misbehaviour::DropAfter);
    shop.enter(ADA).await;
    assert_eq!(shop.mails(), [EMAIL]);
    let parked = shop.world.node.store.parked(None).await.unwrap();
    assert_eq!(parked.len(), 1, "{parked:?}");
}

/// Partners may forget to tell: they are asked, about each candidate who is on the way.
#[tokio::test(flavor = "multi_thread")]
async fn a_completed_test_that_nobody_told_of_is_found_by_asking() {
    let shop = Shop::open("generic", false).await;
    shop.enter(ADA).await;
    shop.control().set_faults(|faults| faults.hold_deliveries = true);
    shop.at_vendor().submit(EMAIL, TEST, 81.0).unwrap();
    shop.rest().await;
    assert_eq!(shop.notes(ADA), Vec::<String>::new());
    // Lever's deliveries are held too; the answer to the poll needs none.
    shop.later(Duration::from_secs(7 * 3_600)).await;
    assert_eq!(shop.notes(ADA), ["Assessment: Backend: 81"]);
    // And when the vendor tells after all, it is the same news.
    shop.control().set_faults(|faults| faults.hold_deliveries = false);
    shop.control().release_deliveries();
    shop.rest().await;
    assert_eq!(shop.notes(ADA), ["Assessment: Backend: 81"]);
}
