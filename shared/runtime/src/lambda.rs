//! A deployed function: made from its environment when its process starts, then handed one event after another.
//!
//! [`run`] is the whole of a `main`; [`Boot`] makes what the function needs and nothing more, so that it never tries what
//! it has no permission for; [`Boot::http`], [`Boot::records`] and [`Boot::events`] serve until Lambda ends the process.
//! Everything that takes a round trip is done before the first event, at the same time: the connection to the database
//! with its TLS, and the secrets. What fails is measured, also a process that cannot start: see [`crate::tally`].
//!
//! | variable | meaning |
//! |---|---|
//! | `DATABASE_URL` | the database; TLS is required unless it is on this machine |
//! | `DATABASE_PASSWORD` | `iam`: a token per connection; else the ARN of a secret with `password`; absent: none |
//! | `META_BASE_URL`, `META_API_VERSION` | Meta; a sandbox when it does not begin with `https://` |
//! | `TIDINGS_EMAIL_PROOF` | `required` (the default) or `off`: whether owners prove their e-mail addresses |
//! | `SMTP_HOST`, `SMTP_PORT`, `MAIL_FROM`, `PUBLIC_URL` | mail, and where its links lead |
//! | `TIDINGS_REGISTRATION` | who may register: `open`, `invitation` or `closed`; no one when absent |
//! | `CLOUDFRONT_SECRET_SHA256` | answer CloudFront alone, which proves itself with the secret of this hash |
//! | `ADJUSTMENT_APPROVAL_OVER` | above this amount a second person approves an adjustment; 100.00 when absent |
//! | `ENVIRONMENT` | the dimension of business metrics |
//!
//! What AWS is reached with and what its things are called: [`cloud::aws`].

mod answer;
#[cfg(feature = "api")]
mod app;
mod boot;
#[cfg(feature = "platform")]
mod database;
mod environment;
mod events;
mod front;
#[cfg(feature = "platform")]
mod platform;
mod reloads;

use std::process::ExitCode;

use domain::{Clock, with_causes};
use thiserror::Error;

pub use boot::Boot;
pub use environment::{number, optional, required};

use crate::logs::{Logs, observe};
use crate::tally::Tally;

/// Why a function cannot start. Lambda tries again with a new process.
#[derive(Debug, Error)]
pub enum BootError {
    /// A variable that is missing or wrong.
    #[error("{name} {why}")]
    Setting {
        /// Which.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A secret that cannot be read, for example.
    #[error(transparent)]
    Cloud(#[from] cloud::CloudError),
    /// The database's settings.
    #[cfg(feature = "platform")]
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The client for Meta.
    #[error(transparent)]
    Meta(#[from] meta::ConfigError),
    /// The runtime itself.
    #[error("{0}")]
    Runtime(#[from] lambda_runtime::Error),
    /// No threads, for example.
    #[error("the process cannot start")]
    Process(#[from] std::io::Error),
}

/// Runs a function until Lambda ends it.
pub fn run(start: impl AsyncFnOnce(Boot) -> Result<(), BootError>) -> ExitCode {
    observe(Logs::Json, "info");
    // As a JSON line. The text of a panic may quote a phone number or a token, so only its place is logged.
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(at = panic.location().map(ToString::to_string), "The function panicked.");
    }));
    let outcome = runtime()
        .map_err(BootError::from)
        .and_then(|runtime| runtime.block_on(async { start(Boot::from_environment()?).await }));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = with_causes(&error), "The function cannot start.");
            Tally::from_environment(Clock::System).begin(1).fail();
            ExitCode::FAILURE
        }
    }
}

/// One thread: below 1,769 MB a function has less than one processor. An environment that is given several events at
/// once (`AWS_LAMBDA_MAX_CONCURRENCY`) has several.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    if environment::concurrency() > 1 {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()
    } else {
        tokio::runtime::Builder::new_current_thread().enable_all().build()
    }
}
