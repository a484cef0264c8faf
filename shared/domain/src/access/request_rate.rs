//! How many requests a caller may still make. Each request takes its share of a minute, and a minute's worth may come at once
//! (the generic cell rate algorithm).

use jiff::{SignedDuration, Timestamp};

/// The span of the limit.
pub const SPAN: SignedDuration = SignedDuration::from_mins(1);

/// Who has the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateOf {
    /// Everyone who calls for the tenant, together: what its plan allows.
    Tenant,
    /// One API key that has a limit of its own.
    Key,
}

impl RateOf {
    /// The limit's name in the headers of an answer.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Key => "key",
        }
    }
}

/// A limit, and what is left of it after a request was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestRate {
    pub of: RateOf,
    /// More than 0.
    pub per_minute: i64,
    /// When everything that was asked for would be done at the limit's pace; `None` for a request that was one too many.
    pub done_at: Option<Timestamp>,
}

impl RequestRate {
    /// How many more requests may come now.
    pub fn left(self, now: Timestamp) -> i64 {
        let Some(done_at) = self.done_at else { return 0 };
        let free = (SPAN - done_at.duration_since(now)).clamp(SignedDuration::ZERO, SPAN);
        let share = free.as_micros() * i128::from(self.per_minute) / SPAN.as_micros();
        i64::try_from(share).unwrap_or(self.per_minute)
    }

    /// How long until the whole limit is there again.
    pub fn full_after(self, now: Timestamp) -> SignedDuration {
        self.done_at.map_or(SPAN, |done_at| done_at.duration_since(now).clamp(SignedDuration::ZERO, SPAN))
    }

    /// How long to wait, for a request that was one too many: by then one more is allowed.
    pub fn wait(self) -> Option<SignedDuration> {
        let step = SPAN.as_nanos() / i128::from(self.per_minute.max(1)) + 1;
        let step = SignedDuration::from_nanos(i64::try_from(step).unwrap_or(i64::MAX));
        self.done_at.is_none().then_some(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_grows_with_time_up_to_the_limit() {
        let now = Timestamp::UNIX_EPOCH;
        let after = |seconds| {
            let done_at = Some(now + SignedDuration::from_secs(seconds));
            RequestRate { of: RateOf::Tenant, per_minute: 600, done_at }
        };
        assert_eq!(after(60).left(now), 0);
        assert_eq!(after(30).left(now), 300);
        assert_eq!(after(-5).left(now), 600);
        assert_eq!(after(90).left(now), 0, "a clock that was set back");
        assert_eq!((after(30).full_after(now).as_secs(), after(-5).full_after(now).as_secs()), (30, 0));
        assert_eq!(after(60).wait(), None);
        assert_eq!(after(i64::from(u32::MAX)).left(now), 0);
    }

    #[test]
    fn one_too_many_waits_for_its_share_of_a_minute() {
        let refused = |per_minute| RequestRate { of: RateOf::Key, per_minute, done_at: None };
        assert_eq!(refused(600).wait().unwrap().as_millis(), 100);
        assert_eq!(refused(1).wait().unwrap().as_secs(), 60);
        assert_eq!(refused(600).left(Timestamp::UNIX_EPOCH), 0);
    }
}
