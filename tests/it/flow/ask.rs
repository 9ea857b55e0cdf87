//! A recruiter is asked, and what is chosen is sent: the link in the note, the page, one answer.

use super::bed::{Bed, OTHER, STAGE, Setting, TEST};
use std::time::Duration;

const BO: &str = "Bo Example";
const BO_EMAIL: &str = "bo@example.com";
const RULES: &str = "
  - name: ask which
    trigger: candidateStageChange
    when: { opportunity.tags: { contains: ask } }
    do:
      - ask: { key: which, title: \"Which test next?\", choose: { in: catalogue }, expires: 2d }
  - name: send what was chosen
    trigger: { answered: which }
    do: [{ invite: { test: $answer } }]
";

/// A bed in which a candidate has just been asked about.
async fn asked() -> Bed {
    let bed = Bed::with(Setting { rules: RULES, ..Setting::default() }).await;
    bed.candidate(BO, Some(BO_EMAIL), &["ask"]);
    bed.control().move_stage(BO, STAGE).unwrap();
    bed.rest().await;
    bed
}

/// The path of the link in the one note.
fn link(bed: &Bed) -> String {
    let notes = bed.notes(BO);
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].starts_with("Which test next?") && notes[0].contains(&format!("- {OTHER}")), "{notes:?}");
    let from = notes[0].find("/ask/demo/").expect("a link");
    notes[0][from..].split_whitespace().next().unwrap().to_owned()
}

/// The number that the page gives a choice.
fn number(page: &str, label: &str) -> usize {
    let before = page.split(label).next().unwrap();
    before.rsplit("value=\"").next().unwrap().split('"').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_person_chooses_once_and_that_test_is_sent() {
    let bed = asked().await;
    let link = link(&bed);
    let page = bed.get(&link).await;
    assert!(page.contains("Which test next?") && page.contains(TEST) && page.contains(OTHER), "{page}");
    assert!(!page.contains(BO_EMAIL) && !page.contains(BO));
    // Scanners and previews look at links, and send nothing that is a choice.
    bed.get(&link).await;
    assert_eq!(bed.post(&link, "").await.0, 400);
    assert_eq!(bed.post(&link, "choice=17").await.0, 400);
    bed.rest().await;
    assert!(bed.mails().is_empty());

    // Forged or cut, and for another account.
    let last = if link.ends_with('0') { '1' } else { '0' };
    let forged = format!("{}{last}", &link[..link.len() - 1]);
    for wrong in [forged.as_str(), &link[..link.len() - 4], &link.replace("/demo/", "/other/"), "/ask/demo/x"] {
        let (status, page) = bed.post(wrong, format!("choice={}", number(&page, OTHER))).await;
        assert!(status == 404 && page.contains("This link does not work"), "{wrong}: {status}");
    }

    let chosen = format!("choice={}", number(&page, OTHER));
    let (status, thanks) = bed.post(&link, chosen.clone()).await;
    assert!(status == 200 && thanks.contains(OTHER), "{thanks}");
    bed.rest().await;
    assert_eq!(bed.mails(), [format!("{BO_EMAIL}: {OTHER}")]);

    // Once: the same answer again, and another one.
    assert_eq!(bed.post(&link, chosen).await.0, 409);
    assert_eq!(bed.post(&link, format!("choice={}", number(&page, TEST))).await.0, 409);
    assert!(bed.get(&link).await.contains("This was answered before"));
    bed.rest().await;
    assert_eq!(bed.mails(), [format!("{BO_EMAIL}: {OTHER}")]);

    // The link is in the note alone: nothing that the store gives out has it.
    let (store, now) = (&bed.world.node.store, bed.world.node.clock.now());
    let signature = link.rsplit('-').next().unwrap();
    for row in store.events(Some(&bed.account()), &bed.id(BO), 100).await.unwrap() {
        let run = store.run(&bed.account(), row.event.id, now).await.unwrap();
        assert!(!format!("{row:?} {run:?}").contains(signature));
    }
}

#[tokio::test]
async fn a_question_closes_when_its_time_is_over() {
    let bed = asked().await;
    let link = link(&bed);
    let page = bed.get(&link).await;
    bed.advance(Duration::from_secs(2 * 24 * 3600 + 60)).await;
    let (status, closed) = bed.post(&link, format!("choice={}", number(&page, OTHER))).await;
    assert!(status == 410 && closed.contains("This question is closed"), "{status} {closed}");
    bed.rest().await;
    assert!(bed.mails().is_empty());
}
