//! Queues in SQS. Standard ones: what comes twice or out of order is the receiver's affair, and fair by group.

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use aws_types::SdkConfig;

use super::Names;
use super::batch::{Left, calls, deliver};
use super::refused::refused;
use crate::message::{ENVELOPE_BYTES, takeable, without_oversized};
use crate::trace::TRACEPARENT;
use crate::{BODY_BYTES_MAX, CloudError, DELAY_MAX, Message, Queue, Queues};

/// Bytes of one call at most: those of one message.
const CALL_BYTES_MAX: usize = BODY_BYTES_MAX + ENVELOPE_BYTES;

pub(super) struct Sqs {
    sdk: SdkConfig,
    names: Names,
    client: OnceLock<Client>,
}

impl Sqs {
    pub(super) const fn new(sdk: SdkConfig, names: Names) -> Self {
        Self { sdk, names, client: OnceLock::new() }
    }

    /// Nobody sends to the mail queue but the event bus.
    fn url(&self, queue: Queue) -> Result<String, CloudError> {
        self.names.get(match queue {
            Queue::WakeUps => "WAKE_UPS_QUEUE_URL",
            Queue::Updates => "UPDATES_QUEUE_URL",
            Queue::Refunds => "REFUNDS_QUEUE_URL",
            Queue::Mail => return Err(CloudError::new("the mail queue is fed by the event bus")),
        })
    }

    async fn call(&self, url: &str, messages: &[Message], delay: i32) -> Result<Vec<Left>, CloudError> {
        let entries = messages.iter().enumerate().map(|(index, message)| entry(index, message, delay));
        let entries = entries.collect::<Result<_, _>>()?;
        let client = self.client.get_or_init(|| Client::new(&self.sdk));
        let call = client.send_message_batch().queue_url(url).set_entries(Some(entries)).send();
        Ok(left(&call.await.map_err(|error| refused("SendMessageBatch", &error))?))
    }
}

#[async_trait]
impl Queues for Sqs {
    async fn send(
        &self,
        queue: Queue,
        mut messages: Vec<Message>,
        delay: Duration,
    ) -> Result<(), CloudError> {
        let url = self.url(queue)?;
        for message in &mut messages {
            message.body = takeable(std::mem::take(&mut message.body));
        }
        let mut outcome = without_oversized(&mut messages);
        let delay = i32::try_from(delay.min(DELAY_MAX).as_millis().div_ceil(1_000)).unwrap_or(i32::MAX);
        for call in calls(messages, CALL_BYTES_MAX, |message| message.body.len() + ENVELOPE_BYTES) {
            let url = url.as_str();
            let sent = deliver(call, |messages| {
                let messages = messages.to_vec();
                async move { self.call(url, &messages, delay).await }
            });
            outcome = sent.await.and(outcome);
        }
        outcome
    }
}

fn entry(index: usize, message: &Message, delay: i32) -> Result<SendMessageBatchRequestEntry, CloudError> {
    let mut entry = SendMessageBatchRequestEntry::builder()
        .id(index.to_string())
        .message_body(&message.body)
        .delay_seconds(delay)
        .message_group_id(message.group.as_str());
    if let Some(traceparent) = message.traceparent {
        let value = MessageAttributeValue::builder().data_type("String").string_value(traceparent);
        let value = value.build().map_err(|error| CloudError::of(&error))?;
        entry = entry.message_attributes(TRACEPARENT, value);
    }
    entry.build().map_err(|error| CloudError::of(&error))
}

fn left(output: &SendMessageBatchOutput) -> Vec<Left> {
    let failed = output.failed().iter();
    failed
        .map(|failed| Left {
            // An id that is not ours cannot be; it would be nothing to send again.
            index: failed.id().parse().unwrap_or(usize::MAX),
            why: format!("SendMessageBatch: {}: {}", failed.code(), failed.message().unwrap_or_default()),
            is_final: failed.sender_fault(),
        })
        .collect()
}
