//! The token, the account and its number.

use serde_json::json;

use super::{Met, list, refused, say};
use crate::client::pair::Pair;

pub(in crate::client) async fn dead_token(pair: &Pair) -> Vec<Met> {
    let mut met = Vec::new();
    for state in ["EXPIRED", "INVALIDATED", "PASSWORD_CHANGED"] {
        pair.sandbox.order("accounts", &json!({ "token": state })).await;
        met.extend([say(pair).await, list(pair).await]);
    }
    met
}

/// A token lacks what sends need, and then what everything else needs.
pub(in crate::client) async fn no_scope(pair: &Pair) -> Vec<Met> {
    pair.sandbox.order("accounts", &json!({ "scopes": ["whatsapp_business_management"] })).await;
    let send = say(pair).await;
    pair.sandbox.order("accounts", &json!({ "scopes": ["whatsapp_business_messaging"] })).await;
    vec![send, list(pair).await]
}

pub(in crate::client) async fn in_state(pair: &Pair, state: &str) -> Vec<Met> {
    pair.sandbox.order("accounts", &json!({ "state": state })).await;
    vec![say(pair).await]
}

pub(in crate::client) async fn number_in(pair: &Pair, status: &str) -> Vec<Met> {
    pair.sandbox.order("numbers", &json!({ "status": status })).await;
    vec![say(pair).await]
}

/// An id of nothing, and one of somebody else's.
pub(in crate::client) async fn nothing_there(pair: &Pair) -> Vec<Met> {
    let other = pair.sandbox.caller.connect("another code").await;
    let nothing = pair.client.template(&pair.token, "1", &[]).await;
    let foreign = pair.client.account(&pair.token, &other.waba, &[]).await;
    vec![refused(nothing), refused(foreign)]
}

pub(in crate::client) async fn used_code(pair: &Pair) -> Vec<Met> {
    vec![refused(pair.client.exchange_code("bad, because it was used").await)]
}
