//! Triggers by rate limits.

use serde_json::json;

use super::{REFUSED, Refusal, list, ordered_send, send_text};
use crate::client::setup::{RECIPIENT, Setup, wamid};

/// Each of Meta's codes for too many calls.
pub(in crate::client) async fn calls(setup: &Setup) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for code in [4, 17, 80_007, 80_008] {
        refusals.extend(ordered_send(setup, code).await);
        setup.sandbox.order("limits", &json!({ "management": { "perHour": 0, "code": code } })).await;
        refusals.push(list(setup).await);
    }
    refusals
}

pub(in crate::client) async fn throughput(setup: &Setup) -> Vec<Refusal> {
    let to = "+15550000005";
    let refusals = vec![
        Refusal::Send(setup.send_text(to, REFUSED).await),
        Refusal::Send(setup.send_text(to, REFUSED).await),
    ];
    wamid(&setup.send_text(to, "the third").await);
    refusals
}

pub(in crate::client) async fn pair_limit(setup: &Setup) -> Vec<Refusal> {
    let strict = "+15550000011";
    wamid(&setup.send_text(strict, "the first").await);
    let magic = Refusal::Send(setup.send_text(strict, REFUSED).await);
    setup.sandbox.order("limits", &json!({ "pair": { "everyMs": 3_600_000, "burst": 1 } })).await;
    wamid(&setup.send_text(RECIPIENT, "the first to this recipient").await);
    vec![magic, send_text(setup).await]
}
