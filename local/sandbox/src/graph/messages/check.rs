//! Everything that Meta checks before it accepts a message: the account, the request, the template or the window, and
//! the rate.

use serde_json::Value;

use crate::accept::NewMessage;
use crate::account::{Account, AccountState, NumberStatus};
use crate::graph_error::GraphError;
use crate::limits::{STRICT_PAIR_LIMIT, Window};
use crate::message::{MessageContent, SendRequest, fill};
use crate::recipients::Behaviour;
use crate::sandbox::Sandbox;
use crate::state::State;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Messages,
    MarketingMessages,
}

/// Reads and checks a request, except for its rate.
pub(super) fn check(
    state: &State,
    account: &Account,
    body: &Value,
    (endpoint, now_ms): (Endpoint, u64),
) -> Result<(SendRequest, NewMessage), GraphError> {
    check_account(account)?;
    let request = SendRequest::read(body)?;
    if request.to == account.number {
        return Err(GraphError::new(400, 131_021));
    }
    let (template, category, failure) = match &request.content {
        MessageContent::FreeForm if endpoint == Endpoint::MarketingMessages => {
            return Err(GraphError::new(400, 131_055));
        }
        MessageContent::FreeForm => {
            let failure = check_window(state, &account.phone_number_id, &request.to, now_ms)?;
            (None, "service".to_owned(), failure)
        }
        MessageContent::Template { name, language, components } => {
            let stored = state.templates.by_name(&account.waba_id, name, language);
            let stored = stored.ok_or_else(|| fill::missing(name, language))?;
            let template = &stored.template;
            fill::check_status(template)?;
            fill::check_components(template, &stored.required, components)?;
            fill::check_addressable(template, &request.to)?;
            let category = match (endpoint, template.pricing_category()) {
                (_, category) if category == "marketing" => {
                    marketing_category(state, account, &request.to, endpoint)?
                }
                (Endpoint::Messages, category) => category,
                (Endpoint::MarketingMessages, _) => return Err(GraphError::new(400, 131_055)),
            };
            (Some(name.clone()), category, None)
        }
    };
    let (to, opaque) = (request.to.clone(), request.opaque.clone());
    Ok((request, NewMessage { to, opaque, template, category, repeat_wamid: false, failure }))
}

/// Whether the account and its number may send.
fn check_account(account: &Account) -> Result<(), GraphError> {
    if !account.registered {
        return Err(GraphError::new(400, 133_010));
    }
    match account.state {
        AccountState::Active | AccountState::MarketingDisabled => {}
        AccountState::Locked => return Err(GraphError::new(403, 131_031)),
        AccountState::Restricted => return Err(GraphError::new(403, 368)),
        AccountState::Unpaid => return Err(GraphError::new(400, 131_042)),
        AccountState::Maintenance => return Err(GraphError::new(400, 131_057)),
    }
    match account.number_status() {
        NumberStatus::Connected | NumberStatus::Flagged => Ok(()),
        NumberStatus::RateLimited | NumberStatus::Restricted => Err(GraphError::new(400, 131_048)),
        NumberStatus::Banned => Err(GraphError::new(403, 131_031)),
        NumberStatus::Deleted => Err(GraphError::new(400, 33)),
        NumberStatus::Pending | NumberStatus::Disconnected | NumberStatus::Migrated => {
            Err(GraphError::new(400, 133_010))
        }
    }
}

/// The pricing category of a marketing template, unless the recipient or the account refuses marketing.
fn marketing_category(
    state: &State,
    account: &Account,
    to: &str,
    endpoint: Endpoint,
) -> Result<String, GraphError> {
    if state.contacts.has_stopped_marketing(&account.waba_id, to) {
        return Err(GraphError::new(400, 131_050));
    }
    match endpoint {
        Endpoint::MarketingMessages => Ok("marketing_lite".to_owned()),
        Endpoint::Messages if account.state == AccountState::MarketingDisabled => {
            Err(GraphError::new(400, 131_063))
        }
        Endpoint::Messages => Ok("marketing".to_owned()),
    }
}

/// Free-form messages need a message of the recipient within the last 24 hours; magic recipients count as having
/// written. Returns the code with which the message fails after acceptance.
fn check_window(
    state: &State,
    phone_number_id: &str,
    to: &str,
    now_ms: u64,
) -> Result<Option<i64>, GraphError> {
    if Behaviour::is_magic(to) || state.contacts.has_window(phone_number_id, to, now_ms) {
        return Ok(None);
    }
    match state.settings.limits.window {
        Window::Off => Ok(None),
        Window::Fail => Ok(Some(131_047)),
        Window::Refuse => Err(GraphError::new(400, 131_047)),
    }
}

/// Whether the number may send one more message to this recipient, and one more at all.
pub(super) fn check_rate(
    sandbox: &Sandbox,
    phone_number_id: &str,
    to: &str,
    now_ms: u64,
) -> Result<(), GraphError> {
    let strict = (Behaviour::of(to) == Behaviour::StrictPairLimit).then_some(STRICT_PAIR_LIMIT);
    let limits = &mut sandbox.state().settings.limits;
    if !limits.admit_pair((phone_number_id, to), strict, now_ms) {
        return Err(GraphError::new(400, 131_056));
    }
    if !limits.admit_send(phone_number_id, now_ms) {
        return Err(throughput_exceeded());
    }
    Ok(())
}

pub(super) fn throughput_exceeded() -> GraphError {
    GraphError::new(429, 130_429).with_subcode(2_494_055)
}
