//! Changes of the caller's account.

use axum::Json;
use serde_json::{Value, json};

use super::caller::Business;
use crate::account::Account;
use crate::graph_error::GraphError;
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::update::Notice;

/// Changes the account and records it, unless nothing changes.
pub(super) async fn change(
    sandbox: &Sandbox,
    caller: &Business,
    edit: impl FnOnce(&mut Account),
) -> Result<Json<Value>, GraphError> {
    change_and_notify(sandbox, caller, edit, None).await
}

/// Changes the account; the receiver gets the field with its value.
pub(super) async fn change_and_notify(
    sandbox: &Sandbox,
    caller: &Business,
    edit: impl FnOnce(&mut Account),
    notice: Option<(&str, Value)>,
) -> Result<Json<Value>, GraphError> {
    let waba_id = &caller.account.waba_id;
    let now_ms = sandbox.now_ms();
    sandbox
        .commit(|state| {
            let before = state.accounts.get(waba_id).ok_or_else(|| GraphError::not_found(waba_id, "post"))?;
            let mut account = Account::clone(&before);
            edit(&mut account);
            let auto = state.settings.auto;
            let notice = notice.filter(|_notice| auto.on && sandbox.sends_webhooks(&account));
            let notice = notice.map(|(field, value)| Notice::field(waba_id, field, value));
            let updates = state.updates.create(notice, now_ms + auto.delay_ms);
            let is_changed = *before != account || !updates.is_empty();
            Ok::<_, GraphError>((is_changed.then_some(Record::Account { account, updates }), ()))
        })
        .await?;
    Ok(Json(json!({ "success": true })))
}
