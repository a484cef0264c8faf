//! Faults on demand: `POST /sandbox/faults`.
//!
//! Faults take precedence over magic recipients. They are tried in the order in which they were ordered; the first one
//! that matches a request is used.

use serde::Deserialize;

/// Faults that are stored at the same time.
pub(crate) const FAULTS_MAX: usize = 1_000;

/// `call` of sends.
pub(crate) const SEND: &str = "messages";

/// The requests that a fault applies to; an absent member matches every request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FaultMatch {
    /// The last part of the path, such as `message_templates`; `object` for a path that consists of an id. Without it
    /// the fault applies to sends.
    pub(crate) call: Option<String>,
    /// A phone number in any notation, or a business-scoped user id.
    pub(crate) to: Option<String>,
    pub(crate) phone_number_id: Option<String>,
    /// The template's name.
    pub(crate) template: Option<String>,
}

/// What happens to the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// Accepted and answered after the delay.
    Accept,
    /// A Graph error, nothing accepted.
    Refuse,
    /// A bare HTTP status, nothing accepted.
    Status,
    /// Accepted, never answered.
    Hang,
    /// Accepted, then the connection is reset.
    Reset,
    /// Accepted, answered with 200 but without `messages`.
    NoId,
    /// Accepted, answered with 200 and HTML.
    Garbage,
    /// 302 to another path, nothing accepted.
    Redirect,
    /// Accepted with the wamid of the number's previous message.
    DuplicateWamid,
}

/// One order of faults.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fault {
    #[serde(default, rename = "match")]
    pub(crate) matches: FaultMatch,
    /// Requests that it applies to.
    #[serde(default = "times_default")]
    pub(crate) times: u64,
    pub(crate) kind: FaultKind,
    /// Graph error code of `refuse`.
    pub(crate) code: Option<i64>,
    /// `error_subcode` of `refuse`.
    pub(crate) subcode: Option<i64>,
    /// HTTP status of `status` (default 500) and `refuse` (default 400).
    pub(crate) http_status: Option<u16>,
    /// Wait before anything happens.
    #[serde(default)]
    pub(crate) delay_ms: u64,
}

fn times_default() -> u64 {
    1
}

/// A request, as far as faults match it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FaultTarget<'a> {
    pub(crate) call: &'a str,
    pub(crate) to: &'a str,
    pub(crate) phone_number_id: &'a str,
    pub(crate) template: &'a str,
}

#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// False when too many faults are stored.
    pub(crate) fn add(&mut self, fault: Fault) -> bool {
        let has_room = self.0.len() < FAULTS_MAX;
        if has_room && fault.times > 0 {
            self.0.push(fault);
        }
        has_room
    }

    /// The fault for a request, which then applies to one request less.
    pub(crate) fn take(&mut self, target: FaultTarget<'_>) -> Option<Fault> {
        let position = self.0.iter().position(|fault| fault.matches.fits(target))?;
        let fault = self.0.get_mut(position)?;
        fault.times -= 1;
        let taken = fault.clone();
        if taken.times == 0 {
            self.0.remove(position);
        }
        Some(taken)
    }

    /// Faults that have not been used up.
    pub(crate) fn waiting(&self) -> usize {
        self.0.len()
    }
}

impl FaultMatch {
    fn fits(&self, target: FaultTarget<'_>) -> bool {
        let same =
            |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
        self.call.as_deref().unwrap_or(SEND) == target.call
            && same(&self.to, target.to)
            && same(&self.phone_number_id, target.phone_number_id)
            && same(&self.template, target.template)
    }
}
