//! The log of a process.

use std::io::{IsTerminal, stderr, stdout};

use json_subscriber::fmt::{Layer, layer};
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterFn, Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::held::StandardError;

/// The crates of this workspace, as log targets.
const OURS: [&str; 27] = [
    "admin",
    "api",
    "auth",
    "cloud",
    "cluster",
    "contacts",
    "dispatch",
    "domain",
    "http_kit",
    "http_server",
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logs {
    /// A line of JSON each, on standard output, for machines: `timestamp` (RFC 3339), `level`, `message`, and every field
    /// of the event and of its spans. Lambda files a line under its level only when it finds a
    /// `timestamp` and a `level` in it.
    Json,
    /// On standard error, for people, with colours where the terminal has them.
    Text,
}

/// Turns logging on, filtered by `RUST_LOG`, else by `default`. A second call changes nothing.
pub fn observe(logs: Logs, default: &str) {
    let directives = std::env::var("RUST_LOG").ok().filter(|text| !text.trim().is_empty());
    let directives = directives.as_deref().unwrap_or(default);
    let outcome = match logs {
        Logs::Json => json_lines(directives, stdout).try_init(),
        Logs::Text => tracing_subscriber::registry()
            .with(filter(directives))
            .with(
                tracing_subscriber::fmt::layer()
                    .with_ansi(stderr().is_terminal())
                    .with_target(false)
                    .with_writer(|| StandardError),
            )
            .try_init(),
    };
    if outcome.is_err() {
        tracing::debug!("Logging was on already.");
    }
}

/// The log as [`Logs::Json`], filtered by `directives`, to any writer.
pub fn json_lines<W>(directives: &str, writer: W) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    tracing_subscriber::registry().with(filter(directives)).with(json().with_writer(writer))
}

fn json<S: Subscriber + for<'span> LookupSpan<'span>>() -> Layer<S> {
    layer().flatten_event(true).flatten_span_list_on_top_level(true)
}

/// The spans with request, record and tenant are at INFO. They stay on at any level, so that every line has their fields.
fn filter(directives: &str) -> FilterFn<impl Fn(&Metadata<'_>) -> bool + use<>> {
    let targets = targets(directives);
    filter_fn(move |metadata| {
        let has_context = metadata.is_span() && *metadata.level() <= Level::INFO;
        has_context || targets.would_enable(metadata.target(), metadata.level())
    })
}

/// A level alone, `debug` for instance, is for our own crates. Libraries stay at INFO: at TRACE the SDK prints every
/// response, and one of them has the secret that was read. Levels by target, `info,sandbox=warn` for instance, are used as
/// they are; what cannot be read is INFO. (The filter that also reads fields and patterns would link a regex engine into
/// every function.)
fn targets(directives: &str) -> Targets {
    match directives.trim().parse::<LevelFilter>() {
        Ok(level) => Targets::new()
            .with_default(level.min(LevelFilter::INFO))
            .with_targets(OURS.map(|target| (target, level))),
        Err(_not_a_level) => {
            directives.parse().unwrap_or_else(|_unreadable| Targets::new().with_default(Level::INFO))
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

    /// The lines that `log` writes under a filter.
    fn logged(directives: &str, log: impl FnOnce()) -> Vec<Value> {
        let written = Written::default();
        let writer = written.clone();
        let json = json().with_writer(move || writer.clone());
        tracing::subscriber::with_default(
            tracing_subscriber::registry().with(filter(directives)).with(json),
            log,
        );
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_library_logs_nothing_below_info_at_any_level_of_ours() {
        let lines = logged("TRACE", || {
            tracing::trace!(target: "aws_smithy_runtime::client::orchestrator", response = "the secret");
            tracing::debug!(target: "hyper_util::client", "the request");
            tracing::info!(target: "lambda_runtime", "theirs");
            tracing::trace!("ours");
        });
        let messages: Vec<&Value> = lines.iter().map(|line| &line["message"]).collect();
        assert_eq!(messages, ["theirs", "ours"]);
    }

    #[test]
    fn at_any_level_a_line_has_the_fields_of_its_request() {
        let lines = logged("ERROR", || {
            let _request = tracing::info_span!("request", tenant = "t-1").entered();
            tracing::warn!("less");
            tracing::error!("grave");
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!((&lines[0]["message"], &lines[0]["tenant"]), (&"grave".into(), &"t-1".into()));
    }

    #[test]
    fn levels_by_target_are_used_as_they_are_and_rubbish_is_info() {
        let log = || {
            tracing::debug!(target: "sandbox", "sandbox");
            tracing::debug!(target: "store", "store");
            tracing::info!(target: "store", "store");
        };
        assert_eq!(logged("info,sandbox=debug", log).len(), 2);
        assert_eq!(logged("what, is=this", log).len(), 1);
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
    fn a_line_has_its_time_its_level_and_the_fields_of_its_spans() {
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
