//! What travels. Its spelling is a contract between two deployments: fields may be added, never renamed.

use domain::{Batch, MessageId, TenantId};
use serde::{Deserialize, Deserializer, Serialize};

use crate::trace::TraceContext;
use crate::{Group, Queue};

/// The body of a queue message.
pub trait Body: Serialize {
    /// The queue it travels on.
    const QUEUE: Queue;

    /// Whose it is.
    fn group(&self) -> Group;
}

/// A body on [`Queue::WakeUps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WakeUp {
    /// Who has something due.
    pub tenant: TenantId,
}

impl Body for WakeUp {
    const QUEUE: Queue = Queue::WakeUps;

    fn group(&self) -> Group {
        self.tenant.into()
    }
}

/// A body on [`Queue::Refunds`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundJob {
    /// Whose money.
    pub tenant: TenantId,
    /// The messages whose debits are owed back.
    pub message_ids: Vec<MessageId>,
}

impl Body for RefundJob {
    const QUEUE: Queue = Queue::Refunds;

    fn group(&self) -> Group {
        self.tenant.into()
    }
}

/// What a schedule delivers: the batch's own fields, and the trace of the request that made the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    /// What is due.
    #[serde(flatten)]
    pub batch: Batch,
    /// The trace of whoever was the first in the batch.
    #[serde(default, deserialize_with = "if_any", skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceContext>,
}

impl Scheduled {
    /// The batch, with the present trace.
    pub fn now(batch: Batch) -> Self {
        Self { batch, traceparent: crate::trace::current() }
    }
}

/// A trace that cannot be read must not keep a batch from being sent.
fn if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TraceContext>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schedule_delivers_what_any_reader_of_a_batch_reads() {
        let batch =
            json!({ "tenant": "0190163d-8694-739b-aea5-966c26f8ad91", "minute": "2026-12-31T10:00:00Z" });
        let traced = |traceparent: &str| {
            let mut traced = batch.clone();
            traced["traceparent"] = traceparent.into();
            traced
        };
        let bare: Scheduled = serde_json::from_value(batch.clone()).unwrap();
        assert_eq!(bare.traceparent, None);
        assert_eq!(serde_json::to_value(bare).unwrap(), batch);

        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let whole: Scheduled = serde_json::from_value(traced(header)).unwrap();
        assert_eq!(whole.traceparent, header.parse().ok());
        assert_eq!(serde_json::to_value(whole).unwrap(), traced(header));
        assert_eq!(serde_json::from_value::<Batch>(traced(header)).unwrap(), whole.batch);

        let spoiled: Scheduled = serde_json::from_value(traced("00-nothing")).unwrap();
        assert_eq!(spoiled, bare);
    }
}
