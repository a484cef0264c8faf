use bytes::Bytes;
use domain::Wamid;
use domain::updates::MetaError;
use jiff::SignedDuration;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderValue};

use super::*;
use crate::client::Answer;

fn outcome_of(status: u16, body: &str) -> Outcome {
    let status = StatusCode::from_u16(status).expect("a status");
    outcome::outcome(&Answer {
        status,
        headers: HeaderMap::new(),
        bytes: Bytes::copy_from_slice(body.as_bytes()),
    })
}

fn error(code: i32) -> String {
    format!(r#"{{"error":{{"message":"m","code":{code}}}}}"#)
}

fn meta_error(code: i32) -> MetaError {
    MetaError { code, text: "m".to_owned() }
}

const ACCEPTED: &str = r#"{"messaging_product":"whatsapp","contacts":[],"messages":[{"id":"wamid.1"}]}"#;

#[test]
fn a_success_with_an_id_is_accepted_and_without_one_unknown() {
    let accepted = Outcome::Accepted(Wamid("wamid.1".to_owned()));
    assert_eq!(outcome_of(200, ACCEPTED), accepted);
    assert_eq!(outcome_of(201, ACCEPTED), accepted);
    let held = r#"{"messages":[{"id":"wamid.1","message_status":"held_for_quality_assessment"}],"error":{"code":1}}"#;
    assert_eq!(outcome_of(200, held), accepted, "an id counts, whatever else the answer holds");
    for body in
        [r#"{"messages":[]}"#, r#"{"messages":[{"id":""}]}"#, r#"{"messages":[{}]}"#, "garbage", "", "{}"]
    {
        assert_eq!(outcome_of(200, body), Outcome::Unknown, "{body}");
    }
}

#[test]
fn only_a_client_error_with_a_code_is_a_refusal() {
    for code in [0, 100, 131_026, 131_030, 132_001, 190, 77] {
        for status in [400, 401, 403, 404, 422, 429] {
            assert_eq!(
                outcome_of(status, &error(code)),
                Outcome::Rejected(meta_error(code)),
                "{status} {code}"
            );
        }
        for status in [200, 302, 500, 502, 503] {
            assert_eq!(outcome_of(status, &error(code)), Outcome::Unknown, "{status} {code}");
        }
    }
    for code in [1, 2, 131_000, 131_016, 133_004] {
        assert_eq!(outcome_of(400, &error(code)), Outcome::Unknown, "{code}: Meta's servers failed");
    }
    for (status, body) in
        [(502, "<html>"), (302, ""), (404, "<html>"), (400, r#"{"error":"no code"}"#), (400, ACCEPTED)]
    {
        assert_eq!(outcome_of(status, body), Outcome::Unknown, "{status} {body}");
    }
}

#[test]
fn a_temporary_error_is_known_unsent_unless_the_server_failed() {
    let unsent = |wait: Option<i64>, code: Option<i32>| Outcome::KnownUnsent {
        wait: wait.map(SignedDuration::from_secs),
        error: code.map(meta_error),
    };
    for status in [400, 403, 429] {
        for (code, wait) in
            [(130_429, None), (80_007, None), (131_056, Some(6)), (131_057, Some(60)), (134_101, Some(600))]
        {
            assert_eq!(outcome_of(status, &error(code)), unsent(wait, Some(code)), "{status} {code}");
        }
    }
    assert_eq!(outcome_of(429, ""), unsent(None, None));
    assert_eq!(outcome_of(500, &error(130_429)), Outcome::Unknown);
    assert_eq!(outcome_of(503, ""), Outcome::Unknown);
    let headers = HeaderMap::from_iter([(reqwest::header::RETRY_AFTER, HeaderValue::from_static("90"))]);
    let answer = Answer { status: StatusCode::BAD_REQUEST, headers, bytes: error(131_056).into() };
    assert_eq!(
        outcome::outcome(&answer),
        unsent(Some(90), Some(131_056)),
        "Meta's header wins over our own figure"
    );
}

#[test]
fn the_request_has_metas_format() {
    let mut send = TemplateSend {
        to: PhoneNumber::from_stored("+15551234567".to_owned()),
        template: "welcome".to_owned(),
        language: "en_US".to_owned(),
        parameters: vec!["Alice".to_owned(), "5".to_owned()],
        attempt: AttemptId::random(),
    };
    let expected = serde_json::json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+15551234567", "type": "template",
        "template": {"name": "welcome", "language": {"code": "en_US"}, "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "Alice"}, {"type": "text", "text": "5"}]},
        ]},
        "biz_opaque_callback_data": send.attempt.to_string(),
    });
    assert_eq!(Message::from(&send).json(), expected);
    send.parameters.clear();
    assert!(Message::from(&send).json()["template"].get("components").is_none());
}
