//! How a process says what it does.

use std::io::{IsTerminal, stderr, stdout};

use json_subscriber::fmt::layer;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logs {
    /// A line of JSON each, on standard output, for machines: `timestamp` (RFC 3339), `level`, `message`, and every field
    /// of the event and of the spans around it beside them. Lambda files a line under its level only when it finds a
    /// `timestamp` and a `level` in it.
    Json,
    /// On standard error, for people, with colours where the terminal has them.
    Text,
}

/// Turns logging on, filtered by `AWS_LAMBDA_LOG_LEVEL`, else `RUST_LOG`, else `default`. A second call changes nothing.
pub fn observe(logs: Logs, default: &str) {
    let registry = tracing_subscriber::registry().with(filter(default));
    let outcome = match logs {
        Logs::Json => registry
            .with(layer().flatten_event(true).flatten_span_list_on_top_level(true).with_writer(stdout))
            .try_init(),
        Logs::Text => registry
            .with(
                tracing_subscriber::fmt::layer()
                    .with_ansi(stderr().is_terminal())
                    .with_target(false)
                    .with_writer(stderr),
            )
            .try_init(),
    };
    if outcome.is_err() {
        tracing::debug!("logging was on already");
    }
}

/// The span that names the request is made at INFO: it stays on however few lines are asked for, or the lines that are
/// left would not tell whose they are.
fn filter(default: &str) -> EnvFilter {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().filter(|level| !level.trim().is_empty());
    match level {
        // CRITICAL and FATAL are Lambda's words; the most that we say is an error.
        Some(level) if level.eq_ignore_ascii_case("FATAL") || level.eq_ignore_ascii_case("CRITICAL") => {
            EnvFilter::new("error,lambda_runtime=info")
        }
        Some(level) => EnvFilter::new(format!("{},lambda_runtime=info", level.to_lowercase())),
        None => EnvFilter::try_from_default_env().unwrap_or_else(|_absent| EnvFilter::new(default)),
    }
}
