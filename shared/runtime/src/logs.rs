//! How a process says what it does.

use std::io::{IsTerminal, stderr, stdout};

use json_subscriber::fmt::{Layer, layer};
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
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
        Logs::Json => registry.with(json().with_writer(stdout)).try_init(),
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

fn json<S: Subscriber + for<'span> LookupSpan<'span>>() -> Layer<S> {
    layer().flatten_event(true).flatten_span_list_on_top_level(true)
}

/// Levels by target, `info,sandbox=warn` for instance; what cannot be read is `info`. (The filter that also reads fields
/// and patterns would bring an engine for regular expressions into every function.)
fn filter(default: &str) -> Targets {
    let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
    let asked = variable("AWS_LAMBDA_LOG_LEVEL").map(|level| levels(&level)).or_else(|| variable("RUST_LOG"));
    let asked = asked.and_then(|levels| levels.parse().ok());
    asked.or_else(|| default.parse().ok()).unwrap_or_else(|| Targets::new().with_default(Level::INFO))
}

/// Lambda's level as ours. The spans that name request, record and tenant are made at INFO: they stay on however few
/// lines are asked for, or those that are left would not tell whose they are.
fn levels(level: &str) -> String {
    const SPANS: &str = "lambda_runtime=info";
    match level.trim().to_lowercase().as_str() {
        // The most that we say is an error.
        "fatal" | "critical" => format!("error,{SPANS}"),
        level => format!("{level},{SPANS}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_says_when_how_grave_and_on_behalf_of_which_request_and_tenant() {
        let written = Written::default();
        let writer = written.clone();
        let json = json().with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(json), || {
            let invocation = tracing::info_span!("Lambda runtime invoke", requestId = "r-1").entered();
            let request = tracing::info_span!("request", tenant = tracing::field::Empty).entered();
            request.record("tenant", "t-1");
            let operation = tracing::info_span!("operation", operation = "claim").entered();
            tracing::warn!(count = 3, "something happened");
            drop((operation, request, invocation));
        });
        let bytes = written.0.lock().unwrap().clone();
        let line: Value = serde_json::from_slice(&bytes).unwrap();
        line["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        for (field, value) in [
            ("level", "WARN"),
            ("message", "something happened"),
            ("requestId", "r-1"),
            ("tenant", "t-1"),
            ("operation", "claim"),
        ] {
            assert_eq!(line[field], value, "{line}");
        }
        assert_eq!(line["count"], 3);
    }
}
