//! leverd: rules in YAML between the Lever applicant tracking system and vendors of candidate assessments.
//!
//! # The map
//!
//! The folders are the stages of an event's journey. A later one may import an earlier one, never the reverse; a test holds the
//! order. Everything down to [`vendor`] is pure and synchronous: no clock, socket, file or randomness. Below it is IO.
//!
//! | layer | what it is | what it never does |
//! |---|---|---|
//! | [`model`] | the nouns: events, facts, plans, effects, our ledger, requests | know YAML, HTTP, SQL or the time |
//! | [`lang`] | text: YAML in, located trees, diagnostics, compiled packs bound to an account | plan, or read a file |
//! | [`engine`] | reason: `plan(program, event, facts)` gives a plan or what it has to know first | read anything, keep anything |
//! | [`suite`] | prove: rule tests in YAML on the production planner | use another planner than the engine's |
//! | [`lever`] | dialect: Lever's bytes to our words and back | send |
//! | [`vendor`] | dialect: vendors' bytes to our words and back, driven by `vendor.yaml` | name a vendor |
//! | [`http`] | the one place that opens an outbound socket; budgets and breakers | retry, or know what a request means |
//! | [`store`] | five commits, claims and queries on SQLite or PostgreSQL | decide anything |
//! | [`runtime`] | the conductor: intake, derive, plan, carry out, reload | know terminals or pages |
//! | [`server`] | the door: webhooks, health, metrics, the console | know rules or vendors |
//! | [`sim`] | the outside world on loopback: Lever and vendors, badly behaved when told | import engine, runtime or store |
//! | [`cli`] | one subcommand per file | hold logic that another command needs |
//!
//! # One event, walked through
//!
//! A recruiter moves Ada to *Assessment*. Her posting carries the tag `AngularJS`.
//!
//! 1. Lever POSTs to `/hooks/lever/acme/candidateStageChange`. `server::hooks` caps the body; [`runtime::intake`] has
//!    [`lever::webhook::open`] check the signature; [`store::Store::deliver`] stores the delivery (**delivery in**, the first commit);
//!    only then is it answered with 200. The same token again changes nothing.
//! 2. `runtime::derive` claims the delivery. Lever's signature does not cover what a delivery says, so it reads the opportunity and
//!    looks for the stage change in it ([`lever::decode::confirm`]); the confirmed event is stored (**events derived**).
//! 3. `runtime::planner` claims the event when nothing of its lane can be sent or is being sent, and asks [`engine::plan`]; what the
//!    plan has to know is gathered, four rounds at most. Rule `invite on trigger stage` fires: one invitation of Ada to the test that
//!    is called like the tag. Run, steps, effect and ledger row are stored together (**plan made**).
//! 4. `runtime::executor` claims the effect, waits for budget, stores that it begins (**begun**), and sends what
//!    [`vendor::Talk`] makes of `vendor.yaml`. The answer's ids go to the ledger, and the outcome becomes the event
//!    `assessment.invited`, in one commit (**effect done**).
//! 5. Back at 3 with the new event: rule `mark invited` wants the tag `AngularJS - Invited` as the one member of its family: one
//!    `addTags`, and from its answer one `removeTags`.
//!
//! Where several processes share a PostgreSQL, `runtime::tenure` sees to it that one of them at a time does 2 to 5 for an account: it *leases*
//! the account from the store, which refuses the commits of whoever was silent for too long. Step 1 is done by any of them.
//!
//! Killed between any two commits, leverd repeats one step whose result is the same, or looks up what became of it.

pub mod model;

pub mod lang;

pub mod engine;

pub mod suite;

pub mod lever;

pub mod vendor;

pub mod http;

pub mod store;

pub mod runtime;

pub mod server;

pub mod sim;

pub mod cli;
