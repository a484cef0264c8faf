//! Metrics as log lines that CloudWatch reads: the embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use std::io::Write;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub const NAMESPACE: &str = "Tidings";
const ENVIRONMENT: &str = "Environment";

/// Names and values that a metric is filed under.
pub type Dimensions<'a> = &'a [(&'static str, &'a str)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Count,
    Seconds,
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
        }
    }
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    pub name: &'static str,
    pub unit: Unit,
    pub value: i64,
}

/// Writes measurements to standard output, for the environment that this process belongs to.
pub fn emit(metrics: &[Metric], now: Timestamp) {
    let environment = std::env::var("ENVIRONMENT").unwrap_or_else(|_unset| "local".to_owned());
    write(&line(metrics, &[(ENVIRONMENT, &environment)], now));
}

/// Writes a line to standard output, which is closed only when the process ends.
pub(crate) fn write(line: &Value) {
    writeln!(std::io::stdout().lock(), "{line}").unwrap_or_default();
}

pub(crate) fn line(metrics: &[Metric], dimensions: Dimensions<'_>, now: Timestamp) -> Value {
    let names: Vec<Value> =
        metrics.iter().map(|metric| json!({ "Name": metric.name, "Unit": metric.unit.name() })).collect();
    let mut line: Map<String, Value> =
        metrics.iter().map(|metric| (metric.name.to_owned(), metric.value.into())).collect();
    line.extend(dimensions.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))));
    line.insert("timestamp".to_owned(), now.to_string().into());
    line.insert("level".to_owned(), "INFO".into());
    line.insert("message".to_owned(), "metrics".into());
    let filed: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let directive = json!({ "Namespace": NAMESPACE, "Dimensions": [filed], "Metrics": names });
    line.insert(
        "_aws".to_owned(),
        json!({ "Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive] }),
    );
    line.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_directive_and_the_values() {
        let metrics = [
            Metric { name: "ParkedUpdates", unit: Unit::Count, value: 3 },
            Metric { name: "UnknownAgeSeconds", unit: Unit::Seconds, value: 90 },
        ];
        let line = line(&metrics, &[(ENVIRONMENT, "prod")], "2026-11-24T12:00:00Z".parse().unwrap());
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(line["_aws"]["Timestamp"], 1_795_521_600_000_i64);
        assert_eq!(directive["Namespace"], "Tidings");
        assert_eq!(directive["Dimensions"], json!([["Environment"]]));
        assert_eq!(directive["Metrics"][1], json!({ "Name": "UnknownAgeSeconds", "Unit": "Seconds" }));
        assert_eq!((&line["ParkedUpdates"], &line["UnknownAgeSeconds"]), (&json!(3), &json!(90)));
        assert_eq!(line["Environment"], "prod");
    }
}
