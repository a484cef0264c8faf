//! Programs that try, measure and price Tidings. Each has a cargo alias in `.cargo/config.toml`.

mod bench;
mod cli;
mod contract_check;
mod cost;
mod deploy_check;
mod describe;
mod mail_folder;
mod progress;
mod sbom;
mod story;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    cli::run(cli::Arguments::parse()).await
}
