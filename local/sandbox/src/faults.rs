//! Faults on demand: what `POST /sandbox/faults` asks for, and which request it falls on.
//!
//! Faults go before magic recipients. They are kept in the order of the orders; the first that matches and has
//! requests left is used. They do not survive a restart.

use serde::Deserialize;

/// Faults that may wait at one time.
pub(crate) const FAULTS_MAX: usize = 1_000;

/// The call of sends.
pub(crate) const SEND: &str = "messages";

/// Which requests a fault falls on; a member that is absent matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Match {
    /// The last part of the path, such as `message_templates`; `object` for a path that is an id alone. A fault that
    /// names none falls on sends.
    pub(crate) call: Option<String>,
    /// The recipient in any spelling.
    pub(crate) to: Option<String>,
    pub(crate) phone_number_id: Option<String>,
    /// The template's name.
    pub(crate) template: Option<String>,
}

/// What happens to the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// Accepted and answered normally, after the delay.
    Accept,
    /// A Graph error, nothing accepted.
    Refuse,
    /// A bare HTTP status, nothing accepted.
    Status,
    /// Accepted, never answered.
    Hang,
    /// Accepted, then the connection is reset.
    Reset,
    /// Accepted, answered 200 without `messages`.
    NoId,
    /// Accepted, answered 200 with HTML.
    Garbage,
    /// 302 to another path, nothing accepted.
    Redirect,
    /// Accepted under the wamid of the number's acceptance before.
    DuplicateWamid,
}

/// One order of faults.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fault {
    #[serde(default, rename = "match")]
    pub(crate) matches: Match,
    /// Requests that it falls on.
    #[serde(default = "once")]
    pub(crate) times: u64,
    pub(crate) kind: FaultKind,
    /// Graph error code of `refuse`.
    pub(crate) code: Option<i64>,
    /// `error_subcode` of `refuse`.
    pub(crate) subcode: Option<i64>,
    /// HTTP status of `status` (500) and `refuse` (400).
    pub(crate) http_status: Option<u16>,
    /// Milliseconds before anything happens.
    #[serde(default)]
    pub(crate) delay_ms: u64,
}

fn once() -> u64 {
    1
}

/// What a request shows of itself to the faults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'a> {
    pub(crate) call: &'a str,
    pub(crate) to: &'a str,
    pub(crate) phone_number_id: &'a str,
    pub(crate) template: &'a str,
}

/// The faults that still wait.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// Adds a fault; false when too many wait already.
    pub(crate) fn add(&mut self, fault: Fault) -> bool {
        let room = self.0.len() < FAULTS_MAX;
        if room && fault.times > 0 {
            self.0.push(fault);
        }
        room
    }

    /// The fault for a request, which has one request less afterwards.
    pub(crate) fn take(&mut self, shown: Shown<'_>) -> Option<Fault> {
        let place = self.0.iter().position(|fault| fault.matches.fits(shown))?;
        let fault = self.0.get_mut(place)?;
        fault.times -= 1;
        let taken = fault.clone();
        if taken.times == 0 {
            self.0.remove(place);
        }
        Some(taken)
    }

    /// How many orders still have requests left.
    pub(crate) fn waiting(&self) -> usize {
        self.0.len()
    }
}

impl Match {
    fn fits(&self, shown: Shown<'_>) -> bool {
        let same =
            |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
        self.call.as_deref().unwrap_or(SEND) == shown.call
            && same(&self.to, shown.to)
            && same(&self.phone_number_id, shown.phone_number_id)
            && same(&self.template, shown.template)
    }
}
