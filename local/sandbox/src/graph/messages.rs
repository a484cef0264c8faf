//! `POST /{phone_number_id}/messages`: checks, faults, magic recipients, and the acceptance.
//!
//! Meta does not deduplicate and neither does this: the same request twice is accepted twice.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::numbers::Ids;
use super::oauth::{check_product, json_body};
use super::{Business, GraphError, spoiled};
use crate::account::Scope;
use crate::clock;
use crate::faults::{Fault, FaultKind, SEND, Shown};
use crate::json::text;
use crate::message::{self, Content, SendRequest};
use crate::recipients::Behaviour;
use crate::sandbox::{Acceptable, Accepted, Sandbox};
use crate::server::abort;

mod check;

use check::{Door, check};

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

/// `POST /{phone}/messages`: a message, or the mark that one was read.
pub(crate) async fn send(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
    body: Bytes,
) -> Result<Response, GraphError> {
    caller.phone(&id, Scope::Messaging)?;
    let body = json_body(&body)?;
    if text(&body, "status") == "read" {
        return mark_read(&body).map(axum::response::IntoResponse::into_response);
    }
    accept(&sandbox, &caller, &body, Door::CloudApi).await
}

/// `POST /{phone}/marketing_messages`: marketing templates alone, priced as `marketing_lite`.
pub(crate) async fn send_marketing(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
    body: Bytes,
) -> Result<Response, GraphError> {
    caller.phone(&id, Scope::Messaging)?;
    accept(&sandbox, &caller, &json_body(&body)?, Door::MarketingMessages).await
}

/// A mark, which may start a typing indicator as well, and is no message.
fn mark_read(body: &Value) -> Result<Json<Value>, GraphError> {
    check_product(body)?;
    match text(body, "message_id") {
        "" => Err(GraphError::parameter("The parameter message_id is required.")),
        id if id.starts_with("wamid.") => Ok(Json(json!({ "success": true }))),
        _ => Err(GraphError::invalid("message_id is not valid.")),
    }
}

/// Faults first, then Meta's checks, then the recipient's own behaviour.
async fn accept(
    sandbox: &Arc<Sandbox>,
    caller: &Business,
    body: &Value,
    door: Door,
) -> Result<Response, GraphError> {
    let id = &caller.account.phone_number_id;
    let to = message::target(body);
    let shown = Shown { call: SEND, to: &to, phone_number_id: id, template: message::template_name(body) };
    let fault = sandbox.world().faults.take(shown);
    let course = match &fault {
        Some(fault) => under_fault(sandbox, fault, id).await,
        None => Course::Accept { answer: Answer::Normal, delay_ms: 0, repeat_wamid: false },
    };
    let (answer, delay_ms, repeat_wamid) = match course {
        Course::Refuse(response) => return Ok(response),
        Course::Accept { answer, delay_ms, repeat_wamid } => (answer, delay_ms, repeat_wamid),
    };
    let (request, mut message) = check(sandbox, &caller.account, body, door)?;
    message.repeat_wamid = repeat_wamid;
    let answer = if fault.is_some() {
        answer
    } else {
        let answer = magic(sandbox, id, &message)?;
        check::admit(sandbox, id, &to)?;
        answer
    };
    let accepted = sandbox.accept_detached(Arc::clone(&caller.account), message, delay_ms).await?;
    Ok(reply(sandbox, success(&request, &accepted, door), &accepted, answer).await)
}

/// What an ordered fault makes of a request, after its delay if nothing is accepted.
async fn under_fault(sandbox: &Sandbox, fault: &Fault, id: &str) -> Course {
    let accept = |answer, repeat_wamid| Course::Accept { answer, delay_ms: fault.delay_ms, repeat_wamid };
    match fault.kind {
        FaultKind::Accept => accept(Answer::Normal, false),
        FaultKind::Hang => accept(Answer::Hang, false),
        FaultKind::Reset => accept(Answer::Reset, false),
        FaultKind::NoId => accept(Answer::NoId, false),
        FaultKind::Garbage => accept(Answer::Garbage, false),
        FaultKind::DuplicateWamid => accept(Answer::Normal, true),
        FaultKind::Refuse | FaultKind::Status | FaultKind::Redirect => {
            tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
            Course::Refuse(spoiled::refusal(sandbox, fault, &format!("/v26.0/{id}/messages")))
        }
    }
}

/// What the number of the recipient asks for.
fn magic(sandbox: &Sandbox, id: &str, message: &Acceptable) -> Result<Answer, GraphError> {
    let to = &message.to;
    match Behaviour::of(to) {
        Behaviour::NotAllowed => Err(GraphError::of(400, 131_030)),
        Behaviour::Throttles => throttle(sandbox, id),
        Behaviour::StoppedMarketing if message.category.starts_with("marketing") => {
            Err(GraphError::of(400, 131_050))
        }
        Behaviour::HasNoWindow
            if message.template.is_none() && !sandbox.world().has_window(id, to, clock::now_ms()) =>
        {
            Err(GraphError::of(400, 131_047))
        }
        Behaviour::LosesTheAnswer => Ok(Answer::Reset),
        Behaviour::Overtakes => Ok(Answer::Overtaken),
        Behaviour::Reads
        | Behaviour::Fails
        | Behaviour::Silent
        | Behaviour::Jumbles
        | Behaviour::FailsAfterDelivery
        | Behaviour::DeliversAfterFailure
        | Behaviour::KeepsItsPace
        | Behaviour::StoppedMarketing
        | Behaviour::HasNoWindow
        | Behaviour::Capped
        | Behaviour::Held
        | Behaviour::HeldAndDropped
        | Behaviour::InExperiment
        | Behaviour::DoesNotRead => Ok(Answer::Normal),
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

async fn reply(sandbox: &Sandbox, success: Json<Value>, accepted: &Accepted, answer: Answer) -> Response {
    match answer {
        Answer::Normal => success.into_response(),
        Answer::Overtaken => {
            wait_until_told(sandbox, accepted).await;
            success.into_response()
        }
        Answer::Reset => abort(),
        Answer::Hang => spoiled::hang().await,
        Answer::NoId => Json(json!({ "messaging_product": "whatsapp" })).into_response(),
        Answer::Garbage => spoiled::garbage(),
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

fn success(request: &SendRequest, accepted: &Accepted, door: Door) -> Json<Value> {
    let contact = match request.to.strip_prefix('+') {
        Some(digits) => json!({ "input": request.input, "wa_id": digits }),
        None => json!({ "input": request.input, "user_id": request.to }),
    };
    let message = match &request.content {
        Content::FreeForm => json!({ "id": accepted.wamid }),
        Content::Template { .. } => {
            let status = Behaviour::of(&request.to).message_status();
            json!({ "id": accepted.wamid, "message_status": status })
        }
    };
    Json(match door {
        Door::CloudApi => {
            json!({ "messaging_product": "whatsapp", "contacts": [contact], "messages": [message] })
        }
        Door::MarketingMessages => json!({
            "messaging_product": "whatsapp", "contacts": [contact], "messages": [message], "success": true,
        }),
    })
}
