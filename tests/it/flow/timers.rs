//! Silence: reminders while it lasts, opted out after two and a half weeks, and who comes late is welcome.

use super::bed::{ADA, Bed, EMAIL, OTHER, STAGE, Setting, TEST};
use std::time::Duration;

const BOB: &str = "Bob Example";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const SILENCE: &str = r#"
  - name: remind after a week
    trigger: { after: 7d, of: assessment.invited }
    when: { assessment.phase: { in: [invited, opened] } }
    do:
      - add_note: "{{assessment.title}}: reminded"
  - name: remind after two weeks
    trigger: { after: 14d, of: assessment.invited }
    when: { assessment.phase: { in: [invited, opened] } }
    do:
      - add_note: "{{assessment.title}}: reminded again"
  - name: deem opted out
    trigger: { after: 17d12h, of: assessment.invited }
    when: { assessment.phase: { in: [invited, opened] } }
    do:
      - mark: opted_out
  - name: say so
    trigger: assessment.opted_out
    do:
      - add_note: "{{assessment.title}}: opted out"
"#;

// B90 B91 T21: reminders for up to two and a half weeks, after that deemed opted out; D10 T30: a late start counts all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b90_b91_t21_d10_t30_silence_is_reminded_then_opted_out_and_a_late_start_still_counts() {
    let bed = Bed::with(Setting { rules: SILENCE, ..Setting::default() }).await;
    bed.candidate(BOB, Some("bob@example.com"), &[OTHER]);
    bed.enter().await;
    bed.control().move_stage(BOB, STAGE).unwrap();
    bed.rest().await;
    let said = |what: &str| format!("{TEST}: {what}");

    bed.advance(DAY * 7 + Duration::from_secs(60)).await;
    assert_eq!(bed.notes(ADA), [said("reminded")]);
    bed.control().start_assessment("bob@example.com", OTHER).unwrap();
    bed.rest().await;
    bed.advance(DAY * 7).await;
    assert_eq!(bed.notes(ADA), [said("reminded"), said("reminded again")]);
    // Seventeen days are not enough …
    bed.advance(DAY * 3).await;
    assert_eq!(bed.notes(ADA).len(), 2);
    // … seventeen and a half are, for who has not begun.
    bed.advance(DAY / 2).await;
    assert_eq!(bed.notes(ADA)[2..], [said("opted out")]);
    assert_eq!(bed.notes(BOB), [format!("{OTHER}: reminded")]);

    bed.control().start_assessment(EMAIL, TEST).unwrap();
    bed.rest().await;
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Started")]);
    bed.control().submit_assessment(EMAIL, TEST, 88.0).unwrap();
    bed.rest().await;
    assert_eq!(bed.tags(ADA), [format!("{TEST} - Submitted")]);
    bed.advance(DAY * 30).await;
    assert_eq!(bed.notes(ADA).iter().filter(|note| note.ends_with("opted out")).count(), 1);
}
