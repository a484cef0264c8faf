//! Meta's limits: messages per number, messages per pair of number and person, management calls, registrations.
//!
//! By default only registrations are limited, so that a test may send as fast as it can. What `POST /sandbox/limits`
//! switches on is counted from then on; neither limits nor counts survive the process.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

/// Registrations and deregistrations of one number in 72 hours (Meta: registration).
const REGISTRATIONS_MAX: usize = 10;
const REGISTRATIONS_MS: u64 = 72 * HOUR_MS;
/// Templates of a verified business (Meta: templates overview).
const TEMPLATES_MAX: usize = 6_000;
/// Management calls per hour for a WABA with a registered number (Meta: rate limits).
const CALLS_PER_HOUR: u64 = 5_000;
const HOUR_MS: u64 = 3_600_000;
/// Calls that `+15550000005` refuses before it accepts one.
const REFUSALS_IN_A_ROW: u8 = 2;

/// The pair limit: one message every `everyMs`, and `burst` messages in advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PairLimit {
    pub(crate) every_ms: u64,
    pub(crate) burst: u64,
}

/// The limit of `+15550000011`, which applies without an order.
pub(crate) const STRICT_PAIR_LIMIT: PairLimit = PairLimit { every_ms: 6_000, burst: 1 };

/// The quota of management calls of each WABA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Quota {
    pub(crate) per_hour: u64,
    /// 80008 by default; Meta also uses 80007, 4 and 17.
    #[serde(default = "Quota::code_default")]
    pub(crate) code: i64,
}

impl Quota {
    const fn code_default() -> i64 {
        80_008
    }
}

/// What happens to a free-form message outside the 24 hours after the recipient's last message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Window {
    /// Refused with 131047.
    #[default]
    Refuse,
    /// Accepted, then failed with 131047.
    Fail,
    /// Accepted and delivered, as if the window were open.
    Off,
}

/// All limits, as `GET /sandbox/limits` shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limits {
    pub(crate) pair: Option<PairLimit>,
    /// Messages per second of every number that is not in `per_second_of`.
    pub(crate) per_second: Option<usize>,
    /// By phone number id.
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
    /// By phone number id and person: when the next message would be due at an even rate.
    pairs: HashMap<(String, String), u64>,
    sends: HashMap<String, VecDeque<u64>>,
    calls: HashMap<String, VecDeque<u64>>,
    registrations: HashMap<String, VecDeque<u64>>,
    /// By phone number id: refusals in a row by `+15550000005`.
    refusals: HashMap<String, u8>,
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

/// The share of a quota that is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) percent: u64,
    /// Minutes until a call is possible again, 0 while one is.
    pub(crate) regain_minutes: u64,
}

/// Counts one more event if there are fewer than `max` within `span_ms`.
fn admit(times: &mut VecDeque<u64>, (now_ms, span_ms): (u64, u64), max: usize) -> bool {
    while times.front().is_some_and(|first| first + span_ms <= now_ms) {
        times.pop_front();
    }
    let admitted = times.len() < max;
    if admitted {
        times.push_back(now_ms);
    }
    admitted
}

impl Limits {
    pub(crate) fn admit_send(&mut self, phone_number_id: &str, now_ms: u64) -> bool {
        let own = self.per_second_of.get(phone_number_id).copied();
        let Some(max) = own.or(self.per_second) else { return true };
        let times = self.counts.sends.entry(phone_number_id.to_owned()).or_default();
        admit(times, (now_ms, 1_000), max)
    }

    /// `pair` is phone number id and person; `strict` replaces the pair limit.
    pub(crate) fn admit_pair(&mut self, pair: (&str, &str), strict: Option<PairLimit>, now_ms: u64) -> bool {
        let Some(limit) = strict.or(self.pair) else { return true };
        let key = (pair.0.to_owned(), pair.1.to_owned());
        let due_ms = self.counts.pairs.get(&key).copied().unwrap_or_default().max(now_ms) + limit.every_ms;
        let admitted = due_ms - now_ms <= limit.every_ms.saturating_mul(limit.burst);
        if admitted {
            self.counts.pairs.insert(key, due_ms);
        }
        admitted
    }

    /// For `+15550000005`: every third call of a number is admitted.
    pub(crate) fn admit_every_third(&mut self, phone_number_id: &str) -> bool {
        let refusals = self.counts.refusals.entry(phone_number_id.to_owned()).or_default();
        let admitted = *refusals == REFUSALS_IN_A_ROW;
        *refusals = if admitted { 0 } else { *refusals + 1 };
        admitted
    }

    /// A registration or a deregistration.
    pub(crate) fn admit_registration(&mut self, phone_number_id: &str, now_ms: u64) -> bool {
        let times = self.counts.registrations.entry(phone_number_id.to_owned()).or_default();
        admit(times, (now_ms, REGISTRATIONS_MS), self.registrations)
    }

    /// Counts a management call. The error is the code of the refusal.
    pub(crate) fn admit_call(&mut self, waba_id: &str, now_ms: u64) -> (Usage, Result<(), i64>) {
        let per_hour = self.management.map_or(CALLS_PER_HOUR, |quota| quota.per_hour);
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
