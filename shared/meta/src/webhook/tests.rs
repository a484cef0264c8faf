mod foreign;
mod handled;
mod properties;
mod unhandled;

use domain::messages::DeliveryStatus;
use domain::updates::{MetaError, MetaPricing, StatusUpdate};
use domain::{AttemptId, PhoneNumberId, Wamid};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;

fn statuses(statuses: &Value) -> Value {
    json!({"object": OBJECT, "entry": [{"id": "1", "time": 1_700_000_001, "changes": [{"field": MESSAGES, "value": {
        "messaging_product": "whatsapp", "metadata": {"display_phone_number": "1", "phone_number_id": "77"},
        "contacts": [{"wa_id": "15550000002"}], "statuses": statuses,
    }}]}]})
}

fn parsed(body: &Value) -> Vec<Update> {
    parse(body.to_string().as_bytes()).expect("a webhook")
}

fn reason(update: &Update) -> &str {
    match update {
        Update::Status(status) => status.status.as_str(),
        Update::Unhandled(unhandled) => &unhandled.reason,
        Update::Template(_) => "a template",
        Update::Preference(_) => "a preference",
        Update::Account(_) => "an account",
    }
}

fn reasons(updates: &[Update]) -> Vec<&str> {
    updates.iter().map(reason).collect()
}

fn raw(update: &Update) -> &Value {
    match update {
        Update::Unhandled(unhandled) => &unhandled.raw,
        other => panic!("handled: {other:?}"),
    }
}

#[test]
fn every_member_of_a_status_is_read() {
    let attempt = AttemptId::random();
    let updates = parsed(&statuses(&json!([{
        "id": "wamid.1", "status": "failed", "timestamp": "1700000000", "recipient_id": "15550000002",
        "biz_opaque_callback_data": attempt.to_string(),
        "errors": [{"code": 131_026, "title": "Message undeliverable", "message": "Message undeliverable",
            "error_data": {"details": "15550000002 has no WhatsApp"}}],
        "pricing": {"billable": false, "pricing_model": "PMP", "type": "regular", "category": "utility"},
    }])));
    let expected = StatusUpdate {
        phone_number_id: PhoneNumberId("77".to_owned()),
        wamid: Wamid("wamid.1".to_owned()),
        status: DeliveryStatus::Failed,
        occurred_at: Timestamp::from_second(1_700_000_000).ok(),
        attempt_id: Some(attempt),
        error: Some(MetaError {
            code: 131_026, text: "Message undeliverable: … has no WhatsApp".to_owned()
        }),
        pricing: MetaPricing::of(Some(false), [Some("PMP"), Some("regular"), Some("utility")]),
    };
    assert_eq!(updates, [Update::Status(expected)]);
}

#[test]
fn a_malformed_status_is_stored_in_context_and_does_not_affect_the_others() {
    let updates = parsed(&statuses(&json!([
        {"id": "a", "status": "sent", "timestamp": 1_700_000_000},
        {"id": "", "status": "sent"},
        {"id": "b", "status": "teleported"},
        {"id": "b", "status": 5},
        "not a status",
        null,
        {"id": "c", "status": "played", "timestamp": "soon", "biz_opaque_callback_data": "not ours"},
    ])));
    let expected = [
        "sent",
        "a status without an id",
        "a status of an unknown kind: teleported",
        "a status without a kind",
        "a status without an id",
        "a status without an id",
        "read",
    ];
    assert_eq!(reasons(&updates), expected);
    assert!(matches!(&updates[6], Update::Status(StatusUpdate { occurred_at: None, attempt_id: None, .. })));
    let mut alone = statuses(&json!([{"id": "b", "status": "teleported"}]));
    alone["entry"][0]["changes"][0]["value"].as_object_mut().expect("a value").remove("contacts");
    assert_eq!(raw(&updates[2]), &alone);
}

#[test]
fn optional_members_of_a_status_may_be_malformed() {
    for (key, odd) in [
        ("errors", json!(null)),
        ("errors", json!([null, 7, {}])),
        ("errors", json!(7)),
        ("timestamp", json!(-5)),
        ("timestamp", json!("1750263773000000")),
        ("timestamp", json!([])),
        ("biz_opaque_callback_data", json!(7)),
        ("recipient_id", json!(null)),
        ("pricing", json!("free")),
    ] {
        let mut status = json!({"id": "a", "status": "failed"});
        status[key] = odd;
        let updates = parsed(&statuses(&json!([status])));
        let Update::Status(read) = &updates[0] else { panic!("{status} was not handled") };
        assert_eq!((&read.error, read.occurred_at, read.attempt_id), (&None, None, None), "{status}");
        assert_eq!(read.pricing, None, "{status}");
    }
}

/// The pricing of one status with this member beside its id, as the body with it alone and the body with more are read.
fn pricing_beside(member: &str, value: Value) -> Option<MetaPricing> {
    let mut status = json!({"id": "a", "status": "delivered"});
    status[member] = value;
    let (alone, beside) = (json!([status]), json!([status, {"id": "b", "status": "teleported"}]));
    let [fast, slow] = [alone, beside].map(|list| match parsed(&statuses(&list)).swap_remove(0) {
        Update::Status(update) => update.pricing,
        other => panic!("{}", reason(&other)),
    });
    assert_eq!(fast, slow, "{status}");
    fast
}

#[test]
fn the_pricing_of_a_status_is_read_where_meta_writes_it_with_words_that_are_new_and_members_that_are_absent()
{
    let regular = json!({"billable": true, "pricing_model": "PMP", "type": "regular", "category": "utility"});
    let expected = MetaPricing::of(Some(true), [Some("PMP"), Some("regular"), Some("utility")]);
    assert_eq!(pricing_beside("pricing", regular.clone()), expected);
    // As for messages to groups.
    assert_eq!(pricing_beside("conversation", json!({"id": "c", "pricing": regular})), expected);
    let new = json!({"type": "free_on_sundays", "category": "authentication-international", "subtype": "paid_exempt"});
    let words = [None, Some("free_on_sundays"), Some("authentication-international")];
    assert_eq!(pricing_beside("pricing", new), MetaPricing::of(None, words));
    assert_eq!(
        pricing_beside("pricing", json!({"billable": false})),
        MetaPricing::of(Some(false), [None; 3])
    );
    for nothing in [json!({}), json!(null), json!("free"), json!({"type": 7}), json!({"type": ""})] {
        assert_eq!(pricing_beside("pricing", nothing), None);
    }
    // What is no word is left out, and the rest is kept.
    let odd = json!({"billable": true, "type": "x".repeat(1_000), "category": "a\u{0}b"});
    assert_eq!(pricing_beside("pricing", odd), MetaPricing::of(Some(true), [None; 3]));
}

#[test]
fn an_error_is_read_only_from_a_failed_status() {
    let updates = parsed(&statuses(&json!([
        {"id": "a", "status": "delivered", "errors": [{"code": 1}]},
        {"id": "a", "status": "failed", "errors": [{"code": "131049", "message": "capped"}]},
    ])));
    let errors: Vec<Option<i32>> = updates
        .iter()
        .map(|update| match update {
            Update::Status(status) => status.error.as_ref().map(|error| error.code),
            other => panic!("{}", reason(other)),
        })
        .collect();
    assert_eq!(errors, [None, Some(131_049)]);
}

#[test]
fn ids_may_be_numbers() {
    let mut body = statuses(&json!([{"id": 5, "status": "sent"}]));
    body["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = json!(77);
    let Update::Status(status) = &parsed(&body)[0] else { panic!("not handled") };
    assert_eq!((status.phone_number_id.0.as_str(), status.wamid.0.as_str()), ("77", "5"));
}

#[test]
fn a_webhook_about_another_object_is_not_handled() {
    let mut body = statuses(&json!([{"id": "a", "status": "sent"}]));
    body["object"] = json!("page");
    let updates = parsed(&body);
    assert_eq!(reasons(&updates), ["not about WhatsApp: page"]);
    assert_eq!(raw(&updates[0]), &body);
    assert_eq!(reasons(&parsed(&json!({"object": "page"}))), ["not about WhatsApp: page"]);
    body.as_object_mut().expect("a body").remove("object");
    assert_eq!(reasons(&parsed(&body)), ["sent"], "some of Meta's examples have no object");
}

#[test]
fn a_body_that_is_not_a_webhook_is_refused() {
    for body in ["", "{", "[]", "null", "{}", r#"{"entry": {}}"#, r#"{"entry": []"#, &"[".repeat(300)] {
        assert!(parse(body.as_bytes()).is_err(), "{body}");
    }
    assert_eq!(parsed(&json!({"entry": []})), []);
}

#[test]
fn a_truncated_webhook_is_refused() {
    let body = statuses(&json!([{"id": "a", "status": "sent"}])).to_string();
    for length in 0..body.len() {
        assert!(parse(&body.as_bytes()[..length]).is_err(), "{length}");
    }
}

#[test]
fn the_handshake_returns_the_challenge_for_the_right_token() {
    let answer = |mode, token, challenge| handshake(mode, token, challenge, "ours");
    assert_eq!(answer(Some("subscribe"), Some("ours"), Some("42")), Ok("42".to_owned()));
    assert_eq!(answer(Some("subscribe"), Some("else"), Some("42")), Err(HandshakeRefused::Token));
    assert_eq!(answer(Some("subscribe"), None, Some("42")), Err(HandshakeRefused::Token));
    assert_eq!(answer(None, Some("ours"), Some("42")), Err(HandshakeRefused::Mode));
    assert_eq!(answer(Some("unsubscribe"), Some("ours"), Some("42")), Err(HandshakeRefused::Mode));
    assert_eq!(answer(Some("subscribe"), Some("ours"), None), Err(HandshakeRefused::Challenge));
    assert_eq!(handshake(Some("subscribe"), Some(""), Some("42"), ""), Err(HandshakeRefused::Token));
}
