//! The send call: what is accepted, and what is refused before it could be.

use serde_json::{Value, json};

use crate::support::caller::text_to;
use crate::support::{PATIENCE, Stage};

fn positional(name: &str) -> Value {
    json!({
        "name": name,
        "language": "en_US",
        "category": "MARKETING",
        "components": [{
            "type": "BODY",
            "text": "Hello {{1}}, your order {{2}} is ready to be picked up today.",
            "example": { "body_text": [["Ada", "17"]] },
        }],
    })
}

fn filled(name: &str, components: &Value) -> Value {
    json!({
        "messaging_product": "whatsapp",
        "to": "+15550000001",
        "type": "template",
        "template": { "name": name, "language": { "code": "en_US" }, "components": components },
        "biz_opaque_callback_data": "attempt",
    })
}

fn body(values: &[&str]) -> Value {
    let parameters: Vec<Value> =
        values.iter().map(|value| json!({ "type": "text", "text": value })).collect();
    json!([{ "type": "body", "parameters": parameters }])
}

#[tokio::test]
async fn a_filled_template_is_accepted_and_priced_by_its_category() {
    let stage = Stage::open().await;
    stage.caller.create(&stage.account, &positional("pick_up")).await;
    let reply = stage.caller.message(&stage.account, &filled("pick_up", &body(&["Ada", "17"]))).await;
    assert_eq!(reply.body["messages"][0]["message_status"], "accepted");
    let wamid = reply.wamid();
    stage.receiver.words_of(&wamid, 3).await;
    let pricing = stage.receiver.statuses()[0].raw["pricing"].clone();
    let expected =
        json!({ "billable": true, "pricing_model": "PMP", "type": "regular", "category": "marketing" });
    assert_eq!(pricing, expected);
    let acceptance = &stage.caller.acceptances().await[0];
    assert_eq!((&acceptance["template"], &acceptance["wamid"]), (&json!("pick_up"), &json!(wamid)));
}

#[tokio::test]
async fn a_template_that_is_missing_or_filled_wrongly_is_refused() {
    let stage = Stage::open().await;
    stage.caller.create(&stage.account, &positional("pick_up")).await;
    let long = "far     apart";
    let cases = [
        (filled("pick_up", &body(&["Ada"])), 400, 132_000),
        (filled("pick_up", &json!([])), 400, 132_000),
        (filled("pick_up", &body(&["Ada", "17", "more"])), 400, 132_000),
        (filled("pick_up", &body(&["Ada", ""])), 400, 131_008),
        (filled("pick_up", &body(&["Ada", "1\n7"])), 400, 132_018),
        (filled("pick_up", &body(&["Ada", long])), 400, 132_018),
        (filled("never_made", &json!([])), 404, 132_001),
    ];
    for (message, status, code) in cases {
        assert_eq!(
            stage.caller.message(&stage.account, &message).await.expect_error(status),
            code,
            "{message}"
        );
    }
    assert_eq!(stage.caller.attempts().await, Vec::<String>::new());
}

#[tokio::test]
async fn named_variables_are_filled_by_their_names() {
    let stage = Stage::open().await;
    let template = json!({
        "name": "greeting", "language": "en_US", "category": "utility", "parameter_format": "named",
        "components": [{
            "type": "body",
            "text": "Hello {{first_name}}, your order is on its way.",
            "example": { "body_text_named_params": [{ "param_name": "first_name", "example": "Ada" }] },
        }],
    });
    stage.caller.create(&stage.account, &template).await;
    let named = |name: Option<&str>| {
        let mut parameter = json!({ "type": "text", "text": "Ada" });
        if let Some(name) = name {
            parameter["parameter_name"] = json!(name);
        }
        filled("greeting", &json!([{ "type": "body", "parameters": [parameter] }]))
    };
    stage.caller.message(&stage.account, &named(Some("first_name"))).await.wamid();
    assert_eq!(stage.caller.message(&stage.account, &named(Some("last_name"))).await.expect_error(400), 100);
    assert_eq!(stage.caller.message(&stage.account, &named(None)).await.expect_error(400), 100);
}

#[tokio::test]
async fn headers_and_buttons_are_filled_too() {
    let stage = Stage::open().await;
    let template = json!({
        "name": "offer", "language": "en_US", "category": "MARKETING",
        "components": [
            { "type": "HEADER", "format": "IMAGE", "example": { "header_handle": ["4::aW1hZ2U="] } },
            { "type": "BODY", "text": "Our new offer is here." },
            { "type": "BUTTONS", "buttons": [
                { "type": "QUICK_REPLY", "text": "No" },
                { "type": "URL", "text": "Look", "url": "https://example.org/{{1}}", "example": ["a"] },
            ]},
        ],
    });
    stage.caller.create(&stage.account, &template).await;
    let image = json!({ "type": "header", "parameters": [{ "type": "image", "image": { "link": "https://example.org/a" } }] });
    let text = json!({ "type": "header", "parameters": [{ "type": "text", "text": "a" }] });
    let button = |index: Value| json!({ "type": "button", "sub_type": "url", "index": index, "parameters": [{ "type": "text", "text": "a" }] });
    for whole in [json!([image, button(json!("1"))]), json!([image, button(json!(1))])] {
        stage.caller.message(&stage.account, &filled("offer", &whole)).await.wamid();
    }
    let cases = [
        (json!([button(json!(1))]), 132_012),
        (json!([text, button(json!(1))]), 132_012),
        (json!([image]), 131_008),
        (json!([image, button(json!(0))]), 131_008),
    ];
    for (components, code) in cases {
        let reply = stage.caller.message(&stage.account, &filled("offer", &components)).await;
        assert_eq!(reply.expect_error(400), code, "{components}");
    }
}

#[tokio::test]
async fn a_message_must_be_one_that_can_be_sent() {
    let stage = Stage::open().await;
    let with = |key: &str, value: Value| {
        let mut message = text_to("+15550000001", "attempt");
        message[key] = value;
        message
    };
    let cases = [
        (with("messaging_product", json!("sms")), 100),
        (with("to", json!("12")), 131_009),
        (with("to", json!(15_550_000_001_u64)), 100),
        (with("to", json!(stage.account.phone)), 131_021),
        (with("type", json!("poem")), 131_051),
        (with("text", json!({})), 100),
        (with("text", json!({ "body": "x".repeat(4_097) })), 100),
        (with("biz_opaque_callback_data", json!("x".repeat(513))), 100),
        (json!({ "messaging_product": "whatsapp", "type": "text", "text": { "body": "to nobody" } }), 100),
    ];
    for (message, code) in cases {
        assert_eq!(stage.caller.message(&stage.account, &message).await.expect_error(400), code, "{message}");
    }
    let path = format!("/{}/messages", stage.account.phone_id);
    assert_eq!(stage.caller.post(&stage.account.token, &path, &json!([1])).await.expect_error(400), 100);
    assert_eq!(stage.caller.attempts().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_message_may_go_to_a_business_scoped_user_id() {
    let stage = Stage::open().await;
    let message = json!({
        "messaging_product": "whatsapp", "recipient": "US.13491208655302741918",
        "type": "text", "text": { "body": "Good morning" },
    });
    let reply = stage.caller.message(&stage.account, &message).await;
    assert_eq!(reply.body["contacts"][0]["user_id"], "US.13491208655302741918");
    let wamid = reply.wamid();
    stage.receiver.words_of(&wamid, 3).await;
    let status = stage.receiver.statuses()[0].clone();
    assert_eq!(status.raw["recipient_user_id"], "US.13491208655302741918");
    assert!(status.raw["recipient_id"].is_null() && status.opaque.is_none());
}

#[tokio::test]
async fn the_same_request_twice_is_two_messages() {
    let stage = Stage::open().await;
    let first = stage.send("+15550000001", "attempt").await.wamid();
    let second = stage.send("+15550000001", "attempt").await.wamid();
    assert_ne!(first, second);
    assert_eq!(stage.caller.attempts().await, ["attempt", "attempt"]);
}

#[tokio::test]
async fn hundreds_at_once_are_each_accepted_once_and_told_in_company() {
    const MESSAGES: usize = 400;
    let stage = Stage::open().await;
    let mut sends = tokio::task::JoinSet::new();
    for place in 0..MESSAGES {
        let (caller, account) = (stage.caller.clone(), stage.account.clone());
        sends.spawn(async move {
            caller.send(&account, "+15550000001", &format!("attempt {place}")).await.wamid()
        });
    }
    let sent = tokio::time::timeout(PATIENCE, sends.join_all()).await.expect("all are answered");
    stage.receiver.until("every status", |receiver| receiver.statuses().len() == 3 * MESSAGES).await;
    let posts = stage.receiver.hooks().len();
    assert!(posts < MESSAGES, "{posts} POSTs told {} statuses", 3 * MESSAGES);
    let acceptances = stage.caller.acceptances().await;
    let indices: Vec<u64> = acceptances.iter().filter_map(|one| one["index"].as_u64()).collect();
    assert_eq!(indices, (1..=400).collect::<Vec<u64>>(), "counted without a gap");
    let mut known: Vec<&str> = acceptances.iter().filter_map(|one| one["wamid"].as_str()).collect();
    let mut answered: Vec<&str> = sent.iter().map(String::as_str).collect();
    known.sort_unstable();
    answered.sort_unstable();
    assert_eq!(known, answered);
    answered.dedup();
    assert_eq!(answered.len(), MESSAGES, "no wamid is given twice");
}
