//! Parses arguments and calls the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    leverd::cli::run(std::env::args_os()).into()
}
