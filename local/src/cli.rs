//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use domain::{Clock, with_causes};
use one_machine::OneMachine;
use runtime::Logs;

use crate::database;
use crate::dead_letters;
use crate::error::LocalError;
use crate::home::Home;
use crate::keys::{self, KeyKind, Rotated};
use crate::machine::Machine;
use crate::operate;
use crate::poll::ProcessRole;
use crate::say::say;
use crate::serve;
use crate::settings::{self, Settings, Variables};
use crate::verify_ledger;

/// Which lines a serving process logs, unless `RUST_LOG` says otherwise. The start itself says what was migrated.
pub const SERVE_FILTER: &str = "info,sandbox=warn,store::kernel::migrate=warn";

const IN_THE_REPOSITORY: &str = "In the repository: cargo story, cargo bench-claim, cargo bench-queue, cargo bench-load, cargo cost,\n\
    cargo deploy-check, cargo sandbox.";

/// WhatsApp notifications that cannot lose money and never send twice.
#[derive(Debug, Parser)]
#[command(
    name = "tidings",
    version,
    after_help = IN_THE_REPOSITORY,
    after_long_help = format!("{IN_THE_REPOSITORY}\n\n{}", settings::help())
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    database: DatabaseOptions,
    #[command(flatten)]
    fetch: FetchAllowed,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Serves the API and works on its queues (the default).
    Serve(RoleOptions),
    /// Checks a ledger's proof (pages of `GET /billing/ledger/proof` in one file), offline.
    VerifyLedger { file: PathBuf },
    #[command(flatten)]
    Other(OtherCommand),
}

#[derive(Clone, Debug, Subcommand)]
enum OtherCommand {
    /// Runs Meta's sandbox alone.
    Sandbox(SandboxOptions),
    /// Brings the database to the present schema.
    Migrate,
    /// Shows queue messages that were given up, and gives them back.
    #[command(subcommand)]
    DeadLetters(dead_letters::Options),
    /// Looks at a tenant or a message, audits, pauses, resumes, erases a person.
    Ops(operate::Options),
    /// Replaces a key of this machine.
    #[command(subcommand)]
    Keys(KeysCommand),
}

#[derive(Clone, Debug, Args)]
struct SandboxOptions {
    /// Where it listens; the port after PORT unless given.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// The receiver of webhooks; the API on PORT unless given.
    #[arg(long)]
    webhook_url: Option<String>,
    /// The file that keeps its state; one in the home unless given.
    #[arg(long)]
    journal: Option<PathBuf>,
}

#[derive(Clone, Debug, Subcommand)]
enum KeysCommand {
    /// Makes a new key, which serving processes use within a minute.
    Rotate(RotateOptions),
}

#[derive(Clone, Copy, Debug, Args)]
struct RotateOptions {
    /// The key that a new one replaces.
    kind: KeyKind,
    /// Whether the old key leaked: access tokens that it signed are refused at once, and every user logs in again.
    #[arg(long)]
    leaked: bool,
}

/// What a serving process does.
#[derive(Clone, Debug, Args)]
struct RoleOptions {
    /// What this process does, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "http,dispatch,updates,refunds,sweep,mailer")]
    roles: Vec<ProcessRole>,
    /// Another Meta than the sandbox of this process.
    #[arg(long)]
    meta_url: Option<String>,
}

#[derive(Clone, Copy, Debug, Args)]
struct DatabaseOptions {
    /// Run on this machine with a private Postgres; needed without `DATABASE_URL` unless started through cargo.
    #[arg(long, global = true)]
    local: bool,
}

/// Everything that `serve` takes, for another program that serves.
#[derive(Clone, Debug, Args)]
pub struct ServeOptions {
    #[command(flatten)]
    roles: RoleOptions,
    #[command(flatten)]
    database: DatabaseOptions,
}

/// Whether Postgres may be fetched.
#[derive(Clone, Debug, Args)]
pub struct FetchAllowed {
    /// Whether Postgres may be fetched when this machine has none.
    #[arg(long, global = true, value_parser = ["allowed", "never"])]
    fetch: Option<String>,
}

impl FetchAllowed {
    /// The settings of the environment and of this option.
    pub fn settings(&self) -> Result<Settings, LocalError> {
        Settings::read(self.variables()?)
    }

    fn variables(&self) -> Result<Variables, LocalError> {
        Ok(Variables::read()?.with("TIDINGS_PG_FETCH", self.fetch.as_deref()))
    }
}

/// Turns the log on, filtered by `RUST_LOG` of the environment or of `.env`, else by `default`. What is wrong with these is
/// said when the settings are read.
pub fn observe(default: &str) {
    let variables = Variables::read().unwrap_or_default();
    runtime::observe(Logs::Text, variables.log_filter().unwrap_or(default));
}

/// Does what was asked for.
pub async fn run(arguments: Arguments) -> ExitCode {
    observe(SERVE_FILTER);
    match perform(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The person who started it reads this, not a log.
            crate::say::complain(with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

async fn perform(arguments: Arguments) -> Result<(), LocalError> {
    let Arguments { command, database, fetch } = arguments;
    let command = command
        .unwrap_or_else(|| Command::Serve(RoleOptions { roles: ProcessRole::ALL.to_vec(), meta_url: None }));
    match command {
        Command::Serve(roles) => serve(ServeOptions { roles, database }, &fetch).await,
        Command::VerifyLedger { file } => verify_ledger::run(&file),
        Command::Other(command) => Box::pin(perform_other(command, fetch.settings()?, database)).await,
    }
}

async fn perform_other(
    command: OtherCommand,
    settings: Settings,
    database: DatabaseOptions,
) -> Result<(), LocalError> {
    match command {
        OtherCommand::Sandbox(options) => run_sandbox(&settings, options).await?,
        OtherCommand::Migrate => {
            check_database(&settings, database)?;
            let home = Home::open(&settings.home)?;
            let database = database::open(&settings, &home).await?;
            say(format!("The schema is up to date. {}", database.origin));
        }
        OtherCommand::DeadLetters(options) => {
            check_database(&settings, database)?;
            let home = Home::open(&settings.home)?;
            let database = database::open(&settings, &home).await?;
            dead_letters::run(&OneMachine::new(database.store.clone(), Clock::System), options).await?;
        }
        OtherCommand::Ops(options) => {
            check_database(&settings, database)?;
            let home = Home::open(&settings.home)?;
            let database = database::open(&settings, &home).await?;
            let machine = Machine::assemble(&settings, &home, database.store.clone(), Clock::System)?;
            operate::run(&machine.platform, options).await?;
        }
        OtherCommand::Keys(KeysCommand::Rotate(options)) => {
            if options.kind == KeyKind::Data {
                check_database(&settings, database)?;
            }
            rotate(&settings, options).await?;
        }
    }
    Ok(())
}

/// Serves until Ctrl-C or SIGTERM.
pub async fn serve(options: ServeOptions, fetch: &FetchAllowed) -> Result<(), LocalError> {
    let RoleOptions { roles, meta_url } = options.roles;
    let variables = fetch.variables()?.with("TIDINGS_META_URL", meta_url.as_deref());
    let origin = variables.origin();
    let settings = Settings::read(variables)?;
    check_database(&settings, options.database)?;
    if let Some(origin) = origin {
        say(origin);
    }
    Box::pin(serve::serve(settings, &roles)).await
}

async fn run_sandbox(settings: &Settings, options: SandboxOptions) -> Result<(), LocalError> {
    let home = Home::open(&settings.home)?;
    let own = serve::sandbox_options(settings, &home)?;
    let running = sandbox::start(sandbox::Options {
        listen: options.listen.unwrap_or(own.listen),
        webhook_url: options.webhook_url.or(own.webhook_url),
        journal: options.journal.or(own.journal),
        ..own
    })
    .await?;
    say(format!("Meta's sandbox listens on {}", running.base_url()));
    serve::stopped().await;
    running.stop().await;
    Ok(())
}

async fn rotate(settings: &Settings, options: RotateOptions) -> Result<(), LocalError> {
    let home = Home::open(&settings.home)?;
    let text = match options.kind {
        KeyKind::Jwt => {
            keys::rotate_jwt(&home, Clock::System.now(), options.leaked)?;
            "A new key signs access tokens.".to_owned()
        }
        KeyKind::VerifyToken => {
            format!(
                "The verify token is {}: save the webhook in Meta's dashboard again.",
                keys::rotate_verify_token(&home)?
            )
        }
        KeyKind::Data => {
            let database = database::open(settings, &home).await?;
            let store = &database.store;
            let machine = || Machine::assemble(settings, &home, store.clone(), Clock::System);
            match keys::rotate_data(&home, || Ok(machine()?.platform)).await? {
                Rotated::New(done) => format!("A new key encrypts tenants' tokens: {done}."),
                Rotated::Completed(done) => {
                    format!(
                        "A rotation that was interrupted is complete: {done}. Run this again for a new key."
                    )
                }
            }
        }
    };
    say(text);
    Ok(())
}

/// A deployed binary must not quietly keep money on a private Postgres because a variable was forgotten.
fn check_database(settings: &Settings, options: DatabaseOptions) -> Result<(), LocalError> {
    let is_cargo = std::env::var_os("CARGO").map(PathBuf::from).is_some();
    if settings.database_url.is_some() || options.local || is_cargo || cfg!(debug_assertions) {
        return Ok(());
    }
    let why = "is not set; set it, or pass --local to run with a private Postgres on this machine".to_owned();
    Err(LocalError::Setting { name: "DATABASE_URL", why })
}
