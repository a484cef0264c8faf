//! How each class of errors is met: what is ordered of the sandbox, and what the client then calls.

use domain::messages::Outcome;
use meta::CallError;
use meta::templates::TemplateQuery;
use serde_json::{Value, json};

use super::pair::{ANYBODY, Pair};

pub(super) mod account;
pub(super) mod limits;
pub(super) mod made;
pub(super) mod recipient;
pub(super) mod sent;

/// The name of an attempt that is never taken.
pub(super) const REFUSED: &str = "refused";

/// Where a class was met.
pub(super) enum Met {
    /// By a send.
    Send(Outcome),
    /// By any other call.
    Call(CallError),
}

/// What another call was refused with.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, CallError>) -> Met {
    Met::Call(result.expect_err("the call is refused"))
}

/// A text to anybody.
async fn say(pair: &Pair) -> Met {
    Met::Send(pair.say(ANYBODY, REFUSED).await)
}

async fn list(pair: &Pair) -> Met {
    let query = TemplateQuery::everything(None);
    refused(pair.client.list_templates(&pair.token, &pair.waba, &query).await)
}

fn on_lists(mut order: Value) -> Value {
    order["match"] = json!({ "call": "message_templates" });
    order
}

/// A code on the next send.
pub(super) async fn ordered_send(pair: &Pair, code: i64) -> Vec<Met> {
    pair.sandbox.order("faults", &json!({ "kind": "refuse", "code": code })).await;
    vec![say(pair).await]
}

/// A code on the next send, and one on the next list.
pub(super) async fn ordered(pair: &Pair, of_send: i64, of_list: i64) -> Vec<Met> {
    let mut met = ordered_send(pair, of_send).await;
    pair.sandbox.order("faults", &on_lists(json!({ "kind": "refuse", "code": of_list }))).await;
    met.push(list(pair).await);
    met
}

/// A status without any words on the next send and on the next list.
pub(super) async fn bare_status(pair: &Pair, status: u16) -> Vec<Met> {
    let order = json!({ "kind": "status", "httpStatus": status });
    pair.sandbox.order("faults", &order).await;
    pair.sandbox.order("faults", &on_lists(order)).await;
    vec![say(pair).await, list(pair).await]
}
