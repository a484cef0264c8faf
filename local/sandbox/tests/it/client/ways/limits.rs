//! Too much in too short a time.

use serde_json::json;

use super::{Met, REFUSED, list, ordered_send, say};
use crate::client::pair::{ANYBODY, Pair, wamid};

/// Each code that Meta has for too many calls.
pub(in crate::client) async fn calls(pair: &Pair) -> Vec<Met> {
    let mut met = Vec::new();
    for code in [4, 17, 80_007, 80_008] {
        met.extend(ordered_send(pair, code).await);
        pair.sandbox.order("limits", &json!({ "management": { "perHour": 0, "code": code } })).await;
        met.push(list(pair).await);
    }
    met
}

pub(in crate::client) async fn throughput(pair: &Pair) -> Vec<Met> {
    let to = "+15550000005";
    let met = vec![Met::Send(pair.say(to, REFUSED).await), Met::Send(pair.say(to, REFUSED).await)];
    wamid(&pair.say(to, "the third in turn").await);
    met
}

pub(in crate::client) async fn pair(pair: &Pair) -> Vec<Met> {
    let strict = "+15550000011";
    wamid(&pair.say(strict, "the first").await);
    let magic = Met::Send(pair.say(strict, REFUSED).await);
    pair.sandbox.order("limits", &json!({ "pair": { "everyMs": 3_600_000, "burst": 1 } })).await;
    wamid(&pair.say(ANYBODY, "the first of this one").await);
    vec![magic, say(pair).await]
}
