//! The logs of the functions: every line is JSON, and none contains personal data or secrets.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::deploy_check::aws::Cloud;
use runtime::tally::{FAILED, HANDLED};
use tidings::error::LocalError;
use tidings::machine::metrics;

/// Lines that the emulator writes around each call, as AWS does.
const PLATFORM: [&str; 4] = ["START RequestId:", "END RequestId:", "REPORT RequestId:", "XRAY TraceId:"];
/// How the numbers of the story begin, with or without the plus.
const PHONES: &str = "1555";
const PHONE_LENGTH: usize = 11;
/// How a session's token begins: base64 of `{"`.
const TOKENS: &str = "eyJ";
const TOKEN_LENGTH: usize = 30;
/// Bad lines that are shown.
const SHOWN: usize = 5;

/// The log of every function, by its group.
#[derive(Debug)]
pub(crate) struct Logs {
    lines: Vec<(String, String)>,
}

impl Logs {
    pub async fn read(cloud: &Cloud) -> Result<Self, LocalError> {
        let groups = pages(cloud, "Logs_20140328.DescribeLogGroups", &json!({}), "logGroups").await?;
        let mut lines = Vec::new();
        for group in &groups {
            let Some(name) = group.get("logGroupName").and_then(Value::as_str) else { continue };
            let asked = json!({ "logGroupName": name });
            for event in pages(cloud, "Logs_20140328.FilterLogEvents", &asked, "events").await? {
                lines.extend(ours(&event).map(|line| (name.to_owned(), line)));
            }
        }
        Ok(Self { lines })
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|(_, line)| line.as_str())
    }

    /// Every line is JSON with a timestamp and a level.
    pub fn are_json(&self) -> Result<(), String> {
        if self.lines.is_empty() {
            return Err("there are no lines".to_owned());
        }
        none(
            "are not JSON with a timestamp and a level",
            self.lines.iter().filter(|(_, line)| !is_json(line)),
        )
    }

    /// No phone number, no token, and none of these words.
    pub fn contain_none_of(&self, words: &[&str]) -> Result<(), String> {
        let is_bad =
            |line: &str| has_phone(line) || has_token(line) || words.iter().any(|word| line.contains(word));
        none("contain a phone number or a secret", self.lines.iter().filter(|(_, line)| is_bad(line)))
    }

    /// Every metric that an alarm reads was written in the embedded metric format.
    pub fn have_metrics(&self) -> Result<(), String> {
        let written: BTreeSet<String> = self.lines.iter().flat_map(|(_, line)| measured(line)).collect();
        let all = metrics().chain([HANDLED, FAILED]);
        let missing: Vec<&str> = all.filter(|name| !written.contains(*name)).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("no function wrote {}", missing.join(", "))) }
    }
}

/// The names of the metrics that a line has values of (embedded metric format).
fn measured(line: &str) -> Vec<String> {
    let line: Value = serde_json::from_str(line).unwrap_or_default();
    let metrics = line.pointer("/_aws/CloudWatchMetrics/0/Metrics").and_then(Value::as_array);
    let names = metrics.into_iter().flatten().filter_map(|metric| metric.get("Name")?.as_str());
    names.filter(|name| line.get(*name).is_some_and(Value::is_number)).map(str::to_owned).collect()
}

/// The line of an event, unless the platform wrote it.
fn ours(event: &Value) -> Option<String> {
    let line = event.get("message")?.as_str()?.trim();
    let is_ours = !line.is_empty() && !PLATFORM.iter().any(|start| line.starts_with(start));
    is_ours.then(|| line.to_owned())
}

fn none<'a>(what: &str, bad: impl Iterator<Item = &'a (String, String)>) -> Result<(), String> {
    let bad: Vec<&(String, String)> = bad.collect();
    if bad.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = bad.iter().take(SHOWN).map(|(group, line)| format!("{group}: {line}")).collect();
    Err(format!("{} lines {what}:\n{}", bad.len(), shown.join("\n")))
}

fn is_json(line: &str) -> bool {
    let line: Value = serde_json::from_str(line).unwrap_or_default();
    let has = |name: &str| line.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    has("timestamp") && has("level")
}

/// Eleven digits in a row that begin like the story's phones.
fn has_phone(line: &str) -> bool {
    line.split(|sign: char| !sign.is_ascii_digit())
        .any(|digits| digits.len() == PHONE_LENGTH && digits.starts_with(PHONES))
}

fn has_token(line: &str) -> bool {
    line.split(|sign: char| !sign.is_ascii_alphanumeric() && !"-_.".contains(sign))
        .any(|word| word.len() > TOKEN_LENGTH && word.starts_with(TOKENS))
}

/// Every page of a list.
pub(crate) async fn pages(
    cloud: &Cloud,
    call: &str,
    asked: &Value,
    member: &str,
) -> Result<Vec<Value>, LocalError> {
    let (mut all, mut asked) = (Vec::new(), asked.clone());
    loop {
        let mut page = cloud.call(call, &asked).await?;
        if let Some(Value::Array(rows)) = page.get_mut(member).map(Value::take) {
            all.extend(rows);
        }
        let next = page.get("nextToken").and_then(Value::as_str).unwrap_or_default();
        if next.is_empty() || asked.get("nextToken").and_then(Value::as_str) == Some(next) {
            return Ok(all);
        }
        if let Some(members) = asked.as_object_mut() {
            members.insert("nextToken".to_owned(), Value::from(next));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logs(line: &str) -> Logs {
        Logs { lines: vec![("group".to_owned(), line.to_owned())] }
    }

    #[test]
    fn a_line_that_is_not_json_a_phone_and_a_token_are_found() {
        let fine = r#"{"timestamp":"2026-11-24T00:00:00Z","level":"INFO","id":"15550000001234567890"}"#;
        assert!(logs(fine).are_json().is_ok() && logs(fine).contain_none_of(&["hush"]).is_ok());
        assert!(logs("thread panicked").are_json().is_err());
        assert!(logs(r#"{"level":"INFO"}"#).are_json().is_err());
        assert!(logs(fine).have_metrics().unwrap_err().contains("MetaRefused"));
        let values = r#"{"_aws":{"CloudWatchMetrics":[{"Metrics":[{"Name":"A"},{"Name":"B"}]}]},"A":1}"#;
        assert_eq!(measured(values), ["A"]);
        for line in [
            "to +15550000001",
            "wa_id\":\"15551230000\"",
            "Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.x",
            "hush",
        ] {
            assert!(logs(line).contain_none_of(&["hush"]).is_err(), "{line}");
        }
    }
}
