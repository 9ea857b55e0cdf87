//! The outside world on loopback: a Lever account and assessment vendors, faithful by default and badly behaved when told.
//!
//! | file or folder | duty |
//! |---|---|
//! | `auth/` | Lever's login for OAuth apps behind `/auth`: consent page and tokens |
//! | `lever/` | the account behind `/v1`: records, endpoints, permissions, rate limit, webhook events |
//! | `vendors/` | the vendors, one folder each: catalogue, invitations, results, webhooks |
//! | `delivery/` | webhook deliveries of all: queue, order, tries, history |
//! | `faults.rs` | the switches: what is unknown about the world, and how it may fail |
//! | `control/` | what recruiters, candidates and tests do; as methods, as commands, over `/_sim/` |
//! | `script.rs` | commands from a YAML file |
//! | `clock.rs`, `ids.rs`, `log.rs`, `wire.rs` | time, identifiers, the request log, request and answer as values |
//! | `server.rs` | sockets |
//!
//! The services are functions from a request and a world to an answer; only `server` and `delivery/courier` do IO, and not even they in
//! a simulator that was started by [`Sim::inside`], for the simulation of faults in simulated time. The
//! product talks to the simulator through the same client as to the real services, so nothing here imports its engine,
//! runtime or store: it must not test itself. Facts and their evidence: lever-api §3–§8, and the vendor's own pages.
//!
//! ```no_run
//! # async fn demo() -> Result<(), leverd::sim::SimError> {
//! use leverd::sim::{NewOpportunity, Sim, SimOptions};
//! let sim = Sim::start(SimOptions::default()).await?;
//! let ada = NewOpportunity { name: "Ada".into(), email: Some("ada@example.com".into()), ..Default::default() };
//! let ada = sim.control().create_opportunity(ada);
//! # Ok(()) }
//! ```

mod auth;
mod clock;
mod control;
mod delivery;
mod faults;
mod ids;
mod lever;
mod log;
pub mod script;
mod server;
mod vendors;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::http::Wire;

pub use auth::NewApp;
pub use clock::Clock;
pub use control::manual;
pub use control::{
    AtVendor, Command, Control, ControlError, NewOpportunity, NewPosting, NewWebhook, PostingChange, StoredFile, VendorControl,
};
pub use delivery::{Attempt, Delivery, DeliveryState};
pub use faults::{BucketMode, Faults, Misbehaviour, RouteFault};
pub use lever::{NewField, NewTemplate, sign};
pub use log::{Request, Service};
pub use vendors::{AssessmentState, Deed, Mail, MailKind};

use server::{Shared, State};

/// How to start a simulator. The default is an empty account with all permissions, on a free port, webhooks switched off
/// as in a fresh Lever account.
#[derive(Debug)]
pub struct SimOptions {
    /// Where to listen; `None`: a free port of 127.0.0.1.
    pub listener: Option<TcpListener>,
    /// A Lever credential that may do everything, as API key and as access token.
    pub lever_api_key: String,
    /// The key of the vendor `qualified`; those of the others are told by `vendor_api_key`.
    pub qualified_api_key: String,
    /// Switches all webhook event groups on, as a Super Admin has to do by hand.
    pub webhooks_enabled: bool,
    /// Lets webhooks be registered for `http://` addresses, which Lever refuses. On, because this is loopback.
    pub allow_http_webhooks: bool,
    /// Rows on a page of the vendors' lists.
    pub vendor_page_size: usize,
    /// The seed of all identifiers; `None`: a fresh one, so that no run repeats ids of another.
    pub seed: Option<u64>,
    pub faults: Faults,
}

impl Default for SimOptions {
    fn default() -> Self {
        Self {
            listener: None,
            lever_api_key: "sim-lever-key".to_owned(),
            qualified_api_key: "sim-qualified-key".to_owned(),
            webhooks_enabled: false,
            allow_http_webhooks: true,
            vendor_page_size: 20,
            seed: None,
            faults: Faults::default(),
        }
    }
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    #[error("the simulator cannot listen on 127.0.0.1")]
    Listen(#[from] std::io::Error),
    #[error("the simulator cannot send webhooks")]
    Client(#[from] reqwest::Error),
    #[error("the system gives no random numbers")]
    Random(#[from] getrandom::Error),
}

/// A running simulator. It stops when dropped.
#[derive(Debug)]
pub struct Sim {
    shared: Shared,
    address: SocketAddr,
}

impl Sim {
    /// Starts the server and the courier on the current tokio runtime.
    pub async fn start(mut options: SimOptions) -> Result<Self, SimError> {
        let listener = match options.listener.take() {
            Some(listener) => listener,
            None => TcpListener::bind(("127.0.0.1", 0)).await?,
        };
        let address = listener.local_addr()?;
        let (shared, queue) = Self::assemble(&options, address, Clock::new(), None)?;
        tokio::spawn(delivery::run(shared.clone(), queue));
        tokio::spawn(server::serve(shared.clone(), listener));
        Ok(Self { shared, address })
    }

    /// A simulator without a socket, in the runtime's own time, which may be simulated: [`Sim::answer`] takes requests, and its
    /// webhooks go over `wire`. `address` is what its URLs say. Its clock shows `origin` now.
    pub fn inside(
        options: SimOptions,
        address: SocketAddr,
        origin: jiff::Timestamp,
        wire: Arc<dyn Wire>,
    ) -> Result<Self, SimError> {
        let (shared, queue) = Self::assemble(&options, address, Clock::simulated(origin), Some(wire))?;
        tokio::spawn(delivery::run(shared.clone(), queue));
        Ok(Self { shared, address })
    }

    /// What a request is answered; `None` where the connection is dropped without an answer.
    pub async fn answer(&self, request: axum::http::Request<axum::body::Body>) -> Option<axum::http::Response<Vec<u8>>> {
        server::answer_inside(self.shared.clone(), request).await
    }

    /// A simulator that does not run yet, and the deliveries that wait for its courier.
    fn assemble(
        options: &SimOptions,
        address: SocketAddr,
        clock: Clock,
        wire: Option<Arc<dyn Wire>>,
    ) -> Result<(Shared, tokio::sync::mpsc::UnboundedReceiver<u64>), SimError> {
        let seed = match options.seed {
            Some(seed) => seed,
            None => getrandom::u64()?,
        };
        let host = format!("http://{address}");
        let mut lever = lever::World::new(&format!("{host}/v1"), clock.clone(), ids::Ids::new(seed));
        lever.access.grant(&options.lever_api_key, None);
        lever.allow_http = options.allow_http_webhooks;
        if options.webhooks_enabled {
            lever.enable_all_events();
        }
        let key_of = |name: &str| if name == "qualified" { options.qualified_api_key.clone() } else { vendor_api_key(name) };
        let vendors = vendors::Vendors::new(&clock, seed, &host, options.vendor_page_size.max(1), key_of);
        // Vendors' identifiers come from the seeds after this one.
        let login_ids = ids::Ids::new(seed.wrapping_sub(1));
        let auth = auth::World::new(&format!("{host}/v1"), login_ids, clock.clone());
        let state = State {
            faults: options.faults.clone(),
            log: log::RequestLog::default(),
            deliveries: delivery::Deliveries::default(),
            lever,
            auth,
            vendors,
        };
        let (post, queue) = delivery::Post::new(wire)?;
        Ok((Shared::new(state, clock, post), queue))
    }

    /// `http://127.0.0.1:port/v1`
    pub fn lever_base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// `http://127.0.0.1:port/auth`: `/authorize` and `/oauth/token` are below it. The audience is `lever_base_url` with a
    /// slash at its end.
    pub fn auth_url(&self) -> String {
        format!("http://{}/auth", self.address)
    }

    /// `http://127.0.0.1:port/api/v1`
    pub fn qualified_base_url(&self) -> String {
        format!("http://{}/api/v1", self.address)
    }

    /// The base URL of a vendor, by its name; `None` for a name that no stand-in has.
    pub fn vendor_base_url(&self, name: &str) -> Option<String> {
        vendors::listing(name).map(|it| format!("http://{}{}", self.address, it.prefix))
    }

    /// The names of all stand-ins of vendors.
    pub fn vendors() -> Vec<&'static str> {
        vendors::VENDORS.iter().map(|it| it.name).collect()
    }

    /// `http://127.0.0.1:port/_sim`
    pub fn control_url(&self) -> String {
        format!("http://{}/_sim", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The handle that plays recruiters and candidates, sets switches and reads the world.
    pub fn control(&self) -> Control {
        Control::new(self.shared.clone())
    }

    /// Every simulated Lever endpoint as `METHOD /v1/path`, with `{id}` for ids.
    pub fn lever_endpoints() -> Vec<String> {
        lever::endpoints()
    }

    /// Stops listening, cuts open connections and drops deliveries not yet sent.
    pub fn stop(&self) {
        self.shared.stop();
    }
}

/// The only credential of a vendor: `sim-imocha-key`.
pub fn vendor_api_key(name: &str) -> String {
    format!("sim-{name}-key")
}

/// What a vendor signs its webhooks with, where it signs them: `whsec_` and base64.
pub fn vendor_webhook_secret(name: &str) -> String {
    vendors::webhook_secret(name)
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.shared.stop();
    }
}
