//! How each error class is triggered: orders to the sandbox and calls of the client.

use domain::messages::Outcome;
use meta::CallError;
use meta::templates::TemplateQuery;
use serde_json::{Value, json};

use super::setup::{RECIPIENT, Setup};

pub(super) mod account;
pub(super) mod limits;
pub(super) mod recipient;
pub(super) mod template_sends;
pub(super) mod templates;

/// Opaque data of attempts that are never accepted.
pub(super) const REFUSED: &str = "refused";

pub(super) enum Refusal {
    Send(Outcome),
    /// Of any other call.
    Call(CallError),
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, CallError>) -> Refusal {
    Refusal::Call(result.expect_err("the call is refused"))
}

async fn send_text(setup: &Setup) -> Refusal {
    Refusal::Send(setup.send_text(RECIPIENT, REFUSED).await)
}

async fn list(setup: &Setup) -> Refusal {
    let query = TemplateQuery::everything(None);
    refused(setup.client.list_templates(&setup.token, &setup.waba, &query).await)
}

fn on_lists(mut order: Value) -> Value {
    order["match"] = json!({ "call": "message_templates" });
    order
}

/// A code for the next send.
pub(super) async fn ordered_send(setup: &Setup, code: i64) -> Vec<Refusal> {
    setup.sandbox.order("faults", &json!({ "kind": "refuse", "code": code })).await;
    vec![send_text(setup).await]
}

/// A code for the next send, and one for the next list of templates.
pub(super) async fn ordered(setup: &Setup, of_send: i64, of_list: i64) -> Vec<Refusal> {
    let mut refusals = ordered_send(setup, of_send).await;
    setup.sandbox.order("faults", &on_lists(json!({ "kind": "refuse", "code": of_list }))).await;
    refusals.push(list(setup).await);
    refusals
}

/// A bare HTTP status for the next send and the next list of templates.
pub(super) async fn bare_status(setup: &Setup, status: u16) -> Vec<Refusal> {
    let order = json!({ "kind": "status", "httpStatus": status });
    setup.sandbox.order("faults", &order).await;
    setup.sandbox.order("faults", &on_lists(order)).await;
    vec![send_text(setup).await, list(setup).await]
}
