//! Waits until every message has come to rest.

use std::time::Duration;

use serde_json::Value;

use crate::progress::bar;
use crate::story::backend::Backend;
use crate::story::scenario::{Scenario, all};
use tidings::error::LocalError;
use tidings::say::say;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looks before the story gives up.
const LOOKS_MAX: u32 = 600;
/// Looks in a row that must find the same: statuses may still be on their way from another instance's Meta.
const STILL: u32 = 4;

/// Returns every message as the API shows it at rest.
pub(crate) async fn wait(
    scenario: &Scenario,
    backend: Option<&Backend<'_>>,
) -> Result<Vec<Value>, LocalError> {
    let bar = bar("Sending", scenario.len());
    let (mut still, mut last) = (0, Vec::new());
    let mut tenants = scenario.tenants.clone();
    for look in 0..LOOKS_MAX {
        if look % 300 == 299 {
            tenants = scenario.renewed().await?;
        }
        let mut messages = Vec::new();
        for tenant in &tenants {
            messages.extend(all(&tenant.client, "/messages").await?);
        }
        let resting = messages.iter().filter(|message| is_at_rest(message)).count();
        bar.set_position(u64::try_from(resting).unwrap_or(0));
        let is_quiet = match backend {
            Some(backend) => backend.is_quiet().await?,
            None => true,
        };
        bar.set_message(waited_for(resting == scenario.len(), is_quiet));
        still = if messages == last && resting == scenario.len() && is_quiet { still + 1 } else { 0 };
        last = messages;
        if still == STILL {
            bar.finish();
            return Ok(last);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    bar.abandon();
    say("Not everything came to rest; the table shows what is stuck.");
    Ok(last)
}

/// What the story waits for: a full bar alone would not say why it goes on.
fn waited_for(has_all: bool, is_quiet: bool) -> &'static str {
    match (has_all, is_quiet) {
        (false, _) => "Sending",
        (true, false) => "Emptying the queues",
        (true, true) => "Seeing that it stays so",
    }
}

fn is_at_rest(message: &Value) -> bool {
    let status = message.get("status").and_then(Value::as_str).unwrap_or_default();
    let is_owed = status == "FAILED" && message.get("refund").is_none();
    !matches!(status, "PENDING" | "SENDING" | "UNKNOWN") && !is_owed
}
