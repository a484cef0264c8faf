//! The whole flow against a running Tidings: the owner's chapter, then two tenants, a thousand contacts, a thousand messages to the magic
//! recipients and others, and then the audit.
//!
//! With `--kill N` the serving process is killed N times while it runs and started again; nothing may be lost, sent twice
//! or left behind.

mod backend;
pub(crate) mod instance;
mod kills;
mod outcome;
mod owner;
mod rest;
mod scenario;
mod tables;
mod verdict;

use std::process::ExitCode;

pub(crate) use backend::Backend;
use instance::Instance;
use scenario::Scenario;
pub(crate) use scenario::{MAGIC, OTHERS, PARALLEL_CALLS, Tenant, other_phone};
use tidings::client::Client;
use tidings::error::LocalError;
use tidings::say::say;
use tidings::settings::Settings;

#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Run against this API instead of a private instance. The super admin's login is taken from
    /// `TIDINGS_ADMIN_EMAIL` and `TIDINGS_ADMIN_PASSWORD`, and the ledgers are audited as far as the API shows them.
    #[arg(long)]
    url: Option<String>,
    /// Kill the serving process this many times while it runs.
    #[arg(long, default_value_t = 0, conflicts_with = "url")]
    kill: u32,
    /// The number of messages.
    #[arg(long, default_value_t = 1_000)]
    messages: usize,
}

/// The exit code is the verdict.
pub async fn run(settings: Settings, options: Options) -> Result<ExitCode, LocalError> {
    let instance = match &options.url {
        Some(_) => None,
        None => Some(Instance::start(&settings).await?),
    };
    let url = match (&options.url, &instance) {
        (Some(url), _) => url.clone(),
        (None, Some(instance)) => instance.url(),
        (None, None) => return Err(LocalError::Call("there is no API to run against".to_owned())),
    };
    say(format!("Playing against {url}"));
    let outcome = run_and_judge(&settings, &options, &url, instance.as_ref()).await;
    let is_clean = matches!(outcome, Ok(true));
    if let Some(instance) = instance {
        instance.end(is_clean).await?;
    }
    Ok(if outcome? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run_and_judge(
    settings: &Settings,
    options: &Options,
    url: &str,
    instance: Option<&Instance>,
) -> Result<bool, LocalError> {
    let owner = match instance {
        Some(instance) => instance.owner(),
        None => (
            settings.admin_email.clone().unwrap_or_else(|| tidings::demo::ADMIN_EMAIL.to_owned()),
            settings.admin_password.clone().ok_or(LocalError::Setting {
                name: "TIDINGS_ADMIN_PASSWORD",
                why: "is needed to top up the tenants of another instance".to_owned(),
            })?,
        ),
    };
    let backend = instance.map(Instance::backend);
    let anonymous = Client::new(url)?;
    let platform = anonymous.login(&owner.0, &owner.1).await?;
    owner::play(&anonymous, &platform, instance.map(Instance::mail).as_ref()).await?;
    match instance {
        Some(instance) if options.kill > 0 => {
            let scenario = Scenario::prepare(&Client::new(url)?, &owner, options.messages).await?;
            kills::schedule_while_killing(&scenario, instance, options.kill).await?;
            let messages = rest::wait(&scenario, backend.as_ref()).await?;
            verdict::judge(&messages, &scenario, backend.as_ref(), true).await
        }
        Some(_) | None => run_at(url, &owner, options.messages, backend.as_ref()).await,
    }
}

/// Runs against an API that is already running; `true` when the audit is clean.
pub(crate) async fn run_at(
    url: &str,
    owner: &(String, String),
    messages: usize,
    backend: Option<&Backend<'_>>,
) -> Result<bool, LocalError> {
    let scenario = Scenario::prepare(&Client::new(url)?, owner, messages).await?;
    scenario.schedule_all().await?;
    let messages = rest::wait(&scenario, backend).await?;
    verdict::judge(&messages, &scenario, backend, false).await
}
