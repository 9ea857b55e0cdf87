//! The shipped adapters of vendors without a flow of their own elsewhere: invitation, news, result on the candidate, each over HTTP
//! against the vendor's stand-in.

mod codesignal;
mod codility;
mod generic;
mod hackerrank;
mod testgorilla;
mod two_step;

use leverd::cli::demo::world::{ACCOUNT, World};
use leverd::runtime::clock::Clock;
use leverd::sim::{
    Control, Faults, Misbehaviour, NewOpportunity, RouteFault, Sim, SimOptions, VendorControl, vendor_api_key,
    vendor_webhook_secret,
};
use std::path::Path;
use std::time::Duration;

const TEST: &str = "Backend";
const ADA: &str = "Ada Example";
const EMAIL: &str = "ada@example.com";
const PATH_TOKEN: &str = "a-path-token-of-these-tests";

/// One vendor with one test, one candidate who is tagged with it, and a node that uses the vendor's shipped pack.
struct Shop {
    world: World,
    vendor: &'static str,
    _folder: tempfile::TempDir,
}

impl Shop {
    /// A shipped pack and its vendor's stand-in; `webhook` says whether the adapter has a secret of that name.
    async fn open(vendor: &'static str, webhook: bool) -> Self {
        let sim = lever().await;
        sim.control().vendor(vendor).publish(TEST).unwrap();
        let base = sim.vendor_base_url(vendor).unwrap();
        Self::join(sim, vendor, &format!("pack: {vendor}"), &base, webhook, tempfile::tempdir().unwrap()).await
    }

    /// A pack in a folder of the repository, and a vendor that is served elsewhere.
    async fn of_folder(vendor: &'static str, pack: &str, base: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("rules");
        std::fs::create_dir(&copy).unwrap();
        for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(pack)).unwrap().map(|file| file.unwrap()) {
            std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        }
        Self::join(lever().await, vendor, "path: ./rules", base, true, folder).await
    }

    async fn join(sim: Sim, vendor: &'static str, pack: &str, base: &str, webhook: bool, folder: tempfile::TempDir) -> Self {
        candidate(&sim.control(), ADA, EMAIL);
        let config = folder.path().join("leverd.yaml");
        std::fs::write(&config, project(&sim, vendor, pack, base, webhook, folder.path())).unwrap();
        let world = World::join(sim, config, Clock::system()).await.unwrap();
        let shop = Self { world, vendor, _folder: folder };
        shop.rest().await;
        shop.control().clear_requests();
        shop
    }

    fn control(&self) -> Control {
        self.world.sim.control()
    }

    fn at_vendor(&self) -> VendorControl {
        self.control().vendor(self.vendor)
    }

    async fn rest(&self) {
        self.world.quiet().await.unwrap();
    }

    /// Where the vendor's webhooks go that are registered once.
    fn hook(&self) -> String {
        format!("http://{}/hooks/{}/{ACCOUNT}/{PATH_TOKEN}", self.world.address, self.vendor)
    }

    /// A recruiter moves a candidate to the trigger stage, and everything that follows happens.
    async fn enter(&self, name: &str) {
        self.control().move_stage(name, "Assessment").unwrap();
        self.rest().await;
    }

    /// A candidate enters the stage and is invited, but the answer is lost: leverd has to find out later what became of it.
    async fn enter_and_lose_the_answer(&self, name: &str, method: &str, path: &str) {
        self.fault(method, path, Misbehaviour::DropAfter);
        self.control().move_stage(name, "Assessment").unwrap();
        for _ in 0..400 {
            if !self.mails().is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        self.later(Duration::from_secs(300)).await;
    }

    fn mails(&self) -> Vec<String> {
        self.at_vendor().mails().unwrap().into_iter().map(|mail| mail.to).collect()
    }

    fn tags(&self, name: &str) -> Vec<String> {
        self.control().tags(name).unwrap()
    }

    fn notes(&self, name: &str) -> Vec<String> {
        self.control().notes(name).unwrap()
    }

    fn links(&self, name: &str) -> Vec<String> {
        let links = self.control().opportunity(name).unwrap()["links"].clone();
        links.as_array().unwrap().iter().map(|link| link.as_str().unwrap().to_owned()).collect()
    }

    /// The next request to this path of the vendor misbehaves.
    fn fault(&self, method: &str, path: &str, then: Misbehaviour) {
        let path = format!("/vendors/{}{path}", self.vendor);
        self.control().add_route_fault(RouteFault { method: Some(method.to_owned()), path, times: Some(1), after: 0, then });
    }

    /// Both clocks move on, until what waits for its next look is due.
    async fn later(&self, by: Duration) {
        self.world.later(by.try_into().unwrap()).await.unwrap();
    }
}

/// A Lever account and every stand-in.
async fn lever() -> Sim {
    let faults = Faults { retry_delays_ms: vec![100], vendor_retry_delay_ms: 100, ..Faults::default() };
    Sim::start(SimOptions { webhooks_enabled: true, faults, ..SimOptions::default() }).await.unwrap()
}

fn candidate(control: &Control, name: &str, email: &str) {
    let new =
        NewOpportunity { name: name.into(), email: Some(email.into()), tags: vec![TEST.into()], ..NewOpportunity::default() };
    control.create_opportunity(new).unwrap();
}

fn project(sim: &Sim, vendor: &str, pack: &str, base: &str, webhook: bool, folder: &Path) -> String {
    let secrets = [
        ("lever", SimOptions::default().lever_api_key),
        ("api_key", vendor_api_key(vendor)),
        ("webhook", vendor_webhook_secret(vendor)),
        ("path_token", PATH_TOKEN.to_owned()),
    ];
    for (name, secret) in secrets {
        std::fs::write(folder.join(name), secret).unwrap();
    }
    let webhook = if webhook { ", webhook: { file: webhook }" } else { "" };
    format!(
        "accounts:\n  {ACCOUNT}:\n    lever: {{ base_url: \"{lever}\", api_key: {{ file: lever }} }}\n    vendors:\n      {vendor}:\n        \
         base_url: {base}\n        secrets: {{ api_key: {{ file: api_key }}{webhook} }}\n        path_token: {{ file: path_token }}\n    \
         packs:\n      - {{ {pack}, mode: live, settings: {{ trigger_stages: [Assessment] }} }}\nstore: {{ sqlite: leverd.db }}\n",
        lever = sim.lever_base_url(),
    )
}
