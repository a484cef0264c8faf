//! Everything Meta checks before it accepts a message: the account, the request, the template or the window, and
//! at last how fast the number sends.

use serde_json::Value;

use super::super::GraphError;
use crate::account::{Account, AccountState, NumberStatus};
use crate::clock;
use crate::limits::{PACE_STRICT, Window};
use crate::message::{Content, SendRequest, fill};
use crate::recipients::Behaviour;
use crate::sandbox::{Acceptable, Sandbox};

/// By which call a message comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    CloudApi,
    MarketingMessages,
}

/// Reads a request and refuses it for whatever Meta would.
pub(super) fn check(
    sandbox: &Sandbox,
    account: &Account,
    body: &Value,
    door: Door,
) -> Result<(SendRequest, Acceptable), GraphError> {
    check_account(account)?;
    let request = SendRequest::read(body)?;
    if request.to == account.number {
        return Err(GraphError::of(400, 131_021));
    }
    let (template, category, fails) = match &request.content {
        Content::FreeForm if door == Door::MarketingMessages => return Err(GraphError::of(400, 131_055)),
        Content::FreeForm => {
            let fails = check_window(sandbox, &account.phone_number_id, &request.to)?;
            (None, "service".to_owned(), fails)
        }
        Content::Template { name, language, components } => {
            let entry = sandbox.world().template_named(&account.waba_id, name, language);
            let entry = entry.ok_or_else(|| fill::missing(name, language))?;
            let (template, needs) = &*entry;
            fill::check_status(template)?;
            fill::check(template, needs, components)?;
            fill::check_addressable(template, &request.to)?;
            let category = match (door, template.pricing_category()) {
                (_, category) if category == "marketing" => marketing(sandbox, account, &request.to, door)?,
                (Door::CloudApi, category) => category,
                (Door::MarketingMessages, _) => return Err(GraphError::of(400, 131_055)),
            };
            (Some(name.clone()), category, None)
        }
    };
    let (to, opaque) = (request.to.clone(), request.opaque.clone());
    Ok((request, Acceptable { to, opaque, template, category, repeat_wamid: false, fails }))
}

/// Whether the account and its number may send at all.
fn check_account(account: &Account) -> Result<(), GraphError> {
    if !account.registered {
        return Err(GraphError::of(400, 133_010));
    }
    match account.state {
        AccountState::Active | AccountState::MarketingDisabled => {}
        AccountState::Locked => return Err(GraphError::of(403, 131_031)),
        AccountState::Restricted => return Err(GraphError::of(403, 368)),
        AccountState::Unpaid => return Err(GraphError::of(400, 131_042)),
        AccountState::Maintenance => return Err(GraphError::of(400, 131_057)),
    }
    match account.number_status() {
        NumberStatus::Connected | NumberStatus::Flagged => Ok(()),
        NumberStatus::RateLimited | NumberStatus::Restricted => Err(GraphError::of(400, 131_048)),
        NumberStatus::Banned => Err(GraphError::of(403, 131_031)),
        NumberStatus::Deleted => Err(GraphError::of(400, 33)),
        NumberStatus::Pending | NumberStatus::Disconnected | NumberStatus::Migrated => {
            Err(GraphError::of(400, 133_010))
        }
    }
}

/// What a marketing template is priced as, unless its recipient or its account has none of it.
fn marketing(sandbox: &Sandbox, account: &Account, to: &str, door: Door) -> Result<String, GraphError> {
    if sandbox.world().has_stopped(&account.waba_id, to) {
        return Err(GraphError::of(400, 131_050));
    }
    match door {
        Door::MarketingMessages => Ok("marketing_lite".to_owned()),
        Door::CloudApi if account.state == AccountState::MarketingDisabled => {
            Err(GraphError::of(400, 131_063))
        }
        Door::CloudApi => Ok("marketing".to_owned()),
    }
}

/// Free-form messages need a message of the recipient within the last 24 hours; the code is one to fail by. Magic
/// recipients are taken to have written just now.
fn check_window(sandbox: &Sandbox, phone_number_id: &str, to: &str) -> Result<Option<i64>, GraphError> {
    let world = sandbox.world();
    if Behaviour::is_magic(to) || world.has_window(phone_number_id, to, clock::now_ms()) {
        return Ok(None);
    }
    match world.limits.window {
        Window::Off => Ok(None),
        Window::Fail => Ok(Some(131_047)),
        Window::Refuse => Err(GraphError::of(400, 131_047)),
    }
}

/// Whether the number may send one more message now, to anybody and to this one.
pub(super) fn admit(sandbox: &Sandbox, phone_number_id: &str, to: &str) -> Result<(), GraphError> {
    let now = clock::now_ms();
    let strict = (Behaviour::of(to) == Behaviour::KeepsItsPace).then_some(PACE_STRICT);
    let mut world = sandbox.world();
    if !world.limits.admit_pair((phone_number_id, to), strict, now) {
        return Err(GraphError::of(400, 131_056));
    }
    if !world.limits.admit_send(phone_number_id, now) {
        return Err(GraphError::of(429, 130_429).subcode(2_494_055));
    }
    Ok(())
}
