//! What a status says that Meta charges is in its update, in Meta's words.

use std::path::Path;

use domain::updates::{MetaPricing, StatusUpdate, Update};
use meta::webhook;
use serde_json::Value;

/// Compares every status of the folder's webhooks; returns how many say what Meta charges.
pub(crate) fn compare(folder: &Path) -> usize {
    let mut said = 0;
    for file in std::fs::read_dir(folder).expect("the folder can be read") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("a file can be read");
        let (Ok(updates), Ok(body)) = (webhook::parse(&bytes), serde_json::from_slice::<Value>(&bytes))
        else {
            continue;
        };
        for update in updates {
            let Update::Status(update) = update else { continue };
            let expected = priced(&body, &update);
            assert_eq!(update.pricing, expected, "{body}");
            said += usize::from(expected.is_some());
        }
    }
    said
}

/// The pricing of the status that an update was read from, wherever in the body it stands.
fn priced(body: &Value, update: &StatusUpdate) -> Option<MetaPricing> {
    let is_it = body["id"].as_str() == Some(&update.wamid.0) && body.get("status").is_some();
    if is_it && body["status"].as_str().is_some_and(|word| word == update.status.as_str() || word == "played")
    {
        let pricing = [&body["pricing"], &body["conversation"]["pricing"]];
        let pricing = pricing.into_iter().find(|pricing| pricing.is_object())?;
        let words = ["pricing_model", "type", "category"].map(|name| pricing[name].as_str());
        return MetaPricing::of(pricing["billable"].as_bool(), words);
    }
    match body {
        Value::Array(items) => items.iter().find_map(|item| priced(item, update)),
        Value::Object(members) => members.values().find_map(|member| priced(member, update)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}
