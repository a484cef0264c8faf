//! Queues in SQS: standard queues, fair by group. Receivers must not mind a message that comes twice or out of order.

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
use crate::{BODY_BYTES_MAX, CloudError, DELAY_MAX, Message, POSTPONE_MAX, Queue, Queues, ReceivedMessage};

/// Bytes of one call at most: those of one message.
const CALL_BYTES_MAX: usize = BODY_BYTES_MAX + ENVELOPE_BYTES;
/// The attribute of a dead letter that holds why it was parked.
const REASON: &str = "reason";
const REASON_CHARS_MAX: usize = 100;

pub(super) struct Sqs {
    sdk: SdkConfig,
    names: Names,
    client: OnceLock<Client>,
}

impl Sqs {
    pub(super) const fn new(sdk: SdkConfig, names: Names) -> Self {
        Self { sdk, names, client: OnceLock::new() }
    }

    fn url(&self, queue: Queue) -> Result<String, CloudError> {
        self.names.get(match queue {
            Queue::WakeUps => "WAKE_UPS_QUEUE_URL",
            Queue::Updates => "UPDATES_QUEUE_URL",
            Queue::Refunds => "REFUNDS_QUEUE_URL",
            Queue::Mail => "MAIL_QUEUE_URL",
        })
    }

    fn dead_letters_url(&self, queue: Queue) -> Result<String, CloudError> {
        self.names.get(match queue {
            Queue::WakeUps => "WAKE_UPS_DLQ_URL",
            Queue::Updates => "UPDATES_DLQ_URL",
            Queue::Refunds => "REFUNDS_DLQ_URL",
            Queue::Mail => "MAIL_DLQ_URL",
        })
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::new(&self.sdk))
    }

    async fn call(&self, url: &str, messages: &[Message], delay: i32) -> Result<Vec<Left>, CloudError> {
        let entries = messages.iter().enumerate().map(|(index, message)| entry(index, message, delay));
        let entries = entries.collect::<Result<_, _>>()?;
        let call = self.client().send_message_batch().queue_url(url).set_entries(Some(entries)).send();
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
        if queue == Queue::Mail {
            return Err(CloudError::new("only the event bus sends to the mail queue"));
        }
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

    async fn postpone(&self, queue: Queue, receipt: &str, delay: Duration) -> Result<(), CloudError> {
        let seconds = delay.min(POSTPONE_MAX).as_millis().div_ceil(1_000);
        let change = self.client().change_message_visibility().queue_url(self.url(queue)?);
        let change =
            change.receipt_handle(receipt).visibility_timeout(i32::try_from(seconds).unwrap_or(i32::MAX));
        change.send().await.map(drop).map_err(|error| refused("ChangeMessageVisibility", &error))
    }

    async fn park(&self, queue: Queue, received: ReceivedMessage, reason: &str) -> Result<(), CloudError> {
        let Message { body, group, traceparent } = received.message;
        let mut send = self
            .client()
            .send_message()
            .queue_url(self.dead_letters_url(queue)?)
            .message_body(body)
            .message_group_id(group.as_str())
            .message_attributes(REASON, attribute(reason_text(reason))?);
        if let Some(traceparent) = traceparent {
            send = send.message_attributes(TRACEPARENT, attribute(traceparent)?);
        }
        send.send().await.map(drop).map_err(|error| refused("SendMessage", &error))
    }
}

fn attribute(text: impl Into<String>) -> Result<MessageAttributeValue, CloudError> {
    let value = MessageAttributeValue::builder().data_type("String").string_value(text);
    value.build().map_err(|error| CloudError::of(&error))
}

/// SQS refuses an empty attribute and most control characters.
fn reason_text(reason: &str) -> String {
    let visible =
        |char: char| if char.is_control() || char == '\u{fffe}' || char == '\u{ffff}' { ' ' } else { char };
    let text: String = reason.chars().take(REASON_CHARS_MAX).map(visible).collect();
    if text.is_empty() { "unknown".to_owned() } else { text }
}

fn entry(index: usize, message: &Message, delay: i32) -> Result<SendMessageBatchRequestEntry, CloudError> {
    let mut entry = SendMessageBatchRequestEntry::builder()
        .id(index.to_string())
        .message_body(&message.body)
        .delay_seconds(delay)
        .message_group_id(message.group.as_str());
    if let Some(traceparent) = message.traceparent {
        entry = entry.message_attributes(TRACEPARENT, attribute(traceparent)?);
    }
    entry.build().map_err(|error| CloudError::of(&error))
}

fn left(output: &SendMessageBatchOutput) -> Vec<Left> {
    let failed = output.failed().iter();
    failed
        .map(|failed| Left {
            // The id is one of ours; another one would select nothing to send again.
            index: failed.id().parse().unwrap_or(usize::MAX),
            error: format!("SendMessageBatch: {}: {}", failed.code(), failed.message().unwrap_or_default()),
            is_final: failed.sender_fault(),
        })
        .collect()
}
