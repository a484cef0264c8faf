//! Meta's limits: how often a number may send, a pair may talk, an app may manage, a number may register.
//!
//! By default nothing is throttled but registrations: a test and a story may send as fast as they like. What
//! `POST /sandbox/limits` switches on is counted from then on; neither limits nor counts outlive the process.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

/// Registrations and deregistrations of one number in 72 hours (Meta: registration).
const REGISTRATIONS_MAX: usize = 10;
const REGISTRATIONS_MS: u64 = 72 * HOUR_MS;
/// Templates of a verified business (Meta: templates overview).
const TEMPLATES_MAX: usize = 6_000;
/// Management calls an hour for a WABA with a registered number (Meta: rate limits).
const CALLS_AN_HOUR: u64 = 5_000;
const HOUR_MS: u64 = 3_600_000;

/// The pair limit: one message every `everyMs`, and `burst` borrowed ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Pace {
    pub(crate) every_ms: u64,
    pub(crate) burst: u64,
}

/// The pace of `+15550000011`, which has its limit always on.
pub(crate) const PACE_STRICT: Pace = Pace { every_ms: 6_000, burst: 1 };

/// The quota of management calls of each WABA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Quota {
    pub(crate) per_hour: u64,
    /// 80008 unless told otherwise; 80007, 4 and 17 are Meta's others.
    #[serde(default = "Quota::code_default")]
    pub(crate) code: i64,
}

impl Quota {
    const fn code_default() -> i64 {
        80_008
    }
}

/// How Meta meets a free-form message outside the 24 hours after the recipient's last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Window {
    /// Refused with 131047.
    #[default]
    Refuse,
    /// Accepted, then failed with 131047.
    Fail,
    /// Nobody looks.
    Off,
}

/// All limits, as `POST /sandbox/limits` shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limits {
    pub(crate) pair: Option<Pace>,
    /// Messages a second for each number that has no limit of its own.
    pub(crate) per_second: Option<usize>,
    /// The same for one number, by its id.
    pub(crate) per_second_of: HashMap<String, usize>,
    pub(crate) management: Option<Quota>,
    pub(crate) window: Window,
    pub(crate) templates: usize,
    pub(crate) registrations: usize,
    #[serde(skip)]
    counts: Counts,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counts {
    /// For each pair, when its next message would be due at an even pace.
    pairs: HashMap<(String, String), u64>,
    sends: HashMap<String, VecDeque<u64>>,
    calls: HashMap<String, VecDeque<u64>>,
    registrations: HashMap<String, VecDeque<u64>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pair: None,
            per_second: None,
            per_second_of: HashMap::new(),
            management: None,
            window: Window::default(),
            templates: TEMPLATES_MAX,
            registrations: REGISTRATIONS_MAX,
            counts: Counts::default(),
        }
    }
}

/// What a management call has used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) percent: u64,
    /// Minutes until there is room again, when there is none.
    pub(crate) regain_minutes: u64,
}

/// Counts one more within `span_ms` if there is room for it.
fn admit(times: &mut VecDeque<u64>, (now_ms, span_ms): (u64, u64), max: usize) -> bool {
    while times.front().is_some_and(|first| first + span_ms <= now_ms) {
        times.pop_front();
    }
    let room = times.len() < max;
    if room {
        times.push_back(now_ms);
    }
    room
}

impl Limits {
    /// Whether a number may send one more message this second.
    pub(crate) fn admit_send(&mut self, phone_number_id: &str, now_ms: u64) -> bool {
        let own = self.per_second_of.get(phone_number_id).copied();
        let Some(max) = own.or(self.per_second) else { return true };
        let times = self.counts.sends.entry(phone_number_id.to_owned()).or_default();
        admit(times, (now_ms, 1_000), max)
    }

    /// Whether a pair may exchange one more message; `strict` is the recipient's own pace.
    pub(crate) fn admit_pair(&mut self, pair: (&str, &str), strict: Option<Pace>, now_ms: u64) -> bool {
        let Some(pace) = strict.or(self.pair) else { return true };
        let key = (pair.0.to_owned(), pair.1.to_owned());
        let due = self.counts.pairs.get(&key).copied().unwrap_or_default().max(now_ms) + pace.every_ms;
        let room = due - now_ms <= pace.every_ms.saturating_mul(pace.burst);
        if room {
            self.counts.pairs.insert(key, due);
        }
        room
    }

    /// Whether a number may be registered or deregistered once more.
    pub(crate) fn admit_registration(&mut self, phone_number_id: &str, now_ms: u64) -> bool {
        let times = self.counts.registrations.entry(phone_number_id.to_owned()).or_default();
        admit(times, (now_ms, REGISTRATIONS_MS), self.registrations)
    }

    /// Counts a management call; an error is the quota's code.
    pub(crate) fn admit_call(&mut self, waba_id: &str, now_ms: u64) -> (Usage, Result<(), i64>) {
        let per_hour = self.management.map_or(CALLS_AN_HOUR, |quota| quota.per_hour);
        let max = usize::try_from(per_hour).unwrap_or(usize::MAX);
        let times = self.counts.calls.entry(waba_id.to_owned()).or_default();
        let admitted = admit(times, (now_ms, HOUR_MS), max);
        let used = u64::try_from(times.len()).unwrap_or(u64::MAX).saturating_mul(100);
        let percent = used.checked_div(per_hour).unwrap_or(100).min(100);
        match self.management {
            Some(quota) if !admitted => {
                let first = times.front().copied().unwrap_or(now_ms);
                let regain_minutes = (first + HOUR_MS - now_ms).div_ceil(60_000);
                (Usage { percent: 100, regain_minutes }, Err(quota.code))
            }
            // Without an order the quota is only shown.
            Some(_) | None => (Usage { percent, regain_minutes: 0 }, Ok(())),
        }
    }
}
