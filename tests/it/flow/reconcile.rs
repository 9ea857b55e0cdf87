//! Each kind of write in Lever, one by one: Lever does it and never answers. It is there once in the end and its run is done, whether
//! leverd lived on, was stopped and started, or was killed before it could note anything. Where a look decides, leaving the look out
//! shows: a bug is planted for that.
//!
//! Invitations and calls are settled as the vendor's adapter says: `vendor_calls.rs`.

use super::bed::{ADA, Bed, EMAIL};
use super::writes::{DONE, TEST, bed_of};
use leverd::model::Code;
use leverd::sim::Misbehaviour;
use leverd::store::{EffectRow, EffectState};
use std::path::Path;
use std::time::Duration;

/// An invitation, what stands before the write, and the write.
const RULES: &str = "
vendor: imocha
settings:
  trigger_stage: { type: stage }
  complete_stage: { type: stage }
  form: { type: form_template, default: iMocha Assessment }
tags:
  state: [Hot, Cold]
rules:
  - name: initiate
    trigger: candidateStageChange
    when: { to_stage: $trigger_stage }
    for_each: { test: { in: catalogue, where: { title: { in: $opportunity.tags } } } }
    do: [{ invite: { test: $test } }]
  - name: before
    trigger: assessment.invited
    do:
      - set_tag: { state: Cold }
      - add_tag: Waits
      - add_link: { key: page, url: \"https://reports.example.com/page\" }
  - name: the write
    trigger: assessment.scored
    do: [{ WRITE }]
";

/// One kind of write.
struct Kind {
    /// As a rule has it.
    write: &'static str,
    /// The request that does it.
    request: (&'static str, &'static str),
    /// How much of it is there.
    there: fn(&Bed) -> usize,
    /// How much shall be there.
    shall: usize,
    /// How often it is sent when the first answer got lost: what is a set is sent again.
    sent: usize,
    /// What is there, and how often it is sent, if nobody looks.
    unlooked: (usize, usize),
}

/// What became of leverd after the answer got lost.
#[derive(Debug, Clone, Copy)]
enum Then {
    LivesOn,
    StopsAndStarts,
    /// Its store says that the write was begun, and no more.
    WasKilled,
}

/// Until the write was done by Lever and its answer got lost.
async fn lost(kind: &Kind) -> Bed {
    let bed = bed_of(&RULES.replace("WRITE", kind.write)).await;
    bed.enter().await;
    bed.at_vendor().start(EMAIL, TEST).unwrap();
    bed.rest().await;
    assert!(has_tag(&bed, "Waits") && has_tag(&bed, "Cold") && bed.links(ADA).len() == 1);
    bed.control().clear_requests();
    let (method, path) = kind.request;
    bed.fault(method, path, 1, Misbehaviour::DropAfter);
    bed.at_vendor().submit(EMAIL, TEST, 80.0).unwrap();
    bed.rest().await;
    assert_eq!(bed.count(&format!("{method} {path}")), 1, "it was not sent: {}", kind.write);
    bed
}

/// The store as a process leaves it that died while it waited for the answer.
fn killed(store: &Path) {
    let db = rusqlite::Connection::open(store).unwrap();
    let ends = "DELETE FROM attempt_end WHERE effect IN (SELECT ref FROM ready WHERE kind = 2 AND state = 2)";
    assert_eq!(db.execute(ends, []).unwrap(), 1);
    let begun = "UPDATE ready SET state = 1, held = 1, due_at = 0, rank = 0 WHERE kind = 2 AND state = 2";
    assert_eq!(db.execute(begun, []).unwrap(), 1);
}

async fn settled(bed: &Bed) {
    bed.rest().await;
    for _ in 0..3 {
        bed.advance(Duration::from_secs(61)).await;
    }
}

fn sent(bed: &Bed, kind: &Kind) -> usize {
    let (method, path) = kind.request;
    bed.count(&format!("{method} {path}"))
}

/// The promise, for one kind.
async fn is_there_once(kind: Kind) {
    for then in [Then::LivesOn, Then::StopsAndStarts, Then::WasKilled] {
        let mut bed = lost(&kind).await;
        bed = match then {
            Then::LivesOn => bed,
            Then::StopsAndStarts => bed.restart(|_| ()).await,
            Then::WasKilled => bed.restart(killed).await,
        };
        settled(&bed).await;
        assert_eq!(((kind.there)(&bed), sent(&bed, &kind)), (kind.shall, kind.sent), "{}: {then:?}", kind.write);
        assert!(bed.parked().await.is_empty(), "{}: {then:?}: {:?}", kind.write, bed.parked().await);
        let (store, now) = (&bed.world.node.store, bed.world.node.clock.now());
        let runs = store.runs(Some(&bed.account()), Some(&bed.id(ADA)), 100, now).await.unwrap();
        let ended = runs.iter().flat_map(|run| &run.effects);
        // Tags are read before they are taken away again; then there is nothing left to do.
        let so = |row: &EffectRow| row.reason.as_ref().is_some_and(|reason| reason.code == Code::AlreadySo);
        let fine = |row: &&EffectRow| row.state == EffectState::Done || row.state == EffectState::Skipped && so(row);
        assert_eq!((ended.clone().count(), ended.filter(fine).count()), (5, 5), "{}: {then:?}", kind.write);
    }
    #[cfg(feature = "kill-points")]
    {
        use leverd::model::{Bug, plant};
        let bed = lost(&kind).await;
        plant(Some(Bug::NoLookUp));
        settled(&bed).await;
        plant(None);
        assert_eq!(((kind.there)(&bed), sent(&bed, &kind)), kind.unlooked, "{}: nobody looked", kind.write);
    }
}

fn has_tag(bed: &Bed, tag: &str) -> bool {
    bed.tags(ADA).iter().any(|there| there == tag)
}

fn tags(bed: &Bed, tag: &str) -> usize {
    bed.tags(ADA).iter().filter(|there| *there == tag).count()
}

/// How often Ada came into this stage.
fn moves(bed: &Bed, stage: &str) -> usize {
    let id = bed.control().stage_id(stage).unwrap();
    let ada = bed.control().opportunity(ADA).unwrap();
    ada["stageChanges"].as_array().unwrap().iter().filter(|change| change["toStageId"] == id.as_str()).count()
}

const ADD_TAGS: (&str, &str) = ("POST", "/v1/opportunities/{id}/addTags");
const REMOVE_TAGS: (&str, &str) = ("POST", "/v1/opportunities/{id}/removeTags");

#[tokio::test]
async fn d01_a_note_is_there_once() {
    let request = ("POST", "/v1/opportunities/{id}/notes");
    let there = |bed: &Bed| bed.notes(ADA).len();
    is_there_once(Kind { write: "add_note: Well done", request, there, shall: 1, sent: 1, unlooked: (2, 2) }).await;
}

#[tokio::test]
async fn d01_a_question_is_there_once() {
    let write = "ask: { key: which, title: \"Which test next?\", choose: { in: catalogue }, expires: 2d }";
    let request = ("POST", "/v1/opportunities/{id}/notes");
    let there = |bed: &Bed| bed.notes(ADA).len();
    is_there_once(Kind { write, request, there, shall: 1, sent: 1, unlooked: (2, 2) }).await;
}

#[tokio::test]
async fn d01_a_file_is_there_once() {
    let request = ("POST", "/v1/opportunities/{id}/files");
    let there = |bed: &Bed| bed.files().len();
    let write = "add_file: { key: report, report: pdf, name: Report }";
    is_there_once(Kind { write, request, there, shall: 1, sent: 1, unlooked: (2, 2) }).await;
}

#[tokio::test]
async fn d01_a_form_is_there_once() {
    let request = ("POST", "/v1/opportunities/{id}/forms");
    let there = |bed: &Bed| bed.forms().len();
    let write = "fill_form: { key: result, template: $form, fields: { Score: \"{{round result.score}}\" } }";
    is_there_once(Kind { write, request, there, shall: 1, sent: 1, unlooked: (2, 2) }).await;
}

#[tokio::test]
async fn d01_feedback_is_there_once() {
    let request = ("POST", "/v1/opportunities/{id}/feedback");
    let there = |bed: &Bed| bed.feedback().len();
    let write = "fill_feedback: { key: result, template: Review, fields: { Rating: 3 - Hire } }";
    is_there_once(Kind { write, request, there, shall: 1, sent: 1, unlooked: (2, 2) }).await;
}

#[tokio::test]
async fn d01_a_move_is_made_once() {
    let request = ("PUT", "/v1/opportunities/{id}/stage");
    let there = |bed: &Bed| moves(bed, DONE);
    let write = "move_stage: $complete_stage";
    // Sending it again begins with a look at the stage, which shows that nothing is left to do.
    is_there_once(Kind { write, request, there, shall: 1, sent: 1, unlooked: (1, 1) }).await;
}

#[tokio::test]
async fn d01_an_archiving_is_made_once() {
    let request = ("PUT", "/v1/opportunities/{id}/archived");
    let there = |bed: &Bed| usize::from(bed.control().opportunity(ADA).unwrap()["archived"]["archivedAt"].is_i64());
    is_there_once(Kind { write: "archive: Withdrew", request, there, shall: 1, sent: 1, unlooked: (1, 1) }).await;
}

#[tokio::test]
async fn d01_a_tag_is_there_once() {
    let there = |bed: &Bed| tags(bed, "Seen");
    is_there_once(Kind { write: "add_tag: Seen", request: ADD_TAGS, there, shall: 1, sent: 2, unlooked: (1, 2) }).await;
}

#[tokio::test]
async fn d01_a_tag_that_was_taken_away_stays_away() {
    let there = |bed: &Bed| tags(bed, "Waits");
    is_there_once(Kind { write: "remove_tag: Waits", request: REMOVE_TAGS, there, shall: 0, sent: 2, unlooked: (0, 2) }).await;
}

#[tokio::test]
async fn d01_a_status_is_there_once_and_the_former_one_is_not() {
    let there = |bed: &Bed| tags(bed, "Hot") + 10 * tags(bed, "Cold");
    is_there_once(Kind { write: "set_tag: { state: Hot }", request: ADD_TAGS, there, shall: 1, sent: 2, unlooked: (1, 2) })
        .await;
}

#[tokio::test]
async fn d01_a_status_that_was_cleared_stays_away() {
    let there = |bed: &Bed| tags(bed, "Hot") + tags(bed, "Cold");
    is_there_once(Kind { write: "clear_tag: state", request: REMOVE_TAGS, there, shall: 0, sent: 1, unlooked: (0, 1) }).await;
}

#[tokio::test]
async fn d01_a_link_is_there_once() {
    let request = ("POST", "/v1/opportunities/{id}/addLinks");
    let there = |bed: &Bed| bed.links(ADA).len();
    let write = "add_link: { key: more, url: \"https://reports.example.com/more\" }";
    is_there_once(Kind { write, request, there, shall: 2, sent: 2, unlooked: (2, 2) }).await;
}

#[tokio::test]
async fn d01_a_link_that_was_taken_away_stays_away() {
    let request = ("POST", "/v1/opportunities/{id}/removeLinks");
    let there = |bed: &Bed| bed.links(ADA).len();
    is_there_once(Kind { write: "remove_link: page", request, there, shall: 0, sent: 2, unlooked: (0, 2) }).await;
}
