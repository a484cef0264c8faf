//! How a process says what it does.

use std::io::{IsTerminal, stderr, stdout};

use json_subscriber::fmt::{Layer, layer};
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterFn, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// Our crates, by the name that their lines have.
const OURS: [&str; 26] = [
    "admin",
    "api",
    "auth",
    "cloud",
    "cluster",
    "contacts",
    "dispatch",
    "domain",
    "http_kit",
    "mailer",
    "meta",
    "migrate",
    "one_machine",
    "ops",
    "refunds",
    "runtime",
    "sandbox",
    "scheduling",
    "store",
    "sweep",
    "templates",
    "testkit",
    "tidings",
    "tidings_tools",
    "updates",
    "webhook",
];

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

/// Turns logging on, filtered by `RUST_LOG`, else by `default`. A second call changes nothing.
pub fn observe(logs: Logs, default: &str) {
    let asked = std::env::var("RUST_LOG").ok().filter(|asked| !asked.trim().is_empty());
    let registry = tracing_subscriber::registry().with(filter(asked.as_deref().unwrap_or(default)));
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

/// The spans that name request, record and tenant are made at INFO. They stay on however few lines are asked for, or
/// those that are left would not tell whose they are.
fn filter(asked: &str) -> FilterFn<impl Fn(&Metadata<'_>) -> bool + use<>> {
    let targets = targets(asked);
    filter_fn(move |metadata| {
        let names_somebody = metadata.is_span() && *metadata.level() <= Level::INFO;
        names_somebody || targets.would_enable(metadata.target(), metadata.level())
    })
}

/// A level alone, `debug` for instance, is what our own crates are to say. Libraries stay at INFO: at TRACE the SDK prints
/// every answer whole, and one of them is the secret that was asked for. Levels by target, `info,sandbox=warn` for
/// instance, are taken as they stand; what cannot be read is INFO. (The filter that also reads fields and patterns would
/// bring an engine for regular expressions into every function.)
fn targets(asked: &str) -> Targets {
    match asked.trim().parse::<LevelFilter>() {
        Ok(level) => Targets::new()
            .with_default(level.min(LevelFilter::INFO))
            .with_targets(OURS.map(|ours| (ours, level))),
        Err(_not_a_level) => {
            asked.parse().unwrap_or_else(|_unreadable| Targets::new().with_default(Level::INFO))
        }
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

    /// The messages that come out of `said` under a filter.
    fn heard(asked: &str, said: impl FnOnce()) -> Vec<Value> {
        let written = Written::default();
        let writer = written.clone();
        let json = json().with_writer(move || writer.clone());
        tracing::subscriber::with_default(
            tracing_subscriber::registry().with(filter(asked)).with(json),
            said,
        );
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_library_says_nothing_below_info_however_much_is_asked_of_us() {
        let lines = heard("TRACE", || {
            tracing::trace!(target: "aws_smithy_runtime::client::orchestrator", response = "the secret");
            tracing::debug!(target: "hyper_util::client", "the request");
            tracing::info!(target: "lambda_runtime", "theirs");
            tracing::trace!("ours");
        });
        let messages: Vec<&Value> = lines.iter().map(|line| &line["message"]).collect();
        assert_eq!(messages, ["theirs", "ours"]);
    }

    #[test]
    fn however_few_lines_are_asked_for_they_tell_whose_they_are() {
        let lines = heard("ERROR", || {
            let _request = tracing::info_span!("request", tenant = "t-1").entered();
            tracing::warn!("less");
            tracing::error!("grave");
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!((&lines[0]["message"], &lines[0]["tenant"]), (&"grave".into(), &"t-1".into()));
    }

    #[test]
    fn levels_by_target_are_taken_as_they_stand_and_rubbish_is_info() {
        let said = || {
            tracing::debug!(target: "sandbox", "sandbox");
            tracing::debug!(target: "store", "store");
            tracing::info!(target: "store", "store");
        };
        assert_eq!(heard("info,sandbox=debug", said).len(), 2);
        assert_eq!(heard("what, is=this", said).len(), 1);
    }

    #[test]
    fn our_crates_are_those_of_the_workspace() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut crates = vec!["tidings".to_owned()];
        for parent in ["functions", "local", "shared"] {
            let folders = std::fs::read_dir(root.join(parent)).unwrap();
            let manifests = folders.map(|folder| folder.unwrap().path().join("Cargo.toml"));
            for manifest in manifests.filter(|manifest| manifest.exists()) {
                let manifest = std::fs::read_to_string(manifest).unwrap();
                let name = manifest.lines().find_map(|line| line.strip_prefix("name = ")).unwrap();
                crates.push(name.trim_matches('"').replace('-', "_"));
            }
        }
        crates.sort();
        assert_eq!(crates, OURS);
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
