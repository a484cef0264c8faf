//! Triggers by the token, the account and its number.

use serde_json::json;

use super::{Refusal, list, refused, send_text};
use crate::client::setup::Setup;

pub(in crate::client) async fn unusable_token(setup: &Setup) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for state in ["EXPIRED", "INVALIDATED", "PASSWORD_CHANGED"] {
        setup.sandbox.order("accounts", &json!({ "token": state })).await;
        refusals.extend([send_text(setup).await, list(setup).await]);
    }
    refusals
}

/// Without the scope for sends, then without the scope for all other calls.
pub(in crate::client) async fn missing_scope(setup: &Setup) -> Vec<Refusal> {
    setup.sandbox.order("accounts", &json!({ "scopes": ["whatsapp_business_management"] })).await;
    let send = send_text(setup).await;
    setup.sandbox.order("accounts", &json!({ "scopes": ["whatsapp_business_messaging"] })).await;
    vec![send, list(setup).await]
}

pub(in crate::client) async fn in_state(setup: &Setup, state: &str) -> Vec<Refusal> {
    setup.sandbox.order("accounts", &json!({ "state": state })).await;
    vec![send_text(setup).await]
}

pub(in crate::client) async fn number_in(setup: &Setup, status: &str) -> Vec<Refusal> {
    setup.sandbox.order("numbers", &json!({ "status": status })).await;
    vec![send_text(setup).await]
}

/// An id that does not exist, and one of another account.
pub(in crate::client) async fn not_found(setup: &Setup) -> Vec<Refusal> {
    let other = setup.sandbox.caller.connect("another code").await;
    let nothing = setup.client.template(&setup.token, "1", &[]).await;
    let foreign = setup.client.account(&setup.token, &other.waba, &[]).await;
    vec![refused(nothing), refused(foreign)]
}

pub(in crate::client) async fn used_code(setup: &Setup) -> Vec<Refusal> {
    vec![refused(setup.client.exchange_code("bad, because it was used").await)]
}
