//! The files of `events/`, and what each must be answered with.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::deploy_check::services::MetaApp;
use tidings::error::LocalError;

/// The error of an invocation of which every record failed.
const ALL_FAILED: &str = "AllFailed";

/// One event of a function.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Its file, below `events/`.
    pub name: String,
    /// What the function is given.
    pub given: Value,
    /// What is expected of it.
    pub expected: Expected,
}

/// What is expected of an answer; anything else may have any value.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Expected {
    /// The status of an HTTP answer.
    pub status: Option<u16>,
    /// A text that the body of an HTTP answer holds.
    pub body_holds: Option<String>,
    /// How many records of a queue are to be delivered again. All of them make an invocation that fails.
    pub failures: Option<usize>,
    /// Members that the answer has.
    pub answer: Option<Value>,
}

/// The events of a function, in the order of their names, each with what is expected of it.
pub(crate) fn of(root: &Path, function: &str) -> Result<Vec<Event>, LocalError> {
    let expectations: serde_json::Map<String, Value> = read(&root.join("events/expected.json"))?;
    let mut events = Vec::new();
    for (name, expected) in expectations {
        if name.split('/').next() != Some(function) {
            continue;
        }
        let expected = serde_json::from_value(expected)
            .map_err(|error| LocalError::Call(format!("events/expected.json, {name}: {error}")))?;
        let given = read(&root.join("events").join(&name))?;
        events.push(Event { name, given, expected });
    }
    Ok(events)
}

/// The Meta app that the webhooks among the events are signed by.
pub(crate) fn meta_app(root: &Path) -> Result<MetaApp, LocalError> {
    #[derive(Deserialize)]
    struct Secrets {
        #[serde(rename = "META_SECRET_ARN")]
        meta: MetaApp,
    }
    read::<Secrets>(&root.join("events/secrets.json")).map(|secrets| secrets.meta)
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, LocalError> {
    let failed = |source| LocalError::File { what: "read", path: path.to_path_buf(), source };
    let text = std::fs::read_to_string(path).map_err(failed)?;
    serde_json::from_str(&text).map_err(|error| failed(error.into()))
}

impl Expected {
    /// An error that says what is wrong with an answer.
    pub fn check(&self, given: &Value, answer: &Value) -> Result<(), String> {
        let records = given.get("Records").and_then(Value::as_array).map(Vec::len);
        let do_all_fail = self.failures.is_some_and(|failures| failures > 0) && self.failures == records;
        if do_all_fail {
            let is_failed = answer.get("errorType").and_then(Value::as_str) == Some(ALL_FAILED);
            return if is_failed { Ok(()) } else { Err(format!("not a failed invocation but {answer}")) };
        }
        if let Some(error) = answer.get("errorType") {
            return Err(format!(
                "it failed: {error}: {}",
                answer.get("errorMessage").unwrap_or(&Value::Null)
            ));
        }
        if let Some(status) = self.status
            && answer.get("statusCode").and_then(Value::as_u64) != Some(u64::from(status))
        {
            return Err(format!("not {status} but {answer}"));
        }
        let body = answer.get("body").and_then(Value::as_str).unwrap_or_default();
        if let Some(text) = self.body_holds.as_ref().filter(|text| !body.contains(*text)) {
            return Err(format!("its body does not contain {text:?}: {body}"));
        }
        let failures = answer.get("batchItemFailures").and_then(Value::as_array).map(Vec::len);
        if let Some(expected) = self.failures
            && failures != Some(expected)
        {
            return Err(format!("not {expected} failures but {answer}"));
        }
        match &self.answer {
            Some(expected) if !has(answer, expected) => Err(format!("{answer} does not contain {expected}")),
            Some(_) | None => Ok(()),
        }
    }
}

/// Whether every member that is expected is there.
fn has(answer: &Value, expected: &Value) -> bool {
    match (answer, expected) {
        (Value::Object(answer), Value::Object(expected)) => {
            expected.iter().all(|(name, value)| answer.get(name).is_some_and(|theirs| has(theirs, value)))
        }
        _ => answer == expected,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_must_have_everything_that_is_expected_and_an_error_is_never_expected() {
        let one = json!({});
        let http =
            Expected { status: Some(401), body_holds: Some("token".to_owned()), ..Expected::default() };
        assert!(http.check(&one, &json!({ "statusCode": 401, "body": "no token" })).is_ok());
        assert!(http.check(&one, &json!({ "statusCode": 401, "body": "" })).is_err());
        assert!(http.check(&one, &json!({ "statusCode": 200, "body": "token" })).is_err());
        let queue = Expected { failures: Some(1), ..Expected::default() };
        assert!(queue.check(&one, &json!({ "batchItemFailures": [{ "itemIdentifier": "1" }] })).is_ok());
        assert!(queue.check(&one, &json!({ "batchItemFailures": [] })).is_err());
        let poison = json!({ "Records": [{}] });
        assert!(queue.check(&poison, &json!({ "errorType": "AllFailed" })).is_ok());
        assert!(queue.check(&poison, &json!({ "batchItemFailures": [{ "itemIdentifier": "1" }] })).is_err());
        assert!(queue.check(&poison, &json!({ "errorType": "StoreError" })).is_err());
        let any = Expected { answer: Some(json!({ "a": { "b": 1 } })), ..Expected::default() };
        assert!(
            any.check(&one, &json!({ "a": { "b": 1, "c": 2 } })).is_ok()
                && any.check(&one, &json!({})).is_err()
        );
        assert!(Expected::default().check(&one, &json!({ "errorType": "panic" })).is_err());
    }
}
