//! What travels. Its spelling is a contract between two deployments: fields may be added, never renamed.

use domain::{MessageId, TenantId, Timer, TimerKind};
use serde::{Deserialize, Deserializer, Serialize};

use crate::trace::TraceContext;
use crate::{Group, Queue};

/// The body of a queue message.
pub trait Body: Serialize {
    /// The queue it travels on.
    const QUEUE: Queue;

    /// The tenant or account that it concerns.
    fn group(&self) -> Group;
}

/// A body on [`Queue::WakeUps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WakeUp {
    /// The tenant that has something due.
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

/// What a timer delivers when it fires: its own fields, and the trace of the request that set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    #[serde(flatten)]
    pub timer: Timer,
    #[serde(default, deserialize_with = "if_any", skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceContext>,
}

impl Scheduled {
    /// The timer, with the present trace.
    pub fn now(timer: Timer) -> Self {
        Self { timer, traceparent: crate::trace::current() }
    }
}

/// A message on [`Queue::WakeUps`] as it is read: a [`WakeUp`], or a [`Scheduled`] that the scheduler put there. What a later
/// version lets a timer start is refused, and left for that version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Due {
    pub tenant: TenantId,
    #[serde(default)]
    pub what: TimerKind,
    /// A timer's trace. The scheduler sets no attribute of a message.
    #[serde(default, deserialize_with = "if_any")]
    pub traceparent: Option<TraceContext>,
}

/// A trace that cannot be read must not keep a timer from firing.
fn if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TraceContext>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OLD: &str = r#"{"tenant":"0190163d-8694-739b-aea5-966c26f8ad91","minute":"2026-12-31T10:00:00Z"}"#;

    #[test]
    fn a_schedule_that_an_earlier_version_made_still_delivers_a_dispatch() {
        let bare: Scheduled = serde_json::from_str(OLD).unwrap();
        let timer: Timer = serde_json::from_str(OLD).unwrap();
        assert_eq!(bare, Scheduled { timer, traceparent: None });

        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let with_trace = |traceparent: &str| {
            let mut json: serde_json::Value = serde_json::from_str(OLD).unwrap();
            json["traceparent"] = traceparent.into();
            serde_json::from_value::<Scheduled>(json).unwrap()
        };
        let traced = with_trace(header);
        assert_eq!(traced, Scheduled { timer, traceparent: header.parse().ok() });
        assert_eq!(with_trace("00-nothing"), bare, "a trace that cannot be read is left out");
    }

    #[test]
    fn a_wake_up_and_a_timer_that_fired_are_read_from_one_queue() {
        let read = |json: String| serde_json::from_str::<Due>(&json);
        let timer: Timer = serde_json::from_str(OLD).unwrap();
        let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().ok();
        let due = Due { tenant: timer.tenant, what: TimerKind::Dispatch, traceparent };
        assert_eq!(read(serde_json::to_string(&Scheduled { timer, traceparent }).unwrap()).unwrap(), due);
        let wake_up = serde_json::to_string(&WakeUp { tenant: timer.tenant }).unwrap();
        assert_eq!(read(wake_up).unwrap(), Due { traceparent: None, ..due });
        assert_eq!(read(OLD.replace('}', r#","traceparent":"00-nothing"}"#)).unwrap().traceparent, None);
        assert!(read(OLD.replace('}', r#","what":"later"}"#)).is_err(), "it would be lost");
    }

    #[test]
    fn what_a_schedule_delivers_is_read_by_the_version_before() {
        let scheduled: Scheduled = serde_json::from_str(OLD).unwrap();
        assert_eq!(
            serde_json::to_value(scheduled).unwrap(),
            json!({
                "tenant": "0190163d-8694-739b-aea5-966c26f8ad91", "what": "dispatch",
                "at": "2026-12-31T10:00:00Z", "minute": "2026-12-31T10:00:00Z",
            })
        );
    }
}
