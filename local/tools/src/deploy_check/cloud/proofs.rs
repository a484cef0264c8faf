//! What the story alone does not prove: that schedules woke the dispatcher, and that an unreadable record becomes a dead
//! letter.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::deploy_check::aws::Cloud;
use crate::deploy_check::cloud::stack::Stack;
use crate::deploy_check::site::Site;
use tidings::error::LocalError;

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Visibility between two tries; the template's is six time-outs.
const HIDDEN_SECONDS: &str = "1";
const POISON: &str = "this is not JSON";
const POISON_LIMIT: Duration = Duration::from_mins(2);
/// A call begins within this time after its schedule fired; the sweeper would begin after half a minute at the earliest.
const AT_ONCE_MS: i64 = 20_000;

/// Notes every schedule of the group that is ever there, until it is dropped.
pub(crate) async fn watch(cloud: &Cloud, group: &str, seen: &mut BTreeSet<String>) -> LocalError {
    loop {
        match cloud.schedules(group).await {
            Ok(names) => seen.extend(names),
            Err(error) => return error,
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The one-time schedules that were there have fired, each has woken the dispatcher, and all are gone.
pub(crate) async fn fired(
    site: &Site,
    cloud: &Cloud,
    group: &str,
    seen: &BTreeSet<String>,
) -> Result<(), LocalError> {
    let left: BTreeSet<String> = cloud.schedules(group).await?.into_iter().collect();
    let gone: BTreeSet<&String> = seen.difference(&left).collect();
    let fired = firings(site)?;
    if gone.is_empty() {
        return Err(LocalError::Call("no schedule was ever seen to come and go".to_owned()));
    }
    let calls = calls(cloud).await?;
    for name in gone {
        let firing = fired.iter().find(|firing| firing.name == *name);
        let firing = firing.ok_or_else(|| LocalError::Call(format!("{name} went without having fired")))?;
        if !calls.iter().any(|call| (firing.at_ms..firing.at_ms + AT_ONCE_MS).contains(call)) {
            return Err(LocalError::Call(format!("{name} fired, and the dispatcher was not called")));
        }
    }
    Ok(())
}

struct Firing {
    at_ms: i64,
    name: String,
}

/// The firings in the emulator's output: `fired MILLISECONDS NAME TARGET`.
fn firings(site: &Site) -> Result<Vec<Firing>, LocalError> {
    let path = site.logs().join("cloud.out");
    let text =
        std::fs::read_to_string(&path).map_err(|source| LocalError::File { what: "read", path, source })?;
    Ok(text.lines().filter_map(firing).collect())
}

fn firing(line: &str) -> Option<Firing> {
    let mut words = line.strip_prefix("fired ")?.split(' ');
    let at_ms = words.next()?.parse().ok()?;
    let name = words.next()?.to_owned();
    words.next()?.contains("WakeUpsQueue").then_some(Firing { at_ms, name })
}

/// When the dispatcher was called, in milliseconds.
async fn calls(cloud: &Cloud) -> Result<Vec<i64>, LocalError> {
    let groups =
        super::logs::pages(cloud, "Logs_20140328.DescribeLogGroups", &json!({}), "logGroups").await?;
    let mut calls = Vec::new();
    for group in groups {
        let name = group.get("logGroupName").and_then(Value::as_str).unwrap_or_default();
        if !name.to_lowercase().contains("dispatch") {
            continue;
        }
        let asked = json!({ "logGroupName": name });
        let events = super::logs::pages(cloud, "Logs_20140328.FilterLogEvents", &asked, "events").await?;
        let is_start = |event: &&Value| {
            event.get("message").and_then(Value::as_str).is_some_and(|line| line.starts_with("START "))
        };
        let time = |event: &Value| event.get("timestamp").and_then(Value::as_i64);
        calls.extend(events.iter().filter(is_start).filter_map(time));
    }
    Ok(calls)
}

/// After a clean story no queue has dead letters.
pub(crate) async fn no_dead_letters(cloud: &Cloud, stack: &Stack) -> Result<(), LocalError> {
    for (name, url) in stack.outputs("DlqUrl") {
        let depth = cloud.depth(url).await?;
        if depth > 0 {
            return Err(LocalError::Call(format!("{name}: {depth} dead letters")));
        }
    }
    Ok(())
}

/// An unreadable record becomes a dead letter after its tries.
pub(crate) async fn poison(cloud: &Cloud, stack: &Stack) -> Result<(), LocalError> {
    let (queue, dead) = (stack.output("UpdatesQueueUrl")?, stack.output("UpdatesDlqUrl")?);
    let hidden = json!({ "QueueUrl": queue, "Attributes": { "VisibilityTimeout": HIDDEN_SECONDS } });
    cloud.call("AmazonSQS.SetQueueAttributes", &hidden).await?;
    cloud.call("AmazonSQS.SendMessage", &json!({ "QueueUrl": queue, "MessageBody": POISON })).await?;
    let since = Instant::now();
    while since.elapsed() < POISON_LIMIT {
        let messages = cloud.call("AmazonSQS.ReceiveMessage", &json!({ "QueueUrl": dead })).await?;
        if messages.pointer("/Messages/0/Body").and_then(Value::as_str) == Some(POISON) {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Err(LocalError::Call(format!("it was not a dead letter after {} s", POISON_LIMIT.as_secs())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_firing_that_wakes_the_dispatcher_is_read_and_another_is_not() {
        let ours = firing("fired 1795562925480 batch-1 arn:aws:sqs:x:1:s-WakeUpsQueue-1").unwrap();
        assert_eq!((ours.at_ms, ours.name.as_str()), (1_795_562_925_480, "batch-1"));
        assert!(firing("fired 1795562925480 sweep arn:aws:lambda:x:1:function:SweepFunction").is_none());
        assert!(firing("placeholder: AWS::EC2::EIP Ip").is_none());
    }
}
