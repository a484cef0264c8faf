//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use domain::with_causes;
use tidings::cli::FetchAllowed;
use tidings::error::LocalError;
use tidings::say::complain;

use crate::{bench, contract_check, cost, deploy_check, describe, sbom, story};

/// Programs that try, measure and price Tidings.
#[derive(Debug, Parser)]
#[command(name = "tidings-tools", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    fetch: FetchAllowed,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the whole flow and audits it; exit status 1 if anything is wrong.
    Story(story::Options),
    /// Proves the deploy, as far as a machine without an account can; exit status 1 if anything failed.
    DeployCheck(deploy_check::Options),
    /// Writes the description that `/openapi.json` answers, from the code.
    Describe,
    /// Compares a running instance with its description at `/openapi.json`; exit status 1 if they differ.
    ContractCheck(contract_check::Options),
    /// Measures.
    #[command(subcommand)]
    Bench(bench::Options),
    /// Counts what messages use of the cloud, and prices it.
    Cost(cost::Options),
    /// Writes what each deployed function is made of, as CycloneDX.
    Sbom(sbom::Options),
    /// Serves as `cargo run` does: the story starts this program again, to kill it.
    #[command(hide = true)]
    Serve(tidings::cli::ServeOptions),
}

pub(crate) async fn run(arguments: Arguments) -> ExitCode {
    let is_serving = matches!(arguments.command, Command::Serve(_));
    tidings::cli::observe(if is_serving { tidings::cli::SERVE_FILTER } else { "warn" });
    match Box::pin(perform(arguments.command, &arguments.fetch)).await {
        Ok(code) => code,
        Err(error) => {
            complain(with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

async fn perform(command: Command, fetch: &FetchAllowed) -> Result<ExitCode, LocalError> {
    match command {
        Command::Story(options) => return story::run(fetch.settings()?, options).await,
        Command::DeployCheck(options) => return deploy_check::run(fetch.settings()?, options).await,
        Command::ContractCheck(options) => return contract_check::run(fetch.settings()?, options).await,
        Command::Describe => describe::run()?,
        Command::Bench(options) => bench::run(fetch.settings()?, options).await?,
        Command::Cost(options) => cost::run(fetch.settings()?, options).await?,
        Command::Sbom(options) => sbom::run(options).await?,
        Command::Serve(options) => tidings::cli::serve(options, fetch).await?,
    }
    Ok(ExitCode::SUCCESS)
}
