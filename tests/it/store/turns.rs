//! Turns among many accounts: what is looked at are those that have work, and none of them is passed over.

use super::*;
use leverd::store::Work;

fn named(n: usize) -> AccountId {
    AccountId::new(format!("account-{n:03}"))
}

fn all(accounts: usize) -> Arc<BTreeSet<AccountId>> {
    Arc::new((0..accounts).map(named).collect())
}

/// So many deliveries arrive in each of these accounts.
async fn arrived(store: &Store, accounts: impl Iterator<Item = usize>, each: usize) {
    for account in accounts.map(named) {
        for n in 0..each {
            store.deliver(of(&account, n)).await.unwrap();
        }
    }
}

fn of(account: &AccountId, n: usize) -> Delivery {
    let id = DeliveryId::derive(at(0), &[account.as_str(), &n.to_string()]);
    Delivery { id, account: account.clone(), ..delivery(&n.to_string(), "{}", 0) }
}

/// Whose deliveries a claim brings, and how many of each.
async fn claimed(store: &Store, accounts: &Arc<BTreeSet<AccountId>>, limit: usize) -> BTreeMap<AccountId, usize> {
    let claim = Claim { accounts: Arc::clone(accounts), now: at(1), limit };
    let mut found = BTreeMap::new();
    for claimed in store.claim_deliveries(claim).await.unwrap() {
        *found.entry(claimed.delivery.account).or_default() += 1;
    }
    found
}

#[tokio::test]
async fn a_few_accounts_with_work_share_a_claim_however_many_are_configured() {
    let store = store().await;
    let accounts = all(1_000);
    arrived(&store, [7, 400, 999].into_iter(), 10).await;
    let mut largest = BTreeSet::new();
    for _ in 0..3 {
        let found = claimed(&store, &accounts, 10).await;
        let mut shares: Vec<usize> = found.values().copied().collect();
        shares.sort_unstable();
        assert_eq!(shares, [2, 4, 4], "{found:?}");
        largest.extend(found.into_iter().filter(|(_, taken)| *taken == 2).map(|(account, _)| account));
    }
    assert_eq!(largest.len(), 3, "another one comes last each time");
    assert!(claimed(&store, &accounts, 10).await.is_empty());
}

#[tokio::test]
async fn where_much_is_due_everyone_has_a_turn_before_anyone_has_two() {
    let store = store().await;
    let accounts = all(70);
    arrived(&store, 0..70, 2).await;
    for _ in 0..2 {
        let mut served = BTreeSet::new();
        for limit in [30, 30, 10] {
            let found = claimed(&store, &accounts, limit).await;
            assert!(found.values().all(|taken| *taken == 1), "{found:?}");
            assert_eq!(found.len(), limit);
            served.extend(found.into_keys());
        }
        assert_eq!(served.len(), 70);
    }
    assert!(claimed(&store, &accounts, 30).await.is_empty());
}

#[tokio::test]
async fn one_account_with_much_to_do_fills_a_claim_alone() {
    let store = store().await;
    arrived(&store, [3].into_iter(), 100).await;
    assert_eq!(claimed(&store, &all(500), 80).await, [(named(3), 80)].into());
}

#[tokio::test]
async fn work_of_accounts_that_are_not_ours_hides_none_of_ours() {
    let store = store().await;
    arrived(&store, 0..90, 1).await;
    let ours = Arc::new([named(1), named(45), named(88)].into());
    assert_eq!(claimed(&store, &ours, 2).await.len(), 2);
    assert_eq!(claimed(&store, &ours, 2).await.len(), 1);
    assert!(claimed(&store, &ours, 2).await.is_empty());
    assert_eq!(claimed(&store, &all(90), 90).await.len(), 87);
}

#[tokio::test]
async fn accounts_whose_work_waits_for_other_work_hide_nobody() {
    let store = store().await;
    let accounts = all(81);
    arrived(&store, 0..81, 1).await;
    let claim = |limit| Claim { accounts: Arc::clone(&accounts), now: at(1), limit };
    for claimed in store.claim_deliveries(claim(81)).await.unwrap() {
        let (account, of) = (claimed.delivery.account.clone(), claimed.delivery.id);
        // The last account's lanes are free; in each of the others one event waits for the other.
        let lanes = if account == named(80) { ["o1", "o2"] } else { ["o1", "o1"] };
        let events = lanes.iter().enumerate().map(|(n, lane)| {
            let id = EventId::derive(at(0), &[account.as_str(), &n.to_string()]);
            Event { account: account.clone(), id, ..event(&n.to_string(), lane, i64::try_from(n).unwrap()) }
        });
        store.derive(&account, of, Derived::Events(events.collect()), at(1)).await.unwrap();
    }
    assert_eq!(store.claim_events(claim(81)).await.unwrap().len(), 81);
    let last = store.claim_events(claim(4)).await.unwrap();
    assert_eq!(last.into_iter().map(|claimed| claimed.event.account).collect::<Vec<_>>(), [named(80)]);
}

#[tokio::test]
async fn one_sleeps_no_longer_than_until_ones_own_work_is_due() {
    let store = store().await;
    arrived(&store, 0..41, 1).await;
    for (n, account) in (0..41).map(|n| (n, named(n))) {
        let until = if n == 40 { 900 } else { 100 + i64::try_from(n).unwrap() };
        let work = Work::Delivery(of(&account, 0).id);
        store.defer(&account, work, at(until), None).await.unwrap();
    }
    let ours = Arc::new([named(40)].into());
    let (mut now, mut looks) = (at(1), 0);
    while now < at(900) {
        let next = store.next_due(&ours, now).await.unwrap().unwrap();
        assert!(next > now && next <= at(900), "{next}");
        (now, looks) = (next, looks + 1);
    }
    assert!(looks <= 4, "{looks} looks");
    assert_eq!(store.next_due(&all(41), at(1)).await.unwrap(), Some(at(100)));
    assert_eq!(store.next_due(&all(41), at(900)).await.unwrap(), None);
}
