//! Domain events on EventBridge. Its rules decide which target gets them.

use std::sync::OnceLock;

use async_trait::async_trait;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::put_events::PutEventsOutput;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_types::SdkConfig;
use domain::events::DomainEvent;

use super::Names;
use super::batch::{Left, calls, deliver};
use super::refused::refused;
use crate::message::takeable;
use crate::{CloudError, Events};

/// The source of our events.
const SOURCE: &str = "tidings";
/// Bytes of one call at most; EventBridge takes 256 KiB.
const CALL_BYTES_MAX: usize = 250_000;
/// Bytes of an event beside its detail, generously.
const ENVELOPE_BYTES: usize = 256;
/// Errors of an entry that a later call may not have: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html>.
const PASSING: [&str; 3] = ["ThrottlingException", "InternalFailure", "InternalException"];

pub(super) struct EventBridge {
    sdk: SdkConfig,
    names: Names,
    client: OnceLock<Client>,
}

impl EventBridge {
    pub(super) const fn new(sdk: SdkConfig, names: Names) -> Self {
        Self { sdk, names, client: OnceLock::new() }
    }

    async fn call(&self, entries: Vec<PutEventsRequestEntry>) -> Result<Vec<Left>, CloudError> {
        let client = self.client.get_or_init(|| Client::new(&self.sdk));
        let put = client.put_events().set_entries(Some(entries)).send();
        Ok(left(&put.await.map_err(|error| refused("PutEvents", &error))?))
    }
}

#[async_trait]
impl Events for EventBridge {
    async fn publish(&self, events: &[DomainEvent]) -> Result<(), CloudError> {
        let bus = self.names.get("EVENT_BUS_NAME")?;
        let entries = events.iter().map(|event| entry(event, &bus)).collect::<Result<Vec<_>, _>>()?;
        let bytes = |entry: &PutEventsRequestEntry| entry.detail().map_or(0, str::len) + ENVELOPE_BYTES;
        let mut outcome = Ok(());
        for call in calls(entries, CALL_BYTES_MAX, bytes) {
            outcome = deliver(call, |entries| self.call(entries.to_vec())).await.and(outcome);
        }
        outcome
    }
}

fn entry(event: &DomainEvent, bus: &str) -> Result<PutEventsRequestEntry, CloudError> {
    let detail = serde_json::to_string(event).map_err(|error| CloudError::of(&error))?;
    let entry = PutEventsRequestEntry::builder().source(SOURCE).detail_type(event.name());
    // A rule may pass it on to a queue unchanged.
    Ok(entry.detail(takeable(detail)).event_bus_name(bus).build())
}

/// The results are in the order of the entries.
fn left(output: &PutEventsOutput) -> Vec<Left> {
    let answers = output.entries().iter().enumerate();
    answers
        .filter_map(|(index, answer)| {
            let code = answer.error_code()?;
            let error = format!("PutEvents: {code}: {}", answer.error_message().unwrap_or_default());
            Some(Left { index, error, is_final: !PASSING.contains(&code) })
        })
        .collect()
}
