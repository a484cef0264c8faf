//! Updates about templates.

use crate::sandbox::Sandbox;
use crate::state::State;
use crate::update::{Notice, Update};

/// Updates after the automatic delay; none when automatic updates are off or the account gets no webhooks.
pub(super) fn automatic_updates(
    sandbox: &Sandbox,
    state: &State,
    waba_id: &str,
    notices: Vec<Notice>,
) -> Vec<Update> {
    let auto = state.settings.auto;
    let is_sent = state.accounts.get(waba_id).is_some_and(|account| sandbox.sends_webhooks(&account));
    if !auto.on || !is_sent {
        return Vec::new();
    }
    state.updates.create(notices, sandbox.now_ms() + auto.delay_ms)
}
