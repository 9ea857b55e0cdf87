//! The test bed: a simulator, a project on disk and a running node, as `leverd demo` has them.

use jiff::{SignedDuration, Timestamp};
use leverd::cli::demo::world::{ACCOUNT, Integration, World, WorldOptions, write_project};
use leverd::model::{AccountId, NoticeKind, OpportunityId, Said};
use leverd::runtime::clock::Clock;
use leverd::runtime::poller::Cursor;
use leverd::sim::{
    AssessmentState, Control, Faults, Misbehaviour, NewOpportunity, NewPosting, RouteFault, Sim, SimOptions, sign,
};
use leverd::store::EventState;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The test that the posting asks for.
pub(crate) const TEST: &str = "AngularJS: Services, Components, and API Access";
/// A second one in the vendor's catalogue.
pub(crate) const OTHER: &str = "Junior Django Developer";
pub(crate) const POSTING: &str = "Front-end Engineer";
pub(crate) const ADA: &str = "Ada Example";
pub(crate) const EMAIL: &str = "ada@example.com";
pub(crate) const PHONE: &str = "+1 555 0100";
pub(crate) const STAGE: &str = "Assessment";
/// The user in whose name files and the like are written.
pub(crate) const USER: &str = "Assessment Integration";

/// The shipped rules, for projects that add some of their own.
const RULES: &str = include_str!("../../../rules/qualified/rules.yaml");
const VENDOR: &str = include_str!("../../../rules/qualified/vendor.yaml");

/// How a bed starts.
pub(crate) struct Setting<'a> {
    /// Rules added to the shipped ones, as list items below `rules:`.
    pub(crate) rules: &'a str,
    pub(crate) settings: &'a str,
    pub(crate) faults: Faults,
    /// Whether Lever's webhooks are switched on.
    pub(crate) webhooks: bool,
    /// How often Lever is polled, if at all.
    pub(crate) poll: Option<&'a str>,
    /// What is there before leverd starts.
    pub(crate) before: fn(&Control),
}

impl Default for Setting<'_> {
    fn default() -> Self {
        Self {
            rules: "",
            settings: "{ trigger_stages: [Assessment] }",
            faults: quick(),
            webhooks: true,
            poll: None,
            before: |_| (),
        }
    }
}

/// Deliveries that were not accepted are tried again soon.
pub(crate) fn quick() -> Faults {
    Faults { retry_delays_ms: vec![100], vendor_retry_delay_ms: 100, ..Faults::default() }
}

pub(crate) struct Bed {
    pub(crate) world: World,
    /// Removed with the bed.
    _folder: tempfile::TempDir,
    http: reqwest::Client,
}

/// The world before anything happens: two tests that can be sent and one that cannot, a posting with a tag, one applicant.
pub(crate) fn prepare(control: &Control) {
    control.create_assessment(TEST, AssessmentState::Published, Some(70.0));
    control.create_assessment(OTHER, AssessmentState::Published, None);
    control.create_assessment("Legacy COBOL", AssessmentState::Unpublished, None);
    control.create_posting(NewPosting { title: POSTING.into(), tags: vec![TEST.into()], ..NewPosting::default() });
    control
        .create_opportunity(NewOpportunity {
            name: ADA.into(),
            email: Some(EMAIL.into()),
            phone: Some(PHONE.into()),
            posting: Some(POSTING.into()),
            ..NewOpportunity::default()
        })
        .unwrap();
}

/// Writes a project for the simulator; rules of its own make it one with a vendored pack.
pub(crate) fn project(sim: &Sim, folder: &Path, rules: &str, settings: &str) -> PathBuf {
    let options = WorldOptions {
        sim: SimOptions::default(),
        folder: folder.to_owned(),
        integrations: vec![Integration::new("qualified", settings)],
        perform_as: None,
    };
    let config = write_project(sim, &options).unwrap();
    if !rules.is_empty() {
        std::fs::create_dir_all(folder.join("rules/qualified")).unwrap();
        std::fs::write(folder.join("rules/qualified/vendor.yaml"), VENDOR).unwrap();
        std::fs::write(folder.join("rules/qualified/rules.yaml"), format!("{RULES}\n{rules}")).unwrap();
        let text = std::fs::read_to_string(&config).unwrap();
        let mut text = text.replace("- pack: qualified", "- path: ./rules/qualified");
        if rules.contains("ask:") {
            std::fs::write(folder.join("secrets/encryption"), "0f".repeat(32)).unwrap();
            text.push_str("server: { public_url: http://127.0.0.1:9, encryption_keys: [{ file: secrets/encryption }] }\n");
        }
        std::fs::write(&config, text).unwrap();
    }
    config
}

impl Bed {
    /// The shipped pack, nothing misbehaves.
    pub(crate) async fn start() -> Self {
        Self::with(Setting::default()).await
    }

    pub(crate) async fn with(setting: Setting<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SimOptions { webhooks_enabled: setting.webhooks, faults: setting.faults, ..SimOptions::default() };
        let sim = Sim::start(options).await.unwrap();
        prepare(&sim.control());
        (setting.before)(&sim.control());
        let config = project(&sim, &folder.path().join("project"), setting.rules, setting.settings);
        if let Some(every) = setting.poll {
            let (text, key) = (std::fs::read_to_string(&config).unwrap(), "api_key: { file: secrets/lever }");
            std::fs::write(&config, text.replacen(key, &format!("{key}\n      poll: {{ every: {every} }}"), 1)).unwrap();
        }
        let bed = Self::on(sim, folder, config).await;
        if setting.poll.is_some() {
            bed.looked(Timestamp::MIN).await;
            bed.rest().await;
            bed.control().clear_requests();
        }
        bed
    }

    /// A project of the test's own.
    pub(crate) async fn on(sim: Sim, folder: tempfile::TempDir, config: PathBuf) -> Self {
        let world = World::join(sim, config, Clock::system()).await.unwrap();
        let bed = Self { world, _folder: folder, http: reqwest::Client::builder().no_proxy().build().unwrap() };
        bed.rest().await;
        bed.control().clear_requests();
        bed
    }

    /// A shipped pack of any vendor, on an account that writes in the name of one user. `prepare` fills the simulated world before the
    /// catalogue is pulled.
    pub(crate) async fn of(pack: &'static str, settings: &str, prepare: impl FnOnce(&Control)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sim = SimOptions { webhooks_enabled: true, faults: quick(), ..SimOptions::default() };
        let options = WorldOptions {
            sim: SimOptions::default(),
            folder: folder.path().join("project"),
            integrations: vec![Integration::new(pack, settings)],
            perform_as: Some(USER),
        };
        let sim = Sim::start(sim).await.unwrap();
        prepare(&sim.control());
        let config = write_project(&sim, &options).unwrap();
        let world = World::join(sim, config, Clock::system()).await.unwrap();
        let bed = Self { world, _folder: folder, http: reqwest::Client::builder().no_proxy().build().unwrap() };
        bed.rest().await;
        bed.control().clear_requests();
        bed
    }

    /// A pack of the test's own for a vendor called `acme`, which is at that address. Its secrets are `api_key` and whatever is given.
    pub(crate) async fn with_vendor(vendor: &str, rules: &str, base_url: &str, secrets: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SimOptions { webhooks_enabled: true, faults: quick(), ..SimOptions::default() };
        let key = options.lever_api_key.clone();
        let sim = Sim::start(options).await.unwrap();
        prepare(&sim.control());
        let project = folder.path().join("project");
        std::fs::create_dir_all(project.join("rules/acme")).unwrap();
        std::fs::create_dir_all(project.join("secrets")).unwrap();
        for (name, secret) in [("lever", key.as_str()), ("path_token", "acme-path-token")].iter().chain(secrets) {
            std::fs::write(project.join("secrets").join(name), secret).unwrap();
        }
        let given: Vec<_> = secrets.iter().map(|(name, _)| format!("{name}: {{ file: secrets/{name} }}")).collect();
        let given = given.join(", ");
        std::fs::write(project.join("rules/acme/vendor.yaml"), vendor).unwrap();
        std::fs::write(project.join("rules/acme/rules.yaml"), rules).unwrap();
        let text = format!(
            "accounts:\n  {ACCOUNT}:\n    lever: {{ base_url: \"{lever}\", api_key: {{ file: secrets/lever }} }}\n    vendors:\n      \
             acme:\n        base_url: {base_url}\n        secrets: {{ {given} }}\n        path_token: {{ file: secrets/path_token }}\n    \
             packs: [{{ path: ./rules/acme, mode: live }}]\nstore: {{ sqlite: leverd.db }}\n",
            lever = sim.lever_base_url(),
        );
        let config = project.join("leverd.yaml");
        std::fs::write(&config, text).unwrap();
        let world = World::join(sim, config, Clock::system()).await.unwrap();
        let bed = Self { world, _folder: folder, http: reqwest::Client::builder().no_proxy().build().unwrap() };
        bed.rest().await;
        bed.control().clear_requests();
        bed
    }

    /// leverd ends, something may happen to its store, and another one goes on.
    pub(crate) async fn restart(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self { world, _folder: folder, http } = self;
        let (config, public) = (world.config.clone(), world.node.public_url.load_full());
        let sim = world.stop().await;
        meanwhile(&config.with_file_name("leverd.db"));
        let world = World::join(sim, config, Clock::system()).await.unwrap();
        // A deployed one keeps the address under which people reach it.
        world.node.public_url.store(public);
        Self { world, _folder: folder, http }
    }

    pub(crate) fn control(&self) -> Control {
        self.world.sim.control()
    }

    /// Waits until nothing is under way: no delivery is open, no work is due now or soon. What was begun, and waits to be looked up,
    /// keeps its lane; then it is enough that nothing more is committed.
    pub(crate) async fn rest(&self) {
        let (node, account) = (&self.world.node, std::sync::Arc::new([self.account()].into()));
        let (started, mut calm, mut commits) = (Instant::now(), 0, 0);
        while calm < 3 {
            self.control().quiet().await;
            let now = node.clock.now();
            let soon = now + SignedDuration::from_secs(2);
            let counts = node.store.counts(now).await.unwrap();
            let standing = |state: &str| counts.iter().filter(|count| count.state == state).collect::<Vec<_>>();
            let due_soon = node.store.next_due(&account, now).await.unwrap().is_some_and(|due| due < soon);
            let begun = standing("begun");
            let lookup = !begun.is_empty() && begun.iter().all(|count| count.oldest.is_some_and(|oldest| oldest > soon));
            let unchanged = std::mem::replace(&mut commits, node.store.commits().0) == commits;
            let idle = standing("due").is_empty() && begun.is_empty();
            calm = if !due_soon && (idle || lookup && unchanged) { calm + 1 } else { 0 };
            assert!(started.elapsed() < Duration::from_secs(40), "it does not come to rest: {counts:?}");
            tokio::time::sleep(Duration::from_millis(if lookup { 150 } else { 25 })).await;
        }
    }

    /// A recruiter moves Ada to the trigger stage, and everything that follows happens.
    pub(crate) async fn enter(&self) {
        self.control().move_stage(ADA, STAGE).unwrap();
        self.rest().await;
    }

    /// A candidate who did not apply to the posting.
    pub(crate) fn candidate(&self, name: &str, email: Option<&str>, tags: &[&str]) {
        self.control()
            .create_opportunity(NewOpportunity {
                name: name.into(),
                email: email.map(str::to_owned),
                tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
                ..NewOpportunity::default()
            })
            .unwrap();
    }

    /// The tags less the posting's own title.
    pub(crate) fn tags(&self, name: &str) -> Vec<String> {
        let mut tags = self.control().tags(name).unwrap();
        tags.retain(|tag| tag != POSTING);
        tags
    }

    pub(crate) fn notes(&self, name: &str) -> Vec<String> {
        self.control().notes(name).unwrap()
    }

    pub(crate) fn stage(&self, name: &str) -> String {
        self.control().opportunity(name).unwrap()["stageText"].as_str().unwrap().to_owned()
    }

    pub(crate) fn links(&self, name: &str) -> Vec<String> {
        let links = &self.control().opportunity(name).unwrap()["links"];
        links.as_array().unwrap().iter().map(|link| link.as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn mails(&self) -> Vec<String> {
        self.control().mails().into_iter().map(|mail| format!("{}: {}", mail.to, mail.assessment)).collect()
    }

    /// The requests since they were last asked for, ids left out: `GET /v1/opportunities/{id}`.
    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = self.control().calls().iter().map(|call| anonymous(call)).collect();
        self.control().clear_requests();
        calls
    }

    /// How many requests since the log was last cleared had this method and path, ids left out.
    pub(crate) fn count(&self, call: &str) -> usize {
        self.control().calls().iter().filter(|made| anonymous(made) == call).count()
    }

    pub(crate) fn account(&self) -> AccountId {
        self.world.node.all_accounts().keys().next().cloned().unwrap()
    }

    pub(crate) fn id(&self, name: &str) -> OpportunityId {
        OpportunityId::new(self.control().opportunity_id(name).unwrap())
    }

    /// What waits for a person, as `kind: reason`.
    pub(crate) async fn parked(&self) -> Vec<String> {
        let parked = self.world.node.store.parked(Some(&self.account())).await.unwrap();
        parked
            .into_iter()
            .map(|row| format!("{}: {}", row.what, row.reason.map(|reason| reason.text).unwrap_or_default()))
            .collect()
    }

    /// The kinds of all notices.
    pub(crate) async fn notices(&self) -> Vec<NoticeKind> {
        let notices = self.world.node.store.notices(Some(&self.account()), 100).await.unwrap();
        notices.into_iter().map(|(_, notice)| notice.kind).collect()
    }

    /// What was said about an opportunity, oldest event first: steps that fired nothing, and events closed without a plan.
    pub(crate) async fn said(&self, name: &str) -> Vec<String> {
        self.said_of(&self.id(name)).await
    }

    pub(crate) async fn said_of(&self, id: &OpportunityId) -> Vec<String> {
        let (store, now) = (&self.world.node.store, self.world.node.clock.now());
        let mut said = Vec::new();
        for row in store.events(Some(&self.account()), id, 100).await.unwrap() {
            if let EventState::Closed { reason } = &row.state {
                said.push(reason.text.clone());
            }
            let Some(run) = store.run(&self.account(), row.event.id, now).await.unwrap() else { continue };
            said.extend(
                run.steps.iter().filter(|step| !matches!(step.said, Said::Fired { .. })).map(leverd::cli::describe::step),
            );
            said.extend(run.effects.iter().filter_map(|effect| effect.reason.as_ref().map(|reason| reason.text.clone())));
        }
        said.reverse();
        said
    }

    /// Time passes until the next look at what changed in Lever, and everything that follows from it happens.
    pub(crate) async fn look(&self) {
        let before = self.world.node.clock.now();
        let quarter = Duration::from_secs(15 * 60 + 1);
        self.control().advance_clock(quarter);
        self.world.node.advance(quarter.try_into().unwrap());
        self.looked(before).await;
        self.rest().await;
    }

    /// Waits until a look that began after `since` has ended.
    async fn looked(&self, since: Timestamp) {
        let (store, account) = (&self.world.node.store, self.account());
        for _ in 0..1_500 {
            let cursor = Cursor::of(store, &account).await.unwrap();
            if cursor.is_some_and(|cursor| cursor.last > since) && !store.polling(&account).await.unwrap() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no look at Lever ended within half a minute");
    }

    /// Both clocks move on together.
    pub(crate) async fn advance(&self, by: Duration) {
        self.control().advance_clock(by);
        self.world.node.advance(by.try_into().unwrap());
        self.rest().await;
    }

    /// The next `times` requests to this path misbehave.
    pub(crate) fn fault(&self, method: &str, path: &str, times: u32, then: Misbehaviour) {
        self.control().add_route_fault(RouteFault {
            method: (!method.is_empty()).then(|| method.to_owned()),
            path: path.to_owned(),
            times: (times > 0).then_some(times),
            after: 0,
            then,
        });
    }

    /// A delivery of Lever as anybody can make it who knows the signing token.
    pub(crate) async fn signed(&self, event: &str, token: &str, at: i64, data: Value) -> Value {
        let (node, account) = (&self.world.node, self.account());
        let tokens = node.store.signing_tokens(&account).await.unwrap();
        let kept = tokens.iter().find(|kept| kept.event.as_str() == event).or(tokens.first()).unwrap();
        let key = node.vault.load().open(&account, &format!("webhook {}", kept.webhook), &kept.token).unwrap();
        let key = key.expose().to_owned();
        json!({ "event": event, "triggeredAt": at, "token": token, "signature": sign(&key, token, at), "data": data })
    }

    /// POSTs to the node; status and body.
    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
        let url = format!("http://{}{path}", self.world.address);
        let answer = self.http.post(url).header("content-type", "application/json").body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> String {
        let answer = self.http.get(format!("http://{}{path}", self.world.address)).send().await.unwrap();
        answer.text().await.unwrap()
    }

    /// What was refused, with its count.
    pub(crate) async fn refused(&self) -> Vec<(String, u64)> {
        let refused = self.world.node.store.refusals(&self.account()).await.unwrap();
        refused.into_iter().map(|row| (row.what, row.count)).collect()
    }
}

/// A call with `{id}` for every identifier in its path.
pub(crate) fn anonymous(call: &str) -> String {
    let identifier = |part: &str| part.len() >= 20 && part.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    call.split('/').map(|part| if identifier(part) { "{id}" } else { part }).collect::<Vec<_>>().join("/")
}
