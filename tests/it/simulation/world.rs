//! One world of one seed: Lever and the vendor, and a leverd that dies and comes back.

use super::ground::{self, Ground};
use super::story::Story;
use super::weather::{Disk, Weather};
use super::wires::{In, Out};
use crate::dice::Dice;
use axum::Router;
use jiff::{SignedDuration, Timestamp};
use leverd::http::{Client, Limits};
use leverd::model::AccountId;
use leverd::runtime::clock::Clock;
use leverd::runtime::project::Reading;
use leverd::runtime::{Node, service, webhooks};
use leverd::server::{self, Shared};
use leverd::sim::{Control, Faults, Sim};
use leverd::store::{Options, Place, Store};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// When every story begins.
const ORIGIN: i64 = 1_780_000_000;

pub(super) struct World {
    pub(super) sim: Arc<Sim>,
    pub(super) weather: Arc<Weather>,
    pub(super) story: Arc<Story>,
    pub(super) account: AccountId,
    ground: &'static Ground,
    wire: Arc<Mutex<Option<Arc<Sim>>>>,
    door: Arc<Mutex<Option<Router>>>,
    shelf: tempfile::TempDir,
    began: Instant,
    /// How far the machine's wall clock is off.
    pub(super) jumped: Mutex<SignedDuration>,
    /// Which rules are on disk.
    pub(super) reading: Mutex<usize>,
    node: Mutex<Option<Arc<Node>>>,
}

impl World {
    /// A world with leverd running, its webhooks made, in fair weather.
    pub(super) async fn begin(dice: &mut Dice) -> Self {
        Self::reading(dice, 0).await
    }

    /// The same with other rules on disk.
    pub(super) async fn reading(dice: &mut Dice, reading: usize) -> Self {
        let ground = ground::ground();
        let story = Arc::new(Story::begin());
        let weather = Arc::new(Weather::new(dice, Arc::clone(&story)));
        story.tell(format!("{:?}", weather.odds()));
        let door = Arc::new(Mutex::new(None));
        let way_in = Arc::new(In { weather: Arc::clone(&weather), door: Arc::clone(&door) });
        let mut options = ground::options();
        options.faults = switches(dice);
        let origin = Timestamp::from_second(ORIGIN).unwrap();
        let sim = Arc::new(Sim::inside(options, ground.address, origin, way_in).unwrap());
        ground::prepare(&sim.control());
        let wire = Arc::new(Mutex::new(Some(Arc::clone(&sim))));
        let world = Self {
            sim,
            weather,
            story,
            account: AccountId::new("demo"),
            ground,
            wire,
            door,
            shelf: ground::shelf(),
            began: Instant::now(),
            jumped: Mutex::new(SignedDuration::ZERO),
            reading: Mutex::new(reading),
            node: Mutex::new(None),
        };
        world.boot().await;
        let node = world.node();
        let account = node.account(&world.account).unwrap();
        let made = webhooks::ensure(&node, &account, true).await.unwrap();
        assert!(!made.failed, "{made:?}");
        let path = format!("http://127.0.0.1:9/hooks/qualified/{}/demo-path-token-of-no-value", world.account);
        drop(world.control().vendor("qualified").subscribe(&path, &[]));
        world
    }

    pub(super) fn control(&self) -> Control {
        self.sim.control()
    }

    /// The node that lives, or the one that died last.
    pub(super) fn node(&self) -> Arc<Node> {
        Arc::clone(self.node.lock().unwrap().as_ref().unwrap())
    }

    fn database(&self) -> PathBuf {
        self.shelf.path().join("leverd.db")
    }

    /// Starts a process, and another one if that dies while it starts.
    pub(super) async fn boot(&self) {
        loop {
            *self.door.lock().unwrap() = None;
            let process = self.weather.process.load(std::sync::atomic::Ordering::Relaxed);
            tokio::select! {
                biased;
                () = self.weather.died.notified() => {}
                () = self.start(process) => return,
            }
        }
    }

    async fn start(&self, process: u64) {
        let place = Place::Volatile(self.database());
        let options = Options { place, readers: 1, busy_timeout: Duration::from_secs(5), read_only: false };
        let disk = Arc::new(Disk { weather: Arc::clone(&self.weather), process });
        let store = Store::simulated(&options, disk).unwrap();
        let out = Out { weather: Arc::clone(&self.weather), world: Arc::clone(&self.wire), process, store: store.clone() };
        let now = Timestamp::from_second(ORIGIN).unwrap() + SignedDuration::try_from(self.began.elapsed()).unwrap();
        let clock = Clock::simulated(now + *self.jumped.lock().unwrap());
        let mut node = Node::new(store, clock, Client::through(Limits::default(), Arc::new(out)));
        node.net = Duration::from_secs(600);
        let node = Arc::new(node);
        let reading: &Reading = &self.ground.readings[*self.reading.lock().unwrap()];
        // The disk may refuse while it starts, and whoever watches over it starts it again.
        while let Err(why) = service::start_with(&node, reading, &self.ground.config).await {
            self.story.tell(format!("process {process} does not start: {why}"));
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        node.public_url.store(Arc::new(url::Url::parse("http://127.0.0.1:9").ok()));
        tokio::spawn(service::work(Arc::clone(&node), CancellationToken::new()));
        *self.door.lock().unwrap() = Some(server::router(Shared { node: Arc::clone(&node), metrics: None }));
        *self.node.lock().unwrap() = Some(node);
        self.story.tell(format!("process {process} starts"));
    }

    /// The world, leverd and the ways between them hold each other: told apart here, or none of them would ever go.
    pub(super) fn end(&self) {
        *self.door.lock().unwrap() = None;
        *self.wire.lock().unwrap() = None;
        if let Some(node) = self.node.lock().unwrap().take() {
            node.store.die();
        }
        self.sim.stop();
    }

    /// The files change, and the process takes note.
    pub(super) async fn reload(&self, which: usize) {
        // What is broken is not left lying there: a process that starts on it would not start at all.
        if which < 2 {
            *self.reading.lock().unwrap() = which;
        }
        service::swap(&self.node(), &self.ground.readings[which], &self.ground.config).await;
    }
}

/// What is unknown about Lever, as one seed has it.
fn switches(dice: &mut Dice) -> Faults {
    let mut on = |odd| dice.permille(odd);
    Faults {
        new_token_per_retry: on(300),
        new_token_on_rerun: on(500),
        webhook_id: on(500),
        same_stage_put_fires: on(300),
        creation_fires_stage_change: on(300),
        api_changes_fire: on(800),
        swap_deliveries: on(200),
        concurrent_deliveries: on(700),
        posting_save_restores_tags: on(200),
        vendor_webhook_score_zero: on(300),
        send_retry_after: on(500),
        duplicate_deliveries: u32::from(on(200)),
        ..Faults::default()
    }
}
