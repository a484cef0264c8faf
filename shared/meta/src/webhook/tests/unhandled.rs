//! Unhandled elements are stored completely, and a malformed one does not affect the others.

use super::*;

fn alone(field: &str, value: &Value) -> Value {
    json!({"object": OBJECT, "entry": [{"id": "2", "time": 5, "changes": [{"field": field, "value": value}]}]})
}

#[test]
fn each_element_that_is_not_a_status_is_stored_in_context() {
    let mut body = statuses(&json!([]));
    let value = &mut body["entry"][0]["changes"][0]["value"];
    value["messages"] =
        json!([{"id": "wamid.in", "from": "15550000002", "type": "text", "text": {"body": "hi"}}, 7]);
    value["errors"] = json!([{"code": 130_429}]);
    value["new_member"] = json!({"some": "thing"});
    body["entry"].as_array_mut().expect("entries").extend([
        alone("phone_number_quality_update", &json!({"event": "THROUGHPUT_UPGRADE"}))["entry"][0].clone(),
        json!({"id": "3"}),
        json!({"id": "4", "changes": [{"field": MESSAGES, "value": {"statuses": [{"id": "x", "status": "sent"}]}}]}),
        json!({"id": "5", "changes": [{"field": "later", "value": {"statuses": [{"id": "x", "status": "sent"}]}}, 7, {}]}),
        json!({"id": "6", "changes": [{"field": MESSAGES, "value": {"statuses": {"id": "x"}}}, {"field": MESSAGES}]}),
        json!(null),
    ]);
    let updates = parsed(&body);
    let expected = [
        "account_error",
        "inbound_message",
        "a message without an id",
        "messages",
        "phone_quality",
        "an entry without changes",
        "a status without a phone number id",
        "later",
        "a change without a field",
        "a change without a field",
        "statuses that are not a list",
        "a change without a value",
        "an entry without changes",
    ];
    // A value's members keep the order of the body; JSON from `json!` is sorted.
    assert_eq!(reasons(&updates), expected);
    let message = updates.iter().find(|update| reason(update) == "inbound_message").expect("a message");
    let value = &raw(message)["entry"][0]["changes"][0]["value"];
    assert_eq!(
        value["messages"],
        json!([{"id": "wamid.in", "from": "15550000002", "type": "text", "text": {"body": "hi"}}])
    );
    assert_eq!(value["contacts"], json!([{"wa_id": "15550000002"}]), "with its sender");
    assert_eq!(value["metadata"]["phone_number_id"], "77");
    let quality = updates.iter().find(|update| reason(update) == "phone_quality").expect("a number");
    let expected = alone("phone_number_quality_update", &json!({"event": "THROUGHPUT_UPGRADE"}));
    assert_eq!(raw(quality), &expected, "with its account and time");
}

#[test]
fn a_message_is_stored_with_its_sender_only() {
    let mut body = statuses(&json!([]));
    let value = &mut body["entry"][0]["changes"][0]["value"];
    value["contacts"] = json!([{"wa_id": "1"}, {"wa_id": "2"}, {"user_id": "US.3"}]);
    value["messages"] = json!([
        {"id": "a", "from": "2", "type": "text"},
        {"id": "b", "from_user_id": "US.3", "type": "text"},
        {"id": "c", "from": "4", "type": "text"},
    ]);
    let updates = parsed(&body);
    let contacts: Vec<&Value> =
        updates.iter().map(|update| &raw(update)["entry"][0]["changes"][0]["value"]["contacts"]).collect();
    assert_eq!(contacts, [&json!([{"wa_id": "2"}]), &json!([{"user_id": "US.3"}]), &Value::Null]);
}

#[test]
fn an_element_that_no_value_can_hold_is_stored_as_text() {
    for malformed in [
        r#"{"id": 1e999, "status": "sent"}"#.to_owned(),
        r#"{"id": "\ud800", "status": "sent"}"#.to_owned(),
        format!("{}{}", "[".repeat(500), "]".repeat(500)),
    ] {
        let valid = r#"{"id": "b", "status": "read"}"#;
        let body = format!(
            r#"{{"object":"{OBJECT}","entry":[{{"id":"1","changes":[{{"field":"messages","value":
            {{"metadata":{{"phone_number_id":"77"}},"statuses":[{malformed},{valid}]}}}}]}}]}}"#
        );
        let updates = parse(body.as_bytes()).expect("a webhook");
        assert_eq!(reasons(&updates), ["an element of statuses that cannot be read", "read"], "{malformed}");
        let text = raw(&updates[0]).as_str().expect("a text");
        assert!(text.contains(&malformed), "{text}");
        assert!(parse(text.as_bytes()).is_ok(), "the text is again a webhook");
    }
}

#[test]
fn updates_hold_nothing_that_a_database_refuses() {
    let updates = parsed(&statuses(&json!([
        {"id": "a\u{0}", "status": "sent"},
        {"id": "b", "status": "\u{0}"},
        {"id": "c", "status": "failed", "errors": [{"code": 1, "title": "ti\u{0}tle"}]},
    ])));
    assert_eq!(
        reasons(&updates)[..2],
        ["a status with an id that cannot be stored", "a status of an unknown kind: \u{FFFD}"]
    );
    assert!(raw(&updates[0]).is_string() && raw(&updates[1]).is_string());
    let Update::Status(status) = &updates[2] else { panic!("not handled") };
    assert_eq!(status.error.as_ref().map(|error| error.text.as_str()), Some("ti\u{FFFD}tle"));
    let field = parsed(&json!({"entry": [{"id": "1", "changes": [{"field": "ne\u{0}w", "value": {}}]}]}));
    assert_eq!(reasons(&field), ["ne\u{FFFD}w"]);
}

#[test]
fn long_shared_members_are_not_repeated() {
    let mut body = statuses(&json!([]));
    let long = "x".repeat(100_000);
    body["entry"][0]["more"] = json!(long);
    body["entry"][0]["changes"][0]["value"]["metadata"]["more"] = json!(long);
    body["entry"][0]["changes"][0]["value"]["statuses"] =
        (0..1_000).map(|id| json!({"id": id, "status": "teleported"})).collect();
    let updates = parsed(&body);
    let bytes: usize = updates.iter().map(|update| raw(update).to_string().len()).sum();
    assert_eq!(updates.len(), 1_000);
    assert!(bytes < 1_000_000, "{bytes} bytes are stored");
}

#[test]
fn a_message_without_a_type_gets_it_from_its_content() {
    let mut body = statuses(&json!([]));
    body["entry"][0]["changes"][0]["value"]["messages"] =
        json!([{"id": "a", "from": "1", "text": {"body": "hi"}}, {"id": "b", "from": "1"}]);
    let text = body.to_string();
    let events = read(text.as_bytes()).expect("a webhook");
    let EventData::InboundMessage(message) = &events[0].data else { panic!("{:?}", events[0]) };
    assert_eq!(
        (message.r#type.as_str(), &message.content),
        ("text", &Content::Text { text: Some("hi".to_owned()) })
    );
    assert!(matches!(events[1].data, EventData::Unreadable(_)));
}
