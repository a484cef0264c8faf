//! `POST /{phone_number_id}/messages`: faults, checks, magic recipients, acceptance.
//!
//! Like Meta, the sandbox does not deduplicate: the same request twice is accepted twice.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::body::{check_product, json_body};
use super::caller::{Business, ObjectPath};
use super::faults;
use crate::accept::{Accepted, NewMessage, accept};
use crate::account::Scope;
use crate::faults::{Fault, FaultKind, FaultTarget, SEND};
use crate::graph_error::GraphError;
use crate::json::text;
use crate::message::{self, MessageContent, SendRequest};
use crate::recipients::Behaviour;
use crate::sandbox::Sandbox;
use crate::server::abort;

mod check;

use check::{Endpoint, check};

/// How long an answer waits until the status that must precede it is delivered.
const FIRST_STATUS_WAIT_MAX: Duration = Duration::from_secs(5);

/// How an acceptance is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Normal,
    /// After the first status is delivered.
    AfterFirstStatus,
    Reset,
    Hang,
    NoId,
    Garbage,
}

enum Decision {
    Refuse(Response),
    Accept { answer: Answer, delay_ms: u64, repeat_wamid: bool },
}

/// `POST /{phone}/messages`: a message, or the mark that one was read.
pub(super) async fn send(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
    body: Bytes,
) -> Result<Response, GraphError> {
    caller.check_phone(&id, Scope::Messaging)?;
    let body = json_body(&body)?;
    if text(&body, "status") == "read" {
        return mark_read(&body).map(axum::response::IntoResponse::into_response);
    }
    check_and_accept(&sandbox, &caller, &body, Endpoint::Messages).await
}

/// `POST /{phone}/marketing_messages`: marketing templates only, priced as `marketing_lite`.
pub(super) async fn send_marketing(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
    body: Bytes,
) -> Result<Response, GraphError> {
    caller.check_phone(&id, Scope::Messaging)?;
    check_and_accept(&sandbox, &caller, &json_body(&body)?, Endpoint::MarketingMessages).await
}

fn mark_read(body: &Value) -> Result<Json<Value>, GraphError> {
    check_product(body)?;
    match text(body, "message_id") {
        "" => Err(GraphError::parameter("The parameter message_id is required.")),
        id if id.starts_with("wamid.") => Ok(Json(json!({ "success": true }))),
        _ => Err(GraphError::invalid("message_id is not valid.")),
    }
}

/// A fault takes precedence over the behaviour of the recipient and over rate limits.
async fn check_and_accept(
    sandbox: &Arc<Sandbox>,
    caller: &Business,
    body: &Value,
    endpoint: Endpoint,
) -> Result<Response, GraphError> {
    let phone_number_id = &caller.account.phone_number_id;
    let to = message::recipient_of(body);
    let template = message::template_name_of(body);
    let target = FaultTarget { call: SEND, to: &to, phone_number_id, template };
    let fault = sandbox.state().settings.faults.take(target);
    let decision = match &fault {
        Some(fault) => decide_by_fault(sandbox, fault, phone_number_id).await,
        None => Decision::Accept { answer: Answer::Normal, delay_ms: 0, repeat_wamid: false },
    };
    let (answer, delay_ms, repeat_wamid) = match decision {
        Decision::Refuse(response) => return Ok(response),
        Decision::Accept { answer, delay_ms, repeat_wamid } => (answer, delay_ms, repeat_wamid),
    };
    let now_ms = sandbox.now_ms();
    let (request, mut message) = check(&sandbox.state(), &caller.account, body, (endpoint, now_ms))?;
    message.repeat_wamid = repeat_wamid;
    let answer = if fault.is_some() {
        answer
    } else {
        let answer = decide_by_recipient(sandbox, phone_number_id, &message, now_ms)?;
        check::check_rate(sandbox, phone_number_id, &to, now_ms)?;
        answer
    };
    let accepted = accept(sandbox, Arc::clone(&caller.account), message, delay_ms).await?;
    Ok(reply(sandbox, success(&request, &accepted, endpoint), &accepted, answer).await)
}

/// A refusal is delayed here, an acceptance when it is accepted.
async fn decide_by_fault(sandbox: &Sandbox, fault: &Fault, phone_number_id: &str) -> Decision {
    let accept = |answer, repeat_wamid| Decision::Accept { answer, delay_ms: fault.delay_ms, repeat_wamid };
    match fault.kind {
        FaultKind::Accept => accept(Answer::Normal, false),
        FaultKind::Hang => accept(Answer::Hang, false),
        FaultKind::Reset => accept(Answer::Reset, false),
        FaultKind::NoId => accept(Answer::NoId, false),
        FaultKind::Garbage => accept(Answer::Garbage, false),
        FaultKind::DuplicateWamid => accept(Answer::Normal, true),
        FaultKind::Refuse | FaultKind::Status | FaultKind::Redirect => {
            tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
            let path = format!("/v26.0/{phone_number_id}/messages");
            Decision::Refuse(faults::refusal(sandbox, fault, &path))
        }
    }
}

fn decide_by_recipient(
    sandbox: &Sandbox,
    phone_number_id: &str,
    message: &NewMessage,
    now_ms: u64,
) -> Result<Answer, GraphError> {
    let mut state = sandbox.state();
    match Behaviour::of(&message.to) {
        Behaviour::NotAllowed => Err(GraphError::new(400, 131_030)),
        Behaviour::Throttles if !state.settings.limits.admit_every_third(phone_number_id) => {
            Err(check::throughput_exceeded())
        }
        Behaviour::StoppedMarketing if message.category.starts_with("marketing") => {
            Err(GraphError::new(400, 131_050))
        }
        Behaviour::NoWindow
            if message.template.is_none()
                && !state.contacts.has_window(phone_number_id, &message.to, now_ms) =>
        {
            Err(GraphError::new(400, 131_047))
        }
        Behaviour::ResetsConnection => Ok(Answer::Reset),
        Behaviour::StatusBeforeAnswer => Ok(Answer::AfterFirstStatus),
        Behaviour::Reads
        | Behaviour::Fails
        | Behaviour::Silent
        | Behaviour::Throttles
        | Behaviour::OutOfOrder
        | Behaviour::FailsAfterDelivery
        | Behaviour::DeliversAfterFailure
        | Behaviour::StrictPairLimit
        | Behaviour::StoppedMarketing
        | Behaviour::NoWindow
        | Behaviour::MarketingCapped
        | Behaviour::Held
        | Behaviour::HeldAndDropped
        | Behaviour::InExperiment
        | Behaviour::NeverReads => Ok(Answer::Normal),
    }
}

async fn reply(sandbox: &Sandbox, success: Json<Value>, accepted: &Accepted, answer: Answer) -> Response {
    match answer {
        Answer::Normal => success.into_response(),
        Answer::AfterFirstStatus => {
            wait_for_first_status(sandbox, accepted).await;
            success.into_response()
        }
        Answer::Reset => abort(),
        Answer::Hang => faults::hang().await,
        Answer::NoId => Json(json!({ "messaging_product": "whatsapp" })).into_response(),
        Answer::Garbage => faults::garbage(),
    }
}

async fn wait_for_first_status(sandbox: &Sandbox, accepted: &Accepted) {
    let Some(first) = accepted.first_update else { return };
    let delivered = sandbox.state().updates.wait_for(first);
    if tokio::time::timeout(FIRST_STATUS_WAIT_MAX, delivered).await.is_err() {
        tracing::debug!("the receiver did not take the status that precedes the answer");
    }
}

fn success(request: &SendRequest, accepted: &Accepted, endpoint: Endpoint) -> Json<Value> {
    let contact = match request.to.strip_prefix('+') {
        Some(digits) => json!({ "input": request.input, "wa_id": digits }),
        None => json!({ "input": request.input, "user_id": request.to }),
    };
    let message = match &request.content {
        MessageContent::FreeForm => json!({ "id": accepted.wamid }),
        MessageContent::Template { .. } => {
            let status = Behaviour::of(&request.to).message_status();
            json!({ "id": accepted.wamid, "message_status": status })
        }
    };
    Json(match endpoint {
        Endpoint::Messages => {
            json!({ "messaging_product": "whatsapp", "contacts": [contact], "messages": [message] })
        }
        Endpoint::MarketingMessages => json!({
            "messaging_product": "whatsapp", "contacts": [contact], "messages": [message], "success": true,
        }),
    })
}
