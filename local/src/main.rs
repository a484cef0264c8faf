//! `cargo run` starts Tidings on this machine; `cargo run -- --help` lists the other commands.

use std::process::ExitCode;

use clap::Parser;
use tidings::cli::Arguments;

#[tokio::main]
async fn main() -> ExitCode {
    Box::pin(tidings::cli::run(Arguments::parse())).await
}
