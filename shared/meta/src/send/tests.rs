use bytes::Bytes;
use domain::update::MetaError;

use super::*;

fn seen(status: u16, body: &str) -> Outcome {
    let status = StatusCode::from_u16(status).unwrap();
    outcome(Ok(Answer { status, bytes: Bytes::copy_from_slice(body.as_bytes()) }))
}

fn error(code: i32) -> String {
    format!(r#"{{"error":{{"message":"m","code":{code}}}}}"#)
}

#[test]
fn an_answer_with_an_id_is_an_acceptance_and_without_one_nobody_knows() {
    let accepted = r#"{"messaging_product":"whatsapp","contacts":[],"messages":[{"id":"wamid.1"}]}"#;
    assert_eq!(seen(200, accepted), Outcome::Accepted(Wamid("wamid.1".to_owned())));
    for body in [r#"{"messages":[]}"#, r#"{"messages":[{"id":""}]}"#, "garbage", "", "{}"] {
        assert_eq!(seen(200, body), Outcome::Unknown, "{body}");
    }
}

#[test]
fn a_refusal_counts_only_when_it_is_surely_one() {
    let refused = Outcome::Rejected(MetaError { code: 131_030, text: "m".to_owned() });
    assert_eq!(seen(400, &error(131_030)), refused);
    assert_eq!(seen(200, &error(131_030)), refused, "an error inside a 200");
    assert_eq!(seen(500, &error(131_030)), Outcome::Unknown, "a failing server proves nothing");
    assert_eq!(seen(400, &error(131_000)), Outcome::Unknown, "Meta's side was ill");
    assert_eq!(seen(502, "<html>"), Outcome::Unknown);
    assert_eq!(seen(302, ""), Outcome::Unknown);
    assert_eq!(seen(404, "<html>"), Outcome::Unknown);
}

#[test]
fn a_throttle_is_known_unsent_whatever_its_status() {
    for status in [400, 403, 429] {
        assert!(matches!(seen(status, &error(130_429)), Outcome::KnownUnsent { wait: None, error: Some(_) }));
        let pair = seen(status, &error(131_056));
        assert!(matches!(pair, Outcome::KnownUnsent { wait: Some(PAIR_WAIT), error: Some(_) }));
    }
    assert_eq!(seen(429, ""), Outcome::KnownUnsent { wait: None, error: None });
}

#[test]
fn the_request_is_metas() {
    let mut send = TemplateSend {
        to: PhoneNumber::from_stored("+15551234567".to_owned()),
        template: "welcome".to_owned(),
        language: "en_US".to_owned(),
        parameters: vec!["Alice".to_owned()],
        attempt: AttemptId::random(),
    };
    let expected = serde_json::json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+15551234567", "type": "template",
        "template": {"name": "welcome", "language": {"code": "en_US"},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": "Alice"}]}]},
        "biz_opaque_callback_data": send.attempt.to_string(),
    });
    assert_eq!(serde_json::to_value(body(&send)).unwrap(), expected);
    send.parameters.clear();
    assert!(serde_json::to_value(body(&send)).unwrap()["template"].get("components").is_none());
}
