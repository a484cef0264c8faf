//! The outcome of every message, by recipient, beside what the sandbox documents.

use serde_json::Value;

use crate::story::scenario::MAGIC;

/// The documented outcome of a message to a recipient.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    /// A magic recipient, or `others`.
    pub recipient: &'static str,
    /// In words.
    pub documented: &'static str,
    status: &'static str,
    /// `None`: either is right.
    is_refunded: Option<bool>,
}

const fn expect(
    recipient: &'static str,
    documented: &'static str,
    status: &'static str,
    is_refunded: Option<bool>,
) -> Expected {
    Expected { recipient, documented, status, is_refunded }
}

const EXPECTED: [Expected; 11] = [
    expect(MAGIC[0], "sent, delivered, read", "READ", Some(false)),
    expect(MAGIC[1], "sent, then failed: refunded", "FAILED", Some(true)),
    expect(MAGIC[2], "accepted, then silence", "ACCEPTED", Some(false)),
    expect(MAGIC[3], "the answer is lost, its statuses find it", "READ", Some(false)),
    expect(MAGIC[4], "throttled twice, then accepted", "READ", Some(false)),
    expect(MAGIC[5], "refused: refunded", "FAILED", Some(true)),
    expect(MAGIC[6], "statuses doubled and out of order", "READ", Some(false)),
    expect(MAGIC[7], "the status overtakes the answer", "READ", Some(false)),
    // The order of two webhooks is not guaranteed: the first decides about the refund, never about the status.
    expect(MAGIC[8], "delivered, then failed: delivered", "DELIVERED", None),
    expect(MAGIC[9], "failed, then delivered: delivered", "DELIVERED", None),
    expect("others", "sent, delivered, read", "READ", Some(false)),
];

/// The outcome of one recipient's messages.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub expected: Expected,
    pub messages: usize,
    /// Each final status with its number of messages.
    pub statuses: Vec<(String, usize)>,
    pub refunded: usize,
    /// How many ended otherwise than documented.
    pub unexpected: usize,
}

pub(crate) fn outcomes(messages: &[Value], was_killed: bool) -> Vec<Outcome> {
    let is_to = |message: &&Value, expected: &Expected| {
        let to = message.get("to").and_then(Value::as_str).unwrap_or_default();
        if MAGIC.contains(&to) { to == expected.recipient } else { expected.recipient == "others" }
    };
    EXPECTED
        .into_iter()
        .map(|expected| {
            let theirs: Vec<&Value> = messages.iter().filter(|message| is_to(message, &expected)).collect();
            outcome(expected, &theirs, was_killed)
        })
        .collect()
}

fn outcome(expected: Expected, messages: &[&Value], was_killed: bool) -> Outcome {
    let status =
        |message: &Value| message.get("status").and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_refunded = |message: &Value| message.get("refund").is_some();
    let mut statuses: Vec<(String, usize)> = Vec::new();
    let (mut refunded, mut unexpected) = (0, 0);
    for message in messages {
        let status = status(message);
        refunded += usize::from(is_refunded(message));
        let as_documented =
            status == expected.status && expected.is_refunded.is_none_or(|due| due == is_refunded(message));
        // After a kill during a call it is unknown whether the call was made: such a message is refunded at the horizon.
        let as_killed =
            was_killed && is_refunded(message) && (status == "UNRESOLVED" || status == expected.status);
        unexpected += usize::from(!as_documented && !as_killed);
        match statuses.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count += 1,
            None => statuses.push((status, 1)),
        }
    }
    Outcome { expected, messages: messages.len(), statuses, refunded, unexpected }
}
