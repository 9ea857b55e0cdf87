//! What all seeds start from: the world before anything happens, a project on disk whose catalogue was pulled, an empty store.
//!
//! Made once in a process, with real sockets, as a user would; the simulator's own seed is always the same, so that its identifiers
//! are those of the catalogue.

use crate::flow::bed;
use leverd::cli::demo::world::World;
use leverd::runtime::clock::Clock;
use leverd::runtime::project::Reading;
use leverd::sim::{AssessmentState, Control, NewField, NewPosting, NewTemplate, Sim, SimOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Rules beyond the shipped ones, so that every kind of write happens, and time has something to do.
const MORE: &str = r#"
  - name: keep the report at hand
    trigger: assessment.report_ready
    do:
      - add_link: { key: report, url: $result.report_url }
      - add_file: { key: report, report: pdf, name: "{{assessment.title}} - report" }

  - name: hand over
    trigger: assessment.approved
    do:
      - add_note: "{{assessment.title}} was approved"
      - fill_form: { key: result, template: Result, fields: { Test: "{{assessment.title}}" } }
      - fill_feedback: { key: result, template: Review, fields: { Rating: 3 - Hire } }
      - move_stage: On-site interview

  - name: say that it takes long
    trigger: { after: 3h, of: assessment.invited }
    when: { assessment.phase: { in: [invited, opened] } }
    do:
      - add_note: "{{assessment.title}}: nothing heard for three hours"
"#;
/// What a reload changes, and what must never be seen, because it stands in rules that do not validate.
pub(super) const SAID: &str = "was approved";
pub(super) const SAID_THEN: &str = "has been approved";
const FAULTY: &str = r#"
  - name: ask
    trigger: candidateHired
    do:
      - ask: { key: which, title: "Which test next?", choose: { in: catalogue }, expires: 2d }
"#;
pub(super) const NEVER: &str = "from rules that do not validate";

pub(super) const TESTS: [&str; 2] = [bed::TEST, bed::OTHER];
pub(super) const STAGE: &str = bed::STAGE;
pub(super) const SEED: u64 = 7;

/// The reading in which the vendor allows so many requests an hour, and so many at once.
pub(super) const SLOW: usize = 3;
pub(super) const SLOW_RATE: u32 = 500;
pub(super) const SLOW_BURST: u32 = 10;

/// The same for all.
pub(super) struct Ground {
    _folder: tempfile::TempDir,
    pub(super) address: SocketAddr,
    pub(super) config: PathBuf,
    /// The project as it is, with another text, broken, and with a vendor that allows little.
    pub(super) readings: [Reading; 4],
}

pub(super) fn options() -> SimOptions {
    SimOptions { webhooks_enabled: true, seed: Some(SEED), ..SimOptions::default() }
}

/// Tests that can be sent, and a posting for each set of tags that a candidate may come with.
pub(super) fn prepare(control: &Control) {
    control.create_assessment(TESTS[0], AssessmentState::Published, Some(70.0));
    control.create_assessment(TESTS[1], AssessmentState::Published, None);
    for (title, tags) in [("One test", vec![TESTS[0].into()]), ("Two tests", TESTS.map(str::to_owned).to_vec())] {
        control.create_posting(NewPosting { title: title.into(), tags, ..NewPosting::default() });
    }
    let paper = |text: &str, field: &str, kind: &str| NewTemplate {
        text: text.into(),
        fields: vec![NewField { kind: kind.into(), text: field.into(), ..NewField::default() }],
        ..NewTemplate::default()
    };
    control.create_form_template(paper("Result", "Test", "text")).unwrap();
    control.create_feedback_template(paper("Review", "Rating", "score-system")).unwrap();
}

pub(super) fn ground() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(|| {
        // Not on the thread of a runtime, which the caller may be.
        std::thread::spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(lay())).join().unwrap()
    })
}

async fn lay() -> Ground {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start(options()).await.unwrap();
    prepare(&sim.control());
    let address = sim.address();
    let config = bed::project(&sim, folder.path(), MORE, "{ trigger_stages: [Assessment] }");
    let polled = std::fs::read_to_string(&config).unwrap();
    let key = "api_key: { file: secrets/lever }";
    let more = format!("{key}\n      perform_as: {}\n      poll: {{ every: 15m }}", bed::USER);
    std::fs::write(&config, polled.replacen(key, &more, 1)).unwrap();
    let world = World::join(sim, config.clone(), Clock::system()).await.unwrap();
    drop(world.stop().await);
    for file in ["leverd.db", "leverd.db-wal", "leverd.db-shm", "leverd.db.lock"] {
        drop(std::fs::remove_file(folder.path().join(file)));
    }
    let plain = Reading::of(&config).unwrap();
    let rules = folder.path().join("rules/qualified/rules.yaml");
    let with = |text: String| {
        let kept = std::fs::read_to_string(&rules).unwrap();
        std::fs::write(&rules, text).unwrap();
        let reading = Reading::of(&config).unwrap();
        std::fs::write(&rules, kept).unwrap();
        reading
    };
    let text = std::fs::read_to_string(&rules).unwrap();
    let other = with(text.replace(SAID, SAID_THEN));
    // Each rule is good by itself. What is wrong is that this account has no page where the question could be answered, so that
    // nothing but the verdict on the whole keeps these rules from being used.
    let broken = with(text.replace(SAID, NEVER) + FAULTY);
    let vendor = folder.path().join("rules/qualified/vendor.yaml");
    let ample = std::fs::read_to_string(&vendor).unwrap();
    std::fs::write(&vendor, format!("{ample}\nrate: {{ per_hour: {SLOW_RATE}, burst: {SLOW_BURST} }}\n")).unwrap();
    let slow = Reading::of(&config).unwrap();
    std::fs::write(&vendor, ample).unwrap();
    Ground { _folder: folder, address, config, readings: [plain, other, broken, slow] }
}

/// Where stores are: in memory if the machine has such a place.
pub(super) fn shelf() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}
