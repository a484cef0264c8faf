//! The whole flow, played against a running Tidings: two tenants, a thousand contacts, a thousand messages over the magic
//! recipients, and then the books.
//!
//! With `--kill N` the serving process is killed N times while it runs and started again; nothing may be lost, sent twice
//! or left behind.

mod behind;
mod cast;
mod instance;
mod kill;
mod rest;
mod tables;
mod verdict;

use std::process::ExitCode;

use cluster::Fetch;

pub(crate) use behind::Behind;
use cast::Cast;
pub(crate) use cast::bar;
use instance::Instance;
use tidings::client::Client;
use tidings::error::LocalError;
use tidings::say::say;
use tidings::settings::Settings;

/// What is played.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Play against this API instead of an instance of its own. The super admin's login is taken from
    /// `TIDINGS_ADMIN_EMAIL` and `TIDINGS_ADMIN_PASSWORD`, and the books are audited as far as the API shows them.
    #[arg(long)]
    url: Option<String>,
    /// Kill the serving process so often while it runs.
    #[arg(long, default_value_t = 0, conflicts_with = "url")]
    kill: u32,
    /// How many messages.
    #[arg(long, default_value_t = 1_000)]
    messages: usize,
}

/// Plays and judges; the exit code is the verdict.
pub async fn play(settings: Settings, ask: Options, fetch: Fetch) -> Result<ExitCode, LocalError> {
    let instance = match &ask.url {
        Some(_) => None,
        None => Some(Instance::start(&settings, fetch).await?),
    };
    let url = match (&ask.url, &instance) {
        (Some(url), _) => url.clone(),
        (None, Some(instance)) => instance.url(),
        (None, None) => return Err(LocalError::Call("there is nothing to play against".to_owned())),
    };
    say(format!("Playing against {url}"));
    let outcome = act(&settings, &ask, &url, instance.as_ref()).await;
    let is_clean = matches!(outcome, Ok(true));
    if let Some(instance) = instance {
        instance.end(is_clean).await?;
    }
    Ok(if outcome? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn act(
    settings: &Settings,
    ask: &Options,
    url: &str,
    instance: Option<&Instance>,
) -> Result<bool, LocalError> {
    let owner = match instance {
        Some(instance) => instance.owner(),
        None => (
            settings.admin_email.clone().unwrap_or_else(|| tidings::demo::ADMIN_EMAIL.to_owned()),
            settings.admin_password.clone().ok_or(LocalError::Setting {
                name: "TIDINGS_ADMIN_PASSWORD",
                why: "is needed to top up at another instance".to_owned(),
            })?,
        ),
    };
    let behind = instance.map(Instance::behind);
    match instance {
        Some(instance) if ask.kill > 0 => {
            let cast = Cast::gather(&Client::new(url)?, &owner, ask.messages).await?;
            kill::schedule_under_fire(&cast, instance, ask.kill).await?;
            let messages = rest::wait(&cast, behind.as_ref()).await?;
            verdict::judge(&messages, &cast, behind.as_ref(), true).await
        }
        Some(_) | None => play_at(url, &owner, ask.messages, behind.as_ref()).await,
    }
}

/// Plays against an API that somebody else runs; `true` when nothing is off.
pub(crate) async fn play_at(
    url: &str,
    owner: &(String, String),
    messages: usize,
    behind: Option<&Behind<'_>>,
) -> Result<bool, LocalError> {
    let cast = Cast::gather(&Client::new(url)?, owner, messages).await?;
    cast.schedule_all().await?;
    let messages = rest::wait(&cast, behind).await?;
    verdict::judge(&messages, &cast, behind, false).await
}
