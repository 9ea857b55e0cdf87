//! The commands: arguments in, a report and an exit code out. One file each.
//!
//! Files, the environment, the terminal and the clock are touched here; what the commands say comes from the layers above. Exit
//! codes: 0 fine, 1 faults found, 2 wrong use or not able to.

mod backfill;
mod backup;
mod beside;
mod chosen;
mod completions;
mod connect;
mod connecting;
mod console;
mod coverage;
pub mod demo;
pub mod describe;
mod diff;
mod docs;
mod doctor;
mod dry_run;
mod ensure;
mod errands;
mod exit;
mod explain;
pub mod files;
mod fmt;
mod foresee;
mod hand;
mod init;
mod lsp;
mod man;
mod out;
mod parked;
mod pull;
mod record;
mod replay;
mod restore;
mod retry;
mod runs;
pub mod schema;
mod serve;
mod sim;
mod skip;
mod status;
mod store;
pub mod stored;
mod test;
mod validate;
mod why;

pub use exit::Exit;
pub use out::Out;

use clap::{Parser, Subcommand};
use std::ffi::OsString;

/// Rules between Lever and assessment vendors
///
/// leverd reads rules in YAML, listens to Lever and to vendors of assessments, and carries out what the rules say: invites, tags,
/// notes, moves. `leverd demo` shows it without an account, `leverd init` writes a folder to start from.
#[derive(Debug, Parser)]
#[command(
    name = "leverd",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 fine, 1 faults found, 2 wrong use or not able to."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Serve(serve::Serve),
    Connect(connecting::Connect),
    Console(console::Console),
    Doctor(doctor::Doctor),
    Status(status::Status),
    Init(init::Init),
    Validate(validate::Validate),
    Fmt(fmt::Fmt),
    Docs(docs::Docs),
    Test(test::Test),
    Pull(pull::Pull),
    Ensure(ensure::Ensure),
    DryRun(dry_run::DryRun),
    Diff(diff::Diff),
    Backfill(backfill::Backfill),
    Replay(replay::Replay),
    Runs(runs::Runs),
    Why(why::Why),
    Parked(parked::Parked),
    Retry(retry::Retry),
    Skip(skip::Skip),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Store(store::Store),
    Lsp(lsp::Lsp),
    Schema(schema::SchemaCommand),
    Explain(explain::Explain),
    Sim(sim::SimCommand),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Whether a command line (the program's name first) is one of leverd's, or why it is not.
pub fn understands(arguments: impl IntoIterator<Item = OsString>) -> Result<(), String> {
    Arguments::try_parse_from(arguments).map(drop).map_err(|error| error.to_string())
}

/// Parses the arguments (the program's name first) and runs the command.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // `--help` and `--version` come as errors that are none.
            let fine = !error.use_stderr();
            return if error.print().is_ok() && !fine { Exit::Usage } else { Exit::Fine };
        }
    };
    let mut out = Out::stdout();
    let result = match arguments.command {
        Command::Demo(command) => command.run(&mut out),
        Command::Serve(command) => command.run(&mut out),
        Command::Connect(command) => command.run(&mut out),
        Command::Console(command) => command.run(&mut out),
        Command::Doctor(command) => command.run(&mut out),
        Command::Status(command) => command.run(&mut out),
        Command::Init(command) => command.run(&mut out),
        Command::Validate(command) => command.run(&mut out),
        Command::Fmt(command) => command.run(&mut out),
        Command::Docs(command) => command.run(&mut out),
        Command::DryRun(command) => command.run(&mut out),
        Command::Diff(command) => command.run(&mut out),
        Command::Backfill(command) => command.run(&mut out),
        Command::Replay(command) => command.run(&mut out),
        Command::Test(command) => command.run(&mut out),
        Command::Pull(command) => command.run(&mut out),
        Command::Ensure(command) => command.run(&mut out),
        Command::Runs(command) => command.run(&mut out),
        Command::Why(command) => command.run(&mut out),
        Command::Parked(command) => command.run(&mut out),
        Command::Retry(command) => command.run(&mut out),
        Command::Skip(command) => command.run(&mut out),
        Command::Backup(command) => command.run(&mut out),
        Command::Restore(command) => command.run(&mut out),
        Command::Store(command) => command.run(&mut out),
        Command::Lsp(command) => command.run(&mut out),
        Command::Schema(command) => command.run(&mut out),
        Command::Explain(command) => command.run(&mut out),
        Command::Sim(command) => command.run(&mut out),
        Command::Completions(command) => command.run(&mut out),
        Command::Man(command) => command.run(&mut out),
    };
    out::settle(result.and_then(|exit| Ok(out.flush().map(|()| exit)?)))
}
