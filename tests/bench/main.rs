//! `cargo bench`: the figures of the README. Ratios first, since they travel; absolute figures beside them, with the machine.
//!
//! `cargo bench -- plan intake` runs only these. Every figure is the median of several rounds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark stops where it is wrong, and tells people"
)]

mod diff;
mod intake;
mod lsp;
mod measure;
mod nodes;
mod plan;
mod reload;
mod rules;
mod validate;

#[path = "../it/postgres.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod postgres;

/// A benchmark: its name and what runs it.
type Bench = (&'static str, fn());

const ALL: [Bench; 7] = [
    ("diff", diff::run),
    ("plan", plan::run),
    ("intake", intake::run),
    ("validate", validate::run),
    ("reload", reload::run),
    ("lsp", lsp::run),
    ("nodes", nodes::run),
];

fn main() {
    // Cargo adds `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let unknown = wanted.iter().find(|name| !ALL.iter().any(|(known, _)| known == name));
    assert!(
        unknown.is_none(),
        "no benchmark is called {unknown:?}; there are diff, plan, intake, validate, reload, lsp, nodes"
    );
    println!("{}\n", measure::machine());
    for (name, run) in ALL {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            run();
            println!();
        }
    }
}
