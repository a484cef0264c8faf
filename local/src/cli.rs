//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cluster::Fetch;
use domain::with_causes;
use runtime::Logs;

use crate::error::LocalError;
use crate::home::Home;
use crate::poll::ProcessRole;
use crate::serve::{self, Serve};
use crate::settings::Settings;
use crate::{bench, cost, database, deploy_check, story};

/// WhatsApp notifications that cannot lose money and never send twice.
#[derive(Debug, Parser)]
#[command(name = "tidings", version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Run on this machine with a private Postgres; needed without `DATABASE_URL` unless started through cargo.
    #[arg(long, global = true)]
    local: bool,
    /// Whether Postgres may be fetched when this machine has none.
    #[arg(long, global = true, value_parser = ["allowed", "never"], default_value = "allowed")]
    fetch: String,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Serves the API and works on its queues (the default).
    Serve {
        /// What this process does, separated by commas.
        #[arg(long, value_delimiter = ',', default_value = "http,dispatch,updates,refunds,sweep,mailer")]
        roles: Vec<ProcessRole>,
        /// Another Meta than the sandbox of this process.
        #[arg(long)]
        meta_url: Option<String>,
    },
    /// Runs Meta's sandbox alone.
    Sandbox,
    /// Brings the database to the present schema.
    Migrate,
    /// Plays the whole flow and audits it; exit status 1 if anything is off.
    Story(story::Ask),
    /// Proves the deploy, as far as a machine without an account can; exit status 1 if anything is short of it.
    DeployCheck(deploy_check::Ask),
    /// Measures.
    #[command(subcommand)]
    Bench(bench::Ask),
    /// Counts what messages use of the cloud, and prices it.
    Cost(cost::Ask),
}

/// Does what was asked for.
pub async fn run(arguments: Arguments) -> ExitCode {
    let command = arguments
        .command
        .clone()
        .unwrap_or_else(|| Command::Serve { roles: ProcessRole::ALL.to_vec(), meta_url: None });
    let default_filter = match command {
        Command::Serve { .. } | Command::Sandbox | Command::Migrate => "info,sandbox=warn",
        Command::Story(_) | Command::DeployCheck(_) | Command::Bench(_) | Command::Cost(_) => "warn",
    };
    runtime::observe(Logs::Text, default_filter);
    match perform(command, &arguments).await {
        Ok(code) => code,
        Err(error) => {
            // The person who started it reads this, not a log.
            crate::say::complain(with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

async fn perform(command: Command, arguments: &Arguments) -> Result<ExitCode, LocalError> {
    let mut settings = Settings::from_environment()?;
    let fetch = if arguments.fetch == "never" { Fetch::Never } else { Fetch::Allowed };
    match command {
        Command::Serve { roles, meta_url } => {
            check_database(&settings, arguments)?;
            settings.meta_url = meta_url.or(settings.meta_url);
            serve::serve(settings, Serve { roles, fetch }).await?;
        }
        Command::Sandbox => {
            let home = Home::open(&settings.home)?;
            let running = serve::start_sandbox(&settings, &home).await?;
            serve::stopped().await;
            running.stop().await;
        }
        Command::Migrate => {
            check_database(&settings, arguments)?;
            let home = Home::open(&settings.home)?;
            let database = database::open(&settings, &home, fetch).await?;
            crate::say::say(format!("The schema is up to date. {}", database.origin));
        }
        Command::Story(ask) => return story::play(settings, ask, fetch).await,
        Command::DeployCheck(ask) => return deploy_check::run(settings, ask, fetch).await,
        Command::Bench(ask) => bench::run(settings, ask, fetch).await?,
        Command::Cost(ask) => cost::run(settings, ask, fetch).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A deployed binary must not quietly keep money on a Postgres of its own because a variable was forgotten.
fn check_database(settings: &Settings, arguments: &Arguments) -> Result<(), LocalError> {
    let is_cargo = std::env::var_os("CARGO").map(PathBuf::from).is_some();
    if settings.database_url.is_some() || arguments.local || is_cargo || cfg!(debug_assertions) {
        return Ok(());
    }
    let why = "is not set; set it, or pass --local to run with a private Postgres on this machine".to_owned();
    Err(LocalError::Setting { name: "DATABASE_URL", why })
}
