//! `POST /{phone_number_id}/messages`: checks, faults, magic recipients, and the acceptance.
//!
//! Meta does not deduplicate and neither does this: the same request twice is accepted twice.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use serde_json::{Value, json};

use super::numbers::Ids;
use super::oauth::json_body;
use super::{Business, GraphError};
use crate::faults::{Fault, FaultKind, Shown};
use crate::message::{self, Content, SendRequest};
use crate::recipients::Behaviour;
use crate::sandbox::{Acceptable, Accepted, Sandbox};
use crate::server::abort;

/// How long a caller that never hangs up is kept waiting.
const HANG: Duration = Duration::from_mins(1);
/// How long an answer waits for the status that is to overtake it.
const OVERTAKEN: Duration = Duration::from_secs(5);
/// Refusals before `+15550000005` is reached.
const THROTTLED_TIMES: u8 = 2;

/// How an acceptance is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Normal,
    /// After the first status was taken by the receiver.
    Overtaken,
    Reset,
    Hang,
    NoId,
    Garbage,
}

/// What becomes of a request.
enum Course {
    Refuse(Response),
    Accept { answer: Answer, delay_ms: u64, repeat_wamid: bool },
}

/// The send call.
pub(crate) async fn send(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
    body: Bytes,
) -> Result<Response, GraphError> {
    caller.phone(&id)?;
    let body = json_body(&body)?;
    let to = message::target(&body);
    let shown = Shown { to: &to, phone_number_id: &id, template: message::template_name(&body) };
    let fault = sandbox.world().faults.take(shown);
    let course = match &fault {
        Some(fault) => under_fault(&sandbox, fault, &id).await,
        None => Course::Accept { answer: Answer::Normal, delay_ms: 0, repeat_wamid: false },
    };
    let (answer, delay_ms, repeat_wamid) = match course {
        Course::Refuse(response) => return Ok(response),
        Course::Accept { answer, delay_ms, repeat_wamid } => (answer, delay_ms, repeat_wamid),
    };
    let (request, message) = check(&sandbox, &caller, &body, repeat_wamid)?;
    let answer = if fault.is_some() { answer } else { magic(&sandbox, &id, &to)? };
    let accepted = sandbox.accept_detached(Arc::clone(&caller.account), message, delay_ms).await?;
    Ok(reply(&sandbox, &request, &accepted, answer).await)
}

/// What an ordered fault makes of a request, after its delay if nothing is accepted.
async fn under_fault(sandbox: &Sandbox, fault: &Fault, id: &str) -> Course {
    let accept = |answer, repeat_wamid| Course::Accept { answer, delay_ms: fault.delay_ms, repeat_wamid };
    let refusal = match fault.kind {
        FaultKind::Accept => return accept(Answer::Normal, false),
        FaultKind::Hang => return accept(Answer::Hang, false),
        FaultKind::Reset => return accept(Answer::Reset, false),
        FaultKind::NoId => return accept(Answer::NoId, false),
        FaultKind::Garbage => return accept(Answer::Garbage, false),
        FaultKind::DuplicateWamid => return accept(Answer::Normal, true),
        FaultKind::Refuse => {
            GraphError::of(fault.http_status.unwrap_or(400), fault.code.unwrap_or(131_000)).into_response()
        }
        FaultKind::Status => {
            let status = fault.http_status.and_then(|status| StatusCode::from_u16(status).ok());
            status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
        FaultKind::Redirect => {
            let elsewhere = format!("{}/v26.0/{id}/messages_elsewhere", sandbox.app.base_url);
            (StatusCode::FOUND, [(header::LOCATION, elsewhere)]).into_response()
        }
    };
    tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
    Course::Refuse(refusal)
}

/// Everything Meta would check before it accepts.
fn check(
    sandbox: &Sandbox,
    caller: &Business,
    body: &Value,
    repeat_wamid: bool,
) -> Result<(SendRequest, Acceptable), GraphError> {
    if !caller.account.registered {
        return Err(GraphError::of(400, 133_010));
    }
    let request = SendRequest::read(body)?;
    if request.to == caller.account.number {
        return Err(GraphError::of(400, 131_021));
    }
    let (template, category) = match &request.content {
        Content::Text => (None, "service".to_owned()),
        Content::Template { name, language, components } => {
            let entry = sandbox.world().template_named(&caller.account.waba_id, name, language);
            let entry = entry.ok_or_else(|| message::missing(name, language))?;
            message::check_status(&entry.0)?;
            message::check_fill(&entry.0, &entry.1, components)?;
            (Some(name.clone()), entry.0.pricing_category())
        }
    };
    let (to, opaque) = (request.to.clone(), request.opaque.clone());
    Ok((request, Acceptable { to, opaque, template, category, repeat_wamid }))
}

/// What the number of the recipient asks for.
fn magic(sandbox: &Sandbox, id: &str, to: &str) -> Result<Answer, GraphError> {
    match Behaviour::of(to) {
        Behaviour::NotAllowed => Err(GraphError::of(400, 131_030)),
        Behaviour::Throttles => throttle(sandbox, id),
        Behaviour::LosesTheAnswer => Ok(Answer::Reset),
        Behaviour::Overtakes => Ok(Answer::Overtaken),
        Behaviour::Reads
        | Behaviour::Fails
        | Behaviour::Silent
        | Behaviour::Jumbles
        | Behaviour::FailsAfterDelivery
        | Behaviour::DeliversAfterFailure => Ok(Answer::Normal),
    }
}

/// Counts the calls of one number: two are refused, the third gets through, and the count begins again.
fn throttle(sandbox: &Sandbox, phone_number_id: &str) -> Result<Answer, GraphError> {
    let mut world = sandbox.world();
    let refused = world.throttled.entry(phone_number_id.to_owned()).or_insert(0);
    if *refused < THROTTLED_TIMES {
        *refused += 1;
        return Err(GraphError::of(429, 130_429).subcode(2_494_055));
    }
    world.throttled.remove(phone_number_id);
    Ok(Answer::Normal)
}

async fn reply(sandbox: &Sandbox, request: &SendRequest, accepted: &Accepted, answer: Answer) -> Response {
    match answer {
        Answer::Normal => success(request, accepted).into_response(),
        Answer::Overtaken => {
            wait_until_told(sandbox, accepted).await;
            success(request, accepted).into_response()
        }
        Answer::Reset => abort(),
        Answer::Hang => {
            tokio::time::sleep(HANG).await;
            abort()
        }
        Answer::NoId => Json(json!({ "messaging_product": "whatsapp" })).into_response(),
        Answer::Garbage => {
            Html("<!DOCTYPE html><html><body>Sorry, something went wrong.</body></html>").into_response()
        }
    }
}

/// Waits for the receiver to take the first status; a receiver that is away is not waited for long.
async fn wait_until_told(sandbox: &Sandbox, accepted: &Accepted) {
    let Some(first) = accepted.first_status else { return };
    let told = sandbox.world().wait_for(first);
    if tokio::time::timeout(OVERTAKEN, told).await.is_err() {
        tracing::debug!("the receiver did not take the status that was to overtake its answer");
    }
}

fn success(request: &SendRequest, accepted: &Accepted) -> Json<Value> {
    let contact = match request.to.strip_prefix('+') {
        Some(digits) => json!({ "input": request.input, "wa_id": digits }),
        None => json!({ "input": request.input, "user_id": request.to }),
    };
    let mut sent = json!({ "id": accepted.wamid });
    if let (Content::Template { .. }, Some(members)) = (&request.content, sent.as_object_mut()) {
        members.insert("message_status".into(), json!("accepted"));
    }
    Json(json!({ "messaging_product": "whatsapp", "contacts": [contact], "messages": [sent] }))
}
