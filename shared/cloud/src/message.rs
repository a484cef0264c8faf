//! One message on its way to a queue.

use domain::TenantId;

use crate::CloudError;
use crate::trace::{self, TraceContext};

/// Bytes of a body at most: SQS takes a mebibyte, with the group and the trace in it.
pub const BODY_BYTES_MAX: usize = 1_048_576 - ENVELOPE_BYTES;
/// Bytes of a message beside its body at most.
pub(crate) const ENVELOPE_BYTES: usize = 256;

/// The tenant or account that a message concerns. When one group has very many messages, the messages of other groups are
/// received between them (SQS' fair queues).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group(String);

impl Group {
    /// Characters at most.
    const CHARS_MAX: usize = 128;

    /// Without the characters that SQS refuses in a name, because a refused name would refuse its message too.
    pub fn named(name: &str) -> Self {
        let name: String = name.chars().filter(char::is_ascii_graphic).take(Self::CHARS_MAX).collect();
        if name.is_empty() { Self("none".to_owned()) } else { Self(name) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<TenantId> for Group {
    fn from(tenant: TenantId) -> Self {
        Self(tenant.to_string())
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// JSON.
    pub body: String,
    pub group: Group,
    pub traceparent: Option<TraceContext>,
}

impl Message {
    /// A message of the present trace.
    pub fn new(group: Group, body: String) -> Self {
        Self { body, group, traceparent: trace::current() }
    }
}

/// A message that was received and is being worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// SQS' receipt handle; on one machine the receipt of the row.
    pub receipt: String,
    pub message: Message,
}

/// SQS refuses two characters that JSON has as they are: they are escaped, which is the same text for the receiver.
#[cfg(feature = "aws")]
pub(crate) fn takeable(json: String) -> String {
    if !json.contains(['\u{fffe}', '\u{ffff}']) {
        return json;
    }
    json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}

/// Removes the messages that no queue takes. The error is to be returned after the others were sent.
pub fn without_oversized(messages: &mut Vec<Message>) -> Result<(), CloudError> {
    let all = messages.len();
    messages.retain(|message| message.body.len() <= BODY_BYTES_MAX);
    match all - messages.len() {
        0 => Ok(()),
        few => Err(CloudError::new(format!("{few} of {all} bodies are over {BODY_BYTES_MAX} bytes"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_becomes_one_that_a_queue_takes() {
        for (name, group) in [
            ("106540352242922", "106540352242922"),
            ("0190163d-8694", "0190163d-8694"),
            ("a b\u{e9}\n\0c", "abc"),
            ("", "none"),
            ("\u{1f600}", "none"),
        ] {
            assert_eq!(Group::named(name).as_str(), group, "{name:?}");
        }
        assert_eq!(Group::named(&"x".repeat(500)).as_str().len(), 128);
    }
}
