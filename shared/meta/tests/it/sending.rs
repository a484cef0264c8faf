//! What the answer to a send proves.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Method;
use domain::messages::Outcome;
use domain::updates::MetaError;
use domain::{AttemptId, PhoneNumber, PhoneNumberId, Wamid};
use jiff::SignedDuration;
use meta::Client;
use meta::send::TemplateSend;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::server::{APP_SECRET, Reply, Server, token};

pub(crate) fn number() -> PhoneNumberId {
    PhoneNumberId("106540352242922".to_owned())
}

pub(crate) fn send() -> TemplateSend {
    TemplateSend {
        to: PhoneNumber::from_stored("+15551234567".to_owned()),
        template: "welcome_message".to_owned(),
        language: "en_US".to_owned(),
        parameters: vec!["Alice".to_owned()],
        attempt: AttemptId::random(),
    }
}

fn accepted() -> Value {
    json!({"messaging_product": "whatsapp", "contacts": [{"input": "+15551234567", "wa_id": "15551234567"}],
        "messages": [{"id": "wamid.1", "message_status": "accepted"}]})
}

fn refusal(code: i32, message: &str) -> Value {
    json!({"error": {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1",
        "error_data": {"messaging_product": "whatsapp", "details": "because"}}})
}

async fn outcome_of(reply: Reply) -> Outcome {
    let server = Server::answering([reply]).await;
    let outcome = server.client().send_template(&token(), &number(), &send()).await;
    server.call();
    outcome
}

#[tokio::test]
async fn an_accepted_message_has_metas_id_and_its_request_metas_format() {
    let server = Server::answering([Reply::json(200, &accepted())]).await;
    let send = send();
    let outcome = server.client().send_template(&"the-token".into(), &number(), &send).await;
    assert_eq!(outcome, Outcome::Accepted(Wamid("wamid.1".to_owned())));
    let call = server.call();
    assert_eq!((call.method, call.path.as_str()), (Method::POST, "/v26.0/106540352242922/messages"));
    assert_eq!(call.bearer.as_deref(), Some("the-token"));
    let proof = meta::signature::sign(&APP_SECRET.into(), b"the-token");
    assert_eq!(call.query.get("appsecret_proof").map(String::as_str), proof.strip_prefix("sha256="));
    assert_eq!(call.query.len(), 1);
    assert_eq!(call.body["biz_opaque_callback_data"], send.attempt.to_string());
    assert_eq!(
        call.body["template"]["components"][0]["parameters"],
        json!([{"type": "text", "text": "Alice"}])
    );
}

#[tokio::test]
async fn a_refusal_is_final_and_its_reason_holds_no_phone_number() {
    let outcome =
        outcome_of(Reply::json(400, &refusal(131_030, "(#131030) +15551234567 not in allowed list"))).await;
    let text = "(#131030) … not in allowed list: because".to_owned();
    assert_eq!(outcome, Outcome::Rejected(MetaError { code: 131_030, text }));
}

#[tokio::test]
async fn a_throttled_message_is_known_unsent_with_the_wait_that_meta_requests() {
    let throttled = outcome_of(Reply::json(429, &refusal(130_429, "(#130429) Rate limit hit"))).await;
    let error = MetaError { code: 130_429, text: "(#130429) Rate limit hit: because".to_owned() };
    assert_eq!(throttled, Outcome::KnownUnsent { wait: None, error: Some(error) });
    let usage = r#"{"1":[{"type":"whatsapp","call_count":100,"estimated_time_to_regain_access":17}]}"#;
    let reply = Reply::json(400, &refusal(80_007, "m")).with("x-business-use-case-usage", usage);
    let wait = Some(SignedDuration::from_mins(17));
    assert!(matches!(outcome_of(reply).await, Outcome::KnownUnsent { wait: found, .. } if found == wait));
}

#[tokio::test]
async fn an_answer_that_proves_nothing_is_unknown() {
    let mut no_id = accepted();
    no_id["messages"][0] = json!({"message_status": "accepted"});
    let large = format!(r#"{{"padding":"{}","messages":[{{"id":"wamid.1"}}]}}"#, "x".repeat(2 << 20));
    for reply in [
        Reply::json(200, &no_id),
        Reply::json(200, &refusal(131_030, "an error in a success")),
        Reply::json(500, &refusal(130_429, "an error of a failing server")),
        Reply::new(200, "garbage"),
        Reply::new(200, ""),
        Reply::new(502, "<html>Bad gateway</html>"),
        Reply::new(200, large),
    ] {
        assert_eq!(outcome_of(reply.clone()).await, Outcome::Unknown);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::answering([Reply::json(200, &accepted())]).await;
    for status in [301, 302, 307, 308] {
        let location = format!("http://{}/v26.0/1/messages", elsewhere.address);
        assert_eq!(outcome_of(Reply::new(status, "").with("location", &location)).await, Outcome::Unknown);
    }
    assert_eq!(elsewhere.connections(), 0);
}

async fn send_once(client: Client) -> Outcome {
    client.send_template(&token(), &number(), &send()).await
}

/// The server answers only after two hundred calls have arrived.
#[tokio::test]
async fn many_calls_run_at_once_and_reuse_their_connections() {
    const MANY: usize = 200;
    let barrier = Arc::new(Barrier::new(MANY));
    let answer = move || {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
            accepted().to_string()
        }
    };
    let server = Server::routed(Router::new().fallback(answer)).await;
    let client = server.client();
    assert_eq!(client.call_timeout(), Duration::from_secs(20));
    for round in 1..=2 {
        let flying: JoinSet<Outcome> = (0..MANY).map(|_call| send_once(client.clone())).collect();
        let landed = flying.join_all().await;
        assert!(landed.iter().all(|outcome| matches!(outcome, Outcome::Accepted(_))), "round {round}");
    }
    assert!(server.connections() < 2 * MANY, "{} connections for {} calls", server.connections(), 2 * MANY);
}
