//! What is to happen for a tenant at a time: the content of a one-time schedule.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::TenantId;

/// What a timer starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TimerKind {
    /// Send what the tenant has due.
    #[default]
    Dispatch,
}

/// One timer. Two timers of one tenant, kind and minute have the same name, so setting it twice sets it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "TimerBody", try_from = "TimerBody")]
pub struct Timer {
    pub tenant: TenantId,
    pub what: TimerKind,
    /// When it fires, to the second.
    pub at: Timestamp,
}

/// `b-<tenant>-<unix minute>` for a dispatch: 46 characters, within the scheduler's 64.
impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            TimerKind::Dispatch => write!(f, "b-{}-{}", self.tenant.0.simple(), self.at.as_second() / 60),
        }
    }
}

/// The JSON of a timer. A timer of an earlier version has no kind and calls its time `minute`; a dispatch is still written
/// with `minute` too, so that a version that is rolled back reads it.
#[derive(Serialize, Deserialize)]
struct TimerBody {
    tenant: TenantId,
    #[serde(default)]
    what: TimerKind,
    at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minute: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Error)]
#[error("a timer needs `at`")]
struct NoTime;

impl From<Timer> for TimerBody {
    fn from(Timer { tenant, what, at }: Timer) -> Self {
        let minute = match what {
            TimerKind::Dispatch => Some(at),
        };
        Self { tenant, what, at: Some(at), minute }
    }
}

impl TryFrom<TimerBody> for Timer {
    type Error = NoTime;

    fn try_from(body: TimerBody) -> Result<Self, NoTime> {
        let at = body.at.or(body.minute).ok_or(NoTime)?;
        Ok(Self { tenant: body.tenant, what: body.what, at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "0190163d-8694-739b-aea5-966c26f8ad91";

    #[test]
    fn a_timer_of_an_earlier_version_is_a_dispatch_at_its_minute() {
        let timer: Timer = serde_json::from_str(
            r#"{"tenant":"0190163d-8694-739b-aea5-966c26f8ad91","minute":"2026-12-31T10:00:00Z"}"#,
        )
        .unwrap();
        let at = "2026-12-31T10:00:00Z".parse().unwrap();
        assert_eq!(timer, Timer { tenant: TENANT.parse().unwrap(), what: TimerKind::Dispatch, at });
        assert_eq!(timer.to_string(), "b-0190163d8694739baea5966c26f8ad91-29978520");
        assert!(timer.to_string().len() <= 64);
        let written = serde_json::to_value(timer).unwrap();
        assert_eq!(written["minute"], "2026-12-31T10:00:00Z", "an earlier version reads it");
        assert_eq!(serde_json::from_value::<Timer>(written).unwrap(), timer);
    }

    #[test]
    fn a_timer_without_a_time_or_of_an_unknown_kind_is_refused() {
        for json in [
            format!(r#"{{"tenant":"{TENANT}"}}"#),
            format!(r#"{{"tenant":"{TENANT}","what":"explode","at":"2026-12-31T10:00:00Z"}}"#),
        ] {
            assert!(serde_json::from_str::<Timer>(&json).is_err(), "{json}");
        }
    }
}
