//! Operators' commands, invoked on the deployed function.

use serde_json::{Value, json};
use store::testing::audit;
use store::{Store, StoreError, SystemOperation, SystemTx};

use crate::deploy_check::aws::Cloud;
use crate::deploy_check::cloud::stack::Stack;
use tidings::error::LocalError;

/// Every command answers about a message of the story as an operator expects, and what it orders is undone again.
pub(crate) async fn check(cloud: &Cloud, stack: &Stack, store: &Store) -> Result<(), LocalError> {
    let function = stack.output("MigrateFunctionName")?;
    let invoke = async |payload: Value| cloud.invoke(function, &payload).await;
    let now = domain::SystemAct::at(domain::Clock::System.now());
    let some = store.perform_system(&now, &SomeMessage).await?;
    let message = some.ok_or_else(|| LocalError::Call("the story sent no message".to_owned()))?;
    expect(&invoke(json!({ "command": "audit", "atRest": true })).await?, "/isClean", &json!(true))?;
    let report = invoke(json!({ "command": "message", "id": message })).await?;
    expect(&report, "/messageId", &json!(message))?;
    let tenant = report.pointer("/tenant/slug").cloned().unwrap_or_default();
    let why = invoke(json!({ "command": "why", "id": message })).await?;
    expect(&why, "/status", report.get("status").unwrap_or(&Value::Null))?;
    let about = invoke(json!({ "command": "tenant", "tenant": tenant })).await?;
    expect(&about, "/slug", &tenant)?;
    for (command, is_paused) in [("pause", true), ("resume", false)] {
        let order =
            json!({ "command": command, "tenant": tenant, "by": "deploy-check", "reason": "a check" });
        let held = invoke(order).await?;
        expect(&held, "/isPaused", &json!(is_paused))?;
        expect(&held, "/isChanged", &json!(true))?;
    }
    let erase = json!({
        "command": "erase", "tenant": tenant, "contact": report.get("contactId"), "by": "deploy-check", "reason": "a check",
    });
    expect(&invoke(erase).await?, "/wasErasedBefore", &json!(false))?;
    expect(&invoke(json!({ "command": "audit", "atRest": true })).await?, "/isClean", &json!(true))
}

fn expect(answer: &Value, pointer: &str, expected: &Value) -> Result<(), LocalError> {
    if answer.pointer(pointer) == Some(expected) {
        return Ok(());
    }
    Err(LocalError::Call(format!("not {expected} at {pointer} but {answer}")))
}

/// A message that was attempted.
struct SomeMessage;

impl SystemOperation for SomeMessage {
    const NAME: &'static str = "some_message";
    type Done = Option<domain::MessageId>;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Self::Done, StoreError> {
        Ok(audit::ledgered(tx).await?.first().map(|row| row.message_id))
    }
}
