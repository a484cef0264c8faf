use serde_json::json;

use super::*;

fn statuses(statuses: &Value) -> Value {
    json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp", "metadata": {"display_phone_number": "1", "phone_number_id": "77"},
        "statuses": statuses,
    }}]}]})
}

fn parsed(body: &Value) -> Vec<Update> {
    parse(body.to_string().as_bytes()).unwrap()
}

fn reasons(updates: &[Update]) -> Vec<&str> {
    updates
        .iter()
        .map(|update| match update {
            Update::Status(status) => status.status.as_str(),
            Update::Kept(kept) => kept.reason.as_str(),
        })
        .collect()
}

#[test]
fn a_status_is_read_whole() {
    let attempt = AttemptId::random();
    let updates = parsed(&statuses(&json!([{
        "id": "wamid.1", "status": "failed", "timestamp": "1700000000", "recipient_id": "15550000002",
        "biz_opaque_callback_data": attempt.to_string(),
        "errors": [{"code": 131_026, "title": "Message undeliverable", "error_data": {"details": "No WhatsApp"}}],
    }])));
    let expected = StatusUpdate {
        phone_number_id: PhoneNumberId("77".to_owned()),
        wamid: Wamid("wamid.1".to_owned()),
        status: Evidence::Failed,
        occurred_at: Some(Timestamp::from_second(1_700_000_000).unwrap()),
        attempt_id: Some(attempt),
        error: Some(MetaError { code: 131_026, text: "Message undeliverable: No WhatsApp".to_owned() }),
    };
    assert_eq!(updates, [Update::Status(expected)]);
}

#[test]
fn one_rotten_status_does_not_cost_the_others() {
    let updates = parsed(&statuses(&json!([
        {"id": "a", "status": "sent", "timestamp": 1_700_000_000},
        {"id": 5, "status": "sent"},
        {"id": "b", "status": "teleported"},
        "rubbish",
        {"id": "c", "status": "played", "timestamp": "soon", "biz_opaque_callback_data": "not ours"},
    ])));
    let reasons = reasons(&updates);
    assert_eq!(
        (reasons[0], reasons[2], reasons[4]),
        ("sent", "a status of an unknown kind: teleported", "read")
    );
    assert!(
        reasons[1].starts_with("a status that cannot be read")
            && reasons[3].starts_with("a status that cannot be read")
    );
    assert!(matches!(&updates[4], Update::Status(StatusUpdate { occurred_at: None, attempt_id: None, .. })));
}

#[test]
fn what_is_not_a_status_is_kept_whole() {
    let mut body = statuses(&json!([]));
    body["entry"][0]["changes"][0]["value"]["messages"] = json!([{"id": "wamid.in", "text": {"body": "hi"}}]);
    body["entry"].as_array_mut().unwrap().extend([
        json!({"id": "2", "changes": [{"field": "message_template_status_update", "value": {"event": "APPROVED"}}]}),
        json!({"id": "3"}),
        json!({"id": "4", "changes": [{"field": "messages", "value": {"statuses": [{"id": "x", "status": "sent"}]}}]}),
    ]);
    let updates = parsed(&body);
    let expected = [
        "messages",
        "message_template_status_update",
        "an entry without changes",
        "a status without a phone number id",
    ];
    assert_eq!(reasons(&updates), expected);
    assert!(
        matches!(&updates[0], Update::Kept(kept) if kept.raw["value"]["messages"][0]["text"]["body"] == "hi")
    );
}

#[test]
fn a_number_id_may_be_a_number() {
    let mut body = statuses(&json!([{"id": "a", "status": "sent"}]));
    body["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = json!(77);
    assert!(matches!(&parsed(&body)[0], Update::Status(status) if status.phone_number_id.0 == "77"));
}

#[test]
fn what_is_no_webhook_is_refused() {
    for body in ["", "{", "[]", "null", "{}", r#"{"entry": {}}"#, &"[".repeat(300)] {
        assert!(parse(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn the_handshake_gives_the_challenge_back_to_whoever_knows_the_token() {
    let ask = |mode, token, challenge| handshake(mode, token, challenge, "ours");
    assert_eq!(ask(Some("subscribe"), Some("ours"), Some("42")), Ok("42".to_owned()));
    assert_eq!(ask(Some("subscribe"), Some("else"), Some("42")), Err(HandshakeRefused::Token));
    assert_eq!(ask(Some("subscribe"), None, Some("42")), Err(HandshakeRefused::Token));
    assert_eq!(ask(None, Some("ours"), Some("42")), Err(HandshakeRefused::Mode));
    assert_eq!(ask(Some("subscribe"), Some("ours"), None), Err(HandshakeRefused::Challenge));
    assert_eq!(handshake(Some("subscribe"), Some(""), Some("42"), ""), Err(HandshakeRefused::Token));
}
